"""Predictors trained on synthetic rows against predictors trained on real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from synthhealth.evaluation.calibration import ALARM
from synthhealth.evaluation.distances import false_discovery
from synthhealth.evaluation.figures import NotComputed, State
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.utility.learners import LEARNERS, Block, Learner, Setting, set_up
from synthhealth.evaluation.utility.results import (
    Difference,
    LearnerUtility,
    OutcomeUtility,
    Utility,
)
from synthhealth.evaluation.utility.scores import (
    Estimate,
    Exam,
    Measured,
    difference_of,
    p_worse,
)
from synthhealth.evaluation.utility.targets import Target, choose_targets
from synthhealth.evaluation.work import Seeds, attempt

__all__ = ["UTILITY", "UtilityComparison", "compare_utility"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Source = Literal["real", "synthetic", "both"]

SOURCES: tuple[Source, ...] = ("real", "synthetic", "both")
#: Outcomes that are screened for: of a small table, and of one that is sampled.
MOST_OUTCOMES = 5
FEW_OUTCOMES = 2
FEWEST_TRAINED = 10
#: Share of the way from chance to perfect that may be lost.
MARGIN = 0.1


class UtilityComparison(NamedTuple):
    """Whether predictors may be trained on synthetic rows, and which outcomes were not tried."""

    results: Utility | None
    not_computed: tuple[NotComputed, ...]


class _Tried(NamedTuple):
    """What every learner made of one outcome, by what it was trained on."""

    target: Target
    measured: dict[str, dict[Source, Measured]]

    def best(self, source: Source) -> str:
        return max(self.measured, key=lambda name: self.measured[name][source].estimate.value)

    def best_measured(self, source: Source) -> Measured:
        return self.measured[self.best(source)][source]

    def loss(self) -> Estimate:
        return self.best_measured("synthetic").estimate.minus(self.best_measured("real").estimate)


@dataclass(frozen=True)
class _Scale:
    """What an outcome's score is measured by."""

    measure: Literal["AUC", "mean AUC", "R squared of ranks"]
    chance: float

    @property
    def margin(self) -> float:
        return MARGIN * (1.0 - self.chance)


SCALES = {
    "binary": _Scale("AUC", 0.5),
    "multi-class": _Scale("mean AUC", 0.5),
    "numerical": _Scale("R squared of ranks", 0.0),
}


def compare_utility(
    folds: Sequence[Tables], seeds: Seeds, *, outcomes: Sequence[str] | None = None
) -> UtilityComparison:
    """Train predictors on synthetic rows and on real ones, and test both on the same real rows.

    Each outcome is predicted from all other columns by three learners: logistic or ridge
    regression, boosted trees, and nearest neighbours (Esteban, Hyland and Raetsch, 2017: train on
    synthetic, test on real). Where a model's training rows and rows that it never saw are both
    known, real predictors are trained on the former and all are tested on the latter; several
    models, each with its own rows (k-fold), are pooled. Otherwise the one real table is cut into
    parts (3 times 5 up to 400 rows, 3 up to 1,999; two halves beyond, one of which is tested): real
    predictors are trained on all other parts.

    Patients are compared within the part in which both were tested. Intervals of 95 % are over
    patients, by each one's influence on the score (DeLong, DeLong and Clarke-Pearson, 1988; Efron,
    2014), paired between predictors, with t quantiles (Welch, 1947); they hold for predictors
    trained on just these rows. A loss of up to a tenth of the way from chance to perfect (0.05 of
    an AUC, 0.1 of R squared) counts as equal: a test of non-inferiority, which, as such, needs an
    outcome that can be predicted at all (ICH E10).

    At most 1,000 rows of a table are trained on and 2,000 tested on, taken at random.

    Parameters
    ----------
    folds : sequence of Tables
        One for each model; each table's rows are tested on as the model saw them or not.
    seeds : Seeds
        Choose and deal out the rows.
    outcomes : sequence of str, optional
        Columns to predict; by default the schema's outcomes, or, where it has none, those that the
        other columns of the real table predict best: at most 5, of large tables 2.

    Returns
    -------
    UtilityComparison

    Raises
    ------
    ParameterError
        `outcomes` names a column that is not there.

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.evaluation.work import Seeds
    >>> from synthhealth.evaluation.tables import read_tables
    >>> real, fake = (sh.datasets.load_ra_panel(200, random_state=seed) for seed in (0, 1))
    >>> tables = read_tables(real, fake, None)
    >>> utility = compare_utility([tables], Seeds.of(0), outcomes=["haemoglobin"]).results
    >>> utility.tested_on, utility.outcomes[0].task
    ('rows the model may have learned', 'numerical')
    """
    setting = set_up(folds, seeds)
    targets = choose_targets(
        setting.stack,
        folds[0].schema,
        tested=setting.tested,
        screened=setting.real,
        described=folds[0].described,
        outcomes=outcomes,
        most=FEW_OUTCOMES if setting.sampled else MOST_OUTCOMES,
    )
    tried, gaps = [], list(targets.not_computed)
    for target in targets.found:
        result = attempt("utility", partial(_try, setting, target, seeds), column=target.column)
        if isinstance(result, str):
            result = NotComputed(what="utility", column=target.column, reason=result)
        if isinstance(result, NotComputed):
            gaps.append(result)
        else:
            tried.append(result)
    if not tried:
        return UtilityComparison(None, tuple(gaps))
    results = _results(tried)
    states = {result.state for result in results}
    ranked: tuple[State, ...] = ("worse", "as good", "uncertain")
    crossed = setting.design == "cross-validation"
    utility = Utility(
        tested_on=setting.tested_on,
        design=setting.design,
        n_folds=setting.n_parts if crossed else len(setting.blocks),
        n_repeats=setting.n_repeats,
        n_real=setting.n_trained,
        n_synthetic=max(block.synthetic.size for block in setting.blocks),
        n_tested=setting.n_tested,
        sampled=setting.sampled,
        outcomes=results,
        state=next(state for state in ranked if state in states),
    )
    return UtilityComparison(utility, tuple(gaps))


def _try(setting: Setting, target: Target, seeds: Seeds) -> _Tried | str:
    """Train and test all learners, or say why not."""
    known = ~np.isnan(target.values)
    blocks = [_with_outcome(block, known) for block in setting.blocks]
    for name, rows in (
        ("synthetic", [block.synthetic for block in blocks]),
        ("real", [block.real for block in blocks if block.real is not None]),
    ):
        if any(part.size < FEWEST_TRAINED for part in rows):
            return (
                f"fewer than {FEWEST_TRAINED} {name} rows to train on have a value of its classes"
            )
    rng = seeds.rng(f"utility: {target.column}")
    parts = [list(setting.parts(block, target.values, rng)) for block in blocks]
    seed = int(rng.integers(2**31))
    tested = np.concatenate([block.tested for block in blocks])
    patient = np.zeros(target.values.size, dtype=np.intp)
    patient[tested] = np.arange(tested.size)
    exam = Exam(
        target.values[tested],
        target.n_classes,
        [patient[test] for of_block in parts for _, test in of_block],
    )
    matrices = setting.stack.others(target.column)
    measured = {}
    for learner in LEARNERS:
        predictions = _predict(learner, matrices[learner.matrix], target, blocks, parts, seed)
        measured[learner.name] = {source: exam.measure(predictions[source]) for source in SOURCES}
    return _Tried(target, measured)


def _with_outcome(block: Block, known: npt.NDArray[np.bool_]) -> Block:
    return replace(
        block,
        real=None if block.real is None else block.real[known[block.real]],
        synthetic=block.synthetic[known[block.synthetic]],
        tested=block.tested[known[block.tested]],
    )


def _predict(
    learner: Learner,
    matrix: Floats,
    target: Target,
    blocks: Sequence[Block],
    parts: Sequence[Sequence[tuple[Rows, Rows]]],
    seed: int,
) -> dict[Source, list[Floats]]:
    """Predict every part by what was learned from real rows, from synthetic ones, from both."""

    def predict(train: Rows, test: Rows) -> Floats:
        outcome = target.values[train]
        return learner.predict(matrix[train], outcome, matrix[test], target.n_classes, seed)

    predictions: dict[Source, list[Floats]] = {source: [] for source in SOURCES}
    for block, of_block in zip(blocks, parts, strict=True):
        tests = [test for _, test in of_block]
        ends = np.cumsum([test.size for test in tests])[:-1]
        by_synthetic = predict(block.synthetic, np.concatenate(tests))
        predictions["synthetic"] += np.split(by_synthetic, ends)
        for train, test in of_block:
            predictions["real"].append(predict(train, test))
            predictions["both"].append(predict(np.concatenate([train, block.synthetic]), test))
    return predictions


def _results(tried: Sequence[_Tried]) -> tuple[OutcomeUtility, ...]:
    """Hold each outcome's losses against its margin, and adjust for their number."""
    p_poor = [p_worse(one.loss(), SCALES[one.target.task].margin) for one in tried]
    return tuple(
        _outcome(one, p, q)
        for one, p, q in zip(tried, p_poor, false_discovery(p_poor), strict=True)
    )


def _outcome(tried: _Tried, p_poor: float, q_poor: float) -> OutcomeUtility:
    target = tried.target
    scale = SCALES[target.task]
    real, both = tried.best_measured("real"), tried.best_measured("both")
    loss = difference_of(tried.loss())
    return OutcomeUtility(
        column=target.column,
        chosen=target.chosen,
        task=target.task,
        measure=scale.measure,
        n_classes=target.n_classes,
        chance=scale.chance,
        margin=scale.margin,
        learners=tuple(
            _learner(name, by_source, scale) for name, by_source in tried.measured.items()
        ),
        best_real=tried.best("real"),
        best_synthetic=tried.best("synthetic"),
        best_both=tried.best("both"),
        loss=loss,
        augmentation=difference_of(both.estimate.minus(real.estimate)),
        p_poor=p_poor,
        q_poor=q_poor,
        state=_state(loss, real, scale, poor=q_poor <= ALARM),
    )


def _learner(name: str, by_source: dict[Source, Measured], scale: _Scale) -> LearnerUtility:
    real, synthetic, both = (by_source[source] for source in SOURCES)
    loss = difference_of(synthetic.estimate.minus(real.estimate))
    return LearnerUtility(
        learner=name,
        real=real.performance,
        synthetic=synthetic.performance,
        both=both.performance,
        loss=loss,
        augmentation=difference_of(both.estimate.minus(real.estimate)),
        state=_state(loss, real, scale, poor=loss.high < -scale.margin),
    )


def _state(loss: Difference, real: Measured, scale: _Scale, *, poor: bool) -> State:
    if poor:
        return "worse"
    learnable = real.performance.low > scale.chance
    return "as good" if learnable and loss.low >= -scale.margin else "uncertain"


def _ask(case: Case, seeds: Seeds) -> Answer:
    results, gaps = compare_utility(case.folds, seeds, outcomes=case.scope.outcomes)
    return Answer(results, gaps=gaps)


#: May predictors be trained on synthetic rows?
UTILITY = Question("utility", _ask, "utility", "utility", seconds=7.0)
