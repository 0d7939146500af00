"""Digests of tables, by content: the same whatever file or dtype a table came by.

The notes of `table_digest` describe the canonical form.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import os
import re
from datetime import date, datetime, timedelta, timezone
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.errors import FileError, ParameterError
from synthhealth.io.cells import MISSING_WORDS
from synthhealth.io.files import reason

__all__ = [
    "KEY_VARIABLE",
    "canonical_cells",
    "check_key",
    "read_key",
    "sample_digest",
    "table_digest",
]

#: The environment variable that may hold the key.
KEY_VARIABLE = "SYNTHHEALTH_KEY"

#: Shorter keys could be guessed; `openssl rand -hex 32` gives 64.
MIN_KEY_BYTES, MAX_KEY_BYTES = 16, 4096

#: Rows that are written at once: bounds the memory, and decides nothing else.
BLOCK_ROWS = 65_536

_FORM = 1

#: Digits and sign of the longest number within 64 bits.
_LONGEST_WHOLE = 20

_NUMBER = re.compile(
    r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
).fullmatch
_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]*)").fullmatch
_TRUTHS = {"True": "true", "TRUE": "true", "true": "true"} | {
    "False": "false",
    "FALSE": "false",
    "false": "false",
}
_DATE = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.(?P<fraction>[0-9]{1,9}))?"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.ASCII,
).fullmatch


def table_digest(table: pd.DataFrame, key: bytes) -> str:
    """Give the keyed hash of a table of patients.

    Without the key nobody can tell whether a table that he guesses is the one: a plain hash could
    be tried for every value of a cell. The key stays with the owner of the table.

    Parameters
    ----------
    table : pandas.DataFrame
        The table; the order of its rows and columns counts, its index and dtypes do not.
    key : bytes
        At least 16 bytes, from a source of random numbers.

    Returns
    -------
    str
        HMAC-SHA-256 of the canonical form (see the notes), 64 hexadecimal digits.

    Raises
    ------
    ParameterError
        The key is too short, far too long, or no bytes.

    Notes
    -----
    The canonical form is small enough to be written again in any language:

    - A cell is one JSON value in ASCII. A missing cell is ``null``; so is a text that a text table
      gives back as missing (``""``, ``NA``, ...). A truth value is ``true`` or ``false``, and so
      is a text that reads as one. A number is its shortest decimal digits that read back as the
      same double, a whole one within 64 bits its digits; a single-precision number counts as its
      own shortest digits, which are what a text table holds. A text that is a number as
      `synthhealth.read_table` reads them counts as that number. A date is ``"2024-01-31"``, with a
      time of day that is not midnight ``"2024-01-31T08:30:00"``, with a time zone its instant,
      ``"2024-01-31T06:30:00Z"``; so is a text that says the same. Any other text stays as it is.
    - A column is the SHA-256 of its cells in the order of the rows, each followed by a line feed.
    - A table is the compact JSON ``{"form":1,"rows":n,"columns":[["name","sha256"],...]}`` in the
      table's order of columns. Its digest is the HMAC-SHA-256 of that under the key.

    The index does not count, since text tables do not keep it.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"age": [61, 47], "crp": [3.5, None]})
    >>> key = bytes(range(32))
    >>> digest = table_digest(table, key)
    >>> digest == table_digest(table.astype({"age": float}), key)
    True
    >>> digest == table_digest(table.iloc[::-1], key)
    False
    """
    check_key(key)
    return hmac.new(key, _canonical(table), hashlib.sha256).hexdigest()


def sample_digest(table: pd.DataFrame) -> str:
    """Give the plain hash of a synthetic table.

    Parameters
    ----------
    table : pandas.DataFrame
        The table; no patients, whose values could be guessed and tried.

    Returns
    -------
    str
        SHA-256 of the canonical form (see the notes of `table_digest`), 64 hexadecimal digits.
    """
    return hashlib.sha256(_canonical(table)).hexdigest()


def read_key(path: str | os.PathLike[str] | None = None) -> bytes | None:
    """Read the key from a file, or from the environment variable ``SYNTHHEALTH_KEY``.

    Parameters
    ----------
    path : path-like, optional
        The file; white space at its ends does not count. Without it the variable is read; an
        empty one counts as none.

    Returns
    -------
    bytes or None
        None if neither is there.

    Raises
    ------
    FileError
        The file cannot be read.
    ParameterError
        The key is too short, or far too long.
    """
    if path is None:
        key = os.fsencode(os.environ.get(KEY_VARIABLE, "")).strip()
        if not key:
            return None
        check_key(key, f"the key in the environment variable {KEY_VARIABLE}")
        return key
    try:
        with Path(path).open("rb") as file:
            key = file.read(MAX_KEY_BYTES + 1).strip()
    except OSError as error:
        raise FileError(f"{path}: the key cannot be read ({reason(error)})") from None
    check_key(key, f"{path}: the key in this file")
    return key


def check_key(key: bytes, which: str = "the key") -> None:
    """Refuse a key that is too short to be secret, or none.

    Raises
    ------
    ParameterError
    """
    if not isinstance(key, bytes):
        raise ParameterError(
            f"{which} is {type(key).__name__}, not bytes; synthhealth.artifact.read_key reads it "
            "from a file"
        )
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        n = f"more than {MAX_KEY_BYTES}" if len(key) > MAX_KEY_BYTES else f"{len(key)}"
        raise ParameterError(
            f"{which} has {n} bytes; it must have from {MIN_KEY_BYTES} to {MAX_KEY_BYTES}. "
            "Make one with: openssl rand -hex 32"
        )


def _canonical(table: pd.DataFrame) -> bytes:
    columns = [
        [str(name), _column_digest(table.iloc[:, place])]
        for place, name in enumerate(table.columns)
    ]
    content = {"form": _FORM, "rows": len(table), "columns": columns}
    return json.dumps(content, separators=(",", ":")).encode("ascii")


def _column_digest(column: pd.Series) -> str:
    digest = hashlib.sha256()
    for start in range(0, len(column), BLOCK_ROWS):
        cells = canonical_cells(column.iloc[start : start + BLOCK_ROWS])
        digest.update(("\n".join(cells) + "\n").encode("ascii"))
    return digest.hexdigest()


def canonical_cells(column: pd.Series) -> list[str]:
    """Write each cell of a column in the canonical form; see the notes of `table_digest`."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = [*canonical_cells(pd.Series(column.cat.categories)), "null"]
        return [levels[code] for code in column.cat.codes.tolist()]
    cells = _known_cells(column)
    for place in np.flatnonzero(column.isna().to_numpy()):
        cells[place] = "null"
    return cells


def _known_cells(column: pd.Series) -> list[str]:
    """Write each cell; what stands for a missing one does not matter."""
    dtype: Any = column.dtype
    if types.is_bool_dtype(dtype):
        truths = column.to_numpy(dtype=bool, na_value=False)
        return ["true" if one else "false" for one in truths.tolist()]
    if types.is_unsigned_integer_dtype(dtype):
        return [_whole(one) for one in column.to_numpy(dtype="uint64", na_value=0).tolist()]
    if types.is_integer_dtype(dtype):
        return [str(one) for one in column.to_numpy(dtype="int64", na_value=0).tolist()]
    if types.is_float_dtype(dtype):
        numbers = column.to_numpy(dtype=getattr(dtype, "numpy_dtype", dtype), na_value=np.nan)
        return _numbers(numbers)
    if isinstance(dtype, pd.DatetimeTZDtype):
        moments = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return [_text(f"{one}Z") for one in np.datetime_as_string(moments).tolist()]
    if isinstance(dtype, np.dtype) and dtype.kind == "M":
        return [_text(one) for one in np.datetime_as_string(column.to_numpy()).tolist()]
    return _objects(column.tolist())


def _objects(values: list[Any]) -> list[str]:
    texts: dict[str, str] = {}
    cells = []
    for value in values:
        if isinstance(value, str):
            cell = texts.get(value)
            if cell is None:
                cell = texts[value] = _text(value)
        else:
            cell = _object(value)
        cells.append(cell)
    return cells


def _object(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return _whole(int(value))
    if isinstance(value, np.floating):
        return _text(str(value))  # its own shortest digits
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime) and value.tzinfo is not None and not pd.isna(value):
        return _text(value.astimezone(timezone.utc).isoformat())
    if isinstance(value, date):
        return _text(value.isoformat())
    return _text(str(value))


def _numbers(values: npt.NDArray[np.floating[Any]]) -> list[str]:
    if values.dtype.itemsize < 8:
        return [_number(float(text)) for text in values.astype(str).tolist()]
    return [_number(value) for value in values.astype(np.float64).tolist()]


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < 2**63:
        return str(int(value))
    return repr(value) if math.isfinite(value) else json.dumps(value)


def _whole(value: int) -> str:
    # Longer ones are text to `read_table`.
    return str(value) if -(2**63) <= value < 2**63 else json.dumps(str(value))


def _text(text: str) -> str:
    stripped = text.strip()
    if stripped in MISSING_WORDS:
        return "null"
    if stripped in _TRUTHS:
        return _TRUTHS[stripped]
    if stripped[0] in "+-.0123456789":
        if _WHOLE(stripped):
            if len(stripped) <= _LONGEST_WHOLE and -(2**63) <= int(stripped) < 2**63:
                return str(int(stripped))
        elif _NUMBER(stripped):
            number = float(stripped)
            if math.isfinite(number):
                return _number(number)
        elif found := _DATE(stripped):
            moment = _moment(**found.groupdict())
            if moment is not None:
                return f'"{moment}"'
    return json.dumps(text)


def _moment(day: str, time: str | None, fraction: str | None, zone: str | None) -> str | None:
    """Write a date, with its time of day if it has one; None if there is no such date."""
    try:
        moment = datetime.fromisoformat(f"{day}T{time or '00:00'}")
        if zone is not None:
            moment -= datetime.strptime(zone, "%z").utcoffset() or timedelta(0)
    except (ValueError, OverflowError):
        return None
    fraction = (fraction or "").rstrip("0")
    if zone is None and not fraction and moment.time() == time_of_day.min:
        return day
    return moment.isoformat() + (f".{fraction}" if fraction else "") + ("" if zone is None else "Z")
