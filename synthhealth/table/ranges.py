"""Ranges that a user asks for: numbers or dates between two ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

__all__ = ["Between"]


@dataclass(frozen=True)
class Between:
    """A range of numbers or dates; None is an open end.

    Attributes
    ----------
    low, high : object
        Its ends, as they could stand in the table.
    above, below : bool
        Whether values lie above `low`, and below `high`, and are not equal to it.

    Examples
    --------
    >>> Between.of((30, 40))
    Between(low=30, high=40, above=False, below=False)
    >>> Between.of("F") is None
    True
    """

    low: Any = None
    high: Any = None
    above: bool = False
    below: bool = False

    @classmethod
    def of(cls, cell: Any) -> Between | None:
        """Give the range that a condition asks for: itself, a pair, or pandas' interval."""
        if isinstance(cell, cls):
            return cell
        if isinstance(cell, pd.Interval):
            return cls(cell.left, cell.right, cell.open_left, cell.open_right)
        if isinstance(cell, tuple | list) and len(cell) == 2:
            return cls(*cell)
        return None

    @property
    def ends(self) -> tuple[Any, Any]:
        """Both ends."""
        return self.low, self.high
