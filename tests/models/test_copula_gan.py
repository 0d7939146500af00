"""What is CopulaGAN's own: the margins, unless they are normal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthhealth import Synthesizer

pytestmark = pytest.mark.usefixtures("as_for_users")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Columns that no normal distribution fits, on either scale."""
    rng = np.random.default_rng(0)
    saturation = np.round(100 * rng.beta(6, 1, 120), 1)
    score = np.round(10 * rng.beta(0.7, 0.7, 120), 2)
    return pd.DataFrame({"saturation": saturation, "score": score, "sex": ["F", "M"] * 60})


def difference(table: pd.DataFrame, **settings: str) -> float:
    """Give how far its cells lie from CTGAN's at the same seed, in standard deviations."""
    columns = table.columns[:2]
    ours, theirs = (
        Synthesizer(family, steps=20, random_state=0, **given).fit(table).sample(400)[columns]
        for family, given in (("copula_gan", settings), ("ctgan", {}))
    )
    return float(((ours - theirs).abs().mean() / table[columns].std()).min())


def test_other_margins_make_it_a_model_of_its_own(table):
    assert difference(table, margin="auto") > 0.1


def test_by_default_it_is_a_ctgan_as_its_page_says(table):
    assert difference(table) < 0.02
