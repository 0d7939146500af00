"""The report: figures and aggregates in one typed object, as a page, JSON, Markdown or text."""

from synthhealth.report._compare import ComparedFigure, Comparison
from synthhealth.report._data import ModelInfo, ReportData
from synthhealth.report._report import Fold, Report, cross_validated, evaluate
from synthhealth.report._schema_file import json_schema
from synthhealth.report._trend import Trend, TrendLine, TrendPoint, trend

__all__ = [
    "ComparedFigure",
    "Comparison",
    "Fold",
    "ModelInfo",
    "Report",
    "ReportData",
    "Trend",
    "TrendLine",
    "TrendPoint",
    "cross_validated",
    "evaluate",
    "json_schema",
    "trend",
]
