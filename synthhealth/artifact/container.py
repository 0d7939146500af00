"""The file of a saved synthesizer: a zip of a few known members, nothing before, between or behind.

Reading is for files of strangers. A zip can say the same thing twice (in front of each member and
in the directory at its end) and differently; here both must agree, members must follow each other
without a gap, and nothing is unpacked beyond the size that was declared and allowed.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

from synthhealth.errors import ArtifactError, FileError
from synthhealth.io import settle, whole_file
from synthhealth.io.files import reason

__all__ = [
    "ARRAYS",
    "MANIFEST",
    "MAX_ALL_JSON_BYTES",
    "MAX_ARRAYS_BYTES",
    "MAX_JSON_BYTES",
    "MODEL",
    "PREPARATION",
    "SIGNATURE",
    "read_container",
    "write_container",
]

MANIFEST = "manifest.json"
PREPARATION = "preparation.json"
MODEL = "model.json"
ARRAYS = "arrays.safetensors"
SIGNATURE = "signature.json"

#: The members in their order; the last one may be absent.
NAMES = (MANIFEST, PREPARATION, MODEL, ARRAYS, SIGNATURE)

#: The largest size of a JSON member, and of all of them together, unpacked.
MAX_JSON_BYTES = 16 * 2**20
MAX_ALL_JSON_BYTES = 32 * 2**20

#: The largest size of the arrays, which are stored as they are.
MAX_ARRAYS_BYTES = 2 * 2**30

#: A fixed time for every member: the zip does not tell when it was made.
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3

_STORED, _DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED

# APPNOTE.TXT of PKWARE, sections 4.3.7 (in front of a member), 4.3.12 (in the directory) and
# 4.3.16 (the end).
_LOCAL = struct.Struct("<4s5H3I2H")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MARK, _ENTRY_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"

_ENCRYPTED = 0x1


class _Entry(NamedTuple):
    name: str
    method: int
    crc: int
    packed: int
    size: int
    start: int


def write_container(
    path: str | os.PathLike[str], members: Mapping[str, bytes], *, force: bool = False
) -> None:
    """Write the members of a saved synthesizer, whole or not at all.

    A new file is open to its owner alone: what it holds was learned from patients.

    Parameters
    ----------
    path : path-like
        The file.
    members : mapping of str to bytes
        Exactly the known members; the signature may be left out.
    force : bool
        Replace the file if it exists; it stays open to whom it was.

    Raises
    ------
    ArtifactError
        A member is larger than `read_container` accepts.
    FileError
        The file exists, or cannot be written.
    """
    names = [name for name in NAMES if name in members]
    _check_names(names)
    if len(names) < len(members):
        raise ValueError(f"members {sorted(set(members) - set(names))} have no place in the file")
    _check_sizes({name: len(members[name]) for name in names}, "make the model smaller")
    with (
        whole_file(path, force=force, private=True) as temporary,
        zipfile.ZipFile(temporary, "w") as archive,
    ):
        for name in names:
            info = zipfile.ZipInfo(name, _TIME)
            # On every system the same bytes: a plain file, readable by its owner.
            info.create_system = _UNIX
            info.external_attr = (stat.S_IFREG | 0o600) << 16
            archive.writestr(info, members[name], _STORED if name == ARRAYS else _DEFLATED)


def read_container(path: str | os.PathLike[str]) -> dict[str, bytes]:
    """Read the members of a saved synthesizer into memory; nothing is extracted to disk.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    dict of str to bytes
        The members by name, in their order.

    Raises
    ------
    FileError
        The file cannot be read.
    ArtifactError
        It is no zip of exactly the known members, or is damaged, or too large.
    """
    settle(os.path.dirname(os.path.abspath(path)))
    try:
        with open(path, "rb") as file:
            return _read(file)
    except FileNotFoundError:
        raise FileError(f"{path}: there is no such file; check the name") from None
    except OSError as error:
        raise FileError(f"{path}: the file cannot be read ({reason(error)})") from None
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from None


def _read(file: BinaryIO) -> dict[str, bytes]:
    entries = _directory(file)
    names = [entry.name for entry in entries]
    _check_names(names)
    _check_sizes({entry.name: entry.size for entry in entries}, "do not use it")
    for entry in entries:
        allowed = (_STORED,) if entry.name == ARRAYS else (_STORED, _DEFLATED)
        if entry.method not in allowed:
            raise ArtifactError(
                f"{entry.name} is packed in a way that no saved synthesizer is; do not use it"
            )
    return {entry.name: _member(file, entry) for entry in entries}


def _directory(file: BinaryIO) -> list[_Entry]:
    """Read the directory at the end; the members before it must fill the file without a gap."""
    file_size = file.seek(0, os.SEEK_END)
    if file_size < _END.size:
        raise _no_zip()
    file.seek(file_size - _END.size)
    mark, disk, first_disk, here, n, size, start, comment = _END.unpack(file.read(_END.size))
    if mark != _END_MARK:
        raise _no_zip()
    if n > len(NAMES):
        raise ArtifactError(f"it has {n} members, a saved synthesizer at most {len(NAMES)}")
    if disk or first_disk or here != n or comment or start + size + _END.size != file_size:
        raise _damaged("its directory does not fit the file")
    file.seek(start)
    directory = file.read(size)
    entries: list[_Entry] = []
    place = position = 0
    for _ in range(n):
        entry, place = _entry(directory, place)
        if entry.start != position:
            raise _damaged(f"{entry.name!r} does not begin where the member before it ends")
        position += _LOCAL.size + len(entry.name) + entry.packed
        entries.append(entry)
    if place != size or position != start:
        raise _damaged("its directory does not fit the members")
    return entries


def _entry(directory: bytes, place: int) -> tuple[_Entry, int]:
    if place + _ENTRY.size > len(directory):
        raise _damaged("its directory is cut off")
    (mark, made_by, _, flags, method, _, _, crc, packed, size, n_name, n_extra, n_comment) = (
        _ENTRY.unpack_from(directory, place)[:13]
    )
    disk, _, attributes, start = _ENTRY.unpack_from(directory, place)[13:]
    end = place + _ENTRY.size + n_name
    if mark != _ENTRY_MARK or end > len(directory):
        raise _damaged("its directory is cut off")
    raw = directory[place + _ENTRY.size : end]
    # Python's decoder of latin-1 never fails; such a name is simply none of ours.
    name = raw.decode("latin-1")
    if name not in NAMES:
        raise ArtifactError(
            f"this is not a saved synthesizer: it holds {name[:60]!r}. If it is one of format 1, "
            "which had pickles inside and is not read any more, fit and save again"
        )
    if flags & _ENCRYPTED:
        raise ArtifactError(f"{name} is encrypted; save the synthesizer again without a password")
    mode = attributes >> 16 if made_by >> 8 == _UNIX else 0
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise ArtifactError(f"{name} is a link or a folder, not a file; do not use it")
    if flags or n_extra or n_comment or disk:
        raise _damaged(f"the directory says of {name} what no saved synthesizer's does")
    return _Entry(name, method, crc, packed, size, start), end


def _member(file: BinaryIO, entry: _Entry) -> bytes:
    file.seek(entry.start)
    head = file.read(_LOCAL.size + len(entry.name))
    if len(head) < _LOCAL.size + len(entry.name):
        raise _damaged("it is cut off")
    mark, _, flags, method, _, _, crc, packed, size, n_name, n_extra = _LOCAL.unpack_from(head)
    said = (mark, flags, method, crc, packed, size, n_name, n_extra)
    wanted = (_LOCAL_MARK, 0, *entry[1:5], len(entry.name), 0)
    if said != wanted or head[_LOCAL.size :] != entry.name.encode():
        raise _damaged(f"what stands before {entry.name} does not fit the directory")
    if entry.method == _STORED and entry.packed != entry.size:
        raise _damaged(f"the sizes of {entry.name} do not fit")
    packed_bytes = file.read(entry.packed)
    content = packed_bytes if entry.method == _STORED else _inflate(packed_bytes, entry)
    if len(content) != entry.size or zlib.crc32(content) != entry.crc:
        raise _damaged(f"the content of {entry.name} does not match its checksum")
    return content


def _inflate(packed: bytes, entry: _Entry) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        # One byte more than was declared shows that there is more; the rest is never unpacked.
        content = inflater.decompress(packed, entry.size + 1)
    except zlib.error:
        raise _damaged(f"{entry.name} cannot be unpacked") from None
    if len(content) > entry.size or not inflater.eof or inflater.unused_data:
        raise _damaged(f"{entry.name} is not of the size that it says")
    return content


def _check_names(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise ArtifactError("it holds a member twice; do not use it")
    missing = [name for name in NAMES if name not in names and name != SIGNATURE]
    if missing:
        names_missing = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'}"
        raise ArtifactError(
            f"{names_missing} not in it, so it is not a saved synthesizer or only a part of one; "
            "save it again with Synthesizer.save"
        )
    if names != [name for name in NAMES if name in names]:
        raise ArtifactError("its members are not in the order of a saved synthesizer")


def _check_sizes(sizes: Mapping[str, int], advice: str) -> None:
    for name, size in sizes.items():
        limit = MAX_ARRAYS_BYTES if name == ARRAYS else MAX_JSON_BYTES
        if size > limit:
            raise ArtifactError(
                f"{name} has {size:,} bytes, more than the {limit:,} of the largest saved "
                f"synthesizer; {advice}"
            )
    total = sum(size for name, size in sizes.items() if name != ARRAYS)
    if total > MAX_ALL_JSON_BYTES:
        raise ArtifactError(
            f"its JSON has {total:,} bytes, more than the {MAX_ALL_JSON_BYTES:,} of the largest "
            f"saved synthesizer; {advice}"
        )


def _no_zip() -> ArtifactError:
    return ArtifactError(
        "this is not a saved synthesizer, or it is damaged; give a .synth file that "
        "Synthesizer.save has written"
    )


def _damaged(what: str) -> ArtifactError:
    return ArtifactError(
        f"the file is damaged or was changed ({what}); get it again from where it was saved"
    )
