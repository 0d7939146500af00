"""What the tests of strangers' files share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from synth_files import BASES, saved, write

from synthhealth.models import register
from synthhealth.models.registry import _REGISTERED

#: Memory that a process with torch and SDV may ever need, and seconds for one file.
MAX_MEGABYTES, MAX_SECONDS = 1024, 60


class WatchedLoader:
    """A process that loads files and is watched; see ``watched_loader.py``."""

    def __init__(self, good: list[Path]) -> None:
        script = Path(__file__).with_name("watched_loader.py")
        root = Path(__file__).parents[2]
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(root),
            # What is imported late must write nothing.
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, str(script), *map(str, good)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        ready = self._answer()
        assert ready["ready"]

    def load(self, path: Path) -> dict[str, Any]:
        """Load a file, and check all that holds whatever it is."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        found = self._answer()
        assert found["outcome"] != "crashed", found["words"]
        assert not found["events"]
        assert found["megabytes"] < MAX_MEGABYTES
        assert found["seconds"] < MAX_SECONDS
        return found

    def refusal(self, path: Path) -> str:
        """Load a file that must be refused; give the words."""
        found = self.load(path)
        assert found["outcome"] == "refused", found
        words: str = found["words"]
        assert path.name in words
        return words

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the process ended with {self._process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer


@pytest.fixture(scope="module")
def registered() -> Iterator[Callable[[type], type]]:
    """Make a family known for the tests of one module; all others see ours only."""
    names: list[str] = []

    def known(family: Any) -> Any:
        names.append(family.name)
        return register(family)

    yield known
    for name in names:
        _REGISTERED.pop(name, None)


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedLoader]:
    folder = tmp_path_factory.mktemp("good")
    good = [write(folder / f"{family}.synth", saved(family)) for family in BASES]
    loader = WatchedLoader(good)
    yield loader
    loader.close()
