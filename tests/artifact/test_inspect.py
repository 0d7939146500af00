from __future__ import annotations

import io
import json

import pandas as pd
import pytest
from rich.console import Console

import synthhealth as sh
from synthhealth.artifact import Inspection, inspect
from synthhealth.errors import ArtifactError, FileError
from synthhealth.schema import Schema


@pytest.fixture(scope="module")
def inside(cohort, tmp_path_factory) -> Inspection:
    table = cohort.assign(
        mrn=[f"RA-{number:05d}" for number in range(9000, 9061)],
        seen=pd.date_range("2021-03-05", periods=61, freq="3D"),
    )
    schema = Schema.detect(table).with_protection("drop")
    model = sh.Synthesizer("ctgan", schema=schema, steps=20, random_state=7).fit(table)
    return inspect(model.save(tmp_path_factory.mktemp("saved") / "ra.synth"))


def shown(inside: Inspection) -> str:
    text = io.StringIO()
    Console(file=text, width=200).print(inside)
    return text.getvalue()


def test_what_is_inside(inside):
    assert inside.manifest.model == "ctgan"
    assert inside.manifest.settings["steps"] == 20
    assert inside.manifest.seed == 7
    assert set(inside.members) == {
        *("manifest.json", "preparation.json", "model.json", "arrays.safetensors")
    }
    # The generator's weights; each has four bytes, the header some.
    assert 4 * inside.n_weights < inside.members["arrays.safetensors"] < 4 * inside.n_weights + 4096
    assert not inside.is_signed


def test_columns(inside, cohort):
    columns = {column.name: column for column in inside.columns}
    assert list(columns)[:17] == list(cohort.columns)
    crp = columns["crp"]
    assert crp.kind.value == "continuous"
    assert crp.unit == "mg/L"
    assert crp.low < cohort["crp"].min()
    assert crp.high > cohort["crp"].max()
    assert columns["sex"].levels == ("F", "M")
    assert columns["sex"].low is None
    assert columns["mrn"].protection.value == "drop"
    assert columns["mrn"].levels == ()


def test_in_words(inside):
    text = shown(inside)
    for words in (
        "ctgan",
        "61 rows",
        "seed 7",
        "a fifth of the patients",
        "mg/L",
        "F, M",
        "not learned",
        "2021-0",
        "sdv 2",
        "no categories",
    ):
        assert words in text
    assert "RA-0" not in text
    assert f"{inside.handing_over[1:]}." in " ".join(text.split())


def test_says_what_such_files_tell(cohort, tmp_path):
    model = sh.Synthesizer(random_state=0, margin="norm", log_scale=False).fit(cohort)
    inside = inspect(model.save(tmp_path / "small.synth"))
    known = sh.models.about("gaussian_copula").file_attack(61, "standard")
    assert f"{100 * known.auc:.0f} % of pairs" in inside.handing_over
    assert inside.handing_over.startswith("do not hand over the file: ")
    assert "release synthetic rows and not the file" in inside.handing_over


def test_as_json(inside):
    assert Inspection.model_validate_json(inside.to_json()) == inside
    assert json.loads(inside.to_json())["columns"][0]["name"] == "age"


def test_says_only_what_is_so(cohort, tmp_path):
    schema = Schema.detect(cohort).model_copy(update={"min_cell": 1})
    model = sh.Synthesizer(schema=schema, random_state=0).fit(cohort)
    assert not any("categories" in one for one in inspect(model.save(tmp_path / "x")).not_inside)


def test_no_saved_model(tmp_path):
    with pytest.raises(FileError):
        inspect(tmp_path / "none.synth")
    (tmp_path / "x.synth").write_bytes(b"PK no zip")
    with pytest.raises(ArtifactError, match=r"x\.synth"):
        inspect(tmp_path / "x.synth")
