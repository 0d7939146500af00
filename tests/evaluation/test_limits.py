"""Detection limits, plausible ranges, piles on the real extremes, rules."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from synthhealth.errors import TableError
from synthhealth.evaluation import describe
from synthhealth.evaluation import evaluate_tables as evaluate_all
from synthhealth.schema import Column, Range, Schema

#: Columns, pairs and missing values; the other parts have tests of their own.
evaluate_tables = partial(evaluate_all, parts=())

RF = Schema(columns=(Column(name="rf", kind="continuous"), Column(name="age", kind="count")))


def printed(values: np.ndarray, low: float, high: float = np.inf) -> list[str]:
    return [f"<{low:g}" if v < low else f">{high:g}" if v > high else f"{v:.2f}" for v in values]


def titres(n: int, seed: int, low: float = 0.5, high: float = 4.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"rf": printed(rng.lognormal(size=n), low, high), "age": rng.integers(20, 80, n)}
    )


def test_ks_compares_the_values_within_the_limits():
    real, fake = titres(150, 0), titres(300, 1)
    result = evaluate_tables(real, fake, RF)
    rf = result.numerical[0]
    values = [
        table["rf"][~table["rf"].str.startswith(("<", ">"))].astype(float) for table in (real, fake)
    ]
    assert rf.n_real == pytest.approx(len(values[0]), abs=2)  # to the nearest 5
    assert rf.n_synthetic == len(values[1])
    assert rf.ks_statistic == pytest.approx(stats.ks_2samp(*values).statistic)
    (censored,) = result.censoring
    assert censored.column == "rf"
    assert censored.below.real.count == real["rf"].str.startswith("<").sum()
    assert censored.above.synthetic.count == fake["rf"].str.startswith(">").sum()
    assert censored.below.real.n == 150
    assert censored.below.standing == censored.above.standing == "within"


def test_a_changed_share_below_the_limit_is_found_where_the_values_above_agree():
    real = titres(200, 0)
    fake = titres(400, 1)
    fake.loc[fake.index[:120], "rf"] = "<0.5"
    result = evaluate_tables(real, fake, RF)
    rf = result.numerical[0]
    assert rf.floor.standing(rf.ks_complement) == "within"
    assert result.censoring[0].below.standing == "above"


def test_limits_stand_in_ranks_for_the_dependence():
    rng = np.random.default_rng(0)
    z = rng.normal(size=300)
    real = pd.DataFrame({"rf": printed(np.exp(z), 1.0), "age": (50 + 10 * z).round().astype(int)})
    pair = evaluate_tables(real, real, RF).pairs[0]
    expected = stats.spearmanr(np.maximum(np.round(np.exp(z), 2), 1.0), real["age"])[0]
    assert pair.real == pytest.approx(expected, abs=0.01)
    assert pair.real > 0.8


def test_a_column_wholly_beyond_its_limit_says_so():
    real = titres(50, 0)
    result = evaluate_tables(real, real.assign(rf="<0.5"), RF)
    assert "beyond detection limits" in result.not_computed[0].reason
    assert result.censoring[0].below.synthetic.share == 1.0
    assert result.censoring[0].below.standing == "above"


def test_a_description_leaves_out_what_is_beyond_the_limit():
    table = titres(200, 0)
    rf = describe(table, RF).variables[0]
    n_censored = table["rf"].str.startswith(("<", ">")).sum()
    # To the nearest 5.
    assert rf.n == pytest.approx(200 - n_censored, abs=2)
    assert rf.censored_share == pytest.approx(n_censored / 200, abs=5 / 200)
    assert rf.missing_share == 0


def continuous(n: int, seed: int) -> pd.DataFrame:
    return pd.DataFrame({"crp": np.random.default_rng(seed).lognormal(size=n)})


def test_clipping_piles_values_up_on_the_real_extremes():
    real = continuous(61, 0)
    fake = continuous(1_000, 1) * 3
    honest = evaluate_tables(real, continuous(1_000, 1)).ranges[0].at_extremes
    assert honest.synthetic.count == 0
    assert honest.standing != "above"
    clipped = fake.clip(real["crp"].min(), real["crp"].max())
    piled = evaluate_tables(real, clipped).ranges[0].at_extremes
    assert piled.standing == "above"
    assert piled.synthetic.share > 0.02
    assert piled.real.count is None


def test_the_real_share_on_the_extremes_is_no_fault():
    """A scale from 0 to 10 has patients at both ends."""
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"pain": rng.integers(0, 11, n)}) for n in (200, 1_000)]
    piled = evaluate_tables(*tables).ranges[0].at_extremes
    assert piled.real.count == tables[0]["pain"].isin([0, 10]).sum()
    assert piled.standing == "within"


def test_values_out_of_the_plausible_range_are_counted():
    plausible = Range(low=0, high=600)
    schema = Schema(columns=(Column(name="crp", kind="continuous", plausible=plausible),))
    fake = continuous(500, 1)
    fake.loc[:39, "crp"] = -1.0
    fake.loc[40:49, "crp"] = 601.0
    fake.loc[50, "crp"] = np.nan
    implausible = evaluate_tables(continuous(100, 0), fake, schema).ranges[0].implausible
    assert (implausible.synthetic.count, implausible.synthetic.n) == (50, 499)
    assert implausible.real.count == 0
    assert implausible.standing == "above"


def test_broken_rules_are_counted_where_they_are_known():
    columns = tuple(Column(name=name, kind="continuous") for name in ("systolic", "diastolic"))
    schema = Schema(columns=columns, rules=("systolic > diastolic",))
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"systolic": rng.normal(130, 9, 90), "diastolic": rng.normal(70, 9, 90)})
    fake = real.copy()
    fake.loc[:9, ["systolic", "diastolic"]] = fake.loc[:9, ["diastolic", "systolic"]].to_numpy()
    fake.loc[50, "systolic"] = np.nan
    (rule,) = evaluate_tables(real, fake, schema).rules
    assert rule.rule == "systolic > diastolic"
    assert (rule.broken.real.count, rule.broken.real.n) == (0, 90)
    assert (rule.broken.synthetic.count, rule.broken.synthetic.n) == (10, 89)
    assert rule.broken.standing == "above"


def test_a_cell_that_does_not_fit_is_refused_without_its_value():
    with pytest.raises(TableError, match=r"the synthetic table: column 'rf'") as refused:
        evaluate_tables(titres(50, 0), titres(50, 1).assign(rf="Mueller"), RF)
    assert "Mueller" not in str(refused.value)
