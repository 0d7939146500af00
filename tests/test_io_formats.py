"""Files of other programs, and Excel and Parquet cells of all types: read as a text table would."""

from __future__ import annotations

import builtins
import datetime as dt
import decimal
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from synthhealth.cli import app
from synthhealth.errors import FileError, TableError
from synthhealth.io import read_table, read_with_form, table_suffix, write_table, written_suffix
from synthhealth.schema import Kind, propose
from synthhealth.synthesizer import Synthesizer

HERE = Path(__file__).parent
INPUTS = HERE.parents[1] / "shared" / "inputs"
SECRET = "Zq81723xw"
N = 60


def given(name: str) -> Path:
    path = INPUTS / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside the checkout")
    return path


def sheet_of(path: Path, rows: list[list[object]], title: str = "ward") -> Path:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def patients(n: int = N) -> list[list[object]]:
    rng = np.random.default_rng(5)
    return [
        [int(rng.integers(20, 90)), "FM"[i % 2], round(float(rng.normal(13, 2)), 1)]
        for i in range(n)
    ]


def drawn(table: pd.DataFrame, n: int = 15) -> pd.DataFrame:
    schema = propose(table).schema.with_protection("drop")
    return Synthesizer(random_state=0, schema=schema, margin="norm").fit(table).sample(n)


def said_by(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


# Excel


def test_the_units_row_of_a_sheet_is_no_patient(tmp_path):
    rows = [["age", "sex", "hb"], ["years", None, "g/dL"], *patients()]
    table, form = read_with_form(sheet_of(tmp_path / "x.xlsx", rows))
    assert table.shape == (N, 3)
    assert table.dtypes.astype(str).tolist() == ["int64", "object", "float64"]
    assert propose(table).schema["hb"].unit == "g/dL"
    assert table.attrs["units"] == {"age": "years", "hb": "g/dL"}
    assert not form.doubts


def test_first_rows_that_are_patients_stay(tmp_path):
    for first in ([None, "F", "n/a"], ["61", "M", "<0.5"], [61, "F", "pending"]):
        path = sheet_of(tmp_path / "x.xlsx", [["age", "sex", "hb"], first, *patients()])
        assert len(read_table(path)) == N + 1


def test_titles_and_notes_are_no_patients(tmp_path):
    rows = [["Cohort of 2024"], [], ["age", "sex", "hb"], *patients(), [], [f"made by {SECRET}"]]
    table, form = read_with_form(sheet_of(tmp_path / "x.xlsx", rows))
    assert list(table.columns) == ["age", "sex", "hb"]
    assert len(table) == N
    assert table["hb"].dtype == float
    assert len(form.doubts) == 2
    assert form.doubts[1].weight == 2
    assert SECRET not in " ".join(form.doubts)


def test_totals_and_empty_rows_are_no_patients(tmp_path):
    rows = [["age", "hb", "sex"], *[[a, h, s] for a, s, h in patients()]]
    total = ["Mean", 13.1, None]
    path = sheet_of(tmp_path / "x.xlsx", [*rows[:5], [], *rows[5:], total, []])
    assert len(read_table(path)) == N


def test_the_numbers_of_the_rows_are_no_column(tmp_path):
    path = sheet_of(tmp_path / "x.xlsx", [[None, "age"], *[[i, 30 + i] for i in range(12)]])
    table, form = read_with_form(path)
    assert list(table.columns) == ["age"]
    assert len(table) == 12
    assert "the numbers of the rows, which have no name, were left out" in form.doubts[0]


def test_numbers_stored_as_text_are_numbers(tmp_path):
    rows = [
        [str(age), sex, str(hb) if i % 3 else hb, f"{i:03d}", i if i % 2 else f"{i}A"]
        for i, (age, sex, hb) in enumerate(patients())
    ]
    path = sheet_of(tmp_path / "x.xlsx", [["age", "sex", "hb", "code", "mixed"], *rows])
    table, form = read_with_form(path)
    assert table.dtypes.astype(str).tolist()[:4] == ["int64", "object", "float64", "object"]
    assert table["hb"].tolist() == [row[2] for row in patients()]
    assert table["code"].tolist()[:2] == ["000", "001"]
    assert "cells E3, E5, E7, E9, E11 and 25 more" in form.doubts[0]
    assert "columns 'age', 'hb'" in form.doubts[1]


@pytest.mark.usefixtures("as_for_users")
def test_results_beyond_a_limit_stay_among_numbers(tmp_path):
    rows = [["<0.5" if i % 4 == 0 else 0.5 + i / 7, i % 9] for i in range(N)]
    table, form = read_with_form(sheet_of(tmp_path / "x.xlsx", [["crp", "x"], *rows]))
    assert not form.doubts
    column = propose(table).schema["crp"]
    assert column.detection.below == (0.5,)
    fake = drawn(table, 40)["crp"]
    assert {type(cell) for cell in fake} == {float, str}
    assert {cell for cell in fake if isinstance(cell, str)} == {"<0.5"}


def test_words_for_missing_among_numbers_are_missing(tmp_path):
    rows = [["NA" if i % 4 == 0 else 1.5 + i, i] for i in range(N)]
    table = read_table(sheet_of(tmp_path / "x.xlsx", [["crp", "x"], *rows]))
    assert table["crp"].dtype == float
    assert table["crp"].isna().sum() == N / 4


def test_times_durations_and_errors_of_a_sheet(tmp_path):
    rows = [
        [
            dt.time(7 + i % 9, 5 * (i % 12)),
            dt.timedelta(hours=20 + i),
            i,
            dt.datetime(2024, 5, 1 + i),
        ]
        for i in range(20)
    ]
    path = sheet_of(tmp_path / "x.xlsx", [["taken", "stay", "x", "day"], *rows])
    book = openpyxl.load_workbook(path)
    book.active["C4"].value = "#DIV/0!"
    book.active["C4"].data_type = "e"
    book.save(path)
    table, form = read_with_form(path)
    assert table["taken"].tolist()[:2] == ["07:00", "08:05"]
    assert table["x"].isna().sum() == 1
    assert "C4: errors of a formula" in form.doubts[0]
    schema = propose(table).schema
    assert schema["stay"].unit == "h"
    assert schema["day"].kind is Kind.DATETIME
    write_table(table[["taken", "day"]], tmp_path / "y.xlsx", form=form)
    again = openpyxl.load_workbook(tmp_path / "y.xlsx").active
    assert again["A2"].value == dt.time(7, 0)
    assert again["B2"].value == dt.datetime(2024, 5, 1)


def test_dates_and_text_name_the_column(tmp_path):
    rows = [[dt.datetime(2024, 5, 1 + i) if i % 3 else "2024-06-01", i] for i in range(20)]
    table, form = read_with_form(sheet_of(tmp_path / "x.xlsx", [["seen", "x"], *rows]))
    assert form.doubts == ("column 'seen': some dates are text; all of them were read as text",)
    assert propose(table).schema["seen"].kind is Kind.DATETIME


# Parquet


def parquet(path: Path) -> Path:
    rng = np.random.default_rng(1)
    days = [dt.date(2023, 1, 1) + dt.timedelta(days=int(i)) for i in rng.integers(0, 400, N)]
    table = pa.table(
        {
            "visit": pa.array(days, pa.date32()),
            "dose": pa.array(
                [decimal.Decimal(f"{x:.2f}") for x in rng.normal(5, 1, N)], pa.decimal128(9, 2)
            ),
            "taken": pa.array(
                [dt.time(int(h), 30) for h in rng.integers(0, 24, N)], pa.time64("us")
            ),
            "stay": pa.array([dt.timedelta(days=int(d)) for d in rng.integers(1, 60, N)]),
            "code": pa.array([b"A" if x else b"B" for x in rng.random(N) < 0.5]),
            "age": pa.array(rng.integers(20, 90, N)),
        }
    )
    pq.write_table(table, path)
    return path


def test_days_decimals_times_and_durations_of_parquet(tmp_path):
    table, form = read_with_form(parquet(tmp_path / "x.parquet"))
    assert table["visit"].dtype.kind == "M"
    assert table["dose"].dtype == float
    assert table["taken"].str.fullmatch(r"\d\d:30").all()
    schema = propose(table).schema
    kinds = [schema[name].kind for name in ("visit", "dose", "stay", "code")]
    assert kinds == [Kind.DATETIME, Kind.CONTINUOUS, Kind.COUNT, Kind.NOMINAL]
    assert schema["stay"].unit == "d"
    fake = drawn(table.drop(columns="taken"))
    assert set(fake["code"]) == {"A", "B"}
    assert (fake["dose"].round(2) == fake["dose"]).all()
    write_table(fake, tmp_path / "y.parquet", form=form)
    stored = pq.read_schema(tmp_path / "y.parquet")
    assert stored.field("visit").type == pa.date32()
    assert stored.field("dose").type == pa.decimal128(9, 2)


def test_times_of_parquet_are_written_as_times(tmp_path):
    table, form = read_with_form(parquet(tmp_path / "x.parquet"))
    write_table(table, tmp_path / "y.parquet", form=form)
    assert pq.read_schema(tmp_path / "y.parquet").field("taken").type == pa.time64("us")
    pd.testing.assert_frame_equal(read_table(tmp_path / "y.parquet"), table)


def test_bytes_that_are_no_text_can_be_dropped(tmp_path):
    pictures = [bytes([0x89, 0x50, i]) for i in range(N)]
    table = pd.DataFrame({"age": np.arange(N), "hb": np.arange(N) % 7 + 0.5, "picture": pictures})
    table.to_parquet(tmp_path / "x.parquet")
    with pytest.raises(TableError, match=r"'picture' holds bytes .*--drop 'picture'"):
        propose(read_table(tmp_path / "x.parquet"))
    command = ["describe", str(tmp_path / "x.parquet"), "--drop", "picture"]
    assert "hb" in said_by(*command)


# other programs


def spss(path: Path, writer: str = "write_sav") -> Path:
    pyreadstat = pytest.importorskip("pyreadstat")
    frame = pd.DataFrame(
        {
            "age": np.r_[np.arange(30.0, 58), np.nan, 999],
            "sex": [1.0, 2.0] * 15,
            "pain": [1.0, 2.0, 3.0] * 10,
            "partly": [0.0, 3.0, 7.0] * 10,
            "note": ["a", ""] * 15,
            "day": pd.date_range("2024-01-01", periods=30),
        }
    )
    said: dict[str, object] = {
        "variable_value_labels": {
            "sex": {1: "female", 2: "male"},
            "pain": {1: "none", 2: "some", 3: "much"},
            "partly": {0: "never"},
        },
        "column_labels": {"age": "Age at admission"},
    }
    if writer == "write_sav":
        said["missing_ranges"] = {"age": [999]}
        said["variable_measure"] = {"pain": "ordinal", "sex": "nominal"}
    if writer == "write_xport":
        del said["variable_value_labels"]
    getattr(pyreadstat, writer)(frame, str(path), **said)
    return path


def test_spss_with_labels_and_missing_codes(tmp_path):
    table, form = read_with_form(spss(tmp_path / "x.sav"))
    assert table["age"].dtype == "Int64"
    assert table["age"].isna().sum() == 2
    assert set(table["sex"]) == {"female", "male"}
    assert table["pain"].cat.ordered
    assert list(table["pain"].cat.categories) == ["none", "some", "much"]
    assert table["partly"].tolist()[:3] == [0, 3, 7]
    assert table["note"].isna().sum() == 15
    assert table["day"].dtype.kind == "M"
    assert table.attrs["labels"] == {"age": "Age at admission"}
    assert str(form) == "SPSS"
    assert "column 'partly'" in form.doubts[0]
    assert set(drawn(table.drop(columns="note"))["pain"]) <= {"none", "some", "much"}


@pytest.mark.parametrize(("suffix", "writer"), [(".dta", "write_dta"), (".xpt", "write_xport")])
def test_stata_and_sas(tmp_path, suffix, writer):
    table, form = read_with_form(spss(tmp_path / f"x{suffix}", writer))
    assert table["age"].tolist()[:2] == [30, 31]
    assert set(table["sex"]) == ({"female", "male"} if suffix == ".dta" else {1, 2})
    assert form.suffix == ".csv"


@pytest.mark.parametrize("suffix", [".sav", ".dta", ".xpt", ".sas7bdat", ".ods", ".xls", ".zip"])
def test_damaged_files_are_named_and_quote_nothing(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    head = b"\xd0\xcf\x11\xe0" if suffix == ".xls" else b""
    path.write_bytes(head + SECRET.encode() * 40)
    with pytest.raises(FileError) as error:
        read_table(path)
    assert str(path) in str(error.value)
    assert SECRET not in str(error.value)


def test_old_workbooks_are_read():
    pytest.importorskip("python_calamine")
    table, form = read_with_form(HERE / "files" / "ward.xls")
    assert table.shape == (12, 4)
    assert table.dtypes.astype(str).tolist()[:3] == ["int64", "object", "float64"]
    assert table["visit"].dtype.kind == "M"
    assert str(form) == "Excel, sheet 'ward'"
    with pytest.raises(FileError, match=r"no sheet 'x'; it has \['ward'\]"):
        read_table(HERE / "files" / "ward.xls", sheet="x")


def test_open_document_sheets_are_read(tmp_path):
    pytest.importorskip("python_calamine")
    numbers = "".join(
        f'<table:table-row><table:table-cell office:value-type="float" office:value="{i + 0.5}"/>'
        f'<table:table-cell office:value-type="string"><text:p>{"FM"[i % 2]}</text:p>'
        "</table:table-cell></table:table-row>"
        for i in range(12)
    )
    head = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{name}</text:p></table:table-cell>'
        for name in ("hb", "sex")
    )
    names = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        f'<office:document-content xmlns:office="{names}office:1.0" '
        f'xmlns:table="{names}table:1.0" xmlns:text="{names}text:1.0"><office:body>'
        f'<office:spreadsheet><table:table table:name="ward"><table:table-row>{head}'
        f"</table:table-row>{numbers}</table:table></office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    with zipfile.ZipFile(tmp_path / "x.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", f'<manifest xmlns="{names}manifest:1.0"/>')
        archive.writestr("content.xml", content)
    table = read_table(tmp_path / "x.ods")
    assert table["hb"].tolist()[:2] == [0.5, 1.5]
    assert table["sex"].tolist()[:2] == ["F", "M"]


@pytest.mark.parametrize(
    ("name", "module"), [("x.sav", "pyreadstat"), ("x.ods", "python_calamine")]
)
def test_a_missing_reader_is_named_with_its_command(tmp_path, monkeypatch, name, module):
    real = builtins.__import__

    def without(wanted, *args, **kwargs):
        if wanted == module:
            raise ImportError(wanted)
        return real(wanted, *args, **kwargs)

    (tmp_path / name).write_bytes(b"x")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(FileError, match=r"pip install 'synthhealth\[formats\]'"):
        read_table(tmp_path / name)


def test_files_of_r_say_how_to_save_them(tmp_path):
    (tmp_path / "x.rds").write_bytes(b"\x1f\x8b")
    with pytest.raises(FileError, match=r"arrow::write_parquet.*write\.csv"):
        read_table(tmp_path / "x.rds")


def test_a_text_table_by_the_name_of_a_workbook(tmp_path):
    (tmp_path / "x.xls").write_text("age\tcrp\n61\t3.5\n47\t2.5\n")
    table, form = read_with_form(tmp_path / "x.xls")
    assert table["crp"].tolist() == [3.5, 2.5]
    assert "not a workbook but a text table" in form.doubts[0]
    (tmp_path / "x.xls").write_text(f"<html><table><tr><td>{SECRET}</td></tr></table></html>")
    with pytest.raises(FileError, match="web page") as error:
        read_table(tmp_path / "x.xls")
    assert SECRET not in str(error.value)


def test_one_table_in_a_zip_file(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("out/cohort.csv", "age;crp\n61;3,5\n47;2,5\n")
        archive.writestr("__MACOSX/out/._cohort.csv", "x")
        archive.writestr("read me.pdf", "x")
    table, form = read_with_form(path)
    assert table["crp"].tolist() == [3.5, 2.5]
    assert (form.suffix, form.separator, form.decimal) == (".csv", ";", ",")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("second.csv", "age,crp\n61,3\n")
    with pytest.raises(FileError, match="there is 2 tables in it"):
        read_table(path)


def test_a_broken_table_in_a_zip_file_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.csv", f"age,crp\n{SECRET},1,2\n")
    with pytest.raises(FileError, match=r"x\.zip, 'a\.csv': line 2") as error:
        read_table(tmp_path / "x.zip")
    assert SECRET not in str(error.value)


def test_suffixes_of_what_is_written():
    assert [written_suffix(name) for name in ("a.csv.gz", "a.XLS", "a.dta", "a.zip")] == [
        ".csv.gz",
        ".xlsx",
        ".csv",
        ".csv",
    ]
    with pytest.raises(FileError, match="read but not written"):
        table_suffix("a.sav")


def test_run_on_a_file_of_spss_writes_a_text_table(tmp_path):
    table = read_table(spss(tmp_path / "x.sav"))[["age", "sex", "pain"]]
    pyreadstat = pytest.importorskip("pyreadstat")
    pyreadstat.write_sav(table.astype({"pain": object}), str(tmp_path / "y.sav"))
    arguments = ["run", str(tmp_path / "y.sav"), "--out", str(tmp_path / "out"), "--seed", "0"]
    assert "(SPSS)" in said_by(*arguments)
    fake = read_table(tmp_path / "out" / "synthetic.csv")
    assert set(fake["sex"]) == {"female", "male"}


# the files that users sent


def test_given_units_row():
    table, _ = read_with_form(given("x02_units_row.xlsx"))
    assert table.shape == (150, 4)
    proposal = propose(table)
    assert [proposal.schema[name].unit for name in ("age", "hb", "crp")] == ["a", "g/dL", "mg/L"]
    fake = drawn(table)
    assert fake["hb"].dtype == float
    assert (fake["hb"].round(1) == fake["hb"]).all()


def test_given_mixed_numbers_and_text():
    table, _ = read_with_form(given("x10_mixed_num_text.xlsx"))
    column = propose(table).schema["code"]
    assert column.kind in (Kind.NOMINAL, Kind.ORDINAL)
    assert set(drawn(table)["code"]) <= {"101", "102A", "103", "104"}


def test_given_numbers_as_text():
    table, _ = read_with_form(given("x13_numbers_as_text.xlsx"))
    assert table.dtypes.astype(str).tolist() == ["int64", "object", "float64"]
    assert table.isna().sum().sum() == 0
    assert drawn(table)["hb"].dtype == float


def test_given_days_of_parquet(tmp_path):
    table, form = read_with_form(given("p01_date32.parquet"))
    assert propose(table).schema["visit"].kind is Kind.DATETIME
    fake = drawn(table)
    assert (fake["visit"] == fake["visit"].dt.normalize()).all()
    write_table(fake, tmp_path / "y.parquet", form=form)
    assert pq.read_schema(tmp_path / "y.parquet").field("visit").type == pa.date32()


def test_given_bytes_of_parquet():
    table = read_table(given("p07_binary.parquet"))
    assert propose(table).schema["code"].kind is Kind.NOMINAL
    assert set(drawn(table)["code"]) <= {"A", "B"}


def test_given_text_by_the_name_of_a_workbook():
    table, form = read_with_form(given("s04.xls"))
    assert table.to_dict("list") == {"x": [1], "y": [2]}
    assert "not a workbook" in form.doubts[0]
