"""Parts of an evaluation that fail by themselves: the report is made all the same."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from synthhealth.errors import SynthHealthError
from synthhealth.evaluation._result_base import NotComputed
from synthhealth.evaluation._timing import timed

__all__ = ["Isolated"]

Found = TypeVar("Found")

logger = logging.getLogger("synthhealth.evaluation")


@dataclass
class Isolated:
    """Runs the parts that are asked for, and keeps the reasons of those that fail."""

    asked: Collection[str]
    not_computed: list[NotComputed] = field(default_factory=list)

    def part(
        self, name: str, compute: Callable[[], tuple[Found, tuple[NotComputed, ...]]]
    ) -> Found | None:
        """Give what a part computes if it is asked for; the reasons that it gives are kept."""
        if name not in self.asked:
            return None
        result = self.run(name, compute)
        if result is None:
            return None
        found, gaps = result
        self.note(gaps)
        return found

    def run(self, what: str, compute: Callable[[], Found]) -> Found | None:
        """Give what a part computes; if it fails nothing, and the reason is kept."""
        try:
            return timed(what, compute)
        except SynthHealthError as error:
            reason = str(error)
        # A figure that trips over a table nobody foresaw must not cost the user all others. Its
        # message is left out: libraries quote the cell that they stumble over.
        except Exception as error:
            where = error.__traceback__
            while where is not None and where.tb_next is not None:
                where = where.tb_next
            place = "" if where is None else f" in {where.tb_frame.f_code.co_name}"
            logger.warning("%s could not be computed: %s%s", what, type(error).__name__, place)
            reason = (
                f"an unexpected {type(error).__name__}{place}; please report it with the schema, "
                "never with the table"
            )
        self.not_computed.append(NotComputed(what=what, column=None, reason=reason))
        return None

    def note(self, gaps: tuple[NotComputed, ...]) -> None:
        """Keep the reasons that a part gives itself."""
        self.not_computed.extend(gaps)
