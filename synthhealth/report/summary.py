"""Gathering everything that a report says into one typed object."""

from __future__ import annotations

import platform
from datetime import datetime
from importlib import metadata
from typing import Literal

from synthhealth.evaluation import Evaluation
from synthhealth.evaluation.description import describe_read
from synthhealth.evaluation.figures import WHOLE_COLUMN
from synthhealth.evaluation.rounding import coarse_count
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.work import timed
from synthhealth.report import parts
from synthhealth.report.advice import advise
from synthhealth.report.aggregate import categorical_distribution, numerical_distribution
from synthhealth.report.conclusion import conclude
from synthhealth.report.data import (
    CategoricalDistribution,
    Missingness,
    ModelInfo,
    NotShown,
    NumericalDistribution,
    ProtectedColumn,
    RareColumn,
    ReportData,
)
from synthhealth.report.numbers import levels, numbers
from synthhealth.report.parts.clinical import clinical_sentences
from synthhealth.report.parts.pairs import (
    Groups,
    Values,
    aggregate_pairs,
    dependence_matrix,
    levels_of,
)
from synthhealth.report.parts.table_one import table_one
from synthhealth.report.parts.written import written_finding
from synthhealth.report.words import column_results, limit_sentences, summary_sentences
from synthhealth.schema import Kind, Protection, Schema
from synthhealth.schema.types import MIN_CELL

#: What the levels are called that are too rare to be named.
OTHER = "other"

_PACKAGES = ("synthhealth", "numpy", "pandas", "plotly", "scipy")


def gather(
    tables: Tables,
    evaluation: Evaluation,
    *,
    title: str,
    created: datetime,
    model: ModelInfo | None,
    group: str | None,
    written: Evaluation | None = None,
) -> ReportData:
    """Aggregate two tables and their evaluation to what the report says.

    Parameters
    ----------
    tables : Tables
        The tables that were evaluated.
    evaluation : Evaluation
        The figures of the comparison.
    title : str
        Title of the report.
    created : datetime.datetime
        When the tables were compared.
    model : ModelInfo or None
        Which model made the synthetic table.
    group : str or None
        The column to group patients by in Table 1.
    written : Evaluation, optional
        Of one table that was drawn, against the patients that its model learned.
    """
    evaluation = _as_written(evaluation)
    written = None if written is None else _as_written(written)
    schema = tables.schema
    real, synthetic = tables.real.table, tables.synthetic.table
    numerical: dict[str, Values] = {}
    categorical: dict[str, Groups] = {}
    category_shares: list[CategoricalDistribution] = []
    not_shown: list[NotShown] = []
    obstacles = {
        gap.column: gap.reason for gap in evaluation.not_computed if gap.what == WHOLE_COLUMN
    }
    compared = {result.column for result in column_results(evaluation)}
    for column in schema:
        name = column.name
        if name not in compared:
            not_shown.append(NotShown(column=name, reason=obstacles.get(name, _TOO_FEW)))
            continue
        shown: NumericalDistribution | CategoricalDistribution | None
        if column.kind.is_numerical:
            pair = (
                numbers(tables.real.measured(name), column.kind),
                numbers(tables.synthetic.measured(name), column.kind),
            )
            shown = numerical_distribution(column, *pair)
            if shown is not None:
                numerical[name] = Values(shown, *pair)
        else:
            found = levels(real[name], synthetic[name])
            shown = categorical_distribution(column, found)
            if shown is not None:
                category_shares.append(shown)
                categorical[name] = levels_of(shown, found, OTHER)
        if shown is None:
            not_shown.append(NotShown(column=name, reason=_TOO_FEW))
    missingness = _missingness(evaluation, schema)
    description = timed("description", lambda: describe_read(tables.real, schema))
    protected = _protected(tables.described)
    rare = _rare(tables)
    return ReportData(
        title=title,
        created=created,
        versions=_versions(),
        model=model,
        # The distributions name the levels that may be named; the schema has the rare ones too.
        columns=tuple(column.model_copy(update={"levels": None}) for column in schema),
        conclusion=conclude(evaluation, written),
        advice=advise(evaluation, model, written),
        summary=(
            *summary_sentences(evaluation, missingness, model),
            *(finding for part in parts.PARTS if (finding := part.finding(evaluation))),
            *((finding,) if (finding := written_finding(written)) else ()),
            *clinical_sentences(evaluation, model, protected, rare),
        ),
        limits=limit_sentences(evaluation, has_written=written is not None),
        evaluation=evaluation,
        written=written,
        numerical=tuple(values.distribution for values in numerical.values()),
        categorical=tuple(category_shares),
        not_shown=tuple(not_shown),
        pairs=timed(
            "pairs of the page", lambda: aggregate_pairs(evaluation.pairs, numerical, categorical)
        ),
        dependence=dependence_matrix(evaluation.pairs, schema.numerical, schema.categorical),
        missingness=missingness,
        table_one=table_one(
            numerical, categorical, schema, description, group, (len(real), len(synthetic))
        ),
        protected=protected,
        rare=rare,
        description=description,
    )


def _as_written(evaluation: Evaluation) -> Evaluation:
    """Round the figures as in a file, so that what is said of them is true of the file."""
    return Evaluation.model_validate(evaluation.model_dump())


def _missingness(evaluation: Evaluation, schema: Schema) -> tuple[Missingness, ...]:
    missing = evaluation.missing_values
    found = {} if missing is None else {gap.column: gap.rows for gap in missing.columns}
    shares = {result.column: result.missing_real for result in column_results(evaluation)}
    return tuple(
        Missingness(
            column=name,
            real=shares.get(name, (found[name].real.share or 0.0) if name in found else 0.0),
            synthetic=(found[name].synthetic.share or 0.0) if name in found else 0.0,
        )
        for name in schema.names
    )


def _protected(described: Schema) -> tuple[ProtectedColumn, ...]:
    return tuple(
        ProtectedColumn(
            column=column.name,
            identifier=column.identifier,
            treatment=_TREATMENTS[column.protection],
        )
        for column in described
        if column.protection is not None or not column.kind.is_modelled
    )


def _rare(tables: Tables) -> tuple[RareColumn, ...]:
    columns = []
    for name, n_real in tables.rare.items():
        column = tables.schema[name]
        pools = [one for one in column.levels or () if str(one).casefold() == OTHER]
        pooled = column.rare == "merge" and column.kind is not Kind.ORDINAL
        columns.append(
            RareColumn(
                column=name,
                treatment="pooled" if pooled else _RULES[column.rare],
                pool=str(pools[0]) if pooled and pools else None,
                n_real=None if 0 < n_real < MIN_CELL else coarse_count(n_real),
            )
        )
    return tuple(columns)


_RULES: dict[str | None, Literal["joined", "dropped"]] = {"merge": "joined", "drop": "dropped"}

_TREATMENTS: dict[Protection | None, Literal["dropped", "faked", "generalised", "left out"]] = {
    Protection.DROP: "dropped",
    Protection.FAKE: "faked",
    Protection.GENERALISE: "generalised",
    None: "left out",
}

_TOO_FEW = f"fewer than {MIN_CELL} real values, or no synthetic value, are known"


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # run from a checkout that is not installed
            versions[package] = "not installed"
    return versions
