"""A release in plain sentences: the verdict, why, and which risks stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from synthhealth.evaluation.privacy.attack import MembershipAttacks
from synthhealth.evaluation.privacy.evidence import Evidence, Outcome
from synthhealth.evaluation.privacy.legal_tests import LegalTest, Released
from synthhealth.evaluation.privacy.on_file import INSTEAD
from synthhealth.models.accountant import bound_in_words
from synthhealth.report.data import ModelInfo, ReportData
from synthhealth.report.numbers import counted, listed, percent, points_text
from synthhealth.report.release.checklist import IdentifierRow
from synthhealth.report.theme import Tone
from synthhealth.report.words import shown

__all__ = [
    "IN_WORDS",
    "OUTCOME_TONES",
    "attack_name",
    "headline",
    "interval_text",
    "limit_text",
    "outcome_text",
    "power_text",
    "reasons",
    "residual_risks",
    "right_text",
]

#: What is handed over.
IN_WORDS: dict[Released, str] = {
    "table": "the synthetic table",
    "model": "the saved model",
    "both": "the synthetic table and the saved model",
}
OUTCOME_TONES: dict[Outcome, Tone] = {
    "shown": "within",
    "not shown": "unknown",
    "exceeded": "below",
}
_NAMED = 6  # tests or attacks named in a sentence


def outcome_text(outcome: Outcome, evidence: Sequence[Evidence]) -> str:
    """Name an outcome: whether more patients would show it, or somebody has still to try."""
    if outcome == "not shown" and all(one.reason is None for one in evidence):
        return "not shown with this many patients"
    return outcome


def headline(tests: Sequence[LegalTest], released: Released, n_patients: int) -> str:
    """Give the verdict in one sentence."""
    what = IN_WORDS[released]
    exceeded = _names(test for test in tests if test.outcome == "exceeded")
    if exceeded:
        limits = "its limit" if len(exceeded) == 1 else "their limits"
        are = "is" if len(exceeded) == 1 else "are"
        return f"Do not release {what}: {listed(exceeded, _NAMED)} {are} beyond {limits}."
    open_ones = [test for test in tests if test.outcome == "not shown"]
    if not open_ones:
        return (
            f"The attacks show that {what} stays within the limits of all {len(tests)} tests; "
            "whether it is released is for you to decide."
        )
    if any(one.about == "other tables" for test in open_ones for one in test.evidence):
        return (
            f"It is not shown that {what} may be released: files of this family tell more of "
            "their patients than they should. Release synthetic rows instead."
        )
    too_few = f"{n_patients:,} patients are too few to tell"
    untried = "attacks have still to be made, or cannot be"
    is_tried = [all(one.reason is None for one in test.evidence) for test in open_ones]
    why = too_few if all(is_tried) else untried
    if any(is_tried) and not all(is_tried):
        why = f"{too_few}, or {untried}"
    of_all = f"{len(open_ones)} of {counted(len(tests), 'test', 'tests')}"
    return f"It is not shown that {what} may be released: in {of_all} {why}."


def reasons(
    tests: Sequence[LegalTest], n_patients: int, model: ModelInfo | None
) -> tuple[str, ...]:
    """Say why, the gravest first."""
    return (
        *(_beyond(test) for test in tests if test.outcome == "exceeded"),
        *_too_few(tests, n_patients),
        *_untried(tests),
        *_shown(tests),
        *_promised(model),
    )


def _promised(model: ModelInfo | None) -> Iterator[str]:
    """Say what holds of a private model whatever the attack."""
    if model is None or model.privacy != "formal":
        return
    epsilon, delta = model.settings.get("epsilon"), model.settings.get("delta")
    if isinstance(epsilon, (int, float)) and isinstance(delta, float):
        yield (
            f"The model keeps differential privacy with epsilon {epsilon:g}: "
            f"{bound_in_words(epsilon, delta)}, whatever somebody knows and however they attack. "
            "The schema counts as public."
        )


def _beyond(test: LegalTest) -> str:
    one = test.evidence[0]
    instead = f" {INSTEAD[:1].upper()}{INSTEAD[1:]}." if one.given == "saved model" else ""
    return (
        f"{test.name}: {_in_sentence(one)}. The whole interval ({_ends(one)}) lies beyond the "
        f"limit of {limit_text(test, one)}.{instead}"
    )


def _too_few(tests: Sequence[LegalTest], n_patients: int) -> list[str]:
    """Say where so many patients cannot tell, and how many could."""
    told, names, needed = [], [], 0
    for test in tests:
        known = [one for one in test.evidence if one.outcome == "not shown" and one.interval]
        if test.outcome != "not shown" or not known:
            continue
        near = max(known, key=lambda one: one.value or 0.0)
        if (near.value or 0.0) > test.limit:
            told.append(
                f"{test.name}: {_in_sentence(near)}. The interval ({_ends(near)}) holds the limit "
                f"of {limit_text(test, near)}: the patients are too few to tell on which side of "
                "it the release lies."
            )
        else:
            names.append(test)
            needed = max(needed, *(one.patients_needed or 0 for one in known))
    if names:
        enough = f"; if nothing is given away, about {needed:,} would be enough" if needed else ""
        told.append(
            f"{_as_list(names)}: nothing was found beyond the limit, but {n_patients:,} patients "
            f"are too few to show that it is kept{enough}."
        )
    return told


def _untried(tests: Sequence[LegalTest]) -> list[str]:
    """Say which attacks are missing, once for each reason; what is known elsewhere first."""
    by_reason: dict[str, dict[str, LegalTest]] = {}
    told = [(test, one) for test in tests for one in test.evidence if one.reason is not None]
    for test, one in sorted(told, key=lambda pair: pair[1].about != "other tables"):
        held = f"(attacks on {'the saved model' if one.given == 'saved model' else 'rows'})"
        by_reason.setdefault(f"{held}: {one.reason}", {})[test.key] = test
    return [f"{_as_list(found.values())} {reason}." for reason, found in by_reason.items()]


def _shown(tests: Sequence[LegalTest]) -> list[str]:
    found = [test for test in tests if test.outcome == "shown"]
    if not found:
        return []
    stay, limits = ("stays", "its limit") if len(found) == 1 else ("stay", "their limits")
    return [f"{_as_list(found)} {stay} within {limits} by the whole interval."]


def _as_list(tests: Iterable[LegalTest]) -> str:
    first, *others = (test.name for test in tests)
    return listed([first, *(f"{name[:1].lower()}{name[1:]}" for name in others)], _NAMED)


def _names(tests: Iterable[LegalTest]) -> list[str]:
    """Give names as they stand in a sentence."""
    return [f"{test.name[:1].lower()}{test.name[1:]} ({test.source})" for test in tests]


def _in_sentence(one: Evidence) -> str:
    if one.measure == "patients":
        return f"{right_text(one)} patients are recognised nearly surely{_held(one)}"
    if one.measure == "area":
        return (
            f"of two patients whose values are known, the one that was learned is told "
            f"{right_text(one)}{_held(one)}, where guessing gets 50 %"
        )
    return f"the attack “{attack_name(one)}” is right of {right_text(one)}"


def _held(one: Evidence) -> str:
    return " by whoever holds the saved model" if one.given == "saved model" else ""


def _ends(one: Evidence) -> str:
    """Give the ends of the interval, in the unit of the limit."""
    if one.interval is None:
        return "–"
    shift = 0.5 if one.measure == "area" else 0.0
    unit = "points" if one.measure == "excess" else "%"
    low, high = (100 * (end + shift) for end in (one.interval.low, one.interval.high))
    return f"{_number(low)} to {_number(high)} {unit}"


def _number(value: float) -> str:
    return f"{value:.0f}".replace("-", "\u2212")


def attack_name(one: Evidence) -> str:
    """Name an attack, by its column and what the attacker holds."""
    column = f": {shown(one.column, 30)}" if one.column is not None else ""
    held = " (model)" if one.given == "saved model" else ""
    return f"{one.attack}{column}{held}"


def right_text(one: Evidence) -> str:
    """Say how often an attack is right."""
    if one.measure is None or one.value is None:
        return "–"
    if one.measure == "area":
        return f"in {percent(0.5 + one.value)} of pairs"
    count = "fewer than 3" if not one.successes else f"about {one.successes:,}"
    of_all = f"{count} of {one.attempts:,}"
    return of_all if one.control is None else f"{of_all}, of others {percent(one.control)}"


def interval_text(one: Evidence) -> str:
    """Give what is held against the limit, with its interval."""
    if one.value is None or one.interval is None:
        return "–"
    if one.measure == "excess":
        return points_text(one.value, one.interval.low, one.interval.high)
    return _ends(one)


def limit_text(test: LegalTest, one: Evidence) -> str:
    """Give the limit in the unit of what is held against it."""
    if one.measure == "area":
        return f"{100 * (0.5 + test.limit):.3g} %"
    return f"{100 * test.limit:.3g} {'points' if one.measure == 'excess' else '%'}"


def power_text(one: Evidence) -> str:
    """Say what so many patients could show at most, or how many it would take."""
    if one.measure is None or one.reason is not None:
        return "–"
    if one.patients_needed is not None:
        return f"by {one.patients_needed:,} patients or more"
    if one.successes_up_to is not None:
        return f"up to {one.successes_up_to} of {one.attempts:,}"
    most = one.shown_up_to or 0.0
    if one.measure == "area":
        return f"up to {100 * (0.5 + most):.0f} %"
    return f"up to {100 * most:.1f} points"


def residual_risks(
    data: ReportData,
    tests: Sequence[LegalTest],
    shadow: MembershipAttacks | None,
    identifiers: Sequence[IdentifierRow],
    released: Released,
) -> tuple[str, ...]:
    """Say what the tests leave open, in plain sentences."""
    evaluation = data.evaluation
    about = {one.about for test in tests for one in test.evidence if one.reason is None}
    sentences = [
        "The attacks are those that are listed. Who knows more, or thinks of a better one, may get "
        "more; what is safe today is to be looked at again.",
        "Averages and shares say little of the worst-off. Unusual patients are recognised first: "
        "look at rare diagnoses, extreme values and small families by hand.",
        "No attack here joins two parts of a patient's record through the release, and none uses "
        "other tables that are about the same patients.",
        "Each further release of nearly the same patients adds to this one: another table, a "
        "model, a report. Keep a record, and do not release them one after the other.",
        "What is true of all such patients can be inferred of each, released or not. It may harm a "
        "group, and no test above counts it.",
    ]
    if "other fits" in about:
        sentences.append(
            "Attacks on other fits, of parts of the patients, judge the procedure. The table and "
            "the model at hand may be luckier or unluckier than these."
        )
    if shadow is not None and shadow.verdict == "measured":
        sentences.append(
            f"Each shadow fit learned {shadow.n_learned:,} of {shadow.n_patients:,} patients. A "
            "fit of fewer patients tells more of each: what these got errs on the side of caution."
        )
    if shadow is not None and shadow.n_patients != evaluation.n_real:
        sentences.append(
            f"The attack with shadow fits was made on {shadow.n_patients:,} patients, and the "
            f"report is about {evaluation.n_real:,}: make sure that they are the same study."
        )
    n_rows = None if shadow is None else shadow.n_rows
    if n_rows is not None and evaluation.n_synthetic > n_rows and released != "model":
        sentences.append(
            f"The strongest attack looked at {n_rows:,} synthetic rows, and the table has "
            f"{evaluation.n_synthetic:,}: more rows tell more."
        )
    if released != "table":
        sentences.append(
            "Whoever holds the model draws any number of rows, reads its parameters, and can try "
            "guesses about a patient whose like is known (verify --data). Treat the file of a "
            "small cohort like the cohort itself."
        )
    kept = [one.column for row in identifiers for one in row.columns if one.treatment == "kept"]
    if kept:
        sentences.append(
            f"Columns that help to identify people were kept as they are: "
            f"{listed((shown(name, 30) for name in kept), _NAMED)}."
        )
    sentences.append(
        "Identifiers are looked for in columns, by form and name; that none was found does not say "
        "that there is none."
    )
    return tuple(sentences)
