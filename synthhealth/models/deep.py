"""What the families that train networks share: steps, progress, weights, outputs as columns."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ArtifactError, ParameterError
from synthhealth.models._transforms import to_log
from synthhealth.models.about import About, Advice, FileAttack
from synthhealth.models.base import LogDensity, Training
from synthhealth.models.family import Arrays, ScaledState
from synthhealth.models.networks.keeping import n_held_out
from synthhealth.models.networks.table import NetworkColumn, NetworkTable
from synthhealth.models.parameters import Parameter
from synthhealth.models.sdv_family import SDV_LICENCE, SDV_PACKAGES, TABLE, SDVModel
from synthhealth.models.seeding import seeded
from synthhealth.progress import ProgressEvent
from synthhealth.schema import Schema

__all__ = ["NetworkColumn", "NetworkTable"]


Floats = npt.NDArray[np.float64]

#: Noise of which a network's density is the mean, its seed, and the deviation from a mode, in half
#: widths of it, where a network has learned none.
DENSITY_DRAWS, DENSITY_SEED, DENSITY_SIGMA = 2_000, 0, 0.2

#: Rows that a network generates at once; the batches of the training may be too small for long
#: samples, or too large for the memory.
SAMPLING_BATCH = 500


#: From so many rows on a tenth of them are held out.
ROWS_TO_HOLD_OUT = 2_000

NETWORK_PARAMETERS = (
    Parameter(
        "epochs",
        int,
        None,
        "instead of `steps`: passes over the rows that are learned, as SDV counts them; each is "
        "as many steps as these rows make batches",
        default_is="as many as `steps` needs",
        low=1,
        high=10_000_000,
        instead_of="steps",
    ),
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
    Parameter(
        "early_stopping",
        bool,
        lambda n_rows: n_rows >= ROWS_TO_HOLD_OUT,
        "learn without a tenth of the rows (at most 2,000), keep the state whose rows are most "
        "like them in single columns and pairs, a mean of about 1,000 steps, and end when nothing "
        "better comes",
        default_is=f"true from {ROWS_TO_HOLD_OUT:,} rows on; of fewer each is needed, and as few "
        "held out would choose by chance",
    ),
)


class NetworkState(ScaledState):
    """The plain values of a fitted network; its arrays are the weights.

    Attributes
    ----------
    table : tuple of NetworkColumn
        What the network's outputs stand for.
    """

    table: tuple[NetworkColumn, ...]


def about_network(title: str, on_file: tuple[FileAttack, ...]) -> About:
    """Give what the networks of SDV have in common to say of themselves."""
    return About(
        title=title,
        in_steps=True,
        packages=SDV_PACKAGES,
        licence=SDV_LICENCE,
        holds_no_patient=True,
        advice=Advice(
            many_columns=f"{title} has not converged: {{n}} columns ({{names}}) lie below their "
            "noise floor. Train longer ({longer}), or see which family needs fewer patients "
            "({compare})",
            relations="Train longer ({longer}), or see which family keeps more ({compare})",
        ),
        on_file=on_file,
    )


def in_epochs(
    settings: dict[str, Any], parameters: Iterable[Parameter], steps_per_epoch: int
) -> dict[str, Any]:
    """Say both how many steps a training has and how many epochs, whichever was given.

    Raises
    ------
    ParameterError
        They are too many.
    """
    if settings["epochs"] is None:
        return settings | {"epochs": math.ceil(settings["steps"] / steps_per_epoch)}
    steps = next(one for one in parameters if one.name == "steps")
    try:
        return settings | {"steps": steps.check(settings["epochs"] * steps_per_epoch)}
    except ParameterError as error:
        raise ParameterError(
            f"parameter 'epochs' is {settings['epochs']}, each of {steps_per_epoch:,} steps, "
            f"too many in all: {error}"
        ) from None


class DeepModel(SDVModel):
    """Base of CTGAN, CopulaGAN and TVAE."""

    #: What SDV's module of the synthesizers calls ctgan's class.
    _network_name: ClassVar[str]
    _epochs_done: int = 0

    def _settings(self, table: pd.DataFrame, schema: Schema) -> dict[str, Any]:
        settings = super()._settings(table, schema)
        n_rows = len(table)
        if settings["early_stopping"]:
            n_rows -= n_held_out(n_rows)
        steps_per_epoch = self._steps_per_epoch(n_rows, settings["batch_size"])
        return in_epochs(settings, self.parameters, steps_per_epoch)

    @staticmethod
    def _steps_per_epoch(n_rows: int, batch_size: int) -> int:
        raise NotImplementedError

    def _train(self, table: pd.DataFrame, training: Training) -> None:
        begin = time.monotonic()
        with self._own_network(training, table):
            self._sdv.fit({TABLE: table.rename(columns=self._names)})
        network = self._sdv._model
        if network.settled:
            done, elapsed = self._epochs_done + 1, network.spent + time.monotonic() - begin
            training.on_progress(ProgressEvent("fit", done, done, "epoch", elapsed, network.losses))
        else:
            self.partial_ = self._epochs_done < self.settings_["epochs"]

    @contextmanager
    def _own_network(self, training: Training, table: pd.DataFrame) -> Iterator[None]:
        """Let SDV build our own subclass of ctgan's network, which counts epochs by `training`.

        SDV builds it by its name in the module of the synthesizers, so the name is ours for the
        time of the fit, which holds the lock of `seeded`.
        """

        def counted(first: int, epochs: int) -> Iterator[int]:
            network = self._sdv._model
            self._epochs_done = first
            for epoch in training.epochs(
                epochs, lambda: network.losses, first=first, spent=network.spent
            ):
                yield epoch
                self._epochs_done = epoch + 1

        kept: dict[str, Any] = {}
        if training.checkpoint is not None:
            earlier = training.checkpoint.begin(self.settings_, table)
            kept = {"earlier": earlier, "follow": training.checkpoint.follow}
        module: Any = import_module("sdv.single_table.ctgan")
        original = getattr(module, self._network_name)
        setattr(
            module,
            self._network_name,
            partial(
                self._trained(),
                watch=counted,
                hold_out=self.settings_["early_stopping"],
                **kept,
            ),
        )
        try:
            yield
        finally:
            setattr(module, self._network_name, original)

    @staticmethod
    def _trained() -> Any:
        """Give the class that trains."""
        raise NotImplementedError

    def _seeded(self, seed: int) -> AbstractContextManager[None]:
        return seeded(seed, threads=self.settings_["threads"])

    def _is_usable(self) -> bool:
        return self._epochs_done > 0

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        fitted = self._sdv._model
        ours = {neutral: name for name, neutral in self._names.items()}
        columns = tuple(
            column.model_copy(update={"name": ours[column.name]}).blurred(self._blur)
            for column in fitted.coder.columns
        )
        weights = {
            # A copy: torch would hand out a view of memory that also holds the gradients' graph.
            name: np.array(weight.detach().cpu().numpy())
            for name, weight in fitted.network.named_parameters()
        }
        return {"table": columns}, weights

    def _rebuild(self) -> None:
        if sorted(column.name for column in self._state.table) != sorted(self._state.columns):
            raise ArtifactError("the columns of the network are not those of the model")
        self._network = self._rebuilt(NetworkTable(self._state.table))

    def log_density(self, rows: pd.DataFrame) -> LogDensity:
        """Give the log density of plain rows. See `synthhealth.models.DensityModel`.

        The network's law is a mixture of what each noise gives; it is taken of 2,000 of them. Of
        numbers each gives a normal law around the distance from each mode, with the deviation that
        was learned, or a fifth of a mode's width where none was; of levels it gives their shares.
        """
        from scipy.special import logsumexp

        outputs, sigmas = self._outputs()
        on_scale = self._on_scale(to_log(rows, self._offsets))
        joint = np.zeros((len(rows), len(outputs)))
        margins: dict[str, Floats] = {}
        start = 0
        for column, sigma in zip(self._state.table, sigmas, strict=True):
            drawn = outputs[:, start : start + column.n_outputs]
            start += column.n_outputs
            if column.name not in rows:
                continue
            values, stretched = on_scale[column.name]
            density = column.log_density(values, drawn, sigma) + stretched[:, None]
            margins[column.name] = logsumexp(density, axis=1) - np.log(len(outputs))
            joint += density
        whole = logsumexp(joint, axis=1) - np.log(len(outputs))
        dependence = whole - np.sum(list(margins.values()), axis=0)
        return LogDensity(pd.DataFrame(margins, index=rows.index), dependence)

    def _on_scale(self, rows: pd.DataFrame) -> dict[str, tuple[Floats, Floats]]:
        """Give values on the scale that was learned, and the log of how it is stretched there."""
        scaled = {}
        for name in rows:
            values = rows[name].to_numpy(dtype=float)
            stretched = -values if name in self._offsets else np.zeros(len(rows))
            scaled[str(name)] = values, np.nan_to_num(stretched)
        return scaled

    def _outputs(self) -> tuple[Floats, list[float]]:
        """Draw outputs before any activation, and give each column's deviation from a mode."""
        raise NotImplementedError

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
