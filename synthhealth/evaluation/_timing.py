"""How long each part of an evaluation takes, for whoever listens.

The seconds go to the logger ``synthhealth.evaluation.time`` at the level DEBUG.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["TIMES", "timed"]

Found = TypeVar("Found")

#: The logger's name.
TIMES = "synthhealth.evaluation.time"

logger = logging.getLogger(TIMES)


def timed(part: str, compute: Callable[[], Found]) -> Found:
    """Give what a part computes, and log its name and seconds."""
    begin = time.perf_counter()
    found = compute()
    logger.debug("%s: %.3f s", part, time.perf_counter() - begin)
    return found
