"""Every example runs as it is, in a process and a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

#: Those that train networks or many models, or draw many rows.
SLOW = {
    *("02_compare_models.py", "04_augmentation.py", "05_large_sample.py", "06_your_own_model.py"),
    *("03_conditional_sampling.py", "07_clinical_schema.py", "08_saved_model.py", "09_judging.py"),
}

#: A line that each must end up printing, so that an example cannot pass by doing nothing.
PRINTED = {
    "01_quickstart.py": "the same rows: True",
    "02_compare_models.py": "each held out once",
    "03_conditional_sampling.py": "ConditionError: conditions: the table has no column",
    "04_augmentation.py": "real + repeated",
    "05_large_sample.py": "200,000 rows",
    "06_your_own_model.py": "all promises kept",
    "07_clinical_schema.py": "rows that break the rule: 0",
    "08_saved_model.py": "traces in our files: 0",
    "09_judging.py": "Run 4: unknown model",
}


def test_all_examples_are_tested():
    assert {script.name for script in EXAMPLES.glob("*.py")} == set(PRINTED)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in PRINTED],
)
def test_example_runs(name, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", EXAMPLES / name],
        cwd=tmp_path,
        # Temporary files of the example go with the test's.
        env={**os.environ, "TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert PRINTED[name] in done.stdout
    assert "Warning" not in done.stderr
