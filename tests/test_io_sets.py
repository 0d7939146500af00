"""Sets of files that are replaced together, by processes that are killed at every step."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import synthhealth as sh
from synthhealth.io import check_target, scratch_folder, settle, whole_file, whole_folder

NAMES = ("model.txt", "report.txt", "table.txt")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

STEPS = ("replace", "rename", "unlink", "rmdir", "fsync", "mkdir")


def written_until(out: Path, last: int) -> int:
    """Write a set in a process that ends without a word at a step; give its exit status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    done = 0

    def counted(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def step(*args: Any, **kwargs: Any) -> Any:
            nonlocal done
            if done == last:
                os._exit(9)
            done += 1
            return real(*args, **kwargs)

        return step

    try:
        for name in STEPS:
            setattr(os, name, counted(name))
        with whole_folder(out, NAMES, force=True) as folder:
            for name in NAMES:
                (folder / name).write_text("new")
        os._exit(0)
    finally:
        os._exit(1)


def content(out: Path) -> dict[str, str]:
    return {name: (out / name).read_text() for name in NAMES if (out / name).exists()}


def old_set(out: Path) -> Path:
    out.mkdir()
    for name in NAMES:
        (out / name).write_text("old")
    (out / "mine.txt").write_text("mine")
    return out


@pytest.mark.parametrize("comes", ["reader", "writer"])
def test_a_set_is_all_old_or_all_new_wherever_its_writer_is_killed(comes, tmp_path):
    seen = []
    for step in range(100):
        out = old_set(tmp_path / str(step))
        status = written_until(out, step)
        found = content(out)
        # Whoever looks without this package may miss files, but never finds two sets mixed.
        assert len(set(found.values())) <= 1
        if comes == "reader":
            settle(out)
        else:
            with whole_file(out / "other.txt") as file:
                file.write_text("other")
            (out / "other.txt").unlink()
        after = content(out)
        assert len(after) == len(NAMES)
        assert len(set(after.values())) == 1
        seen.append(after[NAMES[0]])
        if len(found) < len(NAMES):
            assert seen[-1] == "new"
        assert sorted(os.listdir(out)) == sorted([*NAMES, "mine.txt"])
        assert (out / "mine.txt").read_text() == "mine"
        if status == 0:
            break
        assert status == 9
    # Old up to one step, and new from there on.
    assert seen == sorted(seen, reverse=True)
    assert {"old", "new"} == set(seen)
    assert len(seen) > 10


def killed_in_the_midst(out: Path) -> None:
    """Leave a set of which the first file has moved."""
    for step in range(100):
        written_until(out, step)
        if list(content(out).values()) == ["new"]:
            return
        settle(out)
        for name in NAMES:
            (out / name).write_text("old")
    raise AssertionError("no kill came in the midst")


def test_what_somebody_wrote_since_is_kept(tmp_path):
    out = old_set(tmp_path / "out")
    killed_in_the_midst(out)
    time.sleep(0.02)
    (out / NAMES[-1]).write_text("by hand")
    settle(out)
    assert (out / NAMES[-1]).read_text() == "by hand"
    assert not [name for name in os.listdir(out) if name.startswith(".")]


def test_reading_a_table_finishes_its_set(tmp_path):
    out = tmp_path / "out"
    real = sh.datasets.load_ra_panel()
    names = ["table.csv", "zz.csv"]
    killed = f"""
import os
from synthhealth import datasets, write_table
from synthhealth.io import whole_folder
replace = os.replace
def once(source, target):
    if str(target).endswith("zz.csv"):
        os._exit(9)
    replace(source, target)
with whole_folder({str(out)!r}, {names}) as folder:
    for name in {names}:
        write_table(datasets.load_ra_panel(), folder / name)
    os.replace = once
"""
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == 9
    assert not (out / "zz.csv").exists()
    assert sh.read_table(out / "zz.csv").shape == real.shape
    assert sorted(os.listdir(out)) == names


LIVING = """
import sys, time
from pathlib import Path
from synthhealth.io import whole_file, whole_folder
with whole_file(Path(sys.argv[1]) / "a.txt") as one, whole_folder(sys.argv[1], ["b.txt"]) as two:
    one.write_text("a")
    (two / "b.txt").write_text("b")
    print("writing", flush=True)
    sys.stdin.readline()
"""


def test_leftovers_go_and_what_a_living_process_writes_stays(tmp_path):
    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", LIVING, tmp_path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        return process

    killed = start()
    killed.kill()
    killed.wait()
    left = set(os.listdir(tmp_path))
    assert len(left) == 2
    living = start()
    held = set(os.listdir(tmp_path)) - left
    assert len(held) == 2
    foreign = [".synthhealth-notours", ".synthhealth-0123abcd.txt", ".cache"]
    for name in foreign:
        (tmp_path / name).mkdir()
    (tmp_path / ".synthhealth-0123abce").symlink_to(tmp_path / ".cache")
    settle(tmp_path)
    assert set(os.listdir(tmp_path)) == {*held, *foreign, ".synthhealth-0123abce"}
    with whole_file(tmp_path / "c.txt") as file:
        file.write_text("c")
    assert held <= set(os.listdir(tmp_path))
    living.communicate("\n", timeout=60)
    assert living.returncode == 0
    assert {"a.txt", "b.txt", "c.txt"} <= set(os.listdir(tmp_path))
    assert not held & set(os.listdir(tmp_path))
    for process in (killed, living):
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def test_a_set_is_as_promised(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(sh.errors.FileError, match="cannot be written"), whole_folder(
        tmp_path, ["a.txt", "b.txt"], force=True
    ) as folder:  # fmt: skip
        (folder / "a.txt").write_text("new")
    assert os.listdir(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"
    check_target(tmp_path / "a.txt", force=True)


UNZIPPING = """
import sys, time, zipfile
from pathlib import Path
from synthhealth.io.files import unzipped
path = Path(sys.argv[1])
with zipfile.ZipFile(path, "w") as archive:
    archive.writestr("ward.csv", "age\\n40\\n")
with unzipped(path, (".csv",)) as table:
    assert table.read_text() == "age\\n40\\n"
    print(table, flush=True)
    time.sleep(60)
"""


def test_the_table_that_a_killed_process_unpacked_goes_with_the_next(tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)
    with subprocess.Popen(
        [sys.executable, "-c", UNZIPPING, tmp_path / "ward.zip"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        unpacked = Path(process.stdout.readline().strip())
        with scratch_folder():
            assert unpacked.exists()  # its process lives
        process.kill()
        process.wait()
    assert place in unpacked.parents
    assert unpacked.exists()
    with scratch_folder() as folder:
        assert not unpacked.exists()
        assert os.listdir(place) == [folder.parent.name]
    assert os.listdir(place) == []
