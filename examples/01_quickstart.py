"""
From a table of patients to a report
====================================

A table goes in, a synthetic table and a report come out.
"""

import tempfile
from pathlib import Path

import synthhealth as sh

# %%
# The table
# ---------
# The demo cohort looks like the blood results of a small clinic: 61 people with rheumatoid
# arthritis, 17 columns, a few tests that were not ordered. It is simulated; no patient is in it.
# To use your own table, write ``sh.read_table("patients.csv")``.

real = sh.datasets.load_ra_panel()
print(real.head().to_string())

# %%
# What the columns were taken to be:

for column in sh.Schema.detect(real):
    print(f"{column.name:12} {column.kind.value:11} {column.unit or ''}")

# %%
# Learn it, and draw
# ------------------
# The default family is the hybrid: a Gaussian copula for few patients, with trees for many. The
# seed decides everything.

model = sh.Synthesizer(random_state=0)
model.fit(real)
fake = model.sample(1000)
print(fake.head().to_string())

# %%
# Columns, order, dtypes and decimals are those of the real table, and values are missing as often
# as there.

print("same dtypes:", bool((fake.dtypes == real.dtypes).all()))
print("anti-CCP missing: real", round(real["anti_ccp"].isna().mean(), 3), end=", ")
print("synthetic", round(fake["anti_ccp"].isna().mean(), 3))

# %%
# Judge it
# --------
# A model can repeat its training rows, so judge it by patients that it has never seen. Because the
# cohort is simulated, we can have a second one.

unseen = sh.datasets.load_ra_panel(n=61, random_state=1)
report = model.evaluate(unseen, fake)
print(report.summary())

# %%
# Keep it
# -------
# The page is one file that opens without a network. The JSON holds the same for programs.

folder = Path(tempfile.mkdtemp())
report.to_html(folder / "report.html")
report.to_json(folder / "report.json")
model.save(folder / "ra.synth")
print(sorted(file.name for file in folder.iterdir()))

# %%
# A reloaded model draws the same rows again that the first ``sample`` drew.

again = sh.load(folder / "ra.synth").sample(1000)
print("the same rows:", again.equals(fake))

# sphinx_gallery_thumbnail_path = '_static/thumbnails/01_quickstart.png'
