"""The parametric margins that GaussianCopula and CopulaGAN share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ParameterError, nearest
from synthhealth.models._parameters import Parameter
from synthhealth.schema import Schema

Floats = npt.NDArray[np.float64]

#: SDV's kernel density is not offered: it keeps the value of every patient.
MARGINS = ("beta", "gamma", "norm", "truncnorm", "uniform")

#: What "auto" chooses from; the others never won by much, and truncnorm is slow.
_CANDIDATES = ("norm", "beta", "gamma")

#: Rows that a margin is chosen on; more do not change the choice.
_CHOICE_ROWS = 5_000


def margin_parameters(default: str, default_is: str) -> tuple[Parameter, ...]:
    """Give the parameters of the margins, for a family whose default margin is `default`."""
    return (
        Parameter(
            "margin",
            str,
            default,
            "family of the numerical columns' margins; auto: for each column the one of norm, beta "
            "and gamma with the smallest Kolmogorov-Smirnov distance",
            default_is=default_is,
            choices=("auto", *MARGINS),
        ),
        Parameter(
            "margins",
            dict,
            {},
            "margins of single columns, by column name, where they differ from `margin`",
            choices=MARGINS,
        ),
    )


def margins_by_column(
    settings: Mapping[str, Any], table: pd.DataFrame, schema: Schema
) -> dict[str, str]:
    """Give the margin of each numerical column of a plain table.

    Raises
    ------
    ParameterError
        ``settings["margins"]`` names a column that does not exist.
    """
    given = settings["margins"]
    for column in given:
        if column not in schema.numerical:
            raise ParameterError(
                f"parameter 'margins': the table has no numerical column {column!r}"
                f"{nearest(column, schema.numerical)}"
            )
    margin = settings["margin"]
    return {
        name: given.get(name) or (_choose(table[name].to_numpy()) if margin == "auto" else margin)
        for name in schema.numerical
    }


def _choose(values: Floats) -> str:
    distances = _distances(values)
    return min(distances, key=lambda name: distances[name], default="norm")


def is_better_on_log_scale(values: Floats, logarithms: Floats) -> bool:
    """Say whether the best margin lies closer to the logarithms than to the values."""
    best = min(_distances(values).values(), default=1.0)
    return min(_distances(logarithms).values(), default=1.0) < best


def _distances(values: Floats) -> dict[str, float]:
    """Give the Kolmogorov-Smirnov distance of each candidate, fitted, from the values."""
    from scipy.stats import kstest
    from sdv.single_table import GaussianCopulaSynthesizer

    stride = max(1, len(values) // _CHOICE_ROWS)
    values = np.sort(values)[::stride]
    distances: dict[str, float] = {}
    for name in _CANDIDATES:
        margin = GaussianCopulaSynthesizer.get_distribution_class(name)()
        try:
            margin.fit(values)
        except ValueError:
            # copulas says so when a fit ends outside the data; the others remain.
            continue
        distance = float(kstest(values, margin.cdf).statistic)
        if np.isfinite(distance):
            distances[name] = distance
    return distances
