from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from synthhealth.benchmark import Overhead, measure_overhead
from synthhealth.benchmark.clock import alternate, pinned
from synthhealth.benchmark.overhead_results import Memory, Startup, Stream
from synthhealth.benchmark.results import Comparison, Machine, Times
from synthhealth.errors import FileError, ParameterError
from synthhealth.progress import ProgressEvent

pytestmark = pytest.mark.slow


def times(*wall: float) -> Times:
    return Times(wall=wall, cpu=tuple(2 * seconds for seconds in wall))


def test_both_sides_run_in_turns() -> None:
    order: list[str] = []

    compared = alternate(
        "work",
        lambda: order.append("ours"),
        lambda: order.append("theirs"),
        repeats=3,
        limit=1.05,
        done=lambda: order.append("done"),
    )

    assert order == ["ours", "theirs", "done"] * 3
    assert len(compared.ours.wall) == len(compared.theirs.cpu) == 3


def test_the_ratio_is_of_medians() -> None:
    compared = Comparison(work="w", ours=times(1, 2, 90), theirs=times(4, 4, 4), limit=1.05)

    assert compared.ratio == 0.5
    assert compared.cpu_ratio == 0.5


def test_pinned_threads_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    import joblib
    import torch

    monkeypatch.delenv("LOKY_MAX_CPU_COUNT", raising=False)
    before, cpus = torch.get_num_threads(), joblib.cpu_count()
    with pinned(1):
        assert (torch.get_num_threads(), joblib.cpu_count()) == (1, 1)
    assert (torch.get_num_threads(), joblib.cpu_count()) == (before, cpus)
    with pinned(None):
        assert torch.get_num_threads() == before


def test_fits_are_compared(cohort: pd.DataFrame) -> None:
    events: list[ProgressEvent] = []

    result = measure_overhead(
        cohort,
        rows=150,
        models=["gaussian_copula"],
        repeats=2,
        threads=1,
        parts=["fit"],
        on_progress=events.append,
    )

    assert (result.rows, result.columns, result.threads) == (150, 5, 1)
    assert (result.startup, result.reports, result.memory) == (None, (), ())
    (fit,) = result.fits
    assert len(fit.ours.wall) == len(fit.theirs.wall) == 2
    assert fit.ratio > 0
    assert "| gaussian_copula: fit + sample |" in result.to_markdown()
    assert [(event.done, event.total) for event in events] == [(1, 2), (2, 2)]
    assert Overhead.model_validate_json(result.model_dump_json()) == result


def test_reports_are_compared(cohort: pd.DataFrame) -> None:
    result = measure_overhead(cohort, models=["gaussian_copula"], repeats=1, parts=["report"])

    assert result.fits == ()
    scores, whole = result.reports
    assert "evaluate_quality" in scores.work
    assert scores.limit == 2.0
    assert "evaluate_quality + run_diagnostic" in whole.work
    assert whole.limit == 3.0
    assert "the whole default report" in result.to_markdown()


def test_start_and_memory_are_measured_in_new_processes(
    cohort: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthhealth.benchmark.overhead.STARTS", 1)

    result = measure_overhead(
        cohort,
        models=["gaussian_copula"],
        parts=["start", "memory"],
        streamed=[400],
        chunk_size=200,
    )

    assert result.startup is not None
    assert result.startup.loaded == ()
    assert len(result.startup.imports) == len(result.startup.helps) == 1
    (memory,) = result.memory
    (stream,) = memory.streams
    assert stream.rows == 400
    assert 50 < stream.peak_mib < 4_000
    assert "400 rows, chunks of 200" in result.to_markdown()


def test_the_peak_is_the_childs_own() -> None:
    # A process that holds 300 MiB must not lend them to the figures of its child.
    code = """
import subprocess, sys
held = bytearray(300 * 2**20)
child = "from synthhealth.benchmark.stream import peak_memory; print(peak_memory())"
print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout)
"""
    alone = "from synthhealth.benchmark.stream import peak_memory; print(peak_memory())"
    peaks = [
        float(
            subprocess.run(
                [sys.executable, "-c", program], capture_output=True, text=True, check=True
            ).stdout
        )
        for program in (code, alone)
    ]
    assert abs(peaks[0] - peaks[1]) < 50


def test_figures_stand_beside_their_limits() -> None:
    result = Overhead(
        machine=Machine.here(),
        rows=1_000,
        columns=15,
        epochs=1,
        threads=None,
        startup=Startup(bare=(0.02,), imports=(0.31,), loaded=("torch",), helps=(0.4,)),
        fits=(Comparison(work="slow", ours=times(3), theirs=times(2), limit=1.05),),
        reports=(Comparison(work="quick", ours=times(3), theirs=times(2), limit=2.0),),
        memory=(
            Memory(
                model="tvae",
                chunk_size=10,
                streams=(
                    Stream(rows=20, seconds=1.0, peak_mib=100.0),
                    Stream(rows=90, seconds=1.0, peak_mib=150.0),
                ),
            ),
        ),
    )

    lines = result.to_markdown().splitlines()

    def line(word: str) -> str:
        return next(line for line in lines if word in line)

    assert "0.310 | 0.2 | exceeded" in line("import synthhealth")
    assert "0.400 | 0.5 | kept" in line("--help")
    assert "loaded by the import: torch" in line("Heavy")
    assert "1.500 | 1.05 | exceeded" in line("slow")
    assert "1.500 | 2.00 | kept" in line("quick")
    assert "1.500 | exceeded" in line("90 rows")
    assert "each side's own default" in line("Threads")


def test_an_unknown_part_is_refused(cohort: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match="parts: html unknown; choose from start, fit"):
        measure_overhead(cohort, parts=["html"])


@pytest.mark.usefixtures("no_data")
def test_without_the_adult_table_it_says_how_to_name_it() -> None:
    with pytest.raises(FileError, match=r"'adult'.*SYNTHHEALTH_DATA"):
        measure_overhead()


def test_importing_the_benchmark_is_light(tmp_path: Path) -> None:
    code = (
        "import sys; import synthhealth.benchmark.verbs; "
        "print([name for name in ('torch', 'sdv', 'pandas', 'scipy') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
