"""The parametric margins that GaussianCopula and CopulaGAN share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synthhealth.errors import ParameterError
from synthhealth.models._parameters import Parameter, nearest

#: SDV's kernel density is not offered: it keeps the value of every patient.
MARGINS = ("beta", "gamma", "norm", "truncnorm", "uniform")

MARGIN_PARAMETERS: tuple[Parameter, ...] = (
    Parameter("margin", str, "beta", "family of the numerical columns' margins", choices=MARGINS),
    Parameter(
        "margins",
        dict,
        {},
        "margins of single columns, by column name, where they differ from `margin`",
        choices=MARGINS,
    ),
)


def neutral_margins(settings: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Give SDV's arguments for the margins; `names` are SDV's names for our columns.

    Raises
    ------
    ParameterError
        A column does not exist.
    """
    for column in settings["margins"]:
        if column not in names:
            raise ParameterError(
                f"parameter 'margins': the table has no column {column!r}{nearest(column, names)}"
            )
    return {
        "default_distribution": settings["margin"],
        "numerical_distributions": {
            names[column]: margin for column, margin in settings["margins"].items()
        },
    }
