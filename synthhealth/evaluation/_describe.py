"""Every variable of a table on its own: kind, shape, best distribution, outliers, transform."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from synthhealth.evaluation._description import Description, VariableDescription
from synthhealth.evaluation._distributions import (
    FAMILIES,
    Family,
    Fit,
    best_fits,
    goodness_p,
    resolution,
)
from synthhealth.evaluation._release import (
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
from synthhealth.evaluation._results import MIN_CELL
from synthhealth.evaluation._seeds import Seeds
from synthhealth.evaluation._shape import outlier_share, shape_of, skewness
from synthhealth.evaluation._tables import CanonicalTable, read_one
from synthhealth.evaluation._values import check_levels, microseconds, numbers
from synthhealth.schema import Column, Kind, Schema

__all__ = ["describe", "describe_read"]

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
    that even the best candidate does not fit. Where zeros are a group apart, shape, outliers and
    distribution are those of the other values; results beyond a detection limit are left out of
    all figures but their share. Dates are described as decimal years. Columns that identify people
    are not described.

    What leaves is rounded: quantiles are the mean of the 5 values around their rank, figures have
    the digits that their standard errors carry, and counts of patients are multiples of 5, so that
    the difference of two descriptions does not tell what the patient has by whom they differ.

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
