"""CopulaGAN: a CTGAN over columns that a parametric margin has brought to normal scores."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ArtifactError
from synthhealth.models._margins import (
    Margin,
    closest_margin,
    margin_parameters,
    margins_by_column,
)
from synthhealth.models.about import on_demo
from synthhealth.models.ctgan import GAN_PARAMETERS, CTGANModel, CTGANState
from synthhealth.models.deep import about_network
from synthhealth.models.family import Arrays, FamilyState
from synthhealth.schema import Schema

Floats = npt.NDArray[np.float64]

#: Of a row whose density is asked for, scores further out count as this.
SCORE_LIMIT = 5.0


class CopulaGANState(CTGANState):
    """The plain values of a fitted CopulaGAN; its arrays are the weights of the generator.

    Attributes
    ----------
    margins : dict of str to Margin
        The distribution of each numerical column.
    """

    margins: dict[str, Margin]


class CopulaGANModel(CTGANModel):
    """CTGAN on normal scores, through SDV's CopulaGANSynthesizer.

    Each column goes through a margin, and the GAN learns the scores. With the default, normal
    margins it is a CTGAN: such a margin only shifts and stretches a column, which CTGAN takes out
    by itself. Another `margin`, such as ``"auto"``, makes it a model of its own.
    """

    name = "copula_gan"
    sdv_class = "CopulaGANSynthesizer"
    about = about_network(
        "CopulaGAN", on_demo("copula_gan", {("standard", 61): (0.69, 0.65, 0.72)}, fits=16)
    )
    State: ClassVar[type[FamilyState]] = CopulaGANState
    parameters = (
        *GAN_PARAMETERS,
        *margin_parameters(
            "norm",
            "norm, with which it is a CTGAN: the bounded margins of auto, and SDV's beta, turn the "
            "tails into outliers of scores and fit the demonstration cohort worse (KS 0.86, not "
            "0.89)",
            "the one of norm, beta and gamma with the smallest Kolmogorov-Smirnov distance",
        ),
    )

    def _synthesizer(self, metadata: Any, table: pd.DataFrame, schema: Schema) -> Any:
        margins = margins_by_column(self.settings_, table, schema, closest_margin)
        return self.plain()(
            metadata,
            **self._sdv_arguments(),
            numerical_distributions={self._names[name]: margin for name, margin in margins.items()},
        )

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        learned, weights = super()._take_apart(table)
        ours = {neutral: name for name, neutral in self._names.items()}
        normalisers = self._sdv._gaussian_normalizer_hyper_transformer.field_transformers
        margins = {
            ours[neutral]: Margin.learned(
                normaliser._univariate, table[ours[neutral]].to_numpy(dtype=float)
            ).blurred(self._blur, ours[neutral])
            for neutral, normaliser in normalisers.items()
            if normaliser is not None
        }
        in_order = {name: margins[name] for name in table.columns if name in margins}
        return learned | {"margins": in_order}, weights

    def _rebuild(self) -> None:
        super()._rebuild()
        numbers = {column.name for column in self._state.table if column.centres}
        if set(self._state.margins) != numbers:
            raise ArtifactError("the margins of the model are not those of its numerical columns")

    def _on_scale(self, rows: pd.DataFrame) -> dict[str, tuple[Floats, Floats]]:
        """Give normal scores; what a margin's density is above a normal one stretches them."""
        from scipy.stats import norm

        scaled = super()._on_scale(rows)
        for name, margin in self._state.margins.items():
            if name in scaled:
                values, stretched = scaled[name]
                scores = margin.scores(values, SCORE_LIMIT)
                density = margin.log_density(values) - norm.logpdf(scores)
                scaled[name] = scores, stretched + np.nan_to_num(density)
        return scaled

    def _draw(self, n: int) -> pd.DataFrame:
        from scipy.stats import norm

        scores = super()._draw(n)
        return scores.assign(
            **{
                name: margin.quantiles(norm.cdf(scores[name].to_numpy()))
                for name, margin in self._state.margins.items()
            }
        )
