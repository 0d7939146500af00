"""What long work says about itself: one event type for callbacks, one bar for terminals."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["OnProgress", "ProgressEvent", "progress_reporter"]


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


@contextmanager
def progress_reporter(title: str, on_progress: OnProgress | None) -> Iterator[OnProgress]:
    """Give a function that passes events to `on_progress` and, on a terminal, to a rich bar.

    The bar is drawn on standard error, and only if that is a terminal: a pipe, a log file or a
    notebook's captured output sees nothing.
    """
    if not sys.stderr.isatty():
        yield on_progress or _ignore
        return

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}{task.fields[losses]}"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, unit="", losses="")

        def report(event: ProgressEvent) -> None:
            losses = "".join(f" · {name} {value:.3f}" for name, value in event.losses.items())
            bar.update(
                task, completed=event.done, total=event.total, unit=f"{event.unit}s", losses=losses
            )
            if on_progress is not None:
                on_progress(event)

        yield report


def _ignore(event: ProgressEvent) -> None:
    pass
