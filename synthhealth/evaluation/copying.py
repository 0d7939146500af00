"""Whether synthetic rows are patients: identical rows, rows too near, rows near those learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from synthhealth.evaluation.calibration import Replicates, Unjudged, band_of
from synthhealth.evaluation.encode import encode, row_codes
from synthhealth.evaluation.figures import Band, NotComputed
from synthhealth.evaluation.folds import combine_figures
from synthhealth.evaluation.gower import Places, places_of
from synthhealth.evaluation.matching import CategoricalColumn, NumericalColumn
from synthhealth.evaluation.null_bands import Draws, ks_of_rows, level_shares
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.work import Seeds, attempt, sort_out

__all__ = ["COPYING", "compare_copying", "copied_rows", "copy_scores", "draw_copies"]


Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

REPLICATES = 10
MOST_ROWS = 1_000
MOST_COPIED = 3_000


def copied_rows(n_real: int, n_synthetic: int, rng: np.random.Generator) -> Rows:
    """Give the rows of a copy: all of them as often as they fit, the rest without repeats."""
    whole, rest = divmod(n_synthetic, n_real)
    return np.concatenate(
        [np.tile(np.arange(n_real), whole), rng.permutation(n_real)[:rest]]
    ).astype(np.intp)


def draw_copies(n_real: int, n_synthetic: int, rng: np.random.Generator) -> Draws:
    """Draw a few copies of the real table, of larger ones copies of 1,000 of their rows."""
    n = min(n_real, MOST_ROWS)
    m = int(np.clip(round(n_synthetic * n / n_real), 1, MOST_COPIED))
    first = [rng.choice(n_real, n, replace=False) for _ in range(REPLICATES)]
    return Draws(
        first=np.array(first),
        second=np.array([rows[copied_rows(n, m, rng)] for rows in first]),
        scale=float(np.sqrt(n / n_real)),
    )


def copy_scores(column: NumericalColumn | CategoricalColumn, draws: Draws) -> Floats:
    """Give the scores of copies of a column, one for each.

    They do not depend on which values stand in one row, so that a copy whose columns have been
    shuffled scores the same.
    """
    if isinstance(column, CategoricalColumn):
        return _scores(_tv(column, draws), draws)
    return _scores(ks_of_rows(*(column.measured[0][rows] for rows in _both(draws))), draws)


def _both(draws: Draws) -> tuple[Rows, Rows]:
    return draws.first, draws.second


def _tv(column: CategoricalColumn, draws: Draws) -> Floats:
    first, second = (level_shares(column.real[rows], column.n_levels) for rows in _both(draws))
    gaps: Floats = 0.5 * np.abs(first - second).sum(axis=1)
    return gaps


def _scores(distances: Floats, draws: Draws) -> Floats:
    # Where few values are known a small copy may have none of them.
    return np.clip(1.0 - draws.scale * np.nan_to_num(distances, nan=0.0), 0.0, 1.0)


Codes = npt.NDArray[np.int64]

#: Fewer patients have no distances that others could be held against.
FEWEST_ROWS = 10
#: A row is near a patient if it is nearer than all but this share of patients are to another.
NEAR = 0.05
#: Distances that are computed, of each table to the patients.
MOST_DISTANCES = 4_000_000
#: Synthetic rows whose columns are shuffled, at least, in the search for near rows.
FEWEST_MIXED = 500
MOST_PATIENTS = 50_000
PERMUTATIONS = 400


def compare_copying(
    tables: Tables, seeds: Seeds
) -> tuple[tuple[Unjudged, ...], tuple[NotComputed, ...]]:
    """Look for patients among the synthetic rows.

    The patients are those that the model learned, or the real table where they are not known; of
    a patient with several rows all are searched, and none is held against another one.

    - ``identical_rows``: share of synthetic rows that equal a patient in every column. A perfect
      generator meets patients by chance; how often follows from the patients themselves, by
      Good's and Turing's estimate (Good, 1953) with the variance of Esty (1983), and a
      beta-binomial law.
    - ``near_rows``: share of synthetic rows that lie nearer to a patient than all but 5 % of the
      patients lie to their nearest other patient. For a perfect generator a synthetic row is as
      one patient more, so that the number of such rows follows a beta-binomial law (Wilks, 1942).
      Where the synthetic columns, each shuffled by itself, come as near, nothing was copied
      either. Distances are Gower's (1971) with ranks.
    - ``nearer_to_learned``, where unseen patients are known: share of synthetic rows whose
      nearest patient is one that was learned, against random exchanges of the learned and the
      unseen patients. A model that was fitted to few patients leans on them without copying any,
      so that this figure is of a family of its own.

    Of large tables, up to 50,000 rows are taken at random, and of the synthetic ones as many as
    keep the number of distances at four million; identical rows are looked for among all.
    """
    patients = tables.training or tables.everyone or tables.real
    if len(np.unique(patients.patients)) < FEWEST_ROWS:
        reason = f"fewer than {FEWEST_ROWS} real patients"
        return (), (NotComputed(what="copied rows", column=None, reason=reason),)
    known = [patients, tables.synthetic]
    if tables.training is not None and tables.unseen is not None:
        known.append(tables.unseen)
    places = encode(known, tables.schema)
    rng = seeds.rng("rows to compare")
    rows = [_some(len(table), rng) for table in places.plain]
    points = places_of(
        [table[some] for table, some in zip(places.plain, rows, strict=True)], places.categorical
    )
    whose = patients.patients
    figures: dict[str, Callable[..., Unjudged]] = {
        "identical rows": partial(_identical, [*places.plain[:2]], whose),
        "near rows": partial(_near, points[0], points[1], pd.factorize(whose[rows[0]])[0]),
    }
    if len(points) > 2:
        once = points[0].take(_one_row_each(whose[rows[0]], rng))
        figures["learned rows"] = partial(_nearer, once, points[1], points[2])
    unjudged, gaps = sort_out(
        [attempt(name, partial(figure, rng=seeds.rng(name))) for name, figure in figures.items()]
    )
    return tuple(unjudged), tuple(gaps)


# Identical rows


@dataclass(frozen=True)
class BetaBinomial:
    """The law of the share among m rows of those with a property that `yes` of others had."""

    m: int
    yes: float
    no: float

    @property
    def band(self) -> Band:
        law = stats.betabinom(self.m, self.yes, self.no)
        low, high = law.ppf([0.025, 0.975]) / self.m
        mean = self.yes / (self.yes + self.no)
        return Band(mean=float(mean), low=float(low), high=float(high), method="exact")

    def tails(self, value: float) -> tuple[float, float]:
        law, count = stats.betabinom(self.m, self.yes, self.no), round(value * self.m)
        return float(np.clip(law.cdf(count), 0, 1)), float(np.clip(law.sf(count - 1), 0, 1))


def _identical(tables: list[Floats], whose: Codes, rng: np.random.Generator) -> Unjudged:
    patients, synthetic = tables
    codes = [row_codes(table) for table in tables]
    # A patient whose rows are alike meets none but itself.
    different = pd.DataFrame({"row": codes[0], "whose": whose}).drop_duplicates()
    counts = different["row"].value_counts().to_numpy()
    n, m = len(different), len(synthetic)
    met = 1.0 - (counts == 1).sum() / n  # share of the population that the patients cover
    spread = n * met * (1.0 - met)
    weight = spread / (spread + 2.0 * (counts == 2).sum()) if spread else 1.0
    null = BetaBinomial(m, 0.5 + n * weight * met, 0.5 + n * weight * (1.0 - met))
    return Unjudged.of(
        "identical_rows",
        "copying",
        float(np.isin(codes[1], codes[0]).mean()),
        null,
        poor_side="low",
        assumption="Patients meet one another as often as new patients would meet them.",
        copy_of_real=Band(mean=1.0, low=1.0, high=1.0, method="exact"),
        shuffled=_drawn_identical(codes[0], patients, m, rng),
    )


def _drawn_identical(
    codes: npt.NDArray[np.uint64], patients: Floats, m: int, rng: np.random.Generator
) -> Band:
    rows = copied_rows(len(patients), min(m, MOST_PATIENTS), rng)
    mixed = np.column_stack([rng.permutation(column[rows]) for column in patients.T])
    return band_of(np.array([np.isin(row_codes(mixed), codes).mean()]))


# Near rows


def _some(n: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    return np.arange(n) if n <= MOST_PATIENTS else rng.choice(n, MOST_PATIENTS, replace=False)


def _one_row_each(whose: Codes, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Choose a row of each patient at random; where each has one, all in their order."""
    if len(np.unique(whose)) == len(whose):
        return np.arange(len(whose))
    order = rng.permutation(len(whose))
    return np.sort(order[np.unique(whose[order], return_index=True)[1]])


def _near(patients: Places, synthetic: Places, whose: Codes, rng: np.random.Generator) -> Unjudged:
    pool = rng.permutation(len(patients))[:MOST_PATIENTS]
    most = max(MOST_DISTANCES // pool.size, 2 * FEWEST_ROWS)
    base, whose = patients.take(pool), whose[pool]
    # One row of each patient, held against the rows of all others.
    each = _one_row_each(whose, rng)[:most]
    own = _nearest(base.take(each), base, whose, whose[each])
    rows = rng.permutation(len(synthetic))[:most]
    # One patient is left out for each row, as each patient is left out of its own distances.
    left_out = whose[rng.integers(pool.size, size=rows.size)]
    theirs = _nearest(synthetic.take(rows), base, whose, left_out)
    rank = max(int(NEAR * own.size), 1)
    limit = np.sort(own)[rank - 1]
    near = int((own <= limit + 1e-6).sum())
    mixed = base.shuffled(rng).take(slice(most))
    left_out = whose[rng.integers(pool.size, size=len(mixed))]
    shuffled = _nearest(mixed, base, whose, left_out)
    value = float((theirs <= limit + 1e-6).mean())
    as_patients = BetaBinomial(rows.size, near, own.size - near + 1)
    # Rows without the extremes lie near everybody where columns are many or hardly related. So do
    # their columns one by one, and those copy nobody.
    met = 0
    times = max(FEWEST_MIXED // rows.size, 1)
    for _ in range(times):
        apart = synthetic.take(rows).shuffled(rng)
        left_out = whose[rng.integers(pool.size, size=rows.size)]
        met += int((_nearest(apart, base, whose, left_out) <= limit + 1e-6).sum())
    one_by_one = BetaBinomial(rows.size, met + 0.5, times * rows.size - met + 0.5)
    return Unjudged.of(
        "near_rows",
        "copying",
        value,
        max(as_patients, one_by_one, key=lambda law: law.tails(value)[1]),
        poor_side="low",
        assumption="A row of a perfect generator lies as one patient more would, or as its columns "
        "by themselves do.",
        copy_of_real=Band(mean=1.0, low=1.0, high=1.0, method="exact"),
        shuffled=band_of(np.array([(shuffled <= limit + 1e-6).mean()])),
    )


def _nearest(rows: Places, base: Places, whose: Codes, left_out: Codes) -> Floats:
    """Give each row's distance to its nearest patient but the one left out."""
    nearest = np.empty(len(rows))
    step = max(MOST_DISTANCES // len(base), 1)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        distances = rows.take(part).distances(base)
        distances[left_out[part, None] == whose] = np.inf
        nearest[part] = distances.min(axis=1)
    return nearest


# Nearer to those learned than to those unseen


def _nearer(
    learned: Places, synthetic: Places, unseen: Places, rng: np.random.Generator
) -> Unjudged:
    share = len(learned) / (len(learned) + len(unseen))
    patients = min(len(learned) + len(unseen), MOST_PATIENTS)
    parts = [
        table.take(rng.permutation(len(table))[: max(round(patients * part), 1)])
        for table, part in ((learned, share), (unseen, 1 - share))
    ]
    base = Places(
        np.vstack([part.ranks for part in parts]),
        np.vstack([part.levels for part in parts]),
        learned.n_levels,
    )
    most = max(MOST_DISTANCES // len(base), 2 * FEWEST_ROWS)
    rows = synthetic.take(rng.permutation(len(synthetic))[:most])
    nearest = rows.distances(base).argmin(axis=1)
    weight = np.bincount(nearest, minlength=len(base)) / len(rows)
    n_learned = len(parts[0])
    exchanged = np.array(
        [weight[rng.permutation(len(base))[:n_learned]].sum() for _ in range(PERMUTATIONS)]
    )
    return Unjudged.of(
        "nearer_to_learned",
        "learning",
        float(weight[:n_learned].sum()),
        Replicates(exchanged, "permuted"),
        poor_side="low",
        assumption="Learned and unseen patients are of one population.",
        copy_of_real=Band(mean=1.0, low=1.0, high=1.0, method="exact"),
    )


def _ask(case: Case, seeds: Seeds) -> Answer:
    found = [compare_copying(fold, seeds) for fold in case.folds]
    if len(found) == 1:
        return Answer(None, *found[0])
    gaps = dict.fromkeys(gap for _, missing in found for gap in missing)
    return Answer(None, combine_figures([figures for figures, _ in found]), tuple(gaps))


#: Do synthetic rows repeat patients?
COPYING = Question("copied rows", _ask, part="copying", seconds=6.0)
