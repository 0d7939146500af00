"""What to do next: one to four sentences, by rules, each with what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from synthhealth.evaluation import Evaluation, Metric
from synthhealth.models import About, about
from synthhealth.options import option, parameter
from synthhealth.report.conclusion import gravest
from synthhealth.report.data import ModelInfo
from synthhealth.report.metric_words import against, in_sentence, words_of
from synthhealth.report.numbers import counted, listed
from synthhealth.report.parts.privacy import found_attacks, were_tried
from synthhealth.report.parts.subgroups import worse_groups
from synthhealth.report.parts.utility import learned, poor_outcomes
from synthhealth.report.words import shown

__all__ = ["advise"]

_MOST = 4
_NAMED = 5  # columns or figures named in a sentence
#: So many poor columns are no accident of single columns.
_MANY = 3


def advise(
    evaluation: Evaluation, model: ModelInfo | None, written: Evaluation | None = None
) -> tuple[str, ...]:
    """Say what to do next, the most urgent first.

    Parameters
    ----------
    evaluation : Evaluation
        The figures of the comparison.
    model : ModelInfo or None
        Which model made the synthetic table.
    written : Evaluation, optional
        Of the table that was written, where `evaluation` is of further fits.
    """
    decisive = gravest(evaluation, written)
    # Only the further fits were attacked by patients that they never saw.
    first = [] if decisive is evaluation else [_attacked(evaluation, model)]
    found = [*first, *(rule(decisive, model) for rule in _RULES)]
    return tuple(sentence for sentence in found if sentence is not None)[:_MOST]


def _copying(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    copying = evaluation.judgement.copying
    if not copying:
        return None
    metrics = {metric.name: metric for metric in evaluation.metrics}
    told = listed(map(against, (metrics[name] for name in copying)), _NAMED)
    own = _about(model).advice.copied
    if own:
        mend = _filled(own, model)
    elif _about(model).in_steps:
        mend = (
            f"Train again with fewer steps ({_steps(model, 0.5)}) or more patients, and raise "
            "min_cell in the schema if the repeated rows share rare levels"
        )
    else:
        mend = (
            "Find out where these rows come from and make the table again; to delete them is not "
            "enough, as a model that repeats some patients has learned others, too"
        )
    return f"Do not release this table: {told}. {mend}."


def _attacked(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    found = found_attacks(evaluation)
    # Where rows were copied, it has been said, and attacks find just that.
    if not found or evaluation.judgement.copying:
        return None
    train = f", train less ({_steps(model, 0.5)})" if _about(model).in_steps else ""
    return (
        "Do not release this table as it is: attacks get more of the patients that were learned "
        f"than of others, {listed(found, _NAMED)}. Learn more patients{train}, or raise min_cell, "
        "and attack again."
    )


def _stopped(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    if model is None or not model.partial or evaluation.judgement.verdict == "good":
        return None
    return (
        f"The training of {shown(model.name)} was stopped early: train to the end (a larger "
        f"{option('max_seconds')}, or none) before anything else is changed."
    )


def _poor_columns(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    poor = evaluation.judgement.poor_columns
    if not poor:
        return None
    names = listed(map(shown, poor), _NAMED)
    lie = f"{names} {'lies' if len(poor) == 1 else 'lie'} below {_their(poor)} noise floor"
    advice = _about(model).advice
    own = advice.many_columns if len(poor) >= _MANY and advice.many_columns else advice.columns
    if own:
        return _filled(own, model, columns=lie, names=names, n=len(poor)) + "."
    train = f", or train longer ({_steps(model, 2)})" if _about(model).in_steps else ""
    return (
        f"{lie[:1].upper()}{lie[1:]}. Compare the distributions under Column by column: a shift of "
        "all values is often a wrong unit or a missing-value code; mend it in the schema and fit "
        f"again{train}."
    )


def _poor_relations(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    pairs = evaluation.judgement.poor_relations
    # Where pairs have names, the figures over all of them add nothing to do.
    named = [f"{shown(first)} with {shown(second)}" for first, second in pairs]
    told = listed(named or [*map(against, _poor(evaluation, "dependence", "joint"))], _NAMED)
    if not told:
        return None
    if evaluation.judgement.poor_columns:
        return (
            f"Relations between columns are off as well ({told}): mend the columns first, as wrong "
            "columns make wrong relations, then look here again."
        )
    start = f"The columns are right one by one, but not together: {told}."
    own = _about(model).advice.relations
    mend = (
        _filled(own, model)
        if own
        else "A generator that draws each column by itself leaves such a table: use one that "
        f"learns the columns together ({option('compare')} says which)"
    )
    return f"{start} {mend}."


def _poor_gaps(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    poor = _poor(evaluation, "missingness")
    if not poor:
        return None
    told = listed(map(against, poor), _NAMED)
    return (
        f"Values are missing in other rows than in the real table ({told}): see Missing values. "
        "Declare codes that mean missing in the schema (missing: [-999]), and fit again."
    )


def _broken(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    rules = [result.rule for result in evaluation.rules if result.broken.standing == "above"]
    columns = [
        result.column
        for result in evaluation.ranges
        if result.implausible is not None and result.implausible.standing == "above"
    ]
    faults = [
        *(f"the rule {shown(rule)}" for rule in rules),
        *(f"the plausible range of {shown(column)}" for column in columns),
    ]
    if not faults:
        return None
    return (
        f"Synthetic rows break {listed(faults, _NAMED)} more often than real ones: fit with the "
        f"schema that declares them ({option('schema')}), so that such rows are drawn again."
    )


def _poor_groups(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    poor = worse_groups(evaluation)
    # Where the whole table is poor, so are its groups, and no group is the reason.
    if not poor or evaluation.judgement.verdict == "poor":
        return None
    return (
        f"Some groups of patients are not resembled as they should be: {listed(poor, _NAMED)}. Get "
        "more of these patients, or fit them apart, before the table is used for them."
    )


def _poor_predictions(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    poor = poor_outcomes(evaluation)
    if not poor:
        return None
    return (
        f"Do not train predictors on this table alone: {listed(map(learned, poor), 2)}. Keep the "
        "real rows for that, or mend what is worse."
    )


def _cannot_tell(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    judgement = evaluation.judgement
    if judgement.verdict != "cannot tell":
        return None
    names = listed((in_sentence(words_of(name).title) for name in judgement.uncertain), _NAMED)
    on = f" on {names}" if names else ""
    more = (
        "only more patients can settle it"
        if evaluation.real_is == "cross-validated"
        else f"judge with every patient unseen once ({option('every patient unseen')}), or get "
        "more patients"
    )
    return (
        f"With {evaluation.n_real:,} real and {evaluation.n_synthetic:,} synthetic rows no verdict "
        f"is possible{on}: {more}. Until then use the table for trying out programs only."
    )


def _close(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    judgement = evaluation.judgement
    # That a model leans on the rows that it learned is a finding, and nothing to be done about.
    leaning = {metric.name for metric in evaluation.metrics if metric.family == "learning"}
    close = [name for name in judgement.closer if name not in leaning]
    if judgement.copying or found_attacks(evaluation) or not (close or judgement.closer_columns):
        return None
    parts = [
        counted(len(judgement.closer_columns), "column", "columns")
        if judgement.closer_columns
        else "",
        listed((in_sentence(words_of(name).title) for name in close), _NAMED),
    ]
    which = " and ".join(part for part in parts if part)
    if evaluation.real_is == "training":
        return (
            f"Closer to these patients than others would be, but not copied ({which}): a model "
            "fitted to them follows what they have in common. No row was found to repeat a patient "
            "more than chance explains. That does not show that nobody can be recognised: what is "
            "learned from few patients tells of each of them. Judge with patients that the model "
            "never saw."
        )
    start = (
        f"Closer than other patients would be ({which}), though no rows were found to be copied: "
    )
    if evaluation.real_is == "given":
        return f"{start}make sure that the model did not learn these real rows."
    return (
        f"{start}chance does that in 5 of 100 cases; look whether patients are in the table more "
        "than once, so that those held out were learned after all."
    )


def _unseen(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    if evaluation.n_unseen is not None or evaluation.judgement.verdict in ("poor", "copied"):
        return None
    if evaluation.real_is == "training":
        return (
            "Show it on patients that the model never saw: keep some back and give them "
            f"({option('holdout')}), or let every patient be unseen once "
            f"({option('every patient unseen')})."
        )
    return (
        f"Say which patients the model never saw ({option('holdout')}): without that the report "
        "cannot tell what the model learned from what it repeats."
    )


def _purpose(evaluation: Evaluation, model: ModelInfo | None) -> str | None:
    if evaluation.judgement.verdict in ("poor", "copied"):
        return None
    attacks = (
        "before you release it, try stronger attacks on privacy than the quick ones of this "
        "report, which know the synthetic rows only"
        if were_tried(evaluation)
        else "before you release it, try attacks on privacy (is a patient in it, can a secret be "
        "guessed?): this report looks for copied rows only"
    )
    if evaluation.inference:
        return f"{attacks[:1].upper()}{attacks[1:]}."
    return (
        "Before you use the table, run the analysis that it is meant for on both tables "
        f"({option('analyses')}); {attacks}."
    )


_RULES: tuple[Callable[[Evaluation, ModelInfo | None], str | None], ...] = (
    _copying,
    _attacked,
    _stopped,
    _poor_columns,
    _poor_relations,
    _poor_gaps,
    _broken,
    _poor_groups,
    _poor_predictions,
    _cannot_tell,
    _close,
    _unseen,
    _purpose,
)


def _poor(evaluation: Evaluation, *families: str) -> list[Metric]:
    return [
        metric
        for metric in evaluation.metrics
        if metric.state == "worse" and metric.family in families
    ]


def _about(model: ModelInfo | None) -> About:
    return about("a generator" if model is None else model.name)


def _filled(text: str, model: ModelInfo | None, **said: object) -> str:
    """Fill in what a family's advice leaves open."""
    steps = {"shorter": _steps(model, 0.5), "longer": _steps(model, 2)}
    return text.format(**said, **steps, compare=option("compare"))


def _steps(model: ModelInfo | None, factor: float) -> str:
    """Say how to set the length of training, and what it is now."""
    now = None if model is None else model.settings.get("steps")
    if not isinstance(now, int):
        return parameter("steps", "...")
    return f"{parameter('steps', round(now * factor))}, now {now}"


def _their(names: Sequence[str]) -> str:
    return "its" if len(names) == 1 else "their"
