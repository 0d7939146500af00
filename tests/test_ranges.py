"""Conditions that are ranges: met, else the model's own rows, refused where impossible."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.errors import ConditionError, ParameterError
from synthhealth.models import drawing
from synthhealth.synthesizer.conditions import conditions_in_words
from synthhealth.table.ranges import Between

CUT = 1e-3  # of each test of two samples: 6 of them, all at fixed seeds


def clinic(n: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    age = rng.integers(20, 85, n)
    hb = np.round(15 - age / 20 + rng.normal(size=n), 1)
    hb[:16] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "hb": hb,
            "sex": rng.choice(["F", "M"], n),
            "seen": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
            "dose": [f"{value:.1f}".replace(".", ",") for value in rng.normal(5, 1, n)],
        }
    )


@pytest.fixture(scope="module")
def models() -> dict[str, sh.Synthesizer]:
    real = clinic()
    families: dict[str, dict[str, Any]] = {
        "gaussian_copula": {},
        "trees": {},
        "tvae": {"steps": 12},
    }
    return {
        name: sh.Synthesizer(name, random_state=0, **given).fit(real)
        for name, given in families.items()
    }


@pytest.mark.parametrize("family", ["gaussian_copula", "trees", "tvae"])
def test_rows_lie_in_the_ranges_and_are_else_the_models_own(
    models: dict[str, sh.Synthesizer], family: str
) -> None:
    model = models[family]
    drawn = model.sample(600, conditions={"age": (40, 55), "sex": "F"}, random_state=1)
    assert drawn["age"].between(40, 55).all()
    assert (drawn["sex"] == "F").all()
    free = model.sample(30_000, random_state=2)
    free = free[free["age"].between(40, 55) & (free["sex"] == "F")]
    for name in ("age", "hb"):
        assert ks_2samp(drawn[name].dropna(), free[name].dropna()).pvalue > CUT, name
    assert drawn["hb"].isna().mean() == pytest.approx(free["hb"].isna().mean(), abs=0.06)


def test_rare_ranges_are_met_around_values_drawn_again(
    models: dict[str, sh.Synthesizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "RARE_AFTER", 1_000)
    monkeypatch.setattr(drawing, "RARE_TRIES", 0)
    drawn = models["gaussian_copula"].sample(1_500, conditions={"age": (78, 82)}, random_state=1)
    assert drawn["age"].between(78, 82).all()
    free = models["gaussian_copula"].sample(60_000, random_state=2)
    free = free[free["age"].between(78, 82)]
    assert abs(drawn["hb"].mean() - free["hb"].mean()) < 0.15


def test_the_same_seed_gives_the_same_rows(models: dict[str, sh.Synthesizer]) -> None:
    asked = {"hb": (12.0, None)}
    first, second = (models["trees"].sample(80, asked, random_state=3) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert (first["hb"] >= 12).all()
    assert not first["hb"].isna().any()


def test_open_ends_dates_text_intervals_and_single_values(
    models: dict[str, sh.Synthesizer],
) -> None:
    model = models["gaussian_copula"]
    young = model.sample(50, {"age": pd.Interval(30, 40, closed="left")})["age"]
    assert young.between(30, 39).all()
    seen = model.sample(50, {"seen": ("2021-01-01", None)})["seen"]
    assert (seen >= pd.Timestamp("2021-01-01")).all()
    dose = model.sample(50, {"dose": ("4,0", "5,0")})["dose"]
    assert dose.str.replace(",", ".").astype(float).between(4, 5).all()
    assert (model.sample(5, {"age": (44, 44)})["age"] == 44).all()
    assert not model.sample(200, {"hb": (None, None)})["hb"].isna().any()


def test_each_row_of_a_table_has_its_own_range(models: dict[str, sh.Synthesizer]) -> None:
    asked = pd.DataFrame({"age": [(20, 30), (60, 70), 50, None] * 20, "sex": ["F", "M"] * 40})
    for family in ("gaussian_copula", "tvae"):
        drawn = models[family].sample(conditions=asked)
        ages = drawn["age"].to_numpy().reshape(-1, 4)
        assert ((ages[:, 0] >= 20) & (ages[:, 0] <= 30)).all()
        assert ((ages[:, 1] >= 60) & (ages[:, 1] <= 70)).all()
        assert (ages[:, 2] == 50).all()
        assert (drawn["sex"] == asked["sex"]).all()


@pytest.mark.slow
def test_ranges_hold_together_with_rules_and_a_guard() -> None:
    real = clinic()
    real["waist"] = real["age"] + 5
    schema = sh.Schema.detect(real)
    schema = schema.model_copy(update={"rules": ("waist > age",)})
    model = sh.Synthesizer(schema=schema, random_state=0, guard=True).fit(real)
    drawn = model.sample(40, {"age": (50, 60), "sex": "M"})
    assert drawn["age"].between(50, 60).all()
    assert (drawn["waist"] > drawn["age"]).all()
    assert 0 < model.accept_rate_ <= 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"age": (40, 30)}, "begins above its end"),
        ({"age": (300, 400)}, "outside what the model has learned"),
        ({"age": (30.2, 30.8)}, "no value of the column lies in the range"),
        ({"age": Between(30, 31, above=True, below=True)}, "no value of the column"),
        ({"age": ("young", "old")}, "not of its kind"),
        ({"age": (float("nan"), 40)}, "an end of the range is not a value"),
        ({"sex": ("F", "M")}, "ranges are of numbers and dates"),
        ({"age": [30, 40, 50]}, "give a range: (low, high)"),
        ({"seen": ("2021-01-01", "2020-01-01")}, "begins above its end"),
        ({"agee": (30, 40)}, "did you mean 'age'"),
    ],
)
def test_impossible_ranges_are_refused_before_anything_is_drawn(
    models: dict[str, sh.Synthesizer],
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, Any],
    words: str,
) -> None:
    model = models["gaussian_copula"]
    monkeypatch.setattr(type(model.fitted_.model), "sample", None)
    monkeypatch.setattr(type(model.fitted_.model), "sample_given", None)
    with pytest.raises(ConditionError, match=re.escape(words)):
        model.sample(10, conditions=asked)


def test_too_rare_ranges_end_with_words(
    models: dict[str, sh.Synthesizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "MAX_REDRAWN", 2_000)
    monkeypatch.setattr(drawing, "MAX_TRIES", 1)
    high = models["tvae"].sample(1_000, random_state=0)["hb"].max()
    with pytest.raises(ConditionError, match=r"'hb' in the ranges were found in .*'trees'"):
        models["tvae"].sample(5_000, {"hb": (float(high), None)})


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["sex=F", "age > 40"], {"sex": "F", "age": Between(40, None, above=True)}),
        (["age >= 40", "age<60"], {"age": Between(40, 60, below=True)}),
        (["dose >= 4,5"], {"dose": Between("4,5")}),
        (["hb="], {"hb": None}),
        (["age = 50"], {"age": 50}),
    ],
)
def test_conditions_of_the_command_line(
    models: dict[str, sh.Synthesizer], texts: list[str], wanted: dict[str, Any]
) -> None:
    like = models["gaussian_copula"].sample(10, random_state=0)
    assert conditions_in_words(texts, like, int) == wanted


@pytest.mark.parametrize(
    "texts", [["age>40", "age>50"], ["age=40", "age>50"], ["age>40", "age=50"], ["age >"], ["age"]]
)
def test_conditions_that_contradict_are_refused(
    models: dict[str, sh.Synthesizer], texts: list[str]
) -> None:
    like = models["gaussian_copula"].sample(10, random_state=0)
    with pytest.raises(ParameterError, match="condition"):
        conditions_in_words(texts, like, int)


def test_the_verb_draws_in_ranges(models: dict[str, sh.Synthesizer], tmp_path: Any) -> None:
    file, out = tmp_path / "model.synth", tmp_path / "rows.csv"
    models["gaussian_copula"].save(file)
    arguments = ["sample", str(file), "--rows", "30", "--out", str(out), "--where", "age > 40"]
    told = CliRunner().invoke(app, [*arguments, "--where", "age <= 50"])
    assert told.exit_code == 0, told.output
    assert sh.read_table(out)["age"].between(41, 50).all()
    told = CliRunner().invoke(app, [*arguments[:-1], "age", "--force"])
    assert told.exit_code == 2
