"""Bin edges: round, covering, and no cell with one to four real values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from synthhealth.report.grid import cell, count, make_grid, nice, quantile_edges, view
from synthhealth.schema.types import MIN_CELL

numbers = st.floats(-1e9, 1e9, allow_nan=False, width=64).map(lambda x: 0.0 if abs(x) < 1e-9 else x)
columns = arrays(float, st.integers(MIN_CELL, 80), elements=numbers)


def shapes(n: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(n)
    return {
        "normal": rng.normal(46.3, 11.1, n),
        "log-normal": rng.lognormal(2.1, 1.0, n),
        "zero-inflated": np.where(rng.random(n) < 0.9, 0.0, rng.lognormal(8, 1, n)),
        "two groups": np.concatenate([rng.normal(0, 1, n // 2), rng.normal(1000, 1, n - n // 2)]),
        "one outlier": np.concatenate([rng.normal(0, 1, n - 1), [1e7]]),
        "constant": np.full(n, 3.7),
        "zeros": np.zeros(n),
        "tiny": rng.normal(0, 1e-12, n),
        "huge": rng.normal(1e15, 1e12, n),
    }


def check(real: np.ndarray, synthetic: np.ndarray, *, whole: bool) -> None:
    grid = make_grid(real, synthetic, whole=whole)
    for edges in grid:
        assert (np.diff(edges) > 0).all()
        assert edges[0] <= min(real.min(), synthetic.min())
        assert edges[-1] > max(real.max(), synthetic.max())
        counts = count(real, edges)
        assert counts.sum() == len(real)
        assert not ((counts > 0) & (counts < MIN_CELL)).any()
        if whole:
            assert (edges == np.round(edges)).all()
    assert np.isin(grid.bins, grid.cells).all()


@pytest.mark.parametrize("n", [5, 9, 61, 615, 10_000])
@pytest.mark.parametrize("shape", list(shapes(10)))
def test_cells_hold_no_or_at_least_five_patients_and_cover_all_values(n: int, shape: str) -> None:
    real = shapes(n)[shape]
    check(real, real[::-1] * 1.7 - 3, whole=False)


@pytest.mark.parametrize("n", [5, 61, 615, 10_000])
@pytest.mark.parametrize("shape", ["normal", "log-normal", "zero-inflated", "one outlier", "zeros"])
def test_whole_numbers_get_whole_edges(n: int, shape: str) -> None:
    real = np.round(shapes(n)[shape])
    check(real, np.round(real * 2 + 1), whole=True)


@given(columns, columns, st.booleans())
def test_any_numbers(real: np.ndarray, synthetic: np.ndarray, whole: bool) -> None:
    if whole:
        real, synthetic = np.round(real), np.round(synthetic)
    check(real, synthetic, whole=whole)


@pytest.mark.parametrize("n", [61, 615])
@pytest.mark.parametrize("shape", ["normal", "log-normal", "two groups", "one outlier"])
def test_no_edge_is_a_patients_value(n: int, shape: str) -> None:
    real = shapes(n)[shape]  # numbers with fifteen decimals: only a copied one can be an edge
    grid = make_grid(real, real * 1.01, whole=False)
    assert not np.isin(grid.cells, real).any()
    for edge in grid.cells:
        digits = f"{abs(edge):.10e}".split("e")[0].replace(".", "").strip("0")
        assert len(digits) <= 6, edge


def test_extremes_are_not_told_by_the_outermost_edges() -> None:
    rng = np.random.default_rng(0)
    edges = [
        make_grid(np.append(rng.normal(0, 1, 60), top), np.zeros(1), whole=False).bins[-1]
        for top in (9.0, 9.1, 9.2, 9.3)
    ]
    assert len({float(edge) for edge in edges}) <= 2


def test_small_tables_still_get_a_shape() -> None:
    bins, cells = make_grid(np.arange(61.0), np.arange(61.0), whole=True)
    assert 5 <= len(bins) - 1 <= 12
    assert len(cells) >= len(bins)
    bins, cells = make_grid(shapes(10_000)["normal"], np.zeros(1), whole=False)
    assert 25 <= len(bins) - 1 <= 70
    assert len(cells) > 2 * len(bins)


def test_quantile_edges_share_the_patients_evenly() -> None:
    real = shapes(615)["log-normal"]
    cells = make_grid(real, real, whole=False).cells
    edges = quantile_edges(cells, count(real, cells), 5)
    assert np.isin(edges, cells).all()
    shares = count(real, edges) / len(real)
    assert len(shares) == 5
    assert shares == pytest.approx([0.2] * 5, abs=0.05)


def test_quantile_edges_of_a_spike_are_few() -> None:
    real = shapes(615)["zero-inflated"]
    cells = make_grid(real, real, whole=False).cells
    edges = quantile_edges(cells, count(real, cells), 10)
    assert (count(real, edges) > 0).all()
    assert quantile_edges(np.array([0.0, 1.0]), np.array([9]), 4).tolist() == [0.0, 1.0]


def test_view_leaves_out_at_most_a_hundredth_on_each_side() -> None:
    edges = np.arange(6.0)
    assert view(edges, [0.009, 0.5, 0.4, 0.086, 0.005]) == (1.0, 4.0)
    assert view(edges, [0.009, 0.5, 0.4, 0.086, 0.005], [0.0, 0.0, 0.0, 0.5, 0.5]) == (1.0, 5.0)
    assert view(np.array([0.0, 1.0]), [1.0]) == (0.0, 1.0)


def test_cells_are_closed_below() -> None:
    assert cell(np.array([0.0, 0.99, 1.0, 2.0]), np.array([0.0, 1.0, 2.0, 3.0])).tolist() == [
        0, 0, 1, 2,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.3, 1), (1.5, 2), (3, 2), (3.3, 5), (8, 10), (0.013, 0.01), (7e8, 5e8)],
)
def test_nice_numbers(value: float, expected: float) -> None:
    assert nice(value) == pytest.approx(expected)
