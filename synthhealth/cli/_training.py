"""How the verbs learn a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthhealth.cli._options import literal, pairs

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.schema import Schema
    from synthhealth.synthesizer import Synthesizer


def train(
    real: pd.DataFrame,
    schema: Schema | None,
    model: str,
    param: list[str] | None,
    seed: int | None,
    keep_partial: bool,
    max_seconds: float | None,
) -> Synthesizer:
    """Learn a table with the options as they were given."""
    return synthesizer_of(model, schema, param, seed).fit(
        real, on_interrupt="keep" if keep_partial else "raise", max_seconds=max_seconds
    )


def synthesizer_of(
    model: str, schema: Schema | None, param: list[str] | None, seed: int | None
) -> Synthesizer:
    """Make a synthesizer with the options as they were given."""
    from synthhealth import Synthesizer

    synthesizer = Synthesizer(model, schema=schema, random_state=seed)
    # Not as keywords: "--param model=..." shall be refused by the family, not choose another.
    synthesizer.model_params = {name: literal(text) for name, text in pairs(param).items()}
    return synthesizer
