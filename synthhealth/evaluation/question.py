"""What a question of an evaluation is: it compares, and leaves the judging to others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from synthhealth.evaluation.calibration import Unjudged
from synthhealth.evaluation.figures import NotComputed
from synthhealth.evaluation.matching import CategoricalColumn, NumericalColumn
from synthhealth.evaluation.scope import Part, Scope
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.work import Seeds

__all__ = ["Answer", "Case", "Question"]


@dataclass(frozen=True)
class Case:
    """What is compared.

    Attributes
    ----------
    tables : Tables
        The two tables; of a cross-validation all its parts together.
    folds : sequence of Tables
        One for each model that drew synthetic rows.
    columns : sequence of NumericalColumn or CategoricalColumn
        The columns of both tables, some of which cannot be compared (`obstacle`).
    scope : Scope
        What the user asked for.
    """

    tables: Tables
    folds: Sequence[Tables]
    columns: Sequence[NumericalColumn | CategoricalColumn]
    scope: Scope

    @property
    def usable(self) -> list[NumericalColumn | CategoricalColumn]:
        """The columns that can be compared."""
        return [column for column in self.columns if column.obstacle is None]

    @property
    def numerical(self) -> list[NumericalColumn]:
        """All columns of numbers."""
        return [column for column in self.columns if isinstance(column, NumericalColumn)]


class Answer(NamedTuple):
    """What came out.

    Attributes
    ----------
    results : object
        The field of the evaluation; None where nothing could be computed.
    figures : sequence of Unjudged
        Figures over the whole table. They are judged together with those of all other questions.
    gaps : sequence of NotComputed
        What could not be computed, and why.
    """

    results: Any = None
    figures: Sequence[Unjudged] = ()
    gaps: Sequence[NotComputed] = ()


@dataclass(frozen=True)
class Question:
    """One thing that is asked of two tables.

    Attributes
    ----------
    name : str
        What is looked at, in words: ``"copied rows"``.
    compare : callable
        Takes a `Case` and `Seeds`, gives an `Answer`.
    field : str or None
        The field of `Evaluation` that holds the results. None: they stand in its field ``others``,
        by the question's name, and must be a pydantic model.
    part : str or None
        The part of `Scope` by which a user asks for it; None: it is always asked.
    seconds : float
        About how long it takes on a table of 1,000 rows and 20 columns; what takes longest is
        begun first.
    alone : bool
        Whether it is computed after all others, by itself, since libraries that it uses silence
        warnings, which counts for all threads.
    """

    name: str
    compare: Callable[[Case, Seeds], Answer]
    field: str | None = None
    part: Part | None = None
    seconds: float = 0.0
    alone: bool = False
