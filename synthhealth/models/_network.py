"""A Bayesian network of bins and levels: rows drawn from it, whatever is known of them, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthhealth.models._conditional import drawn

__all__ = ["Network", "Node"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Numbers of a message that are held at once.
_AT_ONCE = 4_000_000

#: No outcome is impossible.
_LEAST = 1e-9


@dataclass(frozen=True)
class Node:
    """A column of a network.

    Attributes
    ----------
    parents : tuple of int
        The places of the columns that it is given, in their order; all of them before it.
    of_cell : numpy.ndarray of int64, shape (n_groups of the first parent, ...)
        Which distribution it has.
    shares : numpy.ndarray, shape (n_distributions, n_outcomes)
    groups : numpy.ndarray of int64, shape (n_outcomes,)
        The group of each of its own outcomes, as far as others are given it.
    """

    parents: tuple[int, ...]
    of_cell: Codes
    shares: Floats
    groups: Codes

    @property
    def probabilities(self) -> Floats:
        """The shares, each distribution's with the sum 1, and none 0."""
        shares = np.maximum(self.shares.astype(np.float64), _LEAST)
        return shares / shares.sum(axis=1, keepdims=True)


class Network:
    """Columns, each given at most a few of those before it.

    The parents of a column stand in one family together: all but the last of them are parents of
    the last one. What is known of a column can then be told to those before it by messages from
    family to family, and the others are drawn exactly as if rows had been drawn until they matched
    (variable elimination; Koller and Friedman, 2009, *Probabilistic Graphical Models*, section
    10.2).

    Parameters
    ----------
    nodes : sequence of Node
        In the order in which they are drawn.

    Raises
    ------
    ValueError
        Parents do not stand in one family.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = tuple(nodes)
        self._probabilities = [node.probabilities for node in nodes]
        self._n_groups = [int(node.groups.max()) + 1 for node in nodes]
        self._ways = [self._way(node) for node in nodes]

    def _way(self, node: Node) -> Codes:
        """Give, of each cell and group in the family of the last parent, the cell of a node."""
        if not node.parents:
            return np.zeros(0, dtype=np.int64)
        last = node.parents[-1]
        family = (*self.nodes[last].parents, last)
        if not set(node.parents) <= set(family):
            raise ValueError("the parents of a column do not stand in one family")
        shape = (*self.nodes[last].of_cell.shape, self._n_groups[last])
        places = np.indices(shape).reshape(len(shape), -1)
        groups = tuple(places[family.index(parent)] for parent in node.parents)
        return np.ravel_multi_index(groups, node.of_cell.shape).reshape(-1, shape[-1])

    def draw(self, n: int, rng: np.random.Generator) -> Codes:
        """Draw the outcomes of rows, shape (n, n_columns)."""
        codes = np.zeros((n, len(self.nodes)), dtype=np.int64)
        for place in range(len(self.nodes)):
            codes[:, place] = self._drawn(codes, place, rng)
        return codes

    def _drawn(self, codes: Codes, place: int, rng: np.random.Generator) -> Codes:
        return drawn(self._probabilities[place], self._distribution(codes, place), rng)

    def _cell(self, codes: Codes, place: int) -> Codes:
        """Give the cell of each row, flat."""
        node = self.nodes[place]
        if not node.parents:
            return np.zeros(len(codes), dtype=np.int64)
        groups = tuple(self.nodes[one].groups[codes[:, one]] for one in node.parents)
        return np.ravel_multi_index(groups, node.of_cell.shape)

    def _distribution(self, codes: Codes, place: int) -> Codes:
        return self.nodes[place].of_cell.ravel()[self._cell(codes, place)]

    def given(self, known: Codes, rng: np.random.Generator) -> Codes:
        """Draw the outcomes of rows of which some are known.

        Parameters
        ----------
        known : numpy.ndarray of int64, shape (n_rows, n_columns)
            -1: not known; in all rows the same columns are.
        """
        codes = known.copy()
        is_known = known[0] >= 0
        for rows, evidence, which in self._alike(known):
            heard, _ = self._messages(evidence, is_known)
            some = codes[rows]
            for place in np.flatnonzero(~is_known).tolist():
                message = heard[place]
                if message is None:
                    some[:, place] = self._drawn(some, place, rng)
                    continue
                cell = self._cell(some, place)
                own = self._probabilities[place][self.nodes[place].of_cell.ravel()[cell]]
                weights = own * message[which, cell][:, self.nodes[place].groups]
                some[:, place] = drawn(weights, np.arange(len(some)), rng)
            codes[rows] = some
        return codes

    def log_likelihood(self, known: Codes) -> Floats:
        """Give the log probability of what is known of each row; -1: not known."""
        found = np.zeros(len(known))
        patterns, pattern = np.unique(known >= 0, axis=0, return_inverse=True)
        pattern = pattern.reshape(-1)
        for number, is_known in enumerate(patterns):
            of_pattern = np.flatnonzero(pattern == number)
            for rows, evidence, which in self._alike(known[of_pattern]):
                found[of_pattern[rows]] = self._messages(evidence, is_known)[1][which]
        return found

    def _alike(self, known: Codes) -> Iterator[tuple[Codes, Codes, Codes]]:
        """Give the places of some rows, what is known in them, and which of that each row has."""
        evidence, which = np.unique(known, axis=0, return_inverse=True)
        which = which.reshape(-1)
        largest = max(
            node.of_cell.size * n for node, n in zip(self.nodes, self._n_groups, strict=True)
        )
        order, step = np.argsort(which, kind="stable"), max(_AT_ONCE // largest, 1)
        ends = np.searchsorted(which[order], np.arange(0, len(evidence) + step, step))
        for part, start in enumerate(range(0, len(evidence), step)):
            rows = order[ends[part] : ends[part + 1]]
            yield rows, evidence[start : start + step], which[rows] - start

    def _messages(
        self, evidence: Codes, is_known: npt.NDArray[np.bool_]
    ) -> tuple[list[Floats | None], Floats]:
        """Tell each family what is known of the columns after it.

        Returns
        -------
        heard : list of (numpy.ndarray of shape (n_rows, n_cells, n_groups) or None)
            How likely each cell and group of a family makes it; None: nothing is known of them.
        total : numpy.ndarray, shape (n_rows,)
            The log probability of all that is known.
        """
        heard: list[Floats | None] = [None] * len(self.nodes)
        total = np.zeros(len(evidence))
        rows = np.arange(len(evidence))
        for place in reversed(range(len(self.nodes))):
            node, message = self.nodes[place], heard[place]
            by_cell = self._probabilities[place][node.of_cell.ravel()]
            if is_known[place]:
                outcome = evidence[:, place]
                likely = by_cell[:, outcome].T
                if message is not None:
                    likely = likely * message[rows, :, node.groups[outcome]]
            elif message is not None:
                of_group = np.eye(self._n_groups[place])[node.groups]
                likely = (message * (by_cell @ of_group)).sum(axis=2)
            else:
                continue
            if all(is_known[parent] for parent in node.parents):
                total += np.log(likely[rows, self._cell(evidence, place)])
                continue
            largest = likely.max(axis=1)
            total += np.log(largest)
            told = (likely / largest[:, None])[:, self._ways[place]]
            last = node.parents[-1]
            before = heard[last]
            heard[last] = told if before is None else before * told
        return heard, total
