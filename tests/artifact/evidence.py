"""What the tests of manifests, signatures and verifications share."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors.numpy import load, save
from synth_files import FAMILIES, members_of, with_digests, write

import synthhealth as sh

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))


def small_table() -> pd.DataFrame:
    """A table that is learned in no time."""
    return sh.datasets.load_ra_panel()[["age", "sex", "esr", "alt"]]


@cache
def fitted(family: str) -> sh.Synthesizer:
    """Give a synthesizer of the small table; tests must not change it."""
    return sh.Synthesizer(family, random_state=0, **FAMILIES[family]).fit(small_table())


def manifest_of(path: Path) -> dict[str, Any]:
    return json.loads(members_of(path)["manifest.json"])


def forge(path: Path, name: str, change: Callable[[Any], object], *, right: bool = True) -> None:
    """Change a member of a file in place, and make the digests right again, or leave them."""
    members = members_of(path)
    if name == "arrays.safetensors":
        content = {key: array.copy() for key, array in load(members[name]).items()}
        change(content)
        members[name] = save(content)
    else:
        content = json.loads(members[name])
        change(content)
        members[name] = json.dumps(content).encode()
    write(path, with_digests(members) if right else members)
