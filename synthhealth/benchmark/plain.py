"""Plain SDV, called as its own users call it, and our API told to do the same."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from synthhealth.errors import ParameterError, nearest
from synthhealth.models import available, get
from synthhealth.models.deep import DeepModel
from synthhealth.models.sdv_family import WrapsSDV
from synthhealth.schema import Schema

__all__ = [
    "chosen_models",
    "fit_plain",
    "metadata_for",
    "same_settings",
    "sample_plain",
    "wrapped",
]

TABLE = "table"

#: What our families do beyond SDV's, turned off.
_AS_SDV_DOES: Mapping[str, Any] = {
    "margin": "beta",
    "log_scale": False,
    "correlation": "sdv",
    "true_frequency": False,
    "draw_categories": False,
    "early_stopping": False,
}


def wrapped() -> tuple[str, ...]:
    """Give the names of the families that wrap a synthesizer of SDV."""
    return tuple(name for name in available() if issubclass(get(name), WrapsSDV))


def chosen_models(names: Iterable[str] | None) -> tuple[str, ...]:
    """Check names of families that have a plain SDV; None: all of them.

    Raises
    ------
    ParameterError
        A name is none of them.
    """
    known = wrapped()
    named = known if names is None else tuple(names)
    for name in named:
        if name not in known:
            raise ParameterError(
                f"models: {name!r} has no counterpart in SDV{nearest(name, known)}; choose from "
                f"{', '.join(known)}"
            )
    return named


def same_settings(
    model: str, table: pd.DataFrame, *, epochs: int, threads: int | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give our model parameters and SDV's arguments for the same work.

    It is SDV's own defaults, but for the epochs of the networks, on the processor. The margins of
    categories that SDV codes as numbers are uniform on both sides, since ours always are.

    Parameters
    ----------
    model : str
        A family of `wrapped`.
    table : pandas.DataFrame
        The table that will be learned.
    epochs : int
        Epochs of a network.
    threads : int, optional
        Threads of our networks; our default is one.
    """
    family = get(model)
    arguments = inspect.signature(_plain_class(model)).parameters
    ours: dict[str, Any] = {}
    for parameter in family.parameters:
        if parameter.name in arguments:
            ours[parameter.name] = arguments[parameter.name].default
        elif parameter.name in _AS_SDV_DOES:
            ours[parameter.name] = _AS_SDV_DOES[parameter.name]
    theirs: dict[str, Any] = {}
    if issubclass(family, DeepModel):
        ours |= {"epochs": epochs, "enable_gpu": False}
        if threads is not None:
            ours["threads"] = threads
        theirs = {"epochs": epochs, "enable_gpu": False}
    if "numerical_distributions" in arguments:
        numerical = Schema.detect(table).numerical
        theirs["numerical_distributions"] = dict.fromkeys(numerical, ours["margin"])
    if not issubclass(family, DeepModel):
        theirs["default_distribution"] = "uniform"
    return ours, theirs


def metadata_for(table: pd.DataFrame) -> Any:
    """Let SDV detect what the columns are; a patient table has no keys."""
    from sdv.metadata import Metadata

    return Metadata.detect_from_dataframes({TABLE: table}, infer_keys=None)


def fit_plain(model: str, table: pd.DataFrame, arguments: Mapping[str, Any]) -> Any:
    """Fit SDV's synthesizer; empty arguments are its own defaults."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        synthesizer = _plain_class(model)(metadata_for(table), **arguments)
        synthesizer.fit({TABLE: table})
    return synthesizer


def sample_plain(synthesizer: Any, n: int) -> pd.DataFrame:
    """Draw `n` rows from what `fit_plain` gave."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn: pd.DataFrame = synthesizer.sample(n)[TABLE]
    return drawn


def _plain_class(model: str) -> Any:
    family = get(model)
    assert issubclass(family, WrapsSDV)
    return family.plain()
