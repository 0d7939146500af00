"""What a fit will take, told before it starts: seconds and memory by rows and columns."""

from __future__ import annotations

import json
import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from synthhealth.errors import FitError

__all__ = [
    "Cost",
    "check_memory",
    "expected_cost",
    "features",
    "in_words",
    "machine_memory",
    "time_note",
]

#: Rows beyond which the networks take no more steps, in thousands.
_ENOUGH = 20.0
#: An estimate may be wrong by so much, either way.
FACTOR = 2.0
#: What takes less needs no word.
_SHORT = 300.0


class Cost(NamedTuple):
    """What a fit takes at the defaults, on one thread of a usual processor.

    Attributes
    ----------
    seconds : float
        Processor seconds.
    mib : float
        Largest memory of the process in MiB, table and libraries included.
    """

    seconds: float
    mib: float


def features(rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Give the terms that a cost is a sum of: a start, columns, pairs, rows, cells, rows by pairs.

    What networks do stops growing with the rows at 20,000; the last two terms are of all rows.
    """
    n, some, wide = rows / 1_000, min(rows / 1_000, _ENOUGH), columns / 10
    return np.array(
        [1.0, wide, wide**2, some, some * wide, some * wide**2, n * wide, n * wide**2],
        dtype=np.float64,
    )


@cache
def _costs() -> dict[str, dict[str, list[float]]]:
    text = files("synthhealth.models").joinpath("costs.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, list[float]]] = json.loads(text)
    return found


def expected_cost(family: str, rows: int, columns: int) -> Cost | None:
    """Estimate what a fit takes at the defaults; None for a family that was not measured.

    The estimate is a sum of terms (`features`) fitted to the runs of ``synthhealth benchmark
    --suite speed``. On the machine that they were taken on, it is within a factor of two of each.

    Parameters
    ----------
    family : str
        Its name.
    rows, columns : int
        The size of the table.

    Examples
    --------
    >>> from synthhealth.models.cost import expected_cost
    >>> small, large = expected_cost("trees", 1_000, 20), expected_cost("trees", 1_000_000, 20)
    >>> small.seconds < 5 < large.seconds < 200
    True
    """
    known = _costs().get(family)
    if known is None:
        return None
    terms = features(rows, columns)
    return Cost(*(float(np.array(known[what]) @ terms) for what in Cost._fields))


def check_memory(family: str, rows: int, columns: int) -> None:
    """Refuse a fit that the memory of this machine is too small for, before it starts.

    Raises
    ------
    FitError
        It needs more than there is, even if the estimate is twice too high.
    """
    cost, there = expected_cost(family, rows, columns), machine_memory()
    if cost is None or there is None or cost.mib <= FACTOR * there:
        return
    raise FitError(
        f"{family} would need about {_gib(cost.mib)} of memory for {rows:,} rows and {columns:,} "
        f"columns, and this machine has {_gib(there)}. Learn a random part of the rows "
        "(table.sample(100_000)), leave out columns, or choose a family that needs less "
        "(synthhealth models --rows ROWS --columns COLUMNS)"
    )


def time_note(family: str, rows: int, columns: int) -> str | None:
    """Say how long a fit will take, where that is more than five minutes."""
    cost = expected_cost(family, rows, columns)
    if cost is None or cost.seconds <= _SHORT:
        return None
    return (
        f"{family} will take about {in_words(cost.seconds)} for {rows:,} rows and {columns:,} "
        "columns, by an estimate that may be twice too high or too low"
    )


def in_words(seconds: float) -> str:
    """Give a time as people say it.

    Examples
    --------
    >>> in_words(3.2), in_words(300), in_words(9_000)
    ('3 seconds', '5 minutes', '2.5 hours')
    """
    if seconds < 120:
        return f"{max(round(seconds), 1)} seconds"
    if seconds < 7_200:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3_600:.1f} hours"


def machine_memory() -> float | None:
    """Give the memory that this process may use, in MiB; None where the system does not say."""
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (AttributeError, OSError, ValueError):
        return None
    limit = Path("/sys/fs/cgroup/memory.max")  # of a container
    if limit.exists() and (text := limit.read_text().strip()).isdecimal():
        there = min(there, int(text) / 2**20)
    return there


def _gib(mib: float) -> str:
    return f"{mib / 1_024:.1f} GiB"
