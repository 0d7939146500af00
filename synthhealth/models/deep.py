"""What the families that train networks share: steps, progress, weights, outputs as columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator

from synthhealth.errors import ArtifactError, ParameterError
from synthhealth.models._transforms import column_transformer, to_log
from synthhealth.models.about import About, Advice, FileAttack
from synthhealth.models.base import LogDensity, Training
from synthhealth.models.parameters import Parameter
from synthhealth.models.sdv_family import (
    SDV_LICENCE,
    SDV_PACKAGES,
    TABLE,
    Arrays,
    SDVModel,
    SDVState,
)
from synthhealth.schema import Schema
from synthhealth.table.blur import Blur

__all__ = ["NetworkColumn", "NetworkTable"]


Floats = npt.NDArray[np.float64]

#: ctgan finds at most so many modes of a column.
MAX_MODES = 10

#: Noise of which a network's density is the mean, its seed, and the deviation from a mode, in half
#: widths of it, where a network has learned none.
DENSITY_DRAWS, DENSITY_SEED, DENSITY_SIGMA = 2_000, 0, 0.2

#: Outputs of a network; with more, a batch of rows would not fit into a small machine.
MAX_OUTPUTS = 20_000


class NetworkColumn(BaseModel):
    """One column: of a number the modes, of a category the levels.

    Attributes
    ----------
    name : str
    centres, widths : tuple of float
        The middle of each mode, and the distance from it that an output of 1 stands for.
    levels : tuple of int
        The position of the level that each output stands for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    centres: tuple[float, ...] = ()
    widths: tuple[float, ...] = ()
    levels: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> NetworkColumn:
        n_modes = len(self.centres)
        is_number = (
            0 < n_modes <= MAX_MODES and n_modes == len(self.widths) and min(self.widths) > 0
        )
        is_category = bool(self.levels) and not (self.centres or self.widths)
        twice = len(set(self.levels)) < len(self.levels)
        if is_number == is_category or twice or min(self.levels, default=0) < 0:
            raise ValueError(f"column {self.name!r} has neither modes nor levels, or both")
        return self

    @classmethod
    def learned(cls, name: str, info: Any) -> NetworkColumn:
        """Take what ctgan's ``DataTransformer`` knows of one column."""
        if info.column_type == "discrete":
            return cls(name=name, levels=tuple(int(level) for level in info.transform.dummies))
        used = info.transform.valid_component_indicator
        mixture = info.transform._bgm_transformer
        widths = info.transform.STD_MULTIPLIER * np.sqrt(mixture.covariances_.ravel()[used])
        return cls(
            name=name,
            centres=tuple(mixture.means_.ravel()[used].tolist()),
            widths=tuple(widths.tolist()),
        )

    def blurred(self, blur: Blur) -> NetworkColumn:
        """Shift and stretch the modes of a number as a whole, by as much as `blur` says."""
        if not blur.changes or self.levels:
            return self
        centres, widths = np.asarray(self.centres), np.asarray(self.widths)
        middle = float(centres.mean())
        # A mode is four standard deviations wide.
        spread = float(np.sqrt(((widths / 4) ** 2).mean() + centres.var()))
        moved, other = blur.moments(self.name, middle, spread)
        stretch = other / spread
        return NetworkColumn(
            name=self.name,
            centres=tuple((moved + stretch * (centres - middle)).tolist()),
            widths=tuple((stretch * widths).tolist()),
        )

    @property
    def n_outputs(self) -> int:
        """How many outputs of a network the column takes."""
        return len(self.levels) or 1 + len(self.centres)

    def spans(self) -> list[Any]:
        """Give the groups of outputs, as ctgan describes them."""
        from ctgan.data_transformer import SpanInfo

        if self.levels:
            return [SpanInfo(len(self.levels), "softmax")]
        return [SpanInfo(1, "tanh"), SpanInfo(len(self.centres), "softmax")]

    def log_density(
        self, values: npt.NDArray[Any], outputs: npt.NDArray[Any], sigma: float
    ) -> npt.NDArray[Any]:
        """Give the log density of values where each output of a network is the middle of a law.

        Parameters
        ----------
        values : numpy.ndarray, shape (n,)
            NaN in a number, -1 in a level: not known, and of the log density 0.
        outputs : numpy.ndarray, shape (n_outputs_drawn, n_outputs)
            Before any activation.
        sigma : float
            Standard deviation of the distance from a mode.

        Returns
        -------
        numpy.ndarray, shape (n, n_outputs_drawn)
        """
        from scipy.special import log_softmax, logsumexp

        if self.levels:
            places = {level: place for place, level in enumerate(self.levels)}
            place = np.array([places.get(int(value), -1) for value in values])
            shares = log_softmax(outputs, axis=1)[:, np.maximum(place, 0)].T
            return np.where(place[:, None] < 0, 0.0, shares)
        widths, centres = np.asarray(self.widths), np.asarray(self.centres)
        away = (values[:, None] - centres) / widths
        middle = np.tanh(outputs[:, 0])
        shares = log_softmax(outputs[:, 1:], axis=1)
        parts = (
            shares[None, :, :]
            - 0.5 * ((away[:, None, :] - middle[None, :, None]) / sigma) ** 2
            - np.log(sigma * np.sqrt(2 * np.pi) * widths)
        )
        return np.where(np.isnan(values)[:, None], 0.0, logsumexp(parts, axis=2))

    def read(self, outputs: npt.NDArray[Any], sigma: float | None) -> npt.NDArray[Any]:
        """Give the values that outputs stand for; `sigma` blurs numbers.

        Parameters
        ----------
        outputs : numpy.ndarray, shape (n, n_outputs)
        sigma : float or None
            Standard deviation of the distance from the mode.
        """
        if self.levels:
            return np.asarray(self.levels)[outputs.argmax(axis=1)]
        distance = outputs[:, 0].astype(np.float64)
        if sigma is not None:
            distance = np.random.normal(distance, sigma)
        mode = outputs[:, 1:].argmax(axis=1)
        widths, centres = np.asarray(self.widths), np.asarray(self.centres)
        values: Floats = np.clip(distance, -1, 1) * widths[mode] + centres[mode]
        return values


class NetworkTable:
    """The columns of a network; it stands in the place of ctgan's ``DataTransformer``."""

    def __init__(self, columns: tuple[NetworkColumn, ...]) -> None:
        self.columns = columns
        if sum(column.n_outputs for column in columns) > MAX_OUTPUTS:
            raise ArtifactError(
                f"the columns have more than {MAX_OUTPUTS:,} levels in all, too many for a network"
            )
        self.output_info_list = [column.spans() for column in columns]
        self.output_dimensions = sum(column.n_outputs for column in columns)

    def inverse_transform(
        self, outputs: npt.NDArray[Any], sigmas: npt.NDArray[Any] | None = None
    ) -> pd.DataFrame:
        """Give the table that outputs stand for, as ctgan's own method does."""
        read: dict[str, npt.NDArray[Any]] = {}
        start = 0
        for column in self.columns:
            sigma = None if sigmas is None else float(sigmas[start])
            read[column.name] = column.read(outputs[:, start : start + column.n_outputs], sigma)
            start += column.n_outputs
        return pd.DataFrame(read)


#: Rows that a network generates at once; the batches of the training may be too small for long
#: samples, or too large for the memory.
SAMPLING_BATCH = 500


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
)


class NetworkState(SDVState):
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
            "noise floor. Train longer ({longer}), or try gaussian_copula, which needs fewer "
            "patients",
            relations="Train longer ({longer}), or try gaussian_copula, which keeps the "
            "correlations of small tables better",
        ),
        on_file=on_file,
    )


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
        if settings["epochs"] is None:
            return settings | {"epochs": math.ceil(settings["steps"] / steps_per_epoch)}
        steps = next(one for one in self.parameters if one.name == "steps")
        try:
            return settings | {"steps": steps.check(settings["epochs"] * steps_per_epoch)}
        except ParameterError as error:
            raise ParameterError(
                f"parameter 'epochs' is {settings['epochs']}, each of {steps_per_epoch:,} steps, "
                f"too many in all: {error}"
            ) from None

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
            NetworkColumn.learned(ours[info.column_name], info).blurred(self._blur)
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
