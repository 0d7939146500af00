"""What a leak scan found: counts and places, never a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Finding", "LeakScan"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Finding(_Part):
    """One sort of trace that patients can leave in a model."""

    what: str
    """What was searched for."""
    searched: int = Field(ge=0)
    """How many of these the table has."""
    found: int = Field(ge=0)
    """How many of them stand in the file."""
    kept: int = Field(default=0, ge=0)
    """How many more stand there by intention: levels that the schema keeps, and those of columns \
with two values."""
    where: tuple[str, ...] = ()
    """Where they were found; ``[*]`` stands for any position or key."""


class LeakScan(_Part):
    """What was found of a table's patients in a file."""

    format_version: int = 1
    """Version of this format."""
    file: str
    """Name of the file."""
    kind: str
    """What sort of file it is: ``saved synthesizer``, ``pickle`` or ``text``."""
    n_rows: int = Field(ge=0)
    """Number of rows of the table."""
    n_columns: int = Field(ge=0)
    """Number of its columns that were searched for."""
    n_numbers: int = Field(ge=0)
    """Numbers in the file that were compared."""
    n_texts: int = Field(ge=0)
    """Texts in the file that were compared."""
    findings: tuple[Finding, ...]
    """One for each sort of trace."""

    @property
    def found_anything(self) -> bool:
        """Whether there is any trace."""
        return any(finding.found for finding in self.findings)

    def __getitem__(self, what: str) -> Finding:
        return next(finding for finding in self.findings if finding.what == what)

    def to_json(self) -> str:
        """Give the scan as JSON; ``LeakScan.model_json_schema()`` is its schema."""
        return self.model_dump_json(indent=2)

    def __rich__(self) -> Table:
        """Give the scan as a table for the terminal."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        verdict = (
            "Patients of the table are in this file: do not give it away."
            if self.found_anything
            else "None of this was found: no copies. What was learned from few patients tells of "
            "each of them all the same. Not seen are words of fewer than 4 letters, numbers of "
            "fewer than 6 digits inside texts, and what was put into other words."
        )
        warning = (
            "\nLoading a pickle runs its code, whatever this search finds."
            if self.kind == "pickle"
            else ""
        )
        table = Table(
            title=f"Searched in {self.file} ({self.kind}): {_counted(self.n_rows, 'row')}, "
            f"{_counted(self.n_columns, 'column')}",
            caption=f"{verdict} {_counted(self.n_numbers, 'number')} and "
            f"{_counted(self.n_texts, 'text')} of the file were compared.{warning}",
            box=box.SIMPLE_HEAD,
            title_justify="left",
            caption_justify="left",
        )
        table.add_column("what")
        table.add_column("in the table", justify="right")
        table.add_column("found", justify="right")
        table.add_column("where", overflow="fold")
        for finding in self.findings:
            found = f"{finding.found:,}"
            if finding.kept:
                found += f" (and {finding.kept:,} kept on request or two-valued)"
            table.add_row(
                Text(finding.what),
                f"{finding.searched:,}",
                Text(found, style="bold red" if finding.found else ""),
                Text("\n".join(finding.where)),
            )
        return table


def _counted(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'' if n == 1 else 's'}"
