"""YAML as a person means it, and a schema as YAML that is made to be edited.

``no`` is a text, ``1:40`` a titre, ``2024-01-31`` a text. The parser is PyYAML's; what the parsed
words mean is decided here, because YAML 1.1 makes ``no`` a false, ``1:40`` the number 100 and
``010`` the number 8. Aliases and tags, which can make a small file huge or run code, are refused,
and so are keys that stand twice.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from synthhealth.errors import SchemaError

#: No schema nests deeper than this.
MAX_DEPTH = 12

#: Whole numbers beyond this are not numbers that a table has.
MAX_INTEGER = 2**63

#: Numbers as JSON writes them, or nearly; ``010`` and ``+1`` are codes and grades.
WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
FRACTION = re.compile(
    r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII
)

_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}

_Path = tuple[str | int, ...]


@dataclass
class Document:
    """What a file says, and on which line."""

    content: Any
    lines: dict[_Path, int] = field(default_factory=dict)

    def line_of(self, path: _Path) -> int | None:
        """Give the line, from 1, of an entry or of what it is in; None where it is not known."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def read_yaml(text: str) -> Document:
    """Read one document.

    Raises
    ------
    SchemaError
        Its message begins with the line, for the reader to put the file's name before it.
    """
    document = Document(None)
    try:
        events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        document.content = _Builder(events, document).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _at(mark, f"{error.problem or error.context}{_hint(text, mark)}") from None
    except yaml.YAMLError:
        raise SchemaError(
            "it has signs that YAML does not allow, such as control characters; remove them"
        ) from None
    return document


def number_of(text: str) -> int | float | None:
    """Read a number; None if it is none.

    Raises
    ------
    OverflowError
        It is beyond what a table can hold.
    """
    if WHOLE.fullmatch(text):
        # The length first: Python refuses to read thousands of digits.
        if len(text) > 20 or abs(int(text)) >= MAX_INTEGER:
            raise OverflowError
        return int(text)
    if FRACTION.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise OverflowError
        return number
    return None


class _Builder:
    def __init__(self, events: Iterator[Any], document: Document) -> None:
        self._events = events
        self._lines = document.lines

    def document(self) -> Any:
        content = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if self._lines:
                    raise _at(event.start_mark, "a second document begins; keep one in a file")
                self._lines[()] = event.start_mark.line + 1
                content = self._entry(next(self._events), ())
        return content

    def _entry(self, event: Any, path: _Path) -> Any:
        self._lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _at(
                event.start_mark,
                "anchors (&) and aliases (*) are not used in a schema; "
                "repeat the entry, or put text that begins so in quotes",
            )
        if event.tag is not None:
            raise _at(
                event.start_mark,
                "tags (!) are not used in a schema; put text that begins so in quotes",
            )
        if len(path) > MAX_DEPTH:
            raise _at(event.start_mark, "the entries are nested too deeply for a schema")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        return self._scalar(event)

    def _sequence(self, path: _Path) -> list[Any]:
        entries: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            entries.append(self._entry(event, (*path, len(entries))))
        return entries

    def _mapping(self, path: _Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._entry(event, path)
            if not isinstance(key, str):
                raise _at(
                    event.start_mark,
                    "a key must be a text, such as name or unit, and numbers have a decimal point",
                )
            if key in entries:
                raise _at(event.start_mark, f"the key {key[:200]!r} stands twice; keep one of them")
            place = (*path, key)
            self._lines[place] = event.start_mark.line + 1
            entries[key] = self._entry(next(self._events), place)
        return entries

    def _scalar(self, event: Any) -> str | int | float | bool | None:
        text = str(event.value)
        if not event.implicit[0]:  # in quotes, or a block of text
            return text
        if text in _WORDS:
            return _WORDS[text]
        try:
            number = number_of(text)
        except OverflowError:
            raise _at(
                event.start_mark, "the number is too large; put it in quotes if it is a text"
            ) from None
        return text if number is None else number


def _at(mark: Any, problem: str) -> SchemaError:
    return SchemaError(f"line {mark.line + 1}: {problem}" if mark is not None else problem)


def _hint(text: str, mark: Any) -> str:
    if mark is None:
        return ""
    line = (text.splitlines() or [""])[min(mark.line, len(text.splitlines()) - 1)]
    sign = line[mark.column : mark.column + 1]
    if sign == "\t":
        return "; indent with spaces, not with tabs"
    if sign in ("`", "@", "%"):
        return f"; text that begins with {sign} stands in quotes: '{sign}...'"
    return "; check the indentation, and put text with : or # in quotes"


WIDTH = 100

HEADER = """\
# What the columns of a table are, for synthhealth. Edit it as you like: what is left out here is
# taken from the table.
#   kind: continuous, count, datetime, ordinal (its levels in order), nominal, boolean; or
#         identifier, text: these are never learned (protection: drop, fake or generalise)
"""


class _Dumper(yaml.SafeDumper):
    """Puts into quotes what YAML 1.1 or our own reader would not read as text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Signs that cannot be seen are written as escapes, so that no editor loses them.
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(f"(?:{FRACTION.pattern})$"), list("-.0123456789")
)


def write_yaml(
    content: Mapping[str, Any], comments: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Write the content of a schema.

    Parameters
    ----------
    content : dict
        Plain values, as `Schema` gives them without what is left at its default.
    comments : dict of str to sequence of str, optional
        For a column's name, what to say above it.
    """
    comments = comments or {}
    parts = [HEADER, _block({"format_version": content["format_version"]})]
    columns = [
        "".join(_comment(line) for line in comments.get(column["name"], ()))
        + _indented("- ", _block(column))
        for column in content["columns"]
    ]
    # A column that is explained needs air; mere blocks are shorter without.
    parts.append(
        "columns:\n" + ("\n" if comments else "").join(columns) if columns else "columns: []\n"
    )
    last = ("subject", "demographics", "rules", "min_cell")
    parts.extend(_block({key: content[key]}) for key in last if key in content)
    return "\n".join(parts)


def _block(entries: Mapping[str, Any]) -> str:
    """Write one line per entry; lists and parts stand in brackets behind their key."""
    node = _Dumper("", default_flow_style=True, sort_keys=False).represent_data(dict(entries))
    node.flow_style = False
    for key, value in node.value:
        lines_apart = key.value == "rules" or (
            isinstance(value, yaml.SequenceNode)
            and any(isinstance(entry, yaml.MappingNode) for entry in value.value)
        )
        if lines_apart:
            value.flow_style = False
    # PyYAML wraps behind the entry that crosses the line.
    width = float("inf") if "rules" in entries else WIDTH - 20
    return str(yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=width))


def _indented(first: str, block: str) -> str:
    # Not textwrap.indent, which takes other signs than line feeds for the ends of lines.
    lines = block.removesuffix("\n").split("\n")
    return f"  {first}" + "\n    ".join(lines) + "\n"


def _comment(text: str) -> str:
    seen = "".join(sign if sign.isprintable() else " " for sign in text)
    lines = textwrap.wrap(seen, WIDTH - 4)
    return "".join(f"  # {line}\n" for line in lines)
