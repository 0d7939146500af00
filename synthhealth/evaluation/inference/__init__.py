"""Does a researcher come to the same conclusions? Regressions, and rules to combine tables."""

from synthhealth.evaluation.inference.combining import Combined, combine
from synthhealth.evaluation.inference.compare import compare_inference, compare_regressions
from synthhealth.evaluation.inference.evidence import Worth, worth
from synthhealth.evaluation.inference.results import (
    Analysis,
    Coefficient,
    Estimate,
    Inference,
    RegressionResult,
    check_analyses,
)

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
