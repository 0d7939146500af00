"""What a report says, one file for each question: its words, tables and figures."""

from synthhealth.report.parts.coverage import COVERAGE
from synthhealth.report.parts.inference import INFERENCE
from synthhealth.report.parts.privacy import PRIVACY
from synthhealth.report.parts.sdmetrics_scores import SDMETRICS_SCORES
from synthhealth.report.parts.subgroups import SUBGROUPS
from synthhealth.report.parts.utility import UTILITY

#: In the order of the page.
PARTS = (PRIVACY, COVERAGE, SUBGROUPS, UTILITY, INFERENCE, SDMETRICS_SCORES)
