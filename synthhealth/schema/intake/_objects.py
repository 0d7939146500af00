"""Columns of Python objects: what each cell is, and the plain column that they make together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.cells.written import decoded, written, written_clocks
from synthhealth.io.grid import numbers_among
from synthhealth.schema.intake._refused import NO_UNICODE, Refused, has_surrogates
from synthhealth.schema.reading.cells import Cells
from synthhealth.schema.reading.notation import MAX_DIGITS
from synthhealth.schema.reading.number_form import infer_numbers

__all__ = ["plain_objects"]

Objects = npt.NDArray[np.object_]
What: TypeAlias = Literal[
    "missing", "text", "truth", "whole", "number", "decimal", "moment", "day", "clock", "duration",
    "bytes", "interval", "period", "other",
]  # fmt: skip

#: What a type is; subclasses of them are, too, in this order.
_WHATS: tuple[tuple[type | tuple[type, ...], What], ...] = (
    ((type(None), type(pd.NaT), type(pd.NA)), "missing"),
    (Enum, "other"),
    (str, "text"),
    ((bool, np.bool_), "truth"),
    ((timedelta, np.timedelta64), "duration"),  # before whole numbers, which numpy's are, too
    ((int, np.integer), "whole"),
    ((float, np.floating), "number"),
    (Decimal, "decimal"),
    ((datetime, np.datetime64), "moment"),
    (date, "day"),
    (time, "clock"),
    ((bytes, bytearray), "bytes"),
    (pd.Interval, "interval"),
    (pd.Period, "period"),
)
_NUMBERS = {"whole", "number", "decimal"}
#: What a text table can hold side by side.
_WRITTEN = _NUMBERS | {"text", "truth", "moment", "day", "clock", "duration"}
_WORDS: dict[type, str] = {
    list: "lists",
    tuple: "tuples",
    dict: "dicts",
    set: "sets",
    frozenset: "sets",
    np.ndarray: "arrays",
    pd.Series: "Series",
    pd.DataFrame: "tables",
    complex: "complex numbers",
    np.complex128: "complex numbers",
}
_ONE_EACH = "give each cell one number, text, date or truth value"
_WHOLE_LIMITS = (-(2**63), 2**63)


def plain_objects(values: pd.Series) -> Any:
    """Give the plain values of a column of objects; None where they are plain already.

    Returns
    -------
    array, pandas.Series, timedelta64 or Period array, or None
        What is no plain type yet (durations, periods) is one of pandas' own.

    Raises
    ------
    Refused
    """
    cells = values.to_numpy(dtype=object)
    if pd.api.types.infer_dtype(cells, skipna=True) == "string":  # most columns, and fast
        _check_texts(cell for cell in set(cells.tolist()) if isinstance(cell, str))
        return None
    by_type = {one: _what(one) for one in set(map(type, cells.tolist()))}
    others = [one for one, what in by_type.items() if what == "other"]
    if others:
        raise _refused_types(others)
    whats = set(by_type.values()) - {"missing"}
    if whats <= {"truth"} or not whats:
        return None
    gaps = _gaps(cells, by_type)
    whats = {by_type[type(cell)] for cell in cells[~gaps].tolist()}
    if not whats:
        # Of Decimal there are gaps that pandas does not know.
        return np.full(len(cells), np.nan, dtype=object) if "decimal" in by_type.values() else None
    return _plain(cells, gaps, whats, by_type)


def _plain(
    cells: Objects, gaps: npt.NDArray[np.bool_], whats: set[What], by_type: dict[type, What]
) -> Any:
    known = cells[~gaps]
    has_decimals = "decimal" in by_type.values()  # maybe only gaps, which pandas trips over
    if whats == {"text"}:
        _check_texts(known.tolist())
        return _spread(known, gaps) if has_decimals else None
    if whats == {"truth"}:
        return _spread(known, gaps) if has_decimals else None
    if whats <= {"whole", "number"} and not has_decimals:
        return _numbers(known, gaps)
    if whats <= _NUMBERS:
        return _spread_numbers([float(cell) for cell in known.tolist()], gaps)
    if whats <= {"moment", "day"}:
        return _moments(known, gaps)
    if whats == {"clock"}:
        return _spread(written_clocks(known.tolist()), gaps)
    if whats == {"duration"}:
        return _durations(known, gaps)
    if whats <= {"bytes", "text"}:
        return _spread(_decoded(known), gaps)
    if whats == {"interval"}:
        return _intervals(cells, gaps)
    if whats == {"period"}:
        return _periods(cells, gaps)
    if whats <= _WRITTEN:
        return _mixed(cells, gaps, whats)
    raise Refused("holds values of types that no column of a file has side by side", _ONE_EACH)


def _what(one: type) -> What:
    return next((what for types, what in _WHATS if issubclass(one, types)), "other")


def _refused_types(others: list[type]) -> Refused:
    words = sorted({_WORDS.get(one, f"objects of type {one.__name__}") for one in others})
    return Refused(f"holds {' and '.join(words[:3])}", _ONE_EACH)


def _gaps(cells: Objects, by_type: dict[type, What]) -> npt.NDArray[np.bool_]:
    """Say which cells are missing, also those that pandas stumbles over."""
    tests: dict[type, Callable[[Any], bool]] = {
        one: _TESTS.get(what, _never) for one, what in by_type.items()
    }
    return np.fromiter((tests[type(cell)](cell) for cell in cells), dtype=bool, count=len(cells))


def _never(cell: Any) -> bool:
    return False


_TESTS: dict[What, Callable[[Any], bool]] = {
    "missing": lambda cell: True,
    "number": lambda cell: bool(cell != cell),
    "decimal": lambda cell: cell.is_nan(),
    "moment": lambda cell: bool(cell != cell),
    "duration": lambda cell: bool(cell != cell),
}


def _spread(known: Any, gaps: npt.NDArray[np.bool_]) -> Objects:
    cells = np.full(len(gaps), np.nan, dtype=object)
    cells[~gaps] = known
    return cells


def _spread_numbers(known: list[float], gaps: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    numbers = np.full(len(gaps), np.nan)
    numbers[~gaps] = known
    return numbers


def _check_texts(texts: Iterable[str]) -> None:
    if has_surrogates(texts):
        raise Refused(*NO_UNICODE)


def _numbers(known: Objects, gaps: npt.NDArray[np.bool_]) -> Objects | None:
    """Leave numbers as they are; whole ones that no machine counts to are text, as in a file."""
    least, most = _WHOLE_LIMITS
    if all(isinstance(cell, float | np.floating) or least <= cell < most for cell in known):
        return None
    return _spread([written(_python(cell)) for cell in known], gaps)


def _moments(known: Objects, gaps: npt.NDArray[np.bool_]) -> Any:
    moments = [cell.item() if isinstance(cell, np.datetime64) else cell for cell in known]
    if not all(isinstance(one, date) for one in moments):
        raise Refused("holds dates that lie outside the years 1 to 9999", "correct them")
    zones = {str(one.tzinfo) for one in moments if isinstance(one, datetime)}
    aware = {getattr(one, "tzinfo", None) is not None for one in moments}
    if len(aware) > 1:
        raise Refused(
            "holds dates with and without a time zone", "bring them to one: pandas.to_datetime"
        )
    if aware == {True}:
        read = pd.to_datetime(pd.Series(moments, dtype=object), utc=True)
        if len(zones) == 1:
            read = read.dt.tz_convert(moments[0].tzinfo)
        spread = pd.Series(pd.NaT, index=range(len(gaps)), dtype=read.dtype)
        spread[~gaps] = read.array
        return spread.array
    dates = np.full(len(gaps), np.datetime64("NaT", "us"), dtype="datetime64[us]")
    dates[~gaps] = [np.datetime64(one, "us") for one in moments]
    return dates


def _durations(known: Objects, gaps: npt.NDArray[np.bool_]) -> npt.NDArray[np.timedelta64]:
    spans = np.full(len(gaps), np.timedelta64("NaT", "us"), dtype="timedelta64[us]")
    spans[~gaps] = [
        (cell if isinstance(cell, np.timedelta64) else np.timedelta64(cell)).astype(
            "timedelta64[us]"
        )
        for cell in known
    ]
    return spans


def _decoded(known: Objects) -> list[str]:
    texts = [cell if isinstance(cell, str) else decoded(bytes(cell)) for cell in known]
    if any(text is None for text in texts):
        raise Refused(
            "holds bytes that are no text in UTF-8",
            "decode them (column.str.decode(encoding)), or leave pictures and the like out",
        )
    found = [str(text) for text in texts]
    _check_texts(found)
    return found


def _intervals(cells: Objects, gaps: npt.NDArray[np.bool_]) -> Any:
    different = set(cells[~gaps])
    try:
        order = sorted(different, key=lambda one: (one.left, one.right))
    except TypeError:
        raise Refused("holds intervals of several types", "make them text: astype(str)") from None
    texts = list(dict.fromkeys(str(one) for one in order))
    return pd.Categorical(
        [None if gap else str(cell) for cell, gap in zip(cells, gaps, strict=True)],
        categories=texts,
        ordered=True,
    )


def _periods(cells: Objects, gaps: npt.NDArray[np.bool_]) -> Any:
    known = cells[~gaps]
    if len({cell.freqstr for cell in known}) > 1:
        raise Refused("holds periods of several lengths", "bring them to one: period.asfreq")
    return pd.PeriodIndex([pd.NaT if gap else cell for cell, gap in zip(cells, gaps, strict=True)],
                          freq=known[0].freq).array  # fmt: skip


def _mixed(cells: Objects, gaps: npt.NDArray[np.bool_], whats: set[What]) -> Any:
    """Read cells of several types as a text table would hold them."""
    known = [_python(cell) for cell in cells[~gaps]]
    texts = [cell for cell in known if isinstance(cell, str)]
    _check_texts(texts)
    if whats <= _NUMBERS | {"text"}:
        numbers = numbers_among(known)
        if numbers is not None:
            return _spread_numbers(numbers, gaps)
        if "decimal" not in whats and _are_limits(cells, gaps):
            return None
    return _spread([written(cell) for cell in known], gaps)


def _are_limits(cells: Objects, gaps: npt.NDArray[np.bool_]) -> bool:
    """Whether only results beyond a limit and words for a missing value are text."""
    known: Any = cells[~gaps]
    found = Cells.of(pd.Series(known, dtype="object"))
    if (np.abs(found.numbers) >= 10.0**MAX_DIGITS).any():
        return False  # As text, which levels become, so long a number is not read again.
    limits = found.without(set(found.missing_numbers))
    if not limits:
        return True
    form = infer_numbers(limits)
    return form is not None and bool(form.parsed.fits.all() and form.parsed.sides.all())


def _python(cell: Any) -> Any:
    return cell.item() if isinstance(cell, np.generic) else cell
