"""Several fits of one table, each without one part of its patients, judged together."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd

from synthhealth.models.base import GraphModel
from synthhealth.models.seeding import derive_seed
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter
from synthhealth.schema import Schema
from synthhealth.schema.check import check_shape
from synthhealth.schema.intake import plain_table
from synthhealth.synthesizer.arguments import check_count, detected
from synthhealth.table.left_out import n_left_out

if TYPE_CHECKING:
    from synthhealth.evaluation.scope import Scope
    from synthhealth.report import ModelInfo, Report
    from synthhealth.synthesizer.synthesizer import Synthesizer

__all__ = ["cross_evaluated", "model_info"]

#: Gives an unfitted synthesizer for a schema and a seed.
Make: TypeAlias = "Callable[[Schema, int], Synthesizer]"

#: What the seed of a cross-validation divides the patients with; `Fitted` has those below.
_PARTS = 6


def cross_evaluated(
    make: Make,
    table: pd.DataFrame,
    schema: Schema | None,
    k: int,
    seed: int,
    scope: Scope,
    group: str | None,
    on_progress: OnProgress | None,
    *,
    n_fits: int | None = None,
    max_seconds: float | None = None,
    written: Report | None = None,
    model: ModelInfo | None = None,
) -> Report:
    """Fit without each part of the patients in turn, and judge all fits together.

    See `Synthesizer.cross_evaluate`.

    Parameters
    ----------
    make : callable
        Gives an unfitted synthesizer for a schema and a seed.
    table : pandas.DataFrame
        All patients.
    schema : Schema or None
        What its columns are; None: detected.
    k : int
        Number of parts.
    seed : int
        Decides everything.
    scope : Scope
        What is asked of the evaluation.
    group : str or None
        The column by which Table 1 groups the patients.
    on_progress : callable or None
        Called after each fit.
    n_fits : int, optional
        Parts that are held out in turn; all by default.
    max_seconds : float, optional
        Time budget of each fit.
    written : Report, optional
        Of a table that a fit of all patients drew; it stands beside.
    model : ModelInfo, optional
        That fit; by default what the further ones have in common.
    """
    from synthhealth.evaluation.folds import parts_of
    from synthhealth.report import Fold, cross_validated

    check_shape(table)
    table = plain_table(table, schema)
    k = check_count("k", k)
    schema = schema or detected(table)
    held_out = parts_of(table, schema, k, derive_seed(seed, _PARTS))
    if n_fits is not None:
        held_out = held_out[: check_count("n_fits", n_fits)]
    scope.check(schema)
    folds = []
    begin = time.monotonic()
    with progress_reporter("cross-validating", on_progress) as report:
        for part, is_unseen in enumerate(held_out):
            unseen, training = table[is_unseen], table[~is_unseen]
            further = make(schema, derive_seed(seed, _PARTS, part))
            further.fit(training, max_seconds=max_seconds, on_progress=_silent)
            n = max(len(training), len(unseen))
            drawn = further.sample(n, on_progress=_silent)
            folds.append(Fold(training, unseen, drawn, further.schema_))
            elapsed = time.monotonic() - begin
            report(ProgressEvent("evaluate", part + 1, len(held_out), "fit", elapsed))
    if model is None:
        model = model_info(further).model_copy(
            update={"seed": seed, "n_left_out": None, "graph": ()}
        )
    return cross_validated(
        folds,
        random_state=seed,
        group=group,
        outcomes=scope.outcomes,
        analyses=scope.analyses,
        by=scope.by,
        parts=scope.parts,
        model=model,
        written=written,
    )


def model_info(synthesizer: Synthesizer) -> ModelInfo:
    """Give what a report says of a fitted synthesizer."""
    from synthhealth.report import ModelInfo
    from synthhealth.report.data import GivenColumn

    fitted = synthesizer.fitted_
    privacy = fitted.preparation.privacy
    graph = fitted.model.graph if isinstance(fitted.model, GraphModel) else ()
    return ModelInfo(
        name=fitted.family,
        settings=fitted.settings,
        seed=fitted.seed,
        chosen=None if synthesizer.choice_ is None else synthesizer.choice_.why,
        partial=fitted.is_partial,
        accept_rate=synthesizer.accept_rate_,
        privacy=privacy,
        n_left_out=n_left_out(privacy, fitted.n_patients),
        graph=tuple(
            GivenColumn(column=one.name, parents=one.parents, gain=one.gain) for one in graph
        ),
    )


def _silent(event: ProgressEvent) -> None:
    """Show nothing of a fit that is one of several."""
