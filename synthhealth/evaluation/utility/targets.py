"""Which columns are predicted, and what is true of every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthhealth.errors import ParameterError, nearest
from synthhealth.evaluation.figures import NotComputed
from synthhealth.evaluation.utility.learners import Stack
from synthhealth.evaluation.utility.results import Choice, Task
from synthhealth.schema import Role, Schema

__all__ = ["FEWEST_TESTED", "Target", "Targets", "choose_targets"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

#: Fewest rows with the outcome that a test says anything about, and fewest of a class.
FEWEST_TESTED = 20
FEWEST_OF_CLASS = 8
MOST_CLASSES = 10
#: Outcomes of more than two classes that the screen takes; each takes several times as long.
MOST_OF_SEVERAL = 2
#: Rows that the screen of outcomes looks at.
SCREENED_ROWS = 500
#: A column that the others determine is theirs in other words, and no outcome.
DETERMINED = 0.98
#: Less than this share of the variance found is nothing found.
FOUND = 0.02


@dataclass(frozen=True)
class Target:
    """An outcome.

    Attributes
    ----------
    column : str
        Its column.
    chosen : str
        Why it is one.
    n_classes : int or None
        Number of classes; None for numbers.
    values : ndarray of shape (n_rows,)
        Of every row of all tables: its class, or its rank among the tested real rows, from 0 to 1;
        NaN where it is missing or of no class.
    """

    column: str
    chosen: Choice
    n_classes: int | None
    values: Floats

    @property
    def task(self) -> Task:
        """What is predicted."""
        if self.n_classes is None:
            return "numerical"
        return "binary" if self.n_classes == 2 else "multi-class"


@dataclass(frozen=True)
class Targets:
    """The outcomes, and why others are none."""

    found: tuple[Target, ...]
    not_computed: tuple[NotComputed, ...]


def choose_targets(
    stack: Stack,
    schema: Schema,
    *,
    tested: Rows,
    screened: Rows,
    described: Schema,
    outcomes: Sequence[str] | None,
    most: int,
) -> Targets:
    """Choose what is predicted: the columns named, else the schema's outcomes, else by a screen.

    The screen takes every column of numbers or of 2 to 10 levels, predicts it from all others by
    ridge regression in the real table, leaving one row out at a time, and keeps those with the
    largest R squared; outcomes of more than two classes come last, two at most, for they take the
    longest. A column that the others determine, and one they do not predict, is left.

    Parameters
    ----------
    stack : Stack
        All rows of all tables.
    schema : Schema
        What its columns are.
    tested, screened : ndarray of int
        The real rows that are tested on, and those that the screen looks at.
    described : Schema
        What all columns of the user's table are.
    outcomes : sequence of str or None
        The columns named.
    most : int
        Most outcomes that are taken by the screen.

    Raises
    ------
    ParameterError
        A column named is not in the table.
    """
    chosen: Choice
    if outcomes is not None:
        _check_names(outcomes, described)
        named, chosen = tuple(dict.fromkeys(outcomes)), "named"
    else:
        named = tuple(column.name for column in described if column.role is Role.OUTCOME)
        chosen = "schema"
    if named:
        return _given(stack, named, tested, chosen)
    return _screened(stack, schema, tested, screened, most)


def _check_names(outcomes: Sequence[str], described: Schema) -> None:
    for name in outcomes:
        if name not in described.names:
            hint = nearest(name, described.names)
            raise ParameterError(f"outcomes: there is no column {name!r}{hint}")


def _given(stack: Stack, names: Sequence[str], tested: Rows, chosen: Choice) -> Targets:
    found, gaps = [], []
    for name in names:
        if name not in stack.columns:
            reason = "the column identifies people or is free text, and is not compared"
            gaps.append(NotComputed(what="utility", column=name, reason=reason))
            continue
        target = _target(stack, name, tested, chosen)
        if isinstance(target, Target):
            found.append(target)
        else:
            gaps.append(NotComputed(what="utility", column=name, reason=target))
    return Targets(tuple(found), tuple(gaps))


def _screened(stack: Stack, schema: Schema, tested: Rows, screened: Rows, most: int) -> Targets:
    names = [
        column.name
        for column, values in zip(schema, stack.plain.T, strict=True)
        if column.kind.is_numerical or _n_levels(values[tested]) <= MOST_CLASSES
    ]
    targets = [_target(stack, name, tested, "screened") for name in names]
    plausible = [target for target in targets if isinstance(target, Target)]
    if not plausible:
        reason = (
            f"no column has at least {FEWEST_TESTED} tested rows, and {FEWEST_OF_CLASS} of each "
            "of two classes or different numbers"
        )
        return Targets((), (NotComputed(what="utility", column=None, reason=reason),))
    shares = np.array([_predictability(stack, target, screened) for target in plausible])
    several = np.array([target.task == "multi-class" for target in plausible])
    order = np.lexsort([-shares, several])
    kept = [index for index in order if FOUND < shares[index] < DETERMINED][:most]
    # Those of several classes are last: whatever goes beyond the allowance is one of them.
    n_single = sum(not several[index] for index in kept)
    kept = kept[: n_single + MOST_OF_SEVERAL]
    if not kept:
        reason = "no column can be predicted from the others in the real table"
        return Targets((), (NotComputed(what="utility", column=None, reason=reason),))
    return Targets(tuple(plausible[index] for index in kept), ())


def _n_levels(values: Floats) -> int:
    return np.unique(values[~np.isnan(values)]).size


def _target(stack: Stack, name: str, tested: Rows, chosen: Choice) -> Target | str:
    """Give an outcome, or the reason why it is none."""
    if all(feature == name for feature in stack.features):
        return "there is no other column to predict it from"
    index = stack.columns.index(name)
    values = stack.plain[:, index]
    known = values[tested][~np.isnan(values[tested])]
    if known.size < FEWEST_TESTED:
        return f"fewer than {FEWEST_TESTED} of the tested real rows have a value"
    if not stack.categorical[index]:
        if np.ptp(known) == 0:
            return "all its values in the tested real rows are equal"
        return Target(name, chosen, None, _ranks(values, np.sort(known)))
    classes, n_classes = _classes(values, known)
    if n_classes < 2:
        return f"fewer than two classes have at least {FEWEST_OF_CLASS} of the tested real rows"
    return Target(name, chosen, n_classes, classes)


def _ranks(values: Floats, known: Floats) -> Floats:
    """Give the share of the known values below each value: a few extreme ones decide nothing."""
    left, right = (np.searchsorted(known, values, side=side) for side in ("left", "right"))
    return np.where(np.isnan(values), np.nan, 0.5 * (left + right) / known.size)


def _classes(values: Floats, known: Floats) -> tuple[Floats, int]:
    """Give the commonest levels numbers; rare ones are a class together, if they are enough."""
    found, counts = np.unique(known, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    common = order[counts[order] >= FEWEST_OF_CLASS]
    if found.size > MOST_CLASSES:
        common = common[: MOST_CLASSES - 1]
    rest = known.size - counts[common].sum()
    classes = np.full(values.size, float(common.size) if rest >= FEWEST_OF_CLASS else np.nan)
    for code, level in enumerate(np.sort(found[common])):
        classes[values == level] = code
    classes[np.isnan(values)] = np.nan
    return classes, int(common.size + (rest >= FEWEST_OF_CLASS))


def _predictability(stack: Stack, target: Target, rows: Rows) -> float:
    """Give R squared of a ridge regression on the other columns, leaving one row out at a time.

    The better of two penalties counts: one for noise, one that lets a sum be found.
    """
    others = np.array([feature != target.column for feature in stack.features])
    rows = rows[~np.isnan(target.values[rows])][:SCREENED_ROWS]
    features = stack.scaled[np.ix_(rows, others)]
    features = features - features.mean(axis=0)
    values = target.values[rows]
    if target.n_classes is not None:
        outcome = np.eye(target.n_classes)[values.astype(np.intp)]
    else:
        outcome = values[:, None]
    outcome = outcome - outcome.mean(axis=0)
    n, p = features.shape
    gram = features.T @ features
    total = max(float(np.sum(outcome**2)), np.finfo(float).tiny)
    shares = []
    for penalty in (p, 0.01 * p):
        shrunk = np.linalg.solve(gram + penalty * np.eye(p), features.T).T
        leverage = np.einsum("ij,ij->i", shrunk, features) + 1.0 / n
        errors = outcome - shrunk @ (features.T @ outcome)
        errors /= np.maximum(1.0 - leverage, np.finfo(float).eps)[:, None]
        shares.append(1.0 - float(np.sum(errors**2)) / total)
    return max(shares)
