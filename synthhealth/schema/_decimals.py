"""How many decimals the numbers of a column are printed with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["MAX_DECIMALS", "count_decimals"]

#: More decimals than this are computation, not what an instrument printed.
MAX_DECIMALS = 10


def count_decimals(numbers: npt.NDArray[np.float64]) -> int | None:
    """Count the decimals that were printed; None if there are too many to have been."""
    known = numbers[~np.isnan(numbers)]
    for decimals in range(MAX_DECIMALS + 1):
        # Each round keeps only what still disagrees, so that a long column costs little.
        known = known[np.round(known, decimals) != known]
        if known.size == 0:
            return decimals
    return None
