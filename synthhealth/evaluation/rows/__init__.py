"""Whole rows of two tables compared: what tells them apart, and by which columns."""

from synthhealth.evaluation.rows.compare import (
    Classifier,
    Giveaway,
    Joint,
    JointComparison,
    Propensity,
    compare_jointly,
)

__all__ = [
    "Classifier",
    "Giveaway",
    "Joint",
    "JointComparison",
    "Propensity",
    "compare_jointly",
]
