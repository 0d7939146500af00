"""The content of a report: frozen, typed, each field described. As JSON it is ``report.json``."""

from __future__ import annotations

import json
from datetime import datetime
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from synthhealth.evaluation import Description, Evaluation
from synthhealth.evaluation.figures import Verdict
from synthhealth.schema import Column
from synthhealth.table.left_out import Privacy

#: What the attacks on privacy come to.
PrivacyVerdict = Literal["found", "not found", "cannot tell", "not tried"]

__all__ = [
    "Axis",
    "Box",
    "BoxPair",
    "CategoricalDistribution",
    "Conclusion",
    "DependenceMatrix",
    "Frequency",
    "GivenColumn",
    "GridPair",
    "GroupBoxes",
    "LevelShares",
    "Missingness",
    "ModelInfo",
    "NotShown",
    "NumericalDistribution",
    "Pairs",
    "Part",
    "PrivacyVerdict",
    "ProtectedColumn",
    "RareColumn",
    "ReportData",
    "Summary",
    "TableOne",
    "TableOneCell",
    "TableOneGroup",
    "TableOneVariable",
    "json_schema",
]


class Part(BaseModel):
    """A frozen part of a report; it cannot hold what JSON cannot."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class Summary(Part):
    """A numerical column within a group, rounded to what its standard error carries.

    So no patient follows by subtraction. Quartiles are means of the 5 values around their rank.
    """

    mean: float
    """Mean."""
    sd: float
    """Standard deviation (n - 1)."""
    q25: float
    """Lower quartile."""
    median: float
    """Median."""
    q75: float
    """Upper quartile."""


class Frequency(Part):
    """A level of a categorical column within a group."""

    count: int = Field(ge=0)
    """Number of rows; of real ones, to the nearest 5."""
    share: float = Field(ge=0, le=1)
    """Their share of the group's known values."""


class TableOneCell(Part):
    """A column within a group, real against synthetic."""

    real: Summary | None = None
    """Of a numerical column, the real values; None for fewer than 5."""
    synthetic: Summary | None = None
    """Of a numerical column, the synthetic values; None for fewer than 5."""
    real_levels: tuple[Frequency | None, ...] = ()
    """Of a categorical column, one entry per level; None for fewer than 5 real rows."""
    synthetic_levels: tuple[Frequency | None, ...] = ()
    """Of a categorical column, one entry per level; None where no value is known."""
    difference: float | None = None
    """Standardised difference, synthetic minus real: of the means (Cohen, 1988); of the levels' \
shares (Yang and Dalton, 2012), which has no sign. It is taken from the rounded figures, in a \
group for levels only of at least 100 real patients."""
    chance: float | None = Field(default=None, ge=0)
    """What 95 of 100 pairs of real samples of these sizes stay below."""


class TableOneVariable(Part):
    """A row of Table 1, or for a categorical column one row per level."""

    column: str
    """Name of the column."""
    unit: str | None
    """Unit of its numbers."""
    scale: Literal["number", "date"]
    """Whether they are numbers in `unit` or days since 1970-01-01 (UTC)."""
    statistic: Literal["mean", "median", "share"]
    """What is shown: mean (SD); median (quartiles), for dates and where the real values are \
skewed by more than 1; or count and share of each level."""
    levels: tuple[str, ...]
    """Names of the levels; none for a numerical column."""
    cells: tuple[TableOneCell, ...]
    """One cell per group."""


class TableOneGroup(Part):
    """A column of Table 1."""

    name: str | None
    """Name of the level; None for all patients."""
    n_real: int = Field(ge=0)
    """Number of real rows; in a group to the nearest 5."""
    n_synthetic: int = Field(ge=0)
    """Number of synthetic rows."""


class TableOne(Part):
    """The first table of a clinical paper, real against synthetic."""

    group: str | None
    """Name of the column that the patients are grouped by; None where they are not."""
    groups: tuple[TableOneGroup, ...]
    """All patients, and the groups of at least 5 real ones."""
    variables: tuple[TableOneVariable, ...]
    """The columns, in the table's order."""


class ProtectedColumn(Part):
    """A column that identifies people, and what was done with it before anything was learned."""

    column: str
    """Name of the column."""
    identifier: str | None
    """Which identifier it is."""
    treatment: Literal["dropped", "faked", "generalised", "left out"]
    """`dropped`: not in the synthetic table; `faked`: replaced by made-up values; `generalised`: \
coarsened; `left out`: not compared, and nothing more is known."""


class RareColumn(Part):
    """A column with levels that few patients have, and what was done with them before learning."""

    column: str
    """Name of the column."""
    treatment: Literal["pooled", "joined", "dropped"]
    """`pooled`: as one level; `joined`: with the neighbouring level of an ordinal column; \
`dropped`: replaced by the levels of similar patients. Levels that were pooled or joined are so in \
all figures; dropped ones are compared as they were."""
    pool: str | None
    """Name of the level that they were pooled as."""
    n_real: int | None = Field(default=None, ge=0)
    """Number of real rows concerned, to the nearest 5; None for 1 to 4."""


class GivenColumn(Part):
    """A column of a model that draws its columns given one another."""

    column: str
    """Its name."""
    parents: tuple[str, ...]
    """The columns that it is given."""
    gain: float
    """By how much they make a patient likelier, in natural logarithms; of a graph that was found \
in the table after a penalty for the number of parameters."""


class ModelInfo(Part):
    """Which model made the synthetic table.

    Examples
    --------
    >>> ModelInfo(name="ctgan", settings={"batch_size": 60}, seed=0, partial=False).name
    'ctgan'
    """

    name: str
    """Name of the model family."""
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    """The parameters used."""
    chosen: str | None = None
    """Why `auto` took this family; None where somebody named it."""
    seed: int | None = None
    """The seed of fitting and sampling."""
    partial: bool = False
    """Whether training was interrupted or ran out of time."""
    privacy: Privacy | None = None
    """How many patients the fit left out, as was asked for; None where unknown."""
    n_left_out: int | None = Field(default=None, ge=0)
    """Number of these patients; None where unknown, or where there were several fits."""
    accept_rate: float | None = Field(default=None, ge=0, le=1)
    """Share of the drawn rows that kept the schema's limits and rules; the others were redrawn."""
    graph: tuple[GivenColumn, ...] = ()
    """Which columns it draws given which others, in their order; empty of other models."""

    @field_validator("settings", mode="before")
    @classmethod
    def _tuples_are_lists(cls, settings: Any) -> Any:
        if not isinstance(settings, dict):
            return settings
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in settings.items()
        }


class NumericalDistribution(Part):
    """A numerical column's values, counted in cells with no or at least 5 real patients."""

    column: str
    """Name of the column."""
    unit: str | None
    """Unit of the edges; None where unknown, and for dates."""
    scale: Literal["number", "date"]
    """Whether edges are numbers in `unit` or days since 1970-01-01 (UTC)."""
    whole: bool
    """Whether the values are whole numbers."""
    n_real: int = Field(ge=1)
    """Number of real values that are not missing; the missing ones are a multiple of 5."""
    n_synthetic: int = Field(ge=1)
    """Number of synthetic values that are not missing."""
    edges: tuple[float, ...]
    """Edges of the histogram's bins ``[edge, next edge)``; they cover all values."""
    real: tuple[float, ...]
    """Share of the real values in each bin, the difference of `real_below` at its edges; \
divide by the bin's width for the density."""
    synthetic: tuple[float, ...]
    """Share of the synthetic values in each bin."""
    view: tuple[float, float]
    """The part of the bins that is drawn: all but at most 1 % of the values on each side."""
    grid: tuple[float, ...]
    """Points at which the distribution functions are given; the edges are among them."""
    real_below: tuple[float, ...]
    """Share of the real values below each point of the grid, to the nearest 5 patients."""
    synthetic_below: tuple[float, ...]
    """Share of the synthetic values below each point of the grid."""
    gap_at: float
    """The point of the grid at which the two distribution functions differ most."""


class LevelShares(Part):
    """How often a level of a categorical column occurs."""

    real_count: int = Field(ge=0)
    """Number of real rows, to the nearest 5."""
    real_share: float = Field(ge=0, le=1)
    """Share of the known real values."""
    synthetic_count: int = Field(ge=0)
    """Number of synthetic rows."""
    synthetic_share: float = Field(ge=0, le=1)
    """Share of the known synthetic values."""


class CategoricalDistribution(Part):
    """A categorical column's levels; those of fewer than 5 real patients are not named."""

    column: str
    """Name of the column."""
    n_real: int = Field(ge=1)
    """Number of real values that are not missing."""
    n_synthetic: int = Field(ge=1)
    """Number of synthetic values that are not missing."""
    names: tuple[str, ...]
    """The levels shown: ordered ones in their order, others by how many real patients have them."""
    levels: tuple[LevelShares, ...]
    """Counts and shares of the levels shown."""
    other: LevelShares | None
    """All other levels together; None where there are none."""
    n_other: int = Field(ge=0)
    """Number of levels in `other`."""


class NotShown(Part):
    """A column whose distribution is not shown, and why."""

    column: str
    """Name of the column."""
    reason: str
    """Why it is not shown."""


class Axis(Part):
    """The groups into which a pair figure sorts one of its columns."""

    column: str
    """Name of the column."""
    labels: tuple[str, ...]
    """The groups in order."""


class GridPair(Part):
    """Two categorical columns, counted together."""

    first: Axis
    """Groups of one column (rows of the tables below)."""
    second: Axis
    """Groups of the other column (columns of the tables below)."""
    n_real: int = Field(ge=0)
    """Number of real rows in which both values are known."""
    n_synthetic: int = Field(ge=0)
    """Number of synthetic rows in which both values are known."""
    real: tuple[tuple[float | None, ...], ...]
    """Share of these real rows in each cell, to the nearest 5 patients, so that no cell can be \
found from its neighbours by subtraction. None: fewer than 5 patients."""
    synthetic: tuple[tuple[float, ...], ...]
    """Share of these synthetic rows in each cell."""


class Box(Part):
    """The middle half of a group's values, in rounded numbers."""

    q25: float
    """Lower quartile."""
    median: float
    """Median."""
    q75: float
    """Upper quartile."""


class GroupBoxes(Part):
    """A numerical column within one group; None for fewer than 5 values."""

    real: Box | None
    """Of the real values."""
    synthetic: Box | None
    """Of the synthetic values."""


class BoxPair(Part):
    """A numerical column within the groups that another column makes."""

    numerical: str
    """Name of the numerical column."""
    groups: Axis
    """Levels of a categorical column, or bands of a numerical one."""
    scale: Literal["number", "date"]
    """Whether the values are numbers or days since 1970-01-01 (UTC)."""
    boxes: tuple[GroupBoxes, ...]
    """One entry per group."""


class Pairs(Part):
    """Pairs of columns, aggregated."""

    grids: tuple[GridPair, ...]
    """Pairs of two categorical columns."""
    boxes: tuple[BoxPair, ...]
    """Pairs of a numerical and a categorical column."""
    lines: tuple[BoxPair, ...]
    """Pairs of two numerical columns: one within bands of the other."""
    n_all: int = Field(ge=0)
    """Number of pairs that the table has."""
    n_kept: int = Field(ge=0)
    """Number of pairs kept here: all, or in a wide table the worst and those that differ most."""


class DependenceMatrix(Part):
    """The dependence of all pairs of columns as square tables.

    Spearman's rank correlation for two numerical columns, Cramer's V for two categorical ones,
    the correlation ratio for one of each.
    """

    numerical: tuple[str, ...]
    """The numerical columns, which come first in the tables."""
    categorical: tuple[str, ...]
    """The categorical columns, which follow."""
    real: tuple[tuple[float | None, ...], ...]
    """In the real table; None where it could not be computed."""
    synthetic: tuple[tuple[float | None, ...], ...]
    """In the synthetic table."""
    difference: tuple[tuple[float | None, ...], ...]
    """Synthetic minus real."""


class Missingness(Part):
    """How often a column's value is missing; of 1 to 4 real values as of 5."""

    column: str
    """Name of the column."""
    real: float = Field(ge=0, le=1)
    """Share of the real rows."""
    synthetic: float = Field(ge=0, le=1)
    """Share of the synthetic rows."""


class Conclusion(Part):
    """Two verdicts in words: on the likeness to patients, and on whether any is given away."""

    verdict: Verdict
    """The verdict on likeness, as in the evaluation's judgement."""
    headline: str
    """The same as one plain sentence."""
    privacy: PrivacyVerdict = "not tried"
    """The verdict on privacy: `found` where an attack gets more of the patients that were \
learned, or rows were copied; `not found` where no attack does; `cannot tell` where none does, and \
for some there were too few patients; `not tried` where no attack was."""
    privacy_headline: str = ""
    """The same as one plain sentence."""
    reasons: tuple[str, ...]
    """Why, in plain sentences, the gravest first."""


class ReportData(Part):
    """A whole report. No patient's row or value is in it, only figures over at least 5 patients.

    ``ReportData.model_json_schema()`` is the JSON Schema of ``report.json``; see `json_schema`.
    """

    format_version: Literal[1] = 1
    """Version of this format."""
    title: str
    """Title of the report."""
    created: datetime
    """When the tables were compared."""
    versions: dict[str, str]
    """Versions of Python and of the packages that computed the figures."""
    model: ModelInfo | None
    """Which model made the synthetic table; None where unknown."""
    columns: tuple[Column, ...]
    """The columns that were compared, and what they are."""
    conclusion: Conclusion
    """The verdict in words, and why."""
    advice: tuple[str, ...]
    """What to do next, in plain words, the most urgent first."""
    summary: tuple[str, ...]
    """The findings in plain words."""
    limits: tuple[str, ...]
    """What this report cannot show, in plain words."""
    evaluation: Evaluation
    """The figures of the comparison, each beside its noise floor."""
    written: Evaluation | None = None
    """The same of one synthetic table against the patients that its model learned, where \
`evaluation` is of further fits against patients that they never saw."""
    numerical: tuple[NumericalDistribution, ...]
    """Distributions of the numerical columns."""
    categorical: tuple[CategoricalDistribution, ...]
    """Distributions of the categorical columns."""
    not_shown: tuple[NotShown, ...]
    """Columns whose distribution is not shown."""
    pairs: Pairs
    """Pairs of columns, aggregated."""
    dependence: DependenceMatrix
    """Dependence of all pairs as square tables."""
    missingness: tuple[Missingness, ...]
    """How often each column's value is missing."""
    table_one: TableOne | None = None
    """The columns by group of patients; None for fewer than 5 real rows."""
    protected: tuple[ProtectedColumn, ...] = ()
    """The columns that identify people, and what was done with them."""
    rare: tuple[RareColumn, ...] = ()
    """The columns with levels that too few patients have to be learned."""
    description: Description
    """Distribution analysis of the real table."""


FILE_NAME = "report.schema.json"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) under which every ``report.json`` is valid.

    Examples
    --------
    >>> from synthhealth.report import json_schema
    >>> json_schema()["title"]
    'ReportData'
    """
    return published_schema(FILE_NAME)


def published_schema(file_name: str) -> dict[str, Any]:
    """Read a schema that is published with this room."""
    text = resources.files("synthhealth.report").joinpath(file_name).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def schema_text(types: type[BaseModel] = ReportData) -> str:
    """Return the content that a published file must have: the schema of the types as they are."""
    schema = types.model_json_schema(mode="serialization")
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
