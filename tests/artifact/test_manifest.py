from __future__ import annotations

import json
import platform
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

import numpy as np
import pytest
from evidence import KEY, fitted, manifest_of, small_table
from pydantic import ValidationError
from synth_files import FAMILIES, members_of

import synthhealth as sh
from synthhealth.artifact import sample_digest, table_digest
from synthhealth.artifact.manifest import Manifest, make_manifest, member_of
from synthhealth.artifact.saving import members_of as members_made
from synthhealth.errors import ArtifactError, FitError, ParameterError


@pytest.fixture(scope="module")
def real():
    return small_table()


@pytest.fixture(scope="module")
def model(real):
    return sh.Synthesizer(random_state=3).fit(real)


@pytest.fixture(scope="module")
def report(model, real):
    return model.evaluate(real, model.sample(80, random_state=1))


@pytest.fixture(scope="module")
def manifest(model, report, real) -> Manifest:
    fitted = model.fitted_
    return make_manifest(fitted, members_made(fitted), report=report, key=KEY, table=real)


def test_says_how_the_model_came_about(manifest, model):
    assert (manifest.format, manifest.format_version) == ("synthhealth", 2)
    assert (manifest.model, manifest.seed, manifest.n_rows) == ("hybrid", 3, 61)
    assert manifest.parameters == {}
    assert manifest.settings == json.loads(json.dumps(model.settings_))
    assert not manifest.partial
    age = datetime.now(timezone.utc) - manifest.created
    assert timedelta(0) <= age < timedelta(minutes=10)


def test_says_what_it_was_computed_with(manifest):
    assert manifest.platform.python == platform.python_version()
    assert manifest.platform.machine == platform.machine()
    assert manifest.platform.instructions
    assert manifest.platform.gpu is None
    assert manifest.versions.keys() == {
        *("synthhealth", "numpy", "pandas", "scipy", "scikit-learn", "safetensors", "pydantic"),
    }
    assert manifest.versions["synthhealth"] == sh.__version__
    assert manifest.versions["numpy"] == version("numpy")


def test_holds_the_digests_of_the_members(manifest, model):
    members = members_made(model.fitted_)
    assert manifest.members == {name: member_of(one) for name, one in members.items()}
    assert member_of(b"abc").sha256 == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert member_of(b"abc").size == 3


def test_summary_of_the_report(manifest, report, model):
    """It holds no digit more than the report's file."""
    overall = json.loads(report.evaluation.overall.model_dump_json())
    assert manifest.report.n_synthetic == 80
    assert manifest.report.real_is == "holdout"
    assert manifest.report.ks_average.value == overall["ks_average"]["value"]
    assert manifest.report.column_average.floor_low == overall["column_average"]["floor"]["low"]
    difference = manifest.report.dependence_difference
    assert difference.floor_high == overall["dependence_difference"]["floor"]["high"]
    assert make_manifest(model.fitted_, {}).report is None


def test_a_cross_validated_report_is_of_no_one_model(model, real, tmp_path):
    report = sh.Synthesizer(random_state=0).cross_evaluate(real, k=2)
    with pytest.raises(ParameterError, match="fits of parts of the table"):
        model.save(tmp_path / "m.synth", report=report)
    assert not (tmp_path / "m.synth").exists()


def test_hash_of_the_table(manifest, model, real, tmp_path):
    assert manifest.table_hmac == table_digest(real, KEY)
    assert make_manifest(model.fitted_, {}).table_hmac is None
    for content in members_of(model.save(tmp_path / "m.synth", key=KEY)).values():
        assert KEY not in content
        assert KEY.hex().encode() not in content


def test_training_of_a_network():
    training = make_manifest(fitted("ctgan").fitted_, {}).training
    assert training.unit == "epoch"
    assert training.done == training.total == fitted("ctgan").settings_["epochs"]
    assert set(training.losses) == {"generator", "discriminator"}
    assert training.seconds >= 0


def test_losses_that_are_no_numbers_are_left_out(model):
    event = sh.ProgressEvent("fit", 1, 2, "epoch", 0.123, {"generator": np.nan, "other": 1.0})
    training = make_manifest(replace(model.fitted_, training=event), {}).training
    assert training.model_dump() == {
        **{"done": 1, "total": 2, "unit": "epoch", "seconds": 0.1},
        "losses": {"other": 1.0},
    }
    assert make_manifest(replace(model.fitted_, training=None), {}).training is None


def test_replay_is_what_sampling_gives(manifest, model):
    assert manifest.replay.n_rows == 200
    sample = model.sample(200, random_state=manifest.replay.seed)
    assert manifest.replay.sha256 == sample_digest(sample)


@pytest.mark.parametrize("family", FAMILIES)
def test_equal_fits_give_equal_files_but_for_times(family, tmp_path):
    model = fitted(family)
    again = sh.Synthesizer(**model.get_params()).fit(model._training_table)
    one, other = (
        members_of(each.save(tmp_path / name)) for each, name in ((model, "a"), (again, "b"))
    )
    manifests = []
    for members in (one, other):
        manifest = json.loads(members.pop("manifest.json"))
        manifest["created"] = manifest["training"]["seconds"] = None
        manifests.append(manifest)
    assert one == other
    assert manifests[0] == manifests[1]


def test_saving_disturbs_no_stream(real, tmp_path):
    schema = sh.Schema.detect(real).model_copy(update={"rules": ("alt > 5",)})
    models = [sh.Synthesizer(schema=schema, random_state=1).fit(real) for _ in range(2)]
    for model in models:
        model.sample(30)
    rate = models[0].accept_rate_
    models[0].save(tmp_path / "m.synth")
    assert models[0].accept_rate_ == rate
    assert models[0].sample(30).equals(models[1].sample(30))


def test_no_hash_without_the_table(model, tmp_path):
    again = sh.load(model.save(tmp_path / "m.synth"))
    with pytest.raises(ParameterError, match="does not carry the training table"):
        again.save(tmp_path / "again.synth", key=KEY)
    assert not (tmp_path / "again.synth").exists()
    assert manifest_of(again.save(tmp_path / "again.synth"))["table_hmac"] is None


def test_model_that_draws_nothing_is_saved_all_the_same(model, monkeypatch):
    def fail(n, *, seed):
        raise FitError("infinite numbers")

    monkeypatch.setattr(model.fitted_.model, "sample", fail)
    assert make_manifest(model.fitted_, {}).replay is None


def test_parameters_become_plain(model):
    given = {"dims": (np.int64(8), 4), "rate": np.float64(0.5), "margins": {"crp": "beta"}}
    assert make_manifest(replace(model.fitted_, parameters=given), {}).parameters == {
        **{"dims": [8, 4], "rate": 0.5},
        "margins": {"crp": "beta"},
    }


@pytest.mark.parametrize("value", [object(), {1: 2}, [b"bytes"], {"a": {1, 2}}])
def test_parameter_that_is_not_plain(model, value):
    with pytest.raises(ArtifactError, match="'odd'"):
        make_manifest(replace(model.fitted_, parameters={"odd": value}), {})


def test_comes_back_from_json(manifest):
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


@pytest.mark.parametrize(
    "change",
    [
        {"created": "2026-11-23T10:00:00+01:00"},
        {"created": "2026-11-23T10:00:00"},
        {"created": "2026-11-23T10:00:00.5Z"},
        {"format": "sdv"},
        {"seed": -1},
        {"n_rows": 0},
        {"table_hmac": "12"},
        {"replay": {"n_rows": 10**9, "seed": 0, "sha256": "0" * 64}},
        {"unknown": 1},
        {"versions": {"torch": "2\n3"}},
        {"versions": {"x" * 300: "1"}},
    ],
)
def test_refuses_what_no_file_says(manifest, change):
    with pytest.raises(ValidationError):
        Manifest.model_validate(manifest.model_dump(mode="json") | change)


def test_every_field_is_described():
    schema = Manifest.model_json_schema()
    for part in (schema, *schema["$defs"].values()):
        for name, field in part.get("properties", {}).items():
            assert field.get("description"), name
