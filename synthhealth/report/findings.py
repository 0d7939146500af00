"""The findings on groups, predictions and regressions in plain sentences."""

from __future__ import annotations

from synthhealth.evaluation import Evaluation
from synthhealth.evaluation.utility.results import OutcomeUtility
from synthhealth.report.numbers import counted, listed, score_text
from synthhealth.report.parts.subgroups import group_name
from synthhealth.report.words import shown

_NAMED = 4  # groups or outcomes named in a sentence


def section_sentences(evaluation: Evaluation) -> list[str]:
    """Say what came out of the sections that look at more than columns."""
    found = (_groups(evaluation), _predictions(evaluation), _regressions(evaluation))
    return [sentence for sentence in found if sentence is not None]


def poor_groups(evaluation: Evaluation) -> list[str]:
    """Return the names of the groups that are poor, the worst first."""
    poor = [group for group in evaluation.subgroups if group.verdict == "poor"]
    return [group_name(group) for group in sorted(poor, key=lambda group: group.p_value)]


def poor_outcomes(evaluation: Evaluation) -> list[OutcomeUtility]:
    """Return the outcomes that synthetic rows teach worse than real ones."""
    utility = evaluation.utility
    outcomes = () if utility is None else utility.outcomes
    return [outcome for outcome in outcomes if outcome.verdict == "poor"]


def learned(outcome: OutcomeUtility) -> str:
    """Return an outcome with what can be learned of it from both tables."""
    learners = {learner.learner: learner for learner in outcome.learners}
    real = learners[outcome.best_real].real.score
    synthetic = learners[outcome.best_synthetic].synthetic.score
    return (
        f"{shown(outcome.column)} ({outcome.measure} {score_text(synthetic)} instead of "
        f"{score_text(real)})"
    )


def _groups(evaluation: Evaluation) -> str | None:
    if not evaluation.subgroups:
        return None
    groups = counted(len(evaluation.subgroups), "group", "groups")
    poor = poor_groups(evaluation)
    if not poor:
        return f"Of {groups} of patients none is poor."
    are = "is" if len(poor) == 1 else "are"
    return f"Of {groups} of patients {len(poor)} {are} poor: {listed(poor, _NAMED)}."


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
    good = [shown(one.column) for one in utility.outcomes if one.verdict == "good"]
    if not good:
        return f"Whether predictors can be trained on synthetic rows cannot be told ({outcomes})."
    return f"Predictors trained on synthetic rows hold for real patients: {listed(good, _NAMED)}."


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
