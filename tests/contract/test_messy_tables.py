"""Any table that a hospital may send: a synthetic one that fits its schema, or words about it."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthhealth.errors import SynthHealthError
from synthhealth.schema import coarsened, read_table
from synthhealth.schema.intake import plain_table
from synthhealth.synthesizer import Synthesizer

NUMBER = st.floats(-1e12, 1e12, allow_nan=False) | st.floats(0, 500).map(lambda x: round(x, 2))
WORDS = st.sampled_from(
    ["I", "II", "III", "mild", "severe", "yes", "no", "neg", "pos", "+", "++", "1:40", "1:80"]
)
MISSING = st.sampled_from(["not done", "n/a", "-", "NA", "k.A.", "", "."])
WRITTEN = st.one_of(
    st.floats(0, 1e4).map(lambda x: f"{x:.2f}"),
    st.floats(0, 1e4).map(lambda x: f"{x:.1f}".replace(".", ",")),
    st.floats(0, 1e6).map(lambda x: f"{x:,.1f}"),
    st.floats(0, 1e3).map(lambda x: f"{x:.1f} mg/L"),
    st.sampled_from(["<0.5", "< 3", "> 1000", "≤3", "<0,5"]),
)
DATES = st.dates().map(lambda day: day.strftime("%d.%m.%Y")) | st.dates().map(str)
ANYTHING = st.text(max_size=8) | st.none() | st.booleans() | st.integers() | st.floats()

CELLS = st.sampled_from(
    [
        NUMBER,
        NUMBER | st.none(),
        st.integers(0, 5),
        st.integers(0, 400),
        st.sampled_from(["F", "M"]),
        st.integers(0, 90) | st.sampled_from([-9, 999]),
        st.booleans(),
        st.booleans() | st.none(),
        WORDS,
        WORDS | MISSING,
        WRITTEN,
        WRITTEN | MISSING,
        DATES,
        DATES | MISSING,
        st.datetimes().map(pd.Timestamp),
        ANYTHING,
    ]
)
KNOWN = ["age", "CRP (mg/L)", "sex", "name", "phone", "visit date", "grade", "Größe", "x`y", "id"]
NAMES = st.sampled_from(KNOWN) | st.text(min_size=1, max_size=6)


@st.composite
def tables(draw) -> pd.DataFrame:
    n_rows = draw(st.integers(10, 40))
    columns = {}
    for name in draw(st.lists(NAMES, min_size=2, max_size=4, unique=True)):
        cells = draw(CELLS)
        # Some different cells, repeated: columns of one value only are refused at once.
        few = draw(st.lists(cells, min_size=2, max_size=n_rows, unique_by=repr))
        picks = draw(st.randoms(use_true_random=False))
        values = few + [picks.choice(few) for _ in range(n_rows - len(few))]
        series = pd.Series(values, dtype=draw(st.sampled_from([None, object])))
        if draw(st.integers(0, 5)) == 0:
            series = series.astype("category")
        columns[name] = series
    return pd.DataFrame(columns)


def fit(table: pd.DataFrame) -> Synthesizer | SynthHealthError:
    try:
        return Synthesizer(random_state=0, margin="norm").fit(table)
    except SynthHealthError as error:
        return error


def check(table: pd.DataFrame) -> None:
    before = table.copy(deep=True)
    synthesizer = fit(table)
    pd.testing.assert_frame_equal(table, before)
    if isinstance(synthesizer, SynthHealthError):
        assert any(repr(name) in str(synthesizer) for name in table.columns)
        return
    table = plain_table(table)
    fake = synthesizer.sample(25)
    assert list(fake.columns) == list(table.columns)
    schema = synthesizer.schema_
    # Levels of fewer than five patients are compared as what they were pooled as, and are no
    # categories any more.
    table = coarsened(table, schema)
    for name, dtype in fake.dtypes.items():
        if isinstance(dtype, pd.CategoricalDtype) and name in synthesizer.rare_levels_:
            levels = schema[name].levels or table[name].cat.categories
            assert set(dtype.categories) <= {*levels, *schema[name].missing}
        else:
            assert dtype == table[name].dtype
    reading = read_table(fake, schema)
    for column in schema:
        values = reading.table[column.name].dropna()
        if column.kind.is_numerical and column.plausible is not None:
            low, high = column.plausible.low, column.plausible.high
            assert values.between(
                -np.inf if low is None else low, np.inf if high is None else high
            ).all()
        elif not column.kind.is_numerical:
            real = read_table(table, schema).table[column.name].dropna()
            assert set(values) <= set(real)


SLOW = int(os.environ.get("SYNTHHEALTH_EXAMPLES", "300"))
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@given(tables())
@settings(max_examples=15, suppress_health_check=QUIET, derandomize=True)
def test_some_messy_tables(table):
    check(table)


@pytest.mark.slow
@given(tables())
@settings(max_examples=SLOW, suppress_health_check=QUIET)
def test_many_messy_tables(table):
    check(table)
