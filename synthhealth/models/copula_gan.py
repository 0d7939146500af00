"""CopulaGAN: a CTGAN over columns that a parametric margin has brought to normal scores."""

from __future__ import annotations

from typing import Any

import pandas as pd

from synthhealth.models._margins import margin_parameters, margins_by_column
from synthhealth.models.ctgan import GAN_PARAMETERS, CTGANModel
from synthhealth.schema import Schema


class CopulaGANModel(CTGANModel):
    """CTGAN on normal scores, through SDV's CopulaGANSynthesizer.

    The margins of the Gaussian copula make the columns easier to learn; the GAN learns how they
    belong together.
    """

    name = "copula_gan"
    parameters = (
        *GAN_PARAMETERS,
        *margin_parameters("norm", "norm: bounded margins turn the tails into outliers of scores"),
    )

    def _build(self, metadata: Any, table: pd.DataFrame, schema: Schema) -> Any:
        from sdv.single_table import CopulaGANSynthesizer

        margins = margins_by_column(self.settings_, table, schema)
        return CopulaGANSynthesizer(
            metadata,
            **self._sdv_arguments(),
            numerical_distributions={self._names[name]: margin for name, margin in margins.items()},
        )
