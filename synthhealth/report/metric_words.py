"""What each figure over the whole table is called, what it means, and how it is written.

A figure that is not listed keeps its own name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from synthhealth.evaluation import Band, Evaluation, Metric
from synthhealth.evaluation.figures import Family, State
from synthhealth.report.numbers import number_text, percent, score_text


class MetricWords(NamedTuple):
    """The words for one figure."""

    title: str
    meaning: str
    write: Callable[[float], str] = score_text
    finding: str = ""  # the start of a sentence for the summary; none if it is left to the table


#: What the figures judge, in the order in which they are shown.
FAMILIES: dict[Family, str] = {
    "marginals": "Single columns",
    "dependence": "Pairs of columns",
    "joint": "Whole rows",
    "missingness": "Missing values",
    "copying": "Copied rows",
    "learning": "Leaning on the patients learned",
}

_WORDS: dict[str, MetricWords] = {
    "ks_average": MetricWords(
        "KS test average",
        "Mean over the numerical columns of 1 minus the Kolmogorov-Smirnov distance. 1 = identical "
        "distributions.",
        finding="The numerical columns score {value} on average (the KS test average; 1 means "
        "identical distributions)",
    ),
    "column_average": MetricWords(
        "All columns",
        "Mean score over all columns, categories included. 1 = identical.",
        finding="All columns together, categories included, score {value} on average",
    ),
    "dependence_difference": MetricWords(
        "Relations between columns",
        "Mean difference in the strength of the relation of two columns. 0 = no difference.",
        finding="The strength of the relation between two columns differs by {value} on average (0 "
        "means not at all)",
    ),
    "mutual_information_difference": MetricWords(
        "Shared information",
        "Mean difference in how much one column tells of another, whatever the form of the "
        "relation. 0 = no difference.",
    ),
    "c2st_boosting": MetricWords(
        "Real or synthetic? (trees)",
        "How often boosted trees, shown a real and a synthetic row, tell which is which (AUC). 0.5 "
        "= by chance.",
        finding="Shown a real and a synthetic row, a program of decision trees tells which is "
        "which with a probability of {value} (0.5 is guessing)",
    ),
    "c2st_logistic": MetricWords(
        "Real or synthetic? (linear)",
        "The same by logistic regression, which sees no interactions (AUC). 0.5 = by chance.",
    ),
    "c2st_products": MetricWords(
        "Real or synthetic? (pairs)",
        "How often a regression on products of two columns, shown a real and a synthetic row, "
        "tells which is which (AUC). 0.5 = by chance.",
        finding="Shown a real and a synthetic row, a regression on products of two columns tells "
        "which is which with a probability of {value} (0.5 is guessing)",
    ),
    "pmse_ratio": MetricWords(
        "Propensity error ratio",
        "How far a regression's guesses at which rows are synthetic lie from knowing nothing, "
        "against what chance gives. 1 = by chance.",
        write=number_text,
    ),
    "pmse_products": MetricWords(
        "Propensity error ratio (pairs)",
        "The same on products of two columns, which sees relations. 1 = by chance.",
        write=number_text,
    ),
    "specks": MetricWords(
        "Propensity distance",
        "KS distance between the guesses for the real and for the synthetic rows. 0 = by chance.",
    ),
    "alpha_precision": MetricWords(
        "Typical rows (alpha-precision)",
        "Whether synthetic rows lie where real rows are typical. 1 = as typical.",
    ),
    "beta_recall": MetricWords(
        "Variety (beta-recall)",
        "Whether the synthetic rows cover all sorts of real rows. 1 = all.",
    ),
    "missing_patterns": MetricWords(
        "Missing patterns",
        "How alike the joint patterns of missing values are. 1 = identical.",
    ),
    "missing_together": MetricWords(
        "Missing together",
        "Largest difference in how often two columns are missing together. 0 = no difference.",
    ),
    "missing_dependence": MetricWords(
        "Whose values are missing",
        "Mean difference in how gaps depend on the values of other columns. 0 = no difference.",
    ),
    "identical_rows": MetricWords(
        "Identical rows",
        "Share of the synthetic rows that equal a patient in every column.",
        write=percent,
        finding="{value} of the synthetic rows equal a patient in every column",
    ),
    "near_rows": MetricWords(
        "Rows too near a patient",
        "Share of the synthetic rows that lie nearer to a patient than 95 of 100 patients lie to "
        "any other.",
        write=percent,
        finding="{value} of the synthetic rows lie nearer to a patient than 95 of 100 patients lie "
        "to any other",
    ),
    "nearer_to_learned": MetricWords(
        "Nearer to patients learned",
        "Share of the synthetic rows whose nearest patient is one that the model learned, rather "
        "than one it never saw.",
        write=percent,
        finding="{value} of the synthetic rows are nearer to a patient that the model learned than "
        "to one it never saw",
    ),
}

_NOT_TOLD = "at these sizes this figure cannot tell a good table from a poor one"
_OUTSIDE = "it lies outside, which among so many figures can be chance"
_READ: dict[Family, dict[State, str]] = {
    "marginals": {
        "as good": "by this measure they cannot be told from those of other patients",
        "worse": "they differ from the real ones by more than chance",
    },
    "dependence": {
        "as good": "by this measure the relations between columns are kept",
        "worse": "relations between columns are lost or changed by more than chance",
    },
    "joint": {
        "as good": "by this measure synthetic rows cannot be told from other patients",
        "worse": "synthetic rows can be told from patients",
    },
    "missingness": {
        "as good": "by this measure values are missing as in other patients",
        "worse": "values are missing otherwise than chance explains",
    },
    "copying": {
        "as good": "no more than chance explains",
        "copied": "more than chance explains, so that patients appear to have been copied",
        "uncertain": "at these sizes this figure cannot tell a copy from chance",
    },
    "learning": {
        "as good": "by this measure it does not lean on the patients it learned",
    },
}

_CLOSER: dict[Family, str] = {
    "learning": "it leans on the patients it learned more than chance explains, as a model of "
    "few patients does without copying any",
    "marginals": "they follow these very patients more closely than other patients would",
    "dependence": "the relations among these very patients are repeated more closely than in "
    "other patients",
    "joint": "synthetic rows resemble these very patients more than other patients would",
    "missingness": "gaps follow these very patients more closely than in other patients",
}

# What it means to be closer to these patients than other patients are.
_CLOSE: dict[str, str] = {
    "training": ", which a model fitted to them can do without copying any of them",
    "holdout": ", which a model that never saw them has no reason to do",
    "cross-validated": ", which models that never saw them have no reason to do",
    "given": "",
}


def words_of(name: str) -> MetricWords:
    """Return the words for a figure.

    Examples
    --------
    >>> words_of("ks_average").title, words_of("some_new_figure").title
    ('KS test average', 'Some new figure')
    """
    found = _WORDS.get(name)
    if found is not None:
        return found
    plain = name.replace("_", " ")
    return MetricWords(f"{plain[:1].upper()}{plain[1:]}", "")


def value_text(metric: Metric) -> str:
    """Return a figure as it is written."""
    return words_of(metric.name).write(metric.value)


def range_of(metric: Metric, low: float, high: float) -> str:
    """Return two ends of an interval of a figure.

    Examples
    --------
    >>> from synthhealth.evaluation import Band, Metric
    >>> band = Band(mean=0.02, low=0, high=0.049, method="exact")
    >>> metric = Metric(
    ...     name="identical_rows", family="copying", value=0, poor_side="low", perfect=band,
    ...     copy_of_real=None, shuffled=None, p_poor=1, p_close=1, q_poor=1, q_close=1,
    ...     state="as good", closer=False, assumption="",
    ... )
    >>> range_of(metric, band.low, band.high)
    '0 % to 4.9 %'
    """
    write = words_of(metric.name).write
    return f"{write(low)} to {write(high)}"


def perfect_text(metric: Metric) -> str:
    """Return the interval of a perfect generator."""
    return range_of(metric, metric.perfect.low, metric.perfect.high)


def in_sentence(title: str) -> str:
    """Return a title as it stands within a sentence.

    Examples
    --------
    >>> in_sentence("KS test average"), in_sentence("Identical rows")
    ('KS test average', 'identical rows')
    """
    return title if title[:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def against(metric: Metric) -> str:
    """Return a figure with what it is held against, for a sentence."""
    title = in_sentence(words_of(metric.name).title)
    return f"{title} {value_text(metric)} (other real patients: {perfect_text(metric)})"


def band_text(metric: Metric, band: Band | None) -> str:
    """Return what a copy or a shuffle scores, an en dash where that is not known."""
    return "–" if band is None else words_of(metric.name).write(band.mean)


def ordered(metrics: tuple[Metric, ...]) -> list[Metric]:
    """Return the figures by what they judge."""
    places = {family: place for place, family in enumerate(FAMILIES)}
    return sorted(metrics, key=lambda metric: places[metric.family])


def finding(metric: Metric, evaluation: Evaluation) -> str | None:
    """Return a sentence on a figure; None if it is left to the table of all figures."""
    words = words_of(metric.name)
    if not words.finding:
        return None
    outside = metric.perfect.standing(metric.value) != "within"
    read = _READ[metric.family].get(metric.state, _OUTSIDE if outside else _NOT_TOLD)
    if metric.closer:
        read = _CLOSER[metric.family]
        if metric.family != "learning" and not evaluation.judgement.copying:
            read += _CLOSE[evaluation.real_is]
    start = words.finding.format(value=value_text(metric))
    return (
        f"{start}. Other real patients would give {perfect_text(metric)} in 95 of 100 cases: "
        f"{read}."
    )
