"""Two tables under one schema, each written in its own way."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.errors import FileError, ParameterError, TableError
from synthhealth.evaluation.forms import unit_notes
from synthhealth.evaluation.tables import read_tables
from synthhealth.io import read_table
from synthhealth.schema import Schema

PAIRS = Path(__file__).parents[2] / ".." / "shared" / "inputs" / "evaluate"

needs_pairs = pytest.mark.skipif(
    not PAIRS.is_dir(), reason="the pairs of tables do not lie beside the checkout"
)


def patients(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2022-01-01")
    return pd.DataFrame(
        {
            "age": rng.integers(20, 85, n),
            "sex": rng.choice(["F", "M"], n),
            "hb": rng.normal(12.8, 1.3, n).round(1),
            "visit": (start + pd.to_timedelta(rng.integers(0, 700, n), unit="D")).strftime(
                "%Y-%m-%d"
            ),
            "smoker": rng.choice(["no", "yes"], n, p=[0.7, 0.3]),
            "grade": rng.choice([1, 2, 3], n),
        }
    )


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    return patients(150, 0)


@pytest.fixture(scope="module")
def schema(real: pd.DataFrame) -> Schema:
    return Schema.detect(real)


FORMS = {
    "dates with a time": {"visit": lambda t: t["visit"] + " 00:00:00"},
    "dates by day": {"visit": lambda t: pd.to_datetime(t["visit"]).dt.strftime("%d/%m/%Y")},
    "dates that are dates": {"visit": lambda t: pd.to_datetime(t["visit"])},
    "decimal commas": {"hb": lambda t: t["hb"].map(lambda hb: f"{hb:.1f}".replace(".", ","))},
    "text": {"hb": lambda t: t["hb"].astype(str), "age": lambda t: t["age"].astype(str)},
    "truth values": {"smoker": lambda t: t["smoker"] == "yes"},
    "zeros and ones": {"smoker": lambda t: (t["smoker"] == "yes").astype(int)},
    "another language": {"smoker": lambda t: t["smoker"].map({"no": "Nein", "yes": "Ja"})},
    "capitals": {
        "smoker": lambda t: t["smoker"].str.upper(),
        "sex": lambda t: t["sex"].str.lower(),
    },
    "floats": {"grade": lambda t: t["grade"].astype(float), "age": lambda t: t["age"] * 1.0},
    "stages": {"grade": lambda t: "G" + t["grade"].astype(str)},
    "text of numbers": {"grade": lambda t: t["grade"].astype(str)},
}


@pytest.mark.parametrize("form", FORMS)
def test_the_second_table_is_read_in_its_own_form(
    form: str, real: pd.DataFrame, schema: Schema
) -> None:
    plain = patients(120, 1)
    written = plain.assign(**{name: write(plain) for name, write in FORMS[form].items()})
    expected = read_tables(real, plain, schema).synthetic.table
    found = read_tables(real, written, schema)
    for name in real.columns:
        same = found.synthetic.table[name].astype(object) == expected[name].astype(object)
        assert same.all(), name
    odd = {"truth values", "zeros and ones", "another language", "capitals", "stages"}
    assert bool(found.notes) == (form in {*odd, "text of numbers"})


def test_a_second_table_keeps_its_own_words_for_missing(real: pd.DataFrame, schema: Schema) -> None:
    words = patients(100, 1).astype({"hb": object})
    words.loc[:9, "hb"] = "n.d."
    words.loc[:4, "visit"] = "unknown"
    found = read_tables(real, words, schema).synthetic.table
    assert found["hb"].isna().sum() == 10
    assert found["visit"].isna().sum() == 5


def test_an_own_form_of_the_real_table_does_not_bind_the_other() -> None:
    """The real table has decimal commas and a word for missing, the other one points."""
    real = patients(150, 0)
    real["hb"] = real["hb"].map(lambda hb: f"{hb:.1f}".replace(".", ","))
    real.loc[:9, "hb"] = "fehlt"
    other = patients(100, 1)
    other["hb"] = other["hb"].astype(str)
    other.loc[:4, "hb"] = "not done"
    found = read_tables(real, other, Schema.detect(real))
    assert found.real.table["hb"].isna().sum() == 10
    assert found.synthetic.table["hb"].isna().sum() == 5
    assert found.synthetic.table["hb"].mean() == pytest.approx(12.8, abs=0.5)


@pytest.mark.parametrize("factor", [10.0, 0.1, 0.6206, 1000.0, 1.3])
def test_another_unit_is_named(factor: float, real: pd.DataFrame, schema: Schema) -> None:
    rng = np.random.default_rng(1)
    other = pd.DataFrame({"hb": rng.normal(12.8, 1.3, 100) * factor})
    wanted = schema.model_copy(update={"columns": (schema["hb"],)})
    notes = unit_notes(wanted, real, other, "synthetic")
    known = factor != 1.3
    assert len(notes) == known
    if known:
        assert notes[0].startswith("hb: ")
        assert "g/dL" in notes[0]
    assert not unit_notes(wanted, real, patients(100, 2), "synthetic")


def test_the_nearest_names_are_said(real: pd.DataFrame, schema: Schema) -> None:
    other = patients(50, 1).rename(columns={"hb": "HB ", "smoker": "smokers"})
    with pytest.raises(TableError, match=re.escape("'hb' (did you mean 'HB '?)")) as error:
        read_tables(real, other, schema)
    assert "'smoker' (did you mean 'smokers'?)" in str(error.value)


def test_a_column_that_numbers_the_rows_is_left_out_with_a_word(
    real: pd.DataFrame, schema: Schema
) -> None:
    other = patients(50, 1)
    other.insert(0, "Unnamed: 0", range(50))
    found = read_tables(real, other, schema)
    assert "Unnamed: 0" not in found.synthetic.table
    assert "only numbers the synthetic rows" in found.notes[0]
    other["Unnamed: 0"] = 7
    with pytest.raises(TableError, match="Unnamed: 0"):
        read_tables(real, other, schema)


def test_no_cell_stands_in_a_note(real: pd.DataFrame, schema: Schema) -> None:
    other = patients(50, 1)
    other["smoker"] = other["smoker"].str.upper()
    other.loc[0, "smoker"] = "told us of Mrs Qwertz"
    assert not any("Qwertz" in note for note in read_tables(real, other, schema).notes)


# The pairs of tables that users have had


OUTCOMES: dict[str, tuple[str, str]] = {
    # file: verdict, or words of the error; words of the findings
    "age_float": ("cannot tell", ""),
    "bom_semi": ("cannot tell", ""),
    "const_col": ("poor", "1 of 7 columns is worse"),
    "crp_censored": ("cannot tell", "beyond detection limits"),
    "crp_word": ("cannot tell", ""),
    "date9999": ("poor", "1 of 7 columns is worse"),
    "date_dmy": ("cannot tell", ""),
    "date_time": ("cannot tell", ""),
    "extra_col": ("columns that the real one lacks: ['z']", ""),
    "grade_float": ("cannot tell", ""),
    "grade_text": ("cannot tell", "grade: its stages are written with another name"),
    "hb_gL": ("poor", "about 10 times the real ones, which are in g/dL"),
    "implausible": ("cannot tell", ""),
    "inf": ("cannot tell", "crp (it holds infinite values in the synthetic table"),
    "missing_col": ("lacks columns of the real one: 'crp'", ""),
    "nan_col": ("poor", "crp (all its values in the synthetic table are missing)"),
    "ok": ("cannot tell", ""),
    "one_row": ("cannot tell", ""),
    "real": ("copied", ""),
    "renamed": ("'hb' (did you mean 'HB '?)", ""),
    "reordered": ("cannot tell", ""),
    "same_file": ("copied", ""),
    "sex_num": ("column 'sex': the real table holds text there, the synthetic one number", ""),
    "smoker_bool": ("cannot tell", "smoker: yes and no are spelled in other words"),
    "smoker_upper": ("cannot tell", "smoker: its levels are written with other capitals"),
    "three_rows": ("cannot tell", ""),
    "with_index": ("cannot tell", "'idx' only numbers the synthetic rows"),
    "zero_rows": ("there is a header but no rows", ""),
}
VERDICTS = ("good", "poor", "copied", "cannot tell")


@needs_pairs
@pytest.mark.parametrize("name", OUTCOMES)
def test_every_pair_of_tables_is_judged_or_refused_in_words(name: str) -> None:
    outcome, words = OUTCOMES[name]
    real = read_table(PAIRS / "real.csv")
    if outcome not in VERDICTS:
        with pytest.raises((TableError, FileError), match=re.escape(outcome)):
            sh.evaluate(real, read_table(PAIRS / f"{name}.csv"), parts=())
        return
    parts = ("copying",) if outcome == "copied" else ()
    report = sh.evaluate(real, read_table(PAIRS / f"{name}.csv"), parts=parts)
    assert report.evaluation.judgement.verdict == outcome
    assert words in report.summary(verbose=True).replace("\n  ", " ")


@needs_pairs
def test_all_pairs_have_their_outcome() -> None:
    assert {file.stem for file in PAIRS.glob("*.csv")} == set(OUTCOMES)


# What is asked is refused before anything is learned


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--analysis", "hb ~ age"), "statsmodels"),
        (("--outcome", "smokr"), "did you mean 'smoker'"),
        (("--by", "sx"), "no column 'sx'"),
        (("--analysis", "hb ~ weight"), "weight"),
    ],
)
def test_questions_are_refused_before_the_fit(
    asked: tuple[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if words == "statsmodels":
        find = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name, *more: None if name == "statsmodels" else find(name, *more),
        )

    def learned(*_: object, **__: object) -> None:
        raise AssertionError("it was learned before the question was looked at")

    monkeypatch.setattr(sh.Synthesizer, "fit", learned)
    patients(60, 0).to_csv(tmp_path / "real.csv", index=False)
    for verb in ("run", "cross-evaluate"):
        options = [verb, str(tmp_path / "real.csv"), "--out", str(tmp_path / verb), *asked]
        result = CliRunner().invoke(app, options)
        assert result.exit_code == 1, result.output
        assert words in " ".join(result.output.split())
    name = {"--analysis": "analyses", "--outcome": "outcomes", "--by": "by"}[asked[0]]
    with pytest.raises(ParameterError, match=re.escape(words)):
        sh.Synthesizer().cross_evaluate(patients(60, 0), 2, **{name: [asked[1]]})
