from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from synthhealth.datasets import load_ra_panel
from synthhealth.schema import identifier_in, scan

N = 40
RNG = np.random.default_rng(0)
MRN = RNG.permutation(np.arange(100_000, 100_000 + 7 * N, 7))


def text(form: str) -> pd.Series:
    return pd.Series([form.format(i=i, d=10 + i % 18, m=1 + i % 12) for i in range(N)])


NAMES = pd.Series(
    [f"{a} {b}" for a in ("Ann", "Bo", "Cleo", "Dan") for b in ["Smith", "Jones", "Lee", "Khan"]]
)

FOUND = [
    ("Name", NAMES, "name", "A"),
    ("surname", NAMES.str.split().str[1] + NAMES.str.split().str[0], "name", "A"),
    ("residence", text("{i} Long Street"), "address", "B"),
    ("wohnort", text("Hauptstraße {i}"), "address", "B"),
    ("city", pd.Series(["Cairo", "Giza", "Tanta", "Luxor", "Aswan"] * 8), "place", "B"),
    ("zip", pd.Series(["02139", "10001", "60601", "73301", "94016"] * 8), "postcode", "B"),
    ("ZIP code", pd.Series([2139, 10001, 60601, 73301, 94016] * 8), "postcode", "B"),
    ("visit", text("2020-{m:02d}-{d}"), "date", "C"),
    ("seen", text("{d}.{m:02d}.2020"), "date", "C"),
    ("seen", text("{d} Mar 20{d}"), "date", "C"),
    ("seen", pd.Series(pd.date_range("2020-01-01", periods=N)), "date", "C"),
    ("age", pd.Series(list(range(60, 99))), "age over 89", "C"),
    ("contact", text("+20 10 12{i:02d} 56{d}"), "telephone number", "D"),
    ("contact", text("(555) 1{i:02d}-4{d}7"), "telephone number", "D"),
    ("phone", pd.Series(MRN * 10_001), "telephone number", "D"),
    ("fax", text("0202 55{i:02d}31"), "fax number", "E"),
    ("contact", text("p{i}@example.org"), "e-mail address", "F"),
    ("number", text("123-4{m:02d}-45{d}".replace("4{m:02d}", "{d}")), "national id", "G"),
    ("ssn", pd.Series(MRN * 1_009), "national id", "G"),
    ("nid", text("2900101{i:02d}12345"), "national id", "G"),
    ("MRN", pd.Series(MRN), "record number", "H"),
    ("PatientID", pd.Series(MRN).astype(float), "record number", "H"),
    ("id", text("P-{i:04d}"), "record number", "H"),
    ("insurance_number", text("A{i:03d}B"), "health plan number", "I"),
    ("bank", pd.Series(["DE89370400440532013000", "GB82WEST12345698765432",
                        "FR1420041010050500013M02606", "NL91ABNA0417164300",
                        "BE68539007547034"]), "account number", "J"),
    ("license", text("L{i:03d}-77"), "licence number", "K"),
    ("chassis", text("1HGCM82633A0043{i:02d}"), "vehicle identifier", "L"),
    ("serial number", text("SN{i:05d}"), "device identifier", "M"),
    ("link", text("https://example.org/p/{i}"), "web address", "N"),
    ("source", text("192.0.2.{i}"), "IP address", "O"),
    ("photo", text("scan_{i}.jpg"), "photograph", "Q"),
    ("key", text("00000000-0000-4000-8000-0000000000{i:02d}"), "unique code", "R"),
    ("code", text("QX{i:02d}-7{d}B"), "unique code", "R"),
    ("barcode", text("0004{i:04d}"), "unique code", "R"),
    ("row", pd.Series(range(1, N + 1)), "unique code", "R"),
    ("remarks", text("came in on day {i} with a swollen joint"), "free text", "R"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "identifier", "paragraph"), FOUND)
def test_found(name: str, values: pd.Series, identifier: str, paragraph: str) -> None:
    finding = identifier_in(name, values)
    assert finding is not None
    assert (finding.identifier, finding.paragraph) == (identifier, paragraph)
    for value in values.astype(str).unique():
        assert len(value) < 3 or value not in finding.evidence


NOT_FOUND = [
    ("disease_state", pd.Series(["mild", "severe", "moderate"] * 10)),
    ("therapy_line1", pd.Series(["MTX", "none"] * 10)),
    ("name", pd.Series(["methotrexate", "placebo"] * 20)),
    ("drug_name", pd.Series([f"drug{chr(97 + i)}" for i in range(15)] * 3)),
    ("address", pd.Series([1.5, 2.5, 3.5, 9.5, 7.5, 8.5])),
    ("ldh", pd.Series(MRN)),
    ("charges", pd.Series(MRN)),
    ("phone", pd.Series([0, 1] * 20)),
    ("record", pd.Series([1, 2, 3, 4, 5, 6] * 10)),
    ("id", pd.Series([0.5, 1.5, 2.25, 3.5, 7.5, 8.5])),
    ("age", pd.Series(range(20, 90))),
    ("age", pd.Series([95, 200, 300, 400])),
    ("year", pd.Series(range(1980, 2020))),
    ("crp", pd.Series([f"{i}.{i % 10}" for i in range(N)])),
    ("crp", pd.Series([f"{i},{i % 10} mg/L" for i in range(N)])),
    ("crp", pd.Series([f"<{i}" for i in range(N)])),
    ("cost", pd.Series([f"1,{i:03d}.50" for i in range(N)])),
    ("pressure", pd.Series([f"{100 + i}/{60 + i}" for i in range(N)])),
    ("time", pd.Series([f"12:{i:02d}" for i in range(N)])),
    ("titre", pd.Series([f"1:{10 * 2**i}" for i in range(8)])),
    ("stage", pd.Series(["I", "II", "IIIa", "IV"] * 10)),
    ("born", pd.to_datetime(pd.Series([f"{1950 + i}-01-01" for i in range(N)]))),
    ("category", pd.Series(["a1", "b2", "c3"] * 10, dtype="category")),
    ("mixed", pd.Series([1, "a", None] * 10)),
    ("empty", pd.Series([None] * 5, dtype=object)),
    ("flag", pd.Series([True, False] * 10)),
]


@pytest.mark.parametrize(("name", "values"), NOT_FOUND)
def test_not_found(name: str, values: pd.Series) -> None:
    assert identifier_in(name, values) is None


class TestChecklist:
    def test_has_the_18_rows_in_order(self) -> None:
        checklist = scan(load_ra_panel())
        assert [row.paragraph for row in checklist.rows] == list("ABCDEFGHIJKLMNOPQR")
        assert checklist.found == ()
        assert {r.finding for r in checklist.rows if r.paragraph in "PQ"} == {"cannot be scanned"}

    def test_never_says_more_than_it_can(self) -> None:
        words = scan(load_ra_panel()).to_json().lower()
        for word in ("complian", "anonym", "safe", "de-identified"):
            assert word not in words

    def test_looks_inside_text(self) -> None:
        notes = pd.Series([f"patient {i} seems well and was told so" for i in range(30)])
        notes[7] = "patient called from 555-123-4567, write to ann@example.org"
        found = {row.paragraph: row for row in scan(pd.DataFrame({"note": notes})).found}
        assert set(found) == {"D", "F", "R"}
        assert found["F"].evidence == ("1 of 30 different values contain an e-mail address",)
        assert "ann@" not in scan(pd.DataFrame({"note": notes})).to_json()

    def test_json_and_table(self) -> None:
        checklist = scan(pd.DataFrame({"[b]mail": text("p{i}@example.org")}))
        (row,) = [row for row in json.loads(checklist.to_json())["rows"] if row["columns"]]
        assert row["finding"] == "found"
        assert row["columns"] == ["[b]mail"]
        console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
        console.print(checklist)
        shown = console.export_text()
        assert "[b]mail: all 40 different values" in shown
        assert "example.org" not in shown

    def test_duplicate_and_odd_column_names(self) -> None:
        table = pd.DataFrame([[1, 2], [3, 4]], columns=[0, 0])
        assert scan(table).found == ()
