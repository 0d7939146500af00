"""A synthesizer among scikit-learn's estimators: arguments, clones, pipelines, signatures."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

import synthhealth as sh
from synthhealth.errors import ParameterError, TableError
from synthhealth.models import available, get


def table(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    crp = np.round(rng.lognormal(size=n), 1)
    crp[:6] = np.nan
    return pd.DataFrame({"age": rng.integers(20, 80, n), "crp": crp})


def younger(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["age"] < 79]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: sh.Synthesizer("ctgann"), "did you mean 'ctgan'?"),
        (lambda: sh.Synthesizer("ctgan", stepz=3), "no parameter 'stepz' (did you mean 'steps'?)"),
        (lambda: sh.Synthesizer(random_stat=1), "no parameter 'random_stat'"),
        (lambda: sh.Synthesizer("trees", steps=3), "model 'trees' has no parameter 'steps'"),
        (lambda: sh.Synthesizer("trees").set_params(minleaf=9), "did you mean 'min_leaf'?"),
        (lambda: sh.Synthesizer().set_params(model="tree"), "did you mean 'trees'?"),
    ],
)
def test_misspelt_names_are_refused_at_once_with_the_nearest(ask, words):
    with pytest.raises(ParameterError, match=re.escape(words)):
        ask()


def test_what_is_refused_changes_nothing():
    model = sh.Synthesizer("trees", min_leaf=12)
    with pytest.raises(ParameterError):
        model.set_params(random_state=5, minleaf=9)
    assert model.get_params()["random_state"] is None
    model.set_params(model="ctgan", steps=7)  # a parameter of the family that is chosen with it
    assert model.get_params()["steps"] == 7


def test_values_are_kept_as_they_are_until_the_fit():
    model = sh.Synthesizer("trees", min_leaf="many")
    assert clone(model).get_params()["min_leaf"] == "many"
    with pytest.raises(ParameterError, match="takes a whole number"):
        model.fit(table())


def test_it_ends_a_pipeline():
    steps = make_pipeline(
        SimpleImputer(), FunctionTransformer(younger), sh.Synthesizer(random_state=0)
    )
    steps.set_output(transform="pandas")
    model = clone(steps).fit(table())[-1]
    check_is_fitted(model)
    drawn = model.sample(20)
    assert not drawn.isna().any().any()
    assert model.feature_names_in_.tolist() == ["age", "crp"]
    assert model.n_features_in_ == 2
    assert "Synthesizer" in steps._repr_html_()


def test_arrays_and_outcomes_of_their_own_are_refused_with_what_to_do():
    with pytest.raises(TableError, match=r'set_output\(transform="pandas"\)'):
        make_pipeline(SimpleImputer(), sh.Synthesizer()).fit(table())
    with pytest.raises(ParameterError, match=r"fit\(X.assign\(outcome=y\)\)"):
        sh.Synthesizer().fit(table(), table()["age"])
    with pytest.raises(TableError, match=r"there are 2 tables.*pandas.merge"):
        sh.Synthesizer().fit({"patients": table(), "visits": table()})


def test_the_signature_has_the_parameters_of_all_our_families():
    signature = inspect.signature(sh.Synthesizer)
    assert next(iter(signature.parameters)) == "model"
    assert not any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())
    for family in available():
        for parameter in get(family).parameters:
            shown = signature.parameters[parameter.name]
            assert shown.kind is shown.KEYWORD_ONLY
            assert shown.annotation is parameter.type
    signature.bind("ctgan", steps=3, random_state=0)


def test_fit_takes_what_scikit_learn_gives():
    names = list(inspect.signature(sh.Synthesizer.fit).parameters)
    assert names[:3] == ["self", "X", "y"]
    assert sh.Synthesizer(random_state=0).fit(X=table(), y=None).n_rows_ == 60
