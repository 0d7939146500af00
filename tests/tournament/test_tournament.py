"""The tournament: the same patients, any number of workers, families that fail, time that ends."""

from __future__ import annotations

from itertools import count

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth.errors import FitInterruptedError, ParameterError
from synthhealth.models.choice import by_rules, quick_first
from synthhealth.models.gaussian_copula import GaussianCopulaModel
from synthhealth.tournament import play
from synthhealth.tournament.fits import Entry, play_fold
from synthhealth.tournament.play import entries_of

MODELS = ["gaussian_copula", "hybrid"]


@pytest.mark.usefixtures("as_for_users")  # workers know of no shortcuts of the tests
def test_the_leaderboard_is_the_same_bytes_with_two_workers(table: pd.DataFrame) -> None:
    one = sh.compare(table, MODELS, folds=2, outcomes=["creatinine"])
    two = sh.compare(table, MODELS[::-1], folds=2, outcomes=["creatinine"], n_jobs=2)
    assert one.model_dump_json() == two.model_dump_json()
    assert one.times != two.times


def test_a_row_says_all_that_was_judged(played: sh.Tournament) -> None:
    assert [row.rank for row in played.rows] == [1, 2]
    first, second = played.rows
    assert first.error.value <= second.error.value
    assert first.behind is None
    assert second.behind is not None
    for row in played.rows:
        assert row.error.low < row.error.value < row.error.high
        assert row.relations is not None
        halves = (1 - row.margins.value + row.relations.value) / 2
        assert row.error.value == pytest.approx(halves, abs=2e-4)
        assert [one.name for one in row.memberships] == ["Nearest row", "Density ratio"]
        assert row.risk in row.memberships
    assert "seconds" not in played.model_dump_json()
    assert {one.model for one in played.times.families} == set(MODELS)


def test_a_family_that_fails_is_listed_and_shows_no_value(table: pd.DataFrame) -> None:
    found = sh.compare(table, {"gaussian_copula": {}, "trees": {"order": ("nobody",)}}, folds=2)
    assert [row.model for row in found.rows] == ["gaussian_copula"]
    assert found.recommended == "gaussian_copula"
    assert [one.model for one in found.not_tried] == ["trees"]
    assert "nobody" in found.not_tried[0].reason


def test_a_foreign_error_is_named_without_its_text(
    monkeypatch: pytest.MonkeyPatch, table: pd.DataFrame
) -> None:
    def fail(*arguments: object, **more: object) -> None:
        raise RuntimeError("crp 3.14 of a patient")

    monkeypatch.setattr("synthhealth.tournament.fits.Fitted.learn", fail)
    schema = sh.Schema.detect(table)
    is_unseen = np.arange(len(table)) < 20
    result = play_fold(Entry("hybrid"), table, schema, is_unseen, 0, "none", None)
    assert result.failure == "it failed with RuntimeError"


def test_what_is_not_begun_in_time_is_not_tried(table: pd.DataFrame) -> None:
    found = sh.compare(table, MODELS, folds=2, time_budget=1e-6)
    assert {one.reason for one in found.not_tried} == {"not tried: time"}
    assert found.recommended is None
    assert found.headline == "No family could be tried."


def test_networks_take_part_only_where_time_is_given() -> None:
    assert tuple(entries_of(None, "standard", with_networks=False)) == quick_first(
        with_networks=False
    )
    order = tuple(entries_of(None, "standard", with_networks=True))
    assert order[0] == "gaussian_copula"
    assert order[-1] == "copula_gan"
    assert "private" not in order


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"models": "hybrid"}, "give a list"),
        ({"models": []}, "at least one"),
        ({"models": ["hybird"]}, "hybrid"),
        ({"models": {"trees": {"min_leef": 3}}}, "min_leaf"),
        ({"folds": 1}, "folds is 1"),
        ({"seeds": 0}, "seeds is 0"),
        ({"time_budget": -1}, "above 0"),
        ({"models": ["private"]}, "formal"),
        ({"outcomes": ["crpp"]}, "crp"),
        ({"folds": 50}, "half the number of patients"),
    ],
)
def test_what_is_not_possible_is_said_before_any_fit(
    table: pd.DataFrame, given: dict[str, object], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        sh.compare(table, **given)  # type: ignore[arg-type]


class Renamed(GaussianCopulaModel):
    """A family that only this process knows."""

    name = "renamed"


def test_workers_are_told_of_a_family_that_this_process_registered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("synthhealth.models.registry._REGISTERED", {"renamed": Renamed})
    entry = entries_of(["renamed"], "standard", with_networks=False)["renamed"]
    assert entry.registered is Renamed


@pytest.mark.parametrize(
    ("n", "kinds", "family"),
    [
        (61, ["nominal"] * 4, "gaussian_copula"),
        (300, ["continuous", "continuous", "nominal"], "gaussian_copula"),
        (300, ["nominal", "nominal", "continuous"], "hybrid"),
        (1_500, ["continuous", "continuous", "nominal"], "gaussian_copula"),
        (5_000, ["continuous"] * 3, "hybrid"),
    ],
)
def test_rules_go_by_patients_and_kinds(n: int, kinds: list[str], family: str) -> None:
    schema = sh.Schema(columns=[sh.Column(name=f"c{i}", kind=kind) for i, kind in enumerate(kinds)])
    choice = by_rules(n, schema)
    assert choice.family == family
    assert choice.why


def test_auto_fits_what_the_rules_say_and_the_report_tells_why(table: pd.DataFrame) -> None:
    model = sh.Synthesizer("auto", random_state=0).fit(table)
    named = sh.Synthesizer("gaussian_copula", random_state=0).fit(table)
    assert model.choice_ is not None
    assert named.choice_ is None
    assert model.sample(20).equals(named.sample(20))
    assert model.get_params()["model"] == "auto"
    report = model.evaluate(parts=())
    assert report.data.model is not None
    assert report.data.model.chosen == model.choice_.why
    assert f"chosen by auto because {model.choice_.why}" in " ".join(report.data.summary)
    assert model.choice_.why in model._repr_html_()


def test_auto_asks_a_tournament_where_time_is_given(
    monkeypatch: pytest.MonkeyPatch, table: pd.DataFrame, played: sh.Tournament
) -> None:
    given: dict[str, object] = {}

    def compare(table: pd.DataFrame, **more: object) -> sh.Tournament:
        given.update(more)
        return played.model_copy(update={"recommended": "hybrid", "reason": "It is near."})

    monkeypatch.setattr("synthhealth.tournament.compare", compare)
    model = sh.Synthesizer("auto", random_state=5).fit(table, max_seconds=40)
    assert given["time_budget"] == 30.0
    assert given["random_state"] == 5
    assert model.choice_ is not None
    assert model.choice_.family == "hybrid" == model.fitted_.family
    assert "It is near" in model.choice_.why


def interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C while the second fit of a tournament is at work."""
    numbers = count(1)

    def second_is_interrupted(*job: object) -> object:
        if next(numbers) == 2:
            raise KeyboardInterrupt
        return play_fold(*job)

    monkeypatch.setattr(play, "play_fold", second_is_interrupted)


def test_ctrl_c_ends_auto_or_its_tournament_alone(
    table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(monkeypatch)
    model = sh.Synthesizer("auto", random_state=5)
    with pytest.raises(FitInterruptedError, match="none is fitted"):
        model.fit(table, max_seconds=40)
    assert not hasattr(model, "choice_")

    interrupt(monkeypatch)
    kept = model.fit(table, max_seconds=40, on_interrupt="keep")
    assert "no family could be tried" in kept.choice_.why


def test_auto_takes_no_parameter_of_a_family() -> None:
    with pytest.raises(ParameterError, match="'epochs'"):
        sh.Synthesizer("auto", epochs=3)
