"""What is sent back, whatever happened: no traceback, and nothing that a message may quote."""

from __future__ import annotations

import json
import logging
import secrets
import traceback
from dataclasses import dataclass

from synthhealth.aws._serving._refusals import ServingError

__all__ = ["Reply", "failure", "refusal", "without_values"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """An answer with its HTTP status.

    Attributes
    ----------
    status : int
        200, or that of a refusal or failure.
    media_type : str
        The ``Content-Type``.
    body : bytes
        The rows; else JSON with ``status``, ``error`` and ``message``.
    drawn_seed : int or None
        The seed that was drawn, if the request had none; several requests in one body count up
        from it.
    """

    status: int
    media_type: str
    body: bytes
    drawn_seed: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What else is told: of all headers this is the one that InvokeEndpoint passes on."""
        if self.drawn_seed is None:
            return {}
        return {"X-Amzn-SageMaker-Custom-Attributes": f"synthhealth-seed={self.drawn_seed}"}


def refusal(error: ServingError) -> Reply:
    """Tell the client why its request is not answered."""
    return _told(error.status, type(error).__name__, str(error))


def failure(error: Exception) -> Reply:
    """Log a failure of our own, and give the client only a reference to the log."""
    reference = secrets.token_hex(8)
    _log.error("request failed, reference %s: %s", reference, without_values(error))
    words = "the request failed inside the server; its log tells more under the reference"
    return _told(500, "InternalError", words, reference=reference)


def without_values(error: Exception) -> str:
    """Tell the kind of an error and where it came from; its message may quote a value."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{one.filename}:{one.lineno} {one.name}" for one in reversed(frames))
    return f"{type(error).__name__} at {places}"


def _told(status: int, error: str, message: str, **more: str) -> Reply:
    content = {"status": status, "error": error, "message": message, **more}
    return Reply(status, "application/json", json.dumps(content).encode())
