"""The command line on tables as hospitals have them: schema, protection, forms of files."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.io import FileForm, read_table, sniff, write_table

N = 60
SECRET = "Mustermann77"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def succeed(*arguments: object) -> Result:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result


def refusal(*arguments: object) -> str:
    result = call(*arguments)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    error = result.stderr.splitlines()[-1]
    assert error.startswith("error: ")
    assert "please report" not in error
    assert SECRET not in result.output
    return error


def clinic() -> pd.DataFrame:
    """A laboratory's export; its cells as text, as a German spreadsheet writes them."""
    rng = np.random.default_rng(5)
    crp = rng.lognormal(1.5, 1.2, N)
    weight = rng.normal(78, 12, N)
    table = pd.DataFrame(
        {
            "MRN": [f"P-{number}" for number in rng.permutation(np.arange(1000, 1000 + N))],
            "Größe": rng.integers(150, 195, N).astype(str),
            "Gewicht": [f"{value:.1f}".replace(".", ",") for value in weight],
            "crp": ["<0,5" if value < 0.5 else f"{value:.1f}".replace(".", ",") for value in crp],
            "rf": [str(value) for value in rng.integers(3, 400, N)],
            "stage": rng.choice(["I", "II", "III"], N, p=[0.5, 0.3, 0.2]),
        }
    )
    table.loc[rng.random(N) < 0.2, "rf"] = ""
    return table


@pytest.fixture(scope="module")
def german(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("clinic") / "labor.csv"
    clinic().to_csv(path, sep=";", index=False, encoding="cp1252", lineterminator="\r\n")
    return path


@pytest.fixture(scope="module")
def schema_file(german) -> Path:
    path = german.parent / "schema.yaml"
    succeed("schema", german, "--out", path, "--protect", "drop")
    return path


# --- schema --------------------------------------------------------------------------------------


def test_schema_is_shown(german):
    result = succeed("schema", german)
    text = result.stdout
    assert "CSV, Windows-1252, separated by semicolons, decimal comma" in text
    assert all(name in text for name in clinic().columns)
    assert "identifier" in text
    assert "ordinal" in text
    assert "45 CFR 164.514" in text
    assert "not found by this scan" in text
    assert "note: " in result.stderr
    assert "Windows-1252" in result.stderr
    assert not any(number in text for number in clinic()["MRN"])


def test_schema_is_written_to_be_edited(german, tmp_path):
    out = tmp_path / "schema.yaml"
    assert f"Written: {out}" in succeed("schema", german, "--out", out).stdout
    schema = sh.Schema.from_file(out)
    assert schema.names == list(clinic().columns)
    assert schema["MRN"].kind is sh.Kind.IDENTIFIER
    assert schema["MRN"].protection is None
    assert "#" in out.read_text()

    before = out.read_text()
    assert "--force" in refusal("schema", german, "--out", out)
    assert out.read_text() == before
    succeed("schema", german, "--out", out, "--force", "--protect", "fake")
    assert sh.Schema.from_file(out)["MRN"].protection.value == "fake"
    succeed("schema", german, "--out", tmp_path / "schema.json")
    assert sh.Schema.from_file(tmp_path / "schema.json") == schema


def test_the_checklist_is_written(german, tmp_path):
    succeed("schema", german, "--checklist", tmp_path / "c.json", "--quiet")
    checklist = json.loads((tmp_path / "c.json").read_text())
    assert len(checklist["rows"]) == 18
    found = [row for row in checklist["rows"] if row["finding"] == "found"]
    assert [row["columns"] for row in found] == [["MRN"]]
    assert "create it" in refusal("schema", german, "--out", tmp_path / "no" / "x.yaml")


def test_dropped_columns_are_not_in_the_schema(german, tmp_path):
    succeed("schema", german, "--drop", "MRN", "--out", tmp_path / "s.yaml")
    assert "MRN" not in sh.Schema.from_file(tmp_path / "s.yaml").names


# --- protection and schema files -----------------------------------------------------------------


@pytest.mark.parametrize(
    "verb",
    [
        ("run", "--out", "new"),
        ("fit", "--out", "new.synth"),
    ],
)
def test_identifiers_need_a_choice(verb, german, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name, *options = verb
    message = refusal(name, german, *options)
    assert "MRN" in message
    assert "--protect" in message
    assert not list(tmp_path.iterdir())


def test_run_in_the_form_of_the_input(german, schema_file, tmp_path):
    out = tmp_path / "out"
    result = succeed("run", german, "--out", out, "--schema", schema_file, "--seed", 1)
    assert "Windows-1252" in result.stdout
    data = (out / "synthetic.csv").read_bytes()
    lines = data.decode("cp1252").split("\r\n")
    assert lines[0] == "Größe;Gewicht;crp;rf;stage"
    form, original = sniff(out / "synthetic.csv"), sniff(german)
    assert (form.encoding, form.separator, form.decimal) == ("cp1252", ";", ",")
    assert (form.newline, form.bare, form.padded) == (original.newline, frozenset(), {})
    fake, real = read_table(out / "synthetic.csv"), read_table(german)
    assert fake["Gewicht"].dtype == "float64"
    assert fake["rf"].dtype == "Int64"
    assert set(fake["stage"]) <= {"I", "II", "III"}
    assert fake["crp"].str.fullmatch(r"<0,5|\d+,\d").all()
    assert real["crp"].eq("<0,5").any()


def test_another_form_on_request(german, schema_file, tmp_path):
    succeed(
        *("run", german, "--out", tmp_path, "--schema", schema_file, "--format", "csv"),
        *("--seed", 1, "--rows", 30),
    )
    form = sniff(tmp_path / "synthetic.csv")
    assert (form.encoding, form.separator) == ("utf-8", ",")


@pytest.mark.parametrize("protect", ["drop", "fake", "generalise"])
def test_protect(protect, german, tmp_path):
    succeed("run", german, "--out", tmp_path, "--protect", protect, "--seed", 1)
    fake = read_table(tmp_path / "synthetic.csv")
    assert ("MRN" in fake) == (protect == "fake")
    if protect == "fake":
        assert list(fake.columns) == list(clinic().columns)
        assert fake["MRN"].str.fullmatch(r"[A-Z]-\d{4}").all()
        assert fake["MRN"].is_unique


def test_the_same_schema_everywhere(german, schema_file, tmp_path):
    common = ("--schema", schema_file)
    succeed("fit", german, "--out", tmp_path / "m.synth", "--seed", 1, *common)
    succeed(
        *("sample", tmp_path / "m.synth", "--rows", 80, "--out", tmp_path / "fake.csv"),
        *("--like", german),
    )
    assert sniff(tmp_path / "fake.csv").encoding == "cp1252"
    assert sniff(tmp_path / "fake.csv").decimal == ","
    succeed("evaluate", german, tmp_path / "fake.csv", "--out", tmp_path / "out", *common)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["evaluation"]["n_real"] == N
    text = succeed("describe", german, *common).stdout
    assert "identify people: MRN" in text
    assert "ordinal" in text


def test_a_schema_with_a_dropped_column(german, schema_file, tmp_path):
    out = tmp_path / "d.json"
    succeed("describe", german, "--schema", schema_file, "--drop", "crp", "--json", out)
    names = [variable["column"] for variable in json.loads(out.read_text())["variables"]]
    assert "crp" not in names
    assert "stage" in names


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("columns:\n- {name: crp, kind: contnuous}\n", "did you mean 'continuous'"),
        ("columns:\n- {name: crp, kind: continuous, units: mg/L}\n", "did you mean 'unit'"),
        ("columns: [\n", "schema.yaml"),
        ("", "schema.yaml"),
        ("columns:\n- {name: weight, kind: continuous}\n", "weight"),
    ],
)
def test_schema_files_that_are_wrong(text, words, german, tmp_path):
    (tmp_path / "schema.yaml").write_text(text)
    message = refusal(
        *("run", german, "--out", tmp_path / "out", "--schema", tmp_path / "schema.yaml")
    )
    assert words in message
    assert "no such file" in refusal(
        *("fit", german, "--out", tmp_path / "m.synth", "--schema", tmp_path / "none.yaml")
    )
    assert [path.name for path in tmp_path.iterdir()] == ["schema.yaml"]


def test_an_unknown_protection_is_wrong_usage(german, tmp_path):
    result = call("run", german, "--out", tmp_path / "out", "--protect", "hide")
    assert result.exit_code == 2


# --- sheets --------------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path) -> Path:
    path = tmp_path / "book.xlsx"
    columns = ["age", "sex", "crp", "esr"]
    with pd.ExcelWriter(path) as writer:
        for number, name in enumerate(("first", "second", "third")):
            table = sh.datasets.load_ra_panel(random_state=number)[columns]
            table.to_excel(writer, sheet_name=name, index=False)
    return path


def test_every_table_has_a_sheet(book, tmp_path):
    out = tmp_path / "run"
    result = succeed(
        *("run", book, "--out", out, "--sheet", "second", "--holdout", book),
        *("--holdout-sheet", "third", "--seed", 0),
    )
    assert "sheet" not in result.stderr
    assert sniff(out / "synthetic.xlsx").sheet == "table"
    result = succeed(
        *("evaluate", book, book, "--sheet", "first", "--synthetic-sheet", "third"),
        *("--out", tmp_path / "report"),
    )
    assert "sheet" not in result.stderr
    assert "['first', 'second', 'third']" in refusal("describe", book, "--sheet", "fourth")


def test_sheets_that_were_not_read_are_named(book, tmp_path):
    result = succeed("evaluate", book, book, "--out", tmp_path / "report")
    notes = result.stderr.splitlines()
    assert len(notes) == 2
    assert notes[0] == (
        f"note: {book}: only the first sheet, 'first', was read; the others are 'second', 'third' "
        "(to settle it: --sheet 'second')"
    )
    assert succeed("describe", book, "--quiet").output == ""


# --- attacks -------------------------------------------------------------------------------------

NASTY = """|NA|5|5.5|5,5|1,250|1.250|<0.5|<0,5|> 1000|1:40|I|II|III|yes|no|0|1|-9|999|2024-01-31
31.01.24|44927|007|x|µg|+|++|n/a|not done|-|.|1e5|inf|True|12.5 mg/L|name|a@b.example"""
CELLS = st.sampled_from(NASTY.replace("\n", "|").split("|")) | st.integers(-50, 5000).map(str)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    columns=st.lists(st.lists(CELLS, min_size=12, max_size=12), min_size=2, max_size=4),
    separator=st.sampled_from([",", ";", "\t"]),
    names=st.lists(
        st.sampled_from(["crp", "age", "name", "date of birth", "Stufe", "id", "=x", "a,b", "Ö"]),
        min_size=4,
        max_size=4,
        unique=True,
    ),
)
def test_any_table_has_a_schema_that_can_be_edited(columns, separator, names):
    """Every table that can be read gets a schema, whose file says the same."""
    assume(any(cell for column in columns for cell in column))
    table = pd.DataFrame(dict(zip(names, columns, strict=False)))
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "x.csv", Path(folder) / "s.yaml"
        write_table(table, path, form=FileForm(".csv", separator=separator))
        succeed("schema", path, "--out", out)
        assert sh.Schema.from_file(out) == sh.Schema.detect(read_table(path))


@settings(max_examples=25)
@given(text=st.text("columns:[]{}- \n#'\"namekid&*!<0.5", max_size=80) | st.binary(max_size=60))
def test_any_schema_file_is_a_schema_or_one_message(text):
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "x.csv"
        data.write_text("age,crp\n" + "61,3.5\n47,2.5\n" * 6)
        file = Path(folder) / "s.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        result = call("describe", data, "--schema", file)
        assert result.exit_code == 1
        assert result.stderr.startswith("error: ")
        assert "please report" not in result.stderr
