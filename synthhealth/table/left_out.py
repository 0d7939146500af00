"""Whom a fit leaves out: patients drawn by a secret, so that no model tells who was learned."""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ParameterError
from synthhealth.schema.subjects import Subjects

__all__ = [
    "IN_WORDS",
    "LEFT_OUT",
    "Privacy",
    "checked",
    "n_left_out",
    "rows_kept",
    "secret_of",
]

Privacy = Literal["none", "standard", "high", "formal"]

#: The share of the patients that a fit leaves out, by the level of privacy. Whom to leave out
#: follows from the values of all patients, which differential privacy does not allow.
LEFT_OUT = MappingProxyType({"none": 0.0, "standard": 0.2, "high": 0.5, "formal": 0.0})

#: The same in words.
IN_WORDS = MappingProxyType(
    {
        "none": "no patient was left out",
        "standard": "a fifth of the patients was left out",
        "high": "half of the patients were left out",
        "formal": "differentially private; no patient was left out",
    }
)


def checked(privacy: str) -> Privacy:
    """Give a level of privacy, if it is one.

    Raises
    ------
    ParameterError
    """
    if privacy not in LEFT_OUT:
        known = ", ".join(map(repr, LEFT_OUT))
        raise ParameterError(f"privacy is {privacy!r}; it is one of {known}")
    return cast(Privacy, privacy)


def secret_of(table: pd.DataFrame) -> bytes:
    """Give a hash of all patients' values, in whatever order they stand."""
    return hashlib.sha256(np.sort(_hashes(table)).tobytes()).digest()


def _hashes(table: pd.DataFrame) -> npt.NDArray[np.uint64]:
    return pd.util.hash_pandas_object(table, index=False).to_numpy()


#: How often whom to leave out is drawn again where a level or a column would be lost.
TRIES = 50


def rows_kept(
    table: pd.DataFrame, privacy: Privacy, subjects: Subjects | None = None
) -> npt.NDArray[np.bool_]:
    """Draw whom a fit learns.

    A secret decides, which is a hash of all patients' values: who lacks a single one of them cannot
    tell whether another patient was learned, however surely a model points at that patient's
    values, and two tables that differ by one patient are learned from different patients, so that
    what they teach does not differ by that patient. Neither the seed nor the family enters it: many
    fits of one table learn the same patients, or together they would tell of all.

    An attacker who could tell from a model who was learned would still be wrong about those left
    out: no patient's area under the ROC curve is above one less half their share. (Sampling as
    protection: Li, Qardaji and Su, 2012, "On sampling, anonymization, and differential privacy".)

    Parameters
    ----------
    table : pandas.DataFrame, shape (n_rows, n_columns)
        The table as it was read.
    privacy : {"none", "standard", "high"}
        Says how many are left out.
    subjects : ndarray of int64 or None
        The patient of each row; None: every row is one.

    Returns
    -------
    ndarray of bool, shape (n_rows,)

    Examples
    --------
    >>> import synthhealth as sh
    >>> real = sh.datasets.load_ra_panel()
    >>> kept = rows_kept(real, "standard")
    >>> int(kept.sum()), len(kept)
    (49, 61)
    >>> bool((rows_kept(real[::-1], "standard")[::-1] == kept).all())
    True
    """
    if not LEFT_OUT[privacy]:
        return np.ones(len(table), dtype=bool)
    hashes = _hashes(table)
    rng = np.random.default_rng(int.from_bytes(secret_of(table), "big"))
    patient = np.arange(len(table)) if subjects is None else pd.factorize(subjects)[0]
    n = int(patient.max()) + 1
    # In the order of what the patients have, so that the order of the rows says nothing.
    marks = np.zeros(n, dtype=np.uint64)
    np.add.at(marks, patient, hashes)
    order = np.argsort(marks, kind="stable")
    n_out = n_left_out(privacy, n)
    codes = [pd.factorize(table[name])[0] for name in table.columns]
    fewest, best = -1, np.zeros(0, dtype=bool)
    for _ in range(TRIES):
        is_kept = np.ones(n, dtype=bool)
        is_kept[order[rng.permutation(n)[:n_out]]] = False
        rows = is_kept[patient]
        lost = sum(_lost(of_column, rows) for of_column in codes)
        if fewest < 0 or lost < fewest:
            fewest, best = lost, rows
        if not lost:
            break
    return best


#: Values that more rows have on average than this are levels, or ends of a measurement, as long as
#: they are not more than so many.
_OFTEN, _MOST_LEVELS = 5, 100


def _lost(codes: npt.NDArray[np.int64], rows: npt.NDArray[np.bool_]) -> int:
    """Count the levels that no row has any more; of a measurement, whether it is constant now."""
    n_levels = int(codes.max(initial=-1)) + 1
    left = int((np.bincount(codes[rows & (codes >= 0)], minlength=n_levels) > 0).sum())
    if n_levels <= min(codes.size / _OFTEN, _MOST_LEVELS):
        return n_levels - left
    return int(left < 2 <= n_levels)


def n_left_out(privacy: Privacy, n: int) -> int:
    """Give how many of n patients a fit leaves out.

    Examples
    --------
    >>> n_left_out("standard", 61)
    12
    """
    return round(LEFT_OUT[privacy] * n)
