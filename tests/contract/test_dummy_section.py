"""A section is a question of the evaluation and the part of the report that tells of it."""

from __future__ import annotations

from pydantic import BaseModel

import synthhealth as sh
from synthhealth.evaluation import evaluate
from synthhealth.evaluation.question import Answer, Question
from synthhealth.report import parts
from synthhealth.report.page import as_html
from synthhealth.report.sections import Entry, Part, Section, Sheet


class Sizes(BaseModel):
    """How many rows the tables have."""

    real: int
    synthetic: int


def ask_sizes(case, seeds):
    tables = case.tables
    sizes = Sizes(real=len(tables.real.table), synthetic=len(tables.synthetic.table))
    return Answer(sizes)


def tell_sizes(evaluation):
    if "sizes" not in evaluation.others:
        return None
    sizes = Sizes.model_validate(evaluation.others["sizes"])
    row = [Entry(f"{sizes.real} patients"), Entry(f"{sizes.synthetic} rows")]
    sheet = Sheet("sizes-table", "Numbers of rows", ("real", "synthetic"), [row])
    return Section("sizes", "Sizes", "How large are the tables?", [sheet])


def test_a_section_is_a_question_and_its_part(cohort, monkeypatch):
    table = cohort[["age", "sex"]]
    monkeypatch.setattr(evaluate, "QUESTIONS", (*evaluate.QUESTIONS, Question("sizes", ask_sizes)))
    told = Part(tell_sizes, "use", lambda evaluation: "The tables have sizes.")
    monkeypatch.setattr(parts, "PARTS", (*parts.PARTS, told))
    report = sh.evaluate(table, table.head(40), parts=())
    assert report.evaluation.others == {"sizes": {"real": 61, "synthetic": 40}}
    for written in (report.to_markdown(), as_html(report.data)):
        assert "How large are the tables?" in written
        assert "61 patients" in written
        assert "The tables have sizes." in written
    again = type(report.evaluation).model_validate_json(report.evaluation.model_dump_json())
    assert again.others == report.evaluation.others


def test_a_question_that_fails_costs_no_other(cohort, monkeypatch):
    def fail(case, seeds):
        raise ValueError("Mrs Smith")

    table = cohort[["age", "sex"]]
    monkeypatch.setattr(evaluate, "QUESTIONS", (*evaluate.QUESTIONS, Question("sizes", fail)))
    evaluation = sh.evaluate(table, table.head(40), parts=()).evaluation
    assert evaluation.others == {}
    (gap,) = [gap for gap in evaluation.not_computed if gap.what == "sizes"]
    assert "Smith" not in gap.reason
    assert len(evaluation.numerical) == 1
