"""Work in parts, through joblib alone, so that the user's own cluster can take it over."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, TypeVar

from synthhealth.errors import WorkerError
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter

__all__ = ["work_through"]

_log = logging.getLogger("synthhealth.workers")

#: How often work is given out where workers die.
_ATTEMPTS = 2

Job = TypeVar("Job", bound=Hashable)
Result = TypeVar("Result")


def work_through(
    function: Callable[..., Result],
    jobs: Sequence[Job],
    arguments: Callable[[Job], tuple[Any, ...]],
    *,
    n_jobs: int | None,
    task: str,
    unit: str,
    deadline: float | None = None,
    keeps: bool = True,
    on_progress: OnProgress | None = None,
) -> dict[Job, Result]:
    """Do all jobs, and give what each gave.

    Jobs that are not begun by the deadline are missing. Where workers die, what is missing is done
    once more.

    Parameters
    ----------
    function : callable
        Raises nothing: whatever is raised comes of the workers.
    jobs : sequence
        What is to be done, in the order in which it is begun.
    arguments : callable
        Gives what `function` takes for a job, when the job is begun.
    n_jobs : int or None
        Jobs at once; see `joblib.Parallel`.
    task, unit : str
        What the progress is called: ``"compare"`` and ``"fit"``.
    deadline : float or None
        When no job is begun any more, by `time.monotonic`.
    keeps : bool
        Whether Ctrl-C ends with what is finished, if anything is; else it is raised.
    on_progress : callable or None
        Called after each job.

    Raises
    ------
    WorkerError
        Workers died twice.
    """
    from joblib import delayed

    found: dict[Job, Result] = {}
    begin = time.monotonic()

    def waiting() -> Iterator[Any]:
        for number, job in enumerate(jobs):
            if deadline is not None and time.monotonic() >= deadline:
                return
            if job not in found:
                yield delayed(_numbered)(number, function, arguments(job))

    with progress_reporter(task, on_progress) as report:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                for number, result in _parallel(n_jobs)(waiting()):
                    found[jobs[number]] = result
                    elapsed = time.monotonic() - begin
                    report(ProgressEvent(task, len(found), len(jobs), unit, elapsed))
                break
            except KeyboardInterrupt:
                if not found or not keeps:
                    raise
                break
            # Broad, since every engine has errors of its own.
            except Exception as error:
                if attempt == _ATTEMPTS:
                    raise WorkerError(
                        "workers ended before their work was done, twice "
                        f"({type(error).__name__}), most often for want of memory; let fewer work "
                        "at once (n_jobs), or give them more memory"
                    ) from error
                _log.warning("a worker ended before its work was done; what is missing is redone")
    return found


def _numbered(
    number: int, function: Callable[..., Result], arguments: tuple[Any, ...]
) -> tuple[int, Result]:
    return number, function(*arguments)


def _parallel(n_jobs: int | None) -> Any:
    from joblib import Parallel

    # None waits, so that no job is begun long after its arguments said how much time is left.
    settings: dict[str, Any] = {"n_jobs": n_jobs, "batch_size": 1, "pre_dispatch": "n_jobs"}
    try:
        return Parallel(return_as="generator_unordered", **settings)
    except ValueError:  # Ray's backend gives all results at once
        return Parallel(**settings)
