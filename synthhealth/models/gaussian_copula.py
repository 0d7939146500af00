"""Gaussian copula: margins that follow the patients, joined by the correlations behind them."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.models._copula import COPULA_PARAMETERS, AnyMargin, CopulaState, to_score
from synthhealth.models._normal import NormalFamily
from synthhealth.models.about import About, Advice, on_demo
from synthhealth.models.base import Training
from synthhealth.models.family import Arrays, FamilyState
from synthhealth.models.parameters import Parameter
from synthhealth.models.sdv_family import (
    SDV_LICENCE,
    SDV_PACKAGES,
    TABLE,
    WrapsSDV,
    metadata_of,
    neutral_names,
)
from synthhealth.models.seeding import seeded
from synthhealth.progress import ProgressEvent

Floats = npt.NDArray[np.float64]


class GaussianCopulaState(CopulaState):
    """The plain values of a fitted Gaussian copula; its array is ``correlation``.

    Attributes
    ----------
    margins : tuple of Margin, SmoothMargin or LevelMargin
        The distribution of each column.
    """


class GaussianCopulaModel(WrapsSDV, NormalFamily):
    """Gaussian copula, as SDV's GaussianCopulaSynthesizer is one, of smooth margins and levels.

    Each column is brought to normal scores by its margin; the scores are joined by their
    correlation matrix (Patki, Wedge and Veeramachaneni, 2016, *The Synthetic Data Vault*). Where
    SDV spreads a level evenly over an interval, and so loses most of what it has to do with other
    columns, the correlations here are those of the scores behind the levels. Fast, deterministic,
    and the first choice for small cohorts. It knows no interaction beyond pairwise correlation.
    """

    name = "gaussian_copula"
    sdv_class = "GaussianCopulaSynthesizer"
    about = About(
        title="The Gaussian copula",
        packages=SDV_PACKAGES,
        licence=SDV_LICENCE,
        holds_no_patient=True,
        advice=Advice(
            copied="The Gaussian copula stores no row as a row, but what it learned from few "
            "patients tells of each of them: look whether real rows were mixed into the table, and "
            "raise min_cell in the schema if most columns are categories",
            columns="No margin was found that fits: {columns}. Look at the figures under Column by "
            "column, choose another margin for a numerical column (for example margins={{column: "
            "'smooth'}}), or see which family keeps more ({compare})",
            relations="The Gaussian copula knows nothing but the correlation of two columns: see "
            "which family keeps more ({compare}), and declare what must hold between columns as "
            "rules of the schema",
        ),
        on_file=on_demo(
            "gaussian_copula",
            {
                ("standard", 61): (0.76, 0.74, 0.79),
                ("standard", 300): (0.72, 0.71, 0.73),
                ("high", 61): (0.65, 0.62, 0.68),
            },
        ),
    )
    State: ClassVar[type[FamilyState]] = GaussianCopulaState
    parameters: ClassVar[tuple[Parameter, ...]] = (
        *COPULA_PARAMETERS,
        Parameter(
            "correlation",
            str,
            "latent",
            "latent: of the normal scores behind numbers and levels, by ranks; sdv: as SDV has it, "
            "where levels are spread evenly over an interval, which loses what they have to do "
            "with other columns",
            choices=("latent", "sdv"),
        ),
    )

    def _train(self, table: pd.DataFrame, training: Training) -> None:
        begin = time.monotonic()
        if self.settings_["correlation"] == "sdv":
            self._correlate_by_sdv(table)
        else:
            self._correlate()
        training.on_progress(ProgressEvent("fit", 1, 1, "pass", time.monotonic() - begin))

    def _correlate_by_sdv(self, table: pd.DataFrame) -> None:
        names = neutral_names(table)
        self._sdv = self.plain()(
            metadata_of({name: {"sdtype": "numerical"} for name in names.values()}),
            enforce_min_max_values=False,
            enforce_rounding=False,
            default_distribution="norm",
        )
        scores = {
            names[name]: _spread(margin, table[name].to_numpy())
            for name, margin in self._margins.items()
        }
        with seeded(int(np.random.randint(2**31))):
            self._sdv.fit({TABLE: pd.DataFrame(scores)})
        found = self._sdv._model.correlation.loc[list(scores), list(scores)]
        self._keep_correlations(found.to_numpy(dtype=np.float64))

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        self._sdv = None
        return super()._take_apart(table)


def _spread(margin: AnyMargin, values: npt.NDArray[Any]) -> Floats:
    """Draw the normal score of each value within its interval."""
    low, high = margin.chances(values)
    return to_score(low + np.random.random_sample(len(low)) * (high - low))
