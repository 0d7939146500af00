"""Clean columns with one awkward thing in some cells: kinds x sizes x shares x scripts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

SIZES = (15, 61, 150, 400)
#: The share of the cells that are mutated; 0: one cell.
SHARES = (0.0, 0.05, 0.15, 0.3, 0.6)
#: What the digits of all cells are written in.
SCRIPTS = {
    "latin": "0123456789.",
    "arabic": "٠١٢٣٤٥٦٧٨٩٫",
    "persian": "۰۱۲۳۴۵۶۷۸۹٫",
    "fullwidth": "０１２３４５６７８９．",
}
SECRET = "Zqxmutantv"

Rng = np.random.Generator
Mutation = Callable[[str, Rng], str]


def _pick(*options: str) -> Mutation:
    return lambda cell, rng: str(rng.choice(options))


#: What a cell becomes, and whether it then still is a number that can be read beside the others.
MUTATIONS: dict[str, tuple[Mutation, bool]] = {
    "remark behind": (lambda cell, rng: f"{cell} {SECRET} {rng.integers(1e9):09d}", False),
    "remark before": (lambda cell, rng: f"{SECRET} {cell}", False),
    "remark alone": (lambda cell, rng: f"{SECRET} {rng.integers(1e6):06d}", False),
    "word": (_pick("haemolysed", "clotted", "repeat", "see note", "verbal"), False),
    "typing error": (lambda cell, rng: cell.replace("1", "l").replace("0", "O") + "..", False),
    "two numbers": (lambda cell, rng: f"{cell} - {cell}5", False),
    "word for missing": (_pick("not done", "n/a", "k.A.", "لا يوجد", "?", "-", "#N/A"), False),
    "flag": (lambda cell, rng: f"{cell} {rng.choice(['H', 'L', 'High', 'low', 'مرتفع'])}", True),
    "star": (lambda cell, rng: f"{cell}*", True),
    "limit": (lambda cell, rng: f"<{cell}", True),
    "about": (lambda cell, rng: f"~{cell}", True),
    "blanks": (lambda cell, rng: f"  {cell}\u00a0", True),
    "invisible mark": (lambda cell, rng: f"\u200e{cell}\u200f", True),
    "decimal comma": (lambda cell, rng: cell.replace(".", ",").replace("٫", ","), True),
    "unit": (lambda cell, rng: f"{cell} mg/L", True),
}
#: What is drawn for the clean cells of the column.
COLUMNS: dict[str, Callable[[Rng, int], list[str]]] = {
    "decimals": lambda rng, n: [f"{one:.1f}" for one in rng.normal(13, 1.4, n)],
    "skewed": lambda rng, n: [f"{one:.2f}" for one in np.exp(rng.normal(1.5, 0.9, n)) + 0.01],
    "whole": lambda rng, n: [str(one) for one in rng.integers(100, 400, n)],
}


@dataclass(frozen=True)
class Mutant:
    """A table with one mutated column."""

    name: str
    table: pd.DataFrame
    column: str
    share_of_numbers: float
    """The share of the cells that can be read as numbers."""


def mutants(*, remarks_only: bool = False, first: int = 0, every: int = 1) -> Iterator[Mutant]:
    """Make a table for every so many combinations, all of them different.

    With `remarks_only` for those whose mutated cells hold `SECRET`.
    """
    combinations = enumerate(itertools.product(COLUMNS, MUTATIONS, SIZES, SHARES, SCRIPTS))
    wanted = (one for one in combinations if not remarks_only or "remark" in one[1][1])
    for place, combination in itertools.islice(wanted, first, None, every):
        yield _mutant(np.random.default_rng([0, place]), *combination)


def _mutant(rng: Rng, column: str, mutation: str, n: int, share: float, script: str) -> Mutant:
    clean = [_in_script(cell, script) for cell in COLUMNS[column](rng, n)]
    change, is_number = MUTATIONS[mutation]
    rows = rng.permutation(n)[: max(1, round(share * n))]
    cells = list(clean)
    for row in rows:
        cells[row] = change(cells[row], rng)
    table = pd.DataFrame(
        {
            "age": rng.integers(20, 80, n),
            "sex": rng.choice(["F", "M"], n),
            "result": cells,
        }
    )
    name = f"{column}, {mutation}, {n} rows, share {share:g}, {script}"
    numbers = 1.0 if is_number else 1 - len(rows) / n
    return Mutant(name, table, "result", numbers)


def _in_script(cell: str, script: str) -> str:
    return cell.translate(str.maketrans(SCRIPTS["latin"], SCRIPTS[script]))
