"""Who wins: the rule on figures that are made up, and how often it errs."""

from __future__ import annotations

import numpy as np
import pytest

from synthhealth.evaluation import Band
from synthhealth.tournament.results import Estimate, LeaderboardRow, MembershipRisk
from synthhealth.tournament.verdict import estimate, is_larger, recommend

BAND = Band(mean=0.8, low=0.7, high=0.9, method="resampled")


def around(value: float, reach: float = 0.05) -> Estimate:
    return Estimate(value=value, low=value - reach, high=value + reach)


def row(
    rank: int,
    model: str,
    *,
    is_behind: bool = False,
    auc: float = 0.52,
    reach: float = 0.05,
    utility: float = 0.0,
) -> LeaderboardRow:
    risk = around(auc, reach)
    return LeaderboardRow(
        rank=rank,
        model=model,
        settings={},
        error=around(0.1 + 0.01 * rank),
        perfect=0.1,
        margins=around(0.8),
        margins_perfect=BAND,
        relations=None,
        relations_perfect=None,
        worst_columns=(),
        worst_pairs=(),
        behind=None if rank == 1 else around(0.01),
        is_behind=is_behind,
        memberships=(
            MembershipRisk(
                name="Nearest row", auc=risk, finding="found" if risk.low > 0.5 else "not found"
            ),
        ),
        utility=around(utility),
        utility_state="as good",
        worst_outcome=None,
    )


def test_one_that_is_beyond_chance_the_nearest_is_recommended() -> None:
    found = recommend([row(1, "near"), row(2, "far", is_behind=True)])
    assert found.recommended == "near"
    assert found.reason == (
        "It comes nearest to patients that it did not learn; far is further off."
    )


def test_where_folds_disagree_it_cannot_tell() -> None:
    found = recommend([row(1, "near"), row(2, "nearly"), row(3, "far", is_behind=True)])
    assert found.recommended is None
    assert found.candidates == ("near", "nearly")
    assert "differ by no more than chance" in found.reason


def test_of_those_as_near_the_safer_one_is_taken() -> None:
    found = recommend([row(1, "near", auc=0.8), row(2, "safe")])
    assert found.recommended == "safe"
    assert "near, of which attacks tell more" in found.reason


def test_an_interval_that_overlaps_is_no_reason() -> None:
    assert recommend([row(1, "near", auc=0.6), row(2, "safe")]).recommended is None


def test_of_those_as_near_the_more_useful_one_is_taken() -> None:
    found = recommend([row(1, "near", utility=-0.4), row(2, "useful")])
    assert found.recommended == "useful"
    assert "near, from which predictors learn less" in found.reason


def test_attacks_that_succeed_are_told_of_the_one_that_is_taken() -> None:
    found = recommend([row(1, "near", auc=0.7), row(2, "far", is_behind=True)])
    assert found.recommended == "near"
    assert "before anything is released" in found.reason


def test_nothing_and_one() -> None:
    assert recommend([]).recommended is None
    assert recommend([row(1, "alone")]).recommended == "alone"


def test_families_that_are_alike_are_not_behind() -> None:
    assert not is_larger([0.0] * 5, 5, 3)
    assert is_larger([0.01] * 5, 5, 3)


@pytest.mark.parametrize("shared", [0.0, 0.2])
def test_of_families_equally_good_one_is_behind_in_no_more_than_5_of_100(shared: float) -> None:
    """Of 2,000 tournaments of four families; 7 % would be exceeded by chance in 1 of 10,000.

    `shared` is the correlation of the differences that fits have of the patients that they share.
    """
    rng = np.random.default_rng(0)
    folds, families, found = 5, 4, 0
    for _ in range(2_000):
        common = rng.normal(size=(families, 1)) * np.sqrt(shared)
        errors = common + rng.normal(size=(families, folds)) * np.sqrt(1 - shared)
        first = errors[errors.mean(axis=1).argmin()]
        found += any(is_larger(one - first, folds, families) for one in errors)
    assert found / 2_000 < 0.07


def test_a_family_that_is_worse_is_found_behind() -> None:
    rng = np.random.default_rng(1)
    found = [is_larger(rng.normal(6.0, 1.0, size=5), 5, 4) for _ in range(200)]
    assert np.mean(found) > 0.9


def test_intervals_of_fits_that_share_patients_are_wide_enough() -> None:
    """Of 1,000 means of five fits with correlation 1 / 5, about 95 % intervals hold the truth."""
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(1_000):
        values = rng.normal() * np.sqrt(0.2) + rng.normal(size=5) * np.sqrt(0.8)
        one = estimate(list(values), 5)
        held += one.low <= 0.0 <= one.high
    assert 0.93 < held / 1_000 < 0.97
