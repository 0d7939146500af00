"""TVAE: a variational autoencoder for tables."""

from __future__ import annotations

import math
from typing import Any

from synthhealth.models._deep import DeepModel
from synthhealth.models._parameters import Parameter


def default_batch_size(n_rows: int) -> int:
    return max(20, min(500, n_rows))


def default_width(n_rows: int) -> tuple[int, int]:
    return (64, 64) if n_rows < 1_000 else (128, 128)


def default_steps(n_rows: int) -> int:
    return 1_000 if n_rows < 1_000 else 300 * math.ceil(n_rows / 500)


class TVAEModel(DeepModel):
    """Tabular variational autoencoder through SDV's TVAESynthesizer.

    An encoder brings rows to a normal cloud, a decoder brings the cloud back to rows (Xu et al.,
    2019, *Modeling Tabular Data using Conditional GAN*, NeurIPS). Trains faster and more steadily
    than a GAN; on small tables it may forget rare categories.
    """

    name = "tvae"
    parameters = (
        Parameter(
            "steps",
            int,
            default_steps,
            "updates in all, whatever the batch; rounded up to whole epochs",
            default_is="1,000 below 1,000 rows, then SDV's 300 epochs",
            low=1,
            high=10_000_000,
        ),
        Parameter(
            "batch_size",
            int,
            default_batch_size,
            "rows of one step",
            default_is="the rows of the table, from 20 to 500",
            low=1,
            high=100_000,
        ),
        Parameter("embedding_dim", int, 128, "dimensions of the cloud", low=1, high=4_096),
        Parameter(
            "compress_dims",
            tuple,
            default_width,
            "widths of the encoder's layers",
            default_is="(64, 64) below 1,000 rows, then SDV's (128, 128)",
            high=8_192,
        ),
        Parameter(
            "decompress_dims",
            tuple,
            default_width,
            "widths of the decoder's layers",
            default_is="as `compress_dims`",
            high=8_192,
        ),
        Parameter("l2scale", float, 1e-5, "weight decay", low=0.0, high=1.0),
        Parameter(
            "loss_factor",
            float,
            2.0,
            "weight of the error of a row against the shape of the cloud",
            low=1e-6,
            high=1e6,
        ),
        Parameter(
            "enable_gpu",
            bool,
            False,
            "train on a GPU if there is one; results then differ from the CPU's",
        ),
    )
    _loop_module = "ctgan.synthesizers.tvae"
    _batch_attribute = "batch_size"

    @staticmethod
    def _steps_per_epoch(n_rows: int, batch_size: int) -> int:
        return math.ceil(n_rows / batch_size)

    def _build(self, metadata: Any) -> Any:
        from sdv.single_table import TVAESynthesizer

        theirs = {name: value for name, value in self.settings_.items() if name != "steps"}
        return TVAESynthesizer(
            metadata, enforce_min_max_values=False, enforce_rounding=False, **theirs
        )
