"""The demonstration cohort: a rheumatoid arthritis blood panel, simulated from published figures.

No patient's value was used. The source keys (E1, R1, W1, ...) are those of the table of studies
in ``docs/datasets.md``; *N* and *T* are correlations computed from two open tables (NHANES, women
of 30 to 70; adults treated for inflammatory bowel disease), *own* is a choice of ours.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from synthhealth.errors import ParameterError

__all__ = ["load_ra_panel"]

Floats: TypeAlias = npt.NDArray[np.float64]

WOMEN = 0.85  # E1, E2: 84 to 85 % of the patients


@dataclass(frozen=True)
class Normal:
    """A normal distribution between two bounds, on the value's own or on a logarithmic scale."""

    centre: float  # the mean, or the median of a log-normal
    spread: float  # the SD, or the SD of the logarithm
    low: float
    high: float
    log: bool = False

    def quantile(self, u: Floats) -> Floats:
        scale = np.log if self.log else np.positive
        below, above = ndtr((scale([self.low, self.high]) - scale(self.centre)) / self.spread)
        z = ndtri(below + u * (above - below))
        if self.log:
            return np.asarray(self.centre * np.exp(self.spread * z))
        return np.asarray(self.centre + self.spread * z)


@dataclass(frozen=True)
class Antibody:
    """A titre: uniform below the assay's cut-off in the negative, log-normal above in the rest."""

    positive: float  # share of patients
    negative: tuple[float, float]  # lowest and highest titre of the negative
    titre: Normal

    def quantile(self, u: Floats) -> Floats:
        negatives = 1 - self.positive
        low, high = self.negative
        negative = low + (high - low) * u / negatives
        positive = self.titre.quantile(np.clip((u - negatives) / self.positive, 0, 1))
        return np.where(u < negatives, negative, positive)


def lognormal(median: float, log_sd: float, low: float, high: float) -> Normal:
    return Normal(median, log_sd, low, high, log=True)


@dataclass(frozen=True)
class Measure:
    """What is published about one quantity; `men` only where they differ from women."""

    law: Normal | Antibody
    sources: str
    men: Normal | None = None


# SDs of logarithms follow from the published range: log(95th / 5th percentile) / 3.29,
# log(95th percentile / median) / 1.645 or log(75th / 25th percentile) / 1.349.
MEASURES: dict[str, Measure] = {
    "age": Measure(Normal(46, 11.5, 20, 75), "E1 E3 E5"),
    "esr": Measure(lognormal(30, 0.63, 2, 130), "E3 E5 R1 W4: 10 to 80"),
    "crp": Measure(lognormal(8, 1.03, 0.2, 200), "E3 E14 R1 W3 W4: 1.5 to 45"),
    "rf": Measure(
        Antibody(0.70, (3, 13), lognormal(80, 1.115, 14, 600)), "E1 R1 W6: IQR 40 to 180"
    ),
    "anti_ccp": Measure(
        Antibody(0.67, (1, 15), lognormal(75, 1.03, 17, 500)), "E1 E6 W6: IQR 40 to 160"
    ),
    "haemoglobin": Measure(Normal(11.9, 1.2, 7, 18), "E3 E4 W1", men=Normal(13.4, 1.4, 7, 18)),
    "rbc": Measure(Normal(4.45, 0.45, 2.8, 6.5), "E3 R10", men=Normal(4.9, 0.5, 2.8, 6.5)),
    "wbc": Measure(lognormal(6.5, 0.302, 2, 20), "E3 R3 W1: mean 6.8, SD 2.1"),
    "platelets": Measure(Normal(275, 75, 110, 600), "E3 W1"),
    "neutrophil_percent": Measure(Normal(60, 10, 30, 84), "W1"),
    # Monocytes, eosinophils and basophils: what W1's neutrophils and lymphocytes leave of 100 %.
    "other_percent": Measure(Normal(11, 3.3, 5, 22), "W1"),
    "alt": Measure(lognormal(18, 0.62, 5, 200), "R4 W2: 95th percentile 50"),
    "ast": Measure(lognormal(20, 0.49, 6, 200), "R4 W2: 95th percentile 45"),
    "creatinine": Measure(
        lognormal(0.75, 0.22, 0.3, 2.5), "N", men=lognormal(0.95, 0.22, 0.3, 2.5)
    ),
    "urea": Measure(lognormal(27, 0.32, 8, 120), "N"),
    "uric_acid": Measure(Normal(4.9, 1.2, 1.8, 11.6), "N E5", men=Normal(6.0, 1.4, 1.8, 11.6)),
}

# Spearman's rank correlation within a sex. Where N and T both give one, a value between them.
# Pairs that nobody reports are absent: see `_latent_correlation`.
CORRELATIONS: tuple[tuple[str, str, float, str], ...] = (
    ("esr", "crp", 0.49, "PMC8314882"),
    # Published for both sexes together, where men's higher haemoglobin weakens them.
    ("haemoglobin", "esr", -0.516, "Vatutin: -0.48"),
    ("haemoglobin", "crp", -0.452, "Vatutin: -0.42"),
    ("haemoglobin", "rf", -0.387, "Vatutin: -0.36"),
    ("rf", "esr", 0.31, "Ursum"),
    ("rf", "crp", 0.28, "Ursum"),
    ("anti_ccp", "esr", 0.16, "Ursum"),
    ("anti_ccp", "crp", 0.13, "Ursum"),
    ("rf", "anti_ccp", 0.74, "PMC5307376: the value at which positivity has phi = 0.53"),
    ("age", "rf", 0.0, "Ursum"),
    ("age", "anti_ccp", 0.0, "Ursum"),
    ("haemoglobin", "rbc", 0.65, "N T"),
    ("haemoglobin", "platelets", -0.11, "N T"),
    ("crp", "wbc", 0.36, "N"),
    ("crp", "platelets", 0.25, "N"),
    ("esr", "platelets", 0.25, "R8 gives the sign; own size, that of crp"),
    ("crp", "uric_acid", 0.28, "N"),
    ("wbc", "platelets", 0.32, "N T"),
    # Own; these three give WBC its correlations with both cell counts (N T) and W1's 29 +/- 9 %.
    ("wbc", "neutrophil_percent", 0.45, "own"),
    ("wbc", "other_percent", -0.20, "own"),
    ("neutrophil_percent", "other_percent", -0.40, "own"),
    ("platelets", "ast", -0.24, "N T"),
    ("alt", "ast", 0.72, "N T"),
    ("creatinine", "urea", 0.40, "N T"),
    ("creatinine", "uric_acid", 0.33, "N"),
    ("urea", "uric_acid", 0.22, "N"),
    ("age", "urea", 0.35, "N T"),
    ("age", "creatinine", 0.22, "N T"),
    ("age", "ast", 0.15, "N T"),
    ("age", "platelets", -0.17, "N T"),
)

# The table's columns in order: unit (UCUM), and the decimals that a laboratory prints.
COLUMNS: dict[str, tuple[str | None, int]] = {
    "age": ("a", 0),
    "sex": (None, 0),
    "esr": ("mm/h", 0),
    "crp": ("mg/L", 1),
    "rf": ("[IU]/mL", 1),
    "anti_ccp": ("[arb'U]/mL", 1),
    "haemoglobin": ("g/dL", 1),
    "rbc": ("10*6/uL", 2),
    "wbc": ("10*3/uL", 2),
    "platelets": ("10*3/uL", 0),
    "neutrophils": ("10*3/uL", 2),
    "lymphocytes": ("10*3/uL", 2),
    "alt": ("U/L", 0),
    "ast": ("U/L", 0),
    "creatinine": ("mg/dL", 2),
    "urea": ("mg/dL", 1),
    "uric_acid": ("mg/dL", 1),
}

# Tests not ordered, as shares of the patients: the columns of a line are missing together (own).
NOT_ORDERED: tuple[tuple[tuple[str, ...], float], ...] = (
    (("anti_ccp",), 0.05),
    (("urea", "uric_acid"), 0.03),
    (("uric_acid",), 0.03),
)

LYMPHOCYTES_AT_LEAST = 5.0  # percent of WBC

SWEEPS = 100  # the published correlations are then met to 1e-12


def load_ra_panel(n: int = 61, random_state: int | None = 0) -> pd.DataFrame:
    """Simulate blood panels of people with rheumatoid arthritis.

    No patient is in this table: every value is drawn from a Gaussian copula whose margins and
    rank correlations are published group statistics (Egyptian cohorts first). Another
    `random_state` gives a fresh cohort of the same law.

    ============  =======  ====================================================  ============
    column        unit     margin                                                sources
    ============  =======  ====================================================  ============
    age           years    normal 46 +/- 11.5, cut to 20-75                      E1 E3 E5
    sex           F/M      85 % F                                                E1 E2
    esr           mm/h     log-normal, median 30, 90 % in 10-80                  E3 E5 R1 W4
    crp           mg/L     log-normal, median 8, 90 % in 1.5-45                  E3 E14 R1 W3
    rf            IU/mL    70 % positive (14-600), median 80; else 3-13          E1 R1 W6
    anti_ccp      U/mL     67 % positive (17-500), median 75; else 1-15          E1 E6 W6
    haemoglobin   g/dL     normal, F 11.9 +/- 1.2, M 13.4 +/- 1.4                E3 E4 W1
    rbc           10^6/uL  normal, F 4.45 +/- 0.45, M 4.9 +/- 0.5                E3 R10
    wbc           10^3/uL  log-normal, mean 6.8, SD 2.1                          E3 R3 W1
    platelets     10^3/uL  normal 275 +/- 75, cut to 110-600                     E3 W1
    neutrophils   10^3/uL  60 +/- 10 % of WBC                                    W1
    lymphocytes   10^3/uL  29 +/- 9 % of WBC; both at most 95 %                  W1 E3
    alt           U/L      log-normal, median 18, 95th percentile 50             R4 W2
    ast           U/L      log-normal, median 20, 95th percentile 45             R4 W2
    creatinine    mg/dL    log-normal, median F 0.75, M 0.95, log-SD 0.22        NHANES
    urea          mg/dL    log-normal, median 27, log-SD 0.32                    NHANES
    uric_acid     mg/dL    normal, F 4.9 +/- 1.2, M 6.0 +/- 1.4                  NHANES E5
    ============  =======  ====================================================  ============

    The studies behind the keys, and the correlations, are listed on the documentation page
    "Data sets". Values are rounded as a laboratory prints them. Tests that were not ordered are
    missing: anti_ccp in 5 % of the rows, urea and uric_acid together in 3 %, uric_acid alone in
    another 3 %.

    Parameters
    ----------
    n : int, default 61
        Number of people, at least 1.
    random_state : int or None, default 0
        Seed; the same `n` and seed give the same table. None draws a new table every time.

    Returns
    -------
    pandas.DataFrame
        n rows and 17 columns; ``attrs["units"]`` maps each measured column to
        its unit in UCUM (``a``: years, ``10*3/uL``: thousands per microlitre).

    Raises
    ------
    ParameterError
        `n` or `random_state` is not a whole number within its bounds.

    Examples
    --------
    >>> from synthhealth.datasets import load_ra_panel
    >>> panel = load_ra_panel()
    >>> panel.shape
    (61, 17)
    >>> panel.attrs["units"]["crp"]
    'mg/L'
    """
    n = _whole_number("n", n, at_least=1)
    if random_state is not None:
        random_state = _whole_number("random_state", random_state, at_least=0)
    # One stream each, so that a change to one law leaves the other draws as they are.
    for_sex, for_values, for_orders = np.random.default_rng(random_state).spawn(3)

    men = for_sex.random(n) >= WOMEN
    sex = pd.Series(np.where(men, "M", "F"), dtype=object)
    values = _draw(for_values, men)
    panel = pd.DataFrame(
        {
            name: sex if name == "sex" else _as_printed(values[name], decimals)
            for name, (_, decimals) in COLUMNS.items()
        }
    )
    for columns, rate in NOT_ORDERED:
        panel.loc[for_orders.random(n) < rate, list(columns)] = np.nan
    panel.attrs["units"] = {name: unit for name, (unit, _) in COLUMNS.items() if unit}
    return panel


def _whole_number(name: str, value: int, at_least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = at_least - 1
    if number < at_least or isinstance(value, bool):
        raise ParameterError(f"{name} must be a whole number of at least {at_least}")
    return number


def _draw(rng: np.random.Generator, men: npt.NDArray[np.bool_]) -> dict[str, Floats]:
    """Draw one row per person; `men` tells who follows the men's margins."""
    root = np.linalg.cholesky(_latent_correlation())
    # Summed by einsum, whose order of additions does not depend on the linear algebra library.
    latent = np.einsum("ij,kj->ik", rng.standard_normal((len(men), len(MEASURES))), root)
    ranks = ndtr(latent)
    values = {}
    for column, (name, measure) in enumerate(MEASURES.items()):
        u = ranks[:, column]
        values[name] = measure.law.quantile(u)
        if measure.men is not None:
            values[name] = np.where(men, measure.men.quantile(u), values[name])

    neutrophils = values.pop("neutrophil_percent")
    others = values.pop("other_percent")
    lymphocytes = np.maximum(100 - neutrophils - others, LYMPHOCYTES_AT_LEAST)
    values["neutrophils"] = values["wbc"] * neutrophils / 100
    values["lymphocytes"] = values["wbc"] * lymphocytes / 100
    return values


@cache
def _latent_correlation() -> Floats:
    """Complete the published correlations to the copula's correlation matrix.

    Of all matrices that hold the published values, the one of largest determinant: two measures
    that no source relates are correlated only as far as the published pairs imply (their partial
    correlation is zero; Dempster, Covariance selection, Biometrics 1972). It is found by
    iterative proportional scaling of the precision matrix (Speed and Kiiveri, Ann. Statist. 1986).
    """
    names = list(MEASURES)
    published = {
        (names.index(a), names.index(b)): 2 * np.sin(np.pi * spearman / 6)
        for a, b, spearman, _ in CORRELATIONS
    }
    precision = np.eye(len(names))
    for _ in range(SWEEPS):
        for pair, r in published.items():
            cell = np.ix_(pair, pair)
            now = np.linalg.inv(precision)[cell]
            precision[cell] += np.linalg.inv([[1, r], [r, 1]]) - np.linalg.inv(now)
    return np.asarray(np.linalg.inv(precision))


def _as_printed(values: Floats, decimals: int) -> npt.NDArray[np.generic]:
    printed = np.round(values, decimals)
    return printed.astype(np.int64) if decimals == 0 else printed
