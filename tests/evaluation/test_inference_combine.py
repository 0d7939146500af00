"""The rules against printed examples, and against exact fractions where none is printed."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from synthhealth.errors import ParameterError
from synthhealth.evaluation.inference import Combined, combine, worth
from synthhealth.evaluation.inference.agreement import interval_overlap

GREATEST_ERROR = 1e-6


def with_moments(mean: float, variance: float, m: int) -> np.ndarray:
    """Give m numbers of this mean and this variance."""
    values = np.arange(m, dtype=float)
    return mean + (values - values.mean()) / values.std(ddof=1) * math.sqrt(variance)


def test_partial_synthesis_as_mice_prints_it() -> None:
    """Published: the example of `pool.scalar.syn` in the reference manual of mice (R), Reiter 2003.

    Stopping distances of cars, two synthetic tables; printed with seven digits.
    """
    found = combine([0.12182, 0.13209], [0.02121**2, 0.02516**2], "partially")
    assert found.estimate == pytest.approx(0.126955, rel=GREATEST_ERROR)
    assert found.within == pytest.approx(0.0005414448, abs=5e-11)
    assert found.between == pytest.approx(5.273645e-05, abs=5e-12)
    assert found.variance == pytest.approx(0.0005678131, abs=5e-11)
    assert found.df == pytest.approx(463.7127, abs=5e-5)


def test_partial_synthesis_of_an_intercept_as_mice_prints_it() -> None:
    """Published: the same page, `pool.syn`, first row; from its mean, within and between."""
    found = combine(with_moments(9.8108, 2.329428e-01, 2), [1.4241330840] * 2, "partially")
    assert found.variance == pytest.approx(1.5406044600, rel=GREATEST_ERROR)
    assert found.df == pytest.approx(174.9621, rel=GREATEST_ERROR)


@pytest.mark.parametrize(
    ("mean", "within", "between", "total", "df", "low", "high", "p"),
    [
        (
            -0.02071539,
            0.0008125695,
            0.001763004,
            0.001126735,
            3.038045,
            -0.1267874,
            0.08535658,
            5.803156e-01,
        ),
        (
            2.96593502,
            0.0016251389,
            0.004203106,
            0.002998278,
            3.784951,
            2.8104386,
            3.12143146,
            1.304839e-06,
        ),
    ],
)
def test_full_synthesis_as_gformulami_prints_it(
    mean: float,
    within: float,
    between: float,
    total: float,
    df: float,
    low: float,
    high: float,
    p: float,
) -> None:
    """Published: the example of `syntheticPool` on the site of gFormulaMI (R), Raghunathan 2003.

    Ten synthetic tables. Within and between are printed with seven digits, so that their
    difference, and what follows from it, is known to about 1e-6 of its size.
    """
    found = combine(with_moments(mean, between, 10), [within] * 10, "fully")
    assert not found.adjusted
    assert found.estimate == pytest.approx(mean, abs=GREATEST_ERROR)
    assert found.variance == pytest.approx(total, abs=1e-9)
    assert found.df == pytest.approx(df, rel=2e-6)
    assert found.low == pytest.approx(low, abs=GREATEST_ERROR)
    assert found.high == pytest.approx(high, abs=GREATEST_ERROR)
    assert found.p_value == pytest.approx(p, rel=2e-5)


# No example of Raab, Nowok and Dibben (2016) is printed with its inputs. These numbers are derived
# apart from the code, in fractions. Of a mean: n rows of variance s give an estimate of variance
# s/n; a table of k rows drawn from it adds s/k, and m of them, averaged, s/(km); a user of one
# computes v = s/k, so that s = vk. Parameters drawn from their posterior add s/n to each table.
@pytest.mark.parametrize(("n", "k", "m"), [(61, 1000, 1), (61, 61, 1), (200, 100, 5), (300, 90, 3)])
@pytest.mark.parametrize("rule", ["simple", "predictive"])
def test_simple_synthesis_in_fractions(n: int, k: int, m: int, rule: str) -> None:
    variance = Fraction(7, 400)  # v
    s = variance * k
    drawn = s / n if rule == "predictive" else Fraction(0)
    truth = s / n + (s / k + drawn) / m
    found = combine(np.linspace(0, 1, m), [float(variance)] * m, rule, n=n, k=k)  # type: ignore[arg-type]
    assert found.variance == pytest.approx(float(truth), rel=1e-12)
    assert found.df is None
    assert found.high == pytest.approx(found.estimate + 1.959963984540054 * math.sqrt(truth))
    effective = s / truth
    size = worth(n, k, m, rule=rule)  # type: ignore[arg-type]
    assert size.n_effective == pytest.approx(float(effective), rel=1e-12)
    assert size.widen == pytest.approx(found.se / math.sqrt(variance), rel=1e-12)
    assert size.n_effective < n


def test_simple_synthesis_as_synthpop_computes_it() -> None:
    """The variance as the vignette "Inference from fitted models in synthpop" writes it."""
    n, k, m, v = 5000, 500, 4, 0.03
    simple = combine([1.0] * m, [v] * m, "simple", n=n, k=k)
    proper = combine([1.0] * m, [v] * m, "predictive", n=n, k=k)
    assert simple.variance == pytest.approx(v / m + v * k / n, rel=1e-12)
    assert proper.variance == pytest.approx(v * (1 + k / n) / m + v * k / n, rel=1e-12)


@pytest.mark.parametrize(
    ("difference", "overlap"),
    [
        (0.09510782, 0.9757374),
        (-0.88560583, 0.7740760),
        (-0.27807429, 0.9290614),
        (-0.64007112, 0.8367136),
        (0.68386318, 0.8255419),
    ],
)
def test_overlap_as_synthpop_prints_it(difference: float, overlap: float) -> None:
    """Published: output of synthpop's compare() of a regression of income, as textbooks print it.

    Its intervals have the same length: estimate +- 1.96 standard errors.
    """
    half = stats.norm.ppf(0.975)
    ends = [(np.array([at - half]), np.array([at + half])) for at in (0.0, difference)]
    assert interval_overlap(ends[0], ends[1])[0] == pytest.approx(overlap, abs=GREATEST_ERROR)


def test_overlap_of_intervals_that_do_not_meet_is_0() -> None:
    first, second = (np.zeros(2), np.ones(2)), (np.array([2.0, 0.25]), np.array([3.0, 0.75]))
    assert interval_overlap(first, second).tolist() == [0.0, 0.75]


def test_no_positive_variance_is_replaced() -> None:
    """Full synthesis with estimates that agree: T = (1 + 1/3) 0.01 - 0.5 < 0, so v k/n."""
    found = combine(with_moments(1.0, 0.01, 3), [0.5] * 3, "fully", n=100, k=50)
    assert found.adjusted
    assert found.variance == pytest.approx(0.25)
    assert found.df is None
    assert found.p_value == pytest.approx(2 * stats.norm.sf(2.0))


def test_an_unbounded_interval_has_no_ends() -> None:
    # (1 + 1/m) b is hardly larger than v: hardly any degree of freedom is left.
    found = combine(with_moments(1.0, 0.1, 10), [0.11 * (1 - 1e-6)] * 10, "fully")
    assert found.df is not None
    assert found.df < 1e-9
    assert found.low is None
    assert found.high is None
    written = found.model_dump_json()  # with the digits that its error carries
    assert Combined.model_validate_json(written).model_dump_json() == written


def test_estimates_that_agree_leave_the_normal_law() -> None:
    found = combine([1.0, 1.0], [0.04, 0.04], "partially")
    assert found.df is None
    assert found.variance == pytest.approx(0.04)


def test_degrees_of_freedom_of_a_small_study() -> None:
    wide = combine(0.5, 0.01, n=20, k=20, df=9.0)
    assert wide.df == 9.0
    assert wide.high == pytest.approx(0.5 + stats.t.ppf(0.975, 9) * math.sqrt(0.02))


def test_what_more_synthetic_rows_are_worth() -> None:
    sizes = [worth(61, k).n_effective for k in (61, 1_000, 1_000_000)]
    assert sizes == pytest.approx([30.5, 57.4929, 60.9963], abs=1e-4)
    assert worth(61, 61, m=1_000_000).n_effective == pytest.approx(61, abs=1e-3)
    # Drawn parameters: a single table is worth less than half of the patients.
    assert worth(61, 1_000_000, rule="predictive").n_effective == pytest.approx(30.5, abs=1e-2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [1.0], "fully"), "at least two"),
        (([1.0], [1.0], "partially"), "at least two"),
        (([1.0, 2.0], [1.0]), "as many variances"),
        (([], []), "as many variances"),
        (([1.0], [-1.0]), "not negative"),
        (([math.nan], [1.0]), "finite"),
        (([1.0], [1.0], "simpel"), "did you mean 'simple'"),
    ],
)
def test_what_cannot_be_combined(arguments: tuple, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        combine(*arguments)


def test_sizes_must_be_sizes() -> None:
    with pytest.raises(ParameterError, match="n is 0"):
        combine(1.0, 1.0, n=0, k=5)
    with pytest.raises(ParameterError, match="k is 0"):
        worth(10, 0)
    with pytest.raises(ParameterError, match="no size"):
        worth(10, 10, rule="fully")  # type: ignore[arg-type]
