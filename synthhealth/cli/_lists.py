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
    rows: Annotated[
        int | None, typer.Option(min=1, help="Say what a fit of a table of so many rows takes.")
    ] = None,
    columns: Annotated[int, typer.Option(min=1, help="Columns of that table.")] = 20,
    debug: Debug = False,
) -> None:
    """List the model families or, with a name, the parameters of one."""
    from synthhealth.models import available, get
    from synthhealth.models.sdv_words import SDV_WORDS, words_for

    if rows is not None:
        _show_costs([name] if name else list(available()), rows, columns)
        return
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


def _show_costs(families: list[str], rows: int, columns: int) -> None:
    from synthhealth.models import get
    from synthhealth.models.cost import expected_cost, in_words

    lines = []
    for name in families:
        get(name)  # an unknown one is refused
        cost = expected_cost(name, rows, columns)
        known = ("not measured", "")
        if cost is not None:
            known = (in_words(cost.seconds), f"{cost.mib / 1_024:.1f} GiB")
        lines.append((name, *known))
    typer.echo(f"A fit of {rows:,} rows and {columns:,} columns, on one thread; an estimate that")
    typer.echo("may be twice too high or too low.")
    show(table(("model", "time", "memory"), lines))


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
