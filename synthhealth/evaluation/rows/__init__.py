"""Whole rows of two tables compared: what tells them apart, and by which columns."""

from synthhealth.evaluation.rows.compare import compare_jointly
from synthhealth.evaluation.rows.results import (
    Classifier,
    Giveaway,
    Joint,
    JointComparison,
    Propensity,
)

__all__ = [
    "Classifier",
    "Giveaway",
    "Joint",
    "JointComparison",
    "Propensity",
    "compare_jointly",
]
