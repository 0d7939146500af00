"""Correlations behind columns, against truths that are known, and what of them is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthhealth.models._latent import (
    MOST_PIECES,
    Pieces,
    latent_correlations,
    level_order,
    pieces_of,
    shrunken,
)

#: How a normal score is cut into what one sees of it.
SEEN = {
    "number": lambda score: pieces_of(score),
    "skewed number": lambda score: pieces_of(np.exp(2 * score)),
    "yes or no": lambda score: (score > 0.8).astype(np.int64),
    "five levels": lambda score: np.searchsorted([-1.2, -0.3, 0.2, 1.5], score),
    "mostly zero": lambda score: pieces_of(np.maximum(score, 0.5)),
}


def scores(n, correlation, seed):
    law = [[1.0, correlation], [correlation, 1.0]]
    return np.random.default_rng(seed).multivariate_normal([0, 0], law, size=n).T


def sampled(n, truth, seed):
    rng = np.random.default_rng(seed)
    return np.corrcoef(rng.multivariate_normal(np.zeros(len(truth)), truth, size=n).T)


def equally(size, correlation):
    return np.full((size, size), correlation) + (1 - correlation) * np.eye(size)


def off(matrix):
    return matrix[np.triu_indices(len(matrix), 1)]


@pytest.mark.parametrize("truth", [-0.7, 0.0, 0.4, 0.8])
@pytest.mark.parametrize("second", SEEN)
@pytest.mark.parametrize("first", ["number", "yes or no"])
def test_what_is_behind_comes_out(first, second, truth):
    """Of 8,000 rows: a fourfold table of 21 % has a standard error of about 0.02, others less."""
    one, other = scores(8_000, truth, 1)
    found = latent_correlations([SEEN[first](one), SEEN[second](other)])[0, 1]
    assert found == pytest.approx(truth, abs=0.06)


def test_few_rows_are_not_biased():
    """Of 150 tables of 61 rows: the mean has a standard error of about 0.011."""
    found = []
    for seed in range(150):
        one, other = scores(61, 0.5, seed)
        found.append(latent_correlations([SEEN["number"](one), SEEN["yes or no"](other)])[0, 1])
    assert np.mean(found) == pytest.approx(0.5, abs=0.04)


def test_many_columns_at_once_are_as_by_pairs():
    one, other = scores(500, 0.6, 0)
    columns = [SEEN[name](one if place % 2 else other) for place, name in enumerate(SEEN)]
    together = latent_correlations(columns)
    assert (together == together.T).all()
    assert (np.diag(together) == 1).all()
    pair = latent_correlations([columns[1], columns[4]])[0, 1]
    assert together[1, 4] == pytest.approx(pair)


@given(counts=st.lists(st.integers(1, 40), min_size=2, max_size=30))
def test_pieces_are_those_of_a_normal_score(counts):
    pieces, shares = Pieces(np.array(counts)), np.array(counts) / sum(counts)
    assert shares @ pieces.scores == pytest.approx(0, abs=1e-9)
    assert (np.diff(pieces.scores) > 0).all()
    # The first coefficient is the seen score's covariance with the one behind it: its variance.
    assert pieces.series[0] == pytest.approx(shares @ pieces.scores**2)
    assert (pieces.series**2).sum() <= shares @ pieces.scores**2 + 1e-9


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_pieces_are_ranks(values):
    codes = pieces_of(np.array(values))
    assert np.array_equal(codes, np.unique(values, return_inverse=True)[1])


def test_very_many_numbers_become_groups_of_ranks():
    values = np.random.default_rng(0).normal(size=30_000)
    codes = pieces_of(values)
    assert MOST_PIECES / 2 < codes.max() + 1 <= MOST_PIECES
    assert np.bincount(codes).min() > 0
    assert (np.diff(codes[np.argsort(values)]) >= 0).all()


def test_levels_find_their_order():
    """Six levels, named at random, of which two other columns know where they lie."""
    rng = np.random.default_rng(0)
    place = rng.integers(0, 6, 2_000)
    names = rng.permutation(6)
    others = np.column_stack(
        [place - 2.5 + rng.normal(size=2_000) * 2, 2.5 - place + rng.normal(size=2_000) * 3]
    )
    found = level_order(names[place], others, 6)
    # Where it begins and where it ends is as good the other way round.
    in_order = found[names]
    assert in_order.tolist() in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0])


def test_a_level_without_a_row_has_a_place():
    levels = np.array([0, 0, 3, 3])
    found = level_order(levels, np.array([[-1.0], [-1.0], [1.0], [1.0]]), 4)
    assert sorted(found) == [0, 1, 2, 3]
    assert found[0] < found[3]


def test_columns_that_know_nothing_of_each_other_are_kept_so():
    """Of 12 x 20 tables: the mean size of a correlation of 49 patients by chance is 0.11."""
    tables = [sampled(49, np.eye(12), seed) for seed in range(20)]
    kept = np.array([off(shrunken(one, 1 / 7)) for one in tables])
    assert np.abs([off(one) for one in tables]).mean() > 0.1
    assert np.abs(kept).mean() < 0.03
    assert (np.abs(kept) < 0.1).mean() > 0.9


def test_a_common_cause_stays():
    """Ten columns that correlate by 0.6: their mean correlation is 0.6 still, within 0.1."""
    kept = [off(shrunken(sampled(49, equally(10, 0.6), seed), 1 / 7)).mean() for seed in range(20)]
    assert np.mean(kept) == pytest.approx(0.6, abs=0.1)


def test_a_strong_pair_stays():
    """One pair of 0.8 among columns that are independent of each other."""
    truth = np.eye(10)
    truth[0, 1] = truth[1, 0] = 0.8
    few = [shrunken(sampled(49, truth, seed), 1 / 7)[0, 1] for seed in range(20)]
    assert np.mean(few) == pytest.approx(0.8, abs=0.05)
    for seed in range(20):
        found = sampled(1_000, truth, seed)
        kept = shrunken(found, 1 / np.sqrt(1_000))
        # Two standard errors of such a correlation.
        assert kept[0, 1] == pytest.approx(found[0, 1], abs=0.023)


def test_of_many_rows_nearly_all_stays():
    truth = equally(12, 0.2)
    truth[0, 1] = truth[1, 0] = 0.7
    found = sampled(10_000, truth, 0)
    moved = off(shrunken(found, 0.01) - found)
    assert np.sqrt((moved**2).mean()) < 0.01


@pytest.mark.parametrize("error", [0.1, 0.3, 0.6])
def test_correlations_are_possible_together(error):
    """Also of columns that depend on each other wholly, and of fewer patients than columns."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        rows = rng.normal(size=(12, 20))
        rows[:, 1] = rows[:, 0]
        kept = shrunken(np.corrcoef(rows.T), error)
        assert (kept == kept.T).all()
        assert np.diag(kept) == pytest.approx(np.ones(20))
        assert np.linalg.eigvalsh(kept)[0] > 0
        assert np.abs(off(kept)).max() < 1


def test_what_pairs_say_need_not_be_possible_before():
    impossible = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    kept = shrunken(impossible, 0.05)
    assert np.linalg.eigvalsh(kept)[0] > 0
    assert (np.sign(off(kept)) == np.sign(off(impossible))).all()


@pytest.mark.parametrize("size", [0, 1])
def test_one_column_has_no_pair(size):
    assert shrunken(np.eye(size), 0.1).tolist() == np.eye(size).tolist()


def test_more_columns_than_rows_do_not_pass_for_common_causes():
    """The largest eigenvalues of 40 rows of 160 unrelated columns are those rows."""
    rows = np.random.default_rng(0).normal(size=(40, 160))
    sample = np.corrcoef(rows.T)
    largest = [np.linalg.eigvalsh(shrunken(sample, 40**-0.5, n_rows))[-1] for n_rows in (None, 40)]
    assert largest[1] < 0.8 * largest[0]
    few = np.corrcoef(rows[:, :30].T)
    assert (shrunken(few, 40**-0.5, 40) == shrunken(few, 40**-0.5)).all()
