"""The twin in plain SDV: is it really given the same work?"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from synthhealth.benchmark.plain import (
    chosen_models,
    fit_plain,
    same_settings,
    sample_plain,
    wrapped,
)
from synthhealth.errors import ParameterError
from synthhealth.models import get
from synthhealth.schema import Schema
from synthhealth.synthesizer import Synthesizer

#: Left to the table's form by our side, which does the same work after SDV.
OURS_ALONE = {"enforce_min_max_values", "enforce_rounding"}


@pytest.mark.parametrize("model", wrapped())
def test_the_twin_gets_the_same_settings(
    model: str, cohort: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = same_settings(model, cohort, epochs=2)
    family: Any = get(model)
    take_apart = family._take_apart
    wrapped_sdv: list[Any] = []

    def watched(model: Any, table: pd.DataFrame) -> Any:
        wrapped_sdv.append(model._sdv)
        return take_apart(model, table)

    monkeypatch.setattr(family, "_take_apart", watched)
    events: list[Any] = []
    synthesizer = Synthesizer(model, random_state=0, **ours).fit(cohort, on_progress=events.append)
    twin = fit_plain(model, cohort, theirs)

    wrapped: Any = synthesizer.fitted_.model
    expected: dict[str, Any] = wrapped_sdv[0].get_parameters()
    if model == "gaussian_copula":
        # SDV gets normal scores of margins that are its own, fitted beside it.
        state = wrapped.state()
        margins = dict(zip(state["columns"], state["margins"], strict=True))
        expected["default_distribution"] = theirs["default_distribution"]
        expected["numerical_distributions"] = {
            name: margins[name]["family"] for name in theirs["numerical_distributions"]
        }
    elif "numerical_distributions" in expected:
        names = {neutral: name for name, neutral in wrapped._names.items()}
        expected["numerical_distributions"] = {
            names[neutral]: margin
            for neutral, margin in expected["numerical_distributions"].items()
        }
    given = twin.get_parameters()
    assert given.keys() == expected.keys()
    different = {name for name in given if given[name] != expected[name]}
    assert different <= OURS_ALONE
    assert wrapped._offsets == {}
    if "epochs" in given:
        trained = twin._model.loss_values["Epoch"].nunique()
        assert synthesizer.settings_["epochs"] == given["epochs"] == trained == 2
        assert [event.done for event in events if event.task == "fit"] == [1, 2]


@pytest.mark.parametrize("rows", [60, 499, 500, 501, 2_300])
@pytest.mark.parametrize("model", ["ctgan", "tvae", "copula_gan"])
def test_the_steps_are_whole_epochs(model: str, rows: int) -> None:
    table = pd.DataFrame({"age": range(rows)})
    family = get(model)

    ours, theirs = same_settings(model, table, epochs=7)

    settings = family(**ours)._settings(table, Schema.detect(table))  # type: ignore[attr-defined]
    assert settings["epochs"] == theirs["epochs"] == 7


def test_the_twin_keeps_sdvs_other_defaults(cohort: pd.DataFrame) -> None:
    ours, theirs = same_settings("ctgan", cohort, epochs=1)

    assert theirs == {"epochs": 1, "enable_gpu": False}
    assert (ours["batch_size"], ours["pac"]) == (500, 10)
    assert (ours["generator_dim"], ours["discriminator_dim"]) == ((256, 256), (256, 256))


def test_threads_reach_our_networks(cohort: pd.DataFrame) -> None:
    assert same_settings("tvae", cohort, epochs=1, threads=2)[0]["threads"] == 2
    assert "threads" not in same_settings("tvae", cohort, epochs=1)[0]
    assert "threads" not in same_settings("gaussian_copula", cohort, epochs=1, threads=2)[0]


def test_no_column_of_patients_becomes_a_key(cohort: pd.DataFrame) -> None:
    table = cohort.assign(platelets=range(200_000, 200_000 + len(cohort)))
    drawn = sample_plain(fit_plain("gaussian_copula", table, {}), 50)

    assert list(drawn.columns) == list(table.columns)
    assert len(drawn) == 50
    assert "platelets" in Schema.detect(table).numerical
    assert pd.api.types.is_numeric_dtype(drawn["platelets"])


def test_a_family_without_a_plain_sdv_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"ctgann.*did you mean 'ctgan'"):
        chosen_models(["ctgann"])
    with pytest.raises(ParameterError, match="'trees' has no counterpart in SDV"):
        chosen_models(["trees"])
    assert chosen_models(None) == wrapped()
