"""The package as a whole: what importing it costs, its names, its versions, its files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import synthhealth

ROOT = Path(__file__).parents[1]

HEAVY = ("joblib", "pandas", "plotly", "rich", "scipy", "sdmetrics", "sdv", "sklearn", "torch")

#: Patterns that no file may contain, each written so that this file does not match it.
FORBIDDEN = {
    "an absolute path of a home or a temporary folder": r"(?<![\w./-])/(?:home|root|tmp|Users)/",
    # But for PyTorch's own index of its builds for processors, which no other place has.
    "a host of packages": r"(?:pypi|pythonhosted)\.org|[/]simple/"
    r"|download\.pytorch\.org(?!/whl/cpu\b)",
}


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def loaded_by(code: str) -> set[str]:
    modules = run(f"{code}; import sys; print(*sys.modules)").split()
    return {name for name in HEAVY if name in modules}


def test_importing_loads_nothing_heavy():
    assert loaded_by("import synthhealth") == set()


def test_the_test_of_imports_can_fail():
    assert loaded_by("import synthhealth; synthhealth.Schema") >= {"pandas"}


def test_importing_the_command_line_loads_nothing_heavy():
    assert not loaded_by("import synthhealth.cli") & {"sdv", "torch", "sklearn", "plotly", "scipy"}


@pytest.mark.parametrize("name", synthhealth.__all__)
def test_public_name_resolves(name):
    assert getattr(synthhealth, name) is not None
    assert name in dir(synthhealth)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"no attribute 'Synthesiser' \(did you mean 'Synthe"):
        _ = synthhealth.Synthesiser
    with pytest.raises(AttributeError, match=r"no attribute 'xyzzy'$"):
        _ = synthhealth.xyzzy


def test_completion_shows_public_names_only():
    assert run("import synthhealth as sh; print(*dir(sh))").split() == sorted(
        [*synthhealth.__all__, "__version__"]
    )


def test_command_line_tells_the_version():
    told = subprocess.run(
        [sys.executable, "-m", "synthhealth", "--version"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.split() == ["synthhealth", synthhealth.__version__]


def test_changelog_begins_with_the_version():
    newest = re.search(r"^## \[([^]]+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert newest is not None
    assert newest[1] == synthhealth.__version__


def test_citation_has_the_version():
    version = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.M)
    assert version is not None
    assert version[1] == synthhealth.__version__


def test_constraints_are_exact_versions():
    pins = [
        line
        for line in (ROOT / "deploy" / "constraints.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    for pin in pins:
        assert re.fullmatch(r'[a-z0-9-]+==[0-9a-z.]+(; python_version (<|>=) "3\.\d+")?', pin), pin
    assert "torch==2.13.0" in pins


def tracked_texts():
    """Give path and text of every tracked file; of every file where there is no repository."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        files = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        folders = ("synthhealth", "tests", "examples", "docs", "deploy", ".ci")
        files = [*ROOT.glob("*.*"), *(one for name in folders for one in (ROOT / name).rglob("*"))]
    for file in files:
        if not file.is_file() or {"__pycache__", "_build", "auto_examples", "generated"} & set(
            file.parts
        ):
            continue
        try:
            yield file, file.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # not a text


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what):
    pattern = re.compile(FORBIDDEN[what])
    found = {
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file, text in tracked_texts()
        if file != Path(__file__) and (match := pattern.search(text))
    }
    assert found == set()


def test_the_test_of_files_can_fail():
    assert re.search(FORBIDDEN["a host of packages"], "https://pypi" + ".org/simple")
    absolute = FORBIDDEN["an absolute path of a home or a temporary folder"]
    assert re.search(absolute, '"/ro' + 'ot/data"')
    assert len(list(tracked_texts())) > 50


# Rooms

#: Test files that import what is a room's own: each pins a part that no result shows by itself.
OWN = {
    "tests/artifact/conftest.py": "families registered for one test are taken out again",
    "tests/artifact/test_scan.py": "limits as the scan writes them",
    "tests/aws/test_launch_requests.py": "the service's own description, field by field",
    "tests/aws/test_launch_sdk.py": "the variable that the SDK reads",
    "tests/aws/test_launch_sending.py": "waits and retries",
    "tests/aws/test_openapi.py": "every failure that the server may answer with",
    "tests/aws/test_sampling.py": "small blocks, so that many fit into a test",
    "tests/aws/test_serving.py": "bounds of one answer",
    "tests/aws/test_training_inputs.py": "settings in every spelling",
    "tests/aws/test_training_job.py": "the lines that SageMaker reads",
    "tests/aws/test_training_launchers.py": "the lines that SageMaker reads",
    "tests/evaluation/test_floor.py": "the limit law beside the counted one",
    "tests/models/test_blur.py": "margins as they are blurred",
    "tests/models/test_boltzmann.py": "a coupling beside a known law",
    "tests/models/test_diffusion.py": "the closed form beside a known law, knots of margins",
    "tests/models/test_latent.py": "correlations behind cut columns, whose truth is known",
    "tests/models/test_margins.py": "each margin's fit beside scipy's",
    "tests/models/test_private.py": "noise and counts, of which a fit shows no law",
    "tests/models/test_smooth.py": "quantiles and chances undo each other",
    "tests/models/test_trees.py": "bins and leaves, of which a draw shows no patient's count",
    "tests/report/test_report_privacy.py": "what two descriptions give away",
    "tests/schema/test_doubts.py": "how many lines are shown",
    "tests/schema/test_identifier_kinds.py": "each register's check digits",
    "tests/schema/test_no_patient.py": "seconds of dates",
    "tests/schema/test_units.py": "every unit of the table",
    "tests/test_io_encodings.py": "what the command line takes over",
}


def of_others(file: Path) -> list[str]:
    """Give what a file imports that begins with an underscore in a folder that it is not in."""
    module = file.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not str(node.module).startswith("synthhealth"):
            continue
        for alias in node.names:
            path = f"{node.module}.{alias.name}".split(".")
            own = [i for i, part in enumerate(path) if re.match("_(?!_)", part)]
            if own and not f"{module}.".startswith(".".join(path[: own[0]]) + "."):
                found.append(".".join(path))
    return found


def test_no_room_imports_what_is_anothers_own():
    files = [*ROOT.glob("synthhealth/**/*.py"), *ROOT.glob("deploy/**/*.py")]
    assert {file.name: of_others(file) for file in files if of_others(file)} == {}


def test_tests_import_by_the_front_door_but_for_a_few():
    files = [file for file in ROOT.glob("tests/**/*.py") if of_others(file)]
    assert {file.relative_to(ROOT).as_posix() for file in files} == OWN.keys()


def test_every_way_in_has_the_same_default_family():
    import typer

    from synthhealth.aws.launch import TrainingSettings
    from synthhealth.cli import app

    verbs = typer.main.get_command(app).commands
    found = {verb: [one.default for one in verbs[verb].params if one.name == "model"]
             for verb in ("fit", "run", "demo", "attack", "cross-evaluate")}  # fmt: skip
    found["constructor"] = [synthhealth.Synthesizer().model]
    found["job"] = [TrainingSettings.model_fields["synthesizer"].default]
    assert {name: one for name, one in found.items() if one != [synthhealth.models.DEFAULT]} == {}
