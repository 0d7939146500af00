"""Several fits of one table, each without one part of its patients, judged together."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from synthhealth.errors import ParameterError
from synthhealth.models.seeding import derive_seed
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter
from synthhealth.schema import Schema
from synthhealth.schema.subjects import subjects_of

if TYPE_CHECKING:
    from synthhealth.report import Fold
    from synthhealth.synthesizer.synthesizer import Synthesizer

__all__ = ["folds_of", "parted"]

#: What the seed of a cross-validation divides the patients with; `Fitted` has those below.
_PARTS = 6


def parted(table: pd.DataFrame, schema: Schema, k: int, seed: int) -> list[np.ndarray]:
    """Divide the rows into k parts by patients: who was learned is not unseen.

    Returns
    -------
    list of numpy.ndarray of bool, shape (n_rows,)
        Of each part, which rows are in it.

    Raises
    ------
    ParameterError
        There are fewer than two patients for each part.
    """
    subjects = subjects_of(table, schema)
    patients = np.arange(len(table)) if subjects is None else pd.factorize(subjects)[0]
    n = int(patients.max()) + 1
    if not 2 <= k <= n // 2:
        raise ParameterError(
            f"k is {k}; give a whole number from 2 to half the number of patients ({n // 2})"
        )
    order = np.random.default_rng(derive_seed(seed, _PARTS)).permutation(n)
    return [np.isin(patients, order[part::k]) for part in range(k)]


def folds_of(
    table: pd.DataFrame,
    parts: list[np.ndarray],
    make: Callable[[int], Synthesizer],
    seed: int,
    on_progress: OnProgress | None,
) -> tuple[list[Fold], Synthesizer]:
    """Fit a synthesizer without each part in turn, and draw as many rows as it has learned.

    Parameters
    ----------
    table : pandas.DataFrame
        All patients.
    parts : list of numpy.ndarray of bool
        As `parted` gives them.
    make : callable
        Gives an unfitted synthesizer for a seed.
    seed : int
        Decides everything.
    on_progress : callable or None
        Called after each fit.

    Returns
    -------
    list of Fold
    Synthesizer
        The last one.
    """
    from synthhealth.report import Fold

    folds = []
    begin = time.monotonic()
    with progress_reporter("cross-validating", on_progress) as report:
        for part, held_out in enumerate(parts):
            unseen, training = table[held_out], table[~held_out]
            model = make(derive_seed(seed, _PARTS, part))
            model.fit(training, on_progress=_silent)
            drawn = model.sample(len(training), on_progress=_silent)
            folds.append(Fold(training, unseen, drawn, model.schema_))
            elapsed = time.monotonic() - begin
            report(ProgressEvent("evaluate", part + 1, len(parts), "fit", elapsed))
    return folds, model


def _silent(event: ProgressEvent) -> None:
    """Show nothing of a fit that is one of several."""
