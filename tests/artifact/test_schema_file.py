from __future__ import annotations

import json

import pytest
from synth_files import BASES, saved

from synthhealth.artifact import json_schema
from synthhealth.artifact.members import schema_text

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")


def parsed(family):
    return {
        name: json.loads(content)
        for name, content in saved(family).items()
        if name.endswith(".json")
    }


def test_published_schema_is_that_of_the_types():
    assert json_schema() == json.loads(schema_text()), (
        "the types of the saved model have changed; write schema_text() of "
        "synthhealth/artifact/members.py into synth.schema.json, and consider a new "
        "FORMAT_VERSION"
    )


@pytest.mark.parametrize("family", BASES)
def test_saved_files_are_valid(family):
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.check_schema(json_schema())
    validator.validate(parsed(family))


@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("manifest.json", {"seed": "1"}),
        ("manifest.json", {"extra": 1}),
        ("preparation.json", {"patterns": None}),
        ("model.json", {"margins": [{"family": "kde", "parameters": {}}]}),
        ("model.json", {"extra": 1}),
    ],
)
def test_other_content_is_not_valid(member, change):
    content = parsed("gaussian_copula")
    content[member] |= change
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(content)


def test_states_of_third_parties_are_free():
    content = parsed("gaussian_copula")
    content["manifest.json"]["model"] = "independent_margins"
    content["model.json"] = {"whatever": 1}
    jsonschema.Draft202012Validator(json_schema()).validate(content)
