from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner, Result

import synthhealth as sh
from synthhealth.artifact import table_digest
from synthhealth.artifact.saving import read_manifest
from synthhealth.cli import app
from synthhealth.io import read_table, write_table

KEY = "0123456789abcdef0123456789abcdef"


def call(*arguments: object, code: int = 0, **options: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], **options)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv("SYNTHHEALTH_KEY", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table, a model of it, and the key of the table's hash."""
    folder = tmp_path_factory.mktemp("evidence")
    write_table(sh.datasets.load_ra_panel()[["age", "sex", "esr", "alt"]], folder / "real.csv")
    (folder / "table.key").write_text(KEY + "\n")
    arguments = ("--seed", 0, "--key-file", folder / "table.key")
    call("fit", folder / "real.csv", "--out", folder / "model.synth", *arguments)
    return folder


@pytest.fixture
def model(folder, tmp_path):
    path = tmp_path / "model.synth"
    path.write_bytes((folder / "model.synth").read_bytes())
    return path


def test_everything_is_the_same(folder, model, tmp_path):
    options = ("--data", folder / "real.csv", "--key-file", folder / "table.key")
    result = call("verify", model, *options, "--json", tmp_path / "found.json")
    assert KEY not in result.output
    found = json.loads((tmp_path / "found.json").read_text())
    outcomes = {check["name"]: check["outcome"] for check in found["checks"]}
    assert outcomes == {
        **{"content": "same", "signature": "not checked", "sampling": "same"},
        **{"table": "same", "fit": "same"},
    }
    for name in outcomes:
        assert f" {name} " in result.stdout
    assert result.stderr == ""


def test_another_suffix_is_noted(folder, tmp_path):
    arguments = ("--out", tmp_path / "model.pkl", "--seed", 0)
    assert "end in .synth" in call("fit", folder / "real.csv", *arguments).stderr
    call("verify", tmp_path / "model.pkl")


def test_without_anything(model):
    assert "no table was given" in call("verify", model).stdout


def test_what_differs_ends_in_3(folder, model, tmp_path):
    real = read_table(folder / "real.csv")
    write_table(real.iloc[::-1], tmp_path / "other.csv")
    options = ("--data", tmp_path / "other.csv", "--key-file", folder / "table.key")
    result = call("verify", model, *options, code=3)
    assert "differs" in result.stdout
    assert result.stderr == ""
    call("verify", model, *options, "--quiet", code=3)


def test_key_by_variable(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHHEALTH_KEY", KEY)
    path = tmp_path / "model.synth"
    call("fit", folder / "real.csv", "--out", path, "--seed", 0)
    digest = table_digest(read_table(folder / "real.csv"), KEY.encode())
    assert read_manifest(path).table_hmac == digest
    assert "has the hash" in call("verify", path, "--data", folder / "real.csv").stdout
    monkeypatch.setenv("SYNTHHEALTH_KEY", "Geheimnis")
    result = call("fit", folder / "real.csv", "--out", tmp_path / "other.synth", code=1)
    assert "openssl rand" in result.stderr
    assert "environment variable SYNTHHEALTH_KEY" in result.stderr
    assert "Geheimnis" not in result.output
    assert not (tmp_path / "other.synth").exists()


def test_run_keeps_hash_and_report(folder, tmp_path):
    out = tmp_path / "out"
    key = ("--key-file", folder / "table.key")
    call("run", folder / "real.csv", "--out", out, "--seed", 0, "--rows", 70, "--drop", "sex", *key)
    manifest = read_manifest(out / "model.synth")
    assert manifest.report.n_synthetic == 70
    overall = json.loads((out / "report.json").read_text())["evaluation"]["overall"]
    assert manifest.report.column_average.value == overall["column_average"]["value"]
    assert manifest.table_hmac is not None
    data = ("--data", folder / "real.csv")
    call("verify", out / "model.synth", *data, "--drop", "sex", *key)
    result = call("verify", out / "model.synth", *data, *key, code=3)
    assert "left out with --drop" in " ".join(result.stdout.replace("- ", "").split())


def test_demo_keeps_its_report(tmp_path):
    call("demo", "--out", tmp_path / "out", "--rows", 70)
    manifest = read_manifest(tmp_path / "out" / "model.synth")
    assert manifest.report.n_synthetic == 70
    assert manifest.table_hmac is None
    call("verify", tmp_path / "out" / "model.synth", "--data", tmp_path / "out" / "real.csv")


def test_schema_of_the_fit(folder, tmp_path):
    call("schema", folder / "real.csv", "--out", tmp_path / "schema.yaml")
    schema = ("--schema", tmp_path / "schema.yaml")
    call("fit", folder / "real.csv", "--out", tmp_path / "m.synth", "--seed", 0, *schema)
    data = ("--data", folder / "real.csv")
    call("verify", tmp_path / "m.synth", *data)
    call("verify", tmp_path / "m.synth", *data, *schema)


def test_bad_input_ends_in_1(folder, model, tmp_path):
    for arguments, word in [
        ((tmp_path / "none.synth",), "no such file"),
        ((folder / "real.csv",), "real.csv"),
        ((model, "--data", tmp_path / "none.csv"), "no such file"),
        ((model, "--key-file", tmp_path / "none"), "cannot be read"),
        ((model, "--json", folder / "real.csv"), "exists"),
    ]:
        result = call("verify", *arguments, code=1)
        assert result.stdout == ""
        assert result.stderr.startswith("error: ")
        assert word in result.stderr


# --- sign ----------------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path):
    pytest.importorskip("cryptography", reason="signatures need the extra 'sign'")
    path = tmp_path / "key.pem"
    assert "keep it secret" in call("sign", "--new-key", path).stdout
    return path


def test_sign_and_verify(model, key):
    public = key.with_name("key.pub.pem")
    call("verify", model, "--public-key", public, code=3)
    assert "Signed" in call("sign", model, "--private-key", key).stdout
    assert "signed by the key" in call("verify", model, "--public-key", public).stdout


def test_new_key_and_sign_at_once(model, key, tmp_path):
    call("sign", model, "--new-key", tmp_path / "second.pem")
    call("verify", model, "--public-key", tmp_path / "second.pub.pem")
    result = call("verify", model, "--public-key", key.with_name("key.pub.pem"), code=3)
    assert "another key" in " ".join(result.stdout.split())


def test_password_is_asked_for(model, key, tmp_path):
    locked = tmp_path / "locked.pem"
    asked = call("sign", "--new-key", locked, "--ask-password", input="Geheimnis\nGeheimnis\n")
    assert "Geheimnis" not in asked.output
    result = call("sign", model, "--private-key", locked, code=1)
    assert "--ask-password" in result.stderr
    call("sign", model, "--private-key", locked, "--ask-password", input="falsch\n", code=1)
    call("sign", model, "--private-key", locked, "--ask-password", input="Geheimnis\n")
    call("verify", model, "--public-key", tmp_path / "locked.pub.pem")


def test_what_cannot_be_signed(model, key, tmp_path):
    before = model.read_bytes()
    for arguments, word in [
        ((), "--new-key"),
        ((model,), "--private-key"),
        ((model, "--private-key", key, "--new-key", tmp_path / "b.pem"), "not both"),
        ((model, "--private-key", tmp_path / "none.pem"), "cannot be read"),
        ((tmp_path / "none.synth", "--private-key", key), "no such file"),
        ((tmp_path / "none.synth", "--new-key", tmp_path / "b.pem"), "no such file"),
        (("--new-key", key), "never overwritten; choose another name"),
    ]:
        result = call("sign", *arguments, code=1)
        assert word in result.stderr
        assert "--force" not in result.stderr
    assert model.read_bytes() == before
    assert not os.path.exists(tmp_path / "b.pem")
