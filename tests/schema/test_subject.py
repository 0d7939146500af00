"""Tables with several rows per patient: the column that says whose row it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthhealth.errors import ParameterError, SchemaError
from synthhealth.schema import Column, Protection, Schema, propose
from synthhealth.schema.check import check_singled_out
from synthhealth.schema.subjects import count_patients, n_patients, subjects_of
from synthhealth.table.censoring import frequent_limits
from synthhealth.table.learning import prepare
from synthhealth.table.limits import learn_limits
from synthhealth.table.preparation import Preparation

PATIENTS, VISITS = 30, 4


def visits(**columns) -> pd.DataFrame:
    """Thirty patients with four visits each; a column is given by patient or by visit."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age": np.repeat(rng.integers(20, 90, PATIENTS), VISITS),
            "sex": np.repeat(rng.choice(["F", "M"], PATIENTS), VISITS),
            "visit": np.tile(np.arange(1, VISITS + 1), PATIENTS),
            "crp": rng.lognormal(1, 1, PATIENTS * VISITS).round(1),
        }
    )
    for place, (name, values) in enumerate(columns.items()):
        cells = np.asarray(values, dtype=object)
        cells = np.repeat(cells, VISITS) if len(cells) == PATIENTS else cells
        table.insert(place, name, pd.Series(cells).infer_objects())
    return table


CODES = [f"RA-{number}" for number in range(1000, 1000 + PATIENTS)]


def learned(table, schema=None) -> Preparation:
    known = schema or Schema.detect(table)
    return prepare(table, known, np.random.default_rng(0))[0]


@pytest.mark.parametrize(
    "name",
    ["patient_id", "PatientID", "subject", "pat_no", "USUBJID", "Patientennummer", "رقم المريض"],
)
def test_a_name_that_says_patient(name):
    found = propose(visits(**{name: CODES}))
    assert found.schema.subject == name
    assert found.schema[name].kind.value == "identifier"
    (doubt,) = found.findings[0].doubts
    assert (doubt.weight, doubt.settle) == (3, f"--subject {name}")
    assert "120 rows of 30 patients" in doubt
    assert "the order of visits" in doubt


def test_numbers_and_rows_in_any_order():
    table = visits(patient_id=range(7001, 7001 + PATIENTS)).sample(frac=1, random_state=0)
    assert propose(table).schema.subject == "patient_id"


@pytest.mark.parametrize("name", ["id", "MRN", "Hospital No", "ID code"])
def test_a_number_beside_which_sex_and_age_stay(name):
    assert propose(visits(**{name: CODES})).schema.subject == name
    # Without what lasts, a repeated number may be a ward's or a drug's.
    alone = visits(**{name: CODES}).drop(columns=["age", "sex"])
    assert propose(alone).schema.subject is None


def test_the_patient_goes_before_its_visit_its_record_and_its_name():
    surnames = [f"Smith{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(PATIENTS)]
    table = visits(
        encounter_id=np.repeat(np.arange(5000, 5000 + 2 * PATIENTS), 2),
        patient_name=surnames,
        mrn=range(100, 100 + PATIENTS),
        patient_id=CODES,
    )
    found = propose(table)
    assert found.schema.subject == "patient_id"
    # What hides in several rows is seen when each patient is looked at once.
    kinds = {column.name: column.kind.value for column in found.schema}
    assert kinds["patient_name"] == kinds["mrn"] == "identifier"
    assert propose(table.drop(columns="patient_id")).schema.subject == "mrn"
    assert propose(table.drop(columns=["patient_id", "mrn"])).schema.subject == "patient_name"


def test_no_subject_where_nothing_repeats_or_few_differ():
    once = visits(patient_id=CODES).iloc[::VISITS]
    assert propose(once).schema.subject is None
    assert propose(visits(patient=["yes", "no"] * (PATIENTS // 2))).schema.subject is None
    assert propose(visits()).schema.subject is None
    assert propose(visits(ward=[f"W{i % 12}" for i in range(PATIENTS)])).schema.subject is None


def test_said_by_hand():
    table = visits(who=CODES).drop(columns=["age", "sex"])
    assert propose(table).schema.subject is None
    found = propose(table, subject="who")
    assert found.schema.subject == "who"
    assert found.schema["who"].kind.value == "identifier"
    with pytest.raises(ParameterError, match="did you mean 'who'"):
        propose(table, subject="whom")
    schema = Schema.detect(table)
    assert schema.with_subject("who").subject == "who"
    assert schema.with_subject("who").with_subject(None).subject is None
    with pytest.raises(SchemaError, match="subject is the column 'whom'"):
        schema.with_subject("whom")
    with pytest.raises(SchemaError, match="not among the columns"):
        Schema(columns=schema.columns, subject="whom")


def test_a_schema_keeps_it(tmp_path):
    schema = propose(visits(patient_id=CODES)).schema
    for name in ("schema.yaml", "schema.json"):
        schema.to_file(tmp_path / name)
        assert Schema.from_file(tmp_path / name) == schema
    assert "\nsubject: patient_id\n" in schema.to_yaml()
    assert schema.without(["crp"]).subject == "patient_id"
    assert schema.without(["patient_id"]).subject is None
    # It needs no protection, and gets none.
    assert schema.with_protection("drop")["patient_id"].protection is None


def test_it_is_not_learned_and_no_value_of_it_is_kept():
    table = visits(patient_id=CODES)
    described = Column(name="patient_id", kind="nominal", levels=tuple(CODES), missing=("RA-1003",))
    schema = Schema.detect(table)
    schema = schema.model_copy(update={"columns": (described, *schema.columns[1:])})
    preparation = learned(table, schema)
    assert "patient_id" not in preparation.learned.names
    assert "RA-" not in preparation.model_dump_json()
    assert preparation.n_patients == PATIENTS


def test_a_subject_that_is_to_be_dropped_is_dropped():
    table = visits(patient_id=CODES)
    schema = propose(table).schema
    dropped = schema["patient_id"].model_copy(update={"protection": Protection.DROP})
    schema = Schema(columns=(dropped, *schema.columns[1:]), subject="patient_id")
    preparation = learned(table, schema)
    assert preparation.n_patients == PATIENTS
    assert "patient_id" not in preparation.form.names


def test_the_same_number_in_every_table():
    names = Schema(columns=(Column(name="id", kind="identifier"),), subject="id")
    whole = subjects_of(pd.DataFrame({"id": [12, 7, 12, 3]}), names)
    gaps = subjects_of(pd.DataFrame({"id": [7.0, np.nan, 12.0, np.nan]}), names)
    text = subjects_of(pd.DataFrame({"id": [" 7", "12 ", "x", "X"]}), names)
    assert whole[0] == whole[2] == gaps[2] == text[1]
    assert whole[1] == gaps[0] == text[0]
    # Of rows that say no patient nobody knows how many they are.
    assert gaps[1] == gaps[3]
    assert text[2] == text[3]
    assert subjects_of(pd.DataFrame({"crp": [1.0]}), names) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 6)), max_size=40))
def test_patients_of_a_value(rows):
    values = pd.Series([value for value, _ in rows], dtype=object)
    subjects = np.array([subject for _, subject in rows], dtype=np.int64)
    counts = count_patients(values, subjects)
    assert counts.to_dict() == {
        value: len({subject for other, subject in rows if other == value})
        for value in {value for value, _ in rows}
    }
    assert n_patients(subjects) == len(set(subjects.tolist()))


def test_limits_count_patients():
    values = np.array([0.5] * 6 + [0.3] * 6 + [*range(1, 20)])
    marks = np.array([-1] * 12 + [0] * 19, dtype=np.int8)
    subjects = np.array([*range(6), *[7] * 6, *range(10, 29)])
    assert frequent_limits(values, marks, 5)[0] == (0.3, 0.5)
    assert frequent_limits(values, marks, 5, subjects)[0] == (0.5,)
    # A floor is no one patient's value in six visits.
    heap = np.array([0.0] * 6 + [*range(3, 50)], dtype=np.float64)
    whose = np.array([1] * 6 + [*range(3, 50)])
    assert learn_limits(heap, 1.0)["low_is_floor"]
    assert not learn_limits(heap, 1.0, whose)["low_is_floor"]


def test_a_column_about_one_patients_visits_is_refused():
    values = pd.Series([0.0] * 20 + [1.5, 2.5, 3.5, 4.5, 5.5], name="dose")
    column = Column(name="dose", kind="continuous")
    check_singled_out(values, column, 5)
    whose = np.array([*range(20), *[99] * 5])
    with pytest.raises(Exception, match="'dose': fewer than 5 patients"):
        check_singled_out(values, column, 5, whose)


def test_a_word_for_missing_of_one_patient_is_none():
    crp = [f"{x:.1f}" for x in np.random.default_rng(1).lognormal(1, 1, PATIENTS * VISITS)]
    table = visits(patient_id=CODES).assign(crp=crp)
    table.loc[:5, "crp"] = "refused by Mrs Hassan"  # two patients in six visits
    table.loc[6:11, "crp"] = "not done"
    column = propose(table).schema["crp"]
    assert "refused by Mrs Hassan" not in column.missing
    assert "Hassan" not in learned(table).model_dump_json()
