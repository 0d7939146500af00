"""Training jobs from their channels to their results, by our own entry point."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jobs import (
    ENTRY,
    PARAMETERS,
    RESULTS,
    cohort,
    configure,
    failure,
    files_in,
    lay_out,
    leaves,
    model_bytes,
    start,
    surroundings,
)

import synthhealth as sh
from synthhealth.artifact import checkpoint
from synthhealth.artifact.container import read_container
from synthhealth.artifact.saving import members_of
from synthhealth.aws import training
from synthhealth.aws.__main__ import main as container
from synthhealth.aws._training import _job
from synthhealth.aws._training._log import (
    METRIC_DEFINITIONS,
    METRICS,
    Progress,
    metric_line,
    read_metrics,
)

SECRET = "Müller-4711"


@pytest.fixture
def run(monkeypatch):
    """Run the job of a folder in this process, as a container of one's own does."""

    def run_in(base: Path, *arguments: str, **variables: str) -> int:
        with monkeypatch.context() as patch:
            for name in os.environ.keys() - surroundings().keys():
                patch.delenv(name)
            for name, value in {"SAGEMAKER_BASE_DIR": str(base), **variables}.items():
                patch.setenv(name, value)
            return container(["train", *arguments])

    return run_in


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, str]:
    """A finished job of the defaults, run in a process of its own, and its log."""
    base = lay_out(tmp_path_factory.mktemp("finished"))
    process = start(base)
    log, _ = process.communicate(timeout=120)
    assert process.returncode == 0, log
    return base, log


def test_a_job_leaves_model_report_and_manifest(finished):
    base, _ = finished
    assert files_in(base) == RESULTS
    manifest = json.loads((base / "model/manifest.json").read_text())
    assert manifest == json.loads((base / "output/data/manifest.json").read_text())
    folders = {"model.synth": "model", "report.html": "output/data", "report.json": "output/data"}
    assert manifest["files"].keys() == folders.keys()
    for name, said in manifest["files"].items():
        content = (base / folders[name] / name).read_bytes()
        assert said == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    report = json.loads((base / "output/data/report.json").read_text())
    assert manifest["metrics"]["overall"] == report["evaluation"]["overall"]
    assert manifest["metrics"]["n_synthetic"] == 90
    assert manifest["model"]["seed"] == 7
    assert manifest["inputs"]["training"] == {"files": 1, "rows": 80}


def test_sagemaker_finds_the_figures_in_the_log(finished):
    base, log = finished
    overall = json.loads((base / "output/data/report.json").read_text())["evaluation"]["overall"]
    found = dict(read_metrics(log))
    for name in ("ks_average", "column_average", "dependence_difference"):
        # The report's figures leave with the digits that their errors carry.
        assert found[f"quality:{name}"] == pytest.approx(overall[name]["value"], abs=1e-3)
    assert found["train:seconds"] >= 0


@pytest.mark.parametrize("name", METRICS)
def test_each_figure_is_found_by_its_own_expression_only(name):
    for value in (0.0, -1.25, 1e-12, 123456789.0, -3.5e20):
        line = f"2026-11-24 02:07:24,809 INFO epoch 3 of 5: {metric_line(name, value)}"
        matching = [one for one in METRIC_DEFINITIONS if re.search(one["Regex"], line)]
        assert [one["Name"] for one in matching] == [name]
        assert read_metrics(line) == [(name, pytest.approx(value, rel=1e-5))]


def test_definitions_are_within_what_sagemaker_allows():
    assert len(METRIC_DEFINITIONS) <= 40
    assert all(one.keys() == {"Name", "Regex"} for one in METRIC_DEFINITIONS)
    assert all(len(one["Name"]) <= 255 and len(one["Regex"]) <= 500 for one in METRIC_DEFINITIONS)


@pytest.mark.slow
def test_the_model_is_the_same_by_script_mode_in_another_process(finished, tmp_path):
    base, _ = finished
    other = lay_out(tmp_path / "elsewhere", parameters={})
    process = start(
        other,
        (str(ENTRY), "--random_state", "99", "--num_rows", "5"),
        SM_HPS=json.dumps({**PARAMETERS, "random_state": 7, "num_rows": 90, "log_scale": False}),
        SM_HOSTS='["algo-1"]',
        SM_MODEL_DIR=str(other / "model"),
        SM_CHANNEL_TRAINING=str(other / "input/data/training"),
    )
    log, _ = process.communicate(timeout=120)
    assert process.returncode == 0, log
    assert model_bytes(other) == model_bytes(base)


@pytest.mark.usefixtures("as_for_users")
def test_the_model_and_the_verdict_are_those_of_the_laptop(finished):
    base, _ = finished
    model = sh.Synthesizer(random_state=7, margin="norm", log_scale=False)
    model.fit(sh.read_table(base / "input/data/training/table.csv"))
    report = model.evaluate(synthetic=model.sample(90))
    assert members_of(sh.load(base / "model/model.synth").fitted_) == members_of(model.fitted_)
    data = json.loads((base / "output/data/report.json").read_text())
    here = json.loads(report.data.model_dump_json())
    assert data | {"created": None} == here | {"created": None}


def test_the_model_says_no_time(finished, tmp_path, run):
    base = shutil.copytree(finished[0], tmp_path / "again")  # others read what the job wrote
    inside = json.loads(read_container(base / "model/model.synth")["manifest.json"])
    assert inside["created"] == "1980-01-01T00:00:00Z"
    assert inside["training"] is None
    before = model_bytes(base)
    assert run(base, SOURCE_DATE_EPOCH="1700000000") == 0
    inside = json.loads(read_container(base / "model/model.synth")["manifest.json"])
    assert inside["created"] == "2023-11-14T22:13:20Z"
    assert run(base) == 0
    assert model_bytes(base) == before


def test_verify_finds_the_fit_again(finished):
    base, _ = finished
    real = sh.read_table(base / "input/data/training/table.csv")
    verification = sh.artifact.verify(base / "model/model.synth", data=real)
    assert {verification[name].outcome for name in ("content", "sampling", "fit")} == {"same"}


def test_parameters_come_from_the_arguments_where_sagemaker_has_none(finished, tmp_path, run):
    other = lay_out(tmp_path, parameters=None)
    arguments = ["--random-state", "7", "--num_rows=90", "--margin", "norm", "--log-scale=false"]
    assert run(other, *arguments) == 0
    assert model_bytes(other) == model_bytes(finished[0])


def test_unseen_patients_are_compared_with(tmp_path, run):
    base = lay_out(tmp_path)
    (base / "input/data/validation").mkdir()
    sh.write_table(cohort(50, seed=8), base / "input/data/validation/unseen.parquet")
    assert run(base) == 0
    metrics = json.loads((base / "model/manifest.json").read_text())["metrics"]
    assert (metrics["real_is"], metrics["n_real"]) == ("holdout", 50)


def test_unseen_patients_with_other_columns_are_refused_before_the_training(
    tmp_path, run, monkeypatch
):
    monkeypatch.delattr(sh.Synthesizer, "fit")
    base = lay_out(tmp_path)
    (base / "input/data/validation").mkdir()
    unseen = cohort(50, seed=8).rename(columns={"crp": SECRET})
    sh.write_table(unseen, base / "input/data/validation/unseen.csv")
    assert run(base) == 1
    assert failure(base).startswith("TableError: channel 'validation': 1 columns of the training")
    assert "'crp'" in failure(base)
    assert SECRET not in failure(base)


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_the_channel_schema_says_what_the_columns_are(suffix, tmp_path, run):
    base = lay_out(tmp_path, parameters={**PARAMETERS, "drop": '["crp"]'})
    (base / "input/data/schema").mkdir()
    schema = sh.Schema.detect(cohort())
    columns = tuple(
        one.model_copy(update={"unit": "a"}) if one.name == "age" else one for one in schema
    )
    schema.model_copy(update={"columns": columns}).to_file(
        base / f"input/data/schema/schema{suffix}"
    )
    assert run(base) == 0
    learned = sh.load(base / "model/model.synth").schema_
    assert learned.names == ["age", "sex"]
    assert learned["age"].unit == "a"


def test_protection_is_chosen_as_on_the_laptop(tmp_path, run):
    table = cohort().assign(name=[f"Anna Muster{i}" for i in range(80)])
    base = lay_out(tmp_path, table, {**PARAMETERS, "protect": "drop"})
    assert run(base) == 0
    schema = sh.Schema.detect(table).with_protection("drop")
    model = sh.Synthesizer(random_state=7, schema=schema, margin="norm", log_scale=False)
    model.fit(sh.read_table(base / "input/data/training/table.csv"))
    assert members_of(sh.load(base / "model/model.synth").fitted_) == members_of(model.fitted_)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"synthesizer": "ctgann"}, "did you mean 'ctgan'"),
        ({"randomstate": "1"}, "did you mean 'random_state'"),
        ({"synthesizer": "ctgan", "step": "1"}, "did you mean 'steps'"),
        ({"synthesizer": "ctgan", "steps": "1", "epochs": "1"}, "'epochs' says"),
        ({"synthesizer": "ctgan", "cuda": "true"}, "here it is `enable_gpu`"),
        ({"num_rows": "0"}, "'num_rows' is 0"),
        ({"num_rows": "many"}, "takes a whole number"),
        ({"drop": '["cpr"]'}, "no column 'cpr'"),
        ({"protect": "fakes"}, "did you mean 'fake'"),
    ],
)
def test_a_wrong_parameter_is_refused_with_advice(parameters, words, tmp_path, run):
    base = lay_out(tmp_path, parameters=parameters)
    assert run(base) == 1
    assert failure(base).startswith("ParameterError: ")
    assert words in failure(base)
    assert files_in(base) == {"output/failure"}


@pytest.mark.parametrize("said_by", ["file", "variable"])
def test_several_instances_are_refused(said_by, tmp_path, run, capsys):
    hosts = ("algo-1", "algo-2", "algo-3")
    base = lay_out(tmp_path, hosts=hosts if said_by == "file" else hosts[:1])
    variables = {"SM_HOSTS": json.dumps(hosts)} if said_by == "variable" else {}
    assert run(base, **variables) == 1
    assert "3 instances" in failure(base)
    assert "instance count to 1" in failure(base)
    assert failure(base) in capsys.readouterr().out


@pytest.mark.parametrize("content", [[1], {"hosts": 5}, {"hosts": None}, "algo-1"])
def test_a_configuration_of_another_shape_is_refused(content, tmp_path, run):
    base = lay_out(tmp_path)
    configure(base, "resourceconfig", content)
    assert run(base) == 1
    assert failure(base).startswith("ParameterError: resourceconfig.json holds no ")


def test_hosts_and_channels_of_another_shape_are_refused(tmp_path, run):
    base = lay_out(tmp_path)
    assert run(base, SM_HOSTS="5") == 1
    assert "SM_HOSTS holds no list" in failure(base)
    configure(base, "inputdataconfig", [1])
    assert run(base) == 1
    assert "inputdataconfig.json holds no JSON object" in failure(base)


def test_a_pipe_is_refused(tmp_path, run):
    base = lay_out(tmp_path)
    configure(base, "inputdataconfig", {"training": {"TrainingInputMode": "Pipe"}})
    assert run(base) == 1
    assert "File or FastFile" in failure(base)


def test_a_job_without_its_channel_says_so(tmp_path, run):
    base = lay_out(tmp_path)
    (base / "input/data/training").rename(base / "input/data/train")
    assert run(base) == 1
    assert "no channel 'training'" in failure(base)


def test_a_bad_table_fails_without_showing_a_value(tmp_path, run, capsys):
    base = lay_out(tmp_path)
    (base / "input/data/training/table.csv").write_text(f"a,b\n1,2\n{SECRET},3,4\n")
    assert run(base) == 1
    assert failure(base).startswith("FileError: ")
    assert "line 3 has 3 values" in failure(base)
    assert SECRET not in failure(base) + capsys.readouterr().out


def test_a_foreign_error_is_named_and_never_quoted(tmp_path, run, monkeypatch, capsys):
    base = lay_out(tmp_path)

    def fit(*arguments: object, **keywords: object) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr(sh.Synthesizer, "fit", fit)
    assert run(base) == 1
    assert "unexpected KeyError" in failure(base)
    written = capsys.readouterr()
    assert "KeyError" in written.out
    assert SECRET not in failure(base) + written.out + written.err
    assert "Traceback" not in written.out + written.err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have Unicode names only")
def test_a_name_that_is_no_unicode_does_not_hide_the_reason(tmp_path, run):
    base = lay_out(tmp_path)
    table = base / "input/data/training/table.csv"
    table.rename(table.with_name("\udcff.txx"))
    assert run(base) == 1
    assert failure(base).startswith("FileError: ")
    assert "suffix" in failure(base)


def test_a_failure_after_the_fit_leaves_no_model(tmp_path, run, monkeypatch):
    base = lay_out(tmp_path)
    monkeypatch.setattr(sh.Synthesizer, "evaluate", lambda *arguments: 1 / 0)
    assert run(base) == 1
    assert files_in(base) == {"output/failure"}


def test_nothing_of_another_attempt_remains_in_the_same_folder(tmp_path, run, monkeypatch):
    base = lay_out(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(sh.Synthesizer, "evaluate", lambda *arguments: 1 / 0)
        assert run(base) == 1
    assert run(base) == 0
    assert files_in(base) == RESULTS
    (base / "input/data/training/table.csv").write_text("")
    assert run(base) == 1
    assert files_in(base) == {"output/failure"}


def test_a_header_that_is_a_patient_is_named_nowhere(tmp_path, run, capsys):
    base = lay_out(tmp_path)
    table = base / "input/data/training/table.csv"
    table.write_text(f"51,987654.321,{SECRET}\n" + table.read_text().partition("\n")[2])
    assert run(base) == 1
    assert "header seems to be missing" in failure(base)
    for shown in (failure(base), *capsys.readouterr()):
        assert SECRET not in shown
        assert "987654" not in shown


def test_the_reason_has_what_sagemaker_shows(tmp_path, run, monkeypatch):
    base = lay_out(tmp_path, parameters={"x" * 200: "1", "drop": "[]"})
    monkeypatch.setattr(training, "MAX_REASON", 100)
    assert run(base) == 1
    assert len(failure(base)) == 100


def test_a_place_that_cannot_be_written_is_found_before_the_training(tmp_path, run, monkeypatch):
    monkeypatch.delattr(sh.Synthesizer, "fit")
    base = lay_out(tmp_path)
    (base / "file").write_text("")
    assert run(base, SM_MODEL_DIR=str(base / "file/model")) == 1
    assert "the folder cannot be created" in failure(base)


def test_nothing_heavy_is_imported_before_the_signals_are_heard():
    """A container's first process ignores SIGTERM until there is a handler for it."""
    heavy = "{'pandas', 'torch', 'sdv', 'sklearn', 'pydantic'}"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, synthhealth.aws.training; print({heavy} & sys.modules.keys())",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "set()\n", done.stderr


class TestProgress:
    @pytest.fixture
    def tell(self, caplog):
        caplog.set_level("INFO")
        progress = Progress()

        def tell(*events: tuple[int, float], total: int = 100, **losses: float) -> list[str]:
            caplog.clear()
            for done, elapsed in events:
                progress(sh.ProgressEvent("fit", done, total, "epoch", elapsed, losses))
            return [record.getMessage() for record in caplog.records]

        return tell

    def test_the_first_the_last_and_one_each_ten_seconds(self, tell):
        events = [(done, done * 1.5) for done in range(1, 101)]
        told = [int(dict(read_metrics(line))["train:epoch"]) for line in tell(*events)]
        assert told == [1, *range(8, 100, 7), 100]

    def test_every_loss_of_every_family_is_found(self, tell):
        (line,) = tell((1, 1.0), loss=-3.25)
        assert read_metrics(line) == [("train:epoch", 1.0), ("train:loss", -3.25)]
        (line,) = tell((100, 1.0), generator=0.5, discriminator=1e-7)
        assert dict(read_metrics(line)) == {
            "train:epoch": 100.0,
            "train:generator_loss": 0.5,
            "train:discriminator_loss": 1e-7,
        }

    def test_what_is_no_number_is_left_out(self, tell):
        (line,) = tell((1, 1.0), loss=float("nan"), other=1.0)
        assert read_metrics(line) == [("train:epoch", 1.0)]


def test_the_container_knows_its_verbs(capsys):
    assert container(["trian"]) == 2
    assert "train|serve|sample" in capsys.readouterr().err


TVAE = {"synthesizer": "tvae", "random_state": "7", "steps": "30", "batch_size": "20"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> bytes:
    """Give the model of a network that was trained in one go."""
    base = lay_out(tmp_path_factory.mktemp("whole"), parameters=TVAE)
    log, _ = (process := start(base)).communicate(timeout=120)
    assert process.returncode == 0, log
    return model_bytes(base)


class TestCheckpoints:
    @pytest.fixture
    def base(self, tmp_path) -> Path:
        (tmp_path / "checkpoints").mkdir()
        return lay_out(tmp_path)

    @pytest.fixture
    def killed(self, run, monkeypatch):
        """Run a job that is killed when the fit is finished."""

        def kill(*arguments: object) -> None:
            raise SystemExit(137)

        def run_in(base: Path, **variables: str) -> None:
            with monkeypatch.context() as patch:
                patch.setattr(sh.Synthesizer, "evaluate", kill)
                with pytest.raises(SystemExit):
                    run(base, **variables)

        return run_in

    @pytest.fixture
    def interrupted(self, base, killed) -> Path:
        killed(base)
        return base

    @pytest.fixture
    def count(self, monkeypatch) -> list[str]:
        fits = []
        fit = sh.Synthesizer.fit

        def counted(self, *arguments, **keywords):
            fits.append(self.model)
            return fit(self, *arguments, **keywords)

        monkeypatch.setattr(sh.Synthesizer, "fit", counted)
        return fits

    @pytest.mark.usefixtures("as_for_users")
    def test_a_finished_fit_is_not_repeated(self, interrupted, finished, run, count):
        assert run(interrupted) == 0
        assert count == []
        whole, _ = finished
        assert model_bytes(interrupted) == model_bytes(whole)
        ours, theirs = (
            leaves(json.loads((one / "output/data/report.json").read_text()) | {"created": None})
            for one in (interrupted, whole)
        )
        assert {path for path in ours | theirs if ours.get(path) != theirs.get(path)} == set()
        assert files_in(interrupted) == RESULTS
        manifest = json.loads((interrupted / "model/manifest.json").read_text())
        assert manifest["model"]["training"]["total"] == 3

    @pytest.mark.slow
    def test_a_job_that_is_killed_and_started_again_gives_the_same(self, base, finished):
        process = start(base)
        about = base / "checkpoints/fitted.json"
        while process.poll() is None and not about.exists():
            time.sleep(0.002)
        process.kill()
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        assert "output/data/report.json" not in files_in(base)
        process = start(base)
        log, _ = process.communicate(timeout=120)
        assert process.returncode == 0, log
        assert "is not repeated" in log
        assert model_bytes(base) == model_bytes(finished[0])
        assert files_in(base) >= RESULTS

    def test_the_number_of_rows_drawn_is_no_matter_of_the_fit(self, interrupted, killed, count):
        configure(interrupted, "hyperparameters", {**PARAMETERS, "num_rows": "100"})
        killed(interrupted)
        assert count == []

    def test_without_a_seed_the_one_that_was_drawn_is_kept(self, tmp_path, killed, count):
        base = lay_out(tmp_path, parameters={})
        kept = tmp_path / "kept"
        killed(base, SM_CHECKPOINT_DIR=str(kept))
        before = model_bytes(base)
        killed(base, SM_CHECKPOINT_DIR=str(kept))
        assert model_bytes(base) == before
        assert len(count) == 1

    @pytest.mark.parametrize(
        "change", [{"random_state": "8"}, {"margin": "gamma"}, {"drop": '["crp"]'}]
    )
    def test_other_settings_are_fitted_anew(self, change, interrupted, killed, count, capsys):
        configure(interrupted, "hyperparameters", {**PARAMETERS, **change})
        killed(interrupted)
        assert len(count) == 1
        assert "of other data, settings or versions" in capsys.readouterr().out

    def test_other_data_are_fitted_anew(self, interrupted, killed, count, capsys):
        path = interrupted / "input/data/training/table.csv"
        path.write_text(path.read_text().replace("\n", "\n30,1.5,F\n", 1))
        killed(interrupted)
        assert len(count) == 1
        assert "of other data, settings or versions" in capsys.readouterr().out

    def test_other_versions_are_fitted_anew(self, interrupted, killed, count, monkeypatch):
        monkeypatch.setattr(sh, "__version__", "99.0")
        killed(interrupted)
        assert len(count) == 1

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("fitted.json", b""),
            ("fitted.json", b'{"salt": 1, "identity": 2, "sha256": 3}'),
            ("fitted.json", '{"salt": "00", "identity": "ü", "sha256": "ü"}'.encode()),
            ("fitted.json", b"[" * 9000),
            ("fitted.synth", b"PK"),
            ("fitted.synth", None),
        ],
    )
    def test_a_damaged_one_is_not_used(self, name, content, interrupted, killed, count, capsys):
        before = model_bytes(interrupted)
        path = interrupted / "checkpoints" / name
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        killed(interrupted)
        assert len(count) == 1
        assert "not used; the fit starts again" in capsys.readouterr().out
        assert model_bytes(interrupted) == before

    def test_nothing_of_the_patients_is_hashed_without_a_key(self, interrupted, killed):
        about = interrupted / "checkpoints/fitted.json"
        said = about.read_text()
        content = (interrupted / "input/data/training/table.csv").read_bytes()
        assert hashlib.sha256(content).hexdigest() not in said
        about.unlink()
        killed(interrupted)
        assert json.loads(about.read_text())["identity"] != json.loads(said)["identity"]

    def test_the_key_of_the_owner_is_needed_again(self, base, killed, count):
        killed(base, SYNTHHEALTH_KEY="k" * 32)
        killed(base, SYNTHHEALTH_KEY="k" * 32)
        assert len(count) == 1
        killed(base)
        assert len(count) == 2

    def test_no_folder_no_checkpoint(self, finished):
        base, _ = finished
        assert not (base / "checkpoints").exists()

    def test_a_folder_that_cannot_be_written_costs_no_fit(self, tmp_path, run, capsys):
        (tmp_path / "file").write_text("")
        parameters = {**PARAMETERS, "checkpoint_dir": str(tmp_path / "file/checkpoints")}
        base = lay_out(tmp_path / "job", parameters=parameters)
        assert run(base) == 0
        assert files_in(base) == RESULTS
        assert "checkpoint: the fit is not kept" in capsys.readouterr().out

    def stop_at(self, monkeypatch, step: int) -> None:
        """Let SIGTERM come after a step of the next training."""
        monkeypatch.setattr(checkpoint, "LOOK_SECONDS", 0.0)
        follow, left = checkpoint.Checkpoint.follow, [step]

        def stopped(self, state):
            follow(self, state)
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGTERM)

        monkeypatch.setattr(checkpoint.Checkpoint, "follow", stopped)

    def test_a_training_that_was_stopped_goes_on(self, base, run, trained, monkeypatch):
        configure(base, "hyperparameters", TVAE)
        self.stop_at(monkeypatch, 13)
        assert run(base) == 0
        assert sh.load(base / "model/model.synth").partial_
        assert os.listdir(base / "checkpoints") == ["training.checkpoint"]
        assert run(base) == 0
        assert model_bytes(base) == trained
        assert "training.checkpoint" not in os.listdir(base / "checkpoints")

    def test_one_that_was_stopped_early_says_that_it_goes_on(self, base, run, trained, monkeypatch):
        configure(base, "hyperparameters", TVAE)
        self.stop_at(monkeypatch, 2)
        assert run(base) == 1
        assert "start it again, and the training goes on" in failure(base)
        assert run(base) == 0
        assert model_bytes(base) == trained

    def test_a_state_of_no_use_is_not_used(self, base, run, trained, capsys):
        configure(base, "hyperparameters", TVAE)
        (base / "checkpoints/training.checkpoint").write_bytes(b"no checkpoint")
        assert run(base) == 0
        assert "checkpoint: not used; the training starts again" in capsys.readouterr().out
        assert model_bytes(base) == trained

    def test_a_parameter_names_the_folder(self, tmp_path, killed, count):
        parameters = {**PARAMETERS, "checkpoint_dir": str(tmp_path / "mine")}
        base = lay_out(tmp_path, parameters=parameters)
        killed(base)
        killed(base)
        assert len(count) == 1


class TestStops:
    @pytest.mark.slow
    def test_a_network_is_kept_as_far_as_it_has_come(self, tmp_path):
        base = lay_out(
            tmp_path,
            parameters={"synthesizer": "ctgan", "random_state": "0", "steps": "1000000"},
        )
        (base / "checkpoints").mkdir()
        process = start(base)
        log = ""
        for line in process.stdout:
            log += line
            if "epoch" in line:
                process.send_signal(signal.SIGTERM)
                break
        rest, _ = process.communicate(timeout=100)
        assert process.returncode == 0, log + rest
        assert files_in(base) == RESULTS
        model = sh.load(base / "model/model.synth")
        assert model.partial_
        assert len(model.sample(20)) == 20
        manifest = json.loads((base / "model/manifest.json").read_text())
        assert manifest["stopped"] is True
        assert manifest["model"]["partial"] is True
        assert "partial" in rest
        names = {name for name, _ in read_metrics(log + rest)}
        assert {"train:epoch", "train:generator_loss", "train:discriminator_loss"} <= names
        # A job that is started again goes on, and gives the same as one that was never stopped.
        assert {one.name for one in (base / "checkpoints").iterdir()} <= {"training.checkpoint"}

    def test_a_family_without_steps_ends_with_a_reason(self, tmp_path, run, monkeypatch):
        from synthhealth.models.hybrid import HybridModel

        build = HybridModel._build

        def interrupted(self, *arguments):
            os.kill(os.getpid(), signal.SIGTERM)
            build(self, *arguments)

        monkeypatch.setattr(HybridModel, "_build", interrupted)
        base = lay_out(tmp_path)
        assert run(base) == 1
        assert "was stopped while it trained 'hybrid'" in failure(base)
        assert files_in(base) == {"output/failure"}

    def test_nothing_is_there_before_the_training(self, tmp_path, run, monkeypatch):
        read = _job.read_tables

        def interrupted(*arguments, **options):
            os.kill(os.getpid(), signal.SIGTERM)
            return read(*arguments, **options)

        monkeypatch.setattr(_job, "read_tables", interrupted)
        base = lay_out(tmp_path)
        assert run(base) == 1
        assert "stopped before anything was learned" in failure(base)

    def test_what_is_learned_is_judged_to_the_end(self, finished, tmp_path, run, monkeypatch):
        evaluate = sh.Synthesizer.evaluate

        def interrupted(self, *arguments):
            # The model lies there already, should the judging take too long.
            assert (base / "model/model.synth").exists()
            os.kill(os.getpid(), signal.SIGTERM)
            return evaluate(self, *arguments)

        monkeypatch.setattr(sh.Synthesizer, "evaluate", interrupted)
        base = lay_out(tmp_path)
        assert run(base) == 0
        assert model_bytes(base) == model_bytes(finished[0])

    def test_the_signals_are_given_back(self, tmp_path, run):
        before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
        run(lay_out(tmp_path, parameters={"nothing": "1"}))
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_help_is_told_and_nothing_is_run(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    assert training.main(["--help"]) == 0
    assert "random_state" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
