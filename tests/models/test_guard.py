"""Rows with a patient's own combination are made without the patient, and leave no hole."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.errors import FitError, ParameterError
from synthhealth.evaluation.privacy.holes import REPEATS, score_repeats
from synthhealth.evaluation.privacy.pooling import Scored, as_membership
from synthhealth.evaluation.tables import read_tables
from synthhealth.fitted import Fitted
from synthhealth.models import Parameter, guard, register
from synthhealth.models import registry as registered
from synthhealth.models.guard import PARTS
from synthhealth.schema import Column, Schema
from synthhealth.table.learning import prepare
from synthhealth.table.preparation import Rows


class Parrot:
    """Repeats its patients, as often as it is told; else draws every column by itself."""

    name = "parrot"
    parameters = (Parameter("repeats", float, 0.5, "share of repeated rows", low=0, high=1),)

    def __init__(self, **params: Any) -> None:
        self.settings_ = {"repeats": params.get("repeats", 0.5)}
        self.partial_ = False

    def fit(self, table: pd.DataFrame, schema: Any, *, seed: int, training: Any) -> None:
        self._table = table

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        whole = self._table.iloc[rng.integers(len(self._table), size=n)].reset_index(drop=True)
        mixed = pd.DataFrame(
            {name: rng.choice(self._table[name].to_numpy(), n) for name in self._table}
        )
        repeated = rng.random(n) < self.settings_["repeats"]
        return pd.concat([whole[repeated], mixed[~repeated]], ignore_index=True)

    def state(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Parrot:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def parrot(monkeypatch):
    monkeypatch.setattr(registered, "_REGISTERED", {})
    return register(Parrot)


def measured(n: int = 60, seed: int = 0) -> pd.DataFrame:
    """Patients whose rows are their own."""
    rng = np.random.default_rng(seed)
    numbers = {name: rng.normal(50, 10, n).round(2) for name in ("p", "q", "r")}
    return pd.DataFrame({**numbers, "ward": rng.choice(["A", "B"], n)})


def coded(n: int = 60, seed: int = 0) -> pd.DataFrame:
    """Patients of few levels, of whom many have a combination of their own."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.choice(list("ABCDE"), n) for name in ("p", "q", "r")})


def learned(table: pd.DataFrame, guarded: bool = True, seed: int = 0, **parameters: Any) -> Fitted:
    schema = Schema.detect(table)
    return Fitted.learn(table, schema, "parrot", parameters, seed=seed, guard=guarded)


def n_repeated(rows: pd.DataFrame, table: pd.DataFrame) -> int:
    patients = set(table.itertuples(index=False, name=None))
    return sum(row in patients for row in rows.itertuples(index=False, name=None))


def test_what_a_model_knows_by_heart_is_not_repeated():
    table = measured()
    assert n_repeated(learned(table, guarded=False).sample(2_000, 1), table) > 900
    fitted = learned(table)
    drawn = fitted.draw(0, 2_000, fitted.stream(1))
    assert n_repeated(drawn.rows, table) == 0
    assert drawn.touched.rows == 2_000
    assert drawn.touched.replaced == 0
    assert drawn.touched.repeated == pytest.approx(1_000, abs=150)


def test_nor_where_it_differs_by_rounding_only():
    table = measured()
    fitted = learned(table)
    repeats = fitted.guard.repeats
    patients = prepare(table, Schema.detect(table), np.random.default_rng(0))[1].rows
    rng = np.random.default_rng(0)
    moves = rng.choice([-0.01, 0, 0.01], (len(table), 3))
    near = patients.plain.assign(**(patients.plain[["p", "q", "r"]] + moves))
    far = patients.plain.assign(p=patients.plain["p"] + 0.03)
    assert (repeats.part_of(Rows(near, patients.states)) == repeats.of_patients).all()
    assert (repeats.part_of(Rows(far, patients.states)) == 0).all()


def test_combinations_that_enough_patients_share_stay():
    table = pd.DataFrame(
        [(p, q) for p in "ABC" for q in "XY" for _ in range(6)], columns=["p", "q"]
    )
    fitted = learned(table)
    drawn = fitted.draw(0, 1_000, fitted.stream(1))
    assert fitted.guard.others == ()
    assert drawn.touched.replaced == 0
    assert n_repeated(drawn.rows, table) == 1_000


def test_a_patients_combination_is_as_frequent_as_without_the_patient():
    """The whole law, by a chi-squared test with a false-alarm rate of 1 in 1,000."""
    table, n = coded(), 20_000
    names = list(table)
    fitted = learned(table)
    owner = pd.Series(fitted.guard.repeats.of_patients, index=pd.MultiIndex.from_frame(table))
    owner = owner[~owner.index.duplicated()]

    def law(part: int) -> pd.Series:
        """What a parrot draws that has not learned a part: half by heart, half at random."""
        seen = table[fitted.guard.repeats.of_patients != part]
        by_heart = seen.value_counts(normalize=True)
        shares = [seen[name].value_counts(normalize=True) for name in names]
        cells = pd.MultiIndex.from_product([share.index for share in shares], names=names)
        at_random = [np.prod([s[c] for s, c in zip(shares, cell, strict=True)]) for cell in cells]
        return 0.5 * pd.Series(at_random, cells).add(by_heart, fill_value=0.0)

    laws = {part: law(part) for part in range(-1, PARTS + 1)}
    cells = laws[-1].index
    expected = np.array([laws[owner.get(cell, 0) or -1].get(cell, 0.0) for cell in cells])
    drawn = fitted.sample(n, 1).value_counts().reindex(cells, fill_value=0)
    keep = expected > 0
    assert drawn[~keep].sum() == 0
    found = stats.chisquare(drawn[keep], n * expected[keep] / expected.sum())
    assert found.pvalue > 0.001
    # As the parrot repeats by itself, it would not pass.
    by_itself = fitted.unguarded().sample(n, 1).value_counts().reindex(cells, fill_value=0)
    assert by_itself[owner.index].sum() > 1.3 * drawn[owner.index].sum()


def test_where_nothing_else_is_drawn_it_says_so(monkeypatch):
    monkeypatch.setattr(guard, "MAX_REDRAWN", 5_000)
    fitted = learned(measured(), repeats=1.0)
    with pytest.raises(FitError, match="hardly anything but its patients"):
        fitted.sample(10, 1)


def test_any_stretch_of_a_stream_is_drawn_alike():
    fitted = learned(coded())
    stream = fitted.stream(3)
    whole = pd.concat([one.rows for one in fitted.chunks(30, stream, chunk_size=10)])
    alone = fitted.draw(20, 30, stream, chunk_size=10).rows
    pd.testing.assert_frame_equal(whole.iloc[20:], alone)
    pd.testing.assert_frame_equal(learned(coded()).sample(200, 3), fitted.sample(200, 3))


def test_conditions_are_met():
    table = coded()
    model = sh.Synthesizer("parrot", random_state=0, privacy="none", guard=True).fit(table)
    alone = table.groupby(list(table)).filter(lambda some: len(some) == 1).iloc[0]
    drawn = model.sample(10, {"p": alone["p"], "q": alone["q"]})
    assert (drawn[["p", "q"]] == alone[["p", "q"]]).all(axis=None)


def test_it_tells_how_many_rows_it_touched():
    model = sh.Synthesizer("parrot", random_state=0, guard=True).fit(coded())
    assert model.guarded_ is None
    model.sample(100)
    model.sample(50)
    assert model.guarded_.rows == 150
    assert 0 < model.guarded_.replaced < 150
    assert f"{model.guarded_.replaced} of 150" in model.guarded_.in_words()


def test_without_it_nothing_is_drawn_otherwise():
    plain, guarded = learned(measured(), guarded=False), learned(measured())
    pd.testing.assert_frame_equal(plain.sample(100, 1), guarded.unguarded().sample(100, 1))


def test_copies_know_no_patient_and_draw_nothing_unguarded(tmp_path, cohort, monkeypatch):
    monkeypatch.setattr(guard, "PARTS", 2)
    table = cohort[["sex", "age", "crp"]]
    model = sh.Synthesizer(random_state=0, guard=True).fit(table)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.fitted_.guard is None
        with pytest.raises(ParameterError, match="it knows the patients"):
            twin.sample(5)
        twin.set_params(guard=False).sample(5)
    again = sh.load(model.save(tmp_path / "model.synth"))
    assert not again.guard
    plain = sh.Synthesizer(random_state=0).fit(table)
    pd.testing.assert_frame_equal(again.sample(50), plain.sample(50))


def test_visits_of_a_patient_are_left_out_together():
    rng = np.random.default_rng(0)
    visits = pd.DataFrame(
        {"patient": np.repeat(np.arange(100, 140), 3), "crp": rng.normal(50, 9, 120).round(2)}
    )
    visits["hb"] = rng.normal(13, 1, 120).round(2)
    schema = Schema(
        columns=[
            Column(name="patient", kind="identifier", protection="drop"),
            Column(name="crp", kind="continuous"),
            Column(name="hb", kind="continuous"),
        ]
    ).with_subject("patient")
    fitted = Fitted.learn(visits, schema, "parrot", {}, seed=0, guard=True)
    parts = fitted.guard.repeats.of_patients.reshape(40, 3)
    assert (parts == parts[:, :1]).all()
    assert set(parts[:, 0]) == set(range(1, PARTS + 1))


def test_a_guard_is_on_or_off():
    with pytest.raises(ParameterError, match="guard is a str"):
        sh.Synthesizer(guard="yes").fit(measured())


def test_an_attacker_finds_neither_repeats_nor_holes():
    """Intervals of 95 %; rows that are just left out give the patients away by their holes."""
    scored: dict[str, list[Scored]] = {"by itself": [], "with holes": [], "guarded": []}
    for seed in range(4):
        members, non_members, others = (coded(60, 10 * seed + one) for one in range(3))
        schema = Schema.detect(members)
        fitted = Fitted.learn(members, schema, "parrot", {"repeats": 0.2}, seed=seed, guard=True)
        reference = Fitted.learn(others, schema, "parrot", {"repeats": 0.0}, seed=seed)
        expected = read_tables(members, reference.sample(10_000, 1), schema).synthetic
        by_itself = fitted.unguarded().sample(10_000, 1)
        few = members.groupby(list(members)).filter(lambda some: len(some) < 5)
        own = pd.MultiIndex.from_frame(few)
        ways = {
            "by itself": by_itself,
            "with holes": by_itself[~pd.MultiIndex.from_frame(by_itself).isin(own)],
            "guarded": fitted.sample(10_000, 1),
        }
        for way, rows in ways.items():
            tables = read_tables(members, rows, schema, training=members, unseen=non_members)
            ours, theirs = score_repeats(
                [tables.real, tables.unseen], tables.synthetic, expected, tables.schema
            )
            scored[way].append(Scored([(ours, theirs)]))
    found = {way: as_membership(some, REPEATS) for way, some in scored.items()}
    assert found["by itself"].interval.low > 0.6
    assert found["with holes"].interval.high < 0.4
    assert found["guarded"].interval.low < 0.5 < found["guarded"].interval.high
    assert found["guarded"].auc == pytest.approx(0.5, abs=0.08)


def test_levels_and_gaps_that_a_part_alone_has_can_be_drawn(cohort):
    table = cohort[["sex", "age", "crp", "rf"]].assign(ward=["A"] * 28 + ["B"] * 28 + ["C"] * 5)
    table.loc[:9, "rf"] = np.nan
    model = sh.Synthesizer(random_state=0, privacy="high", guard=True).fit(table)
    in_c = model.sample(40, {"ward": "C"})
    assert (in_c["ward"] == "C").all()
    no_rf = model.sample(40, {"rf": None})
    assert no_rf["rf"].isna().all()
    assert model.sample(500)["rf"].isna().mean() == pytest.approx(10 / 61, abs=0.1)


def test_large_tables_are_streamed(tmp_path):
    model = sh.Synthesizer("parrot", random_state=0, guard=True).fit(coded())
    path = model.sample_to(tmp_path / "rows.csv", 2_500, chunk_size=1_000, random_state=3)
    assert len(pd.read_csv(path)) == 2_500
    assert model.guarded_.rows == 2_500


@pytest.mark.slow
def test_the_verb_says_what_it_touched(tmp_path):
    table = tmp_path / "real.csv"
    coded(40).to_csv(table, index=False)
    out = str(tmp_path / "out")
    ended = CliRunner().invoke(
        app, ["run", str(table), "--out", out, "--guard", "--seed", "1"], catch_exceptions=False
    )
    assert ended.exit_code == 0, ended.output
    assert "come from models that have not seen the patient" in ended.output
    assert "The guard is not in model.synth" in ended.output


def test_where_visits_chain_the_patients_whole_rows_are_guarded(caplog):
    rng = np.random.default_rng(0)
    # Each patient shares one visit with the one before, and one with the one after.
    visits = pd.DataFrame(
        {
            "patient": np.repeat(np.arange(100, 140), 2),
            "height": np.repeat(np.arange(100, 141), 2)[1:-1] * 10,
            "crp": rng.normal(50, 9, 80).round(2),
        }
    )
    schema = Schema(
        columns=[
            Column(name="patient", kind="identifier", protection="drop"),
            Column(name="height", kind="count", role="quasi-identifier"),
            Column(name="crp", kind="continuous"),
        ]
    ).with_subject("patient")
    repeats = Fitted.learn(visits, schema, "parrot", {}, seed=0, guard=True).guard.repeats
    assert "whole rows alone are guarded" in caplog.text
    assert len(repeats.combinations) == 1
    assert (repeats.of_patients > 0).all()
