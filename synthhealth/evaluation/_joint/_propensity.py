"""How well a regression on all rows tells two tables apart: propensity scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import expit

from synthhealth.evaluation._calibration import Draft, Replicates
from synthhealth.evaluation._joint._cases import EXCHANGEABLE, Cases
from synthhealth.evaluation._joint._detectors import Logistic
from synthhealth.evaluation._joint._folds import exchanged
from synthhealth.evaluation._joint._results import Propensity
from synthhealth.evaluation._joint._rows import Rows
from synthhealth.evaluation._seeds import Seeds

__all__ = ["fit_propensity", "mean_squared_error", "propensities", "specks"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def fit_propensity(cases: Cases, seeds: Seeds, *, products: bool) -> tuple[Draft, Propensity]:
    """Measure the pMSE ratio, of a regression on the columns or on products of two."""
    regression = Logistic(products=products)
    name = "pmse_products" if products else "pmse_ratio"
    rows = cases.rows
    labels = exchanged(rows.labels, cases.permutations, seeds.rng(name))
    fitted = propensities(regression, rows, labels)
    found = mean_squared_error(fitted, labels)
    expected = float(found[1:].mean())

    def ratio(rows: Rows) -> float:
        labels = rows.labels[None]
        fitted = propensities(regression, rows, labels)
        return float(mean_squared_error(fitted, labels)[0]) / expected

    copy, shuffled = cases.bands(ratio)
    draft = Draft.of(
        name,
        "joint" if products else "marginals",
        float(found[0]) / expected,
        Replicates(found[1:] / expected, "permuted"),
        poor_side="high",
        assumption=EXCHANGEABLE,
        copy_of_real=copy,
        shuffled=shuffled,
    )
    propensity = Propensity(
        name=name,
        pmse=float(found[0]),
        expected=expected,
        specks=specks(fitted[0], rows.labels),
    )
    return replace(draft, blind=products and shuffled.mean <= draft.perfect.high), propensity


def propensities(regression: Logistic, rows: Rows, labels: Bools) -> Floats:
    """Give each row's fitted probability of being synthetic.

    Returns
    -------
    ndarray of shape (n_labellings, n_rows)
    """
    return np.asarray(expit(regression.score(rows, labels, rows)))


def mean_squared_error(fitted: Floats, labels: Bools) -> Floats:
    """Give the mean squared distance of the propensities from the synthetic rows' share.

    That is the pMSE of Woo et al. (2009). Without a ridge, for two samples of one population and
    k coefficients beside the intercept, its mean is close to k c (1 - c) / N, where c is the
    synthetic rows' share of N. Snoke et al. (2018) give k c (1 - c)^2 / N: with them the
    synthetic rows are drawn from what was fitted to the real ones, which do not vary.
    """
    share = labels.mean(axis=1, keepdims=True)
    return np.asarray(((fitted - share) ** 2).mean(axis=1))


def specks(fitted: Floats, labels: Bools) -> float:
    """Give the Kolmogorov-Smirnov distance of the two tables' propensities.

    So do Bowen, Liu and Su (2021). `fitted` and `labels` have shape (n_rows,).
    """
    return float(stats.ks_2samp(fitted[labels], fitted[~labels], method="asymp").statistic)
