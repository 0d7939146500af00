"""What a verb is given: tables, what their columns are, and how it learns them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from synthhealth.cli._options import literal, pairs
from synthhealth.errors import ParameterError
from synthhealth.io import FileForm, read_with_form, table_suffix
from synthhealth.io.cells import columns_with_words
from synthhealth.io.encodings import is_unicode

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.cli._options import Protect
    from synthhealth.ledger import Ledger
    from synthhealth.schema import Schema
    from synthhealth.synthesizer import Synthesizer


#: Notes about one file.
MOST_NOTES = 3


@dataclass(frozen=True)
class Said:
    """What is said of the text tables that a verb reads."""

    encoding: str | None = None
    header: bool | None = None
    keep_words: list[str] | None = None
    schema: Path | None = None


def read(
    path: Path,
    sheet: str | None = None,
    drop: list[str] | None = None,
    said: Said | None = None,
    *,
    is_other: bool = False,
) -> tuple[pd.DataFrame, FileForm]:
    """Read a table; what is uncertain about its form is a note on standard error.

    With `is_other` it is not the table that the options are about: it may be in Unicode, and have
    names where that one has none.
    """
    said = said or Said()
    keep_words = list(said.keep_words or ())
    if said.schema is not None:
        from synthhealth.schema import Schema

        keep_words += columns_with_words(Schema.from_file(said.schema))
    table, form = read_with_form(
        path,
        sheet=sheet,
        encoding=None if is_other and _is_unicode(path) else said.encoding,
        header=said.header or (None if is_other else said.header),
        keep_words=keep_words,
    )
    for name in said.keep_words or ():
        if name not in table.columns:
            raise ParameterError(f"--keep-words: {path} has no column {name!r}; check the spelling")
    _tell(path, form)
    for name in drop or ():
        if name not in table.columns:
            # Not the names it has: a file without a header has a patient in their place.
            raise ParameterError(f"--drop: {path} has no column {name!r}; check the spelling")
    return table.drop(columns=drop or []), form


def _tell(path: Path, form: FileForm) -> None:
    """Say in a few lines what is uncertain about a file, the weightiest first."""
    if not form.doubts:
        return
    from synthhealth.schema.detection.doubts import weight_of, with_settlement

    ranked = sorted(form.doubts, key=lambda doubt: -weight_of(doubt))
    for doubt in ranked[:MOST_NOTES]:
        typer.echo(with_settlement(f"note: {path}: {doubt}", doubt), err=True)
    if len(ranked) > MOST_NOTES:
        more = f"{len(ranked) - MOST_NOTES} more about how the file was read"
        typer.echo(f"note: {path}: and {more}; sniff() lists them in Python", err=True)


def _is_unicode(path: Path) -> bool:
    suffix = table_suffix(path)
    try:
        return suffix in (".parquet", ".xlsx") or is_unicode(path, suffix)
    except (OSError, EOFError, zlib.error):
        return False  # reading it will say what is wrong


def choose_schema(
    table: pd.DataFrame,
    file: Path | None,
    protect: Protect | None,
    drop: list[str] | None,
    subject: str | None = None,
) -> Schema | None:
    """Give the schema of the file, else the detected one, with protection and subject as chosen.

    None where nothing is chosen: then the library detects it, and says what is in doubt, too.
    """
    if file is None and protect is None and subject is None:
        return None
    from synthhealth.schema import Schema, propose
    from synthhealth.schema.detection.doubts import tell

    if file is None:
        proposal = propose(table, subject=subject)
        tell(proposal.doubts)
        schema = proposal.schema
    else:
        schema = Schema.from_file(file).without(drop or ())
        schema = schema if subject is None else schema.with_subject(subject)
    return schema if protect is None else schema.with_protection(protect.value)


def train(
    real: pd.DataFrame,
    schema: Schema | None,
    model: str,
    param: list[str] | None,
    seed: int | None,
    privacy: str,
    keep_partial: bool,
    max_seconds: float | None,
    guard: bool = False,
    ledger: Ledger | None = None,
) -> Synthesizer:
    """Learn a table with the options as they were given."""
    return synthesizer_of(model, schema, param, seed, privacy, guard).fit(
        real,
        on_interrupt="keep" if keep_partial else "raise",
        max_seconds=max_seconds,
        ledger=ledger,
    )


def ledger_of(data: Path, file: Path | None) -> Ledger | None:
    """Give the ledger of the option, else the one beside the table, if there is one."""
    from synthhealth.ledger import Ledger

    ledger = Ledger.beside(data) if file is None else Ledger(file)
    if ledger is not None:
        ledger.check()  # before anything is read
    return ledger


def synthesizer_of(
    model: str,
    schema: Schema | None,
    param: list[str] | None,
    seed: int | None,
    privacy: str,
    guard: bool = False,
) -> Synthesizer:
    """Make a synthesizer with the options as they were given."""
    from synthhealth import Synthesizer
    from synthhealth.table.left_out import checked

    synthesizer = Synthesizer(
        model, schema=schema, random_state=seed, privacy=checked(privacy), guard=guard
    )
    # Not as keywords: "--param model=..." shall be refused by the family, not choose another.
    synthesizer.model_params = {name: literal(text) for name, text in pairs(param).items()}
    return synthesizer
