"""Columns of one value: ticks, where a blank says no, and constants, which are carried through."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import pandas as pd

from synthhealth.errors import Doubt
from synthhealth.schema.detection._detect import Detected
from synthhealth.schema.reading.vocabulary import says_yes
from synthhealth.schema.types import BLANK, MIN_CELL, Kind, Level

__all__ = ["with_constants", "with_ticks"]

FIRST_ROWS = 200


def with_ticks(found: Mapping[str, Detected], table: pd.DataFrame) -> dict[str, Detected]:
    """Take a column of one word for yes, and blanks, for yes and no.

    One doubt stands for all such columns, at the first of them.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import propose
    >>> table = pd.DataFrame({"diabetes": ["Y", None] * 6, "age": range(30, 42)})
    >>> propose(table).schema["diabetes"].levels
    ('', 'Y')
    """
    ticked = {
        name: values[0]
        for name, one in found.items()
        if len(values := _different(table[name], one)) == 1
        and _is_yes(values[0])
        and table[name].isna().sum() >= MIN_CELL
    }
    if not ticked:
        return dict(found)
    doubt = Doubt(
        f"{_listed(list(ticked))}: a word for yes and blanks; a blank is taken for no. If it "
        "means that nobody knows, say so",
        "kind: nominal",
        2,
    )
    first = next(iter(ticked))
    rare = Doubt(
        f"fewer than {MIN_CELL} patients are ticked, so that all are written as blank; to learn it",
        "rare: keep",
        2,
    )
    doubts = {name: (doubt,) if name == first else () for name in ticked}
    return {
        name: Detected(
            Kind.BOOLEAN,
            "one word for yes, and blanks",
            doubts[name] if table[name].notna().sum() >= MIN_CELL else (*doubts[name], rare),
            {**one.said, "levels": (BLANK, ticked[name])},
        )
        if name in ticked
        else one
        for name, one in found.items()
    }


def with_constants(found: Mapping[str, Detected], table: pd.DataFrame) -> dict[str, Detected]:
    """Say, at the first of them, which columns have one value or none."""
    constant = [
        name
        for name, one in found.items()
        if BLANK not in one.said.get("levels", ())
        and one.kind.is_modelled
        and len(_different(table[name], one)) < 2
    ]
    if not constant:
        return dict(found)
    them = "it is" if len(constant) == 1 else "they are"
    doubt = Doubt(
        f"{_listed(constant)}: one value or none, so that there is nothing to learn; {them} "
        f"written again as before, but for a value of fewer than {MIN_CELL} patients",
        " ".join(f"--drop {shlex.quote(name)}" for name in constant),
    )
    first = constant[0]
    return {
        **found,
        first: Detected(
            found[first].kind,
            found[first].why,
            (doubt, *found[first].doubts),
            found[first].said,
        ),
    }


def _different(values: pd.Series, found: Detected) -> list[Level]:
    """Give the different values of a column, if they are few."""
    missing = found.said.get("missing", ())
    # The first rows tell of most columns that they are many.
    if values.iloc[:FIRST_ROWS].nunique() > 1 + len(missing):
        return [BLANK, BLANK]
    different = values.dropna().unique()
    return [one for one in different.tolist() if one not in missing]


def _is_yes(value: Level) -> bool:
    return says_yes(value) if isinstance(value, str) else value == 1


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"column{'s' if len(names) > 1 else ''} {shown}{more}"
