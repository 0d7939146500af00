"""What families share that draw one column after the other: their order, and known cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from typing_extensions import Self

from synthhealth.errors import ParameterError, nearest
from synthhealth.models.parameters import Parameter
from synthhealth.schema import Schema

__all__ = ["CANDIDATES", "MIN_LEAF", "ORDER", "drawing_order", "rows_given"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Draws, for each row with conditions, of the columns before the last known one.
CANDIDATES = 32

MIN_LEAF = Parameter(
    "min_leaf",
    int,
    10,
    "the fewest patients in a leaf, and at least twice the schema's min_cell; larger leaves are "
    "taken where they are likelier on patients held out",
    low=10,
    high=1_000_000,
)

ORDER = Parameter(
    "order",
    list,
    [],
    "columns that are drawn first, in this order; conditions on them are met best. The others "
    "follow",
    default_is="none: levels before numbers, the fewest levels first",
)


def drawing_order(table: pd.DataFrame, schema: Schema, leading: list[str]) -> list[str]:
    """Give the order in which columns are drawn.

    Raises
    ------
    ParameterError
        `leading` names a column twice, or one that is not learned.
    """
    for place, name in enumerate(leading):
        if name not in table.columns:
            raise ParameterError(
                f"parameter 'order': no column {name!r} is learned{nearest(name, table.columns)}"
            )
        if name in leading[:place]:
            raise ParameterError(f"parameter 'order': column {name!r} stands there twice")
    others = [column for column in schema if column.name not in leading]
    numbers = [one.name for one in others if one.kind.is_numerical]
    levels = [one.name for one in others if not one.kind.is_numerical]
    return [*leading, *sorted(levels, key=lambda name: table[name].nunique()), *numbers]


class Drawn(Protocol):
    """Rows that are being drawn."""

    def __len__(self) -> int:
        """Say how many there are."""

    def take(self, indices: Codes, /) -> Self:
        """Give the rows at these places, some of them perhaps several times."""


Rows = TypeVar("Rows", bound=Drawn)


def rows_given(
    rows: Rows,
    is_known: Sequence[bool],
    exact: int,
    draw: Callable[[Rows, int], None],
    likelihood: Callable[[Rows, int], Floats],
    rng: np.random.Generator,
) -> Rows:
    """Draw the columns of rows that are not known.

    Before a known column several candidates are drawn for each row, and taken as often as they
    make what is known likely (sequential importance resampling; Doucet, de Freitas and Gordon,
    2001, *Sequential Monte Carlo Methods in Practice*): nearly exact.

    Parameters
    ----------
    rows : Drawn
        One for each row that is wanted, with what is known of it.
    is_known : sequence of bool
        Of each column, in the order in which they are drawn.
    exact : int
        So many leading columns are known and need no candidates.
    draw : callable
        Draws the column at a place.
    likelihood : callable
        Says how likely each row makes what is known of the column at a place.
    """
    last_known = max(place for place, known in enumerate(is_known) if known)
    copies = 1
    for place, known in enumerate(is_known):
        if copies == 1 and exact <= place < last_known:
            copies = CANDIDATES
            rows = rows.take(np.repeat(np.arange(len(rows)), copies))
        if not known:
            draw(rows, place)
            continue
        likely = likelihood(rows, place)
        if place >= exact:
            wanted = 1 if place == last_known else copies
            rows = rows.take(_resampled(likely.reshape(-1, copies), wanted, rng))
            copies = wanted
    return rows


def _resampled(likely: Floats, wanted: int, rng: np.random.Generator) -> Codes:
    """Draw candidates in proportion to how likely they make what is known.

    Parameters
    ----------
    likely : numpy.ndarray, shape (n_rows, n_candidates)

    Returns
    -------
    numpy.ndarray, shape (n_rows * wanted,)
        The places of those drawn; of each row they are evenly spaced among its candidates.
    """
    sums = np.cumsum(np.maximum(likely, 1e-300), axis=1)
    sums /= sums[:, -1:]
    points = (np.arange(wanted) + rng.random((len(likely), 1))) / wanted
    rows = np.arange(len(likely))[:, None]
    found = np.searchsorted((sums + rows).ravel(), (points + rows).ravel(), side="right")
    n = likely.shape[1]
    rows = np.repeat(np.arange(len(likely)), wanted)
    return np.clip(found, rows * n, rows * n + n - 1)
