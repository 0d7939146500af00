"""How the pairs of columns were judged, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from synthhealth.evaluation import PairResult
from synthhealth.report._numbers import counted, dependence_text, p_text
from synthhealth.report._sheet import Entry, Sheet, interval
from synthhealth.report._verdicts import TONES
from synthhealth.report._words import shown

_PAIRS = 20  # listed
_MEASURES = {
    "spearman": "Spearman",
    "cramers_v": "Cramér's V",
    "correlation_ratio": "correlation ratio",
}


def pair_sheet(results: Sequence[PairResult]) -> Sheet | None:
    """Return the pairs of columns whose dependence is judged worst."""
    pairs = sorted(
        results,
        key=lambda pair: (
            pair.verdict != "poor",
            1.0 if pair.p_value is None else pair.p_value,
            -pair.difference,
        ),
    )
    if not pairs:
        return None
    n_poor = sum(pair.verdict == "poor" for pair in pairs)
    note = (
        f"{n_poor} of {counted(len(pairs), 'pair', 'pairs')} {'is' if n_poor == 1 else 'are'} poor"
    )
    if len(pairs) > _PAIRS:
        note += f"; the {_PAIRS} that are furthest from chance"
    return Sheet(
        "pair-table",
        "Pairs of columns judged",
        ("pair", "measure", "real", "synthetic", "difference", "noise floor", "q", "verdict"),
        [_pair_row(pair) for pair in pairs[:_PAIRS]],
        f"{note}. The verdict looks at this measure and at mutual information, which also sees "
        "relations that neither rise nor fall.",
    )


def _pair_row(pair: PairResult) -> list[Entry]:
    return [
        Entry(f"{shown(pair.first, 40)} and {shown(pair.second, 40)}"),
        Entry(_MEASURES[pair.measure]),
        Entry(dependence_text(pair.real)),
        Entry(dependence_text(pair.synthetic)),
        Entry(dependence_text(pair.difference)),
        Entry(interval(pair.floor, dependence_text)),
        Entry(p_text(pair.q_value)),
        Entry(pair.verdict, TONES[pair.verdict]),
    ]
