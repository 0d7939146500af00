"""How a verdict looks and reads: a word, a mark and a colour, never a colour alone."""

from __future__ import annotations

from typing import Literal, TypeAlias

from synthhealth.evaluation.results import Verdict

#: Name of a colour and of a mark in `_theme`; a verdict and a standing share them.
Tone: TypeAlias = Literal["below", "within", "above", "unknown"]

TONES: dict[Verdict, Tone] = {
    "poor": "below",
    "good": "within",
    "too good": "above",
    "cannot tell": "unknown",
}

#: What stands before a verdict in plain text.
SIGNS: dict[Verdict, str] = {"poor": "▼", "good": "●", "too good": "▲", "cannot tell": "○"}
