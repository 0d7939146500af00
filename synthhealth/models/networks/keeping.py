"""Which state of a training is kept: the one whose rows are most like rows held out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from synthhealth.models.networks.table import NetworkColumn

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["HeldOut", "Keeper", "n_held_out"]

Floats = npt.NDArray[np.float64]

#: Share of the rows that is held out, and how many at most: more make no check sharper than the
#: differences that count.
_SHARE, _MOST = 0.1, 2_000

#: Bins of equally many held-out rows that numbers are compared in.
_BINS = 10

#: Checks in a training, and how many of them in a row may find nothing better before it ends.
CHECKS, PATIENCE = 40, 10

#: What has to be gained to count as better.
_GAIN = 5e-4

#: How much of the mean of the weights each step keeps: it is one of about 1,000 steps.
_MEMORY = 0.999


def n_held_out(n_rows: int) -> int:
    """Give how many of the rows are held out."""
    return min(_MOST, round(_SHARE * n_rows))


class HeldOut:
    """Rows that a training does not learn, and how like them others are.

    Parameters
    ----------
    columns : tuple of NetworkColumn
    rows : numpy.ndarray, shape (n_rows, n_outputs)
        As a network has them.
    """

    def __init__(self, columns: tuple[NetworkColumn, ...], rows: npt.NDArray[Any]) -> None:
        self._columns = columns
        self._edges: list[Floats | None] = []
        for column, values in zip(columns, self._values(rows), strict=True):
            inner = np.linspace(0, 1, _BINS + 1)[1:-1]
            self._edges.append(None if column.levels else np.unique(np.quantile(values, inner)))
        widths = [
            len(column.levels) if edges is None else len(edges) + 1
            for column, edges in zip(columns, self._edges, strict=True)
        ]
        self._starts = np.cumsum([0, *widths[:-1]])
        self._n_bins = sum(widths)
        self._tables = self._count(rows)

    def likeness(self, rows: npt.NDArray[Any]) -> float:
        """Give 1 for the held-out rows themselves, and less the more others differ.

        What is taken off is the mean of two distances: of single columns the Kolmogorov-Smirnov
        distance (of numbers) or the total variation (of levels); of pairs of columns the total
        variation between their dependences, a dependence being how far the joint table of a pair is
        from that of independent columns.
        """
        tables = self._count(rows)
        singles = np.diag(tables - self._tables)
        by_column = np.split(singles, self._starts[1:])
        apart = [
            np.abs(gaps.cumsum()).max() if edges is not None else 0.5 * np.abs(gaps).sum()
            for gaps, edges in zip(by_column, self._edges, strict=True)
        ]
        gaps = np.abs(_dependence(tables) - _dependence(self._tables))
        by_pair = np.add.reduceat(np.add.reduceat(gaps, self._starts, 0), self._starts, 1)
        pairs = 0.5 * by_pair[np.triu_indices(len(by_pair), 1)]
        return 1 - 0.5 * float(np.mean(apart) + (pairs.mean() if pairs.size else 0.0))

    def _values(self, rows: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Read rows; of a category give the place of its level."""
        read: list[npt.NDArray[Any]] = []
        start = 0
        for column in self._columns:
            outputs = rows[:, start : start + column.n_outputs]
            start += column.n_outputs
            read.append(outputs.argmax(axis=1) if column.levels else column.read(outputs, None))
        return read

    def _count(self, rows: npt.NDArray[Any]) -> Floats:
        """Give the joint shares of all pairs of bins; those of single bins on the diagonal."""
        bins = np.zeros((len(rows), self._n_bins), dtype=np.float32)
        each = np.arange(len(rows))
        for values, edges, start in zip(self._values(rows), self._edges, self._starts, strict=True):
            place = values if edges is None else np.searchsorted(edges, values, side="left")
            bins[each, start + place] = 1.0
        shares: Floats = (bins.T @ bins).astype(np.float64) / len(rows)
        return shares


def _dependence(tables: Floats) -> Floats:
    """Give what joint shares are above those of independent columns."""
    alone = np.diag(tables)
    above: Floats = tables - np.outer(alone, alone)
    return above


class Keeper:
    """Averages the weights of a training, keeps the best ones, and says when nothing better comes.

    The mean of the states of about the last 1,000 steps is better than the last one, since what a
    GAN does swings around it (Yazici et al., 2019, *The Unusual Effectiveness of Averaging in GAN
    Training*, ICLR).

    Parameters
    ----------
    weights : torch.Tensor
        All weights of what generates, as `Adam` has them.
    rate : callable
        Says how good the weights are as they are now, by rows held out: the more, the better.
    n_steps : int
        Steps of the whole training.

    Attributes
    ----------
    best : float
        How good the best state is.
    """

    def __init__(
        self,
        weights: Tensor,
        rate: Callable[[], float],
        n_steps: int,
    ) -> None:
        self._weights, self._rate = weights, rate
        self._mean = weights.clone()
        self._kept = weights.clone()
        self._every = n_steps / CHECKS
        self._steps, self._checked, self._since = 0, 0, 0
        self.best = -np.inf

    def follow(self) -> None:
        """Take in the weights after a step."""
        self._steps += 1
        # Of the first steps a shorter mean, which has none of the start in it.
        self._mean.lerp_(self._weights, 1 - min(_MEMORY, self._steps / (self._steps + 10)))

    @property
    def settled(self) -> bool:
        """Whether so many checks in a row have found nothing better; look after each epoch."""
        if self._steps - self._checked >= self._every:
            self._checked = self._steps
            self._check()
        return self._since >= PATIENCE

    def finish(self) -> None:
        """Put the best weights back."""
        if self._steps > self._checked:
            self._check()
        self._weights.copy_(self._kept)

    def state(self) -> dict[str, Any]:
        """Give the mean and the best weights so far, and where the checks stand."""
        return {
            "mean": self._mean.cpu().numpy().copy(),
            "kept": self._kept.cpu().numpy().copy(),
            "steps": self._steps,
            "checked": self._checked,
            "since": self._since,
            "best": float(self.best) if np.isfinite(self.best) else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`.

        Raises
        ------
        KeyError, ValueError
            It is not that of such weights.
        """
        from synthhealth.models.networks.adam import put_back

        put_back(self._mean, state["mean"])
        put_back(self._kept, state["kept"])
        self._steps, self._checked = int(state["steps"]), int(state["checked"])
        self._since = int(state["since"])
        self.best = -np.inf if state["best"] is None else float(state["best"])

    def _check(self) -> None:
        now = self._weights.clone()
        self._weights.copy_(self._mean)
        found = self._rate()
        self._weights.copy_(now)
        self._since = 0 if found > self.best + _GAIN else self._since + 1
        if found > self.best:
            self.best = found
            self._kept.copy_(self._mean)
