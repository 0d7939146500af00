"""What a person at a terminal sees of long work, and a pipe does not."""

from __future__ import annotations

import os
import pty
import re
import sys
import threading

import pytest

import synthhealth as sh
from synthhealth.progress import ProgressEvent, progress_reporter


def long_work() -> None:
    model = sh.Synthesizer("tvae", steps=200, decompress_dims=(16,), random_state=0)
    model.fit(sh.datasets.load_ra_panel()).sample(5)


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


def test_a_terminal_shows_a_bar_with_epochs_loss_and_eta(capfd, monkeypatch):
    ours, theirs = pty.openpty()
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm-256color")
    seen = bytearray()
    reader = threading.Thread(target=read_all, args=(ours, seen))
    reader.start()
    with open(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        long_work()
    reader.join()
    assert capfd.readouterr() == ("", "")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    assert "fitting tvae" in text
    assert re.search(r"\d+/200 epochs . loss -?\d", text)
    assert re.search(r"ETA \d:\d\d:\d\d", text)


def read_all(terminal: int, seen: bytearray) -> None:
    """Read what a terminal is shown, until it closes."""
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # it is closed at its other end
            break
        if not part:
            break
        seen += part
    os.close(terminal)


def test_a_pipe_sees_nothing(capfd):
    long_work()
    assert capfd.readouterr() == ("", "")
