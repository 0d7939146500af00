"""Training ends when rows held out say that nothing better comes, and the best state is kept."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch

from synthhealth import Synthesizer
from synthhealth.models.deep import ROWS_TO_HOLD_OUT
from synthhealth.models.networks import keeping
from synthhealth.models.networks.keeping import HeldOut, Keeper, n_held_out
from synthhealth.models.networks.table import code_table
from synthhealth.models.registry import get
from synthhealth.models.seeding import seeded

NETWORKS = ("ctgan", "tvae")


def related(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    sex = rng.integers(0, 2, n)
    height = rng.normal(165 + 12 * sex, 6, n)
    return pd.DataFrame({"sex": sex, "height": height, "weight": height - 100 + rng.normal(size=n)})


def coded(table: pd.DataFrame):
    with seeded(0):
        return code_table(table, {"sex"})


def test_other_rows_of_one_law_are_alike_and_shuffled_or_shifted_ones_are_not():
    table = related(4_000, 0)
    coder, rows = coded(table)
    first, second = rows[:2_000], rows[2_000:]
    held_out = HeldOut(coder.columns, first)
    assert held_out.likeness(first) == pytest.approx(1.0)
    same = held_out.likeness(second)
    rng = np.random.default_rng(1)
    starts = np.cumsum([0, *(column.n_outputs for column in coder.columns)])
    shuffled = np.concatenate(
        [second[rng.permutation(2_000), a:b] for a, b in pairwise(starts)],
        axis=1,
    )
    men = second[second[:, 1] == 1]
    assert same > 0.95
    assert held_out.likeness(shuffled) < same - 0.1
    assert held_out.likeness(men) < same - 0.1


def test_the_best_mean_is_put_back_and_the_end_is_seen():
    weights = torch.zeros(2)
    ratings = iter([0.5, 0.7, *[0.6] * 100])
    asked_at = []

    def rate():
        asked_at.append(weights.clone())
        return next(ratings)

    keeper = Keeper(weights, rate, n_steps=keeping.CHECKS * 10)
    epochs = 0
    while not keeper.settled:
        for _ in range(10):
            weights += 1.0
            keeper.follow()
        epochs += 1
    assert epochs == 2 + keeping.PATIENCE
    assert keeper.best == 0.7
    # It is a mean of what has been, and the training goes on from where it was.
    assert torch.equal(weights, torch.full((2,), 10.0 * epochs))
    assert 0 < asked_at[1][0] < 20
    keeper.finish()
    assert torch.equal(weights, asked_at[1])


def test_a_tenth_is_held_out_and_never_more_than_enough():
    assert n_held_out(2_000) == 200
    assert n_held_out(1_000_000) == 2_000
    parameter = next(one for one in get("ctgan").parameters if one.name == "early_stopping")
    assert not parameter.default_for(ROWS_TO_HOLD_OUT - 1)
    assert parameter.default_for(ROWS_TO_HOLD_OUT)


@pytest.mark.parametrize("model", NETWORKS)
def test_a_fit_that_has_settled_is_finished_and_the_same_each_time(model, monkeypatch):
    monkeypatch.setattr(keeping, "PATIENCE", 2)
    monkeypatch.setattr(keeping, "_GAIN", 1.0)  # nothing is better by that
    table = related(300, 0).astype({"sex": str})

    def fit():
        events = []
        synthesizer = Synthesizer(model, random_state=0, steps=400, early_stopping=True)
        synthesizer.fit(table, on_progress=events.append)
        return synthesizer, events

    (first, events), (second, _) = fit(), fit()
    assert not first.partial_
    assert events[-1].done == events[-1].total < first.fitted_.model.settings_["epochs"]
    assert first.sample(50).equals(second.sample(50))


@pytest.mark.parametrize("model", NETWORKS)
def test_an_interrupted_fit_keeps_the_best_state_so_far(model):
    def stop(event):
        if event.done == 3:
            raise KeyboardInterrupt

    synthesizer = Synthesizer(model, random_state=0, steps=200, early_stopping=True)
    table = related(300, 0).astype({"sex": str})
    synthesizer.fit(table, on_progress=stop, on_interrupt="keep")
    assert synthesizer.partial_
    assert len(synthesizer.sample(20)) == 20
