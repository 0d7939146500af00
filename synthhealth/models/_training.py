"""How a fit is watched: progress, a time budget, and what an interruption leaves behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from synthhealth.progress import OnProgress, ProgressEvent

__all__ = ["Training"]


@dataclass
class Training:
    """What a model is told about the fit that it is part of.

    Attributes
    ----------
    on_progress : callable
        Called with a `ProgressEvent` after each epoch.
    max_seconds : float or None
        After this time no new epoch is begun.
    keep_partial : bool
        Whether an interrupted training leaves a partial model (True) or an error (False).
    """

    on_progress: OnProgress
    max_seconds: float | None = None
    keep_partial: bool = False

    def epochs(self, total: int, losses: Callable[[], dict[str, float]]) -> Iterator[int]:
        """Count epochs from 0, reporting each one that is finished, until `total` or time is up."""
        start = time.monotonic()
        for epoch in range(total):
            elapsed = time.monotonic() - start
            if epoch:
                self.on_progress(ProgressEvent("fit", epoch, total, "epoch", elapsed, losses()))
                if self.max_seconds is not None and elapsed >= self.max_seconds:
                    return
            yield epoch
        elapsed = time.monotonic() - start
        self.on_progress(ProgressEvent("fit", total, total, "epoch", elapsed, losses()))
