"""The questions by which a page is read: each with a short answer, told while it is closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from synthhealth.evaluation.figures import Family
from synthhealth.report import parts
from synthhealth.report.conclusion import verdicts
from synthhealth.report.data import ReportData
from synthhealth.report.metric_words import in_sentence, words_of
from synthhealth.report.numbers import counted, listed
from synthhealth.report.parts.graph import graph_section
from synthhealth.report.parts.subgroups import worse_groups
from synthhealth.report.parts.utility import poor_outcomes
from synthhealth.report.parts.written import written_section
from synthhealth.report.sections import Asked, Section
from synthhealth.report.theme import TONES, Tone
from synthhealth.report.words import column_results, shown

__all__ = ["Question", "questions"]

_NAMED = 3  # columns, pairs or groups named in an answer
_Key: TypeAlias = Asked | Literal["findings", "figures", "analysis", "reading"]


class Question(NamedTuple):
    """A question, as it stands in the navigation and above what answers it."""

    key: _Key
    name: str
    words: str
    answer: str = ""
    tone: Tone | None = None
    sections: tuple[Section, ...] = ()
    is_printed: bool = True

    @property
    def id(self) -> str:
        """Its name in the page."""
        return f"on-{self.key}"


def questions(data: ReportData) -> dict[str, Question]:
    """Return the questions of a page in their order; the template knows what stands in each."""
    sections: dict[_Key, list[Section]] = {}
    for part in parts.PARTS:
        section = part.section(data.evaluation)
        if section is not None:
            sections.setdefault(part.question, []).append(section)
    graph = None if data.model is None else graph_section(data.model.graph)
    written = written_section(data.evaluation, data.written)
    sections["relations"] = [*sections.get("relations", []), *([graph] if graph else [])]
    sections["figures"] = [written] if written else []
    found = []
    for asked, name, words, answer in _ASKED:
        told, tone = answer(data)
        found.append(Question(asked, name, words, told, tone, tuple(sections.get(asked, ()))))
    every = [
        Question("findings", "Findings", "What was found, and what can this report not show?"),
        *found,
        Question(
            "figures",
            "All figures",
            "What are all the figures over the whole table?",
            sections=tuple(sections["figures"]),
        ),
        Question("analysis", "Real table", "What is in the real table?", is_printed=False),
        Question("reading", "How to read", "How do I read this page?", is_printed=False),
    ]
    return {one.key: one for one in every}


def _told(
    worse: list[str], n_all: int, of_what: str, uncertain: int, overall: Sequence[str] = ()
) -> tuple[str, Tone | None]:
    """Say which of them are worse, and which figures over all of them, or that none is."""
    if overall:
        return f"worse: {listed([*worse, *overall], _NAMED)}", TONES["worse"]
    if worse:
        are = "is" if len(worse) == 1 else "are"
        return f"{len(worse)} of {n_all:,} {are} worse: {listed(worse, _NAMED)}", TONES["worse"]
    if uncertain == n_all:
        return f"uncertain: {of_what}", TONES["uncertain"]
    more = f", {uncertain:,} uncertain" if uncertain else ""
    tone = TONES["uncertain" if 2 * uncertain >= n_all else "as good"]
    return f"none of {of_what} is worse{more}", tone


def _columns(data: ReportData) -> tuple[str, Tone | None]:
    results = column_results(data.evaluation)
    worse = [shown(name, 30) for name in data.evaluation.judgement.poor_columns]
    uncertain = sum(one.state == "uncertain" for one in results)
    which = counted(len(results), "column", "columns")
    return _told(worse, len(results), which, uncertain, _worse_figures(data, "marginals"))


def _relations(data: ReportData) -> tuple[str, Tone | None]:
    evaluation = data.evaluation
    if not evaluation.relations:
        overall = _worse_figures(data, "dependence", "joint")
        return (f"worse: {listed(overall, _NAMED)}", TONES["worse"]) if overall else ("", None)
    states: dict[tuple[str, str], set[str]] = {}
    for one in evaluation.relations:
        states.setdefault((one.first, one.second), set()).add(one.state)
    worse = [
        " and ".join(shown(name, 30) for name in pair)
        for pair in evaluation.judgement.poor_relations
    ]
    # A pair can be asked for in two ways, and is uncertain where one of them is.
    uncertain = sum("uncertain" in found and "worse" not in found for found in states.values())
    which = counted(len(states), "relation that matters most", "relations that matter most")
    overall = _worse_figures(data, "dependence", "joint")
    return _told(list(dict.fromkeys(worse)), len(states), which, uncertain, overall)


def _worse_figures(data: ReportData, *families: Family) -> list[str]:
    return [
        in_sentence(words_of(one.name).title)
        for one in data.evaluation.metrics
        if one.family in families and one.state == "worse"
    ]


def _patients(data: ReportData) -> tuple[str, Tone | None]:
    groups = data.evaluation.subgroups
    if not groups:
        return "", None
    uncertain = sum(one.state == "uncertain" for one in groups)
    which = counted(len(groups), "group of patients", "groups of patients")
    return _told(worse_groups(data.evaluation), len(groups), which, uncertain)


def _gaps(data: ReportData) -> tuple[str, Tone | None]:
    figures = [one for one in data.evaluation.metrics if one.family == "missingness"]
    if all(one.real == 0 and one.synthetic == 0 for one in data.missingness):
        return "no value is missing in either table", None
    if not figures:
        return "", None
    worse = sum(one.state == "worse" for one in figures)
    if worse:
        return f"{worse} of {len(figures)} figures of missing values worse", TONES["worse"]
    uncertain = sum(one.state == "uncertain" for one in figures)
    if uncertain:
        return f"{uncertain} of {len(figures)} figures of missing values uncertain", TONES[
            "uncertain"
        ]
    return "values are missing as in other patients", TONES["as good"]


def _use(data: ReportData) -> tuple[str, Tone | None]:
    utility = data.evaluation.utility
    if utility is None:
        return "", None
    worse = [shown(one.column, 30) for one in poor_outcomes(data.evaluation)]
    n_all = len(utility.outcomes)
    uncertain = sum(one.state == "uncertain" for one in utility.outcomes)
    return _told(worse, n_all, counted(n_all, "prediction", "predictions"), uncertain)


def _privacy(data: ReportData) -> tuple[str, Tone | None]:
    spoken = verdicts(data.conclusion)[1]
    return spoken.word, spoken.tone


Answer: TypeAlias = Callable[[ReportData], tuple[str, Tone | None]]
_ASKED: tuple[tuple[Asked, str, str, Answer], ...] = (
    ("columns", "Columns", "Is each column like the real one?", _columns),
    ("relations", "Relations", "Do columns go together as in real patients?", _relations),
    (
        "patients",
        "Patients",
        "Are the patients, and groups of them, like the real ones?",
        _patients,
    ),
    ("gaps", "Gaps and limits", "Are gaps, limits and rules as in the real table?", _gaps),
    ("use", "Use", "Can the table be used in place of the real one?", _use),
    ("privacy", "Privacy", "Does the table give any patient away?", _privacy),
)
