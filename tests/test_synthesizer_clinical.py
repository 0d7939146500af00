"""The way of a clinical table through the synthesizer: text, codes, limits, rules, identifiers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.errors import ConditionError, SchemaError, TableError
from synthhealth.schema import Column, Schema

N = 150


def written(numbers, decimals=2):
    return [f"{number:.{decimals}f}".replace(".", ",") for number in numbers]


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    """A table as a German laboratory exports it."""
    rng = np.random.default_rng(11)
    neutrophils = rng.lognormal(1.2, 0.3, N).round(1)
    lymphocytes = rng.lognormal(0.6, 0.3, N).round(1)
    crp = rng.lognormal(1.0, 1.2, N).clip(max=60)
    table = pd.DataFrame(
        {
            "patient": [f"P-{number:05d}" for number in rng.choice(99_999, N, replace=False)],
            "sex": rng.choice(["F", "M"], N),
            "seen": (pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 900, N), "D"))
            .strftime("%d.%m.%Y")
            .to_numpy(),
            "crp": np.where(crp < 1, "<1,00", written(crp)),
            "neutrophils": neutrophils,
            "lymphocytes": lymphocytes,
            "wbc": (neutrophils + lymphocytes + rng.lognormal(-0.5, 0.4, N)).round(1),
            "total": (neutrophils + lymphocytes).round(1),
            "stage": rng.choice(["II", "I", "III"], N, p=[0.3, 0.5, 0.2]),
            "smoker": rng.choice(["yes", "no", "not done"], N, p=[0.2, 0.6, 0.2]),
            "score": np.where(rng.random(N) < 0.2, -9, rng.integers(0, 30, N)),
        }
    )
    return table


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema(
        columns=(
            Column(name="patient", kind="identifier", protection="fake"),
            Column(name="sex", kind="nominal"),
            Column(name="seen", kind="datetime"),
            Column(name="crp", kind="continuous", unit="mg/L", plausible={"low": 0, "high": 60}),
            Column(name="neutrophils", kind="continuous"),
            Column(name="lymphocytes", kind="continuous"),
            Column(name="wbc", kind="continuous"),
            Column(name="total", kind="continuous"),
            Column(name="stage", kind="ordinal"),
            Column(name="smoker", kind="boolean", missing=("not done",)),
            Column(name="score", kind="count", missing=(-9,)),
        ),
        rules=("total = neutrophils + lymphocytes", "neutrophils + lymphocytes <= wbc"),
    )


@pytest.fixture(scope="module")
def fitted(real, schema) -> sh.Synthesizer:
    return sh.Synthesizer(schema=schema, random_state=0).fit(real)


@pytest.fixture(scope="module")
def fake(fitted) -> pd.DataFrame:
    return fitted.sample(1_000)


def test_written_as_the_laboratory_does(real, fake):
    assert list(fake.columns) == list(real.columns)
    assert (fake.dtypes == real.dtypes).all()
    assert fake["crp"].str.fullmatch(r"<1,00|\d+,\d\d").all()
    assert fake["seen"].str.fullmatch(r"\d\d\.\d\d\.202[1-3]").all()
    pd.to_datetime(fake["seen"], format="%d.%m.%Y")
    assert set(fake["stage"]) == {"I", "II", "III"}


def test_share_below_the_detection_limit(real, fake):
    """4 standard errors: a false alarm once in 16,000."""
    share = (real["crp"] == "<1,00").mean()
    error = 4 * np.sqrt(share * (1 - share) * (1 / N + 1 / 1_000))
    assert abs((fake["crp"] == "<1,00").mean() - share) < error
    known = fake["crp"][fake["crp"] != "<1,00"].str.replace(",", ".").astype(float)
    assert known.between(1, 60).all()


@pytest.mark.parametrize(("column", "code"), [("smoker", "not done"), ("score", -9)])
def test_codes_for_missing_values_come_back(real, fake, column, code):
    share = (real[column] == code).mean()
    error = 4 * np.sqrt(share * (1 - share) * (1 / N + 1 / 1_000))
    assert abs((fake[column] == code).mean() - share) < error
    assert fake[column].notna().all()
    if column == "score":
        assert fake.loc[fake["score"] != -9, "score"].between(0, 30).all()


def test_rules_hold_in_every_row(fitted, fake):
    cells = fake[["neutrophils", "lymphocytes", "wbc", "total"]]
    parts = cells["neutrophils"] + cells["lymphocytes"]
    assert (abs(parts - cells["total"]) < 1e-9).all()
    assert (parts <= cells["wbc"] + 1e-9).all()
    assert 0.5 < fitted.accept_rate_ <= 1


def test_identifiers_are_replaced_by_others_of_their_form(real, fake):
    assert fake["patient"].str.fullmatch(r"P-\d{5}").all()
    assert fake["patient"].is_unique


def test_identifiers_are_nowhere_in_the_saved_model(real, fitted, tmp_path):
    import zipfile

    fitted.save(tmp_path / "m.synth")
    with zipfile.ZipFile(tmp_path / "m.synth") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert not [one for one in real["patient"] if one.encode() in content]


def test_a_reloaded_one_draws_the_same(fitted, fake, tmp_path):
    fitted.save(tmp_path / "m.synth")
    again = sh.load(tmp_path / "m.synth")
    pd.testing.assert_frame_equal(
        again.sample(50, random_state=3), fitted.sample(50, random_state=3)
    )


def test_chunks_are_the_same_table(fitted, tmp_path):
    fitted.sample_to(tmp_path / "a.csv", 300, random_state=5)
    whole = fitted.sample(300, random_state=5)
    read = pd.read_csv(tmp_path / "a.csv", dtype=whole.dtypes.to_dict())
    pd.testing.assert_frame_equal(read, whole)


def test_conditions_in_the_form_of_the_table(fitted):
    drawn = fitted.sample(20, conditions={"crp": "12,50", "stage": "II"})
    assert (drawn["crp"] == "12,50").all()
    assert (drawn["stage"] == "II").all()
    assert (fitted.sample(20, conditions={"crp": 12.5})["crp"] == "12,50").all()


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"total": 5.0}, "computes it"),
        ({"patient": "P-00001"}, "identifies people"),
        ({"crp": "<1,00"}, "detection limit"),
        ({"crp": "Mustermann"}, "not written as"),
        ({"crp": 12.345}, "decimals"),
        ({"smoker": "perhaps"}, "no such category"),
    ],
)
def test_conditions_that_cannot_be(fitted, conditions, words):
    with pytest.raises(ConditionError, match=words) as caught:
        fitted.sample(5, conditions=conditions)
    assert next(iter(conditions)) in str(caught.value)
    assert "Mustermann" not in str(caught.value)


def test_conditional_rules(real, schema):
    narrow = schema.model_copy(update={"rules": ("if sex == 'F' then neutrophils < 30",)})
    synthesizer = sh.Synthesizer(schema=narrow, random_state=0).fit(real)
    assert (synthesizer.sample(10, {"sex": "F"})["neutrophils"] < 30).all()


def test_a_search_in_vain_ends_with_a_count(real, schema, monkeypatch):
    """The condition asks for what the rule forbids."""
    monkeypatch.setattr("synthhealth.models.drawing.MAX_DRAWN", 1_000)
    rules = ("if sex == 'F' then neutrophils < 30", "not (sex == 'M' and score == 1)")
    changed = schema.model_copy(update={"rules": rules})
    synthesizer = sh.Synthesizer(schema=changed, random_state=0).fit(real)
    with pytest.raises(ConditionError, match=r"0 of 10 rows .*score == 1"):
        synthesizer.sample(10, {"sex": "M", "score": 1})


def test_a_rule_that_the_table_breaks_is_refused_with_the_count(real, schema):
    wrong = schema.model_copy(update={"rules": ("neutrophils > wbc",)})
    with pytest.raises(SchemaError, match="150 of the 150 rows"):
        sh.Synthesizer(schema=wrong).fit(real)


def test_an_identifier_without_a_choice_is_refused(real, schema):
    columns = (Column(name="patient", kind="identifier"), *schema.columns[1:])
    with pytest.raises(SchemaError, match="--protect"):
        sh.Synthesizer(schema=schema.model_copy(update={"columns": columns})).fit(real)


def test_a_dropped_identifier_is_not_drawn(real, schema):
    columns = (
        Column(name="patient", kind="identifier", protection="drop"),
        *schema.columns[1:],
    )
    synthesizer = sh.Synthesizer(
        schema=schema.model_copy(update={"columns": columns}), random_state=0
    ).fit(real)
    assert "patient" not in synthesizer.sample(5).columns


def test_values_beyond_the_plausible_range_are_counted_not_shown(real, schema):
    score = Column(name="score", kind="count", plausible={"low": 0})
    columns = tuple(score if column.name == "score" else column for column in schema)
    synthesizer = sh.Synthesizer(schema=schema.model_copy(update={"columns": columns}))
    with pytest.raises(TableError, match=r"'score': \d+ values lie outside") as caught:
        synthesizer.fit(real)
    assert "-9" not in str(caught.value)


def test_the_table_is_not_changed(real, schema):
    before = real
    after = before.copy()
    sh.Synthesizer(schema=schema, random_state=0).fit(after)
    pd.testing.assert_frame_equal(before, after)


def test_conditions_that_no_rule_allows_are_given_up_soon(real, schema, monkeypatch):
    from synthhealth.models import drawing

    calls = []
    drawn = drawing.sample_known
    monkeypatch.setattr(drawing, "sample_known", lambda *a, **k: calls.append(1) or drawn(*a, **k))
    model = sh.Synthesizer(schema=schema, random_state=0).fit(real)
    conditions = {"neutrophils": 4.0, "lymphocytes": 2.0, "wbc": 4.5}
    with pytest.raises(ConditionError, match="rules: 0 of 2 rows"):
        model.sample(2, conditions=conditions)
    assert len(calls) < 30


def test_rules_do_not_favour_rows_with_gaps():
    """A rule is kept where a value is missing; redrawing must not make gaps more frequent.

    4 standard errors of a share: a false alarm once in 16,000.
    """
    rng = np.random.default_rng(0)
    n = 400
    total = rng.lognormal(2, 0.5, n).round(1)
    table = pd.DataFrame({"wbc": total, "lymphocytes": (total * rng.beta(6, 2, n)).round(1)})
    table["crp"] = rng.lognormal(1, 1, n).round(1)
    table.loc[rng.random(n) < 0.3, "lymphocytes"] = np.nan
    columns = tuple(Column(name=name, kind="continuous") for name in table)
    schema = Schema(columns=columns, rules=("lymphocytes <= wbc",))
    synthesizer = sh.Synthesizer("tvae", schema=schema, random_state=0, steps=20).fit(table)
    fake = synthesizer.sample(4_000)
    assert synthesizer.accept_rate_ < 0.9
    assert not (fake["lymphocytes"] > fake["wbc"]).any()
    share = table["lymphocytes"].isna().mean()
    error = 4 * np.sqrt(share * (1 - share) * (1 / n + 1 / 4_000))
    assert abs(fake["lymphocytes"].isna().mean() - share) < error


def test_a_condition_in_some_rows_leaves_the_others_as_they_are(fitted):
    asked = pd.DataFrame({"crp": ["12,50", None] * 100})
    drawn = fitted.sample(conditions=asked, random_state=1)["crp"]
    assert (drawn[::2] == "12,50").all()
    known = drawn[1::2][drawn[1::2] != "<1,00"].str.replace(",", ".").astype(float)
    assert known.between(1, 60).all()
    assert 0 < (drawn[1::2] == "<1,00").mean() < 0.5
