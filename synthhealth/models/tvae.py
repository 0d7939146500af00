"""TVAE: a variational autoencoder for tables."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.models._transforms import SCALE_PARAMETER
from synthhealth.models.about import on_demo
from synthhealth.models.deep import (
    DENSITY_DRAWS,
    DENSITY_SEED,
    NETWORK_PARAMETERS,
    SAMPLING_BATCH,
    DeepModel,
    NetworkState,
    NetworkTable,
    about_network,
)
from synthhealth.models.family import FamilyState
from synthhealth.models.parameters import Parameter
from synthhealth.schema import Schema

Floats = npt.NDArray[np.float64]


def _default_steps(n_rows: int) -> int:
    few = max(500, min(4_000, 40 * (n_rows - 50)))
    return max(few, min(10_000, n_rows // 10))


def _default_batch_size(n_rows: int) -> int:
    if n_rows < 200:
        return min(100, n_rows)
    return 100 if n_rows < 1_000 else 500


def _default_width(n_rows: int) -> tuple[int, int]:
    return (64, 64) if n_rows < 200 else (128, 128)


class TVAEModel(DeepModel):
    """Tabular variational autoencoder through SDV's TVAESynthesizer.

    An encoder brings rows to a normal cloud, a decoder brings the cloud back to rows (Xu et al.,
    2019, *Modeling Tabular Data using Conditional GAN*, NeurIPS). Trains faster and more steadily
    than a GAN; on small tables it may forget rare categories.
    """

    name = "tvae"
    sdv_class = "TVAESynthesizer"
    about = about_network("TVAE", on_demo("tvae", {("standard", 61): (0.77, 0.75, 0.79)}))
    State: ClassVar[type[FamilyState]] = NetworkState
    parameters = (
        Parameter(
            "steps",
            int,
            _default_steps,
            "updates in all, whatever the batch; rounded up to whole epochs",
            default_is="500 up to 60 rows, where more begins to repeat patients, rising to 4,000 "
            "for 150, which columns need to be learned together; then a tenth of the rows, to "
            "10,000",
            low=1,
            high=10_000_000,
        ),
        Parameter(
            "batch_size",
            int,
            _default_batch_size,
            "rows of one step",
            default_is="the rows of the table up to 100, then 100, from 1,000 rows SDV's 500",
            low=1,
            high=100_000,
        ),
        Parameter("embedding_dim", int, 128, "dimensions of the cloud", low=1, high=4_096),
        Parameter(
            "compress_dims",
            tuple,
            _default_width,
            "widths of the encoder's layers",
            default_is="(64, 64) below 200 rows, else SDV's (128, 128)",
            high=8_192,
        ),
        Parameter(
            "decompress_dims",
            tuple,
            _default_width,
            "widths of the decoder's layers",
            default_is="as `compress_dims`",
            high=8_192,
        ),
        Parameter("l2scale", float, 1e-5, "weight decay", low=0.0, high=1.0),
        Parameter(
            "loss_factor",
            float,
            lambda n_rows: 1.0 if n_rows < 200 else 2.0,
            "weight of the error of a row against the shape of the cloud",
            default_is="1 below 200 rows, the variational bound itself; else SDV's 2, which "
            "follows single rows more closely",
            low=1e-6,
            high=1e6,
        ),
        Parameter(
            "draw_categories",
            bool,
            True,
            "sample categories (and modes of numbers) with the probabilities that the decoder "
            "gives; false: always the most probable one, as ctgan does, which loses rare ones",
        ),
        *NETWORK_PARAMETERS,
        SCALE_PARAMETER,
    )
    _network_name = "TVAE"

    @staticmethod
    def _steps_per_epoch(n_rows: int, batch_size: int) -> int:
        return math.ceil(n_rows / batch_size)

    @staticmethod
    def _trained() -> Any:
        from synthhealth.models.networks.vae import TrainedTVAE

        return TrainedTVAE

    def _synthesizer(self, metadata: Any, table: pd.DataFrame, schema: Schema) -> Any:
        ours = {"draw_categories", "early_stopping", "log_scale", "steps", "threads"}
        theirs = {name: value for name, value in self.settings_.items() if name not in ours}
        return self.plain()(
            metadata, enforce_min_max_values=False, enforce_rounding=False, **theirs
        )

    def _rebuilt(self, table: NetworkTable) -> Any:
        from ctgan import TVAE
        from ctgan.synthesizers.tvae import Decoder

        embedding_dim = self.settings_["embedding_dim"]
        network = TVAE(embedding_dim=embedding_dim, batch_size=SAMPLING_BATCH, enable_gpu=False)
        network.transformer = table
        network.decoder = self._with_weights(
            lambda: Decoder(
                embedding_dim, self.settings_["decompress_dims"], table.output_dimensions
            )
        )
        self._decoder = network.decoder
        if self.settings_["draw_categories"]:
            network.decoder = _DrawingDecoder(network.decoder, table.output_info_list)
        return network

    def _outputs(self) -> tuple[Floats, list[float]]:
        import torch

        noise = torch.Generator().manual_seed(DENSITY_SEED)
        size = (DENSITY_DRAWS, self.settings_["embedding_dim"])
        self._decoder.eval()
        with torch.no_grad():
            rows, sigmas = self._decoder(torch.randn(size, generator=noise))
        starts = np.cumsum([0, *(column.n_outputs for column in self._state.table)])[:-1]
        return rows.numpy().astype(np.float64), [float(sigmas[start]) for start in starts]


class _DrawingDecoder:
    r"""A decoder whose largest output among a column's categories is a draw, not the mode.

    With Gumbel noise added to the logits, the largest of them is distributed as the softmax says
    (Maddison, Tarlow and Minka, 2014, *A\* Sampling*).
    """

    #: ctgan takes tanh of all outputs; small ones stay distinct and in order.
    _WITHIN_TANH = 0.01

    def __init__(self, decoder: Any, columns: Iterable[Iterable[Any]]) -> None:
        self._decoder = decoder
        self._spans: list[slice] = []
        start = 0
        for span in (span for column in columns for span in column):
            if span.activation_fn == "softmax":
                self._spans.append(slice(start, start + span.dim))
            start += span.dim

    def __call__(self, noise: Any) -> tuple[Any, Any]:
        import torch

        rows, sigmas = self._decoder(noise)
        for span in self._spans:
            gumbel = -torch.log(torch.empty_like(rows[:, span]).exponential_())
            rows[:, span] = (rows[:, span] + gumbel) * self._WITHIN_TANH
        return rows, sigmas

    def eval(self) -> None:
        self._decoder.eval()

    def to(self, device: Any) -> _DrawingDecoder:
        """Move to a device, as ctgan does before it copies a network."""
        self._decoder.to(device)
        return self
