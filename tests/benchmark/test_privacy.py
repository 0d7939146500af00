"""The benchmark of attacks, on few columns and patients."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from synthhealth.benchmark import privacy
from synthhealth.benchmark.verbs import app
from synthhealth.datasets import load_ra_panel
from synthhealth.errors import ParameterError

pytestmark = pytest.mark.slow


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(n: int, random_state: int) -> pd.DataFrame:
        return load_ra_panel(n, random_state=random_state)[["sex", "crp", "esr"]]

    monkeypatch.setattr(privacy, "load_ra_panel", load)
    monkeypatch.setattr(privacy, "ATTEMPTS", 3)
    monkeypatch.setattr(privacy, "EXTREME_ROWS", 500)


@pytest.mark.usefixtures("narrow")
def test_every_attack_is_a_row(tmp_path: Path) -> None:
    file, lines = tmp_path / "privacy.json", tmp_path / "privacy.csv"
    arguments = ["privacy", "--families", "gaussian_copula", "--tables", "demo", "--rows", "30"]

    ended = CliRunner().invoke(
        app, [*arguments, "--fits", "16", "--plain", "--json", str(file), "--csv", str(lines)]
    )

    assert ended.exit_code == 0, ended.output
    rows = json.loads(file.read_text())["attacks"]
    told = {(row["model"], row["attack"], row["given"]) for row in rows}
    likelihood = "Likelihood ratio with shadow fits"
    for model in ("gaussian_copula", "plain SDV: gaussian_copula"):
        for attack in ("Nearest row", "Density ratio", likelihood):
            assert (model, attack, "synthetic rows") in told
        assert (model, "Extreme patient", "synthetic rows") in told
    assert ("gaussian_copula", likelihood, "saved model") in told
    assert ("gaussian_copula", "Differencing: numbers, exactly", "two saved models") in told
    assert ("plain SDV: gaussian_copula", likelihood, "saved model") not in told
    for given in ("two tables of 100,000 rows", "two reports"):
        assert ("gaussian_copula", "Differencing: numbers, within 5 %", given) in told
        assert ("gaussian_copula", "Differencing: error", given) in told
    assert ("plain SDV: gaussian_copula", "Fidelity", "synthetic rows") in told
    fidelity = [row["value"] for row in rows if row["attack"] == "Fidelity"]
    assert len(fidelity) == 4  # two figures of two models
    assert all(0 < value < 1 for value in fidelity)
    for row in rows:
        if row["low"] is not None:
            assert row["low"] <= row["value"] <= row["high"]
        assert row["fits"] in (16, 2, None)
    assert len(pd.read_csv(lines)) == len(rows)
    assert (
        "| demo | 30 | gaussian_copula | Likelihood ratio with shadow fits | saved model |"
        in ended.output
    )


@pytest.mark.usefixtures("no_data")
def test_what_is_not_at_hand_is_skipped_with_a_reason() -> None:
    found = privacy.measure_privacy(
        families=["gaussian_copula"], tables=["hcv"], rows=[61], parts=["membership"], fits=16
    )
    assert not found.attacks
    assert "SYNTHHEALTH_DATA" in found.skipped[0].reason
    assert "Not measured" in found.to_markdown()


def test_an_unknown_level_is_refused_by_the_verb() -> None:
    ended = CliRunner().invoke(app, ["privacy", "--privacy", "hgih"])
    assert ended.exit_code == 2
    assert "hgih" in ended.output
    assert "standard" in ended.output


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ParameterError, match="did you mean 'demo'"):
        privacy.measure_privacy(tables=["demos"])
