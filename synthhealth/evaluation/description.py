"""Every variable of a table on its own: kind, shape, best distribution, outliers, transform."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field
from scipy import stats

from synthhealth.evaluation.distributions import (
    FAMILIES,
    Family,
    Fit,
    best_fits,
    goodness_p,
    outlier_share,
    resolution,
    shape_of,
    skewness,
)
from synthhealth.evaluation.rounding import (
    FINER_THAN_RECORDED,
    coarse_count,
    coarse_known,
    deviation_error,
    mean_error,
    quantile,
    quantile_error,
    recorded_step,
    rounded,
)
from synthhealth.evaluation.tables import CanonicalTable, read_one
from synthhealth.evaluation.values import check_levels, microseconds, numbers
from synthhealth.evaluation.work import Seeds
from synthhealth.schema import Column, Kind, Schema
from synthhealth.schema.types import MIN_CELL

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Description", "VariableDescription", "describe", "describe_read"]


Floats = npt.NDArray[np.float64]

#: Distributions are fitted to at most this many values, drawn at random from larger columns.
MOST_FITTED = 1_000
FEWEST_FITTED = 10
#: The p value of the best fit is that of at most this many of them.
MOST_TESTED = 400
#: The 5 % quantile of fewer values is one patient, or close to it.
FEWEST_FOR_TAILS = 100
DAYS_PER_YEAR = 365.2425
MICROSECONDS_PER_DAY = 86_400_000_000
#: Counts that are larger on average are measurements in whole numbers (platelets).
LARGEST_MEAN_COUNT = 50
#: Values that differ by less than this share of their size differ by the machine's rounding.
NOISE = 1e-9
OTHER = "other"
#: Decimals of a share or a distance.
DIGITS = 3
EVEN, DOMINANT = 0.9, 0.9


def describe(table: pd.DataFrame, schema: Schema | None = None) -> Description:
    """Describe every variable of a table on its own.

    Numerical variables get figures of location and spread, a shape in words, the share outside
    Tukey's fences, a suggested transform, and the distribution that fits best. Candidates are
    normal, logistic, Student's t, Gumbel and uniform; for positive values also lognormal, gamma,
    Weibull and exponential; between 0 and 1 also beta; for counts also Poisson and negative
    binomial. They are fitted by maximum likelihood to at most 1,000 values and compared by
    Akaike's criterion; the p value of the best one is that of at most 400 of these values and
    comes from a parametric bootstrap of 99 samples, because its parameters were estimated from
    the same values. A small p value says
    that even the best candidate does not fit. If zeros form a group of their own, shape, outliers
    and distribution describe the other values; results beyond a detection limit count only towards
    their share. Dates are described as decimal years. Columns that identify people
    are not described.

    All results are rounded: quantiles are the mean of the 5 values around their rank, figures have
    as many digits as their standard errors justify, and counts of patients are multiples of 5. So
    the difference between two descriptions does not reveal the patient by whom they differ.

    Parameters
    ----------
    table : pandas.DataFrame
        At least one row.
    schema : Schema, optional
        Kinds and units of the columns; detected from `table` by default.

    Returns
    -------
    Description

    Raises
    ------
    TableError
        The table is empty, has repeated column names or a column of mixed types, or cells do not
        fit the schema.
    SchemaError
        The schema does not describe the table's columns.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from synthhealth.evaluation import describe
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"crp": rng.lognormal(1.0, 1.0, size=300).round(3)})
    >>> crp = describe(table).variables[0]
    >>> crp.shape, crp.best_distribution, crp.suggested_transform
    ('strongly right-skewed', 'lognorm', 'log')
    """
    read, described, left_out = read_one(table, schema)
    return describe_read(read, described, left_out)


def describe_read(
    read: CanonicalTable, schema: Schema, left_out: tuple[str, ...] = ()
) -> Description:
    """Describe every variable of a table that has been read. See `describe`."""
    seeds = Seeds.of(0)
    return Description(
        n_rows=len(read.table),
        n_columns=len(schema),
        variables=tuple(
            _describe_numbers(read, column, seeds.rng(column.name))
            if column.kind.is_numerical
            else _describe_levels(read.table[column.name], column)
            for column in schema
        ),
        left_out=left_out,
    )


def _describe_numbers(
    read: CanonicalTable, column: Column, rng: np.random.Generator
) -> VariableDescription:
    series, missing = read.measured(column.name), read.table[column.name].isna()
    is_date = column.kind is Kind.DATETIME
    values, shown = _dates(series, column) if is_date else _numbers(series, column)
    common: dict[str, Any] = {
        "column": column.name,
        "kind": column.kind,
        "unit": "year" if is_date else column.unit,
        **_counts(missing, series.isna() & ~missing),
        "n_distinct": int(np.unique(values).size),
    }
    obstacle = _obstacle(values)
    if obstacle is not None:
        return VariableDescription(**common, shape=obstacle, suggested_transform="none")
    common |= _figures(shown)
    if np.ptp(values) <= NOISE * np.abs(values).max():
        shape_words = "constant" if np.ptp(values) == 0 else "constant but for rounding"
        return VariableDescription(**common, shape=shape_words, suggested_transform="none")

    is_count = column.kind is Kind.COUNT
    shape = shape_of(values, is_count=is_count, is_date=is_date)
    body = np.log(shape.body) if shape.on_log_scale else shape.body
    return VariableDescription(
        **common,
        **_distribution(shape.body, is_count=is_count, is_date=is_date, rng=rng),
        skew=rounded(skewness(values), math.sqrt(6 / values.size)),
        kurtosis=rounded(float(stats.kurtosis(values, bias=False)), math.sqrt(24 / values.size)),
        shape=shape.words,
        outlier_share=_coarse_share(outlier_share(body), body.size),
        suggested_transform=shape.transform,
    )


def _numbers(series: pd.Series, column: Column) -> tuple[Floats, Floats]:
    values = numbers(series, column, "given")
    values = values[~np.isnan(values)]
    return values, values


def _dates(series: pd.Series, column: Column) -> tuple[Floats, Floats]:
    """Give days since the first date, to judge their shape, and decimal years, to show."""
    moments, _ = microseconds(series, column, "given")
    days = moments[series.notna().to_numpy()] / MICROSECONDS_PER_DAY
    return days - days.min(initial=np.inf), 1970.0 + days / DAYS_PER_YEAR


def _obstacle(values: Floats) -> str | None:
    if values.size == 0:
        return "all values are missing"
    if np.isinf(values).any():
        return "some values are infinite; make them missing"
    if values.size < MIN_CELL:
        return f"fewer than {MIN_CELL} values"
    return None


def _counts(gone: pd.Series, beyond: pd.Series) -> dict[str, Any]:
    """Count missing values and those beyond a limit, so that no difference tells of one."""
    n = len(gone)
    missing, censored = (coarse_count(int(mask.sum())) for mask in (gone, beyond))
    return {
        "n": max(n - missing - censored, 0),
        "missing_share": _short(min(missing / n, 1.0)),
        "censored_share": _short(min(censored / n, 1.0)),
    }


def _coarse_share(share: float | None, n: int) -> float | None:
    return None if share is None else _short(min(coarse_count(round(share * n)) / n, 1.0))


def _short(share: float) -> float:
    return round(share, DIGITS)


def _figures(values: Floats) -> dict[str, float]:
    """Give location and spread, from which no difference tells of one patient."""
    at = {"q25": 0.25, "median": 0.5, "q75": 0.75}
    if values.size >= FEWEST_FOR_TAILS:
        at = {"q05": 0.05, **at, "q95": 0.95}
    ordered, step = np.sort(values), recorded_step(values)
    finer = step * FINER_THAN_RECORDED
    return {
        "mean": rounded(float(values.mean()), mean_error(values), finer),
        "sd": rounded(float(values.std(ddof=1)), deviation_error(values), finer),
        **{
            name: rounded(quantile(ordered, place), quantile_error(ordered, place), step)
            for name, place in at.items()
        },
    }


def _distribution(
    values: Floats, *, is_count: bool, is_date: bool, rng: np.random.Generator
) -> dict[str, Any]:
    if values.size > MOST_FITTED:
        values = rng.choice(values, MOST_FITTED, replace=False)
    if values.size < FEWEST_FITTED or np.unique(values).size < 3:
        return {}
    step = resolution(values)
    families = _families(values, is_count=is_count, is_date=is_date)
    fits = best_fits(values, families, step)
    if not fits:
        return {}
    return {
        "best_distribution": fits[0].family.name,
        "goodness": _short(fits[0].distance),
        "goodness_p": _goodness_p(fits[0], values, step, rng),
        "candidates": tuple((fit.family.name, _short(fit.distance)) for fit in fits),
    }


def _goodness_p(fit: Fit, values: Floats, step: float, rng: np.random.Generator) -> float:
    if values.size > MOST_TESTED:
        few = rng.choice(values, MOST_TESTED, replace=False)
        again = best_fits(few, [fit.family], step)
        if again:
            fit, values = again[0], few
    return goodness_p(fit, values.size, step, rng)


def _families(values: Floats, *, is_count: bool, is_date: bool) -> list[Family]:
    least, largest = values.min(), values.max()
    supports = {"real"}
    if not is_date and least > 0:
        supports |= {"positive", "unit interval"} if largest < 1 else {"positive"}
    if is_count and least >= 0 and values.mean() <= LARGEST_MEAN_COUNT:
        supports.add("count")
    return [family for family in FAMILIES if family.support in supports]


def _describe_levels(series: pd.Series, column: Column) -> VariableDescription:
    check_levels(series, column, "given")
    present = series.dropna()
    counts = present.astype(object).value_counts()
    missing = series.isna()
    known = _counts(missing, missing & False)
    return VariableDescription(
        column=column.name,
        kind=column.kind,
        unit=column.unit,
        n=known["n"],
        missing_share=known["missing_share"],
        n_distinct=len(counts),
        shape=_spread(counts),
        suggested_transform="none",
        levels=_named_levels(counts, column.kind, series),
    )


def _spread(counts: pd.Series) -> str:
    if len(counts) == 0:
        return "all values are missing"
    if len(counts) == 1:
        return "constant"
    shares = counts.to_numpy(dtype=np.float64) / counts.sum()
    if len(counts) > counts.sum() / 2:
        return "nearly all values differ"
    if shares.max() >= DOMINANT:
        return "dominated by one level"
    evenness = float(stats.entropy(shares) / np.log(len(counts)))
    return "evenly spread" if evenness >= EVEN else "unevenly spread"


def _named_levels(counts: pd.Series, kind: Kind, series: pd.Series) -> dict[str, int]:
    """Name the levels with at least 5 rows, in their order or the commonest first."""
    common = {level: int(count) for level, count in counts.items() if count >= MIN_CELL}
    if kind is not Kind.ORDINAL:
        order = sorted(common, key=lambda level: (-common[level], _name(level)))
    elif isinstance(series.dtype, pd.CategoricalDtype):
        order = [level for level in series.dtype.categories if level in common]
    else:
        order = [level for level in counts.sort_index().index if level in common]
    total = int(counts.sum())
    while order and 0 < total - sum(common[level] for level in order) < MIN_CELL:
        # So few would be told by the others' counts; the rarest of those joins them.
        order.remove(min(order, key=lambda level: common[level]))
    named = {_name(level): common[level] for level in order}
    rest = total - sum(named.values())
    if rest:
        named[OTHER] = named.get(OTHER, 0) + rest
    if len(named) == 1:
        return {name: coarse_known(total, len(series)) for name in named}
    return {name: coarse_count(count) for name, count in named.items()}


def _name(level: object) -> str:
    if isinstance(level, float) and level.is_integer():
        return str(int(level))
    return str(level)


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

    def __repr__(self) -> str:
        size = f"{self.n_rows:,} rows, {self.n_columns} columns"
        return f"<Description: {size}; .to_markdown(), .to_json(), .variables>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        from synthhealth.io.as_html import Sheet, screen

        return screen(
            f"Description, {self.n_rows:,} rows, {self.n_columns} columns",
            sentences=[f"{self._caption[0].upper()}{self._caption[1:]}."] if self.left_out else [],
            sheets=[Sheet("Variables", _HEADINGS, [_cells(one) for one in self.variables])],
            hint=".variables has every figure; .to_markdown() and .to_json() give it as text.",
        )

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
