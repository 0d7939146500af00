"""Several fits of one table, each judged against the patients that it did not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.errors import ParameterError
from synthhealth.evaluation.calibration import Unjudged
from synthhealth.evaluation.figures import Band
from synthhealth.evaluation.tables import CanonicalTable, Tables
from synthhealth.schema import Schema
from synthhealth.schema.subjects import subjects_of

__all__ = ["combine_figures", "parts_of", "pool_folds"]


def parts_of(table: pd.DataFrame, schema: Schema, k: int, seed: int) -> list[npt.NDArray[np.bool_]]:
    """Divide the rows into k parts by patients: who was learned is not unseen.

    Returns
    -------
    list of ndarray of bool, shape (n_rows,)
        Which rows are in each part.

    Raises
    ------
    ParameterError
        There are fewer than two patients for each part.
    """
    subjects = subjects_of(table, schema)
    patients = np.arange(len(table)) if subjects is None else pd.factorize(subjects)[0]
    n = int(patients.max()) + 1
    if not 2 <= k <= n // 2:
        raise ParameterError(
            f"k is {k}; give a whole number from 2 to half the number of patients ({n // 2})"
        )
    order = np.random.default_rng(seed).permutation(n)
    return [np.isin(patients, order[part::k]) for part in range(k)]


def pool_folds(folds: Sequence[Tables]) -> Tables:
    """Put the unseen patients of all folds together, and as many rows that the fits drew.

    Parameters
    ----------
    folds : sequence of Tables
        The real table of each is the part that was held out.
    """
    parts = [fold.synthetic.rows(slice(0, len(fold.real.table))) for fold in folds]
    return replace(
        folds[0],
        schema=_all_levels([fold.schema for fold in folds]),
        real=_joined([fold.real for fold in folds]),
        synthetic=_joined(parts),
        rare={},
        training=None,
        unseen=None,
        everyone=None,
    )


def combine_figures(folds: Sequence[Sequence[Unjudged]]) -> tuple[Unjudged, ...]:
    """Give each figure its mean over the folds.

    The fits share patients and are not independent; twice the median of the folds' p values is a
    p value whatever their dependence (Rueger, 1978). A figure that a fold lacks is left out.
    """
    by_name = [{figure.name: figure for figure in fold} for fold in folds]
    return tuple(
        _combined([fold[name] for fold in by_name])
        for name in by_name[0]
        if all(name in fold for fold in by_name)
    )


def _combined(unjudged: Sequence[Unjudged]) -> Unjudged:
    return replace(
        unjudged[0],
        value=float(np.mean([figure.value for figure in unjudged])),
        perfect=_mean_band([figure.perfect for figure in unjudged]),
        copy_of_real=_known_band([figure.copy_of_real for figure in unjudged]),
        shuffled=_known_band([figure.shuffled for figure in unjudged]),
        p_poor=_combined_p([figure.p_poor for figure in unjudged]),
        p_close=_combined_p([figure.p_close for figure in unjudged]),
        low=None,
        high=None,
        blind=all(figure.blind for figure in unjudged),
        assumption=f"{unjudged[0].assumption} Mean over {len(unjudged)} fits.",
    )


def _combined_p(p_values: Sequence[float]) -> float:
    return min(1.0, 2.0 * float(np.median(p_values)))


def _known_band(bands: Sequence[Band | None]) -> Band | None:
    known = [band for band in bands if band is not None]
    return _mean_band(known) if known else None


def _mean_band(bands: Sequence[Band]) -> Band:
    mean, low, high = np.mean([(band.mean, band.low, band.high) for band in bands], axis=0)
    return bands[0].model_copy(update={"mean": float(mean), "low": float(low), "high": float(high)})


def _joined(tables: Sequence[CanonicalTable]) -> CanonicalTable:
    marked = {name for table in tables for name in table.censored}
    return CanonicalTable(
        pd.concat([table.table for table in tables], ignore_index=True),
        {
            name: np.concatenate(
                [
                    table.censored.get(name, np.zeros(len(table.table), dtype=np.int8))
                    for table in tables
                ]
            )
            for name in marked
        },
    )


def _all_levels(schemas: Sequence[Schema]) -> Schema:
    """Give the first schema with the levels of all: each fit merges the levels rare in its part."""
    columns = []
    for column in schemas[0]:
        if column.levels is not None:
            found = [level for schema in schemas for level in schema[column.name].levels or ()]
            column = column.model_copy(update={"levels": tuple(dict.fromkeys(found))})
        columns.append(column)
    return schemas[0].model_copy(update={"columns": tuple(columns)})
