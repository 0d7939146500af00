"""Whether the synthetic table is useful: predictors trained on it against real ones."""

from synthhealth.evaluation.utility.compare import UtilityComparison, compare_utility
from synthhealth.evaluation.utility.results import (
    Difference,
    LearnerUtility,
    OutcomeUtility,
    Performance,
    Utility,
)

__all__ = [
    "Difference",
    "LearnerUtility",
    "OutcomeUtility",
    "Performance",
    "Utility",
    "UtilityComparison",
    "compare_utility",
]
