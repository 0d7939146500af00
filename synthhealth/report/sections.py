"""A table as text, its cells, a section of tables and figures, and a part of a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from synthhealth.evaluation import Band, Evaluation, Score
from synthhealth.report.theme import Figure, Tone

_MINUS = "\u2212"


#: The questions of the page that parts belong to; `questions` has them in words.
Asked = Literal["columns", "relations", "patients", "gaps", "use", "privacy"]


class Entry(NamedTuple):
    """A cell."""

    text: str
    tone: Tone | None = None


class Sheet(NamedTuple):
    """A table with its words."""

    key: str
    title: str
    heads: tuple[str, ...]
    rows: list[list[Entry]]
    note: str = ""
    is_printed: bool = True  # not where it is too much of a detail for paper


class Drawing(NamedTuple):
    """A figure with its words."""

    key: str
    title: str
    figure: Figure
    alt: str
    caption: str = ""


class Section(NamedTuple):
    """A part of the page with its tables, and figures before them."""

    key: str
    title: str
    hint: str
    sheets: list[Sheet]
    drawings: tuple[Drawing, ...] = ()


@dataclass(frozen=True)
class Part:
    """What a report says of one question of the evaluation.

    Attributes
    ----------
    section : callable
        Gives its tables, for the page and for Markdown; None where there is nothing to tell.
    question : {"columns", "relations", "patients", "gaps", "use", "privacy"}
        Which of the page's questions it helps to answer.
    finding : callable
        Gives the finding in a sentence; None where there is none.
    """

    section: Callable[[Evaluation], Section | None]
    question: Asked
    finding: Callable[[Evaluation], str | None] = lambda _: None


def scored(
    score: Score | None, write: Callable[[float], str], *, worse: Tone | None = "below"
) -> Entry:
    """Write a figure with its noise floor; marked where it lies on its worse side.

    These figures are not tested: outside its floor one is uncertain, and never called worse.
    """
    if score is None:
        return Entry("–")
    standing = score.floor.standing(score.value)
    text = f"{write(score.value)} ({interval(score.floor, write)})"
    return Entry(text, "unknown" if standing == worse else None)


def interval(band: Band | None, write: Callable[[float], str]) -> str:
    """Write a noise floor, an en dash where there is none."""
    return "–" if band is None else f"{write(band.low)} to {write(band.high)}"


def signed(value: float) -> str:
    """Return a difference of scores.

    Examples
    --------
    >>> signed(-0.01), signed(0.5)
    ('−0.010', '+0.500')
    """
    return f"{value:+.3f}".replace("-", _MINUS)
