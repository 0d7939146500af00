"""What of the columns' values the synthetic table covers, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from synthhealth.evaluation.coverage import (
    CategoricalCoverage,
    CoverageResult,
    NumericalCoverage,
)
from synthhealth.report.numbers import number_text, percent
from synthhealth.report.sections import Entry, Part, Section, Sheet, scored
from synthhealth.report.words import shown

_NOTE = (
    "In brackets what other real patients would give in 95 of 100 cases. A ring marks what lies "
    "outside, which can be chance."
)


def coverage_section(results: Sequence[CoverageResult]) -> Section | None:
    """Return how much of the range and of the categories is covered."""
    numerical = [one for one in results if isinstance(one, NumericalCoverage)]
    categorical = [one for one in results if isinstance(one, CategoricalCoverage)]
    sheets = []
    if numerical:
        sheets.append(
            Sheet(
                "coverage-numbers",
                "Range of numerical columns",
                ("column", "middle range covered", "beyond the real extremes",
                 "distance / quartile range"),
                [_numerical_row(one) for one in numerical],
                f"{_NOTE} Middle range: between the real 5 % and 95 % quantiles. New patients lie "
                "beyond the real extremes, too: fewer than that tell of clipped values. Distance: "
                "how far values must move on average to match.",
            )
        )  # fmt: skip
    if categorical:
        sheets.append(
            Sheet(
                "coverage-levels",
                "Categories",
                ("column", "levels covered", "of", "values of levels that are not real"),
                [_categorical_row(one) for one in categorical],
                f"{_NOTE} Only levels of at least 5 real patients are counted as covered or not.",
            )
        )
    if not sheets:
        return None
    hint = (
        "Is the whole range there, and every category? A table without the rare and the extreme "
        "patients can look good in every average."
    )
    return Section("coverage", "Coverage", hint, sheets)


def _numerical_row(result: NumericalCoverage) -> list[Entry]:
    return [
        Entry(shown(result.column, 40)),
        scored(result.range_covered, percent),
        scored(result.outside_range, percent),
        scored(result.wasserstein_scaled, number_text, worse="above"),
    ]


def _categorical_row(result: CategoricalCoverage) -> list[Entry]:
    return [
        Entry(shown(result.column, 40)),
        scored(result.levels_covered, percent),
        Entry(f"{result.n_covered:,} of {result.n_levels:,}"),
        scored(result.new_levels, percent, worse="above"),
    ]


COVERAGE = Part(lambda evaluation: coverage_section(evaluation.coverage), "columns")
