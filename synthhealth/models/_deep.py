"""What the families that train networks share: steps, progress, interruption, their weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from synthhealth.errors import ArtifactError
from synthhealth.models._modes import column_transformer
from synthhealth.models._network_table import NetworkColumn, NetworkTable
from synthhealth.models._parameters import Parameter
from synthhealth.models._sdv import TABLE, Arrays, SDVModel, SDVState
from synthhealth.models._training import Training
from synthhealth.schema import Schema

#: Rows that a network generates at once; the batches of the training may be too small for long
#: samples, or too large for the memory.
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


class NetworkState(SDVState):
    """The plain values of a fitted network; its arrays are the weights.

    Attributes
    ----------
    table : tuple of NetworkColumn
        What the network's outputs stand for.
    """

    table: tuple[NetworkColumn, ...]


class DeepModel(SDVModel):
    """Base of CTGAN, CopulaGAN and TVAE."""

    #: The module of ctgan whose training loop runs through a progress bar named ``tqdm``.
    _loop_module: ClassVar[str]
    #: The attributes of ctgan's synthesizer that hold the table's transformer and the network.
    _transformer_attribute: ClassVar[str]
    _network_attribute: ClassVar[str]
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

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        fitted = self._sdv._model
        ours = {neutral: name for name, neutral in self._names.items()}
        columns = tuple(
            NetworkColumn.learned(ours[info.column_name], info)
            for info in getattr(fitted, self._transformer_attribute)._column_transform_info_list
        )
        network = getattr(fitted, self._network_attribute)
        weights = {
            # A copy: torch would hand out a view of memory that also holds the gradients' graph.
            name: np.array(weight.detach().cpu().numpy())
            for name, weight in network.named_parameters()
        }
        return {"table": columns}, weights

    def _rebuild(self) -> None:
        if sorted(column.name for column in self._state.table) != sorted(self._state.columns):
            raise ArtifactError("the columns of the network are not those of the model")
        self._network = self._rebuilt(NetworkTable(self._state.table))

    def _rebuilt(self, table: NetworkTable) -> Any:
        """Give ctgan's synthesizer with the weights, on the processor, ready to sample."""
        raise NotImplementedError

    def _with_weights(self, build: Callable[[], Any]) -> Any:
        """Give a network of torch with the weights of this model.

        It is built without memory first, so that a file cannot ask for more than it brings.

        Raises
        ------
        RuntimeError
            The weights are not those of such a network.
        """
        import torch

        with torch.device("meta"):
            network = build()
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm1d):
                # ctgan samples with the mean and variance of the batch, never with those of the
                # training, which would only change with each sample.
                part.track_running_stats = False
                part.running_mean = part.running_var = part.num_batches_tracked = None
        weights = {name: torch.from_numpy(array) for name, array in self._arrays.items()}
        network.load_state_dict(weights, assign=True)
        return network.requires_grad_(False)

    def _draw(self, n: int) -> pd.DataFrame:
        import torch

        with torch.no_grad():
            drawn = self._network.sample(n)
        return drawn[list(self._state.columns)]
