"""Rows that meet conditions, from any model: by its own means, or by drawing until they match."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ConditionError
from synthhealth.models._seeding import derive_seed
from synthhealth.models.base import ConditionalModel, Model
from synthhealth.table.encoding import TableForm

__all__ = ["sample_known"]

#: Rows drawn in all before the search for matching ones is given up.
MAX_DRAWN = 500_000
_LARGEST_BATCH = 50_000

#: A drawn number matches a wanted one within this share of the column's interquartile range.
TOLERANCE = 0.05


def sample_known(model: Model, form: TableForm, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Draw one plain row for each row of `known`.

    Parameters
    ----------
    known : pandas.DataFrame
        Some columns in the plain form. NaN: not known in this row.

    Raises
    ------
    ConditionError
        Too few matching rows were found.
    """
    rows = np.arange(len(known))
    drawn: list[pd.DataFrame] = []
    places: list[npt.NDArray[np.int64]] = []
    for part, group in enumerate(_groups(known)):
        columns = known.columns[known.iloc[group[0]].notna()]
        wanted = known.iloc[group][columns]
        part_seed = derive_seed(seed, part)
        if not len(columns):
            plain = model.sample(len(group), seed=part_seed)
        elif isinstance(model, ConditionalModel):
            plain = model.sample_given(wanted.astype(_plain_types(form, columns)), seed=part_seed)
        else:
            plain = _draw_until_matched(model, form, wanted, seed=part_seed)
        drawn.append(plain)
        places.append(rows[group])
    order = np.argsort(np.concatenate(places))
    return pd.concat(drawn, ignore_index=True).iloc[order].reset_index(drop=True)


def _groups(known: pd.DataFrame) -> list[npt.NDArray[np.int64]]:
    """Give the places of the rows that know the same columns."""
    patterns = known.notna().to_numpy()
    _, group = np.unique(patterns, axis=0, return_inverse=True)
    group = group.reshape(-1)
    return [np.flatnonzero(group == one) for one in range(group.max() + 1)]


def _plain_types(form: TableForm, columns: pd.Index) -> Mapping[str, type]:
    return {name: float if form[name].kind.is_numerical else int for name in columns}


def _draw_until_matched(
    model: Model, form: TableForm, wanted: pd.DataFrame, *, seed: int
) -> pd.DataFrame:
    combinations, combination = np.unique(wanted.to_numpy(), axis=0, return_inverse=True)
    combination = combination.reshape(-1)
    open_places = [list(np.flatnonzero(combination == one)) for one in range(len(combinations))]
    found: list[pd.DataFrame] = []
    places: list[int] = []
    widths: list[float] = []
    drawn, batch = 0, max(1_000, 2 * len(wanted))
    while len(places) < len(wanted) and drawn < MAX_DRAWN:
        batch = min(batch, _LARGEST_BATCH, MAX_DRAWN - drawn)
        plain = model.sample(batch, seed=derive_seed(seed, drawn))
        values = np.column_stack([_as_written(form, name, plain) for name in wanted.columns])
        widths = widths or [_tolerance(form, name, plain) for name in wanted.columns]
        for combo, waiting in zip(combinations, open_places, strict=True):
            if waiting:
                matches = np.flatnonzero((np.abs(values - combo) <= widths).all(axis=1))
                taken = matches[: len(waiting)]
                found.append(plain.iloc[taken])
                places.extend(int(place) for place in waiting[: len(taken)])
                del waiting[: len(taken)]
        drawn += batch
        batch *= 4
    if len(places) < len(wanted):
        raise ConditionError(
            f"conditions on {list(wanted.columns)}: {len(places)} of {len(wanted)} rows that meet "
            f"them were found in {drawn:,} draws; the combination is rare in what the model "
            "learned: ask for fewer rows, condition on fewer columns, or use the model "
            "'gaussian_copula', which conditions directly"
        )
    matched = pd.concat(found).iloc[np.argsort(places)].reset_index(drop=True)
    for name in wanted.columns:
        matched[name] = wanted[name].to_numpy().astype(matched[name].dtype)
    return matched


def _as_written(form: TableForm, name: str, plain: pd.DataFrame) -> npt.NDArray[np.float64]:
    values = plain[name].to_numpy()
    return form[name].within_limits(values) if form[name].kind.is_numerical else values


def _tolerance(form: TableForm, name: str, plain: pd.DataFrame) -> float:
    column = form[name]
    if not column.kind.is_numerical:
        return 0.0
    low, high = np.quantile(plain[name], [0.25, 0.75])
    smallest = column.step or 0.0
    if column.decimals is not None:
        smallest = 10.0**-column.decimals
    return max(smallest / 2, TOLERANCE * float(high - low))
