"""The benchmark as ``python -m synthhealth.benchmark``."""

import sys

from synthhealth.benchmark._verbs import app
from synthhealth.errors import SynthHealthError

if __name__ == "__main__":
    try:
        app(prog_name="python -m synthhealth.benchmark")
    except SynthHealthError as error:
        sys.exit(f"error: {error}")
