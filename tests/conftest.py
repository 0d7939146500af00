"""What all rooms' tests share."""

from __future__ import annotations

import pkgutil
import signal

import pandas as pd
import pytest
from hypothesis import settings

from synthhealth.datasets import find_data_root, load_folder, load_ra_panel
from synthhealth.evaluation import evaluate

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


#: What takes two thirds of the time of a fit and of an evaluation.
SLOW_PARTS = (
    "synthhealth.evaluation.utility.compare.MOST_OUTCOMES",
    "synthhealth.models._margins._CANDIDATES",
    "synthhealth.evaluation.evaluate.QUESTIONS",
)
AS_FOR_USERS = {name: pkgutil.resolve_name(name) for name in SLOW_PARTS}
QUICK = dict(
    zip(
        SLOW_PARTS,
        (1, ("norm",), tuple(q for q in evaluate.QUESTIONS if q.part != "sdmetrics")),
        strict=True,
    )
)


def _set(values):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setattr(name, value)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick():
    """Screen one outcome, try one margin and leave SDMetrics out, where nobody asks for more."""
    yield from _set(QUICK)


@pytest.fixture(scope="module")
def as_for_users():
    """Do all that users get."""
    yield from _set(AS_FOR_USERS)


#: Examples in the documentation of benchmarks, which take longer than the suite allows.
_SLOW_EXAMPLES = ("synthhealth/benchmark/",)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if item.nodeid.startswith(_SLOW_EXAMPLES):
            item.add_marker(pytest.mark.slow)
