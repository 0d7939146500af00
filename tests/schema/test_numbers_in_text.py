"""Columns of numbers with odd cells stay numbers, and nothing of the odd cells is kept."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synthhealth as sh
from synthhealth.cells.digits import from_latin
from synthhealth.errors import Doubt, TableError
from synthhealth.schema import (
    Column,
    Kind,
    ReferenceRange,
    Schema,
    complete,
    propose,
    read_column,
    write_column,
)

INPUTS = Path(__file__).parents[2] / ".." / "shared" / "inputs"
N = 150
#: Each is unlike anything that a synthetic table holds by chance.
REMARKS = (
    "13.1 phoned to Mrs Fatma Hassan 01012345678",
    "see Dr Zulfiqar",
    "12.2 ask ward 7 Quennell",
    "Quennell",
    "11-14 Vandermeer",
    "12.9.4",
    "1O.77",
    "77AB",
)


def numbers(rng, n: int = N) -> np.ndarray:
    return np.array([f"{value:.1f}" for value in rng.normal(13, 1.5, n)], dtype=object)


def proposed(values, name: str = "x"):
    proposal = propose(pd.DataFrame({name: values}))
    return proposal.schema[name], proposal.findings[0]


def weights(finding) -> list[int]:
    return [doubt.weight for doubt in finding.doubts if isinstance(doubt, Doubt)]


@settings(max_examples=60)
@given(
    share=st.floats(0.0, 0.2),
    odd=st.lists(st.sampled_from(REMARKS), min_size=1, max_size=8, unique=True),
    seed=st.integers(0, 99),
)
def test_from_four_fifths_on_a_column_is_numbers(share, odd, seed):
    rng = np.random.default_rng(seed)
    values = numbers(rng)
    places = rng.choice(N, int(share * N), replace=False)
    # No remark stands in five cells, so none is a code.
    odd = [f"{text} {place}" for place, text in zip(range(len(places)), odd * N, strict=False)]
    values[places] = odd
    column, finding = proposed(values)
    assert column.kind is Kind.CONTINUOUS
    read = read_column(pd.Series(values, name="x"), column)
    assert read.values.notna().sum() == N - len(places)
    assert read.odd == len(places)
    if len(places):
        assert 3 in weights(finding)
        assert any(str(len(places)) in doubt for doubt in finding.doubts)
    completed = complete(Schema(columns=(column,)), pd.DataFrame({"x": values}))
    said = completed.model_dump_json() + finding.model_dump_json()
    assert not any(word in said for word in ("Fatma", "0101", "Zulfiqar", "Quennell", "Vanderm"))


@pytest.mark.parametrize("share", [0.25, 0.4, 0.6, 0.75])
@pytest.mark.parametrize("kind", ["words", "notes", "other unit"])
def test_between_it_is_refused_with_what_to_declare(share, kind):
    rng = np.random.default_rng(1)
    values = numbers(rng)
    if kind == "other unit":
        share = max(share, 0.6)  # with fewer, the other unit is the column's
    places = rng.choice(N, int((1 - share) * N), replace=False)
    made = {
        "words": lambda i: f"Quennell{'abcdefgh'[i % 8] * (i % 17 + 1)}",
        "notes": lambda i: f"Mrs Quennell was seen on the ward and phoned again {'x' * i}",
        "other unit": lambda i: f"{5 + i / 10:.1f} mmol/L",
    }
    values[places] = [made[kind](i) for i in range(len(places))]
    if kind == "other unit":
        values = np.array([one if "mmol" in one else f"{one} mg/dL" for one in values], object)
    _, finding = proposed(values)
    assert 3 in weights(finding)
    assert all(doubt.settle for doubt in finding.doubts)
    table = pd.DataFrame({"x": values, "age": rng.integers(20, 80, N)})
    with pytest.raises(TableError, match=r"column 'x': .* not numbers.*missing.*nominal") as caught:
        sh.Synthesizer("gaussian_copula").fit(table)
    assert "Quennell" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", "unknown"], "nominal"),
        (["<18", "18-30", "31-50", ">50"], "ordinal"),
        (["1:40", "1:80", "negative"], "ordinal"),
        (["2", "3a", "3b", "4"], "nominal"),
        (["101", "102A", "103", "104"], "nominal"),
        (["250.00", "250.01", "V27", "E885", "414", "428", "786", "401.9"], "nominal"),
        (["A+", "O+", "AB+", "B-"], "nominal"),
        (["1+", "2+", "3+", "negative"], "ordinal"),
        (["0", "1", "ex"], "nominal"),
        (["12A", "13A", "14B"], "nominal"),
    ],
)
def test_levels_that_look_like_numbers_stay_levels(values, kind):
    column, _ = proposed(values * 10)
    assert column.kind.value == kind


def test_a_rare_remark_among_levels_of_numbers_is_missing():
    values = ["1", "2", "3"] * 20 + ["2 phoned Mrs Quennell"]
    column, finding = proposed(values)
    assert (column.kind, column.levels) == (Kind.ORDINAL, ("1", "2", "3"))
    assert 3 in weights(finding)
    read = read_column(pd.Series(values, name="x"), column)
    assert read.values.tolist()[:-1] == values[:-1]
    assert pd.isna(read.values.iloc[-1])
    assert read.odd == 1


@pytest.mark.parametrize(
    ("cells", "read", "written"),
    [
        (["45Y"] * 8 + ["3M", "26 W", "73D"], [45.0] * 8 + [0.25, 0.498289, 0.199863], "45Y"),
        (["1.70 m"] * 8 + ["170 cm", "165cm"], [1.7] * 9 + [1.65], "1.70 m"),
        (["500 mg"] * 6 + ["1 g", "250mg"], [500.0] * 6 + [1000.0, 250.0], "500 mg"),
        (["3.2 L"] * 6 + ["3150 mL"], [3.2] * 6 + [3.15], "3.2 L"),
        (["36.5 °C"] * 6 + ["98.6 °F"], [36.5] * 6 + [37.0], "36.5 °C"),
        (["12.5"] * 6 + ["13,2", "0,5"], [12.5] * 6 + [13.2, 0.5], "12.5"),
        (["12,5"] * 6 + ["13.2"], [12.5] * 6 + [13.2], "12,5"),
        (["70"] * 6 + ["~71", "ca. 72", "73?", "approx 74"], [70.0] * 6 + [71, 72, 73, 74], "70"),
        (["81ng/ml"] + ["403 ng/mL"] * 6, [81.0] + [403.0] * 6, "403 ng/mL"),
        (["1.2e3", "1.5x10^3"] + ["900"] * 6, [1200.0, 1500.0] + [900.0] * 6, "900"),
        (["\u200e11.9", "12.2\u200f"] + ["11.9"] * 6, [11.9, 12.2] + [11.9] * 6, "11.9"),
        (["5'4\""] * 6 + ["5 ft 7 in"], [64.0] * 6 + [67.0], "5'4\""),
    ],
)  # fmt: skip
def test_other_ways_are_read_and_written_in_the_usual_one(cells, read, written):
    column = Column(name="x", kind="continuous")
    values = pd.Series(cells, name="x")
    (column,) = complete(Schema(columns=(column,)), values.to_frame())
    found = read_column(values, column)
    np.testing.assert_allclose(found.values, read, rtol=1e-5)
    again = write_column(
        found.values, column, missing=found.missing, censored=found.censored, dtype=object
    )
    assert written in again.tolist()
    if not cells[0].startswith("\u200e"):
        assert propose(pd.DataFrame({"x": cells * 3})).findings[0].doubts


def test_flags_are_written_behind_what_lies_beyond_the_reference_range():
    rng = np.random.default_rng(2)
    values = rng.normal(100, 30, N).round(1)
    cells = [f"{v:.1f}{' (L)' if v < 60 else ' (H)' if v > 140 else ''}" for v in values]
    table = pd.DataFrame({"x": cells, "age": rng.integers(20, 80, N)})
    proposal = propose(table)
    assert 2 in weights(proposal.findings[0])
    x, age = proposal.schema
    assert (x.notation.flag_low, x.notation.flag_high) == ("", "")
    reference = (ReferenceRange(low=60, high=140),)
    known = Schema(columns=(x.model_copy(update={"reference": reference}), age))
    synthetic = (
        sh.Synthesizer("gaussian_copula", schema=known, random_state=0).fit(table).sample(200)
    )
    for cell in synthetic["x"]:
        value = float(cell.split(" ")[0])
        assert cell[len(f"{value:.1f}") :] == (
            " (L)" if value < 60 else " (H)" if value > 140 else ""
        )
    # Flags that the range does not explain are left out.
    cells = [f"{v:.1f}{' H' if i % 3 == 0 else ''}" for i, v in enumerate(values)]
    done = complete(known, table.assign(x=cells))["x"].notation
    assert (done.flag_low, done.flag_high) == ("", "")


def test_a_suffix_needs_many_patients():
    column, _ = proposed(["5 mg/L", "7 mg/L", "9 mg/L", "8 mg/L"] + [None] * 20)
    assert column.notation is None or column.notation.suffix == ""
    column, _ = proposed([f"{i} mg/L" for i in range(20, 60)])
    assert (column.notation.suffix, column.unit) == (" mg/L", "mg/L")
    column, _ = proposed([f"{i} mg/L" for i in range(20, 40)] + [str(i) for i in range(40, 60)])
    assert (column.notation.suffix, column.unit) == ("", "mg/L")


def test_a_currency_is_no_unit_and_a_letter_behind_all_is_a_code():
    column, finding = proposed([f"{i},50 €" for i in range(20, 60)])
    assert (column.notation.suffix, column.unit) == (" €", None)
    assert not any("unit" in doubt for doubt in finding.doubts)
    assert not proposed([f"{i}H" for i in range(20, 60)])[0].kind.is_numerical


def test_words_for_missing_are_kept_only_where_many_have_them():
    cells = [*map(str, range(60)), "n/a", "clotted", *["not done"] * 5]
    column, _ = proposed(cells)
    assert column.missing == ("not done",)
    done = complete(Schema(columns=(Column(name="x", kind="count"),)), pd.DataFrame({"x": cells}))
    assert done["x"].missing == ("not done",)
    read = read_column(pd.Series(cells, name="x"), column)
    assert (read.missing[60:] == [1, 1, 2, 2, 2, 2, 2]).all()
    assert read.odd == 0
    words = ["F", "M"] * 20 + ["n/a"]
    assert proposed(words)[0].missing == ()
    read = read_column(pd.Series(words, name="x"), proposed(words)[0])
    assert read.missing.tolist() == [0] * 40 + [1]


def test_a_word_of_one_patient_with_many_rows_is_not_kept():
    table = pd.DataFrame(
        {"who": [*range(60), *[60] * 9], "x": [*map(str, range(60)), *["n/a"] * 9]}
    )
    columns = (Column(name="who", kind="identifier"), Column(name="x", kind="count"))
    assert complete(Schema(columns=columns), table)["x"].missing == ("n/a",)
    assert complete(Schema(columns=columns, subject="who"), table)["x"].missing == ()


def test_sodium_is_no_missing_value_beside_potassium():
    assert proposed(["Na", "K", "Cl"] * 9)[0].missing == ()
    assert proposed(["na", "m", "f"] * 9)[0].missing == ("na",)


def test_numbers_and_texts_of_a_spreadsheet():
    values = pd.Series(
        [*np.linspace(9, 15, 40).round(1), "13.1 phoned Quennell", "12.4"], dtype=object
    )
    column, finding = proposed(values)
    assert column.kind is Kind.CONTINUOUS
    assert 3 in weights(finding)
    read = read_column(values.rename("x"), column)
    assert read.odd == 1
    assert read.values.iloc[-1] == 12.4
    codes = pd.Series([101, "102A", 103, "104"] * 10, dtype=object)
    column, _ = proposed(codes)
    read = read_column(codes.rename("x"), column)
    assert set(read.values) == {"101", "102A", "103", "104"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A table with remarks in every kind of column, the model of it and a synthetic table."""
    rng = np.random.default_rng(3)
    flagged = numbers(rng)
    flagged[:20] = [f"{one} High" for one in flagged[:20]]
    table = pd.DataFrame(
        {
            "hb": numbers(rng),
            "crp": [f"{one} mg/L" for one in numbers(rng)],
            "flagged": flagged,
            "cost": [f"${value:,.2f}" for value in rng.lognormal(8, 1, N)],
            "age": [str(one) for one in rng.integers(20, 90, N)],
            "grade": rng.choice(["1", "2", "3"], N),
            "smoker": rng.choice(["yes", "no"], N),
            "arabic": [from_latin(one, "arabic").replace(".", "٫") for one in numbers(rng)],
        }
    )  # fmt: skip
    for place, name in enumerate(["hb", "crp", "flagged", "cost", "age", "arabic"]):
        for step, remark in enumerate(REMARKS):
            table.loc[3 * step + place, name] = remark
    table.loc[0, "grade"] = "2 Quennell"
    table.loc[[1, 2], "hb"] = ["n/a", "clotted"]
    model = sh.Synthesizer("gaussian_copula", random_state=0).fit(table)
    path = tmp_path_factory.mktemp("canary") / "model.synth"
    model.save(path)
    with zipfile.ZipFile(path) as file:
        saved = b"\n".join(file.read(name) for name in file.namelist()).decode("utf-8", "replace")
    return model.sample(200), saved


def test_no_remark_is_in_a_model_or_a_synthetic_table(made):
    synthetic, saved = made
    everything = saved + synthetic.to_csv()
    canaries = ("Fatma", "01012345678", "Zulfiqar", "Quennell", "Vandermeer", "1O.77", "77AB")
    assert [word for word in (*canaries, "clotted", "n/a", "High") if word in everything] == []


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("hb", r"\d+\.\d"),
        ("crp", r"\d+\.\d mg/L"),
        ("flagged", r"\d+\.\d"),
        ("cost", r"\$(\d{1,3})(,\d{3})*\.\d\d"),
        ("age", r"\d+"),
        ("grade", r"[123]"),
        ("smoker", r"yes|no"),
        ("arabic", r"[٠-٩]+٫[٠-٩]"),
    ],
)
def test_synthetic_cells_have_the_columns_form(made, name, form):
    cells = made[0][name].dropna()
    assert cells.str.fullmatch(form).all()
    assert len(cells) > 150


def read(name: str) -> pd.DataFrame:
    path = INPUTS / name
    if not path.is_file():
        pytest.skip("the awkward input files are not beside the checkout")
    return sh.read_table(path)


@pytest.mark.parametrize(
    ("file", "kinds", "missing"),
    [
        ("d11_comment_leak.csv", {"hb": "continuous"}, {"hb": 1}),
        (
            "d10_flag_suffix.csv",
            dict.fromkeys(["flag_high", "one_unit", "one_comment", "ar", "sym"], "continuous")
            | {"hemolysed": "continuous", "capillary": "count"},
            {"one_comment": 1},
        ),
        (
            "c06_censored_flags.csv",
            {"ferritin": "count", "flag": "continuous", "star": "continuous", "paren": "count",
             "unitmix": "count"},
            {},
        ),
        ("d01_one_bad_cell.csv", {"hb": "continuous"}, {"hb": 1}),
        ("a03_arabic_digits.csv", {"العمر": "count", "الهيموجلوبين": "continuous"}, {}),
        ("a03_arabic_digits.xlsx", {"العمر": "count", "الهيموجلوبين": "continuous"}, {}),
        ("a07_arabic_digit_dates_bp.csv", {"العمر": "count", "الهيموجلوبين": "continuous"}, {}),
        ("c09_thousands.csv", {"cost": "continuous", "plt": "count", "wbc": "count", "egp": "count",
                               "usd": "continuous"}, {}),
        ("c22_measures.csv", {"ht": "count", "ht2": "continuous"}, {}),
        ("x13_numbers_as_text.xlsx", {"age": "count", "hb": "continuous"}, {}),
        ("x10_mixed_num_text.xlsx", {"code": "nominal"}, {}),
    ],
)  # fmt: skip
def test_awkward_files(file, kinds, missing):
    table = read(file)
    schema = Schema.detect(table)
    for name, kind in kinds.items():
        assert schema[name].kind.value == kind, name
        values = read_column(table[name], schema[name]).values
        assert values.isna().sum() == missing.get(name, 0), name


@pytest.mark.parametrize(
    ("file", "forms"),
    [
        ("d11_comment_leak.csv", {"hb": r"\d+\.\d"}),
        ("d10_flag_suffix.csv", {"flag_high": r"\d+\.\d", "ar": r"\d+\.\d", "capillary": r"\d+"}),
        ("c06_censored_flags.csv", {"ferritin": r"\d+|<20|>1000", "unitmix": r"\d+ ng/mL"}),
        ("a03_arabic_digits.csv", {"العمر": "[٠-٩]+", "الهيموجلوبين": "[٠-٩]+٫[٠-٩]"}),
        (
            "c09_thousands.csv",
            {
                "plt": r"\d{2,3},\d{3}",
                "wbc": r"\d{1,2} \d{3}|\d{3}",
                "egp": r"EGP [\d,]+",
                "usd": r"\$[\d,]+\.\d\d",
            },
        ),
        ("c22_measures.csv", {"ht": r"\d'\d{1,2}\"", "ht2": r"\d\.\d\d m"}),
    ],
)
def test_synthetic_rows_of_awkward_files(file, forms):
    table = read(file)[[*forms]].assign(other=range(150))
    model = sh.Synthesizer("gaussian_copula", random_state=0).fit(
        table.assign(other=np.random.default_rng(0).normal(size=len(table)))
    )
    synthetic = model.sample(20)
    for name, form in forms.items():
        assert synthetic[name].dropna().astype(str).str.fullmatch(form).all(), name
