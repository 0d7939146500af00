"""Does a researcher come to the same conclusions? Regressions, and rules to combine tables."""

from synthhealth.evaluation.inference._analysis import Analysis, check_analyses
from synthhealth.evaluation.inference._combine import Combined, combine
from synthhealth.evaluation.inference._compare import compare_inference, compare_regressions
from synthhealth.evaluation.inference._results import (
    Coefficient,
    Estimate,
    Inference,
    RegressionResult,
)
from synthhealth.evaluation.inference._worth import Worth, worth

__all__ = [
    "Analysis",
    "Coefficient",
    "Combined",
    "Estimate",
    "Inference",
    "RegressionResult",
    "Worth",
    "check_analyses",
    "combine",
    "compare_inference",
    "compare_regressions",
    "worth",
]
