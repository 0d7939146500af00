"""The findings on missing values, limits, reference ranges and identifiers in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from synthhealth.evaluation import Evaluation, MissingValues, Score, Share, ShareComparison
from synthhealth.report._clinical_data import ProtectedColumn, RareColumn
from synthhealth.report._data import ModelInfo
from synthhealth.report._numbers import percent, score_text
from synthhealth.report._words import shown

_NAMED = 4  # columns named in a sentence


def clinical_sentences(
    evaluation: Evaluation,
    model: ModelInfo | None,
    protected: Sequence[ProtectedColumn],
    rare: Sequence[RareColumn],
) -> list[str]:
    """Say what came out of what a clinical schema asks."""
    sentences = []
    if evaluation.missing_values is not None:
        sentences += _missing(evaluation.missing_values)
    sentences += _detection(evaluation)
    sentences += _references(evaluation)
    sentences += _faults(evaluation, model)
    if protected:
        names = _listed([column.column for column in protected])
        sentences.append(
            f"{_count(len(protected), 'column identifies', 'columns identify')} people and "
            f"{'was' if len(protected) == 1 else 'were'} taken out or made coarser before anything "
            f"was learned: {names}."
        )
    if rare:
        names = _listed([column.column for column in rare])
        sentences.append(
            f"In {_count(len(rare), 'column', 'columns')} levels of too few patients were pooled, "
            f"joined or dropped before anything was learned: {names}."
        )
    return sentences


def _missing(missing: MissingValues) -> list[str]:
    figures = [("the joint patterns of missing values score", missing.pattern_score, True)]
    if missing.together_difference is not None:
        figures.append(
            (
                "two columns being missing together differs by at most",
                missing.together_difference,
                False,
            )
        )
    if missing.dependence_difference is not None:
        figures.append(
            (
                "the dependence of gaps on other columns' values differs on average by",
                missing.dependence_difference,
                False,
            )
        )
    told = "; ".join(
        f"{words} {score_text(score.value)} ({_where(score, is_score)})"
        for words, score, is_score in figures
    )
    return [f"{told[0].upper()}{told[1:]}."]


def _where(score: Score, is_score: bool) -> str:
    standing = score.floor.standing(score.value)
    worse = "below" if is_score else "above"
    more = ": more than chance" if standing == worse else ""
    return f"{standing} the noise floor{more}"


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
    columns = _count(len(evaluation.censoring), "column has", "columns have")
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
    figures = _count(len(compared), "share", "shares")
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
        rules = _count(len(evaluation.rules), "rule", "rules")
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
        for name, part in furthest[:_NAMED]
    ]
    return _joined(named, len(pairs))


def _share(share: Share) -> str:
    if share.n == 0:
        return "no value"
    return "hidden" if share.share is None else percent(share.share)


def _listed(names: Iterable[str]) -> str:
    names = [shown(name) for name in names]
    return _joined(names[:_NAMED], len(names))


def _joined(named: Sequence[str], n_all: int) -> str:
    more = n_all - len(named)
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _count(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"
