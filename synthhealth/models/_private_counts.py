"""Rows from noisy counts: of single columns, of the pairs that a tree needs, and of a few more.

Select, measure, generate (McKenna, Miklau and Sheldon, 2021, *Winning the NIST Contest: A scalable
and general approach to differentially private synthetic data*): single columns are counted with
noise; a tree of pairs is chosen by how far they are from independent, with noise; these pairs are
counted; then pairs that the tree does not explain are chosen and counted likewise. All else is
made of these counts, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import numpy.typing as npt

from synthhealth.models._domain import Domain
from synthhealth.models._secret import Secret
from synthhealth.models.accountant import noise_of, selection_of

__all__ = ["SHARES", "Counted", "count_privately", "project"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Edge = tuple[str, str]

#: What the budget is spent on. Relations cost most: a table of two columns has many cells.
SHARES = {
    "number of patients": 0.02,
    "single columns": 0.28,
    "choice of pairs": 0.10,
    "pairs of columns": 0.60,
}

#: An interval is parted where it has more patients than this share of all, and than so many
#: standard deviations of the noise.
_LARGE, _CLEAR = 1 / 32, 5.0

#: Cells that may be empty count as empty, so that noise makes up for this share of the patients at
#: most; but none of more patients than so many of its standard deviations.
_FALSE, _HIGHEST = 0.02, 1.5

#: A pair is counted in so many groups of each column that the noise of all its cells together is
#: about this share of the patients; no fewer and no more than so many.
_NOISE, _GROUPS = 0.6, (2, 32)

#: Pairs beyond those of the tree, for each column.
_MORE = 0.5

#: Rounds in which rows are weighted until all counted pairs agree.
_ROUNDS = 60

#: How much of a pair is taken as if its columns were independent, so that no cell is impossible.
_INDEPENDENT = 1e-4


def project(counts: Floats, total: float) -> Floats:
    """Give the nearest counts that are not negative and add up to a total.

    Negative counts set to 0 alone would leave the noise of empty cells as patients. (Duchi et al.,
    2008, *Efficient projections onto the l1-ball*, figure 1.)

    Examples
    --------
    >>> import numpy as np
    >>> from synthhealth.models._private_counts import project
    >>> project(np.array([6.0, 3.0, -1.0]), 8.0).tolist()
    [5.5, 2.5, 0.0]
    """
    flat = np.sort(counts.ravel())[::-1]
    sums = (np.cumsum(flat) - total) / np.arange(1, flat.size + 1)
    last = int(np.flatnonzero(flat - sums > 0)[-1])
    return np.maximum(counts - sums[last], 0.0)


@dataclass
class Counted:
    """Noisy counts of a table, and rows made of them.

    Attributes
    ----------
    n : float
        Patients, with noise.
    domains : dict of str to Domain
        The cells of each column, large intervals parted.
    margins : dict of str to numpy.ndarray
        The share of each cell.
    groups : dict of str to numpy.ndarray
        The group of each cell, as pairs are counted.
    pairs : dict of (str, str) to numpy.ndarray
        The share of each pair of groups.
    """

    n: float
    domains: dict[str, Domain] = field(default_factory=dict)
    margins: dict[str, Floats] = field(default_factory=dict)
    groups: dict[str, Codes] = field(default_factory=dict)
    pairs: dict[Edge, Floats] = field(default_factory=dict)

    def group_shares(self, name: str) -> Floats:
        """Give the share of each group of a column."""
        found: Floats = np.bincount(self.groups[name], weights=self.margins[name]).astype(float)
        return found

    def draw(self, n: int, rng: np.random.Generator) -> dict[str, Codes]:
        """Draw the cells of rows that have all counted pairs.

        Rows are drawn from the tree of the first pairs, weighted until the other pairs agree, too
        (Deming and Stephan, 1940), and drawn again by their weights.
        """
        rows = self._from_tree(n, rng)
        weights = np.ones(n)
        for _ in range(_ROUNDS if len(self.pairs) >= len(self.domains) else 0):
            for (one, other), shares in self.pairs.items():
                cell = rows[one] * shares.shape[1] + rows[other]
                there = np.bincount(cell, weights=weights, minlength=shares.size) / weights.sum()
                ratio = shares.ravel() / np.maximum(there, 1e-12)
                weights = weights * np.clip(ratio, 0.1, 10.0)[cell]
        points = (np.arange(n) + rng.random()) / n * weights.sum()
        taken = np.clip(np.searchsorted(np.cumsum(weights), points), 0, n - 1)
        found = {}
        for name, groups in self.groups.items():
            found[name] = np.zeros(n, dtype=np.int64)
            of_row = rows[name][taken]
            for group in np.unique(of_row):
                cells = np.flatnonzero(groups == group)
                shares = np.maximum(self.margins[name][cells], 1e-12)
                here = np.flatnonzero(of_row == group)
                found[name][here] = rng.choice(cells, len(here), p=shares / shares.sum())
        return found

    def _from_tree(self, n: int, rng: np.random.Generator) -> dict[str, Codes]:
        first = next(iter(self.groups))
        shares = self.group_shares(first)
        rows = {first: rng.choice(len(shares), n, p=shares / shares.sum())}
        while len(rows) < len(self.groups):
            for (one, other), pair in self.pairs.items():
                if (one in rows) == (other in rows):
                    continue
                known, new = (one, other) if one in rows else (other, one)
                table = pair if known == one else pair.T
                sums = np.cumsum(table / table.sum(axis=1, keepdims=True), axis=1)
                flat = (sums + np.arange(len(sums))[:, None]).ravel()
                place = np.searchsorted(flat, rng.random(n) + rows[known], side="right")
                last = table.shape[1] - 1
                rows[new] = np.clip(place - rows[known] * table.shape[1], 0, last)
        return rows


def count_privately(
    codes: Mapping[str, Codes],
    numbers: Mapping[str, Floats],
    domains: Mapping[str, Domain],
    n: float,
    rho: Mapping[str, float],
    secret: Secret,
    rng: np.random.Generator,
) -> Counted:
    """Count a table with noise.

    Parameters
    ----------
    codes : mapping of str to numpy.ndarray, each of shape (n_patients,)
        The cell of each patient, one row of each, by column.
    numbers : mapping of str to numpy.ndarray
        The numbers of numerical columns within their ranges.
    domains : mapping of str to Domain
        What the columns can be.
    n : float
        The number of patients, with noise.
    rho : mapping of str to float
        What each of `SHARES` costs.
    secret : Secret
        The noise.
    rng : numpy.random.Generator
        Draws what follows from noisy counts.
    """
    counted = Counted(max(n, 1.0))
    fine: dict[str, Codes] = {}
    for name, domain in domains.items():
        counter = _Counter(counted.n, rho["single columns"] / len(domains), secret)
        domain, fine[name], counts = counter.column(domain, codes[name], numbers.get(name))
        counted.domains[name] = domain
        counted.margins[name] = counts / counts.sum()
    names = list(domains)
    n_more = max(round(_MORE * len(names)), 1) if len(names) > 2 else 0
    n_pairs = len(names) - 1 + n_more
    sigma = noise_of(rho["pairs of columns"] / n_pairs)
    n_groups = np.clip(np.sqrt(_NOISE * counted.n / sigma), *_GROUPS)
    for name in names:
        values = counted.domains[name].n_values
        is_ordered = bool(len(counted.domains[name].low))
        counted.groups[name] = _grouped(counted.margins[name], values, n_groups, is_ordered)
    rows = {name: counted.groups[name][fine[name]] for name in names}
    sizes = {name: int(groups.max()) + 1 for name, groups in counted.groups.items()}
    exact = {edge: _pair(rows, sizes, edge) for edge in combinations(names, 2)}
    epsilon = selection_of(rho["choice of pairs"] / n_pairs)

    def choose(open_: list[Edge], expected: Mapping[Edge, Floats]) -> Edge:
        """Choose the pair that is furthest from expected, with noise.

        Less what the noise of its count and chance alone would make of it, which no patient
        changes; a patient changes the rest by 1.
        """
        scores = np.array(
            [
                np.abs(exact[one] - expected[one]).sum()
                - _MEAN * np.sqrt(exact[one].size * (exact[one].size * sigma**2 + counted.n))
                for one in open_
            ]
        )
        return open_[int(np.argmax(epsilon * scores / 2 + secret.gumbels(len(open_))))]

    def measure(edge: Edge) -> None:
        noise = secret.discrete_gaussians(exact[edge].size, sigma).reshape(exact[edge].shape)
        shares = project(exact[edge] + noise, counted.n) / counted.n
        counted.pairs[edge] = _with_margins(shares, *(counted.group_shares(one) for one in edge))

    alone = {
        edge: counted.n * np.outer(*(counted.group_shares(one) for one in edge)) for edge in exact
    }
    part = {name: place for place, name in enumerate(names)}
    for _ in range(len(names) - 1):
        edge = choose([one for one in exact if part[one[0]] != part[one[1]]], alone)
        joined, gone = part[edge[0]], part[edge[1]]
        part = {name: joined if place == gone else place for name, place in part.items()}
        measure(edge)
    for _ in range(min(n_more, len(exact) - len(counted.pairs))):
        drawn = counted.draw(_SIMULATED, rng)
        groups = {name: counted.groups[name][cells] for name, cells in drawn.items()}
        expected = {edge: _pair(groups, sizes, edge) * (counted.n / _SIMULATED) for edge in exact}
        measure(choose([one for one in exact if one not in counted.pairs], expected))
    return counted


#: The mean of a normal number without its sign, of standard deviation 1.
_MEAN = np.sqrt(2 / np.pi)

#: Rows that say which pairs are explained by those counted so far.
_SIMULATED = 20_000


def _pair(rows: Mapping[str, Codes], sizes: Mapping[str, int], edge: Edge) -> Floats:
    """Count the rows of each pair of groups."""
    one, other = edge
    shape = sizes[one], sizes[other]
    cell = rows[one] * shape[1] + rows[other]
    counts = np.bincount(cell, minlength=shape[0] * shape[1])
    return counts.reshape(shape).astype(np.float64)


@dataclass(frozen=True)
class _Counter:
    """Counts one column with noise."""

    n: float
    rho: float
    secret: Secret

    def column(
        self, domain: Domain, codes: Codes, numbers: Floats | None
    ) -> tuple[Domain, Codes, Floats]:
        """Count the cells of a column; where it has intervals, the large ones in a second step."""
        has_intervals = bool((domain.low < domain.high).any())
        rho = self.rho / 2 if has_intervals else self.rho
        counts = self._cleared(self._noisy(codes, domain.size, rho), rho)
        if not has_intervals or numbers is None:
            return domain, codes, counts
        enough = max(_LARGE * self.n, _CLEAR * noise_of(rho))
        is_large = (counts[: domain.n_values] > enough) & (domain.low < domain.high)
        finer, was = domain.parted(is_large)
        others = np.arange(domain.n_values, domain.size)
        came_from = np.concatenate([was, others])
        shift = finer.n_values - domain.n_values
        fine = np.where(codes < domain.n_values, finer.code_numbers(numbers), codes + shift)
        again = self._cleared(self._noisy(fine, finer.size, rho), rho)
        found = np.zeros(finer.size)
        for cell in range(domain.size):
            parts = np.flatnonzero(came_from == cell)
            # Both counts speak of a cell: the finer one with the noise of all its parts.
            there = float(again[parts].sum())
            total = (counts[cell] * parts.size + there) / (parts.size + 1)
            found[parts] = again[parts] * total / there if there > 0 else total / parts.size
        return finer, fine, found * (self.n / found.sum())

    def _cleared(self, counts: Floats, rho: float) -> Floats:
        """Take what may be noise alone for none, and give counts of all patients.

        What noise alone lifts above the threshold is about the normal density there, times its
        standard deviation, in each cell.
        """
        sigma = noise_of(rho)
        density = _FALSE * self.n / (counts.size * sigma) * np.sqrt(2 * np.pi)
        threshold = sigma * min(np.sqrt(max(-2 * np.log(density), 0.0)), _HIGHEST)
        kept = np.where(counts > threshold, counts, 0.0)
        return kept * (self.n / kept.sum()) if kept.any() else project(counts, self.n)

    def _noisy(self, codes: Codes, size: int, rho: float) -> Floats:
        noise = self.secret.discrete_gaussians(size, noise_of(rho))
        return (np.bincount(codes, minlength=size) + noise).astype(np.float64)


def _grouped(shares: Floats, n_values: int, n_groups: float, is_ordered: bool) -> Codes:
    """Join cells to groups, so that a pair has few of them.

    Numbers next to each other are joined; a frequent one stays by itself. Of all other cells the
    rare ones are one group.
    """
    least = 1 / n_groups
    groups = np.zeros(len(shares), dtype=np.int64)
    group, held = -1, np.inf
    for place in range(n_values if is_ordered else 0):
        alone = shares[place] >= least
        if alone or held >= least:
            group, held = group + 1, 0.0
        groups[place] = group
        held = np.inf if alone else held + shares[place]
    rest = np.arange(n_values if is_ordered else 0, len(shares))
    by_share = rest[np.argsort(-shares[rest], kind="stable")]
    most = max(int(n_groups) - 1, 1) if not is_ordered else len(rest)
    for place, cell in enumerate(by_share):
        own = place < most and shares[cell] >= least / 4
        group = group + 1 if own or place == 0 or held < 0 else group
        groups[cell] = group
    return np.unique(groups, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _with_margins(shares: Floats, first: Floats, second: Floats) -> Floats:
    """Bring a pair to the shares of its columns, which were counted with less noise."""
    independent = np.outer(first, second) / max(float(first.sum() * second.sum()), 1e-12)
    found = (1 - _INDEPENDENT) * shares + _INDEPENDENT * independent + 1e-12
    for _ in range(_ROUNDS):
        found *= (first / np.maximum(found.sum(axis=1), 1e-12))[:, None]
        found *= second / np.maximum(found.sum(axis=0), 1e-12)
    return (found + 1e-12) / (found + 1e-12).sum()
