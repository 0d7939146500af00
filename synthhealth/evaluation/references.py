"""How many patients lie outside the reference range for their sex and age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.evaluation.clinical import ReferenceGroup, ReferenceResult
from synthhealth.evaluation.figures import NotComputed
from synthhealth.evaluation.matching import Marks, NumericalColumn
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.shares import Counted, ShareComparison, compare_shares, is_small
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.work import Seeds
from synthhealth.schema import Kind, Range, ReferenceRange, Schema
from synthhealth.schema.types import Level

__all__ = ["REFERENCES", "compare_references"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

WHAT = "shares outside the reference range"


@dataclass(frozen=True)
class Patients:
    """What reference ranges ask of the patients of one table; None where it is not known."""

    female: Mask | None
    male: Mask | None
    age: Floats | None

    @classmethod
    def of(cls, table: pd.DataFrame, schema: Schema) -> Patients:
        """Read sex and age where the schema says they are."""
        who = schema.demographics
        female = male = age = None
        if who.sex is not None:
            sex = table[who.sex]
            female = None if who.female is None else _equal(sex, who.female)
            male = None if who.male is None else _equal(sex, who.male)
        if who.age is not None and schema[who.age].kind.is_numerical:
            age = pd.to_numeric(table[who.age]).to_numpy(dtype=np.float64, na_value=np.nan)
        return cls(female=female, male=male, age=age)

    def are_in(self, range_: ReferenceRange, n: int) -> Mask:
        """Say for which of the n patients a range holds."""
        mask = np.ones(n, dtype=bool)
        if range_.sex is not None:
            of_sex = self.female if range_.sex == "female" else self.male
            mask &= False if of_sex is None else of_sex
        if self.age is not None and range_.age_from is not None:
            mask &= self.age >= range_.age_from
        if self.age is not None and range_.age_to is not None:
            mask &= self.age < range_.age_to
        return mask

    def lack(self, range_: ReferenceRange) -> str | None:
        """Name what must be known to apply a range and is not."""
        if (
            range_.sex is not None
            and (self.female if range_.sex == "female" else self.male) is None
        ):
            return "sex"
        if self.age is None and not range_.age_from is range_.age_to is None:
            return "age"
        return None


def compare_references(
    columns: Sequence[NumericalColumn], tables: Tables
) -> tuple[tuple[ReferenceResult, ...], tuple[NotComputed, ...]]:
    """Compare the shares of patients below and above their own reference range.

    Each patient is judged by the most specific range that holds for them: one for their sex
    before one for both, one for their age before one for all ages.
    """
    schema = tables.schema
    patients = [Patients.of(side.table, schema) for side in (tables.real, tables.synthetic)]
    results, gaps = [], []
    for column in columns:
        declared = schema[column.name]
        if not declared.reference or declared.kind is Kind.DATETIME:
            continue
        lacking = {patients[0].lack(range_) for range_ in declared.reference} - {None}
        if lacking:
            gaps.append(
                NotComputed(
                    what=WHAT,
                    column=column.name,
                    reason=f"its ranges depend on {' and '.join(sorted(map(str, lacking)))}, which "
                    "the schema does not say where to find (schema: demographics)",
                )
            )
            continue
        ranges = [_open(range_, declared.plausible) for range_ in declared.reference]
        results.append(_compare(column, ranges, patients))
    return tuple(results), tuple(gaps)


def _open(range_: ReferenceRange, plausible: Range | None) -> ReferenceRange:
    """Drop an end beyond which no patient can be, such as a lower one of 0."""
    if plausible is None:
        return range_
    low, high = range_.low, range_.high
    if low is not None and plausible.low is not None and low <= plausible.low:
        low = None
    if high is not None and plausible.high is not None and high >= plausible.high:
        high = None
    return range_.model_copy(update={"low": low, "high": high})


def _compare(
    column: NumericalColumn, ranges: Sequence[ReferenceRange], patients: Sequence[Patients]
) -> ReferenceResult:
    real = _count(column.real, column.censored_real, ranges, patients[0])
    synthetic = _count(column.synthetic, column.censored_synthetic, ranges, patients[1])
    below, above = (
        _compare_groups(real.below, synthetic.below),
        _compare_groups(real.above, synthetic.above),
    )
    return ReferenceResult(
        column=column.name,
        unit=column.unit,
        below=_compare_totals(real.below, synthetic.below),
        above=_compare_totals(real.above, synthetic.above),
        groups=tuple(
            ReferenceGroup(**range_.model_dump(), below=below[place], above=above[place])
            for place, range_ in enumerate(ranges)
        ),
    )


@dataclass(frozen=True)
class Counts:
    """How many values lie below and above each range; None for an end that is open."""

    below: list[Counted | None]
    above: list[Counted | None]


def _count(
    values: Floats, marks: Marks | None, ranges: Sequence[ReferenceRange], who: Patients
) -> Counts:
    if marks is None:
        marks = np.zeros(values.size, dtype=np.int8)
    group = np.full(values.size, -1)
    known = ~np.isnan(values)
    for place in sorted(range(len(ranges)), key=lambda place: _precision(ranges[place])):
        group[known & who.are_in(ranges[place], values.size)] = place
    counts = Counts([], [])
    for place, range_ in enumerate(ranges):
        own = group == place
        cells, sides, n = values[own], marks[own], int(own.sum())
        # A result beyond a detection limit counts where no value beyond it is inside the range.
        low, high = range_.low, range_.high
        counts.below.append(
            None
            if low is None
            else (int(np.where(sides == 0, cells < low, (sides < 0) & (cells <= low)).sum()), n)
        )
        counts.above.append(
            None
            if high is None
            else (int(np.where(sides == 0, cells > high, (sides > 0) & (cells >= high)).sum()), n)
        )
    return counts


def _precision(range_: ReferenceRange) -> int:
    """Give how precisely a range says whom it holds for."""
    return (range_.sex is not None) + (range_.age_from is not None or range_.age_to is not None)


def _compare_groups(
    real: Sequence[Counted | None], synthetic: Sequence[Counted | None]
) -> list[ShareComparison | None]:
    # With the total known, a single hidden group would follow from the others.
    hidden = any(counted is not None and is_small(counted) for counted in real)
    return [
        None if first is None or second is None else compare_shares(first, second, hidden=hidden)
        for first, second in zip(real, synthetic, strict=True)
    ]


def _compare_totals(
    real: Sequence[Counted | None], synthetic: Sequence[Counted | None]
) -> ShareComparison | None:
    totals = []
    for counts in (real, synthetic):
        closed = [counted for counted in counts if counted is not None]
        if not closed:
            return None
        totals.append((sum(count for count, _ in closed), sum(n for _, n in closed)))
    return compare_shares(*totals)


def _equal(cells: pd.Series, level: Level) -> Mask:
    """Say which cells hold a level, however the two spell it: 1, 1.0 and True are one."""
    codes, found = pd.factorize(cells)
    same = np.array([*(_spelled(cell) == _spelled(level) for cell in found), False])
    return same[codes]


def _spelled(level: object) -> str:
    if isinstance(level, (bool, int, float, np.bool_, np.integer, np.floating)):
        return f"{float(level):g}"
    return str(level)


def _ask(case: Case, seeds: Seeds) -> Answer:
    results, gaps = compare_references(case.numerical, case.tables)
    return Answer(results, gaps=gaps)


#: Do as many results lie outside the reference ranges?
REFERENCES = Question("reference ranges", _ask, "references")
