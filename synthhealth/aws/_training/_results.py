"""What a job leaves behind: the model, the report, a manifest, and the fit if it is interrupted."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthhealth.errors import FileError, SynthHealthError
from synthhealth.io import whole_file
from synthhealth.io.files import reason

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.artifact.manifest import Manifest
    from synthhealth.fitted import Fitted
    from synthhealth.report import Report

__all__ = [
    "MANIFEST",
    "MODEL",
    "REPORT",
    "Checkpoint",
    "make_folder",
    "save_timeless",
    "write_results",
]


_MODEL, _ABOUT, _UNFINISHED = "fitted.synth", "fitted.json", "training.checkpoint"
_MAX_ABOUT_BYTES = 10_000

_log = logging.getLogger(__name__)


class Checkpoint:
    """A finished fit in a folder, and the place for an unfinished one.

    Parameters
    ----------
    folder : pathlib.Path
        Created if it is missing.
    identify : callable
        Gives, for a key, what identifies the fit: a keyed hash of the data, the settings and
        the versions.
    key : bytes, optional
        The key of the owner of the data.
    """

    def __init__(
        self, folder: Path, identify: Callable[[bytes], str], key: bytes | None = None
    ) -> None:
        self._folder = folder
        self._identify = identify
        self._key = key

    def load(self) -> Fitted | None:
        """Give what the fit left; None if there is none for these data and settings.

        A checkpoint that is of no use is named in the log, with the reason.
        """
        from synthhealth.artifact.saving import read

        about = self._folder / _ABOUT
        if not about.exists():
            return None
        try:
            with about.open("rb") as file:
                said = json.loads(file.read(_MAX_ABOUT_BYTES))
            salt, identity, sha256 = (str(said[name]) for name in ("salt", "identity", "sha256"))
            wanted = self._identity(bytes.fromhex(salt))
            content = (self._folder / _MODEL).read_bytes()
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            if isinstance(error, SynthHealthError):
                raise
            _log.warning("checkpoint: it is damaged and not used; the fit starts again")
            return None
        if wanted != identity:
            _log.warning(
                "checkpoint: it is of other data, settings or versions and not used; the fit "
                "starts again"
            )
            return None
        if hashlib.sha256(content).hexdigest() != sha256:
            _log.warning("checkpoint: its model is damaged and not used; the fit starts again")
            return None
        try:
            return read(self._folder / _MODEL)
        except SynthHealthError as error:
            _log.warning("checkpoint: not used; the fit starts again: %s", error)
            return None

    def unfinished(self) -> Path:
        """Give the file for the state of a training; its folder is there.

        Raises
        ------
        FileError
            The folder cannot be made.
        """
        make_folder(self._folder)
        return self._folder / _UNFINISHED

    def save(self, fitted: Fitted) -> None:
        """Keep what a fit left.

        Raises
        ------
        FileError
            The folder cannot be written.
        """
        from synthhealth.artifact.saving import write

        salt = secrets.token_bytes(32)
        path = self._folder / _MODEL
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write(fitted, path, force=True)
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            if isinstance(error, SynthHealthError):
                raise
            raise FileError(
                f"{self._folder}: the checkpoint cannot be written ({reason(error)})"
            ) from None
        about = {"salt": salt.hex(), "identity": self._identity(salt), "sha256": sha256}
        with whole_file(self._folder / _ABOUT, force=True) as file:
            file.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    def _identity(self, salt: bytes) -> str:
        key = salt if self._key is None else hmac.digest(self._key, salt, "sha256")
        return self._identify(key)


MODEL, MANIFEST = "model.synth", "manifest.json"
REPORT = ("report.html", "report.json")

#: What stands in a model as the time of its making, as in the members of its zip.
_NO_TIME = datetime(1980, 1, 1, tzinfo=timezone.utc)

_ABOUT_MODEL = {
    *("model", "parameters", "settings", "seed", "n_rows", "partial", "training"),
    *("versions", "platform"),
}


def save_timeless(
    fitted: Fitted,
    path: Path,
    report: Report | None = None,
    *,
    key: bytes | None = None,
    table: pd.DataFrame | None = None,
) -> Manifest:
    """Save what a fit left without saying when, and how long its training took.

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

    members = members_of(fitted)
    manifest = make_manifest(fitted, members, report=report, key=key, table=table)
    timeless = manifest.model_copy(update={"created": _source_date(), "training": None})
    written = timeless.model_dump_json(indent=2).encode()
    write_container(path, {INSIDE: written, **members}, force=True)
    return manifest


def _source_date() -> datetime:
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    # Later than the year 2100 is not a time that anybody means, and could be none at all.
    if not text.isdecimal() or len(text) > 10:
        return _NO_TIME
    return datetime.fromtimestamp(int(text), timezone.utc)


def write_results(
    fitted: Fitted,
    report: Report,
    model_folder: Path,
    report_folder: Path,
    *,
    key: bytes | None,
    table: pd.DataFrame,
    about: Mapping[str, Any],
) -> Manifest:
    """Write the model and the report, and beside each the manifest of all.

    Parameters
    ----------
    fitted : Fitted
        What the fit left.
    report : Report
        The report on it.
    model_folder, report_folder : pathlib.Path
        They exist.
    key : bytes or None
        As for `Synthesizer.save`.
    table : pandas.DataFrame
        The table that was learned.
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
    inside = save_timeless(fitted, model_folder / MODEL, report, key=key, table=table)
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
