"""
Patients with known values
==========================

Draw rows with some values given: only men, say, or one synthetic patient for each row of a plan.
"""

import pandas as pd

import synthhealth as sh

real = sh.datasets.load_ra_panel()
model = sh.Synthesizer(random_state=0).fit(real)

# %%
# One condition for all rows
# --------------------------
# A dict applies to every row. The other columns follow: men have more haemoglobin and creatinine.

women = model.sample(500, conditions={"sex": "F"})
men = model.sample(500, conditions={"sex": "M"})
print(
    pd.DataFrame({"women": women.median(numeric_only=True), "men": men.median(numeric_only=True)})
    .loc[["haemoglobin", "rbc", "creatinine", "uric_acid"]]
    .round(2)
)

# %%
# Numbers can be given as well. In rheumatoid arthritis, a high CRP goes with a high ESR and,
# because inflammation slows the production of red cells, with less haemoglobin.

calm = model.sample(500, conditions={"crp": 2.0})
inflamed = model.sample(500, conditions={"crp": 40.0})
print(
    pd.DataFrame(
        {"CRP 2": calm.median(numeric_only=True), "CRP 40": inflamed.median(numeric_only=True)}
    )
    .loc[["crp", "esr", "haemoglobin", "platelets"]]
    .round(2)
)

# %%
# ``None`` stands for a missing value: patients whose anti-CCP was not ordered.

not_ordered = model.sample(5, conditions={"anti_ccp": None})
print(not_ordered[["age", "sex", "rf", "anti_ccp"]].to_string())

# %%
# One condition for each row
# --------------------------
# A table has one row for each row to draw. Leave unknown values empty.

plan = pd.DataFrame({"sex": ["F", "F", "M", None], "age": [30, 60, 60, 45]})
print(model.sample(conditions=plan)[["age", "sex", "esr", "crp", "haemoglobin"]].to_string())

# %%
# What cannot be met is refused
# -----------------------------
# Nothing is drawn then. You never get fewer rows than you asked for.

for conditions in ({"sex": "X"}, {"age": 500}, {"shoe_size": 41}):
    try:
        model.sample(10, conditions=conditions)
    except sh.SynthHealthError as error:
        print(f"{type(error).__name__}: {error}")

# sphinx_gallery_thumbnail_path = '_static/thumbnails/03_conditional_sampling.png'
