from __future__ import annotations

import inspect

import pytest

from synthhealth.benchmark.plain import wrapped
from synthhealth.errors import ParameterError
from synthhealth.models import Parameter, available, get
from synthhealth.models.parameters import resolve
from synthhealth.models.sdv_words import SDV_WORDS, words_for
from synthhealth.synthesizer import Synthesizer


@pytest.mark.parametrize(
    ("model", "given", "words"),
    [
        ("ctgan", {"stepz": 5}, "'stepz' .did you mean 'steps'"),
        ("ctgan", {"epochs": 5, "steps": 5}, "'epochs' says .* what 'steps' says; give one"),
        ("tvae", {"epochs": 0}, "nearest valid value is 1"),
        ("tvae", {"epochs": 10_000_000, "batch_size": 10}, "'epochs' is 10000000, each of 5 steps"),
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
        ("tvae", {"generator_dim": (5,)}, "'generator_dim', .* for copula_gan and ctgan alone"),
        ("ctgan", {"cuda": True}, "'cuda', a word of SDV: here it is `enable_gpu`"),
        ("gaussian_copula", {"cuda": True}, "all is done on the processor"),
        ("gaussian_copula", {"epochs": 300}, "not trained in epochs"),
        ("gaussian_copula", {"default_distribution": "beta"}, "here it is `margin`"),
        ("copula_gan", {"numerical_distributions": {"crp": "beta"}}, "here it is `margins`"),
        ("trees", {"default_distribution": "beta"}, "margins are chosen in gaussian_copula and"),
        ("tvae", {"verbose": True}, "on_progress"),
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
    parameters = get(model).parameters
    needed = {one.name: one.low for one in parameters if one.required}
    settings = resolve(model, parameters, needed, n_rows)
    if "pac" in settings:
        assert settings["batch_size"] % settings["pac"] == 0
        assert settings["batch_size"] % 2 == 0


def test_settings_show_what_was_used(cohort):
    model = Synthesizer("tvae", steps=7, compress_dims=[16, 8], random_state=0).fit(cohort)
    assert model.settings_["steps"] == 7
    assert model.settings_["compress_dims"] == (16, 8)
    assert model.settings_["epochs"] >= 1
    assert model.settings_.keys() >= {one.name for one in get("tvae").parameters}


@pytest.mark.parametrize("model", ["ctgan", "tvae"])
def test_epochs_are_whole_passes_over_the_rows(model, cohort):
    cohort = cohort[["age", "sex", "crp"]]
    told = {"batch_size": 20, "random_state": 0, "privacy": "none"}
    # 61 rows are three batches of 20; the autoencoder takes the rest as a fourth one.
    steps = 8 if model == "tvae" else 6
    in_epochs = Synthesizer(model, epochs=2, **told).fit(cohort)
    in_steps = Synthesizer(model, steps=steps, **told).fit(cohort)
    assert in_epochs.settings_ == in_steps.settings_
    assert (in_epochs.settings_["epochs"], in_epochs.settings_["steps"]) == (2, steps)
    assert in_epochs.sample(20).equals(in_steps.sample(20))


def test_a_model_told_in_epochs_is_saved_as_any_other(cohort, tmp_path):
    cohort = cohort[["age", "sex", "crp"]]
    told = Synthesizer("tvae", epochs=2, random_state=0).fit(cohort)
    again = Synthesizer.load(told.save(tmp_path / "told.synth"))
    assert again.settings_ == told.settings_
    assert again.model_params == {"epochs": 2}
    assert again.fit(cohort).sample(20).equals(told.sample(20))


def words_of_sdv():
    """Give the parameters of SDV's synthesizers, with the families that have them."""
    found = {"cuda": {"copula_gan", "ctgan", "tvae"}}
    for name in wrapped():
        for word in inspect.signature(get(name).plain()).parameters:
            found.setdefault(word, set()).add(name)
    return found


def test_every_word_of_sdv_is_known():
    ours = {name: {one.name for one in get(name).parameters} for name in available()}
    known = {word.name: word for word in SDV_WORDS}
    assert known.keys() == words_of_sdv().keys()
    for name, families in words_of_sdv().items():
        word = known[name]
        assert set(word.families) <= families
        assert word.instead or set(word.families) == families
        if word.ours:
            # What stands beside a parameter of ours in `synthhealth models` is really there.
            assert {family for family in wrapped() if word.ours in ours[family]} == families
            assert name in words_for(word.ours)


def test_every_word_of_sdv_is_answered():
    for model in available():
        parameters = get(model).parameters
        ours = {one.name for one in parameters}
        for word in SDV_WORDS:
            if word.name not in ours:
                with pytest.raises(ParameterError, match=f"'{word.name}', a word of SDV: [a-z]"):
                    resolve(model, parameters, {word.name: 1}, 61)


def test_none_means_the_default():
    table = (Parameter("steps", int, lambda n: 2 * n, "steps", low=1),)
    assert resolve("x", table, {"steps": None}, 5) == {"steps": 10}
