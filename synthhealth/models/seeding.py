"""One seed for everything, and no trace of it in the caller's random states."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np

__all__ = ["derive_seed", "seeded"]

# SDV draws from the global generators, so only one fit or sample may own them at a time.
_GLOBAL_STATE = threading.RLock()


def derive_seed(seed: int, *path: int) -> int:
    """Derive an independent 32-bit seed for one part of the work (numpy's SeedSequence)."""
    return int(np.random.SeedSequence(entropy=seed, spawn_key=path).generate_state(1)[0])


@contextmanager
def seeded(seed: int, *, threads: int = 1, with_torch: bool = True) -> Iterator[None]:
    """Seed the global generators of Python, numpy and torch; put them back afterwards.

    The number of threads is part of what a seed means, since the order of additions depends on it:
    without it, a machine with more cores would give other bytes. One thread is also the fastest for
    small networks, above all on a busy machine. Worker processes would not share the generators.
    Who needs no network says so, since torch alone takes seconds to import.
    """
    import joblib
    from threadpoolctl import threadpool_limits

    with _GLOBAL_STATE:
        python_state = random.getstate()
        numpy_state = np.random.get_state()
        try:
            random.seed(seed)
            np.random.seed(seed)
            with (
                _torch_seeded(seed, threads) if with_torch else nullcontext(),
                threadpool_limits(1),
                joblib.parallel_config(backend="sequential"),
            ):
                yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)


@contextmanager
def _torch_seeded(seed: int, threads: int) -> Iterator[None]:
    import torch

    state = torch.get_rng_state()
    threads_before = torch.get_num_threads()
    dtype = torch.get_default_dtype()
    gpu_states = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    try:
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        torch.set_default_dtype(torch.float32)
        yield
    finally:
        torch.set_rng_state(state)
        torch.set_num_threads(threads_before)
        torch.set_default_dtype(dtype)
        if gpu_states:
            torch.cuda.set_rng_state_all(gpu_states)
