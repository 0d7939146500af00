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


def _check_pairs(texts: list[str] | None) -> list[str] | None:
    for text in texts or ():
        if text.find("=") < 1:
            raise typer.BadParameter(f"{text!r} is not of the form NAME=VALUE")
    return texts


def _check_conditions(texts: list[str] | None) -> list[str] | None:
    for text in texts or ():
        if not any(sign in text[1:] for sign in "=<>"):
            raise typer.BadParameter(
                f"{text!r} is no condition; write COLUMN=VALUE, or a range in quotes: 'age >= 65'"
            )
    return texts


class TableFormat(str, Enum):
    """The form of the tables that are written."""

    csv = "csv"
    parquet = "parquet"
    xlsx = "xlsx"


class Leaving(str, Enum):
    """What leaves the house."""

    table = "table"
    model = "model"
    both = "both"


class Protect(str, Enum):
    """What is done with columns that identify people."""

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
Family = Annotated[str, typer.Option("--model", help="Model family; see 'synthhealth models'.")]
Params = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        metavar="NAME=VALUE",
        callback=_check_pairs,
        help="A parameter of the model; repeatable.",
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        callback=_check_conditions,
        help="Only rows with this value or in this range: 'sex=F', 'age >= 65'; nothing after '=': "
        "missing; repeatable.",
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option("--drop", metavar="COLUMN", help="Leave this column out; repeatable."),
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
        "--protect", help="What is done with columns that identify people and have no choice yet."
    ),
]
Subject = Annotated[
    str | None,
    typer.Option(
        "--subject",
        metavar="COLUMN",
        help="Tells the patients apart, where they have several rows; default: looked for.",
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
        help="Whether a text table has a line of names; default: recognised.",
        show_default=False,
    ),
]
KeepWords = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-words",
        metavar="COLUMN",
        help="NA, None, null, ... are levels of this column, not missing values; repeatable.",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        help="The secret key of the table's hash in the model; default: $SYNTHHEALTH_KEY, or none.",
    ),
]
Seed = Annotated[
    int | None, typer.Option(min=0, help="Decides every random choice; default: drawn, and shown.")
]
Privacy = Annotated[
    Level,
    typer.Option(
        "--privacy",
        help="Patients that a fit leaves out, by a secret in no file: none, a fifth, or half; "
        "formal: differentially private, with --model private and --epsilon.",
    ),
]
Epsilon = Annotated[
    float | None,
    typer.Option("--epsilon", help="The privacy budget of --privacy formal; 1 is usual."),
]
Released = Annotated[
    Leaving, typer.Option("--released", help="What leaves the house: it decides the attacks.")
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE", help="Limits of your own (YAML); default: 0.09."),
]
Guard = Annotated[
    bool,
    typer.Option(
        "--guard",
        help="Rows with a patient's own combination of values come from models that have not seen "
        "the patient; takes five to eight times as long.",
    ),
]
LedgerFile = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        metavar="FILE",
        help="Record the fit there, and say where nearly the same patients were fitted before; "
        "default: synthhealth-ledger.json beside DATA, where there is one.",
    ),
]
KeepPartial = Annotated[
    bool,
    typer.Option("--keep-partial", help="After Ctrl-C go on with the model as far as it has come."),
]
MaxSeconds = Annotated[
    float | None, typer.Option(help="Time budget of the training; the model may then be partial.")
]
FurtherFits = Annotated[
    bool,
    typer.Option(
        "--further-fits/--no-further-fits",
        help="Judge by patients that were not learned: further fits, each without a fifth of them. "
        "Else by those that were learned: quicker, and flattering.",
    ),
]
CheckpointFile = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="Where a network leaves the state of its training, and goes on from if it is there; "
        "as confidential as the table.",
    ),
]
Outcomes = Annotated[
    list[str] | None,
    typer.Option(
        "--outcome",
        metavar="COLUMN",
        help="To be predicted from the others, trained on either table; repeatable.",
    ),
]
Analyses = Annotated[
    list[str] | None,
    typer.Option(
        "--analysis",
        metavar="FORMULA",
        help="A regression fitted to both tables: 'crp ~ age + sex', 'logit(dead) ~ age', "
        "'Surv(time, dead) ~ age'; repeatable.",
    ),
]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--by", metavar="COLUMN", help="Also judged within the groups of this column; repeatable."
    ),
]
Parts = Annotated[
    list[str] | None,
    typer.Option(
        "--part",
        metavar="PART",
        help="Computed beside columns, pairs and missing values: copying, privacy, joint, "
        "coverage, subgroups, utility, sdmetrics; repeatable; default: all of them.",
    ),
]
Format = Annotated[TableFormat, typer.Option("--format", help="Form of the tables written.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Say everything that the report finds, not 25 lines.")
]
# Both are read by `synthhealth.cli._app.verb`, for every verb alike.
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Debug = Annotated[
    bool,
    typer.Option("--debug", help="Show the traceback of an error; its text may quote the table."),
]


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
