"""Two numbers in a cell: split before they are learned, joined when they are written."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import synthhealth as sh
from synthhealth.cells.digits import from_latin
from synthhealth.cells.pairs import infer_pairs, read_pair
from synthhealth.errors import ConditionError, SchemaError, TableError
from synthhealth.evaluation import describe
from synthhealth.schema import Column, Schema, identifier_in, propose
from synthhealth.table.joined import join, split, with_joined

INPUTS = Path(__file__).parents[2] / ".." / "shared" / "inputs"


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(3)
    n = 120
    systolic = rng.normal(132, 16, n).round().astype(int)
    diastolic = (systolic * 0.55 + rng.normal(8, 6, n)).round().astype(int)
    pressure = [f"{a}/{b} mmHg" for a, b in zip(systolic, diastolic, strict=True)]
    pressure[3] = pressure[17] = None
    for place in range(20, 27):
        pressure[place] = "refused"
    pressure[40] = "100 lying"
    return pd.DataFrame(
        {
            "age": rng.integers(30, 80, n),
            "bp": pressure,
            "size": [f"{a} x {b}" for a, b in rng.integers(2, 40, (n, 2))],
        }
    )


@pytest.fixture(scope="module")
def model(table):
    return sh.Synthesizer("gaussian_copula", random_state=0, privacy="none").fit(table)


def test_detection(table):
    found = propose(table)
    bp, size = found.schema["bp"], found.schema["size"]
    assert (bp.kind.value, bp.joined, bp.unit) == ("count", "/", "mm[Hg]")
    assert (bp.notation.suffix, bp.missing) == (" mmHg", ("refused",))
    assert (size.kind.value, size.joined, size.unit) == ("count", " x ", None)
    heavy = [doubt for doubt in found.findings[1].doubts if doubt.weight == 3]
    assert len(heavy) == 1
    assert "1 of 111 cells" in heavy[0]
    assert not any("lying" in doubt for doubt in found.findings[1].doubts)


def test_split_and_join(table):
    schema = with_joined(propose(table).schema, table)
    parts, learned = split(table, schema)
    assert list(parts) == ["age", "bp (systolic)", "bp (diastolic)", "size (1)", "size (2)"]
    assert learned.names == list(parts)
    assert learned.rules == ("`bp (systolic)` > `bp (diastolic)`",)
    missing = parts["bp (systolic)"].isna()
    assert missing.tolist() == parts["bp (diastolic)"].isna().tolist()
    assert np.flatnonzero(missing).tolist() == [3, 17, 40]
    again = join(parts, schema)
    expected = table.copy()
    expected.loc[40, "bp"] = np.nan
    assert list(again) == list(table)
    assert again["bp"].fillna("-").tolist() == expected["bp"].fillna("-").tolist()
    assert again["size"].tolist() == table["size"].tolist()


def test_synthetic_rows(table, model):
    synthetic = model.sample(400)
    assert list(synthetic) == ["age", "bp", "size"]
    known = synthetic["bp"].dropna()
    known = known[known != "refused"]
    assert known.str.fullmatch(r"\d{2,3}/\d{2,3} mmHg").all()
    numbers = known.str.extract(r"(\d+)/(\d+)").astype(int)
    assert (numbers[0] > numbers[1]).all()
    assert 0.75 < numbers[0].corr(numbers[1]) < 1
    assert abs(numbers[0].mean() - 132) < 5
    assert 0.02 < (synthetic["bp"] == "refused").mean() < 0.12
    assert synthetic["size"].str.fullmatch(r"\d{1,2} x \d{1,2}").all()
    assert synthetic.attrs["units"] == {"bp": "mm[Hg]"} | (
        {"age": "a"} if "age" in synthetic.attrs["units"] else {}
    )


def test_saved_and_loaded(model, tmp_path):
    model.save(tmp_path / "pressure.shm")
    loaded = sh.load(tmp_path / "pressure.shm")
    one, two = (m.sample(50, random_state=5) for m in (loaded, model))
    pd.testing.assert_frame_equal(one, two)


def test_conditions(model):
    rows = model.sample(5, conditions={"bp": "131/82 mmHg"})
    assert rows["bp"].tolist() == ["131/82 mmHg"] * 5
    assert model.sample(4, conditions={"bp": None})["bp"].isin(["refused", np.nan, None]).all()
    rows = model.sample(5, conditions={"bp (systolic)": 140})
    assert rows["bp"].dropna().str.startswith("140/").all()
    with pytest.raises(ConditionError, match="column 'bp': it holds two numbers"):
        model.sample(5, conditions={"bp": "high"})
    with pytest.raises(ConditionError, match="also one on a part"):
        model.sample(5, conditions={"bp": "131/82 mmHg", "bp (systolic)": 140})


def test_evaluation_and_description(table, model):
    from synthhealth.evaluation import evaluate_tables

    synthetic = model.sample(120)
    result = evaluate_tables(table, synthetic, schema=model.schema_, parts=(), random_state=0)
    named = {one.column for one in result.numerical}
    assert {"bp (systolic)", "bp (diastolic)", "size (1)"} <= named
    assert "bp" not in named
    names = [one.column for one in describe(table).variables]
    assert names == ["age", "bp (systolic)", "bp (diastolic)", "size (1)", "size (2)"]


@pytest.mark.parametrize("dtype", ["category", "string", "object"])
def test_the_dtype_stays(table, dtype):
    typed = table.astype({"size": dtype})[["age", "size"]]
    schema = Schema(
        columns=(
            Column(name="age", kind="count"),
            Column(name="size", kind="count"),
        )
    )
    model = sh.Synthesizer("gaussian_copula", schema=schema, random_state=0).fit(typed)
    rows = model.sample(20)
    assert str(rows["size"].dtype) == dtype
    assert rows["size"].astype(str).str.fullmatch(r"\d{1,2} x \d{1,2}").all()
    assert model.schema_["size"].joined == " x "


numbers = st.tuples(st.integers(100, 250), st.integers(30, 99))


@settings(max_examples=15)
@given(
    pairs=st.lists(numbers, min_size=8, max_size=30),
    mark=st.sampled_from(["/", " / ", " x ", "×"]),
    suffix=st.sampled_from(["", " mmHg", "mmHg", " mm"]),
    digits=st.sampled_from(["latin", "arabic", "persian"]),
)
def test_every_form_comes_back(pairs, mark, suffix, digits):
    cells = [from_latin(f"{a}{mark}{b}", digits) + suffix for a, b in pairs]
    column = pd.Series(cells, name="bp")
    schema = with_joined(
        Schema(columns=(Column(name="bp", kind="count"),)), pd.DataFrame({"bp": column})
    )
    assert schema["bp"].joined == mark
    assert (schema["bp"].notation.suffix, schema["bp"].notation.digits) == (suffix, digits)
    parts, _ = split(pd.DataFrame({"bp": column}), schema)
    assert parts.iloc[:, 0].astype(int).tolist() == [a for a, _ in pairs]
    assert join(parts, schema)["bp"].tolist() == cells


@pytest.mark.parametrize(
    "cell", ["12:30", "120", "03/2021", "1/2/2021", "120/80/72", "A1/B2", "120/80 12 mm", "/"]
)
def test_what_is_no_pair(cell):
    assert infer_pairs([cell], [1]) is None


def test_a_unit_is_what_nearly_all_have():
    cells = [f"{100 + i}/{60 + i}" for i in range(40)]
    found = infer_pairs([*cells, "131/82 phoned Mrs"], [1] * 41)
    assert found.suffix == ""
    assert found.pairs[-1] is None
    assert read_pair("102 / 58", "/") == ("102", "58")


def test_few_pairs_are_groups():
    acuity = ["6/6", "6/9", "6/12", "6/18"] * 20
    assert propose(pd.DataFrame({"eye": acuity})).schema["eye"].kind.value == "nominal"


def test_a_column_of_some_pairs_is_refused(table):
    cells = [f"{100 + i}/{60 + i}" for i in range(60)] + [f"high {i}" for i in range(40)]
    mixed = pd.DataFrame({"bp": cells, "age": range(100)})
    found = propose(mixed)
    assert found.findings[0].doubts[0].weight == 3
    with pytest.raises(TableError, match="'bp': 40 cells are not two numbers"):
        sh.Synthesizer("gaussian_copula", schema=found.schema).fit(mixed)


def test_what_cannot_be_split_is_said(table):
    schema = propose(table).schema
    taken = table.assign(**{"size (1)": 1.5 * table["age"]})
    with pytest.raises(SchemaError, match="rename that one"):
        sh.Synthesizer("gaussian_copula").fit(taken)
    ruled = Schema(columns=schema.columns, rules=("bp > age",))
    with pytest.raises(SchemaError, match="holds two numbers in a cell"):
        sh.Synthesizer("gaussian_copula", schema=ruled).fit(table)


def test_pairs_are_no_codes_of_a_patient():
    for form in ("{}/{}", "{}/{} mmHg", "{} / {}"):
        cells = [form.format(100 + i, 50 + i) for i in range(40)]
        assert identifier_in("reading", pd.Series(cells)) is None


def test_pressures_of_the_input_file():
    if not (INPUTS / "c01_bp.csv").exists():
        pytest.skip("c01_bp.csv is not beside the checkout")
    table = sh.read_table(INPUTS / "c01_bp.csv")
    schema = propose(table).schema
    assert {(schema[name].kind.value, schema[name].joined) for name in ("bp", "bp2")} == {
        ("count", "/")
    }
    synthetic = sh.Synthesizer("gaussian_copula", random_state=0).fit(table).sample(150)
    assert synthetic["bp"].str.fullmatch(r"\d{2,3}/\d{2,3}").all()
    assert synthetic["bp2"].dropna().str.fullmatch(r"\d{2,3}/\d{2,3} mmHg").all()
    assert abs(synthetic["bp2"].isna().mean() - table["bp2"].isna().mean()) < 0.1
    for name in ("bp", "bp2"):
        numbers = synthetic[name].dropna().str.extract(r"(\d+)/(\d+)").astype(int)
        assert (numbers[0] > numbers[1]).all()


def test_an_upload_keeps_pairs_and_times_as_they_are_written():
    from synthhealth.aws.preprocess import prepare

    table = pd.DataFrame(
        {
            "bp": [f"{100 + i}/{60 + i} mmHg" for i in range(30)],
            "arrival": [f"{i % 24:02d}:{i:02d}" for i in range(30)],
        }
    )
    text = table.to_csv(index=False)
    clean = b"".join(prepare([text.encode()], propose(table).schema.model_dump_json()))
    assert clean.decode().splitlines() == text.splitlines()
