"""Codes, levels, doses and titres are no quantities; codes for missing values are no results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthhealth.io import read_with_form, write_table
from synthhealth.schema import Column, Schema, propose, read_column
from synthhealth.schema.rare import plan
from synthhealth.synthesizer import Synthesizer

INPUTS = Path(__file__).parents[2] / ".." / "shared" / "inputs"
N = 150


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def detected(values, name: str = "x") -> Column:
    return Schema.detect(pd.DataFrame({name: values}))[name]


def doubts(values, name: str = "x"):
    return propose(pd.DataFrame({name: values})).findings[0].doubts


def repeated(levels, n: int = N) -> list:
    return [*levels, *rng().choice(np.array(levels, dtype=object), n - len(levels))]


# Levels


@pytest.mark.parametrize(
    ("name", "levels", "kind"),
    [
        ("ethnicity", [1, 2, 3, 4, 5, 6, 7], "nominal"),
        ("hospital", [101, 102, 104, 110, 115, 120, 131], "nominal"),
        ("ward", range(1, 13), "nominal"),
        ("concept_id", range(8507, 9000, 37), "nominal"),
        ("drg", [1, 2, 3, 4, 7, 14, 207, 470, 871], "nominal"),
        ("icd9", [250.0, 250.01, 401.9, 414.01, 486.0, 428.0], "nominal"),
        ("snomed", [38341003, 44054006, 73211009, 195967001], "nominal"),
        ("month", range(1, 13), "ordinal"),
        ("weekday", range(7), "ordinal"),
        ("education", [1, 2, 3, 4, 5, 6, 7, 8], "ordinal"),
        # By their values alone.
        ("x", [2.5, 5, 10, 20, 40, 60, 80], "ordinal"),
        ("x", [25, 50, 75, 100, 150, 200], "ordinal"),
        ("x", [10, 20, 40, 80, 160, 320], "ordinal"),
        ("x", [101, 102, 104, 110, 115, 120, 131], "ordinal"),
        ("x", [27130, 27447, 45378, 47562, 66984, 99213, 99214, 99285], "nominal"),
        # Quantities: no numbers are left out, or nobody chose them from a list.
        ("visits", range(9), "count"),
        ("pain", range(11), "count"),
        ("hospital days", [0, 1, 2, 3, 4, 5, 6], "count"),
        ("ward_count", range(1, 9), "count"),
        ("age", range(20, 80), "count"),
        ("das28", np.arange(20, 70) / 10, "continuous"),
        ("platelets", range(150, 450, 7), "count"),
        ("systolic bp", range(100, 200, 10), "count"),
        ("income", range(20_000, 60_000, 1_000), "count"),
        ("potassium", np.arange(34, 53) / 10, "continuous"),
    ],
)
def test_numbers_are_levels_or_quantities(name, levels, kind):
    assert detected(repeated(list(levels)), name).kind.value == kind


@pytest.mark.parametrize("as_text", [False, True])
def test_levels_are_in_doubt_and_can_be_said_to_be_a_quantity(as_text):
    values = pd.Series(repeated([2.5, 5.0, 10.0, 20.0, 40.0, 60.0]))
    values = values.map(lambda one: f"{one:g} mg") if as_text else values.astype(float)
    (doubt,) = doubts(values, "statin")
    assert "only those that occur are drawn" in doubt
    assert (doubt.weight, doubt.settle) == (2, "kind: continuous")


def test_the_tail_of_a_count_has_gaps_too():
    values = rng().poisson(2, 400)
    assert detected([*values, 11, 11, 11, 14, 14, 14]).kind.value == "count"


@pytest.mark.parametrize("n_rare", [0, 3])
def test_only_numbers_that_occur_are_drawn(n_rare):
    levels = [2.5, 5.0, 10.0, 20.0, 40.0, 60.0]
    table = pd.DataFrame({"statin dose": repeated(levels), "icd9": repeated([250.0, 401.9, 486.0])})
    table = table.astype(float)
    table.loc[: n_rare - 1, "icd9"] = 7.1
    fake = Synthesizer(random_state=0).fit(table).sample(300)
    assert set(fake["statin dose"]) <= set(levels)
    assert set(fake["icd9"]) == {250.0, 401.9, 486.0}


@pytest.mark.parametrize(
    "levels",
    [
        ["<40", "40", "80", "160", "320", ">640"],
        ["2,5", "5", "10", "20", "40", "60"],
        ["1 mg", "2 mg", "4 mg", "8 mg", "16 mg", "32 mg"],
    ],
)
def test_levels_written_as_text_stay_as_they_are(levels):
    column = detected(repeated(levels))
    assert (column.kind.value, column.levels) == ("ordinal", tuple(levels))


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("x", ["M05.79", "I10", "E11.9", "C50.9", "N18.3"]),
        ("x", ["F20", "F32", "F33", "F41", "F60"]),
        ("x", ["007.1", "250.00", "401.9", "V45.1", "E885.9"]),
        ("x", ["4548-4", "1988-5", "718-7", "2345-7"]),
        ("x", ["C09AA05", "C07AB02", "A10BA02"]),
        ("x", ["0093-0058-01", "49502-500-02"]),
        ("ndc", ["00093005801", "49502050002", "00002143380"]),
        ("ward", ["01", "02", "10"]),
        ("icd9", ["250.00", "401.90", "186.60", "420.83", "798.15", "534.85"]),
        ("diagnosis_code", ["4808", "12526", "36982", "6155", "20167", "81225"]),
        ("hospital", ["101", "102", "104", "110", "115", "131"]),
    ],
)
def test_codes_written_as_text_stay_as_they_are(name, codes):
    column = detected(repeated(codes), name)
    assert (column.kind.value, column.levels, column.notation) == ("nominal", None, None)
    table = pd.DataFrame({name: repeated(codes), "crp": rng().lognormal(size=N).round(2)})
    assert set(Synthesizer(random_state=0).fit(table).sample(100)[name]) <= set(codes)


def test_numbers_in_the_form_of_icd_9_are_numbers_still():
    platelets = [f"{value:.1f}" for value in rng().normal(250, 40, N)]
    assert detected(platelets, "platelets").kind.value == "continuous"


def test_a_number_is_never_pooled_under_a_word():
    codes = pd.Series([*repeated(["101", "102", "104"]), "977", "978", "978", "979", "979", "980"])
    found = plan(codes, Column(name="x", kind="nominal"), 5)
    assert (found.rule, found.pool) == ("drop", None)


# Codes for missing values


RESULTS = {
    "bmi": rng().normal(26, 4, N).round(1).clip(15, 45),
    "weight": rng().normal(70, 9, N).round().clip(45, 95),
    "count": rng().poisson(2, N),
    "answers": rng().integers(1, 5, N),
    "yes and no": rng().integers(0, 2, N),
    "platelets": rng().normal(180, 30, N).round().clip(100, 260),
}


@pytest.mark.parametrize(
    ("results", "codes"),
    [
        ("bmi", (99.9,)),
        ("bmi", (666, 777)),
        ("bmi", (9999.99,)),
        ("bmi", (-1,)),
        ("weight", (-9, 999)),
        ("weight", (777, 888)),
        ("weight", (-99, -8, -7)),
        ("count", (77, 88, 99)),
        ("count", (97, 98, 99)),
        ("answers", (9,)),
        ("answers", (8, 9)),
        ("answers", (88, 99)),
        ("yes and no", (7, 9)),
        ("yes and no", (-9, -8, -7)),
        ("platelets", (8888,)),
        ("platelets", (99999,)),
    ],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_far_repeated_codes_are_missing(results, codes, as_text):
    values = pd.Series([*RESULTS[results], *[code for code in codes for _ in range(40)]])
    if as_text:
        values = values.map(lambda one: f"{one:g}".replace(".", ","))
        codes = tuple(f"{code:g}".replace(".", ",") for code in codes)
    column = detected(values)
    assert set(column.missing) == set(codes)
    read = read_column(values, column)
    assert (read.missing > 0).sum() == 40 * len(codes)
    first = doubts(values)[0]
    assert "apart from all other numbers" in first
    assert (first.weight, first.settle) == (2, "missing: []")


@pytest.mark.parametrize(
    "values",
    [
        [*range(20, 100), 99, 99, 99, 88, 88, 77, 77],  # ages
        [*RESULTS["weight"], 77, 77, 77, 77, 99, 99, 99],  # weights
        [-1, 0, 1] * 50,  # worse, the same, better
        [-1, 1] * 60,
        [*range(-12, 13)] * 6,  # a base excess
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] * 15,
        [0] * 80 + [1] * 40 + [2] * 20 + [3] * 10 + [4] * 5 + [9],
        [*RESULTS["platelets"], 666, 777],  # each once
        [97, 98, 99, 96, 95, 94, 93] * 20,  # a saturation
        [*np.arange(0, 100.5, 0.5), 99.9, 99.9, 99.9],
    ],
)
def test_what_is_near_the_others_or_not_repeated_is_no_code(values):
    assert detected(values).missing == ()


def test_they_are_never_averaged_with_and_written_again():
    table = pd.DataFrame({"bmi": RESULTS["bmi"], "crp": rng().lognormal(size=N).round(2)})
    table.loc[table.index % 10 == 0, "bmi"] = 99.9
    fake = Synthesizer(random_state=0).fit(table).sample(500)["bmi"]
    assert (fake == 99.9).mean() == pytest.approx(0.1, abs=0.05)
    # Between the two, where averages of them would lie, there is nothing.
    assert fake[fake != 99.9].between(10, 50).all()


def test_that_they_are_none_can_be_said():
    values = pd.Series([*RESULTS["bmi"], *[99.9] * 8])
    said = Column(name="x", kind="continuous", missing=())
    assert (read_column(values, said).missing == 0).all()


def test_any_other_far_spike_is_a_doubt_that_does_not_say_which():
    (doubt,) = doubts([*RESULTS["platelets"].astype(int), *[5000] * 30])
    assert doubt.weight == 3
    assert "5000" not in doubt


# Words for missing values that are levels


@pytest.mark.parametrize("kind", ["nominal", "ordinal", "boolean"])
@pytest.mark.parametrize("dtype", ["object", "category"])
def test_a_word_for_missing_can_be_said_to_be_a_level(kind, dtype, tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text(
        f"columns:\n- {{name: etoh, kind: {kind}, levels: [NA, Heavy]}}\n"
        "- {name: crp, kind: continuous}\n",
        "utf-8",
    )
    table = pd.DataFrame(
        {
            "etoh": pd.Series(["NA", "Heavy", "NA"] * 30).astype(dtype),
            "crp": rng().lognormal(size=90).round(2),
        }
    )
    model = Synthesizer(schema=Schema.from_file(path), random_state=0).fit(table)
    assert model.schema_["etoh"].missing == ()
    fake = model.sample(200)["etoh"]
    assert (fake == "NA").mean() == pytest.approx(2 / 3, abs=0.12)


@pytest.mark.parametrize("word", ["None", "null", "NA", "n/a", "nan"])
def test_each_word_can_be_a_level_in_a_schema_file(word, tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text(f"columns:\n- {{name: x, kind: nominal, levels: ['{word}', Heavy]}}\n", "utf-8")
    column = Schema.from_file(path)["x"]
    read = read_column(pd.Series([word, "Heavy", None]), column)
    assert read.missing.tolist() == [0, 0, 1]


# The files


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Give a file's cells as text, and those of a synthetic one."""
    found: dict[str, tuple[pd.DataFrame, pd.DataFrame, Schema]] = {}

    def cells(name: str) -> tuple[pd.DataFrame, pd.DataFrame, Schema]:
        source = INPUTS / name
        if not source.is_file():
            pytest.skip(f"{name} is not beside this checkout")
        if name not in found:
            table, form = read_with_form(source)
            model = Synthesizer(random_state=0).fit(table)
            target = tmp_path_factory.mktemp("codes") / name
            write_table(model.sample(1_000), target, form=form)
            as_text = {"dtype": str, "keep_default_na": False}
            real, fake = (pd.read_csv(one, **as_text) for one in (source, target))
            found[name] = real, fake, model.schema_
        return found[name]

    return cells


NOMINAL = "icd10 icd9 icd9_2dec icd9_nodot diagnosis_code drg cpt snomed concept_id ward drug"
KINDS = {
    "d02_discrete_numbers.csv": {
        "ethnicity": "nominal",
        "statin_mg": "ordinal",
        "hospital": "nominal",
        "titre": "ordinal",
    },
    "d05_codes_many.csv": {
        **dict.fromkeys(NOMINAL.split(), "nominal"),
        "month": "ordinal",
        "weekday": "ordinal",
    },
    "c10_codes.csv": dict.fromkeys(
        ["icd10", "icd9", "loinc", "atc", "ndc", "snomed", "icd9_num", "ward"], "nominal"
    ),
    "c15_codes_int.csv": {
        "sex12": "nominal",
        "educ": "ordinal",
        "race": "nominal",
        "redcap": "ordinal",
        "neg": "boolean",
        "smk": "nominal",
        "occ": "nominal",
        **dict.fromkeys(["num", "num2", "num3"], "count"),
        **dict.fromkeys(["num4", "num5"], "continuous"),
    },
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds_in_files(files, name):
    schema = files(name)[2]
    assert {one: schema[one].kind.value for one in KINDS[name]} == KINDS[name]
    assert schema["age"].kind.value == "count"


@pytest.mark.parametrize("name", KINDS)
def test_no_code_is_new_and_none_of_a_few_patients(files, name):
    real, fake, _ = files(name)
    for column, kind in KINDS[name].items():
        if kind in ("count", "continuous"):
            continue
        counts = real[column].value_counts()
        words = {"other"} if column in ("icd10", "drug") else set()
        assert set(fake[column]) <= set(counts[counts >= 5].index) | words, column


MISSING = {
    "educ": {"9"},
    "race": {"88", "99"},
    "redcap": {"666", "777", "888", "999"},
    "neg": {"-7", "-8", "-9"},
    "num": {"999"},
    "num2": {"777"},
    "num3": {"-1"},
    "num4": {"99.9"},
    "num5": {"9999.99"},
}


@pytest.mark.parametrize("column", MISSING)
def test_codes_for_missing_values_in_a_file(files, column):
    real, fake, schema = files("c15_codes_int.csv")
    assert {str(code) for code in schema[column].missing} == MISSING[column]
    for code in MISSING[column]:
        share = (real[column] == code).mean()
        assert (fake[column] == code).mean() == pytest.approx(share, abs=0.05)
    known = pd.to_numeric(fake[column][~fake[column].isin(MISSING[column])])
    right = pd.to_numeric(real[column][~real[column].isin(MISSING[column])])
    assert known.mean() == pytest.approx(right.mean(), rel=0.15)
    assert known.max() < 1.2 * right.max()


def test_words_for_missing_values_in_a_file(files):
    """Read from CSV, they are missing; every level beside them stays what it is."""
    real, fake, _ = files("c16_na_words.csv")
    missing = {"NA", "None", "null", ""}
    for name in ("analyte", "meds", "region", "etoh", "allerg", "null"):
        levels = set(real[name]) - missing
        assert set(fake[name]) - missing == levels
        for level in levels:
            share = (real[name] == level).mean()
            # 4 standard errors of 150 patients of which a fifth is left out, of the noise on a
            # share and of 1,000 rows: once in 16,000.
            assert (fake[name] == level).mean() == pytest.approx(share, abs=0.14)
