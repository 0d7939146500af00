"""The tables of the benchmark: what is learned, and the patients that are kept from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.datasets import find_data_root, load_folder, load_ra_panel
from synthhealth.errors import FileError, ParameterError, nearest

__all__ = [
    "Cohort",
    "chosen",
    "chosen_tables",
    "load_adult",
    "load_cohort",
    "load_whole",
    "simulate",
]

DEMO = "demo"
SMALL = (DEMO, "hcv", "pbc", "heart_failure")
LARGE = ("adult",)

#: Rows of adult's training file, which come first; its test file follows.
ADULT_ROWS = 32_561

#: Row numbers, which are nothing to learn.
_IDENTIFIERS = {"iraq_diabetes": ["ID"], "nhanes_labs": ["seqn"], "pbc": ["id"]}

#: Share of a clinical table that is learned; the rest is held out.
_LEARNED = 2 / 3
_DEMO_SAMPLE = 1_000


@dataclass(frozen=True)
class Cohort:
    """One table in the two parts of one run.

    Attributes
    ----------
    name : str
    training : pandas.DataFrame
        What the model learns.
    holdout : pandas.DataFrame
        Patients of the same law that it never sees.
    n_synthetic : int
        Rows to draw.
    """

    name: str
    training: pd.DataFrame
    holdout: pd.DataFrame
    n_synthetic: int


def chosen_tables(names: Iterable[str] | None, *, large: bool) -> tuple[str, ...]:
    """Check the names of tables; None: the small ones that are at hand, with `large` all.

    Raises
    ------
    ParameterError
        A name is unknown.
    FileError
        A named table is not at hand.
    """
    known = SMALL + LARGE
    if names is None:
        wanted = known if large else SMALL
        at_hand = find_data_root() is not None
        return wanted if at_hand else (DEMO,)
    return chosen("data", (*names, *(LARGE if large else ())), known)


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


def load_cohort(name: str, seed: int) -> Cohort:
    """Give the training table and the patients kept from it.

    The demo is the cohort that the library shows, and another cohort of the same law; a clinical
    table is split at random; adult comes with its own test rows.
    """
    if name == DEMO:
        fresh = load_ra_panel(random_state=_FRESH + seed)
        return Cohort(name, load_ra_panel(), fresh, _DEMO_SAMPLE)
    table = load_whole(name)
    if name == "adult":
        training, holdout = table.iloc[:ADULT_ROWS], table.iloc[ADULT_ROWS:]
    else:
        order = np.random.default_rng(seed).permutation(len(table))
        size = round(_LEARNED * len(table))
        training, holdout = table.iloc[order[:size]], table.iloc[order[size:]]
    training, holdout = training.reset_index(drop=True), holdout.reset_index(drop=True)
    return Cohort(name, training, holdout, len(training))


#: Seeds of fresh cohorts begin here, far from those that people try.
_FRESH = 1_000


def load_adult() -> pd.DataFrame:
    """Give the training rows of the adult table."""
    table: pd.DataFrame = load_whole("adult").iloc[:ADULT_ROWS]
    return table


def simulate(rows: int, *, seed: int) -> pd.DataFrame:
    """Draw a table of 20 columns with one common cause: 12 of numbers, 8 of levels, some missing.

    Parameters
    ----------
    rows : int
        Number of rows.
    seed : int
        Tables of different seeds are of one law.
    """
    rng = np.random.default_rng(seed)
    common = rng.normal(size=rows)

    def score(weight: float) -> npt.NDArray[np.float64]:
        return weight * common + np.sqrt(1 - weight**2) * rng.normal(size=rows)

    columns: dict[str, npt.NDArray[np.generic]] = {}
    for place in range(12):
        z = score(0.1 * (place % 6))
        values = (
            np.exp(z).round(2),  # a laboratory value
            (50 + 15 * z).round(),  # an age
            120 + 12 * z,  # a measurement
            rng.poisson(np.exp(1 + 0.3 * z)).astype(np.float64),  # a count
        )[place % 4]
        if place % 3 == 0:
            values[rng.random(rows) < 0.05] = np.nan
        columns[f"number_{place}"] = values
    for place in range(8):
        n_levels = 2 + place
        edges = np.linspace(-1.5, 1.5, n_levels - 1)
        names = np.array([f"level_{level}" for level in range(n_levels)])
        columns[f"level_{place}"] = names[np.digitize(score(0.1 * place), edges)]
    return pd.DataFrame(columns)


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
