"""Shares of rows: their intervals, and how two of them differ."""

from __future__ import annotations

from synthhealth.evaluation._clinical_results import Share, ShareComparison
from synthhealth.evaluation._intervals import Counted, is_small, newcombe, wilson
from synthhealth.evaluation._result_base import Standing

__all__ = ["Counted", "compare_shares", "is_small", "newcombe", "wilson"]


def compare_shares(
    real: Counted, synthetic: Counted, *, hidden: bool | None = None
) -> ShareComparison:
    """Compare a share of the real rows with that of the synthetic ones.

    Parameters
    ----------
    real, synthetic : tuple of int
        How many of how many rows.
    hidden : bool, optional
        Whether the real count is hidden, and what gives it away; by default if it is small.
    """
    if hidden is None:
        hidden = is_small(real)
    difference = low = high = None
    standing: Standing | None = None
    if real[1] and synthetic[1]:
        low, high = newcombe(real, synthetic)
        standing = "above" if low > 0 else "below" if high < 0 else "within"
        difference = synthetic[0] / synthetic[1] - real[0] / real[1]
    if hidden:
        difference = low = high = None
    return ShareComparison(
        real=_share(real, hidden=hidden),
        synthetic=_share(synthetic, hidden=False),
        difference=difference,
        low=low,
        high=high,
        standing=standing,
    )


def _share(counted: Counted, *, hidden: bool) -> Share:
    count, n = counted
    if hidden or n == 0:
        return Share(n=n, count=None if hidden else 0, share=None, low=None, high=None)
    low, high = wilson(count, n)
    return Share(n=n, count=count, share=count / n, low=low, high=high)
