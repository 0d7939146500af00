"""The sampling job: one table, whatever the number of instances, and whatever ends it early."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

import synthhealth as sh
from synthhealth import Synthesizer
from synthhealth.aws import sampling
from synthhealth.aws._sampling import _table
from synthhealth.aws.sampling import Host, main, sample_parts
from synthhealth.aws.serving import model_fn
from synthhealth.errors import ArtifactError, FileError, ParameterError
from synthhealth.fitted import Drawn, Fitted
from synthhealth.schema import Schema

#: Stands where a patient's value could; no message may repeat it.
SECRET = "Zuckermandel-1931"


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 500 rows, so that small tables have many."""
    monkeypatch.setattr(_table, "BLOCK_ROWS", 500)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with keys, a column that is nearly always empty, and texts of detection limits."""
    rng = np.random.default_rng(3)
    n = 200
    note = pd.Series([None] * n, dtype=object)
    note[rng.permutation(n)[:20]] = ["seen once", "seen twice"] * 10
    table = pd.DataFrame(
        {
            "patient_id": [f"P-{number:05d}" for number in range(n)],
            "age": rng.integers(18, 90, n),
            "sex": rng.choice(["F", "M"], n),
            "note": note,
            "crp": np.round(rng.lognormal(1, 1, n), 1).astype("float32"),
        }
    )
    path = tmp_path_factory.mktemp("model") / "keyed.synth"
    schema = Schema.detect(table).with_protection("fake")
    return Synthesizer(schema=schema, random_state=0).fit(table).save(path)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("part-*"))}


def joined(folder: Path, read: Any = pd.read_parquet) -> pd.DataFrame:
    return pd.concat([read(path) for path in sorted(folder.glob("part-*"))], ignore_index=True)


@pytest.mark.usefixtures("small_blocks")
def test_the_table_is_the_same_whatever_the_number_of_instances(saved, tmp_path):
    found = {}
    for count in (1, 2, 3, 9):
        folder = tmp_path / str(count)
        for index in reversed(range(count)):
            sample_parts(saved, folder, 6_200, seed=4, rows_per_file=1_000, host=Host(index, count))
        found[count] = contents(folder)
        assert len(list(folder.glob("_manifest-*"))) == count
    assert len(found[1]) == 7
    assert all(one == found[1] for one in found.values())


@pytest.mark.usefixtures("small_blocks")
def test_the_rows_are_those_that_the_synthesizer_draws(saved, tmp_path):
    sample_parts(saved, tmp_path / "out", 2_300, seed=4, rows_per_file=1_000)
    sh.load(saved).sample_to(tmp_path / "one.parquet", 2_300, chunk_size=500, random_state=4)
    wanted = pd.read_parquet(tmp_path / "one.parquet")
    pd.testing.assert_frame_equal(joined(tmp_path / "out"), wanted)
    assert wanted["patient_id"].is_unique


@pytest.mark.usefixtures("small_blocks")
def test_another_seed_gives_another_table(saved, tmp_path):
    for seed in (1, 2):
        sample_parts(saved, tmp_path / str(seed), 500, seed=seed, rows_per_file=500)
    assert contents(tmp_path / "1") != contents(tmp_path / "2")


@pytest.mark.usefixtures("small_blocks")
def test_all_parquet_files_have_one_schema_and_read_as_one_table(saved, tmp_path):
    folder = tmp_path / "out"
    sample_parts(saved, folder, 3_000, seed=1, rows_per_file=500)
    schemas = [pq.read_schema(path) for path in sorted(folder.glob("part-*"))]
    assert len(schemas) == 6
    assert all(one.equals(schemas[0], check_metadata=True) for one in schemas)
    # Readers of a folder pass over the names that begin with an underscore.
    whole = pyarrow.dataset.dataset(folder, format="parquet").to_table().to_pandas()
    pd.testing.assert_frame_equal(whole, joined(folder))
    assert len(pd.read_parquet(folder)) == 3_000
    assert whole["crp"].dtype == "float32"


@pytest.mark.usefixtures("small_blocks")
def test_a_column_that_is_empty_in_a_whole_file_keeps_its_type(saved, tmp_path, monkeypatch):
    draw = Fitted.draw

    def without_notes(self: Fitted, start: int, *others: Any, **named: Any) -> Drawn:
        drawn = draw(self, start, *others, **named)
        return drawn._replace(rows=drawn.rows.assign(note=None)) if start in (0, 500) else drawn

    monkeypatch.setattr(Fitted, "draw", without_notes)
    sample_parts(saved, tmp_path / "out", 2_000, rows_per_file=500)
    types = {pq.read_schema(path).field("note").type for path in (tmp_path / "out").glob("part-*")}
    assert types == {pyarrow.string()}
    assert joined(tmp_path / "out")["note"].notna().any()


@pytest.mark.usefixtures("small_blocks")
def test_each_csv_has_its_header_and_the_rows_of_the_parquet_files(saved, tmp_path):
    for form in ("csv", "parquet"):
        sample_parts(saved, tmp_path / form, 1_200, seed=2, format=form, rows_per_file=500)
    assert sorted(contents(tmp_path / "csv")) == [f"part-0000{n}.csv" for n in range(3)]
    read = joined(tmp_path / "csv", sh.read_table)
    wanted = joined(tmp_path / "parquet")
    assert read["patient_id"].tolist() == wanted["patient_id"].tolist()
    assert read["crp"].tolist() == wanted["crp"].astype(str).astype(float).tolist()


@pytest.mark.usefixtures("small_blocks")
def test_manifests_say_what_is_there(saved, tmp_path):
    folder = tmp_path / "out"
    manifests = [
        sample_parts(saved, folder, 2_700, seed=5, rows_per_file=1_000, host=Host(index, 2))
        for index in range(2)
    ]
    told = [json.loads(path.read_text()) for path in manifests]
    files = sorted((one for each in told for one in each["files"]), key=lambda one: one["name"])
    assert [one["first_row"] for one in files] == [0, 1_000, 2_000]
    assert [one["rows"] for one in files] == [1_000, 1_000, 700]
    assert [each["rows"] for each in told] == [1_700, 1_000]
    for one in files:
        content = (folder / one["name"]).read_bytes()
        assert one["bytes"] == len(content)
        assert one["sha256"] == hashlib.sha256(content).hexdigest()
    table = json.loads((folder / "_table.json").read_text())
    assert table["rows"] == sum(one["rows"] for one in files)
    assert table["model_sha256"] == hashlib.sha256(saved.read_bytes()).hexdigest()


class EndedError(Exception):
    pass


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_job_that_ended_early_left_whole_files_and_goes_on(form, saved, tmp_path, monkeypatch):
    sample_parts(saved, tmp_path / "unbroken", 4_000, format=form, rows_per_file=1_000)
    folder, draw, drawn = tmp_path / "out", Fitted.draw, []

    def draw_or_end(self: Fitted, start: int, *others: Any, **named: Any) -> Drawn:
        drawn.append(start)
        if start == 2_500 and len(drawn) < 8:
            raise EndedError
        return draw(self, start, *others, **named)

    monkeypatch.setattr(Fitted, "draw", draw_or_end)
    with pytest.raises(EndedError):
        sample_parts(saved, folder, 4_000, format=form, rows_per_file=1_000)
    assert not list(folder.glob("_manifest*"))
    wanted = contents(tmp_path / "unbroken")
    assert contents(folder) == dict(list(wanted.items())[:2])
    # What a killed process leaves behind.
    left = folder / ".synthhealth-0a1b2c3d" / "new"
    left.mkdir(parents=True)
    (left / f"part-00002.{form}").write_bytes(b"half")
    drawn[:] = [0] * 8
    sample_parts(saved, folder, 4_000, format=form, rows_per_file=1_000)
    assert set(drawn[8:]) - {0} == {2_000, 2_500, 3_000, 3_500}
    assert contents(folder) == wanted
    assert not list(folder.glob(".*"))


@pytest.mark.usefixtures("small_blocks")
def test_a_folder_with_other_things_is_refused(saved, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / f"{SECRET}.csv").write_text("a")
    with pytest.raises(FileError, match="1 files or folders that are not of this table") as caught:
        sample_parts(saved, folder, 500, rows_per_file=500)
    assert SECRET not in str(caught.value)
    assert [path.name for path in folder.iterdir()] == [f"{SECRET}.csv"]
    (folder / f"{SECRET}.csv").rename(folder / "part-00000.parquet")
    with pytest.raises(FileError, match="nothing is known about"):
        sample_parts(saved, folder, 500, rows_per_file=500)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("other", [{"seed": 2}, {"num_rows": 501}, {"rows_per_file": 1_000}])
def test_a_folder_with_another_table_is_refused(other, saved, tmp_path):
    asked = {"num_rows": 500, "seed": 1, "rows_per_file": 500}
    sample_parts(saved, tmp_path / "out", **asked)
    with pytest.raises(FileError, match=r"another table|not of this table"):
        sample_parts(saved, tmp_path / "out", **{**asked, **other})


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"num_rows": 0}, "num_rows is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"format": "xlsx"}, "one of parquet, csv"),
        ({"rows_per_file": 150_000}, "multiple of 100,000"),
        ({"rows_per_file": 0}, "multiple of 100,000"),
        ({"num_rows": 10**12, "rows_per_file": 100_000}, "at most 100,000"),
    ],
)
def test_numbers_out_of_bounds_are_refused_before_anything_is_written(
    asked, words, saved, tmp_path
):
    with pytest.raises(ParameterError, match=words):
        sample_parts(saved, tmp_path / "out", **{"num_rows": 10, **asked})
    assert not (tmp_path / "out").exists()


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for name, content in members.items():
            one = tarfile.TarInfo(name)
            one.size = len(content)
            file.addfile(one, io.BytesIO(content))
    return path


def test_the_archive_of_a_training_job_is_read_and_nothing_else_taken_out(saved, tmp_path):
    (tmp_path / "in").mkdir()
    members = {
        "../../escaped.txt": b"x",
        "._model.synth": b"x",
        "code/model.pkl": pickle.dumps(1),
        "model.synth": saved.read_bytes(),
    }
    archive(tmp_path / "in" / "model.tar.gz", members)
    archive(tmp_path / "in" / "output.tar.gz", {"report.html": b"x"})
    sample_parts(tmp_path / "in", tmp_path / "a", 300)
    sample_parts(saved, tmp_path / "b", 300)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert not list(tmp_path.parent.rglob("escaped.txt"))


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "there are 0"),
        ({"model.pkl": b"x"}, "there are 0"),
        ({"a.synth": b"x", "b/a.synth": b"x"}, "there are 2"),
    ],
)
def test_an_archive_must_hold_one_model(members, words, tmp_path):
    with pytest.raises(FileError, match=words):
        sample_parts(archive(tmp_path / "model.tar.gz", members), tmp_path / "out", 5)


def test_only_saved_models_are_loaded(saved, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "model.pkl").write_bytes(pickle.dumps(1))
    with pytest.raises(FileError, match="there are 0"):
        sample_parts(tmp_path / "in", tmp_path / "out", 5)
    with pytest.raises(FileError, match="no such file"):
        sample_parts(tmp_path / "absent", tmp_path / "out", 5)
    (tmp_path / "in" / "model.synth").write_bytes(pickle.dumps(1))
    with pytest.raises(ArtifactError):
        sample_parts(tmp_path / "in", tmp_path / "out", 5)
    whole = archive(tmp_path / "model.tar.gz", {"model.synth": saved.read_bytes()}).read_bytes()
    (tmp_path / "model.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match="damaged or cut off"):
        sample_parts(tmp_path / "model.tar.gz", tmp_path / "out", 5)


class Container:
    """The places that SageMaker prepares."""

    def __init__(self, root: Path, model: Path, host: str = "algo-1", count: int = 1) -> None:
        self.output, self.message = root / "output", root / "message"
        resources = root / f"{host}.json"
        hosts = [f"algo-{number + 1}" for number in range(count)]
        resources.write_text(json.dumps({"current_host": host, "hosts": hosts}))
        self.arguments = [
            *("--model-dir", str(model), "--output-dir", str(self.output)),
            *("--resource-config", str(resources), "--message-file", str(self.message)),
        ]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "synthhealth.aws.sampling", *self.arguments, *arguments],
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.mark.usefixtures("small_blocks")
def test_the_command_reads_where_it_runs_and_says_what_came_of_it(saved, tmp_path):
    for host in ("algo-2", "algo-1"):
        container = Container(tmp_path, saved, host, count=2)
        arguments = [*container.arguments, "--num-rows", "1700", "--rows-per-file", "500"]
        assert main([*arguments, "--seed", "7"]) == 0
    assert container.message.read_text() == "written; _manifest-0-of-2.json names the files"
    sample_parts(saved, tmp_path / "one", 1_700, seed=7, rows_per_file=500)
    assert contents(container.output) == contents(tmp_path / "one")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--num-rows"),
        (["--num-rows", SECRET], "--num-rows must be a whole number"),
        (["--num-rows", "5", "--seed", "-1"], "--seed must be a whole number"),
        (["--num-rows", "5", "--format", "xlsx"], "--format"),
        (["--num-rows", "5", "--rows-per-file", "7"], "multiple of 100,000"),
        (["--num-rows", "5", "--model-dir", "/nowhere"], "no such file or folder"),
    ],
)
def test_what_is_wrong_is_in_the_exit_message(arguments, words, saved, tmp_path, monkeypatch):
    container = Container(tmp_path, saved)
    # Where the arguments are not understood, the message goes to SageMaker's place.
    monkeypatch.setattr(sampling, "_MESSAGE", str(container.message))
    assert main([*container.arguments, *arguments]) == 1
    assert words in container.message.read_text()
    assert SECRET not in container.message.read_text()
    assert not container.output.exists()


def test_of_a_damaged_model_nothing_remains_in_the_folder(saved, tmp_path):
    damaged = tmp_path / "damaged.synth"
    damaged.write_bytes(saved.read_bytes()[:200])
    with pytest.raises(ArtifactError):
        sample_parts(damaged, tmp_path / "out", 10)
    sample_parts(saved, tmp_path / "out", 10)


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", '{"hosts": ["a"], "current_host": "b"}'),
        '{"hosts": ["a", "a"], "current_host": "a"}',
        '{"hosts": "ab", "current_host": "a"}',
    ],
)
def test_a_broken_resource_config_is_refused(text, saved, tmp_path):
    container = Container(tmp_path, saved)
    (tmp_path / "algo-1.json").write_text(text)
    assert main([*container.arguments, "--num-rows", "5"]) == 1
    assert "which instance this is" in container.message.read_text()


def test_an_unknown_failure_says_where_and_no_value(saved, tmp_path, monkeypatch):
    def draw(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Fitted, "draw", draw)
    container = Container(tmp_path, saved)
    assert main([*container.arguments, "--num-rows", "5"]) == 1
    told = container.message.read_text()
    assert "RuntimeError at " in told
    assert SECRET not in told
    assert len(told.encode()) <= 1024


def test_mixed_types_are_refused_without_their_values(saved, tmp_path, monkeypatch):
    draw = Fitted.draw

    def mixed(self: Fitted, *arguments: Any, **named: Any) -> Drawn:
        drawn = draw(self, *arguments, **named)
        return drawn._replace(rows=drawn.rows.assign(note=[1, SECRET] * 50))

    monkeypatch.setattr(Fitted, "draw", mixed)
    with pytest.raises(FileError, match="write it as csv") as caught:
        sample_parts(saved, tmp_path / "out", 100)
    assert SECRET not in str(caught.value)
    assert not contents(tmp_path / "out")


def test_the_process_writes_the_table_that_a_laptop_draws(model_dir, tmp_path):
    container = Container(tmp_path, model_dir)
    process = container.start("--num-rows", "120000", "--seed", "9", "--rows-per-file", "100000")
    _, log = process.communicate(timeout=120)
    assert process.returncode == 0, log
    assert "part-00001.parquet: 20000 rows in" in log
    wanted = model_fn(model_dir).sample(120_000, random_state=9)
    pd.testing.assert_frame_equal(joined(container.output), wanted, check_index_type=False)


@pytest.mark.slow
def test_three_processes_at_once_write_one_table(model_dir, tmp_path):
    sample_parts(model_dir, tmp_path / "one", 450_000, rows_per_file=100_000)
    asked = ("--num-rows", "450000", "--rows-per-file", "100000")
    hosts = [Container(tmp_path, model_dir, f"algo-{n}", count=3) for n in (1, 2, 3)]
    processes = [host.start(*asked) for host in hosts]
    for process in processes:
        _, log = process.communicate(timeout=120)
        assert process.returncode == 0, log
    assert contents(tmp_path / "output") == contents(tmp_path / "one")
    assert len(list((tmp_path / "output").glob("_manifest-*-of-3.json"))) == 3


def wait_for(path: Path) -> None:
    until = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_stopped_process_leaves_whole_files_and_a_second_one_goes_on(number, model_dir, tmp_path):
    asked = ("--num-rows", "500000", "--rows-per-file", "100000")
    sample_parts(model_dir, tmp_path / "unbroken", 500_000, rows_per_file=100_000)
    wanted = contents(tmp_path / "unbroken")
    container = Container(tmp_path, model_dir)
    process = container.start(*asked)
    wait_for(container.output / "part-00001.parquet")
    process.send_signal(number)
    process.communicate(timeout=60)
    left = contents(container.output)
    assert 2 <= len(left) < 5
    assert left.items() <= wanted.items()
    assert not list(container.output.glob("_manifest*"))
    if number == signal.SIGTERM:
        assert process.returncode == 143
        assert container.message.read_text().startswith("stopped; ")
        assert not list(container.output.glob(".*"))
    kept = {name: (container.output / name).stat().st_mtime_ns for name in left}
    process = container.start(*asked)
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert contents(container.output) == wanted
    assert {name: (container.output / name).stat().st_mtime_ns for name in left} == kept


PEAK = """
import sys
from pathlib import Path
from synthhealth.aws.sampling import main
status = main(sys.argv[1:])
lines = Path("/proc/self/status").read_text().splitlines()
print(next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")))
sys.exit(status)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read as Linux says")
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_memory_does_not_grow_with_the_table(form, model_dir, tmp_path):
    peaks, seconds = {}, {}
    for n in (300_000, 3_000_000):
        (tmp_path / str(n)).mkdir()
        container = Container(tmp_path / str(n), model_dir)
        asked = ("--num-rows", str(n), "--format", form)
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *container.arguments, *asked],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        seconds[n], peaks[n] = time.monotonic() - begin, int(done.stdout)
    sys.stdout.write(f"\n{form}: peak memory {peaks} MiB, {seconds} s\n")
    # The same but for what the allocators keep: ten times the rows.
    assert peaks[3_000_000] < 1.15 * peaks[300_000]
