"""What a clinical schema adds to the report: Table 1, sheets, sentences, and what stays hidden."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pandas as pd
import pytest
from report_cohorts import CLINIC, CREATED, make_clinic

from synthhealth.errors import ParameterError
from synthhealth.evaluation.rounding import mean_error, rounding_step
from synthhealth.report import Report
from synthhealth.report import evaluate as evaluate_all
from synthhealth.report.figures import histogram
from synthhealth.report.parts.table_one import heads, lines
from synthhealth.report.sections import Sheet
from synthhealth.report.tables import (
    detection_sheet,
    identifier_sheet,
    missing_sheets,
    range_sheets,
    rare_sheet,
    reference_sheet,
)
from synthhealth.schema import Column, ReferenceRange, Schema

#: Table 1, ranges and limits do not depend on how much else is asked.
evaluate = partial(evaluate_all, parts=["copying"])


def sheet_text(sheet: Sheet | None) -> str:
    assert sheet is not None
    return "\n".join(" | ".join(entry.text for entry in row) for row in sheet.rows)


@pytest.fixture(scope="module")
def clinic() -> pd.DataFrame:
    return make_clinic(90, 0)


# Table 1


def variable(report: Report, name: str):
    table = report.data.table_one
    assert table is not None
    return next(found for found in table.variables if found.column == name)


def test_patients_are_grouped_by_the_outcome(clinical_report: Report, clinic: pd.DataFrame) -> None:
    table = clinical_report.data.table_one
    assert table is not None
    assert table.group == "outcome"
    assert [group.name for group in table.groups] == [None, "remission", "active", "lost"]
    counts = clinic["outcome"].value_counts()
    assert [group.n_real for group in table.groups] == [90, 50, 30, 15]  # to the nearest 5
    assert counts.to_list() == [48, 29, 13]
    assert "outcome" not in [found.column for found in table.variables]
    assert "patient" not in [found.column for found in table.variables]


def test_without_an_outcome_by_sex_and_as_asked(clinic: pd.DataFrame) -> None:
    columns = tuple(column.model_copy(update={"role": None}) for column in CLINIC)
    schema = CLINIC.model_copy(update={"columns": columns})
    fake = make_clinic(100, 1)
    assert evaluate(clinic, fake, schema).data.table_one.group == "sex"
    assert evaluate(clinic, fake, schema, group="outcome").data.table_one.group == "outcome"
    nobody = schema.model_copy(update={"demographics": type(schema.demographics)()})
    assert evaluate(clinic, fake, nobody).data.table_one.group is None


@pytest.mark.parametrize(
    ("group", "said"), [("sexx", "did you mean 'sex'"), ("age", "is count"), ("patient", "no col")]
)
def test_a_group_that_cannot_be_is_refused(clinic: pd.DataFrame, group: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        evaluate(clinic, make_clinic(90, 1), CLINIC, group=group)


def test_figures_of_all_patients_are_theirs(clinical_report: Report, clinic: pd.DataFrame) -> None:
    age = variable(clinical_report, "age")
    assert age.statistic == "mean"
    cell = age.cells[0]
    sd = clinic["age"].std()
    assert cell.real.mean == pytest.approx(clinic["age"].mean(), abs=sd / 30)
    assert cell.real.sd == pytest.approx(sd, abs=sd / 30)
    assert cell.chance == pytest.approx(1.96 * np.sqrt(1 / 90 + 1 / 300), abs=0.001)
    assert abs(cell.difference) < cell.chance
    haemoglobin = variable(clinical_report, "haemoglobin").cells[0]
    assert haemoglobin.difference < -haemoglobin.chance
    sex = variable(clinical_report, "sex")
    assert sex.levels == ("F", "M")
    counts = [level.count for level in sex.cells[0].real_levels]
    assert counts == pytest.approx(clinic["sex"].value_counts().to_list(), abs=2)
    assert all(count % 5 == 0 for count in counts)
    assert variable(clinical_report, "crp").statistic == "median"


def test_counts_of_groups_are_rounded_to_five_patients(clinical_report: Report) -> None:
    sex = variable(clinical_report, "sex")
    for cell in sex.cells[1:]:
        for level in cell.real_levels:
            assert level is None or (level.count >= 5 and level.count % 5 == 0)
        assert cell.difference is None  # fewer than 100 patients


@pytest.mark.parametrize("n", [5, 13, 60, 400, 5_000])
@pytest.mark.parametrize("scale", [0.003, 1.0, 77.0])
def test_the_sum_over_a_group_is_uncertain_by_a_large_part_of_a_deviation(
    n: int, scale: float
) -> None:
    """Rounding to steps moves a mean by up to half a step, and a sum by n times as much."""
    values = scale * np.random.default_rng(n).normal(size=n)
    assert n * rounding_step(mean_error(values)) / 2 >= 0.6 * values.std(ddof=1)


def test_a_patient_outside_the_groups_cannot_be_found_by_subtraction() -> None:
    """All patients minus the two groups would be the one patient whose sex is not known."""
    rng = np.random.default_rng(0)
    real = pd.DataFrame(rng.normal(size=(101, 40)), columns=[f"x{i}" for i in range(40)])
    real["sex"] = ["F"] * 60 + ["M"] * 40 + [None]
    kinds = Schema(
        columns=(
            *(Column(name=f"x{i}", kind="continuous") for i in range(40)),
            Column(name="sex", kind="nominal"),
        )
    )
    table = evaluate(real, real, kinds, group="sex", created=CREATED).data.table_one
    assert [group.n_real for group in table.groups] == [101, 60, 40]
    errors = []
    for found in table.variables:
        _, women, men = (cell.real.mean for cell in found.cells)
        everybody = real[found.column].mean()  # even if it were known in full
        guess = 101 * everybody - 60 * women - 40 * men
        errors.append(guess - real[found.column].iloc[-1])
    assert np.std(errors) > 0.5  # standard deviations: the guess is hardly better than none


def test_small_groups_and_few_values_are_left_out() -> None:
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"arm": ["a"] * 50 + ["b"] * 20 + ["c"] * 4, "x": rng.normal(size=74)})
    real.loc[50:66, "x"] = np.nan
    kinds = Schema(
        columns=(Column(name="arm", kind="nominal"), Column(name="x", kind="continuous"))
    )
    table = evaluate(real, real, kinds, group="arm").data.table_one
    assert [group.name for group in table.groups][:2] == [None, "a"]
    assert all(group.n_real >= 5 for group in table.groups)
    assert "c" not in [group.name for group in table.groups]


def test_table_one_reads_as_text(clinical_report: Report) -> None:
    table = clinical_report.data.table_one
    rows = {line.name: line for line in lines(table)}
    assert [head.name for head in heads(table)] == ["All", "remission", "active", "lost"]
    assert "platelets (10⁹/L), mean (SD)" in rows
    assert re.fullmatch(r"\d[\d.]* \(\d[\d.]*\)", rows["age (years), mean (SD)"].entries[0].text)
    marked = rows["haemoglobin (g/dL), mean (SD)"].entries[2]
    assert marked.tone == "below"
    assert rows["F"].is_level
    assert len(rows["F"].entries) == 12


# Sheets


def test_each_fault_is_told(clinical_report: Report) -> None:
    data = clinical_report.data
    told = " ".join(data.summary)
    assert "1 column has results beyond detection limits; other than in the real table" in told
    assert "haemoglobin below the range" in told
    assert "Synthetic values outside the plausible range: platelets" in told
    assert "exactly on the real table's minimum or maximum" in told
    assert "1 rule of the schema: 1 broken by synthetic rows" in told
    assert "93 % of the rows that the model drew kept the limits" in told
    assert "2 columns identify people and were taken out or made coarser" in told


def test_nothing_is_told_where_there_is_nothing(wide_report: Report) -> None:
    told = " ".join(wide_report.data.summary)
    for words in ("reference range", "detection limits", "plausible", "rule", "identif"):
        assert words not in told
    assert reference_sheet(wide_report.data) is None
    assert detection_sheet(wide_report.data) is None
    assert identifier_sheet(wide_report.data) is None


def test_sheets_hold_the_figures(clinical_report: Report) -> None:
    data = clinical_report.data
    assert "crp | below a lower limit | " in sheet_text(detection_sheet(data))
    references = sheet_text(reference_sheet(data))
    assert "haemoglobin | below their own range | " in references
    assert "crp | above 5 mg/L | " in references
    sheets = {sheet.key: sheet for sheet in range_sheets(data)}
    assert "platelets | 1 to 3,000 10⁹/L | 0 %" in sheet_text(sheets["implausible"])
    assert "neutrophils <= wbc | in the schema | 0 %" in sheet_text(sheets["rules"])
    assert "higher than real" in sheet_text(sheets["rules"])
    assert "haemoglobin | " in sheet_text(sheets["extremes"])
    missing = {sheet.key: sheet for sheet in missing_sheets(data)}
    assert "neutrophils, wbc | " in sheet_text(missing["missing-patterns"])
    assert "platelets | crp | Spearman | " in sheet_text(missing["missing-dependence"])
    treated = sheet_text(identifier_sheet(data))
    assert "patient | record number | replaced by made-up values" in treated
    assert "seen | date | made coarser" in treated


def test_plausible_values_are_said_to_be_so(clinic: pd.DataFrame) -> None:
    sheets = range_sheets(evaluate(clinic, make_clinic(80, 1), CLINIC).data)
    implausible = next(sheet for sheet in sheets if sheet.key == "implausible")
    assert implausible.rows == []
    assert "No value of either table" in implausible.note


def test_markdown_has_the_same_tables(clinical_report: Report) -> None:
    text = clinical_report.to_markdown()
    for title in (
        "Columns missing in the same rows",
        "Patients outside the reference range",
        "Detection limits",
        "Rules",
        "Columns that identify people",
        "Table 1 by outcome",
    ):
        assert f"## {title}\n" in text
    assert "haemoglobin (g/dL), mean (SD)" in text


def test_page_names_units_ranges_and_limits(pages: dict[str, str]) -> None:
    page = pages["clinical"]
    assert "Shaded: reference range 11.7 to 15.3 g/dL (women); 13.4 to 17 g/dL (men)." in page
    assert "Dotted: detection limits" in page
    assert "10*9/L" not in page
    for section in ("references", "limits", "table-one", "identifiers"):
        assert f'<section id="{section}"' in page
        assert f'<section id="{section}"' not in pages["single"] or section in (
            "limits",
            "table-one",
        )


def test_reference_ranges_out_of_view_are_not_drawn(clinical_report: Report) -> None:
    shape = next(d for d in clinical_report.data.numerical if d.column == "haemoglobin")
    low, high = shape.view
    ranges = [
        ReferenceRange(low=low - 9, high=low - 5),
        ReferenceRange(high=high + 9),
        ReferenceRange(low=(low + high) / 2),
        ReferenceRange(low=(low + high) / 2),
    ]
    drawn = histogram(shape, ranges, [low - 1, (low + high) / 2])["layout"]["shapes"]
    assert [(shape["type"], shape["x0"], shape["x1"]) for shape in drawn] == [
        ("rect", low, high),
        ("rect", (low + high) / 2, high),
        ("line", (low + high) / 2, (low + high) / 2),
    ]


# What must not be there


def test_no_identifier_and_no_small_count_leaves(
    clinical_report: Report, pages: dict[str, str]
) -> None:
    content = clinical_report.data.model_dump_json() + pages["clinical"]
    assert "RA-" not in content
    evaluation = clinical_report.evaluation
    parts = [result.at_extremes for result in evaluation.ranges]
    parts += [result.broken for result in evaluation.rules]
    parts += [pair.rows for pair in evaluation.missing_values.together]
    for reference in evaluation.references:
        groups = [part for group in reference.groups for part in (group.below, group.above)]
        parts += [part for part in (reference.below, reference.above, *groups) if part is not None]
    for part in parts:
        count, n = part.real.count, part.real.n
        assert count is None or count in (0, n) or 5 <= count <= n - 5
        assert (count is None) <= (part.difference is None)


def test_rare_levels_of_the_schema_are_not_named() -> None:
    levels = ("mild", "moderate", "severe", "terminal")
    kinds = Schema(
        columns=(
            Column(name="stage", kind="ordinal", levels=levels),
            Column(name="x", kind="continuous"),
        )
    )
    stages = ["mild"] * 30 + ["moderate"] * 20 + ["severe"] * 8 + ["terminal"] * 2
    real = pd.DataFrame({"stage": stages, "x": np.random.default_rng(0).normal(size=60)})
    content = evaluate(real, real, kinds, group="stage").data.model_dump_json()
    assert "moderate" in content
    assert "terminal" not in content


def test_table_one_holds_no_patients_value(clinic: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    fine = clinic.assign(haemoglobin=rng.normal(13, 1.5, 90))
    data = evaluate(fine, make_clinic(90, 1), CLINIC, created=CREATED).data
    text = data.table_one.model_dump_json()
    written = {round(float(number), 4) for number in re.findall(r"-?\d+\.\d{3,}", text)}
    assert not written & {round(value, 4) for value in fine["haemoglobin"]}


# Rare levels


def test_rare_levels_are_told_without_their_names_or_a_small_count() -> None:
    rng = np.random.default_rng(0)
    real = pd.DataFrame(
        {
            "age": rng.integers(20, 90, 100),
            "origin": ["EU"] * 60 + ["US"] * 33 + ["Fiji"] * 4 + ["Tonga"] * 3,
            "stage": ["I"] * 60 + ["II"] * 38 + ["III"] * 2,
            "ward": ["A"] * 60 + ["B"] * 39 + ["Z"],
        }
    )
    left = {
        "origin": (("EU", "US", "other"), "merge", "nominal"),
        "stage": (("I", "II"), "merge", "ordinal"),
        "ward": (("A", "B"), "drop", "nominal"),
    }
    columns = [
        Column(name=name, kind=kind, levels=levels, rare=rare)
        for name, (levels, rare, kind) in left.items()
    ]
    schema = Schema(columns=(Column(name="age", kind="count"), *columns))
    fake = real.iloc[:93]
    report = evaluate(real, fake, schema, created=CREATED)
    assert sheet_text(rare_sheet(report.data)).splitlines() == [
        "origin | pooled as other | 5 (5.0 %)",
        "stage | joined to the neighbouring level | fewer than 5 patients",
        "ward | replaced by levels of similar patients | fewer than 5 patients",
    ]
    assert "In 3 columns levels of too few patients were pooled" in report.summary(verbose=True)
    assert "Levels of too few patients" in report.to_markdown()
    for name in ("Fiji", "Tonga", '"III"', '"Z"'):
        assert name not in report.data.model_dump_json()
    assert rare_sheet(evaluate(real, fake, created=CREATED).data) is None
