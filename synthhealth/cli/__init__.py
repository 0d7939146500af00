"""The verbs of the library on the command line.

Each verb parses, calls the library and prints the result's own summary; whatever it does, a few
lines of Python do too. Exit codes: 0 done, 1 bad input, 2 wrong usage, 130 interrupted.

Everything heavy is imported inside the verbs, so that ``synthhealth --help`` answers at once.
"""

from synthhealth.benchmark._verbs import app as _benchmark

# The verbs register themselves with the app as they are imported.
from synthhealth.cli import _verbs as _verbs
from synthhealth.cli._app import app, main

app.add_typer(_benchmark, name="benchmark")

__all__ = ["app", "main"]
