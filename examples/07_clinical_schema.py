"""
A table as the laboratory exports it
====================================

Record numbers, "<3,0", dates as text, stages, a German spreadsheet: what a clinical table is, said
in a schema, and a synthetic table that looks as if it came from the same laboratory.
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import synthhealth as sh
from synthhealth.io import read_with_form
from synthhealth.schema import propose, scan

# %%
# The file
# --------
# 200 simulated patients, written as such a file is: semicolons, decimal commas, Windows-1252. The
# CRP is measured from 3 mg/L on; what lies below is "<3,0". A white count is not always asked for,
# and without it there is no differential.

panel = sh.datasets.load_ra_panel(n=200, random_state=1)
rng = np.random.default_rng(0)
visits = pd.Timestamp("2023-01-09") + pd.to_timedelta(rng.integers(0, 600, 200), unit="D")
anaemia = pd.cut(panel["haemoglobin"], [0, 9.5, 11, 12, 20], labels=["III", "II", "I", "none"])


def decimal_comma(values):
    return [f"{value:.2f}".replace(".", ",") for value in values]


real = pd.DataFrame(
    {
        "record": [f"RA-{number}" for number in rng.permutation(np.arange(1000, 9999))[:200]],
        "visit": visits.strftime("%d.%m.%Y"),
        "age": panel["age"],
        "sex": panel["sex"],
        "crp": ["<3,0" if v < 3 else f"{v:.1f}".replace(".", ",") for v in panel["crp"]],
        "anaemia": anaemia.astype(str),
        "wbc": decimal_comma(panel["wbc"]),
        "neutrophils": decimal_comma(panel["neutrophils"]),
        "lymphocytes": decimal_comma(panel["lymphocytes"]),
    }
)
real.loc[rng.random(200) < 0.2, ["wbc", "neutrophils", "lymphocytes"]] = "n.d."

folder = Path(tempfile.mkdtemp())
path = folder / "labor.csv"
real.to_csv(path, sep=";", index=False, encoding="cp1252", lineterminator="\r\n")

# %%
# What it is
# ----------
# The form of the file is found and kept for later. Its columns are proposed with a reason, and with
# what is in doubt. The command line prints the same: ``synthhealth schema labor.csv``.

table, form = read_with_form(path)
print(form)
proposal = propose(table)
for finding in proposal.findings:
    print(f"{finding.column:12} {finding.kind.value:11} {finding.why}")
    for doubt in finding.doubts:
        print(f"{'':24} doubt: {doubt}")

# %%
# Does it identify anybody? The scan says what it found; it cannot say that nothing is there.

for row in scan(table).found:
    print(f"{row.element}: {', '.join(row.columns)}")

# %%
# The schema file
# ---------------
# What is proposed is written to be read and edited, by somebody who knows the table.

file = folder / "schema.yaml"
proposal.schema.to_file(file)
print(file.read_text())

# %%
# Here is what this somebody changes. The stages have an order. Identifiers are never learned, and a
# choice must be made for each: record numbers are replaced by made-up ones of the same form, and of
# a date its year is kept. And it says what holds in every patient.

EDITS = {
    "name: anaemia\n    kind: nominal": "name: anaemia\n    kind: ordinal\n"
    "    levels: [none, I, II, III]",
    "identifier: record number": "identifier: record number\n    protection: fake",
    "identifier: date": "identifier: date\n    protection: generalise",
}
text = file.read_text()
for proposed, wanted in EDITS.items():
    text = text.replace(proposed, wanted)
file.write_text(text + "\nrules:\n  - neutrophils + lymphocytes <= wbc\n")
schema = sh.Schema.from_file(file)
print(schema["anaemia"].levels, schema.rules)

# %%
# Learn it, and draw
# ------------------

model = sh.Synthesizer(schema=schema, random_state=0).fit(table)
fake = model.sample(200)
sh.write_table(fake, folder / "synthetic.csv", form=form)
print((folder / "synthetic.csv").read_bytes()[:400].decode("cp1252"))

# %%
# Below the detection limit, and not done, as often as in the patients; together where they were
# missing together; and the rule holds in every row.

for name, values in {"real": table, "synthetic": fake}.items():
    below = (values["crp"] == "<3,0").mean()
    undone = (values["wbc"] == "n.d.").mean()
    together = (values["neutrophils"] == "n.d.")[values["wbc"] == "n.d."].mean()
    print(f"{name:10} below 3.0: {below:.0%}, not done: {undone:.0%}, together: {together:.0%}")


def number(column):
    return pd.to_numeric(column.str.replace(",", "."), errors="coerce")


parts = number(fake["neutrophils"]) + number(fake["lymphocytes"])
print("rows that break the rule:", (parts > number(fake["wbc"]) + 1e-9).sum())

# %%
# The report compares what lies above the limit, what lies below, and what is missing.

print(model.evaluate(synthetic=fake).summary())

# sphinx_gallery_thumbnail_path = '_static/thumbnails/07_clinical_schema.png'
