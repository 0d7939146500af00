"""The findings and the limits of a report in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from synthhealth.evaluation import Band, CategoricalResult, Evaluation, NumericalResult, Score
from synthhealth.report._data import Missingness, ModelInfo
from synthhealth.report._grid import MIN_CELL
from synthhealth.report._numbers import percent, score_text

Standing = Literal["below", "within", "above"]

#: Fewer real rows than this can only show large differences.
_FEW_ROWS = 300
_WORST = 5  # columns named in the summary

_REAL_IS = {
    "training": "The real rows are those the model was trained on.",
    "holdout": "The real rows were held out: the model never saw them.",
    "given": "The report was not told whether the model was trained on these real rows.",
}

# What it means to be closer to these patients than other patients are.
_CLOSE = {
    "training": ", which a model fitted to them can do without copying any of them",
    "holdout": ", which a model that never saw them has no reason to do",
    "given": "",
}


class ColumnScore(NamedTuple):
    """A column's score beside its noise floor, of whichever measure its kind asks for."""

    column: str
    score: float
    floor: Band

    @property
    def standing(self) -> Standing:
        return self.floor.standing(self.score)


def column_results(evaluation: Evaluation) -> list[NumericalResult | CategoricalResult]:
    """Return the results of all columns, numerical ones first."""
    return [*evaluation.numerical, *evaluation.categorical]


def column_scores(evaluation: Evaluation) -> list[ColumnScore]:
    """Return the score of every column, numerical ones first."""
    return [column_score(result) for result in column_results(evaluation)]


def column_score(result: NumericalResult | CategoricalResult) -> ColumnScore:
    """Return a column's score, whichever its measure."""
    score = result.ks_complement if isinstance(result, NumericalResult) else result.tv_complement
    return ColumnScore(column=result.column, score=score, floor=result.floor)


def worst_columns(evaluation: Evaluation) -> list[ColumnScore]:
    """Return the columns below their noise floor, the one furthest below first."""
    below = [column for column in column_scores(evaluation) if column.standing == "below"]
    return sorted(below, key=lambda column: column.score - column.floor.low)


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
    overall = evaluation.overall
    sentences = [_what(evaluation, model)]
    if overall.ks_average is not None:
        sentences.append(
            f"The numerical column{' scores' if len(evaluation.numerical) == 1 else 's score'} "
            f"{score_text(overall.ks_average.value)} on average (the KS test average; 1 means "
            f"identical distributions). {_floor_of(overall.ks_average, evaluation)}"
        )
    if evaluation.categorical:
        sentences.append(_all_columns(evaluation))
    if overall.dependence_difference is not None:
        sentences.append(_dependence(overall.dependence_difference, len(evaluation.pairs)))
    sentences.append(_worst(evaluation))
    sentences.append(_missing(missingness))
    if evaluation.not_computed:
        n_gaps = len(evaluation.not_computed)
        figures = "One figure" if n_gaps == 1 else f"{n_gaps:,} figures"
        sentences.append(f"{figures} could not be computed; the reasons are listed in the report.")
    return tuple(sentences)


def limit_sentences(evaluation: Evaluation) -> tuple[str, ...]:
    """Say what the report cannot show."""
    sentences = [
        "Scores are never proof of anonymity. A plain copy of the real table would score "
        "perfectly here. Whether a patient could be recognised in the synthetic table has to be "
        "examined separately."
    ]
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
    if evaluation.n_real < _FEW_ROWS and evaluation.numerical:
        lows = [result.floor.low for result in evaluation.numerical]
        smallest = 1 - sum(lows) / len(lows)
        sentences.append(
            f"With {evaluation.n_real} real rows only large differences can be told from chance: "
            f"the distribution functions of a numerical column must lie about {smallest:.2f} "
            "apart (KS distance) before that counts as a difference."
        )
    sentences.append(
        "Single columns and pairs of columns are compared. Combinations of three or more, "
        "subgroups of patients, and whether a medical analysis would come to the same conclusion "
        "are not."
    )
    sentences.append(
        f"Groups of fewer than {MIN_CELL} real patients are merged or hidden, so rare categories "
        "and extreme values cannot be judged from the figures."
    )
    return tuple(sentences)


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
        made = f" The synthetic rows were made by the model {shown(model.name)}{stopped}."
    return (
        f"{evaluation.n_synthetic:,} synthetic rows were compared with {evaluation.n_real:,} real "
        f"rows on {_columns(numerical + categorical)} ({numerical} "
        f"numerical, {categorical} categorical).{made} {_REAL_IS[evaluation.real_is]}"
    )


def _floor_of(score: Score, evaluation: Evaluation) -> str:
    told = {
        "below": "The synthetic table is below this noise floor: it differs from the real one by "
        "more than chance.",
        "within": "The synthetic table is within this noise floor: by this measure it cannot be "
        "told from a second sample of real patients.",
        "above": "The synthetic table is above this noise floor: it follows these very patients "
        f"more closely than a second sample of patients would{_CLOSE[evaluation.real_is]}.",
    }
    return (
        "Two independent samples of real patients of these sizes would score "
        f"{floor_text(score.floor)} in 95 of 100 cases. {told[score.floor.standing(score.value)]}"
    )


def _all_columns(evaluation: Evaluation) -> str:
    score, n_columns = evaluation.overall.column_average, len(column_scores(evaluation))
    if evaluation.overall.ks_average is not None:
        return (
            f"All {_columns(n_columns)} together, categories included, score "
            f"{score_text(score.value)} on average, {score.floor.standing(score.value)} their "
            f"noise floor of {floor_text(score.floor)}."
        )
    column = "column scores" if n_columns == 1 else "columns score"
    return (
        f"The categorical {column} {score_text(score.value)} on average (1 means identical "
        f"shares). {_floor_of(score, evaluation)}"
    )


def _dependence(score: Score, n_pairs: int) -> str:
    told = {
        "below": "The difference is below this noise floor: the relations among these very "
        "patients are repeated more closely than in a second sample of patients.",
        "within": "The difference is within this noise floor: by this measure the relations "
        "between columns are kept.",
        "above": "The difference is above this noise floor: relations between columns are lost "
        "or changed by more than chance.",
    }
    over = f", over {n_pairs:,} pairs" if n_pairs > 1 else ""
    return (
        f"The strength of the relation between two columns differs by {score_text(score.value)} "
        f"on average{over} (0 means not at all). Two independent samples of real patients would "
        f"differ by {floor_text(score.floor)} in 95 of 100 cases. "
        f"{told[score.floor.standing(score.value)]}"
    )


def _worst(evaluation: Evaluation) -> str:
    scores, worst = column_scores(evaluation), worst_columns(evaluation)
    if not worst:
        lowest = min(scores, key=lambda column: column.score)
        return (
            f"No column is below its own noise floor; the lowest score is "
            f"{score_text(lowest.score)} ({shown(lowest.column)})."
        )
    named = ", ".join(
        f"{shown(column.column)} ({score_text(column.score)}, floor {floor_text(column.floor)})"
        for column in worst[:_WORST]
    )
    more = f" and {len(worst) - _WORST} more" if len(worst) > _WORST else ""
    are = "is below its" if len(worst) == 1 else "are below their"
    return (
        f"{len(worst)} of {_columns(len(scores))} {are} own noise floor, where chance alone puts "
        f"about 1 in 40. Furthest below: {named}{more}."
    )


def _missing(missingness: Sequence[Missingness]) -> str:
    if all(column.real == 0 and column.synthetic == 0 for column in missingness):
        return "No value is missing in either table."
    widest = max(missingness, key=lambda column: abs(column.real - column.synthetic))
    return (
        f"Missing values: the largest difference is in {shown(widest.column)}, where "
        f"{percent(widest.real)} of the real and {percent(widest.synthetic)} of the synthetic "
        "values are missing."
    )


def _columns(n: int) -> str:
    return "1 column" if n == 1 else f"{n:,} columns"
