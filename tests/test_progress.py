"""What a person at a terminal sees of long work, and a pipe does not."""

from __future__ import annotations

import os
import pty
import re
import sys
import threading
import time
import types

import pytest

import synthhealth as sh
from synthhealth.progress import ProgressEvent, begin_stage, progress_reporter, staged


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
    text = seen_on_a_terminal(long_work, monkeypatch)
    assert capfd.readouterr() == ("", "")
    assert "fitting tvae" in text
    assert re.search(r"\d+/200 epochs . loss -?\d", text)
    assert re.search(r"ETA \d:\d\d:\d\d", text)
    assert "/?" not in text


def test_several_stages_have_one_bar(monkeypatch):
    def work():
        with staged({"reading": 1, "learning": 3}):
            begin_stage("reading")
            begin_stage("learning")
            with progress_reporter("fitting trees", None) as report:
                report(ProgressEvent("fit", 1, 3, "tree", 1.0))
                time.sleep(0.3)  # a frame is drawn
                report(ProgressEvent("fit", 3, 3, "tree", 3.0))

    text = seen_on_a_terminal(work, monkeypatch)
    assert "2 of 2 · fitting trees" in text
    assert "1/3 trees" in text
    assert re.search(r"ETA \d:\d\d:\d\d", text)
    assert "/?" not in text
    begin_stage("nothing is drawn any more")


def test_a_notebook_shows_a_line_and_takes_it_away(monkeypatch):
    shown = []

    class Handle:
        def update(self, data, raw):
            shown.append(data["text/plain"])

    def display(data, raw, display_id):
        shown.append(data["text/plain"])
        return Handle()

    shell = type("ZMQInteractiveShell", (), {})()
    python = types.ModuleType("IPython")
    python.get_ipython = lambda: shell
    python.display = types.ModuleType("IPython.display")
    python.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", python)
    monkeypatch.setitem(sys.modules, "IPython.display", python.display)
    with progress_reporter("fitting trees", None) as report:
        report(ProgressEvent("fit", 3, 3, "tree", 3.0))
    assert shown[0].startswith("fitting trees ░")
    assert "█ 3/3 trees" in shown[-2]
    assert shown[-1] == ""


def seen_on_a_terminal(work, monkeypatch):
    """Give the text that a terminal is shown while `work` is done."""
    ours, theirs = pty.openpty()
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm-256color")
    seen = bytearray()
    reader = threading.Thread(target=read_all, args=(ours, seen))
    reader.start()
    with open(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        work()
    reader.join()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())


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
