"""What a researcher wants to know: a regression, by its formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import get_args

from synthhealth.errors import ParameterError, nearest
from synthhealth.evaluation.inference._formula import Formula, Kind, parse
from synthhealth.schema import Schema

__all__ = ["Analysis", "check_analyses"]


@dataclass(frozen=True)
class Analysis:
    """A regression, as a researcher writes it.

    The left side says which one: a column of numbers is a linear regression (least squares),
    ``logit(dead) ~ ...`` or ``logit(dead ~ ...)`` a logistic one, ``Surv(time, dead) ~ ...`` a Cox
    one. On the right stand columns joined by ``+``, ``:`` (interaction) and ``*`` (both columns
    and their interaction), as they are or as ``C(column)`` (levels), ``log(column)``,
    ``log1p(column)``, ``sqrt(column)`` and ``column ** 2`` (its square); the intercept always
    stays. Names with anything but letters, digits, ``_`` and ``.`` stand between backticks or
    quotes. An outcome that is one of several values is written ``status == 2``. Nothing of it is
    run as code.

    Parameters
    ----------
    formula : str
        The regression.
    kind : {"linear", "logistic", "cox"}, optional
        What it is, where the formula does not say so: ``Analysis("dead ~ age", "logistic")``.

    Raises
    ------
    ParameterError
        The formula cannot be read, or is of another kind.

    Examples
    --------
    >>> from synthhealth.evaluation.inference import Analysis
    >>> Analysis("das28 ~ age + C(sex)").kind
    'linear'
    >>> Analysis("Surv(time, status == 2) ~ log(bili) + age").columns
    ('time', 'status', 'bili', 'age')
    """

    formula: str
    kind: Kind | None = None
    _read: Formula = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.formula, str):
            raise ParameterError(
                f"an analysis is of type {type(self.formula).__name__}; give its formula as text"
            )
        if self.kind is not None and self.kind not in get_args(Kind):
            raise ParameterError(
                f"unknown kind of analysis {self.kind!r}{nearest(self.kind, get_args(Kind))}; "
                f"the kinds are {', '.join(get_args(Kind))}"
            )
        object.__setattr__(self, "formula", self.formula.strip())
        read = parse(self.formula, self.kind)
        object.__setattr__(self, "_read", read)
        object.__setattr__(self, "kind", read.kind)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it needs, each once."""
        return self._read.columns

    @property
    def read(self) -> Formula:
        """Its outcome and its terms."""
        return self._read


def check_analyses(
    analyses: str | Analysis | Iterable[str | Analysis], schema: Schema
) -> tuple[Analysis, ...]:
    """Read analyses and check that a table has their columns, before anything is computed.

    Parameters
    ----------
    analyses : str, Analysis or iterable of them
        The analyses.
    schema : Schema
        The columns of the table.

    Raises
    ------
    ParameterError
        One cannot be read, or names a column that the schema does not have.

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.evaluation.inference import check_analyses
    >>> schema = sh.Schema.detect(sh.datasets.load_ra_panel())
    >>> check_analyses("crp ~ aeg", schema)
    Traceback (most recent call last):
        ...
    synthhealth.errors.ParameterError: analysis 'crp ~ aeg': the table has no column 'aeg' \
(did you mean 'age'?)
    """
    given: Sequence[str | Analysis]
    given = [analyses] if isinstance(analyses, str | Analysis) else list(analyses)
    read = tuple(one if isinstance(one, Analysis) else Analysis(one) for one in given)
    for analysis in read:
        for name in analysis.columns:
            if name not in schema.names:
                raise ParameterError(
                    f"analysis {analysis.formula!r}: the table has no column {name!r}"
                    f"{nearest(name, schema.names)}"
                )
    return read
