"""What was fitted and released of the tables in a folder, in a file that stays beside them."""

from synthhealth.ledger.file import NAME, Entry
from synthhealth.ledger.ledger import GivenAway, Ledger

__all__ = ["NAME", "Entry", "GivenAway", "Ledger"]
