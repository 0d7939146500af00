"""The object that users hold, its files, and what must never be in them."""

from __future__ import annotations

import dataclasses
import json
import pickle
import re
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from report_cohorts import CREATED, make_cohort

from synthhealth.errors import FileError, ParameterError, TableError
from synthhealth.report import ModelInfo, Report, ReportData, json_schema
from synthhealth.report import evaluate as evaluate_all
from synthhealth.report.data import schema_text
from synthhealth.schema.types import MIN_CELL

#: What the object holds and writes does not depend on how much is asked.
evaluate = partial(evaluate_all, parts=["copying", "subgroups"])


def test_figures_cost_no_aggregation(real: pd.DataFrame, synthetic: pd.DataFrame) -> None:
    report = evaluate(real, synthetic)
    assert report.evaluation.n_real == 61
    assert "data" not in vars(report)
    assert report.data is report.data


def test_report_is_frozen(report: Report) -> None:
    for part, name, error in (
        (report, "evaluation", dataclasses.FrozenInstanceError),
        (report.data, "title", ValidationError),
        (report.evaluation, "n_real", ValidationError),
    ):
        with pytest.raises(error):
            setattr(part, name, None)


def test_later_changes_of_the_tables_do_not_matter() -> None:
    first, second = make_cohort(61, 3), make_cohort(61, 4)
    report = evaluate(first, second, created=CREATED)
    expected = evaluate(first, second, created=CREATED).data
    first.loc[:, "crp"] = 1.0
    second.drop(columns="age", inplace=True)
    assert report.data == expected


def test_same_input_same_bytes(real: pd.DataFrame, synthetic: pd.DataFrame, tmp_path: Path) -> None:
    for name in ("first", "second"):
        report = evaluate(real, synthetic, created=CREATED)
        report.to_html(tmp_path / f"{name}.html")
        report.to_json(tmp_path / f"{name}.json")
        report.to_markdown(tmp_path / f"{name}.md")
    for suffix in ("html", "json", "md"):
        first, second = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_json_reads_back_to_the_same_data(report: Report, tmp_path: Path) -> None:
    report.to_json(tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert ReportData.model_validate_json(text) == report.data
    assert report.data.evaluation.judgement == report.evaluation.judgement


@pytest.mark.parametrize(
    "made",
    [
        "report",
        "hostile_report",
        "wide_report",
        "single_report",
        "categorical_report",
        "clinical_report",
    ],
)
def test_json_is_valid_under_the_published_schema(
    made: str, request: pytest.FixtureRequest
) -> None:
    content = json.loads(request.getfixturevalue(made).data.model_dump_json())
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.validate(content)
    assert not validator.is_valid({**content, "unknown": 1})
    assert not validator.is_valid({**content, "title": 3})


def test_published_schema_is_up_to_date() -> None:
    assert json_schema() == json.loads(schema_text()), (
        "the types of the report have changed; write schema_text() of "
        "synthhealth.report.data to synthhealth/report/report.schema.json"
    )


def test_every_field_of_the_schema_is_described() -> None:
    definitions = json_schema()["$defs"]
    for name, definition in [("ReportData", json_schema()), *definitions.items()]:
        assert name == "JsonValue" or definition["description"]
        for field, content in definition.get("properties", {}).items():
            if name != "Column":  # described by the schema room
                assert "description" in content or "$ref" in content, f"{name}.{field}"


@pytest.mark.parametrize("write", ["to_html", "to_json", "to_markdown"])
def test_files_are_not_overwritten_unless_asked(report: Report, tmp_path: Path, write: str) -> None:
    path = tmp_path / "report.out"
    path.write_text("keep me")
    with pytest.raises(FileError, match="exists"):
        getattr(report, write)(path)
    assert path.read_text() == "keep me"
    getattr(report, write)(path, force=True)
    assert path.stat().st_size > 1000
    assert [file.name for file in tmp_path.iterdir()] == ["report.out"]


def test_a_folder_that_is_missing_is_said_before_the_work(tmp_path: Path) -> None:
    report = evaluate(make_cohort(20, 0), make_cohort(20, 1))
    with pytest.raises(FileError, match="folder"):
        report.to_html(tmp_path / "missing" / "report.html")
    assert "data" not in vars(report)


def test_pickle_holds_no_table(real: pd.DataFrame, synthetic: pd.DataFrame) -> None:
    content = pickle.dumps(evaluate(real, synthetic, created=CREATED))
    assert b"DataFrame" not in content
    assert b"pandas.core" not in content
    assert real["crp"].iloc[0].tobytes() not in content
    restored = pickle.loads(content)
    assert restored.data == evaluate(real, synthetic, created=CREATED).data
    assert restored.summary()


def test_repr_shows_no_value(report: Report) -> None:
    assert repr(report).startswith("<Report: 300 synthetic against 61 real rows")


def test_no_patients_value_leaves(report: Report, real: pd.DataFrame, tmp_path: Path) -> None:
    report.to_html(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    stored = page[page.index('id="report-data"') :].split("</script>")[0]
    # The medians of the description are patients' values where their number is odd; they are
    # figures over all patients and stay.
    files = stored + report.data.model_copy(update={"description": None}).model_dump_json()
    written = {float(text) for text in re.findall(r"-?\d+\.\d{5,}", files)}
    for name in ("crp", "esr", "haemoglobin"):
        values = real[name].dropna().to_numpy()
        for digits in (15, 6, 5):
            rounded = {round(float(value), digits) for value in values}
            assert not rounded & written, name
    whole = report.data.model_dump_json() + stored
    for extreme in (real["crp"].min(), real["crp"].max(), real["esr"].max()):
        assert f"{extreme:.4f}" not in whole


def test_rare_levels_are_not_named_anywhere(report: Report, real: pd.DataFrame) -> None:
    counts = real["centre"].value_counts()
    rare = counts.index[counts < MIN_CELL]
    assert len(rare) > 2
    content = report.data.model_dump_json() + report.to_markdown() + report.summary(verbose=True)
    for name in rare:
        assert not re.search(rf"{name}\b", content)
    assert f'"{counts.index[0]}"' in content


def test_created_and_title_and_model_are_recorded(
    real: pd.DataFrame, synthetic: pd.DataFrame
) -> None:
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    data = evaluate(real, synthetic).data
    assert before <= data.created <= datetime.now(timezone.utc)
    assert data.title == "Synthetic data report"
    assert data.model is None
    data = evaluate(
        real, synthetic, title="Cairo", model=ModelInfo(name="tvae", settings={"dims": (8, 8)})
    ).data
    assert data.title == "Cairo"
    assert data.model is not None
    assert data.model.settings == {"dims": [8, 8]}
    assert set(data.versions) >= {"python", "synthhealth", "numpy", "pandas"}


def test_a_time_without_a_zone_is_refused(real: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match="time zone"):
        evaluate(real, real, created=datetime(2026, 1, 1))


def test_tables_that_do_not_match_are_refused(real: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="crp"):
        evaluate(real, real.drop(columns="crp"))


def test_column_order_does_not_matter(real: pd.DataFrame, synthetic: pd.DataFrame) -> None:
    turned = synthetic[synthetic.columns[::-1]]
    expected = evaluate(real, synthetic, created=CREATED).data
    assert evaluate(real, turned, created=CREATED).data == expected


def test_columns_that_cannot_be_compared_are_named_with_the_reason() -> None:
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"a": rng.normal(size=30), "empty": np.nan, "few": np.nan})
    real.loc[:3, "few"] = rng.normal(size=4)
    real["few"] = real["few"].astype(float)
    schema = {"a": "continuous", "empty": "continuous", "few": "continuous"}
    from synthhealth.schema import Column, Kind, Schema

    columns = tuple(Column(name=name, kind=Kind(kind)) for name, kind in schema.items())
    data = evaluate(real, real, Schema(columns=columns)).data
    assert [shape.column for shape in data.numerical] == ["a"]
    assert {gap.column for gap in data.not_shown} == {"empty", "few"}
    assert all(gap.reason for gap in data.not_shown)
