"""A family that is registered says for itself what reports and saved models tell of it."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.artifact import inspect
from synthhealth.models import About, Advice, about, register
from synthhealth.models import registry as registered


class Flat:
    """Draws the same value in each row."""

    name = "flat"
    parameters = ()
    about = About(
        title="The flat family",
        packages=("rich", "no-such-package"),
        licence="for tests only",
        holds_no_patient=True,
        advice=Advice(
            columns="Flat is flat: {columns}; take another family",
            many_columns="Flat is flat in {n} columns; take another family",
        ),
    )

    def __init__(self, **params: Any) -> None:
        self.settings_: dict[str, Any] = {}
        self.partial_ = False

    def fit(self, table: pd.DataFrame, schema: Any, *, seed: int, training: Any) -> None:
        self._columns = {name: str(dtype) for name, dtype in table.dtypes.items()}

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        return pd.DataFrame({name: np.zeros(n, dtype) for name, dtype in self._columns.items()})

    def state(self) -> dict[str, Any]:
        return {"columns": self._columns}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Flat:
        model = cls()
        model._columns = state["columns"]
        return model


@pytest.fixture
def flat(monkeypatch):
    monkeypatch.setattr(registered, "_REGISTERED", {})
    return register(Flat)


def test_report_manifest_and_inspection_tell_of_it(flat, cohort, tmp_path):
    table = cohort[["sex", "age", "crp", "esr", "haemoglobin"]]
    model = sh.Synthesizer("flat", random_state=0).fit(table)
    report = model.evaluate()
    assert any("Flat is flat in 5 columns" in sentence for sentence in report.data.advice)
    inside = inspect(model.save(tmp_path / "flat.synth"))
    assert inside.manifest.model == "flat"
    assert "rich" in inside.manifest.versions
    assert not {"sdv", "no-such-package"} & set(inside.manifest.versions)
    assert any("no row of the training table" in one for one in inside.not_inside)
    assert ("licence", "for tests only") in list(inside._facts())
    assert sh.Synthesizer.load(tmp_path / "flat.synth").sample(3).shape == (3, 5)


def test_of_a_family_that_is_not_there_the_name_is_known():
    assert about("no such family") == About(title="no such family")


@pytest.mark.parametrize("place", ["no_such_package:Family", "json:NoSuchFamily"])
def test_of_a_family_whose_package_is_broken_the_name_is_known(monkeypatch, place):
    point = importlib.metadata.EntryPoint("broken", place, registered.ENTRY_POINTS)
    monkeypatch.setattr(registered, "entry_points", lambda group: [point])
    assert about("broken") == About(title="broken")
