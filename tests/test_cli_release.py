"""The verb ``release``, and ``run --release``: evidence in a folder, a page to be signed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.io import write_table

COLUMNS = ["sex", "age", "crp"]
SIMPLE = ("--param", "margin=norm", "--param", "log_scale=false", "--seed", "0")
SET = {"synthetic.csv", "model.synth", "report.html", "report.json"}
RELEASE = {"release.html", "release.json"}


def call(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("real") / "real.csv"
    write_table(sh.datasets.load_ra_panel()[COLUMNS], path)
    return path


@pytest.fixture(scope="module")
def folder(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``run --release`` writes; its attack had no time."""
    out = tmp_path_factory.mktemp("run") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")  # starting processes takes longer than two fits
        patch.setattr("synthhealth.cli._results.FEWEST_FOLDED", 30)
        patch.setattr("synthhealth.cli._results.FOLDS", 2)
        call("run", real, "--out", out, *SIMPLE, "--release", "--attack-seconds", "0.001")
    return out


def copied(folder: Path, to: Path, *names: str) -> Path:
    to.mkdir(exist_ok=True)
    for name in names:
        (to / name).write_bytes((folder / name).read_bytes())
    return to


def attacked(path: Path, recognised: float, low: float) -> None:
    """Write what an attack found."""
    one = {
        "name": "Likelihood ratio with shadow fits", "threat": "Somebody.", "source": "LiRA",
        "members": 61, "non_members": 61, "auc": 0.8, "tpr_at_1": 0.1, "tpr_at_10": 0.4,
        "interval": {"low": 0.76, "high": 0.84, "method": "bootstrap"}, "recognised": recognised,
        "recognised_interval": {"low": low, "high": 0.33, "method": "Clopper-Pearson"},
    }  # fmt: skip
    found = {
        "family": "hybrid", "n_patients": 61, "n_learned": 30, "n_rows": 1000,
        "fits": 32, "fits_asked": 32, "seconds": 9.0, "random_state": 0, "verdict": "measured",
        "on_rows": {**one, "given": "synthetic rows"}, "on_file": {**one, "given": "saved model"},
    }  # fmt: skip
    path.write_text(json.dumps(found))


def test_a_whole_job_writes_its_evidence_and_the_page(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == SET | {"attack.json"} | RELEASE
    told = json.loads((folder / "release.json").read_text())
    assert told["outcome"] == "not shown"
    assert [file["name"] for file in told["files"]] == ["synthetic.csv"]
    by_key = {test["key"]: test for test in told["tests"]}
    assert {one["about"] for one in by_key["singling_out"]["evidence"]} == {"other fits"}
    assert "2 of 32 fits" in str(by_key["ema_risk"]["evidence"])
    page = (folder / "release.html").read_text()
    assert told["headline"] in page
    for text in (page, json.dumps(told)):
        assert not re.search(r"anonym|complian", text, re.IGNORECASE)


def test_the_verb_reads_what_lies_there(folder: Path, tmp_path: Path) -> None:
    names = (*SET, "attack.json")
    here = copied(folder, tmp_path / "here", *names)
    done = call("release", here)
    assert "NOT SHOWN: It is not shown that the synthetic table may be released" in done.stdout
    first, again = (
        {**json.loads((place / "release.json").read_text()), "created": None}
        for place in (folder, here)
    )
    assert first == again
    assert "--force" in call("release", here, code=1).output
    call("release", here, "--force", "--out", tmp_path / "pages")
    assert {path.name for path in (tmp_path / "pages").iterdir()} == RELEASE


def test_what_is_exceeded_ends_with_3_and_is_written(folder: Path, tmp_path: Path) -> None:
    here = copied(folder, tmp_path / "here", *SET)
    attacked(here / "attack.json", 0.2, 0.09)
    done = call("release", here, "--released", "both", code=3)
    assert "EXCEEDED: Do not release the synthetic table and the saved model" in " ".join(
        done.stdout.split()
    )
    told = json.loads((here / "release.json").read_text())
    assert [file["name"] for file in told["files"]] == ["synthetic.csv", "model.synth"]
    assert (here / "release.html").exists()
    attacked(tmp_path / "other.json", 0.0, 0.0)
    (tmp_path / "policy.yaml").write_text("name: SOP 12\nlinkability: 0.5\n")
    options = ("--attack", tmp_path / "other.json", "--policy", tmp_path / "policy.yaml")
    mild = call("release", here, "--force", *options)
    assert "Linkability (WP216, limit 0.5): shown" in mild.stdout


def test_a_file_of_a_small_cohort_is_not_offered(folder: Path, tmp_path: Path) -> None:
    here = copied(folder, tmp_path / "here", *SET)
    told = "files of this family tell more of their patients than they should"
    assert told in " ".join(call("release", here, "--released", "model").stdout.split())
    assert told not in call("release", here, "--force").stdout
    (tmp_path / "policy.yaml").write_text("saved_model: 0.49\n")
    mild = call("release", here, "--force", "--released", "model", "--policy",
                tmp_path / "policy.yaml")  # fmt: skip
    assert told not in " ".join(mild.stdout.split())
    assert "Recognition by the file (synthhealth, limit 0.49): not shown" in mild.stdout


def test_evidence_that_is_missing_is_asked_for(folder: Path, tmp_path: Path) -> None:
    done = call("release", copied(folder, tmp_path / "here", "report.json"))
    assert "synthhealth attack DATA" in " ".join(done.stdout.split())
    assert "the page will name none" in done.stderr


def test_what_is_wrong_is_said_before_anything_is_written(
    folder: Path, real: Path, tmp_path: Path
) -> None:
    assert "has no report.json" in call("release", tmp_path, code=1).output
    here = copied(folder, tmp_path / "here", "report.json")
    (here / "policy.yaml").write_text("inferense: 0.05\n")
    done = call("release", here, "--policy", here / "policy.yaml", code=1)
    assert "did you mean 'inference'" in " ".join(done.output.split())
    assert not (here / "release.html").exists()
    assert call("release", here, "--released", "rows", code=2)
    options = ("--policy", here / "policy.yaml")
    done = call("run", real, "--out", tmp_path / "out", *SIMPLE, *options, code=1)
    assert "need --release" in done.output


def test_a_run_leaves_no_release_of_an_earlier_table(
    folder: Path, real: Path, tmp_path: Path
) -> None:
    here = copied(folder, tmp_path / "here", *SET, *RELEASE)
    done = call("run", real, "--out", here, *SIMPLE, "--force", code=1)
    assert "is about an earlier table" in " ".join(done.output.split())
    assert (here / "synthetic.csv").read_bytes() == (folder / "synthetic.csv").read_bytes()


@pytest.mark.slow
def test_python_does_the_same(real: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call("run", real, "--out", out, *SIMPLE, "--release", "--released", "both")
    table = sh.read_table(real)
    model = sh.Synthesizer(random_state=0, margin="norm", log_scale=False).fit(table)
    fake = model.sample(len(table))
    verdict = model.evaluate(synthetic=fake).release(
        sh.attack(table, parameters=model.model_params, random_state=0),
        cross_evaluated=model.cross_evaluate(table),
        released="both",
    )
    told, same = (
        json.loads((out / "release.json").read_text()),
        json.loads(verdict.model_dump_json()),
    )
    for one in (told, same):
        one.update(created=None, files=None)
    assert told == same


def test_a_ledger_notes_what_leaves_the_house(folder: Path, real: Path, tmp_path: Path) -> None:
    given, ledger = copied(folder, tmp_path / "given", *SET), tmp_path / "ledger.json"
    refused = call("release", given, "--ledger", ledger, code=1)
    assert "records no such fit" in refused.output
    assert not (given / "release.html").exists()
    call("fit", real, "--out", tmp_path / "x.synth", *SIMPLE, "--ledger", ledger)
    call("release", given, "--released", "both", "--ledger", ledger)
    assert "release: table, model" in call("ledger", ledger).output
