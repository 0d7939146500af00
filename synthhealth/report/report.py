"""The object that users hold: the figures at once, the page and its aggregates on demand."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from synthhealth.errors import ParameterError
from synthhealth.evaluation import Evaluation
from synthhealth.evaluation.evaluate import RealIs, check_real_is, evaluate_read
from synthhealth.evaluation.folds import pool_folds
from synthhealth.evaluation.scope import PARTS, Part, Scope
from synthhealth.evaluation.tables import Tables, read_tables
from synthhealth.evaluation.work import Seeds, timed
from synthhealth.report.data import ModelInfo, ReportData
from synthhealth.report.files import read_data, write
from synthhealth.report.parts.table_one import check_group
from synthhealth.schema import Schema

if TYPE_CHECKING:
    from synthhealth.evaluation.inference import Analysis
    from synthhealth.evaluation.privacy.attack import MembershipAttacks
    from synthhealth.evaluation.privacy.legal_tests import Released
    from synthhealth.evaluation.privacy.policy import Policy
    from synthhealth.report.compare import Comparison
    from synthhealth.report.plots import Plots
    from synthhealth.report.release.verdict import ReleaseVerdict

__all__ = ["Fold", "Report", "cross_validated", "evaluate"]

_TITLE = "Synthetic data report"


@dataclass(frozen=True, repr=False, eq=False)
class Report:
    """What came out when a synthetic table was compared with a real one.

    Made by `evaluate` and by ``Synthesizer.evaluate``. The figures are there at once; what the
    page shows beyond them is aggregated when it is first asked for.

    Attributes
    ----------
    evaluation : Evaluation
        The figures, each beside its noise floor.
    data : ReportData
        Everything the report says, aggregated: no patient's row or value is in it.
    written : Evaluation or None
        The figures of one table that a model drew, where `evaluation` is of further fits; see
        ``Synthesizer.cross_evaluate``.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from synthhealth.report import evaluate
    >>> rng = np.random.default_rng(0)
    >>> real = pd.DataFrame({"crp": rng.lognormal(size=61), "esr": rng.lognormal(size=61)})
    >>> fake = pd.DataFrame({"crp": rng.lognormal(size=500), "esr": rng.lognormal(size=500)})
    >>> report = evaluate(real, fake)
    >>> report.evaluation.n_synthetic
    500
    >>> len(report.data.numerical)
    2
    """

    evaluation: Evaluation
    _gather: Callable[[], ReportData] = field(repr=False)
    written: Evaluation | None = None

    @cached_property
    def data(self) -> ReportData:
        """Everything that the report says; gathered when it is asked for."""
        data = self._gather()
        # The tables are no longer needed, and a report must not keep patients alive.
        object.__setattr__(self, "_gather", _Gathered(data))
        return data

    @property
    def plot(self) -> Plots:
        """The figures one by one, for print: ``report.plot.column("crp")``; see `Plots`."""
        from synthhealth.report.plots import Plots

        return Plots(self.data)

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> Report:
        """Read a ``report.json`` back.

        Parameters
        ----------
        path : path-like
            A file that `to_json` wrote.

        Raises
        ------
        FileError
            The file cannot be read, or is not a report of this format.
        """
        data = read_data(path)
        return cls(data.evaluation, _Gathered(data), data.written)

    def compare(self, other: Report | str | os.PathLike[str]) -> Comparison:
        """Compare this report with another one of the same columns, figure by figure.

        Parameters
        ----------
        other : Report or path-like
            The second report, or its ``report.json``.

        Returns
        -------
        Comparison

        Raises
        ------
        ParameterError
            The reports are of different columns.
        FileError
            The file cannot be read, or is not a report of this format.
        """
        from synthhealth.report.compare import compare

        return compare(self.data, other.data if isinstance(other, Report) else read_data(other))

    def release(
        self,
        attacks: MembershipAttacks | None = None,
        *,
        cross_evaluated: Report | None = None,
        released: Released = "table",
        policy: Policy | None = None,
        files: Sequence[str | os.PathLike[str]] = (),
        created: datetime | None = None,
    ) -> ReleaseVerdict:
        """Hold the attacks on the patients against the tests of law, guidance and the site.

        Each test is *shown*, *not shown* or *exceeded*: WP216's singling out, linkability and
        inference, EMA Policy 0070's risk of 0.09, and what the policy of the site adds. Where an
        attack is missing, the verdict says how to make it.

        Parameters
        ----------
        attacks : MembershipAttacks, optional
            What `synthhealth.attack` found for the family of models, with its parameters.
        cross_evaluated : Report, optional
            That of ``Synthesizer.cross_evaluate`` on the same table: its attacks have patients
            that the fits never saw. A report of a written table has them already.
        released : {"table", "model", "both"}
            What is handed over; for the last two the attacks on the model's parameters count,
            too.
        policy : Policy, optional
            Limits of the site (`synthhealth.report.Policy`).
        files : sequence of path-like
            The files that leave it; their SHA-256 go onto the page.
        created : datetime.datetime, optional
            The time written onto the page, now by default.

        Returns
        -------
        ReleaseVerdict

        Raises
        ------
        ParameterError
            `released` is none of the above, or the evidence is about other columns or another
            family of models.
        FileError
            One of the files cannot be read.

        Examples
        --------
        >>> import synthhealth as sh
        >>> real, fake = (sh.datasets.load_ra_panel(random_state=seed) for seed in (0, 1))
        >>> verdict = sh.evaluate(real, fake, real_is="training", parts=["privacy"]).release()
        >>> verdict.outcome, len(verdict.tests)
        ('not shown', 4)
        """
        from synthhealth.evaluation.privacy.policy import Policy
        from synthhealth.report.release.verdict import verdict_on

        data = self.data
        other = None if cross_evaluated is None else cross_evaluated.data
        if data.written is not None:
            other = other or data
            data = data.model_copy(update={"evaluation": data.written, "written": None})
        return verdict_on(
            data,
            attacks=attacks,
            cross_evaluated=other,
            released=released,
            policy=policy or Policy(),
            files=files,
            created=_moment(created).replace(microsecond=0),
        )

    def summary(self, *, verbose: bool = False) -> str:
        """Return the report in words, as text for a terminal: 25 lines at most.

        Verdicts, reasons, the figures that decided on their bands, and what to do next.

        Parameters
        ----------
        verbose : bool
            Say everything: all advice, all findings, and what the report cannot show.

        Examples
        --------
        >>> import synthhealth as sh
        >>> real, fake = (sh.datasets.load_ra_panel(random_state=seed) for seed in (0, 1))
        >>> report = sh.evaluate(real, fake, parts=())
        >>> print(report.summary().splitlines()[0])
        Synthetic data report: 61 synthetic, 61 real rows, 17 columns
        """
        from synthhealth.report.text import as_summary, as_text

        return as_text(self.data) if verbose else as_summary(self.data)

    def lines(self) -> list[str]:
        """Return the verdicts and their reasons, each as one line, for a log: five at most."""
        from synthhealth.report.text import as_lines

        return as_lines(self.data)

    def to_html(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the report as one page that needs no other file and no network.

        Parameters
        ----------
        path : path-like
            The file, for example ``"report.html"``; written whole or not at all.
        force : bool
            Replace the file if it exists.

        Raises
        ------
        FileError
            The file exists already, or cannot be written.
        """
        from synthhealth.report.page import as_html

        write(path, lambda: as_html(self.data), force=force)

    def to_json(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the report as JSON under the published schema (`synthhealth.report.json_schema`).

        Parameters
        ----------
        path : path-like
            The file, for example ``"report.json"``; written whole or not at all.
        force : bool
            Replace the file if it exists.

        Raises
        ------
        FileError
            The file exists already, or cannot be written.
        """
        write(path, lambda: self.data.model_dump_json(indent=1) + "\n", force=force)

    def to_markdown(
        self, path: str | os.PathLike[str] | None = None, *, force: bool = False
    ) -> str:
        """Return the report as Markdown, and write it if a path is given.

        Parameters
        ----------
        path : path-like, optional
            The file, for example ``"report.md"``; written whole or not at all.
        force : bool
            Replace the file if it exists.

        Raises
        ------
        FileError
            The file exists already, or cannot be written.
        """
        from synthhealth.report.text import as_markdown

        text = as_markdown(self.data)
        if path is not None:
            write(path, lambda: text, force=force)
        return text

    def __repr__(self) -> str:
        evaluation = self.evaluation
        return (
            f"<Report: {evaluation.n_synthetic:,} synthetic against {evaluation.n_real:,} real "
            f"rows; .summary(), .to_html(path), .plot>"
        )

    def _repr_html_(self) -> str:
        from synthhealth.report.screen import report_screen

        return report_screen(self.data)

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickled report holds aggregates, never the tables.
        return Report, (self.data.evaluation, _Gathered(self.data), self.data.written)


def evaluate(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    schema: Schema | None = None,
    *,
    real_is: Literal["training", "holdout", "given"] = "given",
    holdout: pd.DataFrame | None = None,
    training: pd.DataFrame | None = None,
    outcomes: Sequence[str] | None = None,
    analyses: str | Analysis | Sequence[str | Analysis] = (),
    by: Sequence[str] | None = None,
    parts: Sequence[Part] = PARTS,
    random_state: int | None = 0,
    title: str | None = None,
    model: ModelInfo | None = None,
    created: datetime | None = None,
    group: str | None = None,
) -> Report:
    """Compare a synthetic table with a real one.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tables with the same columns, in any order.
    schema : Schema, optional
        Kinds and units of the columns; detected from `real` by default. For a table that was drawn
        by a model with merged levels give the model's, ``schema=model.schema_``: the real levels
        are then merged, too.
    real_is : {"training", "holdout", "given"}
        Whether the model was trained on the real rows, never saw them, or nobody said.
    holdout : pandas.DataFrame, optional
        Patients that the model never saw, where it was trained on the `real` ones: the synthetic
        table is compared with `real`; whether it is of use, and whether patients were copied, is
        judged with the holdout.
    training : pandas.DataFrame, optional
        The patients that the model was trained on, where it never saw the `real` ones.
    outcomes : sequence of str, optional
        Columns to be predicted from the others by models that are trained on either table; by
        default the outcomes of the schema, or else those that the others predict best.
    analyses : str, Analysis or sequence of them
        Regressions to be fitted to both tables, as formulas, for example ``"crp ~ age + sex"``; see
        `synthhealth.evaluation.inference.Analysis`.
    by : sequence of str, optional
        Columns that group the patients; by default sex, age and the outcomes of the schema.
    parts : sequence of str
        ``"copying"``, ``"privacy"``, ``"joint"``, ``"coverage"``, ``"subgroups"``, ``"utility"``,
        ``"sdmetrics"``: what is computed beside the single columns, their pairs and missing values;
        all by default.
    random_state : int or None
        Seed of the noise floors and permutation tests.
    title : str, optional
        Title of the report.
    model : ModelInfo, optional
        Which model made the synthetic table.
    created : datetime.datetime, optional
        The time written into the report, now by default; give one for the same bytes every time.
    group : str, optional
        The categorical column by which Table 1 groups the patients; by default the outcome that
        the schema names, or else the sex.

    Returns
    -------
    Report

    Raises
    ------
    TableError
        A table is empty, the two tables' columns differ, cells do not fit the schema, or no column
        can be compared.
    SchemaError
        The schema does not describe the real table's columns.
    ParameterError
        An option is none of the above, names an unknown column, or `holdout` and `training` say
        something else than `real_is`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.report import evaluate
    >>> real = pd.DataFrame({"sex": list("FFFFFMMMMM") * 6, "age": range(20, 80)})
    >>> report = evaluate(real, real.sample(frac=1, random_state=0), real_is="training")
    >>> report.evaluation.overall.ks_average.value
    1.0
    """
    created = _moment(created)
    check_real_is(real_is)
    role = _role(real_is, holdout, training)
    seeds = Seeds.of(random_state)
    tables = timed(
        "reading",
        lambda: read_tables(
            real,
            synthetic,
            schema,
            training=real if role == "training" else training,
            unseen=real if role == "holdout" else holdout,
        ),
    )
    check_group(group, tables.schema)
    scope = Scope(outcomes, analyses, by, parts)
    scope.check(tables.schema)
    evaluation = evaluate_read(tables, seeds, real_is=role, scope=scope)
    return _report(tables, evaluation, title=title, created=created, model=model, group=group)


def cross_validated(
    folds: Sequence[Fold],
    *,
    outcomes: Sequence[str] | None = None,
    analyses: str | Analysis | Sequence[str | Analysis] = (),
    by: Sequence[str] | None = None,
    parts: Sequence[Part] = PARTS,
    random_state: int | None = 0,
    title: str | None = None,
    model: ModelInfo | None = None,
    created: datetime | None = None,
    group: str | None = None,
    written: Report | None = None,
) -> Report:
    """Judge a way of making synthetic tables by several fits of one table.

    Parameters
    ----------
    folds : sequence of Fold
        One per part of the table that was held out.
    outcomes, analyses, by, parts, random_state, title, model, created, group
        As for `evaluate`.
    written : Report, optional
        Of one table that such a model drew, against the patients that it learned: it stands beside,
        and a fault of that table is a fault of the verdict.

    Returns
    -------
    Report
        Its real table is that of all parts held out, its synthetic one as many rows of each model
        as its part has. It judges the procedure, not one model.

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.report import Fold, cross_validated
    >>> tables = [sh.datasets.load_ra_panel(61, random_state=seed) for seed in range(6)]
    >>> report = cross_validated([Fold(*tables[:3]), Fold(*tables[3:])])
    >>> report.evaluation.n_folds
    2
    """
    created = _moment(created)
    seeds = Seeds.of(random_state)
    read = [
        read_tables(
            fold.unseen, fold.synthetic, fold.schema, training=fold.training, unseen=fold.unseen
        )
        for fold in folds
    ]
    tables = pool_folds(read) if len(read) > 1 else read[0]
    check_group(group, tables.schema)
    scope = Scope(outcomes, analyses, by, parts)
    scope.check(tables.schema)
    role: RealIs = "cross-validated" if len(read) > 1 else "holdout"
    evaluation = evaluate_read(tables, seeds, real_is=role, scope=scope, folds=read)
    return _report(
        tables,
        evaluation,
        title=title,
        created=created,
        model=model,
        group=group,
        written=None if written is None else written.evaluation,
    )


@dataclass(frozen=True)
class Fold:
    """One fit of a cross-validation.

    Attributes
    ----------
    training : pandas.DataFrame
        The patients that the model learned.
    unseen : pandas.DataFrame
        The part that was held out.
    synthetic : pandas.DataFrame
        Rows that the model drew, at least as many as were held out.
    schema : Schema, optional
        What the columns are, as the model took them.
    """

    training: pd.DataFrame
    unseen: pd.DataFrame
    synthetic: pd.DataFrame
    schema: Schema | None = None


def _moment(created: datetime | None) -> datetime:
    created = datetime.now(timezone.utc) if created is None else created
    if created.tzinfo is None:
        raise ParameterError("created has no time zone; pass datetime(..., tzinfo=timezone.utc)")
    return created


def _role(real_is: RealIs, holdout: pd.DataFrame | None, training: pd.DataFrame | None) -> RealIs:
    """Say which table the real one is, from what is given beside it."""
    if holdout is None and training is None:
        return real_is
    if holdout is not None and training is not None:
        raise ParameterError(
            "give holdout or training, not both: the table compared with is the other one"
        )
    role: RealIs = "holdout" if holdout is None else "training"
    if real_is not in ("given", role):
        beside = "training" if holdout is None else "holdout"
        raise ParameterError(
            f"real_is is {real_is!r}, but with {beside} the real table is {role!r}"
        )
    return role


def _report(
    tables: Tables,
    evaluation: Evaluation,
    *,
    title: str | None,
    created: datetime,
    model: ModelInfo | None,
    group: str | None,
    written: Evaluation | None = None,
) -> Report:
    # Kept as they are now: the caller may change the tables before the page is asked for.
    kept = tables.copy()

    def gather_data() -> ReportData:
        from synthhealth.report.summary import gather

        return gather(
            kept,
            evaluation,
            title=title or _TITLE,
            created=created.replace(microsecond=0),
            model=model,
            group=group,
            written=written,
        )

    return Report(evaluation, gather_data, written)


@dataclass(frozen=True)
class _Gathered:
    """Data that is there already, in the place of the function that would gather it."""

    data: ReportData

    def __call__(self) -> ReportData:
        return self.data
