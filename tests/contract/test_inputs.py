"""Small files as users have them, each an awkward thing: what is made of them, and what is said.

The files lie beside the checkout, in ``shared/inputs``; where they are missing, the tests are
skipped. Other tests of the rooms make tables of the same kinds themselves.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.errors import Doubt
from synthhealth.io import read_with_form
from synthhealth.schema import propose

ROOT = Path(__file__).parents[2]
FILES = ROOT.parent / "shared" / "inputs"
PAGE = ROOT / "docs" / "reading-files.md"

#: The kind of each column by its letter, the number of patients' rows, and the columns about which
#: a doubt of weight 3 is said.
KINDS = {
    "c": "continuous",
    "n": "count",
    "d": "datetime",
    "o": "ordinal",
    "m": "nominal",
    "b": "boolean",
    "i": "identifier",
}
EXPECTED: dict[str, tuple[int, str, list[str]]] = {
    "a02_cairo_cp1256.csv": (150, "nmccmb", []),
    "a03_arabic_digits.csv": (150, "nmccmb", []),
    "a03_arabic_digits.xlsx": (150, "nmccmb", []),
    "a06_bidi_marks.csv": (150, "nmccmb", []),
    "a07_arabic_digit_dates_bp.csv": (150, "nmccmbdn", []),
    "a10_chinese_gb18030.csv": (150, "nmccm", []),
    "a13_excel_sep_line.csv": (150, "nmcc", []),
    "b01_units_row.csv": (150, "nmcc", []),
    "b03_footer.csv": (150, "nmcc", []),
    "b04_comments.csv": (150, "nmcc", []),
    "b04b_title.csv": (150, "nmcc", []),
    "b05b_trailing_rows.csv": (150, "nmcc", []),
    "b06b_r_rownames.csv": (150, "nmcc", []),
    "b11_constants.csv": (150, "nmccmbmmd", []),
    "b12_200cols_40rows.csv": (40, "c" * 180 + "b" * 20, []),
    "b13_long_lab.csv": (363, "immcd", ["patient_id"]),
    "b14_visits.csv": (200, "ionmc", ["patient"]),
    "b22_caret.csv": (150, "nmcc", []),
    "b25_no_header.csv": (150, "nmcc", []),
    "c01_bp.csv": (150, "nmccnn", []),
    "c02_time_of_day.csv": (150, "nmccccc", []),
    "c06_censored_flags.csv": (150, "nmccnccnn", []),
    "c09_thousands.csv": (150, "nmcccnnnc", []),
    "c10_codes.csv": (150, "nmccmmmmmmmm", []),
    "c14_bool_gaps.csv": (150, "nmccbbmbbbbbb", []),
    "c15_codes_int.csv": (150, "nmccmomobmmnnncc", []),
    "c16_na_words.csv": (150, "nmccmmmmmm", []),
    "c18_dates_far.csv": (150, "nmccddddd", []),
    "c19_dates_forms.csv": (150, "nmccddddddddddd", []),
    "c22_measures.csv": (150, "nmccncommmmm", []),
    "d01_one_bad_cell.csv": (150, "nmcc", ["hb"]),
    "d02_discrete_numbers.csv": (150, "nmmomo", []),
    "d03_identifiers.csv": (150, "niiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiimiidndiiim", []),
    "d05_codes_many.csv": (600, "nmmmmmmmmmmmoom", []),
    "d09_visits_ids.csv": (240, "iiiiidnmnc", ["patient_id"]),
    "d10_flag_suffix.csv": (150, "nccccncc", ["one_comment"]),
    "d11_comment_leak.csv": (150, "nmcc", ["hb"]),
    "d12_remark_two.csv": (150, "nmccm", ["remark"]),
    "e02_date_typo.csv": (150, "nmccd", ["visit"]),
    "e02_date_zero.csv": (150, "nmccd", ["visit"]),
    "f01_cp1256_question.csv": (150, "nmccb", []),
    "f05_gbk.csv": (150, "nmccm", []),
    "p01_date32.parquet": (150, "nmccd", []),
    "p07_binary.parquet": (150, "nmccm", []),
    "x02_units_row.xlsx": (150, "nmcc", []),
    "x10_mixed_num_text.xlsx": (150, "nmcm", []),
    "x13_numbers_as_text.xlsx": (150, "nmc", []),
}
#: Refused, since there is one row.
TOO_FEW = "s04.xls"

needs_files = pytest.mark.skipif(
    not FILES.is_dir(), reason="shared/inputs is not beside the checkout"
)


@needs_files
@pytest.mark.parametrize("name", EXPECTED)
def test_kinds_and_weighty_doubts(name):
    n_rows, letters, doubted = EXPECTED[name]
    table, _ = read_with_form(FILES / name)
    findings = propose(table).findings
    assert len(table) == n_rows
    assert [one.kind.value for one in findings] == [KINDS[letter] for letter in letters]
    weighty = [one.column for one in findings if any(_weight(doubt) == 3 for doubt in one.doubts)]
    assert weighty == doubted


def _weight(doubt: str) -> int:
    return doubt.weight if isinstance(doubt, Doubt) else 1


@needs_files
@pytest.mark.parametrize("name", EXPECTED)
def test_every_doubt_says_what_settles_it_or_is_only_worth_a_look(name):
    table, form = read_with_form(FILES / name)
    doubts = [*form.doubts, *(doubt for _, doubt in propose(table).doubts)]
    bare = [doubt for doubt in doubts if _weight(doubt) > 1 and not getattr(doubt, "settle", "")]
    assert [doubt for doubt in bare if "taken for no patients" not in doubt] == []
    assert all(isinstance(doubt, Doubt) for doubt in doubts)


@needs_files
@pytest.mark.parametrize("name", [one for one in EXPECTED if not one.startswith("b12")])
def test_a_fit_gives_every_column_back(name):
    table, _ = read_with_form(FILES / name)
    schema = propose(table).schema.with_protection("drop")
    fake = sh.Synthesizer(schema=schema, random_state=0, margin="norm").fit(table).sample(40)
    dropped = {column.name for column in schema if column.protection is not None}
    assert list(fake.columns) == [one for one in table.columns if one not in dropped]
    for column in fake.columns:
        if table[column].isna().mean() < 0.5 and column != "remark":
            assert fake[column].notna().any(), column


@needs_files
def test_the_page_has_a_row_for_each_file():
    page = PAGE.read_text(encoding="utf-8")
    names = [one.name for one in FILES.iterdir() if one.is_file() and one.name != "README.md"]
    assert [name for name in names if f"`{name}`" not in page] == []
    assert sorted(names) == sorted([*EXPECTED, TOO_FEW])


@needs_files
def test_too_few_rows_are_refused_in_words():
    result = CliRunner().invoke(app, ["run", str(FILES / TOO_FEW), "--out", "unused"])
    assert result.exit_code == 1
    assert "the table has 1 row; at least 10 are needed" in result.stderr


@needs_files
@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_the_whole_way(name, tmp_path):
    out = tmp_path / "out"
    arguments = ["run", str(FILES / name), "--out", str(out), "--seed", "1", "--protect", "drop"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "Traceback" not in result.output
    notes = [line for line in result.stderr.splitlines() if line.startswith("note: ")]
    assert len(notes) <= 10
