"""Arithmetic on one thread, so that figures do not depend on the machine's processors.

The order of additions depends on the number of threads. One is the fastest, too, for matrices as
small as these: on a busy machine OpenMP's threads wait for each other hundreds of times longer
than they work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

__all__ = ["one_thread", "one_thread_each"]

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
