from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from synthhealth.benchmark import relations
from synthhealth.datasets import load_ra_panel

#: Few columns, of both kinds, since the time goes by their pairs.
COLUMNS = ["sex", "age", "haemoglobin", "creatinine", "urea"]


@pytest.fixture(scope="session")
def cohort() -> pd.DataFrame:
    return load_ra_panel(n=200, random_state=3)[COLUMNS]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the demo have few columns, and synthetic tables few rows."""

    def load(n: int, random_state: int) -> pd.DataFrame:
        return load_ra_panel(n, random_state=random_state)[COLUMNS]

    monkeypatch.setattr(relations, "load_ra_panel", load)
    monkeypatch.setattr(relations, "DRAWN", 1_000)
    monkeypatch.setattr(relations, "OTHERS", 2_000)


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
