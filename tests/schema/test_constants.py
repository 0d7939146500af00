"""Columns of one value or none are carried through; ticks and blanks are yes and no."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.errors import ConditionError, SchemaError
from synthhealth.evaluation import evaluate_tables
from synthhealth.io import read_with_form, write_table
from synthhealth.schema import Schema, propose
from synthhealth.synthesizer import Synthesizer

INPUTS = Path(__file__).parents[2] / ".." / "shared" / "inputs"
N = 60


def patients(n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"crp": rng.lognormal(size=n).round(2), "sex": rng.choice(["F", "M"], n)})


def drawn(table: pd.DataFrame, n: int = 30, schema: Schema | None = None) -> pd.DataFrame:
    return Synthesizer(schema=schema, random_state=0, privacy="none").fit(table).sample(n)


CONSTANTS = {
    "text": "Cairo",
    "number": 1,
    "decimal": 37.5,
    "boolean": True,
    "date": pd.Timestamp("2024-01-31"),
    "moment with a zone": pd.Timestamp("2024-01-31 10:00", tz="Africa/Cairo"),
    "date as text": "31.01.2024",
    "result beyond a limit": "<0,50",
    "number with a unit": "12.50 mg/L",
}


@pytest.mark.parametrize("gaps", [0, 10])
@pytest.mark.parametrize("kind", CONSTANTS)
def test_a_constant_is_written_again(kind, gaps):
    table = patients()
    column = pd.Series([CONSTANTS[kind]] * N)
    table.insert(1, "same", column.where(table.index >= gaps))
    fake = drawn(table, 200)
    assert list(fake.columns) == list(table.columns)
    assert fake["same"].dtype == table["same"].dtype
    assert set(fake["same"].dropna()) == {CONSTANTS[kind]}
    assert fake["same"].isna().mean() == pytest.approx(gaps / N, abs=0.08)


@pytest.mark.parametrize(
    "dtype",
    ["Int64", "Float64", "int8", "float32", "string", "category", "boolean", "int64[pyarrow]"],
)
def test_its_dtype_is_kept(dtype):
    table = patients().assign(same=pd.Series([1] * N).astype(dtype))
    fake = drawn(table)
    assert str(fake["same"].dtype) == dtype
    assert set(fake["same"]) == set(table["same"])


def test_empty_columns_stay_empty():
    table = patients().assign(a=np.nan, b=None, c="n/a", d=-9)
    table["d"] = table["d"].astype(float).where(table.index < 30)
    columns = [
        column.model_copy(update={"missing": (-9,)}) if column.name == "d" else column
        for column in Schema.detect(table)
    ]
    schema = Schema.detect(table).model_copy(update={"columns": tuple(columns)})
    fake = drawn(table, schema=schema)
    assert fake[["a", "b"]].isna().all(axis=None)
    assert fake["b"].iloc[0] is None
    assert set(fake["c"]) == {"n/a"}
    assert set(fake["d"].dropna()) == {-9}


@pytest.mark.parametrize("secret", ["Mr Smith", 137.25, pd.Timestamp("1971-03-07")])
def test_a_value_of_a_few_patients_is_not_learned(secret, tmp_path):
    table = patients()
    table["note"] = pd.Series([secret]).reindex(table.index).mask(table.index >= 4)
    table.loc[table.index < 4, "note"] = secret
    model = Synthesizer(random_state=0).fit(table)
    assert model.sample(50)["note"].isna().all()
    model.save(tmp_path / "model.synth")
    content = model.fitted_.preparation.model_dump_json() + repr(model.schema_)
    assert not any(text in content for text in ("Smith", "137.25", "1971"))


def test_a_left_out_number_of_whole_ones_is_an_empty_cell():
    table = pd.DataFrame({"crp": np.arange(15) * 1.5, "esr": np.arange(15) % 7 * 2.5})
    table = table.assign(parity=[-9] * 14 + [0])
    drawn = Synthesizer(random_state=0).fit(table).sample(10)
    assert drawn["parity"].isna().all()


def test_gaps_of_constants_go_with_those_of_others():
    """A unit in a column of its own is missing where the result is."""
    table = patients(200)
    table["crp"] = table["crp"].where(table.index % 3 > 0)
    table["unit"] = table["crp"].map(lambda _: "mg/L", na_action="ignore")
    fake = drawn(table, 200)
    assert (fake["unit"].isna() == fake["crp"].isna()).all()
    assert 0.2 < fake["unit"].isna().mean() < 0.5


def test_they_are_saved_and_not_compared(tmp_path):
    table = patients().assign(site="Cairo", empty=np.nan)
    model = Synthesizer(random_state=0).fit(table)
    again = sh.load(model.save(tmp_path / "model.synth"))
    pd.testing.assert_frame_equal(again.sample(20), model.sample(20))
    found = evaluate_tables(table, model.sample(60), model.schema_, parts=())
    compared = {one.column for one in (*found.numerical, *found.categorical)}
    assert compared == {"crp", "sex"}
    reasons = {gap.column: gap.reason for gap in found.not_computed}
    assert "same value in every row" in reasons["site"]
    assert "all its values" in reasons["empty"]


def test_conditions_and_rules_on_them_are_answered():
    table = patients().assign(site="Cairo", low=0.0)
    model = Synthesizer(random_state=0).fit(table)
    with pytest.raises(ConditionError, match="'site': every patient has the same value"):
        model.sample(5, conditions={"site": "Cairo"})
    schema = Schema.detect(table).model_copy(update={"rules": ("crp >= low",)})
    with pytest.raises(SchemaError, match=r"rule 'crp >= low' needs 'low'.*same value"):
        Synthesizer(schema=schema).fit(table)


def test_a_group_of_one_sex_keeps_its_column():
    table = patients().assign(sex="F", age=range(20, 20 + N))
    assert set(drawn(table)["sex"]) == {"F"}


# Ticks


TICKS = {"Y": "Y", "x": "x", "ja": "ja", "نعم": "نعم", "1": 1.0, "true": True}


@pytest.mark.parametrize("word", TICKS)
def test_a_tick_and_blanks_are_yes_and_no(word):
    table = patients(200)
    table["crp"] = np.arange(200) / 10
    tick = pd.Series([TICKS[word]] * 200)
    table["dm"] = tick.where(table["crp"] > 12)
    column = propose(table).schema["dm"]
    assert (column.kind.value, column.levels) == ("boolean", ("", TICKS[word]))
    fake = drawn(table, 300)
    assert fake["dm"].dtype == table["dm"].dtype
    assert set(fake["dm"].dropna()) == {TICKS[word]}
    assert fake["dm"].isna().mean() == pytest.approx(0.6, abs=0.08)
    # It is learned as the others are, so that it still goes with them.
    assert fake["crp"][fake["dm"].notna()].mean() > fake["crp"][fake["dm"].isna()].mean() + 4


def test_all_ticks_share_one_doubt():
    table = patients().assign(a=["Y", None] * 30, b=[None, "x"] * 30)
    findings = {finding.column: finding.doubts for finding in propose(table).findings}
    (doubt,) = findings["a"]
    assert "'a', 'b'" in doubt
    assert (doubt.weight, doubt.settle) == (2, "kind: nominal")
    assert findings["b"] == ()


def test_few_ticks_are_blanks():
    table = patients()
    table["dm"] = pd.Series(["Y"] * 3).reindex(table.index)
    assert drawn(table)["dm"].isna().all()
    assert "all are written as blank" in propose(table).findings[-1].doubts[-1]


def test_a_blank_can_be_said_to_be_missing(tmp_path):
    table = patients().assign(dm=["Y", None] * 30)
    path = tmp_path / "schema.yaml"
    propose(table).to_file(path)
    assert Schema.from_file(path)["dm"].levels == ("", "Y")
    text = path.read_text("utf-8")
    path.write_text(text.replace("kind: boolean", "kind: nominal").replace("['', Y]", "[Y]"))
    model = Synthesizer(schema=Schema.from_file(path), random_state=0).fit(table)
    assert set(model.fitted_.preparation.constants) == {"dm"}
    assert set(model.sample(50)["dm"].dropna()) == {"Y"}


@pytest.mark.parametrize(("asked", "gap"), [("Y", False), (None, True)])
def test_ticks_can_be_asked_for(asked, gap):
    table = patients().assign(dm=["Y", None] * 30)
    fake = Synthesizer(random_state=0).fit(table).sample(20, conditions={"dm": asked})
    assert (fake["dm"].isna() == gap).all()


# The files


def drawn_file(name: str, tmp_path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give a file's cells as text, and those of a synthetic one."""
    source = INPUTS / name
    if not source.is_file():
        pytest.skip(f"{name} is not beside this checkout")
    table, form = read_with_form(source)
    # How cells are written is looked at, and not whom a fit learns.
    fake = Synthesizer(random_state=0, privacy="none").fit(table).sample(2_000)
    write_table(fake, tmp_path / name, form=form)
    as_text = {"dtype": str, "keep_default_na": False}
    return pd.read_csv(source, **as_text), pd.read_csv(tmp_path / name, **as_text)


def test_file_with_constants(tmp_path):
    real, fake = drawn_file("b11_constants.csv", tmp_path)
    assert list(fake.columns) == list(real.columns)
    for name in ("site", "study", "empty1", "empty2", "const_date"):
        assert set(fake[name]) == set(real[name])


def test_file_with_gaps_in_truth_values(tmp_path):
    real, fake = drawn_file("c14_bool_gaps.csv", tmp_path)
    for name in real.columns[4:]:
        # One word for missing is written throughout a column.
        one, other = (cells.replace("NA", "") for cells in (real[name], fake[name]))
        assert set(fake[name]) <= set(real[name])
        assert set(other) <= set(one)
        for word in set(one):
            assert (other == word).mean() == pytest.approx((one == word).mean(), abs=0.07)


def test_file_of_more_columns_than_patients(tmp_path):
    source = INPUTS / "b12_200cols_40rows.csv"
    if not source.is_file():
        pytest.skip("the file is not beside this checkout")
    table, _ = read_with_form(source)
    kinds = {column.name: column.kind.value for column in Schema.detect(table)}
    assert set(kinds.values()) == {"continuous", "boolean"}
    assert {kind for name, kind in kinds.items() if "symptom" in name} == {"boolean"}
    some = table.iloc[:, -60:]
    fake = drawn(some)
    assert list(fake.columns) == list(some.columns)
    assert not fake.isna().any(axis=None)
