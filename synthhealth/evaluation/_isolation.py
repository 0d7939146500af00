"""Parts of an evaluation that fail by themselves: the report is made all the same."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from synthhealth.errors import SynthHealthError
from synthhealth.evaluation._result_base import NotComputed
from synthhealth.evaluation._threads import one_thread_each
from synthhealth.evaluation._timing import timed

__all__ = ["Task", "attempt", "compute_all", "sort_out"]

Found = TypeVar("Found")
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
