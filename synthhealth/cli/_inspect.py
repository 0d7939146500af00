"""The verb that looks into a saved model."""

from __future__ import annotations

import json as json_form
from pathlib import Path
from typing import Annotated

import typer

from synthhealth.cli._app import FOUND, verb
from synthhealth.cli._inputs import Said, read
from synthhealth.cli._listing import show
from synthhealth.cli._options import (
    Debug,
    Drop,
    Encoding,
    Force,
    HeaderLine,
    KeepWords,
    Quiet,
    SchemaFile,
    Sheet,
)
from synthhealth.errors import ParameterError
from synthhealth.io import check_target, whole_file


@verb
def inspect(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="A saved model (.synth); with --data also a pickle of SDV."
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="The real table: search the model for it."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON, too.")
    ] = None,
    schema: SchemaFile = None,
    drop: Drop = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say what is inside a saved model, and whether patients are.

    Exit code 3: something of the patients was found.
    """
    about_data = {"--schema": schema, "--drop": drop, "--sheet": sheet, "--encoding": encoding}
    given = [option for option, value in about_data.items() if value]
    if given and data is None:
        raise ParameterError(
            f"{', '.join(given)}: this is about the table to search for; give that, too: "
            "--data FILE"
        )
    if json is not None:
        check_target(json, force=force)
    from synthhealth import artifact
    from synthhealth.artifact._scan._search import is_pickle
    from synthhealth.schema import Schema

    is_foreign = is_pickle(model)
    if is_foreign and data is None:
        raise ParameterError(
            f"{model}: this is a pickle, which says nothing about itself; to search it for the "
            "patients of a table give that, too: --data FILE"
        )
    inside = None if is_foreign else artifact.inspect(model)
    found = None
    if data is not None:
        real, _ = read(data, sheet, drop, Said(encoding, header, keep_words, schema))
        described = None if schema is None else Schema.from_file(schema)
        found = artifact.scan(model, real, described)
    if json is not None:
        written = {
            "inside": None if inside is None else inside.model_dump(mode="json"),
            "scan": None if found is None else found.model_dump(mode="json"),
        }
        with whole_file(json, force=force) as file:
            file.write_text(
                json_form.dumps(written, indent=2, ensure_ascii=False), encoding="utf-8"
            )
    for part in filter(None, (inside, found)):
        show(part)
    if found is not None and found.found_anything:
        raise typer.Exit(FOUND)
