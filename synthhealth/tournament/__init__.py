"""Which family suits a table: all of them on the same patients held out, and a recommendation."""

from synthhealth.tournament.play import compare
from synthhealth.tournament.results import (
    Estimate,
    FamilySeconds,
    LeaderboardRow,
    MembershipRisk,
    NotTried,
    PairError,
    Times,
    Tournament,
)

__all__ = [
    "Estimate",
    "FamilySeconds",
    "LeaderboardRow",
    "MembershipRisk",
    "NotTried",
    "PairError",
    "Times",
    "Tournament",
    "compare",
]
