"""What differs between two saved forms of one synthesizer, in words without any value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from synthhealth.artifact.container import ARRAYS, MODEL, PREPARATION
from synthhealth.artifact.manifest import Manifest, platform_here, versions_here
from synthhealth.artifact.plain import parse_json, read_arrays

__all__ = [
    "Difference",
    "differences_from_here",
    "explanation",
    "members_in_words",
    "other_dtypes",
]

#: What reads and writes the file, or only learns, cannot change what a saved model draws.
_NOT_IN_SAMPLING = frozenset({"scikit-learn", "safetensors", "pydantic", "GPU"})

#: What only networks are computed with.
_NETWORKS = frozenset({"torch", "ctgan", "GPU"})

_MOST_NAMED = 5


class Difference(BaseModel):
    """A version or a part of the platform that is another one than where the file was saved."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    what: str
    """A package, or ``Python``, ``system``, ``machine``, ``vector instructions``, ``GPU``."""
    saved: str | None
    """What it was where the file was saved; None if there was none."""
    here: str | None
    """What it is here; None if there is none."""

    def __str__(self) -> str:
        return f"{self.what} {self.saved or 'none'} -> {self.here or 'none'}"


def differences_from_here(manifest: Manifest) -> tuple[Difference, ...]:
    """Compare where a file was saved with where this process runs."""
    then = _named(manifest)
    here = _named(
        manifest.model_copy(
            update={
                "versions": versions_here(manifest.model),
                "platform": platform_here(uses_gpu=_is_network(manifest)),
            }
        )
    )
    return tuple(
        Difference(what=what, saved=then.get(what), here=here.get(what))
        for what in dict.fromkeys((*then, *here))
        if then.get(what) != here.get(what)
    )


def explanation(
    differences: Iterable[Difference], manifest: Manifest, *, sampling: bool, otherwise: str
) -> str:
    """Say which differences of version or platform can explain a mismatch.

    Parameters
    ----------
    differences : iterable of Difference
        All that there are.
    manifest : Manifest
        Of the file.
    sampling : bool
        Whether it was only sampled; else it was fitted, too.
    otherwise : str
        What explains the mismatch if nothing does.
    """
    out_of_question = (_NOT_IN_SAMPLING if sampling else frozenset()) | (
        frozenset() if _is_network(manifest) else _NETWORKS
    )
    suspects = [str(one) for one in differences if one.what not in out_of_question]
    if suspects:
        return f"this may explain it (saved -> here): {', '.join(suspects)}"
    return f"no difference of version or platform explains it: {otherwise}"


def members_in_words(saved: Mapping[str, bytes], again: Mapping[str, bytes]) -> str | None:
    """Say where two sets of members differ; None if they are the same bytes."""
    words = [
        _WORDS[name](saved[name], again[name])
        for name in (PREPARATION, MODEL, ARRAYS)
        if saved[name] != again[name]
    ]
    return "; ".join(words) if words else None


def _named(manifest: Manifest) -> dict[str, str | None]:
    platform = manifest.platform
    return {
        **manifest.versions,
        "Python": f"{platform.implementation} {platform.python}",
        "system": platform.system,
        "machine": platform.machine,
        "vector instructions": platform.instructions,
        "GPU": platform.gpu,
    }


def _is_network(manifest: Manifest) -> bool:
    # The parameter that every family with a network has, and no other.
    return "enable_gpu" in manifest.settings


def other_dtypes(saved: Mapping[str, bytes], again: Mapping[str, bytes]) -> str | None:
    """Say which columns came in other dtypes, which alone makes another fit; None if none did."""
    before = parse_json(saved[PREPARATION], PREPARATION)["dtypes"]
    after = parse_json(again[PREPARATION], PREPARATION)["dtypes"]
    columns = [name for name in before if before[name] != after.get(name, before[name])]
    if not columns:
        return None
    return (
        f"the dtypes of {_list(columns)} are others than those learned, as happens where a table "
        "comes by another file or reader; give it as it was given to the fit"
    )


def _preparation_in_words(saved: bytes, again: bytes) -> str:
    one, other = parse_json(saved, PREPARATION), parse_json(again, PREPARATION)
    return f"{PREPARATION} differs in {_list(_changed_keys(one, other))}"


def _model_in_words(saved: bytes, again: bytes) -> str:
    one, other = parse_json(saved, MODEL), parse_json(again, MODEL)
    return f"{MODEL} differs in {_list(_changed_keys(one, other))}"


def _arrays_in_words(saved: bytes, again: bytes) -> str:
    one, other = read_arrays(saved), read_arrays(again)
    names = [name for name in one if name in other and one[name].shape == other[name].shape]
    if len(names) < len(one) or len(one) < len(other):
        return f"{ARRAYS} has other arrays"
    n_changed = sum(not np.array_equal(one[name], other[name]) for name in names)
    gap = max((_gap(one[name], other[name]) for name in names), default=0.0)
    return f"{n_changed} of {len(names)} arrays differ, by at most {gap:.1g} of their largest value"


def _gap(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    if not one.size:
        return 0.0
    distance = np.abs(one.astype(np.float64) - other.astype(np.float64)).max()
    scale = np.abs(one.astype(np.float64)).max()
    return float(distance / scale) if scale else float(distance)


def _changed_keys(one: Any, other: Any) -> list[str]:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return ["its form"]
    keys = dict.fromkeys((*one, *other))
    return [key for key in keys if one.get(key) != other.get(key)] or ["how it is written"]


def _list(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return shown + more


_WORDS = {PREPARATION: _preparation_in_words, MODEL: _model_in_words, ARRAYS: _arrays_in_words}
