"""The verdict in words: a headline, and at most three reasons.

A verdict is a word, a mark and a colour, never a colour alone. Its reasons are those of the cards
that are worse, so that they cannot say otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

from synthhealth.evaluation import Evaluation
from synthhealth.report.cards import CLOSER, WRITTEN_ONLY, key_cards
from synthhealth.report.data import Conclusion
from synthhealth.report.metric_words import against, in_sentence, words_of
from synthhealth.report.numbers import counted, listed
from synthhealth.report.parts.privacy import PRIVACY_WORDS, conclude_privacy, found_attacks
from synthhealth.report.parts.subgroups import named_group
from synthhealth.report.theme import TONES, Tone
from synthhealth.report.words import column_scores

__all__ = ["Spoken", "conclude", "verdicts"]

_MOST = 3  # reasons
_NAMED = 4  # columns or figures named in a sentence

_HEADLINES = {
    "good": "The synthetic rows look like other real patients, as far as these figures can tell.",
    "poor": "The synthetic rows differ from real patients by more than chance explains.",
    "copied": "More synthetic rows repeat real patients than chance explains.",
}


def conclude(evaluation: Evaluation, written: Evaluation | None = None) -> Conclusion:
    """Put the judgement, and what the attacks found, into words.

    Parameters
    ----------
    evaluation : Evaluation
        The figures of the comparison.
    written : Evaluation, optional
        Of the table that was written, where `evaluation` is of further fits: its faults count, too.
    """
    verdict = gravest(evaluation, written).judgement.verdict
    headline = _HEADLINES.get(
        verdict,
        f"With {evaluation.n_real:,} real and {evaluation.n_synthetic:,} synthetic rows these "
        "figures cannot tell whether the synthetic rows are good or poor.",
    )
    copied = written is not None and written.judgement.copying
    privacy, privacy_headline = conclude_privacy(written if written and copied else evaluation)
    return Conclusion(
        verdict=verdict,
        headline=headline,
        privacy=privacy,
        privacy_headline=privacy_headline,
        reasons=tuple(_reasons(evaluation, written))[:_MOST],
    )


def gravest(evaluation: Evaluation, written: Evaluation | None) -> Evaluation:
    """Return the evaluation that decides: a fault of either is one of the verdict."""
    for verdict in ("copied", "poor"):
        for one in (evaluation, written):
            if one is not None and one.judgement.verdict == verdict:
                return one
    return evaluation


class Spoken(NamedTuple):
    """One of the two verdicts, as it stands on the first screen."""

    question: str
    word: str
    tone: Tone
    headline: str


def verdicts(conclusion: Conclusion) -> tuple[Spoken, Spoken]:
    """Return both verdicts: likeness to patients says nothing of whom the rows give away."""
    word, tone = PRIVACY_WORDS[conclusion.privacy]
    return (
        Spoken("Likeness", conclusion.verdict, TONES[conclusion.verdict], conclusion.headline),
        Spoken("Privacy", word, tone, conclusion.privacy_headline),
    )


def _reasons(evaluation: Evaluation, written: Evaluation | None) -> list[str]:
    """Return what speaks for the verdict, the weightiest first."""
    cards = key_cards(evaluation, written)
    worse = [card.reason for card in cards if card.state == "worse"]
    copied = _copied(evaluation, "") or (written and _copied(written, WRITTEN_ONLY))
    found = [copied or None, _attacked(evaluation), *worse]
    if not worse:
        found.append(_nothing_worse(evaluation, is_copied=bool(copied)))
    return [one for one in (*found, _uncertain(evaluation), _closer(evaluation)) if one is not None]


def _copied(evaluation: Evaluation, where: str) -> str | None:
    copying = evaluation.judgement.copying
    if not copying:
        return None
    metrics = {metric.name: metric for metric in evaluation.metrics}
    return f"Copied rows{where}: {listed((against(metrics[name]) for name in copying), _NAMED)}."


def _attacked(evaluation: Evaluation) -> str | None:
    found = found_attacks(evaluation)
    if not found:
        return None
    return (
        "Attacks on privacy get more of the patients that the model learned than of others: "
        f"{listed(found, _NAMED)}."
    )


def _nothing_worse(evaluation: Evaluation, *, is_copied: bool) -> str:
    looked_at = [
        counted(len(column_scores(evaluation)), "column", "columns"),
        counted(len(evaluation.metrics), "figure", "figures") + " over the whole table",
    ]
    n_relations = len({(one.first, one.second) for one in evaluation.relations})
    if n_relations:
        looked_at.append(counted(n_relations, "relation", "relations") + " that matter most")
    if evaluation.subgroups:
        groups = counted(len(evaluation.subgroups), "group", "groups")
        looked_at.append(f"{groups} of patients")
    told = f"None of {listed(looked_at, len(looked_at))} is worse than chance explains"
    copies = any(metric.family == "copying" for metric in evaluation.metrics)
    if is_copied or found_attacks(evaluation) or not copies:
        return f"{told}."
    return f"{told}, and no more rows repeat a patient than would by chance."


def _uncertain(evaluation: Evaluation) -> str | None:
    """Say what cannot be told: figures, relations and groups, the groups by name."""
    judgement = evaluation.judgement
    relations = {
        (one.first, one.second) for one in evaluation.relations if one.state == "uncertain"
    } - set(judgement.poor_relations)
    what = [in_sentence(words_of(name).title) for name in judgement.uncertain]
    groups = [named_group(*one) for one in judgement.uncertain_groups]
    groups += [
        f"{gap.column.replace(': ', ' ')} (too few)"
        for gap in evaluation.not_computed
        if gap.what == "subgroup" and gap.column is not None and "fewer than" in gap.reason
    ]
    which = "the group" if len(groups) == 1 else "the groups"
    told = [f"{which} {listed(groups, _NAMED)}"] if groups else []
    if relations:
        all_of_them = {(one.first, one.second) for one in evaluation.relations}
        told.append(f"{len(relations)} of the {len(all_of_them)} relations that matter most")
    told += what
    if not told:
        return None
    return f"Uncertain at these sizes: {listed(told, _NAMED)}."


def _closer(evaluation: Evaluation) -> str | None:
    judgement = evaluation.judgement
    if judgement.copying or not (judgement.closer or judgement.closer_columns):
        return None
    learned = {
        "training": ", as a model that learned them can be without copying any",
        "holdout": ", which a model that never saw them has no reason to be",
        "cross-validated": ", which models that never saw them have no reason to be",
        "given": "",
    }[evaluation.real_is]
    n = len(judgement.closer) + len(judgement.closer_columns)
    are = "1 figure is" if n == 1 else f"{n} figures are"
    return f"{are} {CLOSER}{learned}."
