"""What all results of the benchmark share."""

from __future__ import annotations

import csv
import io
import os
import platform
from collections.abc import Iterable, Sequence
from importlib import metadata
from statistics import median

from pydantic import BaseModel, ConfigDict

__all__ = ["Comparison", "Machine", "Result", "Times", "csv_lines", "markdown_table"]

_PACKAGES = ("sdv", "sdmetrics", "torch", "numpy", "pandas", "scipy")


class Part(BaseModel):
    """A frozen piece of a result."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Machine(Part):
    """Where the figures were taken: they mean nothing elsewhere."""

    system: str
    """Operating system and processor architecture."""
    python: str
    """Version of Python."""
    cpus: int
    """Processors of the machine."""
    load: float | None
    """Mean number of busy processes in the minute before; None where the system does not say."""
    versions: dict[str, str]
    """Versions of the packages that do the work."""

    @classmethod
    def here(cls) -> Machine:
        """Describe this machine now."""
        return cls(
            system=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
            cpus=os.cpu_count() or 1,
            load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
            versions={name: metadata.version(name) for name in _PACKAGES},
        )

    def sentence(self) -> str:
        """Say it in a line."""
        load = "" if self.load is None else f", load {self.load:.1f} at the start"
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"{self.system}, {self.cpus} processors{load}; Python {self.python}, {versions}."


class Times(Part):
    """The seconds that the runs of one piece of work took."""

    wall: tuple[float, ...]
    """Seconds by the clock."""
    cpu: tuple[float, ...]
    """Seconds of processor time of this process, all its threads together."""

    @property
    def median(self) -> float:
        """The median of the seconds by the clock."""
        return median(self.wall)

    @property
    def median_cpu(self) -> float:
        """The median of the seconds of processor time."""
        return median(self.cpu)


class Comparison(Part):
    """The same work done by this library and by SDV, in turns."""

    work: str
    """What was done."""
    ours: Times
    """The times of this library."""
    theirs: Times
    """The times of SDV."""
    limit: float
    """The largest ratio that we allow ourselves."""

    @property
    def ratio(self) -> float:
        """Our median seconds by the clock over theirs."""
        return self.ours.median / self.theirs.median

    @property
    def cpu_ratio(self) -> float:
        """Our median processor time over theirs: what remains on a busy machine."""
        return self.ours.median_cpu / self.theirs.median_cpu


class Result(Part):
    """A whole result: JSON by ``model_dump_json``, Markdown by `to_markdown`."""

    machine: Machine
    """Where it was measured."""

    def to_markdown(self) -> str:
        """Give the figures as Markdown."""
        raise NotImplementedError


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; the first column is text, the others are figures."""
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def csv_lines(heads: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Write figures as CSV, numbers with four digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow(f"{value:.4g}" if isinstance(value, float) else value for value in row)
    return text.getvalue()
