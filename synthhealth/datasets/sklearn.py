"""Two public clinical tables that scikit-learn carries."""

from __future__ import annotations

import pandas as pd

__all__ = ["load_breast_cancer", "load_diabetes"]

# scikit-learn's name: (ours, unit in UCUM).
DIABETES_COLUMNS = {
    "age": ("age", "a"),
    "sex": ("sex", None),
    "bmi": ("bmi", "kg/m2"),
    "bp": ("blood_pressure", "mm[Hg]"),
    "s1": ("total_cholesterol", "mg/dL"),
    "s2": ("ldl", "mg/dL"),
    "s3": ("hdl", "mg/dL"),
    "s4": ("cholesterol_hdl_ratio", None),
    "s5": ("log_triglycerides", None),
    "s6": ("glucose", "mg/dL"),
    "target": ("progression", None),
}

DIABETES_WHOLE_NUMBERS = ["age", "sex", "total_cholesterol", "glucose", "progression"]


def load_breast_cancer() -> pd.DataFrame:
    """Load the Wisconsin diagnostic breast cancer table.

    Thirty measurements of the cell nuclei in a fine-needle aspirate: the mean, the standard error
    and the worst (mean of the three largest) of ten features, such as ``mean_radius``,
    ``radius_error`` and ``worst_radius``; and ``diagnosis``, ``"malignant"`` or ``"benign"``. The
    source states no units.

    Returns
    -------
    pandas.DataFrame
        569 rows and 31 columns, nothing missing; ``attrs["units"]`` is empty.

    References
    ----------
    Street, Wolberg and Mangasarian (1993), Nuclear feature extraction for breast tumor diagnosis,
    SPIE 1905, 861-870. The copy is scikit-learn's.

    Examples
    --------
    >>> from synthhealth.datasets import load_breast_cancer
    >>> load_breast_cancer()["diagnosis"].value_counts().to_dict()
    {'benign': 357, 'malignant': 212}
    """
    from sklearn import datasets

    bunch = datasets.load_breast_cancer(as_frame=True)
    table: pd.DataFrame = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    names = [str(name) for name in bunch.target_names]
    table["diagnosis"] = pd.Series([names[code] for code in bunch.target], dtype=object)
    table.attrs["units"] = {}
    return table


def load_diabetes() -> pd.DataFrame:
    """Load the diabetes table of Efron et al., in its original units.

    Ten baseline measurements and ``progression``, a measure of the disease one year later. The
    source does not say which sex is coded 1 and which 2, and prints no units: those of pressure,
    cholesterol and glucose are plain from the size of the values.

    Returns
    -------
    pandas.DataFrame
        442 rows and 11 columns, nothing missing; ``attrs["units"]`` maps the columns whose unit
        is known to it.

    References
    ----------
    Efron, Hastie, Johnstone and Tibshirani (2004), Least angle regression, Annals of Statistics
    32, 407-499. The copy is scikit-learn's.

    Examples
    --------
    >>> from synthhealth.datasets import load_diabetes
    >>> table = load_diabetes()
    >>> table.shape, table.attrs["units"]["glucose"]
    ((442, 11), 'mg/dL')
    """
    from sklearn import datasets

    names = {theirs: ours for theirs, (ours, _) in DIABETES_COLUMNS.items()}
    bunch = datasets.load_diabetes(as_frame=True, scaled=False)
    table: pd.DataFrame = bunch.frame.rename(columns=names)
    table = table.astype(dict.fromkeys(DIABETES_WHOLE_NUMBERS, "int64"))
    table.attrs["units"] = {ours: unit for ours, unit in DIABETES_COLUMNS.values() if unit}
    return table
