"""The report: figures and aggregates in one typed object, as a page, JSON, Markdown or text."""

from synthhealth.evaluation.privacy.policy import Policy
from synthhealth.report.compare import ComparedFigure, Comparison
from synthhealth.report.data import ModelInfo, ReportData, json_schema
from synthhealth.report.plots import Plots
from synthhealth.report.release.verdict import ReleaseVerdict, read_attacks
from synthhealth.report.release.verdict import json_schema as release_schema
from synthhealth.report.report import Fold, Report, cross_validated, evaluate
from synthhealth.report.trends import Trend, TrendLine, TrendPoint, trend

__all__ = [
    "ComparedFigure",
    "Comparison",
    "Fold",
    "ModelInfo",
    "Plots",
    "Policy",
    "ReleaseVerdict",
    "Report",
    "ReportData",
    "Trend",
    "TrendLine",
    "TrendPoint",
    "cross_validated",
    "evaluate",
    "json_schema",
    "read_attacks",
    "release_schema",
    "trend",
]
