from __future__ import annotations

import pytest

from synthhealth.errors import ParameterError
from synthhealth.models import Parameter, available, get
from synthhealth.models.parameters import resolve
from synthhealth.synthesizer import Synthesizer


@pytest.mark.parametrize(
    ("model", "given", "words"),
    [
        ("ctgan", {"stepz": 5}, "'stepz' .did you mean 'steps'"),
        ("ctgan", {"epochs": 5}, "no parameter 'epochs'"),
        ("ctgan", {"steps": 0}, "nearest valid value is 1"),
        ("ctgan", {"steps": 2.5}, "'steps' takes a whole number, not float"),
        ("ctgan", {"steps": True}, "'steps' takes a whole number, not bool"),
        ("ctgan", {"generator_lr": 5}, "nearest valid value is 1"),
        ("ctgan", {"generator_lr": float("nan")}, "generator_lr"),
        ("ctgan", {"generator_dim": (0, 5)}, "widths of at most 64 layers"),
        ("ctgan", {"generator_dim": 128}, "widths of at most 64 layers"),
        ("ctgan", {"batch_size": 61}, "nearest valid value is 60"),
        ("ctgan", {"batch_size": 64, "pac": 10}, "nearest valid value is 60"),
        ("copula_gan", {"margin": "bta"}, "did you mean 'beta'"),
        ("tvae", {"generator_dim": (5,)}, "no parameter 'generator_dim'"),
        ("gaussian_copula", {"margin": "gaussian_kde"}, "it is one of"),
        ("gaussian_copula", {"margins": {"crpp": "norm"}}, "did you mean 'crp'"),
        ("gaussian_copula", {"margins": {"sex": "norm"}}, "no numerical column 'sex'"),
        ("gaussian_copula", {"margins": {"crp": "cauchy"}}, "'cauchy' is unknown"),
        ("gaussian_copula", {"margins": "norm"}, "takes a dict"),
        ("gausian_copula", {}, "did you mean 'gaussian_copula'"),
    ],
)
def test_refused_by_name(model, given, words, cohort):
    with pytest.raises(ParameterError, match=words):
        Synthesizer(model, **given).fit(cohort)


@pytest.mark.parametrize("model", available())
@pytest.mark.parametrize("n_rows", [10, 61, 299, 615, 999, 1_000, 32_561, 1_000_000])
def test_defaults_go_together(model, n_rows):
    settings = resolve(model, get(model).parameters, {}, n_rows)
    if "pac" in settings:
        assert settings["batch_size"] % settings["pac"] == 0
        assert settings["batch_size"] % 2 == 0


def test_settings_show_what_was_used(cohort):
    model = Synthesizer("tvae", steps=7, compress_dims=[16, 8], random_state=0).fit(cohort)
    assert model.settings_["steps"] == 7
    assert model.settings_["compress_dims"] == (16, 8)
    assert model.settings_["epochs"] >= 1
    assert model.settings_.keys() >= {one.name for one in get("tvae").parameters}


def test_none_means_the_default():
    table = (Parameter("steps", int, lambda n: 2 * n, "steps", low=1),)
    assert resolve("x", table, {"steps": None}, 5) == {"steps": 10}
