"""What a clinical schema adds: rows beyond detection limits, plausible ranges and rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from synthhealth.evaluation.figures import Result, Score
from synthhealth.evaluation.matching import Marks, NumericalColumn
from synthhealth.evaluation.question import Answer, Question
from synthhealth.evaluation.shares import Counted, ShareComparison, compare_shares
from synthhealth.evaluation.tables import Tables
from synthhealth.schema import Kind, Range, Schema

__all__ = [
    "CENSORING",
    "RANGES",
    "RULES",
    "CensoringResult",
    "MissingDependence",
    "MissingPattern",
    "MissingShare",
    "MissingTogether",
    "MissingValues",
    "RangeResult",
    "ReferenceGroup",
    "ReferenceResult",
    "RuleResult",
    "compare_censoring",
    "compare_ranges",
    "compare_rules",
]


class MissingShare(Result):
    """How often a column's value is missing."""

    column: str
    """Name of the column."""
    rows: ShareComparison
    """The rows in which it is missing; counts of 1 to 4 are written as 5."""


class MissingPattern(Result):
    """Columns that are missing in the same rows, while all others are known."""

    columns: tuple[str, ...]
    """Names of the columns; none for complete rows."""
    rows: ShareComparison
    """The rows with this pattern."""


class MissingTogether(Result):
    """Two columns that are missing in the same rows."""

    first: str
    """Name of one column."""
    second: str
    """Name of the other column."""
    rows: ShareComparison
    """The rows in which both are missing."""


class MissingDependence(Result):
    """How strongly it depends on a column's value whether another column is missing."""

    missing: str
    """Name of the column that is missing or not."""
    column: str
    """Name of the column whose values it may depend on."""
    measure: Literal["spearman", "cramers_v"]
    """Spearman's rank correlation (-1 to 1) of a numerical column with 1 for missing and 0 for \
known, Cramer's V (0 to 1) for a categorical one."""
    real: float = Field(ge=-1, le=1)
    """The measure in the real table."""
    synthetic: float = Field(ge=-1, le=1)
    """The measure in the synthetic table."""
    difference: float = Field(ge=0, le=2)
    """Absolute difference of the two."""


class MissingValues(Result):
    """Which values are missing: how often, which together, and in which patients."""

    columns: tuple[MissingShare, ...]
    """The columns with missing values in either table."""
    pattern_score: Score
    """1 - total variation distance between the shares of the joint patterns (1 = identical)."""
    n_patterns: int = Field(ge=1)
    """Number of joint patterns in the two tables together."""
    patterns: tuple[MissingPattern, ...]
    """The at most 20 commonest patterns that at least 5 real rows have."""
    together_difference: Score | None
    """Largest absolute difference, over the pairs of columns, of the share of rows in which both \
are missing (0 = identical); None for a single column."""
    together: tuple[MissingTogether, ...]
    """The at most 20 pairs of columns for which it is largest."""
    dependence_difference: Score | None
    """Mean absolute difference of `dependence` (0 = identical); None where it is empty."""
    dependence: tuple[MissingDependence, ...]
    """One result per column with missing values (the 30 with most of them) and other column. Left \
out are pairs with fewer than 5 real rows in which the one is missing, or known, and the other \
known."""


class CensoringResult(Result):
    """How many of a column's known values are beyond a detection limit.

    Counts of 1 to 4 are written as 5.
    """

    column: str
    """Name of the column."""
    below: ShareComparison | None
    """Results below a lower limit (`<0.5`); None where neither table has any."""
    above: ShareComparison | None
    """Results above an upper limit (`>1000`); None where neither table has any."""


class RangeResult(Result):
    """How many of a column's known values lie where they should not, or pile up."""

    column: str
    """Name of the column."""
    implausible: ShareComparison | None
    """Values outside the plausible range; None without one."""
    at_extremes: ShareComparison
    """Values exactly on the real table's smallest or largest one. A model that clips piles its \
values up there: only `above` is a fault, as these two are the real table's own."""


class ReferenceGroup(Result):
    """The patients for whom one reference range holds."""

    written_exactly = True

    sex: Literal["female", "male"] | None
    """Their sex; None where the range holds for both."""
    age_from: float | None
    """Their lowest age in years."""
    age_to: float | None
    """The age in years from which the range no longer holds."""
    low: float | None
    """Lower end of the range."""
    high: float | None
    """Upper end of the range."""
    source: str | None
    """Where the range is from."""
    below: ShareComparison | None
    """Values below the range; None where it has no lower end."""
    above: ShareComparison | None
    """Values above the range; None where it has no upper end."""


class ReferenceResult(Result):
    """How many patients lie outside the reference range for their sex and age."""

    column: str
    """Name of the column."""
    unit: str | None
    """Unit of the ranges."""
    below: ShareComparison | None
    """Values below the patient's own range; None where no range has a lower end."""
    above: ShareComparison | None
    """Values above the patient's own range; None where no range has an upper end."""
    groups: tuple[ReferenceGroup, ...]
    """The ranges, with the patients that each of them holds for. A real count is hidden here \
wherever that of another group is, so that none follows by subtraction."""


class RuleResult(Result):
    """In how many rows a rule is broken."""

    rule: str
    """The rule."""
    declared: bool = True
    """Whether the schema has it; otherwise it was found in the real table, which computes a \
column from others."""
    broken: ShareComparison
    """The rows that break it, of those in which all its columns are known."""


Floats = npt.NDArray[np.float64]


def compare_censoring(columns: Sequence[NumericalColumn]) -> tuple[CensoringResult, ...]:
    """Compare the shares of results that are only known to be beyond a detection limit."""
    return tuple(
        CensoringResult(
            column=column.name,
            below=_compare_marked(column, -1),
            above=_compare_marked(column, 1),
        )
        for column in columns
        if column.is_censored
    )


def _compare_marked(column: NumericalColumn, mark: int) -> ShareComparison | None:
    pairs = (
        (column.real, column.censored_real),
        (column.synthetic, column.censored_synthetic),
    )
    real, synthetic = (_count_marked(values, marks, mark) for values, marks in pairs)
    if real[0] == synthetic[0] == 0:
        return None
    return compare_shares(real, synthetic, hidden=False)


def _count_marked(values: Floats, marks: Marks | None, mark: int) -> Counted:
    known = ~np.isnan(values)
    found = 0 if marks is None else int(((marks == mark) & known).sum())
    return found, int(known.sum())


def compare_ranges(columns: Sequence[NumericalColumn], schema: Schema) -> tuple[RangeResult, ...]:
    """Compare the shares of implausible values, and of values on the real table's extremes."""
    return tuple(
        RangeResult(
            column=column.name,
            implausible=_compare_implausible(column, schema),
            at_extremes=_compare_extremes(column),
        )
        for column in columns
        if column.obstacle is None
    )


def _compare_implausible(column: NumericalColumn, schema: Schema) -> ShareComparison | None:
    plausible = schema[column.name].plausible
    if plausible is None or schema[column.name].kind is Kind.DATETIME:
        return None
    real, synthetic = (_count_outside(values, plausible) for values in column.present)
    return compare_shares(real, synthetic)


def _count_outside(values: Floats, plausible: Range) -> Counted:
    low = -np.inf if plausible.low is None else plausible.low
    high = np.inf if plausible.high is None else plausible.high
    return int(((values < low) | (values > high)).sum()), values.size


def _compare_extremes(column: NumericalColumn) -> ShareComparison:
    real, synthetic = column.present
    extremes = real.min(), real.max()
    return compare_shares(_count_at(real, extremes), _count_at(synthetic, extremes))


def _count_at(values: Floats, points: tuple[np.float64, np.float64]) -> Counted:
    return int(((values == points[0]) | (values == points[1])).sum()), values.size


def compare_rules(tables: Tables) -> tuple[RuleResult, ...]:
    """Compare in how many rows each rule is broken: those of the schema, and those found."""
    from synthhealth.schema.rules import rules_of
    from synthhealth.schema.rules.search import find_rules

    declared = rules_of(tables.schema)
    results = []
    for rule in (*declared, *find_rules(tables.real.table, tables.schema)):
        checks = rule.check(tables.real.table), rule.check(tables.synthetic.table)
        real, synthetic = ((check.n_broken, check.n_known) for check in checks)
        results.append(
            RuleResult(
                rule=rule.text,
                declared=rule in declared,
                broken=compare_shares(real, synthetic),
            )
        )
    return tuple(results)


#: Are as many results beyond the detection limits?
CENSORING = Question(
    "detection limits",
    lambda case, _: Answer(compare_censoring(case.numerical)),
    "censoring",
)
#: Are values plausible, and none heaped on the extremes?
RANGES = Question(
    "ranges",
    lambda case, _: Answer(compare_ranges(case.numerical, case.tables.schema)),
    "ranges",
)
#: Do synthetic rows keep the rules of the schema?
RULES = Question("rules", lambda case, _: Answer(compare_rules(case.tables)), "rules")
