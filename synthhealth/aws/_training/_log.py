"""What a job says while it runs; SageMaker reads the figures out of it."""

from __future__ import annotations

import io
import logging
import math
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from synthhealth.aws._metrics import METRICS, metric_line

if TYPE_CHECKING:
    from synthhealth.evaluation import Evaluation
    from synthhealth.progress import ProgressEvent

__all__ = ["Progress", "log_to_stdout", "tell_quality"]

#: Seconds between two lines about the progress of a fit.
INTERVAL = 10.0

_log = logging.getLogger(__name__)


@contextmanager
def log_to_stdout() -> Iterator[None]:
    """Write what this library logs to standard output, and of others nothing but errors.

    Their messages may quote a patient.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # names that the locale cannot write
    logger = logging.getLogger("synthhealth")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)


class Progress:
    """Tells the epochs and losses of a fit: the first, the last, and one each ten seconds."""

    def __init__(self) -> None:
        self._told = -math.inf

    def __call__(self, event: ProgressEvent) -> None:
        """Take an event."""
        if event.done < event.total and event.elapsed - self._told < INTERVAL:
            return
        self._told = event.elapsed
        figures = {"train:epoch": float(event.done)} if event.unit == "epoch" else {}
        figures |= {_loss_name(name): value for name, value in event.losses.items()}
        lines = [
            metric_line(name, value)
            for name, value in figures.items()
            if name in METRICS and math.isfinite(value)
        ]
        words = f"{event.unit} {event.done:,} of {event.total:,}, {event.elapsed:.1f} s"
        if event.eta:
            words += f", about {event.eta:.0f} s to go"
        _log.info("%s", " ".join([words, *lines]))


def _loss_name(name: str) -> str:
    return "train:loss" if name == "loss" else f"train:{name}_loss"


def tell_quality(evaluation: Evaluation) -> None:
    """Tell the overall figures."""
    for name in ("ks_average", "column_average", "dependence_difference"):
        score = getattr(evaluation.overall, name)
        if score is not None:
            _log.info("%s", metric_line(f"quality:{name}", score.value))
