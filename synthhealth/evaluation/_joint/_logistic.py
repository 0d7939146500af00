"""Logistic regression with a ridge, for many labellings of the same rows at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

__all__ = ["log_odds"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Steps of the fit. Tables that are alike need a few; of tables far apart it is stopped early,
#: which changes how sure the classifier is and hardly whom it takes for whom.
STEPS = 8


def log_odds(
    known: Floats, labels: Bools, asked: Floats, *, ridge: float, steps: int = STEPS
) -> Floats:
    """Fit a logistic regression for each labelling; give the log odds of the rows asked for.

    The curvature of the log-likelihood is replaced by its bound, which is the same for all
    labellings and steps (Boehning and Lindsay, 1988): one matrix is inverted for all of them.

    Parameters
    ----------
    known : ndarray of shape (n_rows, n_features)
        Features of the rows learned; they are scaled to mean 0 and variance 1 in here.
    labels : ndarray of bool of shape (n_labellings, n_rows)
        Both labels occur in each labelling.
    asked : ndarray of shape (n_asked, n_features)
        Features of the rows asked for.
    ridge : float
        Weight of the squared coefficients (half of it, as in ``1 / C`` of scikit-learn).
    steps : int
        Steps of the fit.

    Returns
    -------
    ndarray of shape (n_labellings, n_asked)
    """
    centre, scale = known.mean(axis=0), known.std(axis=0)
    scale[scale < 1e-12] = np.inf  # a feature that is constant here says nothing
    design = _with_intercept((known - centre) / scale)
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    inverse = np.linalg.inv(design.T @ design / 4 + np.diag(np.maximum(penalty, 1e-9)))
    weights = np.zeros((len(labels), design.shape[1]))
    weights[:, 0] = logit(labels.mean(axis=1))
    for _ in range(steps):
        residuals = labels - expit(weights @ design.T)
        weights += (residuals @ design - penalty * weights) @ inverse
    return np.asarray(weights @ _with_intercept((asked - centre) / scale).T)


def _with_intercept(features: Floats) -> Floats:
    return np.column_stack([np.ones(len(features)), features])
