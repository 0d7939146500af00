"""The page of a release: a first sheet that is to be signed, and the evidence behind it."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from synthhealth.evaluation.privacy.disclosure import SECRETS
from synthhealth.evaluation.privacy.evidence import Evidence
from synthhealth.evaluation.privacy.legal_tests import LegalTest
from synthhealth.evaluation.privacy.membership import DENSITY, DISTANCE
from synthhealth.evaluation.privacy.replays import EXTREMES, RARE_LEVELS
from synthhealth.evaluation.privacy.shadow import BY_ROWS
from synthhealth.evaluation.privacy.uniqueness import COMBINATIONS, IDENTICAL, NEARLY
from synthhealth.report.page import environment, template_file, variables
from synthhealth.report.release.verdict import ReleaseVerdict
from synthhealth.report.release.words import (
    IN_WORDS,
    OUTCOME_TONES,
    attack_name,
    interval_text,
    limit_text,
    outcome_text,
    power_text,
    right_text,
)
from synthhealth.report.sections import Entry, Sheet
from synthhealth.report.theme import DARK, LIGHT, Tone
from synthhealth.report.words import shown

__all__ = ["as_page"]

#: Attacks of a test that the page lists; all are in the JSON.
MOST_ATTACKS = 25

_ORDER = [
    threat.name
    for threat in (
        *(COMBINATIONS, IDENTICAL, NEARLY, EXTREMES, RARE_LEVELS),
        *(DISTANCE, DENSITY, BY_ROWS, SECRETS),
    )
]
_ABOUT = {
    "this table": "this table",
    "other fits": "other fits of such patients",
    "other tables": "other patients",
}


class Line(NamedTuple):
    """A test on the first sheet, with the attack that decides it."""

    test: LegalTest
    source: str
    tone: Tone
    outcome: str
    attack: str
    more: int  # attacks that come to the same
    right: str
    interval: str
    limit: str
    power: str


def as_page(verdict: ReleaseVerdict) -> str:
    """Return the whole page."""
    return (
        environment()
        .get_template("release.html.j2")
        .render(
            verdict=verdict,
            what=IN_WORDS[verdict.released],
            tone=OUTCOME_TONES[verdict.outcome],
            lines=[_line(test) for test in verdict.tests],
            evidence=[_evidence_sheet(test) for test in verdict.tests],
            threats=_threat_sheet(verdict),
            identifiers=_identifier_sheet(verdict),
            crosswalk=_crosswalk_sheet(verdict),
            style=Markup(template_file("report.css") + template_file("release.css")),
            light=variables(LIGHT),
            dark=variables(DARK),
        )
    )


def _line(test: LegalTest) -> Line:
    deciding = [one for one in test.evidence if one.outcome == test.outcome]
    first = deciding[0]
    return Line(
        test=test,
        source=shown(test.source, 40),
        tone=OUTCOME_TONES[test.outcome],
        outcome=outcome_text(test.outcome, deciding),
        attack=attack_name(first),
        more=len(deciding) - 1,
        right=right_text(first),
        interval=interval_text(first),
        limit=limit_text(test, first),
        power=power_text(first),
    )


def _evidence_sheet(test: LegalTest) -> Sheet:
    told = test.evidence[:MOST_ATTACKS]
    more = (
        f" The {len(told)} gravest of {len(test.evidence)}; release.json has all."
        if len(told) < len(test.evidence)
        else ""
    )
    return Sheet(
        f"evidence-{test.key}",
        f"{test.name} ({shown(test.source, 40)})",
        (
            "attack",
            "outcome",
            "made on",
            "right, of those learned",
            "difference, points, or share (95 % interval)",
            "limit",
            "what so many patients could show, or why nothing is",
        ),
        [_evidence_row(test, one) for one in told],
        f"{test.measured_by} The limit comes from {shown(test.limit_from, 80)}.{more}",
    )


def _evidence_row(test: LegalTest, one: Evidence) -> list[Entry]:
    name = Entry(attack_name(one))
    outcome = Entry(one.outcome, OUTCOME_TONES[one.outcome])
    if one.reason is not None:
        return [name, outcome, *[Entry("–")] * 4, Entry(one.reason)]
    return [
        name,
        outcome,
        Entry(_ABOUT[one.about]),
        Entry(right_text(one)),
        Entry(interval_text(one)),
        Entry(limit_text(test, one)),
        Entry(power_text(one)),
    ]


def _threat_sheet(verdict: ReleaseVerdict) -> Sheet:
    """Say of each attack that was made who holds what; of guessing secrets once."""
    made = {
        (one.attack, one.given): one
        for test in verdict.tests
        for one in test.evidence
        if one.threat is not None
    }
    return Sheet(
        "threats",
        "Who holds what, and does what",
        ("attack", "the attack", "source"),
        [
            [
                Entry(attack_name(one.model_copy(update={"column": None}))),
                Entry(one.threat or ""),
                Entry(one.source or ""),
            ]
            for one in sorted(made.values(), key=_place)
        ],
    )


def _place(one: Evidence) -> tuple[int, bool]:
    """Give the place of an attack: some are told of as the same as the one before."""
    place = _ORDER.index(one.attack) if one.attack in _ORDER else len(_ORDER)
    return place, one.given == "saved model"


def _identifier_sheet(verdict: ReleaseVerdict) -> Sheet:
    return Sheet(
        "identifiers",
        "The 18 identifiers",
        ("", "identifier", "found", "columns, and what was done with them"),
        [
            [
                Entry(row.paragraph),
                Entry(row.element),
                Entry(row.finding),
                Entry(
                    "; ".join(
                        f"{shown(one.column, 40)} ({one.identifier}): {_TREATED[one.treatment]}"
                        for one in row.columns
                    )
                    or f"a scan looks for {row.sought}"
                ),
            ]
            for row in verdict.identifiers
        ],
        "Those of 45 CFR 164.514(b)(2)(i), as the schema of the columns has them, which a scan "
        "proposes and a person may change. That none was found does not say that there is none.",
    )


_TREATED = {
    "dropped": "not in the synthetic table",
    "faked": "replaced by made-up values",
    "generalised": "coarsened before anything was learned",
    "left out": "not learned",
    "kept": "kept as it is",
}


def _crosswalk_sheet(verdict: ReleaseVerdict) -> Sheet:
    return Sheet(
        "crosswalk",
        "Which clause is answered by what",
        ("source", "clause", "asks", "evidence here", "the organisation adds"),
        [
            [Entry(text) for text in (one.source, one.clause, one.asks, one.evidence, one.to_add)]
            for one in verdict.crosswalk
        ],
        "The clauses in our words; no legal advice. The evidence alone satisfies none of them.",
    )
