"""What a user asks of an evaluation beyond what it always answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from synthhealth.errors import ParameterError, nearest
from synthhealth.schema import Schema

if TYPE_CHECKING:
    from synthhealth.evaluation.inference import Analysis

__all__ = ["PARTS", "Part", "Scope"]

Part = Literal["copying", "privacy", "joint", "coverage", "subgroups", "utility", "sdmetrics"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True)
class Scope:
    """What is to be predicted, which regressions are to agree, and by which groups.

    Attributes
    ----------
    outcomes : sequence of str or None
        Columns to be predicted; by default the outcomes of the schema, or else those that the
        others predict best.
    analyses : sequence of str or Analysis
        Regressions; see `synthhealth.evaluation.inference.Analysis`.
    by : sequence of str or None
        Columns that group the patients; by default sex, age and the outcomes of the schema.
    parts : sequence of str
        What is computed beside the single columns, their pairs and missing values: whether rows
        were copied, attacks on privacy, whole rows, coverage, subgroups, whether predictors can be
        trained, SDMetrics.
    """

    outcomes: Sequence[str] | None = None
    analyses: str | Analysis | Sequence[str | Analysis] = ()
    by: Sequence[str] | None = None
    parts: Sequence[Part] = PARTS

    def __post_init__(self) -> None:
        """Keep what an iterator gives, for it is asked more than once."""
        for option in ("outcomes", "by", "parts", "analyses"):
            given = getattr(self, option)
            if isinstance(given, Iterator):
                object.__setattr__(self, option, tuple(given))

    def check(self, schema: Schema) -> None:
        """Refuse questions about columns that are not there, before anything is computed.

        Raises
        ------
        ParameterError
            A column or part is unknown, or an analysis cannot be read.
        """
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown or isinstance(self.parts, str):
            raise ParameterError(f"parts is {self.parts!r}; give a list of {', '.join(PARTS)}")
        for option, names in (("outcomes", self.outcomes), ("by", self.by)):
            if isinstance(names, str):
                raise ParameterError(f"{option} is a text; give a list of column names")
            for name in names or ():
                if name not in schema.names:
                    raise ParameterError(
                        f"{option}: the table has no column {name!r}{nearest(name, schema.names)}"
                    )
        if self.analyses:
            from synthhealth.evaluation.inference import check_analyses
            from synthhealth.evaluation.inference.fit import check_installed

            check_installed()
            check_analyses(self.analyses, schema)
