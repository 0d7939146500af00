"""What all rooms' tests share."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from functools import cache

import pandas as pd
import pytest
import typer.testing
from hypothesis import settings

from synthhealth.datasets import find_data_root, load_folder, load_ra_panel
from synthhealth.table.encoding import TableForm

# Where the suite runs as a background job, Ctrl-C is ignored, and by its child processes too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same hundred examples at each run, so that a change is judged by what it changed; tests whose
# examples take long say that they try fewer. New ones, and ten times as many, are hunted with
# `pytest --hypothesis-profile=hunt`.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("hunt", max_examples=1_000, deadline=None)
settings.load_profile("same")


@pytest.fixture(scope="session", autouse=True)
def one_command_line() -> Iterator[None]:
    """Build the command line once, not at each call: it is the same, and takes most of many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.testing._get_command))
        yield


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


@pytest.fixture(scope="session")
def unlimited():
    """Give a table's form without its limits, beyond which nothing is written as it was."""

    def widened(form: TableForm) -> TableForm:
        ends = {"low": -1e30, "high": 1e30, "low_is_floor": False, "high_is_ceiling": False}
        columns = [
            column.model_copy(update=ends if column.kind.is_numerical else {})
            for column in form.columns
        ]
        return form.model_copy(update={"columns": tuple(columns)})

    return widened
