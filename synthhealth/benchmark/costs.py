"""What fits take, learned from measured runs, for estimates before the start.

``python -m synthhealth.benchmark.costs docs/results/speed.csv synthhealth/models/costs.json``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from synthhealth.models.cost import features

__all__ = ["costs_from"]

#: What is estimated, from which figure, by how many of the terms.
_FIGURES = {"seconds": ("fit_cpu_seconds", 7), "mib": ("peak_mib", 7)}


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
    costs = {}
    for family, own in runs[runs["failure"].isna()].groupby("model"):
        terms = np.array(
            [
                features(rows, columns)
                for rows, columns in zip(own["rows"], own["columns"], strict=True)
            ]
        )
        costs[str(family)] = {
            what: _fitted(terms[:, :n_terms], own[figure].to_numpy(dtype=np.float64))
            for what, (figure, n_terms) in _FIGURES.items()
        }
    return costs


def _fitted(terms: np.ndarray, figures: np.ndarray) -> list[float]:
    weights, _ = nnls(terms / figures[:, None], np.ones(len(figures)))
    return [float(f"{weight:.4g}") for weight in weights]


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    written = json.dumps(costs_from(pd.read_csv(source)), indent=1)
    target.write_text(written + "\n", encoding="utf-8")
