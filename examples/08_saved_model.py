"""
What a saved model tells of its patients
========================================

A fitted model is a file that may leave the hospital. You can check whether patients leave with it:
every number and text in the file is compared with the table that it was trained on.
"""

import tempfile
import warnings
from pathlib import Path

import numpy as np
from rich.console import Console

import synthhealth as sh
from synthhealth.artifact import inspect, scan

console = Console(width=100)
folder = Path(tempfile.mkdtemp())

# %%
# Patients
# --------
# We add to the simulated cohort the village that each patient is from. Two villages have so few
# patients that their names reveal who is in the table.

patients = sh.datasets.load_ra_panel(n=61, random_state=0)
village = np.random.default_rng(4).choice(["Northam", "Southby", "Eastwick"], 61).astype(object)
village[[3, 40]] = "Little Aspen"
village[[17]] = "Hermitage"
patients.insert(2, "village", village)

# %%
# What is inside
# --------------

model = sh.Synthesizer("ctgan", steps=100, random_state=0).fit(patients)
saved = model.save(folder / "ctgan.synth")
console.print(inspect(saved))

# %%
# Whether patients are
# --------------------

found = scan(saved, patients)
console.print(found)

# %%
# The same search in files of plain SDV
# -------------------------------------
# SDV saves pickles. They are read as data here; nothing in them is run. What such a file keeps does
# not depend on the length of training, so one epoch will do.


def save_plain(name, **settings):
    from sdv import single_table
    from sdv.metadata import Metadata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metadata = Metadata.detect_from_dataframes({"table": patients}, infer_keys=None)
        synthesizer = getattr(single_table, name)(metadata, **settings)
        synthesizer.fit({"table": patients})
        path = folder / f"{name}-{len(settings)}.pkl"
        synthesizer.save(path)
    return path


def save_ours(name, **settings):
    return sh.Synthesizer(name, random_state=0, **settings).fit(patients).save(folder / name)


network = {"epochs": 1, "enable_gpu": False}
files = {
    "SDV GaussianCopula": save_plain("GaussianCopulaSynthesizer"),
    "SDV GaussianCopula, gaussian_kde": save_plain(
        "GaussianCopulaSynthesizer", default_distribution="gaussian_kde"
    ),
    "SDV CTGAN": save_plain("CTGANSynthesizer", **network),
    "SDV CopulaGAN": save_plain("CopulaGANSynthesizer", **network),
    "SDV TVAE": save_plain("TVAESynthesizer", **network),
    "synthhealth gaussian_copula": save_ours("gaussian_copula"),
    "synthhealth ctgan": saved,
    "synthhealth copula_gan": save_ours("copula_gan", steps=30),
    "synthhealth tvae": save_ours("tvae", steps=30),
}
results = {name: scan(path, patients) for name, path in files.items()}
aside = ("identifiers", "texts of fewer than 5 patients")  # here the categories once more
sorts = [one.what for one in results["SDV CTGAN"].findings if one.what not in aside]
print("| " + " | ".join(["file", *sorts]) + " |")
print("|---" * (1 + len(sorts)) + "|")
for name, result in results.items():
    figures = [f"{result[sort].found} of {result[sort].searched}" for sort in sorts]
    print("| " + " | ".join([name, *figures]) + " |")

# %%
# None of this proves that nobody can be guessed from what a model draws: the search only finds
# copies. The figures of the report say how far the synthetic table keeps its distance.

ours = [result for name, result in results.items() if name.startswith("synthhealth")]
print(f"traces in our files: {sum(one.found for result in ours for one in result.findings)}")

# sphinx_gallery_thumbnail_path = '_static/thumbnails/08_saved_model.png'
