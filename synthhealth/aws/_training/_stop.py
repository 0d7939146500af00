"""What happens when the job is told to stop: by its owner, its maximum run time or a spot market.

SageMaker sends SIGTERM to the container's first process and kills it 120 seconds later.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stop"]


class Stop:
    """Whether the job was told to stop.

    Attributes
    ----------
    is_requested : bool
        Whether SIGTERM or Ctrl-C has come.
    """

    def __init__(self) -> None:
        self.is_requested = False
        self._interrupts = True

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals: the first one raises KeyboardInterrupt, until `finish` is called."""
        if threading.current_thread() is not threading.main_thread():
            yield  # Python gives signals to the main thread only
            return
        before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
        for one in before:
            signal.signal(one, self._take)
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    def finish(self) -> None:
        """From now on let a signal interrupt nothing: what is there gets written."""
        self._interrupts = False

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.is_requested = True
        if self._interrupts:
            self._interrupts = False
            raise KeyboardInterrupt
