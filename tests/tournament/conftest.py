"""A small table and its tournament, played once for the whole room."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import synthhealth as sh


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cohort") / "real.csv"
    table = sh.datasets.load_ra_panel(60)[["age", "sex", "crp", "creatinine"]]
    sh.write_table(table, path)
    return path


@pytest.fixture(scope="session")
def table(file: Path) -> pd.DataFrame:
    return sh.read_table(file)


@pytest.fixture(scope="session")
def played(table: pd.DataFrame) -> sh.Tournament:
    return sh.compare(table, ["gaussian_copula", "hybrid"], folds=2)
