"""Tables to begin with: the demonstration cohort, public clinical tables, folders of data."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthhealth.datasets.catalogue import Dataset, available
    from synthhealth.datasets.folder import find_data_root, load_folder
    from synthhealth.datasets.ra_panel import load_ra_panel
    from synthhealth.datasets.sklearn import load_breast_cancer, load_diabetes

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
    "Dataset": "catalogue",
    "available": "catalogue",
    "find_data_root": "folder",
    "load_breast_cancer": "sklearn",
    "load_diabetes": "sklearn",
    "load_folder": "folder",
    "load_ra_panel": "ra_panel",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
