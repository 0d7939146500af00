"""What a person at a terminal sees of long work, and a pipe does not."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from synthhealth.progress import ProgressEvent, progress_reporter

SCRIPT = """
import synthhealth as sh
model = sh.Synthesizer("tvae", steps=300, random_state=0).fit(sh.datasets.load_ra_panel())
model.sample(5)
"""


def test_eta_is_at_the_pace_so_far():
    assert ProgressEvent("fit", 0, 10, "epoch", 0.0).eta is None
    assert ProgressEvent("fit", 2, 10, "epoch", 4.0).eta == pytest.approx(16.0)
    assert ProgressEvent("fit", 10, 10, "epoch", 9.0).eta == 0.0


def test_events_reach_the_callback(capsys):
    events = []
    with progress_reporter("fitting", events.append) as report:
        report(ProgressEvent("fit", 1, 2, "epoch", 1.0))
    assert [event.done for event in events] == [1]
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_a_bar_with_epochs_loss_and_eta():
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "120", "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stderr=theirs, stdout=subprocess.PIPE, env=environment
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # the terminal closes when the process ends
            break
        if not part:
            break
        seen += part
    os.close(ours)
    assert process.wait() == 0
    assert process.stdout.read() == b""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    assert "fitting tvae" in text
    assert re.search(r"\d+/300 epochs . loss -?\d", text)
    assert re.search(r"ETA \d:\d\d:\d\d", text)


def test_a_pipe_sees_nothing():
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)
    assert run.stdout == b""
    assert run.stderr == b""
