"""The process that streams one sample and says how much memory it took: for `_memory`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import synthhealth as sh
from synthhealth.benchmark.overhead_results import Stream

__all__ = ["stream"]


def stream(saved: Path, target: Path, n: int, chunk_size: int) -> Stream:
    """Load a model, stream `n` rows to a file, and measure."""
    synthesizer = sh.load(saved)
    begin = time.perf_counter()
    synthesizer.sample_to(target, n, chunk_size=chunk_size)
    return Stream(rows=n, seconds=time.perf_counter() - begin, peak_mib=peak_memory())


def peak_memory() -> float:
    """Give the largest resident memory of this process so far, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux counts ru_maxrss from the parent that a process was forked from.
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) / 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    model, file, rows, chunk = sys.argv[1:]
    sys.stdout.write(stream(Path(model), Path(file), int(rows), int(chunk)).model_dump_json())
