"""Tables to begin with: the demonstration cohort, public clinical tables, folders of data."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthhealth.datasets._catalogue import Dataset, available
    from synthhealth.datasets._folder import find_data_root, load_folder
    from synthhealth.datasets._ra_panel import load_ra_panel
    from synthhealth.datasets._sklearn import load_breast_cancer, load_diabetes

__all__ = [
    "Dataset",
    "available",
    "find_data_root",
    "load_breast_cancer",
    "load_diabetes",
    "load_folder",
    "load_ra_panel",
]

_HOMES = {
    "Dataset": "_catalogue",
    "available": "_catalogue",
    "find_data_root": "_folder",
    "load_breast_cancer": "_sklearn",
    "load_diabetes": "_sklearn",
    "load_folder": "_folder",
    "load_ra_panel": "_ra_panel",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
