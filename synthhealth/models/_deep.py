"""What the families that train networks share: steps, progress, interruption, sampling batches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar

import pandas as pd

from synthhealth.models._modes import column_transformer
from synthhealth.models._parameters import Parameter
from synthhealth.models._sdv import TABLE, SDVModel
from synthhealth.models._training import Training
from synthhealth.schema import Schema

#: Rows that a network generates at once; a small training batch would make long samples slow.
SAMPLING_BATCH = 500


NETWORK_PARAMETERS = (
    Parameter(
        "threads",
        int,
        1,
        "processor threads of the training; a network small enough for a clinical table is fastest "
        "with one, and another number gives other rows",
        low=1,
        high=256,
    ),
    Parameter(
        "enable_gpu",
        bool,
        False,
        "train on a GPU if there is one, which gives other rows than the processor does",
    ),
)


class DeepModel(SDVModel):
    """Base of CTGAN, CopulaGAN and TVAE."""

    #: The module of ctgan whose training loop runs through a progress bar named ``tqdm``.
    _loop_module: ClassVar[str]
    #: The attribute of ctgan's network in which it keeps its batch size.
    _batch_attribute: ClassVar[str]
    _epochs_done: int = 0

    def _settings(self, table: pd.DataFrame, schema: Schema) -> dict[str, Any]:
        settings = super()._settings(table, schema)
        steps_per_epoch = self._steps_per_epoch(len(table), settings["batch_size"])
        settings["epochs"] = math.ceil(settings["steps"] / steps_per_epoch)
        return settings

    @staticmethod
    def _steps_per_epoch(n_rows: int, batch_size: int) -> int:
        raise NotImplementedError

    def _train(self, data: pd.DataFrame, training: Training) -> None:
        with self._watched_loop(training):
            self._sdv.fit({TABLE: data})
        self.partial_ = self._epochs_done < self.settings_["epochs"]

    @contextmanager
    def _watched_loop(self, training: Training) -> Iterator[None]:
        """Let ctgan's training loop count its epochs through `training`.

        ctgan has no callback; its loop goes over ``tqdm(range(epochs))``, so the names ``tqdm`` and
        ``DataTransformer`` in its module are ours for the time of the fit, which holds the lock of
        `seeded`.
        """

        def counted(epochs: range, **_: Any) -> Iterator[int]:
            for epoch in training.epochs(len(epochs), self._losses):
                yield epoch
                self._epochs_done = epoch + 1

        module: Any = import_module(self._loop_module)
        originals = {"tqdm": module.tqdm, "DataTransformer": module.DataTransformer}
        module.tqdm = counted
        module.DataTransformer = column_transformer(module.DataTransformer)
        try:
            yield
        finally:
            for name, original in originals.items():
                setattr(module, name, original)

    def _losses(self) -> dict[str, float]:
        """Give the losses of the last epoch, by the names that ctgan's table of losses has."""
        last = self._sdv._model.loss_values.iloc[-1]
        return {
            name.removesuffix(" Loss").lower(): float(value)
            for name, value in last.items()
            if name.endswith("Loss")
        }

    def _threads(self) -> int:
        threads: int = self.settings_["threads"]
        return threads

    def _is_usable(self) -> bool:
        return self._epochs_done > 0

    def _draw(self, n: int) -> pd.DataFrame:
        import torch

        network = self._sdv._model
        trained_with = getattr(network, self._batch_attribute)
        setattr(network, self._batch_attribute, max(trained_with, SAMPLING_BATCH))
        try:
            with torch.no_grad():
                return super()._draw(n)
        finally:
            setattr(network, self._batch_attribute, trained_with)
