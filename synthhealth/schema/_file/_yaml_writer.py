"""A schema as YAML that is made to be edited: one block per column, and only what is said of it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from synthhealth.schema._file._yaml_reader import FRACTION

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
