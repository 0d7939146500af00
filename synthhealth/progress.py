"""What long work says about itself: one event type for callbacks, one bar for those who wait.

The bar is drawn on standard error if that is a terminal, and under the cell of a notebook; a pipe
or a log file sees nothing. Work of several stages has one bar over all of them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

__all__ = ["OnProgress", "ProgressEvent", "begin_stage", "progress_reporter", "staged"]


@dataclass(frozen=True)
class ProgressEvent:
    """A step of long work.

    Attributes
    ----------
    task : str
        What is being done: ``"fit"`` or ``"sample"``.
    done, total : int
        Units finished and units in all (epochs while fitting, rows while sampling).
    unit : str
        ``"epoch"``, ``"pass"`` (over the table) or ``"row"``.
    elapsed : float
        Seconds since the work began.
    losses : dict of str to float
        The model's current losses by name; empty where there are none.
    """

    task: str
    done: int
    total: int
    unit: str
    elapsed: float
    losses: dict[str, float] = field(default_factory=dict)

    @property
    def eta(self) -> float | None:
        """Seconds that remain at the pace so far; None before the first unit is finished."""
        if self.done == 0:
            return None
        return self.elapsed / self.done * (self.total - self.done)


OnProgress = Callable[[ProgressEvent], None]


class _Bar(Protocol):
    """What is drawn: how far the work is, from 0 to 1, and what is being done."""

    def show(self, title: str, share: float, told: str) -> None: ...


#: The work of several stages that is going on, if any.
_whole: _Stages | None = None


@contextmanager
def progress_reporter(title: str, on_progress: OnProgress | None) -> Iterator[OnProgress]:
    """Give a function that passes events to `on_progress` and draws them, where anybody looks."""
    if _whole is not None:
        _whole.tell(title)
        yield _to_both(_whole.part(title), on_progress)
        return
    with _drawn() as bar:
        if bar is None:
            yield on_progress or _ignore
            return
        bar.show(title, 0.0, "")
        shown = bar

        def report(event: ProgressEvent) -> None:
            shown.show(title, _share(event), _told(event))

        yield _to_both(report, on_progress)


@contextmanager
def staged(stages: Mapping[str, float]) -> Iterator[None]:
    """Draw one bar over all the work within, which says `begin_stage` when a stage begins.

    Parameters
    ----------
    stages : mapping of str to float
        The stages by name, in their order, each with about how long it takes beside the others.
    """
    global _whole
    with _drawn() as bar:
        if bar is None or _whole is not None:
            yield
            return
        _whole = _Stages(bar, stages)
        try:
            yield
        finally:
            _whole = None


def begin_stage(name: str) -> None:
    """Say that a stage begins; nothing outside `staged`."""
    if _whole is not None:
        _whole.begin(name)


class _Stages:
    """One bar over several stages."""

    def __init__(self, bar: _Bar, stages: Mapping[str, float]) -> None:
        self._bar = bar
        self._stages = dict(stages)
        self._name = next(iter(stages))
        self._within = 0.0

    def begin(self, name: str) -> None:
        self._name, self._within = name, 0.0
        self.tell(name)

    def tell(self, title: str, told: str = "") -> None:
        names = list(self._stages)
        at = names.index(self._name)
        before = sum(list(self._stages.values())[:at])
        done = before + self._within * self._stages[self._name]
        self._bar.show(
            f"{at + 1} of {len(names)} · {title}", done / sum(self._stages.values()), told
        )

    def part(self, title: str) -> OnProgress:
        def report(event: ProgressEvent) -> None:
            self._within = max(self._within, _share(event))
            self.tell(title, _told(event))

        return report


def _share(event: ProgressEvent) -> float:
    return min(event.done / event.total, 1.0) if event.total else 0.0


def _told(event: ProgressEvent) -> str:
    losses = "".join(f" · {name} {value:.3f}" for name, value in event.losses.items())
    return f"{event.done:,}/{event.total:,} {event.unit}s{losses}"


def _to_both(draw: OnProgress, on_progress: OnProgress | None) -> OnProgress:
    if on_progress is None:
        return draw
    tell = on_progress

    def both(event: ProgressEvent) -> None:
        draw(event)
        tell(event)

    return both


@contextmanager
def _drawn() -> Iterator[_Bar | None]:
    """Give a bar where somebody looks, and take it away at the end."""
    if sys.stderr.isatty():
        with _terminal() as bar:
            yield bar
    elif _in_notebook():
        cell = _Cell()
        try:
            yield cell
        finally:
            cell.close()
    else:
        yield None


class _Clock:
    """The time that remains, at the pace so far."""

    def __init__(self) -> None:
        self._begin = self._told_at = time.monotonic()
        self._remains: float | None = None

    def take(self, share: float) -> None:
        self._told_at = time.monotonic()
        elapsed = self._told_at - self._begin
        self._remains = elapsed / share * (1 - share) if share > 0 else None

    def __str__(self) -> str:
        now = time.monotonic()
        told = _minutes(now - self._begin)
        if self._remains is None:
            return told
        return f"{told} ETA {_minutes(max(self._remains - (now - self._told_at), 0.0))}"


def _minutes(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


@contextmanager
def _terminal() -> Iterator[_Bar]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.text import Text

    clock = _Clock()

    class Time(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(str(clock))

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, Time(), console=Console(stderr=True), transient=True) as progress:
        # Without a total the bar swings, until it is known how far the work is.
        task = progress.add_task("", total=None, told="")

        class Terminal:
            def show(self, title: str, share: float, told: str) -> None:
                clock.take(share)
                total = 1.0 if share > 0 else None
                progress.update(task, description=title, completed=share, total=total, told=told)

        yield Terminal()


def _in_notebook() -> bool:
    """Say whether a notebook shows what is displayed; nothing is imported to find out."""
    shell = sys.modules.get("IPython")
    running = None if shell is None else shell.get_ipython()
    return running is not None and type(running).__name__ == "ZMQInteractiveShell"


class _Cell:
    """A line of text under the cell of a notebook, which needs no widgets."""

    _WIDE, _SELDOM = 30, 0.2  # signs, seconds between two drawings

    def __init__(self) -> None:
        self._clock = _Clock()
        self._handle: Any = None
        self._drawn_at = float("-inf")

    def show(self, title: str, share: float, told: str) -> None:
        now = time.monotonic()
        if now - self._drawn_at < self._SELDOM and share < 1:
            return
        self._drawn_at = now
        self._clock.take(share)
        full = round(share * self._WIDE)
        bar = "█" * full + "░" * (self._WIDE - full)
        self._display(f"{title} {bar} {told} {self._clock}")

    def close(self) -> None:
        if self._handle is not None:
            self._display("")

    def _display(self, text: str) -> None:
        if self._handle is None:
            display: Any = import_module("IPython.display").display
            self._handle = display({"text/plain": text}, raw=True, display_id=True)
        else:
            self._handle.update({"text/plain": text}, raw=True)


def _ignore(event: ProgressEvent) -> None:
    pass
