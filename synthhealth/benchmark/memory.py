"""The memory of streamed samples: each one drawn in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from synthhealth.benchmark.overhead_results import Memory, Stream
from synthhealth.io import scratch_folder

if TYPE_CHECKING:
    from synthhealth.synthesizer import Synthesizer

__all__ = ["measure_memory"]


def measure_memory(
    synthesizer: Synthesizer,
    *,
    rows: Sequence[int],
    chunk_size: int,
    done: Callable[[], None],
) -> Memory:
    """Load the model in a new process per number of rows, and stream them to Parquet there.

    Parameters
    ----------
    synthesizer : Synthesizer
        A fitted one.
    rows : sequence of int
        Sizes of the samples.
    chunk_size : int
        Rows held at once; at most the smallest size, so that all hold as many.
    done : callable
        Called after each size.
    """
    streams: list[Stream] = []
    with scratch_folder() as folder:
        saved = synthesizer.save(folder / "model.synth")
        for n in rows:
            target = folder / f"{n}.parquet"
            ended = subprocess.run(
                [sys.executable, "-m", _CHILD, str(saved), str(target), str(n), str(chunk_size)],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            streams.append(Stream.model_validate_json(ended.stdout))
            target.unlink()
            done()
    return Memory(model=synthesizer.model, chunk_size=chunk_size, streams=tuple(streams))


_CHILD = "synthhealth.benchmark.stream"
