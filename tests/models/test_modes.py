"""Transforming a column at once follows the law of ctgan's row by row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ctgan.data_transformer import DataTransformer

from synthhealth.models._transforms import column_transformer


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    values = np.r_[rng.normal(0, 1, 200), rng.normal(2, 1, 150), rng.normal(9, 2, 50)]
    return pd.DataFrame({"x": values})


def test_same_law_as_ctgan(table):
    """Shares of the modes agree within 5 standard errors: a false alarm once in a million."""
    ours = column_transformer(DataTransformer)()
    ours.fit(table)
    info = ours._column_transform_info_list[0]
    state = np.random.get_state()
    try:
        np.random.seed(0)
        by_column = [ours._transform_continuous(info, table) for _ in range(40)]
        # rdt would seed its own draws anew from the data, giving the same ones every time.
        info.transform.random_states = None
        by_row = [DataTransformer._transform_continuous(ours, info, table) for _ in range(40)]
    finally:
        np.random.set_state(state)
    shares = [np.mean(parts, axis=0)[:, 1:].mean(axis=0) for parts in (by_column, by_row)]
    error = np.sqrt(shares[1] * (1 - shares[1]) / (40 * len(table)))
    assert (np.abs(shares[0] - shares[1]) <= 5 * np.sqrt(2) * error + 1e-12).all()


def test_the_inverse_is_exact(table):
    ours = column_transformer(DataTransformer)()
    ours.fit(table)
    transformed = ours.transform(table)
    assert ((transformed[:, 1:] == 1).sum(axis=1) == 1).all()
    back = ours.inverse_transform(transformed)["x"]
    inside = np.abs(transformed[:, 0]) < 0.99
    assert inside.mean() > 0.98
    assert np.allclose(back[inside], table["x"][inside])


def test_modes_of_a_long_column_are_found_on_some_of_its_rows(table, monkeypatch):
    monkeypatch.setattr("synthhealth.models._transforms.MODE_ROWS", 150)
    state = np.random.get_state()
    try:
        np.random.seed(0)
        ours = column_transformer(DataTransformer)()
        ours.fit(table)
    finally:
        np.random.set_state(state)
    mixture = ours._column_transform_info_list[0].transform._bgm_transformer
    used = mixture.weights_ > 0.05
    assert mixture.means_[used].min() < 2
    assert mixture.means_[used].max() > 7
    assert len(ours.transform(table)) == len(table)
