"""Which columns of a Bayesian network are given which others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from synthhealth.models._cells import Groups, depth_for

__all__ = ["NodeFamily", "choose_graph"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Several parents of a column are looked for among so many that explain most of it alone.
CANDIDATES = 8

#: So many columns are tried as the first one.
STARTS = 16

#: Rows that a graph is chosen on, evenly spaced.
_ROWS = 20_000


@dataclass(frozen=True)
class NodeFamily:
    """A column and its parents.

    Attributes
    ----------
    name : str
    parents : tuple of str
        In the order in which they are drawn.
    gain : float
        By how much the parents make the rows likelier, in natural logarithms, less the penalty.
    """

    name: str
    parents: tuple[str, ...]
    gain: float


def choose_graph(
    codes: Mapping[str, Codes], groups: Mapping[str, Groups], most: int
) -> list[NodeFamily]:
    """Give the columns in the order in which they are drawn, each with at most `most` parents.

    As in Chow and Liu's tree (1968) and in PrivBayes (Zhang et al., 2017) a column follows that
    those before explain best: of its entropy the largest share (Theil's coefficient). How well
    they do is their mutual information with it times the number of rows, less the number of free
    parameters (Akaike, 1974), at whichever coarseness of the columns that is largest. Several
    columns are tried as the first one; the likeliest graph is taken. Parents stand in one family
    together, so that whatever is known, the rest can be drawn exactly (a k-tree).

    Parameters
    ----------
    codes : mapping of str to numpy.ndarray, each of shape (n_rows,)
        The bins or levels of the rows, by column.
    groups : mapping of str to Groups
        How they are grouped.
    most : int
        Parents of a column.
    """
    n = len(next(iter(codes.values())))
    if n > _ROWS:
        rows = np.linspace(0, n - 1, _ROWS).astype(np.int64)
        codes = {name: one[rows] for name, one in codes.items()}
    search = _Search(_Score(codes, groups, depth_for(most)), most)
    found = [search.from_first(name) for name in search.starts]
    return max(found, key=lambda families: sum(one.gain for one in families))


class _Search:
    """Grows graphs from a first column; what was scored for one is known for the next."""

    def __init__(self, score: _Score, most: int) -> None:
        self.most = most
        self._score = score
        self._known: dict[tuple[str, tuple[str, ...]], float] = {}
        self.names = list(score.rows)
        gains = {
            name: {other: self._gain(name, (other,)) for other in self.names if other != name}
            for name in self.names
        }
        self.near = {
            name: set(sorted(of, key=lambda other: -of[other])[:CANDIDATES])
            for name, of in gains.items()
        }
        total = {name: sum(max(gain, 0.0) for gain in of.values()) for name, of in gains.items()}
        self.starts = sorted(self.names, key=lambda name: -total[name])[:STARTS]

    def from_first(self, first: str) -> list[NodeFamily]:
        """Grow the graph that begins with a column."""
        found = [NodeFamily(first, (), 0.0)]
        clique: tuple[str, ...] = (first,)
        best = {name: NodeFamily(name, (), 0.0) for name in self.names if name != first}
        while best:
            for name in best:
                for parents in self._subsets(clique, name):
                    gain = self._gain(name, parents)
                    if gain > best[name].gain:
                        best[name] = NodeFamily(name, parents, gain)
            following = max(best.values(), key=lambda one: one.gain / self._score.entropy[one.name])
            found.append(best.pop(following.name))
            clique = (*following.parents, following.name)
        return found

    def _gain(self, name: str, parents: tuple[str, ...]) -> float:
        key = name, tuple(sorted(parents))
        if key not in self._known:
            self._known[key] = self._score(*key)
        return self._known[key]

    def _subsets(self, clique: tuple[str, ...], name: str) -> Iterator[tuple[str, ...]]:
        """Give the sets of parents that the newest family allows: all in it, its column too."""
        *others, newest = clique
        yield (newest,)
        if newest in self.near[name]:
            known = [one for one in others if one in self.near[name]]
            for size in range(1, self.most):
                for some in combinations(known, size):
                    yield (*some, newest)


class _Score:
    """By how much columns explain another one, less the penalty."""

    def __init__(
        self, codes: Mapping[str, Codes], groups: Mapping[str, Groups], depth: int
    ) -> None:
        self.n = len(next(iter(codes.values())))
        self.depths = range(1, depth + 1)
        self.sizes = {
            name: [one.size(depth) for depth in (0, *self.depths)] for name, one in groups.items()
        }
        self.entropy = {}
        self.rows = {
            name: [groups[name].at(depth)[one] for depth in (0, *self.depths)]
            for name, one in codes.items()
        }
        for name, one in codes.items():
            shares = np.unique(one, return_counts=True)[1] / self.n
            self.entropy[name] = max(-float(shares @ np.log(shares)), 1e-9)

    def __call__(self, name: str, parents: tuple[str, ...]) -> float:
        best = -np.inf
        for depth in self.depths:
            size = self.sizes[name][depth]
            cell = np.zeros(self.n, dtype=np.int64)
            n_cells = 1
            for parent in parents:
                cell = cell * self.sizes[parent][depth] + self.rows[parent][depth]
                n_cells *= self.sizes[parent][depth]
            both = np.bincount(cell * size + self.rows[name][depth], minlength=n_cells * size)
            both = both.reshape(n_cells, size)
            by_cell, by_outcome = both.sum(axis=1), both.sum(axis=0)
            gain = _entropy_sum(by_cell) + _entropy_sum(by_outcome) - _entropy_sum(both)
            gain -= _entropy_sum(np.array([self.n]))
            free = (np.count_nonzero(by_outcome) - 1) * (np.count_nonzero(by_cell) - 1)
            best = max(best, gain - free)
        return float(best)


def _entropy_sum(counts: Codes) -> float:
    """Give minus the sum of counts times their logarithms."""
    known = counts[counts > 0].astype(np.float64)
    return -float(known @ np.log(known))
