"""Results that are written as JSON."""

from __future__ import annotations

import os

from pydantic import BaseModel

from synthhealth.io.files import whole_file

__all__ = ["WritesJson"]


class WritesJson(BaseModel):
    """Gives a result the method that writes it."""

    def to_json(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the result as JSON.

        Parameters
        ----------
        path : path-like
            The file, for example ``"result.json"``; written whole or not at all.
        force : bool
            Replace the file if it exists.

        Raises
        ------
        FileError
            The file exists already, or cannot be written.
        """
        with whole_file(path, force=force) as file:
            file.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8", newline="\n")
