"""The image: what can be said of it where no engine builds it."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "sagemaker"
ROOT = FOLDER.parents[1]


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """Give the Dockerfile's instructions, in their order."""
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [
        (word, rest) for word, _, rest in (x.partition(" ") for x in joined.split("\n")) if word
    ]


def test_hadolint():
    hadolint = shutil.which("hadolint") or shutil.which(
        "hadolint", path=Path(sys.executable).parent
    )
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    found = subprocess.run([hadolint, FOLDER / "Dockerfile"], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


def test_who_runs_it_is_not_root(instructions):
    last = max(place for place, (word, _) in enumerate(instructions) if word == "FROM")
    (user,) = (rest for word, rest in instructions[last:] if word == "USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)


def test_sigterm_reaches_python(instructions):
    (entry,) = (rest for word, rest in instructions if word == "ENTRYPOINT")
    assert entry == '["python", "-m", "synthhealth.aws"]'


def test_versions_are_the_tested_ones(instructions):
    installs = [rest for word, rest in instructions if word == "RUN" and "pip install" in rest]
    assert len(installs) == 2
    assert all("-c constraints.txt" in one for one in installs)


def test_what_is_copied_is_there_and_let_in(instructions):
    let_in = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [
        source
        for word, rest in instructions
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in let_in, source


def test_licences_are_carried(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["licences.py", str(tmp_path)])
    runpy.run_path(str(FOLDER / "licences.py"), run_name="__main__")
    for name in ("sdv", "ctgan", "rdt", "copulas", "deepecho"):
        text = (tmp_path / name / "LICENSE").read_text(encoding="utf-8")
        assert "Business Source License" in text


def test_a_missing_licence_ends_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.metadata.distributions", lambda: iter(()))
    monkeypatch.setattr(sys, "argv", ["licences.py", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"no licence is found of copulas, ctgan.*passed on"):
        runpy.run_path(str(FOLDER / "licences.py"), run_name="__main__")
