"""What a variable's distribution looks like: the types of a description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from synthhealth.schema import Kind

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Description", "VariableDescription"]


class VariableDescription(BaseModel):
    """One variable of a table, in aggregated figures.

    Figures that do not apply (a mean of names) or would point at single patients (the 5 %
    quantile of 61 values) are None.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    column: str
    """Name of the column."""
    kind: Kind
    """What it measures."""
    unit: str | None
    """Unit of the figures; `year` for dates, which are described as decimal years."""
    n: int = Field(ge=0)
    """Number of values that are neither missing nor beyond a detection limit."""
    missing_share: float = Field(ge=0, le=1)
    """Share of the values that are missing."""
    censored_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the values that are beyond a detection limit, and in no other figure."""
    n_distinct: int = Field(ge=0)
    """Number of distinct values."""
    mean: float | None = None
    """Mean."""
    sd: float | None = None
    """Standard deviation (n - 1)."""
    median: float | None = None
    """Median."""
    q05: float | None = None
    """5 % quantile; None for fewer than 100 values."""
    q25: float | None = None
    """Lower quartile."""
    q75: float | None = None
    """Upper quartile."""
    q95: float | None = None
    """95 % quantile; None for fewer than 100 values."""
    skew: float | None = None
    """Skewness, adjusted for sample size; 0 = symmetrical."""
    kurtosis: float | None = None
    """Excess kurtosis, adjusted for sample size; 0 = as a normal distribution."""
    shape: str
    """The shape in words."""
    best_distribution: str | None = None
    """Name (scipy.stats) of the distribution that fits best by Akaike's criterion."""
    goodness: float | None = Field(default=None, ge=0, le=1)
    """Kolmogorov-Smirnov distance between the values and that distribution."""
    goodness_p: float | None = Field(default=None, ge=0, le=1)
    """p value of `goodness` by parametric bootstrap, which allows for the parameters having been \
estimated from the same values."""
    candidates: tuple[tuple[str, float], ...] = ()
    """The distributions fitted, best first, each with its Kolmogorov-Smirnov distance."""
    outlier_share: float | None = Field(default=None, ge=0, le=1)
    """Share of the values outside Tukey's fences (on the logarithmic scale where the suggested \
transform is the logarithm)."""
    suggested_transform: str
    """Transform before modelling: `none`, `log`, `square root`, `Box-Cox`, `rank` or `treat \
zeros apart`."""
    levels: dict[str, int] | None = None
    """Counts of a categorical variable's levels, those rarer than 5 merged into `other`."""


class Description(BaseModel):
    """The variables of a table, one by one."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    n_rows: int = Field(ge=1)
    """Number of rows."""
    n_columns: int = Field(ge=1)
    """Number of columns that are described."""
    variables: tuple[VariableDescription, ...]
    """The variables in the table's order."""
    left_out: tuple[str, ...] = ()
    """Columns that identify people, which are not described."""

    def to_json(self) -> str:
        """Give the description as JSON; ``Description.model_json_schema()`` is its schema."""
        return self.model_dump_json(indent=2)

    def to_markdown(self) -> str:
        """Give the description as a table in Markdown."""
        lines = [_HEADINGS, tuple("---" for _ in _HEADINGS), *map(_cells, self.variables)]
        rows = "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
        )
        return f"{rows}\n\n{self._caption}." if self.left_out else rows

    def __rich__(self) -> Table:
        """Give the description as a table for the terminal."""
        from rich.table import Table
        from rich.text import Text

        title = f"{self.n_rows:,} rows, {self.n_columns} columns"
        table = Table(title=title, caption=self._caption if self.left_out else None)
        for heading in _HEADINGS:
            table.add_column(heading)
        for variable in self.variables:
            table.add_row(*map(Text, _cells(variable)))
        return table

    @property
    def _caption(self) -> str:
        return f"not described, as they identify people: {', '.join(self.left_out)}"


_HEADINGS = (
    "variable",
    "kind",
    "n",
    "missing",
    "median (quartiles) or levels",
    "shape",
    "outliers",
    "best distribution",
    "transform",
)
_MOST_LEVELS_SHOWN = 6


def _cells(variable: VariableDescription) -> tuple[str, ...]:
    name = f"{variable.column} ({variable.unit})" if variable.unit else variable.column
    return (
        name,
        variable.kind.value,
        str(variable.n),
        f"{variable.missing_share:.1%}",
        _values(variable),
        variable.shape,
        "" if variable.outlier_share is None else f"{variable.outlier_share:.1%}",
        _fit(variable),
        variable.suggested_transform,
    )


def _values(variable: VariableDescription) -> str:
    if variable.levels is not None:
        shown = [f"{name}: {count}" for name, count in variable.levels.items()]
        more = len(shown) - _MOST_LEVELS_SHOWN
        return ", ".join(shown[:_MOST_LEVELS_SHOWN]) + (f", {more} more" if more > 0 else "")
    if variable.median is None:
        return ""
    low, middle, high = map(_number, (variable.q25, variable.median, variable.q75))
    return f"{middle} ({low} to {high})"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def _fit(variable: VariableDescription) -> str:
    if variable.best_distribution is None:
        return ""
    return f"{variable.best_distribution} (D {variable.goodness:.3f}, p {variable.goodness_p:.2f})"
