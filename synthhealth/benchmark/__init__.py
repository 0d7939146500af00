"""How fast, how large and how good: measured beside plain SDV, in one run.

On the command line: ``synthhealth benchmark overhead``, ``... evaluation``, ``... quality`` and
``... verdicts``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthhealth.benchmark._evaluation import measure_evaluation
    from synthhealth.benchmark._evaluation_results import EvaluationCost
    from synthhealth.benchmark._overhead import measure_overhead
    from synthhealth.benchmark._overhead_results import Overhead
    from synthhealth.benchmark._quality import measure_quality
    from synthhealth.benchmark._quality_results import Quality
    from synthhealth.benchmark._verdicts import measure_verdicts
    from synthhealth.benchmark._verdicts_results import Verdicts

__all__ = [
    "EvaluationCost",
    "Overhead",
    "Quality",
    "Verdicts",
    "measure_evaluation",
    "measure_overhead",
    "measure_quality",
    "measure_verdicts",
]

_HOMES = {
    "EvaluationCost": "_evaluation_results",
    "measure_evaluation": "_evaluation",
    "Overhead": "_overhead_results",
    "Quality": "_quality_results",
    "measure_overhead": "_overhead",
    "measure_quality": "_quality",
    "Verdicts": "_verdicts_results",
    "measure_verdicts": "_verdicts",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
