"""The verbs of the benchmark, which the command line takes in as ``synthhealth benchmark``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthhealth.table.level import Level

if TYPE_CHECKING:
    from synthhealth.benchmark.relations_results import Size
    from synthhealth.benchmark.results import Result

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Models = Annotated[
    list[str] | None, typer.Option("--models", help="A model family; repeatable. Default: all.")
]
Families = Annotated[
    list[str] | None,
    typer.Option("--families", help="A model family; repeatable. Default: all."),
]
Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write the figures as CSV, too.")
]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the figures as JSON, too.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]


@app.callback(invoke_without_command=True)
def benchmark(
    context: typer.Context,
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite",
            metavar="NAME",
            help="Run a whole suite: small (cohorts of 61), clinical (300 and 1,000 patients), "
            "headline (adult, census, news) or speed (time and memory up to a million rows). It "
            "goes on where it was stopped.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Folder of the suite. Default: its name."),
    ] = None,
    families: Families = None,
    seeds: Annotated[int, typer.Option(min=1, help="Cohorts of each table.")] = 5,
    first_seed: Annotated[int, typer.Option(min=0, help="Seed of the first of them.")] = 0,
    n_jobs: Annotated[int, typer.Option(help="Runs at once; -1: one per processor.")] = 1,
) -> None:
    """Measure what the library costs and gives, beside plain SDV."""
    if context.invoked_subcommand is not None:
        if suite is not None:
            raise typer.BadParameter(
                f"a suite is run without {context.invoked_subcommand!r}", param_hint="--suite"
            )
        return
    if suite is None:
        raise typer.BadParameter("name a suite, or one of the commands", param_hint="--suite")
    from synthhealth.benchmark.suites import run_suite

    folder = Path(suite) if out is None else out
    result = run_suite(
        suite,
        folder,
        families=families,
        seeds=range(first_seed, first_seed + seeds),
        n_jobs=n_jobs,
    )
    for ending, text in (
        ("md", result.to_markdown()),
        ("csv", result.to_csv()),
        ("json", result.model_dump_json(indent=1) + "\n"),
    ):
        _write(folder / f"{suite}.{ending}", text, force=True)
    typer.echo(result.to_markdown())


@app.command()
def overhead(
    rows: Annotated[int, typer.Option(min=100, help="Rows of the adult table.")] = 32_561,
    models: Models = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of the networks.")] = 1,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each side, alternating.")] = 3,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Processor threads of both sides. Default: each side's own."),
    ] = None,
    parts: Annotated[
        list[str] | None,
        typer.Option("--parts", help="start, fit, report or memory; repeatable. Default: all."),
    ] = None,
    json: Json = None,
    force: Force = False,
) -> None:
    """Time and memory: start, fit + sample, report numbers, streamed samples."""
    _check(json, force)
    from synthhealth.benchmark.overhead import PARTS, measure_overhead

    result = measure_overhead(
        rows=rows,
        models=models,
        epochs=epochs,
        repeats=repeats,
        threads=threads,
        parts=parts or PARTS,
    )
    _tell(result, json, force)


@app.command()
def evaluation(
    tables: Annotated[
        list[str] | None,
        typer.Option("--tables", help="demo, adult or large; repeatable. Default: all."),
    ] = None,
    rows: Annotated[int, typer.Option(min=200, help="Rows of the large tables.")] = 1_000_000,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each but the large one.")] = 3,
    json: Json = None,
    force: Force = False,
) -> None:
    """Time and memory of the whole default report, part by part."""
    _check(json, force)
    from synthhealth.benchmark.evaluation import TABLES, measure_evaluation

    result = measure_evaluation(tables or TABLES, rows=rows, repeats=repeats)
    _tell(result, json, force)


@app.command()
def relations(
    families: Families = None,
    tables: Annotated[
        list[str] | None,
        typer.Option("--tables", help="demo, hcv, ..., adult; repeatable. Default: all."),
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option("--rows", help="Patients of a cohort, or all; repeatable. Default: 61."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Cohorts of each table.")] = 5,
    first_seed: Annotated[int, typer.Option(min=0, help="Seed of the first of them.")] = 0,
    plain: Annotated[
        bool, typer.Option("--plain", help="Also plain SDV at its own defaults.")
    ] = False,
    n_jobs: Annotated[int, typer.Option(help="Runs at once; -1: one per processor.")] = 1,
    csv: Csv = None,
    json: Json = None,
    force: Force = False,
) -> None:
    """Ask which relations are kept: level means, dependence, whole rows; real rows beside."""
    _check(json, force)
    _check(csv, force)
    from synthhealth.benchmark.relations import SIZES, measure_relations

    result = measure_relations(
        families=families,
        tables=tables,
        rows=[_size(one) for one in rows] if rows else SIZES,
        seeds=range(first_seed, first_seed + seeds),
        plain=plain,
        n_jobs=n_jobs,
    )
    _write(csv, result.to_csv(), force)
    _tell(result, json, force)


def _size(written: str) -> Size:
    if written == "all":
        return "all"
    if not written.isdecimal() or int(written) < FEWEST_ROWS:
        raise typer.BadParameter(
            f"{written!r} is not a number of at least {FEWEST_ROWS} patients, and not 'all'",
            param_hint="--rows",
        )
    return int(written)


#: Patients of the smallest cohort.
FEWEST_ROWS = 10


@app.command()
def verdicts(
    draws: Annotated[int, typer.Option(min=1, help="Simulated cohorts of each case.")] = 200,
    n_jobs: Annotated[int, typer.Option(help="Judged at once; -1: one per processor.")] = 1,
    json: Json = None,
    force: Force = False,
) -> None:
    """How often the report's verdict is right, on tables of which the truth is known."""
    _check(json, force)
    from synthhealth.benchmark.verdicts import measure_verdicts

    _tell(measure_verdicts(draws=draws, n_jobs=n_jobs), json, force)


@app.command()
def privacy(
    families: Families = None,
    tables: Annotated[
        list[str] | None,
        typer.Option(
            "--tables",
            help="demo, hcv, pbc, heart_failure or nhanes_labs; repeatable. Default: all.",
        ),
    ] = None,
    rows: Annotated[
        list[int] | None,
        typer.Option("--rows", min=10, help="Patients of a model; repeatable. Default: 61, 300."),
    ] = None,
    parts: Annotated[
        list[str] | None,
        typer.Option(
            "--parts",
            help="fidelity, distances, membership, differencing or extremes; repeatable. "
            "Default: all.",
        ),
    ] = None,
    privacy: Annotated[
        Level,
        typer.Option("--privacy", help="Patients that a fit leaves out: none, a fifth, half."),
    ] = Level.standard,
    fits: Annotated[int, typer.Option(min=16, help="Shadow fits of each attack.")] = 32,
    seeds: Annotated[int, typer.Option(min=1, help="Cohorts of each table.")] = 1,
    plain: Annotated[
        bool, typer.Option("--plain", help="Also plain SDV at its own defaults, by its rows.")
    ] = False,
    n_jobs: Annotated[int, typer.Option(help="Fits at once; -1: one per processor.")] = 1,
    csv: Csv = None,
    json: Json = None,
    force: Force = False,
) -> None:
    """Attack models of several tables, by their rows and their files; fidelity beside."""
    _check(json, force)
    _check(csv, force)
    from synthhealth.benchmark.privacy import PARTS, ROWS, measure_privacy
    from synthhealth.table.left_out import checked

    result = measure_privacy(
        families=families,
        tables=tables,
        rows=rows or ROWS,
        parts=parts or PARTS,
        fits=fits,
        seeds=range(seeds),
        plain=plain,
        privacy=checked(privacy.value),
        n_jobs=n_jobs,
    )
    _write(csv, result.to_csv(), force)
    _tell(result, json, force)


@app.command()
def guard(
    families: Annotated[
        list[str] | None,
        typer.Option("--families", help="A model family; repeatable. Default: the default family."),
    ] = None,
    tables: Annotated[
        list[str] | None,
        typer.Option("--tables", help="demo, hcv, ...; repeatable. Default: demo."),
    ] = None,
    patients: Annotated[int, typer.Option(min=20, help="Patients of a model.")] = 61,
    rows: Annotated[int, typer.Option(min=100, help="Synthetic rows of each fit.")] = 20_000,
    seeds: Annotated[int, typer.Option(min=1, help="Cohorts of each table.")] = 5,
    fits: Annotated[int, typer.Option(min=0, help="Shadow fits, at least 16; 0: none.")] = 0,
    known: Annotated[
        list[str] | None,
        typer.Option("--known", help="A quasi-identifier; repeatable. Default: sex and age."),
    ] = None,
    n_jobs: Annotated[int, typer.Option(help="Fits at once; -1: one per processor.")] = 1,
    json: Json = None,
    force: Force = False,
) -> None:
    """Measure what a guard costs and hides, beside rows without one and rows with holes."""
    _check(json, force)
    from synthhealth.benchmark.guard import measure_guard
    from synthhealth.models import DEFAULT

    result = measure_guard(
        families=families or (DEFAULT,),
        tables=tables or ("demo",),
        patients=patients,
        rows=rows,
        seeds=seeds,
        fits=fits,
        known=known or (),
        n_jobs=n_jobs,
    )
    _tell(result, json, force)


def _check(file: Path | None, force: bool) -> None:
    """Refuse a file that could not be written before the long work, not after it."""
    if file is not None:
        from synthhealth.io import check_target

        check_target(file, force=force)


def _tell(result: Result, json: Path | None, force: bool) -> None:
    _write(json, result.model_dump_json(indent=1) + "\n", force)
    typer.echo(result.to_markdown())


def _write(file: Path | None, text: str, force: bool) -> None:
    if file is not None:
        from synthhealth.io import whole_file

        with whole_file(file, force=force) as target:
            target.write_text(text, encoding="utf-8")
