"""The search for texts of few patients: cells, words and numbers in them, levels, identifiers."""

from __future__ import annotations

import gzip
import html
import os
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from synthhealth.artifact.leaks.content import Content, Piece, TreePath
from synthhealth.artifact.leaks.patients import Categories, Patients
from synthhealth.artifact.leaks.result import Finding
from synthhealth.errors import FileError
from synthhealth.schema import Schema
from synthhealth.schema.types import MIN_CELL

if TYPE_CHECKING:
    from collections.abc import Set

__all__ = [
    "Named",
    "RareTexts",
    "Text",
    "is_number",
    "read_texts",
    "search_identifiers",
    "search_levels",
    "search_texts",
]


#: Words of fewer letters, and numbers of fewer digits, stand in any file.
LETTERS, DIGITS = 4, 6
#: Measurements may have that many digits by chance.
DIGITS_OF_MEASUREMENTS = 9
#: Whole cells that are looked for have as many signs, and two parts or more.
LENGTH = 6

_PARTS = re.compile(r"[^\W_]+")
_RUNS = re.compile(r"[^\W\d_]+|\d+")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_TEXT_SUFFIXES = (".py", ".js", ".css", ".j2", ".json", ".yaml", ".toml", ".txt", ".html", ".csv")


@dataclass(frozen=True)
class Text:
    """Some text of a file."""

    place: str
    text: str

    @cached_property
    def parts(self) -> list[str]:
        """The words and numbers of the text."""
        return _PARTS.findall(_plain(self.text))

    @cached_property
    def line(self) -> str:
        """All parts with one blank between them, so that a cell is found at its borders."""
        return f" {' '.join(self.parts)} "

    @cached_property
    def runs(self) -> frozenset[str]:
        """Its parts, and the runs of letters or digits in them."""
        return frozenset(run for part in self.parts for run in (part, *_RUNS.findall(part)))


@dataclass(frozen=True)
class RareTexts:
    """What fewer than `min_cell` patients of a table have."""

    runs: frozenset[str]
    """Words of four letters or more, and numbers of six digits or more."""
    cells: frozenset[str]
    """Whole cells of several parts, as `Text.line` writes them."""

    @classmethod
    def of(cls, table: pd.DataFrame, schema: Schema, kept: Iterable[object] = ()) -> RareTexts:
        """Take the texts of a table apart.

        Parameters
        ----------
        table : pandas.DataFrame
            The patients, with all columns, also those that nothing is learned of.
        schema : Schema
            Says which column the patients are, and how many must share a text.
        kept : iterable
            Levels that the schema keeps although they are rare.
        """
        few = schema.min_cell
        patients = _patients(table, schema)
        who_runs: dict[str, set[int]] = {}
        who_cells: dict[str, set[int]] = {}
        for cells, is_measured in _columns(table, schema):
            codes, different = pd.factorize(cells)
            known = codes >= 0
            seen = pd.DataFrame({"cell": codes[known], "patient": patients[known]})
            seen = seen.drop_duplicates().groupby("cell").head(few)
            holders = seen.groupby("cell")["patient"].agg(set)
            for code, found in holders.items():
                text = Text("", _written(different[code]))
                for run in text.runs:
                    if _tells(run, is_measured):
                        who_runs.setdefault(run, set()).update(found)
                if not is_measured and len(text.parts) > 1 and len(text.line) >= LENGTH + 2:
                    who_cells.setdefault(text.line, set()).update(found)
        names = Text("", " ".join(map(str, [*table.columns, *kept])))
        return cls(
            frozenset(run for run, found in who_runs.items() if len(found) < few) - names.runs,
            frozenset(
                line
                for line, found in who_cells.items()
                if len(found) < few and _is_remark(line.split(), names.runs)
            ),
        )


def search_texts(texts: Iterable[Text], rare: RareTexts) -> Finding:
    """Find the texts of few patients in those of a file.

    Words that this package itself writes are found only as part of a whole cell.
    """
    runs = rare.runs - own_words()
    by_first: dict[str, list[str]] = {}
    for line in rare.cells:
        by_first.setdefault(line.split()[0], []).append(line)
    found: set[str] = set()
    places: dict[str, None] = {}
    for text in texts:
        here = runs & text.runs
        for first in by_first.keys() & text.runs:
            here |= {line for line in by_first[first] if line in text.line}
        if here:
            found |= here
            places[text.place] = None
    shown = list(places)[:12]
    if len(places) > len(shown):
        shown.append(f"and {len(places) - len(shown):,} other places")
    return Finding(
        what="texts of fewer than 5 patients",
        searched=len(runs) + len(rare.cells),
        found=len(found),
        where=tuple(shown),
    )


def read_texts(path: str | os.PathLike[str]) -> list[Text]:
    """Read all text of a file: of a table, a report, a log, or the parts of an archive.

    Raises
    ------
    FileError
        The file cannot be read.
    """
    file = Path(path)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: the file cannot be read ({error.strerror})") from None
    if raw[:4] == b"PAR1":
        return _of_parquet(file)
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            return [
                Text(name, _unescaped(_decoded(archive.read(name))))
                for name in archive.namelist()
                if not name.endswith((".safetensors", ".npy", ".bin", ".png"))
            ]
    text = _decoded(raw)
    if file.suffix.lower() in (".html", ".htm"):
        text = _without_plotly(text)
    return [Text("the file", _unescaped(text))]


@cache
def own_words() -> Set[str]:
    """Give the words that this package's own texts and programs consist of."""
    root = Path(__file__).parents[2]
    words: set[str] = set()
    for file in root.rglob("*"):
        if file.suffix in _TEXT_SUFFIXES and file.is_file():
            text = Text("", file.read_text(encoding="utf-8", errors="ignore"))
            words |= {run for run in text.runs if len(run) >= LETTERS and run.isalpha()}
    return frozenset(words)


def _patients(table: pd.DataFrame, schema: Schema) -> Any:
    subject = schema.subject
    if subject is None or subject not in table.columns:
        return np.arange(len(table))
    return pd.factorize(table[subject])[0]


def _columns(table: pd.DataFrame, schema: Schema) -> Iterator[tuple[pd.Series, bool]]:
    """Give the cells of all columns and of an index that says something, and their unused words."""
    for name in table.columns:
        cells = table[name]
        is_number = pd.api.types.is_numeric_dtype(cells.dtype)
        is_learned = name in schema.names and schema[name].kind.is_modelled
        is_moment = pd.api.types.is_datetime64_any_dtype(cells.dtype)
        yield cells, is_moment or (is_number and is_learned)
        if isinstance(cells.dtype, pd.CategoricalDtype):
            unused = cells.cat.categories.difference(cells.dropna().unique())
            unused = pd.Series(unused.astype(object), dtype=object)
            yield unused.reindex(range(len(table))), False
    if not isinstance(table.index, pd.RangeIndex):
        yield table.index.to_series(), pd.api.types.is_integer_dtype(table.index.dtype)


def _tells(run: str, is_measured: bool) -> bool:
    if run.isdecimal():
        return len(run) >= (DIGITS_OF_MEASUREMENTS if is_measured else DIGITS)
    return len(run) >= (LETTERS if run.isalpha() else DIGITS) or _is_han(run)


def _is_remark(parts: list[str], names: Set[str]) -> bool:
    """Say whether parts stand together by no chance, as a column's name and a number may."""
    new = [part for part in parts if part not in names]
    letters = any(sign.isalpha() for part in new for sign in part)
    return letters and (len(new) > 2 or any(_tells(part, False) for part in new))


def _is_han(run: str) -> bool:
    """Say whether a word is of a script that needs few signs for a name."""
    return len(run) > 1 and all("\u3040" <= sign <= "\u9fff" for sign in run)


def _written(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def _plain(text: str) -> str:
    """Write letters small, and digits of any script as 0 to 9."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if plain.isascii():
        return plain
    digits = {sign for sign in set(plain) if sign.isdecimal() and not sign.isascii()}
    return plain.translate({ord(sign): str(unicodedata.digit(sign)) for sign in digits})


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _unescaped(text: str) -> str:
    text = html.unescape(text) if "&" in text else text
    if "\\u" not in text:
        return text
    # Signs beyond the first plane are written as two.
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _without_plotly(text: str) -> str:
    from plotly.offline import get_plotlyjs

    from synthhealth.report.plotlyjs import plotlyjs

    # A page has the part of it that draws our figures, a single figure's file has all.
    return text.replace(plotlyjs(), " ").replace(get_plotlyjs(), " ")


def _of_parquet(file: Path) -> list[Text]:
    import pyarrow.parquet as pq

    table = pq.read_table(file)
    about = {**(table.schema.metadata or {})}
    about.pop(b"ARROW:schema", None)
    texts = [Text("the file's description", " ".join(_decoded(one) for one in about.values()))]
    for name in table.column_names:
        cells = pd.unique(table[name].to_pandas().dropna().astype(str))
        texts.append(Text(f"column {name}", "\n".join([name, *cells])))
    return texts


#: A shorter name is looked for only where the content speaks of its column.
MIN_LENGTH = 3

_WORD = re.compile(r"[^\s,;|\"']+")


@dataclass(frozen=True)
class Named:
    """Names that were found, and where."""

    names: frozenset[Any]
    paths: tuple[TreePath, ...]


def search_levels(content: Content, patients: Patients, one: Categories) -> Named:
    """Find the levels of a column that fewer than 5 patients have.

    Names are found where the content speaks of the column, or of none in particular, unless a name
    is also a frequent level of another column, or a column's name. Levels that are numbers are
    found where the content speaks of the column and lists half of its levels or more.

    Parameters
    ----------
    content : Content
        What a file holds.
    patients : Patients
        The table.
    one : Categories
        The column.
    """
    rare = {level for level in one.rare if isinstance(level, str)}
    elsewhere = patients.names.union(
        *(
            [str(level) for level, count in other.counts.items() if count >= MIN_CELL]
            for other in patients.categories
            if other is not one
        )
    )
    anywhere = {level for level in rare if len(level) >= MIN_LENGTH} - elsewhere
    numbers = [float(level) for level in one.counts if is_number(level)]
    rare_numbers = [float(level) for level in one.rare if is_number(level)]
    names: set[Any] = set()
    paths: list[TreePath] = []
    for piece in content.pieces:
        if piece.column not in (one.column, None):
            continue
        texts = {text.strip() for text in piece.texts}
        here: set[Any] = texts & (rare if piece.column == one.column else anywhere)
        if rare_numbers and piece.column == one.column and _lists(piece, numbers):
            here |= set(np.intersect1d(rare_numbers, piece.numbers).tolist())
        if here:
            names |= here
            paths.append(piece.path)
    return Named(frozenset(names), tuple(dict.fromkeys(paths)))


def search_identifiers(content: Content, patients: Patients) -> Named:
    """Find cells of the columns that identify people, of four characters or more.

    They are found as whole texts and as words of texts, also as whole numbers of five digits or
    more. The names of columns are none.

    Parameters
    ----------
    content : Content
        What a file holds.
    patients : Patients
        The table.
    """
    cells = frozenset[str]().union(*(one.texts for one in patients.identifiers)) - patients.names
    names: set[str] = set()
    paths: list[TreePath] = []
    if not cells:
        return Named(frozenset(), ())
    as_numbers = {float(cell): cell for cell in cells if cell.isdecimal() and len(cell) > 4}
    looked_for = np.array(sorted(as_numbers))
    for piece in content.pieces:
        here: set[str] = set()
        for text in piece.texts:
            here |= cells & {text.strip(), *_WORD.findall(text)}
        if looked_for.size:
            present = looked_for[np.isin(looked_for, piece.numbers)]
            here |= {as_numbers[number] for number in present.tolist()}
        if here:
            names |= here
            paths.append(piece.path)
    return Named(frozenset(names), tuple(dict.fromkeys(paths)))


def is_number(level: Any) -> bool:
    """Say whether a level is a number; true and false are none."""
    return not isinstance(level, str | bool | np.bool_)


def _lists(piece: Piece, levels: list[float]) -> bool:
    return np.isin(levels, piece.numbers).sum() >= max(2, len(levels) / 2)
