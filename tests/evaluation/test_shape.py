"""Shapes in words and suggested transforms for samples whose shape is known."""

from __future__ import annotations

import numpy as np
import pytest

from synthhealth.evaluation.distributions import outlier_share, shape_of


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def judged(values, *, is_count=False, is_date=False):
    shape = shape_of(np.asarray(values, dtype=float), is_count=is_count, is_date=is_date)
    return shape.words, shape.transform


def quantiles(law, n=400):
    """Values at evenly spaced quantiles: the shape of the law without the chance of a sample."""
    from scipy import stats

    return getattr(stats, law[0]).ppf((np.arange(n) + 0.5) / n, *law[1:])


@pytest.mark.parametrize(
    ("law", "words", "transform"),
    [
        (("norm", 12, 1), "symmetrical", "none"),
        (("uniform", 1, 5), "symmetrical", "none"),
        (("t", 2.5, 50), "symmetrical with heavy tails", "none"),
        (("lognorm", 1.0), "strongly right-skewed", "log"),
        (("lognorm", 0.35), "right-skewed", "log"),
        (("gamma", 2.5), "right-skewed", "square root"),
        (("expon", 0.0), "right-skewed", "Box-Cox"),
        (("beta", 8, 1.5), "left-skewed", "Box-Cox"),
        (("gumbel_l", 0, 1), "left-skewed", "rank"),
    ],
)
def test_shapes_and_transforms_of_known_laws(law, words, transform):
    assert judged(quantiles(law)) == (words, transform)


def test_two_groups_are_bimodal():
    values = np.concatenate([quantiles(("norm", 0, 1), 60), quantiles(("norm", 5, 1), 40)])
    assert judged(values)[0] == "bimodal"


def test_a_normal_sample_is_hardly_ever_called_bimodal():
    """200 normal samples of 61 values: at most 4 by design (one in a hundred)."""
    found = [judged(rng(seed).normal(50, 3, size=61))[0] for seed in range(200)]
    assert sum(words == "bimodal" for words in found) <= 4


def test_zeros_apart():
    values = np.concatenate([np.zeros(300), quantiles(("lognorm", 1.0), 100)])
    shape = shape_of(values, is_count=False, is_date=False)
    assert shape.words == "zero-inflated (75% zeros), the rest strongly right-skewed"
    assert shape.transform == "treat zeros apart"
    assert shape.body.size == 100
    assert shape.on_log_scale


def test_the_zeros_of_rare_events_are_not_inflated():
    """Of counts with mean 1, 37 % are zero without any group apart."""
    words, transform = judged(rng().poisson(1.0, size=500), is_count=True)
    assert words == "discrete, right-skewed"
    assert transform == "square root"


def test_some_zeros_do_not_rule_the_square_root_out():
    values = np.concatenate([[0.0], quantiles(("gamma", 2.5), 99)])
    assert judged(values) == ("right-skewed", "square root")


def test_dates_are_not_transformed():
    values = np.concatenate([np.zeros(50), quantiles(("expon", 0.0), 50)])
    assert judged(values, is_date=True)[1] == "none"


def test_outliers_are_outside_tukeys_fences():
    values = np.concatenate([np.arange(1.0, 100.0), [1_000.0]])
    assert outlier_share(values) == 0.01
    assert outlier_share(np.array([5.0] * 9 + [6.0])) is None
