"""Every model on real clinical tables: nothing out of range, no spikes, gaps as they were.

The main suite runs the Gaussian copula on the smaller tables; the larger ones, and the networks,
which take about an hour, are marked slow: ``pytest -m slow tests/contract``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from synthhealth.models import about, available
from synthhealth.schema import Kind, Schema, coarsened
from synthhealth.schema.reading.reading import read_table
from synthhealth.synthesizer import Synthesizer
from synthhealth.table.encoding import TableForm

TABLES = ("pbc", "hepatitis", "hcv", "hcc_survival", "support2", "nhanes_labs", "flchain")
ALL = (
    *TABLES,
    *("adult", "census_kdd", "coimbra", "ehr_blood_panel", "heart_failure", "ilpd"),
    *("iraq_diabetes", "news_partial", "pima_diabetes", "thiomon"),
)

LARGE = {"support2", "nhanes_labs"}

CASES = [
    pytest.param(
        (model, table),
        marks=[] if model == "gaussian_copula" and table not in LARGE else [pytest.mark.slow],
        id=f"{model}-{table}",
    )
    for model in available()
    if not about(model).is_formal
    for table in TABLES
]


@cache
def synthesized(model: str, table: str, load) -> tuple[pd.DataFrame, Schema, pd.DataFrame]:
    real = load(table)
    schema = Schema.detect(real).with_protection("drop")
    synthesizer = Synthesizer(model, schema=schema, random_state=0)
    fake = synthesizer.fit(real).sample(max(1_000, len(real)))
    dropped = [column.name for column in schema if not column.kind.is_modelled]
    # Levels of fewer than five patients are compared as what they were pooled as.
    real = coarsened(real, synthesizer.schema_).drop(columns=dropped)
    return real, synthesizer.schema_, fake


@pytest.fixture(params=CASES)
def twin(request, clinical):
    return synthesized(*request.param, clinical)


def standard_error(share, real, fake):
    return np.sqrt(share * (1 - share) * (1 / len(real) + 1 / len(fake)))


def measured(real, schema):
    return [name for name in real.columns if schema[name].kind in (Kind.CONTINUOUS, Kind.COUNT)]


def test_form(twin):
    real, _, fake = twin
    assert list(fake.columns) == list(real.columns)
    assert (fake.dtypes == real.dtypes).all()
    for name in real.select_dtypes("category"):
        assert fake[name].cat.categories.equals(real[name].cat.categories)


def test_nothing_is_impossible(twin):
    """No negative concentration, nothing outside the plausible range, no level that was not."""
    real, schema, fake = twin
    for name in real.columns:
        column = schema[name]
        if column.kind in (Kind.CONTINUOUS, Kind.COUNT):
            if real[name].min() >= 0:
                assert not (fake[name] < 0).any(), name
            if column.plausible is not None:
                low, high = column.plausible.low, column.plausible.high
                inside = (
                    fake[name]
                    .dropna()
                    .between(-np.inf if low is None else low, np.inf if high is None else high)
                )
                assert inside.all(), name
        elif not column.kind.is_numerical:
            assert set(fake[name].dropna()) <= set(real[name].dropna()), name


def test_no_spikes_on_the_extremes(twin):
    """5 standard errors of a share: a false alarm once in 3 million columns."""
    real, schema, fake = twin
    for name in measured(real, schema):
        ends = [real[name].min(), real[name].max()]
        share = real[name].isin(ends).mean()
        # One patient at least sits on each end: a share of zero has no error.
        error = 5 * max(standard_error(share, real, fake), 1 / len(real))
        assert fake[name].isin(ends).mean() <= share + error, name


def test_values_go_missing_together(twin):
    """5 standard errors: with up to 1,100 pairs of columns a false alarm once in 3,000."""
    real, _, fake = twin
    gaps = [name for name in real.columns if real[name].isna().any()]
    ours, theirs = real[gaps].isna().to_numpy(float), fake[gaps].isna().to_numpy(float)
    share, drawn = ours.T @ ours / len(real), theirs.T @ theirs / len(fake)
    error = 5 * np.maximum(standard_error(share, real, fake), 1 / len(real))
    assert (abs(drawn - share) <= error).all()


@pytest.mark.parametrize("table", ALL)
def test_round_trip(clinical, unlimited, table):
    """What is learned of a table's form brings every cell back: dtype, decimals, categories."""
    real = clinical(table)
    schema = Schema.detect(real).with_protection("drop")
    kept = [column for column in schema if column.kind.is_modelled]
    schema = schema.model_copy(update={"columns": tuple(kept)})
    real = real[schema.names]
    reading = read_table(real, schema)
    form = unlimited(TableForm.learn(reading.table, schema))
    plain, missing = form.encode(reading.table)
    gaps = {name: missing[name].to_numpy() for name in missing}
    filled = plain.fillna(0).clip(lower=0).where(missing, plain)
    pd.testing.assert_frame_equal(
        form.decode(filled, gaps), reading.table.reset_index(drop=True), check_exact=True
    )
