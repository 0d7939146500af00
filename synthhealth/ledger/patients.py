"""Patients and columns as keyed hashes, by which a later table is compared with an earlier one."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from synthhealth.artifact.digest import canonical_cells
from synthhealth.ledger.file import HASH_BYTES, Hashes, keyed
from synthhealth.schema import Schema
from synthhealth.schema.subjects import subjects_of

__all__ = ["hashes_of", "names_of"]


def hashes_of(table: pd.DataFrame, schema: Schema, names: Sequence[str], key: bytes) -> Hashes:
    """Give a keyed hash of each patient's rows, in order of size."""
    # By the hashes of their names, so that the order of columns does not count.
    names = sorted(names, key=lambda name: keyed(key, "name", str(name).encode()))
    cells = [canonical_cells(table[name]) for name in names]
    rows = ["\n".join(row) for row in zip(*cells, strict=True)]
    subjects = subjects_of(table, schema)
    if subjects is not None:
        together: dict[int, list[str]] = {}
        for subject, row in zip(subjects.tolist(), rows, strict=True):
            together.setdefault(subject, []).append(row)
        rows = ["\n\n".join(sorted(some)) for some in together.values()]
    # Patients of the same values are told apart, or the ledger would show that there are any.
    seen: Counter[str] = Counter()
    found = np.empty(len(rows), dtype=np.uint64)
    for place, row in enumerate(rows):
        seen[row] += 1
        message = f"patient {seen[row]}\n{row}".encode("utf-8", "surrogatepass")
        digest = hmac.digest(key, message, hashlib.sha256)
        found[place] = int.from_bytes(digest[:HASH_BYTES], "little")
    return np.unique(found)


def names_of(table: pd.DataFrame, key: bytes) -> dict[str, str]:
    """Give the columns by the keyed hashes of their names, which may be a patient's values."""
    return {keyed(key, "name", str(name).encode()): name for name in table.columns}
