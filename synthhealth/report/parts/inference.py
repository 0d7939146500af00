"""Whether a researcher comes to the same conclusions, as figures and tables."""

from __future__ import annotations

from collections.abc import Sequence

from synthhealth.evaluation import Evaluation
from synthhealth.evaluation.inference.results import Coefficient, Estimate, RegressionResult
from synthhealth.report.figures import label, zero_line
from synthhealth.report.numbers import counted, number_text, p_text, percent, score_text
from synthhealth.report.sections import Drawing, Entry, Part, Section, Sheet, scored
from synthhealth.report.theme import REAL, SYNTHETIC, Trace, axis, figure, layout, trace
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
        tuple(_forest(one, place) for place, one in enumerate(regressions)),
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


def _forest(regression: RegressionResult, place: int) -> Drawing:
    """Draw the coefficients with their intervals, in standard errors of the real ones.

    Their units differ: on one axis of the coefficients themselves most would be dots at 0.
    """
    terms = [one for one in regression.coefficients if one.term != "intercept"]
    names = [label(one.term, 30) for one in terms]
    same = sum(one.conclusion == "same" for one in terms)
    marks = (
        ("real", REAL, "circle", -0.16, [one.real for one in terms]),
        ("synthetic", SYNTHETIC, "diamond", 0.16, [one.synthetic for one in terms]),
    )
    return Drawing(
        f"inference-{place}-forest",
        shown(regression.formula, 100),
        figure(
            [
                _estimates(name, colour, symbol, shift, found, terms)
                for name, colour, symbol, shift, found in marks
            ],
            layout=layout(
                height=110 + 40 * len(terms),
                shapes=[zero_line()],
                xaxis=axis("coefficient, in standard errors of the real one"),
                yaxis=axis(
                    tickvals=list(range(len(terms))),
                    ticktext=names,
                    range=[len(terms) - 0.5, -0.5],
                    ticksuffix=" ",
                    showgrid=False,
                ),
            ),
        ),
        f"Forest plot of {counted(len(terms), 'term', 'terms')} with 95 % intervals, real and "
        f"synthetic: {same} with the same conclusion.",
        "Dots are estimates, lines their 95 % intervals. An interval that crosses the dotted line "
        "leaves open whether there is an effect.",
    )


def _estimates(
    name: str,
    colour: str,
    symbol: str,
    shift: float,
    found: Sequence[Estimate],
    terms: Sequence[Coefficient],
) -> Trace:
    known = [
        (line, one, term.real.se)
        for line, (one, term) in enumerate(zip(found, terms, strict=True))
        if one.low is not None and one.high is not None and term.real.se > 0
    ]
    return trace(
        "scatter",
        name=name,
        x=[round(one.estimate / unit, 3) for _, one, unit in known],
        y=[line + shift for line, _, _ in known],
        mode="markers",
        marker={"symbol": symbol, "size": 9, "color": colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [
                round(((one.high or 0.0) - one.estimate) / unit, 3) for _, one, unit in known
            ],
            "arrayminus": [
                round((one.estimate - (one.low or 0.0)) / unit, 3) for _, one, unit in known
            ],
            "color": colour,
            "thickness": 2,
            "width": 4,
        },
        customdata=[_estimate(one) for _, one, _ in known],
        hovertemplate=f"{name} %{{customdata}}<extra></extra>",
    )


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


INFERENCE = Part(lambda evaluation: inference_section(evaluation.inference), "use", _regressions)
