"""Pieces of Markdown and of text for a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from synthhealth.report._words import shown


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(plain(entry) for entry in row) + " |" for row in rows]
    return "\n".join(lines)


def bullet_list(sentences: Iterable[str]) -> str:
    """Return a Markdown list."""
    return "\n".join(f"- {plain(sentence)}" for sentence in sentences)


def plain(text: str) -> str:
    """Return text in which nothing is Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", shown(text, limit=2000))


def bullets(sentences: Iterable[str], width: int) -> list[str]:
    """Return a list for a terminal, as lines of at most `width` characters."""
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(
            shown(sentence, limit=2000), width, initial_indent="- ", subsequent_indent="  "
        )
    ]
