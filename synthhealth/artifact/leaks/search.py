"""The leak scan: every search over the content of one file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from synthhealth.artifact.leaks.content import Content, content_of, read_saved
from synthhealth.artifact.leaks.foreign import read_foreign
from synthhealth.artifact.leaks.patients import Patients
from synthhealth.artifact.leaks.result import Finding, LeakScan
from synthhealth.artifact.leaks.rows import search_row_lists, search_rows
from synthhealth.artifact.leaks.texts import (
    RareTexts,
    Text,
    is_number,
    read_texts,
    search_identifiers,
    search_levels,
    search_texts,
)
from synthhealth.artifact.leaks.values import places_of, search_numbers
from synthhealth.errors import FileError, TableError
from synthhealth.io import SUFFIXES
from synthhealth.schema import Schema

__all__ = ["is_pickle", "scan", "search"]

#: Files of which only the texts are compared.
TEXT_FILES = (*SUFFIXES, ".json", ".jsonl", ".html", ".htm", ".md", ".log", ".yaml", ".yml")

#: Places shown of each finding.
MAX_PLACES = 12

#: Columns named beside a place; of more their number is said.
MAX_COLUMNS = 3


def scan(
    path: str | os.PathLike[str], table: pd.DataFrame, schema: Schema | None = None
) -> LeakScan:
    """Search a file for the patients of a table: a saved model, or what was made of one.

    In a saved model all numbers and texts are decoded and compared with the table: whole rows,
    lists of row numbers, numbers that one patient alone has, exact extremes, levels of fewer than
    five patients, identifiers. What the schema declares (plausible and reference ranges, detection
    limits) is no finding.

    In any file (a synthetic table, a report, a log, too) it looks for every text that fewer than
    `Schema.min_cell` patients have: whole cells, and inside cells words of four letters or more
    and numbers of six digits or more (nine of a measurement), whatever their case and script of
    digits; cells of the index and unused categories are cells, too.

    It searches for copies, and cannot see shorter words and numbers, words that the package itself
    writes unless a whole cell is there, dates and measurements in a synthetic table (which chance
    puts there), or text that was encrypted or put into other words. That nothing is found does not
    prove that nothing of a patient can be inferred from what the model draws.

    Parameters
    ----------
    path : path-like
        A ``.synth`` file; a table (CSV, Parquet, Excel), ``.json``, ``.html``, ``.md`` or
        ``.log``; or a pickle such as SDV's ``save`` writes. Nothing of it is run: a pickle is read
        as data, in a process of its own.
    table : pandas.DataFrame
        The patients, best the table that the model has learned; lists of row numbers are
        recognised only if its rows are in that order.
    schema : Schema, optional
        What the columns are; by default what the saved model says, for other files what is
        detected.

    Returns
    -------
    LeakScan

    Raises
    ------
    FileError, ArtifactError
        The file cannot be read, or is neither.
    ParameterError, TableError
        The table is none, has none of the columns, cells that are lists or tables, or does not
        fit the schema.

    Examples
    --------
    >>> import tempfile, synthhealth as sh
    >>> from synthhealth.artifact import scan
    >>> patients = sh.datasets.load_ra_panel()
    >>> model = sh.Synthesizer(random_state=0).fit(patients)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = scan(model.save(f"{folder}/ra.synth"), patients)
    >>> found.found_anything
    False
    """
    _check_cells(table)
    name = Path(path).name
    if is_pickle(path):
        described = schema or Schema.detect(table)
        patients = Patients.of(table, described)
        content = read_foreign(path, patients.names)
        texts = [Text(piece.path[0], "\n".join(piece.texts)) for piece in content.pieces]
        found = search(content, patients, name, "pickle")
        return _with_texts(found, texts, table, described, patients.kept)
    if name.lower().endswith(TEXT_FILES):
        described = schema or Schema.detect(table)
        found = LeakScan(
            file=name,
            kind="text",
            n_rows=len(table),
            n_columns=table.shape[1],
            n_numbers=0,
            n_texts=0,
            findings=(),
        )
        return _with_texts(found, read_texts(path), table, described)
    saved = read_saved(path)
    described = schema or saved.schema
    patients = Patients.of(table, described)
    content = content_of(saved, patients.names | set(saved.schema.names))
    found = search(content, patients, name, "saved synthesizer")
    return _with_texts(found, read_texts(path), table, described, patients.kept)


def _with_texts(
    found: LeakScan,
    texts: Sequence[Text],
    table: pd.DataFrame,
    schema: Schema,
    kept: Iterable[str] = (),
) -> LeakScan:
    rare = search_texts(texts, RareTexts.of(table, schema, kept))
    n_texts = found.n_texts or sum(len(text.parts) for text in texts)
    return found.model_copy(update={"findings": (*found.findings, rare), "n_texts": n_texts})


def _check_cells(table: object) -> None:
    if not isinstance(table, pd.DataFrame):
        raise TableError(f"the table is of type {type(table).__name__}; give a pandas.DataFrame")
    for place, name in enumerate(table.columns):
        cells = table.iloc[:, place]
        kinds = {type(cell).__name__ for cell in cells[cells.map(pd.api.types.is_list_like)]}
        if kinds:
            raise TableError(
                f"column {name!r}: its cells are of type {', '.join(sorted(kinds))}, each holding "
                "several values; give every value a column, or drop it"
            )


def is_pickle(path: str | os.PathLike[str]) -> bool:
    """Say whether a file begins as a pickle does."""
    try:
        with Path(path).open("rb") as file:
            return file.read(1) == b"\x80"
    except FileNotFoundError:
        raise FileError(f"{path}: there is no such file; check the name") from None
    except OSError as error:
        raise FileError(f"{path}: the file cannot be read ({error.strerror})") from None


def search(content: Content, patients: Patients, file: str, kind: str) -> LeakScan:
    """Search decoded content for patients.

    Parameters
    ----------
    content : Content
        What a file holds.
    patients : Patients
        The table.
    file, kind : str
        What the result says about the file.
    """
    return LeakScan(
        file=file,
        kind=kind,
        n_rows=patients.n_rows,
        n_columns=len(patients.names),
        n_numbers=sum(piece.numbers.size for piece in content.pieces),
        n_texts=sum(len(piece.texts) for piece in content.pieces),
        findings=(
            *_rows(content, patients),
            *_numbers(content, patients),
            _levels(content, patients),
            _identifiers(content, patients),
        ),
    )


def _rows(content: Content, patients: Patients) -> tuple[Finding, ...]:
    rows = search_rows(content, patients)
    lists = search_row_lists(content, patients)
    return (
        Finding(
            what="training rows",
            searched=patients.n_rows,
            found=rows.rows.size,
            where=_places(rows.paths, patients),
        ),
        Finding(
            what="lists of row numbers",
            searched=sum(len(set(one.codes.tolist())) for one in patients.categories),
            found=lists.n_lists,
            where=_places(lists.paths, patients),
        ),
        Finding(
            what="rows whose categories such lists give back",
            searched=patients.n_rows,
            found=lists.rebuilt.size,
            where=_places(lists.paths, patients),
        ),
    )


def _numbers(content: Content, patients: Patients) -> tuple[Finding, ...]:
    places = places_of(content.pieces)
    n_single = n_extremes = 0
    single_paths: list[tuple[str, ...]] = []
    extreme_paths: list[tuple[str, ...]] = []
    for one in patients.numbers:
        found = search_numbers(places, one, patients.n_rows)
        single = set(one.single.tolist()) & set(found.values.tolist())
        extremes = set(one.extremes.tolist()) & set(found.values.tolist())
        paths = [(*path, f" ({one.column})") for path in found.paths]
        n_single += len(single)
        n_extremes += len(extremes)
        single_paths += paths if single else []
        extreme_paths += paths if extremes else []
    return (
        Finding(
            what="numbers that one patient has",
            searched=sum(one.single.size for one in patients.numbers),
            found=n_single,
            where=_places(single_paths, patients),
        ),
        Finding(
            what="exact extremes",
            searched=sum(one.extremes.size for one in patients.numbers),
            found=n_extremes,
            where=_places(extreme_paths, patients),
        ),
    )


def _levels(content: Content, patients: Patients) -> Finding:
    n_found = n_kept = 0
    paths: list[tuple[str, ...]] = []
    for one in patients.categories:
        found = search_levels(content, patients, one)
        kept = {float(level) if is_number(level) else level for level in one.kept}
        n_kept += len(found.names & kept)
        if found.names - kept:
            n_found += len(found.names - kept)
            paths += [(*path, f" ({one.column})") for path in found.paths]
    return Finding(
        what="categories of fewer than 5 patients",
        searched=sum(len(one.rare) for one in patients.categories),
        found=n_found,
        kept=n_kept,
        where=_places(paths, patients),
    )


def _identifiers(content: Content, patients: Patients) -> Finding:
    found = search_identifiers(content, patients)
    return Finding(
        what="identifiers",
        searched=sum(len(one.texts) for one in patients.identifiers),
        found=len(found.names),
        where=_places(found.paths, patients),
    )


def _places(paths: Iterable[tuple[str, ...]], patients: Patients) -> tuple[str, ...]:
    """Write places down, with the columns found there, and no key that is a cell of the table."""
    columns: dict[str, list[str]] = {}
    for path in paths:
        *steps, about = path if path[-1].startswith(" (") else (*path, "")
        place = _place(steps, patients)
        columns.setdefault(place, []).append(about.strip(" ()"))
    places = [f"{place}{_about(names)}" for place, names in columns.items()]
    if len(places) <= MAX_PLACES:
        return tuple(places)
    return (*places[:MAX_PLACES], f"and {len(places) - MAX_PLACES:,} other places")


def _place(path: list[str], patients: Patients) -> str:
    root, *steps = path
    named = ["[*]" if step.lstrip(".") in patients.words else step for step in steps]
    return f"{root}: {''.join(named).lstrip('.')}"


def _about(names: list[str]) -> str:
    different = sorted(set(names) - {""})
    if len(different) > MAX_COLUMNS:
        return f" ({len(different)} columns)"
    return f" ({', '.join(different)})" if different else ""
