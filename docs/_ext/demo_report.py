"""The report of ``synthhealth demo``, made while the site is built and put beside its pages.

``-D demo_report=0`` leaves it out, which saves the quarter of a minute that it takes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sphinx.application import Sphinx


def write_report(app: Sphinx) -> None:
    target = Path(app.outdir, "demo", "report.html")
    if app.builder.format != "html" or not app.config.demo_report or target.exists():
        return
    target.parent.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "synthhealth", "demo", "--out", folder, "--force"]
        subprocess.run([*command, "--quiet"], check=True)
        shutil.copy(Path(folder, "report.html"), target)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("demo_report", True, "", bool)
    app.connect("builder-inited", write_report)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
