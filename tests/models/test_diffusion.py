"""Diffusion: the closed form, what the network adds, conditions, densities, hostile states."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

import synthhealth as sh
from synthhealth.errors import ArtifactError, ConditionError, FitInterruptedError
from synthhealth.models import get
from synthhealth.models._mixed import KNOTS, Coding, Tokens
from synthhealth.models._smooth import LevelMargin, SmoothMargin
from synthhealth.models.base import Training
from synthhealth.models.networks.denoiser import Denoiser, Form, Seen
from synthhealth.models.networks.denoising import Rows
from synthhealth.models.networks.diffusion import draw_rows
from synthhealth.models.networks.draws import Draws
from synthhealth.models.seeding import seeded
from synthhealth.schema import Column, Kind, Schema

FAMILY = "diffusion"
KINDS = {
    "sex": Kind.BOOLEAN,
    "ward": Kind.NOMINAL,
    "stage": Kind.ORDINAL,
    "age": Kind.CONTINUOUS,
    "lab": Kind.CONTINUOUS,
    "days": Kind.COUNT,
}
#: A small network that learns the table below in a few seconds.
SMALL = {"steps": 1_400, "batch_size": 256, "width": 96, "depth": 2, "noise_steps": 8}
FEW = SMALL | {"steps": 60, "width": 16}


def fitted(table: pd.DataFrame, *, seed: int = 0, progress=lambda event: None, **params):
    kinds = {name: KINDS[name] for name in table}
    schema = Schema(columns=[Column(name=name, kind=kind) for name, kind in kinds.items()])
    model = get(FAMILY)(**params)
    model.fit(table, schema, seed=seed, training=Training(progress))
    return model


def patients(n: int, seed: int = 0) -> pd.DataFrame:
    """The laboratory value falls and rises with age and differs by sex; most stay for no day."""
    rng = np.random.default_rng(seed)
    sex, ward = rng.integers(0, 2, n), rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    age = rng.normal(50 + 5 * (ward == 1), 12)
    stage = np.clip((age / 25 + rng.normal(size=n) / 2).round(), 0, 3).astype(int)
    lab = 10 + 2 * sex + 0.15 * np.abs(age - 50) + rng.normal(size=n) * 0.5
    days = rng.gamma(2.0, 1 + 4 * (stage == 3), n) * (rng.random(n) < 0.2 + 0.5 * (ward == 2))
    table = {"sex": sex, "ward": ward, "stage": stage, "age": age, "lab": lab, "days": days}
    return pd.DataFrame(table).round(2)


@pytest.fixture(scope="module")
def model():
    return fitted(patients(3_000), **SMALL)


@pytest.fixture(scope="module")
def free(model):
    return model.sample(40_000, seed=3)


@pytest.fixture(scope="module")
def closed_form():
    return fitted(patients(200))


# ---- the closed form ------------------------------------------------------------------------

CORRELATION = np.array([[1.0, 0.6, 0.4], [0.6, 1.0, 0.3], [0.4, 0.3, 1.0]])


def level(place: int, *shares: float) -> Tokens:
    ends = np.cumsum([0.0, *shares])
    return Tokens(place, ends[:-1], ends[1:], has_rest=False)


def test_a_network_that_has_learned_nothing_is_the_normal_law_given_what_is_seen():
    denoiser = Denoiser(Form(CORRELATION, (), (0, 1, 2)), 8, 1)
    x = np.array([0.7, -1.2, 0.4])
    # The first is known, the second is seen through noise, and so is the third.
    sigma = np.array([0.0, 0.5, 0.5])
    seen = Seen(
        torch.zeros(1, 1, 0, dtype=torch.long),
        torch.tensor(x[None, None], dtype=torch.float32),
        torch.zeros(1, 0, dtype=torch.bool),
        torch.tensor(sigma[None], dtype=torch.float32),
    )
    _, means, spread = denoiser(seen)
    gain = CORRELATION @ np.linalg.inv(CORRELATION + np.diag(sigma**2))
    assert means.detach().numpy()[0] == pytest.approx(gain @ x, abs=1e-3)
    left = np.diag(CORRELATION - gain @ CORRELATION)
    assert spread.detach().numpy()[0, 1:] ** 2 == pytest.approx(left[1:], rel=1e-3)


def test_rows_of_the_closed_form_have_its_correlations_and_shares():
    """Of 20,000 rows a correlation has a standard error of 0.007; levels are an approximation."""
    form = Form(CORRELATION, (level(2, 0.3, 0.7),), (0, 1))
    denoiser = Denoiser(form, 8, 1)
    n = 20_000
    nothing = Rows(torch.zeros(n, 1, dtype=torch.long), torch.zeros(n, 2))
    unknown = torch.zeros(1, dtype=torch.bool), torch.zeros(2, dtype=torch.bool)
    with seeded(0):
        drawn = draw_rows(denoiser, nothing, *unknown, steps=16, draws=Draws(torch.device("cpu")))
    scores, tokens = drawn.scores.numpy(), drawn.tokens.numpy()[:, 0]
    assert tokens.mean() == pytest.approx(0.7, abs=0.015)
    assert np.corrcoef(scores.T)[0, 1] == pytest.approx(0.6, abs=0.03)
    assert scores.std(axis=0) == pytest.approx([1.0, 1.0], abs=0.03)
    point_biserial = 0.4 * stats.norm.pdf(stats.norm.ppf(0.3)) / np.sqrt(0.21)
    assert np.corrcoef(scores[:, 0], tokens)[0, 1] == pytest.approx(point_biserial, abs=0.03)


def test_few_patients_are_a_gaussian_copula(cohort):
    copula = sh.Synthesizer("gaussian_copula", random_state=0).fit(cohort)
    diffusion = sh.Synthesizer(FAMILY, random_state=0).fit(cohort)
    assert diffusion.settings_["steps"] == diffusion.settings_["epochs"] == 0
    assert diffusion.fitted_.model.explain() is None
    pd.testing.assert_frame_equal(copula.sample(300), diffusion.sample(300))


def test_a_network_that_held_out_rows_do_not_bear_out_is_not_kept():
    """Of columns without any relation there is nothing to learn."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(400, 2)).round(3), columns=["age", "lab"])
    model = fitted(table.assign(sex=rng.integers(0, 2, 400)), **FEW)
    gain = model.explain()
    assert gain.n_held_out == 40
    assert not gain.is_kept
    assert set(model.state()) >= {"correlation"}
    assert not any(name.startswith("network.") for name in model.state())


# ---- what the network adds ------------------------------------------------------------------


def test_it_learns_what_no_correlation_tells(model, closed_form):
    assert model.explain().is_kept
    assert model.explain().gain > 5 * model.explain().error
    truth, drawn = patients(8_000, seed=9), model.sample(8_000, seed=0)

    def turning(table: pd.DataFrame) -> float:
        return float((table["age"] - 50).abs().corr(table["lab"]))

    assert turning(drawn) > 0.75 * turning(truth)
    assert abs(turning(closed_form.sample(8_000, seed=0))) < 0.4 * turning(truth)
    gap = truth.groupby("ward")["days"].mean() - drawn.groupby("ward")["days"].mean()
    assert gap.abs().max() < 0.9


def test_columns_keep_their_distributions(model):
    """By chance 3,000 patients and 8,000 are 0.045 apart in fewer than one of 1,000 cases."""
    truth, drawn = patients(3_000), model.sample(8_000, seed=1).round(2)
    for name, kind in KINDS.items():
        if kind.is_numerical:
            assert stats.ks_2samp(truth[name], drawn[name]).statistic < 0.045, name
        else:
            shares = (one[name].value_counts(normalize=True) for one in (truth, drawn))
            assert next(shares).sub(next(shares)).abs().max() < 0.03, name
    # Values that many share are drawn as such.
    zeros = ((one["days"] == 0).mean() for one in (truth, drawn))
    assert next(zeros) == pytest.approx(next(zeros), abs=0.03)


@pytest.mark.parametrize(
    "known",
    [
        {"sex": 1},
        {"ward": 2},
        {"stage": 3, "sex": 0},
        {"age": 70.0},
        {"lab": 12.0, "sex": 0},
        {"days": 0.0, "age": 40.0},
    ],
)
def test_conditions_agree_with_rows_that_were_drawn_and_kept(model, free, known):
    """The network answers any question by itself, so that answers agree nearly, not exactly.

    Kept are rows whose numbers lie within a tenth of a standard deviation. By chance 2,000 and 300
    rows of one law are 0.12 apart in one of 1,000 cases; without the condition they would mostly be
    0.3 apart and more.
    """
    kept = np.ones(len(free), dtype=bool)
    for name, value in known.items():
        width = 0.1 * free[name].std() if KINDS[name].is_numerical else 0.0
        kept &= free[name].between(value - width, value + width).to_numpy()
    kept = free[kept]
    assert len(kept) > 300
    given = model.sample_given(pd.DataFrame([known] * 2_000), seed=5)
    for name in KINDS:
        if name in known:
            assert (given[name] == known[name]).all()
        elif KINDS[name].is_numerical:
            assert stats.ks_2samp(given[name], kept[name]).statistic < 0.16, name
        else:
            shares = (one[name].value_counts(normalize=True) for one in (given, kept))
            assert next(shares).sub(next(shares), fill_value=0).abs().max() < 0.16, name


def test_conditions_that_differ_from_row_to_row(model):
    known = model.sample(600, seed=1)[["age", "ward"]]
    given = model.sample_given(known, seed=2)
    pd.testing.assert_frame_equal(given[["age", "ward"]], known)
    truth = patients(20_000, seed=9)
    expected = (truth["age"] - 50).abs().corr(truth["lab"])
    # A correlation of 600 rows has a standard error of 0.04.
    assert (given["age"] - 50).abs().corr(given["lab"]) > expected - 0.25


def test_all_columns_known_and_unknown_levels(model):
    known = model.sample(20, seed=1)
    pd.testing.assert_frame_equal(model.sample_given(known, seed=2), known, check_dtype=False)
    with pytest.raises(ConditionError, match="ward"):
        model.sample_given(pd.DataFrame({"ward": [7]}), seed=0)


def test_densities_tell_relations(model):
    rows = model.sample(300, seed=5)
    whole = model.log_density(rows)
    shuffled = rows.assign(lab=rows["lab"].to_numpy()[::-1])
    assert whole.dependence.mean() > model.log_density(shuffled).dependence.mean() + 0.3
    # Levels by themselves are exact: all combinations add up to one.
    outcomes = pd.MultiIndex.from_product([range(2), range(4), range(4)]).to_frame(index=False)
    found = model.log_density(outcomes.set_axis(["sex", "ward", "stage"], axis=1))
    whole = np.exp(found.margins.sum(axis=1) + found.dependence)
    assert whole.sum() == pytest.approx(1.0, abs=1e-4)
    partly = rows.assign(age=np.nan, ward=-1)
    assert np.isfinite(model.log_density(partly).dependence).all()


def test_the_density_of_normal_scores_is_that_of_their_law():
    """The sum over noises has an error by chance, which is large for a row and small for many."""
    from synthhealth.models.networks.diffusion import log_ratios

    correlation = np.array([[1.0, 0.8], [0.8, 1.0]])
    denoiser = Denoiser(Form(correlation, (), (0, 1)), 8, 1)
    x = np.random.default_rng(0).multivariate_normal([0, 0], correlation, 4_000)
    rows = Rows(torch.zeros(len(x), 0, dtype=torch.long), torch.tensor(x, dtype=torch.float32))
    has = torch.zeros(0, dtype=torch.bool), torch.ones(2, dtype=torch.bool)
    with seeded(0):
        _, found = log_ratios(denoiser, rows, *has, Draws(torch.device("cpu")))
    exact = stats.multivariate_normal([0, 0], correlation).logpdf(x)
    exact -= stats.norm.logpdf(x).sum(axis=1)
    assert found.sum(1).numpy().mean() == pytest.approx(exact.mean(), abs=0.05)
    assert np.corrcoef(found.sum(1).numpy(), exact)[0, 1] > 0.7


def test_values_that_many_share_come_back_as_they_were():
    table = patients(1_000)
    margins = {
        "ward": LevelMargin.learn(table["ward"].to_numpy(), np.array([2, 0, 1, 3])),
        "days": SmoothMargin.learn("days", table["days"].to_numpy(), Kind.CONTINUOUS, 5),
    }
    coding = Coding(margins)
    tokens, scores = coding.code(table, np.random.default_rng(0))
    even = np.linspace(0, 1, KNOTS)[None]
    knots = coding.knots(tokens, scores)
    back = coding.values(tokens, scores, knots)
    assert (back["ward"] == table["ward"]).all()
    is_zero = table["days"] == 0
    assert ((back["days"].abs() < 0.01) == is_zero).all()
    # Of the others the order is kept, and the distribution.
    assert stats.spearmanr(back["days"][~is_zero], table["days"][~is_zero]).statistic > 0.999
    # Without knots of their own, those that are drawn would spread over the zeros' place, too.
    assert not np.allclose(knots, even, atol=0.05)


# ---- a fit --------------------------------------------------------------------------------------


def test_same_seed_same_bytes_and_global_states_are_left_alone():
    table = patients(400)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = (fitted(table, **FEW) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    one, other = first.state(), second.state()
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert (
            np.array_equal(value, other[name])
            if isinstance(value, np.ndarray)
            else (value == other[name])
        )
    assert first.sample(100, seed=4).equals(second.sample(100, seed=4))


def test_a_saved_network_draws_the_same(model):
    again = get(FAMILY).from_state(model.state())
    assert again.sample(200, seed=3).equals(model.sample(200, seed=3))
    assert again.explain() == model.explain()


def test_steps_in_epochs_and_progress():
    events = []
    model = fitted(patients(600), progress=events.append, **(FEW | {"steps": 4}))
    # 540 rows are two batches of 256.
    assert model.settings_["epochs"] == 2
    assert [event.done for event in events] == [1, 2]
    assert "loss" in events[-1].losses
    assert not model.partial_


def test_an_interrupted_fit_keeps_the_best_so_far():
    table = patients(400).astype({"sex": str, "ward": str})

    def stop(event):
        if event.done == 20:
            raise KeyboardInterrupt

    told = {"random_state": 0, "privacy": "none", **FEW}
    with pytest.raises(FitInterruptedError, match="on_interrupt"):
        sh.Synthesizer(FAMILY, **told).fit(table, on_progress=stop)
    kept = sh.Synthesizer(FAMILY, **told).fit(table, on_progress=stop, on_interrupt="keep")
    assert kept.partial_
    assert kept.sample(20).shape == (20, table.shape[1])
    short = sh.Synthesizer(FAMILY, **told).fit(table, max_seconds=1e-9)
    assert short.partial_


def test_it_runs_without_a_package_of_sdv():
    script = (
        "import sys, synthhealth as sh\n"
        "real = sh.datasets.load_ra_panel()[['age', 'sex', 'crp']]\n"
        "sh.Synthesizer('diffusion', steps=2, random_state=0).fit(real).sample(5)\n"
        "print(sorted({'sdv', 'ctgan', 'rdt', 'copulas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# ---- hostile states ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("knots", lambda one: one[:, :-1]),
        ("knots", lambda one: one[:, ::-1].copy()),
        ("knots", lambda one: one * 2),
        ("knots", lambda one: one.astype(np.float32)),
        ("network.last.bias", lambda one: one[:-1]),
        ("network.last.bias", lambda one: one.astype(np.float64)),
        ("network.first.weight", lambda one: one.T.copy()),
        ("network.more", None),
    ],
)
def test_arrays_that_are_none_are_refused(model, name, change):
    state = model.state()
    changed = np.zeros(3, dtype=np.float32) if change is None else change(state[name])
    with pytest.raises((ArtifactError, ValueError, RuntimeError)):
        get(FAMILY).from_state(state | {name: changed})


def test_a_network_that_is_missing_or_too_large_is_refused(model):
    state = model.state()
    without = {name: one for name, one in state.items() if not name.startswith("network.")}
    for other in (
        without,
        {name: one for name, one in state.items() if name != "knots"},
        state | {"held_out": None},
        state | {"settings": state["settings"] | {"width": 4_096, "depth": 64}},
    ):
        with pytest.raises((ArtifactError, ValueError, RuntimeError)):
            get(FAMILY).from_state(other)
