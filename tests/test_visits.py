"""Tables with several rows per patient, from the file to the model, the rows and the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.artifact import scan
from synthhealth.cli import app
from synthhealth.errors import ParameterError
from synthhealth.evaluation.tables import read_tables
from synthhealth.schema import propose
from synthhealth.schema.subjects import subjects_of

INPUTS = Path(__file__).parents[1] / ".." / "shared" / "inputs"


PATIENTS, VISITS = 40, 5
RARE = "Takayasu arteritis"
NAMES = ["Smith", "Khan", "Weber", "Rossi", "Haddad", "Novak", "Silva", "Moreau"]


@pytest.fixture(scope="module")
def visits() -> pd.DataFrame:
    """Forty patients with five visits; one of them alone has a diagnosis, in all its visits."""
    rng = np.random.default_rng(0)

    def each(values):
        return np.repeat(np.asarray(values, dtype=object), VISITS)

    diagnosis = rng.choice(["RA", "SLE", "gout"], PATIENTS).astype(object)
    diagnosis[7] = RARE
    names = [f"{NAMES[i % 8]}{chr(97 + i // 8)} {NAMES[-1 - i // 8]}" for i in range(PATIENTS)]
    return pd.DataFrame(
        {
            "patient_id": each([f"RA-{1000 + 37 * i}" for i in range(PATIENTS)]),
            "patient_name": each(names),
            "diagnosis": each(diagnosis),
            "age": np.repeat(rng.integers(20, 90, PATIENTS), VISITS),
            "visit": np.tile(np.arange(1, VISITS + 1), PATIENTS),
            "crp": rng.lognormal(1, 1, PATIENTS * VISITS).round(2),
        }
    )


@pytest.fixture(scope="module")
def fitted(visits):
    schema = propose(visits).schema.with_protection("drop")
    return sh.Synthesizer(schema=schema, random_state=0).fit(visits)


def test_each_synthetic_row_is_a_new_patient(visits, fitted):
    fake = fitted.sample(300)
    assert fake["patient_id"].tolist() == [f"S{i:04d}" for i in range(1, 301)]
    assert list(fake.columns) == [name for name in visits if name != "patient_name"]
    assert (fitted.n_rows_, fitted.n_patients_) == (PATIENTS * VISITS, PATIENTS)


def test_they_run_on_through_chunks_and_numbers_stay_numbers(visits, tmp_path):
    numbered = visits.drop(columns="patient_name").assign(
        patient_id=np.repeat(np.arange(5000, 5000 + PATIENTS), VISITS)
    )
    model = sh.Synthesizer(random_state=0).fit(numbered)
    path = model.sample_to(tmp_path / "fake.csv", 25, chunk_size=10)
    fake = pd.read_csv(path)
    assert fake["patient_id"].tolist() == list(range(1, 26))
    assert model.sample(5)["patient_id"].dtype == numbered["patient_id"].dtype


def test_a_patient_of_five_visits_is_no_group_of_five(visits, fitted, tmp_path):
    """Its diagnosis stands in five rows; it is in no row, no model and no report."""
    assert (visits["diagnosis"] == RARE).sum() == VISITS
    fake = fitted.sample(500, random_state=1)
    assert set(fake["diagnosis"]) == {"RA", "SLE", "gout"}
    path = fitted.save(tmp_path / "model.synth")
    report = fitted.evaluate(synthetic=fake)
    report.to_json(tmp_path / "report.json")
    report.to_html(tmp_path / "report.html")
    for file in ("model.synth", "report.json", "report.html"):
        content = (tmp_path / file).read_bytes()
        for text in (RARE, "RA-1037", *set(visits["patient_name"])):
            assert text.encode() not in content, (file, text)
    assert "diagnosis" in fitted.rare_levels_
    assert not scan(path, visits).found_anything
    again = sh.load(path)
    assert again.n_patients_ == PATIENTS
    assert again.sample(500, random_state=1).equals(fake)


def test_the_scan_counts_patients(visits, fitted, tmp_path):
    """What one patient has in five visits is still one patient's."""
    kept = fitted.schema_
    columns = [
        one.model_copy(update={"rare": "keep", "levels": None}) if one.name == "diagnosis" else one
        for one in kept
    ]
    schema = kept.model_copy(update={"columns": tuple(columns)})
    model = sh.Synthesizer(schema=schema, random_state=0).fit(visits)
    found = scan(model.save(tmp_path / "model.synth"), visits)
    finding = next(one for one in found.findings if one.what.startswith("categories"))
    assert (finding.searched, finding.found, finding.kept) == (1, 0, 1)
    asked = schema.model_copy(
        update={"columns": tuple(one.model_copy(update={"rare": None}) for one in columns)}
    )
    assert scan(tmp_path / "model.synth", visits, asked).found_anything


def test_it_is_said_that_visits_are_taken_apart(visits, caplog):
    table = visits.drop(columns="patient_name")
    for schema in (None, propose(table).schema):
        caplog.clear()
        sh.Synthesizer(schema=schema, random_state=0).fit(table)
        (line,) = [one for one in caplog.messages if one.startswith("column 'patient_id'")]
        assert "the order of visits" in line
        assert "--subject patient_id" in line
    once = table.drop(columns="visit").iloc[::VISITS]
    schema = propose(once).schema.with_subject("patient_id")
    caplog.clear()
    sh.Synthesizer(schema=schema, random_state=0).fit(once)
    assert "patient_id" not in caplog.text


def test_folds_never_part_a_patient(visits, monkeypatch):
    folds = []
    fit = sh.Synthesizer.fit

    def remember(self, table, **options):
        folds.append(table)
        return fit(self, table, **options)

    monkeypatch.setattr(sh.Synthesizer, "fit", remember)
    table = visits.drop(columns="patient_name").sample(frac=1, random_state=1)
    synthesizer = sh.Synthesizer(random_state=0)
    report = synthesizer.cross_evaluate(table, 3)
    whole = set(table["patient_id"])
    unseen = [whole - set(training["patient_id"]) for training in folds]
    assert set().union(*unseen) == whole
    assert sum(map(len, unseen)) == PATIENTS
    assert all(len(training) == VISITS * training["patient_id"].nunique() for training in folds)
    assert report.evaluation.n_real == PATIENTS
    assert report.evaluation.n_real_all == PATIENTS * VISITS
    with pytest.raises(ParameterError, match=r"half the number of patients \(20\)"):
        synthesizer.cross_evaluate(table, 21)


def test_one_row_of_each_patient_is_compared(visits, fitted):
    fake = fitted.sample(100)
    tables = read_tables(visits, fake, fitted.schema_, training=visits)
    assert len(tables.real.table) == len(set(tables.real.subjects.tolist())) == PATIENTS
    assert len(tables.training.table) == len(tables.everyone.table) == PATIENTS * VISITS
    assert tables.synthetic.subjects is None
    # Where visits are not equally many every row is as likely to be taken.
    some = visits.drop(range(VISITS * 10, VISITS * PATIENTS, VISITS))
    sizes = some["patient_id"].value_counts()
    taken = read_tables(some, fake, fitted.schema_).real
    assert len(taken.table) < sizes.size
    assert len(set(taken.subjects.tolist())) == len(taken.table)


def test_learned_patients_are_not_unseen(visits, fitted):
    training, holdout = visits.iloc[: 30 * VISITS], visits.iloc[20 * VISITS :]
    tables = read_tables(
        holdout, fitted.sample(50), fitted.schema_, training=training, unseen=holdout
    )
    assert tables.n_learned_again == 10
    assert not set(tables.unseen.subjects.tolist()) & set(tables.training.subjects.tolist())
    report = sh.evaluate(holdout, fitted.sample(50), fitted.schema_, training=training, parts=())
    assert report.evaluation.n_learned_again == 10
    assert "10 patients of the holdout had been learned" in " ".join(
        report.summary(verbose=True).split()
    )


def test_a_patients_own_visits_are_not_near(visits, fitted):
    """All visits of a patient are nearly the same; new patients are not held against that."""
    rng = np.random.default_rng(3)
    table = visits.drop(columns=["patient_name", "visit", "diagnosis"]).assign(
        crp=np.repeat(rng.lognormal(1, 1, PATIENTS), VISITS) + rng.normal(0, 1e-3, len(visits)),
        ldh=np.repeat(rng.normal(200, 50, PATIENTS), VISITS),
    )
    model = sh.Synthesizer(random_state=0).fit(table)
    figures = {one.name: one for one in model.evaluate().evaluation.metrics}
    assert figures["near_rows"].state != "copied"
    copied = sh.evaluate(table, table, propose(table).schema, real_is="training")
    figures = {one.name: one for one in copied.evaluation.metrics}
    assert figures["near_rows"].state == "copied"
    # For each row one of 40 patients at random is left out, which may be its own.
    assert figures["near_rows"].value > 0.9


@pytest.mark.parametrize(
    ("name", "subject", "n"),
    [
        ("d09_visits_ids.csv", "patient_id", 40),
        ("b14_visits.csv", "patient", 50),
        ("b13_long_lab.csv", "patient_id", 60),
    ],
)
def test_files_of_visits(name, subject, n, tmp_path):
    file = INPUTS / name
    if not file.is_file():
        pytest.skip("the small input files are not beside this checkout (shared/inputs)")
    real = pd.read_csv(file, dtype=str)
    result = CliRunner().invoke(
        app, ["fit", str(file), "--out", str(tmp_path / "m.synth"), "--protect", "drop"]
    )
    assert result.exit_code == 0, result.output
    model = sh.load(tmp_path / "m.synth")
    assert (model.schema_.subject, model.n_patients_) == (subject, n)
    fake = model.sample(200).astype(str)
    people = {"patient", "patient_id", "mrn", "patient_name", "phone", "email"} & set(real)
    secrets = {cell for column in people for cell in real[column]}
    assert not secrets & set(fake.to_numpy().ravel())
    assert set(fake) & people == {subject}


def test_the_command_line(visits, tmp_path):
    table = visits.drop(columns="patient_name").rename(columns={"patient_id": "who"})
    table.to_csv(tmp_path / "real.csv", index=False)
    runner = CliRunner()

    def run(*words):
        result = runner.invoke(app, [str(word) for word in words])
        assert result.exit_code == 0, result.output
        return result.output

    schema = tmp_path / "schema.yaml"
    run("schema", tmp_path / "real.csv", "--subject", "who", "--out", schema)
    assert "subject: who" in schema.read_text("utf-8")
    said = run("fit", tmp_path / "real.csv", "--subject", "who", "--out", tmp_path / "m.synth")
    assert "200 rows of 40 patients, each as a patient of its own" in said
    assert sh.load(tmp_path / "m.synth").sample(2)["who"].tolist() == ["S0001", "S0002"]
    run("describe", tmp_path / "real.csv", "--subject", "who", "--json", tmp_path / "d.json")
    described = json.loads((tmp_path / "d.json").read_text("utf-8"))
    assert RARE not in json.dumps(described)
    assert described["left_out"] == ["who"]
    result = runner.invoke(app, ["describe", str(tmp_path / "real.csv"), "--subject", "whom"])
    assert result.exit_code == 1
    assert "did you mean 'who'" in result.output


def test_rows_without_a_patient_count_as_one(visits):
    table = visits.assign(patient_id=visits["patient_id"].mask(visits.index % VISITS == 0))
    schema = propose(table).schema
    assert schema.subject == "patient_id"
    assert len(set(subjects_of(table, schema).tolist())) == PATIENTS + 1
