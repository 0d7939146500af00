"""The two kinds of work of a tournament: one fit, and the attacks and predictors of several.

Each gives its result or the reason why there is none, and never raises: what is raised is the
machinery's.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import SynthHealthError
from synthhealth.evaluation import Band, Evaluation, NotComputed
from synthhealth.evaluation.evaluate import evaluate_read
from synthhealth.evaluation.privacy.fits import Fit
from synthhealth.evaluation.privacy.membership import DENSITY, DISTANCE, score_members
from synthhealth.evaluation.privacy.pooling import as_membership
from synthhealth.evaluation.privacy.results import Membership
from synthhealth.evaluation.scope import Scope
from synthhealth.evaluation.tables import Tables, read_tables
from synthhealth.evaluation.utility.compare import compare_utility
from synthhealth.evaluation.utility.results import Utility
from synthhealth.evaluation.work import Seeds, attempt, one_thread
from synthhealth.fitted import Fitted
from synthhealth.models import Model
from synthhealth.models.registry import register
from synthhealth.progress import ProgressEvent
from synthhealth.schema import Schema
from synthhealth.schema.types import MIN_CELL
from synthhealth.table.left_out import Privacy

__all__ = ["Attacked", "Entry", "FoldFigures", "Played", "attack_fits", "play_fold"]

Mask = npt.NDArray[np.bool_]

#: Rows that are drawn of a fit: enough that their own error counts little.
FEWEST_DRAWN, MOST_DRAWN = 1_000, 10_000


@dataclass(frozen=True)
class Entry:
    """A family that takes part.

    Attributes
    ----------
    model : str
        Its name.
    parameters : dict
        Its parameters.
    registered : type or None
        Its class, where only this process knows it: workers have to be told.
    """

    model: str
    parameters: dict[str, Any] = field(default_factory=dict)
    registered: type[Model] | None = None


class FoldFigures(NamedTuple):
    """How far the rows of one fit are from the patients that it did not learn."""

    margins: float
    margins_perfect: Band
    relations: float | None
    relations_perfect: Band | None
    columns: dict[str, float]
    """By column, how much lower its score is than that of a perfect generator on average."""
    pairs: dict[tuple[str, str], float]
    """By pair, how much further its dependence is off than that of a perfect generator."""

    @property
    def error(self) -> float:
        """The mean of the errors of single columns and of relations."""
        return _mean_error(self.margins, self.relations)

    @property
    def perfect(self) -> float:
        """That of a perfect generator."""
        relations = None if self.relations_perfect is None else self.relations_perfect.mean
        return _mean_error(self.margins_perfect.mean, relations)


def _mean_error(margins: float, relations: float | None) -> float:
    return 1.0 - margins if relations is None else (1.0 - margins + relations) / 2.0


@dataclass(frozen=True)
class Played:
    """What one fit gave.

    Attributes
    ----------
    figures : FoldFigures or None
        None where it failed.
    drawn : pandas.DataFrame or None
        The synthetic rows.
    schema : Schema or None
        What the model took the columns for.
    failure : str or None
        Why there are no figures.
    out_of_time : bool
        Whether the fit was not finished in time.
    fit_seconds, sample_seconds : float
        What it took.
    """

    figures: FoldFigures | None = None
    drawn: pd.DataFrame | None = None
    schema: Schema | None = None
    failure: str | None = None
    out_of_time: bool = False
    fit_seconds: float = 0.0
    sample_seconds: float = 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that were compared."""
        return () if self.figures is None else tuple(self.figures.columns)


def play_fold(
    entry: Entry,
    table: pd.DataFrame,
    schema: Schema,
    is_unseen: Mask,
    seed: int,
    privacy: Privacy,
    max_seconds: float | None,
) -> Played:
    """Learn all patients but some, draw, and hold the rows against those.

    Parameters
    ----------
    entry : Entry
        The family.
    table : pandas.DataFrame
        All patients.
    schema : Schema
        What the columns are.
    is_unseen : ndarray of bool, shape (n_rows,)
        Which rows are held out.
    seed : int
        Decides the fit, the sample and the noise floors.
    privacy : {"none", "standard", "high"}
        How many patients the fit leaves out.
    max_seconds : float or None
        What is left of the time.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries, once for each worker
            return _play(entry, table, schema, is_unseen, seed, privacy, max_seconds)
    except Exception as error:
        return Played(failure=_in_words(error))


def _play(
    entry: Entry,
    table: pd.DataFrame,
    schema: Schema,
    is_unseen: Mask,
    seed: int,
    privacy: Privacy,
    max_seconds: float | None,
) -> Played:
    if entry.registered is not None:
        register(entry.registered)
    training, unseen = table[~is_unseen], table[is_unseen]
    begin = time.perf_counter()
    fitted = Fitted.learn(
        training,
        schema,
        entry.model,
        entry.parameters,
        seed=seed,
        privacy=privacy,
        on_progress=_silent,
        max_seconds=max_seconds,
    )
    if fitted.is_partial:
        return Played(out_of_time=True)
    ended = time.perf_counter()
    n_rows = min(max(FEWEST_DRAWN, len(training)), MOST_DRAWN)
    drawn = fitted.sample(n_rows, seed)
    sampled = time.perf_counter()
    tables = read_tables(unseen, drawn, fitted.schema)
    evaluation = evaluate_read(tables, Seeds.of(seed), real_is="holdout", scope=Scope(parts=()))
    return Played(
        figures=_figures(evaluation),
        drawn=drawn,
        schema=fitted.schema,
        fit_seconds=ended - begin,
        sample_seconds=sampled - ended,
    )


def _figures(evaluation: Evaluation) -> FoldFigures:
    margins, relations = evaluation.overall.column_average, evaluation.overall.dependence_difference
    return FoldFigures(
        margins=margins.value,
        margins_perfect=margins.floor,
        relations=None if relations is None else relations.value,
        relations_perfect=None if relations is None else relations.floor,
        columns={
            **{one.column: one.floor.mean - one.score for one in evaluation.numerical},
            **{one.column: one.floor.mean - one.score for one in evaluation.categorical},
        },
        pairs={
            (one.first, one.second): one.difference - (one.floor.mean if one.floor else 0.0)
            for one in evaluation.pairs
        },
    )


class Attacked(NamedTuple):
    """What attacks and predictors made of the fits of one division of the patients."""

    memberships: tuple[Membership, ...] = ()
    utility: Utility | None = None


def attack_fits(
    table: pd.DataFrame,
    held_out: Sequence[Mask],
    played: Sequence[Played],
    seed: int,
    outcomes: Sequence[str] | None,
) -> Attacked:
    """Try the quick attacks, and predictors trained on synthetic rows, on all fits together.

    Parameters
    ----------
    table : pandas.DataFrame
        All patients.
    held_out : sequence of ndarray of bool
        Whom each fit did not learn.
    played : sequence of Played
        The fits.
    seed : int
        Chooses rows of large tables, and seeds the predictors.
    outcomes : sequence of str or None
        What is predicted; see `synthhealth.evaluate`.
    """

    def tables() -> list[Tables]:
        return [
            read_tables(
                table[mask], one.drawn, one.schema, training=table[~mask], unseen=table[mask]
            )
            for mask, one in zip(held_out, played, strict=True)
            if one.drawn is not None
        ]

    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore")
        folds = attempt("tables", tables)
        if isinstance(folds, NotComputed):
            return Attacked()
        seeds = Seeds.of(seed)
        attacked = attempt("attacks", lambda: _attacked(folds, seeds))
        compared = attempt("utility", lambda: compare_utility(folds, seeds, outcomes=outcomes))
    return Attacked(
        () if isinstance(attacked, NotComputed) else attacked,
        None if isinstance(compared, NotComputed) else compared.results,
    )


def _attacked(folds: Sequence[Tables], seeds: Seeds) -> tuple[Membership, ...]:
    fits = [Fit.of(fold) for fold in folds]
    others = [fit.n_non_members for fit in fits]
    if min(others) < 2 or sum(others) < MIN_CELL or min(fit.n_members for fit in fits) < MIN_CELL:
        return ()  # see `attack_tables`: too few to be told of
    scores = [score_members(fit, seeds.rng(f"membership {n}")) for n, fit in enumerate(fits)]
    found = (
        as_membership([one.distance for one in scores], DISTANCE),
        as_membership([one.density for one in scores], DENSITY),
    )
    return tuple(one.among(len(found)).as_written() for one in found)


def _in_words(error: Exception) -> str:
    """Give the reason of a failure; a foreign error's text may show a patient's value."""
    if isinstance(error, SynthHealthError):
        return " ".join(str(error).split())
    return f"it failed with {type(error).__name__}"


def _silent(event: ProgressEvent) -> None:
    """Show nothing of a fit that is one of several."""
