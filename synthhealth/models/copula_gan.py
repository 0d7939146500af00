"""CopulaGAN: a CTGAN over columns that a parametric margin has brought to normal scores."""

from __future__ import annotations

from typing import Any

from synthhealth.models._margins import MARGIN_PARAMETERS, neutral_margins
from synthhealth.models.ctgan import GAN_PARAMETERS, CTGANModel


class CopulaGANModel(CTGANModel):
    """CTGAN on normal scores, through SDV's CopulaGANSynthesizer.

    The margins of the Gaussian copula make the columns easier to learn; the GAN learns how they
    belong together.
    """

    name = "copula_gan"
    parameters = GAN_PARAMETERS + MARGIN_PARAMETERS

    def _build(self, metadata: Any) -> Any:
        from sdv.single_table import CopulaGANSynthesizer

        return CopulaGANSynthesizer(
            metadata, **self._sdv_arguments(), **neutral_margins(self.settings_, self._names)
        )
