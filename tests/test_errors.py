"""Errors are of this library, and also of the kind that existing handlers know."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
import sklearn.exceptions
from sklearn.utils.validation import check_is_fitted

import synthhealth as sh
from synthhealth import errors
from synthhealth.errors import NotFittedError, SchemaError, SynthHealthError
from synthhealth.schema import Column, Schema


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name != "Doubt"])
def test_every_error_is_of_this_library(name):
    error = getattr(errors, name)
    assert issubclass(error, SynthHealthError)
    assert error.__module__ == "synthhealth.errors"
    assert error.__doc__


def test_a_synthesizer_that_is_not_fitted_is_so_to_scikit_learn():
    assert issubclass(NotFittedError, sklearn.exceptions.NotFittedError)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        sh.Synthesizer().sample(3)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        check_is_fitted(sh.Synthesizer())
    assert isinstance(pickle.loads(pickle.dumps(NotFittedError("x"))), NotFittedError)


def test_no_error_costs_an_import_of_scikit_learn():
    code = "import sys, synthhealth.errors; print('sklearn' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Column(name="crp", kind="continous"), r"column 'crp': kind: must be .*mean 'cont"),
        (lambda: Column(nam="crp", kind="count"), r"unknown key 'nam' .did you mean 'name'"),
        (lambda: Column(kind="count"), "the key 'name' is missing"),
        (lambda: Column(name="x", kind="count", decimals=50), "'x': decimals: must be less than"),
        (lambda: Column(name="x", kind="count", unit="mg/Lx"), "'x': unit 'mg/Lx' is not in UCUM"),
        (lambda: Column(name="x", kind="count", plausible={"low": 5, "high": 3}), "is empty"),
        (lambda: Schema(columns=[{"name": "a", "kind": "nomnal"}]), "column 'a', kind: must be"),
        (lambda: Schema(columns=[{"name": "a", "kind": "text"}] * 2), "'a'. are declared twice"),
    ],
)
def test_a_schema_made_by_a_program_is_refused_in_words(make, words):
    with pytest.raises(SchemaError, match=words) as caught:
        make()
    assert isinstance(caught.value, ValueError)
    assert "pydantic" not in str(caught.value)
