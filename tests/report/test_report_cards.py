"""The headline, its reasons and the cards: none of them may contradict another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import synthhealth as sh
from synthhealth import models
from synthhealth.benchmark.relations import TABLES
from synthhealth.benchmark.tables import load_whole
from synthhealth.evaluation import Evaluation, evaluate_tables
from synthhealth.report.advice import advise
from synthhealth.report.cards import Card, key_cards
from synthhealth.report.conclusion import conclude


def cohort(n: int, seed: int) -> pd.DataFrame:
    return sh.datasets.load_ra_panel(n, random_state=seed)


def shuffled(table: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return table.apply(lambda column: rng.permutation(column.to_numpy()))


def sexes_made_equal(table: pd.DataFrame) -> pd.DataFrame:
    measured = table.select_dtypes("float").columns
    means = table.groupby("sex", observed=True)[measured].transform("mean")
    return table.assign(**(table[measured] - means + table[measured].mean()))


def without_gaps(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(rf=table["rf"].where(table["rf"] > table["rf"].median()))


#: The table to be judged is made of the real one and of another cohort.
JUDGED = {
    "other patients": (61, 61, lambda real, new: new),
    "more rows": (61, 1_000, lambda real, new: new),
    "a copy": (61, 61, lambda real, new: real.copy()),
    "columns shuffled": (61, 300, lambda real, new: shuffled(new)),
    "a column tripled": (200, 200, lambda real, new: new.assign(crp=3 * new["crp"])),
    "men with the blood of women": (300, 300, lambda real, new: sexes_made_equal(new)),
    "other gaps": (200, 200, lambda real, new: without_gaps(new)),
    "five patients": (5, 5, lambda real, new: new),
    "a model": (61, 61, lambda real, new: sh.Synthesizer(random_state=0).fit(real).sample(300)),
}


#: What each family draws of each table of the benchmark; a few steps of a network are enough.
DRAWN = [
    pytest.param((table, family), marks=pytest.mark.slow, id=f"{table}-{family}")
    for table in TABLES
    for family in models.available()
    if family != "private"  # needs a schema that says what its columns can be
]


@pytest.fixture(scope="module", params=[*JUDGED, *DRAWN])
def judged(request: pytest.FixtureRequest) -> Evaluation:
    parts = ("copying", "joint", "subgroups")
    if isinstance(request.param, tuple):
        table, family = request.param
        if table != "demo":
            request.getfixturevalue("clinical")(table)  # or skip
        whole = cohort(150, 0) if table == "demo" else load_whole(table)
        real = whole.sample(min(150, len(whole)), random_state=0).reset_index(drop=True)
        steps = (
            {"steps": 60} if "steps" in {one.name for one in models.get(family).parameters} else {}
        )
        model = sh.Synthesizer(family, random_state=0, **steps).fit(real)
        return evaluate_tables(real, model.sample(300), model.schema_, parts=parts)
    n_real, n_new, make = JUDGED[request.param]
    real = cohort(n_real, 0)
    return evaluate_tables(real, make(real, cohort(n_new, 1)), parts=parts)


def test_what_is_worse_is_on_the_cards(judged: Evaluation) -> None:
    judgement, cards = judged.judgement, key_cards(judged)
    said = " ".join(f"{card.name} {card.meaning}" for card in cards if card.state == "worse")
    if judgement.poor_columns:
        assert f"Column {judgement.poor_columns[0]}" in said
    if judgement.poor_relations:
        assert all(name in said for name in judgement.poor_relations[0])
    if judgement.poor_groups:
        assert " ".join(judgement.poor_groups[0]) in said
    anything = (
        *judgement.poor,
        *judgement.poor_columns,
        *judgement.poor_relations,
        *judgement.poor_groups,
    )
    assert bool(anything) == any(card.state == "worse" for card in cards)


def test_the_headline_is_that_of_the_cards(judged: Evaluation) -> None:
    states = {card.state for card in key_cards(judged)}
    verdict = judged.judgement.verdict
    assert (verdict == "copied") == ("copied" in states)
    if verdict != "copied":
        assert (verdict == "poor") == ("worse" in states)


def test_the_reasons_are_those_of_the_cards(judged: Evaluation) -> None:
    reasons = conclude(judged).reasons
    assert 1 <= len(reasons) <= 3
    worse = [card.reason for card in key_cards(judged) if card.state == "worse"]
    told = [reason for reason in reasons if reason in worse]
    assert bool(told) == bool(worse) or judged.judgement.verdict == "copied"


def test_a_fault_of_the_written_table_counts(judged: Evaluation) -> None:
    real = cohort(61, 0)
    further = evaluate_tables(real, cohort(61, 1), parts=("copying", "joint", "subgroups"))
    assert further.judgement.verdict == "good"
    found, cards = conclude(further, judged), key_cards(further, judged)
    verdict = judged.judgement.verdict
    assert found.verdict == (verdict if verdict in ("copied", "poor") else "good")
    off = [card for card in cards if card.state in ("worse", "copied")]
    assert bool(off) == (verdict in ("copied", "poor"))
    assert all(card.name.endswith("in the table that was written") for card in off)
    assert any("in the table that was written" in reason for reason in found.reasons) == bool(off)
    if verdict == "copied":
        assert found.privacy == "found"
        assert advise(further, None, judged)[0].startswith("Do not release this table")


def test_nothing_outside_its_band_is_green(judged: Evaluation) -> None:
    for metric in judged.metrics:
        side = "below" if (metric.poor_side == "low") != (metric.family == "copying") else "above"
        if metric.family != "learning" and metric.perfect.standing(metric.value) == side:
            assert metric.state != "as good", metric.name
    for column in (*judged.numerical, *judged.categorical):
        if column.floor.standing(column.score) == "below":
            assert column.state != "as good", column.column
    for pair in judged.pairs:
        if pair.floor is not None and pair.floor.standing(pair.difference) == "above":
            assert pair.state != "as good", (pair.first, pair.second)
    for group in judged.subgroups:
        if group.column_average.floor.standing(group.column_average.value) == "below":
            assert group.state != "as good", (group.by, group.group)


def test_a_card_says_its_state_in_words_and_to_those_who_cannot_see_it(judged: Evaluation) -> None:
    cards: list[Card] = key_cards(judged)
    assert 2 <= len(cards) <= 9
    for card in cards:
        assert card.word == card.state
        assert card.value
        assert card.told.startswith(("Column", "Relation", "Patients", card.name))
        assert card.reason.endswith(".")
