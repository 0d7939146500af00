from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets as theirs

from synthhealth.datasets import load_breast_cancer, load_diabetes


class TestBreastCancer:
    def test_is_scikit_learns_table(self) -> None:
        table, original = load_breast_cancer(), theirs.load_breast_cancer()
        assert table.shape == (569, 31)
        assert np.array_equal(table.drop(columns="diagnosis"), original.data)
        assert [name.replace("_", " ") for name in table.columns[:-1]] == list(
            original.feature_names
        )
        assert ((table["diagnosis"] == "malignant") == (original.target == 0)).all()

    def test_dtypes(self) -> None:
        table = load_breast_cancer()
        assert (table.dtypes.drop("diagnosis") == np.float64).all()
        assert table["diagnosis"].dtype == object
        assert {type(value) for value in table["diagnosis"]} == {str}
        assert table.attrs["units"] == {}


class TestDiabetes:
    def test_is_scikit_learns_table_unscaled(self) -> None:
        table, original = load_diabetes(), theirs.load_diabetes(scaled=False)
        assert table.shape == (442, 11)
        assert np.array_equal(table.drop(columns="progression"), original.data)
        assert np.array_equal(table["progression"], original.target)

    def test_measured_values(self) -> None:
        table = load_diabetes()
        assert table["age"].between(19, 79).all()
        assert table["bmi"].mean() == pytest.approx(26.4, abs=0.05)

    @pytest.mark.parametrize(
        "column", ["age", "sex", "total_cholesterol", "glucose", "progression"]
    )
    def test_whole_numbers_are_integers(self, column: str) -> None:
        assert load_diabetes()[column].dtype == np.int64

    def test_units_belong_to_columns(self) -> None:
        table = load_diabetes()
        assert set(table.attrs["units"]) < set(table.columns)
        assert table.attrs["units"]["bmi"] == "kg/m2"


@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes])
def test_nothing_is_missing(load: object) -> None:
    table: pd.DataFrame = load()  # type: ignore[operator]
    assert not table.isna().any().any()
