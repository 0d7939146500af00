"""The finished fit, kept where it outlives an interruption of the job.

SageMaker copies the folder to S3 while the job runs, and back when it starts the job again. A fit
is used again only for the same data, settings and versions. Whether they are the same is told by a
hash under a key: that of the environment variable ``SYNTHHEALTH_KEY`` where there is one, else one
drawn for the checkpoint, so that no plain hash of the patients exists anywhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from synthhealth.errors import FileError, SynthHealthError
from synthhealth.io import whole_file
from synthhealth.io.files import reason

if TYPE_CHECKING:
    from synthhealth.synthesizer import Synthesizer

__all__ = ["Checkpoint"]

_MODEL, _ABOUT = "fitted.synth", "fitted.json"
_MAX_ABOUT_BYTES = 10_000

_log = logging.getLogger(__name__)


class Checkpoint:
    """A finished fit in a folder.

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

    def load(self) -> Synthesizer | None:
        """Give the fitted synthesizer; None if there is none for these data and settings.

        A checkpoint that is of no use is named in the log, with the reason.
        """
        from synthhealth.artifact import load

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
            _log.warning("checkpoint: it is damaged and not used; the fit begins anew")
            return None
        if wanted != identity:
            _log.warning(
                "checkpoint: it is of other data, settings or versions and not used; the fit "
                "begins anew"
            )
            return None
        if hashlib.sha256(content).hexdigest() != sha256:
            _log.warning("checkpoint: its model is damaged and not used; the fit begins anew")
            return None
        try:
            return load(self._folder / _MODEL)
        except SynthHealthError as error:
            _log.warning("checkpoint: not used; the fit begins anew: %s", error)
            return None

    def save(self, synthesizer: Synthesizer) -> None:
        """Keep a fitted synthesizer.

        Raises
        ------
        FileError
            The folder cannot be written.
        """
        salt = secrets.token_bytes(32)
        path = self._folder / _MODEL
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            synthesizer.save(path, force=True)
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
