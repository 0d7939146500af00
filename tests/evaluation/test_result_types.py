"""The published types: described, frozen, strict."""

from __future__ import annotations

import json

import jsonschema
import pytest
from pydantic import ValidationError

from synthhealth.evaluation import Band, Description, Evaluation, Score, evaluate_tables


def fields_of(schema: dict) -> list[dict]:
    models = [schema, *schema["$defs"].values()]
    return [field for model in models for field in model.get("properties", {}).values()]


@pytest.mark.parametrize("model", [Evaluation, Description])
def test_every_field_of_the_json_schema_is_described(model):
    fields = fields_of(model.model_json_schema())
    assert len(fields) > 15
    assert all(field.get("description") for field in fields)


def test_an_evaluation_validates_against_its_own_json_schema(draw_cohort):
    result = evaluate_tables(draw_cohort(61, 0), draw_cohort(61, 1), real_is="holdout")
    document = json.loads(result.model_dump_json())
    jsonschema.validate(document, Evaluation.model_json_schema())
    assert document["format_version"] == 1
    document["overall"]["grade"] = "A"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, Evaluation.model_json_schema())


def test_results_are_frozen_and_take_no_other_field():
    floor = Band(mean=0.8, low=0.7, high=0.9, method="exact")
    with pytest.raises(ValidationError, match="frozen"):
        floor.mean = 1.0
    with pytest.raises(ValidationError, match="extra"):
        Score(value=0.5, floor=floor, grade="A")
    with pytest.raises(ValidationError, match="finite"):
        Score(value=float("nan"), floor=floor)
