"""JSON and arrays in and out, strictly: numbers, text and shapes, no code."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from synthhealth.errors import ArtifactError

__all__ = [
    "MAX_ARRAYS",
    "MAX_DEPTH",
    "MAX_DIMENSIONS",
    "MAX_PARTS",
    "MAX_TEXT",
    "parse_json",
    "read_arrays",
    "to_json",
    "write_arrays",
]


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
        raise ArtifactError("a text of the model is not valid Unicode; rename it") from error
    except ValueError as error:
        raise ArtifactError(
            "a number of the model is infinite or not a number; fit it again with another seed, or "
            "another model"
        ) from error
    parse_json(text, "the model")
    return text


def parse_json(text: bytes, what: str) -> Any:
    """Read a JSON member of a stranger's file.

    Parameters
    ----------
    text : bytes
        UTF-8; its size is bounded by `synthhealth.artifact.container`.
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
    >>> from synthhealth.artifact.plain import parse_json
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
    raise _MalformedError("a number in it is infinite or not a number")


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


Array = npt.NDArray[Any]

MAX_ARRAYS = 10_000
MAX_DIMENSIONS = 4
MAX_HEADER_BYTES = 4 * 2**20

_TYPES = {"F64": np.dtype("<f8"), "F32": np.dtype("<f4"), "I64": np.dtype("<i8")}

#: What stands before the header: its size.
_SIZE = struct.Struct("<Q")


def write_arrays(arrays: Mapping[str, Array]) -> bytes:
    """Write arrays; the same arrays give the same bytes.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        float64, float32 or int64, of at most 4 dimensions, all finite.

    Raises
    ------
    ArtifactError
        An array is of another type, has too many dimensions, or holds a number that is not finite.
    """
    from safetensors.numpy import save

    for name, array in arrays.items():
        if array.dtype.newbyteorder("<") not in _TYPES.values():
            raise ArtifactError(
                f"array {name!r} is of {array.dtype}; a saved model has float64, float32 and int64"
            )
    content: bytes = save({name: np.asarray(arrays[name], order="C") for name in sorted(arrays)})
    read_arrays(content)
    return content


def read_arrays(content: bytes) -> dict[str, Array]:
    """Read the arrays of a stranger's file.

    Returns
    -------
    dict of str to ndarray
        By name, in alphabetical order; they can be written to.

    Raises
    ------
    ArtifactError
        The content is malformed, or holds a number that is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from synthhealth.artifact.plain import read_arrays, write_arrays
    >>> read_arrays(write_arrays({"mean": np.array([1.0, 2.0])}))
    {'mean': array([1., 2.])}
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    _check_header(content)
    try:
        # The library checks that offsets follow from types and shapes, and fill the content.
        arrays = load(content)
    except (SafetensorError, ValueError, OverflowError):
        raise _malformed("types, shapes and offsets do not agree") from None
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ArtifactError(
                f"arrays.safetensors: array {name[:60]!r} holds numbers that are infinite or not "
                "numbers, so the model cannot sample; fit it again with another seed"
            )
    return {name: arrays[name].copy() for name in sorted(arrays)}


def _check_header(content: bytes) -> None:
    if len(content) < _SIZE.size:
        raise _malformed("it is cut off")
    (size,) = _SIZE.unpack_from(content)
    if size > min(MAX_HEADER_BYTES, len(content) - _SIZE.size):
        raise _malformed("its header is larger than it can be")
    header = parse_json(content[_SIZE.size : _SIZE.size + size], "the header of the arrays")
    if not isinstance(header, dict) or len(header) > MAX_ARRAYS:
        raise _malformed(f"it is not a list of at most {MAX_ARRAYS:,} arrays")
    for array in header.values():
        # Here ends, too, what the library would let pass as a free text beside the arrays.
        if not isinstance(array, dict) or set(array) != {"dtype", "shape", "data_offsets"}:
            raise _malformed("an array is not described by type, shape and offsets alone")
        if not isinstance(array["dtype"], str) or array["dtype"] not in _TYPES:
            raise _malformed("an array is of a type that no saved model has")
        if not _are_counts(array["shape"]) or len(array["shape"]) > MAX_DIMENSIONS:
            raise _malformed(f"the shape of an array is not one of at most {MAX_DIMENSIONS} counts")
        if not _are_counts(array["data_offsets"]) or len(array["data_offsets"]) != 2:
            raise _malformed("the offsets of an array are not two counts")


def _are_counts(value: object) -> bool:
    return isinstance(value, list) and all(type(one) is int and 0 <= one < 2**40 for one in value)


def _malformed(problem: str) -> ArtifactError:
    return ArtifactError(
        f"arrays.safetensors cannot be read ({problem}); get the file again from where it was saved"
    )
