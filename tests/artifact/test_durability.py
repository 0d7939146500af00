"""A process that is killed while it saves leaves the old file, or the new one, whole."""

from __future__ import annotations

import os
import random
import signal
import stat
import time

import pytest
from synth_files import ResampledMargins

import synthhealth as sh
from synthhealth.io import whole_file

KILLS = 20
#: Kills after which none having come in the midst of a save is no chance: 1 in 5 does.
MOST_KILLS = 500

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture(scope="module")
def two(cohort, registered):
    """Two synthesizers that differ, of a family that starts no threads."""
    registered(ResampledMargins)
    return [sh.Synthesizer(ResampledMargins.name, random_state=seed).fit(cohort) for seed in (0, 1)]


def test_kills_during_save(two, tmp_path):
    path = tmp_path / "model.synth"
    two[0].save(path)
    expected = [model.sample(30, random_state=0) for model in two]
    begin = time.monotonic()
    two[1].save(path, force=True)
    one_save = time.monotonic() - begin
    rng = random.Random(0)
    unfinished = replaced = kills = 0
    while kills < KILLS or (kills < MOST_KILLS and not (unfinished and replaced)):
        kills += 1
        before = path.read_bytes()
        child = os.fork()
        if not child:
            save_for_ever(two, path)
        time.sleep(rng.uniform(0, 3 * one_save))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        replaced += path.read_bytes() != before
        killed_in_the_midst = len(list(tmp_path.iterdir())) > 1
        again = sh.load(path)
        sample = again.sample(30, random_state=0)
        assert sample.equals(expected[again.seed_])
        unfinished += killed_in_the_midst
        assert list(tmp_path.iterdir()) == [path]  # loading has cleaned up
    # The kills came in the midst of saving, and after some saves had ended.
    assert unfinished
    assert replaced


def save_for_ever(two, path):
    """What the child does, until it is killed."""
    try:
        while True:
            for model in two:
                model.save(path, force=True)
    finally:
        os._exit(1)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_kills_around_the_rename(two, tmp_path, monkeypatch, moment):
    path = tmp_path / "model.synth"
    two[0].save(path)
    rename = os.replace

    def killed(*names):
        if moment == "after":
            rename(*names)
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        monkeypatch.setattr(os, "replace", killed)
        save_for_ever(two[1:], path)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert sh.load(path).seed_ == (moment == "after")


def test_content_and_name_reach_the_disk_in_this_order(tmp_path, monkeypatch):
    calls = []
    sync, rename = os.fsync, os.replace

    def synced(handle):
        calls.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def renamed(*names):
        calls.append("rename")
        rename(*names)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    with whole_file(tmp_path / "note.txt") as file:
        file.write_text("done")
    assert calls == ["file", "rename", "folder"]
