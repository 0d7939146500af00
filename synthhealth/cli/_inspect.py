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
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="A saved model (.synth); with --data also tables, reports, logs, pickles of SDV.",
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="The real table: search the files for it."),
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
    """Say what is inside a saved model, and whether patients are in it or in other files.

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
    from synthhealth.artifact.leaks.search import TEXT_FILES, is_pickle
    from synthhealth.schema import Schema

    said = Said(encoding, header, keep_words, schema)
    real = None if data is None else read(data, sheet, drop, said)[0]
    described = None if schema is None else Schema.from_file(schema)
    written, is_leak = [], False
    for file in files:
        is_model = not (file.name.lower().endswith(TEXT_FILES) or is_pickle(file))
        if not is_model and real is None:
            raise ParameterError(
                f"{file}: this is not a saved synthesizer; to search it for the patients of a "
                "table give that, too: --data FILE"
            )
        inside = artifact.inspect(file) if is_model else None
        found = None if real is None else artifact.scan(file, real, described)
        is_leak |= found is not None and found.found_anything
        written.append(
            {
                "inside": None if inside is None else inside.model_dump(mode="json"),
                "scan": None if found is None else found.model_dump(mode="json"),
            }
        )
        for part in filter(None, (inside, found)):
            show(part)
    if json is not None:
        told = written[0] if len(written) == 1 else written
        with whole_file(json, force=force) as target:
            target.write_text(json_form.dumps(told, indent=2, ensure_ascii=False), encoding="utf-8")
    if is_leak:
        raise typer.Exit(FOUND)
