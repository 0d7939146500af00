"""JSON in and out, strictly: what a saved synthesizer may say, and nothing that reads two ways."""

from __future__ import annotations

import json
import math
from typing import Any

from synthhealth.errors import ArtifactError

__all__ = ["MAX_DEPTH", "MAX_PARTS", "MAX_TEXT", "parse_json", "to_json"]

#: The deepest nesting, the most lists, objects and keys, and the longest text.
MAX_DEPTH = 32
MAX_PARTS = 1_000_000
MAX_TEXT = 10_000


def to_json(value: Any, *, indent: int | None = None) -> bytes:
    """Write plain data so that `parse_json` reads it.

    Raises
    ------
    ArtifactError
        A number is not finite, or the data are larger or deeper than a saved synthesizer's.
    """
    separators = (",", ":") if indent is None else None
    try:
        text = json.dumps(
            value, allow_nan=False, ensure_ascii=False, indent=indent, separators=separators
        ).encode()
    except UnicodeEncodeError as error:
        raise ArtifactError("a text of the model is no text of Unicode; rename it") from error
    except ValueError as error:
        raise ArtifactError(
            "a number of the model is infinite or no number; fit it again with another seed, or "
            "another model"
        ) from error
    parse_json(text, "the model")
    return text


def parse_json(text: bytes, what: str) -> Any:
    """Read a JSON member of a stranger's file.

    Parameters
    ----------
    text : bytes
        UTF-8; its size is bounded by `synthhealth.artifact._container`.
    what : str
        The member's name, for the message.

    Returns
    -------
    object
        Dicts, lists, texts, finite numbers, true, false and None.

    Raises
    ------
    ArtifactError
        It is no JSON, has a key twice or a number that is not finite, or is too deep, or has too
        many parts or too long a text.

    Examples
    --------
    >>> from synthhealth.artifact._json import parse_json
    >>> parse_json(b'{"a": [1, 2.5, null]}', "model.json")
    {'a': [1, 2.5, None]}
    """
    # Each empty list of three signs costs seventy bytes of memory: they are counted before.
    if text.count(b"[") + text.count(b"{") + text.count(b":") > MAX_PARTS:
        raise _refusal(what, f"it has more than {MAX_PARTS:,} parts")
    try:
        value = json.loads(
            text.decode(),
            object_pairs_hook=_object,
            parse_float=_finite,
            parse_constant=_no_number,
        )
    except RecursionError:
        raise _refusal(what, "it is nested too deeply") from None
    except ValueError as error:
        # Also of bytes that are no text, and of whole numbers of thousands of digits.
        known = error.args[0] if isinstance(error, _MalformedError) else "it is not JSON"
        raise _refusal(what, known) from None
    _check_extent(value, what)
    return value


class _MalformedError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _MalformedError("a key stands in it twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _MalformedError("a number in it is too large")
    return number


def _no_number(text: str) -> float:
    raise _MalformedError("a number in it is infinite or no number")


def _check_extent(value: Any, what: str) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _refusal(what, "it is nested too deeply")
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one)
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
            elif isinstance(one, str) and len(one) > MAX_TEXT:
                raise _refusal(what, f"a text in it has more than {MAX_TEXT:,} characters")
        level = below


def _refusal(what: str, problem: str) -> ArtifactError:
    return ArtifactError(
        f"{what} cannot be read ({problem}); get the file again from where it was saved"
    )
