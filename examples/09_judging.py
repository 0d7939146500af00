"""
A verdict that cannot be fooled
===============================

A single score is no evidence: an exact copy of the patients scores best of all, and columns drawn
one by one score as well as whole rows. Here we judge tables whose quality is known.
"""

import numpy as np

import synthhealth as sh
from synthhealth.evaluation.inference import compare_inference
from synthhealth.report import trend

real = sh.datasets.load_ra_panel()
others = sh.datasets.load_ra_panel(61, random_state=1)  # what a perfect generator draws
rng = np.random.default_rng(0)

# %%
# Four tables
# -----------
# Other patients from the same simulation; the patients themselves; other patients of whom six are
# copied; and other patients with each column shuffled by itself.

partly = others.copy()
partly.iloc[:6] = real.iloc[:6]
tables = {
    "other patients": others,
    "a copy": real.copy(),
    "six copied": partly,
    "shuffled": others.apply(lambda column: rng.permutation(column.to_numpy())),
}
reports = {name: sh.evaluate(real, table) for name, table in tables.items()}
print(f"{'table':15} {'KS average':>10}  verdict")
for name, report in reports.items():
    found = report.evaluation
    why = (*found.judgement.copying, *found.judgement.poor)
    ks = found.overall.ks_average.value
    print(f"{name:15} {ks:10.3f}  {found.judgement.verdict}  {', '.join(why)}")

# %%
# The copy has the best KS average, and the shuffled table is as good as other patients. The verdict
# compares each figure with what a perfect generator, a copy and a shuffle would give.

for metric in reports["six copied"].evaluation.metrics:
    if metric.family == "copying":
        perfect = f"{metric.perfect.low:.3f} to {metric.perfect.high:.3f}"
        print(f"{metric.name:15} {metric.value:.3f}, other patients: {perfect}")

# %%
# Patients that the model never saw
# ---------------------------------
# A model follows the rows that it learned. ``cross_evaluate`` fits it again without each part of
# the patients in turn, and compares what it draws with that part.

model = sh.Synthesizer(random_state=0)
report = model.cross_evaluate(real, k=3)
print(report.evaluation.judgement.verdict, "by", report.evaluation.n_folds, "fits")

# %%
# The same conclusions
# --------------------
# A researcher asks for a regression. It is fitted to both tables; with several synthetic tables,
# the estimates are combined.

releases = [model.fit(real).sample(61, random_state=seed) for seed in range(5)]
found = compare_inference(real, releases, "log(crp) ~ log(esr) + age").regressions[0]
for term in found.coefficients[1:]:
    estimates = f"real {term.real.estimate:6.3f}, synthetic {term.corrected.estimate:6.3f}"
    print(f"{term.term:10} {estimates}: {term.conclusion}")
worth = found.worth
print(f"{worth.m} x {worth.k} rows are worth at most {worth.n_effective:.0f} of {worth.n} patients")

# %%
# Several runs
# ------------

print(trend(list(reports.values())).summary())

# sphinx_gallery_thumbnail_path = '_static/thumbnails/09_judging.png'
