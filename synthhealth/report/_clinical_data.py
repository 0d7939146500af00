"""What a clinical schema adds to a report: Table 1, and what was done with identifiers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Frequency",
    "Part",
    "ProtectedColumn",
    "RareColumn",
    "Summary",
    "TableOne",
    "TableOneCell",
    "TableOneGroup",
    "TableOneVariable",
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
