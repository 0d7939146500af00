"""Reports as files: written whole, read back under the published schema."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from synthhealth.errors import FileError
from synthhealth.io import settle, whole_file
from synthhealth.report.data import ReportData

_FAULTS = 3  # told of a file that is not a report


def write(path: str | os.PathLike[str], text: Callable[[], str], *, force: bool) -> None:
    """Write text whole or not at all; it is made only where it can be written."""
    with whole_file(path, force=force) as file:
        file.write_text(text(), encoding="utf-8", newline="\n")


def read_data(path: str | os.PathLike[str]) -> ReportData:
    """Read a ``report.json``.

    Raises
    ------
    FileError
        The file cannot be read, or is not a report of this format.
    """
    settle(Path(path).parent)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        return ReportData.model_validate_json(content)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)[:_FAULTS]
        ]
        raise FileError(
            f"{path} is not a report.json of this version of synthhealth ({'; '.join(faults)}); "
            "write it again with report.to_json(path)"
        ) from None
