from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthhealth.aws.preprocess import PreparationReport, prepare
from synthhealth.aws.uploads import columns
from synthhealth.aws.uploads import schema as schema_room
from synthhealth.errors import FileError, SchemaError, SynthHealthError, TableError

SCHEMA = json.dumps(
    {
        "format_version": 1,
        "columns": [
            {"name": "age", "kind": "count"},
            {"name": "crp", "kind": "continuous", "unit": "mg/L", "missing": [-9, "lost"]},
            {"name": "sex", "kind": "nominal", "levels": ["F", "M"]},
            {"name": "note", "kind": "text"},
        ],
    }
)
HEADER = "age,crp,sex,note\n"


def run(
    data: bytes | str, schema: str = SCHEMA, cut: int = 1 << 20
) -> tuple[str, PreparationReport]:
    raw = data.encode() if isinstance(data, str) else data
    table = prepare((raw[at : at + cut] for at in range(0, len(raw), cut)), schema)
    text = b"".join(table).decode()
    return text, table.report


def one_column(cells: list[str], **column: object) -> tuple[list[str], PreparationReport]:
    schema = json.dumps({"columns": [{"name": "x", "kind": "continuous", **column}, OTHER]})
    text, report = run("x;z\n" + "".join(f"{cell};a\n" for cell in cells), schema)
    return [row[0] for row in csv.reader(io.StringIO(text))][1:], report


OTHER = {"name": "z", "kind": "nominal"}


def test_a_clean_table_stays_as_it_is() -> None:
    table = HEADER + "61,3.5,F,well\n45,<0.5,M,\n"
    text, report = run(table)
    assert text == table
    assert report.decision == "clean"
    assert report.n_rows == 2


def test_cells_are_written_in_one_form() -> None:
    cells = [
        "3,5",
        "< 0,5",
        "≥1000",
        "n.d.",
        "-9",
        "-9,0",
        "lost",
        "7,2 mg/L",
        "7 g/L",
        "hello",
        "-",
    ]
    written, report = one_column(cells, unit="mg/L", missing=[-9, "lost"])
    assert written == ["3.5", "<0.5", ">=1000", "", "", "", "", "7.2", "", "", ""]
    counts = report.columns[0].counts
    assert counts == {
        "missing": 5,
        "below_limit": 1,
        "above_limit": 1,
        "decimal_comma": 3,
        "with_unit": 1,
        "unreadable": 2,
        "not_a_level": 0,
    }


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (["1.234,5", "1.234"], ["1234.5", "1234"]),
        (["1,234.5", "1,234"], ["1234.5", "1234"]),
        (["1.234", "2.5"], ["1.234", "2.5"]),
        (["1 234,5", "0,125"], ["1234.5", "0.125"]),
        (["1.234.567", "12"], ["1234567", "12"]),
        (["−3,5", "+4", "1e5", ",5"], ["-3.5", "4", "1e5", ".5"]),
        (["2,5", "3.5"], ["2.5", "3.5"]),
    ],
)
def test_decimal_and_thousands_marks(cells: list[str], written: list[str]) -> None:
    assert one_column(cells)[0] == written


@pytest.mark.parametrize("cells", [["1,234"], ["1.234", "2,5", "3.5"]])
def test_a_doubtful_mark_is_refused_until_the_schema_says_it(cells: list[str]) -> None:
    with pytest.raises(TableError, match=r"column 'x'.*notation"):
        one_column(cells)
    written, _ = one_column(cells, notation={"decimal": ","})
    assert written[0] in ("1,234", "1234")


def test_a_mark_that_shows_late_speaks_against_what_was_read_before() -> None:
    # The first 64 KiB hold only 1.234, which is a number of either kind.
    with pytest.raises(TableError, match="notation"):
        one_column(["1.234"] * 20_000 + ["2,5"])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(separator: str, newline: str) -> None:
    rows = [["age", "crp", "sex", "note"], ["61", "3.5", "F", "a; b, c | d"], ["2", "", "M", "x"]]
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=newline).writerows(rows)
    text, report = run(out.getvalue())
    assert list(csv.reader(io.StringIO(text))) == rows
    assert report.separator == separator


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("cut", [1, 7, 1 << 20])
def test_encodings_in_any_pieces(encoding: str, cut: int) -> None:
    rows = "1,2,F,plain\n" * 6000 + "61,3.5,F,mäßig µ\n" + "1,2,F,größer\n" * 10
    text, report = run((HEADER + rows).encode(encoding), cut=cut)
    assert text == HEADER + rows
    assert report.encoding == encoding


def test_units_in_the_header() -> None:
    _, report = run("age,crp (mg/L),sex,note\n1,2,F,\n")
    assert report.units_in_header == ("crp",)
    with pytest.raises(TableError, match="column 2"):
        run("age,crp (g/L),sex,note\n1,2,F,\n")


SECRET = "Zebedee"


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ("", FileError, "no table"),
        ("\n \n", FileError, "no table"),
        (f"{SECRET},61,3,F\n{SECRET},2,3,M\n", TableError, "column 1"),
        (f"age,crp,{SECRET}\n1,2,3\n", TableError, "3 names"),
        ("age,sex,crp,note\n1,F,2,\n", TableError, "another order"),
        (HEADER + f"1,2,F,{SECRET},5\n", TableError, "line 2 has 5 values"),
        (HEADER + f'1,2,F,"{SECRET}\n', FileError, "never closed"),
        (HEADER + f'1,2,F,"{SECRET}"x\n', FileError, "never closed"),
        (HEADER + f"1,2,F,{SECRET}\0\n", FileError, "binary"),
        ("\ufeff".encode("utf-16"), FileError, "UTF-16"),
        (b"PK\x03\x04abc", FileError, "archive"),
        (HEADER.encode() + "1,2,F,ä\n".encode() + "1,2,F,ä\n".encode("cp1252"), FileError, "UTF-8"),
        (HEADER.encode() + "1,2,F,ä\n".encode("cp1252") + "1,2,F,ä\n".encode(), FileError, "UTF-8"),
        (HEADER.encode() + b"1,2,F,\x81\n", FileError, "neither"),
        (HEADER + "1,2,F," + "x" * (1 << 21), FileError, "1,048,576 letters"),
        (HEADER + '1,2,F,"' + "x\n" * (1 << 20), FileError, "never closed"),
        (HEADER + '"x\n",' * (1 << 20), FileError, "1,048,576 letters"),
    ],
)
def test_what_is_no_such_table_is_refused_without_a_cell(
    data: bytes | str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        run(data)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "schema",
    [
        "{",
        "[]",
        '{"columns": []}',
        '{"columns": [1]}',
        '{"columns": [{"name": "a"}]}',
        '{"format_version": 2, "columns": [{"name": "a", "kind": "count"}]}',
        '{"columns": ' + "[" * 100_000,
        r'{"columns": [{"name": "\ud800", "kind": "count"}]}',
    ],
)
def test_a_malformed_schema_is_refused(schema: str) -> None:
    with pytest.raises(SchemaError):
        prepare([b""], schema)


@pytest.mark.parametrize("code", ["1" + "0" * 400, "1e999", "NaN"])
def test_a_missing_code_that_is_no_number_of_a_file_does_no_harm(code: str) -> None:
    schema = f'{{"columns": [{{"name": "x", "kind": "count", "missing": [-9, {code}]}}]}}'
    assert run("x\n1\n-9\n", schema)[0] == 'x\n1\n""\n'


def test_the_report_waits_for_the_last_chunk() -> None:
    with pytest.raises(TableError, match="all chunks"):
        _ = prepare([HEADER.encode()], SCHEMA).report


def test_the_schemas_own_json_is_read(tmp_path: object) -> None:
    pd = pytest.importorskip("pandas")
    import synthhealth as sh

    panel = sh.datasets.load_ra_panel(n=61, random_state=0)
    path = f"{tmp_path}/schema.json"
    sh.Schema.detect(panel).to_file(path)
    with open(path, encoding="utf-8") as file:
        text, report = run(panel.to_csv(index=False), file.read())
    assert report.decision == "clean"
    pd.testing.assert_frame_equal(
        pd.read_csv(io.StringIO(text)), pd.read_csv(io.StringIO(panel.to_csv(index=False)))
    )


#: The cell of a row, as a spreadsheet in German writes it.
GERMAN: dict[str, Callable[[int], str]] = {
    "limits": lambda row: "<0,5" if row % 7 == 0 else f"{row},{row % 10}",
    "thousands": lambda row: ">2.000" if row % 9 == 0 else f"{row}.{row % 4 + 100},125",
    "three": lambda row: "<5" if row % 5 == 0 else f"{row},{row + 100}",
    "suffix": lambda row: f"{row},25 mg/L",
    "grades": lambda row: ("0,0", "0,5", "1,0")[row % 3],
    "codes": lambda row: str(row % 2),
    "written": lambda row: f"{row},25 mg/dl" if row % 3 else "n.d.",
    "levels": lambda row: ("0,5", "1,0", "2,5", "k.A.")[row % 4],
    "stages": lambda row: ("0", "1", "2", "k.A.")[row % 4],
    "truth": lambda row: ("True", "False", "k.A.")[row % 3],
    "words": lambda row: ("1,5", "none", "well, so")[row % 3],
}


@pytest.mark.parametrize("names", [*((name,) for name in GERMAN), tuple(GERMAN)])
def test_one_schema_reads_the_clean_table_as_it_reads_the_original(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    pytest.importorskip("pandas")
    import synthhealth as sh
    from synthhealth.schema import read_column

    cells = [lambda row: f"{row % 50 + 20},5", *map(GERMAN.__getitem__, names)]
    rows = [[cell(row) for cell in cells] for row in range(1, 61)]
    original, clean = tmp_path / "original.csv", tmp_path / "clean.csv"
    with original.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([["age", *names], *rows])
    uploaded = sh.read_table(original)
    schema = sh.Schema.detect(uploaded)
    schema.to_file(tmp_path / "schema.json")
    text, _ = run(original.read_bytes(), (tmp_path / "schema.json").read_text(encoding="utf-8"))
    clean.write_text(text, encoding="utf-8", newline="")
    prepared = sh.read_table(clean)
    for column in schema:
        before = read_column(uploaded[column.name], column).values
        after = read_column(prepared[column.name], column).values
        assert after.isna().tolist() == before.isna().tolist()
        assert after.dropna().tolist() == before.dropna().tolist()


def test_a_unit_that_only_the_notation_names_is_read() -> None:
    written, report = one_column(["3,5 mg/dl", "4,5mg/dl", "5 g/l"], notation={"suffix": " mg/dl"})
    assert written == ["3.5", "4.5", ""]
    assert report.columns[0].counts["with_unit"] == 2


def test_levels_that_are_text_stay_as_they_are() -> None:
    written, report = one_column(["0,5", "1,0"], kind="ordinal", levels=["0,5", "1,0"])
    assert written == ["0,5", "1,0"]
    assert report.columns[0].counts["not_a_level"] == 0


def test_levels_that_are_numbers_are_known_in_any_form() -> None:
    written, report = one_column(["0,0", "0,5", "1,0", "2,0"], kind="ordinal", levels=[0, 0.5, 1])
    assert written == ["0.0", "0.5", "1.0", "2.0"]
    assert report.columns[0].counts["not_a_level"] == 1


@pytest.mark.parametrize(
    ("cell", "identifier"),
    [
        ("see ann.lee@example.org", "e-mail address"),
        ("call +49 170 1234567", "telephone number"),
        ("call 555-123-4567", "telephone number"),
        ("call +49\u00a0170\u202f123\u20114567", "telephone number"),
        ("Tel. 089/1234567", "telephone number"),
        ("Handy: 0170 1234567", "telephone number"),
        ("ann.lee\uff20exam\u00adple.org", "e-mail address"),
        ("ssn 123-45-6789.", "national id"),
        ("MRN 0012345", "record number"),
        ("from 192.168.17.4", "IP address"),
        ("https://example.org/p", "web address"),
    ],
)
def test_one_cell_with_a_direct_identifier_is_enough(cell: str, identifier: str) -> None:
    text, report = run(HEADER + "1,2,F,fine\n" * 500 + f'3,4,M,"{cell}"\n')
    assert report.decision == "quarantine"
    assert [(found.column, found.identifier) for found in report.identifiers] == [
        ("note", identifier)
    ]
    assert cell in text
    assert cell not in report.to_json()
    # In a column of numbers too, where it is also left out.
    written, report = one_column(["1.5", cell])
    assert written == ["1.5", ""]
    assert report.decision == "quarantine"


def column_of(name: str, kind: str, cells: list[str]) -> list[str]:
    schema = json.dumps({"columns": [{"name": name, "kind": kind}, OTHER]})
    _, report = run(f"{name};z\n" + "".join(f"{cell};a\n" for cell in cells), schema)
    return [found.identifier for found in report.identifiers]


def test_a_columns_name_and_form_together_tell_it() -> None:
    names = ["Ann", "Bo", "Cleo Dee", "Eve O'Hara", "Ümit", "Zoë"]
    numbers = ["104233", "104871", "103377", "108742", "100312"]
    assert column_of("PatientName", "nominal", names) == ["name"]
    assert column_of("MRN", "count", numbers) == ["record number"]
    assert column_of("mobile", "count", [f"0170{n}1" for n in numbers]) == ["telephone number"]
    assert column_of("ldh", "count", numbers) == []
    assert column_of("surname", "nominal", ["yes", "no"] * 50) == []
    assert column_of("x", "count", [str(n) for n in range(1, 41)]) == ["unique code"]
    assert column_of("x", "nominal", [f"AB-{n}" for n in numbers * 5]) == []
    assert column_of("x", "nominal", [f"AB-{n}" for n in range(100, 140)]) == ["unique code"]
    assert column_of("x", "identifier", ["?"]) == ["declared identifier"]


def test_identifiers_are_known_in_several_languages_and_digits() -> None:
    names = ["هدى محمود", "علي زكي", "خالد جمال", "سارة نبيل", "علي حسن", "منى السيد"]
    numbers = ["١٠٤٢٣٣", "١٠٤٨٧١", "١٠٣٣٧٧", "١٠٨٧٤٢", "١٠٠٣١٢"]
    assert column_of("اسم المريض", "nominal", names) == ["name"]
    assert column_of("رقم الملف", "nominal", numbers) == ["record number"]
    assert column_of("Fallnummer", "count", ["104233", "104871", "103377", "108742", "100312"]) == [
        "record number"
    ]
    assert column_of("病历号", "nominal", ["B104233", "B104871", "B103377", "B10", "B9"]) == [
        "record number"
    ]


def test_visits_do_not_hide_a_patient() -> None:
    codes = [f"PT-{n:03d}" for n in range(10)]
    names = [f"Ann {family}" for family in ("Lee", "Miller", "Clark", "Khan", "Cruz", "Okoro")]
    assert column_of("patient", "nominal", codes * 9) == ["record number"]
    assert column_of("patient_name", "nominal", names * 9) == ["name"]
    assert column_of("ward", "nominal", codes * 9) == []


CELL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    | st.sampled_from(',;\t|"\r\n <>.-−@0123456789'),
    max_size=12,
)


@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=1, max_size=8),
    separator=st.sampled_from(",;\t|"),
    cut=st.integers(1, 40),
)
def test_any_table_is_prepared_to_a_fixed_point(
    rows: list[tuple[str, ...]], separator: str, cut: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("age", "crp", "sex", "note"), *rows])
    doubtful = None
    try:
        text, report = run(out.getvalue())
    except TableError as error:
        doubtful = str(error)
    if doubtful is not None:
        assert "notation" in doubtful  # 1,234
        return
    assert (text, report) == run(out.getvalue(), cut=cut)
    parsed = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(row) for row in parsed] == [4] * (len(rows) + 1)
    assert report.n_rows == len(rows)
    for before, after in zip(rows, parsed[1:], strict=True):
        kept = before[3].strip().replace("\r\n", "\n").replace("\r", "\n")
        assert after[3] in (kept, f"\t{kept}", "")
        for number in after[:2]:
            if number:
                float(number.lstrip("<>="))
    again, _ = run(text)
    assert again == text


@given(data=st.binary(max_size=300), head=st.sampled_from([b"", HEADER.encode()]))
def test_any_bytes_are_prepared_or_refused_in_words(data: bytes, head: bytes) -> None:
    try:
        text, report = run(head + data)
    except SynthHealthError as error:
        refusal = str(error)
    else:
        assert text.startswith(HEADER)
        refusal = report.decision
    assert refusal.isprintable()


@given(cell=st.text("0123456789.,<>= mg/L+-", min_size=4, max_size=12))
def test_no_cell_reaches_the_report(cell: str) -> None:
    marked = "q7w" + cell + "z9v"
    quoted = marked.replace('"', "")
    _, report = run(HEADER + f'{quoted!r},"{quoted}","{quoted}","{quoted}"\n'.replace("'", '"'))
    assert "q7w" not in report.to_json()


@pytest.mark.parametrize(
    "cell",
    [
        "a" * 130_000,
        "a" * 130_000 + "@",
        "a." * 60_000,
        "1 " * 60_000,
        "1.1." * 30_000,
        "+1" * 60_000,
        "555-" * 30_000,
        "a-" * 60_000,
        "MRN" * 40_000,
        "www." * 30_000,
        "1:" * 60_000,
    ],
)
def test_no_cell_takes_long(cell: str) -> None:
    started = time.process_time()
    run(HEADER + f"{cell},{cell},{cell},{cell}\n" * 2)
    assert time.process_time() - started < 5


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, synthhealth.aws.uploads.work; "
        "print([one for one in sys.modules if '.' not in one])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    heavy = ("pandas", "numpy", "torch", "sdv", "pydantic", "sagemaker", "boto3", "pyarrow")
    assert [name for name in heavy if repr(name) in loaded] == []


MEMORY = """
import sys
from synthhealth.aws.preprocess import prepare
schema, size = sys.argv[1], int(sys.argv[2])
def pieces():
    yield b"age;crp;sex;note\\n"
    sent = row = 0
    while sent < size:
        block = "".join(
            f"{20 + n % 70};{n % 997},{n % 10};{'FM'[n % 2]};visit {n}\\n"
            for n in range(row, row + 10_000)
        ).encode()
        row += 10_000
        sent += len(block)
        yield block
prepared = sum(len(chunk) for chunk in prepare(pieces(), schema))
assert prepared > 0.9 * size
# Not resource.getrusage, whose peak begins at that of the process that started this one.
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")))
"""


NEEDS_PROC = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="peak memory is read from /proc"
)


def peak_of(megabytes: int) -> int:
    """Give the peak memory in MB of preparing a stream of a size, in a process of its own."""
    command = [sys.executable, "-c", MEMORY, SCHEMA, str(megabytes * 10**6)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
    return int(done.stdout)


@NEEDS_PROC
@pytest.mark.slow
def test_memory_does_not_grow_with_the_file() -> None:
    small, large = peak_of(2), peak_of(12)
    assert large < 80
    assert large - small < 10


@NEEDS_PROC
@pytest.mark.slow
def test_memory_is_bounded_for_a_file_of_200_mb() -> None:
    peak = peak_of(200)
    print(f"peak memory for 200 MB: {peak} MB")  # noqa: T201
    assert peak < 80


NUMBER = st.one_of(
    st.text("0123456789.,- <e", max_size=7),
    st.from_regex(r"-?[0-9]{1,3}[.,][0-9]{1,4}", fullmatch=True),
    st.sampled_from(["", "-9", "-9,0", "n.d.", "1.234", "1,234", "7,5 mg/L", "3,5\n4,5", "+49 1"]),
)


@given(
    cells=st.lists(NUMBER, max_size=12),
    decimal=st.sampled_from([None, ".", ","]),
    remembered=st.integers(1, 20),
)
def test_cells_are_read_alike_alone_and_together(
    cells: list[str], decimal: str | None, remembered: int
) -> None:
    schema = {"name": "x", "kind": "continuous", "unit": "mg/L", "missing": [-9, "1,5"]}
    (plan,) = schema_room.read_schema(json.dumps({"columns": [schema]}))

    def reading(cells_at_once: list[list[str]], most: int) -> object:
        reader = columns.ColumnReader(plan, decimal, most)
        try:
            written = [text for some in cells_at_once for text in reader.take(some)]
            reader.check_marks(set())
        except TableError as error:
            return str(error)
        counts = {what: count for what, count in reader.counts.items() if count}
        return written, counts, reader.marks, reader.doubtful, reader.identifiers(len(cells))

    alone = reading([[cell] for cell in cells], 1000)
    assert reading([cells], 1000) == alone
    assert reading([cells, cells[:0]], 1) == alone
    middle = len(cells) // 2
    assert reading([cells[:middle], cells[middle:]], remembered) == alone


def test_a_column_of_which_nothing_can_be_read_is_refused():
    schema = json.dumps({"columns": [{"name": "crp", "kind": "continuous"}]})
    rows = b"crp\n" + b"seven\n" * 30 + b"\n" * 3
    with pytest.raises(TableError, match=r"'crp': none of its 30 values can be read.*continuous"):
        list(prepare([rows], schema))
    # A few words among numbers are counted, and left empty.
    assert list(prepare([rows + b"7.5\n"], schema))


@pytest.mark.parametrize("data", [HEADER, HEADER.strip(), HEADER + "\n\n"])
def test_a_header_without_rows_is_not_clean(data: str) -> None:
    with pytest.raises(TableError, match="a header but no rows"):
        run(data)


def test_what_was_kept_from_running_in_a_spreadsheet_still_is() -> None:
    given = ["\t=1", " @SUM(A1)", "\r=1+1", "\t-2+cmd", " well", "\t-2", "=2"]
    kept = ["\t=1", "\t@SUM(A1)", "\t=1+1", "\t-2+cmd", "well", "-2", "=2"]
    out = io.StringIO()
    csv.writer(out).writerows([["note", "z"], *([cell, "a"] for cell in given)])
    schema = json.dumps({"columns": [{"name": "note", "kind": "text"}, OTHER]})
    text, report = run(out.getvalue(), schema)
    assert [row[0] for row in csv.reader(io.StringIO(text))][1:] == kept
    assert report.decision == "clean"
    # A number with a sign is a number, also behind a blank.
    assert one_column(["\t-2", " +3"])[0] == ["-2", "3"]
