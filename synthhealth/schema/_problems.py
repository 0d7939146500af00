"""All that stands in the way of a fit, said at once."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from synthhealth.errors import SchemaError, TableError

__all__ = ["Problems", "leave_out"]


class Problems:
    """Errors about single columns, kept until all columns have been looked at.

    Examples
    --------
    >>> from synthhealth.errors import TableError
    >>> from synthhealth.schema._problems import Problems
    >>> problems = Problems()
    >>> for name in ("note", "remark"):
    ...     with problems.of(name):
    ...         raise TableError(f"column {name!r}: free text, which is never learned")
    >>> try:
    ...     problems.refuse()
    ... except TableError as error:
    ...     print(error)
    2 columns cannot be learned as they are:
    - column 'note': free text, which is never learned
    - column 'remark': free text, which is never learned
    Settle each of them as it says, or leave them out: --drop note --drop remark on the command \
line, table.drop(columns=['note', 'remark']) in Python
    """

    def __init__(self) -> None:
        self._found: list[tuple[tuple[str, ...], TableError | SchemaError]] = []

    @property
    def columns(self) -> list[str]:
        """The columns that were found wanting so far."""
        return list(dict.fromkeys(name for names, _ in self._found for name in names))

    @contextmanager
    def of(self, *columns: str) -> Iterator[None]:
        """Keep an error that is raised inside, and go on."""
        try:
            yield
        except (TableError, SchemaError) as error:
            self._found.append((columns, error))

    def refuse(self) -> None:
        """Raise what was kept, if anything was, as one error.

        Raises
        ------
        TableError or SchemaError
            As the first that was kept.
        """
        if not self._found:
            return
        columns = self.columns
        kind = type(self._found[0][1])
        if len(self._found) == 1:
            error = self._found[0][1]
            raise kind(f"{error}; or {leave_out(columns)}") from error
        n = len(columns)
        lines = [
            f"{n} column{'s' if n > 1 else ''} cannot be learned as they are:",
            *(f"- {error}" for _, error in self._found),
            f"Settle each of them as it says, or {leave_out(columns)}",
        ]
        raise kind("\n".join(lines))


def leave_out(columns: list[str]) -> str:
    """Say how columns are left out, on the command line and in Python.

    >>> leave_out(["note", "home town"])
    "leave them out: --drop note --drop 'home town' on the command line, \
table.drop(columns=['note', 'home town']) in Python"
    """
    options = " ".join(f"--drop {shlex.quote(name)}" for name in columns)
    them = "it" if len(columns) == 1 else "them"
    python = f"table.drop(columns={columns!r}) in Python"
    return f"leave {them} out: {options} on the command line, {python}"
