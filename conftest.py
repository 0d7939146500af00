"""What tests and examples in docstrings share: they do less than users get where that is slow."""

from __future__ import annotations

import pkgutil

import pytest

from synthhealth.evaluation import evaluate

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
    """Mark the slow examples."""
    for item in items:
        if item.nodeid.startswith(_SLOW_EXAMPLES):
            item.add_marker(pytest.mark.slow)
