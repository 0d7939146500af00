from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from synthhealth.benchmark import quality
from synthhealth.benchmark.tables import Cohort, load_cohort
from synthhealth.datasets import load_ra_panel

#: Few columns, of both kinds, since the time goes by their pairs.
COLUMNS = ["sex", "age", "crp", "haemoglobin", "alt"]


@pytest.fixture(scope="session")
def cohort() -> pd.DataFrame:
    return load_ra_panel(n=200, random_state=3)[COLUMNS]


@pytest.fixture
def narrow_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the demo of the quality runs have few columns."""

    def load(name: str, seed: int) -> Cohort:
        whole = load_cohort(name, seed)
        return Cohort(
            name, whole.training[COLUMNS], whole.holdout[COLUMNS], n_synthetic=whole.n_synthetic
        )

    monkeypatch.setattr(quality, "load_cohort", load)


@pytest.fixture
def data_root(tmp_path: Path, cohort: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tables, in which adult is a small cohort."""
    folder = tmp_path / "data" / "adult"
    folder.mkdir(parents=True)
    cohort.to_csv(folder / "adult.csv", index=False)
    monkeypatch.setenv("SYNTHHEALTH_DATA", str(folder.parent))
    return folder.parent


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SYNTHHEALTH_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
