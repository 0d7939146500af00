"""How fast, how large and how good: measured beside plain SDV, in one run.

On the command line: ``synthhealth benchmark overhead`` and ``... quality``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthhealth.benchmark._overhead import measure_overhead
    from synthhealth.benchmark._overhead_results import Overhead
    from synthhealth.benchmark._quality import measure_quality
    from synthhealth.benchmark._quality_results import Quality

__all__ = ["Overhead", "Quality", "measure_overhead", "measure_quality"]

_HOMES = {
    "Overhead": "_overhead_results",
    "Quality": "_quality_results",
    "measure_overhead": "_overhead",
    "measure_quality": "_quality",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
