"""What a clinical schema adds to a report: missing values, limits, ranges, identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from synthhealth.evaluation import Evaluation, Share, ShareComparison
from synthhealth.report.data import ModelInfo, ProtectedColumn, RareColumn, ReportData
from synthhealth.report.figures import MOST_LINES, label
from synthhealth.report.metric_words import value_text, words_of
from synthhealth.report.numbers import counted, listed, percent
from synthhealth.report.page_figures import Slot, Store
from synthhealth.report.theme import REAL, SYNTHETIC, Figure, Trace, axis, figure, layout, trace
from synthhealth.report.words import shown

__all__ = []


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
        f"{words_of(metric.name).title.lower()} {value_text(metric)} ({metric.state})"
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
    for declared, whose in ((True, "of the schema"), (False, "found in the real table")):
        rules = [result for result in evaluation.rules if result.declared is declared]
        if rules:
            n_broken = sum(bool(result.broken.synthetic.count) for result in rules)
            told = (
                f"{n_broken} broken by synthetic rows"
                if n_broken
                else "kept by every synthetic row"
            )
            sentences.append(f"{counted(len(rules), 'rule', 'rules')} {whose}: {told}.")
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


_APART = 0.17  # of a line's height, so that the two tables do not cover each other

Line = tuple[str, ShareComparison]


def share_intervals(lines: Sequence[Line]) -> Figure:
    """Draw shares as dots with their 95 % intervals, one line per share."""
    highest = max(
        share.high or 0.0 for _, compared in lines for share in (compared.real, compared.synthetic)
    )
    return figure(
        [
            _dots("real", [line.real for _, line in lines], -_APART, REAL, "circle"),
            _dots("synthetic", [line.synthetic for _, line in lines], _APART, SYNTHETIC, "diamond"),
        ],
        layout=layout(
            height=96 + 40 * len(lines),
            xaxis=axis(
                "share of known values",
                tickformat=".0%" if highest > 0.08 else ".1%",
                range=[-0.02 * highest, min(1.08 * highest, 1.02) or 1.0],
                showgrid=True,
            ),
            yaxis=axis(
                tickvals=list(range(len(lines))),
                ticktext=[label(name, 30) for name, _ in lines],
                range=[len(lines) - 0.5, -0.5],
                ticksuffix=" ",
                showgrid=False,
            ),
        ),
    )


def reference_slot(data: ReportData, store: Store) -> Slot | None:
    """Return the figure of patients outside their reference ranges; None without any."""
    lines = [
        (f"{result.column} {side}", compared)
        for result in data.evaluation.references
        for side, compared in (("below", result.below), ("above", result.above))
        if compared is not None and compared.synthetic.n
    ]
    return _slot(
        "references",
        lines,
        "Patients outside their reference range",
        "Dots: shares; bars: their 95 % intervals. Real shares of 1 to 4 patients are hidden.",
        store,
    )


def detection_slot(data: ReportData, store: Store) -> Slot | None:
    """Return the figure of results beyond detection limits; None without any."""
    lines = [
        (f"{result.column} {side}", compared)
        for result in data.evaluation.censoring
        for side, compared in (("below", result.below), ("above", result.above))
        if compared is not None and compared.synthetic.n
    ]
    return _slot(
        "detection",
        lines,
        "Results beyond detection limits",
        "Dots: shares; bars: their 95 % intervals.",
        store,
    )


def _slot(name: str, lines: Sequence[Line], title: str, caption: str, store: Store) -> Slot | None:
    if not lines:
        return None
    drawn = sorted(lines, key=lambda line: -_gap(line[1]))[:MOST_LINES]
    kept = [line for line in lines if line in drawn]
    told = "; ".join(
        f"{shown(line, 40)} synthetic {percent(compared.synthetic.share or 0.0)}"
        for line, compared in kept[:5]
    )
    if len(kept) < len(lines):
        caption += f" The {len(kept)} of {len(lines)} that differ most; the table has all."
    return store.slot(name, share_intervals(kept), title, f"Dot plot of shares: {told}.", caption)


def _gap(compared: ShareComparison) -> float:
    return abs(compared.difference or 0.0)


def _dots(name: str, shares: Sequence[Share], offset: float, colour: str, symbol: str) -> Trace:
    known = [
        (place + offset, share.share, share.low, share.high)
        for place, share in enumerate(shares)
        if share.share is not None and share.low is not None and share.high is not None
    ]
    text = [
        f"{percent(middle)} ({percent(low)} to {percent(high)})" for _, middle, low, high in known
    ]
    bars: dict[str, Any] = {
        "type": "data",
        "symmetric": False,
        "array": [round(high - middle, 5) for _, middle, _, high in known],
        "arrayminus": [round(middle - low, 5) for _, middle, low, _ in known],
        "color": colour,
        "thickness": 2,
        "width": 4,
    }
    return trace(
        "scatter",
        name=name,
        x=[round(middle, 5) for _, middle, _, _ in known],
        y=[place for place, *_ in known],
        mode="markers",
        marker={"symbol": symbol, "size": 10, "color": colour},
        error_x=bars,
        customdata=text,
        hovertemplate=f"{name} %{{customdata}}<extra></extra>",
    )
