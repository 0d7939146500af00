from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from synthhealth.evaluation.dependence import average_ranks

values = st.one_of(st.sampled_from([-0.0, 0.0, 1.0, np.nan, np.inf, -np.inf]), st.floats())


@given(arrays(np.float64, st.integers(0, 30), elements=values))
def test_ranks_are_those_of_pandas(numbers):
    np.testing.assert_array_equal(average_ranks(numbers), pd.Series(numbers).rank().to_numpy())
