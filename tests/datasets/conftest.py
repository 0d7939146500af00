from __future__ import annotations

from pathlib import Path

import pytest

from synthhealth.datasets import find_data_root


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of the public tables; the test is skipped where they are not at hand."""
    root = find_data_root(Path(__file__).parent)
    if root is None:
        pytest.skip("the public tables are not here: name their folder in SYNTHHEALTH_DATA")
    return root
