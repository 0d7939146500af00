from __future__ import annotations

import json
import zipfile

import pytest
from synth_files import FAMILIES, ResampledMargins, members_of
from synth_files import fitted as fitted_family

import synthhealth as sh
from synthhealth.artifact import saving
from synthhealth.errors import ArtifactError, FileError, NotFittedError, ParameterError


@pytest.fixture(scope="module")
def fitted(cohort):
    return sh.Synthesizer(random_state=3).fit(cohort)


@pytest.fixture
def saved(fitted, tmp_path):
    return fitted.save(tmp_path / "ra.synth")


def rewrite(path, change):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)


def test_replays_after_loading(fitted, saved, cohort):
    again = sh.load(saved)
    fresh = sh.Synthesizer(random_state=3).fit(cohort)
    assert again.sample(40).equals(fresh.sample(40))
    assert again.sample(40).equals(fresh.sample(40))
    assert again.n_rows_ == 61
    assert again.get_params() == fitted.get_params() | {"schema": fitted.schema_}


def test_refuses_to_overwrite(fitted, saved):
    before = saved.read_bytes()
    with pytest.raises(FileError, match="force"):
        fitted.save(saved)
    assert saved.read_bytes() == before
    fitted.save(saved, force=True)


def test_no_training_table_inside(saved, cohort):
    again = sh.load(saved)
    with pytest.raises(ParameterError, match=r"evaluate\(real\)"):
        again.evaluate()
    assert again.evaluate(cohort).evaluation.real_is == "holdout"


def test_unfitted_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        sh.Synthesizer().save(tmp_path / "x.synth")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_truncated(saved, keep):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * keep) if keep < 1 else keep])
    with pytest.raises(ArtifactError, match=r"ra\.synth"):
        sh.load(saved)


def test_changed_content(saved):
    rewrite(
        saved,
        lambda members: members.update({"preparation.json": members["preparation.json"] + b" "}),
    )
    with pytest.raises(ArtifactError, match="checksums"):
        sh.load(saved)


def test_newer_format(saved):
    def newer(members):
        manifest = json.loads(members["manifest.json"])
        members["manifest.json"] = json.dumps(manifest | {"format_version": 99}).encode()

    rewrite(saved, newer)
    with pytest.raises(ArtifactError, match="upgrade"):
        sh.load(saved)


def test_other_files(tmp_path, cohort):
    with pytest.raises(FileError, match="no such file"):
        sh.load(tmp_path / "none.synth")
    other = tmp_path / "table.csv"
    cohort.to_csv(other)
    with pytest.raises(ArtifactError, match="not a saved synthesizer"):
        sh.load(other)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(ArtifactError, match="not a saved synthesizer"):
        sh.load(tmp_path / "other.zip")


def test_model_that_is_not_installed(saved):
    def foreign(members):
        manifest = json.loads(members["manifest.json"])
        members["manifest.json"] = json.dumps(manifest | {"model": "flow"}).encode()

    rewrite(saved, foreign)
    with pytest.raises(ArtifactError, match="'flow'"):
        sh.load(saved)


#: Of the networks one.
ONE_OF_EACH = [
    pytest.param(name, marks=pytest.mark.slow if "gan" in name else ()) for name in FAMILIES
]


@pytest.mark.parametrize("family", ONE_OF_EACH)
def test_equal_fits_give_equal_bytes(family, tmp_path, cohort):
    def members(name):
        model = sh.Synthesizer(family, random_state=4, **FAMILIES[family]).fit(cohort)
        members = members_of(model.save(tmp_path / name))
        return {name: content for name, content in members.items() if name != "manifest.json"}

    assert members("one.synth") == members("two.synth")


@pytest.mark.parametrize("family", ONE_OF_EACH)
def test_saving_a_loaded_one_again(family, tmp_path):
    first = fitted_family(family).save(tmp_path / "first.synth")
    second = sh.load(first).save(tmp_path / "second.synth")
    one, two = members_of(first), members_of(second)
    one.pop("manifest.json"), two.pop("manifest.json")
    assert one == two


def test_a_third_party_family(tmp_path, cohort, registered):
    registered(ResampledMargins)
    model = sh.Synthesizer(ResampledMargins.name, random_state=0, width=2.0).fit(cohort)
    path = model.save(tmp_path / "model.synth")
    again = sh.load(path)
    assert again.sample(50).equals(model.sample(50))
    assert again.get_params() == model.get_params() | {"schema": model.schema_}
    members = members_of(path)
    assert json.loads(members["model.json"])["settings"] == {"width": 2.0}


def test_the_signature_is_left_to_verify(saved, fitted):
    rewrite(saved, lambda members: members.update({"signature.json": b"{}"}))
    assert sh.load(saved).seed_ == fitted.seed_


def test_tables_beyond_the_limits_are_not_saved(fitted, tmp_path, monkeypatch):
    monkeypatch.setattr(saving, "MAX_COLUMNS", 16)
    with pytest.raises(ArtifactError, match="more than 16 columns"):
        fitted.save(tmp_path / "model.synth")
    assert not list(tmp_path.iterdir())


def test_arguments_that_change_after_the_fit_are_not_saved(cohort, tmp_path):
    model = sh.Synthesizer(random_state=0).fit(cohort)
    expected = model.sample(20, random_state=1)
    for number, changed in enumerate(({"model": "tvae"}, {"steps": 3}, {"privacy": "none"})):
        model.set_params(**changed)
        again = sh.load(model.save(tmp_path / f"{number}.synth"))
        assert again.model == "hybrid"
        assert again.model_params == {}
        assert again.sample(20, random_state=1).equals(expected)
