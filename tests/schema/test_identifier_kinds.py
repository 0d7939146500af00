"""Identifiers of each kind as hospitals write them: numbers, other digits, one row per visit."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.cells.digits import from_latin
from synthhealth.cells.identifiers import identifiers_inside, said_by
from synthhealth.errors import TableError
from synthhealth.schema import Kind, identifier_in, propose, scan
from synthhealth.schema.identifiers.people import is_day, names_of_people
from synthhealth.schema.identifiers.registers import _register

INPUTS = Path(__file__).parents[2] / ".." / "shared" / "inputs"
N = 60


def read(name: str) -> pd.DataFrame:
    if not INPUTS.is_dir():
        pytest.skip("the input files are not beside this checkout")
    return sh.read_table(INPUTS / name)


def in_each_visit(values: list[object]) -> list[object]:
    """Give some patients many visits, and some few."""
    return [value for place, value in enumerate(values) for _ in range(3 + place % 5)]


# What each column of the table is, as a data protection officer would say; None: no identifier.
COLUMNS = {
    "age": None,
    "subject_id": "record number",
    "hadm_id": "record number",
    "person_id": "record number",
    "encounter_id": "record number",
    "record_id": "record number",
    "study_id": "record number",
    "MRN": "record number",
    "Patient ID": "record number",
    "patientunitstayid": "record number",
    "pat_no": "record number",
    "NHS number": "national id",
    "CHI": "national id",
    "mrn_repeated": "record number",
    "patient_id_rep": "record number",
    "subject_id_rep": "record number",
    "رقم المريض": "record number",
    "الرقم القومي": "national id",
    "رقم الملف": "record number",
    "رقم الهاتف": "telephone number",
    "تليفون": "telephone number",
    "TC Kimlik No": "national id",
    "tc": "national id",
    "病历号": "record number",
    "Patientennummer": "record number",
    "Fallnummer": "record number",
    "KVNR": "health plan number",
    "NIR": "national id",
    "accession": "record number",
    "sample": "record number",
    "phone": "telephone number",
    "mobile": "telephone number",
    "الاسم": "name",
    "اسم المريض": "name",
    "name": "name",
    "姓名": "name",
    "doctor": None,
    "address": "address",
    "العنوان": "address",
    "dob": "date",
    "birth_year": None,
    "تاريخ الميلاد": "date",
    "postcode": "postcode",
    "zip": "postcode",
    "initials": "name",
    "GP code": None,
}


class TestTablesAsTheyCome:
    def test_every_column_of_identifiers(self) -> None:
        table = read("d03_identifiers.csv")
        assert list(table.columns) == list(COLUMNS)
        proposal = propose(table)
        found = {column.name: column.identifier for column in proposal.schema}
        assert found == COLUMNS
        for column in proposal.schema:
            direct = column.identifier not in (None, "date")
            assert (column.kind is Kind.IDENTIFIER) == direct, column.name

    def test_one_row_per_visit(self) -> None:
        table = read("d09_visits_ids.csv")
        schema = propose(table).schema.with_protection("drop")
        dropped = {c.name for c in schema if not c.kind.is_modelled}
        assert dropped == {"patient_id", "mrn", "patient_name", "phone", "email"}
        model = sh.Synthesizer("gaussian_copula", schema=schema, random_state=0)
        fake = model.fit(table).sample(60)

        assert set(fake.columns) & dropped <= {schema.subject}
        personal = {str(cell) for name in dropped for cell in table[name]}
        assert not personal & set(fake.astype(str).to_numpy().ravel())

    def test_patients_by_a_single_word(self) -> None:
        schema = propose(read("b14_visits.csv")).schema
        assert [c.name for c in schema if c.kind is Kind.IDENTIFIER] == ["patient"]

    def test_forms_of_dates_are_on_the_checklist(self) -> None:
        table = read("c19_dates_forms.csv")
        (row,) = [row for row in scan(table).rows if row.paragraph == "C"]
        assert set(row.columns) >= {*table.columns[4:]} - {"excel"}
        renamed = table[["excel"]].rename(columns={"excel": "visit date"})
        assert [row.paragraph for row in scan(renamed).found] == ["C"]


def checked(module: str, make: Callable[[random.Random], str]) -> list[str]:
    """Make numbers with right check digits."""
    draw, found = random.Random(module), set()
    while len(found) < N:
        text = make(draw)
        try:
            if _register(module).is_valid(text):
                found.add(text)
        except (KeyError, ValueError):
            continue
    return sorted(found)


def digits(n: int) -> Callable[[random.Random], str]:
    return lambda draw: str(draw.randrange(10 ** (n - 1), 10**n))


def with_luhn(draw: random.Random, begin: str, n: int) -> str:
    body = begin + "".join(str(draw.randrange(10)) for _ in range(n - len(begin) - 1))
    doubled = [sum(divmod(2 * int(one), 10)) for one in body[::-1][::2]]
    rest = sum(doubled) + sum(map(int, body[::-1][1::2]))
    return f"{body}{-rest % 10}"


def egyptian(draw: random.Random) -> str:
    day = f"{draw.randrange(50, 100)}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}"
    return f"2{day}{draw.randrange(1, 5):02d}{draw.randrange(10**5):05d}"


def many(make: Callable[[random.Random], str]) -> list[str]:
    draw = random.Random(0)
    return sorted({make(draw) for _ in range(N)})


REGISTERS = {
    "Turkish": ("national id", checked("tr.tckimlik", digits(11))),
    "NHS": ("national id", checked("gb.nhs", digits(10))),
    "French": ("national id", checked("fr.nir", digits(15))),
    "Brazilian": ("national id", checked("br.cpf", digits(11))),
    "Egyptian": ("national id", many(egyptian)),
    "card": ("account number", many(lambda draw: with_luhn(draw, "4", 16))),
    "telephone": ("telephone number", many(lambda d: f"2010{d.randrange(10**8):08d}")),
}


@pytest.mark.parametrize("kind", REGISTERS)
class TestNumbersOfRegisters:
    def test_as_whole_numbers(self, kind: str) -> None:
        identifier, texts = REGISTERS[kind]
        numbers = pd.Series([int(text) for text in texts])
        random.Random(1).shuffle(texts)
        for values in (numbers, numbers.astype(float), pd.Series(in_each_visit(list(numbers)))):
            finding = identifier_in("x", values)
            assert finding is not None
            assert (finding.identifier, finding.direct) == (identifier, True)

    @pytest.mark.parametrize("script", ["latin", "arabic", "persian", "fullwidth"])
    def test_as_text_in_any_digits(self, kind: str, script: str) -> None:
        identifier, texts = REGISTERS[kind]
        if kind == "telephone":
            texts = [f"+{text}" for text in texts]
        written = [from_latin(text, script) for text in texts]
        for values in (written, in_each_visit(written)):
            finding = identifier_in("x", pd.Series(values))
            assert finding is not None
            assert finding.identifier == identifier
            assert not any(text in finding.evidence for text in (*texts, *written))


def test_identity_numbers_with_letters() -> None:
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    dni = [f"{n}{letters[n % 23]}" for n in range(10_000_000, 99_000_000, 1_700_000)]
    for values in (dni, in_each_visit(dni)):
        finding = identifier_in("x", pd.Series(values))
        assert finding is not None
        assert finding.identifier == "national id"


def test_mobile_telephones_at_home() -> None:
    texts = [f"01{n % 3}{n * 977_351 % 10**8:08d}" for n in range(N)]
    finding = identifier_in("x", pd.Series(in_each_visit(texts)))
    assert finding is not None
    assert finding.identifier == "telephone number"


def test_one_in_ten_is_right_by_chance() -> None:
    draw = np.random.default_rng(0)
    for width in range(8, 17):
        numbers = pd.Series(draw.integers(10 ** (width - 1), 10**width, 300))
        assert identifier_in("x", numbers) is None, width
        finding = identifier_in("x", numbers.astype(str))
        assert finding is None or finding.identifier == "unique code", width


def test_long_numbers_of_no_register_are_a_doubt_in_every_visit() -> None:
    numbers = [10_000_000_000 + 7_654_321 * n * n for n in range(50)]
    for values in (numbers, in_each_visit(numbers)):
        table = pd.DataFrame({"x": values, "z": np.arange(len(values)) / 7})
        doubts = propose(table).findings[0].doubts
        assert ("kind: identifier", 3) in [(doubt.settle, doubt.weight) for doubt in doubts]


NAMES = {
    "record number": (
        "person_id, record_id, study_id, encounter_id, hadm_id, patientunitstayid, pat_no, MRN, "
        "Pat.-Nr., PatNr, Fallnummer, Patientennummer, USUBJID, icustay_id, رقم المريض, رقم_الملف, "
        "كود المريض, 病历号, 住院号, hasta no, Protokol No, numéro de dossier, N° dossier, IPP, "
        "Historia Clínica, NHC, id_paciente, patient_id_2, mrn_old, شماره پرونده"
    ),
    "national id": (
        "NHS number, CHI, SSN, TC Kimlik No, T.C. Kimlik Numarası, KİMLİK NO, NIR, DNI, RUT, CURP, "
        "الرقم القومي, الرقم القومى, رقم الهوية, 身份证号, CPF, codice fiscale, "
        "numéro de sécurité sociale"
    ),
    "health plan number": "Versichertennummer, KVNR, member_id, 医保号, رقم التأمين",
    "telephone number": "phone, Telefon, تليفون, رقم الهاتف, الموبايل, 手机号, cep telefonu, móvil",
    "name": (
        "الاسم, الإسم, اسم المريض, 姓名, 患者姓名, nom, prénom, Prénoms, nombre, apellidos, "
        "Vorname, Nachname, hasta adı soyadı, SOYADI, patient_name, lastName, initials"
    ),
    "address": "address, Anschrift, العنوان, dirección, adres, 住址",
    "date": "dob, Geburtsdatum, date of birth, تاريخ الميلاد, fecha de nacimiento, doğum tarihi",
}


@pytest.mark.parametrize(
    ("name", "identifier"),
    [(name, one) for one, names in NAMES.items() for name in names.split(", ")],
)
def test_names_of_columns(name: str, identifier: str) -> None:
    for spelling in (name, name.upper(), name.replace(" ", "_"), f" {name} "):
        said = said_by(spelling)
        assert said is not None, spelling
        assert said.identifier == identifier


@pytest.mark.parametrize(
    "name",
    [
        "concept_id",
        "site_id",
        "ward_no",
        "hospital_id",
        "visit",
        "visit_no",
        "patient_count",
        "n_patients",
        "no_show",
        "patients",
        "case_control",
        "sample_type",
        "admission_type_id",
        "patient_class",
        "subject_sex",
        "drug_name",
        "اسم_الدواء",
        "sampling",
        "hba1c",
        "age_at_diagnosis",
        "study_day",
        "total_cholesterol",
        "pathology",
        "valid",
    ],
)
def test_other_names_say_nothing(name: str) -> None:
    assert said_by(name) is None


def test_a_name_is_found_in_bounded_time() -> None:
    assert said_by("study" * 2000) is None
    assert said_by("study_" * 2000) is None
    assert said_by("total " * 2000) is None


@pytest.mark.parametrize("name", ["person_id", "Fallnummer", "رقم المريض", "病历号", "NHC"])
@pytest.mark.parametrize("script", ["numbers", "latin", "arabic", "fullwidth"])
def test_numbers_of_patients_by_name(name: str, script: str) -> None:
    numbers = [1000 + 37 * n for n in range(25)]
    cells = numbers if script == "numbers" else [from_latin(str(n), script) for n in numbers]
    for values in (cells, in_each_visit(cells), [*in_each_visit(cells), None]):
        finding = identifier_in(name, pd.Series(values))
        assert finding is not None
        assert finding.identifier == "record number"


def test_codes_for_missing_do_not_hide_a_numbering() -> None:
    finding = identifier_in("mrn", pd.Series([*range(5000, 5400, 13), -9, -1]))
    assert finding is not None
    assert finding.identifier == "record number"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ward_no", list(range(1, 31)) * 5),
        ("concept_id", [3004410, 3013682, 3020460, 3023103] * 20),
        ("tc", [150 + n for n in range(120)]),
        ("chi", [n % 40 for n in range(200)]),
        ("rut", [n % 4 for n in range(200)]),
        ("case", [n % 4 for n in range(200)]),
        ("record", [n % 6 for n in range(200)]),
        ("no", [n % 7 for n in range(200)]),
        ("viral_load", [int(1.2**n) + 20 for n in range(100)]),
        ("cost", [12_345_600 + 700 * n * n for n in range(100)]),
        ("plt", [150_000 + 997 * n for n in range(200)]),
        ("year", [1950 + n % 60 for n in range(200)]),
        ("snomed", [44054006, 38341003, 195967001, 73211009, 22298006] * 30),
        ("icd10", [f"E{n % 30 + 10}.{n % 10}" for n in range(300)]),
        ("price", [f"EGP {n * 37 + 900:,}" for n in range(100)]),
        ("price", [f"${n * 37 + 900:,}.50" for n in range(100)]),
        ("arrival", [f"{n % 12 + 1}:{n % 60:02d} PM" for n in range(100)]),
        ("bp", [f"{100 + n % 80}/{60 + n % 30} mmHg" for n in range(100)]),
    ],
)
def test_what_is_measured_or_coded_is_no_identifier(name: str, values: list[object]) -> None:
    assert identifier_in(name, pd.Series(values)) is None


GIVEN = ["Ann", "Carl", "Eve", "Finn", "Gina", "Khaled", "Mona", "Omar", "Fatma", "Jürgen"]
FAMILY = ["Lee", "Miller", "Clark", "El Sayed", "van Dam", "Özdemir"]
ARABIC = [
    f"{a} {b}" for a in ("هدى", "علي", "خالد", "سارة", "محمد") for b in ("محمود", "زكي", "جمال")
]
CHINESE = [a + b for a in "李陈赵吴王" for b in ("杰", "洋", "娜", "磊", "娟")]
OTHERS = {
    "diagnosis": "Diabetes Mellitus, Aortic Stenosis, Crohn Disease, Multiple Sclerosis, "
    "Rheumatoid Arthritis, Parkinson Disease, Heart Failure, Graves Disease, Lung Cancer",
    "drug": "Folic Acid, Ferrous Sulfate, Insulin Glargine, Potassium Chloride, Vitamin D, "
    "Sodium Chloride, Amoxicillin Clavulanate",
    "city": "Port Said, New York, Los Angeles, Kafr El Sheikh, Beni Suef, Fort Worth, San Diego, "
    "Saint Louis, Nasr City, Las Vegas",
    "ward": "Cardiology Ward, Internal Medicine, General Surgery, Emergency Department, Hart "
    "Clinic, Mary Hospital, Eye Clinic",
    "诊断": "高血压, 糖尿病, 白血病, 黄疸, 胃癌, 肺炎, 甲状腺炎, 冠心病, 贫血, 白内障",
    "التشخيص": "ارتفاع ضغط الدم, داء السكري, فشل كلوي, التهاب رئوي, قصور القلب, ربو شعبي, فقر الدم",
}


class TestNamesOfPeople:
    @pytest.mark.parametrize(
        "names",
        [
            [f"{given} {family}" for given in GIVEN for family in FAMILY[:3]],
            [f"{family}, {given}" for given in GIVEN for family in FAMILY],
            [f"Dr. {given.upper()} {family.upper()}" for given in GIVEN for family in FAMILY[:2]],
            ARABIC,
            CHINESE,
        ],
        ids=["given first", "family first", "capitals", "Arabic", "Chinese"],
    )
    @pytest.mark.parametrize("column", ["x", "name", "patient_name", "الاسم"])
    def test_are_found_in_every_visit(self, names: list[str], column: str) -> None:
        for values in (names, in_each_visit(list(names))):
            finding = identifier_in(column, pd.Series(values))
            assert finding is not None
            assert finding.identifier == "name"

    @pytest.mark.parametrize("column", OTHERS)
    def test_are_told_from_other_words(self, column: str) -> None:
        levels = OTHERS[column].split(", ")
        assert names_of_people(levels) < 0.25
        table = pd.DataFrame({"x": levels * 9, "crp": np.arange(9.0 * len(levels))})
        proposal = propose(table)
        assert proposal.schema["x"].kind is Kind.NOMINAL
        assert not [d for d in proposal.findings[0].doubts if getattr(d, "weight", 1) == 3]

    def test_a_few_among_other_words_are_a_doubt(self) -> None:
        levels = [*ARABIC[:4], *OTHERS["ward"].split(", ")]
        table = pd.DataFrame({"x": levels * 9, "crp": np.arange(9.0 * len(levels))})
        (doubt,) = [d for d in propose(table).findings[0].doubts if "full names" in d]
        assert (doubt.settle, doubt.weight) == ("kind: identifier", 3)
        assert not any(level in doubt for level in levels)

    def test_running_numbers_behind_letters_are_found_or_a_doubt(self) -> None:
        codes = [f"RA-{n:03d}" for n in range(30)]
        in_order = identifier_in("x", pd.Series(np.repeat(codes, 4)))
        assert in_order is not None
        assert in_order.identifier == "unique code"
        mixed = [codes[n * 7 % 30] for n in range(150)]
        table = pd.DataFrame({"x": mixed, "crp": np.arange(150.0)})
        (doubt,) = [d for d in propose(table).findings[0].doubts if "running numbers" in d]
        assert (doubt.settle, doubt.weight) == ("kind: identifier", 3)


class TestScan:
    @pytest.mark.parametrize(
        ("cell", "identifier"),
        [
            ("اتصل ٠١٠١٢٣٤٥٦٧٨ غدا", "telephone numbers"),
            ("call 010 1234 5678", "telephone numbers"),
            ("call +49 170 1234567 now", "telephone numbers"),
            ("ann＠example.org said", "e-mail addresses"),
            ("رقم ٢٩٠٠١٢٤٠١٠١٠٥٠ مسجل", "social security numbers"),
            ("tc 10000000146 shown", "social security numbers"),
            ("DNI 12345678Z", "social security numbers"),
            ("pay DE89 3704 0044 0532 0130 00", "account numbers"),
            ("card 4111111111111111", "account numbers"),
            ("MRN 0012345", "medical record numbers"),
        ],
    )
    def test_one_cell_among_many(self, cell: str, identifier: str) -> None:
        cells = [*(["seen by the nurse", "no complaint", "Hb 13.1 g/dL, RR 120/80"] * 20), cell]
        found = {row.element: row.evidence for row in scan(pd.DataFrame({"note": cells})).found}
        assert list(found) == [identifier]
        assert "1 of 4 different values contain" in found[identifier][0]

    def test_numbers_among_numbers(self) -> None:
        values = [*range(100, 160), 29001240101050]
        (row,) = scan(pd.DataFrame({"x": values})).found
        assert (row.paragraph, row.columns) == ("G", ("x",))

    def test_measures_contain_nothing(self) -> None:
        draw = np.random.default_rng(0)
        table = pd.DataFrame(
            {
                "number": draw.normal(1e9, 1e8, 500),
                "whole": draw.integers(10**9, 10**12, 500),
                "order": [f"lot {n}" for n in draw.integers(10**10, 10**11, 500)],
                "result": [f"{n:.2f} mg/dL (10 - 20)" for n in draw.normal(15, 3, 500)],
            }
        )
        assert [row.paragraph for row in scan(table).found if row.paragraph != "R"] == []

    def test_says_what_it_sought(self) -> None:
        rows = scan(pd.DataFrame({"crp": [1.5, 2.5]})).rows
        assert all(row.sought for row in rows)
        assert "20230225" in rows[2].sought

    @pytest.mark.parametrize("cell", [[1, 2], np.arange(2), pd.Series([1]), {"a": 1}, {1}])
    def test_containers_are_refused(self, cell: object) -> None:
        column = pd.Series([cell, "x"], dtype=object)
        with pytest.raises(TableError, match="column 'x' holds"):
            scan(pd.DataFrame({"x": column}))

    def test_a_table_is_asked_for(self) -> None:
        with pytest.raises(TableError, match="not a pandas DataFrame"):
            scan([1, 2])  # type: ignore[arg-type]


DAYS = (
    "25FEB2023, 25FEB2023:08:44:00, 25-FEB-23, 25 Feb 2023, 25. Februar 2023, 25 février 2023, "
    "25 de febrero de 2023, 25 Şubat 2023, 25 فبراير 2023, 2023年2月25日, 2023-02-25T08:44:00Z, "
    "2023-02-25T08:44:00+02:00, 02/25/2023 08:44 AM, 25.02.23, 25/2/1981, 2023-W08-6, Feb 2023, "
    "2023-02"
)


@pytest.mark.parametrize("cell", DAYS.split(", "))
def test_days_in_many_forms(cell: str) -> None:
    assert is_day(cell)


@pytest.mark.parametrize(
    "cell", ["13.1", "120/80", "25 mg 2023", "12:30", "A-12-34", "5 tablets 10"]
)
def test_what_is_no_day(cell: str) -> None:
    assert not is_day(cell)


def test_forms_inside_take_no_time() -> None:
    for hostile in ("1" * 20_000, "1-" * 10_000, "a." * 10_000 + "@", "AA00 " * 5_000):
        identifiers_inside(hostile)


class TestFakes:
    @pytest.mark.parametrize(
        ("cells", "form"),
        [
            ([f"{100 + n}/{60 + n} mmHg" for n in range(30)], r"\d{3}/\d\d mmHg"),
            ([f"12:{n:02d}" for n in range(30)], r"\d\d:\d\d"),
            ([f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(30)], r"[A-Z]\w+"),
            ([f"two words{chr(97 + n % 26)}" for n in range(26)], r"[A-Z]\w+ [a-z]+"),
            ([f"came in with a swollen joint on day {n}" for n in range(30)], r"[A-Z].* .*\."),
        ],
    )
    def test_of_text(self, cells: list[str], form: str) -> None:
        fakes = self.of(pd.Series(cells), "text")
        assert fakes.str.fullmatch(form).all(), fakes.iloc[0]

    def test_keep_the_script_of_digits(self) -> None:
        cells = pd.Series([from_latin(f"{n * 7919 + 10_000}", "arabic") for n in range(9)])
        assert self.of(cells, "identifier", "record number").str.fullmatch("[٠-٩]{5}").all()

    def test_of_whole_numbers_are_whole_numbers(self) -> None:
        for largest in (9_999, 29_001_240_101_050, 9_000_000_000_000_000_000):
            numbers = pd.Series([1, 5, largest])
            fakes = self.of(numbers, "identifier", "record number")
            assert fakes.dtype == np.int64
            assert fakes.nunique() == 40

    def test_of_initials_are_initials(self) -> None:
        cells = pd.Series(["AB", "CD", "EF", "GH", "IK", "LM"])
        assert self.of(cells, "identifier", "name").str.fullmatch("[A-Z]{2}").all()

    @staticmethod
    def of(cells: pd.Series, kind: str, identifier: str | None = None) -> pd.Series:
        from synthhealth.schema import Column, Schema
        from synthhealth.schema.identifiers.protection import add_fakes, learn_fakes

        column = Column(name="x", kind=kind, identifier=identifier, protection="fake")
        schema = Schema(columns=(column, Column(name="crp", kind="continuous")))
        table = pd.DataFrame({"x": cells, "crp": np.arange(float(len(cells)))})
        return add_fakes(pd.DataFrame({"crp": np.zeros(40)}), learn_fakes(table, schema), 0)["x"]
