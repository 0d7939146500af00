from __future__ import annotations

import importlib.metadata
from dataclasses import replace

import pytest

from synthhealth.errors import ParameterError
from synthhealth.models import available, get, register
from synthhealth.models import registry as registered
from synthhealth.models.base import Model


class Foreign:
    """A family that is not ours."""

    name = "foreign"


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(registered, "_REGISTERED", {})


@pytest.mark.parametrize("name", available())
def test_families_keep_the_protocol(name):
    family = get(name)
    assert family.name == name
    for member in ("fit", "sample", "state", "from_state"):
        assert callable(getattr(family, member))
        assert hasattr(Model, member)


def test_registered_in_this_process(registry):
    assert register(Foreign) is Foreign
    assert "foreign" in available()
    assert get("foreign") is Foreign


def test_our_names_cannot_be_taken(registry):
    with pytest.raises(ParameterError, match="'ctgan' is taken"):
        register(type("Impostor", (), {"name": "ctgan"}))


@pytest.mark.parametrize("taken", ["model", "schema", "random_state"])
def test_no_parameter_is_called_like_an_argument_of_the_synthesizer(registry, taken):
    width = get("ctgan").parameters[0]
    family = type("Other", (), {"name": "other", "parameters": (replace(width, name=taken),)})
    with pytest.raises(ParameterError, match=f"parameter '{taken}'"):
        register(family)
    assert "other" not in available()


def test_announced_by_an_entry_point(monkeypatch):
    point = importlib.metadata.EntryPoint("foreign", f"{__name__}:Foreign", registered.ENTRY_POINTS)
    monkeypatch.setattr(registered, "entry_points", lambda group: [point])
    assert "foreign" in available()
    assert get("foreign").name == "foreign"


def test_unknown():
    with pytest.raises(ParameterError, match=r"unknown model 'tvaee' .did you mean 'tvae'"):
        get("tvaee")
