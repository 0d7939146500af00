"""
A model family of your own
==========================

A family is one class that learns a plain table: numbers as float64, categories as the positions 0,
1, ... of their levels, nothing missing. Dtypes, decimals, limits, missing values and conditions are
the Synthesizer's work.

This one draws every column on its own, numbers from a normal distribution and categories by their
frequencies. Any useful model has to beat this baseline.
"""

import numpy as np
import pandas as pd

import synthhealth as sh
from synthhealth.models import Parameter, register, resolve
from synthhealth.testing import check_synthesizer


@register
class IndependentNormals:
    """Columns that know nothing of each other."""

    name = "independent_normals"
    parameters = (
        Parameter(
            "spread",
            float,
            1.0,
            "factor on the standard deviation of every numerical column",
            low=0.1,
            high=10.0,
        ),
    )

    def __init__(self, **params):
        self.params = params  # checked in fit

    def fit(self, table, schema, *, seed, training):
        self.settings_ = resolve(self.name, self.parameters, self.params, len(table))
        self.partial_ = False
        # Progress, the time budget and interruptions go through `training`; here one pass is all.
        for _ in training.epochs(1, losses=dict):
            self.columns = {
                name: self._learn(table[name], name in schema.numerical) for name in table.columns
            }

    @staticmethod
    def _learn(values, is_numerical):
        # Aggregates only: no patient's value is kept.
        if is_numerical:
            return {"mean": float(values.mean()), "sd": float(values.std())}
        return {"shares": np.bincount(values, minlength=1).astype(float).tolist()}

    def sample(self, n, *, seed):
        rng = np.random.default_rng(seed)
        return pd.DataFrame({name: self._draw(law, n, rng) for name, law in self.columns.items()})

    def _draw(self, law, n, rng):
        if "mean" in law:
            return rng.normal(law["mean"], law["sd"] * self.settings_["spread"], n)
        shares = np.array(law["shares"])
        return rng.choice(len(shares), n, p=shares / shares.sum())

    def state(self):
        # Plain values (arrays would do, too): what a saved model is made of.
        return {"settings": self.settings_, "columns": self.columns}

    @classmethod
    def from_state(cls, state):
        # A saved model may be a stranger's: its settings are checked like a user's.
        model = cls(**state["settings"])
        model.settings_ = resolve(cls.name, cls.parameters, state["settings"], n_rows=0)
        model.partial_ = False
        model.columns = state["columns"]
        return model


# %%
# Check it, and use it
# --------------------
# ``register`` makes the family known to this process. A package announces its families in its
# ``pyproject.toml`` instead:
#
# .. code-block:: toml
#
#    [project.entry-points."synthhealth.models"]
#    independent_normals = "my_package:IndependentNormals"
#
# The family passes the battery of checks that our own pass: form, missing values, seeds, saving,
# conditions, bad input and more. Then it stands beside the Gaussian copula: its columns look right,
# their relations are lost.

print(", ".join(sh.models.available()))

check_synthesizer("independent_normals")
print("all promises kept")

real = sh.datasets.load_ra_panel()
for name in ("independent_normals", "gaussian_copula"):
    model = sh.Synthesizer(name, random_state=0).fit(real)
    overall = model.evaluate(synthetic=model.sample(1000)).evaluation.overall
    print(
        f"{name:20} KS average {overall.ks_average.value:.3f}, "
        f"dependence difference {overall.dependence_difference.value:.3f}"
    )

# sphinx_gallery_thumbnail_path = '_static/thumbnails/06_your_own_model.png'
