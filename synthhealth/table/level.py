"""The levels of privacy as a choice, for a command line to parse; it imports nothing heavy."""

from __future__ import annotations

from enum import Enum

__all__ = ["Level"]


class Level(str, Enum):
    """How many patients a fit leaves out."""

    none = "none"
    standard = "standard"
    high = "high"
    formal = "formal"
