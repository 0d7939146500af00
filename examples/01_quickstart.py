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
# The demonstration cohort has the form of a small clinic's blood panels: 61 people with rheumatoid
# arthritis, 17 columns, a few tests that were not ordered. It is simulated; no patient is in it.
# Your own table is one line away: ``sh.read_table("patients.csv")``.

real = sh.datasets.load_ra_panel()
print(real.head().to_string())

# %%
# What the columns were taken to be:

for column in sh.Schema.detect(real):
    print(f"{column.name:12} {column.kind.value:11} {column.unit or ''}")

# %%
# Learn it, and draw
# ------------------
# The default family is the hybrid: a Gaussian copula for few patients, with trees for many. The one
# seed decides everything.

model = sh.Synthesizer(random_state=0)
model.fit(real)
fake = model.sample(1000)
print(fake.head().to_string())

# %%
# Columns, order, dtypes and decimals are those of the real table, and values are missing at the
# rates at which they were missing there.

print("same dtypes:", bool((fake.dtypes == real.dtypes).all()))
print("anti-CCP missing: real", round(real["anti_ccp"].isna().mean(), 3), end=", ")
print("synthetic", round(fake["anti_ccp"].isna().mean(), 3))

# %%
# Judge it
# --------
# A model can repeat its training rows, so it is best judged against patients that it has never
# seen. A simulated cohort has the luxury of a second one.

unseen = sh.datasets.load_ra_panel(n=61, random_state=1)
report = model.evaluate(unseen, fake)
print(report.summary())

# %%
# Keep it
# -------
# The page is one file that opens without a network; the JSON has the same content for programs.

folder = Path(tempfile.mkdtemp())
report.to_html(folder / "report.html")
report.to_json(folder / "report.json")
model.save(folder / "ra.synth")
print(sorted(file.name for file in folder.iterdir()))

# %%
# A reloaded model replays the rows that the first ``sample`` drew.

again = sh.load(folder / "ra.synth").sample(1000)
print("the same rows:", again.equals(fake))

# sphinx_gallery_thumbnail_path = '_static/thumbnails/01_quickstart.png'
