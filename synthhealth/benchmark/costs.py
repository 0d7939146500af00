"""What fits take, learned from measured runs, for estimates before the start.

``python -m synthhealth.benchmark.costs docs/results/speed.csv synthhealth/models/costs.json``
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import nnls

from synthhealth.models.cost import features

__all__ = ["costs_from"]

Floats = npt.NDArray[np.float64]

#: What is estimated, and from which figure.
_FIGURES = {"seconds": "fit_cpu_seconds", "mib": "peak_mib"}
#: The family of which the costs of reading all rows are taken where a family was not measured on a
#: million of them: SDV's networks code them in another way than all others.
_READS, _READS_AS = "gaussian_copula", {"ctgan": "tvae", "copula_gan": "tvae"}
_MANY = 1_000_000
#: The terms of all rows come last.
_OF_ROWS = 2


def costs_from(runs: pd.DataFrame) -> dict[str, dict[str, list[float]]]:
    """Fit the terms of each family's costs, none negative, by the least sum of relative errors.

    Parameters
    ----------
    runs : pandas.DataFrame
        What ``synthhealth benchmark --suite speed`` wrote as CSV.

    Returns
    -------
    dict
        By family, and by what is estimated, the weights of `synthhealth.models.cost.features`.
    """
    runs = runs[runs["failure"].isna()]
    costs = {}
    for family, own in runs.groupby("model"):
        reading = {}
        if own["rows"].max() < _MANY:
            alike = _READS_AS.get(str(family), _READS)
            reading = _costs_of(runs[runs["model"] == alike], {})
        costs[str(family)] = _costs_of(own, reading)
    return costs


def _costs_of(runs: pd.DataFrame, reading: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    sizes = zip(runs["rows"], runs["columns"], strict=True)
    terms = np.array([features(rows, columns) for rows, columns in sizes])
    found = {}
    for what, figure in _FIGURES.items():
        figures = runs[figure].to_numpy(dtype=np.float64)
        if what in reading:
            known = np.array(reading[what][-_OF_ROWS:])
            rest = figures - terms[:, -_OF_ROWS:] @ known
            weights = [*_fitted(terms[:, :-_OF_ROWS], rest, figures), *known]
        else:
            weights = _fitted(terms, figures, figures)
        found[what] = [float(f"{weight:.4g}") for weight in weights]
    return found


def _fitted(terms: Floats, figures: Floats, scale: Floats) -> list[float]:
    weights, _ = nnls(terms / scale[:, None], figures / scale)
    return [float(weight) for weight in weights]


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    written = json.dumps(costs_from(pd.read_csv(source)), indent=1)
    target.write_text(written + "\n", encoding="utf-8")
