"""CTGAN: a conditional generative adversarial network for tables."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ArtifactError, ParameterError
from synthhealth.models._transforms import SCALE_PARAMETER
from synthhealth.models.about import on_demo
from synthhealth.models.base import Training
from synthhealth.models.deep import (
    DENSITY_DRAWS,
    DENSITY_SEED,
    DENSITY_SIGMA,
    NETWORK_PARAMETERS,
    ROWS_TO_HOLD_OUT,
    SAMPLING_BATCH,
    DeepModel,
    NetworkState,
    NetworkTable,
    about_network,
)
from synthhealth.models.family import Arrays, FamilyState
from synthhealth.models.parameters import Parameter
from synthhealth.models.seeding import seeded
from synthhealth.schema import Schema

Floats = npt.NDArray[np.float64]


def _default_steps(n_rows: int) -> int:
    few = max(1_000, min(3_000, 15 * n_rows))
    return max(few, min(5_000, n_rows // 5))


def _default_batch_size(n_rows: int) -> int:
    if n_rows < 1_000:
        return max(10, min(100, n_rows // 10 * 10))
    return 250


def _default_generator_lr(n_rows: int) -> float:
    return 1e-4 if n_rows < ROWS_TO_HOLD_OUT else 3e-4


def _default_discriminator_lr(n_rows: int) -> float:
    return 5e-4 if n_rows < ROWS_TO_HOLD_OUT else 1e-3


GAN_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "steps",
        int,
        _default_steps,
        "updates of the generator in all, whatever the batch; rounded up to whole epochs",
        default_is="15 for each row, from 1,000 (for 61 rows SDV gives 300) to 3,000, which "
        "columns of a few hundred rows need to be learned together; then a fifth of the rows, to "
        "5,000 (for a million SDV would give 600,000, which is days)",
        low=1,
        high=10_000_000,
    ),
    Parameter(
        "batch_size",
        int,
        _default_batch_size,
        "rows of one step; even and divisible by `pac`",
        default_is="the rows of the table up to 100, then 100, from 1,000 rows 250; SDV's 500 "
        "would repeat each of 61 patients eight times in a step, and in large tables learns no "
        "more of each step",
        low=2,
        high=100_000,
    ),
    Parameter(
        "pac",
        int,
        1,
        "rows that the discriminator judges together (PacGAN), against mode collapse",
        default_is="1, not SDV's 10: of 60 rows packs of 10 leave 6 to judge; the quicker "
        "discriminator prevents the collapse instead",
        low=1,
        high=100,
    ),
    Parameter(
        "embedding_dim", int, 128, "size of the noise that a row is made from", low=1, high=4_096
    ),
    Parameter(
        "generator_dim",
        tuple,
        (128, 128),
        "widths of the generator's layers",
        default_is="half of SDV's, which scored lower on clinical tables",
        high=8_192,
    ),
    Parameter(
        "discriminator_dim", tuple, (256, 256), "widths of the discriminator's layers", high=8_192
    ),
    Parameter(
        "generator_lr",
        float,
        _default_generator_lr,
        "learning rate of the generator",
        default_is="0.0001 below 2,000 rows, else 0.0003, which swings more and is averaged (see "
        "`early_stopping`); see also `discriminator_lr`",
        low=1e-8,
        high=1.0,
    ),
    Parameter("generator_decay", float, 1e-6, "weight decay of the generator", low=0.0, high=1.0),
    Parameter(
        "discriminator_lr",
        float,
        _default_discriminator_lr,
        "learning rate of the discriminator",
        default_is="0.0005 below 2,000 rows, else 0.001; several times the generator's: at SDV's "
        "equal rates the margins of small tables collapse (two time-scale rule, Heusel et al., "
        "2017)",
        low=1e-8,
        high=1.0,
    ),
    Parameter(
        "discriminator_decay", float, 1e-6, "weight decay of the discriminator", low=0.0, high=1.0
    ),
    Parameter(
        "discriminator_steps", int, 1, "updates of the discriminator per step", low=1, high=100
    ),
    Parameter(
        "log_frequency",
        bool,
        False,
        "train rare categories more often, by the logarithm of their frequency",
        default_is="false, unlike SDV: it shows the few patients of a rare category over and over "
        "and bends the other columns towards them",
    ),
    Parameter(
        "true_frequency",
        bool,
        True,
        "sample categories by their true frequency; false: as they were trained, which inflates "
        "rare ones where `log_frequency` is true",
    ),
    *NETWORK_PARAMETERS,
    replace(
        SCALE_PARAMETER,
        default=lambda n_rows: n_rows < 200,
        default_is="true below 200 rows; with more, the normaliser finds the modes of a skewed "
        "column better by itself",
    ),
)


class CTGANState(NetworkState):
    """The plain values of a fitted CTGAN; its arrays are the weights of the generator.

    Attributes
    ----------
    level_shares : tuple of tuple of float
        For each categorical column how often each of its levels is asked for.
    """

    level_shares: tuple[tuple[float, ...], ...]


class CTGANModel(DeepModel):
    """Conditional tabular GAN through SDV's CTGANSynthesizer.

    A generator and a discriminator compete; numbers are normalised by the modes of a Gaussian
    mixture, and categories are drawn evenly while training (Xu et al., 2019, *Modeling Tabular Data
    using Conditional GAN*, NeurIPS). Learns any dependence, given enough rows and steps.
    """

    name = "ctgan"
    sdv_class = "CTGANSynthesizer"
    about = about_network(
        "CTGAN", on_demo("ctgan", {("standard", 61): (0.70, 0.67, 0.73)}, fits=16)
    )
    parameters: ClassVar[tuple[Parameter, ...]] = GAN_PARAMETERS
    State: ClassVar[type[FamilyState]] = CTGANState
    _network_name = "CTGAN"

    def _settings(self, table: pd.DataFrame, schema: Schema) -> dict[str, Any]:
        settings = super()._settings(table, schema)
        unit = math.lcm(2, settings["pac"])
        batch_size = settings["batch_size"]
        if batch_size % unit:
            nearest = max(unit, round(batch_size / unit) * unit)
            raise ParameterError(
                f"parameter 'batch_size' is {batch_size}, which is not even and divisible by "
                f"'pac' ({settings['pac']}); the nearest valid value is {nearest}"
            )
        return settings

    @staticmethod
    def _steps_per_epoch(n_rows: int, batch_size: int) -> int:
        return max(n_rows // batch_size, 1)

    def _synthesizer(self, metadata: Any, table: pd.DataFrame, schema: Schema) -> Any:
        return self.plain()(metadata, **self._sdv_arguments())

    def _sdv_arguments(self) -> dict[str, Any]:
        ours = {
            "early_stopping",
            "log_scale",
            "margin",
            "margins",
            "steps",
            "threads",
            "true_frequency",
        }
        theirs = {name: value for name, value in self.settings_.items() if name not in ours}
        return theirs | {"enforce_min_max_values": False, "enforce_rounding": False}

    @staticmethod
    def _trained() -> Any:
        from synthhealth.models.networks.gan import TrainedCTGAN

        return TrainedCTGAN

    def _train(self, table: pd.DataFrame, training: Training) -> None:
        # SDV prints its advice about wide tables to standard output, with its own column names.
        self._sdv._print_warning = _say_nothing
        super()._train(table, training)

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        learned, weights = super()._take_apart(table)
        levels = {column.name: column.levels for column in learned["table"] if column.levels}
        if self.settings_["true_frequency"]:
            counts = [table[name].value_counts().loc[list(codes)] for name, codes in levels.items()]
            shares = [tuple((count / count.sum()).tolist()) for count in counts]
        else:
            trained = self._sdv._model.conditions.shares
            shares = [tuple(asked.tolist()) for asked in trained]
        blurred = [
            tuple(self._blur.shares(name, np.array(one)).tolist())
            for name, one in zip(levels, shares, strict=True)
        ]
        return learned | {"level_shares": tuple(blurred)}, weights

    def _rebuilt(self, table: NetworkTable) -> Any:
        from ctgan import CTGAN
        from ctgan.synthesizers.ctgan import Generator

        shares = self._state.level_shares
        if [len(column) for column in shares] != [len(c.levels) for c in table.columns if c.levels]:
            raise ArtifactError("the shares of the levels are not those of the columns")
        asked = _AskedLevels(np.concatenate([[], *shares]))
        embedding_dim = self.settings_["embedding_dim"]
        network = CTGAN(embedding_dim=embedding_dim, batch_size=SAMPLING_BATCH, enable_gpu=False)
        network._transformer = table
        network._data_sampler = asked
        network._generator = self._with_weights(
            lambda: Generator(
                embedding_dim + asked.shares.size,
                self.settings_["generator_dim"],
                table.output_dimensions,
            )
        )
        return network

    def _outputs(self) -> tuple[Floats, list[float]]:
        import torch

        noise = torch.Generator().manual_seed(DENSITY_SEED)
        size = (DENSITY_DRAWS, self.settings_["embedding_dim"])
        drawn = torch.randn(size, generator=noise)
        with seeded(DENSITY_SEED, threads=self.settings_["threads"]):
            asked = self._network._data_sampler.sample_original_condvec(DENSITY_DRAWS)
        if asked is not None:
            drawn = torch.cat([drawn, torch.from_numpy(asked)], dim=1)
        with torch.no_grad():
            rows = self._network._generator(drawn)
        return rows.numpy().astype(np.float64), [DENSITY_SIGMA] * len(self._state.table)


class _AskedLevels:
    """What the generator is asked for; it stands in the place of ctgan's ``DataSampler``.

    That one holds the row numbers of each level, from which the patients could be rebuilt.
    """

    def __init__(self, shares: npt.NDArray[np.float64]) -> None:
        if (shares < 0).any() or (shares.size and shares.sum() <= 0):
            raise ArtifactError("the shares of the levels are not shares")
        self.shares = shares / shares.sum() if shares.size else shares

    def sample_original_condvec(self, batch: int) -> npt.NDArray[np.float32] | None:
        """Ask in each row for one level of one column."""
        if not self.shares.size:
            return None
        asked = np.zeros((batch, self.shares.size), dtype=np.float32)
        asked[np.arange(batch), np.random.choice(self.shares.size, batch, p=self.shares)] = 1.0
        return asked


def _say_nothing(data: pd.DataFrame) -> None:
    pass
