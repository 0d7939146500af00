"""Signatures of saved synthesizers: who has vouched for a file.

Ed25519 (RFC 8032) over the bytes of ``manifest.json`` as they stand in the file. The manifest holds
the SHA-256 of every other member, and loading refuses a file with a member that is not in it or
does not match it, so that the signature vouches for the whole content.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthhealth.artifact.container import MANIFEST, SIGNATURE, read_container, write_container
from synthhealth.artifact.plain import parse_json, to_json
from synthhealth.artifact.saving import read_manifest
from synthhealth.errors import ArtifactError, FileError, ParameterError
from synthhealth.io import check_target, whole_file
from synthhealth.io.files import reason

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

__all__ = [
    "Signature",
    "fingerprint",
    "is_signed_by",
    "new_key",
    "read_public_key",
    "sign",
    "who_signed",
]

#: The largest file that is read as a key; one of Ed25519 has about 120 bytes.
MAX_KEY_FILE = 64 * 1024


class Signature(BaseModel):
    """The content of ``signature.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    algorithm: Literal["Ed25519"] = "Ed25519"
    """How it was made (RFC 8032)."""
    signature: str = Field(pattern=r"^[A-Za-z0-9+/]{86}==$")
    """The signature of the bytes of ``manifest.json``, in Base64."""
    public_key_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Fingerprint of the key: SHA-256 of the public key in DER, in hexadecimal digits."""


def sign(
    path: str | os.PathLike[str],
    private_key: str | os.PathLike[str],
    *,
    password: bytes | None = None,
) -> Signature:
    """Sign a saved synthesizer; the file is rewritten whole or not at all.

    An earlier signature is replaced. Needs the package ``cryptography``:
    ``pip install 'synthhealth[sign]'``.

    Parameters
    ----------
    path : path-like
        The ``.synth`` file.
    private_key : path-like
        An Ed25519 key in PEM, as `new_key` or ``openssl genpkey -algorithm ed25519`` makes it.
    password : bytes, optional
        The password, if the key is encrypted.

    Returns
    -------
    Signature

    Raises
    ------
    FileError
        A file cannot be read or written.
    ArtifactError
        The file is not a saved synthesizer, or is damaged: that is not to be vouched for.
    ParameterError
        The key is no Ed25519 key, its password is missing or wrong, or ``cryptography`` is not
        installed.
    """
    key = _read_private_key(private_key, password)
    read_manifest(path)
    members = read_container(path)
    signature = Signature(
        signature=base64.b64encode(key.sign(members[MANIFEST])).decode(),
        public_key_sha256=fingerprint(key.public_key()),
    )
    members[SIGNATURE] = to_json(signature.model_dump(), indent=2)
    write_container(path, members, force=True)
    return signature


def who_signed(members: Mapping[str, bytes]) -> Signature | None:
    """Read what the file says about its signature, which proves nothing yet; None if unsigned.

    Raises
    ------
    ArtifactError
        The signature cannot be read.
    """
    if SIGNATURE not in members:
        return None
    content = parse_json(members[SIGNATURE], SIGNATURE)
    try:
        return Signature.model_validate(content)
    except ValidationError:
        raise ArtifactError(f"{SIGNATURE} is not a signature of synthhealth") from None


def is_signed_by(key: Ed25519PublicKey, signature: Signature, manifest: bytes) -> bool:
    """Say whether the owner of a key has signed these bytes of a manifest."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(base64.b64decode(signature.signature, validate=True), manifest)
    except (InvalidSignature, binascii.Error):
        return False
    return True


def fingerprint(key: Ed25519PublicKey) -> str:
    """Give the SHA-256 of a public key in DER.

    The same as ``openssl pkey -pubin -in key.pub.pem -outform DER | sha256sum``.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def new_key(path: str | os.PathLike[str], *, password: bytes | None = None) -> Path:
    """Make a new pair of keys; nothing is overwritten.

    Parameters
    ----------
    path : path-like
        Where the private key goes, readable by its owner only: ``key.pem``. The public key goes
        beside it: ``key.pub.pem``.
    password : bytes, optional
        Encrypts the private key.

    Returns
    -------
    pathlib.Path
        The file of the public key, to be given to those who verify.

    Raises
    ------
    FileError
        One of the files exists, or cannot be written.
    ParameterError
        ``cryptography`` is not installed.
    """
    serialization = _serialization()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public_path = Path(path).with_suffix(f".pub{Path(path).suffix}")
    for target in (path, public_path):
        if os.path.isfile(target):  # in words of its own: there is no `force` here
            raise FileError(
                f"{target}: the file exists already, and keys are never overwritten; choose "
                "another name"
            )
        check_target(target)
    key = Ed25519PrivateKey.generate()
    encryption = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with whole_file(path, private=True) as file:
        file.write_bytes(private)
    with whole_file(public_path) as file:
        file.write_bytes(public)
    return public_path


def read_public_key(path: str | os.PathLike[str]) -> Ed25519PublicKey:
    """Read an Ed25519 public key in PEM.

    Raises
    ------
    FileError
        The file cannot be read.
    ParameterError
        It is no such key, or ``cryptography`` is not installed.
    """
    serialization = _serialization()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    content = _read_key_file(path)
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        private = " but a private one; give the public one" if b"PRIVATE KEY" in content else ""
        raise ParameterError(f"{path}: this is not a public key in PEM{private}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ParameterError(f"{path}: {_not_ed25519(key)}")
    return key


def _read_private_key(path: str | os.PathLike[str], password: bytes | None) -> Ed25519PrivateKey:
    serialization = _serialization()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    content = _read_key_file(path)
    is_encrypted = b"ENCRYPTED" in content
    if is_encrypted and password is None:
        raise ParameterError(
            f"{path}: the key is encrypted; give its password (on the command line --ask-password)"
        )
    try:
        key = serialization.load_pem_private_key(content, password if is_encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ParameterError(
            f"{path}: the password is wrong, or the key is damaged"
            if is_encrypted
            else f"{path}: this is not a private key in PEM; make one with: "
            "synthhealth sign --new-key key.pem"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ParameterError(f"{path}: {_not_ed25519(key)}")
    return key


def _not_ed25519(key: Any) -> str:
    return (
        f"this is a key of another kind ({type(key).__name__}), not of Ed25519; make one with: "
        "synthhealth sign --new-key key.pem"
    )


def _read_key_file(path: str | os.PathLike[str]) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_KEY_FILE)
    except OSError as error:
        raise FileError(f"{path}: the key cannot be read ({reason(error)})") from None


def _serialization() -> ModuleType:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise ParameterError(
            "signatures need the package cryptography; install it with: "
            "pip install 'synthhealth[sign]'"
        ) from None
    return serialization
