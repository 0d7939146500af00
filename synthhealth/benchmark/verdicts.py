"""How often the verdicts are right, on tables of which the truth is known."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthhealth.benchmark.results import Machine, Part, Result, markdown_table
from synthhealth.datasets import load_ra_panel
from synthhealth.errors import ParameterError, nearest
from synthhealth.evaluation import Judgement, evaluate_tables
from synthhealth.progress import OnProgress, ProgressEvent, progress_reporter

__all__ = ["CASES", "Case", "Verdicts", "measure_verdicts"]


class Case(Part):
    """Tables of one known truth, and how they were judged."""

    name: str
    """What the judged tables are."""
    n_real: int
    """Rows of the real table."""
    n_synthetic: int
    """Rows of the judged table."""
    draws: int
    """Number of tables."""
    good: float
    """Share called good."""
    poor: float
    """Share called poor."""
    copied: float
    """Share called copied."""
    cannot_tell: float
    """Share of which nothing could be told."""
    named: float | None
    """Share in which the changed column, relation or group is among those that are worse; None \
where nothing was changed."""
    figures: dict[str, float]
    """For each figure the share in which it is worse or, of copied rows, shows them."""

    @classmethod
    def of(
        cls, name: str, sizes: tuple[int, int], results: Sequence[tuple[Judgement, Fault | None]]
    ) -> Case:
        """Count the verdicts."""
        draws = len(results)
        verdicts = Counter(judgement.verdict for judgement, _ in results)
        flagged = Counter(
            figure for judgement, _ in results for figure in (*judgement.poor, *judgement.copying)
        )
        named = [fault.is_named(judgement) for judgement, fault in results if fault is not None]
        return cls(
            name=name,
            n_real=sizes[0],
            n_synthetic=sizes[1],
            draws=draws,
            good=verdicts["good"] / draws,
            poor=verdicts["poor"] / draws,
            copied=verdicts["copied"] / draws,
            cannot_tell=verdicts["cannot tell"] / draws,
            named=sum(named) / len(named) if named else None,
            figures={figure: count / draws for figure, count in sorted(flagged.items())},
        )


class Verdicts(Result):
    """How often the verdicts are right."""

    cases: tuple[Case, ...]
    """One per known truth."""

    def to_markdown(self) -> str:
        """Give the shares of each verdict."""
        heads = (
            "tables",
            "real rows",
            "judged rows",
            "good",
            "poor",
            "copied",
            "cannot tell",
            "fault named",
        )
        rows = [
            (
                case.name,
                f"{case.n_real:,}",
                f"{case.n_synthetic:,}",
                *(
                    f"{100 * share:.1f} %"
                    for share in (case.good, case.poor, case.copied, case.cannot_tell)
                ),
                "" if case.named is None else f"{100 * case.named:.1f} %",
            )
            for case in self.cases
        ]
        figures = "\n".join(
            f"- {case.name}: "
            + ", ".join(f"{name} {100 * share:.1f} %" for name, share in case.figures.items())
            for case in self.cases
            if case.figures
        )
        note = (
            f"{self.machine.sentence()} {self.cases[0].draws} simulated cohorts of 17 columns for "
            "each line; the verdict is that on the whole table.\n"
        )
        return "\n".join([note, markdown_table(heads, rows), f"Flagged figures:\n\n{figures}\n"])


DRAWS = 200
N_PATIENTS = 61
#: Synthetic rows, where they are more than the patients.
N_ROWS = 1_000
#: A shift by half a standard deviation needs more patients to be found.
N_SHIFTED = 200
#: Groups need more patients, too.
N_GROUPS = (61, 150, 600)
COPIED = 0.1
SHIFT = 0.5


@dataclass(frozen=True)
class Fault:
    """What was planted: in a column, a relation of two, or groups of patients."""

    columns: tuple[str, ...]
    """The column, or the two columns; of groups, what any of their relations may be named by."""
    by: str | None = None

    def is_named(self, judgement: Judgement) -> bool:
        """Say whether the judgement names it."""
        if self.by is not None and any(by == self.by for by, _ in judgement.poor_groups):
            return True
        if len(self.columns) == 1 and self.by is None:
            return self.columns[0] in judgement.poor_columns
        return any(set(self.columns) <= set(pair) for pair in judgement.poor_relations)


Make = Callable[
    [pd.DataFrame, pd.DataFrame, np.random.Generator], tuple[pd.DataFrame, Fault | None]
]


def _perfect(
    real: pd.DataFrame, new: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, None]:
    return new, None


def _copy(
    real: pd.DataFrame, new: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, None]:
    return real.copy(), None


def _partly_copied(
    real: pd.DataFrame, new: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, None]:
    n_copied = round(COPIED * len(new))
    rows = rng.permutation(np.arange(n_copied) % len(real))
    return pd.concat([new.iloc[n_copied:], real.iloc[rows]], ignore_index=True), None


def _shuffled(
    real: pd.DataFrame, new: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, None]:
    return new.apply(lambda column: rng.permutation(column.to_numpy())), None


def _shifted(
    real: pd.DataFrame, new: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, Fault]:
    column = _any_measurement(new, rng)
    return new.assign(**{column: new[column] + SHIFT * real[column].std()}), Fault((column,))


def _rescaled(
    real: pd.DataFrame, new: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, Fault]:
    column = _any_measurement(new, rng)
    return new.assign(**{column: 100 * new[column] + 7000}), Fault((column,))


def _one_relation_lost(
    real: pd.DataFrame, new: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, Fault]:
    """Shuffle the transaminase that only the other one has much to do with."""
    table = new.assign(ast=rng.permutation(new["ast"].to_numpy()))
    return table, Fault(("alt", "ast"))


def _sexes_equal(
    real: pd.DataFrame, new: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, Fault]:
    """Give men and women the same mean of every measurement: men with women's blood."""
    measured = new.select_dtypes("float").columns
    means = new.groupby("sex", observed=True)[measured].transform("mean")
    table = new.assign(**(new[measured] - means + new[measured].mean()))
    return table, Fault(("sex",), by="sex")


def _sex_relation_lost(
    real: pd.DataFrame, new: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, Fault]:
    """Give men the creatinine of women, and leave all else."""
    means = new.groupby("sex", observed=True)["creatinine"].transform("mean")
    table = new.assign(creatinine=new["creatinine"] - means + new["creatinine"].mean())
    return table, Fault(("sex", "creatinine"), by="sex")


def _any_measurement(table: pd.DataFrame, rng: np.random.Generator) -> str:
    return str(rng.choice(table.select_dtypes("float").columns))


#: Each case: how the table to be judged is made from new patients, the number of real patients,
#: and of new ones.
CASES: dict[str, tuple[Make, int, int]] = {
    "perfect": (_perfect, N_PATIENTS, N_PATIENTS),
    "copy": (_copy, N_PATIENTS, N_PATIENTS),
    "a tenth copied": (_partly_copied, N_PATIENTS, N_PATIENTS),
    "shuffled": (_shuffled, N_PATIENTS, N_PATIENTS),
    "one column x -> 100x + 7000": (_rescaled, N_PATIENTS, N_PATIENTS),
    "perfect, more rows": (_perfect, N_PATIENTS, N_ROWS),
    "a tenth copied, more rows": (_partly_copied, N_PATIENTS, N_ROWS),
    "shuffled, more rows": (_shuffled, N_PATIENTS, N_ROWS),
    "perfect, more patients": (_perfect, N_SHIFTED, N_SHIFTED),
    "one column shifted by half a SD": (_shifted, N_SHIFTED, N_SHIFTED),
    **{
        f"{name}, {n} patients": (make, n, n)
        for name, make in (
            ("perfect", _perfect),
            ("one strong relation lost", _one_relation_lost),
            ("sexes made equal", _sexes_equal),
            ("creatinine without regard to sex", _sex_relation_lost),
        )
        for n in N_GROUPS
        if (name, n) != ("perfect", N_PATIENTS)
    },
}


def measure_verdicts(
    *,
    draws: int = DRAWS,
    cases: Iterable[str] | None = None,
    n_jobs: int = 1,
    on_progress: OnProgress | None = None,
) -> Verdicts:
    """Judge tables of which the truth is known, and count the verdicts.

    Every draw simulates a cohort of rheumatoid arthritis patients (`datasets.load_ra_panel`, 17
    columns) as the real table and a second one, from which the table to be judged is made: as it is
    (a perfect generator), with a tenth of its rows replaced by real ones, with every column
    shuffled by itself, with one column changed, one relation lost, or men and women made equal.

    Parameters
    ----------
    draws : int
        Cohorts of each case.
    cases : iterable of str, optional
        Names of `CASES`; all by default.
    n_jobs : int
        Judged at once, by joblib.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each cohort.

    Returns
    -------
    Verdicts

    Raises
    ------
    ParameterError
        A case is unknown.

    Examples
    --------
    >>> from synthhealth.benchmark import measure_verdicts
    >>> result = measure_verdicts(draws=1, cases=["copy"])
    >>> result.cases[0].copied
    1.0
    """
    from joblib import Parallel, delayed

    chosen = tuple(CASES if cases is None else cases)
    for case in chosen:
        if case not in CASES:
            raise ParameterError(f"unknown case {case!r}{nearest(case, CASES)}")
    jobs = [(case, seed) for case in chosen for seed in range(draws)]
    found: dict[str, list[tuple[Judgement, Fault | None]]] = {case: [] for case in chosen}
    begin = time.monotonic()
    with progress_reporter("benchmark", on_progress) as report:
        work: Any = Parallel(n_jobs=n_jobs, return_as="generator")
        for done, (job, result) in enumerate(
            zip(jobs, work(delayed(judge_once)(*job) for job in jobs), strict=True), start=1
        ):
            found[job[0]].append(result)
            elapsed = time.monotonic() - begin
            report(ProgressEvent("benchmark", done, len(jobs), "cohort", elapsed))
    return Verdicts(
        machine=Machine.here(),
        cases=tuple(Case.of(name, CASES[name][1:], results) for name, results in found.items()),
    )


def judge_once(case: str, seed: int) -> tuple[Judgement, Fault | None]:
    """Make one table and judge it; give what was planted, too."""
    make, *sizes = CASES[case]
    real, new = (load_ra_panel(n, random_state=2 * seed + i) for i, n in enumerate(sizes))
    table, changed = make(real, new, np.random.default_rng(seed))
    return evaluate_tables(real, table, parts=("copying", "joint", "subgroups")).judgement, changed
