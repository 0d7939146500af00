"""Columns as bins and levels: plain rows into outcomes, and outcomes into plain rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ArtifactError
from synthhealth.models._bins import STEEPEST, Bins

__all__ = ["BinsOfColumns", "bins_of", "outcomes_of", "rows_of"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: By numerical column its bins, and how the density falls within each.
BinsOfColumns = Mapping[str, tuple[Bins, Floats]]


def bins_of(bins: Sequence[Bins], slants: Floats, sizes: Mapping[str, int]) -> BinsOfColumns:
    """Give each numerical column its bins and their slants.

    Parameters
    ----------
    bins : sequence of Bins
    slants : numpy.ndarray, shape (n_bins of all,)
    sizes : mapping of str to int
        How many outcomes each column has.

    Raises
    ------
    ArtifactError
        They do not fit together.
    """
    found: dict[str, tuple[Bins, Floats]] = {}
    start = 0
    for one in bins:
        if sizes.get(one.name) != len(one) or one.name in found:
            raise ArtifactError("the bins of a column are not those that the network knows")
        found[one.name] = one, slants[start : start + len(one)]
        start += len(one)
    if slants.shape != (start,) or not (np.abs(slants) <= STEEPEST).all():
        raise ArtifactError("the slants of the bins are none")
    return found


def outcomes_of(rows: pd.DataFrame, sequence: Sequence[str], bins: BinsOfColumns) -> Codes:
    """Give the bins and levels of rows, columns in a given order; -1: not known."""
    codes = np.full((len(rows), len(sequence)), -1, dtype=np.int64)
    for place, name in enumerate(sequence):
        if name not in rows:
            continue
        if name in bins:
            values = rows[name].to_numpy(dtype=float)
            known = ~np.isnan(values)
            found = bins[name][0].codes(np.where(known, values, 0.0))
            codes[:, place] = np.where(known, found, -1)
        else:
            codes[:, place] = rows[name].to_numpy(dtype=np.int64)
    return codes


def rows_of(
    codes: Codes,
    sequence: Sequence[str],
    bins: BinsOfColumns,
    columns: Sequence[str],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Give outcomes as plain rows with these columns; a number is drawn within its bin."""
    place = {name: at for at, name in enumerate(sequence)}
    found: dict[str, npt.NDArray[Any]] = {}
    for name in columns:
        found[name] = codes[:, place[name]]
        if name in bins:
            own, slants = bins[name]
            found[name] = own.draw(found[name], slants, rng)
    return pd.DataFrame(found)
