"""
Seven models on one cohort
==========================

Which model suits 61 patients? Each learns the demo cohort and is judged by a second cohort from the
same simulation, which it has never seen.
"""

import time

import synthhealth as sh

real = sh.datasets.load_ra_panel()
unseen = sh.datasets.load_ra_panel(n=61, random_state=1)

# %%
# To keep this page under a minute, the two adversarial networks get 500 steps, half of their
# default. Leave ``steps`` out to see what they can do.

families = {
    "hybrid": {},
    "gaussian_copula": {},
    "trees": {},
    "bayesian_network": {},
    "autoregressive": {},
    "diffusion": {},
    "tvae": {},
    "ctgan": {"steps": 500},
    "copula_gan": {"steps": 500},
}

overall = {}
seconds = {}
for name, parameters in families.items():
    begin = time.perf_counter()
    model = sh.Synthesizer(name, random_state=0, **parameters).fit(real)
    fake = model.sample(1000)
    seconds[name] = time.perf_counter() - begin
    overall[name] = model.evaluate(unseen, fake).evaluation.overall

# %%
# The noise floor
# ---------------
# Two cohorts of real patients differ, too, because 61 patients are a small sample. The noise floor
# is what a second sample of patients would score in 95 of 100 cases. A score within it is as good
# as the data can tell, and a difference between two such scores means nothing.
#
# The KS average is 1 for identical distributions; the dependence difference is 0 for identical
# relations between the columns.

floors = overall["hybrid"]
for title, score in (
    ("KS average", floors.ks_average),
    ("dependence difference", floors.dependence_difference),
):
    print(f"noise floor of the {title}: {score.floor.low:.3f} to {score.floor.high:.3f}")

print()
print(f"{'model':16} {'KS average':>18} {'dependence difference':>30} {'seconds':>8}")
for name, scores in overall.items():
    ks, dependence = scores.ks_average, scores.dependence_difference
    print(
        f"{name:16} {ks.value:7.3f} {ks.floor.standing(ks.value):>6} floor"
        f" {dependence.value:18.3f} {dependence.floor.standing(dependence.value):>6} floor"
        f" {seconds[name]:7.1f}"
    )

# %%
# One seed and one cohort do not show which model is better in general. They show whose rows could
# be mistaken for a second sample of patients, in this respect.

# sphinx_gallery_thumbnail_path = '_static/thumbnails/02_compare_models.png'
