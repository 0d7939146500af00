from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import synthhealth as sh
from synthhealth.artifact.saving import members_of
from synthhealth.cli import app
from synthhealth.io import read_table, write_table

VERBS = (
    *("demo", "run", "schema", "describe", "evaluate", "fit", "sample"),
    *("cross-evaluate", "attack", "trend", "inspect", "verify", "sign", "models", "datasets"),
)
RESULTS = {"synthetic.csv", "model.synth", "report.html", "report.json"}
SECRET = "Mustermann77"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def succeed(*arguments: object) -> str:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    assert told(result.stderr) == []
    return result.stdout


def fail(*arguments: object, code: int = 1) -> str:
    result = call(*arguments)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    if code != 2:
        (error,) = told(result.stderr)
        assert error.startswith("error: ")
    return result.stderr


def told(stderr: str) -> list[str]:
    """Give the lines beside the doubts about a table."""
    return [line for line in stderr.splitlines() if not line.startswith("note: column")]


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> Path:
    real = sh.datasets.load_ra_panel()[["age", "sex", "crp", "esr", "rf"]]
    path = tmp_path_factory.mktemp("real") / "cohort.csv"
    write_table(real, path)
    return path


@pytest.fixture(scope="module")
def model(cohort) -> Path:
    path = cohort.parent / "cohort.synth"
    succeed("fit", cohort, "--out", path, "--seed", 0)
    return path


# --- help and usage ------------------------------------------------------------------------------


def test_help_lists_the_verbs():
    text = succeed("--help")
    assert all(f" {verb} " in text for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb):
    text = succeed(verb, "--help")
    assert "Usage:" in text
    assert "--debug" in text


def test_version():
    assert succeed("--version") == f"synthhealth {sh.__version__}\n"


HELP = """
import sys
sys.argv = ["synthhealth", "--help"]
from synthhealth.cli import main
try:
    main()
except SystemExit:
    pass
heavy = {"pandas", "numpy", "scipy", "sklearn", "torch", "sdv", "plotly", "pydantic"}
print(*sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


def test_help_imports_nothing_heavy():
    """How long it takes is measured by the benchmark."""
    run = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    assert "evaluate" in run.stdout
    assert run.stderr.split() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "x.csv"],
        ["demo"],
        ["sample", "x.synth", "--out", "y.csv"],
        ["sample", "x.synth", "--out", "y.csv", "--rows", "0"],
        ["run", "x.csv", "--out", "o", "--rows", "-1"],
        ["run", "x.csv", "--out", "o", "--seed", "-1"],
        ["run", "x.csv", "--out", "o", "--format", "sav"],
        ["run", "x.csv", "--out", "o", "--param", "steps"],
        ["sample", "x.synth", "--out", "y.csv", "--rows", "1", "--where", "=3"],
        ["nonsense"],
        ["run", "x.csv", "--out", "o", "--nonsense"],
    ],
)
def test_wrong_usage(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fail(*arguments, code=2)
    assert not list(tmp_path.iterdir())


# --- demo and run --------------------------------------------------------------------------------


def test_demo(tmp_path):
    out = tmp_path / "demo"
    text = succeed("demo", "--out", out, "--rows", 100)
    assert set(content(out)) == RESULTS | {"real.csv"}
    assert read_table(out / "real.csv").shape == (61, 17)
    synthetic = read_table(out / "synthetic.csv")
    assert synthetic.shape == (100, 17)
    assert json.loads((out / "report.json").read_text())
    assert (out / "report.html").read_text().lstrip().lower().startswith("<!doctype html>")
    learned = "hybrid learned 61 rows and 17 columns, seed 0."
    assert f"{learned} A fifth of the patients was left out." in text
    assert all(str(out / name) in text for name in content(out))
    # What was learned from patients is its owner's; what is made to be shown follows the umask.
    modes = {name: (out / name).stat().st_mode & 0o777 for name in content(out)}
    assert modes.pop("model.synth") == 0o600
    assert len(set(modes.values())) == 1

    before = content(out)
    message = fail("demo", "--out", out)
    assert "real.csv" in message
    assert "--force" in message
    assert content(out) == before

    (out / "mine.txt").write_text("stays")
    succeed("demo", "--out", out, "--rows", 100, "--force")
    after = content(out)
    for name in ("real.csv", "synthetic.csv"):
        assert after[name] == before[name]  # seed 0 is the default
    assert after["mine.txt"] == b"stays"


@pytest.mark.parametrize(
    ("suffix", "form"),
    [(".tsv", "parquet"), (".csv.gz", "xlsx"), (".parquet", "csv"), (".xlsx", "xlsx")],
)
def test_run_reads_and_writes_each_form(suffix, form, cohort, tmp_path):
    real = read_table(cohort)
    write_table(real, tmp_path / f"cohort{suffix}")
    out = tmp_path / "out"
    text = succeed("run", tmp_path / f"cohort{suffix}", "--out", out, "--format", form, "--quiet")
    assert text == ""
    synthetic = read_table(out / f"synthetic.{form}")
    assert synthetic.shape == real.shape
    assert list(synthetic.columns) == list(real.columns)
    assert set(content(out)) == {f"synthetic.{form}"} | (RESULTS - {"synthetic.csv"})


def test_run_with_everything(cohort, tmp_path):
    unseen = sh.datasets.load_ra_panel(random_state=7)[["age", "sex", "crp", "esr", "rf"]]
    write_table(unseen, tmp_path / "unseen.parquet")
    out = tmp_path / "results" / "today"
    succeed(
        *("run", cohort, "--out", out, "--rows", 40, "--seed", 3, "--drop", "esr", "--drop", "rf"),
        *("--holdout", tmp_path / "unseen.parquet"),
    )
    assert read_table(out / "synthetic.csv").shape == (40, 3)
    report = json.loads((out / "report.json").read_text())
    assert report["evaluation"]["real_is"] == "holdout"
    again = sh.load(out / "model.synth")
    assert again.seed_ == 3
    fake = again.sample(40)
    write_table(fake, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (out / "synthetic.csv").read_bytes()


def test_the_same_in_python(cohort, tmp_path):
    succeed("run", cohort, "--out", tmp_path, "--seed", 5, "--rows", 50)
    fake = sh.Synthesizer(random_state=5).fit(read_table(cohort)).sample(50)
    write_table(fake, tmp_path / "python.csv")
    assert (tmp_path / "python.csv").read_bytes() == (tmp_path / "synthetic.csv").read_bytes()


def test_a_seed_that_was_drawn_is_shown(cohort, tmp_path):
    text = succeed("fit", cohort, "--out", tmp_path / "a.synth")
    seed = text.partition("seed ")[2].partition(".")[0]
    succeed("fit", cohort, "--out", tmp_path / "b.synth", "--seed", seed)
    drawn = [sh.load(tmp_path / name).sample(20) for name in ("a.synth", "b.synth")]
    pd.testing.assert_frame_equal(*drawn)


def test_targets_are_checked_before_any_work(cohort, tmp_path):
    for name in RESULTS:
        (tmp_path / name).write_text("precious")
        # The data does not exist: the target is looked at first.
        assert name in fail("run", tmp_path / "nowhere.csv", "--out", tmp_path)
        assert content(tmp_path) == {name: b"precious"}
        (tmp_path / name).unlink()
    (tmp_path / "there").write_text("precious")
    assert "exists" in fail("fit", "nowhere.csv", "--out", tmp_path / "there")
    assert "create it" in fail("fit", "nowhere.csv", "--out", tmp_path / "no" / "x.synth")
    assert "exists" in fail("describe", "nowhere.csv", "--json", tmp_path / "there")
    assert "is a file" in fail("sample", "nowhere.synth", "--rows", 1, "--out", tmp_path / "there")
    (tmp_path / "there.csv").write_text("precious")
    assert "exists" in fail("sample", "nowhere.synth", "--rows", 1, "--out", tmp_path / "there.csv")
    assert "this is a file" in fail("demo", "--out", tmp_path / "there")
    assert set(content(tmp_path).values()) == {b"precious"}


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no such file"),
        ("", "0 bytes"),
        ("age,crp\n", "no rows"),
        ("age,crp\n61,3\n47,2,9\n", "line 3"),
        ("age,crp\n61,3.5\n47,2.5\n", "rows"),
        (f"name,crp\n{SECRET},3\n" + "x,4\n" * 12 + "y", "line 15"),
    ],
)
def test_bad_tables(text, words, tmp_path):
    if text is not None:
        (tmp_path / "data.csv").write_text(text)
    for arguments in (
        ("run", tmp_path / "data.csv", "--out", tmp_path / "out"),
        ("fit", tmp_path / "data.csv", "--out", tmp_path / "model.synth"),
    ):
        message = fail(*arguments)
        assert words in message
        assert SECRET not in message
        assert {path.name for path in tmp_path.iterdir()} <= {"data.csv"}


def test_bad_parameters(cohort, tmp_path):
    run = ("run", cohort, "--out", tmp_path / "out")
    assert "did you mean 'ctgan'" in fail(*run, "--model", "ctgann")
    assert "did you mean 'batch_size'" in fail(*run, "--model", "ctgan", "--param", "batchsize=60")
    assert "'steps' is 0" in fail(*run, "--model", "ctgan", "--param", "steps=0")
    assert "whole number" in fail(*run, "--model", "ctgan", "--param", "steps=many")
    both = ("--param", "steps=9", "--param", "epochs=3")
    assert "'epochs' says" in fail(*run, "--model", "ctgan", *both)
    assert "here it is `enable_gpu`" in fail(*run, "--model", "ctgan", "--param", "cuda=true")
    assert "no parameter 'model'" in fail(*run, "--param", "model=tvae")
    assert "max_seconds" in fail(*run, "--max-seconds", "-1")
    assert "no column 'weight'" in fail(*run, "--drop", "weight")
    assert "sheet" in fail(*run, "--sheet", "visit 1")
    assert not list(tmp_path.iterdir())


def test_a_run_that_fails_late_leaves_nothing(cohort, tmp_path):
    write_table(pd.DataFrame({"other": [1.5, 2.5]}), tmp_path / "unseen.csv")
    out = tmp_path / "results" / "today"
    fail("run", cohort, "--out", out, "--holdout", tmp_path / "unseen.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["unseen.csv"]


def test_an_unexpected_error_shows_no_value(cohort, tmp_path, monkeypatch):
    def explode(path: object, **said: object) -> None:
        local = "Musterfrau88"
        raise RuntimeError(SECRET + local[:0])

    monkeypatch.setattr("synthhealth.cli._inputs.read_with_form", explode)
    message = fail("run", cohort, "--out", tmp_path / "out")
    assert "RuntimeError" in message
    assert "please report" in message
    assert SECRET not in message

    result = call("run", cohort, "--out", tmp_path / "out", "--debug")
    assert result.exit_code == 1
    assert "in explode" in result.stderr
    assert "Musterfrau88" not in result.stderr.replace('local = "Musterfrau88"', "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "memory"),
        (sh.errors.FitInterruptedError("training was interrupted"), 130, "training"),
    ],
)
def test_how_a_verb_ends(error, code, words, cohort, tmp_path, monkeypatch):
    def end(path: object, **said: object) -> None:
        raise error

    monkeypatch.setattr("synthhealth.cli._inputs.read_with_form", end)
    assert words in fail("run", cohort, "--out", tmp_path / "out", code=code)
    assert not list(tmp_path.iterdir())


# --- the other verbs -----------------------------------------------------------------------------


def test_models():
    text = succeed("models")
    assert all(name in text for name in sh.models.available())
    text = succeed("models", "ctgan")
    assert all(parameter.name in text for parameter in sh.models.get("ctgan").parameters)
    assert re.search(r"cuda +here it is `enable_gpu`", text)
    assert re.search(r"margin +default_distribution ", succeed("models", "gaussian_copula"))
    assert "did you mean 'tvae'" in fail("models", "tvea")


def test_datasets():
    text = succeed("datasets")
    assert all(table.loader in text for table in sh.datasets.available())


def test_describe(cohort, tmp_path):
    text = succeed("describe", cohort, "--json", tmp_path / "d.json")
    assert all(name in text for name in read_table(cohort).columns)
    found = json.loads((tmp_path / "d.json").read_text())
    assert [variable["column"] for variable in found["variables"]] == list(
        read_table(cohort).columns
    )
    assert succeed("describe", cohort, "--json", tmp_path / "d.json", "--force", "--quiet") == ""
    assert "esr" not in succeed("describe", cohort, "--drop", "esr")


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".xlsx"])
def test_sample(suffix, model, tmp_path):
    out = tmp_path / f"fake{suffix}"
    assert "70 rows" in succeed("sample", model, "--rows", 70, "--out", out)
    first = read_table(out)
    assert first.shape == (70, 5)
    assert "--force" in fail("sample", model, "--rows", 70, "--out", out)
    succeed("sample", model, "--rows", 70, "--out", out, "--force")
    pd.testing.assert_frame_equal(read_table(out), first)
    succeed("sample", model, "--rows", 70, "--out", out, "--force", "--seed", 1)
    assert not read_table(out).equals(first)
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_sample_where(model, tmp_path):
    def draw(*where: str) -> pd.DataFrame:
        out = tmp_path / "fake.csv"
        options = [part for one in where for part in ("--where", one)]
        succeed("sample", model, "--rows", 20, "--out", out, "--force", *options)
        return read_table(out)

    fake = draw("sex=F", "age=50")
    assert set(fake["sex"]) == {"F"}
    assert set(fake["age"]) == {50}
    sample = ("sample", model, "--rows", 20, "--out", tmp_path / "new.csv", "--where")
    assert "weight" in fail(*sample, "weight=80")
    assert "sex" in fail(*sample, "sex=X")
    assert "age" in fail(*sample, "age=900")
    assert "age" in fail(*sample, "age=old")
    assert [path.name for path in tmp_path.iterdir()] == ["fake.csv"]


def test_where_follows_the_type_of_the_column(tmp_path):
    n = 60
    table = pd.DataFrame(
        {
            "crp": [0.5 + (37 * i % 101) / 10 for i in range(n)],
            "stage": [i % 3 for i in range(n)],
            "code": [("1", "2", "x")[i % 3] for i in range(n)],
            "smoker": [(True, False, None)[i % 3] for i in range(n)],
            "class": pd.Categorical([i % 4 + 1 for i in range(n)], ordered=True),
        }
    )
    write_table(table, tmp_path / "t.parquet")
    succeed("fit", tmp_path / "t.parquet", "--out", tmp_path / "m.synth", "--seed", 0)
    for where, value in (
        ("stage=2", 2),
        ("code=2", "2"),
        ("smoker=true", True),
        ("class=3", 3),
        ("smoker=", None),
    ):
        succeed(
            *("sample", tmp_path / "m.synth", "--rows", 5, "--where", where),
            *("--out", tmp_path / "fake.parquet", "--force"),
        )
        drawn = read_table(tmp_path / "fake.parquet")[where.partition("=")[0]]
        assert drawn.isna().all() if value is None else (drawn == value).all()


def test_a_file_that_is_no_model(cohort, tmp_path):
    for path in (cohort, tmp_path / "nowhere.synth", tmp_path):
        fail("sample", path, "--rows", 1, "--out", tmp_path / "x.csv")
    assert not list(tmp_path.iterdir())


def test_evaluate(cohort, model, tmp_path):
    succeed("sample", model, "--rows", 200, "--out", tmp_path / "fake.parquet")
    text = succeed("evaluate", cohort, tmp_path / "fake.parquet", "--out", tmp_path / "out")
    assert set(content(tmp_path / "out")) == {"report.html", "report.json"}
    assert "KS" in text
    assert "--force" in fail(
        "evaluate", cohort, tmp_path / "fake.parquet", "--out", tmp_path / "out"
    )
    write_table(read_table(cohort).drop(columns="esr"), tmp_path / "lacking.csv")
    assert "esr" in fail("evaluate", cohort, tmp_path / "lacking.csv", "--out", tmp_path / "other")
    assert not (tmp_path / "other").exists()


# --- true processes ------------------------------------------------------------------------------


def start(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "synthhealth", *map(str, arguments)],
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "120"},
        **options,
    )


def test_a_pipe_sees_results_only(cohort, tmp_path):
    process = start(
        *("fit", cohort, "--out", tmp_path / "m.synth", "--model", "tvae", "--seed", 0),
        *("--param", "steps=20"),
        stderr=subprocess.PIPE,
    )
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0
    assert told(stderr.decode()) == []
    assert stdout.decode().splitlines() == [
        f"Read: {cohort} (CSV, UTF-8, separated by commas, decimal point)",
        "tvae learned 61 rows and 5 columns, seed 0. A fifth of the patients was left out.",
        f"Written: {tmp_path / 'm.synth'}",
    ]


LONG = ("--model", "ctgan", "--seed", "0", "--param", "steps=1_000_000")


def start_training(*arguments: object) -> tuple[subprocess.Popen[bytes], int]:
    """Start a verb with a terminal as standard error; return when its bar counts epochs."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = start(*arguments, *LONG, stderr=theirs)
    os.close(theirs)
    seen = b""
    deadline = time.monotonic() + 120
    while b"epochs" not in seen:
        assert time.monotonic() < deadline, seen
        seen += os.read(ours, 4096)
    return process, ours


def finish(process: subprocess.Popen[bytes], terminal: int) -> tuple[str, str]:
    seen = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(terminal)
    stdout, _ = process.communicate(timeout=120)
    return stdout.decode(), seen.decode()


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals and terminals")
@pytest.mark.parametrize("keep", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_ctrl_c_during_training(keep, cohort, tmp_path):
    options = ["--keep-partial"] * keep
    process, terminal = start_training("run", cohort, "--out", tmp_path / "out", *options)
    process.send_signal(signal.SIGINT)
    stdout, stderr = finish(process, terminal)
    assert "Traceback" not in stderr
    if keep:
        assert process.returncode == 0
        assert "marked as partial" in stdout
        assert set(content(tmp_path / "out")) == RESULTS
        assert sh.load(tmp_path / "out" / "model.synth").partial_
    else:
        assert process.returncode == 130
        assert "error: " in stderr
        assert stdout == ""
        assert not list(tmp_path.iterdir())


WRITES_OFTEN = """
import sys
from synthhealth.artifact import checkpoint
from synthhealth.cli import main

checkpoint.LOOK_SECONDS, checkpoint.WRITE_SECONDS = 0.05, 0.3
main()
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_training_that_is_ended_again_and_again_gives_the_same_model(cohort, tmp_path):
    steps, kept, out = "steps=2500", tmp_path / "fit.checkpoint", tmp_path / "m.synth"
    command = ["fit", cohort, "--out", out, "--model", "tvae", "--seed", 0, "--param", steps]

    def begin() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", WRITES_OFTEN, *map(str, command), "--checkpoint", str(kept)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def state() -> bytes:
        return kept.read_bytes() if kept.exists() else b""

    for number, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)):
        before, process = state(), begin()
        while process.poll() is None and state() == before:
            time.sleep(0.01)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == code, stderr
        assert not out.exists()
        assert "Traceback" not in stderr
        assert ("going on from" in stderr) == bool(before)
    assert f"its state is kept in {kept}" in stderr
    process = begin()
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert not kept.exists()
    whole = sh.Synthesizer("tvae", random_state=0, steps=2500).fit(sh.read_table(cohort))
    again = sh.load(out)
    assert members_of(again.fitted_) == members_of(whole.fitted_)
    assert again.sample(100).equals(whole.sample(100))


def test_a_checkpoint_of_another_fit_is_refused(cohort, tmp_path):
    kept = tmp_path / "fit.checkpoint"
    kept.write_bytes(b"no checkpoint")
    command = ("fit", cohort, "--out", tmp_path / "m.synth", "--model", "tvae")
    result = call(*command, "--checkpoint", kept)
    assert result.exit_code == 1
    assert "damaged, or no checkpoint at all" in result.stderr
    assert kept.read_bytes() == b"no checkpoint"


SLOW_READER = """
import sys, time
from synthhealth.cli import _inputs, main

def read_slowly(path, **said):
    print("reading", flush=True)
    time.sleep(60)

_inputs.read_with_form = read_slowly
sys.argv = ["synthhealth", "run", "x.csv", "--out", sys.argv[1]]
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(
    ("number", "code", "message"),
    [
        (signal.SIGINT, 130, b"error: interrupted; nothing was written\n"),
        (signal.SIGTERM, 143, b""),
    ],
)
def test_signals_outside_training(number, code, message, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_READER, str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"reading\n"
    assert (tmp_path / "out").exists()
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    assert stderr == message
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_reader_that_leaves_early(cohort):
    process = start("datasets", stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(timeout=60)
