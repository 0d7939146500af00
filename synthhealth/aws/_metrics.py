"""The figures that a training job writes into its log, and how SageMaker finds them there."""

from __future__ import annotations

import re

__all__ = ["METRICS", "METRIC_DEFINITIONS", "metric_line", "read_metrics"]

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
    >>> from synthhealth.aws._metrics import metric_line
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
    >>> from synthhealth.aws._metrics import read_metrics
    >>> read_metrics("epoch 3 of 300: train:epoch=3; train:loss=-1.5;")
    [('train:epoch', 3.0), ('train:loss', -1.5)]
    """
    found = [
        (match.start(), definition["Name"], float(match[1]))
        for definition in METRIC_DEFINITIONS
        for match in re.finditer(definition["Regex"], log)
    ]
    return [(name, value) for _, name, value in sorted(found)]
