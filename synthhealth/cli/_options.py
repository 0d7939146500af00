"""The options that several verbs share, and the reading of ``NAME=VALUE``."""

from __future__ import annotations

import ast
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthhealth.table.level import Level

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.schema import Schema


def _check_duration(text: str | None) -> str | None:
    try:
        if text is not None:
            seconds_of(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time; give 90s, 10m or 2h") from None
    return text


def _check_pairs(texts: list[str] | None) -> list[str] | None:
    for text in texts or ():
        if text.find("=") < 1:
            raise typer.BadParameter(f"{text!r} is not of the form NAME=VALUE")
    return texts


def _check_conditions(texts: list[str] | None) -> list[str] | None:
    for text in texts or ():
        if not any(sign in text[1:] for sign in "=<>"):
            raise typer.BadParameter(
                f"{text!r} is not a condition; write COLUMN=VALUE, or a range in quotes: "
                "'age >= 65'"
            )
    return texts


class TableFormat(str, Enum):
    """The form of the tables that are written."""

    csv = "csv"
    parquet = "parquet"
    xlsx = "xlsx"


class Leaving(str, Enum):
    """What leaves the hospital."""

    table = "table"
    model = "model"
    both = "both"


class Protect(str, Enum):
    """What happens to columns that identify people."""

    drop = "drop"
    fake = "fake"
    generalise = "generalise"


Data = Annotated[
    Path, typer.Argument(metavar="DATA", help="The real table: CSV, Parquet or Excel.")
]
OutFolder = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder for the results; created if missing.")
]
#: `synthhealth.models.DEFAULT`, which would import pandas before an option is read.
DEFAULT_FAMILY = "hybrid"
Family = Annotated[
    str,
    typer.Option(
        "--model",
        help="Model family, or auto; see 'synthhealth models' and 'synthhealth compare'.",
    ),
]
Params = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        metavar="NAME=VALUE",
        callback=_check_pairs,
        help="A parameter of the model. Repeatable.",
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        callback=_check_conditions,
        help="Only rows with this value or in this range: 'sex=F', 'age >= 65'; 'rf=' for a "
        "missing value. Repeatable.",
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option("--drop", metavar="COLUMN", help="Leave this column out. Repeatable."),
]
SchemaFile = Annotated[
    Path | None,
    typer.Option(
        "--schema",
        metavar="FILE",
        help="What the columns are (YAML or JSON); see 'synthhealth schema'.",
    ),
]
ProtectOption = Annotated[
    Protect | None,
    typer.Option(
        "--protect",
        help="What to do with columns that identify people, if the schema does not say.",
    ),
]
Subject = Annotated[
    str | None,
    typer.Option(
        "--subject",
        metavar="COLUMN",
        help="Column that says whose row it is, if patients have several; default: detected.",
    ),
]
Sheet = Annotated[str | None, typer.Option(help="Sheet of an Excel file; default: the first.")]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Encoding of a text table that is not Unicode, such as cp1256; default: recognised.",
    ),
]
HeaderLine = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first line of a text table holds names; default: recognised.",
        show_default=False,
    ),
]
KeepWords = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-words",
        metavar="COLUMN",
        help="NA, None, null and the like are levels of this column, not missing. Repeatable.",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        help="Secret key for the table's hash in the model; default: $SYNTHHEALTH_KEY, or none.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, help="Decides every random choice; default: a random one, shown."),
]
Privacy = Annotated[
    Level,
    typer.Option(
        "--privacy",
        help="How many patients a fit leaves out: a fifth (standard), half (high) or none; nobody "
        "can tell whom. formal: differentially private, with --model private and --epsilon.",
    ),
]
Epsilon = Annotated[
    float | None,
    typer.Option("--epsilon", help="The privacy budget of --privacy formal; 1 is usual."),
]
Released = Annotated[
    Leaving,
    typer.Option("--released", help="What leaves the hospital; decides which attacks count."),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE", help="Your own limits (YAML); default: 0.09."),
]
Guard = Annotated[
    bool,
    typer.Option(
        "--guard",
        help="Draw rows with a patient's own combination of values from models that have not seen "
        "this patient. Takes five to eight times as long.",
    ),
]
LedgerFile = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        metavar="FILE",
        help="Record the fit in this file, and warn if nearly the same patients were learned "
        "before; default: synthhealth-ledger.json beside DATA, if there is one.",
    ),
]
KeepPartial = Annotated[
    bool,
    typer.Option("--keep-partial", help="After Ctrl-C, continue with the unfinished model."),
]
MaxSeconds = Annotated[
    float | None, typer.Option(help="Time budget for training; the model may stay unfinished.")
]
Models = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,NAME",
        help="Families; default: those that fit in seconds and, with --time-budget, all.",
    ),
]
TimeBudget = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        callback=_check_duration,
        help="Time for everything: 90s, 10m or 2h; quick families come first.",
    ),
]
FurtherFits = Annotated[
    bool,
    typer.Option(
        "--further-fits/--no-further-fits",
        help="Judge by patients that were not learned: further fits, each without a fifth of them. "
        "Without, judge by the patients learned: quicker, but flattering.",
    ),
]
CheckpointFile = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="Save the state of a network's training here, and continue from it if it exists. As "
        "confidential as the table.",
    ),
]
Outcomes = Annotated[
    list[str] | None,
    typer.Option(
        "--outcome",
        metavar="COLUMN",
        help="Column to predict from the others, with training on either table. Repeatable.",
    ),
]
Analyses = Annotated[
    list[str] | None,
    typer.Option(
        "--analysis",
        metavar="FORMULA",
        help="A regression fitted to both tables: 'crp ~ age + sex', 'logit(dead) ~ age', "
        "'Surv(time, dead) ~ age'. Repeatable.",
    ),
]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--by", metavar="COLUMN", help="Also judge each group of this column. Repeatable."
    ),
]
Parts = Annotated[
    list[str] | None,
    typer.Option(
        "--part",
        metavar="PART",
        help="What to compute besides columns, pairs and missing values: copying, privacy, joint, "
        "coverage, subgroups, utility, sdmetrics. Repeatable; default: all.",
    ),
]
Format = Annotated[
    TableFormat, typer.Option("--format", help="Format of the tables that are written.")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Say everything that the report finds, not 25 lines.")
]
# Both are read by `synthhealth.cli._app.verb`, for every verb alike.
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Debug = Annotated[
    bool,
    typer.Option("--debug", help="Show the traceback of an error; its text may quote the table."),
]


def seconds_of(text: str) -> float:
    """Read ``90``, ``90s``, ``10m`` or ``2h`` as seconds.

    Raises
    ------
    ValueError
        It is not a time, or none above 0.

    Examples
    --------
    >>> seconds_of("10m"), seconds_of("1.5h"), seconds_of("90")
    (600.0, 5400.0, 90.0)
    """
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1:])
    seconds = float(text if unit is None else text[:-1]) * (unit or 1)
    if not 0 < seconds < float("inf"):
        raise ValueError(text)
    return seconds


def pairs(texts: list[str] | None) -> dict[str, str]:
    """Split each ``NAME=VALUE`` at its first equals sign."""
    return {name: value for name, _, value in (text.partition("=") for text in texts or ())}


def questions(
    outcomes: list[str] | None,
    analyses: list[str] | None,
    by: list[str] | None,
    parts: list[str] | None,
    table: pd.DataFrame,
    schema: Schema | None,
) -> dict[str, Any]:
    """Give what is asked of an evaluation as its arguments.

    Raises
    ------
    ParameterError
        There is no such part or column, or what regressions need is not installed: said before
        anything is learned.
    """
    asked: dict[str, Any] = {"outcomes": outcomes, "analyses": analyses or (), "by": by}
    asked |= {"parts": parts} if parts else {}
    if any(asked.values()):
        from synthhealth.evaluation.scope import Scope
        from synthhealth.schema import Schema

        described = Schema.detect(table) if schema is None else schema
        Scope(**asked).check(described)
    return asked


def literal(text: str) -> Any:
    """Read ``300``, ``0.5``, ``true``, ``128,128`` or ``{'crp': 'gamma'}``; else it is text."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
