"""How fast, how large and how good: measured beside plain SDV, in one run.

On the command line: ``synthhealth benchmark --suite NAME``, and ``synthhealth benchmark overhead``,
``... evaluation``, ``... relations``, ``... verdicts``, ``... privacy`` and ``... guard``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthhealth.benchmark.evaluation import EvaluationCost, measure_evaluation
    from synthhealth.benchmark.guard import GuardCosts, measure_guard
    from synthhealth.benchmark.overhead import measure_overhead
    from synthhealth.benchmark.overhead_results import Overhead
    from synthhealth.benchmark.privacy import Privacy, measure_privacy
    from synthhealth.benchmark.relations import measure_relations
    from synthhealth.benchmark.relations_results import Relations
    from synthhealth.benchmark.suites import run_suite
    from synthhealth.benchmark.verdicts import Verdicts, measure_verdicts

__all__ = [
    "EvaluationCost",
    "GuardCosts",
    "Overhead",
    "Privacy",
    "Relations",
    "Verdicts",
    "measure_evaluation",
    "measure_guard",
    "measure_overhead",
    "measure_privacy",
    "measure_relations",
    "measure_verdicts",
    "run_suite",
]

_HOMES = {
    "EvaluationCost": "evaluation",
    "measure_evaluation": "evaluation",
    "GuardCosts": "guard",
    "measure_guard": "guard",
    "Overhead": "overhead_results",
    "Privacy": "privacy",
    "measure_overhead": "overhead",
    "measure_privacy": "privacy",
    "Relations": "relations_results",
    "measure_relations": "relations",
    "Verdicts": "verdicts",
    "measure_verdicts": "verdicts",
    "run_suite": "suites",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
