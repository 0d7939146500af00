"""Two tables made canonical: identifiers out, text read, new levels let in."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest

from synthhealth.errors import SchemaError, TableError
from synthhealth.evaluation import describe
from synthhealth.evaluation import evaluate_tables as evaluate_all
from synthhealth.evaluation.tables import read_tables
from synthhealth.schema import Column, Demographics, Schema

#: Columns, pairs and missing values; the other parts have tests of their own.
evaluate_tables = partial(evaluate_all, parts=())

SCHEMA = Schema(
    columns=(
        Column(name="patient", kind="identifier", protection="fake", identifier="record number"),
        Column(name="note", kind="text", protection="drop"),
        Column(name="seen", kind="datetime", identifier="date", protection="generalise"),
        Column(name="crp", kind="continuous"),
        Column(name="stage", kind="ordinal", levels=("I", "II", "III")),
    ),
    rules=("crp >= 0",),
)


def clinic(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "patient": [f"AB-{number}" for number in rng.permutation(9_000)[:n] + 1_000],
            "note": [f"seen by nobody, case {i}" for i in range(n)],
            "seen": pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 2_000, n), "D"),
            "crp": [f"{value:.1f}".replace(".", ",") for value in rng.lognormal(2, 1, n)],
            "stage": rng.choice(["I", "II", "III"], n),
        }
    )


def test_columns_that_identify_people_are_not_compared():
    result = evaluate_tables(clinic(80, 0), clinic(90, 1), SCHEMA)
    named = {r.column for r in [*result.numerical, *result.categorical]}
    assert named == {"seen", "crp", "stage"}
    assert "AB-" not in result.model_dump_json()


@pytest.mark.parametrize("absent", [["patient"], ["note"], ["patient", "note"]])
def test_they_may_be_absent_from_either_table(absent):
    real, fake = clinic(80, 0), clinic(90, 1)
    whole = evaluate_tables(real, fake, SCHEMA)
    assert evaluate_tables(real, fake.drop(columns=absent), SCHEMA) == whole
    assert evaluate_tables(real.drop(columns=absent), fake, SCHEMA) == whole


def test_generalised_dates_are_compared_as_years_however_they_come():
    real, fake = clinic(80, 0), clinic(90, 1)
    years = fake.assign(seen=fake["seen"].dt.year)
    assert evaluate_tables(real, years, SCHEMA) == evaluate_tables(real, fake, SCHEMA)


def test_text_with_decimal_commas_is_read():
    tables = read_tables(clinic(80, 0), clinic(90, 1), SCHEMA)
    assert tables.real.table["crp"].dtype == float
    assert tables.described is SCHEMA
    assert tables.schema.names == ["seen", "crp", "stage"]


def test_new_patients_may_have_new_levels():
    fake = clinic(90, 1)
    fake.loc[:9, "stage"] = "IV"
    (stage,) = evaluate_tables(clinic(80, 0), fake, SCHEMA).categorical
    assert stage.n_categories == 4


def test_rules_and_demographics_go_with_the_columns_they_need():
    schema = SCHEMA.model_copy(
        update={
            "demographics": Demographics(sex="patient", female="F", male="M", age="note"),
        }
    )
    assert read_tables(clinic(80, 0), clinic(90, 1), schema).schema.demographics == Demographics()


def test_a_table_of_identifiers_alone_is_refused():
    only = Schema(columns=SCHEMA.columns[:2])
    table = clinic(20, 0)[["patient", "note"]]
    with pytest.raises(SchemaError, match="every column is an identifier"):
        evaluate_tables(table, table, only)


def test_the_table_that_does_not_fit_is_named():
    broken = clinic(80, 0).assign(crp="high")
    with pytest.raises(TableError, match=r"the real table: column 'crp'"):
        evaluate_tables(broken, clinic(90, 1), SCHEMA.model_copy(update={"columns": (
            *SCHEMA.columns[:3],
            Column(name="crp", kind="continuous", notation={"decimal": ","}),
            SCHEMA.columns[4],
        )}))  # fmt: skip


def test_a_description_names_what_it_leaves_out():
    description = describe(clinic(80, 0), SCHEMA)
    assert description.left_out == ("patient", "note")
    assert [variable.column for variable in description.variables] == ["seen", "crp", "stage"]
    assert "patient, note" in description.to_markdown()
    assert "AB-" not in description.to_json()
