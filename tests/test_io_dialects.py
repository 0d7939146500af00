"""Layouts of text tables: what stands around the patients, and how it is told from them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthhealth as sh
from synthhealth.errors import Doubt, FileError, ParameterError
from synthhealth.io import FileForm, read_table, read_with_form, sniff, write_chunks, write_table
from synthhealth.io.layout import find_layout, looks_like_patient
from synthhealth.schema import Column, Schema, propose, read_column

INPUTS = Path(__file__).parents[1] / ".." / "shared" / "inputs"

COLUMNS = ["age", "sex", "hb", "crp"]


def patients(n: int = 60, separator: str = ",", decimal: str = ".") -> list[str]:
    rng = np.random.default_rng(0)
    return [
        separator.join(
            [
                str(rng.integers(20, 90)),
                "FM"[rng.integers(2)],
                f"{rng.normal(13, 2):.1f}".replace(".", decimal),
                f"{rng.gamma(2, 4):.1f}".replace(".", decimal),
            ]
        )
        for _ in range(n)
    ]


def written(path: Path, *lines: str, newline: str = "\n") -> Path:
    path.write_bytes(newline.join([*lines, ""]).encode())
    return path


def check_clean(table: pd.DataFrame, n: int = 60) -> None:
    """Check that all patients and nothing else is in the table."""
    assert [str(dtype) for dtype in table.dtypes] == ["int64", "object", "float64", "float64"]
    assert len(table) == n
    assert set(table.iloc[:, 1]) == {"F", "M"}
    rows = [row.split(",") for row in patients(n)]
    assert table.iloc[:, 0].tolist() == [int(row[0]) for row in rows]
    assert table.iloc[:, 3].tolist() == [float(row[3]) for row in rows]


HEADER = ",".join(COLUMNS)

#: What stands above and below, and words of the doubt about it.
AROUND = {
    "title": (["Patient list 2024", "", HEADER], [], "1 line above"),
    "padded title": (["Patient list 2024,,,", ",,,", HEADER], [], "1 line above"),
    "about the file": (["Ward:;3B", "Date:;2024-01-01", HEADER], [], "2 lines above"),
    "comments": (["# from the LIS, 2024-01-01", "# user: lab", HEADER], [], "2 lines above"),
    "total": ([HEADER], ["", "Total patients: 60,,,"], "1 line at the end"),
    "short total": ([HEADER], ["Total patients: 60"], "1 line at the end"),
    "sums": ([HEADER], ["Mean,,12.9,8.1", "SD,,2.0,5.0"], "2 lines at the end"),
    "remark": ([HEADER], ["Printed 01/02/2024 by lab"], "1 line at the end"),
    "Arabic total": ([HEADER], ["المجموع 60,,,"], "1 line at the end"),
    "empty rows": ([HEADER], [",,,"] * 20, "20 rows without any value"),
    "comment below": ([HEADER], ["# end of file, really"], "1 line with #"),
    "labels": ([HEADER, "Age at visit,Sex at birth,Haemoglobin,C-reactive"], [], "1 line above"),
}


@pytest.mark.parametrize("name", AROUND)
def test_what_stands_around_the_patients_is_left_out(name, tmp_path):
    above, below, words = AROUND[name]
    table, form = read_with_form(written(tmp_path / "x.csv", *above, *patients(), *below))
    assert list(table.columns) == COLUMNS
    check_clean(table)
    (doubt,) = form.doubts
    assert words in doubt
    assert isinstance(doubt, Doubt)
    # What is written is the table alone.
    write_table(table, tmp_path / "y.csv", form=form)
    assert (tmp_path / "y.csv").read_text() == "\n".join([HEADER, *patients(), ""])


def test_rows_without_any_value_among_the_patients(tmp_path):
    rows = patients()
    path = written(tmp_path / "x.csv", HEADER, *rows[:30], ",,,", " , ,,", *rows[30:])
    table, form = read_with_form(path)
    check_clean(table)
    assert "2 rows without any value" in form.doubts[0]
    assert form.doubts[0].weight == 1


def test_comments_among_many_patients(tmp_path):
    rows = patients(1000)
    path = written(tmp_path / "x.csv", HEADER, *rows[:500], "# second half", *rows[500:])
    check_clean(read_table(path), 1000)


def test_a_last_patient_with_one_value_is_a_patient(tmp_path):
    path = written(
        tmp_path / "x.csv", "id,hb,crp", *(f"P{i:03},1{i}.5,2" for i in range(9)), "P9,,"
    )
    assert len(read_table(path)) == 10


def test_a_cut_off_row_is_no_total(tmp_path):
    path = written(tmp_path / "x.csv", "id,hb,crp", *(f"P{i:03},1{i}.5,2" for i in range(9)), "P0")
    with pytest.raises(FileError, match="line 11 has 1 values"):
        read_table(path)


def test_an_open_quotation_mark_is_no_total(tmp_path):
    path = written(tmp_path / "x.csv", HEADER, *patients(30), '"Total patients', *patients(30))
    with pytest.raises(FileError, match=r"line 62 has 1 values|quotation mark"):
        read_table(path)


# --- separators ----------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", ["^", "~", ":", " ", "|", ";", "\t"])
def test_separators(separator, tmp_path):
    lines = [separator.join(COLUMNS), *patients(separator=separator)]
    path = written(tmp_path / "x.csv", *lines)
    table, form = read_with_form(path)
    assert form.separator == separator
    check_clean(table)
    write_table(table, tmp_path / "y.csv", form=form)
    assert (tmp_path / "y.csv").read_bytes() == path.read_bytes()


def test_columns_aligned_by_blanks(tmp_path):
    rows = ["  ".join(f"{cell:>6}" for cell in row.split(",")) for row in [HEADER, *patients()]]
    table, form = read_with_form(written(tmp_path / "x.txt", *rows))
    check_clean(table)
    assert "separated by blanks" in str(form)
    gaps = table.assign(hb=table["hb"].where(table["hb"] > 12))
    write_table(gaps, tmp_path / "y.txt", form=form)
    pd.testing.assert_frame_equal(read_table(tmp_path / "y.txt"), gaps)


@pytest.mark.parametrize(
    "lines",
    [
        ["full name", *["Ann Smith", "Bob Jones"] * 20],
        ["time", *["07:30", "18:05"] * 20],
        ["ratio a:b", *["1:40", "1:80"] * 20],
        ["note", *["better; home", "worse; stays"] * 20],
    ],
)
def test_one_column_is_not_parted(lines, tmp_path):
    table = read_table(written(tmp_path / "x.csv", *lines))
    assert list(table.columns) == lines[:1]
    assert table.iloc[0, 0] == lines[1]


@pytest.mark.parametrize("mark", ["\ufeff", ""])
@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_separator_is_named_in_the_first_line(mark, line, tmp_path):
    rows = patients(separator=";", decimal=",")
    path = written(tmp_path / "x.csv", mark + line, ";".join(COLUMNS), *rows, newline="\r\n")
    table, form = read_with_form(path)
    check_clean(table)
    assert form.sep_line
    assert form.decimal == ","
    assert "first line sep=;" in str(form)
    write_chunks([table.iloc[:20], table.iloc[20:]], tmp_path / "y.csv", form=form)
    expected = path.read_bytes().replace(line.encode(), b"sep=;")
    assert (tmp_path / "y.csv").read_bytes() == expected


@pytest.mark.parametrize("in_header", [True, False])
@pytest.mark.parametrize("n", [1, 3])
def test_separators_at_the_end_of_lines(in_header, n, tmp_path):
    end = "," * n
    rows = [row + end for row in patients()]
    path = written(tmp_path / "x.csv", HEADER + end if in_header else HEADER, *rows)
    check_clean(read_table(path))
    path = written(tmp_path / "y.csv", HEADER + end, *patients())
    check_clean(read_table(path))


def test_a_column_without_a_name_is_kept_if_it_holds_anything(tmp_path):
    rows = [f"{row},{'x' if i == 50 else ''}" for i, row in enumerate(patients())]
    table, form = read_with_form(written(tmp_path / "x.csv", HEADER + ",", *rows))
    assert list(table.columns) == [*COLUMNS, "column 5"]
    assert "column 'column 5'" in form.doubts[0]
    assert form.doubts[0].weight == 2


# --- the numbers of the rows ---------------------------------------------------------------------


@pytest.mark.parametrize("header", ['"age","sex","hb","crp"', ',"age","sex","hb","crp"'])
@pytest.mark.parametrize("start", [0, 1, 17])
def test_row_numbers_of_r_and_pandas(header, start, tmp_path):
    rows = [f'"{start + 2 * i}",{row}' for i, row in enumerate(patients())]
    table, form = read_with_form(written(tmp_path / "x.csv", header, *rows))
    assert list(table.columns) == COLUMNS
    check_clean(table)
    (doubt,) = form.doubts
    assert "numbers of the rows" in doubt


def test_row_names_are_no_numbers(tmp_path):
    rows = [f"P{i},{row}" for i, row in enumerate(patients())]
    with pytest.raises(FileError, match="line 2 has 5 values but the header has 4 names"):
        read_table(written(tmp_path / "x.csv", HEADER, *rows))
    table = read_table(written(tmp_path / "y.csv", "," + HEADER, *rows))
    assert list(table.columns) == ["column 1", *COLUMNS]


# --- names ---------------------------------------------------------------------------------------


def test_a_missing_header_is_noticed(tmp_path):
    path = written(tmp_path / "x.csv", *patients())
    table, form = read_with_form(path)
    assert list(table.columns) == ["column 1", "column 2", "column 3", "column 4"]
    check_clean(table)
    assert not form.has_header
    assert "no line of names" in str(form)
    (doubt,) = form.doubts
    assert doubt.weight == 3
    assert doubt.settle == "--header"
    first = patients()[0].split(",")
    assert not any(cell in doubt for cell in (first[2], first[3]))
    named = read_table(path, header=True)
    assert list(named.columns) == first
    # The other way round.
    table, form = read_with_form(written(tmp_path / "y.csv", HEADER, *patients()), header=False)
    assert len(table) == 61
    assert not form.doubts


@pytest.mark.parametrize(
    "names",
    [
        "age,sex,hb,crp",
        "2019,region,2020,2021",
        "0,1,2,3",
        "1,2,3,4",
        "1007,sex,hb,250.00",
        "7.5,region,9.5,12.5",
        "السن,النوع,هيموجلوبين,بروتين",
        "Q1,F,Q2,Q3",
    ],
)
def test_names_are_no_patient(names, tmp_path):
    table, form = read_with_form(written(tmp_path / "x.csv", names, *patients()))
    assert list(table.columns) == names.split(",")
    assert form.has_header


@pytest.mark.parametrize(
    ("first", "rows", "expected"),
    [
        (["57", "F"], [["64", "F"], ["32", "M"]], True),
        (["57", "NA"], [["64", "1.5"], ["32", "2.5"]], True),
        (["٥٧", "أنثى"], [["٦٤", "ذكر"], ["٣٢", "أنثى"]], True),
        (["2024-01-31", "120/80"], [["2024-02-01", "110/70"], ["2024-02-03", "130/90"]], True),
        (["F", "yes"], [["F", "yes"], ["M", "no"]] * 3, True),
        (["F", "smoker"], [["F", "yes"], ["M", "no"]] * 3, False),
        (["yes"], [["yes"], ["no"]] * 3, False),
        (["age", "5"], [["64", "1.5"], ["32", "2.5"]], False),
    ],
)
def test_what_looks_like_a_patient(first, rows, expected):
    assert looks_like_patient(first, rows) == expected


def test_invisible_marks_are_no_part_of_names_and_cells(tmp_path):
    names = "\u200fالعمر\u200f,\ufeffالجنس,hb\u200b"
    rows = ["57,\u200fأنثى,\u200e11.9", "64,أنثى,12.2\u200f", "41,ذكر\u00a0,10.5", "38,ذكر,9.5"]
    path = written(tmp_path / "x.csv", names, *rows)
    table = read_table(path)
    assert list(table.columns) == ["العمر", "الجنس", "hb"]
    assert table["hb"].tolist() == [11.9, 12.2, 10.5, 9.5]
    assert table["الجنس"].tolist() == ["أنثى", "أنثى", "ذكر", "ذكر"]
    twins = written(tmp_path / "y.csv", "hb,hb\u200e", "1,2")
    with pytest.raises(FileError, match="columns 1 and 2 have the same name"):
        read_table(twins)


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["Basal,,Month 3,", "hb,crp,hb,crp"], "Basal hb,Basal crp,Month 3 hb,Month 3 crp"),
        (["age,visit,Laboratory,", ",,hb,crp"], "age,visit,Laboratory hb,Laboratory crp"),
        (["Baseline,Baseline,Month 3,Month 3", "hb,crp,hb,crp"],
         "Baseline hb,Baseline crp,Month 3 hb,Month 3 crp"),
    ],
)  # fmt: skip
def test_names_in_two_lines(lines, names, tmp_path):
    rows = [f"{i + 20},{i % 7}.5,{i % 9}.5,{i % 5}.5" for i in range(20)]
    table, form = read_with_form(written(tmp_path / "x.csv", *lines, *rows))
    assert list(table.columns) == names.split(",")
    assert len(table) == 20
    assert "two lines" in form.doubts[0]


# --- units ---------------------------------------------------------------------------------------


def test_a_line_of_units(tmp_path):
    path = written(tmp_path / "x.csv", HEADER, "years,,[g/dL],mg/L", *patients())
    table, form = read_with_form(path)
    check_clean(table)
    assert table.attrs["units"] == {"age": "years", "hb": "g/dL", "crp": "mg/L"}
    assert [column.unit for column in propose(table).schema.columns][2:] == ["g/dL", "mg/L"]
    assert "a line of units" in str(form)
    write_table(table, tmp_path / "y.csv", form=form)
    assert (tmp_path / "y.csv").read_bytes() == path.read_bytes()
    other = table[["crp", "sex"]].assign(new=1)
    write_table(other, tmp_path / "z.csv", form=form)
    assert (tmp_path / "z.csv").read_text().splitlines()[:2] == ["crp,sex,new", "mg/L,,"]


@pytest.mark.parametrize("first", ["n.d.,F,,", "NA,F,NA,NA", ",M,,", "unknown,F,lost,lost"])
def test_a_first_patient_without_results_is_no_line_of_units(first, tmp_path):
    table = read_table(written(tmp_path / "x.csv", HEADER, first, *patients()))
    assert len(table) == 61


# --- numbers -------------------------------------------------------------------------------------


def test_points_part_thousands_where_commas_part_decimals(tmp_path):
    lines = ["plt;hb;n", "213.456;11,5;1", "98.500;12,0;2", "1.213.456;9,5;3", "950;9,5;4"]
    path = written(tmp_path / "x.csv", *lines)
    table, form = read_with_form(path)
    assert table["plt"].tolist() == [213456, 98500, 1213456, 950]
    assert form.grouped == {"plt"}
    assert "column 'plt': the points part thousands" in form.doubts[0]
    write_table(table, tmp_path / "y.csv", form=form)
    assert (tmp_path / "y.csv").read_bytes() == path.read_bytes()
    fake = table.assign(plt=[1000.4, 12.0, np.nan, 7.0])
    write_table(fake, tmp_path / "z.csv", form=form)
    cells = [line.split(";")[0] for line in (tmp_path / "z.csv").read_text().splitlines()]
    assert cells == ["plt", "1.000", "12", "", "7"]


def test_telephones_keep_their_plus(tmp_path):
    path = written(tmp_path / "x.csv", "phone,change", "+201014059542,+1", "+201084810559,+12")
    table = read_table(path)
    assert table["phone"].tolist() == ["+201014059542", "+201084810559"]
    assert table["change"].tolist() == [1, 12]


# --- words for missing values --------------------------------------------------------------------

WORDS = ["n,analyte,meds,crp", "1,NA,None,1.5", "2,K,insulin,", "3,CL,,2.5", "4,NA,None,3.5"]


def test_words_for_missing_values_can_be_levels(tmp_path):
    path = written(tmp_path / "x.csv", *WORDS)
    table, form = read_with_form(path)
    assert table["analyte"].isna().tolist() == [True, False, False, True]
    assert [doubt.settle for doubt in form.doubts] == ["--keep-words analyte", "--keep-words meds"]
    assert all(doubt.weight == 2 for doubt in form.doubts)
    table, form = read_with_form(path, keep_words=["analyte", "nowhere"])
    assert table["analyte"].tolist() == ["NA", "K", "CL", "NA"]
    assert table["meds"].isna().sum() == 3
    assert [doubt.settle for doubt in form.doubts] == ["--keep-words meds"]
    assert not propose(table).schema["analyte"].missing
    with pytest.raises(ParameterError, match="no column 'nowhere'"):
        read_table(path, keep_words=["nowhere"])


def test_each_column_keeps_its_own_word(tmp_path):
    lines = ["a,b,c,d", "1,None,x,NULL", "2,y,NA,5", "NA,y,NA,6", "4,None,x,7"]
    path = written(tmp_path / "x.csv", *lines)
    table, form = read_with_form(path)
    assert form.missing == "NA"
    assert form.missing_words == {"b": "None", "d": "NULL"}
    write_table(table, tmp_path / "y.csv", form=form)
    assert (tmp_path / "y.csv").read_bytes() == path.read_bytes()


def test_the_words_of_r_are_no_doubt(tmp_path):
    path = written(tmp_path / "x.csv", "age,city", "61,NA", "NA,Ulm", "47,Jena")
    assert not sniff(path).doubts


def test_a_schema_says_which_words_are_levels(tmp_path):
    path = written(
        tmp_path / "x.csv",
        "analyte,value",
        *(f"{('Na', 'K', 'NA')[i % 3]},{i}.5" for i in range(60)),
    )
    table = read_table(path, keep_words=["analyte"])
    proposed = propose(table).schema
    proposed.to_file(tmp_path / "s.yaml")
    assert "missing: []" in (tmp_path / "s.yaml").read_text()
    schema = Schema.from_file(tmp_path / "s.yaml")
    synthetic = sh.Synthesizer(schema=schema, random_state=0).fit(table).sample(60)
    assert set(synthetic["analyte"]) == {"Na", "K", "NA"}
    said = Schema(columns=[Column(name="analyte", kind="nominal", levels=["K", "NA"])])
    from synthhealth.io.cells import columns_with_words

    assert columns_with_words(schema) == columns_with_words(said) == ["analyte"]


def test_a_word_that_means_something_beside_its_siblings_is_a_level():
    table = pd.DataFrame({"analyte": ["Na", "K", "Cl"] * 20, "value": range(60)})
    assert propose(table).schema["analyte"].missing == ()
    read = read_column(table["analyte"], propose(table).schema["analyte"])
    assert read.values.notna().all()


def test_a_word_that_may_mean_something_is_doubted():
    table = pd.DataFrame({"region": ["NA", "EU", "APAC"] * 20, "value": range(60)})
    (doubt,) = (doubt for doubt in propose(table).findings[0].doubts if "NA" in doubt)
    assert doubt.settle == "--keep-words region"


# --- the files that people send ------------------------------------------------------------------

FILES = {
    "a06_bidi_marks.csv": "",
    "a13_excel_sep_line.csv": "first line sep=;",
    "b01_units_row.csv": "a line of units",
    "b03_footer.csv": "2 lines at the end",
    "b04_comments.csv": "2 lines above",
    "b04b_title.csv": "1 line above",
    "b05b_trailing_rows.csv": "20 rows without any value",
    "b06b_r_rownames.csv": "numbers of the rows",
    "b22_caret.csv": "separated by carets",
    "b25_no_header.csv": "looks like a patient",
}


@pytest.mark.parametrize("name", FILES)
def test_files_of_unusual_layout(name, tmp_path):
    if not INPUTS.is_dir():
        pytest.skip("the awkward files are not beside the checkout")
    table, form = read_with_form(INPUTS / name)
    assert FILES[name] in " ".join([str(form), *form.doubts])
    assert len(table) == 150
    types = [str(dtype) for dtype in table.dtypes][:4]
    assert types == ["int64", "object", "float64", "float64"]
    assert table.iloc[:, 1].nunique() == 2
    assert not table.isna().any(axis=None)
    synthetic = sh.Synthesizer("gaussian_copula", random_state=0).fit(table).sample(10)
    write_table(synthetic, tmp_path / "x.csv", form=form)
    again = read_table(tmp_path / "x.csv")
    assert again.shape == (10, table.shape[1])
    assert list(again.columns) == list(table.columns)
    text = (tmp_path / "x.csv").read_text(form.encoding)
    numbers = [line.split(form.separator)[2] for line in text.splitlines()[-10:]]
    assert all(len(one.split(form.decimal)[1]) == 1 for one in numbers)


def test_files_with_words_for_missing_values():
    if not INPUTS.is_dir():
        pytest.skip("the awkward files are not beside the checkout")
    table, form = read_with_form(INPUTS / "c16_na_words.csv", keep_words=["analyte", "region"])
    assert set(table["analyte"]) == {"NA", "K", "CL", "CA"}
    assert set(table["region"]) == {"NA", "EU", "APAC"}
    assert form.missing == "None"
    table = read_table(INPUTS / "b13_long_lab.csv")
    assert (table["analyte"] == "Na").sum() == 84


# --- attacks -------------------------------------------------------------------------------------

CELL = st.none() | st.sampled_from(
    ["", " ", "#", "# x", "age", "sex", "1", "2.5", "F", "NA", "g/dL", "years", "Total: 5", "sep=;",
     "a\nb", "\u200e", "١٢", "2024", "2024-01-31", "x y", "Mean"]
)  # fmt: skip


@given(
    rows=st.lists(st.lists(CELL, min_size=1, max_size=5), min_size=1, max_size=12),
    header=st.none() | st.booleans(),
    n_last=st.integers(0, 4),
)
def test_any_grid_has_a_layout_or_a_reason(rows, header, n_last):
    top, bottom = (
        (rows, []) if n_last >= len(rows) else (rows[: len(rows) - n_last], rows[-n_last:])
    )
    if not n_last:
        bottom = []
    try:
        layout = find_layout(top, bottom, where="x", header=header)
    except FileError:
        return
    assert len(set(layout.names)) == len(layout.names) == len(layout.places) > 0
    assert all(layout.names)
    assert 0 <= layout.first <= len(top)
    assert 0 <= layout.footers <= len(rows)
    assert set(layout.units) <= set(layout.names)


@given(
    lines=st.lists(
        st.lists(CELL.map(lambda cell: cell or ""), min_size=1, max_size=4), min_size=1, max_size=10
    ),
    separator=st.sampled_from([",", ";", "\t", "^", " ", ":"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    header=st.none() | st.booleans(),
)
def test_any_lines_are_a_table_or_a_file_error(lines, separator, end, header):
    text = end.join(separator.join(line) for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes(text.encode() or b" ")
        try:
            table, form = read_with_form(path, header=header)
        except FileError:
            return
        assert len(table)
        assert table.columns.is_unique
        write_table(table, path, force=True, form=form)


def test_forms_have_no_cells():
    assert FileForm(".csv").doubts == ()
