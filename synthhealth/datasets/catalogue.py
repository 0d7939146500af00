"""The tables that come with the library."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Dataset", "available"]


@dataclass(frozen=True)
class Dataset:
    """What there is to know of a table before it is loaded.

    Attributes
    ----------
    name : str
        Short name.
    rows, columns : int
        Its size, by default where it can be chosen.
    description : str
        What is in it, in a line.
    source : str
        Where it comes from.
    loader : str
        The function of `synthhealth.datasets` that loads it.
    """

    name: str
    rows: int
    columns: int
    description: str
    source: str
    loader: str


def available() -> tuple[Dataset, ...]:
    """List the tables that come with the library.

    Returns
    -------
    tuple of Dataset

    Examples
    --------
    >>> from synthhealth.datasets import available
    >>> [(table.name, table.rows, table.columns) for table in available()]
    [('ra_panel', 61, 17), ('breast_cancer', 569, 31), ('diabetes', 442, 11)]
    """
    return (
        Dataset(
            name="ra_panel",
            rows=61,
            columns=17,
            description="rheumatoid arthritis blood panel; simulated, no patient in it, any "
            "number of rows",
            source="drawn from published group statistics, Egyptian cohorts first",
            loader="load_ra_panel",
        ),
        Dataset(
            name="breast_cancer",
            rows=569,
            columns=31,
            description="cell nuclei in breast fine-needle aspirates, benign or malignant",
            source="Wisconsin Diagnostic Breast Cancer (Street, Wolberg and Mangasarian, 1993), "
            "in scikit-learn",
            loader="load_breast_cancer",
        ),
        Dataset(
            name="diabetes",
            rows=442,
            columns=11,
            description="diabetes patients at baseline and their disease progression a year later",
            source="Efron, Hastie, Johnstone and Tibshirani (2004), in scikit-learn",
            loader="load_diabetes",
        ),
    )
