"""The verbs that list what the library has."""

from __future__ import annotations

from typing import Annotated

import typer

from synthhealth.cli._app import verb
from synthhealth.cli._options import Debug
from synthhealth.cli._results import show, table


@verb
def models(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A family.")] = None,
    debug: Debug = False,
) -> None:
    """List the model families or, with a name, the parameters of one."""
    from synthhealth.models import available, get
    from synthhealth.models.sdv_words import SDV_WORDS, words_for

    if name is None:
        families = {name: get(name) for name in available()}
        show(
            table(
                ("model", "in SDV", "what it is"),
                (
                    (name, getattr(family, "sdv_class", ""), _first_line(family.__doc__))
                    for name, family in families.items()
                ),
            )
        )
        return
    family = get(name)
    typer.echo(_first_line(family.__doc__))
    show(
        table(
            ("parameter", "in SDV", "type", "default", "allowed", "meaning"),
            (
                (
                    parameter.name,
                    words_for(parameter.name),
                    parameter.type.__name__,
                    parameter.default_is or str(parameter.default),
                    _allowed(parameter.low, parameter.high, parameter.choices),
                    parameter.meaning,
                )
                for parameter in family.parameters
            ),
        )
    )
    ours = {parameter.name for parameter in family.parameters}
    show(
        table(
            ("SDV's word", "here"),
            (
                (word.name, word.answer(ours))
                for word in SDV_WORDS
                if word.name not in ours and name in (word.families or (name,))
            ),
        )
    )


@verb
def datasets(debug: Debug = False) -> None:
    """List the tables that come with the library."""
    from synthhealth.datasets import available

    show(
        table(
            ("name", "rows", "columns", "what it is", "source", "synthhealth.datasets."),
            (
                (
                    table.name,
                    str(table.rows),
                    str(table.columns),
                    table.description,
                    table.source,
                    f"{table.loader}()",
                )
                for table in available()
            ),
        )
    )


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _allowed(low: float | None, high: float | None, choices: tuple[str, ...]) -> str:
    if choices:
        return ", ".join(choices)
    words = []
    if low is not None:
        words.append(f"from {low:,.12g}")
    if high is not None:
        words.append(f"to {high:,.12g}")
    return " ".join(words)
