"""The object that users hold: the figures at once, the page and its aggregates on demand."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, Literal

import pandas as pd

from synthhealth.errors import ParameterError
from synthhealth.evaluation import Evaluation
from synthhealth.evaluation._evaluate import check_real_is, evaluate_read
from synthhealth.evaluation._seeds import Seeds
from synthhealth.evaluation._tables import read_tables
from synthhealth.io import whole_file
from synthhealth.report._data import ModelInfo, ReportData
from synthhealth.report._table_one import check_group
from synthhealth.schema import Schema

__all__ = ["Report", "evaluate"]

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

    @cached_property
    def data(self) -> ReportData:
        data = self._gather()
        # The tables are no longer needed, and a report must not keep patients alive.
        object.__setattr__(self, "_gather", _Gathered(data))
        return data

    def summary(self) -> str:
        """Return the findings and the limits in plain words, as text for a terminal."""
        from synthhealth.report._text import as_text

        return as_text(self.data)

    def to_html(self, path: str | os.PathLike[str], force: bool = False) -> None:
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
        from synthhealth.report._html import as_html

        _write(path, lambda: as_html(self.data), force=force)

    def to_json(self, path: str | os.PathLike[str], force: bool = False) -> None:
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
        _write(path, lambda: self.data.model_dump_json(indent=1) + "\n", force=force)

    def to_markdown(self, path: str | os.PathLike[str] | None = None, force: bool = False) -> str:
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
        from synthhealth.report._text import as_markdown

        text = as_markdown(self.data)
        if path is not None:
            _write(path, lambda: text, force=force)
        return text

    def __repr__(self) -> str:
        evaluation = self.evaluation
        return (
            f"<Report: {evaluation.n_synthetic:,} synthetic against {evaluation.n_real:,} real "
            f"rows; .summary(), .to_html(path)>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickled report holds aggregates, never the tables.
        return Report, (self.evaluation, _Gathered(self.data))


def evaluate(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    schema: Schema | None = None,
    *,
    real_is: Literal["training", "holdout", "given"] = "given",
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
        `real_is`, `random_state`, `created` or `group` is none of the above.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.report import evaluate
    >>> real = pd.DataFrame({"sex": list("FFFFFMMMMM") * 6, "age": range(20, 80)})
    >>> report = evaluate(real, real.sample(frac=1, random_state=0), real_is="training")
    >>> report.evaluation.overall.ks_average.value
    1.0
    """
    created = datetime.now(timezone.utc) if created is None else created
    if created.tzinfo is None:
        raise ParameterError("created has no time zone; pass datetime(..., tzinfo=timezone.utc)")
    check_real_is(real_is)
    seeds = Seeds.of(random_state)
    tables = read_tables(real, synthetic, schema)
    check_group(group, tables.schema)
    evaluation = evaluate_read(tables, seeds, real_is=real_is)
    # Kept as they are now: the caller may change the tables before the page is asked for.
    kept = tables.copy()

    def gather_data() -> ReportData:
        from synthhealth.report._summary import gather

        return gather(
            kept,
            evaluation,
            title=title or _TITLE,
            created=created.replace(microsecond=0),
            model=model,
            group=group,
        )

    return Report(evaluation, gather_data)


@dataclass(frozen=True)
class _Gathered:
    """Data that is there already, in the place of the function that would gather it."""

    data: ReportData

    def __call__(self) -> ReportData:
        return self.data


def _write(path: str | os.PathLike[str], text: Callable[[], str], *, force: bool) -> None:
    with whole_file(path, force=force) as file:
        file.write_text(text(), encoding="utf-8", newline="\n")
