"""What the documentation shows is what the library takes."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import synthhealth as sh
from synthhealth.report import Policy
from synthhealth.schema.rules import Rule

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "clinical-tables.md").read_text("utf-8")


def blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", PAGE, re.S)


def test_the_schema_file_that_is_shown(tmp_path):
    shown, _ = blocks()
    (tmp_path / "schema.yaml").write_text(shown)
    schema = sh.Schema.from_file(tmp_path / "schema.yaml")
    assert schema["crp"].detection is not None
    assert schema["crp"].detection.below == (3.0,)
    assert schema["anaemia"].levels == ("none", "I", "II", "III")
    assert schema["wbc"].missing == ("n.d.", -9)
    assert schema.rules == ("neutrophils <= wbc",)


def test_the_rules_that_are_shown():
    _, shown = blocks()
    texts = [line.removeprefix("  - ").strip("'") for line in shown.splitlines()[1:]]
    assert len(texts) == 6
    for text in texts:
        assert Rule.parse(text).columns


def test_all_keys_of_a_column_are_explained():
    fields = set(sh.Column.model_fields)
    explained = {name for name in fields if f"`{name}`" in PAGE or f"{name}:" in PAGE}
    assert fields - explained <= {"pattern"}


def test_the_policy_that_is_shown(tmp_path):
    page = (DOCS / "release.md").read_text("utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.S)
    (tmp_path / "policy.yaml").write_text(shown)
    policy = Policy.from_file(tmp_path / "policy.yaml")
    assert policy.name == "Ethics board, SOP 12"
    assert policy.model_fields_set == set(Policy.model_fields)


def test_the_tutorial_runs_and_ends_in_a_release(tmp_path):
    notebook = nbformat.read(DOCS / "tutorial.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    # Kept without outputs, so that what is shown is what the library gives today.
    assert not any(cell.outputs for cell in cells)

    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()

    # Results, and the places where bars of progress were: no warning, nothing printed.
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert kinds == {"execute_result", "display_data"}
    (verdict,) = cells[5].outputs
    assert verdict.data["text/plain"] == "'good'"
    (written,) = cells[-1].outputs
    assert written.data["text/plain"] == (
        "['release.html', 'report.html', 'schema.yaml', 'synthetic.csv']"
    )
