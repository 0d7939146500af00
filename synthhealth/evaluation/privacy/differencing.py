"""Two releases that differ by one patient, and how exactly that patient comes out of them.

A mean of n + 1 patients less one of n, each times its number, is the last patient. What a saved
model tells of a column is nearly always such a mean: of the values, of their logarithms, of those
who have a level, of those who lack a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.evaluation.figures import Result
from synthhealth.evaluation.privacy.results import Attack, Given, Interval
from synthhealth.evaluation.privacy.shadow import Learn
from synthhealth.evaluation.privacy.signals import Patients
from synthhealth.evaluation.privacy.subtraction import (
    Means,
    learned_rows,
    means_in_report,
    means_of_rows,
    subtracted,
)
from synthhealth.fitted import Fitted
from synthhealth.models.seeding import derive_seed
from synthhealth.schema import Kind
from synthhealth.table.gaps import MissingPatterns

__all__ = ["Differencing", "Recovered", "Subtracted", "attack_by_differencing", "recover"]

Floats = npt.NDArray[np.float64]

#: A number came out exactly, or nearly, up to these shares of it.
EXACT, NEAR = 1e-6, 0.05
#: Rows drawn for a guess where the two files say nothing of a column.
GUESS_ROWS = 1_000
#: A file may state its number of rows less exactly, by this share; it is looked for so far.
COARSE = 0.3
#: How far a share times the number of rows may lie from a whole number.
WHOLE = 1e-6
BOOTSTRAPS = 1_000

#: What seeds are for.
_CHOICE, _FIT, _INTERVAL = range(3)


class Subtracted(Result):
    """What the difference of two means tells of the one patient who is in one of them only."""

    near: Attack
    """Numbers within 5 %, beside guessing the median of the others."""
    error: float
    """How far from the truth the numbers are, in standard deviations: the median."""
    guessed: float
    """The same of guessing the median of the others."""


class Differencing(Result):
    """What two releases tell of the one patient that only one of them learned."""

    exact: Attack
    """Numbers that came out exactly, to a millionth, beside guessing the median of the others."""
    near: Attack
    """Numbers within 5 %, likewise."""
    levels: Attack | None
    """Levels that came out right, beside guessing the most frequent; None without levels."""
    gaps: Attack | None
    """Cells of the columns with gaps of which it came out whether they are missing; None without \
gaps."""
    rows: Subtracted
    """From two tables of 100,000 rows, drawn with one seed."""
    report: Subtracted
    """From the means of the patients that two reports print."""


@dataclass(frozen=True)
class Recovered:
    """What was made of two files, by column."""

    numbers: dict[str, float]
    levels: dict[str, Any]
    missing: dict[str, bool]


def recover(before: Fitted, after: Fitted) -> Recovered:
    """Give the patient that the second model learned and the first one did not.

    Where the two files do not tell of a column, it is the median or the most frequent level of
    what the second one draws.
    """
    first, second = _Told.of(before), _Told.of(after)
    sizes = _Sizes(first.n_rows, max(second.n_rows, first.n_rows + 1))
    drawn = _typical(after)
    numbers: dict[str, float] = {}
    levels: dict[str, Any] = {}
    for form in after.preparation.form.columns:
        name = form.name
        if form.kind.is_numerical:
            value = None
            if name in first.numbers and name in second.numbers:
                value = first.numbers[name].added(second.numbers[name], sizes)
            value = drawn[name] if value is None or not np.isfinite(value) else value
            inside = np.clip(np.array([value]), form.low, form.high)
            numbers[name] = float(form.rounded(inside)[0])
        elif name in first.levels and name in second.levels:
            gained = _gained(first.levels[name], second.levels[name], sizes)
            levels[name] = max(gained, key=lambda level: gained[level])
        else:
            levels[name] = form.levels[int(drawn[name])]
    gained = _gained(first.patterns, second.patterns, sizes)
    pattern = max(gained, key=lambda missing: gained[missing])
    columns = before.preparation.patterns.columns + after.preparation.patterns.columns
    return Recovered(numbers, levels, {name: name in pattern for name in columns})


class _Sizes(NamedTuple):
    """Rows that two models learned; where they state the same number, one more is taken."""

    before: int
    after: int

    def added(self, before: float, after: float) -> float:
        """Give the mean of the added rows, of the means before and after."""
        return (self.after * after - self.before * before) / (self.after - self.before)


class _Law(NamedTuple):
    """What a file tells of the numbers of one column."""

    family: str
    parameters: Mapping[str, Any]
    offset: float | None
    """What was added before a logarithm was taken; None: it was not."""

    def added(self, after: _Law, sizes: _Sizes) -> float | None:
        """Give the number that made this law the one after it; None: it cannot be told."""
        if self.family != after.family or self.offset != after.offset:
            return None
        value = self._added(after, sizes)
        return value if self.offset is None else float(np.exp(min(value, 700.0)) - self.offset)

    def _added(self, after: _Law, sizes: _Sizes) -> float:
        from scipy import special, stats

        ours, theirs = self.parameters, after.parameters
        if self.family == "smooth":
            return sizes.added(_mean_of_bins(ours), _mean_of_bins(theirs))
        ends = (ours["loc"], ours["scale"])
        if self.family == "beta" and ends == (theirs["loc"], theirs["scale"]):
            # Maximum likelihood between given ends keeps the means of both logarithms.
            def log_gained(one: str) -> float:
                means = [
                    special.digamma(law[one]) - special.digamma(law["a"] + law["b"])
                    for law in (ours, theirs)
                ]
                return float(np.exp(min(sizes.added(*means), 0.0)))

            low, high = log_gained("a"), log_gained("b")
            return ends[0] + ends[1] * (low if low < high else 1.0 - high)
        law = getattr(stats, self.family)
        return sizes.added(float(law.mean(**ours)), float(law.mean(**theirs)))


def _mean_of_bins(margin: Mapping[str, Any]) -> float:
    """Give the mean of a column in bins, in each of which the density falls exponentially."""
    low, high = (np.array(margin["bins"][end]) for end in ("low", "high"))
    slants = np.array(margin["slants"])
    flat = np.abs(slants) < 1e-3
    steep = np.where(flat, 1.0, slants)
    places = np.where(flat, 0.5, 1 / steep - 1 / np.expm1(steep))
    return float(np.array(margin["shares"]) @ (low + places * (high - low)))


@dataclass(frozen=True)
class _Told:
    """What one file tells, as means."""

    n_rows: int
    numbers: dict[str, _Law]
    levels: dict[str, dict[Any, float]]
    patterns: dict[frozenset[str], float]

    @classmethod
    def of(cls, fitted: Fitted) -> _Told:
        state = fitted.model.state()
        levels = _level_shares(state, fitted)
        return cls(
            n_rows=_n_rows(levels, learned_rows(fitted)),
            numbers=_laws(state),
            levels=levels,
            patterns=_pattern_shares(fitted.preparation.patterns),
        )


def _laws(state: Mapping[str, Any]) -> dict[str, _Law]:
    """Find what a state tells of numbers: margins, or the one mode of a network's column."""
    offsets = state.get("offsets", {})
    laws: dict[str, _Law] = {}
    for column in state.get("table", ()):
        if len(column["centres"]) == 1:
            mode = {"loc": column["centres"][0], "scale": column["widths"][0]}
            laws[column["name"]] = _Law("norm", mode, offsets.get(column["name"]))
    margins = state.get("margins", {})
    if not isinstance(margins, Mapping):
        margins = dict(zip(state["columns"], margins, strict=True))
    for name, margin in margins.items():
        if margin["family"] != "levels":
            told = margin.get("parameters", margin)
            laws[name] = _Law(margin["family"], told, offsets.get(name))
    return laws


def _level_shares(state: Mapping[str, Any], fitted: Fitted) -> dict[str, dict[Any, float]]:
    form = fitted.preparation.form
    margins = zip(state.get("columns", ()), state.get("margins", ()), strict=False)
    shares = {
        name: dict(
            zip((form[name].levels[one] for one in margin["order"]), margin["shares"], strict=True)
        )
        for name, margin in margins
        if isinstance(margin, Mapping) and margin["family"] == "levels"
    }
    with_levels = [column for column in state.get("table", ()) if column["levels"]]
    for column, asked in zip(with_levels, state.get("level_shares", ()), strict=False):
        named = [form[column["name"]].levels[place] for place in column["levels"]]
        shares[column["name"]] = dict(zip(named, asked, strict=True))
    return shares


def _pattern_shares(patterns: MissingPatterns) -> dict[frozenset[str], float]:
    shares: dict[frozenset[str], float] = {frozenset(): 0.0}
    for size, row in zip(patterns.sizes, patterns.shares, strict=False):
        for which, share in row:
            states = zip(patterns.columns, patterns.patterns[which], strict=True)
            missing = frozenset(name for name, state in states if state > 0)
            shares[missing] = shares.get(missing, 0.0) + size * share
    return shares


def _n_rows(levels: Mapping[str, Mapping[Any, float]], stated: int) -> int:
    """Give the number of rows that the shares of levels are of, else the one that is stated."""
    shares = np.array([share for column in levels.values() for share in column.values()])
    if shares.size:
        reach = max(int(COARSE * stated), 1)
        near = range(max(stated - reach, 2), stated + reach + 1)
        for n in sorted(near, key=lambda n: abs(n - stated)):
            if np.abs(n * shares - np.round(n * shares)).max() < WHOLE:
                return n
    return stated


def _gained(
    before: Mapping[Any, float], after: Mapping[Any, float], sizes: _Sizes
) -> dict[Any, float]:
    return {
        key: sizes.added(before.get(key, 0.0), after.get(key, 0.0)) for key in {**before, **after}
    }


def _typical(fitted: Fitted) -> dict[str, float]:
    drawn = fitted.model.sample(GUESS_ROWS, seed=0)
    plain = fitted.preparation.realise(drawn, np.random.default_rng(0)).plain
    return {
        form.name: float(
            plain[form.name].median() if form.kind.is_numerical else plain[form.name].mode()[0]
        )
        for form in fitted.preparation.form.columns
    }


def attack_by_differencing(
    patients: Patients,
    learn: Learn,
    *,
    attempts: int,
    seed: int,
    n_jobs: int | None = None,
) -> Differencing:
    """Leave some patients out, one by one, and look whether two releases give them away.

    The two are the saved models, tables drawn from them, and reports on their patients.

    Parameters
    ----------
    patients : Patients
        All that the second model learns.
    learn : callable
        Learns a table; see `shadow.Learn`. It hands a model over.
    attempts : int
        Patients who are left out.
    seed : int
        Decides everything; both models are fitted with one seed.
    n_jobs : int, optional
        Fits at once, by joblib.
    """
    from joblib import Parallel, delayed

    n = len(patients)
    rng = np.random.default_rng(derive_seed(seed, _CHOICE))
    chosen = rng.permutation(n)[:attempts]
    parts = [np.arange(n), *(np.delete(np.arange(n), one) for one in chosen)]
    after, *before = Parallel(n_jobs=n_jobs)(
        delayed(_release)(patients, learn, part, derive_seed(seed, _FIT)) for part in parts
    )
    scores = [
        _scored(patients, int(one), first, after) for one, first in zip(chosen, before, strict=True)
    ]

    def attack(what: str) -> Attack | None:
        pairs = [score.pairs[what] for score in scores if what in score.pairs]
        return _as_attack(what, pairs, derive_seed(seed, _INTERVAL)) if pairs else None

    def needed(what: str) -> Attack:
        found = attack(what)
        assert found is not None
        return found

    def subtraction(what: str) -> Subtracted:
        away = np.concatenate([score.away[what] for score in scores])
        error, guessed = np.median(away, axis=0)
        return Subtracted(near=needed(what), error=float(error), guessed=float(guessed))

    return Differencing(
        exact=needed("exact"),
        near=needed("near"),
        levels=attack("levels"),
        gaps=attack("gaps"),
        rows=subtraction("rows"),
        report=subtraction("report"),
    )


class _Release(NamedTuple):
    """What of one model, and of the patients that it was given, leaves the hospital."""

    fitted: Fitted
    rows: Means
    report: Means


def _release(patients: Patients, learn: Learn, part: npt.NDArray[np.int64], seed: int) -> _Release:
    table = patients.rows_of(part)
    fitted = learn(table, seed).fitted
    assert fitted is not None
    return _Release(fitted, means_of_rows(fitted), means_in_report(table, patients.schema))


#: The attacks: their names, what the attacker holds, and does.
_WORDS: dict[str, tuple[str, Given, str]] = {
    "exact": ("Differencing: numbers, exactly", "saved model", "saved models"),
    "near": ("Differencing: numbers, within 5 %", "saved model", "saved models"),
    "levels": ("Differencing: levels", "saved model", "saved models"),
    "gaps": ("Differencing: what is missing", "saved model", "saved models"),
    "rows": ("Differencing: numbers, within 5 %", "synthetic rows", "synthetic tables"),
    "report": ("Differencing: numbers, within 5 %", "report", "reports"),
}

#: Of one patient the share that came out, and what guessing gives.
Pair = tuple[float, float]


class _Score(NamedTuple):
    """What came out of one patient: shares by attack, and distances from the truth."""

    pairs: dict[str, Pair]
    away: dict[str, Floats]


def _scored(patients: Patients, one: int, before: _Release, after: _Release) -> _Score:
    """Compare what came out of one patient's first row with the row."""
    table = patients.canonical.table
    row = table.iloc[int(np.flatnonzero(patients.of_row == one)[0])]
    others = table[patients.of_row != one]
    found = recover(before.fitted, after.fitted)
    by_file = _away(patients, row, others, found.numbers)
    away = {
        "rows": _away(patients, row, others, subtracted(before.rows, after.rows)),
        "report": _away(patients, row, others, subtracted(before.report, after.report)),
    }
    levels = [
        (float(level == row[name]), float(others[name].mode()[0] == row[name]))
        for name, level in found.levels.items()
        if name in table and not pd.isna(row[name])
    ]
    gaps = [
        (
            float(missing == pd.isna(row[name])),
            float((others[name].isna().mean() > 0.5) == pd.isna(row[name])),
        )
        for name, missing in found.missing.items()
        if name in table
    ]
    told = {
        "exact": _within(by_file, EXACT),
        "near": _within(by_file, NEAR),
        "levels": levels,
        "gaps": gaps,
        **{what: _within(numbers, NEAR) for what, numbers in away.items()},
    }
    pairs = {
        what: (float(np.mean([p[0] for p in pairs])), float(np.mean([p[1] for p in pairs])))
        for what, pairs in told.items()
        if pairs
    }
    in_deviations = {
        what: np.array([(one.found / one.sd, one.guessed / one.sd) for one in numbers if one.sd])
        for what, numbers in away.items()
    }
    return _Score(pairs, {what: one.reshape(-1, 2) for what, one in in_deviations.items()})


class _Away(NamedTuple):
    """How far from a patient's number lies what came out, and the median of the others."""

    found: float
    guessed: float
    truth: float
    sd: float


def _away(
    patients: Patients, row: pd.Series, others: pd.DataFrame, found: Mapping[str, float]
) -> list[_Away]:
    numbers = []
    for name, value in found.items():
        if name not in others or pd.isna(row[name]) or _is_date(patients, name):
            continue
        known = pd.to_numeric(others[name]).to_numpy(float, na_value=np.nan)
        truth = float(row[name])
        guess, sd = float(np.nanmedian(known)), float(np.nanstd(known))
        numbers.append(_Away(abs(value - truth), abs(guess - truth), truth, sd))
    return numbers


def _within(numbers: Sequence[_Away], share: float) -> list[Pair]:
    """Say which lie within a share of the truth."""
    return [
        (float(one.found <= share * abs(one.truth)), float(one.guessed <= share * abs(one.truth)))
        for one in numbers
    ]


def _is_date(patients: Patients, name: str) -> bool:
    return bool(pd.api.types.is_datetime64_any_dtype(patients.canonical.table[name])) or (
        name in patients.schema.names and patients.schema[name].kind is Kind.DATETIME
    )


def _as_attack(what: str, pairs: Sequence[Pair], seed: int) -> Attack:
    name, given, releases = _WORDS[what]
    found, guessed = np.array(pairs).T
    rng = np.random.default_rng(seed)
    drawn = (found - guessed)[rng.integers(len(pairs), size=(BOOTSTRAPS, len(pairs)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Attack(
        name=name,
        threat=f"Somebody holds two {releases}, the second of which is of one patient more, and "
        "subtracts what they tell.",
        source="Dinur and Nissim 2003; Dwork and others 2017",
        given=given,
        attempts=len(pairs),
        success=float(found.mean()),
        control=None,
        chance=float(guessed.mean()),
        excess=float((found - guessed).mean()),
        interval=Interval(low=float(low), high=float(high), method="bootstrap"),
    )
