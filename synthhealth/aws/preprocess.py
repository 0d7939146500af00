"""One uploaded CSV made ready for training, in constant memory and with the standard library only.

It runs where neither pandas nor SDV fits, as in AWS Lambda; nothing in it knows AWS.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence

from synthhealth.aws.uploads.columns import COUNTED, ColumnReader, clear_marks
from synthhealth.aws.uploads.identifiers import IdentifierFound
from synthhealth.aws.uploads.report import ColumnCounts, PreparationReport
from synthhealth.aws.uploads.schema import ColumnPlan, read_schema
from synthhealth.aws.uploads.text import BLOCK_BYTES, Decoder, Lines
from synthhealth.errors import FileError, TableError
from synthhealth.io.form import SEPARATORS
from synthhealth.io.lines import find_separator

__all__ = ["ColumnCounts", "IdentifierFound", "Preparation", "PreparationReport", "prepare"]

#: Rows are cleaned together until they have this many letters.
_LETTERS_AT_ONCE = 1 << 17
#: Cells that all columns together remember.
_REMEMBERED = 1 << 17


def prepare(pieces: Iterable[bytes], schema_json: str | bytes) -> Preparation:
    r"""Clean a CSV piece by piece.

    Found out: the encoding (UTF-8, with or without a mark, or Windows-1252), the separator and the
    decimal mark. The header must have the schema's columns in their order. Numbers are written
    without unit and thousands marks, detection limits as ``<0.5``, what stands for a missing value
    as nothing. The clean table is UTF-8, parted by commas, and read by the same schema: the decimal
    mark is a point, or the comma if the schema's notation says so, and a missing code stays where
    the levels are numbers in the form of text, which they would not be without it.

    Whether there are direct identifiers is only known at the end: write the chunks where they can
    be taken back, and look at the report's decision first.

    Parameters
    ----------
    pieces : iterable of bytes
        The file's bytes, in pieces of any size; how they are cut changes nothing.
    schema_json : str or bytes
        A schema as `Schema.to_file` writes it in JSON.

    Returns
    -------
    Preparation
        An iterator over the chunks of the clean table; its `report` is there after the last.

    Raises
    ------
    SchemaError
        The schema is malformed. All other errors come while iterating: `FileError` and
        `TableError` for content that is no such table; no message holds a cell.

    Examples
    --------
    >>> from synthhealth.aws.preprocess import prepare
    >>> schema = '{"columns": [{"name": "crp", "kind": "continuous"}]}'
    >>> table = prepare([b"crp\r\n3,5\r\n< 0,5\r\nn.d.\r\n"], schema)
    >>> b"".join(table)
    b'crp\n3.5\n<0.5\n""\n'
    >>> table.report.decision, table.report.columns[0].counts["missing"]
    ('clean', 1)
    """
    return Preparation(pieces, read_schema(schema_json))


class Preparation(Iterator[bytes]):
    """The chunks of a clean table, and then its report; see `prepare`."""

    def __init__(self, pieces: Iterable[bytes], plans: Sequence[ColumnPlan]) -> None:
        self._report: PreparationReport | None = None
        self._chunks = self._clean(pieces, plans)

    def __next__(self) -> bytes:
        return next(self._chunks)

    @property
    def report(self) -> PreparationReport:
        """What was seen and decided.

        Raises
        ------
        TableError
            Not all chunks have been taken.
        """
        if self._report is None:
            raise TableError("the report is there when all chunks have been taken without error")
        return self._report

    def _clean(self, pieces: Iterable[bytes], plans: Sequence[ColumnPlan]) -> Iterator[bytes]:
        decoder = Decoder()
        texts = decoder.decode(pieces)
        head = next(texts, "")
        is_cut = len(head) >= BLOCK_BYTES // 4  # a letter has four bytes at most
        separator = _separator(head, plans, is_cut)
        readers = _readers(plans, head, separator, is_cut)
        rows = _Rows(itertools.chain([head], texts), separator)
        with_unit = _check_header(rows.header(), plans)

        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([plan.name for plan in plans])
        takes = [reader.take for reader in readers]
        n_rows = 0
        for some in rows.cells(len(plans)):
            columns = [
                take(cells) for take, cells in zip(takes, zip(*some, strict=True), strict=True)
            ]
            writer.writerows(zip(*columns, strict=True))
            n_rows += len(some)
            yield _emptied(out)
        if not n_rows:
            raise TableError(
                "there is a header but no rows; nothing can be learned from it, export it again"
            )
        marks = {mark for reader in readers for mark in reader.marks}
        for reader in readers:
            reader.check_marks(marks)
            reader.check_readable(n_rows)
        yield _emptied(out)
        found = tuple(one for reader in readers for one in reader.identifiers(n_rows))
        self._report = PreparationReport(
            decision="quarantine" if found else "clean",
            encoding=decoder.encoding,
            separator=separator,
            n_rows=n_rows,
            blank_lines=rows.blank_lines,
            units_in_header=with_unit,
            columns=tuple(
                ColumnCounts(
                    reader.plan.name,
                    reader.plan.kind,
                    reader.plan.unit,
                    {what: reader.counts[what] for what in COUNTED},
                )
                for reader in readers
            ),
            identifiers=found,
        )


class _Rows:
    """The rows of a CSV, each of the same number of cells."""

    def __init__(self, texts: Iterable[str], separator: str) -> None:
        self.blank_lines = 0
        self._lines = Lines(texts)
        self._reader = csv.reader(self._lines, delimiter=separator, strict=True)

    def header(self) -> list[str]:
        try:
            for row in self._reader:
                if any(cell.strip() for cell in row):
                    return row
                self.blank_lines += 1
        except csv.Error:
            raise self._malformed() from None
        raise FileError("the file holds no table, only blank lines; export it again")

    def cells(self, width: int) -> Iterator[list[list[str]]]:
        """Give some rows at a time; how many depends on the text alone."""
        lines = self._lines
        some: list[list[str]] = []
        enough = lines.letters + _LETTERS_AT_ONCE
        try:
            for row in self._reader:
                lines.end_row()
                if len(row) == width:
                    some.append(row)
                elif not row or (len(row) == 1 and not row[0].strip()):
                    self.blank_lines += 1
                else:
                    raise self._of_another_width(len(row), width)
                if lines.letters >= enough and some:
                    yield some
                    some = []
                    enough = lines.letters + _LETTERS_AT_ONCE
        except csv.Error:
            raise self._malformed() from None
        if some:
            yield some

    def _of_another_width(self, found: int, width: int) -> TableError:
        return TableError(
            f"line {self._reader.line_num} has {found} values but the header has {width} names; "
            "quote values that contain the separator, or export the table again"
        )

    def _malformed(self) -> FileError:
        return FileError(
            f"line {self._reader.line_num} is not well-formed CSV; look for a quotation mark that "
            "is never closed, or export the table again"
        )


def _separator(head: str, plans: Sequence[ColumnPlan], is_cut: bool) -> str:
    """Find the separator: the one that cuts the header into the schema's names, if any does."""
    if len(plans) == 1:  # none parts a table of one column: 3,5 is one number
        return next((mark for mark in "\t;|" if mark not in head), ",")
    for mark in SEPARATORS:
        header = next((row for row in _head_rows(head, mark) if any(row)), [])
        if len(header) == len(plans) and all(map(_is_named, header, plans)):
            return mark
    return find_separator(head, cut=is_cut)


def _head_rows(head: str, separator: str) -> Iterator[list[str]]:
    """Give the rows of a file's beginning, as far as they are well-formed."""
    rows = csv.reader(io.StringIO(head, newline=""), delimiter=separator, strict=True)
    # The reading proper says what is wrong, and where.
    with contextlib.suppress(csv.Error):
        yield from rows


def _readers(
    plans: Sequence[ColumnPlan], head: str, separator: str, is_cut: bool
) -> list[ColumnReader]:
    """Make the readers of the columns, with the decimal marks that the file's beginning shows."""
    rows = [row for row in _head_rows(head, separator) if len(row) == len(plans)]
    if is_cut:
        del rows[-1:]  # it may end in the middle of a number
    columns = [[row[place] for row in rows] for place in range(len(plans))]
    marks = [
        clear_marks(cells[1:]) if plan.is_number else frozenset[str]()
        for plan, cells in zip(plans, columns, strict=True)
    ]
    of_table = frozenset(mark for one in marks for mark in one)
    # A schema that says how numbers are written goes with the clean table, too.
    said = frozenset(plan.decimal for plan in plans if plan.is_number and plan.decimal is not None)
    written = _only(said) or "."
    readers = [
        ColumnReader(
            plan,
            _only(own) or _only(of_table),
            max(16, _REMEMBERED // len(plans)),
            written=(plan.decimal if plan.is_number else None) or written,
        )
        for plan, own in zip(plans, marks, strict=True)
    ]
    for reader, cells in zip(readers, columns, strict=True):
        reader.expect(cells[1:])
    return readers


def _only(marks: frozenset[str]) -> str | None:
    return next(iter(marks)) if len(marks) == 1 else None


def _check_header(header: Sequence[str], plans: Sequence[ColumnPlan]) -> tuple[str, ...]:
    """Compare the header with the schema; give the columns whose header says their unit.

    What the header says stays untold: of a file without one it is a patient's row.
    """
    if len(header) != len(plans):
        raise TableError(
            f"the header has {len(header)} names but the schema {len(plans)} columns; the first "
            f"line must hold the schema's names, in their order: {_listed(plans)}"
        )
    with_unit = []
    for place, (said, plan) in enumerate(zip(header, plans, strict=True), start=1):
        if _is_named(said, plan):
            if said.strip() != plan.name.strip():
                with_unit.append(plan.name)
            continue
        elsewhere = any(_is_named(said, other) for other in plans)
        raise TableError(
            f"column {place} of the header is not {plan.name!r} as in the schema"
            + ("; the columns stand in another order" if elsewhere else "")
            + f"; the schema's columns are {_listed(plans)}"
        )
    return tuple(with_unit)


def _is_named(said: str, plan: ColumnPlan) -> bool:
    name = said.strip()
    with_unit = (f"{plan.name} ({plan.unit})", f"{plan.name} [{plan.unit}]")
    return name == plan.name.strip() or (plan.unit is not None and name in with_unit)


def _listed(plans: Sequence[ColumnPlan]) -> str:
    more = f" and {len(plans) - 20} more" if len(plans) > 20 else ""
    return ", ".join(plan.name for plan in plans[:20]) + more


def _emptied(out: io.StringIO) -> bytes:
    chunk = out.getvalue().encode()
    out.seek(0)
    out.truncate()
    return chunk
