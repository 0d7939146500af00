"""What a job leaves behind: the model, the report, and a manifest of both."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthhealth.errors import FileError, SynthHealthError
from synthhealth.io import whole_file
from synthhealth.io.files import reason

if TYPE_CHECKING:
    from synthhealth.artifact.manifest import Manifest
    from synthhealth.report import Report
    from synthhealth.synthesizer import Synthesizer

__all__ = ["MANIFEST", "MODEL", "REPORT", "make_folder", "save_timeless", "write_results"]

MODEL, MANIFEST = "model.synth", "manifest.json"
REPORT = ("report.html", "report.json")

#: What stands in a model as the time of its making, as in the members of its zip.
_NO_TIME = datetime(1980, 1, 1, tzinfo=timezone.utc)

_ABOUT_MODEL = {
    *("model", "parameters", "settings", "seed", "n_rows", "partial", "training"),
    *("versions", "platform"),
}


def save_timeless(
    synthesizer: Synthesizer, path: Path, report: Report | None = None, key: bytes | None = None
) -> Manifest:
    """Save a synthesizer without saying when, and how long its training took.

    Whoever has the same table, seed and versions gets the same bytes. The time is 1980-01-01, or
    that of the environment variable ``SOURCE_DATE_EPOCH``; the job's own times stand in its
    ``manifest.json``.

    Returns
    -------
    Manifest
        The saved model's, with the times.

    Raises
    ------
    ArtifactError, FileError, ParameterError
        As for `Synthesizer.save`.
    """
    from synthhealth.artifact.container import MANIFEST as INSIDE
    from synthhealth.artifact.container import write_container
    from synthhealth.artifact.manifest import make_manifest
    from synthhealth.artifact.saving import members_of

    members = members_of(synthesizer)
    manifest = make_manifest(synthesizer, members, report=report, key=key)
    timeless = manifest.model_copy(update={"created": _source_date(), "training": None})
    written = timeless.model_dump_json(indent=2).encode()
    write_container(path, {INSIDE: written, **members}, force=True)
    return manifest


def _source_date() -> datetime:
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    # Later than the year 2100 is no time that anybody means, and could be none at all.
    if not text.isdecimal() or len(text) > 10:
        return _NO_TIME
    return datetime.fromtimestamp(int(text), timezone.utc)


def write_results(
    synthesizer: Synthesizer,
    report: Report,
    model_folder: Path,
    report_folder: Path,
    *,
    key: bytes | None,
    about: Mapping[str, Any],
) -> Manifest:
    """Write the model and the report, and beside each the manifest of all.

    Parameters
    ----------
    synthesizer : Synthesizer
        Fitted.
    report : Report
        The report on it.
    model_folder, report_folder : pathlib.Path
        They exist.
    key : bytes or None
        As for `Synthesizer.save`.
    about : mapping
        What the manifest says of the job beside the model and its figures.

    Returns
    -------
    Manifest
        The saved model's, with the times.

    Raises
    ------
    ArtifactError, FileError
    """
    html, data = (report_folder / name for name in REPORT)
    report.to_html(html, force=True)
    report.to_json(data, force=True)
    inside = save_timeless(synthesizer, model_folder / MODEL, report, key)
    content = {
        "format_version": 1,
        "created": inside.created.isoformat(),
        **about,
        "model": inside.model_dump(mode="json", include=_ABOUT_MODEL),
        "metrics": report.evaluation.model_dump(
            mode="json", include={"n_real", "n_synthetic", "real_is", "overall"}
        ),
        "files": {path.name: _described(path) for path in (model_folder / MODEL, html, data)},
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    for folder in (model_folder, report_folder):
        with whole_file(folder / MANIFEST, force=True) as file:
            file.write_text(text, encoding="utf-8", newline="\n")
    return inside


def make_folder(folder: Path) -> None:
    """Create a folder where it is missing.

    Raises
    ------
    FileError
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if isinstance(error, SynthHealthError):
            raise
        raise FileError(f"{folder}: the folder cannot be created ({reason(error)})") from None


def _described(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return {"sha256": digest.hexdigest(), "bytes": path.stat().st_size}
