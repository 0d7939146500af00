"""Text that is not Unicode: which code page it is in, what is said about it, and how to say it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.cli._inputs import Said, read
from synthhealth.errors import FileError
from synthhealth.io import FileForm, read_table, read_with_form, sniff, write_table

INPUTS = Path(__file__).parents[1] / ".." / "shared" / "inputs"

#: Names and cells of tables, and the code page that people of that language have.
TABLES = {
    "cp1256": ("العمر;الجنس;المحافظة", "57;أنثى;القاهرة", "64;ذكر;الإسكندرية", "41;أنثى;أسوان"),
    "gb18030": ("年龄;性别;诊断", "57;女;高血压", "64;男;糖尿病", "41;女;肺炎"),
    "cp1252": ("Alter;Größe;Stadt", "57;171;Köln", "64;160;Zürich", "41;180;Besançon"),
    "cp1251": ("возраст;пол;диагноз", "57;женский;гипертония", "64;мужской;диабет", "41;;да"),
    "cp1254": ("Yaş;Cinsiyet;Tanı", "57;Kadın;Ağrı", "64;Erkek;Şeker", "41;Kadın;İshal"),
    "cp1250": ("wiek;płeć;miasto", "57;kobieta;Łódź", "64;mężczyzna;Kraków", "41;;Poznań"),
    "cp1253": ("ηλικία;φύλο;πόλη", "57;γυναίκα;Αθήνα", "64;άνδρας;Πάτρα", "41;γυναίκα;Βόλος"),
    "cp1255": ("גיל;מין;עיר", "57;נקבה;ירושלים", "64;זכר;חיפה", "41;נקבה;אילת"),
    "big5": ("年齡;性別;診斷", "57;女;高血壓", "64;男;糖尿病", "41;女;肺炎"),
    "cp932": ("年齢;性別;ヘモグロビン", "57;女;はい", "64;男;いいえ", "41;女;東京"),
    "cp949": ("나이;성별;진단", "57;여성;고혈압", "64;남성;당뇨병", "41;여성;폐렴"),
    "cp850": ("Alter;Größe;Stadt", "57;171;Köln", "64;160;Lübeck", "41;180;Münster"),
    "cp866": ("возраст;пол;диагноз", "57;женский;гипертония", "64;мужской;диабет", "41;;да"),
}


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", TABLES)
def test_code_pages_are_recognised_and_kept(encoding, tmp_path):
    lines = TABLES[encoding]
    path = write(tmp_path / "x.csv", "\n".join(lines) + "\n", encoding)
    table, form = read_with_form(path)
    assert form.encoding == encoding
    assert list(table.columns) == lines[0].split(";")
    assert table.iloc[0, 2] == lines[1].split(";")[2]
    (doubt,) = form.doubts
    assert doubt.settle == f"--encoding {encoding}"
    assert doubt.weight == 2
    shown = [name for name in table.columns if not name.isascii()]
    assert all(name in doubt for name in shown)
    assert not any(cell in doubt for line in lines[1:] for cell in line.split(";")[1:] if cell)
    write_table(table, tmp_path / "y.csv", form=form)
    assert (tmp_path / "y.csv").read_bytes() == path.read_bytes()


def test_the_encoding_is_said_in_words():
    assert "Windows-1256 (Arabic)" in str(FileForm(".csv", encoding="cp1256"))
    assert "GB18030 (Chinese)" in str(FileForm(".csv", encoding="gb18030"))


def test_few_letters_beyond_ascii(tmp_path):
    rows = "".join(f"{40 + i};{'FM'[i % 2]};{['لا', 'نعم'][i % 2]}\n" for i in range(60))
    path = write(tmp_path / "x.csv", "age;sex;هل أنت مريض؟\n" + rows, "cp1256")
    table, form = read_with_form(path)
    assert form.encoding == "cp1256"
    assert set(table["هل أنت مريض؟"]) == {"لا", "نعم"}


def test_letters_that_are_utf8_by_chance_are_no_second_file(tmp_path):
    # In GB 18030 the sign for woman is also a letter of UTF-8; that for man is not.
    rows = "".join(f"{40 + i};{'女男'[i % 2]}\n" for i in range(60))
    path = write(tmp_path / "x.csv", "age;性别\n" + rows, "gb18030")
    assert any(line.decode(errors="replace").isprintable() for line in path.read_bytes().split())
    assert sniff(path).encoding == "gb18030"


def test_arabic_with_marks_of_direction(tmp_path):
    text = "العمر;الجنس\n57;\u200fأنثى\n64;ذكر\u200e\n41;أنثى\n"
    table, form = read_with_form(write(tmp_path / "x.csv", text, "cp1256"))
    assert form.encoding == "cp1256"
    assert table["الجنس"].tolist() == ["أنثى", "ذكر", "أنثى"]


def test_two_files_in_one_are_still_told(tmp_path):
    content = "age;größe\n".encode() + "1;Köln\n".encode("cp1252") * 3 + "2;Zürich\n".encode()
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(FileError, match="part of the text is UTF-8"):
        read_table(tmp_path / "x.csv")


def test_a_table_without_names_shows_none(tmp_path):
    rows = "".join(f"{40 + i};{9 + i % 7}.5;{['أنثى', 'ذكر'][i % 2]}\n" for i in range(30))
    form = sniff(write(tmp_path / "x.csv", rows, "cp1256"))
    assert form.encoding == "cp1256"
    assert not form.has_header
    assert all("أنثى" not in doubt and "ذكر" not in doubt for doubt in form.doubts)


# --- said by the user ----------------------------------------------------------------------------


def test_the_encoding_can_be_said(tmp_path):
    path = write(tmp_path / "x.csv", "\n".join(TABLES["cp1256"]) + "\n", "cp1256")
    table, form = read_with_form(path, encoding="windows-1256")
    assert form.encoding == "cp1256"
    assert not form.doubts
    assert "العمر" in table
    assert list(read_table(path, encoding="cp1251").columns) != list(table.columns)
    assert sniff(path, encoding="cp1256").encoding == "cp1256"
    with pytest.raises(FileError, match=r"no encoding 'klingon'.*cp1256"):
        read_table(path, encoding="klingon")
    with pytest.raises(FileError, match="no encoding 'base64'"):
        read_table(path, encoding="base64")
    with pytest.raises(FileError, match="not UTF-8"):
        read_table(path, encoding="utf-8")
    sh.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(FileError, match="only a text table"):
        read_table(tmp_path / "x.parquet", encoding="cp1256")


def test_a_byte_order_mark_is_no_letter_of_a_said_encoding(tmp_path):
    path = write(tmp_path / "x.csv", "\ufeffage;größe\n1;2\n")
    assert list(read_table(path, encoding="utf-8").columns) == ["age", "größe"]


VERBS = ("run", "fit", "cross-evaluate", "sample", "schema", "describe", "evaluate", "inspect")


@pytest.mark.parametrize("verb", [*VERBS, "verify"])
def test_each_verb_that_reads_a_table_takes_the_encoding(verb):
    command = typer.main.get_command(app).commands[verb]
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--encoding" in options
    assert verb == "sample" or {"--header", "--keep-words"} <= options


def test_the_other_table_of_a_verb_may_be_unicode(tmp_path):
    text = "\n".join(TABLES["gb18030"]) + "\n"
    real = write(tmp_path / "real.csv", text, "gb18030")
    synthetic = write(tmp_path / "synthetic.csv", text)
    said = Said(encoding="gb18030")
    one, _ = read(real, None, None, said)
    other, _ = read(synthetic, None, None, said, is_other=True)
    assert one.equals(other)
    assert read(real, None, None, said, is_other=True)[0].equals(one)


# --- the files that people send ------------------------------------------------------------------

FILES = {
    "a02_cairo_cp1256.csv": ("cp1256", "المحافظة", {"القاهرة", "الجيزة", "الإسكندرية", "أسوان"}),
    "f01_cp1256_question.csv": ("cp1256", "هل أنت مريض؟", {"لا", "نعم"}),
    "a10_chinese_gb18030.csv": ("gb18030", "诊断", {"高血压", "糖尿病", "肺炎"}),
    "f05_gbk.csv": ("gb18030", "性别", {"男", "女"}),
}


@pytest.mark.parametrize("name", FILES)
def test_files_in_code_pages(name, tmp_path):
    if not INPUTS.is_dir():
        pytest.skip("the awkward files are not beside the checkout")
    encoding, column, levels = FILES[name]
    table, form = read_with_form(INPUTS / name)
    assert form.encoding == encoding
    assert set(table[column]) == levels
    assert str(table.dtypes.iloc[0]) == "int64"
    assert sum(str(dtype) == "float64" for dtype in table.dtypes) == 2
    assert not table.isna().any(axis=None)
    synthetic = sh.Synthesizer("gaussian_copula", random_state=0).fit(table).sample(10)
    write_table(synthetic, tmp_path / "x.csv", form=form)
    lines = (tmp_path / "x.csv").read_bytes().decode(encoding).splitlines()
    assert lines[0] == form.separator.join(table.columns)
    place = list(table.columns).index(column)
    assert {line.split(form.separator)[place] for line in lines[1:]} <= levels


@given(
    content=st.binary(min_size=1, max_size=200),
    before=st.sampled_from([b"", b"age;sex\n", b"sep=;\n", b"# x\n"]),
    encoding=st.none() | st.sampled_from(["cp1256", "gb18030", "utf-16", "utf-7", "hz", "idna"]),
)
def test_random_bytes_in_any_encoding(content, before, encoding):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes(before + content)
        try:
            table = read_table(path, encoding=encoding)
        except FileError:
            return
        assert len(table)
