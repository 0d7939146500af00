"""The verbs of the library on the command line.

Each verb parses, calls the library and prints the result's own summary; whatever it does, a few
lines of Python do too. Exit codes: 0 done, 1 bad input, 2 wrong usage, 3 found
what should not be (`verify`, `inspect`, `release`), 130 interrupted.

Everything heavy is imported inside the verbs, so that ``synthhealth --help`` answers at once.
"""

from synthhealth.benchmark.verbs import app as _benchmark

# The verbs register themselves with the app as they are imported, and are listed in that order.
from synthhealth.cli import _whole as _whole  # isort: split

from synthhealth.cli import _looks as _looks  # isort: split

from synthhealth.cli import _models as _models  # isort: split

from synthhealth.cli import _privacy as _privacy  # isort: split

from synthhealth.cli import _lists as _lists  # isort: split

from synthhealth.cli import _aws as _aws
from synthhealth.cli._app import app, main

app.add_typer(_benchmark, name="benchmark")

__all__ = ["app", "main"]
