"""Progress, time budgets and interruptions of the families that train networks."""

from __future__ import annotations

import gc
import types

import ctgan
import numpy as np
import pandas as pd
import pytest
import sdv.single_table.ctgan

from synthhealth.errors import FitError, FitInterruptedError, ParameterError
from synthhealth.synthesizer import Synthesizer

#: CopulaGAN is trained by the loop of CTGAN.
NETWORKS = (pytest.param("copula_gan", marks=pytest.mark.slow), "ctgan", "tvae")


def stop_after(n: int):
    def on_progress(event):
        if event.done == n:
            raise KeyboardInterrupt

    return on_progress


@pytest.mark.parametrize("model", NETWORKS)
def test_every_epoch_is_reported_with_its_losses(model, cohort):
    events = []
    Synthesizer(model, steps=5, random_state=0).fit(cohort, on_progress=events.append)
    epochs = events[-1].total
    assert [event.done for event in events] == list(range(1, epochs + 1))
    assert all(event.losses for event in events)
    assert events[0].eta > 0


@pytest.mark.parametrize("model", NETWORKS)
def test_interrupted_and_kept(model, cohort, tmp_path):
    synthesizer = Synthesizer(model, steps=50, random_state=0)
    synthesizer.fit(cohort, on_progress=stop_after(3), on_interrupt="keep")
    assert synthesizer.partial_
    sampled = synthesizer.sample(20)
    assert len(sampled) == 20
    again = Synthesizer.load(synthesizer.save(tmp_path / "partial.synth"))
    assert again.partial_
    assert again.sample(20).equals(sampled)
    report = synthesizer.evaluate(cohort)
    assert report.data.model.partial


@pytest.mark.parametrize("model", NETWORKS)
def test_interrupted_and_not_kept(model, cohort):
    synthesizer = Synthesizer(model, steps=50, random_state=0)
    with pytest.raises(FitInterruptedError, match="on_interrupt='keep'"):
        synthesizer.fit(cohort, on_progress=stop_after(3))
    assert not synthesizer.__sklearn_is_fitted__()
    assert sdv.single_table.ctgan.CTGAN is ctgan.CTGAN
    assert sdv.single_table.ctgan.TVAE is ctgan.TVAE


@pytest.mark.parametrize("model", NETWORKS)
def test_time_budget(model, cohort):
    synthesizer = Synthesizer(model, steps=100_000, random_state=0)
    synthesizer.fit(cohort, max_seconds=0.5)
    assert synthesizer.partial_
    assert len(synthesizer.sample(20)) == 20


def test_a_finished_training_is_not_partial(cohort):
    assert not Synthesizer("tvae", steps=3).fit(cohort, max_seconds=600).partial_


@pytest.mark.parametrize("words", [{"on_interrupt": "ask"}, {"max_seconds": 0}])
def test_bad_arguments(words, cohort):
    with pytest.raises(ParameterError):
        Synthesizer().fit(cohort, **words)


def test_a_failure_inside_sdv_shows_no_value(cohort, monkeypatch):
    import sdv.single_table

    def fail(self, data):
        raise RuntimeError("cell value 73.519")

    monkeypatch.setattr(sdv.single_table.GaussianCopulaSynthesizer, "fit", fail)
    with pytest.raises(FitError, match="RuntimeError") as caught:
        Synthesizer("gaussian_copula", correlation="sdv").fit(cohort)
    assert "73.519" not in str(caught.value)


def reached_from(start):
    """Give all objects that `start` holds, directly or not; what is shared by all is left out."""
    shared = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)
    reached, waiting = {}, [start]
    while waiting:
        held = waiting.pop()
        if id(held) not in reached and not isinstance(held, shared):
            reached[id(held)] = held
            waiting.extend(gc.get_referents(held))
    return reached.values()


@pytest.mark.parametrize("model", ["gaussian_copula", *NETWORKS])
def test_what_only_training_needs_is_dropped(model, cohort):
    few = {} if model == "gaussian_copula" else {"steps": 2}
    inner = Synthesizer(model, **few).fit(cohort).fitted_.model
    arrays = [one for one in reached_from(inner) if isinstance(one, np.ndarray) and one.ndim]
    assert arrays
    assert not [one.shape for one in arrays if len(cohort) in one.shape]
    assert not [one for one in reached_from(inner) if isinstance(one, pd.Series)]


def test_such_a_search_finds_what_is_held(cohort):
    holder = types.SimpleNamespace(rows=[{"table": cohort.to_numpy(dtype=object)}])
    assert any(
        isinstance(one, np.ndarray) and len(cohort) in one.shape for one in reached_from(holder)
    )
