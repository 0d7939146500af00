"""The sections of a report that are tables only, in their order."""

from __future__ import annotations

from synthhealth.report._coverage_sheets import coverage_section
from synthhealth.report._data import ReportData
from synthhealth.report._inference_sheets import inference_section
from synthhealth.report._sheet import Section
from synthhealth.report._subgroup_sheets import subgroup_section
from synthhealth.report._utility_sheets import utility_section


def sections(data: ReportData) -> list[Section]:
    """Return the sections that this report has."""
    evaluation = data.evaluation
    found = (
        coverage_section(evaluation.coverage),
        subgroup_section(evaluation.subgroups),
        utility_section(evaluation.utility),
        inference_section(evaluation.inference),
    )
    return [section for section in found if section is not None]
