"""A synthesizer as a notebook shows it: what it was told, and what it has learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synthhealth.errors import ParameterError
from synthhealth.io.as_html import Sheet, screen
from synthhealth.models import Parameter, about, get
from synthhealth.table.left_out import IN_WORDS

if TYPE_CHECKING:
    from synthhealth.synthesizer.synthesizer import Synthesizer

__all__ = ["synthesizer_screen"]


def synthesizer_screen(synthesizer: Synthesizer) -> str:
    """Give a synthesizer as one screen of HTML."""
    if not synthesizer.__sklearn_is_fitted__():
        title = f"Synthesizer: {about(synthesizer.model).title}"
        sheets = _parameters(synthesizer.model, synthesizer.model_params)
        return screen(
            title,
            facts=[
                ("privacy", str(synthesizer.privacy)),
                ("seed", _seed(synthesizer)),
                *_guard(synthesizer),
            ],
            sentences=["It is not fitted: it has learned nothing yet."],
            sheets=sheets,
            hint=".fit(table) learns a table.",
        )
    fitted = synthesizer.fitted_
    title = f"Synthesizer: {about(fitted.family).title}"
    n_columns = sum(column.kind.is_modelled for column in synthesizer.schema_)
    facts = [("rows", f"{synthesizer.n_rows_:,}")]
    if synthesizer.n_patients_ != synthesizer.n_rows_:
        facts.append(("patients", f"{synthesizer.n_patients_:,}"))
    facts += [("columns", f"{n_columns}"), ("seed", f"{synthesizer.seed_}"), *_guard(synthesizer)]
    last = synthesizer.training_
    if last is not None:
        facts.append((f"{last.unit}s", f"{last.done:,} of {last.total:,}"))
    words = IN_WORDS[fitted.preparation.privacy]
    sentences = [f"{words[0].upper()}{words[1:]}."]
    if synthesizer.choice_ is not None:
        sentences.append(f"Chosen by auto because {synthesizer.choice_.why}.")
    if synthesizer.partial_:
        sentences.append("Its training ended early: it is partial.")
    settings = [(name, f"{value}") for name, value in synthesizer.settings_.items()]
    return screen(
        title,
        facts=facts,
        sentences=sentences,
        sheets=[Sheet("Parameters that were used", ("parameter", "value"), settings)],
        hint=".sample(n) draws rows, .evaluate() judges them, .save(path) writes the model; "
        ".schema_ says what the columns were taken for.",
    )


def _parameters(model: str, given: dict[str, Any]) -> list[Sheet]:
    try:
        family = get(model)
    except (ParameterError, ImportError, AttributeError):
        return []  # not installed here; a fit says so
    rows = [
        (
            one.name,
            f"{given[one.name]}" if given.get(one.name) is not None else _default(one),
            one.meaning,
        )
        for one in family.parameters
    ]
    return [Sheet("Parameters", ("parameter", "value", "what it does"), rows)]


def _default(parameter: Parameter) -> str:
    depends = callable(parameter.default) or parameter.default is None
    return parameter.default_is if depends else f"{parameter.default}"


def _seed(synthesizer: Synthesizer) -> str:
    return "drawn" if synthesizer.random_state is None else f"{synthesizer.random_state}"


def _guard(synthesizer: Synthesizer) -> list[tuple[str, str]]:
    return [("guard", "yes")] if synthesizer.guard else []
