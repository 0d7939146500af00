"""One job from its channels to its results: what ``synthhealth run`` does, where SageMaker is."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from synthhealth.artifact import read_key
from synthhealth.aws._training._channels import (
    check_alike,
    count_seen,
    files_of,
    fingerprint,
    read_schema,
    read_tables,
)
from synthhealth.aws._training._log import Progress, metric_line, tell_quality
from synthhealth.aws._training._places import Places
from synthhealth.aws._training._results import (
    MODEL,
    Checkpoint,
    make_folder,
    save_timeless,
    write_results,
)
from synthhealth.aws._training._settings import Settings
from synthhealth.aws._training._stop import Stop
from synthhealth.errors import CheckpointError, FileError, FitInterruptedError
from synthhealth.models import about
from synthhealth.schema import Schema
from synthhealth.synthesizer import Synthesizer

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.progress import ProgressEvent

__all__ = ["Job"]


_log = logging.getLogger(__name__)


class _Inputs(NamedTuple):
    files: list[Path]
    table: pd.DataFrame
    unseen: pd.DataFrame | None
    schema: Schema | None
    schema_files: list[Path]


class Job:
    """A training job.

    Parameters
    ----------
    places : Places
        Where its inputs lie, and where the results go.
    settings : Settings
        What it is told.
    stop : Stop
        Whether it is told to stop. A network is then kept as far as it has come, and marked as
        partial.
    """

    def __init__(self, places: Places, settings: Settings, stop: Stop) -> None:
        self._places = places
        self._settings = settings
        self._stop = stop
        self._key = read_key()

    def run(self) -> None:
        """Learn the table, judge the model, write both.

        Raises
        ------
        SynthHealthError
            The job cannot be done; the message says why, and shows no value of the table.
        KeyboardInterrupt
            It was stopped before the training began.
        """
        for folder in (self._places.model, self._places.report):
            make_folder(folder)  # now, and not after hours of training
        _log.info("parameters: %s", json.dumps(self._settings.__dict__))
        inputs = self._read()
        synthesizer = self._learned(inputs)
        _log.info(
            "%s learned %d rows, seed %d",
            synthesizer.model,
            synthesizer.n_rows_,
            synthesizer.seed_,
        )
        # At once, and again with the report's figures: the judging takes time, and the container
        # is killed two minutes after it was told to stop.
        fitted = synthesizer.fitted_
        save_timeless(fitted, self._places.model / MODEL, key=self._key, table=inputs.table)
        synthetic = synthesizer.sample(self._settings.num_rows or len(inputs.table))
        report = synthesizer.evaluate(inputs.unseen, synthetic)
        inside = write_results(
            fitted,
            report,
            self._places.model,
            self._places.report,
            key=self._key,
            table=inputs.table,
            about=self._about(inputs),
        )
        for line in report.lines():
            _log.info("%s", line)
        tell_quality(report.evaluation)
        if inside.training is not None:
            _log.info("%s", metric_line("train:seconds", inside.training.seconds))
        _log.info("written: %s and %s", self._places.model, self._places.report)

    def _read(self) -> _Inputs:
        folder = self._places.channel("training")
        if folder is None:
            raise FileError(
                f"{self._places.data}: there is no channel 'training'; give the table that is to "
                "be learned under this name"
            )
        files = files_of(folder)
        declared = self._places.channel("schema")
        schema = None if declared is None else read_schema(declared)
        table = self._table("training", files, schema)
        folder = self._places.channel("validation")
        unseen = None if folder is None else self._table("validation", files_of(folder), schema)
        if unseen is not None:
            check_alike(table, unseen)
            if n_seen := count_seen(table, unseen):
                _log.warning(
                    "validation: %d of %d rows are rows of the training table, too; if they are "
                    "the same patients, the report's words about unseen ones do not hold",
                    n_seen,
                    len(unseen),
                )
        schema = None if schema is None else schema.without(self._settings.drop)
        if self._settings.protect is not None:
            schema = (schema or Schema.detect(table)).with_protection(self._settings.protect)
        return _Inputs(files, table, unseen, schema, [] if declared is None else files_of(declared))

    def _table(self, channel: str, files: list[Path], schema: Schema | None) -> pd.DataFrame:
        table, doubts = read_tables(files, self._settings.drop, schema=schema)
        for doubt in doubts:
            _log.warning("%s: %s", channel, doubt)
        _log.info(
            "%s: %d file(s), %d rows, %d columns", channel, len(files), len(table), table.shape[1]
        )
        return table

    def _learned(self, inputs: _Inputs) -> Synthesizer:
        checkpoint = self._checkpoint(inputs)
        fitted = None if checkpoint is None else checkpoint.load()
        if fitted is not None:
            _log.info("checkpoint: the fit was finished before, and is not repeated")
            self._stop.finish()
            # The same files give the same table: it is the one that was learned.
            return Synthesizer.of(fitted, inputs.table)
        synthesizer = self._fitted(inputs, self._unfinished(checkpoint))
        # What was cut short is gone on with when SageMaker starts the job again.
        if checkpoint is not None and not self._stop.is_requested:
            try:
                checkpoint.save(synthesizer.fitted_)
            except FileError as error:
                _log.warning("checkpoint: the fit is not kept: %s", error)
        return synthesizer

    def _unfinished(self, checkpoint: Checkpoint | None) -> Path | None:
        """Give the file for the state of a training; None where there is no place for it."""
        if checkpoint is None or not about(self._settings.synthesizer).in_steps:
            return None
        try:
            return checkpoint.unfinished()
        except FileError as error:
            _log.warning("checkpoint: the training is not kept: %s", error)
            return None

    def _fitted(self, inputs: _Inputs, unfinished: Path | None) -> Synthesizer:
        settings = self._settings
        synthesizer = Synthesizer(
            settings.synthesizer,
            schema=inputs.schema,
            random_state=settings.random_state,
            privacy=settings.privacy,
        )
        # Not as keywords: a family may call a parameter as it likes.
        synthesizer.model_params = dict(settings.model_params)
        tell = Progress()

        def watch(event: ProgressEvent) -> None:
            tell(event)
            # What follows takes moments, and would be lost with the fit.
            if event.done >= event.total or event.elapsed >= (settings.max_seconds or float("inf")):
                self._stop.finish()

        fit = partial(
            synthesizer.fit,
            inputs.table,
            on_progress=watch,
            on_interrupt="keep",
            max_seconds=settings.max_seconds,
        )
        try:
            self._go_on(fit, unfinished)
        except FitInterruptedError:
            if unfinished is not None and unfinished.exists():
                raise FitInterruptedError(
                    f"the job was stopped while it trained {settings.synthesizer!r}; its state is "
                    "kept with the checkpoints: start it again, and the training goes on"
                ) from None
            raise FitInterruptedError(
                f"the job was stopped while it trained {settings.synthesizer!r}, of which nothing "
                "can be kept so early; start it again, with a longer maximum run time if it was "
                "that"
            ) from None
        self._stop.finish()
        if self._stop.is_requested and synthesizer.partial_:
            _log.warning("the job was stopped: the model is kept as far as it has come (partial)")
        return synthesizer

    def _go_on(self, fit: Callable[..., Synthesizer], unfinished: Path | None) -> None:
        """Fit, from where an earlier attempt of the job was, if its state is of use."""
        if unfinished is not None and unfinished.exists():
            try:
                _log.info("checkpoint: a training was begun before, and goes on from there")
                fit(checkpoint=unfinished)
                return
            except CheckpointError as error:
                _log.warning("checkpoint: not used; the training starts again: %s", error)
                unfinished.unlink()
        fit(checkpoint=unfinished)

    def _checkpoint(self, inputs: _Inputs) -> Checkpoint | None:
        given = self._settings.checkpoint_dir
        folder = self._places.checkpoints if given is None else Path(given)
        if folder is None:
            return None
        return Checkpoint(folder, partial(self._identity, inputs), self._key)

    def _identity(self, inputs: _Inputs, key: bytes) -> str:
        """Give a keyed hash of everything that decides the fit."""
        from synthhealth.artifact.manifest import versions_here

        content = {
            "training": fingerprint(inputs.files, key),
            "schema": fingerprint(inputs.schema_files, key),
            "settings": replace(self._settings, num_rows=None, checkpoint_dir=None).__dict__,
            "versions": versions_here(self._settings.synthesizer),
        }
        text = json.dumps(content, sort_keys=True)
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    def _about(self, inputs: _Inputs) -> dict[str, Any]:
        unseen = inputs.unseen
        return {
            "job": self._places.variables.get("TRAINING_JOB_NAME"),
            "stopped": self._stop.is_requested,
            "inputs": {
                "training": {"files": len(inputs.files), "rows": len(inputs.table)},
                "validation": None if unseen is None else {"rows": len(unseen)},
                "schema": bool(inputs.schema_files),
            },
        }
