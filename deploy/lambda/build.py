"""Build the folder that Lambda runs: ``python deploy/lambda/build.py``, then ``sam deploy``.

The folder, ``build/`` beside this script unless another is given, gets the handler, the package
without what it needs elsewhere (preparation needs the standard library only), and the few pure
Python libraries of the extra ``lambda`` in the versions that are installed here. boto3 is there in
Lambda.
"""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path

import synthhealth

LIBRARIES = ("aws-lambda-powertools", "jmespath", "typing-extensions")
HERE = Path(__file__).parent


def build(folder: Path) -> None:
    """Put all into a new folder."""
    folder.mkdir(parents=True)
    shutil.copy(HERE / "handler.py", folder)
    shutil.copytree(
        Path(synthhealth.__file__).parent,
        folder / "synthhealth",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("LICENSE", "NOTICE"):
        shutil.copy(HERE.parents[1] / name, folder / "synthhealth")
    for library in LIBRARIES:
        _copy_library(library, folder)


def _copy_library(library: str, folder: Path) -> None:
    for file in distribution(library).files or ():
        if ".." in file.parts or "__pycache__" in file.parts:
            continue  # its commands, and what another Python compiled
        if file.suffix in (".so", ".pyd"):
            sys.exit(f"{library} is compiled for this machine; install its pure Python wheel")
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file.locate(), target)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "build"
    if target.exists():
        sys.exit(f"{target} is there; remove it first")
    build(target)
