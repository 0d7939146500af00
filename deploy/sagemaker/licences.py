"""Collects the licences of what is installed beside it: ``python licences.py FOLDER``."""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

#: Their licences, the BUSL-1.1 and the LGPL, must go wherever they go.
REQUIRED = ("sdv", "ctgan", "rdt", "copulas", "deepecho", "python-stdnum")


def texts_of(distribution: Distribution) -> list[Path]:
    """Give the files of a package's licence and notices."""
    beginnings = ("LICENSE", "LICENCE", "NOTICE", "COPYING")
    return [
        Path(str(distribution.locate_file(file)))
        for file in distribution.files or ()
        if ".dist-info" in file.parts[0] and file.name.upper().startswith(beginnings)
    ]


def main(folder: Path) -> None:
    """Copy every package's texts to a folder of its name.

    Raises
    ------
    SystemExit
        A package whose licence must be carried has none.
    """
    carried = set()
    for distribution in distributions():
        name = distribution.name.lower()
        for text in texts_of(distribution):
            target = folder / name / text.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.read_bytes())
            carried.add(name)
    missing = sorted(set(REQUIRED) - carried)
    if missing:
        sys.exit(f"no licence is found of {', '.join(missing)}; the image must not be passed on")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
