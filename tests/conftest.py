"""What all rooms' tests share."""

from __future__ import annotations

import signal

import pandas as pd
import pytest
from hypothesis import settings

from synthhealth.datasets import find_data_root, load_folder, load_ra_panel

# Where the suite runs as a background job, Ctrl-C is ignored, and by its child processes too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples at each run, so that a change is judged by what it changed. New ones are hunted
# with `pytest --hypothesis-profile=default`.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")


@pytest.fixture(scope="session")
def cohort() -> pd.DataFrame:
    """The demo cohort; tests must not change it."""
    return load_ra_panel()


@pytest.fixture(scope="session")
def clinical():
    """Load a real clinical table by its name, or skip."""
    root = find_data_root()

    def load(name: str) -> pd.DataFrame:
        if root is None or not (root / name).is_dir():
            pytest.skip(f"the public table {name!r} is not here (set SYNTHHEALTH_DATA)")
        return load_folder(root / name)

    return load
