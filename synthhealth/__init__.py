"""Synthetic tables of patients, with a report on how far they can be trusted.

Every public name is loaded on first use, so that importing the package costs neither torch nor SDV.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthhealth import (
        artifact,
        benchmark,
        datasets,
        evaluation,
        io,
        models,
        report,
        schema,
        testing,
    )
    from synthhealth.errors import SynthHealthError
    from synthhealth.evaluation import describe
    from synthhealth.evaluation.privacy.attack import attack
    from synthhealth.io import read_table, write_table
    from synthhealth.ledger import Ledger
    from synthhealth.progress import ProgressEvent
    from synthhealth.report import Report, evaluate
    from synthhealth.schema import Column, Kind, Schema
    from synthhealth.synthesizer import Synthesizer, load
    from synthhealth.tournament import Tournament, compare

__version__ = "0.1.0"

__all__ = [
    "Column",
    "Kind",
    "Ledger",
    "ProgressEvent",
    "Report",
    "Schema",
    "SynthHealthError",
    "Synthesizer",
    "Tournament",
    "artifact",
    "attack",
    "benchmark",
    "compare",
    "datasets",
    "describe",
    "evaluate",
    "evaluation",
    "io",
    "load",
    "models",
    "read_table",
    "report",
    "schema",
    "testing",
    "write_table",
]

_HOMES = {
    "Column": "schema",
    "Kind": "schema",
    "Ledger": "ledger",
    "ProgressEvent": "progress",
    "Report": "report",
    "Schema": "schema",
    "SynthHealthError": "errors",
    "Synthesizer": "synthesizer",
    "Tournament": "tournament",
    "attack": "evaluation.privacy.attack",
    "compare": "tournament",
    "describe": "evaluation",
    "evaluate": "report",
    "load": "synthesizer",
    "read_table": "io",
    "write_table": "io",
}
_ROOMS = {
    "artifact",
    "benchmark",
    "datasets",
    "evaluation",
    "io",
    "models",
    "report",
    "schema",
    "testing",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    hint = ""
    if not name.startswith("_"):  # Python itself and notebooks look for such names all the time
        from synthhealth.errors import nearest

        hint = nearest(name, __all__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
