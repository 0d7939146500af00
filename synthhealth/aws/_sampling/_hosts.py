"""Which of a job's instances this one is."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from synthhealth.errors import FileError, ParameterError

__all__ = ["Host", "read_host"]


@dataclass(frozen=True)
class Host:
    """One instance of a job.

    Attributes
    ----------
    index : int
        From 0.
    count : int
        How many instances the job has.
    """

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise ParameterError(
                f"instance {self.index} of {self.count}: give an index from 0 that is below the "
                "number of instances"
            )


def read_host(path: str | os.PathLike[str]) -> Host:
    """Read SageMaker's ``resourceconfig.json``; without the file there is one instance.

    Raises
    ------
    FileError
        The file does not say which instance this is.
    """
    file = Path(path)
    if not file.exists():
        return Host()
    try:
        told = json.loads(file.read_text("utf-8"))
        # Sorted, since all instances must count in the same order.
        hosts = sorted(told["hosts"])
        # Else two instances would write the same files, and nobody the others.
        if not isinstance(told["hosts"], list) or len(set(hosts)) < len(hosts):
            raise ValueError
        return Host(hosts.index(told["current_host"]), len(hosts))
    except (OSError, ValueError, TypeError, KeyError):
        raise FileError(
            f"{file}: it does not say which instance this is; it must hold current_host and "
            "hosts, as SageMaker writes them"
        ) from None
