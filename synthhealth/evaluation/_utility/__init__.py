"""Whether the synthetic table is useful: predictors trained on it against real ones."""

from synthhealth.evaluation._utility._compare import UtilityComparison, compare_utility
from synthhealth.evaluation._utility._results import (
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
