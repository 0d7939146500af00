"""Numbers about tables: how alike a real and a synthetic one are, and how one is distributed."""

from synthhealth.evaluation._clinical_results import (
    CensoringResult,
    MissingDependence,
    MissingPattern,
    MissingShare,
    MissingTogether,
    MissingValues,
    RangeResult,
    ReferenceGroup,
    ReferenceResult,
    RuleResult,
    Share,
    ShareComparison,
)
from synthhealth.evaluation._describe import describe
from synthhealth.evaluation._description import Description, VariableDescription
from synthhealth.evaluation._evaluate import evaluate_tables
from synthhealth.evaluation._results import (
    MIN_CELL,
    Band,
    CategoricalResult,
    Evaluation,
    Judgement,
    Metric,
    NotComputed,
    NumericalResult,
    Overall,
    PairResult,
    Score,
)

__all__ = [
    "MIN_CELL",
    "Band",
    "CategoricalResult",
    "CensoringResult",
    "Description",
    "Evaluation",
    "Judgement",
    "Metric",
    "MissingDependence",
    "MissingPattern",
    "MissingShare",
    "MissingTogether",
    "MissingValues",
    "NotComputed",
    "NumericalResult",
    "Overall",
    "PairResult",
    "RangeResult",
    "ReferenceGroup",
    "ReferenceResult",
    "RuleResult",
    "Score",
    "Share",
    "ShareComparison",
    "VariableDescription",
    "describe",
    "evaluate_tables",
]
