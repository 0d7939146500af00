"""The scores that SDMetrics gives, by that library itself, for those who compare by them."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from pydantic import Field

from synthhealth.evaluation.figures import NotComputed, Result
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.work import Seeds
from synthhealth.schema import Kind, Schema

__all__ = ["SDMETRICS", "SDMetricsScores", "score_by_sdmetrics"]

NAME = "SDMetrics"
TABLE = "patients"
#: More rows do not change the scores by more than they are rounded to.
MOST_ROWS = 10_000
#: SDMetrics looks at every pair of columns, about a hundred in a second.
MOST_COLUMNS = 50


class SDMetricsScores(Result):
    """What SDMetrics' own reports say, 0 to 1; none knows what real patients would score."""

    version: str
    """The version of SDMetrics."""
    n_real: int = Field(ge=1)
    """Real rows that were scored."""
    n_synthetic: int = Field(ge=1)
    """Synthetic rows that were scored."""
    quality: float | None
    """The Quality Score: mean of the next two."""
    column_shapes: float | None
    """Column Shapes: mean of KSComplement and TVComplement over the columns."""
    column_pair_trends: float | None
    """Column Pair Trends: mean of CorrelationSimilarity and ContingencySimilarity; None where \
there is no pair of columns."""
    diagnostic: float | None
    """The Diagnostic Score: whether ranges, categories and columns are kept."""


def score_by_sdmetrics(
    tables: Tables, seeds: Seeds, *, most_rows: int = MOST_ROWS, most_columns: int = MOST_COLUMNS
) -> SDMetricsScores | NotComputed:
    """Let SDMetrics score two tables, by default at most 10,000 random rows of each.

    Numbers are `numerical`, dates `datetime`, all others `categorical`, whatever SDV would detect.

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.evaluation.tables import read_tables
    >>> from synthhealth.evaluation.work import Seeds
    >>> real, fake = (sh.datasets.load_ra_panel(100, random_state=seed) for seed in (0, 1))
    >>> scores = score_by_sdmetrics(read_tables(real, fake, None), Seeds.of(0))
    >>> scores.quality > 0.8, scores.diagnostic > 0.9
    (True, True)
    """
    if len(tables.real.table.columns) > most_columns:
        reason = (
            f"it looks at every pair of columns; of more than {most_columns} that takes minutes"
        )
        return NotComputed(what=NAME, column=None, reason=reason)
    from sdmetrics import __version__
    from sdmetrics.reports import DiagnosticReport, QualityReport

    rng = seeds.rng(NAME)
    real, synthetic = (
        _some(table.table, most_rows, rng) for table in (tables.real, tables.synthetic)
    )
    metadata = {"tables": {TABLE: {"columns": _sdtypes(real, tables.schema)}}}
    quality, diagnostic = QualityReport(), DiagnosticReport()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for report in (quality, diagnostic):
            report.generate({TABLE: real}, {TABLE: synthetic}, metadata, verbose=False)
    parts = quality.get_properties().set_index("Property")["Score"]
    return SDMetricsScores(
        version=__version__,
        n_real=len(real),
        n_synthetic=len(synthetic),
        quality=_known(quality.get_score()),
        column_shapes=_known(parts["Column Shapes"]),
        column_pair_trends=_known(parts["Column Pair Trends"]),
        diagnostic=_known(diagnostic.get_score()),
    )


def _known(score: float) -> float | None:
    return None if np.isnan(score) else float(score)


def _some(table: pd.DataFrame, most: int, rng: np.random.Generator) -> pd.DataFrame:
    if len(table) > most:
        table = table.iloc[np.sort(rng.choice(len(table), most, replace=False))]
    return table.reset_index(drop=True)


def _sdtypes(table: pd.DataFrame, schema: Schema) -> dict[str, dict[str, str]]:
    def sdtype(kind: Kind) -> str:
        if kind is Kind.DATETIME:
            return "datetime"
        return "numerical" if kind.is_numerical else "categorical"

    return {name: {"sdtype": sdtype(schema[name].kind)} for name in table.columns}


def _ask(case: Case, seeds: Seeds) -> Answer:
    found = score_by_sdmetrics(case.tables, seeds)
    return Answer(gaps=(found,)) if isinstance(found, NotComputed) else Answer(found)


#: What would SDV's users read?
SDMETRICS = Question(NAME, _ask, part="sdmetrics", alone=True)
