"""The entry point of a container: ``python -m synthhealth.aws train``, ``serve`` or ``sample``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

__all__ = ["main"]

#: Each verb and the module whose ``main`` does it.
VERBS = {
    "train": "synthhealth.aws.training",
    "serve": "synthhealth.aws.server",
    "sample": "synthhealth.aws.sampling",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the first argument says, with the others.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        The exit status.
    """
    verb, *others = (sys.argv[1:] if arguments is None else arguments) or [""]
    if verb not in VERBS:
        sys.stderr.write(f"usage: python -m synthhealth.aws {'|'.join(VERBS)} ...\n")
        return 2
    return import_module(VERBS[verb]).main(others)


if __name__ == "__main__":
    sys.exit(main())
