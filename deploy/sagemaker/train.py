"""Script mode: what SageMaker's training toolkit, or version 3 of its SDK, runs as the job."""

from __future__ import annotations

import sys

from synthhealth.aws.training import main

if __name__ == "__main__":
    sys.exit(main())
