"""Each column's distribution, counted so that no group of fewer than five patients is shown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation.rounding import coarse_count, coarse_known
from synthhealth.report.data import CategoricalDistribution, LevelShares, NumericalDistribution
from synthhealth.report.grid import Counts, Floats, count, make_grid, view
from synthhealth.report.numbers import Levels
from synthhealth.schema import Column, Kind
from synthhealth.schema.types import MIN_CELL

_DIGITS = 6  # of shares: enough for a million rows


def numerical_distribution(
    column: Column, real: Floats, synthetic: Floats
) -> NumericalDistribution | None:
    """Count a numerical column; None if too few values are known.

    Parameters
    ----------
    column : Column
        What the column is.
    real, synthetic : numpy.ndarray
        Its values, NaN where missing.
    """
    n_rows = len(real)
    real, synthetic = real[~np.isnan(real)], synthetic[~np.isnan(synthetic)]
    if len(real) < MIN_CELL or len(synthetic) == 0:
        return None
    whole = column.kind is Kind.COUNT
    if column.kind is Kind.DATETIME:
        whole = bool(np.ptp(real) > 2 * MIN_CELL)  # full days, unless all happened within a few
    bins, cells = make_grid(real, synthetic, whole=whole)
    below = _below_to_five(real, cells), _below(synthetic, cells)
    at_edges = np.array(below[0])[np.searchsorted(cells, bins)]
    shares = _rounded(np.diff(at_edges)), _shares(count(synthetic, bins))
    gap = int(np.argmax(np.abs(np.subtract(*below))))
    return NumericalDistribution(
        column=column.name,
        unit=None if column.kind is Kind.DATETIME else column.unit,
        scale="date" if column.kind is Kind.DATETIME else "number",
        whole=whole,
        n_real=coarse_known(len(real), n_rows),
        n_synthetic=len(synthetic),
        edges=tuple(bins.tolist()),
        real=shares[0],
        synthetic=shares[1],
        view=view(bins, *shares),
        grid=tuple(cells.tolist()),
        real_below=below[0],
        synthetic_below=below[1],
        gap_at=float(cells[gap]),
    )


def categorical_distribution(
    column: Column, levels: Levels, *, most: int = 40
) -> CategoricalDistribution | None:
    """Count a categorical column; None if too few values are known.

    Levels of fewer than `MIN_CELL` real patients, and all beyond the `most` frequent ones, are
    merged; and where these together would still be too few, the next rare level joins them.
    """
    real = np.bincount(levels.real[levels.real >= 0], minlength=len(levels.names))
    synthetic = np.bincount(levels.synthetic[levels.synthetic >= 0], minlength=len(levels.names))
    if real.sum() < MIN_CELL or synthetic.sum() == 0:
        return None
    shown = _levels_to_show(real, most)
    if column.kind is Kind.NOMINAL:
        shown = sorted(shown, key=lambda level: -int(real[level]))  # stable: ties keep their order
    rest = np.setdiff1d(np.arange(len(levels.names)), shown)

    known = coarse_known(int(real.sum()), len(levels.real))

    def shares(members: list[int] | npt.NDArray[np.intp]) -> LevelShares:
        real_count, synthetic_count = int(real[members].sum()), int(synthetic[members].sum())
        real_count = known if real_count == real.sum() else coarse_count(real_count)
        return LevelShares(
            real_count=real_count,
            real_share=round(min(real_count / known, 1.0), _DIGITS),
            synthetic_count=synthetic_count,
            synthetic_share=round(synthetic_count / int(synthetic.sum()), _DIGITS),
        )

    return CategoricalDistribution(
        column=column.name,
        n_real=known,
        n_synthetic=int(synthetic.sum()),
        names=tuple(levels.names[level] for level in shown),
        levels=tuple(shares([level]) for level in shown),
        other=shares(rest) if len(rest) else None,
        n_other=len(rest),
    )


def _levels_to_show(real: Counts, most: int) -> list[int]:
    frequent = [int(level) for level in np.argsort(-real, kind="stable")[:most]]
    shown = [level for level in frequent if real[level] >= MIN_CELL]
    while shown and 0 < real.sum() - real[shown].sum() < MIN_CELL:
        shown.pop()
    return sorted(shown)


def _shares(counts: Counts) -> tuple[float, ...]:
    return _rounded(counts / counts.sum())


def _rounded(shares: Floats) -> tuple[float, ...]:
    return tuple(np.round(shares, _DIGITS).tolist())


def _below_to_five(real: Floats, grid: Floats) -> tuple[float, ...]:
    """Give the share of patients below each point, as multiples of `MIN_CELL`.

    The difference of two reports would else show in which cell the patient is by whom they differ.
    """
    places = np.searchsorted(np.sort(real), grid, side="left")
    to_five = MIN_CELL * ((places + MIN_CELL // 2) // MIN_CELL)
    return _rounded(np.where(places == len(real), 1.0, np.minimum(to_five / len(real), 1.0)))


def _below(values: Floats, grid: Floats) -> tuple[float, ...]:
    places = np.searchsorted(np.sort(values), grid, side="left")
    return tuple(np.round(places / len(values), _DIGITS).tolist())
