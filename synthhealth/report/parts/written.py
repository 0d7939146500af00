"""The table that was written, beside the further fits that the verdict judges."""

from __future__ import annotations

from synthhealth.evaluation import Evaluation
from synthhealth.report.metric_words import ordered, perfect_text, value_text, words_of
from synthhealth.report.sections import Entry, Section, Sheet
from synthhealth.report.theme import TONES

__all__ = ["written_finding", "written_section"]


def written_section(evaluation: Evaluation, written: Evaluation | None) -> Section | None:
    """Return the figures of the written table beside those of the further fits."""
    if written is None:
        return None
    further = {metric.name: metric for metric in evaluation.metrics}
    rows = []
    for metric in ordered(written.metrics):
        other = further.get(metric.name)
        rows.append(
            [
                Entry(words_of(metric.name).title),
                Entry(value_text(metric)),
                Entry(perfect_text(metric)),
                Entry(_state(metric.state, closer=metric.closer), TONES[metric.state]),
                Entry("–" if other is None else value_text(other)),
                Entry("–" if other is None else perfect_text(other)),
            ]
        )
    sheet = Sheet(
        "written-figures",
        "The table itself and the further fits",
        ("figure", "this table", "other patients", "this table is", "further fits",
         "other patients, for them"),
        rows,
        f"This table: {written.n_synthetic:,} rows against the {written.n_real:,} patients that "
        f"its model learned. Further fits: {evaluation.n_synthetic:,} rows against "
        f"{evaluation.n_real:,} patients that they had not seen.",
    )  # fmt: skip
    hint = (
        "The verdict rests on further fits of the same model, each without a part of the "
        "patients, since only patients that a model never saw can show what it learned. The table "
        "that you hold is drawn from a fit of all of them. Held against these very patients its "
        "figures look better than they are; but what is worse or copied in it counts."
    )
    return Section("written", "The written table itself", hint, [sheet])


def written_finding(written: Evaluation | None) -> str | None:
    """Say how the written table does on the patients that its model learned."""
    if written is None:
        return None
    off = [
        *written.judgement.copying,
        *written.judgement.poor,
    ]
    figures = {metric.name: metric for metric in written.metrics}
    told = "; ".join(f"{words_of(name).title} {value_text(figures[name])}" for name in off)
    return (
        f"The table that was written has {written.n_synthetic:,} rows. Held against the "
        f"{written.n_real:,} patients that its model learned, it is "
        f"{_VERDICTS[written.judgement.verdict]}{f' ({told})' if told else ''}."
    )


_VERDICTS = {
    "good": "as good as other patients would be",
    "poor": "worse than other patients would be",
    "copied": "nearer to them than chance explains: rows were copied",
    "cannot tell": "neither good nor poor, as far as these figures can tell",
}


def _state(state: str, *, closer: bool) -> str:
    return f"{state}, closer" if closer else state
