"""The class that users meet: a table in, synthetic tables out."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator

from synthhealth.errors import NotFittedError, ParameterError
from synthhealth.fitted import CHUNK_SIZE, Fitted, join
from synthhealth.models import DEFAULT, get
from synthhealth.models.base import release_of
from synthhealth.models.choice import AUTO, Choice
from synthhealth.models.cost import time_note
from synthhealth.models.registry import OWN_ARGUMENTS
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter
from synthhealth.schema import Schema
from synthhealth.schema.check import check_shape
from synthhealth.schema.reading.written import WrittenTable
from synthhealth.synthesizer.arguments import (
    SignatureOfFamilies,
    check_count,
    check_family,
    check_seed,
    detected,
)
from synthhealth.synthesizer.choosing import chosen
from synthhealth.synthesizer.conditions import known_rows
from synthhealth.synthesizer.folds import cross_evaluated, model_info
from synthhealth.table.known import Known
from synthhealth.table.left_out import Privacy, checked

if TYPE_CHECKING:
    from typing_extensions import Self

    from synthhealth.artifact.checkpoint import Checkpoint
    from synthhealth.evaluation.inference import Analysis
    from synthhealth.evaluation.scope import Part
    from synthhealth.io import FileForm
    from synthhealth.ledger import Ledger
    from synthhealth.models.guard import Touched
    from synthhealth.report import Report
    from synthhealth.schema import RareLevels

__all__ = ["Synthesizer", "load"]

_log = logging.getLogger(__name__)


class Synthesizer(BaseEstimator):
    """Learns a table and draws synthetic tables of the same form.

    Parameters
    ----------
    model : str
        The family: ``"hybrid"``, ``"gaussian_copula"``, ``"trees"``, ``"bayesian_network"``,
        ``"boltzmann"``, ``"diffusion"``, ``"autoregressive"``, ``"causal_gan"``, ``"private"``,
        ``"ctgan"``, ``"tvae"``, ``"copula_gan"``, or one that an installed package has registered
        (`synthhealth.models.available`). ``"auto"`` chooses one by the table; see `fit`.
    schema : Schema, optional
        What the columns are; detected from the table if it is not given.
    random_state : int, optional
        The seed that decides everything. The same seed, table and versions give the same bytes in
        any process. Without it, a seed is drawn and kept in ``seed_``.
    privacy : {"standard", "high", "none", "formal"}
        How many patients a fit leaves out, so that nobody can tell from the model whether one was
        learned: a fifth, half, or none. It also decides how much noise is added to what the fit
        keeps. See `synthhealth.table.left_out.rows_kept` and `synthhealth.table.blur.Blur`. With
        "formal" the model is differentially private; this needs the family ``"private"``, its
        `epsilon`, and a schema that says which values are possible.
    guard : bool
        Whether rows with a patient's own combination of values (quasi-identifiers or the whole row)
        are replaced by rows of models that have not seen the patient. These models are fitted as
        well, so fits and samples take five to eight times as long. The guard knows the patients,
        so it is in no saved file and no copy. See `synthhealth.models.guard.Guard`.
    **model_params
        Parameters of the family; `synthhealth.models.get` lists them. An unknown name is refused at
        once, an impossible value in `fit`.

    Raises
    ------
    ParameterError
        There is no such family, or it has no such parameter.

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
        Number of rows in the table; `privacy` says how many of them were left out.
    n_patients_ : int
        Number of patients; see `Schema.subject`.
    choice_ : Choice or None
        Which family ``"auto"`` took, and why; None if the family was named.
    rare_levels_ : dict of str to RareLevels
        What was done with levels of too few patients, by column.
    training_ : ProgressEvent or None
        How training ended: epochs, seconds and last losses; None if the family does not report
        this.
    guarded_ : Touched or None
        How many of the rows drawn so far the guard replaced; None without a guard.
    feature_names_in_ : ndarray of str
        The columns of the table.
    n_features_in_ : int
        Their number.

    Notes
    -----
    It follows scikit-learn's conventions: `get_params`, `set_params`, `sklearn.base.clone`, and it
    can stand at the end of a `Pipeline` whose other steps return DataFrames
    (``pipeline.set_output(transform="pandas")``). It transforms nothing, so `set_output` does not
    affect its rows: `sample` returns a DataFrame in the form of the table.

    Examples
    --------
    >>> import synthhealth as sh
    >>> real = sh.datasets.load_ra_panel()
    >>> model = sh.Synthesizer(random_state=0).fit(real)
    >>> fake = model.sample(1000)
    >>> fake.shape
    (1000, 17)
    >>> bool((fake.dtypes == real.dtypes).all())
    True
    >>> model.sample(5, conditions={"sex": "M"})["sex"].unique().tolist()
    ['M']
    >>> bool(model.sample(50, conditions={"age": (30, 40)})["age"].between(30, 40).all())
    True
    """

    __signature__ = SignatureOfFamilies()
    _training_table: pd.DataFrame | None = None
    choice_: Choice | None
    # Whether a fit says what is in doubt about its table.
    _tells = True

    def __init__(
        self,
        model: str = DEFAULT,
        *,
        schema: Schema | None = None,
        random_state: int | None = None,
        privacy: Privacy = "standard",
        guard: bool = False,
        **model_params: Any,
    ) -> None:
        check_family(model, model_params)
        self.model = model
        self.schema = schema
        self.random_state = random_state
        self.privacy = privacy
        self.guard = guard
        self.model_params = model_params

    def fit(
        self,
        X: pd.DataFrame,  # noqa: N803
        y: None = None,
        *,
        on_progress: OnProgress | None = None,
        on_interrupt: str = "raise",
        max_seconds: float | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        ledger: Ledger | str | os.PathLike[str] | None = None,
    ) -> Synthesizer:
        """Learn a table.

        Parameters
        ----------
        X : pandas.DataFrame, shape (n_rows, n_columns)
            The table: one row per patient, or several if the schema has a `subject`. Each is then
            learned as if it were the patient's only one, with a warning. It is not changed.
        y : None
            Only for scikit-learn's pipelines. An outcome is a column of the table.
        on_progress : callable, optional
            Called with a `synthhealth.ProgressEvent` after each epoch of a network.
        on_interrupt : {"raise", "keep"}
            What happens if Ctrl-C interrupts the training of a network: `FitInterruptedError`, or
            the unfinished model is kept, with ``partial_`` true.
        max_seconds : float, optional
            Time budget: once it is used up, a network begins no new epoch, and ``partial_`` is
            true. Each model of a guard gets the same budget. With ``"auto"``, most of it goes to a
            tournament (`synthhealth.compare`), which chooses the family; without a budget, rules do
            (`synthhealth.models.choice.by_rules`).
        checkpoint : path-like, optional
            File in which a network saves the state of its training, every minute and when it is
            interrupted. If the file exists, training continues from it and ends in the same bytes
            as if it had never been interrupted. Without a `random_state`, the seed comes from the
            file. The time already spent counts towards `max_seconds`. The file is removed when
            training is complete, and is as confidential as the table.
        ledger : Ledger or path-like, optional
            Where the fit is recorded; a warning tells you if nearly the same patients were learned
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
            The model or one of its parameters is unknown or out of bounds, or `y` is given.
        FitError
            The memory of this machine is too small for it
            (`synthhealth.models.cost.expected_cost`).
        FitInterruptedError
            Ctrl-C was pressed, and ``on_interrupt`` is ``"raise"``.
        CheckpointError
            The checkpoint is damaged, or belongs to another table, schema, seed, version or
            parameter.
        FileError
            The ledger or the checkpoint cannot be read or written.
        """
        if on_interrupt not in ("raise", "keep"):
            raise ParameterError(f"on_interrupt is {on_interrupt!r}; it is 'raise' or 'keep'")
        if max_seconds is not None and not (isinstance(max_seconds, Real) and max_seconds > 0):
            raise ParameterError(f"max_seconds is {max_seconds!r}; give a number above 0")
        if y is not None:
            raise ParameterError(
                "fit: a synthesizer learns one table, and y is not in it; make the outcome one of "
                "its columns: fit(X.assign(outcome=y))"
            )
        privacy = checked(self.privacy)
        if not isinstance(self.guard, bool):
            raise ParameterError(f"guard is a {type(self.guard).__name__}; it is True or False")
        # What is wrong is said before any work.
        check_family(self.model, self.model_params)
        named = DEFAULT if self.model == AUTO else self.model
        release_of(get(named)(**self.model_params), privacy, guard=self.guard)
        if privacy == "formal" and self.schema is None:
            raise ParameterError(
                "privacy is 'formal', and takes what columns can be from a schema, never from the "
                "patients; synthhealth schema drafts one from a table, and somebody who knows the "
                "study should check it"
            )
        kept = None if checkpoint is None else self._checkpoint(checkpoint)
        seed = check_seed(self.random_state if kept is None else kept.seed)
        if ledger is not None:
            from synthhealth.ledger import Ledger

            ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger)
            ledger.check()
        check_shape(X)
        written = WrittenTable.of(X, self.schema)
        schema = detected(written) if self.schema is None else self.schema
        choice, max_seconds = None, None if max_seconds is None else float(max_seconds)
        if self.model == AUTO:
            choice, max_seconds = chosen(
                written.frame, schema, privacy, seed, max_seconds, on_interrupt
            )
        family = self.model if choice is None else choice.family
        if ledger is not None:
            ledger.tell(written.frame, schema, family=family, privacy=privacy, guard=self.guard)
        note = time_note(family, *written.frame.shape)
        if note and self._tells and not self.model_params:
            _log.warning("%s", note)
        with nullcontext() if kept is None else kept.kept():
            fitted = Fitted.learn(
                written,
                schema,
                family,
                self.model_params,
                seed=seed,
                privacy=privacy,
                guard=self.guard,
                tells=self.schema is not None and self._tells,
                on_progress=on_progress,
                keep_partial=on_interrupt == "keep",
                max_seconds=max_seconds,
                checkpoint=kept,
            )
        if kept is not None:
            kept.end(is_partial=fitted.is_partial)
        self._take(fitted)
        self.choice_ = choice
        self._training_table = written.frame.copy()
        if ledger is not None:
            ledger.record_fit(
                written.frame,
                schema,
                family=family,
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

        Each call continues the stream of `random_state`, so two calls give different rows. A
        reloaded synthesizer starts the stream again, and gives the same rows in the same order.

        Parameters
        ----------
        n : int, optional
            Number of rows; with a DataFrame of conditions it is the number of its rows.
        conditions : dict or pandas.DataFrame, optional
            What is known: a dict holds for every row (None: missing), a DataFrame gives one row per
            row to draw (a missing cell: not known). Of numbers and dates a pair is a range that
            both ends belong to, ``{"age": (30, 40)}``, ``{"age": (65, None)}``, or a
            `pandas.Interval`.
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
        n_jobs: int | None = None,
        random_state: int | None = None,
        on_progress: OnProgress | None = None,
        force: bool = False,
        form: FileForm | None = None,
    ) -> Path:
        """Draw `n` rows into a Parquet or CSV file, or a folder, in bounded memory.

        Parameters
        ----------
        path : path-like
            The file; its suffix decides the form. Without a suffix it is a folder of Parquet
            files, of ten chunks each, which several workers may draw at once: the same bytes
            whatever their number. It is written whole or not at all.
        n : int
            Number of rows.
        chunk_size : int
            Rows held in memory at once. With the same `random_state` and the default chunk size,
            the rows are those of `sample`.
        n_jobs : int, optional
            Files of the folder that are drawn at once. It goes through joblib, so that a cluster
            takes over by `joblib.parallel_config`.
        random_state, on_progress
            As for `sample`; of a folder, `on_progress` is called after each file.
        force : bool
            Whether to overwrite an existing file.
        form : FileForm, optional
            How to write a text table, as `synthhealth.io.sniff` found it in another file.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        NotFittedError, ParameterError, FileError
        WorkerError
            Workers died twice, most often for want of memory.
        """
        from synthhealth.io import write_chunks
        from synthhealth.synthesizer.parts import is_folder, write_parts

        chunk_size = check_count("chunk_size", chunk_size)
        if is_folder(path):
            n, stream = check_count("n", n), self._next_stream(random_state)
            if self._fitted.guard is not None:
                raise ParameterError(
                    "guard: it knows the patients, and no other process may; draw into one file: "
                    f"{path}.parquet"
                )
            counts = write_parts(
                self._fitted,
                path,
                n,
                stream,
                chunk_size=chunk_size,
                n_jobs=n_jobs,
                force=force,
                form=form,
                on_progress=on_progress,
            )
            self._n_kept += counts.kept
            self._n_drawn += counts.drawn
            return Path(path)
        if n_jobs is not None:
            raise ParameterError(
                f"n_jobs: {path} is one file, which one process writes; give a name without a "
                "suffix, and it becomes a folder of files that several write"
            )
        chunks = self._chunks(n, None, random_state, on_progress, chunk_size)
        return write_chunks(chunks, path, force=force, form=form)

    def evaluate(
        self,
        real: pd.DataFrame | None = None,
        synthetic: pd.DataFrame | None = None,
        *,
        holdout: pd.DataFrame | None = None,
        group: str | None = None,
        outcomes: Sequence[str] | None = None,
        analyses: str | Analysis | Sequence[str | Analysis] = (),
        by: Sequence[str] | None = None,
        parts: Sequence[Part] | None = None,
        random_state: int | None = None,
    ) -> Report:
        """Judge the synthesizer.

        Parameters
        ----------
        real : pandas.DataFrame, optional
            Patients to compare with, ideally ones that it has not seen. Without them, the training
            table is used (unless the synthesizer was reloaded), and the report says so.
        synthetic : pandas.DataFrame, optional
            The table to judge; by default, as many rows as `real` has are drawn.
        holdout : pandas.DataFrame, optional
            Patients that it has not seen, in addition to those that it learned: the rows drawn are
            compared with the training table (or with `real`, if it was reloaded), while usefulness
            and copying are judged with the holdout.
        group : str, optional
            The categorical column by which Table 1 groups the patients; see
            `synthhealth.evaluate`.
        outcomes, analyses, by, parts
            What to predict, which regressions to compare, by which columns to group the patients,
            and what to compute at all; see `synthhealth.evaluate`.
        random_state : int, optional
            Seed of the noise floors and permutation tests; by default the synthesizer's own.

        Returns
        -------
        Report

        Raises
        ------
        NotFittedError, ParameterError, TableError
        """
        from synthhealth.evaluation.scope import PARTS
        from synthhealth.report import evaluate

        self._check_fitted()
        seed = self.seed_ if random_state is None else check_seed(random_state)
        learned = real is None or holdout is not None
        real_is: Literal["training", "holdout"] = "training" if learned else "holdout"
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
            holdout=holdout,
            training=None if learned else self._training_table,
            random_state=seed,
            group=group,
            outcomes=outcomes,
            analyses=analyses,
            by=by,
            parts=PARTS if parts is None else parts,
            model=model_info(self),
        )

    def cross_evaluate(
        self,
        table: pd.DataFrame,
        k: int = 5,
        *,
        n_fits: int | None = None,
        written: pd.DataFrame | None = None,
        max_seconds: float | None = None,
        group: str | None = None,
        outcomes: Sequence[str] | None = None,
        analyses: str | Analysis | Sequence[str | Analysis] = (),
        by: Sequence[str] | None = None,
        parts: Sequence[Part] | None = None,
        random_state: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> Report:
        """Judge the procedure with k fits, each without one part of the patients.

        Every patient is unseen once. What a fit draws is compared with the part that it did not
        see; usefulness and copying are judged in each fit. The report is about the procedure, that
        is, this family with these parameters on such a table, and not about one model. This
        synthesizer itself is not fitted. If it already was, you can also give a table that it drew,
        and its figures are shown as well.

        Parameters
        ----------
        table : pandas.DataFrame, shape (n_rows, n_columns)
            One row per patient.
        k : int
            Number of parts, at least 2; each fit learns all but one.
        n_fits : int, optional
            Parts that are held out in turn, all by default. One is enough for a large table.
        written : pandas.DataFrame, optional
            A table that this synthesizer drew after it was fitted to `table`. It is compared with
            the patients that were learned; whatever is worse or copied in it counts towards the
            verdict.
        max_seconds : float, optional
            Time budget of each fit, as for `fit`.
        group, outcomes, analyses, by, parts
            As for `evaluate`. There is no holdout argument, because every patient is held out.
        random_state : int, optional
            Seed of the parts, the fits, the noise floors and permutation tests; by default the
            synthesizer's own.
        on_progress : callable, optional
            Called with a `synthhealth.ProgressEvent` after each fit.

        Returns
        -------
        Report

        Raises
        ------
        ParameterError
            `k` is not a whole number from 2, `n_fits` is none from 1, or the table has fewer than
            two patients for each part.
        NotFittedError
            `written` is given, and this synthesizer is not fitted.
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
        from synthhealth.evaluation.scope import PARTS, Scope

        scope = Scope(outcomes, analyses, by, PARTS if parts is None else parts)
        seed = self.random_state if random_state is None else random_state
        own = None
        if written is not None:
            self._check_fitted()
            seed = self.seed_ if random_state is None else random_state
            own = self.evaluate(
                None,
                written,
                group=group,
                outcomes=outcomes,
                analyses=analyses,
                by=by,
                parts=parts,
                random_state=seed,
            )
        return cross_evaluated(
            self._twin,
            table,
            self.schema,
            k,
            check_seed(seed),
            scope,
            group,
            on_progress,
            n_fits=n_fits,
            max_seconds=max_seconds,
            written=own,
            model=None if own is None else model_info(self),
        )

    def _twin(self, schema: Schema, seed: int) -> Synthesizer:
        """Give an unfitted one with the same parameters, which says nothing of what is in doubt."""
        choice = getattr(self, "choice_", None)
        family = self.model if choice is None else choice.family
        twin = Synthesizer(
            family, schema=schema, random_state=seed, privacy=self.privacy, guard=self.guard
        )
        twin.model_params = self.model_params
        twin._tells = False
        return twin

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
        ``synthhealth inspect`` shows what is in it. Still, what is learned from few patients says
        something about each of them: do not hand over the file of a small cohort.

        Parameters
        ----------
        path : path-like
            The file.
        force : bool
            Whether to overwrite an existing file.
        report : Report, optional
            A report on this synthesizer, whose overall figures the file then shows.
        key : bytes, optional
            A secret of at least 16 bytes that you keep. The file then holds a hash of the training
            table that only somebody with the key can compare with a table
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
    def feature_names_in_(self) -> npt.NDArray[np.object_]:
        """The columns of the table that was learned, as scikit-learn names them."""
        self._check_fitted()
        return np.array(self.schema_.names, dtype=object)

    @property
    def n_features_in_(self) -> int:
        """Their number."""
        self._check_fitted()
        return len(self.schema_)

    @property
    def n_patients_(self) -> int:
        """The number of patients that were learned: of rows, unless `Schema.subject` says whose."""
        self._check_fitted()
        return self._fitted.n_patients

    @property
    def accept_rate_(self) -> float | None:
        """Share of the rows drawn so far that kept the schema's rules; the rest was drawn again.

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
        """Change the constructor's arguments; names that there are not are refused at once.

        Raises
        ------
        ParameterError
            There is no such family, or it has no such parameter; nothing is changed then.
        """
        given = [name for name in params if name not in OWN_ARGUMENTS]
        check_family(params.get("model", self.model), given)
        for name, value in params.items():
            if name in OWN_ARGUMENTS:
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

    def _repr_html_(self) -> str:
        from synthhealth.synthesizer.screen import synthesizer_screen

        return synthesizer_screen(self)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        """Show what scikit-learn's diagram has no place for: what was learned, and how."""
        bundle = {"text/plain": repr(self)}
        if get_config()["display"] == "diagram":
            bundle["text/html"] = self._repr_html_()
        return bundle

    def _take(self, fitted: Fitted) -> None:
        """Become fitted; also how a saved synthesizer comes back."""
        self._fitted = fitted
        self.choice_ = None
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
        known = known_rows(self._fitted.preparation, n, conditions)
        n_rows = check_count("n", n) if known is None else len(known)
        stream = self._next_stream(random_state)
        return self._draw_chunks(n_rows, known, stream, on_progress, chunk_size)

    def _next_stream(self, random_state: int | None) -> int:
        """Give the stream of a seed, or the next of the fit's own."""
        self._check_fitted()
        if self.guard and self._fitted.guard is None:
            raise ParameterError(
                "guard: it knows the patients, and so is in no copy of a synthesizer; draw from "
                "the one that was fitted, fit again, or draw without: set_params(guard=False)"
            )
        if random_state is not None:
            return self._fitted.stream(check_seed(random_state))
        self._calls += 1
        return self._fitted.own_stream(self._calls - 1)

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

    def _checkpoint(self, path: str | os.PathLike[str]) -> Checkpoint | None:
        """Open a checkpoint of this fit; None, and a note, for a family that has none."""
        from synthhealth.artifact.checkpoint import Checkpoint
        from synthhealth.models import about

        if not about(self.model).in_steps:
            _log.warning(
                "checkpoint: %r is not learned in steps that one could go on from; it is not used",
                self.model,
            )
            return None
        fit = {"model": self.model, "privacy": self.privacy, "guard": self.guard}
        given = None if self.random_state is None else check_seed(self.random_state)
        opened = Checkpoint(path, {**fit, "seed": given})
        opened.seed = check_seed(opened.seed)
        return opened


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
