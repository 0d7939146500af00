"""The findings and the limits of a report in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from synthhealth.evaluation import Band, CategoricalResult, Evaluation, NumericalResult
from synthhealth.evaluation.figures import WHOLE_COLUMN, State
from synthhealth.report.data import Missingness, ModelInfo
from synthhealth.report.metric_words import finding, ordered
from synthhealth.report.numbers import listed, percent, score_text
from synthhealth.schema.types import MIN_CELL
from synthhealth.table.left_out import IN_WORDS

Standing = Literal["below", "within", "above"]

#: Fewer real rows than this can only show large differences.
_FEW_ROWS = 300
_WORST = 5  # columns named in the summary

_REAL_IS = {
    "training": "The real rows are those the model was trained on.",
    "holdout": "The real rows were held out: the model never saw them.",
    "given": "The report was not told whether the model was trained on these real rows.",
    "cross-validated": "Every real row was held out once: it was compared with what a model drew "
    "that had learned the others.",
}

#: The same, beside the number of real rows.
SEEN = {
    "training": " (learned)",
    "holdout": " (unseen)",
    "given": "",
    "cross-validated": " (all unseen)",
}


MEASURES = {
    "spearman": "Spearman's rank correlation",
    "cramers_v": "Cramér's V",
    "correlation_ratio": "correlation ratio η",
}


class ColumnScore(NamedTuple):
    """A column's score beside its noise floor, of whichever measure its kind asks for."""

    column: str
    score: float
    floor: Band
    state: State


def column_results(evaluation: Evaluation) -> list[NumericalResult | CategoricalResult]:
    """Return the results of all columns, numerical ones first."""
    return [*evaluation.numerical, *evaluation.categorical]


def column_scores(evaluation: Evaluation) -> list[ColumnScore]:
    """Return the score of every column, numerical ones first."""
    return [column_score(result) for result in column_results(evaluation)]


def column_score(result: NumericalResult | CategoricalResult) -> ColumnScore:
    """Return a column's score, whichever its measure."""
    return ColumnScore(result.column, result.score, result.floor, result.state)


def poor_columns(evaluation: Evaluation) -> list[ColumnScore]:
    """Return the columns that are worse, the one furthest below its noise floor first."""
    scores = {column.column: column for column in column_scores(evaluation)}
    return [scores[name] for name in evaluation.judgement.poor_columns]


def shown(name: str, limit: int = 60) -> str:
    """Return a name fit for a line of text: printable, on one line, shortened in its middle.

    Examples
    --------
    >>> shown("C-reactive  protein"), shown("abcdefghij", limit=7)
    ('C-reactive protein', 'abc…hij')
    """
    line = "".join(sign for sign in " ".join(name.split()) if sign.isprintable())
    if len(line) <= limit:
        return line
    head = limit // 2
    return f"{line[:head]}…{line[len(line) - (limit - 1 - head) :]}"


def summary_sentences(
    evaluation: Evaluation, missingness: Sequence[Missingness], model: ModelInfo | None
) -> tuple[str, ...]:
    """Say what was compared and what came out."""
    sentences = [_what(evaluation, model), *_notes(evaluation)]
    sentences += [
        sentence
        for metric in ordered(evaluation.metrics)
        # Without categories it is the average of the numerical columns once more.
        if (metric.name != "column_average" or evaluation.categorical)
        and (sentence := finding(metric, evaluation)) is not None
    ]
    sentences.append(_worst(evaluation))
    sentences.append(_missing(missingness, evaluation.n_real))
    n_gaps = sum(gap.what != WHOLE_COLUMN for gap in evaluation.not_computed)
    if n_gaps:
        figures = "One figure" if n_gaps == 1 else f"{n_gaps:,} figures"
        sentences.append(f"{figures} could not be computed; the reasons are listed in the report.")
    return tuple(sentences)


def _notes(evaluation: Evaluation) -> list[str]:
    """Say which columns were not compared, and what was odd about the others."""
    gone = [
        f"{shown(gap.column)} ({gap.reason})"
        for gap in evaluation.not_computed
        if gap.what == WHOLE_COLUMN and gap.column is not None
    ]
    lost = [f"Not compared, and part of no verdict: {listed(gone, _WORST)}."] if gone else []
    return [*lost, *(f"{shown(note, 240)}." for note in evaluation.notes)]


def limit_sentences(evaluation: Evaluation, *, has_written: bool = False) -> tuple[str, ...]:
    """Say what the report cannot show.

    Parameters
    ----------
    evaluation : Evaluation
        The figures of the comparison.
    has_written : bool
        Whether they are of further fits, and those of the table that was written stand beside.
    """
    privacy = evaluation.privacy
    looked = (
        "and quick attacks were tried"
        if privacy is not None and privacy.memberships
        else "and rows that lie too near a patient"
    )
    sentences = [
        f"Scores are never proof of anonymity. Copied rows are looked for, {looked}; whether a "
        "patient could be recognised, or a secret guessed, in another way has to be examined "
        "separately."
    ]
    sentences.append(
        f"Verdicts can be wrong: of 100 tables without any fault about "
        f"{100 * evaluation.judgement.alarm:.0f} are called poor, and at most as many are called "
        "copied."
    )
    if evaluation.real_is == "training":
        sentences.append(
            "The synthetic table was scored against the very rows the model was trained on. A "
            "model can follow its training rows more closely than other patients; only patients "
            "it never saw can show whether it learned the disease or the rows."
        )
    if evaluation.real_is == "given":
        sentences.append(
            "If the model was trained on these real rows, the scores flatter it: only patients it "
            "never saw can show whether it learned the disease or the rows."
        )
    if evaluation.n_real_all is not None:
        sentences.append(
            f"Patients of the real table have several rows. Of its {evaluation.n_real_all:,} rows "
            f"{evaluation.n_real:,} are compared, one of each patient at most, so that groups, "
            "noise floors and tests count patients; copied rows are looked for among all. What "
            "happens from visit to visit is not judged."
        )
    if evaluation.n_learned_again:
        known = evaluation.n_learned_again
        sentences.append(
            f"{known:,} patients of the holdout or fewer had been learned; their rows do not count "
            "as unseen."
            if known == MIN_CELL
            else f"{known:,} patients of the holdout had been learned; their rows do not count as "
            "unseen."
        )
    if evaluation.n_real < _FEW_ROWS and evaluation.numerical:
        lows = [result.floor.low for result in evaluation.numerical]
        smallest = 1 - sum(lows) / len(lows)
        sentences.append(
            f"With {evaluation.n_real} real rows only large differences can be told from chance: "
            f"the distribution functions of a numerical column must lie about {smallest:.2f} "
            "apart (KS distance) before that counts as a difference."
        )
    if has_written:
        sentences.append(
            "The figures are about further fits of the same model to parts of the table. Those of "
            "the table that was written stand under 'The written table itself'."
        )
    elif evaluation.real_is == "cross-validated":
        sentences.append(
            "The figures are about the procedure, fitted several times to parts of the table, and "
            "not about one model or one synthetic table."
        )
    left_out = [words for words, covered in _covered(evaluation) if not covered]
    if left_out:
        sentences.append(f"Not compared here: {'; '.join(left_out)}.")
    sentences.append(
        f"Groups of fewer than {MIN_CELL} real patients are merged or hidden, so rare categories "
        "and extreme values cannot be judged from the figures."
    )
    return tuple(sentences)


def left_out_text(model: ModelInfo | None) -> str | None:
    """Return whom the fit left out, in words; None where it is not known.

    Examples
    --------
    >>> from synthhealth.report import ModelInfo
    >>> left_out_text(ModelInfo(name="tvae", privacy="standard", n_left_out=12))
    'a fifth of the patients was left out (12)'
    """
    if model is None or model.privacy is None:
        return None
    if "epsilon" in model.settings:
        return f"{IN_WORDS[model.privacy]} (epsilon {model.settings['epsilon']})"
    count = f" ({model.n_left_out:,})" if model.n_left_out else ""
    return f"{IN_WORDS[model.privacy]}{count}"


def floor_text(floor: Band) -> str:
    """Return a noise floor's interval.

    Examples
    --------
    >>> from synthhealth.evaluation import Band
    >>> floor_text(Band(mean=0.85, low=0.77, high=0.92, method="exact"))
    '0.770 to 0.920'
    """
    return f"{score_text(floor.low)} to {score_text(floor.high)}"


def _what(evaluation: Evaluation, model: ModelInfo | None) -> str:
    numerical, categorical = len(evaluation.numerical), len(evaluation.categorical)
    made = ""
    if model is not None:
        stopped = ", whose training was stopped early" if model.partial else ""
        left_out = left_out_text(model)
        whom = f" {left_out[0].upper()}{left_out[1:]} when it was fitted." if left_out else ""
        why = f" It was chosen by auto because {shown(model.chosen, 400)}." if model.chosen else ""
        made = (
            f" The synthetic rows were made by the model {shown(model.name)}{stopped}.{why}{whom}"
        )
    return (
        f"{evaluation.n_synthetic:,} synthetic rows were compared with {evaluation.n_real:,} real "
        f"rows on {_columns(numerical + categorical)} ({numerical} "
        f"numerical, {categorical} categorical).{made} {_REAL_IS[evaluation.real_is]}"
    )


def _covered(evaluation: Evaluation) -> list[tuple[str, bool]]:
    """Say what a table may be asked for, and whether this report looked at it."""
    families = {metric.family for metric in evaluation.metrics}
    return [
        ("pairs of columns", bool(evaluation.pairs) or len(column_scores(evaluation)) == 1),
        ("combinations of three or more columns", "joint" in families),
        ("subgroups of patients", bool(evaluation.subgroups)),
        (
            "whether predictions learned from it hold for real patients",
            evaluation.utility is not None,
        ),
        (
            "whether a medical analysis would come to the same conclusion",
            bool(evaluation.inference),
        ),
    ]


def _worst(evaluation: Evaluation) -> str:
    scores, worst = column_scores(evaluation), poor_columns(evaluation)
    if not worst:
        lowest = min(scores, key=lambda column: column.score)
        return (
            "No column is worse than chance explains; the lowest score is "
            f"{score_text(lowest.score)} ({shown(lowest.column)}), where its noise floor is "
            f"{floor_text(lowest.floor)}."
        )
    named = ", ".join(
        f"{shown(column.column)} ({score_text(column.score)}, floor {floor_text(column.floor)})"
        for column in worst[:_WORST]
    )
    more = f" and {len(worst) - _WORST} more" if len(worst) > _WORST else ""
    are = "is" if len(worst) == 1 else "are"
    return (
        f"{len(worst)} of {_columns(len(scores))} {are} worse, that is further from the real one "
        f"than chance explains. The furthest off first: {named}{more}."
    )


def _missing(missingness: Sequence[Missingness], n_real: int) -> str:
    if all(column.real == 0 and column.synthetic == 0 for column in missingness):
        return "No value is missing in either table."
    widest = max(missingness, key=lambda column: abs(column.real - column.synthetic))
    at_most = "at most " if 0 < widest.real * n_real < MIN_CELL + 0.5 else ""
    return (
        f"Missing values: the largest difference is in {shown(widest.column)}, where "
        f"{at_most}{percent(widest.real)} of the real and {percent(widest.synthetic)} of the "
        "synthetic values are missing."
    )


def _columns(n: int) -> str:
    return "1 column" if n == 1 else f"{n:,} columns"
