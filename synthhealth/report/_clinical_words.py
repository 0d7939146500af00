"""The findings on missing values, limits, reference ranges and identifiers in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from synthhealth.evaluation import Evaluation, Share, ShareComparison
from synthhealth.report._clinical_data import ProtectedColumn, RareColumn
from synthhealth.report._data import ModelInfo
from synthhealth.report._metric_words import value_text, words_of
from synthhealth.report._numbers import counted, listed, percent
from synthhealth.report._words import shown

_NAMED = 4  # columns named in a sentence


def clinical_sentences(
    evaluation: Evaluation,
    model: ModelInfo | None,
    protected: Sequence[ProtectedColumn],
    rare: Sequence[RareColumn],
) -> list[str]:
    """Say what came out of what a clinical schema asks."""
    sentences = _missing(evaluation)
    sentences += _detection(evaluation)
    sentences += _references(evaluation)
    sentences += _faults(evaluation, model)
    if protected:
        names = listed((shown(column.column) for column in protected), _NAMED)
        sentences.append(
            f"{counted(len(protected), 'column identifies', 'columns identify')} people and "
            f"{'was' if len(protected) == 1 else 'were'} taken out or made coarser before anything "
            f"was learned: {names}."
        )
    if rare:
        names = listed((shown(column.column) for column in rare), _NAMED)
        sentences.append(
            f"In {counted(len(rare), 'column', 'columns')} levels of too few patients were pooled, "
            f"joined or dropped before anything was learned: {names}."
        )
    return sentences


def _missing(evaluation: Evaluation) -> list[str]:
    told = [
        f"{words_of(metric.name).title.lower()} {value_text(metric)} ({metric.verdict})"
        for metric in evaluation.metrics
        if metric.family == "missingness"
    ]
    return [f"Which values are missing: {', '.join(told)}."] if told else []


def _detection(evaluation: Evaluation) -> list[str]:
    compared = [
        (f"{shown(result.column)} ({side} its limit)", part)
        for result in evaluation.censoring
        for side, part in (("below", result.below), ("above", result.above))
        if part is not None
    ]
    if not compared:
        return []
    different = [pair for pair in compared if pair[1].standing != "within"]
    columns = counted(len(evaluation.censoring), "column has", "columns have")
    start = f"{columns} results beyond detection limits"
    if not different:
        return [f"{start}; as often in the synthetic table as in the real one, within chance."]
    return [f"{start}; other than in the real table by more than chance: {_shares(different)}."]


def _references(evaluation: Evaluation) -> list[str]:
    compared = [
        (f"{shown(result.column)} {side} the range", part)
        for result in evaluation.references
        for side, part in (("below", result.below), ("above", result.above))
        if part is not None and part.standing is not None
    ]
    if not compared:
        return []
    different = [pair for pair in compared if pair[1].standing != "within"]
    figures = counted(len(compared), "share", "shares")
    if not different:
        return [
            f"{figures} of patients outside a reference range: none differs from the real one by "
            "more than chance."
        ]
    return [
        f"{figures} of patients outside a reference range: {len(different)} "
        f"{'differs' if len(different) == 1 else 'differ'} from the real one by more than chance, "
        f"which of 20 without any fault about one does: {_shares(different)}."
    ]


def _faults(evaluation: Evaluation, model: ModelInfo | None) -> list[str]:
    sentences = []
    implausible = [
        (shown(result.column), result.implausible)
        for result in evaluation.ranges
        if result.implausible is not None and result.implausible.synthetic.count
    ]
    if implausible:
        sentences.append(f"Synthetic values outside the plausible range: {_shares(implausible)}.")
    piled = [
        (shown(result.column), result.at_extremes)
        for result in evaluation.ranges
        if result.at_extremes.standing == "above"
    ]
    if piled:
        sentences.append(
            "More synthetic than real values lie exactly on the real table's minimum or maximum, "
            f"as if they had been clipped: {_shares(piled)}."
        )
    broken = [result for result in evaluation.rules if result.broken.synthetic.count]
    if evaluation.rules:
        rules = counted(len(evaluation.rules), "rule", "rules")
        told = (
            f"{len(broken)} broken by synthetic rows" if broken else "kept by every synthetic row"
        )
        sentences.append(f"{rules} of the schema: {told}.")
    if model is not None and model.accept_rate is not None and model.accept_rate < 1:
        sentences.append(
            f"{percent(model.accept_rate)} of the rows that the model drew kept the limits and "
            "rules of the schema; the others were drawn again."
        )
    return sentences


def _shares(pairs: Sequence[tuple[str, ShareComparison]]) -> str:
    furthest = sorted(pairs, key=lambda pair: -abs(pair[1].difference or 0.0))
    named = [
        f"{name} (real {_share(part.real)}, synthetic {_share(part.synthetic)})"
        for name, part in furthest
    ]
    return listed(named, _NAMED)


def _share(share: Share) -> str:
    if share.n == 0:
        return "no value"
    return "hidden" if share.share is None else percent(share.share)
