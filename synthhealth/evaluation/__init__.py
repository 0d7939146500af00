"""Numbers about tables: how alike a real and a synthetic one are, and how one is distributed."""

from synthhealth.evaluation.clinical import (
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
)
from synthhealth.evaluation.columns import CategoricalResult, NumericalResult
from synthhealth.evaluation.description import Description, VariableDescription, describe
from synthhealth.evaluation.evaluate import evaluate_tables
from synthhealth.evaluation.figures import Band, Metric, NotComputed, Score
from synthhealth.evaluation.judgement import Judgement
from synthhealth.evaluation.pairs import PairResult
from synthhealth.evaluation.results import Evaluation, Overall
from synthhealth.evaluation.shares import Share, ShareComparison
from synthhealth.schema.types import MIN_CELL

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
