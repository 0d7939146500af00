"""Finished runs in a file, a line each: what was measured is not measured again."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from synthhealth.benchmark.results import Part
from synthhealth.errors import FileError

__all__ = ["Kept"]

Run = TypeVar("Run", bound=Part)


class Kept(Generic[Run]):
    """The runs in a folder; each is written as soon as it ends.

    So a benchmark that was stopped, however it was, goes on from there.

    Parameters
    ----------
    folder : pathlib.Path
        It is made if it is missing.
    sort : type
        What a run is.

    Raises
    ------
    FileError
        The folder holds runs of something else.
    """

    def __init__(self, folder: Path, sort: type[Run]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "runs.jsonl"
        self.runs: list[Run] = []
        """What was there at the start, and what was added."""
        text = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        *lines, rest = text.split("\n")
        try:
            self.runs += [sort.model_validate_json(line) for line in lines]
        except ValidationError:
            raise FileError(
                f"{self._file} holds no runs of this benchmark, or those of another version; name "
                "another folder, or delete it"
            ) from None
        if rest:  # the last line was being written when the process ended
            self._file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")

    def add(self, run: Run) -> None:
        """Write a run."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write(run.model_dump_json() + "\n")
        self.runs.append(run)
