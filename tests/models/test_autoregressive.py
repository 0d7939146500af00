"""The autoregressive network: its law, its conditions, and what few patients get."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import synthhealth as sh
from synthhealth.models.networks.masked import MaskedNetwork, Outcomes


def crossed(n: int, seed: int) -> pd.DataFrame:
    """A level that depends on two others together, and on neither of them alone."""
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 2, n), rng.integers(0, 2, n)
    wrong = rng.random(n) < 0.1
    number = rng.normal(10 * first, 2.0).round(1)
    return pd.DataFrame(
        {
            "first": np.array(["a", "b"])[first],
            "second": np.array(["x", "y"])[second],
            "both": np.array(["p", "q"])[(first ^ second) ^ wrong],
            "number": number,
        }
    )


@pytest.fixture(scope="module")
def model() -> sh.Synthesizer:
    settings = {"steps": 1_500, "width": 64, "batch_size": 128}
    return sh.Synthesizer("autoregressive", random_state=0, privacy="none", **settings).fit(
        crossed(1_500, 0)
    )


def shares(table: pd.DataFrame) -> float:
    """Of the rows, those in which the third level is what the first two make of it: 0.9."""
    same = (table["first"] == "b") ^ (table["second"] == "y")
    return float((same == (table["both"] == "q")).mean())


def test_what_only_three_columns_together_tell_is_learned(model):
    """Four standard errors of 4,000 rows, and what 1,500 patients leave open: 0.9 +- 0.05."""
    drawn = model.sample(4_000)
    assert shares(drawn) == pytest.approx(0.9, abs=0.05)
    learned = (crossed(1_500, 0)["first"] == "b").mean()
    assert (drawn["first"] == "b").mean() == pytest.approx(learned, abs=0.05)
    means = drawn.groupby("first")["number"].mean()
    assert means["b"] - means["a"] == pytest.approx(10, abs=1)
    learned = model.fitted_.model.explain()
    assert 0 < learned.steps <= 1_500
    assert learned.gain > 0.3


def test_conditions_on_any_columns_give_what_a_rejection_sample_gives(model):
    """Their laws differ as far as those of two orders do after so short a training: by 0.1."""
    free = model.sample(40_000)
    known = {"both": "q", "number": 8.0}
    given = model.sample(3_000, conditions=known)
    assert (given["both"] == "q").all()
    assert (given["number"] == 8.0).all()
    found = free[(free["both"] == "q") & free["number"].between(7.0, 9.0)]
    assert len(found) > 500
    for column, level in (("first", "b"), ("second", "y")):
        ours, theirs = (given[column] == level).mean(), (found[column] == level).mean()
        assert ours == pytest.approx(theirs, abs=0.1)
        assert abs(ours - (free[column] == level).mean()) > 0.15 or column == "second"


def test_a_density_adds_up_to_one(model):
    """Over all levels, of which the number is not known."""
    levels = pd.MultiIndex.from_product([[0, 1]] * 3, names=["first", "second", "both"])
    rows = levels.to_frame(index=False)
    found = model.fitted_.model.log_density(rows)
    whole = found.margins.sum(axis=1) + found.dependence
    assert np.exp(whole).sum() == pytest.approx(1, abs=1e-4)


def test_few_patients_get_columns_one_by_one():
    real = sh.datasets.load_ra_panel()
    model = sh.Synthesizer("autoregressive", random_state=0).fit(real)
    assert model.settings_["steps"] == 0
    drawn = model.sample(3_000)
    assert abs(drawn["wbc"].corr(drawn["neutrophils"], method="spearman")) < 0.1


def test_a_network_begins_with_independent_columns():
    torch.manual_seed(0)
    network = MaskedNetwork([Outcomes(3), Outcomes(30, True, (4,))], 8, 2)
    margins = [np.array([0.2, 0.3, 0.5]), np.full(30, 1 / 30)]
    network.begin(margins)
    network.place()
    told = network.scores(network.hidden(torch.tensor([[1, -1], [2, 7]])), 0).exp()
    np.testing.assert_allclose(told.detach().numpy(), [margins[0]] * 2, rtol=1e-5)
    # Neighbours are told alike, and a value by itself has a feature of its own.
    assert Outcomes(30, True, (4,)).features().shape == (30, 13)
    assert Outcomes(3).features().tolist() == np.eye(3).tolist()


def test_it_needs_no_sdv():
    code = (
        "import sys, synthhealth as sh; t = sh.datasets.load_ra_panel(60); "
        "sh.Synthesizer('autoregressive', steps=5, width=8).fit(t).sample(5); "
        "print('sdv' in sys.modules)"
    )
    import subprocess
    import sys

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
