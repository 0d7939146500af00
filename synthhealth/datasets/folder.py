"""Tables kept one to a folder, as the benchmark's are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from synthhealth.errors import FileError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["find_data_root", "load_folder"]

DATA_VARIABLE = "SYNTHHEALTH_DATA"
SUFFIXES = (".csv.gz", ".csv", ".parquet")


def load_folder(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Load the table of a folder that bears its name: ``adult/adult.csv.gz``.

    Parameters
    ----------
    path : path-like
        The folder. It holds ``<its name>.csv.gz``, else ``.csv``, else ``.parquet``.

    Returns
    -------
    pandas.DataFrame
        An empty field is a missing value.

    Raises
    ------
    FileError
        There is no such folder or table, or the table cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from synthhealth.datasets import load_folder, load_ra_panel
    >>> with tempfile.TemporaryDirectory() as root:
    ...     folder = Path(root) / "clinic"
    ...     folder.mkdir()
    ...     load_ra_panel().to_csv(folder / "clinic.csv", index=False)
    ...     load_folder(folder).shape
    (61, 17)
    """
    from synthhealth.io import read_table

    # Not resolve(): a link to a folder keeps the name it was given.
    folder = Path(os.path.abspath(path))
    if not folder.exists():
        raise FileError(f"{path}: there is no such folder; check the name and where it lies")
    if not folder.is_dir():
        raise FileError(
            f"{path}: this is a file, not a folder; read it with synthhealth.io.read_table"
        )
    names = [folder.name + suffix for suffix in SUFFIXES]
    for name in names:
        if (folder / name).is_file():
            return read_table(folder / name)
    raise FileError(
        f"{path}: the folder holds no table of its own name ({', '.join(names)}); rename the "
        "table, or read it with synthhealth.io.read_table"
    )


def find_data_root(start: str | os.PathLike[str] = ".") -> Path | None:
    """Find the folder that holds the benchmark's tables, one folder each.

    It is the one that the environment variable ``SYNTHHEALTH_DATA`` names; without the variable,
    ``shared/data`` in `start` or in a folder above it.

    Parameters
    ----------
    start : path-like, default "."
        Where to look from, such as the checkout.

    Returns
    -------
    pathlib.Path or None
        None where there is no such folder.

    Raises
    ------
    FileError
        ``SYNTHHEALTH_DATA`` is set and names no folder.

    Examples
    --------
    >>> from synthhealth.datasets import find_data_root, load_folder
    >>> root = find_data_root()
    >>> adult = load_folder(root / "adult")  # doctest: +SKIP
    """
    named = os.environ.get(DATA_VARIABLE)
    if named:
        if not Path(named).is_dir():
            raise FileError(
                f"{DATA_VARIABLE}={named}: there is no such folder; set the variable to the folder "
                "that holds the tables, or unset it"
            )
        return Path(named).absolute()
    here = Path(start).absolute()
    roots = (folder / "shared" / "data" for folder in (here, *here.parents))
    return next((root for root in roots if root.is_dir()), None)
