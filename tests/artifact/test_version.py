"""A file says in which format it is, and others than today's are refused in words."""

from __future__ import annotations

import pytest

from synthhealth.artifact.manifest import FORMAT_VERSION, check_version
from synthhealth.errors import ArtifactError


def test_todays_format_is_read():
    check_version({"format_version": FORMAT_VERSION})


def test_a_version_that_is_not_read_any_more():
    with pytest.raises(ArtifactError, match=r"format 1, .* not read any more; fit and save again"):
        check_version({"format_version": 1})


@pytest.mark.parametrize("manifest", [{}, [], None, {"format_version": "2"}, {"format_version": 0}])
def test_no_manifest(manifest):
    with pytest.raises(ArtifactError, match="not a saved synthesizer"):
        check_version(manifest)


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
        check_version({"format_version": 9, "versions": versions})
