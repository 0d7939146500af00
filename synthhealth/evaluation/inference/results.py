"""A regression, by its formula, and what comes of it on real and on synthetic rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import pandas as pd
from pydantic import Field

from synthhealth.errors import ParameterError, nearest
from synthhealth.evaluation.figures import NotComputed, Result, Score
from synthhealth.evaluation.inference.combining import Rule
from synthhealth.evaluation.inference.evidence import Worth
from synthhealth.evaluation.inference.formula import Formula, Kind, parse
from synthhealth.evaluation.rounding import coarse_count, coarse_known, rounded
from synthhealth.schema import Schema

__all__ = [
    "Analysis",
    "Coefficient",
    "Conclusion",
    "Estimate",
    "Inference",
    "RegressionResult",
    "check_analyses",
]


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


Conclusion = Literal["same", "lost", "invented", "reversed"]


class Estimate(Result):
    """A coefficient and how sure it is."""

    estimate: float
    """The coefficient: of a logistic regression the logarithm of an odds ratio, of a Cox \
regression that of a hazard ratio."""
    se: float
    """Its standard error."""
    low: float | None
    """Lower end of its 95 % interval; None where a rule of combination gives none."""
    high: float | None
    """Upper end of its 95 % interval."""
    p_value: float = Field(ge=0, le=1)
    """Of the test that it is 0."""

    written_exactly = True

    def as_written(self) -> Estimate:
        """Give the estimate with the digits that its standard error carries."""
        se = float(f"{self.se:.2g}")
        known = {"estimate": self.estimate, "low": self.low, "high": self.high}
        figures = {k: None if v is None else rounded(v, se) for k, v in known.items()}
        p_value = float(f"{self.p_value:.2g}")
        return self.model_copy(update={**figures, "se": se, "p_value": p_value})


class Coefficient(Result):
    """One coefficient of a regression, on real and on synthetic rows."""

    term: str
    """What it belongs to: ``age``, ``sex = M``, ``log(crp) : sex = M``, or ``intercept``."""
    reference: str | None
    """The level that a level is compared with; None where the term has none."""
    real: Estimate
    """From the real table."""
    synthetic: Estimate
    """As a user computes it from one synthetic table as if its rows were patients (the mean of \
what several give)."""
    corrected: Estimate
    """From the synthetic tables by the rule of combination, with what is known of the \
population."""
    interval_overlap: float = Field(ge=0, le=1)
    """What share of the real and the synthetic interval is common to both: the mean of the two \
shares (Karr et al., 2006); 0 where they do not meet."""
    standardised_difference: float
    """(Synthetic - real) / standard error of the real one."""
    same_sign: bool
    """Whether both have the same sign."""
    same_significance: bool
    """Whether both or none have a p value below 0.05."""
    synthetic_in_real_interval: bool
    """Whether the synthetic estimate lies in the real interval."""
    real_in_corrected_interval: bool | None
    """Whether the real estimate lies in the corrected interval; None where that is unbounded."""
    conclusion: Conclusion
    """What a user of the synthetic table would say of this term: the `same`; an effect is \
`lost` (not significant any more), `invented` (significant, but not in the real table) or \
`reversed` (significant the other way)."""
    corrected_conclusion: Conclusion
    """The same with the corrected interval."""

    def as_written(self) -> Coefficient:
        """Give the result with its comparisons as short as its estimates."""
        overlap, difference = self.interval_overlap, self.standardised_difference
        return self.model_copy(
            update={
                "interval_overlap": round(overlap, 2),
                "standardised_difference": rounded(difference, 1.0),
            }
        )


class RegressionResult(Result):
    """The same regression on real and on synthetic rows."""

    formula: str
    """The analysis."""
    kind: Literal["linear", "logistic", "cox"]
    """What it is."""
    event: str | None
    """The outcome that is predicted, such as ``dead = 1``; None of a linear regression."""
    n_real: int
    """Rows of the real table."""
    n_synthetic: int
    """Rows of a synthetic table, the mean over several."""
    dropped_real: int | None
    """Real rows left out for a missing value; None where they are 1 to 4."""
    dropped_synthetic: int
    """Synthetic rows left out for a missing value or a level that the real table lacks, the mean \
over several."""
    used_real: int | None
    """Real rows fitted, a random sample of very large tables; None where `dropped_real` is."""
    used_synthetic: int
    """Synthetic rows fitted, the mean over several."""
    events_real: int | None
    """Real rows fitted with the event, written to the nearest 5; None of a linear regression."""
    events_synthetic: int | None
    """Synthetic rows fitted with the event, the mean over several."""
    m: int = Field(ge=1)
    """Synthetic tables."""
    rule: Rule
    """Rule of combination of the corrected estimates."""
    coefficients: tuple[Coefficient, ...]
    """Every coefficient."""
    overlap: Score
    """Mean interval overlap over the terms without the intercept, beside what a second sample of \
real patients of the size of one synthetic table would give."""
    same_conclusions: Score
    """Share of these terms with the same conclusion, beside the same."""
    mean_difference: Score
    """Mean absolute standardised difference of these terms, beside the same."""
    p_value: float = Field(ge=0, le=1)
    """Probability that all coefficients of a second sample of real patients of these sizes would \
differ from the first as much or more (Wald test)."""
    worth: Worth | None
    """What sample size the synthetic evidence on this question is worth; None for rules without \
one."""

    def as_written(self) -> RegressionResult:
        """Give the result with numbers of patients that cannot be subtracted."""
        used = None if self.used_real is None else coarse_known(self.used_real, self.n_real)
        dropped = None if self.dropped_real is None else coarse_count(self.dropped_real)
        events = None if self.events_real is None else coarse_count(self.events_real)
        return self.model_copy(
            update={"used_real": used, "dropped_real": dropped, "events_real": events}
        )


class Inference(Result):
    """Whether a researcher comes to the same conclusions with the synthetic tables."""

    regressions: tuple[RegressionResult, ...]
    """Every analysis that could be computed."""
    not_computed: tuple[NotComputed, ...]
    """Every other one, and why."""

    def to_frame(self) -> pd.DataFrame:
        """Give a row for every coefficient of every analysis."""
        rows = []
        for regression in self.regressions:
            for one in regression.coefficients:
                row: dict[str, object] = {"analysis": regression.formula, "term": one.term}
                for name in ("real", "synthetic", "corrected"):
                    found: Estimate = getattr(one, name)
                    row |= {f"{name}_{key}": value for key, value in found}
                row["interval_overlap"] = one.interval_overlap
                row["conclusion"] = one.conclusion
                row["corrected_conclusion"] = one.corrected_conclusion
                rows.append(row)
        return pd.DataFrame(rows)
