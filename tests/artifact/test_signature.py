from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys

import pytest
from evidence import fitted, forge
from synth_files import members_of, write

import synthhealth as sh
from synthhealth.artifact import new_key, sign, verify
from synthhealth.errors import ArtifactError, FileError, ParameterError

pytest.importorskip("cryptography", reason="signatures need the extra 'sign'")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A private key; the public one lies beside it."""
    path = tmp_path_factory.mktemp("keys") / "key.pem"
    new_key(path)
    return path


@pytest.fixture(scope="module")
def other_keys(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "key.pem"
    new_key(path)
    return path


@pytest.fixture
def saved(tmp_path):
    return fitted("gaussian_copula").save(tmp_path / "model.synth")


@pytest.fixture
def signed(saved, keys):
    sign(saved, keys)
    return saved


def public(keys):
    return keys.with_name("key.pub.pem")


def found(path, keys):
    check = verify(path, public_key=public(keys))["signature"]
    return check.outcome, check.words


def test_signed_file_is_the_same_model(saved, keys):
    before = members_of(saved)
    signature = sign(saved, keys)
    after = members_of(saved)
    assert json.loads(after.pop("signature.json")) == signature.model_dump()
    assert after == before
    sampled = sh.load(saved).sample(30)
    assert sampled.equals(sh.load(write(saved, before)).sample(30))


def test_signature_is_found(signed, keys):
    verification = verify(signed, public_key=public(keys))
    assert verification["signature"].outcome == "same"
    assert verification["content"].outcome == "same"
    assert not verification.differs


def test_another_key(signed, keys, other_keys):
    outcome, words = found(signed, other_keys)
    assert outcome == "differs"
    assert "another key" in words
    sign(signed, other_keys)  # in the place of the first
    assert found(signed, other_keys)[0] == "same"
    assert found(signed, keys)[0] == "differs"


def test_no_signature(saved, keys):
    assert found(saved, keys) == ("differs", "the file is not signed")
    check = verify(saved)["signature"]
    assert (check.outcome, check.words) == ("not checked", "the file is not signed")


def test_signature_without_a_key_is_not_believed(signed):
    check = verify(signed)["signature"]
    assert check.outcome == "not checked"
    assert json.loads(members_of(signed)["signature.json"])["public_key_sha256"] in check.words


def test_forger_who_makes_the_digests_right(signed, keys):
    forge(signed, "preparation.json", lambda one: one["dtypes"].update(age="float64"))
    verification = verify(signed, public_key=public(keys))
    assert verification["content"].outcome == "same"
    assert verification["signature"].outcome == "differs"
    assert "manifest was changed" in verification["signature"].words


def test_forger_who_changes_the_manifest(signed, keys):
    forge(signed, "manifest.json", lambda one: one.update(n_rows=62))
    assert found(signed, keys) == (
        "differs",
        "the manifest was changed after it was signed by this key",
    )


def test_forger_who_leaves_the_manifest(signed, keys):
    forge(signed, "model.json", lambda one: one.update(partial=True), right=False)
    verification = verify(signed, public_key=public(keys))
    assert verification["signature"].outcome == "same"
    assert verification["content"].outcome == "differs"
    assert "model.json" in verification["content"].words
    with pytest.raises(ArtifactError, match="checksums"):
        sh.load(signed)


def test_signature_of_another_file(signed, keys, tmp_path):
    other = fitted("tvae").save(tmp_path / "other.synth")
    members = members_of(other) | {"signature.json": members_of(signed)["signature.json"]}
    assert found(write(other, members), keys)[0] == "differs"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"algorithm": "none"}',
        json.dumps(
            {
                "algorithm": "Ed25519",
                "signature": base64.b64encode(bytes(63)).decode(),
                "public_key_sha256": "0" * 64,
            }
        ).encode(),
    ],
)
def test_what_is_no_signature(saved, keys, content):
    write(saved, members_of(saved) | {"signature.json": content})
    assert found(saved, keys)[0] == "differs"


def test_damaged_file_is_not_signed(saved, keys):
    forge(saved, "model.json", lambda one: one.update(partial=True), right=False)
    before = saved.read_bytes()
    with pytest.raises(ArtifactError, match=r"model\.synth"):
        sign(saved, keys)
    assert saved.read_bytes() == before
    saved.write_bytes(before[:100])
    with pytest.raises(ArtifactError):
        sign(saved, keys)


# --- keys ----------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="other systems keep other rights")
def test_private_key_is_its_owners(tmp_path):
    path = new_key(tmp_path / "key.pem")
    assert path == tmp_path / "key.pub.pem"
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["key.pem", "key.pub.pem"])
def test_no_key_is_overwritten(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileError, match=rf"{name}: .*never overwritten"):
        new_key(tmp_path / "key.pem")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_key_with_a_password(saved, tmp_path):
    key = tmp_path / "key.pem"
    new_key(key, password=b"Geheimnis")
    with pytest.raises(ParameterError, match="--ask-password"):
        sign(saved, key)
    with pytest.raises(ParameterError, match="password is wrong") as error:
        sign(saved, key, password=b"Verraten")
    assert "Verraten" not in str(error.value)
    sign(saved, key, password=b"Geheimnis")
    assert found(saved, key)[0] == "same"


def test_what_is_no_key(saved, keys, tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        sign(saved, tmp_path / "none.pem")
    with pytest.raises(ParameterError, match="not a private key"):
        sign(saved, public(keys))
    with pytest.raises(ParameterError, match="give the public one"):
        verify(saved, public_key=keys)
    (tmp_path / "text.pem").write_text("Geheimnis")
    for use in (
        lambda: sign(saved, tmp_path / "text.pem"),
        lambda: verify(saved, public_key=tmp_path / "text.pem"),
    ):
        with pytest.raises(ParameterError, match="PEM") as error:
            use()
        assert "Geheimnis" not in str(error.value)


def test_key_of_another_kind(saved, tmp_path):
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "ec.pem").write_bytes(
        key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    )
    (tmp_path / "ec.pub.pem").write_bytes(
        key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(ParameterError, match="another kind"):
        sign(saved, tmp_path / "ec.pem")
    with pytest.raises(ParameterError, match="another kind"):
        verify(saved, public_key=tmp_path / "ec.pub.pem")


def test_without_the_package(saved, keys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    for use in (
        lambda: sign(saved, keys),
        lambda: new_key(saved.with_name("key.pem")),
        lambda: verify(saved, public_key=public(keys)),
    ):
        with pytest.raises(ParameterError, match=r"pip install 'synthhealth\[sign\]'"):
            use()
    assert not verify(saved).differs


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_makes_keys_and_checks_signatures(saved, tmp_path):
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    key, public_key = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", key)
    openssl("pkey", "-in", key, "-pubout", "-out", public_key)
    signature = sign(saved, key)
    assert found(saved, key)[0] == "same"

    openssl("pkey", "-pubin", "-in", public_key, "-outform", "DER", "-out", tmp_path / "der")
    fingerprint = hashlib.sha256((tmp_path / "der").read_bytes()).hexdigest()
    assert signature.public_key_sha256 == fingerprint
    (tmp_path / "manifest").write_bytes(members_of(saved)["manifest.json"])
    (tmp_path / "signature").write_bytes(base64.b64decode(signature.signature))
    check = ("-rawin", "-in", tmp_path / "manifest", "-sigfile", tmp_path / "signature")
    openssl("pkeyutl", "-verify", "-pubin", "-inkey", public_key, *check)
    (tmp_path / "manifest").write_bytes(members_of(saved)["manifest.json"] + b" ")
    with pytest.raises(subprocess.CalledProcessError):
        openssl("pkeyutl", "-verify", "-pubin", "-inkey", public_key, *check)
