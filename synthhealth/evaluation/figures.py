"""What the types of all results share, and a figure beside what it is measured against."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

__all__ = [
    "WHOLE_COLUMN",
    "Band",
    "Family",
    "Metric",
    "NotComputed",
    "Result",
    "Score",
    "Standing",
    "State",
    "Verdict",
]

#: What could not be computed where a column cannot be compared at all.
WHOLE_COLUMN = "all figures of the column"

Standing = Literal["below", "within", "above"]
#: What is said of one figure, and of the whole table.
State = Literal["as good", "worse", "uncertain", "copied"]
Verdict = Literal["good", "poor", "copied", "cannot tell"]
Family = Literal["marginals", "dependence", "joint", "missingness", "copying", "learning"]


#: Significant digits of a score or a p value that leaves the process.
DIGITS = 4


class Result(BaseModel):
    """A frozen result; it cannot hold what JSON cannot.

    Figures are exact as attributes and rounded wherever they are written: by the class itself
    where a figure has a unit or counts patients, else to 4 significant digits.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )
    written_exactly: ClassVar[bool] = False
    """Whether the figures are limits of the schema, or have been rounded already."""

    def as_written(self) -> Result:
        """Give the result with the figures that may leave."""
        return self

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler) -> Any:
        told = handler(self.as_written())
        if self.written_exactly or not isinstance(told, dict):
            return told
        return {
            name: float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
            for name, value in told.items()
        }

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # What is rounded has the fields and types of what is not.
        plain = {key: value for key, value in core_schema.items() if key != "serialization"}
        return handler(cast(CoreSchema, plain))


class Band(Result):
    """What a table of a known sort would score at the sizes of the tables compared.

    Of a perfect generator, that is a second sample of real patients, it is the noise floor: no
    generator can be expected to score better; one that does repeats patients.

    Examples
    --------
    >>> floor = Band(mean=0.85, low=0.77, high=0.92, method="exact")
    >>> floor.standing(0.62)
    'below'
    """

    mean: float
    """Mean score."""
    low: float
    """2.5 % quantile of that score."""
    high: float
    """97.5 % quantile of that score."""
    method: Literal["exact", "resampled", "permuted", "approximate", "drawn"]
    """`exact`: from the law of the score, whatever the distribution; `resampled`: from bootstrap \
samples of the real table, which stands for the population; `permuted`: from random exchanges of \
rows between the two tables; `approximate`: from a limit law; `drawn`: from tables that were made \
and scored, such as a copy."""

    def standing(self, value: float) -> Standing:
        """Say where `value` lies: ``"below"``, ``"within"`` or ``"above"`` the noise floor."""
        # Scores are sums of floats: a copy's 1 - 0.9999999999999999 must not count as below.
        tolerance = 1e-9
        if value < self.low - tolerance:
            return "below"
        return "above" if value > self.high + tolerance else "within"


class Score(Result):
    """An overall figure beside its noise floor."""

    value: float
    """The figure."""
    floor: Band
    """What two independent real samples of these sizes would give."""


class Metric(Result):
    """A figure over the whole table, calibrated: beside a perfect generator, a copy, a shuffle."""

    name: str
    """Name of the figure."""
    family: Family
    """What it judges: single columns, pairs of columns, whole rows, missing values, whether rows \
were copied, or how much the model leans on the rows that it learned."""
    value: float
    """The figure."""
    low: float | None = None
    """Lower end of its 95 % interval; None where only the band of a perfect generator is known."""
    high: float | None = None
    """Upper end of its 95 % interval."""
    poor_side: Literal["low", "high"]
    """On which side of a perfect generator a poor one lies; a copy lies on the other."""
    perfect: Band
    """What a perfect generator scores: one that draws new patients of the same population."""
    copy_of_real: Band | None
    """What a verbatim copy of the real rows scores."""
    shuffled: Band | None
    """What the real table scores with each column shuffled by itself, so that nothing depends on \
anything."""
    p_poor: float = Field(ge=0, le=1)
    """Probability that a perfect generator lies as far on the poor side or further."""
    p_close: float = Field(ge=0, le=1)
    """Probability that a perfect generator lies as far on the other side or further."""
    q_poor: float = Field(ge=0, le=1)
    """`p_poor` adjusted for all that was judged; see `synthhealth.evaluation.judgement.judge`."""
    q_close: float = Field(ge=0, le=1)
    """`p_close` adjusted for the number of figures of its family."""
    state: State
    """`worse` where `q_poor` is at most 0.05; `copied` where `q_close` is, of a figure that looks \
for copies; `uncertain` where the figure lies on the poor side of its band without being `worse`, \
or could not tell a shuffle (or, of copying, a copy) from a perfect generator at these sizes; else \
`as good` as other patients."""
    closer: bool
    """Whether `q_close` is at most 0.05 of a figure that does not look for copies: the table is \
closer to these patients than others would be, as one of a model that learned them may be."""
    assumption: str
    """What the band of a perfect generator rests on."""


class NotComputed(Result):
    """A figure that could not be computed, and why."""

    what: str
    """The figure."""
    column: str | None
    """The column concerned (`first / second` for a pair); None for the whole table."""
    reason: str
    """Why it could not be computed."""
