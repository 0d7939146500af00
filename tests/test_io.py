from __future__ import annotations

import gzip
import os
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from synthhealth.errors import FileError
from synthhealth.io import (
    SUFFIXES,
    FileForm,
    check_target,
    read_table,
    table_suffix,
    whole_file,
    whole_folder,
    write_chunks,
    write_table,
)

TEXT_SUFFIXES = tuple(suffix for suffix in SUFFIXES if suffix not in (".parquet", ".xlsx"))


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": [61, 47, 53],
            "CRP, mg/L": [0.1 + 0.2, 1e-17, np.nan],
            "größe; cm": [171.5, np.nan, 160.25],
            "sex": ["f", np.nan, 'm "quoted", two\nlines'],
        }
    )


def write(path: Path, content: bytes | str) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def refusal(path: Path, **options: str) -> str:
    with pytest.raises(FileError) as caught:
        read_table(path, **options)
    message = str(caught.value)
    assert path.name in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return message


# --- round trips ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_back(table, suffix, tmp_path):
    path = tmp_path / f"cohort{suffix}"
    write_table(table, path)
    # A workbook holds 16 digits.
    exact = {"rtol": 1e-15} if suffix == ".xlsx" else {"check_exact": True}
    pd.testing.assert_frame_equal(read_table(path), table, **exact)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s != ".xlsx"])
def test_the_same_table_gives_the_same_bytes(table, suffix, tmp_path):
    written = []
    for name in ("first", "second"):
        write_table(table, tmp_path / f"{name}{suffix}")
        written.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert written[0] == written[1]


def test_parquet_keeps_dtypes_and_index(tmp_path):
    table = pd.DataFrame(
        {
            "stage": pd.Categorical(["I", "III"], ["I", "II", "III"], ordered=True),
            "count": pd.array([1, None], dtype="Int64"),
            "seen": pd.to_datetime(["2024-01-01", "2024-02-01"]).tz_localize("Europe/Berlin"),
            "smoker": pd.array([True, None], dtype="boolean"),
        },
        index=pd.Index(["a", "b"], name="row"),
    )
    write_table(table, tmp_path / "cohort.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "cohort.parquet"), table)


@pytest.mark.parametrize("dtype", ["float32", "Float32"])
def test_excel_keeps_the_digits_of_single_precision(tmp_path, dtype):
    table = pd.DataFrame({"crp": pd.array([13.3, None, 0.1], dtype=dtype), "n": [1, 2, 3]})
    write_table(table, tmp_path / "cohort.xlsx")
    assert read_table(tmp_path / "cohort.xlsx")["crp"].dropna().tolist() == [13.3, 0.1]


@pytest.mark.parametrize("dtype", ["float32", "Float32", "float16"])
@pytest.mark.parametrize("name", ["crp", "crp; mg/L"])  # the second has texts quoted
@pytest.mark.parametrize(
    "form",
    [
        None,
        FileForm(".csv", separator=";", decimal=","),
        FileForm(".csv", padded={"crp": 1, "crp; mg/L": 1}),
    ],
)
def test_text_keeps_the_digits_of_single_precision(tmp_path, dtype, name, form):
    table = pd.DataFrame({name: pd.array([0.1, None, 13.3], dtype=dtype), "note": list("abc")})
    if dtype == "float16":
        table = table.assign(**{name: table[name].where(table["note"] != "c", 12.5)})
    write_table(table, tmp_path / "cohort.csv", form=form)
    rows = (tmp_path / "cohort.csv").read_text().splitlines()[1:]
    separator = ";" if form is not None and form.decimal == "," else ","
    numbers = [row.split(separator)[0].strip('"').replace(",", ".") for row in rows]
    assert numbers == ["0.1", "", "12.5" if dtype == "float16" else "13.3"]


def test_excel_keeps_text_that_looks_like_a_formula(tmp_path):
    table = pd.DataFrame({"note": ["=1+1", "plain", "#DIV/0!x"], "n": [1, 2, 3]})
    write_table(table, tmp_path / "cohort.xlsx")
    pd.testing.assert_frame_equal(read_table(tmp_path / "cohort.xlsx"), table)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_formulas_are_told_where_a_spreadsheet_would_run_them(suffix, tmp_path, caplog):
    tame = {"sign": ["++", "-", "+++"], "level": ["-2", "+3,5", "a=b"], "n": [-1.5, 2.0, -3.0]}
    levels = ["=HYPERLINK(1)", "@SUM(A1)", "b"]
    wild = {"ward": levels, "drug": ["-2+cmd", "", "x"], "note": ["\t=1", "y", "z"]}
    table = pd.DataFrame({**tame, **wild}).astype({"ward": "category"})
    is_run = suffix not in (".xlsx", ".parquet")
    if is_run or suffix == ".parquet":  # a tab is none that Excel holds in every version
        write_table(table, tmp_path / f"cohort{suffix}")
        again = read_table(tmp_path / f"cohort{suffix}")
        assert list(again["ward"]) == levels
    else:
        write_table(table.drop(columns="note"), tmp_path / f"cohort{suffix}")
    said = caplog.text
    assert is_run == ("['drug', 'note', 'ward']" in said) == bool(said)
    assert "HYPERLINK" not in said
    assert "cmd" not in said
    caplog.clear()
    write_table(pd.DataFrame(tame), tmp_path / f"tame{suffix}")
    assert not caplog.text


def test_formulas_of_chunks_are_told_once(tmp_path, caplog):
    chunks = [pd.DataFrame({"ward": [cell]}) for cell in ("a", "=1", "@b", "=1")]
    write_chunks(iter(chunks), tmp_path / "parts.csv")
    assert len(caplog.records) == 1


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s != ".xlsx"])
def test_chunks_make_the_same_table(table, suffix, tmp_path):
    chunks = [table.iloc[:1], table.iloc[1:]]
    write_chunks(iter(chunks), tmp_path / f"parts{suffix}")
    write_table(table, tmp_path / f"whole{suffix}")
    pd.testing.assert_frame_equal(
        read_table(tmp_path / f"parts{suffix}"), read_table(tmp_path / f"whole{suffix}")
    )
    with pytest.raises(FileError, match="exists already"):
        write_chunks(iter(chunks), tmp_path / f"parts{suffix}")


def test_no_workbook_in_chunks(table, tmp_path):
    with pytest.raises(FileError, match="chunk"):
        write_chunks([table], tmp_path / "x.xlsx")


UNSEEN = "\0\u00a0\u2065"  # and the category Cf: marks that are no part of a cell
names = st.text(
    st.characters(exclude_categories=("Cc", "Cf", "Cs"), exclude_characters=UNSEEN), max_size=12
).map(lambda name: f"x{name}")  # no number, which would stand for a patient
words = st.none() | st.text(
    st.characters(exclude_categories=("Cf", "Cs"), exclude_characters=UNSEEN),
    min_size=1,
    max_size=12,
).map(lambda word: f"x{word}y")  # neither a number nor a word for "missing"
tables = st.integers(1, 6).flatmap(
    lambda n: st.dictionaries(
        names,
        st.lists(st.floats(allow_nan=True, allow_infinity=False), min_size=n, max_size=n)
        | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=n, max_size=n)
        | st.lists(words, min_size=n, max_size=n),
        min_size=1,
        max_size=4,
    )
)


@given(columns=tables, suffix=st.sampled_from([".csv", ".tsv", ".csv.gz"]))
def test_any_text_table_survives_the_round_trip(columns, suffix):
    table = pd.DataFrame(columns)
    if len(table.columns) > 1:  # a row without any value is no patient
        table = table.dropna(how="all").reset_index(drop=True)
    assume(len(table))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"cohort{suffix}"
        write_table(table, path)
        again = read_table(path)
    assert list(again.columns) == list(table.columns)
    pd.testing.assert_frame_equal(
        again, table, check_exact=True, check_dtype=False, check_column_type=False
    )


# --- forms of text tables ------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", [".csv", ".txt"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separators_are_recognised(separator, suffix, newline, tmp_path):
    lines = [["age", "crp", "city"], ["61", "3.5", '"Ulm, a;b|c\td"'], ["47", "", "x"]]
    path = write(tmp_path / f"cohort{suffix}", newline.join(separator.join(line) for line in lines))
    table = read_table(path)
    assert list(table.columns) == ["age", "crp", "city"]
    assert table["city"].tolist() == ["Ulm, a;b|c\td", "x"]
    assert table["age"].tolist() == [61, 47]


def test_a_comma_in_a_header_does_not_mislead(tmp_path):
    path = write(tmp_path / "cohort.csv", "CRP, mg/L;ESR, mm/h;age\n3.1;20;60\n4.0;31;44\n")
    assert list(read_table(path).columns) == ["CRP, mg/L", "ESR, mm/h", "age"]


def test_a_quoted_header_does_not_mislead(tmp_path):
    path = write(tmp_path / "cohort.csv", '""""\nx\ty\n')
    assert read_table(path).to_dict("list") == {'"': ["x\ty"]}


def test_one_column_needs_no_separator(tmp_path):
    assert read_table(write(tmp_path / "x.csv", "crp\n1.5\n2.5\n")).shape == (2, 1)


def test_utf8_with_a_byte_order_mark(tmp_path):
    path = write(tmp_path / "cohort.csv", "\ufeffage,größe\n61,1\n47,2\n")
    assert list(read_table(path).columns) == ["age", "größe"]


def test_long_numbers_are_exact(tmp_path):
    path = write(tmp_path / "x.csv", "x\n0.30000000000000004\n5e-324\n")
    assert read_table(path)["x"].tolist() == [0.1 + 0.2, 5e-324]


def test_suffixes():
    assert [table_suffix(f"A.b{suffix.upper()}") for suffix in SUFFIXES] == list(SUFFIXES)
    with pytest.raises(FileError, match=r"data\.sav.*\.csv.*\.parquet.*\.xlsx"):
        table_suffix("data.sav")


# --- bad input -----------------------------------------------------------------------------------

SECRET = "Mustermann77"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_file_a_folder_and_an_empty_file(suffix, tmp_path):
    path = tmp_path / f"cohort{suffix}"
    assert "no such file" in refusal(path)
    path.touch()
    assert "0 bytes" in refusal(path)
    path.unlink()
    path.mkdir()
    assert "folder" in refusal(path)


def test_an_unknown_suffix(tmp_path):
    assert ".parquet" in refusal(write(tmp_path / "cohort.pdf", "a,b\n1,2\n"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(tmp_path):
    path = write(tmp_path / "cohort.csv", "a\n1\n")
    path.chmod(0)
    assert "Permission denied" in refusal(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7 " + SECRET.encode(), "PDF"),
        (b"PK\x03\x04" + SECRET.encode(), ".xlsx"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"PAR1" + SECRET.encode(), ".parquet"),
        (b"\xd0\xcf\x11\xe0", ".xls"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), ".csv.gz"),
        (b"a,b\n1,2\n" + b"\0" * 9 + SECRET.encode(), "binary"),
        (b"a,b\n\x01\xff\x02,2\n", "binary"),
        (b"a,b\n" + b"1,2\n" * 40_000 + b"\0,2\n", "binary"),
    ],
)
def test_what_is_no_csv(content, words, tmp_path):
    path = tmp_path / "cohort.csv"
    path.write_bytes(content)
    message = refusal(path)
    assert words in message
    assert SECRET not in message


@pytest.mark.parametrize("row", [f"1,2,{SECRET}", SECRET], ids=["long", "short"])
def test_a_ragged_row_is_given_by_its_line(row, tmp_path):
    path = write(tmp_path / "cohort.csv", f'a,b\n"two\nlines",2\n\n{row}\n1,2\n')
    message = refusal(path)
    assert "line 5" in message
    assert SECRET not in message


def test_rows_longer_than_the_header(tmp_path):
    # pandas would take the first column for row labels.
    message = refusal(write(tmp_path / "cohort.csv", f"a,b\n{SECRET},2,3\nx,3,4\n"))
    assert "line 2" in message
    assert SECRET not in message


def test_a_quotation_mark_that_is_never_closed(tmp_path):
    path = write(tmp_path / "cohort.csv", f'a,b\n1,2\n3,"{SECRET}\n4,5\n')
    message = refusal(path)
    assert "quotation mark" in message
    assert "near line 3" in message
    assert SECRET not in message


def test_a_value_longer_than_any_note(tmp_path):
    path = write(tmp_path / "cohort.csv", 'a,b\n1,2\n3,"' + f"{SECRET}\n" * 20_000)
    message = refusal(path)
    assert "quotation mark" in message
    assert SECRET not in message


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_header_without_rows(suffix, tmp_path):
    path = tmp_path / f"cohort{suffix}"
    write_table(pd.DataFrame({"a": [], "b": []}), path)
    assert "no rows" in refusal(path)


@pytest.mark.parametrize("content", ["\n\n", "  \n \n", "\ufeff"])
def test_only_blank_lines(content, tmp_path):
    assert "no table" in refusal(write(tmp_path / "cohort.csv", content))


def test_duplicate_names_are_given_by_position(tmp_path):
    path = write(tmp_path / "cohort.csv", f"{SECRET},b,{SECRET}\n1,2,3\n")
    message = refusal(path)
    assert "columns 1 and 3" in message
    assert SECRET not in message

    with pd.ExcelWriter(tmp_path / "cohort.xlsx") as book:
        pd.DataFrame([[SECRET, "b", SECRET], [1, 2, 3]]).to_excel(book, header=False, index=False)
    message = refusal(tmp_path / "cohort.xlsx")
    assert "columns 1 and 3" in message
    assert SECRET not in message


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx", ".csv.gz"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_cut_off_file(table, suffix, share, tmp_path):
    path = tmp_path / f"cohort{suffix}"
    write_table(pd.concat([table] * 50, ignore_index=True), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    message = refusal(path)
    assert "damaged" in message
    assert "quoted" not in message


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx", ".csv.gz"])
def test_text_under_another_suffix(suffix, tmp_path):
    path = tmp_path / f"cohort{suffix}"
    path.write_text(f"a,b\n{SECRET},2\n")
    assert SECRET not in refusal(path)


def test_a_zip_that_is_no_workbook(tmp_path):
    with zipfile.ZipFile(tmp_path / "cohort.xlsx", "w") as archive:
        archive.writestr(SECRET, SECRET)
    assert SECRET not in refusal(tmp_path / "cohort.xlsx")


def test_an_encrypted_or_old_workbook(tmp_path):
    path = tmp_path / "cohort.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert "password" in refusal(path)


def test_sheets(tmp_path):
    with pd.ExcelWriter(tmp_path / "cohort.xlsx") as book:
        pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="baseline", index=False)
        pd.DataFrame({"b": [2], 2020: [3]}).to_excel(book, sheet_name="visit 2", index=False)
        pd.DataFrame().to_excel(book, sheet_name="notes", index=False)
    path = tmp_path / "cohort.xlsx"
    assert list(read_table(path).columns) == ["a"]
    assert list(read_table(path, sheet="visit 2").columns) == ["b", "2020"]
    assert "['baseline', 'visit 2', 'notes']" in refusal(path, sheet="visit 3")
    assert "empty" in refusal(path, sheet="notes")
    assert "sheets" in refusal(write(tmp_path / "cohort.csv", "a\n1\n"), sheet="baseline")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.binary(max_size=300)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.text('a1.,;|"\t\n\r \ufeff=', max_size=60).map(str.encode),
    suffix=st.sampled_from(SUFFIXES),
)
def test_random_bytes_are_a_table_or_a_file_error(content, suffix):
    secret = b"Qz7Qz7"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"cohort{suffix}"
        data = content + secret + content
        path.write_bytes(gzip.compress(data) if suffix.endswith(".gz") else data)
        check_attempt(path)


def check_attempt(path: Path) -> None:
    try:
        result: pd.DataFrame | FileError = read_table(path)
    except FileError as error:
        result = error
    if isinstance(result, FileError):
        assert "Qz7Qz7" not in str(result)
        assert result.__suppress_context__ or result.__context__ is None
    else:
        assert len(result)


@given(data=st.data(), suffix=st.sampled_from([".parquet", ".xlsx", ".csv.gz", ".csv"]))
def test_damaged_bytes_are_a_table_or_a_file_error(data, suffix):
    table = pd.DataFrame({"age": [61, 47], "name": ["Qz7Qz7", "Qz7Qz7x"]})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"cohort{suffix}"
        write_table(table, path)
        damaged = bytearray(path.read_bytes())
        # Shares and not positions: a workbook's length changes with the clock.
        for share, byte in data.draw(
            st.lists(
                st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)),
                min_size=1,
                max_size=8,
            )
        ):
            damaged[int(share * len(damaged))] = byte
        path.write_bytes(damaged)
        check_attempt(path)


# --- writing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_is_overwritten_without_force(table, suffix, tmp_path):
    path = write(tmp_path / f"cohort{suffix}", "precious")
    before = path.read_bytes()
    with pytest.raises(FileError, match=r"force=True.*--force"):
        write_table(table, path)
    assert path.read_bytes() == before
    write_table(table, path, force=True)
    assert len(read_table(path)) == len(table)


def test_targets_that_cannot_be_written(table, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileError, match="folder"):
        write_table(table, tmp_path / "folder.csv", force=True)
    with pytest.raises(FileError, match="does not exist; create it"):
        write_table(table, tmp_path / "nowhere" / "x.csv")
    with pytest.raises(FileError, match=r"x\.sav"):
        write_table(table, tmp_path / "x.sav")
    with pytest.raises(FileError, match="cannot be written"):
        write_table(table, tmp_path / ("x" * 300 + ".csv"))
    check_target(tmp_path / "free.csv")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.csv"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_is_never_replaced():
    with pytest.raises(FileError, match="regular file"):
        check_target("/dev/full", force=True)


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx"])
def test_a_value_that_does_not_fit_is_not_quoted(suffix, tmp_path):
    values = [f"{SECRET}\x01", 1] if suffix == ".parquet" else [f"{SECRET}\x01", "x"]
    with pytest.raises(FileError) as caught:
        write_table(pd.DataFrame({"note": values}), tmp_path / f"x{suffix}")
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__
    assert not list(tmp_path.iterdir())


def test_text_that_is_no_unicode(tmp_path):
    with pytest.raises(FileError, match="Unicode"):
        write_table(pd.DataFrame({"note": ["\ud800"]}), tmp_path / "x.csv")
    assert not list(tmp_path.iterdir())


def test_excel_limits(tmp_path):
    with pytest.raises(FileError, match=r"1,048,576 rows"):
        write_table(pd.DataFrame({"a": np.zeros(1_048_576)}), tmp_path / "x.xlsx")
    zoned = pd.DataFrame({"seen": pd.to_datetime(["2024-01-01"], utc=True)})
    with pytest.raises(FileError, match=r"'seen'"):
        write_table(zoned, tmp_path / "x.xlsx")
    assert not list(tmp_path.iterdir())


def write_half_then_fail(path: Path, error: type[BaseException], *, force: bool) -> None:
    with whole_file(path, force=force) as file:
        assert path.parent in file.parents
        assert file.name == path.name
        file.write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("existed", [False, True])
def test_an_error_leaves_the_folder_as_it_was(error, existed, tmp_path):
    path = tmp_path / "report.html"
    if existed:
        path.write_text("old")
    with pytest.raises(error):
        write_half_then_fail(path, error, force=existed)
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ["old"] * existed


def test_a_folder_is_written_whole(tmp_path):
    out = tmp_path / "results" / "today"
    with whole_folder(out, ["a.txt", "b.txt"]) as folder:
        (folder / "a.txt").write_text("1")
        (folder / "b.txt").write_text("2")
        assert list(out.iterdir()) == [folder.parent]
    assert sorted(entry.name for entry in out.iterdir()) == ["a.txt", "b.txt"]

    with pytest.raises(FileError, match=r"b\.txt.*--force"):
        fill_half_then_fail(out, ["c.txt", "b.txt"], AssertionError, force=False)
    (out / "mine.txt").write_text("stays")
    with whole_folder(out, ["a.txt"], force=True) as folder:
        (folder / "a.txt").write_text("3")
    assert {entry.name: entry.read_text() for entry in out.iterdir()} == {
        "a.txt": "3",
        "b.txt": "2",
        "mine.txt": "stays",
    }


def fill_half_then_fail(
    out: Path, names: list[str], error: type[BaseException], *, force: bool
) -> None:
    with whole_folder(out, names, force=force) as folder:
        (folder / names[0]).write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("existed", [False, True])
def test_an_error_leaves_the_output_folder_as_it_was(error, existed, tmp_path):
    out = tmp_path / "results" / "today"
    if existed:
        out.mkdir(parents=True)
        (out / "a.txt").write_text("old")
    with pytest.raises(error):
        fill_half_then_fail(out, ["a.txt", "b.txt"], error, force=True)
    assert (tmp_path / "results").exists() == existed
    assert [entry.read_text() for entry in tmp_path.rglob("*.txt")] == ["old"] * existed


def test_folders_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="this is a file"):
        fill_half_then_fail(tmp_path / "file", ["a"], AssertionError, force=True)
    with pytest.raises(FileError, match="cannot be written"):
        fill_half_then_fail(tmp_path / "file" / "x", ["a"], AssertionError, force=True)
    with pytest.raises(FileError, match="No space left"):
        refuse_space(tmp_path / "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def refuse_space(out: Path) -> None:
    with whole_folder(out, ["a"]):
        raise OSError(28, "anything", SECRET)


def test_a_disk_that_refuses(tmp_path):
    with pytest.raises(FileError, match="No space left") as caught, whole_file(tmp_path / "x.csv"):
        raise OSError(28, "anything", SECRET)
    assert SECRET not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_file_that_appears_meanwhile_is_kept(tmp_path):
    path = tmp_path / "x.csv"
    with pytest.raises(FileError, match="exists already"):
        write_beside_another(path)
    assert path.read_text() == "another's"
    assert len(list(tmp_path.iterdir())) == 1


def write_beside_another(path: Path) -> None:
    with whole_file(path) as file:
        file.write_text("mine")
        path.write_text("another's")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and links")
def test_permissions_and_links_are_respected(tmp_path):
    mask = os.umask(0o027)
    try:
        with whole_file(tmp_path / "new.csv") as file:
            file.write_text("a")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "new.csv").stat().st_mode) == 0o640

    (tmp_path / "new.csv").chmod(0o600)
    (tmp_path / "link.csv").symlink_to(tmp_path / "new.csv")
    with whole_file(tmp_path / "link.csv", force=True) as file:
        file.write_text("b")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "new.csv").read_text() == "b"
    assert stat.S_IMODE((tmp_path / "new.csv").stat().st_mode) == 0o600


KILLED = """
import sys, time
from synthhealth.io import whole_file, whole_folder
with whole_file(sys.argv[1] + "/x.csv", force=True) as file:
    file.write_text("half")
    with whole_folder(sys.argv[1] + "/out", ["x.csv"], force=True) as folder:
        (folder / "x.csv").write_text("half")
        print("writing", flush=True)
        time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_killed_writer_leaves_the_old_files(tmp_path):
    old = [tmp_path / "x.csv", tmp_path / "out" / "x.csv"]
    for path in old:
        path.parent.mkdir(exist_ok=True)
        path.write_text("old")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert [path.read_text() for path in old] == ["old", "old"]
    # What is left does not stand in the way of the next writer.
    with whole_folder(tmp_path / "out", ["x.csv"], force=True) as folder:
        (folder / "x.csv").write_text("new")
    assert old[1].read_text() == "new"


def test_importing_io_loads_nothing_heavy():
    code = (
        "import sys, synthhealth.io\n"
        "print(sorted({'pandas', 'numpy', 'pyarrow', 'openpyxl', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
