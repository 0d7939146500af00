"""The form of a file: found when it is read, kept when another one is written."""

from __future__ import annotations

import gzip
import io
import tempfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from synthhealth.datasets import find_data_root
from synthhealth.errors import FileError
from synthhealth.io import (
    FileForm,
    read_table,
    read_with_form,
    sniff,
    write_chunks,
    write_table,
)

SECRET = "Mustermann77"


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def rewritten(path: Path) -> bytes:
    """Read a file and write its table in the same form; give the bytes of that."""
    table, form = read_with_form(path)
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / path.name
        write_table(table, again, form=form)
        return again.read_bytes()


# --- encodings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
        ("latin-1", "cp1252"),
    ],
)
def test_encodings_are_recognised_and_kept(encoding, found, tmp_path):
    path = write(tmp_path / "x.csv", "größe,µ\n171,é\n160,ß\n", encoding)
    assert read_table(path).to_dict("list") == {"größe": [171, 160], "µ": ["é", "ß"]}
    form = sniff(path)
    assert form.encoding == found
    assert ("Windows-1252" in " ".join(form.doubts)) == (found == "cp1252")
    assert rewritten(path) == path.read_bytes()


def test_a_letter_far_down_decides_the_encoding(tmp_path):
    text = "age,city\n" + "61,Ulm\n" * 400_000 + "47,Köln\n"
    path = write(tmp_path / "x.csv", text, "cp1252")
    table, form = read_with_form(path)
    assert form.encoding == "cp1252"
    assert table["city"].iloc[-1] == "Köln"


@pytest.mark.parametrize("gap", [1 << 20, (1 << 20) - 1, (1 << 20) + 1])
def test_a_letter_across_blocks_is_one_letter(gap, tmp_path):
    lines = "x" * 99 + "\n"
    text = "n\n" + lines * (gap // 100)
    path = write(tmp_path / "x.csv", text + "x" * (gap - 1 - len(text)) + "ö\n")
    assert path.read_bytes()[gap - 1 : gap + 1] == "ö".encode()
    assert sniff(path).encoding == "utf-8"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"name,gr\x81\xd5\x90e\n{SECRET},1\n".encode("latin-1"), "make no sense"),
        ("größe\n1\n".encode() + f"{SECRET}ö\n".encode("cp1252"), "part of the text is UTF-8"),
        ("\ufeffgröße\n1\n".encode() + f"{SECRET}ö\n".encode("cp1252"), "the text is not UTF-8"),
        ("größe\n1\n".encode("utf-16") + SECRET.encode() + b"1", "the text is not UTF-16"),
    ],
)
def test_other_encodings_are_refused(content, words, tmp_path):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(FileError, match=r"x\.csv") as caught:
        read_table(tmp_path / "x.csv")
    assert words in str(caught.value)
    assert "UTF-8" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_form_says_what_the_file_does_not(tmp_path):
    path = write(tmp_path / "x.csv", "größe;crp\n171;1,250\n160;2,500\n", "cp850")
    form = FileForm(".csv", encoding="cp850", separator=";", decimal=",")
    assert read_table(path, form=form).to_dict("list") == {"größe": [171, 160], "crp": [1.25, 2.5]}
    with pytest.raises(FileError, match="no encoding 'klingon'"):
        read_table(path, form=FileForm(".csv", encoding="klingon"))
    with pytest.raises(FileError, match="not ASCII"):
        read_table(path, form=FileForm(".csv", encoding="ascii"))


def test_letters_that_an_encoding_lacks(tmp_path):
    table = pd.DataFrame({"note": ["≤", "ok"]})
    with pytest.raises(FileError, match="write it as UTF-8"):
        write_table(table, tmp_path / "x.csv", form=FileForm(".csv", encoding="cp1252"))
    assert not list(tmp_path.iterdir())


# --- separators ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        # As many commas as semicolons in every line, the header included.
        ("CRP, mg/L;ESR, mm/h;age\n3,1;20,5;60\n4,0;31,0;44\n", ";"),
        ("note,b;c\n1;x,2\n3;y,4\n", ","),
        ("a\tb\n1,5\t2\n2,5\t3\n", "\t"),
        ("a|b\n1;2|3\n4;5|6\n", "|"),
        ("a,b\n1,2\n", ","),
        ('a,b\n"1;2",3\n"2;3",4\n', ","),
    ],
)
def test_decimal_commas_do_not_mislead(text, separator, tmp_path):
    assert sniff(write(tmp_path / "x.csv", text)).separator == separator


# --- numbers -------------------------------------------------------------------------------------


def column(cells: list[str], tmp_path: Path, **others: list[str]) -> tuple[pd.Series, FileForm]:
    """Read the cells as column x of a file whose columns are parted by semicolons."""
    columns = {"x": cells, "n": [str(number) for number in range(len(cells))], **others}
    rows = zip(*columns.values(), strict=True)
    text = "\n".join([";".join(columns), *(";".join(row) for row in rows)]) + "\n"
    table, form = read_with_form(write(tmp_path / "x.csv", text))
    return table["x"], form


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (["5", "6", "7"], "int64"),
        (["5", "", "7"], "Int64"),
        (["5", "NA", "-7"], "Int64"),
        (["5.0", "", "7.0"], "float64"),
        (["5", "6.5", ""], "float64"),
        (["1e-17", "2", ""], "float64"),
        ([".5", "-.25", "1.25"], "float64"),
        (["", "NA", " "], "float64"),
        (["9007199254740993", "", "1"], "Int64"),
        (["True", "False", "True"], "bool"),
        (["True", "", "False"], "object"),
        (["007", "12", "3"], "object"),
        (["00.5", "1.5", "2.5"], "object"),
        (["12345678901234567890", "1", "2"], "object"),
        (["1e999", "1", "2"], "object"),
        (["1E5", "2E3", "3E7"], "object"),
        (["1_000", "2", "3"], "object"),
        (["٣", "٤", "٥"], "object"),
        (["TRUE", "True", "FALSE"], "object"),
        (["<0.5", "1", "2"], "object"),
    ],
)
def test_what_cells_become(cells, dtype, tmp_path):
    values, _ = column(cells, tmp_path, y=["a", "b", "c"])
    assert str(values.dtype) == dtype
    if dtype == "object" and "True" not in cells[0]:
        assert values.tolist() == cells


def test_long_whole_numbers_with_gaps_are_exact(tmp_path):
    values, _ = column(["9007199254740993", "", "1"], tmp_path)
    assert values[0] == 9007199254740993


@pytest.mark.parametrize(
    ("cells", "others", "decimal", "numbers", "doubt"),
    [
        (["3,5", "4,25", ""], {}, ",", [3.5, 4.25], None),
        (["0,125", "1,250", "2,500"], {}, ",", [0.125, 1.25, 2.5], None),
        (["1234,567", "1,250", "2,500"], {}, ",", [1234.567, 1.25, 2.5], None),
        # A column in doubt beside one that is sure.
        (["1,250", "2,500", ""], {"y": ["3,5", "4,5", "5,5"]}, ",", [1.25, 2.5], None),
        (["1,250", "2,500", ""], {}, ".", None, "commas may part"),
        (["1.250", "2.500", ""], {}, ".", None, "points may part"),
        (["1.250", "2.500", ""], {"y": ["3.5", "4.5", "5.5"]}, ".", [1.25, 2.5], None),
        (["1.250", "2.500", ""], {"y": ["3,5", "4,5", "5,5"]}, ",", [1250, 2500], "part thousands"),
        (["1.250", "1250", ""], {"y": ["3,5", "4,5", "5,5"]}, ",", None, "points may part"),
        (["3,5", "4,25", ""], {"y": ["3.5", "4.5", "5.5"]}, ".", None, "decimal commas, where"),
        (["1,234,567", "2,500", ""], {}, ".", None, None),
        (["1.234,5", "2,5", ""], {}, ".", None, None),
    ],
)
def test_decimal_marks(cells, others, decimal, numbers, doubt, tmp_path):
    values, form = column(cells, tmp_path, **others)
    assert form.decimal == decimal
    assert ("column 'x'" in " ".join(form.doubts)) == (doubt is not None)
    assert doubt is None or doubt in " ".join(form.doubts)
    known = values.dropna().tolist()
    assert known == (numbers or [cell for cell in cells if cell])
    assert rewritten(tmp_path / "x.csv") == (tmp_path / "x.csv").read_bytes()


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["<0,5", "3,25", "n.d."], ","),
        (["<0.5", "3.25", "12.5"], "."),
        (["5,2 mg/L", "3,1 mg/L", "4,0 mg/L"], "."),
        (["see note 3,5", "x", "y"], "."),
    ],
)
def test_words_among_numbers_show_the_mark_where_nothing_else_does(cells, decimal, tmp_path):
    values, form = column(cells, tmp_path, y=["1,250", "2,500", "3,500"])
    assert form.decimal == decimal
    assert values.tolist() == cells
    assert sniff(tmp_path / "x.csv").doubts == form.doubts
    assert bool(form.doubts) == (decimal == ".")


def test_points_in_a_file_with_commas_are_decimal(tmp_path):
    path = write(tmp_path / "x.csv", "x,y\n1.250,a\n2.500,b\n")
    assert read_table(path)["x"].tolist() == [1.25, 2.5]


def test_the_word_none_is_a_doubt(tmp_path):
    _, form = column(["None", "mild", "severe"], tmp_path)
    assert "column 'x': the word None" in form.doubts[0]
    _, form = column(["None", "1", "2"], tmp_path)
    assert not form.doubts


# --- the same form again -------------------------------------------------------------------------

FILES = {
    "plain": "a,b\n1,2.5\n3,4.0\n",
    "gaps": "a,b,c\n1,,x\n,2.5,\n3,4.0,y\n",
    "German": "Alter;CRP;Stadt\r\n61;3,50;Köln\r\n47;;Ulm, Süd\r\n53;12,00;\r\n",
    "R": "age,crp,dead,city\n61,5,TRUE,NA\n47,NA,FALSE,Ulm\nNA,5.5,NA,Jena\n",
    "padded": "x,y\n1.10,7\n2.00,8\n-0.30,9\n",
    "bare": "x\n5\n5.5\n6.25\n",
    "small": "x\n1e-05\n0.5\n",
    "codes": "ward,id\n007,0001\n012,0002\n",
    "censored": "crp;t\n<0,5;1:40\n3,2;<1:40\n> 1000;negative\n",
    "quoted": 'note,n\n"a, b",1\n"two\nlines",2\n"say ""hi""",3\n',
    "truths": "smoker,n\nfalse,1\ntrue,2\n,3\n",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_form_is_kept(name, encoding, tmp_path):
    path = write(tmp_path / "x.csv", FILES[name], encoding)
    assert rewritten(path) == path.read_bytes()


def test_every_clinical_table_is_written_as_it_was():
    root = find_data_root()
    if root is None:
        pytest.skip("the public tables are not here (set SYNTHHEALTH_DATA)")
    paths = sorted(root.glob("*/*.csv.gz"))
    assert len(paths) >= 17
    for path in paths:
        if path.stat().st_size < 1_000_000:  # the larger ones are not written otherwise
            written = gzip.decompress(rewritten(path))
            assert written == gzip.decompress(path.read_bytes()), path.name


def test_another_table_keeps_its_values(tmp_path):
    form = sniff(write(tmp_path / "x.csv", FILES["German"], "cp1252"))
    other = pd.DataFrame(
        {
            "Alter": pd.array([61, None], dtype="Int64"),
            "CRP": [1.23456, 2.0],  # more decimals than the form has
            "BSG": pd.Categorical([0.5, 1.5]),
            "mixed": pd.array([0.25, None], dtype="Float64"),
            "dead": [True, False],
            "seen": pd.to_datetime(["2024-01-01", "2024-02-01"]),
        }
    )
    write_table(other, tmp_path / "y.csv", form=form)
    assert (tmp_path / "y.csv").read_bytes().decode("cp1252") == (
        "Alter;CRP;BSG;mixed;dead;seen\r\n"
        "61;1,23456;0,5;0,25;True;2024-01-01\r\n;2,00;1,5;;False;2024-02-01\r\n"
    )


def test_chunks_are_written_in_a_form(tmp_path):
    path = write(tmp_path / "x.csv", FILES["German"], "utf-16")
    table, form = read_with_form(path)
    write_chunks([table.iloc[:1], table.iloc[1:]], tmp_path / "y.csv", form=form)
    assert (tmp_path / "y.csv").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".parquet", ".xlsx"])
def test_a_form_of_another_kind_of_file_does_no_harm(suffix, tmp_path):
    table = pd.DataFrame({"age": [61, 47], "crp": [3.5, np.nan]})
    write_table(table, tmp_path / "x.xlsx")
    forms = [
        FileForm(".parquet"),
        sniff(tmp_path / "x.xlsx"),
        FileForm(".csv", "utf-16", ";", ",", padded={"crp": 2}, truth=("TRUE", "FALSE")),
    ]
    for number, form in enumerate(forms):
        path = tmp_path / f"y{number}{suffix}"
        write_table(table, path, form=form)
        pd.testing.assert_frame_equal(read_table(path), table)


def test_forms_are_shown_in_words(tmp_path):
    path = write(tmp_path / "x.csv", FILES["German"], "cp1252")
    assert str(sniff(path)) == "CSV, Windows-1252, separated by semicolons, decimal comma"
    assert str(FileForm(".tsv.gz", separator="\t")).startswith("gzipped CSV, UTF-8, separated by t")
    assert str(FileForm(".parquet")) == "Parquet"
    assert hash(sniff(path)) == hash(sniff(path))


# --- workbooks -----------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path) -> Path:
    path = tmp_path / "x.xlsx"
    frame = pd.DataFrame(
        {
            "id": ["007", "008", "009"],
            "rf": [14, "<10", 20.5],
            "seen": [pd.Timestamp("2024-03-01"), "01.04.2024", None],
            "visit": pd.to_datetime(["2024-03-01", "2024-03-02", None]),
            "count": [5, None, 7],
            "crp": [5, None, 7],
        }
    )
    with pd.ExcelWriter(path) as writer:
        frame.to_excel(writer, sheet_name="baseline", index=False)
        frame[["count"]].to_excel(writer, sheet_name="visit 2", index=False)
        for row in writer.sheets["baseline"].iter_rows(min_row=2):
            row[3].number_format = "dd.mm.yyyy"
            row[5].number_format = "0.00"
    return path


def test_sheets_and_shown_forms_of_a_workbook(book, tmp_path):
    table, form = read_with_form(book)
    assert form.doubts == (
        "only the first sheet, 'baseline', was read; the others are 'visit 2'",
        "column 'seen': some dates are text; all of them were read as text",
    )
    assert str(form) == "Excel, sheet 'baseline'"
    kinds = [str(dtype) for dtype in table.dtypes]
    assert kinds == ["object", "object", "object", "datetime64[ns]", "Int64", "float64"]
    assert table["id"].tolist() == ["007", "008", "009"]
    assert table["rf"].tolist() == [14, "<10", 20.5]
    assert table["seen"].tolist()[:2] == ["2024-03-01", "01.04.2024"]
    write_table(table, tmp_path / "y.xlsx", form=form)
    sheet = openpyxl.load_workbook(tmp_path / "y.xlsx")[
        "table"
    ]  # not the name, which may be a patient's
    shown = [cell.number_format for cell in sheet[2]]
    assert shown == ["General", "General", "General", "dd.mm.yyyy", "General", "0.00"]
    assert [cell.value for cell in sheet["B"]] == ["rf", 14, "<10", 20.5]
    pd.testing.assert_frame_equal(read_table(tmp_path / "y.xlsx"), table)
    assert not sniff(book, sheet="visit 2").doubts


def test_years_are_not_shown_as_the_dates_that_they_were(book, tmp_path):
    table, form = read_with_form(book)
    years = table.assign(visit=table["visit"].dt.year.astype("Int64"))
    write_table(years, tmp_path / "y.xlsx", form=form)
    sheet = openpyxl.load_workbook(tmp_path / "y.xlsx")["table"]
    assert [cell.value for cell in sheet["D"]][:2] == ["visit", 2024]
    assert sheet["D2"].number_format == "General"


def test_dates_without_a_time_are_shown_so(tmp_path):
    table = pd.DataFrame({"day": pd.to_datetime(["2024-03-01"]), "n": [1]})
    write_table(table, tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert sheet["A2"].number_format == "yyyy-mm-dd"


# --- attacks -------------------------------------------------------------------------------------

NASTY = """|NA|None| |5|-3|05|5.0|5.50|3,5|1,250|1.250|1.234,5|1,234,567|1e5|1e-05|1E+05|inf|nan
<0.5|<0,5|> 1000|1:40|True|TRUE|false|007|12345678901234567890|-0|+1|2024-01-31|31.01.24|ä|µg|x
x;y|x,y|say "hi"|two lines|=1+1| 7|IIIa|1_0|٣|5.|.5""".replace("\n", "|")
CELLS = (
    st.sampled_from([*NASTY.split("|"), "two\nlines", "x|y", "x\ty"])
    | st.decimals(-1000, 1000, places=2).map(str)
    | st.integers(-999, 999).map(str)
)


def meaning(cell: str, numbers: bool, decimal: str) -> object:
    """Give what a cell of a file says: missing, a number, a truth, or its text."""
    if cell.strip() in {"", "NA", "None", "nan"}:
        return None
    return float(cell.replace(decimal, ".")) if numbers else cell


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.integers(2, 3).flatmap(
        lambda width: st.lists(
            st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6
        )
    ),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_no_cell_changes_its_meaning(rows, separator, encoding):
    """Whatever is in the cells: read and written again, each says the same."""
    assume(any(cell.strip() for row in rows for cell in row))
    names = [f"column {number}" for number in range(len(rows[0]))]
    text = io.StringIO(newline="")
    pd.DataFrame(rows, columns=names).to_csv(text, sep=separator, index=False)
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "x.csv", text.getvalue(), encoding)
        table, found = read_with_form(path)
        assert (found.separator, found.encoding) == (separator, encoding)
        assume(not found.units)  # "µg" above numbers
        write_table(table, path, force=True, form=found)
        again = pd.read_csv(path, sep=separator, encoding=encoding, dtype=str, na_filter=False)
        assert sniff(path).decimal == found.decimal
    rows = [row for row in rows if any(cell.strip() for cell in row)]  # others are no patients
    if len(table) != len(rows):  # a second line of names, a total: never left out in silence
        assert any("left out" in one or "no patients" in one for one in found.doubts)
        return
    for place, name in enumerate(names):
        numbers = pd.api.types.is_numeric_dtype(table[name]) and table[name].dtype != bool
        before = [meaning(row[place], numbers, found.decimal) for row in rows]
        after = [meaning(cell, numbers, found.decimal) for cell in again[name]]
        assert before == after


numbers = st.floats(allow_nan=True, allow_infinity=False, width=32) | st.floats(-1e6, 1e6).map(
    lambda value: round(value, 2)
)


@given(
    values=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8),
    form=st.builds(
        FileForm,
        st.just(".csv"),
        encoding=st.sampled_from(["utf-8", "cp1252", "utf-16"]),
        separator=st.sampled_from([";", "\t", ","]),
        decimal=st.sampled_from([".", ","]),
        newline=st.sampled_from(["\n", "\r\n"]),
        missing=st.sampled_from(["", "NA", "NULL"]),
        padded=st.sampled_from([{}, {"x": 3}]),
        bare=st.sampled_from([frozenset(), frozenset(["y"])]),
    ),
)
def test_numbers_survive_any_form(values, form):
    table = pd.DataFrame(values, columns=["x", "y"]).assign(z=[True] * len(values))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        write_table(table, path, form=form)
        again = read_table(path, form=form)
    pd.testing.assert_frame_equal(again, table, check_exact=True, check_dtype=False)
