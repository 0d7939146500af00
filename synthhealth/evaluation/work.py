"""How the parts of an evaluation are computed: seeds, threads, times, and parts that fail alone."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from numbers import Integral
from typing import TypeVar

import numpy as np

from synthhealth.errors import ParameterError, SynthHealthError
from synthhealth.evaluation.figures import NotComputed

__all__ = [
    "TIMES",
    "Seeds",
    "attempt",
    "compute",
    "compute_all",
    "one_thread",
    "one_thread_each",
    "sort_out",
    "timed",
]


@dataclass(frozen=True)
class Seeds:
    """Generators by purpose: each is the same whatever else is computed, and in any order."""

    entropy: int

    @classmethod
    def of(cls, random_state: int | None) -> Seeds:
        """Check a user's seed; None takes a fresh one.

        Raises
        ------
        ParameterError
            It is neither a whole number of at least 0 nor None.
        """
        if random_state is None:
            return cls(int(np.random.default_rng().integers(2**63)))
        if isinstance(random_state, bool) or not isinstance(random_state, Integral):
            raise ParameterError(
                f"random_state is of type {type(random_state).__name__}; "
                "give a whole number or None"
            )
        if random_state < 0:
            raise ParameterError(f"random_state is {random_state}; give a number of at least 0")
        return cls(int(random_state))

    def rng(self, purpose: str) -> np.random.Generator:
        """Give the generator of one purpose."""
        return np.random.default_rng([self.entropy, zlib.crc32(purpose.encode())])


#: Libraries with threads of their own, which can be limited once they are loaded.
_THREADED = ("sklearn.ensemble", "sklearn.linear_model", "sklearn.neighbors")


@contextmanager
def one_thread() -> Iterator[None]:
    """Let libraries compute on one thread, and load them before several parts of ours do."""
    from threadpoolctl import threadpool_limits

    for name in _THREADED:
        import_module(name)
    with threadpool_limits(1):
        yield


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Do the same in a thread of ours: OpenMP, unlike BLAS, counts for each thread by itself."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="openmp"):
        yield


Found = TypeVar("Found")

#: The logger's name.
TIMES = "synthhealth.evaluation.time"

times = logging.getLogger(TIMES)


def timed(part: str, compute: Callable[[], Found]) -> Found:
    """Give what a part computes, and log its name and seconds."""
    begin = time.perf_counter()
    found = compute()
    times.debug("%s: %.3f s", part, time.perf_counter() - begin)
    return found


logger = logging.getLogger("synthhealth.evaluation")


def attempt(
    what: str, compute: Callable[[], Found], *, column: str | None = None
) -> Found | NotComputed:
    """Give what is computed or, if that fails, the reason.

    Parameters
    ----------
    what : str
        What is computed, in words.
    compute : callable
        Computes it.
    column : str, optional
        The column concerned.
    """
    try:
        return compute()
    except SynthHealthError as error:
        reason = str(error)
    # A figure that trips over a table nobody foresaw must not cost the user all others. Its
    # message is left out: libraries quote the cell that they stumble over.
    except Exception as error:
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        place = "" if where is None else f" in {where.tb_frame.f_code.co_name}"
        logger.warning("%s could not be computed: %s%s", what, type(error).__name__, place)
        reason = (
            f"an unexpected {type(error).__name__}{place}; please report it with the schema, "
            "never with the table"
        )
    return NotComputed(what=what, column=column, reason=reason)


def sort_out(results: Sequence[Found | NotComputed]) -> tuple[list[Found], list[NotComputed]]:
    """Part what was found from the reasons why the rest was not."""
    found = [result for result in results if not isinstance(result, NotComputed)]
    return found, [result for result in results if isinstance(result, NotComputed)]


def compute_all(works: Sequence[tuple[str, Callable[[], Found]]]) -> list[Found | NotComputed]:
    """Compute all that is given, each with a name, by joblib: one on each processor by default.

    All have seeds of their own, so that their order and number at a time change no figure. The
    longest come first, so that none is left to one processor at the end.
    """
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=-1, prefer="threads")
    found: list[Found | NotComputed] = parallel(delayed(compute)(*work) for work in works)
    return found


def compute(what: str, work: Callable[[], Found]) -> Found | NotComputed:
    """Compute one thing, on one thread, or give the reason why it failed."""
    with one_thread_each():
        return timed(what, lambda: attempt(what, work))
