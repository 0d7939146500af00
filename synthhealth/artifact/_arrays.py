"""Arrays in and out, as safetensors: numbers and shapes, no code."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from synthhealth.artifact._json import parse_json
from synthhealth.errors import ArtifactError

__all__ = ["MAX_ARRAYS", "MAX_DIMENSIONS", "read_arrays", "write_arrays"]

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
    >>> from synthhealth.artifact._arrays import read_arrays, write_arrays
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
                f"arrays.safetensors: array {name[:60]!r} holds numbers that are infinite or no "
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
        raise _malformed(f"it is no list of at most {MAX_ARRAYS:,} arrays")
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
