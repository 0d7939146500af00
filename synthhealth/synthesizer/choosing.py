"""Which family ``auto`` takes: by rules, or by a tournament where time is given."""

from __future__ import annotations

import time

import pandas as pd

from synthhealth.errors import FitInterruptedError
from synthhealth.models.choice import Choice, by_rules
from synthhealth.schema import Schema
from synthhealth.schema.subjects import n_patients, subjects_of
from synthhealth.table.left_out import Privacy

__all__ = ["chosen"]

#: Share of the time that the tournament may take; the rest is for the fit itself.
TRYING = 0.75
_NAMED = 4


def chosen(
    table: pd.DataFrame,
    schema: Schema,
    privacy: Privacy,
    seed: int,
    max_seconds: float | None,
    on_interrupt: str,
) -> tuple[Choice, float | None]:
    """Choose a family for a table, and say how many seconds are left for its fit.

    Parameters
    ----------
    table : pandas.DataFrame
        All patients.
    schema : Schema
        What its columns are.
    privacy : {"standard", "high", "none"}
        How many patients fits leave out.
    seed : int
        Decides the tournament.
    max_seconds : float or None
        The time that there is. None: rules decide.
    on_interrupt : {"raise", "keep"}
        Whether Ctrl-C ends everything, or the tournament alone, which then chooses among what was
        tried.

    Raises
    ------
    FitInterruptedError
        Ctrl-C was pressed, and `on_interrupt` is ``"raise"``.
    """
    subjects = subjects_of(table, schema)
    rules = by_rules(len(table) if subjects is None else n_patients(subjects), schema)
    if max_seconds is None:
        return rules, None
    from synthhealth.report.numbers import listed
    from synthhealth.tournament import compare

    begin = time.monotonic()
    try:
        played = compare(
            table,
            schema=schema,
            privacy=privacy,
            time_budget=TRYING * max_seconds,
            random_state=seed,
            on_interrupt=on_interrupt,
        )
    except KeyboardInterrupt:
        raise FitInterruptedError(
            "interrupted while families were tried, and none is fitted; name one "
            "(synthhealth models), give more time, or leave the time out: then rules choose"
        ) from None
    left = max(max_seconds - (time.monotonic() - begin), (1 - TRYING) * max_seconds)
    if played.recommended is not None:
        reason = played.reason.rstrip(".")
        return Choice(played.recommended, f"a tournament recommended it ({reason})"), left
    if not played.candidates:
        return Choice(rules.family, f"no family could be tried in time; {rules.why}"), left
    if rules.family in played.candidates:
        family, by = rules.family, rules.why
    else:
        family, by = played.candidates[0], "its error was the smallest"
    near = [one for one in played.candidates if one != family]
    return Choice(family, f"a tournament cannot tell it from {listed(near, _NAMED)}; {by}"), left
