"""From the bytes of a request to what it asks for, or why it is not answered."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, TypeGuard, get_args

from synthhealth.errors import MediaTypeError, RequestError, nearest

__all__ = [
    "BATCH_ADVICE",
    "FORMATS",
    "MAX_ROWS",
    "Cell",
    "Format",
    "Request",
    "Requests",
    "read_requests",
]

Format = Literal["csv", "json", "jsonlines", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

#: A value that a condition asks for.
Cell = str | float | int | bool | None

#: Rows of one answer: what is drawn at once. More is a batch job's work.
MAX_ROWS = 100_000

#: Requests in one body; each is drawn by itself.
MAX_REQUESTS = 100

#: Signs of one request: more would hold up all others while they are read.
MAX_SIGNS = 2**16

#: The largest seed, and the largest whole number that a float holds exactly.
MAX_SEED, MAX_WHOLE = 2**63 - 1, 2**53

#: The longest text that a condition asks for, and the most digits of a number.
MAX_TEXT, MAX_DIGITS = 1_000, 400

#: What to do for more than an endpoint gives.
BATCH_ADVICE = (
    "ask for fewer, or run the batch job (a Processing job), which writes any number of rows to S3"
)

_JSON_TYPES = {"application/json"}
_LINES_TYPES = {
    "application/jsonlines",
    "application/x-jsonlines",
    "application/jsonl",
    "application/x-ndjson",
}
_CSV_TYPES = {"text/csv"}
_KEYS = ("num_rows", "seed", "conditions", "format")


@dataclass(frozen=True)
class Request:
    """What one request asks for.

    Attributes
    ----------
    num_rows : int
        How many rows.
    seed : int or None
        The same seed gives the same rows; without one they differ from call to call.
    conditions : mapping of str to Cell or list of two
        Values that every row shall have, by column; None: missing; ``[low, high]``: a range.
    """

    num_rows: int
    seed: int | None = None
    conditions: Mapping[str, Cell | list[Cell]] = field(default_factory=dict)


@dataclass(frozen=True)
class Requests:
    """What a body asks for: one table, made of the rows of one request after the other.

    Attributes
    ----------
    requests : tuple of Request
        At least one.
    format : str or None
        The form of the answer, one of `FORMATS`; None: what the client accepts decides.
    """

    requests: tuple[Request, ...]
    format: Format | None = None


def read_requests(body: bytes | str, content_type: str | None) -> Requests:
    """Read a body. See `synthhealth.aws.serving.input_fn`."""
    media_type, has_header = _media_type(content_type)
    text = _text(body)
    if media_type in _JSON_TYPES:
        found = [_parse(text, "the body")]
    elif media_type in _LINES_TYPES:
        found = list(islice(_lines(text), MAX_REQUESTS + 1))
    elif media_type in _CSV_TYPES:
        found = list(islice(_csv_rows(text, has_header), MAX_REQUESTS + 1))
    else:
        raise MediaTypeError(
            "the body's Content-Type is not one that is read; send application/json, "
            "application/jsonlines or text/csv"
        )
    if not found:
        raise RequestError('the body holds no request; send, for example, {"num_rows": 100}')
    if len(found) > MAX_REQUESTS:
        raise RequestError(
            f"the body holds more than {MAX_REQUESTS} requests; send them in several calls (in "
            "batch transform: BatchStrategy SingleRecord)"
        )
    read = [_request(value) for value in found]
    formats = {form for _, form in read}
    if len(formats) > 1:
        raise RequestError("the requests of one body must ask for the same format")
    requests = tuple(request for request, _ in read)
    if sum(request.num_rows for request in requests) > MAX_ROWS:
        raise RequestError(
            f"the requests of one body ask for more than {MAX_ROWS:,} rows together; {BATCH_ADVICE}"
        )
    return Requests(requests, formats.pop())


def _media_type(content_type: str | None) -> tuple[str, bool]:
    """Give the media type, and whether a CSV has a header (RFC 4180)."""
    kind, *parameters = (content_type or "application/json").split(";")
    has_header = True
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        wanted = value.strip().strip('"').lower()
        if name.strip().lower() == "charset" and wanted not in ("utf-8", "utf8", "us-ascii"):
            raise MediaTypeError("the body must be UTF-8")
        if name.strip().lower() == "header" and wanted == "absent":
            has_header = False
    return kind.strip().lower(), has_header


def _text(body: bytes | str) -> str:
    if isinstance(body, str):
        return body.removeprefix("\ufeff")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestError("the body is not UTF-8") from None


def _lines(text: str) -> Iterator[Any]:
    # Not splitlines: a text of JSON may hold the other ends of lines that Python knows.
    for number, line in enumerate(io.StringIO(text, newline="\n"), start=1):
        if line.strip():
            yield _parse(line, f"line {number}")


def _csv_rows(text: str, has_header: bool) -> Iterator[dict[str, Any]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(rows, [])] if has_header else list(_KEYS)
        _check_keys(header, "the header of the CSV")
        for row in rows:
            if not row:
                continue
            if len(row) != len(header) and (has_header or len(row) > len(header)):
                raise RequestError(
                    f"line {rows.line_num} has {len(row)} values for {len(header)} names"
                )
            where = f"line {rows.line_num}"
            yield {
                name: cell.strip() if name == "format" else _parse(cell, f"{where}, {name}")
                for name, cell in zip(header, row, strict=has_header)
                if cell.strip()
            }
    except csv.Error:
        raise RequestError(
            "the body is not well-formed CSV; look for a quotation mark that is never closed"
        ) from None


class _MalformedError(ValueError):
    pass


def _parse(text: str, where: str) -> Any:
    if len(text.strip()) > MAX_SIGNS:
        raise RequestError(f"{where}: one request may have {MAX_SIGNS:,} signs")
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_no_number,
        )
    except RecursionError:
        raise RequestError(f"{where}: the JSON is nested too deeply") from None
    except _MalformedError as error:
        raise RequestError(f"{where}: {error}") from None
    except ValueError:
        raise RequestError(f"{where}: this is not JSON") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _MalformedError("a key stands twice in one object")
    return found


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _MalformedError("a number has too many digits")
    return int(text)


def _finite(text: str) -> float:
    if len(text) > MAX_DIGITS:
        raise _MalformedError("a number has too many digits")
    number = float(text)
    if not math.isfinite(number):
        raise _MalformedError("a number is too large")
    return number


def _no_number(text: str) -> float:
    raise _MalformedError("numbers must be finite")


def _check_keys(keys: list[str], where: str) -> None:
    if len(set(keys)) < len(keys):
        raise RequestError(f"{where} names a key twice")
    for key in keys:
        if key not in _KEYS:
            raise RequestError(
                f"{where} has a key that is not known{nearest(key, _KEYS)}; "
                f"the keys are {', '.join(_KEYS)}"
            )


def _request(value: Any) -> tuple[Request, Format | None]:
    if not isinstance(value, dict):
        raise RequestError('a request is a JSON object, such as {"num_rows": 100, "seed": 1}')
    _check_keys(list(value), "the request")
    n = value.get("num_rows")
    if not _is_whole(n) or not 1 <= n <= MAX_ROWS:
        more = f"; for more rows, {BATCH_ADVICE}" if _is_whole(n) and n > MAX_ROWS else ""
        raise RequestError(f"num_rows must be a whole number from 1 to {MAX_ROWS:,}{more}")
    seed = value.get("seed")
    if seed is not None and not (_is_whole(seed) and 0 <= seed <= MAX_SEED):
        raise RequestError(f"seed must be a whole number from 0 to {MAX_SEED}, or left out")
    form = value.get("format")
    if form is not None and form not in FORMATS:
        raise RequestError(f"format must be one of {', '.join(FORMATS)}, or left out")
    return Request(n, seed, _conditions(value.get("conditions"))), form


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _conditions(value: Any) -> dict[str, Cell | list[Cell]]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RequestError(
            'conditions must be an object of columns and values, such as {"sex": "F"}, or left out'
        )
    for cell in _cells(value.values()):
        if isinstance(cell, str) and (len(cell) > MAX_TEXT or not _is_unicode(cell)):
            raise RequestError(f"a condition's text must be Unicode of at most {MAX_TEXT:,} signs")
        if _is_whole(cell) and abs(cell) > MAX_WHOLE:
            raise RequestError("a condition's number is too large")
    return value


def _cells(conditions: Iterable[Any]) -> Iterator[Cell]:
    """Give what conditions are made of: themselves, or the two ends of a range."""
    for condition in conditions:
        ends = condition if isinstance(condition, list) else [condition]
        is_range = isinstance(condition, list)
        if (is_range and len(ends) != 2) or any(isinstance(end, (list, dict)) for end in ends):
            raise RequestError(
                "a condition must be one text, number, true, false or null, or a range of numbers "
                "or dates, [low, high], null for an open end; for several values, send one request "
                "for each (as JSON Lines)"
            )
        yield from ends


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
