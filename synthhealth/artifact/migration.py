"""Saved synthesizers of older formats, brought to today's step by step.

A format version may move anything but three things, so that every library can say of every file
what it is and whether it is whole: the manifest's ``format``, ``format_version`` and ``members``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from synthhealth.artifact.manifest import FORMAT_VERSION
from synthhealth.errors import ArtifactError

__all__ = ["Content", "migrate"]


class Content(NamedTuple):
    """What a file holds, whole and read, but not yet understood."""

    manifest: dict[str, Any]
    """The manifest as it was parsed."""
    members: dict[str, bytes]
    """The other members by name."""


Step = Callable[[Content], Content]

#: For each older format that is still read, the way from it to the next one. There is none yet:
#: format 1 was never released, and held pickles.
STEPS: Mapping[int, Step] = {}


def migrate(
    content: Content, *, steps: Mapping[int, Step] = STEPS, current: int = FORMAT_VERSION
) -> Content:
    """Bring the content of a file to the current format.

    Parameters
    ----------
    content : Content
        Of any format version.
    steps : mapping of int to callable
        For an older version, the function that gives the content in the next one.
    current : int
        The version to arrive at.

    Returns
    -------
    Content

    Raises
    ------
    ArtifactError
        The format is newer than `current`, or too old to be read.

    Examples
    --------
    >>> from synthhealth.artifact.migration import Content, migrate
    >>> def renamed(old):
    ...     manifest = {**old.manifest, "format_version": 4, "family": old.manifest["kind"]}
    ...     return Content(manifest, old.members)
    >>> old = Content({"format_version": 3, "kind": "ctgan"}, {})
    >>> migrate(old, steps={3: renamed}, current=4).manifest["family"]
    'ctgan'
    """
    version = version_of(content.manifest)
    if version > current:
        raise ArtifactError(
            f"it was written in format {version}, newer than this library's {current}; upgrade "
            f"synthhealth to {_writer(content.manifest)}"
        )
    while version < current:
        if version not in steps:
            raise ArtifactError(
                f"it was written in format {version}, which this library does not read any more; "
                "fit and save again"
            )
        content = steps[version](content)
        version += 1
    return content


def version_of(manifest: object) -> int:
    """Give the format version that a manifest states.

    Raises
    ------
    ArtifactError
        It is not the manifest of a saved synthesizer.
    """
    version = manifest.get("format_version") if isinstance(manifest, dict) else None
    if type(version) is not int or version < 1:
        raise ArtifactError("its manifest states no format version; it is no saved synthesizer")
    return version


def _writer(manifest: Mapping[str, Any]) -> str:
    versions = manifest.get("versions")
    writer = versions.get("synthhealth") if isinstance(versions, dict) else None
    if isinstance(writer, str) and writer.isprintable() and len(writer) <= 40:
        return f"at least {writer}"
    return "the version that wrote it"
