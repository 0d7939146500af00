"""The tables of the benchmark: what is learned, and the patients that are kept from it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.datasets import find_data_root, load_folder
from synthhealth.errors import FileError, ParameterError, nearest

__all__ = [
    "DEMO",
    "chosen",
    "load_adult",
    "load_whole",
    "simulate",
    "split_whole",
]

DEMO = "demo"
#: Rows of adult's training file, which come first; its test file follows.
ADULT_ROWS = 32_561

#: Row numbers and addresses, which are nothing to learn.
_IDENTIFIERS = {
    "iraq_diabetes": ["ID"],
    "news_partial": ["url", "timedelta"],
    "nhanes_labs": ["seqn"],
    "pbc": ["id"],
}

#: Share of a clinical table that is learned; the rest is held out.
_LEARNED = 2 / 3


def chosen(what: str, names: Iterable[str] | None, known: Iterable[str]) -> tuple[str, ...]:
    """Check names that a user gives, each once; None: all that are known.

    Raises
    ------
    ParameterError
        A name is unknown.
    """
    known = tuple(known)
    wanted = known if names is None else tuple(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            raise ParameterError(
                f"{what}: {name!r} is unknown{nearest(name, known)}; choose from {', '.join(known)}"
            )
    return wanted


def split_whole(name: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give what is learned of a whole table, and the patients that are kept from it.

    A table is split at random, two thirds to one; adult comes with its own test rows.
    """
    table = load_whole(name)
    if name == "adult":
        learned, unseen = table.iloc[:ADULT_ROWS], table.iloc[ADULT_ROWS:]
    else:
        order = np.random.default_rng(seed).permutation(len(table))
        size = round(_LEARNED * len(table))
        learned, unseen = table.iloc[order[:size]], table.iloc[order[size:]]
    return learned.reset_index(drop=True), unseen.reset_index(drop=True)


def load_adult() -> pd.DataFrame:
    """Give the training rows of the adult table."""
    table: pd.DataFrame = load_whole("adult").iloc[:ADULT_ROWS]
    return table


def simulate(rows: int, *, seed: int, columns: int = 20) -> pd.DataFrame:
    """Draw a table with one common cause: three fifths numbers, the others levels, some missing.

    Parameters
    ----------
    rows : int
        Number of rows.
    seed : int
        Tables of different seeds are of one law.
    columns : int
        Number of columns.
    """
    rng = np.random.default_rng(seed)
    common = rng.normal(size=rows)

    def score(weight: float) -> npt.NDArray[np.float64]:
        return weight * common + np.sqrt(1 - weight**2) * rng.normal(size=rows)

    table: dict[str, npt.NDArray[np.generic]] = {}
    n_numbers = round(0.6 * columns)
    for place in range(n_numbers):
        z = score(0.1 * (place % 6))
        values = (
            np.exp(z).round(2),  # a laboratory value
            (50 + 15 * z).round(),  # an age
            120 + 12 * z,  # a measurement
            rng.poisson(np.exp(1 + 0.3 * z)).astype(np.float64),  # a count
        )[place % 4]
        if place % 3 == 0:
            values[rng.random(rows) < 0.05] = np.nan
        table[f"number_{place}"] = values
    for place in range(columns - n_numbers):
        n_levels = 2 + place % 8
        edges = np.linspace(-1.5, 1.5, n_levels - 1)
        names = np.array([f"level_{level}" for level in range(n_levels)])
        table[f"level_{place}"] = names[np.digitize(score(0.1 * (place % 8)), edges)]
    return pd.DataFrame(table)


def load_whole(name: str) -> pd.DataFrame:
    """Give a table as it is at hand, without its row numbers.

    Raises
    ------
    FileError
        It is not.
    """
    root = find_data_root()
    if root is None:
        raise FileError(
            f"the table {name!r} of the benchmark is not at hand; name the folder that holds it "
            "in the environment variable SYNTHHEALTH_DATA"
        )
    table: pd.DataFrame = load_folder(root / name).drop(columns=_IDENTIFIERS.get(name, []))
    return table
