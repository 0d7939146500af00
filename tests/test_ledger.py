"""A ledger recognises nearly the same patients, and tells nothing of them without its key."""

from __future__ import annotations

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.errors import FileError, ParameterError, SynthHealthError
from synthhealth.ledger import NAME, Ledger
from synthhealth.schema import Column, Schema

HOW = {"family": "gaussian_copula", "privacy": "standard"}


def patients(n: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"sex": rng.choice(["F", "M"], n), "crp": rng.gamma(2.0, 5.0, n).round(1)})


SCHEMA = Schema(columns=[Column(name="sex", kind="nominal"), Column(name="crp", kind="continuous")])


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / NAME)


def said(ledger, table, caplog, schema=SCHEMA, **how):
    caplog.clear()
    ledger.tell(table, schema, **({**HOW, "guard": False} | how))
    return caplog.text


def test_the_symmetric_difference_is_counted_in_patients(ledger):
    table = patients()
    ledger.record_fit(table, SCHEMA, **HOW)
    assert ledger.nearly_same(table, SCHEMA) == (0, 0)
    assert ledger.nearly_same(table[::-1][["crp", "sex"]], SCHEMA) == (0, 0)
    assert ledger.nearly_same(table[:-1], SCHEMA) == (0, 1)
    assert ledger.nearly_same(pd.concat([table, table[:2]]), SCHEMA) == (2, 0)
    changed = table.assign(crp=table["crp"].where(table.index != 3, 99.9))
    assert ledger.nearly_same(changed, SCHEMA) == (1, 1)
    assert ledger.nearly_same(patients(seed=1), SCHEMA)[0] > 30


def test_a_patient_of_several_rows_is_one(ledger):
    visits = patients(90).assign(patient=np.repeat([f"N{i:03}" for i in range(30)], 3))
    schema = Schema(
        columns=[*SCHEMA, Column(name="patient", kind="identifier", protection="drop")]
    ).with_subject("patient")
    ledger.record_fit(visits, schema, **HOW)
    assert ledger.entries[0].n_patients == 30
    assert ledger.nearly_same(visits[3:], schema) == (0, 1)
    assert ledger.nearly_same(visits[1:], schema) == (1, 1)  # one visit fewer


def test_of_a_table_with_more_columns_the_old_ones_are_compared(ledger, caplog):
    table = patients()
    ledger.record_fit(table, SCHEMA, **HOW)
    more = table.assign(esr=range(60))
    assert ledger.nearly_same(more[1:], SCHEMA) == (0, 1)
    assert ledger.nearly_same(table[["crp"]], SCHEMA) is None
    assert "had columns that this table lacks" in said(ledger, table[["crp"]], caplog)


@pytest.mark.parametrize(("n_new", "warns"), [(1, True), (4, True), (5, False)])
def test_a_few_more_or_fewer_are_warned_of(ledger, caplog, n_new, warns):
    everyone = patients(60 + n_new)
    assert said(ledger, everyone, caplog) == ""
    ledger.record_fit(everyone[:60], SCHEMA, **HOW)
    assert ("nearly the same patients" in said(ledger, everyone, caplog)) is warns
    ledger.record_fit(everyone, SCHEMA, **HOW)
    # The next fit of the same table is warned of all the same.
    assert ("nearly the same patients" in said(ledger, everyone, caplog)) is warns


def test_of_many_patients_a_twentieth_are_a_few(ledger, caplog):
    everyone = patients(1_049)
    ledger.record_fit(everyone[:1_000], SCHEMA, **HOW)
    assert "49 are new" in said(ledger, everyone, caplog)
    assert said(ledger, patients(1_050), caplog) == ""


def test_the_same_patients_are_said_mildly(ledger, caplog):
    fit = ledger.record_fit(patients(), SCHEMA, **HOW)
    assert "the same seed gives the same again" in said(ledger, patients(), caplog)
    assert "with other settings" in said(ledger, patients(), caplog, family="tvae")
    ledger.record_release(["table"], fit=fit)
    assert "something of it released" in said(ledger, patients(), caplog)


def test_what_was_given_away_adds_up(ledger):
    assert ledger.given_away().fits == 0
    first = ledger.record_fit(patients(), SCHEMA, **HOW, epsilon=1.5)
    ledger.record_fit(patients(), SCHEMA, **HOW, epsilon=0.5)
    ledger.record_fit(patients(), SCHEMA, **HOW)
    ledger.record_release(["table", "report"], fit=first)
    ledger.record_release(["table", "model"])
    away = ledger.given_away()
    assert (away.fits, away.releases, away.epsilon, away.without_epsilon) == (3, 2, 2.0, 1)
    assert away.things == {"table": 2, "report": 1, "model": 1}
    assert ledger.entries[-1].fit == ledger.entries[2].id
    assert "epsilon 2 in all beside 1 without" in away.in_words()
    with pytest.raises(ParameterError, match="no such fit"):
        ledger.record_release(["table"], fit="another")


def test_it_is_its_owners_alone_and_holds_no_value(ledger):
    table = patients()
    ledger.record_fit(table, SCHEMA, **HOW)
    for path in (ledger.path, ledger.key_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = ledger.path.read_text()
    assert not any(word in text for word in ("crp", "sex", *map(str, table["crp"])))


def test_without_the_key_nobody_can_try_who_is_in_it(ledger, tmp_path):
    """All candidates are known, and everything but the key: no try meets a hash."""
    everyone = patients(200)
    ledger.record_fit(everyone[:100], SCHEMA, **HOW)
    content = json.loads(ledger.path.read_text())
    (text,) = content["sets"].values()
    known = set(np.frombuffer(base64.b64decode(text), dtype=np.uint64).tolist())

    def met(key: bytes) -> int:
        """Count the candidates whose hash under a key is in the ledger, by its own code."""
        stolen = tmp_path / "stolen.json"
        copy = Ledger(stolen)
        stolen.unlink(missing_ok=True)
        copy.key_path.write_text(key.hex())
        copy.record_fit(everyone, SCHEMA, **HOW)
        (text,) = json.loads(stolen.read_text())["sets"].values()
        return len(known & set(np.frombuffer(base64.b64decode(text), np.uint64).tolist()))

    assert met(bytes.fromhex(ledger.key_path.read_text())) == 100
    of_the_file = [content["key"], *content["sets"], *content["entries"][0]["columns"]]
    guesses = [bytes(32), b"\xff" * 32, *(bytes.fromhex(one * 2) for one in of_the_file)]
    assert [met(guess) for guess in guesses] == [0] * len(guesses)


def test_patients_of_the_same_values_do_not_show(ledger):
    ledger.record_fit(pd.DataFrame({"sex": ["F"] * 40, "crp": [1.0] * 40}), SCHEMA, **HOW)
    (text,) = json.loads(ledger.path.read_text())["sets"].values()
    hashes = np.frombuffer(base64.b64decode(text), dtype=np.uint64)
    assert np.unique(hashes).size == 40


def test_two_ledgers_of_the_same_table_have_nothing_in_common(tmp_path):
    texts = []
    for name in ("one", "two"):
        ledger = Ledger(tmp_path / f"{name}.json")
        ledger.record_fit(patients(), SCHEMA, **HOW)
        content = json.loads(ledger.path.read_text())
        texts.append({*content["sets"], *content["entries"][0]["columns"], content["key"]})
    assert not texts[0] & texts[1]


def test_those_who_write_at_once_lose_nothing(ledger):
    with ThreadPoolExecutor(8) as threads:
        tables = [patients(60, seed) for seed in range(16)]
        ids = list(
            threads.map(lambda one: Ledger(ledger.path).record_fit(one, SCHEMA, **HOW), tables)
        )
    assert sorted(entry.id for entry in ledger.entries) == sorted(ids)
    assert all(ledger.nearly_same(table, SCHEMA) == (0, 0) for table in tables)


def damaged(text: bytes):
    yield b""
    yield text[: len(text) // 2]
    yield text.replace(b'"fit"', b'"fits"')
    yield text.replace(b'"sets"', b'"set"')
    yield b"[1]"


def test_a_damaged_ledger_is_refused_and_left_as_it_is(ledger):
    ledger.record_fit(patients(), SCHEMA, **HOW)
    for broken in damaged(ledger.path.read_bytes()):
        ledger.path.write_bytes(broken)
        for work in (
            ledger.check,
            ledger.given_away,
            lambda: ledger.record_fit(patients(), SCHEMA, **HOW),
            lambda: sh.Synthesizer(schema=SCHEMA).fit(patients(), ledger=ledger),
        ):
            with pytest.raises(FileError, match="damaged, or is not a ledger"):
                work()
        assert ledger.path.read_bytes() == broken


@given(st.binary(max_size=60), st.integers(0, 400))
def test_whatever_stands_in_it_ends_in_words(tmp_path_factory, noise, place):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / NAME)
    ledger.record_fit(patients(10), SCHEMA, **HOW)
    text = ledger.path.read_bytes()
    changed = text[:place] + noise + text[place + len(noise) :]
    ledger.path.write_bytes(changed)
    try:
        ledger.nearly_same(patients(10), SCHEMA)
    except SynthHealthError:
        assert ledger.path.read_bytes() == changed


def test_a_key_that_is_gone_or_another_one_is_said(ledger):
    ledger.record_fit(patients(), SCHEMA, **HOW)
    before, key = ledger.path.read_bytes(), ledger.key_path.read_text()
    broken = {None: "of no use without its key", "": "holds no key", "ab" * 32: "is not the key"}
    for text, words in broken.items():
        ledger.key_path.unlink(missing_ok=True)
        if text is not None:
            ledger.key_path.write_text(text)
        with pytest.raises(FileError, match=words):
            ledger.check()
        with pytest.raises(FileError):
            ledger.record_fit(patients(), SCHEMA, **HOW)
    assert ledger.path.read_bytes() == before
    ledger.key_path.write_text(key)
    ledger.check()


def test_the_verbs_say_it(tmp_path):
    everyone = patients(61)
    for name, table in (("before", everyone[:60]), ("after", everyone)):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    run = CliRunner()

    def fit(name: str, *options: str):
        out = ["--out", str(tmp_path / f"{name}.synth"), "--force", "--seed", "1"]
        ended = run.invoke(app, ["fit", str(tmp_path / f"{name}.csv"), *out, *options])
        assert ended.exit_code == 0, ended.output
        return ended

    assert "Recorded" not in fit("before").output
    begun = fit("before", "--ledger", str(tmp_path / NAME))
    assert "(1 fit)" in begun.output
    assert "note: ledger" not in begun.stderr
    # From now on it is found beside the table.
    again = fit("after")
    assert "note: ledger: nearly the same patients were fitted" in again.stderr
    assert "1 is new" in again.stderr
    shown = run.invoke(app, ["ledger", str(tmp_path / NAME)])
    assert shown.exit_code == 0
    assert "2 fits, nothing released" in shown.output
    missing = run.invoke(app, ["ledger", str(tmp_path / "none.json")])
    assert missing.exit_code == 1
