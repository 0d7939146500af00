"""The verbs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthhealth.cli._app import verb
from synthhealth.cli._listing import show, table
from synthhealth.cli._options import (
    Data,
    Debug,
    Drop,
    Family,
    Force,
    Format,
    KeepPartial,
    MaxSeconds,
    OutFolder,
    Params,
    Quiet,
    Seed,
    Sheet,
    TableFormat,
    Where,
    literal,
    pairs,
)
from synthhealth.errors import ParameterError
from synthhealth.io import (
    check_target,
    read_table,
    table_suffix,
    whole_file,
    whole_folder,
    write_table,
)

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.report import Report
    from synthhealth.synthesizer import Synthesizer


@verb
def demo(
    out: OutFolder,
    model: Family = "gaussian_copula",
    rows: Annotated[int, typer.Option(min=1, help="Synthetic rows.")] = 1000,
    seed: Seed = 0,
    param: Params = None,
    format: Format = TableFormat.csv,
    keep_partial: KeepPartial = False,
    max_seconds: MaxSeconds = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show the whole way on a simulated cohort of 61 rheumatoid arthritis patients."""
    names = [f"real.{format.value}", *_result_names(format)]
    with whole_folder(out, names, force=force) as folder:
        from synthhealth.datasets import load_ra_panel

        real = load_ra_panel()
        write_table(real, folder / names[0])
        synthesizer = _fit(real, model, param, seed, keep_partial, max_seconds)
        report = _write_results(synthesizer, None, rows, folder, format)
    _tell_results(report, synthesizer, out, names)


@verb
def run(
    data: Data,
    out: OutFolder,
    model: Family = "gaussian_copula",
    rows: Annotated[
        int | None, typer.Option(min=1, help="Synthetic rows; default: as many as the table has.")
    ] = None,
    seed: Seed = None,
    holdout: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Patients not learned from, to compare with instead."),
    ] = None,
    drop: Drop = None,
    param: Params = None,
    format: Format = TableFormat.csv,
    sheet: Sheet = None,
    keep_partial: KeepPartial = False,
    max_seconds: MaxSeconds = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Learn a table, draw a synthetic one, judge it; save table, model and report."""
    names = _result_names(format)
    with whole_folder(out, names, force=force) as folder:
        real = _read(data, sheet, drop)
        unseen = None if holdout is None else _read(holdout, None, drop)
        synthesizer = _fit(real, model, param, seed, keep_partial, max_seconds)
        report = _write_results(synthesizer, unseen, rows or len(real), folder, format)
    _tell_results(report, synthesizer, out, names)


@verb
def describe(
    data: Data,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON, too.")
    ] = None,
    drop: Drop = None,
    sheet: Sheet = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Describe each variable: kind, shape, best-fitting distribution, outliers, missing share."""
    if json is not None:
        check_target(json, force=force)
    real = _read(data, sheet, drop)
    from synthhealth import describe

    description = describe(real)
    if json is not None:
        with whole_file(json, force=force) as file:
            file.write_text(description.to_json(), encoding="utf-8")
    show(description)


@verb
def fit(
    data: Data,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The model: NAME.synth.")],
    model: Family = "gaussian_copula",
    seed: Seed = None,
    drop: Drop = None,
    param: Params = None,
    sheet: Sheet = None,
    keep_partial: KeepPartial = False,
    max_seconds: MaxSeconds = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Learn a table and save the model."""
    check_target(out, force=force)
    real = _read(data, sheet, drop)
    synthesizer = _fit(real, model, param, seed, keep_partial, max_seconds)
    synthesizer.save(out, force=force)
    typer.echo(_about(synthesizer))
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
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw a synthetic table from a saved model."""
    suffix = table_suffix(out)
    check_target(out, force=force)
    wanted = pairs(where)
    from synthhealth import load

    synthesizer = load(model)
    if wanted or suffix == ".xlsx":
        conditions = _conditions(synthesizer, wanted)
        write_table(synthesizer.sample(rows, conditions, random_state=seed), out, force=force)
    else:
        synthesizer.sample_to(out, rows, random_state=seed, force=force)
    typer.echo(f"Written: {out} ({rows:,} rows)")


@verb
def evaluate(
    real: Annotated[Path, typer.Argument(metavar="REAL", help="The real table.")],
    synthetic: Annotated[Path, typer.Argument(metavar="SYNTHETIC", help="The synthetic table.")],
    out: OutFolder,
    drop: Drop = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Judge a synthetic table, whoever made it, against the real one."""
    names = ["report.html", "report.json"]
    with whole_folder(out, names, force=force) as folder:
        from synthhealth import evaluate

        report = evaluate(_read(real, None, drop), _read(synthetic, None, drop))
        _write_report(report, folder)
    typer.echo(report.summary().rstrip())
    _tell_files(out, names)


@verb
def models(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A family.")] = None,
    debug: Debug = False,
) -> None:
    """List the model families or, with a name, the parameters of one."""
    from synthhealth.models import available, get

    if name is None:
        families = {name: _first_line(get(name).__doc__) for name in available()}
        show(table(("model", "what it is"), families.items()))
        return
    family = get(name)
    typer.echo(_first_line(family.__doc__))
    show(
        table(
            ("parameter", "type", "default", "allowed", "meaning"),
            (
                (
                    parameter.name,
                    parameter.type.__name__,
                    parameter.default_is or str(parameter.default),
                    _allowed(parameter.low, parameter.high, parameter.choices),
                    parameter.meaning,
                )
                for parameter in family.parameters
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


def _read(path: Path, sheet: str | None, drop: list[str] | None) -> pd.DataFrame:
    table = read_table(path, sheet=sheet)
    for name in drop or ():
        if name not in table.columns:
            # Not the names it has: a file without a header has a patient in their place.
            raise ParameterError(f"--drop: {path} has no column {name!r}; check the spelling")
    return table.drop(columns=drop or [])


def _fit(
    real: pd.DataFrame,
    model: str,
    param: list[str] | None,
    seed: int | None,
    keep_partial: bool,
    max_seconds: float | None,
) -> Synthesizer:
    from synthhealth import Synthesizer

    synthesizer = Synthesizer(model, random_state=seed)
    # Not as keywords: "--param model=..." shall be refused by the family, not choose another.
    synthesizer.model_params = {name: literal(text) for name, text in pairs(param).items()}
    return synthesizer.fit(
        real, on_interrupt="keep" if keep_partial else "raise", max_seconds=max_seconds
    )


def _result_names(format: TableFormat) -> list[str]:
    return [f"synthetic.{format.value}", "model.synth", "report.html", "report.json"]


def _write_results(
    synthesizer: Synthesizer,
    unseen: pd.DataFrame | None,
    rows: int,
    folder: Path,
    format: TableFormat,
) -> Report:
    synthetic = synthesizer.sample(rows)
    write_table(synthetic, folder / f"synthetic.{format.value}")
    synthesizer.save(folder / "model.synth")
    report = synthesizer.evaluate(unseen, synthetic)
    _write_report(report, folder)
    return report


def _write_report(report: Report, folder: Path) -> None:
    report.to_html(folder / "report.html")
    report.to_json(folder / "report.json")


def _tell_results(report: Report, synthesizer: Synthesizer, out: Path, names: list[str]) -> None:
    typer.echo(_about(synthesizer))
    typer.echo()
    typer.echo(report.summary().rstrip())
    _tell_files(out, names)


def _tell_files(out: Path, names: list[str]) -> None:
    typer.echo("\nWritten:")
    for name in names:
        typer.echo(f"  {out / name}")


def _about(synthesizer: Synthesizer) -> str:
    partial = " Its training ended early: it is marked as partial." if synthesizer.partial_ else ""
    return (
        f"{synthesizer.model} learned {synthesizer.n_rows_:,} rows and "
        f"{len(synthesizer.schema_)} columns, seed {synthesizer.seed_}.{partial}"
    )


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
