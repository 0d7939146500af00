"""What tests and examples in docstrings share: they do less than users get where that is slow."""

from __future__ import annotations

import pkgutil

import pytest

from synthhealth.evaluation import evaluate

#: What takes most of the time of a fit and of an evaluation, and how little of it is enough.
QUICK = {
    "synthhealth.cli._results.FEWEST_FOLDED": 10**9,  # no further fits
    "synthhealth.evaluation.evaluate.QUESTIONS": tuple(
        question for question in evaluate.QUESTIONS if question.part != "sdmetrics"
    ),
    "synthhealth.evaluation.rows.cases.SHUFFLES": 2,
    "synthhealth.evaluation.rows.classifiers.REPETITIONS": 1,
    "synthhealth.evaluation.utility.compare.MOST_OUTCOMES": 1,
    "synthhealth.evaluation.utility.learners.REPEATS": 1,
    "synthhealth.evaluation.utility.learners.TREES": 10,
}
AS_FOR_USERS = {name: pkgutil.resolve_name(name) for name in QUICK}


def _set(values):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setattr(name, value)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick():
    """Repeat little, screen one outcome, leave SDMetrics out; see `QUICK`."""
    yield from _set(QUICK)


@pytest.fixture
def as_for_users():
    """Do all that users get, in one test."""
    yield from _set(AS_FOR_USERS)


#: Examples in the documentation of benchmarks, which take longer than the suite allows.
_SLOW_EXAMPLES = ("synthhealth/benchmark/",)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the slow examples."""
    for item in items:
        if item.nodeid.startswith(_SLOW_EXAMPLES):
            item.add_marker(pytest.mark.slow)
