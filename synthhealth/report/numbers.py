"""Numbers, shares and dates as people read them, and columns as arrays of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.report.grid import Floats
from synthhealth.schema import Kind

_EPOCH = datetime(1970, 1, 1)
_MINUS = "\u2212"


def number_text(value: float | None, digits: int = 3) -> str:
    """Return `value` with `digits` significant digits, an en dash where there is none.

    Examples
    --------
    >>> [number_text(value) for value in (0.12345, 12345.6, -2, None)]
    ['0.123', '12,346', '−2', '–']
    """
    if value is None:
        return "–"
    if value == 0:
        return "0"
    power = math.floor(math.log10(abs(value)))
    if not -4 <= power < 12:
        text = f"{value:.{digits - 1}e}"
    else:
        rounded = round(value, max(digits - 1 - power, 0))
        text = f"{rounded:,.{max(digits - 1 - power, 0)}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    return text.replace("-", _MINUS)


def edge_text(value: float, *, scale: str) -> str:
    """Return an edge: a round number in full, or a date."""
    if scale == "date":
        return date_text(value)
    return number_text(value, digits=12)


def date_text(days: float) -> str:
    """Return days since 1970 as an ISO date, with the time of day if it is not midnight.

    Examples
    --------
    >>> date_text(19000), date_text(19000.5)
    ('2022-01-08', '2022-01-08 12:00')
    """
    try:
        moment = _EPOCH + timedelta(days=days)
    except OverflowError:  # an edge beyond the calendar, outside all values
        return "0001-01-01" if days < 0 else "9999-12-31"
    if days == int(days):
        return moment.date().isoformat()
    return moment.isoformat(sep=" ", timespec="minutes")


def band_labels(edges: Sequence[float], *, scale: str, whole: bool) -> tuple[str, ...]:
    """Name the bands between `edges`; the outermost are open, as nobody may see the extremes.

    Examples
    --------
    >>> band_labels([0, 20, 25, 26, 90], scale="number", whole=True)
    ('under 20', '20 to 24', '25', '26 or more')
    >>> band_labels([0, 0.5, 1.5, 3], scale="number", whole=False)
    ('under 0.5', '0.5 to 1.5', '1.5 or more')
    """
    if len(edges) < 3:
        return ("all values",)
    is_date = scale == "date"
    first, last = edge_text(edges[1], scale=scale), edge_text(edges[-2], scale=scale)
    labels = [f"before {first}" if is_date else f"under {first}"]
    for start, stop in pairwise(edges[1:-1]):
        labels.append(_band(start, stop, scale=scale, whole=whole))
    return (*labels, f"from {last}" if is_date else f"{last} or more")


def _band(start: float, stop: float, *, scale: str, whole: bool) -> str:
    if whole:
        stop -= 1  # the last whole number (or day) inside
    if start == stop:
        return edge_text(start, scale=scale)
    return f"{edge_text(start, scale=scale)} to {edge_text(stop, scale=scale)}"


def percent(share: float) -> str:
    """Return a share in per cent, with a decimal near 0 and 1, which stand for none and all.

    Examples
    --------
    >>> percent(0.1234), percent(0.0567), percent(0), percent(0.0002), percent(0.9999)
    ('12 %', '5.7 %', '0 %', 'under 0.1 %', 'over 99.9 %')
    """
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    if share < 0.001:
        return "under 0.1 %"
    if share > 0.999:
        return "over 99.9 %"
    return f"{100 * share:.0f} %" if 0.0995 <= share < 0.995 else f"{100 * share:.1f} %"


def p_text(p: float | None) -> str:
    """Return a p or q value.

    Examples
    --------
    >>> p_text(0.0004), p_text(0.0321), p_text(0.4567)
    ('< 0.001', '0.032', '0.46')
    """
    if p is None:
        return "–"
    if p < 0.001:
        return "< 0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def score_text(score: float) -> str:
    """Return a score with three decimals, so that it can be told from its noise floor.

    Examples
    --------
    >>> score_text(0.8649), score_text(1.0), score_text(-0.02), score_text(-0.0001)
    ('0.865', '1.000', '−0.020', '0.000')
    """
    return f"{round(score, 3) + 0.0:.3f}".replace("-", _MINUS)


def dependence_text(value: float) -> str:
    """Return a correlation or another measure of dependence.

    Examples
    --------
    >>> dependence_text(-0.456), dependence_text(0.001)
    ('−0.46', '0.00')
    """
    return f"{abs(value):.2f}" if round(value, 2) >= 0 else f"{_MINUS}{abs(value):.2f}"


def points_text(difference: float | None, low: float | None, high: float | None) -> str:
    """Return a difference of two shares in percentage points, with its interval.

    Examples
    --------
    >>> points_text(0.031, -0.02, 0.0823), points_text(-0.5, -0.7, -0.24), points_text(None, 0, 0)
    ('+3.1 (−2.0 to +8.2)', '−50.0 (−70.0 to −24.0)', '–')
    """
    if difference is None or low is None or high is None:
        return "–"
    middle, first, last = (_signed(100 * value) for value in (difference, low, high))
    return f"{middle} ({first} to {last})"


def _signed(value: float) -> str:
    rounded = round(value, 1)
    return "0.0" if rounded == 0 else f"{rounded:+.1f}".replace("-", _MINUS)


def unit_text(unit: str) -> str:
    """Return a unit as it stands on an axis or in a table.

    Examples
    --------
    >>> unit_text("10*9/L")
    '10⁹/L'
    """
    from synthhealth.schema.units import display_unit

    return display_unit(unit)


def counted(n: int, one: str, many: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "column", "columns"), counted(1200, "row", "rows")
    ('1 column', '1,200 rows')
    """
    return f"{n:,} {one if n == 1 else many}"


def listed(names: Iterable[str], most: int) -> str:
    """Return the first names of a list and how many there are more.

    Examples
    --------
    >>> listed(["crp", "esr", "alt"], 3), listed(["crp", "esr", "alt"], 2), listed(["crp"], 2)
    ('crp, esr and alt', 'crp, esr and 1 more', 'crp')
    """
    every = list(names)
    if len(every) > most:
        return f"{', '.join(every[:most])} and {len(every) - most} more"
    return " and ".join(part for part in (", ".join(every[:-1]), *every[-1:]) if part)


_FIRST_DAY = pd.Timestamp("1970-01-01")


def numbers(column: pd.Series, kind: Kind) -> Floats:
    """Return a numerical column's values, dates in days since 1970 (UTC); NaN where missing."""
    if column.isna().all():
        return np.full(len(column), np.nan)
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if kind is not Kind.DATETIME:
        values = pd.to_numeric(column)
    else:
        dates = pd.to_datetime(column)
        if dates.dt.tz is not None:
            dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
        values = (dates - _FIRST_DAY) / pd.Timedelta(days=1)
    found: Floats = values.to_numpy(dtype=float, na_value=np.nan)
    return found


class Levels(NamedTuple):
    """A categorical column of two tables: the names of all levels and each row's level."""

    names: list[str]
    real: npt.NDArray[np.intp]  # number of each real row's level; -1 where missing
    synthetic: npt.NDArray[np.intp]


def levels(real: pd.Series, synthetic: pd.Series) -> Levels:
    """Return a categorical column's levels: declared categories and numbers in order, then text."""
    codes_real, known_real = pd.factorize(real)
    codes_synthetic, known_synthetic = pd.factorize(synthetic)
    known = [*known_real, *known_synthetic]
    # True, 1, 1.0 and "1" are one level that two files spell differently.
    as_truth = all(isinstance(value, (bool, np.bool_)) for value in known)
    names = [level_name(value, as_truth=as_truth) for value in known]
    order = _order(real, known, names)
    place = {name: index for index, name in enumerate(order)}
    places = np.array([*(place[name] for name in names), -1], dtype=np.intp)
    return Levels(
        names=order,
        real=np.where(codes_real < 0, -1, places[codes_real]),
        synthetic=np.where(codes_synthetic < 0, -1, places[codes_synthetic + len(known_real)]),
    )


def level_name(value: object, *, as_truth: bool = False) -> str:
    """Return how a level is shown: numbers without a trailing ``.0``, an empty one by its name."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)) if as_truth else str(int(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value) or "(blank)"


def _order(column: pd.Series, known: list[object], names: list[str]) -> list[str]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        present = set(names)
        declared = [level_name(value) for value in column.cat.categories]
        return list(dict.fromkeys([*(name for name in declared if name in present), *names]))
    size = {
        name: float(value)
        for name, value in zip(names, known, strict=True)
        if isinstance(value, (int, float, np.number, np.bool_))
    }
    # Never the order of the rows.
    return sorted(set(names), key=lambda name: (size.get(name, np.inf), name))
