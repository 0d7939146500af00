"""Descriptions of whole tables: figures, isolation, no patient in them."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from rich.console import Console
from scipy import stats

from synthhealth.errors import SchemaError, TableError
from synthhealth.evaluation import MIN_CELL, Description, describe
from synthhealth.schema import Column, Kind, Schema


def one(values, kind: str | None = None, unit: str | None = None):
    table = pd.DataFrame({"x": values})
    schema = kind and Schema(columns=(Column(name="x", kind=Kind(kind), unit=unit),))
    return describe(table, schema or None).variables[0]


def test_figures_are_those_of_pandas_and_scipy():
    values = pd.Series(np.random.default_rng(0).gamma(2, 3, size=200))
    values[::20] = np.nan
    found, present = one(values), values.dropna()
    assert (found.n, found.missing_share, found.n_distinct) == (190, 0.05, 190)
    assert found.mean == pytest.approx(present.mean())
    assert found.sd == pytest.approx(present.std())
    shares = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
    for name, share in shares.items():
        assert getattr(found, name) == pytest.approx(present.quantile(share))
    assert found.skew == pytest.approx(present.skew())
    assert found.kurtosis == pytest.approx(present.kurt())
    assert found.best_distribution == found.candidates[0][0] == "gamma"
    assert found.goodness == found.candidates[0][1]
    assert found.goodness_p > 0.05


def test_a_lognormal_variable_is_recognised_and_its_fences_are_on_the_log_scale():
    values = np.exp(stats.norm.ppf((np.arange(400) + 0.5) / 400))
    found = one(values)
    assert (found.best_distribution, found.suggested_transform) == ("lognorm", "log")
    assert found.outlier_share == pytest.approx(0.007, abs=0.003)


def test_tails_of_few_patients_are_not_given():
    found = one(np.random.default_rng(0).normal(size=61))
    assert found.q05 is None
    assert found.q95 is None
    assert found.q25 < found.median < found.q75


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        ([np.nan] * 20, "all values are missing"),
        ([1.5, 2.5, 3.5, 4.5] + [np.nan] * 20, "fewer than 5 values"),
        ([np.inf, *range(20)], "some values are infinite; make them missing"),
    ],
)
def test_what_cannot_be_described_says_why_and_gives_no_figure(values, shape):
    found = one(values, "continuous")
    assert found.shape == shape
    assert found.mean is found.median is found.best_distribution is None


def test_a_constant_is_called_so():
    assert one([4.0] * 30, "continuous").shape == "constant"
    assert one(["a"] * 30).shape == "constant"


def test_counts_may_follow_a_law_of_counts():
    values = np.random.default_rng(0).negative_binomial(2, 0.3, size=500)
    assert one(values, "count").best_distribution == "nbinom"


def test_shares_may_follow_a_beta_law():
    values = stats.beta(0.6, 0.4).ppf((np.arange(300) + 0.5) / 300)
    assert one(values).best_distribution == "beta"


def test_dates_are_decimal_years():
    dates = pd.Series(pd.date_range("2020-01-01", "2021-12-31", freq="D", tz="Europe/Vienna"))
    found = one(dates)
    assert found.unit == "year"
    assert found.median == pytest.approx(2021.0, abs=0.01)
    assert (found.shape, found.best_distribution) == ("symmetrical", "uniform")
    assert found.suggested_transform == "none"


def test_levels_are_counted_and_rare_ones_are_nameless():
    values = ["F"] * 40 + ["M"] * 15 + ["unknown"] * 4 + ["refused"] * 2 + [None] * 3
    found = one(values)
    assert found.levels == {"F": 40, "M": 15, "other": 6}
    assert (found.n, found.n_distinct) == (61, 4)
    assert found.missing_share == pytest.approx(3 / 64)
    assert found.shape == "unevenly spread"


@pytest.mark.parametrize("n_rare", [1, 4])
def test_no_count_tells_a_few_patients(n_rare):
    """Not even as what is left of all: the rarest of the others joins them."""
    assert one([False] * 60 + [True] * n_rare).levels == {"other": 60 + n_rare}
    found = one(["F"] * 40 + ["M"] * 15 + ["X"] * n_rare)
    assert found.levels == {"F": 40, "other": 15 + n_rare}


def test_levels_keep_their_order():
    stages = pd.Categorical(["III"] * 9 + ["I"] * 6 + ["II"] * 7, ["I", "II", "III"], ordered=True)
    assert list(one(stages).levels) == ["I", "II", "III"]
    assert list(one([3.0, 1.0, 2.0] * 6 + [3.0]).levels) == ["1", "2", "3"]
    assert list(one([True] * 5 + [False] * 9).levels) == ["False", "True"]


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (list("abcd") * 10, "evenly spread"),
        (["a"] * 95 + ["b"] * 5, "dominated by one level"),
        ([1.0 * i for i in range(40)], "nearly all values differ"),
        (pd.Series([None] * 9, dtype=object), "all values are missing"),
    ],
)
def test_spread_of_levels_in_words(values, shape):
    assert one(values, "nominal").shape == shape


def test_units_come_from_the_table_or_the_schema(draw_cohort):
    table = draw_cohort(61, 0)
    table.attrs["units"] = {"crp": "mg/L"}
    assert describe(table).variables[0].unit == "mg/L"
    assert one([1.0, 2.5, 7.5] * 9, "continuous", "g/dL").unit == "g/dL"


def test_no_patient_in_any_output(draw_cohort):
    table = draw_cohort(61, 0)
    table["name"] = [f"Anna {i}" for i in range(61)]
    table["ward"] = ["A"] * 57 + ["isolation"] * 4
    description = describe(table)
    text = description.to_json() + description.to_markdown()
    assert "Anna" not in text
    assert "isolation" not in text
    extremes = [repr(value) for value in (table["crp"].min(), table["crp"].max())]
    assert not any(value in text for value in extremes)
    assert MIN_CELL == 5


def test_json_goes_round_and_the_object_is_frozen(draw_cohort):
    description = describe(draw_cohort(61, 0))
    assert Description.model_validate_json(description.to_json()) == description
    assert json.loads(description.to_json())["n_rows"] == 61
    with pytest.raises(ValidationError, match="frozen"):
        description.n_rows = 3


def test_markdown_and_terminal_have_a_row_per_variable(draw_cohort):
    table = draw_cohort(61, 0).rename(columns={"crp": "crp | serum"})
    description = describe(table)
    lines = description.to_markdown().splitlines()
    assert len(lines) == 2 + 7
    assert lines[2].startswith("| crp \\| serum | continuous | 61 |")
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(description)
    text = console.export_text()
    assert all(name in text for name in table.columns)
    assert "61 rows, 7 columns" in text


def test_the_same_table_gives_the_same_description_in_any_column_order(draw_cohort):
    table = draw_cohort(100, 0)
    first, second = describe(table), describe(table[table.columns[::-1]])
    assert first.variables == second.variables[::-1]


def test_unusable_tables_are_refused(draw_cohort):
    table = draw_cohort(61, 0)
    with pytest.raises(TableError, match="no rows"):
        describe(table.iloc[:0])
    with pytest.raises(TableError, match="same name"):
        describe(table[["crp", "crp"]])
    with pytest.raises(TableError, match="mixed"):
        describe(pd.DataFrame({"x": [b"a", 1, 2.5]}))
    with pytest.raises(SchemaError, match="schema lacks"):
        describe(table, Schema.detect(table[["crp"]]))
    with pytest.raises(TableError, match=r"'stage'.*are not numbers"):
        describe(table[["stage"]], Schema(columns=(Column(name="stage", kind=Kind.CONTINUOUS),)))
