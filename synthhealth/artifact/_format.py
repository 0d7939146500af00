"""The saved synthesizer: one zip file of readable JSON and the model's state."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from synthhealth import __version__
from synthhealth.errors import ArtifactError, FileError, ParameterError
from synthhealth.io import whole_file

if TYPE_CHECKING:
    from synthhealth.synthesizer import Synthesizer

__all__ = ["load", "save"]

FORMAT_VERSION = 1

_PACKAGES = ("sdv", "ctgan", "rdt", "copulas", "torch", "numpy", "pandas", "scipy")

#: A fixed time for every member: the file does not tell when it was made.
_TIME = (1980, 1, 1, 0, 0, 0)


def save(synthesizer: Synthesizer, path: str | os.PathLike[str], *, force: bool = False) -> Path:
    """Write a fitted synthesizer. See `synthhealth.Synthesizer.save`."""
    state = synthesizer._model.state()
    members: dict[str, bytes] = {
        f"model/{name}.bin": value for name, value in state.items() if isinstance(value, bytes)
    }
    plain = {name: value for name, value in state.items() if not isinstance(value, bytes)}
    members["model.json"] = _to_json(plain)
    preparation = synthesizer._preparation
    members["preparation.json"] = preparation.model_dump_json(indent=2).encode()
    manifest = {
        "format": "synthhealth",
        "format_version": FORMAT_VERSION,
        "model": synthesizer.model,
        "parameters": synthesizer.model_params,
        "seed": synthesizer.seed_,
        "n_rows": synthesizer.n_rows_,
        "partial": synthesizer.partial_,
        "python": platform.python_version(),
        "versions": {"synthhealth": __version__} | {name: version(name) for name in _PACKAGES},
        "sha256": {name: hashlib.sha256(member).hexdigest() for name, member in members.items()},
    }
    members = {"manifest.json": _to_json(manifest), **members}
    with whole_file(path, force=force) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, member in members.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), member, zipfile.ZIP_DEFLATED)
    return Path(path)


def load(path: str | os.PathLike[str]) -> Synthesizer:
    """Read a synthesizer that was saved.

    In this version of the format the network inside is a pickle: load only files that you or
    people you trust have made.

    Parameters
    ----------
    path : path-like
        A ``.synth`` file.

    Returns
    -------
    Synthesizer
        Fitted; its first `sample` gives the rows that the first one after `fit` gave.

    Raises
    ------
    FileError
        There is no such file.
    ArtifactError
        It is not a saved synthesizer, is damaged, or was written by a newer version.

    Examples
    --------
    >>> import tempfile, synthhealth as sh
    >>> model = sh.Synthesizer(random_state=0).fit(sh.datasets.load_ra_panel())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = model.save(f"{folder}/ra.synth")
    ...     again = sh.load(f"{folder}/ra.synth")
    >>> again.sample(100).equals(model.sample(100))
    True
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except FileNotFoundError:
        raise FileError(f"{path}: there is no such file; check the name") from None
    except OSError as error:
        raise FileError(f"{path}: the file cannot be read ({error.strerror})") from None
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        raise ArtifactError(
            f"{path}: this is not a saved synthesizer, or it is damaged; save it again with "
            "Synthesizer.save"
        ) from error
    manifest = _read_manifest(path, members)
    try:
        return _rebuild(manifest, members)
    except (KeyError, TypeError, ValidationError, json.JSONDecodeError) as error:
        raise ArtifactError(
            f"{path}: the saved synthesizer is incomplete; save it again with Synthesizer.save"
        ) from error


def _read_manifest(path: str | os.PathLike[str], members: dict[str, bytes]) -> dict[str, Any]:
    try:
        manifest = json.loads(members.pop("manifest.json"))
        is_ours = manifest["format"] == "synthhealth"
        format_version, digests = int(manifest["format_version"]), dict(manifest["sha256"])
    except (KeyError, TypeError, ValueError):
        is_ours = False
    if not is_ours:
        raise ArtifactError(f"{path}: this is not a saved synthesizer; give a .synth file")
    if format_version > FORMAT_VERSION:
        raise ArtifactError(
            f"{path}: it was written in format {format_version}, newer than this library's "
            f"{FORMAT_VERSION}; upgrade synthhealth to at least "
            f"{manifest.get('versions', {}).get('synthhealth', 'the version that wrote it')}"
        )
    found = {name: hashlib.sha256(member).hexdigest() for name, member in members.items()}
    if found != digests:
        raise ArtifactError(
            f"{path}: the content does not match its checksums, so the file is damaged or was "
            "changed; get it again from where it was saved"
        )
    return manifest


def _rebuild(manifest: dict[str, Any], members: dict[str, bytes]) -> Synthesizer:
    from synthhealth.models import get
    from synthhealth.schema._plain._preparation import Preparation
    from synthhealth.synthesizer import Synthesizer

    try:
        family = get(manifest["model"])
    except ParameterError as error:
        raise ArtifactError(
            f"the saved model is of the family {manifest['model']!r}, which is not installed; "
            "install the package that provides it"
        ) from error
    state = json.loads(members["model.json"])
    for name, member in members.items():
        if name.startswith("model/"):
            state[name.removeprefix("model/").removesuffix(".bin")] = member
    synthesizer = Synthesizer(
        manifest["model"], random_state=manifest["seed"], **manifest["parameters"]
    )
    synthesizer._take(
        family.from_state(state),
        Preparation.model_validate_json(members["preparation.json"]),
        manifest["seed"],
        manifest["n_rows"],
    )
    return synthesizer


def _to_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=2).encode()
