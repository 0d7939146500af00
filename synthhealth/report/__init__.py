"""The report: figures and aggregates in one typed object, as a page, JSON, Markdown or text."""

from synthhealth.report._data import ModelInfo, ReportData
from synthhealth.report._report import Report, evaluate
from synthhealth.report._schema_file import json_schema

__all__ = ["ModelInfo", "Report", "ReportData", "evaluate", "json_schema"]
