"""The numbers of a regression: the same columns from the real and from synthetic tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import product

import numpy as np
import numpy.typing as npt

from synthhealth.errors import NotEstimableError
from synthhealth.evaluation.inference.formula import Event, Factor, Formula, Survival, Term
from synthhealth.evaluation.inference.levels import (
    Coded,
    code,
    events_of,
    is_event,
    label_of,
    read_levels,
    read_numbers,
)
from synthhealth.evaluation.tables import CanonicalTable
from synthhealth.schema import Schema
from synthhealth.schema.types import MIN_CELL

__all__ = ["Design", "Plan"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Squares of values beyond this overflow as soon as they are summed.
LARGEST = 1e100

#: A column of the design: its name, the level it is compared with, its numbers.
Part = tuple[str, "str | None", Floats]


@dataclass(frozen=True)
class Design:
    """What is fitted on one table.

    Attributes
    ----------
    names, references : tuple of str or None
        Of the columns of the matrix: the term, and the level that a level is compared with.
    matrix : ndarray of shape (n, p)
        Without a column for the intercept.
    outcome : ndarray of shape (n,)
        Numbers, or 1 where the event happened.
    duration : ndarray of shape (n,) or None
        Time of a Cox regression.
    dropped : int
        Rows of the table that are incomplete.
    """

    names: tuple[str, ...]
    references: tuple[str | None, ...]
    matrix: Floats
    outcome: Floats
    duration: Floats | None
    dropped: int

    def sample(self, most: int, rng: np.random.Generator) -> Design:
        """Take a random sample of the rows where there are more than `most`."""
        n = len(self.outcome)
        if n <= most:
            return self
        rows = np.sort(rng.choice(n, most, replace=False))
        duration = None if self.duration is None else self.duration[rows]
        return Design(
            self.names,
            self.references,
            self.matrix[rows],
            self.outcome[rows],
            duration,
            self.dropped,
        )


@dataclass(frozen=True)
class _Read:
    """The columns of one table as the formula needs them."""

    numbers: Mapping[str, Floats]
    levels: Mapping[str, Coded]

    @property
    def complete(self) -> Mask:
        known = [~np.isnan(values) for values in self.numbers.values()]
        known += [coded.codes >= 0 for coded in self.levels.values()]
        return reduce(np.logical_and, known)


class Plan:
    """How tables become numbers; the real one decides on levels, reference and event.

    Parameters
    ----------
    formula : Formula
        The regression.
    schema : Schema
        What the columns are.
    real : CanonicalTable
        The real table.

    Raises
    ------
    NotEstimableError
        The real table cannot answer the question.
    """

    def __init__(self, formula: Formula, schema: Schema, real: CanonicalTable) -> None:
        self._formula = formula
        self._columns = {column.name: column for column in schema}
        for name in formula.columns:
            if name not in self._columns:
                raise NotEstimableError(
                    f"the column {name!r} is an identifier, free text or generalised away, which "
                    "is not compared"
                )
        self._terms = self._marginal(
            tuple(dict.fromkeys(tuple(map(self._settled, term)) for term in formula.terms))
        )
        read = self._read(real)
        rows = read.complete
        if not rows.any():
            raise NotEstimableError("no real row is complete in the columns that it needs")
        self._outcomes, self.event = self._find_event(read, real, rows)
        self._codings = {
            name: code(read.levels[name], self._columns[name], real, rows)
            for name in self._categories
        }
        self._check_cells(read, rows)

    @property
    def _categories(self) -> tuple[str, ...]:
        found = (factor.column for term in self._terms for factor in term if _is_level(factor))
        return tuple(dict.fromkeys(found))

    def design(self, table: CanonicalTable, name: str) -> Design:
        """Give what is fitted on a table, by its complete rows.

        Raises
        ------
        NotEstimableError
            A value has no logarithm or root, or a time is negative.
        """
        read = self._read(table)
        rows = read.complete
        outcome, known = self._outcome(read)
        rows &= known
        levels = {
            column: self._codings[column].apply(read.levels[column]) for column in self._categories
        }
        for codes in levels.values():
            rows &= codes >= 0
        values = {column: found[rows] for column, found in read.numbers.items()}
        chosen = {column: codes[rows] for column, codes in levels.items()}
        # What overflows is too large, which is said below.
        with np.errstate(over="ignore"):
            parts = [
                part for term in self._terms for part in self._parts(term, values, chosen, name)
            ]
        n = int(rows.sum())
        matrix = np.column_stack([part[2] for part in parts]) if parts else np.empty((n, 0))
        if isinstance(self._formula.outcome, Factor):
            answer = _transformed(self._formula.outcome, outcome[rows], name)
        else:
            answer = outcome[rows]
        if max(np.abs(numbers).max(initial=0) for numbers in (matrix, answer)) > LARGEST:
            raise NotEstimableError(
                f"the {name} table has values that are too large to add up; rescale their column"
            )
        return Design(
            names=tuple(part[0] for part in parts),
            references=tuple(part[1] for part in parts),
            matrix=matrix,
            outcome=answer,
            duration=self._duration(values, name),
            dropped=len(rows) - n,
        )

    def _settled(self, factor: Factor) -> Factor:
        """Make a factor one of levels where the schema says that the column has levels."""
        column = self._columns[factor.column]
        if factor.transform is None and not column.kind.is_numerical:
            return Factor(factor.column, "C")
        return factor

    def _marginal(self, terms: tuple[Term, ...]) -> tuple[Term, ...]:
        """Check that levels are compared with a reference that is in the model, too."""
        present = {frozenset(term) for term in terms} | {frozenset[Factor]()}
        for term in terms:
            for factor in filter(_is_level, term):
                if frozenset(term) - {factor} not in present:
                    parts = [str(part) for part in term]
                    raise NotEstimableError(
                        f"the interaction {' : '.join(parts)} needs the terms it is made of; write "
                        f"{' * '.join(parts)}"
                    )
        return terms

    def _read(self, table: CanonicalTable) -> _Read:
        numbers, levels = {}, {}
        for factor, use in self._uses():
            column = self._columns[factor.column]
            if _is_level(factor):
                levels[factor.column] = read_levels(table, column)
            else:
                numbers[factor.column] = read_numbers(table, column, use)
        return _Read(numbers, levels)

    def _uses(self) -> Iterator[tuple[Factor, str]]:
        outcome = self._formula.outcome
        if isinstance(outcome, Survival):
            yield Factor(outcome.duration), "Surv()"
            yield Factor(outcome.event.column, "C"), "Surv()"
        elif isinstance(outcome, Event):
            yield Factor(outcome.column, "C"), "logit()"
        else:
            yield outcome, "the outcome of a linear regression"
        for term in self._terms:
            for factor in term:
                yield factor, str(factor)

    def _find_event(
        self, read: _Read, real: CanonicalTable, rows: Mask
    ) -> tuple[tuple[object, object], str | None]:
        """Give the two values of the outcome, the event first, and the event's name."""
        event = _event(self._formula)
        if event is None or event.value is not None:
            return (None, None), None if event is None else f"{event.column} = {event.value}"
        column = self._columns[event.column]
        found = events_of(read.levels[event.column], column, rows)
        return found, f"{event.column} = {label_of(found[0], real, column)}"

    def _outcome(self, read: _Read) -> tuple[Floats, Mask]:
        event = _event(self._formula)
        if event is None:
            values = read.numbers[self._formula.columns[0]]
            return values, ~np.isnan(values)
        coded = read.levels[event.column]
        if event.value is not None:
            return is_event(coded, event.value).astype(np.float64), coded.codes >= 0
        happened, spared = (
            np.array([*(value == one for value in coded.values), False])[coded.codes]
            for one in self._outcomes
        )
        return happened.astype(np.float64), happened | spared

    def _duration(self, values: Mapping[str, Floats], name: str) -> Floats | None:
        if not isinstance(self._formula.outcome, Survival):
            return None
        duration = values[self._formula.outcome.duration]
        if (duration < 0).any():
            raise NotEstimableError(
                f"the {name} table has times below 0 in the column "
                f"{self._formula.outcome.duration!r}"
            )
        return duration

    def _parts(
        self, term: Term, values: Mapping[str, Floats], codes: Mapping[str, Codes], name: str
    ) -> Iterator[Part]:
        choices = [self._factor(factor, values, codes, name) for factor in term]
        for chosen in product(*choices):
            references = [part[1] for part in chosen if part[1] is not None]
            yield (
                " : ".join(part[0] for part in chosen),
                " : ".join(references) or None,
                reduce(np.multiply, (part[2] for part in chosen)),
            )

    def _factor(
        self, factor: Factor, values: Mapping[str, Floats], codes: Mapping[str, Codes], name: str
    ) -> list[Part]:
        if not _is_level(factor):
            return [(str(factor), None, _transformed(factor, values[factor.column], name))]
        labels = self._codings[factor.column].labels
        return [
            (
                f"{factor.column} = {label}",
                labels[0],
                (codes[factor.column] == level).astype(np.float64),
            )
            for level, label in enumerate(labels)
            if level
        ]

    def _check_cells(self, read: _Read, rows: Mask) -> None:
        """Refuse what would show, or rest on, a handful of patients."""
        coded = {
            name: self._codings[name].apply(read.levels[name])[rows] for name in self._categories
        }
        for term in self._terms:
            crossed = [factor.column for factor in term if _is_level(factor)]
            if len(crossed) > 1 and self._smallest([coded[name] for name in crossed]) < MIN_CELL:
                raise NotEstimableError(
                    f"some combinations of the levels of {' : '.join(crossed)} have fewer than "
                    f"{MIN_CELL} complete real rows; leave the interaction out"
                )
        event = _event(self._formula)
        tabular = all(_is_level(factor) for term in self._terms for factor in term)
        if self._formula.kind == "logistic" and event is not None and tabular:
            happened = self._outcome(read)[0][rows].astype(np.int64)
            for name, codes in coded.items():
                if self._smallest([codes, happened]) < MIN_CELL:
                    raise NotEstimableError(
                        f"some levels of {name!r} have fewer than {MIN_CELL} complete real rows "
                        "with the event, or without; such a regression would be a table of them: "
                        "leave the column out, or add a column of numbers"
                    )

    @staticmethod
    def _smallest(codes: list[Codes]) -> int:
        shape = tuple(int(one.max()) + 1 for one in codes)
        cells = np.ravel_multi_index(tuple(codes), shape)
        return int(np.bincount(cells, minlength=int(np.prod(shape))).min())


def _is_level(factor: Factor) -> bool:
    return factor.transform == "C"


def _event(formula: Formula) -> Event | None:
    if isinstance(formula.outcome, Survival):
        return formula.outcome.event
    return formula.outcome if isinstance(formula.outcome, Event) else None


def _transformed(factor: Factor, values: Floats, name: str) -> Floats:
    if factor.transform == "square":
        return np.asarray(values**2)
    if factor.transform is None:
        return values
    lowest = {"log": 0.0, "log1p": -1.0, "sqrt": 0.0}[factor.transform]
    outside = values < lowest if factor.transform == "sqrt" else values <= lowest
    if outside.any():
        reach = "below 0" if factor.transform == "sqrt" else f"of {lowest:g} or below"
        raise NotEstimableError(
            f"the {name} table has values {reach} in the column {factor.column!r}, so that "
            f"{factor} cannot be computed; use another transformation, or none"
        )
    function = {"log": np.log, "log1p": np.log1p, "sqrt": np.sqrt}[factor.transform]
    return np.asarray(function(values))
