from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest
from evidence import KEY, OTHER_KEY, fitted, forge, small_table
from rich.console import Console
from synth_files import FAMILIES

import synthhealth as sh
from synthhealth.artifact import Verification, verify
from synthhealth.errors import ArtifactError, FileError, FitInterruptedError, ParameterError
from synthhealth.io import read_table, write_table
from synthhealth.schema import Schema
from synthhealth.testing import awkward_table


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    return small_table()


@pytest.fixture
def saved(tmp_path):
    return fitted("gaussian_copula").save(tmp_path / "model.synth", key=KEY)


def outcomes(verification: Verification) -> dict[str, str]:
    return {check.name: check.outcome for check in verification.checks}


@pytest.mark.parametrize("family", FAMILIES)
def test_everything_is_repeated(family, real, tmp_path):
    path = fitted(family).save(tmp_path / "model.synth", key=KEY)
    verification = verify(path, data=real, key=KEY)
    assert outcomes(verification) == {
        **{"content": "same", "signature": "not checked", "sampling": "same"},
        **{"table": "same", "fit": "same"},
    }
    assert verification.version_differences == ()
    assert not verification.differs


def test_without_table_and_key(saved):
    verification = verify(saved)
    assert outcomes(verification) == {
        **{"content": "same", "signature": "not checked", "sampling": "same"},
        **{"table": "not checked", "fit": "not checked"},
    }
    assert not verification.differs


@pytest.mark.parametrize("name", ["pbc", "rare", "identifiers"])
def test_the_schema_in_the_file_repeats_the_fit(name, clinical, tmp_path):
    """A schema that was detected, read from text, merged or protected is complete in the file."""
    if name == "identifiers":
        table = awkward_table().assign(mrn=[f"MR-{one:04d}" for one in range(80)])
        table["crp"] = [f"{one:.1f}".replace(".", ",") for one in table["esr"].fillna(3) / 7]
    elif name == "rare":
        table = small_table().assign(site=["Cairo", "Giza", "Luxor"] * 20 + ["Aswan"])
    else:
        table = clinical(name).sample(200, random_state=0)
    schema = None if name == "rare" else Schema.detect(table).with_protection("fake")
    path = sh.Synthesizer(schema=schema, random_state=0).fit(table).save(tmp_path / "m.synth")
    assert verify(path, data=table)["fit"].outcome == "same"


def test_a_given_schema(real, tmp_path):
    detected = Schema.detect(real)
    columns = tuple(
        one.model_copy(update={"unit": "mm/h"}) if one.name == "esr" else one for one in detected
    )
    schema = detected.model_copy(update={"columns": columns, "rules": ("alt > 5",)})
    path = sh.Synthesizer(schema=schema, random_state=0).fit(real).save(tmp_path / "m.synth")
    assert verify(path, data=real)["fit"].outcome == "same"
    assert verify(path, data=real, schema=schema)["fit"].outcome == "same"
    other = verify(path, data=real, schema=detected)["fit"]
    assert other.outcome == "differs"
    assert "'described'" in other.words


def test_table_by_a_file(real, saved, tmp_path):
    write_table(real, tmp_path / "real.csv")
    assert not verify(saved, data=read_table(tmp_path / "real.csv"), key=KEY).differs


def test_other_dtypes(real, saved):
    check = verify(saved, data=real.astype({"age": "float64"}))["fit"]
    assert check.outcome == "differs"
    assert check.words.startswith("the dtypes of 'age' are others")


def test_another_key(real, saved):
    verification = verify(saved, data=real, key=OTHER_KEY)
    assert verification["table"].outcome == "differs"
    assert verification["fit"].outcome == "not checked"
    assert verification.differs


def test_another_order_of_rows(real, saved):
    verification = verify(saved, data=real.iloc[::-1], key=KEY)
    assert verification["table"].outcome == "differs"
    # Without the hash the fit decides, to which the order matters, too.
    assert verify(saved, data=real.iloc[::-1])["fit"].outcome == "differs"


def test_another_table(real, saved):
    other = real.copy()
    other.loc[other.index[5], "age"] += 9
    check = verify(saved, data=other)["fit"]
    assert check.outcome == "differs"
    assert "no difference of version or platform explains it" in check.words
    fewer = verify(saved, data=real.iloc[1:])["fit"]
    assert (fewer.outcome, fewer.words) == ("differs", "61 rows were learned, the table has 60")
    columns = verify(saved, data=real.rename(columns={"age": "years"}))["fit"]
    assert columns.outcome == "differs"
    assert "'age'" in columns.words


def test_the_fit_is_repeated_by_who_has_every_other_row_and_by_nobody_else(real, tmp_path):
    """What the documentation says of it: exact for who has all else, nothing for who lacks a cell.

    An attacker tries two candidates for the last patient: the true one, and one like it.
    """
    path = fitted("gaussian_copula").save(tmp_path / "model.synth")
    last = len(real) - 1
    wrong = real.copy()
    wrong.loc[last, "esr"] += 1
    answers = [verify(path, data=table)["fit"].outcome for table in (real, wrong)]
    assert answers == ["same", "differs"]
    # Of another patient a single cell is not known: neither candidate is the table learned.
    for candidate in (real, wrong):
        unsure = candidate.copy()
        unsure.loc[0, "esr"] += 1
        assert verify(path, data=unsure)["fit"].outcome == "differs"


def test_saved_without_a_key(real, tmp_path):
    path = fitted("gaussian_copula").save(tmp_path / "model.synth")
    check = verify(path, data=real, key=KEY)["table"]
    assert check.outcome == "not checked"
    assert "without a key" in check.words
    with pytest.raises(ParameterError, match="openssl rand"):
        verify(path, key=b"short")


def test_changed_content(saved):
    forge(saved, "preparation.json", lambda one: one["dtypes"].update(age="float64"), right=False)
    verification = verify(saved)
    assert outcomes(verification) == {
        **{"content": "differs", "signature": "not checked", "sampling": "not checked"},
        **{"table": "not checked", "fit": "not checked"},
    }
    assert "preparation.json" in verification["content"].words


@pytest.mark.parametrize("family", ["ctgan", "tvae"])
def test_changed_weight(family, real, tmp_path):
    """A forger makes all digests of the members right, but cannot guess the samples."""
    path = fitted(family).save(tmp_path / "model.synth")

    def nudge(arrays):
        largest = max(
            (one for one in arrays if arrays[one].ndim == 2), key=lambda n: arrays[n].size
        )
        arrays[largest][0] += 0.5

    forge(path, "arrays.safetensors", nudge)
    verification = verify(path, data=real)
    assert verification["content"].outcome == "same"
    assert verification["sampling"].outcome == "differs"
    assert "the model in the file is not the one" in verification["sampling"].words
    assert verification["fit"].outcome == "differs"
    assert "1 of " in verification["fit"].words


def test_version_differences_are_named(real, tmp_path):
    path = fitted("ctgan").save(tmp_path / "model.synth")

    def elsewhere(manifest):
        manifest["versions"].update(torch="0.1.2", pydantic="1.0")
        manifest["versions"]["other-package"] = "3.0"
        manifest["platform"]["instructions"] = "AVX9"
        manifest["replay"]["sha256"] = "0" * 64

    forge(path, "manifest.json", elsewhere)
    verification = verify(path)
    differences = {one.what: one for one in verification.version_differences}
    assert set(differences) == {"torch", "pydantic", "other-package", "vector instructions"}
    assert differences["torch"].saved == "0.1.2"
    assert differences["other-package"].here is None
    words = verification["sampling"].words
    assert "this may explain it" in words
    assert "torch 0.1.2 -> " in words
    assert "vector instructions AVX9 -> " in words
    assert "pydantic" not in words  # reads the file, and draws nothing
    # Differences alone are no finding.
    assert verify(path, data=real)["fit"].outcome == "same"


def test_what_cannot_explain_is_not_blamed(saved):
    def elsewhere(manifest):
        manifest["versions"]["torch"] = "0.1.2"
        manifest["replay"]["sha256"] = "0" * 64

    forge(saved, "manifest.json", elsewhere)
    verification = verify(saved)
    assert [one.what for one in verification.version_differences] == ["torch"]
    assert "no difference of version or platform explains it" in verification["sampling"].words


def test_partial_fit_cannot_be_repeated(real, tmp_path):
    model = sh.Synthesizer("tvae", random_state=0).fit(real, max_seconds=1e-6)
    assert model.partial_
    check = verify(model.save(tmp_path / "m.synth"), data=real)["fit"]
    assert check.outcome == "not checked"
    assert "ended early" in check.words


def test_model_that_drew_nothing(saved):
    forge(saved, "manifest.json", lambda manifest: manifest.update(replay=None))
    assert verify(saved)["sampling"].outcome == "not checked"


def test_progress_and_interruption(real, tmp_path):
    path = fitted("ctgan").save(tmp_path / "model.synth")
    events = []
    verify(path, data=real, on_progress=events.append)
    assert events[-1].done == events[-1].total

    def stop(event):
        raise KeyboardInterrupt

    with pytest.raises(FitInterruptedError):
        verify(path, data=real, on_progress=stop)


def test_files_that_are_no_saved_synthesizer(saved, tmp_path):
    with pytest.raises(FileError):
        verify(tmp_path / "none.synth")
    (tmp_path / "text.synth").write_text("hello")
    with pytest.raises(ArtifactError, match=r"text\.synth"):
        verify(tmp_path / "text.synth")
    forge(saved, "manifest.json", lambda manifest: manifest.update(model="flow"))
    with pytest.raises(ArtifactError, match=r"model\.synth: .*'flow'"):
        verify(saved)
    forge(saved, "manifest.json", lambda manifest: manifest.update(format_version=99))
    with pytest.raises(ArtifactError, match="upgrade"):
        verify(saved)


def test_json_and_table(saved):
    verification = verify(saved)
    assert Verification.model_validate_json(verification.to_json()) == verification
    schema = Verification.model_json_schema()
    for part in (schema, *schema["$defs"].values()):
        for name, field in part["properties"].items():
            assert field.get("description") or "$ref" in field, name
    console = Console(width=200)
    with console.capture() as capture:
        console.print(verification)
    text = capture.get()
    assert all(check.words in text for check in verification.checks)
    assert "saved -> here: the same" in text


class Clock:
    """Time that goes on by a second with each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1
        return self.now


def ask_for_ever(content: dict[str, Any]) -> None:
    for said in (content.get("parameters"), content.get("settings")):
        if said is not None:
            said["steps"] = 10_000_000


def test_a_fit_that_would_take_days_is_not_repeated(real, tmp_path, monkeypatch):
    path = sh.Synthesizer("ctgan", steps=20, random_state=0).fit(real).save(tmp_path / "a.synth")
    forge(path, "manifest.json", ask_for_ever)
    forge(path, "model.json", ask_for_ever)
    monkeypatch.setattr("synthhealth.models.base.time", Clock())
    events = []
    verification = verify(path, data=real, on_progress=events.append)
    assert verification["fit"].outcome == "not checked"
    assert re.search(r"ask for [\d,]+ epochs, which take about \d+ days here; about 15 minutes are "
                     r"allowed.*--max-seconds", verification["fit"].words)  # fmt: skip
    assert len(events) < 10
    assert not verification.differs
    # Where the pace deceived, time itself ends it.
    ended = verify(path, data=real, max_seconds=3)
    assert ended["fit"].outcome == "not checked"


def test_a_fit_within_its_time_is_repeated(real, tmp_path):
    path = sh.Synthesizer("ctgan", steps=20, random_state=0).fit(real).save(tmp_path / "a.synth")
    assert verify(path, data=real, max_seconds=300)["fit"].outcome == "same"
    assert verify(path, data=real, max_seconds=None)["fit"].outcome == "same"


@pytest.mark.parametrize("bad", [0, -1, "long", float("nan")])
def test_a_time_that_is_none_is_refused(bad, saved):
    with pytest.raises(ParameterError, match="max_seconds"):
        verify(saved, max_seconds=bad)
