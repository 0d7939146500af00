"""Timing two ways of doing the same work, in turns, so that both meet the same machine."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from synthhealth.benchmark.results import Comparison, Times

__all__ = ["alternate", "pinned", "watch"]

Work = Callable[[], object]


def alternate(
    work: str, ours: Work, theirs: Work, *, repeats: int, limit: float, done: Callable[[], None]
) -> Comparison:
    """Run ours, theirs, ours, theirs, ... and collect their times.

    Parameters
    ----------
    work : str
        What both do, in words.
    ours, theirs : callable
        The two ways; what they return is dropped.
    repeats : int
        Runs of each.
    limit : float
        The largest allowed ratio of the medians.
    done : callable
        Called after each pair of runs.
    """
    seconds: dict[Work, list[tuple[float, float]]] = {ours: [], theirs: []}
    for _ in range(repeats):
        for side in (ours, theirs):
            seconds[side].append(watch(side))
        done()
    return Comparison(
        work=work, ours=_times(seconds[ours]), theirs=_times(seconds[theirs]), limit=limit
    )


def watch(work: Work) -> tuple[float, float]:
    """Run once; give seconds by the clock and of processor time."""
    gc.collect()  # not the garbage of the run before
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


@contextmanager
def pinned(threads: int | None) -> Iterator[None]:
    """Give the work this many processor threads; None leaves all as a user meets it."""
    if threads is None:
        yield
        return
    import torch
    from threadpoolctl import threadpool_limits

    torch_threads, processes = torch.get_num_threads(), os.environ.get(_JOBLIB_PROCESSES)
    torch.set_num_threads(threads)
    # ctgan asks joblib for all processors there are.
    os.environ[_JOBLIB_PROCESSES] = str(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_num_threads(torch_threads)
        if processes is None:
            del os.environ[_JOBLIB_PROCESSES]
        else:
            os.environ[_JOBLIB_PROCESSES] = processes


_JOBLIB_PROCESSES = "LOKY_MAX_CPU_COUNT"


def _times(runs: list[tuple[float, float]]) -> Times:
    wall, cpu = zip(*runs, strict=True)
    return Times(wall=wall, cpu=cpu)
