"""How likely patients look to whoever holds synthetic rows or a saved model.

A model that has learned a patient takes such a patient to be a little more likely than it would
otherwise. How much, `shadow` finds out from fits with and without.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.evaluation.encode import encode
from synthhealth.evaluation.tables import CanonicalTable, read_tables
from synthhealth.fitted import Fitted
from synthhealth.models import DensityModel
from synthhealth.schema import Schema
from synthhealth.table.encoding import ColumnForm

__all__ = ["FileSignals", "Patients", "from_file", "from_rows"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Beyond the patients' own range normal scores go on in a straight line, so far.
BEYOND = 2.0
#: A correlation of the synthetic rows counts so much less: some thousand rows tell it no better.
SHRINKAGE = 0.1
#: A pattern of gaps that a model does not know is that share of one patient.
UNKNOWN_PATTERN = 0.5


@dataclass(frozen=True)
class Patients:
    """The patients that are attacked, as an attacker knows them.

    Attributes
    ----------
    table : pandas.DataFrame
        Their rows, as they are learned.
    schema : Schema
        What its columns are.
    """

    table: pd.DataFrame
    schema: Schema

    @cached_property
    def canonical(self) -> CanonicalTable:
        """All their rows, read under the schema."""
        read = read_tables(self.table, self.table, self.schema, training=self.table).training
        assert read is not None
        return read

    @cached_property
    def of_row(self) -> npt.NDArray[np.int64]:
        """The patient of each row, numbered from 0."""
        return self.canonical.patients

    def __len__(self) -> int:
        return int(self.of_row.max()) + 1

    def added(self, by_row: npt.NDArray[np.generic]) -> Floats:
        """Add up what the rows of each patient have."""
        weights = by_row.astype(np.float64)
        return np.bincount(self.of_row, weights, len(self)).astype(np.float64)

    def rows_of(self, chosen: npt.NDArray[np.int64]) -> pd.DataFrame:
        """Give the rows of some patients, as a table of its own."""
        return self.table[np.isin(self.of_row, chosen)].reset_index(drop=True)


class FileSignals(NamedTuple):
    """What a saved model says of each patient."""

    margins: pd.DataFrame | None
    """Log density of each column by itself, shape (n_patients, n_columns); None where the family
    gives none."""
    dependence: Floats | None
    """What the joint law adds to these, shape (n_patients,)."""
    impossible: Floats
    """Cells that cannot be by the file: beyond its limits, or a level that it has not."""
    gaps: Floats
    """Log share of the patient's pattern of missing values."""


def from_rows(patients: Patients, synthetic: pd.DataFrame) -> Floats:
    """Give the log density of each patient among synthetic rows.

    It is that of a Gaussian copula with its margins fixed: numbers become normal scores of the
    patients' own ranks, each level and each gap a 0/1 feature, scaled, and the synthetic rows give
    their mean and covariance. Of the estimates that were tried on small clinical cohorts, kernels
    of several widths and nearest rows among them, it tells members best, and costs least.

    Parameters
    ----------
    patients : Patients
    synthetic : pandas.DataFrame
        Some thousand rows.

    Returns
    -------
    ndarray of shape (n_patients,)
        Up to a constant.
    """
    read = read_tables(patients.table, synthetic, patients.schema, training=patients.table)
    assert read.training is not None
    encoded = encode([read.training, read.synthetic], read.schema)
    known, synthetic_rows = encoded.plain
    ours, drawn = _features(known, synthetic_rows, encoded.categorical)
    covariance = np.atleast_2d(np.cov(drawn.T))
    covariance += SHRINKAGE * (np.eye(len(covariance)) - covariance)
    away = ours - drawn.mean(axis=0)
    distance = np.einsum("ij,ij->i", away, np.linalg.solve(covariance, away.T).T)
    return patients.added(-0.5 * (distance + np.linalg.slogdet(covariance).logabsdet))


def from_file(patients: Patients, fitted: Fitted) -> FileSignals:
    """Give what the parameters of a saved model say of each patient.

    Beside the family's own density (`synthhealth.models.DensityModel`) it is what every file holds:
    limits, levels, and patterns of missing values.
    """
    table = patients.canonical.table
    forms = [form for form in fitted.preparation.form.columns if form.name in table]
    plain = pd.DataFrame({form.name: form.encode(table[form.name]) for form in forms})
    # A level that the file has not is unknown to the density; here it counts.
    impossible = np.sum([_impossible(form, plain, table) for form in forms], axis=0)
    share = fitted.preparation.patterns.share_of(table.isna())
    gaps = np.log(np.maximum(share, UNKNOWN_PATTERN / fitted.n_rows))
    margins = dependence = None
    if isinstance(fitted.model, DensityModel):
        density = fitted.model.log_density(plain)
        margins = density.margins.apply(lambda column: patients.added(column.to_numpy()))
        dependence = patients.added(density.dependence)
    return FileSignals(margins, dependence, patients.added(impossible), patients.added(gaps))


def _impossible(form: ColumnForm, plain: pd.DataFrame, table: pd.DataFrame) -> Bools:
    return ~form.can_be(plain[form.name].to_numpy()) & table[form.name].notna().to_numpy()


def _features(patients: Floats, drawn: Floats, categorical: Bools) -> tuple[Floats, Floats]:
    """Give both tables as features whose scale is that of the patients."""
    ours: list[Floats] = []
    theirs: list[Floats] = []

    def add(first: Floats, second: Floats) -> None:
        mean, spread = first.mean(), first.std()
        if spread > 0:
            ours.append((first - mean) / spread)
            theirs.append((second - mean) / spread)

    for values, others, is_levels in zip(patients.T, drawn.T, categorical, strict=True):
        known = np.unique(values[~np.isnan(values)])
        if is_levels:
            for level in known[1:]:
                add((values == level).astype(np.float64), (others == level).astype(np.float64))
        elif known.size > 1:
            add(_normal_scores(values, values), _normal_scores(others, values))
        add(np.isnan(values).astype(np.float64), np.isnan(others).astype(np.float64))
    return np.column_stack(ours), np.column_stack(theirs)


def _normal_scores(values: Floats, like: Floats) -> Floats:
    """Give the normal scores that values have among others; those of a gap are 0."""
    from scipy import special, stats

    known = like[~np.isnan(like)]
    points, first = np.unique(known, return_index=True)
    at = special.ndtri((stats.rankdata(known)[first] - 0.5) / known.size)
    slope = (at[-1] - at[0]) / (points[-1] - points[0])
    beyond = np.clip(
        values - np.clip(values, points[0], points[-1]), -BEYOND / slope, BEYOND / slope
    )
    return np.nan_to_num(np.interp(values, points, at) + slope * beyond)
