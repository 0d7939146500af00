"""What a job says while it runs; SageMaker reads the figures out of it."""

from __future__ import annotations

import io
import logging
import math
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthhealth.evaluation import Evaluation
    from synthhealth.progress import ProgressEvent

__all__ = [
    "METRICS",
    "METRIC_DEFINITIONS",
    "Progress",
    "log_to_stdout",
    "metric_line",
    "read_metrics",
    "tell_quality",
]


#: Every figure, and what it is.
METRICS = {
    "quality:ks_average": "mean Kolmogorov-Smirnov complement of the numerical columns, 1 is best",
    "quality:column_average": "mean likeness of all columns, 1 is best",
    "quality:dependence_difference": "mean difference of dependence between columns, 0 is best",
    "train:epoch": "epochs finished",
    "train:loss": "loss of a variational autoencoder",
    "train:generator_loss": "loss of a generator",
    "train:discriminator_loss": "loss of a discriminator",
    "train:seconds": "seconds that the training took",
}

_NUMBER = "[-+0-9.eE]+"

#: For the request of a training job: ``AlgorithmSpecification.MetricDefinitions``.
METRIC_DEFINITIONS: tuple[dict[str, str], ...] = tuple(
    {"Name": name, "Regex": f"{name}=({_NUMBER});"} for name in METRICS
)


def metric_line(name: str, value: float) -> str:
    """Write a figure as the regular expressions find it.

    Parameters
    ----------
    name : str
        One of `METRICS`.
    value : float
        A finite number.

    Returns
    -------
    str

    Examples
    --------
    >>> from synthhealth.aws._training._log import metric_line
    >>> metric_line("quality:ks_average", 0.912345678)
    'quality:ks_average=0.912346;'
    """
    if name not in METRICS:
        raise ValueError(f"{name!r} is not among the figures that are defined")
    return f"{name}={value:.6g};"


def read_metrics(log: str) -> list[tuple[str, float]]:
    """Find the figures in a log, in their order, as SageMaker does.

    Parameters
    ----------
    log : str
        Lines of a training job's log.

    Returns
    -------
    list of (str, float)

    Examples
    --------
    >>> from synthhealth.aws._training._log import read_metrics
    >>> read_metrics("epoch 3 of 300: train:epoch=3; train:loss=-1.5;")
    [('train:epoch', 3.0), ('train:loss', -1.5)]
    """
    found = [
        (match.start(), definition["Name"], float(match[1]))
        for definition in METRIC_DEFINITIONS
        for match in re.finditer(definition["Regex"], log)
    ]
    return [(name, value) for _, name, value in sorted(found)]


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
