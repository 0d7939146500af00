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
from typing import Any, Generic, TypeVar

import numpy as np

from synthhealth.errors import ParameterError, SynthHealthError
from synthhealth.evaluation.figures import NotComputed

__all__ = [
    "TIMES",
    "Seeds",
    "Task",
    "attempt",
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


#: What a task found, and why something is lacking.
Outcome = tuple[Found, tuple[NotComputed, ...]]

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


@dataclass
class Task(Generic[Found]):
    """A part of an evaluation that needs no other.

    Attributes
    ----------
    what : str
        What it computes, in words.
    compute : callable
        Computes it, and gives the reasons for what is lacking.
    found : object or None
        What it computed; None where it failed or was not asked for.
    not_computed : tuple of NotComputed
        Why something is lacking.
    """

    what: str
    compute: Callable[[], Outcome[Found]]
    found: Found | None = None
    not_computed: tuple[NotComputed, ...] = ()

    def run(self) -> None:
        """Compute it here and now."""
        self.take(_compute(self.what, self.compute))

    def take(self, result: Outcome[Found] | NotComputed) -> None:
        """Keep what came out."""
        if isinstance(result, NotComputed):
            self.not_computed = (result,)
        else:
            self.found, self.not_computed = result


def compute_all(tasks: Sequence[Task[Any]]) -> None:
    """Compute all tasks by joblib, one on each processor unless its configuration says otherwise.

    Every task has its own seeds, so that their order and number at a time change no figure.
    """
    from joblib import Parallel, delayed

    work = Parallel(n_jobs=-1, prefer="threads")
    results = work(delayed(_compute)(task.what, task.compute) for task in tasks)
    for task, result in zip(tasks, results, strict=True):
        task.take(result)


def _compute(what: str, compute: Callable[[], Outcome[Found]]) -> Outcome[Found] | NotComputed:
    with one_thread_each():
        return timed(what, lambda: attempt(what, compute))
