"""A second table in its own text form, brought to that of the first one.

Kinds, units and levels are those of the real table; how dates and decimals are written, what stands
for a missing value, and how a level is spelled, each table says for itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types
from scipy import stats

from synthhealth.cells.missing import plain_word
from synthhealth.errors import TableError
from synthhealth.schema import Column, Kind, Schema, read_column
from synthhealth.schema.reading.completion import complete_column
from synthhealth.schema.reading.vocabulary import no_or_yes
from synthhealth.schema.reading.written import WrittenColumn, WrittenTable

__all__ = ["OwnForm", "in_own_form", "unit_notes", "without_counter"]

Floats = npt.NDArray[np.float64]

_STAGE = re.compile(r"([^\W\d_]+)[ ._-]*(\d{1,2})")
#: What a value is multiplied by where another unit is meant: powers of ten, and the molar masses
#: of glucose, cholesterol, triglycerides, creatinine, urea, bilirubin, calcium, urate, haemoglobin
#: and iron; pounds and inches.
_FACTORS = (
    *(10.0, 100.0, 1000.0, 1e4, 1e6, 1e9),
    *(18.016, 38.67, 88.57, 88.42, 2.801, 6.006, 17.1, 4.008, 59.48, 1.611, 5.585, 2.205, 2.54),
)
#: A factor explains a ratio of medians that it comes as near to as this.
_NEAR = 1.15
#: Distances (Kolmogorov-Smirnov) from which on two columns are of different size, and up to which
#: they are of the same.
_APART, _ALIKE = 0.8, 0.4


@dataclass(frozen=True)
class OwnForm:
    """A table whose levels are spelled as in the real one, and how its cells are to be read."""

    table: WrittenTable
    schema: Schema
    notes: tuple[str, ...]


def in_own_form(table: WrittenTable, schema: Schema, real: pd.DataFrame, name: str) -> OwnForm:
    """Find out how a table writes what the schema says of the real one.

    Parameters
    ----------
    table : WrittenTable
        The other table.
    schema : Schema
        What the columns are, with the text form of the real table.
    real : pandas.DataFrame
        The real table as it was read.
    name : str
        What the other table is called.
    """
    columns, notes, changed = [], [], {}
    for column in schema:
        written = table[column.name]
        cells = written.values
        column = _own_notation(column, written)
        if not column.kind.is_numerical:
            words, why = _translation(column, real[column.name], cells)
            if words:
                changed[column.name] = _translated(cells, words)
                notes.append(f"{column.name}: {why} in the {name} table; matched")
        columns.append(column)
    return OwnForm(
        table.changed(table.frame.assign(**changed), changed) if changed else table,
        schema.model_copy(update={"columns": tuple(columns)}),
        tuple(notes),
    )


def without_counter(table: pd.DataFrame, known: Iterable[str]) -> tuple[pd.DataFrame, list[str]]:
    """Drop columns that only number the rows, unless they are known; say which."""
    known = set(known)
    found = [
        name for name in table.columns if name not in known and _counts_the_rows(table[name], name)
    ]
    return table.drop(columns=found), found


def unit_notes(schema: Schema, real: pd.DataFrame, other: pd.DataFrame, name: str) -> list[str]:
    """Name the columns whose values look as if they were in another unit than the real ones."""
    notes = []
    for column in schema:
        if not column.kind.is_numerical or column.kind is Kind.DATETIME:
            continue
        first, second = (_finite(table[column.name]) for table in (real, other))
        factor = _unit_factor(first, second)
        if factor is not None:
            times = f"{factor:.3g} times" if factor > 1 else f"1/{1 / factor:.3g} of"
            unit = f", which are in {column.unit}" if column.unit else ""
            notes.append(
                f"{column.name}: the values of the {name} table are about {times} the real "
                f"ones{unit}; if they are in another unit, convert them"
            )
    return notes


# Numbers and dates


def _own_notation(column: Column, cells: WrittenColumn) -> Column:
    """Read with the real table's notation where all cells fit it, else with their own."""
    if not column.kind.is_modelled or not _is_text(cells.values):
        return column
    if column.kind.is_numerical and column.notation is not None and not _n_odd(column, cells):
        return column
    own = complete_column(column.model_copy(update={"notation": None, "missing": ()}), cells)
    words = tuple(dict.fromkeys((*column.missing, *own.missing)))
    column = column.model_copy(update={"missing": words})
    if not column.kind.is_numerical or column.notation is None:
        return column
    own = own.model_copy(update={"missing": words})
    return column if _n_odd(column, cells) <= _n_odd(own, cells) else own


def _n_odd(column: Column, cells: WrittenColumn) -> int:
    try:
        return read_column(cells, column).odd
    except TableError:
        return len(cells.values)


def _is_text(cells: pd.Series) -> bool:
    return not (types.is_numeric_dtype(cells.dtype) or types.is_datetime64_any_dtype(cells.dtype))


# Levels


def _translation(
    column: Column, real: pd.Series, cells: pd.Series
) -> tuple[dict[object, object], str]:
    """Say which cells stand for which level of the real table, and what is different about them."""
    missing = {*column.missing, *map(str, column.missing)}
    levels = [*(column.levels or ()), *pd.unique(real.dropna())]
    others = [cell for cell in pd.unique(cells.dropna()) if cell not in missing]
    unknown = [cell for cell in others if not _is_among(cell, levels)]
    if not unknown or not levels:
        return {}, ""
    for spell, why in (
        (_by_value, "its levels are written as another type"),
        (_by_word, "its levels are written with other capitals or blanks"),
    ):
        words = _matched(unknown, levels, spell)
        if len(words) == len(unknown):
            return words, why
    if column.kind is Kind.BOOLEAN:
        yes = no_or_yes(levels), no_or_yes(others)
        if yes[0] is not None and yes[1] is not None:
            of_meaning = {meaning: level for level, meaning in yes[0].items()}
            if set(yes[1].values()) <= set(of_meaning):
                words = {cell: of_meaning[yes[1][cell]] for cell in unknown}
                return words, "yes and no are spelled in other words"
    words = _matched(unknown, levels, _by_stage)
    if len(words) == len(others) and len({_stage_name(cell) for cell in others}) == 1:
        return words, "its stages are written with another name"
    return {}, ""


def _matched(
    cells: Sequence[object], levels: Sequence[object], spell: Callable[[object], str]
) -> dict[object, object]:
    known: dict[str, object] = {}
    for level in levels:
        known.setdefault(spell(level), level)
    return {cell: known[spell(cell)] for cell in cells if spell(cell) in known}


def _by_value(level: object) -> str:
    """Spell 1, 1.0, "1" and "1.0" in one way."""
    try:
        return f"{float(str(level)):g}"
    except ValueError:
        return str(level)


def _by_word(level: object) -> str:
    return plain_word(str(level))


def _by_stage(level: object) -> str:
    found = _STAGE.fullmatch(_by_word(level))
    return found[2].lstrip("0") or "0" if found else _by_value(level)


def _stage_name(level: object) -> str | None:
    found = _STAGE.fullmatch(_by_word(level))
    return found[1] if found else None


def _is_among(cell: object, levels: Sequence[object]) -> bool:
    """Say whether a cell is one of the levels as it stands: 1 and 1.0 are, True and "1" are not."""
    return any(
        cell == level
        and isinstance(cell, str) == isinstance(level, str)
        and isinstance(cell, bool | np.bool_) == isinstance(level, bool | np.bool_)
        for level in levels
    )


def _translated(cells: pd.Series, words: dict[object, object]) -> pd.Series:
    found = [words.get(cell, cell) for cell in cells.astype(object)]
    return pd.Series(found, index=cells.index, name=cells.name, dtype=object).infer_objects()


# Counters and units


def _counts_the_rows(cells: pd.Series, name: object) -> bool:
    names = ("", "index", "idx", "row", "rowid", "row_id", "nr", "no", "x")
    if plain_word(str(name)) not in names and not str(name).startswith("Unnamed:"):
        return False
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    steps = np.diff(numbers)
    return bool(len(numbers) and numbers[0] in (0, 1) and (steps == 1).all())


def _finite(values: pd.Series) -> Floats:
    if not types.is_numeric_dtype(values.dtype):
        values = pd.to_numeric(values, errors="coerce")
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers[np.isfinite(numbers)]


def _unit_factor(real: Floats, other: Floats) -> float | None:
    """Give what the real values are multiplied by, if the others are the same in another unit."""
    if min(real.size, other.size) < 10 or min(np.median(real), np.median(other)) <= 0:
        return None
    ratio = float(np.median(other) / np.median(real))
    factors = (*_FACTORS, *(1 / factor for factor in _FACTORS))
    factor = min(factors, key=lambda one: abs(np.log(ratio / one)))
    if abs(np.log(ratio / factor)) > np.log(_NEAR):
        return None
    apart = stats.ks_2samp(real, other, method="asymp").statistic
    alike = stats.ks_2samp(real, other / factor, method="asymp").statistic
    return factor if apart >= _APART and alike <= _ALIKE else None
