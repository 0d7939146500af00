"""Whether predictors may be trained on the synthetic table, as tables."""

from __future__ import annotations

from synthhealth.evaluation import Evaluation
from synthhealth.evaluation.utility.results import (
    Difference,
    OutcomeUtility,
    Performance,
    Utility,
)
from synthhealth.report.numbers import counted, listed, number_text, p_text, score_text
from synthhealth.report.sections import Entry, Part, Section, Sheet, signed
from synthhealth.report.theme import TONES, Tone
from synthhealth.report.words import shown

_NAMED = 4  # outcomes named in a sentence


def utility_section(utility: Utility | None) -> Section | None:
    """Return whether predictors may be trained on the synthetic table."""
    if utility is None:
        return None
    is_unseen = utility.tested_on == "unseen rows"
    sampled = ", random samples of larger tables," if utility.sampled else ""
    hint = (
        f"Can predictors be trained on the synthetic table in place of the real one? Trained on "
        f"{counted(utility.n_real, 'real row', 'real rows')} or "
        f"{counted(utility.n_synthetic, 'synthetic row', 'synthetic rows')}{sampled} at a time and "
        f"tested on {counted(utility.n_tested, 'real row', 'real rows')} not trained on "
        f"({_DESIGNS[utility.design]}). {_TESTED[utility.tested_on]}"
    )
    learners = [
        [
            Entry(shown(outcome.column, 40)),
            Entry(learner.learner),
            Entry(learner.state, TONES[learner.state]),
            Entry(_performance(learner.real)),
            Entry(_performance(learner.synthetic)),
            Entry(_difference(learner.loss)),
            Entry(number_text(learner.real.calibration_slope, 2)),
            Entry(number_text(learner.synthetic.calibration_slope, 2)),
        ]
        for outcome in utility.outcomes
        for learner in outcome.learners
    ]
    return Section(
        "utility",
        "Predictions",
        hint,
        [
            Sheet(
                "utility-table",
                "What can be predicted",
                ("outcome", "state", "q", "score", "trained on real", "trained on synthetic",
                 "difference", "allowed", "both against real"),
                [_outcome_row(outcome, is_unseen) for outcome in utility.outcomes],
                "The best of several learners each. Worse: the loss is larger than allowed, a "
                "tenth of the way from chance to perfect, by more than chance. Both against real: "
                "what the two tables together gain over the real one alone; where the model may "
                "have learned the rows tested on, that is uncertain.",
            ),
            Sheet(
                "utility-learners",
                "Learner by learner",
                ("outcome", "learner", "state", "trained on real", "trained on synthetic",
                 "difference", "slope, real", "slope, synthetic"),
                learners,
                "Slope of the calibration: at 1 predictions mean what they say, below 1 they are "
                "too extreme, above 1 too timid.",
                is_printed=False,
            ),
        ],
    )  # fmt: skip


_DESIGNS = {
    "holdout": "a holdout",
    "cross-validation": "repeated cross-validation",
    "split": "one random split",
}

_TESTED = {
    "unseen rows": "The model never saw the rows tested on.",
    "rows the model may have learned": "The model may have learned the rows tested on: this "
    "flatters the synthetic table.",
}


def _outcome_row(outcome: OutcomeUtility, is_unseen: bool) -> list[Entry]:
    learners = {learner.learner: learner for learner in outcome.learners}
    return [
        Entry(shown(outcome.column, 40)),
        Entry(outcome.state, TONES[outcome.state]),
        Entry(p_text(outcome.q_poor)),
        Entry(outcome.measure),
        Entry(_performance(learners[outcome.best_real].real)),
        Entry(_performance(learners[outcome.best_synthetic].synthetic)),
        Entry(_difference(outcome.loss)),
        Entry(signed(-outcome.margin)),
        _gain(outcome.augmentation, is_unseen),
    ]


def _performance(found: Performance) -> str:
    return f"{score_text(found.score)} ({score_text(found.low)} to {score_text(found.high)})"


def _difference(found: Difference) -> str:
    return f"{signed(found.value)} ({signed(found.low)} to {signed(found.high)})"


def _gain(found: Difference, is_unseen: bool) -> Entry:
    """Write what both tables gain; of rows that the model learned, a gain is none to be seen."""
    if not is_unseen:
        return Entry(f"{_difference(found)}, uncertain", "unknown")
    tones: dict[str, Tone | None] = {"below": "below", "above": "within", "within": None}
    return Entry(_difference(found), tones[found.standing])


def poor_outcomes(evaluation: Evaluation) -> list[OutcomeUtility]:
    """Return the outcomes that synthetic rows teach worse than real ones."""
    utility = evaluation.utility
    outcomes = () if utility is None else utility.outcomes
    return [outcome for outcome in outcomes if outcome.state == "worse"]


def learned(outcome: OutcomeUtility) -> str:
    """Return an outcome with what can be learned of it from both tables."""
    learners = {learner.learner: learner for learner in outcome.learners}
    real = learners[outcome.best_real].real.score
    synthetic = learners[outcome.best_synthetic].synthetic.score
    return (
        f"{shown(outcome.column)} ({outcome.measure} {score_text(synthetic)} instead of "
        f"{score_text(real)})"
    )


def _predictions(evaluation: Evaluation) -> str | None:
    utility = evaluation.utility
    if utility is None:
        return None
    poor = poor_outcomes(evaluation)
    outcomes = counted(len(utility.outcomes), "outcome", "outcomes")
    if poor:
        are = "is" if len(poor) == 1 else "are"
        return (
            f"Of {outcomes} {len(poor)} {are} learned worse from synthetic than from real rows, by "
            f"more than is allowed: {listed(map(learned, poor), _NAMED)}."
        )
    good = [shown(one.column) for one in utility.outcomes if one.state == "as good"]
    if not good:
        return f"Whether predictors can be trained on synthetic rows cannot be told ({outcomes})."
    return f"Predictors trained on synthetic rows hold for real patients: {listed(good, _NAMED)}."


UTILITY = Part(lambda evaluation: utility_section(evaluation.utility), "use", _predictions)
