"""Fake identifiers in the place of the real ones: of their form, and nothing learned but that."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from synthhealth.errors import SchemaError
from synthhealth.schema.identifiers.patterns import Pattern, pattern_of
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import Column, Kind, Protection

__all__ = ["add_fakes", "learn_fakes"]

#: Fake dates are days from here on, whatever the real ones are.
_FIRST_DAY = np.datetime64("1930-01-01")
_DAYS = 32_872  # to the end of 2019

#: Subjects are numbered: S0001, S0002, ..., or 1, 2, ... where they were numbers.
_SUBJECTS, _NUMBERED_SUBJECTS = "'S'9999", "#"
#: Whole numbers of more digits do not fit 64 bits.
_MOST_DIGITS = 18
#: Words of a text from which on it is a sentence; letters of a name up to which it is initials.
_SENTENCE, _INITIALS = 4, 3

_EMAIL = "{first}.{last}99@'example'.'org'"
_WEB = "'https'://'example'.'org'/999999"


def learn_fakes(table: pd.DataFrame, schema: Schema) -> Schema:
    """Fill in the pattern of the columns that are to be replaced by fakes.

    Parameters
    ----------
    table : pandas.DataFrame
        The real table.
    schema : Schema
        Its columns.

    Returns
    -------
    Schema
        The same schema; the subject, and columns with ``protection: fake``, have a pattern, where
        their fakes need one.

    Raises
    ------
    SchemaError
        A column cannot be replaced by fakes, such as an age.
    """
    return schema.model_copy(
        update={
            "columns": tuple(
                _with_pattern(column, table[column.name], is_subject=column.name == schema.subject)
                if column.name in table
                else column
                for column in schema
            )
        }
    )


def add_fakes(
    synthetic: pd.DataFrame, schema: Schema, rng_seed: int, *, first_row: int = 0
) -> pd.DataFrame:
    """Put fake identifiers into a synthetic table, in their columns' places.

    A fake follows from the seed, the column's name and the row's number alone: tables made in
    chunks are those made at once. Each row is a new patient: the subjects run in order, ``S0001``,
    ``S0002``, unless the schema gives them a pattern. Codes are all different; names and places
    are drawn from the lists of Faker. Fakes are made without a look at the real values, so that
    one may equal a real one by accident.

    Parameters
    ----------
    synthetic : pandas.DataFrame
        A synthetic table without the columns to fake.
    schema : Schema
        The columns of the whole table, with their patterns (`learn_fakes`).
    rng_seed : int
        The seed.
    first_row : int, default 0
        The number of the table's first row, where it is a chunk of a larger one.

    Returns
    -------
    pandas.DataFrame
        A new table with the columns in the schema's order.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import Column, Schema
    >>> from synthhealth.schema.identifiers._fakes import add_fakes
    >>> mrn = Column(name="mrn", kind="identifier", protection="fake", pattern="AA-9999")
    >>> schema = Schema(columns=(mrn, Column(name="crp", kind="continuous")))
    >>> add_fakes(pd.DataFrame({"crp": [3.1, 8.0]}), schema, 0)["mrn"].str.len().tolist()
    [7, 7]
    """
    faked = {
        column.name: _fakes(column, len(synthetic), rng_seed, first_row)
        for column in schema
        if column.protection is Protection.FAKE
        or (column.name == schema.subject and column.protection is None)
    }
    if not faked:
        return synthetic
    parts = [
        faked[name].set_axis(synthetic.index).rename(name) if name in faked else synthetic[name]
        for name in schema.names
        if name in faked or name in synthetic
    ]
    table = pd.concat(parts, axis=1)
    table.attrs = dict(synthetic.attrs)
    return table


def _with_pattern(column: Column, values: pd.Series, *, is_subject: bool) -> Column:
    if is_subject and column.protection is None:
        numbered = types.is_numeric_dtype(values.dtype)
        chosen = column.pattern or (_NUMBERED_SUBJECTS if numbered else _SUBJECTS)
        return column.model_copy(update={"pattern": chosen})
    if column.protection is not Protection.FAKE or column.pattern is not None or _is_date(column):
        return column
    if column.identifier == "age over 89":
        raise SchemaError(
            f"column {column.name!r}: ages have no fakes; write protection: generalise (90 and "
            "over becomes 90) or drop"
        )
    return column.model_copy(
        update={
            "pattern": _pattern_for(
                column, values[values.notna() & ~values.isin(list(column.missing))]
            )
        }
    )


def _pattern_for(column: Column, known: pd.Series) -> str:
    if types.is_numeric_dtype(known.dtype):
        largest = known.abs().max() if len(known) else 9
        return "#" + "9" * (min(len(str(int(largest))), _MOST_DIGITS) - 1)
    cells = [str(cell).strip() for cell in known.unique()]
    cells = [cell for cell in cells if cell]
    if column.kind is Kind.TEXT or column.identifier == "free text":
        return _text_pattern(cells)
    match column.identifier:
        case "name":
            return _name_pattern(column.name, cells)
        case "place":
            return "{City}"
        case "address":
            return "99 {Street}"
        case "e-mail address":
            return _EMAIL
        case "web address":
            return _WEB
        case "IP address":
            return "'10'.9.99.99"
    return pattern_of(cells) if cells else "999999"


def _text_pattern(cells: list[str]) -> str:
    """Write sentences for sentences and words for words; codes and measures keep their form."""
    signs = [sign for cell in cells for sign in cell if not sign.isspace()]
    if 2 * sum(sign.isalpha() for sign in signs) < len(signs):
        return pattern_of(cells)
    words = int(np.median([len(cell.split()) for cell in cells])) if cells else _SENTENCE
    return "{Sentence}" if words >= _SENTENCE else " ".join(["{Word}", *["{word}"] * (words - 1)])


def _name_pattern(name: str, cells: list[str]) -> str:
    """Write names as the real ones are: one word or two, which first, in capitals or not."""
    if cells and all(cell.isascii() and len(cell.replace(".", "")) <= _INITIALS for cell in cells):
        return pattern_of(cells)
    said = name.lower()
    if sum(" " in cell for cell in cells) * 2 < len(cells):
        given = ("first", "given", "fore", "vorname", "prenom", "middle", "nombre")
        form = "{First}" if any(word in said for word in given) else "{Last}"
    elif sum("," in cell for cell in cells) * 2 > len(cells):
        form = "{Last}, {First}"
    else:
        form = "{First} {Last}"
    capitals = cells and sum(cell.isupper() for cell in cells) * 2 > len(cells)
    return form.upper() if capitals else form


def _is_date(column: Column) -> bool:
    return column.identifier == "date" or column.kind is Kind.DATETIME


def _fakes(column: Column, n: int, seed: int, first_row: int) -> pd.Series:
    key = f"{seed}:{column.name}"
    if column.protection is None and column.pattern in (_SUBJECTS, _NUMBERED_SUBJECTS):
        return _numbered(n, first_row, as_text=column.pattern == _SUBJECTS)
    if _is_date(column):
        return _fake_dates(column, n, key, first_row)
    if column.pattern is None:
        raise SchemaError(
            f"column {column.name!r}: its fakes need a pattern; write one into the schema "
            "(pattern: AA-9999)"
        )
    pattern = Pattern.parse(column.pattern)
    codes = pattern.fill(first_row, n, key=key)
    if pattern.is_number:
        return pd.Series([int(code) for code in codes], dtype=np.int64)
    return pd.Series(codes, dtype=object)


def _numbered(n: int, first_row: int, *, as_text: bool) -> pd.Series:
    numbers = range(first_row + 1, first_row + n + 1)
    if not as_text:
        return pd.Series(numbers, dtype=np.int64)
    return pd.Series([f"S{number:04d}" for number in numbers], dtype=object)


def _fake_dates(column: Column, n: int, key: str, first_row: int) -> pd.Series:
    numbers = Pattern.parse("999999999").fill(first_row, n, key=key)
    days = np.array(numbers, dtype=np.int64) % _DAYS
    from synthhealth.schema.reading.dates import SERIALS, print_dates

    dates = pd.Series(_FIRST_DAY + days.astype("timedelta64[D]"), dtype="datetime64[ns]")
    notation = column.notation
    if notation is None or not notation.dates or notation.dates[0] in SERIALS:
        return dates
    return pd.Series(print_dates(dates.to_numpy(dtype="datetime64[us]"), notation), dtype=object)
