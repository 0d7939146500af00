"""What a fit leaves: all that is needed to draw synthetic rows, and to be saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from synthhealth.models.base import Checkpoint, FormalModel, Training, release_of
from synthhealth.models.cost import check_memory
from synthhealth.models.drawing import draw_rows
from synthhealth.models.guard import Guard, Touched
from synthhealth.models.registry import get
from synthhealth.models.seeding import derive_seed
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter
from synthhealth.schema.detection.doubts import odd_doubts, tell
from synthhealth.schema.detection.subject import visit_doubts
from synthhealth.schema.reading.written import WrittenTable
from synthhealth.table.learning import prepare
from synthhealth.table.left_out import Privacy
from synthhealth.table.preparation import Preparation

if TYPE_CHECKING:
    from synthhealth.models import Model
    from synthhealth.models.accountant import Budget
    from synthhealth.schema import RareLevels, Schema
    from synthhealth.table.known import Known

__all__ = ["CHUNK_SIZE", "Drawn", "Fitted", "join"]

#: Rows that are sampled at once: bounds the memory, and is part of what a seed means.
CHUNK_SIZE = 100_000

#: Rows drawn after training to see how the model's table differs from the real one.
CALIBRATION_ROWS = 5_000

#: What a seed is for; the numbers are part of what a seed means.
_FIT, _GAPS, _SAMPLE, _REPLAY, _FAKES, _CALIBRATION, _GUARD = range(7)


class Drawn(NamedTuple):
    """Some rows of a stream."""

    rows: pd.DataFrame
    n_drawn: int
    """How many rows the model drew for them; the others broke a rule or met no condition."""
    touched: Touched | None = None
    """What a guard did to them; None where there is none."""


@dataclass(frozen=True)
class Fitted:
    """A family's model of one table, and the way from its plain rows to the user's.

    Rows come in streams, each decided by a number. A stretch of a stream can be drawn without
    what comes before it, so that many workers can draw one table.

    Attributes
    ----------
    family : str
        The name of the model family.
    parameters : mapping
        The family's parameters as they were given.
    model : Model
        The family's fitted model of the plain table.
    preparation : Preparation
        The way from the user's table to the plain one, and back.
    seed : int
        The one seed that decided everything.
    n_rows : int
        How many rows were learned.
    training : ProgressEvent or None
        Where training stood when it ended; None if the family tells nothing.
    guard : Guard or None
        Sees to it that rows with a patient's combination were made without that patient. It knows
        the patients' combinations, and is not a part of what is saved.

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.fitted import Fitted
    >>> real = sh.datasets.load_ra_panel()
    >>> fitted = Fitted.learn(real, sh.Schema.detect(real), "gaussian_copula", {}, seed=0)
    >>> fitted.draw(0, 5, fitted.own_stream(0)).rows.shape
    (5, 17)
    """

    family: str
    parameters: Mapping[str, Any]
    model: Model
    preparation: Preparation
    seed: int
    n_rows: int
    training: ProgressEvent | None = None
    guard: Guard | None = field(default=None, repr=False, compare=False)

    @classmethod
    def learn(
        cls,
        table: pd.DataFrame | WrittenTable,
        schema: Schema,
        family: str,
        parameters: Mapping[str, Any],
        *,
        seed: int,
        privacy: Privacy = "none",
        guard: bool = False,
        tells: bool = False,
        on_progress: OnProgress | None = None,
        keep_partial: bool = False,
        max_seconds: float | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Fitted:
        """Learn a table.

        Parameters
        ----------
        table : pandas.DataFrame or WrittenTable, shape (n_rows, n_columns)
            Users' cells: one row per patient, or several where the schema has a `subject`.
        schema : Schema
            What its columns are.
        family : str
            The name of the model family.
        parameters : mapping
            Parameters of the family.
        seed : int
            Decides everything.
        privacy : {"none", "standard", "high", "formal"}
            How many patients are left out; see `synthhealth.table.left_out.rows_kept`.
        guard : bool
            Whether to learn a `Guard`, too.
        tells : bool
            Whether to log what is in doubt about the table under this schema.
        on_progress, keep_partial, max_seconds, checkpoint
            As for `Training`.

        Raises
        ------
        TableError, SchemaError, ParameterError, FitError, FitInterruptedError, CheckpointError
            As `Synthesizer.fit`.
        """
        model: Model = get(family)(**parameters)
        release = release_of(model, privacy, guard=guard)
        written = WrittenTable.of(table, schema)
        n_rows = len(written.frame)
        check_memory(family, *written.frame.shape)
        preparation, to_learn = prepare(
            written, schema, np.random.default_rng(derive_seed(seed, _GAPS)), privacy, release
        )
        if isinstance(model, FormalModel):
            n_rows = model.spent().n_patients
        if tells:
            frame = written.frame
            tell([*odd_doubts(to_learn.odd, len(frame)), *visit_doubts(frame, schema)])
        last: ProgressEvent | None = None
        with progress_reporter(f"fitting {family}", on_progress) as report:

            def remember(event: ProgressEvent) -> None:
                nonlocal last
                last = event
                report(event)

            training = Training(remember, max_seconds, keep_partial, to_learn.blur, checkpoint)
            model.fit(
                to_learn.table,
                to_learn.schema,
                seed=derive_seed(seed, _FIT),
                training=training,
            )
        preparation = preparation.calibrated(
            lambda: model.sample(CALIBRATION_ROWS, seed=derive_seed(seed, _CALIBRATION))
        )
        learned = cls(family, dict(parameters), model, preparation, seed, n_rows, last)
        if not guard:
            return learned
        return replace(
            learned,
            guard=Guard.learn(
                lambda: get(family)(**parameters),
                preparation,
                to_learn,
                seed=derive_seed(seed, _GUARD),
                training=training,
                on_progress=on_progress,
            ),
        )

    def unguarded(self) -> Fitted:
        """Give it without its guard, as it is saved."""
        return self if self.guard is None else replace(self, guard=None)

    @property
    def schema(self) -> Schema:
        """What the columns of the user's table are."""
        return self.preparation.described

    @property
    def settings(self) -> dict[str, Any]:
        """The value of every parameter of the family that was used."""
        return self.model.settings_

    @property
    def budget(self) -> Budget | None:
        """What was spent of a formal privacy budget; None where there is none."""
        return self.model.spent() if isinstance(self.model, FormalModel) else None

    @property
    def is_partial(self) -> bool:
        """Whether training ended before its last epoch."""
        return self.model.partial_

    @property
    def n_patients(self) -> int:
        """The number of patients that were learned: of rows, unless a subject says whose."""
        known = self.preparation.n_patients
        return self.n_rows if known is None else known

    @property
    def rare_levels(self) -> dict[str, RareLevels]:
        """What was done, by column, with levels of too few patients."""
        return dict(self.preparation.rare)

    def own_stream(self, number: int) -> int:
        """Give one of the streams that the fit's own seed decides."""
        return derive_seed(self.seed, _SAMPLE, number)

    def stream(self, seed: int) -> int:
        """Give the stream of a seed."""
        return derive_seed(seed, _REPLAY)

    def draw(
        self,
        start: int,
        stop: int,
        stream: int,
        *,
        chunk_size: int = CHUNK_SIZE,
        known: Known | None = None,
    ) -> Drawn:
        """Draw a chunk of a stream: the rows from `start` to `stop` of the whole table.

        Parameters
        ----------
        start, stop : int
            Their places; `start` is a multiple of `chunk_size`, and `stop` no more than one
            chunk away.
        stream : int
            Of `own_stream` or `stream`.
        chunk_size : int
            The size of all chunks, which is part of what a stream means.
        known : Known, optional
            What is known of these rows.
        """
        part = start // chunk_size
        n, seed, touched = stop - start, derive_seed(stream, part, 0), None
        if self.guard is None:
            rows, n_drawn = draw_rows(self.model, self.preparation, n, known, seed=seed)
        else:
            rows, n_drawn, touched = self.guard.draw(
                self.model, self.preparation, n, known, seed=seed
            )
        table = self.preparation.write(
            rows,
            np.random.default_rng(derive_seed(stream, part, 1)),
            start=start,
            fakes_seed=derive_seed(stream, _FAKES),
        )
        return Drawn(table, n_drawn, touched)

    def chunks(
        self,
        n: int,
        stream: int,
        *,
        chunk_size: int = CHUNK_SIZE,
        known: Known | None = None,
    ) -> Iterator[Drawn]:
        """Draw the first `n` rows of a stream, a chunk at a time."""
        for start in range(0, n, chunk_size):
            stop = min(start + chunk_size, n)
            some = None if known is None else known.rows(slice(start, stop))
            yield self.draw(start, stop, stream, chunk_size=chunk_size, known=some)

    def sample(self, n: int, seed: int) -> pd.DataFrame:
        """Draw the first `n` rows of a seed's stream."""
        parts = [drawn.rows for drawn in self.chunks(n, self.stream(seed))]
        return parts[0] if len(parts) == 1 else join(parts)


def join(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put drawn tables together, with what is said about them."""
    joined = pd.concat(parts)
    joined.attrs = dict(parts[0].attrs)
    return joined
