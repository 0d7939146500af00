"""What the families have in common that join columns by the correlation of their normal scores."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from synthhealth.errors import ArtifactError
from synthhealth.models._latent import Pieces, latent_correlations, level_order, pieces_of, shrunken
from synthhealth.models._margins import (
    MARGINS,
    Margin,
    against_normal,
    margin_parameters,
    margins_by_column,
)
from synthhealth.models._smooth import LevelMargin, SmoothMargin
from synthhealth.models._transforms import log_offset, measured
from synthhealth.models.family import Arrays, FamilyState, ScaledFamily, ScaledState
from synthhealth.models.parameters import Parameter
from synthhealth.schema import Kind, Schema

__all__ = [
    "COPULA_PARAMETERS",
    "SCORE_LIMIT",
    "AnyMargin",
    "CopulaFamily",
    "CopulaState",
    "to_score",
]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Beyond this many standard deviations a normal score carries no information.
SCORE_LIMIT = 8.0

#: Rows on which levels are given their order; more do not change it.
_ORDER_ROWS = 20_000

AnyMargin = Annotated[Margin | SmoothMargin | LevelMargin, Field(discriminator="family")]

COPULA_PARAMETERS: tuple[Parameter, ...] = (
    *margin_parameters(
        "auto",
        "auto: SDV's beta can collapse into a spike where it starts badly",
        "smooth: shares of bins of several patients",
        ("smooth", *MARGINS),
    ),
    Parameter(
        "log_scale",
        bool,
        True,
        "learn a column that is never negative on a logarithmic scale, where a normal margin "
        "fits it better there; smooth margins need no such scale",
    ),
)


class CopulaState(ScaledState):
    """The plain values of a fitted copula; its array is ``correlation``.

    Attributes
    ----------
    margins : tuple of Margin, SmoothMargin or LevelMargin
        The distribution of each column.
    """

    margins: tuple[AnyMargin, ...]


class CopulaFamily(ScaledFamily):
    """Base of the families that learn a margin of each column, and the correlation of the scores.

    The correlations are those of the scores behind numbers and levels, by ranks.
    """

    State: ClassVar[type[FamilyState]] = CopulaState

    #: The matrix by which independent scores are brought to those of the columns.
    _root: Floats

    def _log_offsets(self, table: pd.DataFrame, schema: Schema) -> dict[str, float]:
        asked = (
            dict.fromkeys(schema.numerical, self.settings_["margin"]) | self.settings_["margins"]
        )
        offsets: dict[str, float] = {}
        for name in measured(schema):
            values = table[name].to_numpy(dtype=float)
            offset = log_offset(values)
            if offset is None or asked[name] == "smooth":
                continue
            distance = against_normal(np.log(values + offset))
            if asked[name] == "auto" and distance > 1:
                continue
            if distance < against_normal(values):
                offsets[name] = offset
        return offsets

    def _build(self, table: pd.DataFrame, schema: Schema) -> None:
        families = margins_by_column(self.settings_, table, schema, lambda _: "smooth")
        pieces: dict[str, Codes] = {}
        for column in schema:
            values = table[column.name].to_numpy()
            pieces[column.name] = pieces_of(values) if column.name in families else values
        self._margins: dict[str, Margin | SmoothMargin | LevelMargin] = {}
        for column in schema:
            name, values = column.name, table[column.name].to_numpy()
            if name not in families:
                places = _places(column.kind, name, pieces, schema)
                self._margins[name] = LevelMargin.learn(values, places)
                pieces[name] = places[values]
            elif families[name] == "smooth":
                self._margins[name] = SmoothMargin.learn(
                    name, values.astype(float), column.kind, schema.min_cell
                )
            else:
                self._margins[name] = Margin.fitted(families[name], values.astype(float))
        self._pieces = list(pieces.values())
        self._margins = {name: one.blurred(self._blur, name) for name, one in self._margins.items()}

    def _correlate(self) -> None:
        self._keep_correlations(latent_correlations(self._pieces))

    def _keep_correlations(self, found: Floats) -> None:
        noisy, error = self._blur.correlations(found)
        self._correlation = shrunken(noisy, error, self._blur.n_patients)

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        learned = {"margins": tuple(self._margins.values())}
        arrays: Arrays = {"correlation": self._correlation}
        del self._margins, self._pieces, self._correlation
        return learned, arrays

    def _rebuild(self) -> None:
        correlation = self._arrays.get("correlation")
        size = len(self._state.columns)
        if (
            list(self._arrays) != ["correlation"]
            or correlation is None
            or correlation.shape != (size, size)
            or len(self._state.margins) != size
            or not np.allclose(correlation, correlation.T)
            or np.abs(correlation).max() > 1.001
            or not np.allclose(np.diag(correlation), 1.0, atol=1e-3)
        ):
            raise ArtifactError("the correlations of the copula are not those of its columns")
        try:
            self._root = np.linalg.cholesky(correlation)
        except np.linalg.LinAlgError:
            raise ArtifactError("no columns can have the correlations of the copula") from None
        self._by_name = dict(zip(self._state.columns, self._state.margins, strict=True))
        for name, margin in self._by_name.items():
            if isinstance(margin, LevelMargin) and name in self._offsets:
                raise ArtifactError(f"the levels of column {name!r} have no logarithm")

    def _log_margins(self, on_scale: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
        """Give the log density of each cell by its column alone; 0 where it is not known."""
        margins: dict[str, Floats] = {}
        for name, margin in self._by_name.items():
            if name not in rows:
                continue
            values = on_scale[name].to_numpy()
            # The logarithm stretches the scale on which the margin has its density.
            stretched = values if name in self._offsets else 0.0
            margins[name] = np.nan_to_num(margin.log_density(values) - stretched)
        return pd.DataFrame(margins, index=rows.index)


def _places(kind: Kind, name: str, pieces: dict[str, Codes], schema: Schema) -> Codes:
    """Give the place of each level of a column on the scale of its scores."""
    stride = max(1, len(pieces[name]) // _ORDER_ROWS)
    levels = pieces[name]
    n_levels = int(levels.max()) + 1
    if kind is Kind.ORDINAL or n_levels < 3:
        return np.arange(n_levels)
    scores = []
    for other, codes in pieces.items():
        if other == name:
            continue
        here = codes[::stride]
        counts = np.bincount(codes)
        if schema[other].kind.is_numerical or schema[other].kind is Kind.ORDINAL:
            scores.append(Pieces(counts).scores[here])
        else:
            # Of levels without an order each says something of its own.
            shares = counts / len(codes)
            scores += list(((here[:, None] == np.arange(len(counts))) - shares).T)
    return level_order(levels[::stride], np.column_stack(scores), n_levels)


def to_score(chances: Floats) -> Floats:
    """Give the normal score of chances, none beyond 8."""
    from scipy.special import ndtri

    return np.clip(ndtri(chances), -SCORE_LIMIT, SCORE_LIMIT)
