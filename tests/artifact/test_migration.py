from __future__ import annotations

import pytest

from synthhealth.artifact.manifest import FORMAT_VERSION
from synthhealth.artifact.migration import STEPS, Content, migrate
from synthhealth.errors import ArtifactError


def renamed(old):
    manifest = {**old.manifest, "format_version": 3, "n_patients": old.manifest["n_rows"]}
    del manifest["n_rows"]
    return Content(manifest, old.members)


def moved(old):
    members = dict(old.members)
    members["table.json"] = members.pop("preparation.json")
    return Content({**old.manifest, "format_version": 4}, members)


OLD = Content({"format_version": 2, "n_rows": 61}, {"preparation.json": b"{}"})


def test_steps_follow_each_other():
    new = migrate(OLD, steps={3: moved, 2: renamed}, current=4)
    assert new == Content({"format_version": 4, "n_patients": 61}, {"table.json": b"{}"})
    assert OLD.manifest == {"format_version": 2, "n_rows": 61}


def test_it_begins_where_the_file_is():
    new = migrate(Content({"format_version": 3}, OLD.members), steps={3: moved}, current=4)
    assert new.manifest == {"format_version": 4}


def test_current_content_stays():
    assert migrate(Content({"format_version": FORMAT_VERSION}, {})) == Content(
        {"format_version": FORMAT_VERSION}, {}
    )


def test_every_step_leads_to_the_current_version():
    assert sorted(STEPS) == list(range(min(STEPS, default=FORMAT_VERSION), FORMAT_VERSION))


def test_a_version_that_is_not_read_any_more():
    with pytest.raises(ArtifactError, match=r"format 2, .* not read any more; fit and save again"):
        migrate(OLD, steps={3: moved}, current=4)
    with pytest.raises(ArtifactError, match=r"format 1, .* fit and save again"):
        migrate(Content({"format_version": 1}, {}))


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ({"synthhealth": "7.1"}, "upgrade synthhealth to at least 7.1"),
        ({}, "upgrade synthhealth to the version that wrote it"),
        ({"synthhealth": 7}, "the version that wrote it"),
        ({"synthhealth": "7\n8"}, "the version that wrote it"),
        (None, "the version that wrote it"),
    ],
)
def test_a_newer_version(versions, words):
    with pytest.raises(ArtifactError, match=words):
        migrate(Content({"format_version": 9, "versions": versions}, {}))
