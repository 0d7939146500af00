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
from synthhealth.table.level import Level

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


@dataclass(frozen=True)
class Learning:
    """How a verb learns a table, as its options say.

    Attributes
    ----------
    model : str
        The family.
    param : list of str or None
        Its parameters, each ``NAME=VALUE``.
    seed : int or None
        Decides everything; None: drawn.
    privacy : Level
        How many patients are left out.
    epsilon : float or None
        The budget of formal privacy.
    guard : bool
        Whether rows that repeat a patient give way to others.
    keep_partial : bool
        Whether Ctrl-C leaves the model as far as it has come.
    max_seconds : float or None
        Time budget of the training.
    checkpoint : pathlib.Path or None
        Where a network leaves the state of its training.
    """

    model: str
    param: list[str] | None = None
    seed: int | None = None
    privacy: Level = Level.standard
    epsilon: float | None = None
    guard: bool = False
    keep_partial: bool = False
    max_seconds: float | None = None
    checkpoint: Path | None = None

    def synthesizer(self, schema: Schema | None) -> Synthesizer:
        """Make a synthesizer that has learned nothing yet."""
        from synthhealth import Synthesizer
        from synthhealth.table.left_out import checked

        made = Synthesizer(
            self.model,
            schema=schema,
            random_state=self.seed,
            privacy=checked(self.privacy.value),
            guard=self.guard,
        )
        # Not as keywords: "--param model=..." shall be refused by the family, not choose another.
        made.model_params = {name: literal(text) for name, text in pairs(self.param).items()}
        if self.epsilon is not None:
            made.model_params["epsilon"] = self.epsilon
        return made

    def learn(
        self, real: pd.DataFrame, schema: Schema | None, ledger: Ledger | None = None
    ) -> Synthesizer:
        """Learn a table."""
        if self.checkpoint is not None and self.checkpoint.exists():
            typer.echo(f"note: going on from {self.checkpoint}", err=True)
        return self.synthesizer(schema).fit(
            real,
            on_interrupt="keep" if self.keep_partial else "raise",
            max_seconds=self.max_seconds,
            checkpoint=self.checkpoint,
            ledger=ledger,
        )


def ledger_of(data: Path, file: Path | None) -> Ledger | None:
    """Give the ledger of the option, else the one beside the table, if there is one."""
    from synthhealth.ledger import Ledger

    ledger = Ledger.beside(data) if file is None else Ledger(file)
    if ledger is not None:
        ledger.check()  # before anything is read
    return ledger
