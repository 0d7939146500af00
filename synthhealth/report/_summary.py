"""Gathering everything that a report says into one typed object."""

from __future__ import annotations

import platform
from datetime import datetime
from importlib import metadata

import pandas as pd

from synthhealth.evaluation import Evaluation, describe
from synthhealth.report._aggregate import categorical_distribution, numerical_distribution
from synthhealth.report._data import (
    CategoricalDistribution,
    Missingness,
    ModelInfo,
    NotShown,
    NumericalDistribution,
    ReportData,
)
from synthhealth.report._grid import MIN_CELL
from synthhealth.report._pairs import (
    Groups,
    Values,
    aggregate_pairs,
    dependence_matrix,
    levels_of,
)
from synthhealth.report._values import levels, numbers
from synthhealth.report._words import column_results, limit_sentences, summary_sentences
from synthhealth.schema import Schema

#: What the levels are called that are too rare to be named.
OTHER = "other"

_PACKAGES = ("synthhealth", "numpy", "pandas", "plotly", "scipy")


def gather(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    schema: Schema,
    evaluation: Evaluation,
    *,
    title: str,
    created: datetime,
    model: ModelInfo | None,
) -> ReportData:
    """Aggregate two tables and their evaluation to what the report says.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        The tables that were evaluated.
    schema : Schema
        What their columns are.
    evaluation : Evaluation
        The figures of the comparison.
    title : str
        Title of the report.
    created : datetime.datetime
        When the tables were compared.
    model : ModelInfo or None
        Which model made the synthetic table.
    """
    numerical: dict[str, Values] = {}
    categorical: dict[str, Groups] = {}
    category_shares: list[CategoricalDistribution] = []
    not_shown: list[NotShown] = []
    obstacles = {gap.column: gap.reason for gap in evaluation.not_computed}
    compared = {result.column for result in column_results(evaluation)}
    for column in schema:
        name = column.name
        if name not in compared:
            not_shown.append(NotShown(column=name, reason=obstacles.get(name, _TOO_FEW)))
            continue
        shown: NumericalDistribution | CategoricalDistribution | None
        if column.kind.is_numerical:
            pair = (numbers(real[name], column.kind), numbers(synthetic[name], column.kind))
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
    missingness = tuple(
        Missingness(
            column=name,
            real=float(real[name].isna().mean()),
            synthetic=float(synthetic[name].isna().mean()),
        )
        for name in schema.names
    )
    return ReportData(
        title=title,
        created=created,
        versions=_versions(),
        model=model,
        columns=schema.columns,
        summary=summary_sentences(evaluation, missingness, model),
        limits=limit_sentences(evaluation),
        evaluation=evaluation,
        numerical=tuple(values.distribution for values in numerical.values()),
        categorical=tuple(category_shares),
        not_shown=tuple(not_shown),
        pairs=aggregate_pairs(evaluation.pairs, numerical, categorical),
        dependence=dependence_matrix(evaluation.pairs, schema.numerical, schema.categorical),
        missingness=missingness,
        description=describe(real, schema),
    )


_TOO_FEW = f"fewer than {MIN_CELL} real values, or no synthetic value, are known"


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # run from a checkout that is not installed
            versions[package] = "not installed"
    return versions
