"""What a verb is given: tables, and what their columns are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from synthhealth.errors import ParameterError
from synthhealth.io import FileForm, read_with_form

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.cli._options import Protect
    from synthhealth.schema import Schema


def read(
    path: Path, sheet: str | None = None, drop: list[str] | None = None
) -> tuple[pd.DataFrame, FileForm]:
    """Read a table; what is uncertain about its form is a note on standard error."""
    table, form = read_with_form(path, sheet=sheet)
    for doubt in form.doubts:
        typer.echo(f"note: {path}: {doubt}", err=True)
    for name in drop or ():
        if name not in table.columns:
            # Not the names it has: a file without a header has a patient in their place.
            raise ParameterError(f"--drop: {path} has no column {name!r}; check the spelling")
    return table.drop(columns=drop or []), form


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
    from synthhealth.schema._detection._doubts import tell

    if file is None:
        proposal = propose(table, subject=subject)
        tell(proposal.doubts)
        schema = proposal.schema
    else:
        schema = Schema.from_file(file).without(drop or ())
        schema = schema if subject is None else schema.with_subject(subject)
    return schema if protect is None else schema.with_protection(protect.value)
