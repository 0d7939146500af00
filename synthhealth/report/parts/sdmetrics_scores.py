"""The scores that SDMetrics gives, as a table."""

from __future__ import annotations

from synthhealth.evaluation import Evaluation
from synthhealth.evaluation.sdmetrics_scores import SDMETRICS, SDMetricsScores
from synthhealth.report.numbers import score_text
from synthhealth.report.sections import Entry, Part, Section, Sheet

_ROWS = (
    ("Quality Score", "quality", "mean of the next two"),
    ("Column Shapes", "column_shapes", "are single columns alike?"),
    ("Column Pair Trends", "column_pair_trends", "are pairs of columns alike?"),
    ("Diagnostic Score", "diagnostic", "are ranges, categories and columns kept?"),
)


def sdmetrics_section(evaluation: Evaluation) -> Section | None:
    """Return SDMetrics' own scores."""
    told = evaluation.others.get(SDMETRICS.name)
    if told is None:
        return None
    scores = SDMetricsScores.model_validate(told)
    sheet = Sheet(
        "sdmetrics-table",
        f"SDMetrics {scores.version}",
        ("score", "value", "what it asks"),
        [
            [Entry(name), _written(getattr(scores, field)), Entry(meaning)]
            for name, field, meaning in _ROWS
        ],
        f"Computed by SDMetrics on {scores.n_real:,} real and {scores.n_synthetic:,} synthetic "
        "rows.",
    )
    hint = (
        "What SDV would report, to compare with its tables. These scores know no noise floor and "
        "no copying: a verbatim copy of the patients scores 1. The verdict does not use them."
    )
    return Section("sdmetrics", "As SDV would score it", hint, [sheet])


def _written(score: float | None) -> Entry:
    return Entry("–" if score is None else score_text(score))


SDMETRICS_SCORES = Part(sdmetrics_section, "use")
