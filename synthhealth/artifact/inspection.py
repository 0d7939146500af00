"""What is inside a saved model, in words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from synthhealth.artifact.leaks.content import Saved, read_saved
from synthhealth.artifact.manifest import Manifest
from synthhealth.evaluation.privacy.on_file import what_such_files_tell
from synthhealth.evaluation.privacy.policy import FILE_LIMIT
from synthhealth.models import about
from synthhealth.models.accountant import bound_in_words
from synthhealth.schema import Kind, Protection
from synthhealth.table.left_out import IN_WORDS, Privacy

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table

__all__ = ["ColumnInside", "Inspection", "inspect"]

#: What no saved synthesizer holds.
_NEVER = (
    "no pickle and no code: JSON and safetensors",
    "no identifier, and no label of the table's index",
)

#: What a family may promise.
_NO_PATIENT = (
    "no row of the training table, and no list of row numbers",
    "no number that one patient has, and no exact extreme, beyond what the schema declares",
)

MAX_LEVELS_SHOWN = 8

_PLURALS = {"epoch": "epochs", "pass": "passes"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ColumnInside(_Part):
    """What a saved model says of one column."""

    name: str
    """The column's name."""
    kind: Kind
    """What it measures."""
    unit: str | None
    """The unit of its numbers."""
    protection: Protection | None
    """What was done with it before anything was learned; None: it was learned as it is."""
    low: float | None
    """Lower end of the range that is kept, rounded outwards; dates are seconds since 1970."""
    high: float | None
    """Upper end of that range."""
    levels: tuple[str | bool | int | float, ...]
    """The categories that can be drawn."""

    @property
    def is_learned(self) -> bool:
        """Whether anything was learned of it."""
        return self.protection not in (Protection.DROP, Protection.FAKE)


class Inspection(_Part):
    """What is inside a saved model.

    `print` shows it through rich: ``rich.print(inspection)``.
    """

    format_version: int = 1
    """Version of this format."""
    file: str
    """Name of the file."""
    manifest: Manifest
    """How the model came about."""
    columns: tuple[ColumnInside, ...]
    """The columns of the table that it was trained on."""
    rules: tuple[str, ...]
    """What holds between the columns of every row."""
    members: dict[str, int]
    """The members of the file and their sizes in bytes."""
    n_arrays: int = Field(ge=0)
    """Number of arrays, such as the weights of a network."""
    n_weights: int = Field(ge=0)
    """Numbers in these arrays."""
    privacy: Privacy
    """How many patients the fit left out."""
    is_signed: bool
    """Whether it is signed; ``synthhealth verify --public-key`` checks by whom."""
    not_inside: tuple[str, ...]
    """What the file does not hold, by its form; a scan with the table searches for it."""
    handing_over: str
    """Whether the file may leave the hospital, by what is known of such files."""

    def to_json(self) -> str:
        """Give the inspection as JSON; ``Inspection.model_json_schema()`` is its schema."""
        return self.model_dump_json(indent=2)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give the inspection as tables for the terminal."""
        from rich.text import Text

        yield _table(("", self.file), self._facts())
        yield _table(
            ("column", "kind", "unit", "range or levels"),
            (
                (column.name, column.kind.value, column.unit or "", _extent(column))
                for column in self.columns
            ),
        )
        yield _table(
            ("member of the file", "bytes"),
            ((name, f"{size:,}") for name, size in self.members.items()),
        )
        if self.rules:
            yield Text("Rules: " + _printable("; ".join(self.rules)) + "\n")
        yield Text("Not inside:\n" + "\n".join(f"  - {one}" for one in self.not_inside))
        yield Text(f"\n{self.handing_over[:1].upper()}{self.handing_over[1:]}.")

    def _facts(self) -> Iterator[tuple[str, str]]:
        facts = self.manifest
        partial = ", training ended early" if facts.partial else ""
        yield "model", f"{facts.model}{partial}"
        n_learned = sum(column.is_learned for column in self.columns)
        others = f" ({len(self.columns) - n_learned} more not learned)"
        columns = f"{n_learned} columns{others if n_learned < len(self.columns) else ''}"
        yield "learned", f"{facts.n_rows:,} rows, {columns}, seed {facts.seed}"
        yield "privacy", f"{self.privacy}: {IN_WORDS[self.privacy]}"
        if facts.budget is not None:
            yield "budget", facts.budget.in_words()
        yield "settings", ", ".join(f"{name} {_shown(v)}" for name, v in facts.settings.items())
        if facts.training is not None:
            one = facts.training
            units = f"{one.done:,} of {one.total:,} {_PLURALS.get(one.unit, one.unit)}"
            losses = "".join(f", {name} {loss:.4g}" for name, loss in one.losses.items())
            yield "training", f"{units}{losses}"
        if facts.report is not None:
            one_score = facts.report.column_average
            yield (
                "report",
                f"mean column score {one_score.value:.3f} (two samples of real patients: "
                f"{one_score.floor_low:.3f} to {one_score.floor_high:.3f})",
            )
        yield "saved", f"{facts.created:%Y-%m-%d %H:%M:%S} UTC, format {facts.format_version}"
        where = facts.platform
        yield "on", f"{where.implementation} {where.python}, {where.system} {where.machine}"
        licence = about(facts.model).licence
        if licence is not None:
            yield "licence", licence
        yield "with", ", ".join(f"{name} {number}" for name, number in facts.versions.items())
        if self.n_arrays:
            yield "arrays", f"{self.n_arrays}, of {self.n_weights:,} numbers"
        hashed = "kept (a keyed hash)" if facts.table_hmac else "not kept"
        yield "hash of the table", hashed
        yield "signature", "there; not checked here" if self.is_signed else "none"


def inspect(path: str | os.PathLike[str]) -> Inspection:
    """Say what is inside a saved model, without rebuilding it.

    Parameters
    ----------
    path : path-like
        A ``.synth`` file.

    Returns
    -------
    Inspection

    Raises
    ------
    FileError
        There is no such file.
    ArtifactError
        It is not a saved synthesizer, is damaged, or was written by a newer version.

    Examples
    --------
    >>> import tempfile, synthhealth as sh
    >>> from synthhealth.artifact import inspect
    >>> model = sh.Synthesizer(random_state=0).fit(sh.datasets.load_ra_panel())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     inside = inspect(model.save(f"{folder}/ra.synth"))
    >>> inside.manifest.model, len(inside.columns), inside.columns[0].name
    ('hybrid', 17, 'age')
    """
    saved = read_saved(path)
    return Inspection(
        file=Path(path).name,
        manifest=saved.manifest,
        columns=tuple(_columns(saved)),
        rules=saved.schema.rules,
        members=saved.sizes,
        n_arrays=len(saved.arrays),
        n_weights=sum(array.size for array in saved.arrays.values()),
        privacy=saved.preparation["privacy"],
        is_signed=saved.is_signed,
        not_inside=tuple(_not_inside(saved)),
        handing_over=_handing_over(saved),
    )


def _not_inside(saved: Saved) -> Iterator[str]:
    yield from _NEVER
    if about(saved.manifest.model).holds_no_patient:
        yield from _NO_PATIENT
    if saved.schema.min_cell > 1:
        yield (
            f"no categories of fewer than {saved.schema.min_cell} patients, unless the schema "
            "keeps them or a rule names them"
        )


def _handing_over(saved: Saved) -> str:
    facts = saved.manifest
    if facts.budget is not None:
        bound = bound_in_words(facts.budget.epsilon, facts.budget.delta)
        return (
            f"what it tells of any patient is bounded: {bound}; the schema, and the names, order "
            "and dtypes of the columns, count as public"
        )
    known = what_such_files_tell(
        facts.model, saved.preparation["privacy"], facts.n_rows, FILE_LIMIT
    )
    return known or (
        "nobody has measured what files of this family tell of single patients, and what was "
        "learned from few of them tells of each; attack your own table first (synthhealth attack)"
    )


def _columns(saved: Saved) -> Iterator[ColumnInside]:
    forms = {form["name"]: form for form in saved.preparation["form"]["columns"]}
    for column in saved.schema:
        form: dict[str, Any] = forms.get(column.name, {})
        has_range = bool(form) and Kind(form["kind"]).is_numerical
        yield ColumnInside(
            name=column.name,
            kind=Kind(form["kind"]) if form else column.kind,
            unit=column.unit,
            protection=column.protection,
            low=_written(form["low"], form) if has_range else None,
            high=_written(form["high"], form) if has_range else None,
            levels=tuple(form.get("levels", ())),
        )


def _written(limit: float, form: dict[str, Any]) -> float:
    """Give a limit, which lies a part of a unit beyond the last value, as that value."""
    if form["decimals"] is None:
        return limit if form["step"] is not None else float(f"{limit:.5g}")
    return round(limit, form["decimals"]) + 0.0


def _extent(column: ColumnInside) -> str:
    if not column.is_learned:
        return "not learned: " + (
            "left out" if column.protection is Protection.DROP else "made-up values are drawn"
        )
    if column.low is not None and column.high is not None:
        if column.kind is Kind.DATETIME:
            return f"{_day(column.low)} to {_day(column.high)}"
        return f"{column.low:g} to {column.high:g}"
    shown = [str(level) for level in column.levels[:MAX_LEVELS_SHOWN]]
    more = len(column.levels) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _day(seconds: float) -> str:
    import numpy as np

    return str(np.datetime64(int(seconds), "s"))[:10]


def _printable(text: str) -> str:
    """Leave out the signs by which a stranger's text could steer a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _shown(value: Any) -> str:
    return "none" if value in ({}, [], None) else str(value)


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for head in heads:
        table.add_column(Text(_printable(head)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_printable(cell)) for cell in row))
    return table
