from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from synthhealth.models._transforms import gather, level_edges, spread


@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=12),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_levels_come_back_from_their_intervals(counts, seed):
    codes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    edges = level_edges(codes)
    assert edges[0] == 0
    assert edges[-1] == 1
    assert np.allclose(np.diff(edges), np.array(counts) / sum(counts))
    values = spread(codes, edges)
    assert (gather(values, edges) == codes).all()


def test_values_beyond_the_range_fall_into_the_outer_levels():
    edges = level_edges(np.array([0, 0, 1, 2]))
    assert gather(np.array([-0.2, 1.3]), edges).tolist() == [0, 2]
