"""The process that fits one family to one large table and says what that took: for `growth`."""

from __future__ import annotations

import sys
import time

import pandas as pd

import synthhealth as sh
from synthhealth.benchmark.growth import GrowthRun
from synthhealth.benchmark.stream import peak_memory
from synthhealth.benchmark.tables import simulate
from synthhealth.report.page import as_html

__all__ = ["grow"]

#: Rows of a first fit that is not measured: it loads modules.
_WARM_UP_ROWS = 200


def grow(model: str, rows: int, columns: int) -> GrowthRun:
    """Fit a family and draw as many rows; *report* judges a table of the same law instead."""
    table = simulate(rows, seed=0, columns=columns)
    run = GrowthRun(model=model, rows=rows, columns=columns)
    if model == "report":
        other = simulate(rows, seed=1, columns=columns)
        begin, cpu = time.perf_counter(), time.process_time()
        as_html(sh.evaluate(table, other).data)
        seconds = {
            "fit_seconds": time.perf_counter() - begin,
            "fit_cpu_seconds": time.process_time() - cpu,
        }
        return run.model_copy(update=seconds | {"peak_mib": peak_memory()})
    _fit(model, table.iloc[:_WARM_UP_ROWS])
    begin, cpu = time.perf_counter(), time.process_time()
    fitted = _fit(model, table)
    ended, cpu_ended = time.perf_counter(), time.process_time()
    fitted_mib = peak_memory()
    fitted.sample(rows)
    return run.model_copy(
        update={
            "fit_seconds": ended - begin,
            "fit_cpu_seconds": cpu_ended - cpu,
            "sample_seconds": time.perf_counter() - ended,
            "fit_mib": fitted_mib,
            "peak_mib": peak_memory(),
        }
    )


def _fit(model: str, table: pd.DataFrame) -> sh.Synthesizer:
    def silent(event: sh.ProgressEvent) -> None:
        pass

    return sh.Synthesizer(model, random_state=0).fit(table, on_progress=silent)


if __name__ == "__main__":
    name, n_rows, n_columns = sys.argv[1:]
    sys.stdout.write(grow(name, int(n_rows), int(n_columns)).model_dump_json())
