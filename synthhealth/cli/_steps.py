"""The verbs that learn now and draw later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthhealth.cli._app import verb
from synthhealth.cli._inputs import Said, choose_schema, read
from synthhealth.cli._options import (
    Data,
    Debug,
    Drop,
    Encoding,
    Family,
    Force,
    HeaderLine,
    KeepPartial,
    KeepWords,
    KeyFile,
    MaxSeconds,
    Params,
    ProtectOption,
    Quiet,
    SchemaFile,
    Seed,
    Sheet,
    Subject,
    Where,
    literal,
    pairs,
)
from synthhealth.cli._results import about
from synthhealth.cli._training import train
from synthhealth.io import check_target, sniff, table_suffix, write_table

if TYPE_CHECKING:
    from synthhealth.synthesizer import Synthesizer


@verb
def fit(
    data: Data,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The model: NAME.synth.")],
    model: Family = "gaussian_copula",
    seed: Seed = None,
    schema: SchemaFile = None,
    protect: ProtectOption = None,
    subject: Subject = None,
    drop: Drop = None,
    param: Params = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    header: HeaderLine = None,
    keep_words: KeepWords = None,
    keep_partial: KeepPartial = False,
    max_seconds: MaxSeconds = None,
    key_file: KeyFile = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Learn a table and save the model."""
    check_target(out, force=force)
    if out.suffix.lower() != ".synth":
        typer.echo(f"note: {out}: the names of saved models end in .synth", err=True)
    from synthhealth.artifact import read_key

    key = read_key(key_file)
    real, form = read(data, sheet, drop, Said(encoding, header, keep_words, schema))
    wanted = choose_schema(real, schema, protect, drop, subject)
    synthesizer = train(real, wanted, model, param, seed, keep_partial, max_seconds)
    synthesizer.save(out, force=force, key=key)
    typer.echo(f"Read: {data} ({form})")
    typer.echo(about(synthesizer))
    typer.echo(f"Written: {out}")


@verb
def sample(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model (.synth).")],
    rows: Annotated[int, typer.Option(min=1, help="Synthetic rows.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The table: CSV, Parquet or Excel.")
    ],
    where: Where = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Another draw; default: the model's first.")
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write as this table's file is: encoding, separator, numbers."
        ),
    ] = None,
    encoding: Encoding = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw a synthetic table from a saved model."""
    suffix = table_suffix(out)
    check_target(out, force=force)
    wanted = pairs(where)
    form = None if like is None else sniff(like, encoding=encoding)
    from synthhealth import load

    synthesizer = load(model)
    if wanted or suffix == ".xlsx":
        conditions = _conditions(synthesizer, wanted)
        fake = synthesizer.sample(rows, conditions, random_state=seed)
        write_table(fake, out, force=force, form=form)
    else:
        synthesizer.sample_to(out, rows, random_state=seed, force=force, form=form)
    typer.echo(f"Written: {out} ({rows:,} rows)")


def _conditions(synthesizer: Synthesizer, wanted: dict[str, str]) -> dict[str, Any] | None:
    """Give the wanted values the types of the columns, as some drawn rows show them."""
    if not wanted:
        return None
    like = synthesizer.sample(100, random_state=0)
    conditions: dict[str, Any] = {}
    for name, text in wanted.items():
        is_text = name in like and any(isinstance(value, str) for value in like[name])
        conditions[name] = None if not text else text if is_text else literal(text)
    return conditions
