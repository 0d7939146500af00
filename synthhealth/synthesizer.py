"""The class that users meet: a table in, synthetic tables out."""

from __future__ import annotations

import operator
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from synthhealth.errors import NotFittedError, ParameterError
from synthhealth.fitted import CHUNK_SIZE, Fitted, join
from synthhealth.models import get
from synthhealth.models.base import release_of
from synthhealth.models.seeding import derive_seed
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter
from synthhealth.schema import Schema
from synthhealth.schema.check import check_shape
from synthhealth.schema.detection.doubts import tell
from synthhealth.schema.detection.proposal import propose
from synthhealth.schema.intake import plain_table
from synthhealth.schema.reading.written import WrittenTable
from synthhealth.schema.subjects import subjects_of
from synthhealth.table.known import Known
from synthhealth.table.left_out import Privacy, checked, n_left_out

if TYPE_CHECKING:
    from typing_extensions import Self

    from synthhealth.evaluation.inference import Analysis
    from synthhealth.io import FileForm
    from synthhealth.ledger import Ledger
    from synthhealth.models.guard import Touched
    from synthhealth.report import ModelInfo, Report
    from synthhealth.schema import RareLevels

__all__ = ["Synthesizer", "load"]

#: Seeds of numpy's SeedSequence, which has a pool of 128 bits, and of saved models are below.
MOST_SEEDS = 2**128
#: What the seed of a cross-validation divides the patients with; `Fitted` has those below.
_PARTS = 6


class Synthesizer(BaseEstimator):
    """Learns a table and draws synthetic tables of the same form.

    Parameters
    ----------
    model : str
        The family: ``"gaussian_copula"``, ``"hybrid"``, ``"trees"``, ``"bayesian_network"``,
        ``"private"``, ``"ctgan"``, ``"tvae"``, ``"copula_gan"``, or one that an installed package
        has registered (`synthhealth.models.available`).
    schema : Schema, optional
        What the columns are; detected from the table if it is not given.
    random_state : int, optional
        The one seed that decides everything. The same seed, table and versions give the same bytes
        in any process. Without it a seed is drawn and kept in ``seed_``.
    privacy : {"standard", "high", "none", "formal"}
        How many patients a fit leaves out, so that nobody can tell from the model whether one was
        learned: a fifth, half, or none; and how much what it keeps is blurred. See
        `synthhealth.table.left_out.rows_kept` and `synthhealth.table.blur.Blur`. With "formal" the
        model is differentially private: it goes with the family ``"private"``, its `epsilon`, and
        a schema that says what columns can be.
    guard : bool
        Whether rows that have a patient's own combination of values, of the quasi-identifiers or of
        the whole row, give way to rows of models that have not seen the patient. Such models are
        fitted, too, so that fits and samples take five to eight times as long. It knows the
        patients: it is in no saved file and no copy. See `synthhealth.models.guard.Guard`.
    **model_params
        Parameters of the family; `synthhealth.models.get` gives their table.

    Attributes
    ----------
    schema_ : Schema
        What the columns were taken to be.
    settings_ : dict
        The value of every parameter of the family that was used.
    seed_ : int
        The seed that was used.
    partial_ : bool
        Whether training ended before its last epoch.
    n_rows_ : int
        The number of rows of the table; `privacy` says how many of them were left out.
    n_patients_ : int
        The number of patients that they are of; see `Schema.subject`.
    rare_levels_ : dict of str to RareLevels
        What was done, by column, with levels of too few patients.
    training_ : ProgressEvent or None
        Where training stood when it ended: epochs, seconds and last losses; None if the family
        tells nothing.
    guarded_ : Touched or None
        How many of the rows drawn so far the guard replaced; None where there is none.

    Examples
    --------
    >>> import synthhealth as sh
    >>> real = sh.datasets.load_ra_panel()
    >>> model = sh.Synthesizer("gaussian_copula", random_state=0).fit(real)
    >>> fake = model.sample(1000)
    >>> fake.shape
    (1000, 17)
    >>> bool((fake.dtypes == real.dtypes).all())
    True
    >>> model.sample(5, conditions={"sex": "M"})["sex"].unique().tolist()
    ['M']
    """

    _training_table: pd.DataFrame | None = None
    # Whether a fit says what is in doubt about its table.
    _tells = True

    def __init__(
        self,
        model: str = "gaussian_copula",
        *,
        schema: Schema | None = None,
        random_state: int | None = None,
        privacy: Privacy = "standard",
        guard: bool = False,
        **model_params: Any,
    ) -> None:
        self.model = model
        self.schema = schema
        self.random_state = random_state
        self.privacy = privacy
        self.guard = guard
        self.model_params = model_params

    def fit(
        self,
        table: pd.DataFrame,
        *,
        on_progress: OnProgress | None = None,
        on_interrupt: str = "raise",
        max_seconds: float | None = None,
        ledger: Ledger | str | os.PathLike[str] | None = None,
    ) -> Synthesizer:
        """Learn a table.

        Parameters
        ----------
        table : pandas.DataFrame, shape (n_rows, n_columns)
            One row per patient, or several where the schema has a `subject`: each is then learned
            as if it were a patient's only one, with a warning. It is not changed.
        on_progress : callable, optional
            Called with a `synthhealth.ProgressEvent` after each epoch of a network.
        on_interrupt : {"raise", "keep"}
            What Ctrl-C during the training of a network leaves: `FitInterruptedError`, or the model
            as far as it has come, with ``partial_`` true.
        max_seconds : float, optional
            A time budget: a network begins no new epoch after it, and ``partial_`` is true. The
            models of a guard have as much each.
        ledger : Ledger or path-like, optional
            Where the fit is recorded; a warning says where nearly the same patients were fitted
            before. See `synthhealth.Ledger`.

        Returns
        -------
        Synthesizer
            Itself.

        Raises
        ------
        TableError
            The table cannot be learned: too few rows, a constant column, mixed types, ...
        SchemaError
            The schema's columns are not the table's.
        ParameterError
            The model or one of its parameters is unknown or out of bounds.
        FitInterruptedError
            Ctrl-C came, and ``on_interrupt`` is ``"raise"``.
        FileError
            The ledger cannot be read or written.
        """
        if on_interrupt not in ("raise", "keep"):
            raise ParameterError(f"on_interrupt is {on_interrupt!r}; it is 'raise' or 'keep'")
        if max_seconds is not None and not (isinstance(max_seconds, Real) and max_seconds > 0):
            raise ParameterError(f"max_seconds is {max_seconds!r}; give a number above 0")
        privacy = checked(self.privacy)
        if not isinstance(self.guard, bool):
            raise ParameterError(f"guard is a {type(self.guard).__name__}; it is True or False")
        model = get(self.model)(**self.model_params)  # what is wrong is said before any work
        release_of(model, privacy, guard=self.guard)
        if privacy == "formal" and self.schema is None:
            raise ParameterError(
                "privacy is 'formal', and takes what columns can be from a schema, never from the "
                "patients; write one: synthhealth schema drafts it from a table, to be looked over "
                "by who knows the study"
            )
        seed = _check_seed(self.random_state)
        if ledger is not None:
            from synthhealth.ledger import Ledger

            ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger)
            ledger.check()
        check_shape(table)
        written = WrittenTable.of(table, self.schema)
        schema = _detected(written) if self.schema is None else self.schema
        if ledger is not None:
            ledger.tell(written.frame, schema, family=self.model, privacy=privacy, guard=self.guard)
        fitted = Fitted.learn(
            written,
            schema,
            self.model,
            self.model_params,
            seed=seed,
            privacy=privacy,
            guard=self.guard,
            tells=self.schema is not None and self._tells,
            on_progress=on_progress,
            keep_partial=on_interrupt == "keep",
            max_seconds=max_seconds,
        )
        self._take(fitted)
        self._training_table = written.frame.copy()
        if ledger is not None:
            ledger.record_fit(
                written.frame,
                schema,
                family=self.model,
                privacy=privacy,
                guard=self.guard,
                epsilon=None if fitted.budget is None else fitted.budget.epsilon,
            )
        return self

    def sample(
        self,
        n: int | None = None,
        conditions: Mapping[str, Any] | pd.DataFrame | None = None,
        *,
        random_state: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> pd.DataFrame:
        """Draw a synthetic table.

        Each call continues the stream of `random_state`, so that two calls give different rows; a
        reloaded synthesizer begins the stream anew and so replays them.

        Parameters
        ----------
        n : int, optional
            Number of rows; with a DataFrame of conditions it is the number of its rows.
        conditions : dict or pandas.DataFrame, optional
            Known values: a dict holds for every row (None: missing), a DataFrame gives one row per
            row to draw (a missing cell: not known).
        random_state : int, optional
            Draw from a stream of its own instead: the same number gives the same rows every time.
        on_progress : callable, optional
            Called with a `synthhealth.ProgressEvent` after each chunk of 100,000 rows.

        Returns
        -------
        pandas.DataFrame, shape (n, n_columns)
            The columns, order, dtypes, decimals and type of index of the table that was learned.

        Raises
        ------
        NotFittedError, ParameterError
        ConditionError
            A condition cannot be met, or too few rows that meet it were found.
        """
        chunks = self._chunks(n, conditions, random_state, on_progress, CHUNK_SIZE)
        parts = list(chunks)
        return parts[0] if len(parts) == 1 else join(parts)

    def sample_to(
        self,
        path: str | os.PathLike[str],
        n: int,
        *,
        chunk_size: int = CHUNK_SIZE,
        random_state: int | None = None,
        on_progress: OnProgress | None = None,
        force: bool = False,
        form: FileForm | None = None,
    ) -> Path:
        """Draw `n` rows into a Parquet or CSV file, chunk by chunk, in bounded memory.

        Parameters
        ----------
        path : path-like
            The file; its suffix decides the form. It is written whole or not at all.
        n : int
            Number of rows.
        chunk_size : int
            Rows held in memory at once. With the same `random_state` and `chunk_size` the rows are
            those of `sample` for the default chunk size.
        random_state, on_progress
            As for `sample`.
        force : bool
            Whether to overwrite an existing file.
        form : FileForm, optional
            How a text table is written, as `synthhealth.io.sniff` has found it in another file.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        NotFittedError, ParameterError, FileError
        """
        from synthhealth.io import write_chunks

        chunk_size = _check_count("chunk_size", chunk_size)
        chunks = self._chunks(n, None, random_state, on_progress, chunk_size)
        return write_chunks(chunks, path, force=force, form=form)

    def evaluate(
        self,
        real: pd.DataFrame | None = None,
        synthetic: pd.DataFrame | None = None,
        *,
        group: str | None = None,
        outcomes: Sequence[str] | None = None,
        analyses: str | Analysis | Sequence[str | Analysis] = (),
        by: Sequence[str] | None = None,
    ) -> Report:
        """Judge the synthesizer.

        Parameters
        ----------
        real : pandas.DataFrame, optional
            Patients to compare with, best those that it has not seen. Without it the training table
            is used, as long as the synthesizer has not been reloaded, and the report says so.
        synthetic : pandas.DataFrame, optional
            The table to judge; by default as many rows as `real` has are drawn.
        group : str, optional
            The categorical column by which Table 1 groups the patients; see
            `synthhealth.evaluate`.
        outcomes, analyses, by
            What is to be predicted, which regressions are to agree, and by which columns the
            patients are grouped; see `synthhealth.evaluate`.

        Returns
        -------
        Report

        Raises
        ------
        NotFittedError, ParameterError, TableError
        """
        from synthhealth.report import evaluate

        self._check_fitted()
        real_is: Literal["training", "holdout"] = "training" if real is None else "holdout"
        if real is None:
            real = self._training_table
        if real is None:
            raise ParameterError(
                "evaluate: a reloaded synthesizer does not carry the training table; pass the "
                "patients to compare with: evaluate(real)"
            )
        if synthetic is None:
            synthetic = self.sample(len(real))
        return evaluate(
            real,
            synthetic,
            self.schema_,
            real_is=real_is,
            training=self._training_table if real_is == "holdout" else None,
            random_state=self.seed_,
            group=group,
            outcomes=outcomes,
            analyses=analyses,
            by=by,
            model=self._model_info(),
        )

    def cross_evaluate(
        self,
        table: pd.DataFrame,
        k: int = 5,
        *,
        group: str | None = None,
        outcomes: Sequence[str] | None = None,
        analyses: str | Analysis | Sequence[str | Analysis] = (),
        by: Sequence[str] | None = None,
        on_progress: OnProgress | None = None,
    ) -> Report:
        """Judge the way of making synthetic tables: k fits, each without one part of the patients.

        Every patient is unseen once. What a fit draws is compared with the part that it did not
        see; whether it is of use, and whether it copied, is judged in each fit. The report is about
        the procedure, that is this family with these parameters on such a table, not about one
        model; this synthesizer itself is not fitted.

        Parameters
        ----------
        table : pandas.DataFrame, shape (n_rows, n_columns)
            One row per patient.
        k : int
            Number of parts, at least 2; each fit learns all but one.
        group, outcomes, analyses, by
            As for `evaluate`.
        on_progress : callable, optional
            Called with a `synthhealth.ProgressEvent` after each fit.

        Returns
        -------
        Report

        Raises
        ------
        ParameterError
            `k` is not a whole number from 2, or the table has fewer than two patients for each
            part.
        TableError, SchemaError
            As for `fit`.

        Examples
        --------
        >>> import synthhealth as sh
        >>> real = sh.datasets.load_ra_panel()[["sex", "age", "crp", "creatinine"]]
        >>> report = sh.Synthesizer("gaussian_copula", random_state=0).cross_evaluate(real, k=2)
        >>> report.evaluation.real_is, report.evaluation.n_folds
        ('cross-validated', 2)
        """
        import time

        from synthhealth.evaluation.scope import Scope
        from synthhealth.report import Fold, cross_validated

        check_shape(table)
        table = plain_table(table, self.schema)
        k = _check_count("k", k)
        schema = self.schema or _detected(table)
        subjects = subjects_of(table, schema)
        # A patient's rows stay together: who was learned is not unseen.
        patients = np.arange(len(table)) if subjects is None else pd.factorize(subjects)[0]
        most = (int(patients.max()) + 1) // 2
        if not 2 <= k <= most:
            raise ParameterError(
                f"k is {k}; give a whole number from 2 to half the number of patients ({most})"
            )
        seed = _check_seed(self.random_state)
        Scope(outcomes, analyses, by).check(schema)
        order = np.random.default_rng(derive_seed(seed, _PARTS)).permutation(patients.max() + 1)
        folds = []
        begin = time.monotonic()
        with progress_reporter("cross-validating", on_progress) as report:
            for part in range(k):
                held_out = np.isin(patients, order[part::k])
                unseen, training = table[held_out], table[~held_out]
                model = Synthesizer(
                    self.model,
                    schema=schema,
                    random_state=derive_seed(seed, _PARTS, part),
                    privacy=self.privacy,
                    guard=self.guard,
                    **self.model_params,
                )
                model._tells = False  # said once, of the whole table
                model.fit(training, on_progress=_silent)
                drawn = model.sample(len(training), on_progress=_silent)
                folds.append(Fold(training, unseen, drawn, model.schema_))
                elapsed = time.monotonic() - begin
                report(ProgressEvent("evaluate", part + 1, k, "fit", elapsed))
        return cross_validated(
            folds,
            random_state=seed,
            group=group,
            outcomes=outcomes,
            analyses=analyses,
            by=by,
            model=model._model_info().model_copy(update={"seed": seed, "n_left_out": None}),
        )

    def _model_info(self) -> ModelInfo:
        from synthhealth.report import ModelInfo

        privacy = self._fitted.preparation.privacy
        return ModelInfo(
            name=self._fitted.family,
            settings=self.settings_,
            seed=self.seed_,
            partial=self.partial_,
            accept_rate=self.accept_rate_,
            privacy=privacy,
            n_left_out=n_left_out(privacy, self.n_patients_),
        )

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        force: bool = False,
        report: Report | None = None,
        key: bytes | None = None,
    ) -> Path:
        """Write the synthesizer to a ``.synth`` file, whole or not at all.

        The file holds readable JSON and arrays, no pickle, and no copy of a patient's row or value;
        ``synthhealth inspect`` shows what is in it. What is learned from few patients tells of each
        of them all the same: do not hand over the file of a small cohort.

        Parameters
        ----------
        path : path-like
            The file.
        force : bool
            Whether to overwrite an existing file.
        report : Report, optional
            A report on this synthesizer, whose overall figures the file then shows.
        key : bytes, optional
            A secret of at least 16 bytes that stays with you: the file then holds a hash of the
            training table that only who has the key can compare with a table
            (`synthhealth.artifact.verify`).

        Raises
        ------
        NotFittedError
        FileError
            The file exists and `force` is false, or it cannot be written.
        ArtifactError
            The model is larger than a file may be, or its family gives a state that is not plain.
        ParameterError
            The key is too short or no bytes, or a reloaded synthesizer, which does not carry the
            training table, was given one. With privacy "formal" neither a key nor a report can
            be given: both tell of the patients beside the budget.
        """
        from synthhealth.artifact.saving import write

        self._check_fitted()
        return write(
            self._fitted.unguarded(),
            path,
            force=force,
            report=report,
            key=key,
            table=self._training_table,
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a synthesizer from a ``.synth`` file. See `synthhealth.load`."""
        from synthhealth.artifact.saving import read

        return cls.of(read(path))

    @classmethod
    def of(cls, fitted: Fitted, training: pd.DataFrame | None = None) -> Self:
        """Make the synthesizer of what a fit left.

        Parameters
        ----------
        fitted : Fitted
            What was left.
        training : pandas.DataFrame, optional
            The table that was learned, where it is at hand.
        """
        synthesizer = cls(
            fitted.family,
            schema=fitted.schema,
            random_state=fitted.seed,
            privacy=fitted.preparation.privacy,
        )
        synthesizer.model_params = dict(fitted.parameters)
        synthesizer._take(fitted)
        synthesizer._training_table = training
        return synthesizer

    @property
    def fitted_(self) -> Fitted:
        """What the fit left, which is all that drawing and saving need."""
        self._check_fitted()
        return self._fitted

    @property
    def rare_levels_(self) -> dict[str, RareLevels]:
        """What was done, by column, with levels that fewer patients have than `Schema.min_cell`."""
        self._check_fitted()
        return self._fitted.rare_levels

    @property
    def n_patients_(self) -> int:
        """The number of patients that were learned: of rows, unless `Schema.subject` says whose."""
        self._check_fitted()
        return self._fitted.n_patients

    @property
    def accept_rate_(self) -> float | None:
        """Share of the rows drawn so far that kept the schema's rules; the rest was drawn anew.

        None without rules, and before anything was drawn.
        """
        self._check_fitted()
        if not self.schema_.rules or not self._n_drawn:
            return None
        return self._n_kept / self._n_drawn

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Give the constructor's arguments, as scikit-learn does."""
        return {
            "model": self.model,
            "schema": self.schema,
            "random_state": self.random_state,
            "privacy": self.privacy,
            "guard": self.guard,
            **self.model_params,
        }

    def set_params(self, **params: Any) -> Synthesizer:
        """Change the constructor's arguments; they are checked in `fit`, as scikit-learn does."""
        for name, value in params.items():
            if name in ("model", "schema", "random_state", "privacy", "guard"):
                setattr(self, name, value)
            else:
                self.model_params = {**self.model_params, name: value}
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Leave the patients behind when the object is copied or pickled."""
        state: dict[str, Any] = super().__getstate__()
        if "_fitted" in state:
            state = state | {"_fitted": state["_fitted"].unguarded()}
        return state | {"_training_table": None}

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    def __repr__(self) -> str:
        privacy = None if self.privacy == "standard" else self.privacy
        guard = self.guard or None
        given = {
            "random_state": self.random_state,
            "privacy": privacy,
            "guard": guard,
            **self.model_params,
        }
        if self.schema is not None:
            given["schema"] = f"<{len(self.schema)} columns>"
        words = "".join(f", {name}={value!r}" for name, value in given.items() if value is not None)
        return f"Synthesizer({self.model!r}{words})"

    def _take(self, fitted: Fitted) -> None:
        """Become fitted; also how a saved synthesizer comes back."""
        self._fitted = fitted
        self._calls = self._n_kept = self._n_drawn = 0
        self._touched: Touched | None = None
        self._training_table = None
        self.schema_ = fitted.schema
        self.settings_ = fitted.settings
        self.partial_ = fitted.is_partial
        self.seed_ = fitted.seed
        self.n_rows_ = fitted.n_rows
        self.training_ = fitted.training

    @property
    def guarded_(self) -> Touched | None:
        """How many of the rows drawn so far the guard replaced; None where there is none."""
        self._check_fitted()
        return self._touched

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError("this synthesizer has learned nothing yet; call fit(table) first")

    def _chunks(
        self,
        n: int | None,
        conditions: Mapping[str, Any] | pd.DataFrame | None,
        random_state: int | None,
        on_progress: OnProgress | None,
        chunk_size: int,
    ) -> Iterator[pd.DataFrame]:
        """Check everything now; give the chunks as they are asked for."""
        self._check_fitted()
        if self.guard and self._fitted.guard is None:
            raise ParameterError(
                "guard: it knows the patients, and so is in no copy of a synthesizer; draw from "
                "the one that was fitted, fit again, or draw without: set_params(guard=False)"
            )
        known = self._known(n, conditions)
        n_rows = _check_count("n", n) if known is None else len(known)
        if random_state is None:
            stream = self._fitted.own_stream(self._calls)
            self._calls += 1
        else:
            stream = self._fitted.stream(_check_seed(random_state))
        return self._draw_chunks(n_rows, known, stream, on_progress, chunk_size)

    def _draw_chunks(
        self,
        n: int,
        known: Known | None,
        stream: int,
        on_progress: OnProgress | None,
        chunk_size: int,
    ) -> Iterator[pd.DataFrame]:
        import time

        begin = time.monotonic()
        done = 0
        with progress_reporter("sampling", on_progress) as report:
            for rows, n_drawn, touched in self._fitted.chunks(
                n, stream, chunk_size=chunk_size, known=known
            ):
                self._n_kept += len(rows)
                self._n_drawn += n_drawn
                if touched is not None:
                    self._touched = touched.plus(self._touched)
                yield rows
                done += len(rows)
                report(ProgressEvent("sample", done, n, "row", time.monotonic() - begin))

    def _known(
        self, n: int | None, conditions: Mapping[str, Any] | pd.DataFrame | None
    ) -> Known | None:
        if conditions is None:
            return None
        if isinstance(conditions, pd.DataFrame):
            if n is not None and n != len(conditions):
                raise ParameterError(
                    f"n is {n}, but the conditions have {len(conditions)} rows; leave n out"
                )
            _check_count("number of rows of the conditions", len(conditions))
            asked = {name: list(conditions[name]) for name in conditions.columns}
            missing_means_unknown = True
        else:
            n_rows = _check_count("n", n)
            asked = {name: [value] * n_rows for name, value in conditions.items()}
            missing_means_unknown = False
        return self._fitted.preparation.known(asked, missing_means_unknown)


def load(path: str | os.PathLike[str]) -> Synthesizer:
    """Read a synthesizer that was saved.

    The file may come from anybody: it holds numbers and text, no code, and is read within bounds
    of size. What it says is checked before it is used.

    Parameters
    ----------
    path : path-like
        A ``.synth`` file.

    Returns
    -------
    Synthesizer
        Fitted; its first `sample` gives the rows that the first one after `fit` gave.

    Raises
    ------
    FileError
        There is no such file.
    ArtifactError
        It is not a saved synthesizer, is damaged, or was written by a newer version.

    Examples
    --------
    >>> import tempfile, synthhealth as sh
    >>> model = sh.Synthesizer(random_state=0).fit(sh.datasets.load_ra_panel())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = model.save(f"{folder}/ra.synth")
    ...     again = sh.load(f"{folder}/ra.synth")
    >>> again.sample(100).equals(model.sample(100))
    True
    """
    return Synthesizer.load(path)


def _detected(table: pd.DataFrame | WrittenTable) -> Schema:
    """Propose a schema, and say what is in doubt."""
    proposal = propose(table)
    tell(proposal.doubts)
    return proposal.schema


def _silent(event: ProgressEvent) -> None:
    """Show nothing of a fit that is one of several."""


def _check_seed(random_state: int | None) -> int:
    if random_state is None:
        return secrets.randbits(32)
    try:
        seed = operator.index(random_state)
    except TypeError:
        raise ParameterError(
            f"random_state is a {type(random_state).__name__}; give a whole number, or None"
        ) from None
    if seed < 0:
        raise ParameterError(f"random_state is {seed}; give a whole number from 0")
    if seed >= MOST_SEEDS:
        raise ParameterError("random_state is too large; give a whole number below 2**128")
    return seed


def _check_count(name: str, count: int | None) -> int:
    try:
        number = operator.index(count)  # type: ignore[arg-type]
    except TypeError:
        raise ParameterError(
            f"{name} is a {type(count).__name__}; give a whole number from 1"
        ) from None
    if isinstance(count, bool) or number < 1:
        raise ParameterError(f"{name} is {count}; give a whole number from 1")
    return number
