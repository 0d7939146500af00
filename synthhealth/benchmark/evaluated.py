"""The process that evaluates one table and says what that took: for `_evaluation`."""

from __future__ import annotations

import logging
import sys
import time

import numpy as np
import pandas as pd

from synthhealth.benchmark.evaluation import TableCost
from synthhealth.benchmark.stream import peak_memory
from synthhealth.benchmark.tables import load_adult, simulate
from synthhealth.datasets import load_ra_panel
from synthhealth.evaluation.work import TIMES, timed
from synthhealth.report import evaluate
from synthhealth.report.page import as_html

__all__ = ["cost_of"]

_DEMO_ROWS = 1_000
#: Rows of the first, unmeasured run, which loads modules.
_WARM_UP_ROWS = 200


def cost_of(name: str, rows: int, repeats: int) -> TableCost:
    """Evaluate the two tables `repeats` times."""
    real, synthetic = _tables(name, rows)
    watch = _Stopwatch()
    logger = logging.getLogger(TIMES)
    _report(real.iloc[:_WARM_UP_ROWS], synthetic.iloc[:_WARM_UP_ROWS])
    logger.addHandler(watch)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    whole = []
    for _ in range(repeats):
        begin = time.perf_counter()
        _report(real, synthetic)
        whole.append(time.perf_counter() - begin)
    logger.removeHandler(watch)
    return TableCost(
        table=name,
        n_real=len(real),
        n_synthetic=len(synthetic),
        columns=real.shape[1],
        whole=tuple(whole),
        parts={part: tuple(seconds) for part, seconds in watch.seconds.items()},
        peak_mib=peak_memory(),
    )


class _Stopwatch(logging.Handler):
    """Keeps the seconds that are logged, by part."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: dict[str, list[float]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple):
            part, seconds = record.args
            self.seconds.setdefault(str(part), []).append(float(str(seconds)))


def _report(real: pd.DataFrame, synthetic: pd.DataFrame) -> None:
    data = evaluate(real, synthetic).data
    timed("page", lambda: as_html(data))


def _tables(name: str, rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    if name == "demo":
        return load_ra_panel(), load_ra_panel(n=_DEMO_ROWS, random_state=1)
    if name == "large":
        return simulate(rows, seed=0), simulate(rows, seed=1)
    table = load_adult()
    rng = np.random.default_rng(0)
    shuffled = {
        column: values.iloc[rng.permutation(len(table))].to_numpy()
        for column, values in table.items()
    }
    return table, pd.DataFrame(shuffled)


if __name__ == "__main__":
    table, size, runs = sys.argv[1:]
    sys.stdout.write(cost_of(table, int(size), int(runs)).model_dump_json())
