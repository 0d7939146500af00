"""From a table to the bytes of an answer, within bounds; no traceback, and nothing quoted."""

from __future__ import annotations

import io
import json
import logging
import secrets
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synthhealth.aws._serving._requests import BATCH_ADVICE, FORMATS, Format
from synthhealth.errors import AnswerTooLargeError, NotAcceptableError, ServingError
from synthhealth.io import FileForm
from synthhealth.io.form import with_printed_digits
from synthhealth.io.text import is_ambiguous, write_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MEDIA_TYPES",
    "Reply",
    "choose_format",
    "failure",
    "has_header",
    "refusal",
    "too_large",
    "without_values",
    "write_answer",
]


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """An answer with its HTTP status.

    Attributes
    ----------
    status : int
        200, or that of a refusal or failure.
    media_type : str
        The ``Content-Type``.
    body : bytes
        The rows; else JSON with ``status``, ``error`` and ``message``.
    drawn_seed : int or None
        The seed that was drawn, if the request had none; several requests in one body count up
        from it.
    """

    status: int
    media_type: str
    body: bytes
    drawn_seed: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What else is told: of all headers this is the one that InvokeEndpoint passes on."""
        if self.drawn_seed is None:
            return {}
        return {"X-Amzn-SageMaker-Custom-Attributes": f"synthhealth-seed={self.drawn_seed}"}


def refusal(error: ServingError) -> Reply:
    """Tell the client why its request is not answered."""
    return _told(error.status, type(error).__name__, str(error))


def failure(error: Exception) -> Reply:
    """Log a failure of our own, and give the client only a reference to the log."""
    reference = secrets.token_hex(8)
    _log.error("request failed, reference %s: %s", reference, without_values(error))
    words = "the request failed inside the server; its log tells more under the reference"
    return _told(500, "InternalError", words, reference=reference)


def without_values(error: Exception) -> str:
    """Tell the kind of an error and where it came from; its message may quote a value."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{one.filename}:{one.lineno} {one.name}" for one in reversed(frames))
    return f"{type(error).__name__} at {places}"


def _told(status: int, error: str, message: str, **more: str) -> Reply:
    content = {"status": status, "error": error, "message": message, **more}
    return Reply(status, "application/json", json.dumps(content).encode())


MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "json": "application/json",
    "jsonlines": "application/jsonlines",
    "parquet": "application/vnd.apache.parquet",
}
_ALIASES: dict[str, Format] = {
    **{media_type: form for form, media_type in MEDIA_TYPES.items()},
    "application/x-jsonlines": "jsonlines",
    "application/jsonl": "jsonlines",
    "application/x-ndjson": "jsonlines",
    "application/x-parquet": "parquet",
}
#: What is given where the client takes anything of a kind; the first of all where it says nothing.
_WILDCARDS: dict[str, Format] = {"*/*": "json", "application/*": "json", "text/*": "csv"}

#: Rows written at once: other threads run between blocks, and too large an answer is found early.
_BLOCK = 1_000


def choose_format(asked: Format | None, accept: str | None) -> Format:
    """Give the form of an answer: what the request asks for, else the best that is accepted.

    Parameters
    ----------
    asked : str or None
        The request's own ``format``.
    accept : str or None
        An ``Accept`` header (RFC 9110, section 12.5.1).

    Raises
    ------
    NotAcceptableError
        Nothing that is accepted can be written.

    Examples
    --------
    >>> from synthhealth.aws._serving._answers import choose_format
    >>> choose_format(None, "text/html, text/csv;q=0.5, */*;q=0.1")
    'csv'
    """
    if asked is not None:
        return asked
    if not accept or not accept.strip():
        return _WILDCARDS["*/*"]
    best: tuple[float, Format] | None = None
    for part in accept.split(","):
        kind, *parameters = (word.strip().lower() for word in part.split(";"))
        form = _ALIASES.get(kind) or _WILDCARDS.get(kind)
        weight = _weight(parameters)
        if form is not None and weight > 0 and (best is None or weight > best[0]):
            best = weight, form
    if best is None:
        raise NotAcceptableError(
            f"the Accept header names nothing that can be written; accept one of "
            f"{', '.join(MEDIA_TYPES.values())}, or name a format in the request: "
            f"{', '.join(FORMATS)}"
        )
    return best[1]


def has_header(accept: str | None) -> bool:
    """Tell whether a CSV shall name its columns: not if ``text/csv; header=absent`` is accepted.

    So says RFC 4180; it is for batch transform, which puts the answers to many requests into one
    file.
    """
    for part in (accept or "").lower().split(","):
        kind, *parameters = (word.strip() for word in part.split(";"))
        if kind == MEDIA_TYPES["csv"] and "header=absent" in parameters:
            return False
    return True


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def write_answer(
    table: pd.DataFrame, form: Format, max_bytes: int, *, header: bool = True
) -> bytes:
    """Write a table.

    Parameters
    ----------
    table : pandas.DataFrame
        The synthetic rows.
    form : str
        One of `FORMATS`.
    max_bytes : int
        The most bytes that the answer may have.
    header : bool
        Whether a CSV begins with the names of its columns.

    Raises
    ------
    AnswerTooLargeError
        It would have more.
    NotAcceptableError
        The form cannot hold the table.
    """
    written = io.BytesIO()
    n_rows = 0
    blocks = _parquet(table) if form == "parquet" else _text_blocks(table, form, header)
    for n_block, block in blocks:
        written.write(block)
        n_rows += n_block
        if written.tell() > max_bytes:
            raise too_large(form, max_bytes, n_rows * max_bytes // written.tell())
    return written.getvalue()


def too_large(form: Format, max_bytes: int, n_fit: int) -> AnswerTooLargeError:
    """Say that an answer would be too large, and about how many rows fit."""
    return AnswerTooLargeError(
        f"the answer would have more than the {max_bytes:,} bytes that may be sent; about "
        f"{n_fit:,} rows of this table fit as {form}; {BATCH_ADVICE}"
    )


def _text_blocks(table: pd.DataFrame, form: Format, header: bool) -> Iterator[tuple[int, bytes]]:
    """Give the rows and bytes of each block."""
    if form == "csv":
        yield from _csv_blocks(table, header)
        return
    table = with_printed_digits(table)
    names = [str(name) for name in table.columns]
    between, end = ("\n", "\n") if form == "jsonlines" else (",\n", "]\n")
    for start in range(0, len(table), _BLOCK):
        block = table.iloc[start : start + _BLOCK]
        rows = zip(*(_cells(block.iloc[:, place]) for place in range(len(names))), strict=True)
        lines = [
            json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False)
            for row in rows
        ]
        opening = ("[" if form == "json" else "") if start == 0 else between
        yield len(block), (opening + between.join(lines)).encode()
    yield 0, end.encode()


def _csv_blocks(table: pd.DataFrame, header: bool) -> Iterator[tuple[int, bytes]]:
    form, quoted = FileForm(".csv"), is_ambiguous(table)
    for start in range(0, len(table), _BLOCK):
        block, text = table.iloc[start : start + _BLOCK], io.StringIO()
        write_rows(block, text, form, header=header and start == 0, quoted=quoted)
        yield len(block), text.getvalue().encode()


def _parquet(table: pd.DataFrame) -> Iterator[tuple[int, bytes]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    try:
        pq.write_table(pa.Table.from_pandas(table), file)
    # Silent about the cause, since its message may quote a value.
    except (pa.ArrowException, TypeError, ValueError):
        raise NotAcceptableError(
            "this table does not fit into Parquet; ask for csv, json or jsonlines"
        ) from None
    yield len(table), file.getvalue()


def _cells(column: pd.Series) -> list[Any]:
    """Give the cells as JSON has them; dates as ISO 8601."""
    missing = column.isna()
    pairs = zip(column.astype(object), missing, strict=True)
    return [None if gap else _plain(cell) for cell, gap in pairs]


def _plain(cell: Any) -> str | float | int | bool:
    import numpy as np

    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, (str, bool, int, float)):
        return cell
    # Dates and times know their ISO form; whatever else a table may hold is shown as it prints.
    return str(cell.isoformat()) if hasattr(cell, "isoformat") else str(cell)
