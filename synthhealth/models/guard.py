"""Rows that repeat a patient give way to those of models that have not seen the patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ConditionError, FitError, SynthHealthError
from synthhealth.models.base import Model, Training
from synthhealth.models.drawing import draw_rows
from synthhealth.models.seeding import derive_seed
from synthhealth.progress import OnProgress, progress_reporter
from synthhealth.table.encoding import TableForm
from synthhealth.table.gaps import MissingPatterns
from synthhealth.table.known import Known
from synthhealth.table.learning import ToLearn
from synthhealth.table.preparation import Preparation, Rows
from synthhealth.table.repeats import NOBODY, Repeats

__all__ = ["PARTS", "Guard", "Guarded", "Touched"]

Codes = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Parts of the patients, each of which one further model does not learn.
PARTS = 5
#: Rows by which such a model is brought to the ends of its columns, as the guarded one is.
CALIBRATION_ROWS = 5_000

#: Rows drawn at once; draws before the search is given up; and rows of each model, for a wanted one
#: and beside that, before it is given up.
LARGEST = 500_000
MAX_ROUNDS = 200
MAX_TRIES, MAX_REDRAWN = 40, 500_000

#: What seeds are for.
_DIVIDE, _FIT, _CALIBRATE = range(3)


class Touched(NamedTuple):
    """What a guard did to some drawn rows."""

    rows: int
    """How many rows there are."""
    replaced: int
    """How many of them come from models that have not seen the patient whose combination they
    have."""
    repeated: float
    """How many of as many rows of the guarded model would have had a patient's combination."""

    def plus(self, other: Touched | None) -> Touched:
        """Count both."""
        if other is None:
            return self
        return Touched(
            self.rows + other.rows,
            self.replaced + other.replaced,
            self.repeated + other.repeated,
        )

    def in_words(self) -> str:
        """Say it in one sentence.

        Examples
        --------
        >>> print(Touched(500, 20, 31.2).in_words())
        The guard replaced the rows with a patient's own combination of values: 20 of 500 come \
from models that have not seen the patient; of the model itself it would have been 31.
        """
        return (
            "The guard replaced the rows with a patient's own combination of values: "
            f"{self.replaced:,} of {self.rows:,} come from models that have not seen the patient; "
            f"of the model itself it would have been {self.repeated:,.0f}."
        )


class Guarded(NamedTuple):
    """Rows that a guard has let through."""

    rows: Rows
    n_drawn: int
    """How many rows the models drew for each one that keeps the rules, times the rows."""
    touched: Touched


@dataclass(frozen=True)
class Guard:
    """Sees to it that rows with a patient's own combination were made without that patient.

    Were such rows just drawn again, a release would have holes where the patients are, and who
    looks for the holes finds the patients. So further models, `PARTS` of them, each learn all
    patients but a part. A row with a combination of a patient of a part counts only where the
    model that has not learned the part has drawn it, any other row only where the guarded model
    has. In a release a patient's combination is then as frequent, and the rest of the row what,
    as without the patient: there is neither a repeat nor a hole to see.

    A row is one of the models' draws, each as often as any other, that is drawn again until the
    model that drew it is the one that may. (Rejection sampling: von Neumann, 1951.)

    Attributes
    ----------
    repeats : Repeats
        Whose combination a row has. It holds the patients' own, and so is never saved.
    others : tuple of _Voice
        The model of each part's others.
    """

    repeats: Repeats
    others: tuple[_Voice, ...]

    @classmethod
    def learn(
        cls,
        make: Callable[[], Model],
        preparation: Preparation,
        to_learn: ToLearn,
        *,
        seed: int,
        training: Training,
        on_progress: OnProgress | None = None,
    ) -> Guard:
        """Learn the further models.

        Parameters
        ----------
        make : callable
            Gives an unfitted model of the family, with its parameters.
        preparation : Preparation
            Of the guarded model, calibrated.
        to_learn : ToLearn
            What the guarded model learned.
        seed : int
            Decides everything.
        training : Training
            What the guarded model was told about its fit.
        on_progress : callable, optional
            Is told of these fits.

        Raises
        ------
        ParameterError
            So many patients share their rows that they cannot be parted.
        FitError, FitInterruptedError
        """
        divide = np.random.default_rng(derive_seed(seed, _DIVIDE))
        repeats = Repeats.learn(preparation, to_learn, PARTS, divide)
        columns = preparation.patterns.columns
        states = pd.DataFrame(to_learn.rows.states, columns=list(columns))
        others = []
        # Nothing is learned where no patient has a combination of their own.
        for part in range(1, PARTS + 1) if repeats.of_patients.any() else ():
            kept = repeats.of_patients != part
            table = _with_all_levels(to_learn, preparation.form, kept, divide)
            model = make()
            with progress_reporter(f"guard: fit {part} of {PARTS}", on_progress) as report:
                model.fit(
                    table,
                    to_learn.schema,
                    seed=derive_seed(seed, _FIT, part),
                    training=replace(training, on_progress=report),
                )
            rows = to_learn.rows.take(kept)
            patterns = MissingPatterns.learn(
                states[kept].reset_index(drop=True),
                rows.plain,
                to_learn.blur.rng("gaps", str(part)),
                columns=columns,
                subjects=None if to_learn.subjects is None else to_learn.subjects[kept],
                min_cell=to_learn.schema.min_cell,
            )
            drawn = model.sample(CALIBRATION_ROWS, seed=derive_seed(seed, _CALIBRATE, part))
            own = preparation.model_copy(update={"patterns": patterns}).calibrated(drawn.copy)
            others.append(_Voice(model, own))
        return cls(repeats, tuple(others))

    def draw(
        self, model: Model, preparation: Preparation, n: int, known: Known | None, *, seed: int
    ) -> Guarded:
        """Draw `n` rows; see `draw_rows`.

        Parameters
        ----------
        model, preparation
            Those guarded.
        n : int
            Number of rows.
        known : Known or None
            Conditions on the rows, in their order.
        seed : int

        Raises
        ------
        ConditionError
            Too few rows that meet the conditions or keep the rules were found.
        FitError
            The model draws hardly anything but its patients.
        """
        voices = (_Voice(model, preparation), *self.others)
        waiting = np.arange(n)
        found: list[Rows] = []
        places: list[Codes] = []
        seen = _Seen()
        n_replaced = 0
        for turn in range(MAX_ROUNDS):
            batch = int(1.1 * waiting.size * seen.draws_for_one(len(voices))) + 10
            # With conditions each place is offered again and again, and the first row counts; those
            # that are hardly ever met are left to the end, and offered the more often.
            batch = batch if known is None else max(batch, waiting.size << min(turn, 20))
            offered = np.resize(waiting, min(batch, LARGEST))
            accepted = self._accepted(voices, offered, known, seen, derive_seed(seed, turn))
            if accepted is None:
                continue
            rows, turns, is_other = accepted
            if known is None:  # any row will do for any place
                taken = np.arange(min(len(rows), waiting.size))
                met = waiting[taken]
            else:
                met, taken = np.unique(offered[turns], return_index=True)
            found.append(rows.take(taken))
            places.append(met)
            n_replaced += int(is_other[taken].sum())
            waiting = np.setdiff1d(waiting, met)
            if not waiting.size or seen.is_in_vain(n, len(voices)):
                break
        if waiting.size:
            raise _too_few(n - waiting.size, n, seen.offered, known)
        touched = Touched(n, n_replaced, n * seen.repeats / max(seen.ours, 1))
        order = np.argsort(np.concatenate(places), kind="stable")
        n_drawn = max(n, round(n * seen.drawn / seen.offered))
        return Guarded(Rows.join(found).take(order), n_drawn, touched)

    def _accepted(
        self,
        voices: Sequence[_Voice],
        offered: Codes,
        known: Known | None,
        seen: _Seen,
        seed: int,
    ) -> tuple[Rows, Codes, Bools] | None:
        """Let a model drawn by lot draw a row for each offer, and keep those it may draw.

        Returns
        -------
        None where no model could draw any, else
        Rows
            In the order of the offers.
        turns : ndarray of int64
            Which offer each is for.
        is_other : ndarray of bool
            Whether another model than the guarded one drew it.
        """
        who = np.random.default_rng(derive_seed(seed, 0)).integers(len(voices), size=offered.size)
        good: list[Rows] = []
        turns: list[Codes] = []
        for number, voice in enumerate(voices):
            mine = np.flatnonzero(who == number)
            if not mine.size:
                continue
            asked = None if known is None else known.rows(offered[mine])
            try:
                rows, n_drawn = voice.draw(mine.size, asked, derive_seed(seed, 1, number))
            except ConditionError:
                if not number:
                    raise
                continue  # without that patient such rows hardly occur
            part = self.repeats.part_of(rows)
            seen.drawn += n_drawn
            if not number:
                seen.ours += mine.size
                seen.repeats += int((part != NOBODY).sum())
            good.append(rows.take(part == number))
            turns.append(mine[part == number])
        seen.offered += offered.size
        if not good:
            return None
        order = np.argsort(np.concatenate(turns), kind="stable")
        in_order = np.concatenate(turns)[order]
        seen.accepted += in_order.size
        return Rows.join(good).take(order), in_order, who[in_order] > 0


@dataclass
class _Seen:
    """What was counted while rows were drawn."""

    offered: int = 0
    accepted: int = 0
    drawn: int = 0
    ours: int = 0
    repeats: int = 0

    def draws_for_one(self, n_voices: int) -> float:
        """Say how many rows have to be drawn for one that may stand, as far as seen."""
        return (self.offered + n_voices) / (self.accepted + 1)

    def is_in_vain(self, n: int, n_voices: int) -> bool:
        """Say whether so much was drawn for `n` rows that the search is given up."""
        if self.offered < MAX_REDRAWN:
            return False
        most = MAX_TRIES * n_voices
        return self.offered >= MAX_REDRAWN + most * n or self.draws_for_one(n_voices) > most


@dataclass(frozen=True)
class _Voice:
    """A model and the way of its rows."""

    model: Model
    preparation: Preparation

    def draw(self, n: int, known: Known | None, seed: int) -> tuple[Rows, int]:
        return draw_rows(self.model, self.preparation, n, known, seed=seed)


def _with_all_levels(
    to_learn: ToLearn, form: TableForm, kept: Bools, rng: np.random.Generator
) -> pd.DataFrame:
    """Give the plain rows of some patients, with a row more for what none of them has.

    A level of others only, or a number where all of these have the same, is put into a copy of one
    of their rows, so that whatever the guarded model may draw these models may, too.
    """
    table = to_learn.table[kept].reset_index(drop=True)
    more = []
    for column in (form[name] for name in table.columns):
        values = table[column.name].to_numpy()
        if not column.kind.is_numerical:
            lost = np.setdiff1d(to_learn.table[column.name].to_numpy(), values)
        elif (values == values[0]).all():
            lost = column.written(np.array([column.low, column.high]))
        else:
            continue
        for value in lost:
            row = table.iloc[[int(rng.integers(len(table)))]].copy()
            row[column.name] = np.array([value], dtype=values.dtype)
            more.append(row)
    return pd.concat([table, *more], ignore_index=True)


def _too_few(n_found: int, n: int, n_drawn: int, known: Known | None) -> SynthHealthError:
    found = f"guard: {n_found:,} of {n:,} rows that repeat no patient were found in {n_drawn:,} "
    if known is None:
        return FitError(
            f"{found}draws: the model draws hardly anything but its patients; take another "
            "family, or more patients"
        )
    return ConditionError(
        f"{found}draws that meet the conditions; ask for fewer rows, or condition on fewer columns"
    )
