"""Work in parts: workers that die, a deadline, and engines that are not joblib's own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError

from synthhealth import workers
from synthhealth.errors import WorkerError

TOLD = {"task": "square", "unit": "number"}


def square(number: int) -> int:
    return number * number


def die_once(number: int, file: str) -> int:
    """End the worker at the first call of all."""
    if number == 3 and not os.path.exists(file):
        open(file, "w").close()
        time.sleep(0.2)
        os._exit(1)
    return number * number


def test_work_of_a_worker_that_died_is_done_again(tmp_path) -> None:
    file = str(tmp_path / "died")
    found = workers.work_through(
        die_once, range(6), lambda number: (number, file), n_jobs=2, **TOLD
    )
    assert (tmp_path / "died").exists()
    assert found == {number: square(number) for number in range(6)}


def test_workers_that_die_twice_are_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def parallel(n_jobs: int | None) -> Callable[[Iterable[object]], list[object]]:
        def work(jobs: Iterable[object]) -> list[object]:
            raise TerminatedWorkerError("a worker was killed")

        return work

    monkeypatch.setattr(workers, "_parallel", parallel)
    with pytest.raises(WorkerError, match=r"twice \(TerminatedWorkerError\), most often"):
        workers.work_through(square, range(3), lambda number: (number,), n_jobs=2, **TOLD)


def test_no_work_is_begun_after_the_deadline() -> None:
    begun: list[int] = []

    def arguments(number: int) -> tuple[int]:
        begun.append(number)
        time.sleep(0.05)
        return (number,)

    found = workers.work_through(
        square, range(100), arguments, n_jobs=1, deadline=time.monotonic() + 0.2, **TOLD
    )
    assert 0 < len(found) == len(begun) < 100


def test_a_cluster_that_gives_all_at_once_will_do() -> None:
    import joblib

    with joblib.parallel_config(backend="multiprocessing", n_jobs=1):
        found = workers.work_through(
            square, range(4), lambda number: (number,), n_jobs=None, **TOLD
        )
    assert found == {number: square(number) for number in range(4)}
