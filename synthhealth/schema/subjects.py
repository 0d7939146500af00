"""Whose row each row is: where a patient has several, groups are counted in patients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.schema.schema import Schema

__all__ = ["VISITS", "Subjects", "count_patients", "n_patients", "subjects_of"]

#: What is lost where a patient's rows are learned.
VISITS = (
    "each row is learned as if it were a patient's only one, so that the order of visits, and "
    "which rows belong together, are lost; to keep them, bring the table to one row per patient "
    "first"
)

#: A number for each row that stands for its patient; None: every row is a patient of its own.
Subjects = npt.NDArray[np.int64]

#: All rows that say no patient: nobody knows how many they are of, so that they count as one.
NOBODY = 0


def subjects_of(table: pd.DataFrame, schema: Schema) -> Subjects | None:
    """Give each row the number of its patient, the same one in every table.

    Parameters
    ----------
    table : pandas.DataFrame
        A table as it was read.
    schema : Schema
        Says in `Schema.subject` which column tells the patients apart.

    Returns
    -------
    ndarray of int64, shape (n_rows,), or None
        None where no column does, or the table lacks it.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import Column, Schema
    >>> from synthhealth.schema.subjects import n_patients, subjects_of
    >>> visits = pd.DataFrame({"patient": ["A1", "A1", "B7"], "crp": [3.1, 8.0, 12.5]})
    >>> names = {"patient": "identifier", "crp": "continuous"}
    >>> schema = Schema(columns=[Column(name=k, kind=v) for k, v in names.items()])
    >>> n_patients(subjects_of(visits, schema.with_subject("patient")))
    2
    """
    if schema.subject is None or schema.subject not in table.columns:
        return None
    places, different = pd.factorize(table[schema.subject].astype(object))
    keys = np.array([_key(cell) for cell in different], dtype=object)
    numbers = pd.util.hash_array(keys, categorize=False).view(np.int64)
    return np.append(numbers, NOBODY)[places]


def n_patients(subjects: Subjects | None, rows: npt.NDArray[np.bool_] | None = None) -> int:
    """Count the patients of some rows, or of all that there are numbers for."""
    if subjects is None:
        if rows is None:
            raise ValueError("without numbers of patients, say which rows to count")
        return int(np.count_nonzero(rows))
    return len(np.unique(subjects if rows is None else subjects[rows]))


def count_patients(values: pd.Series, subjects: Subjects | None) -> pd.Series:
    """Count the patients that have each value, the most frequent first; gaps are no value."""
    if subjects is None:
        return values.value_counts()
    pairs = pd.DataFrame({"value": values.array, "subject": subjects}).dropna()
    return pairs.drop_duplicates()["value"].value_counts()


def _key(cell: object) -> str:
    """Give the same text for 1000, 1000.0 and ``1000``, and whatever the capitals."""
    if isinstance(cell, float | np.floating) and cell.is_integer():
        return f"{cell:.0f}"
    return str(cell).strip().casefold()
