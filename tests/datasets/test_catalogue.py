from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest

from synthhealth import datasets


@pytest.mark.parametrize("dataset", datasets.available(), ids=lambda dataset: dataset.name)
def test_describes_what_its_loader_gives(dataset: datasets.Dataset) -> None:
    table = getattr(datasets, dataset.loader)()
    assert table.shape == (dataset.rows, dataset.columns)
    assert "units" in table.attrs
    assert dataset.description
    assert dataset.source


def test_names_are_unique() -> None:
    names = [dataset.name for dataset in datasets.available()]
    assert len(set(names)) == len(names)


def test_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        datasets.available()[0].rows = 1  # type: ignore[misc]


def test_every_public_name_is_there() -> None:
    for name in datasets.__all__:
        assert getattr(datasets, name).__doc__
    assert dir(datasets) == sorted(datasets.__all__)
    with pytest.raises(AttributeError, match="no attribute 'load_nothing'"):
        _ = datasets.load_nothing


def test_listing_imports_nothing_heavy() -> None:
    program = (
        "import sys; from synthhealth import datasets; datasets.available(); "
        "heavy = {'numpy', 'pandas', 'scipy', 'sklearn', 'torch', 'sdv'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    path = os.pathsep.join(sys.path)
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
