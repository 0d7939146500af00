"""Which family suits a table: all of them on the same patients held out, and a recommendation."""

from synthhealth.tournament.play import compare
from synthhealth.tournament.results import LeaderboardRow, NotTried, Times, Tournament

__all__ = ["LeaderboardRow", "NotTried", "Times", "Tournament", "compare"]
