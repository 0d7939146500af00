"""Whether a researcher comes to the same conclusions, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from synthhealth.evaluation import Evaluation
from synthhealth.evaluation.inference.results import Coefficient, Estimate, RegressionResult
from synthhealth.report.numbers import counted, number_text, p_text, percent, score_text
from synthhealth.report.sections import Entry, Part, Section, Sheet, scored
from synthhealth.report.words import shown


def inference_section(regressions: Sequence[RegressionResult]) -> Section | None:
    """Return whether a researcher comes to the same conclusions."""
    if not regressions:
        return None
    hint = (
        "Would a researcher come to the same conclusions? Each regression on the real and on the "
        "synthetic rows. Corrected: with the wider interval that synthetic rows deserve, as they "
        "are not patients."
    )
    overview = Sheet(
        "inference-table",
        "Agreement",
        ("analysis", "overlap of intervals", "same conclusions", "difference", "p",
         "worth at most"),
        [_agreement(regression) for regression in regressions],
        "In brackets what other real patients would give in 95 of 100 cases. Difference: mean, in "
        "standard errors of the real coefficients. p: how often all coefficients of other real "
        "patients would differ as much. Worth: as many real patients would be as precise.",
    )  # fmt: skip
    return Section(
        "inference",
        "Regressions",
        hint,
        [overview, *(_coefficients(one, place) for place, one in enumerate(regressions))],
    )


def _agreement(regression: RegressionResult) -> list[Entry]:
    worth = regression.worth
    return [
        Entry(shown(regression.formula, 80)),
        scored(regression.overlap, score_text),
        scored(regression.same_conclusions, percent),
        scored(regression.mean_difference, number_text, worse="above"),
        Entry(p_text(regression.p_value)),
        Entry("–" if worth is None else f"{worth.n_effective:,.0f} patients"),
    ]


def _coefficients(regression: RegressionResult, place: int) -> Sheet:
    event = f" of {shown(regression.event, 40)}" if regression.event else ""
    used = "fewer than all" if regression.used_real is None else f"{regression.used_real:,}"
    return Sheet(
        f"inference-{place}",
        shown(regression.formula, 100),
        ("term", "real (95 % interval)", "synthetic", "corrected", "overlap", "conclusion",
         "corrected conclusion"),
        [_coefficient_row(one) for one in regression.coefficients],
        f"{regression.kind.capitalize()} regression{event} on {used} real and "
        f"{regression.used_synthetic:,} synthetic rows.",
    )  # fmt: skip


def _coefficient_row(found: Coefficient) -> list[Entry]:
    against = f" (against {shown(found.reference, 30)})" if found.reference else ""
    return [
        Entry(f"{shown(found.term, 60)}{against}"),
        *(Entry(_estimate(one)) for one in (found.real, found.synthetic, found.corrected)),
        Entry(percent(found.interval_overlap)),
        *(
            Entry(conclusion, "within" if conclusion == "same" else "below")
            for conclusion in (found.conclusion, found.corrected_conclusion)
        ),
    ]


def _estimate(found: Estimate) -> str:
    value = number_text(found.estimate)
    if found.low is None or found.high is None:
        return value
    return f"{value} ({number_text(found.low)} to {number_text(found.high)})"


def _regressions(evaluation: Evaluation) -> str | None:
    regressions = evaluation.inference
    if not regressions:
        return None
    terms = [
        one
        for regression in regressions
        for one in regression.coefficients
        if one.term != "intercept"
    ]
    same = sum(one.conclusion == "same" for one in terms)
    return (
        f"{counted(len(regressions), 'regression', 'regressions')}: {same} of "
        f"{counted(len(terms), 'term', 'terms')} with the same conclusion in both tables."
    )


INFERENCE = Part(lambda evaluation: inference_section(evaluation.inference), _regressions)
