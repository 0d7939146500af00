"""The simulated cohort against the published figures it is drawn from.

The expected figures are typed from the sources, not taken from the module. They are judged on
20,000 people: every band is the source's figure with the room that rounding, cut tails and the
mixture of the sexes need, and reaches at least five standard errors beyond the law's own value, so
that a fresh seed would break one band with a probability below 1e-6 (about 1e-4 for the file).
"""

from __future__ import annotations

import hashlib
import os
import pickle
import random
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from synthhealth.datasets import load_ra_panel, ra_panel
from synthhealth.errors import ParameterError
from synthhealth.schema.units import check_unit

WHOLE_NUMBERS = ["age", "esr", "platelets", "alt", "ast"]
DECIMALS = {
    "crp": 1, "rf": 1, "anti_ccp": 1, "haemoglobin": 1, "rbc": 2, "wbc": 2, "neutrophils": 2,
    "lymphocytes": 2, "creatinine": 2, "urea": 1, "uric_acid": 1,
}  # fmt: skip

# SHA-256 of the default cohort as CSV. It changes only with the law or with numpy's generator;
# figures quoted in the documentation must then be made again.
DEFAULT_COHORT = "53029e2b6e4a3d3d6e224d9f98d118d76bf26efe000817ca78c0fe4e50a39445"


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return load_ra_panel()


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    return load_ra_panel(n=20_000, random_state=20260801)


def as_csv(panel: pd.DataFrame) -> bytes:
    return panel.to_csv(index=False, lineterminator="\n").encode()


class TestTable:
    def test_is_61_by_17(self, panel: pd.DataFrame) -> None:
        assert panel.shape == (61, 17)
        assert panel.index.equals(pd.RangeIndex(61))

    def test_dtypes(self, panel: pd.DataFrame) -> None:
        for name in WHOLE_NUMBERS:
            assert panel[name].dtype == np.int64, name
        for name in DECIMALS:
            assert panel[name].dtype == np.float64, name
        assert panel["sex"].dtype == object
        assert {type(value) for value in panel["sex"]} == {str}
        assert set(panel["sex"]) == {"F", "M"}

    def test_every_measured_column_has_a_unit_in_ucum(self, panel: pd.DataFrame) -> None:
        units = panel.attrs["units"]
        assert list(units) == [name for name in panel.columns if name != "sex"]
        for unit in units.values():
            check_unit(unit)
        assert units["crp"] == "mg/L"
        assert units["uric_acid"] == "mg/dL"

    def test_units_of_one_table_are_not_those_of_another(self) -> None:
        load_ra_panel().attrs["units"].clear()
        assert len(load_ra_panel().attrs["units"]) == 16

    def test_is_rounded_as_printed(self, large: pd.DataFrame) -> None:
        for name, decimals in DECIMALS.items():
            values = large[name].dropna()
            assert values.equals(values.round(decimals)), name
            assert not values.equals(values.round(decimals - 1)), name

    def test_has_about_52_women(self, panel: pd.DataFrame) -> None:
        assert 49 <= (panel["sex"] == "F").sum() <= 55

    def test_a_handful_of_cells_is_missing(self, panel: pd.DataFrame) -> None:
        assert 3 <= panel.isna().sum().sum() <= 15

    @pytest.mark.parametrize("n", [1, 2, np.int64(7)])
    def test_any_number_of_rows(self, n: int) -> None:
        assert load_ra_panel(n).shape == (n, 17)

    @pytest.mark.parametrize("n", [0, -1, 2.5, 61.0, "61", None, True])
    def test_refuses_a_bad_number_of_rows(self, n: object) -> None:
        with pytest.raises(ParameterError, match="n must be a whole number of at least 1"):
            load_ra_panel(n)  # type: ignore[arg-type]

    @pytest.mark.parametrize("seed", [-1, 0.5, "a", np.random.default_rng(0), False])
    def test_refuses_a_bad_seed(self, seed: object) -> None:
        with pytest.raises(ParameterError, match="random_state must be a whole number"):
            load_ra_panel(random_state=seed)  # type: ignore[arg-type]


class TestSeed:
    def test_same_bytes_in_two_processes(self, panel: pd.DataFrame) -> None:
        program = (
            "import sys; from synthhealth.datasets import load_ra_panel; "
            "panel = load_ra_panel(); "
            "sys.stdout.buffer.write(panel.to_csv(index=False, lineterminator='\\n').encode())"
        )
        elsewhere = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        assert elsewhere == as_csv(panel)

    def test_default_cohort_is_the_documented_one(self, panel: pd.DataFrame) -> None:
        assert hashlib.sha256(as_csv(panel)).hexdigest() == DEFAULT_COHORT

    def test_another_seed_gives_other_people(self, panel: pd.DataFrame) -> None:
        other = load_ra_panel(random_state=1)
        assert len(panel.merge(other)) == 0

    def test_none_gives_a_new_cohort_every_time(self) -> None:
        first, second = load_ra_panel(random_state=None), load_ra_panel(random_state=None)
        assert not first.equals(second)

    def test_leaves_global_generators_alone(self) -> None:
        before = pickle.dumps((random.getstate(), np.random.get_state()))
        load_ra_panel()
        load_ra_panel(random_state=None)
        assert pickle.dumps((random.getstate(), np.random.get_state())) == before


# column, sex or None for all, quantity, published value, tolerance.
MARGINS = [
    ("age", None, "mean", 46, 0.6),
    ("age", None, "std", 11.5, 1.0),  # less by the cut to 20-75
    ("esr", None, "q50", 30, 1.2),
    ("esr", None, "q05", 10, 3),
    ("esr", None, "q95", 80, 5),
    ("crp", None, "q50", 8, 0.6),
    ("crp", None, "q05", 1.5, 0.25),
    ("crp", None, "q95", 45, 5),
    ("haemoglobin", "F", "mean", 11.9, 0.06),
    ("haemoglobin", "F", "std", 1.2, 0.05),
    ("haemoglobin", "M", "mean", 13.4, 0.15),
    ("haemoglobin", "M", "std", 1.4, 0.11),
    ("rbc", "F", "mean", 4.45, 0.025),
    ("rbc", "F", "std", 0.45, 0.02),
    ("rbc", "M", "mean", 4.9, 0.06),
    ("rbc", "M", "std", 0.5, 0.04),
    ("wbc", None, "mean", 6.8, 0.1),
    ("wbc", None, "std", 2.1, 0.1),
    ("platelets", None, "mean", 275, 6),
    ("platelets", None, "std", 75, 6),
    ("alt", None, "q50", 18, 1.0),
    ("alt", None, "q95", 50, 3.5),
    ("ast", None, "q50", 20, 1.0),
    ("ast", None, "q95", 45, 2.5),
    ("creatinine", "F", "q50", 0.75, 0.012),
    ("creatinine", "M", "q50", 0.95, 0.03),
    ("urea", None, "q50", 27, 0.5),
    ("uric_acid", "F", "mean", 4.9, 0.08),
    ("uric_acid", "F", "std", 1.2, 0.06),
    ("uric_acid", "M", "mean", 6.0, 0.16),
    ("uric_acid", "M", "std", 1.4, 0.12),
]


class TestMargins:
    @pytest.mark.parametrize(("column", "sex", "quantity", "published", "tolerance"), MARGINS)
    def test_is_near_the_published(
        self,
        large: pd.DataFrame,
        column: str,
        sex: str | None,
        quantity: str,
        published: float,
        tolerance: float,
    ) -> None:
        values = large[column] if sex is None else large.loc[large["sex"] == sex, column]
        found = {
            "mean": values.mean(),
            "std": values.std(),
            "q05": values.quantile(0.05),
            "q50": values.quantile(0.50),
            "q95": values.quantile(0.95),
        }[quantity]
        assert found == pytest.approx(published, abs=tolerance)

    @pytest.mark.parametrize("column", ["creatinine", "urea"])
    def test_spread_of_the_logarithm(self, large: pd.DataFrame, column: str) -> None:
        women = large.loc[large["sex"] == "F", column]
        published = {"creatinine": 0.22, "urea": 0.32}[column]
        assert np.log(women).std() == pytest.approx(published, abs=0.012)

    @pytest.mark.parametrize(
        ("column", "cut_off", "highest_negative", "share", "quartiles"),
        [("rf", 14, 13, 0.70, (40, 80, 180)), ("anti_ccp", 17, 15, 0.67, (40, 75, 160))],
    )
    def test_antibodies(
        self,
        large: pd.DataFrame,
        column: str,
        cut_off: float,
        highest_negative: float,
        share: float,
        quartiles: tuple[float, float, float],
    ) -> None:
        titres = large[column].dropna()
        positive = titres[titres >= cut_off]
        assert titres[titres < cut_off].max() <= highest_negative
        assert len(positive) / len(titres) == pytest.approx(share, abs=0.017)
        # The cut at the cut-off and at the assay's ceiling moves the quartiles by up to a tenth.
        assert positive.quantile([0.25, 0.5, 0.75]).tolist() == pytest.approx(quartiles, rel=0.16)

    def test_share_of_women(self, large: pd.DataFrame) -> None:
        assert (large["sex"] == "F").mean() == pytest.approx(0.85, abs=0.013)

    def test_shares_of_the_white_cells(self, large: pd.DataFrame) -> None:
        neutrophils = large["neutrophils"] / large["wbc"]
        lymphocytes = large["lymphocytes"] / large["wbc"]
        assert neutrophils.mean() == pytest.approx(0.60, abs=0.007)
        assert neutrophils.std() == pytest.approx(0.10, abs=0.008)
        assert lymphocytes.mean() == pytest.approx(0.29, abs=0.007)
        assert lymphocytes.std() == pytest.approx(0.09, abs=0.006)

    def test_missing_cells(self, large: pd.DataFrame) -> None:
        missing = large.isna()
        shares = missing.mean()
        assert set(shares[shares > 0].index) == {"anti_ccp", "urea", "uric_acid"}
        assert shares["anti_ccp"] == pytest.approx(0.05, abs=0.008)
        assert shares["urea"] == pytest.approx(0.03, abs=0.0065)
        assert shares["uric_acid"] == pytest.approx(0.06, abs=0.0095)
        assert missing.loc[missing["urea"], "uric_acid"].all()


# Spearman: both columns, lowest and highest value that agrees with the sources. Where two open
# tables give one each, the band spans them; elsewhere it is the published value +/- 0.05.
CORRELATIONS = [
    ("esr", "crp", 0.44, 0.54),
    ("haemoglobin", "esr", -0.53, -0.43),
    ("haemoglobin", "crp", -0.47, -0.37),
    ("haemoglobin", "rf", -0.41, -0.31),
    ("rf", "esr", 0.26, 0.36),
    ("rf", "crp", 0.23, 0.33),
    ("anti_ccp", "esr", 0.11, 0.21),
    ("anti_ccp", "crp", 0.08, 0.18),
    ("age", "rf", -0.05, 0.05),
    ("age", "anti_ccp", -0.05, 0.05),
    ("haemoglobin", "rbc", 0.55, 0.75),
    ("haemoglobin", "platelets", -0.16, -0.06),
    ("wbc", "neutrophils", 0.91, 0.95),
    ("wbc", "lymphocytes", 0.19, 0.59),
    ("neutrophils", "lymphocytes", -0.06, 0.27),
    ("wbc", "platelets", 0.26, 0.39),
    ("crp", "wbc", 0.31, 0.41),
    ("crp", "platelets", 0.20, 0.30),
    ("esr", "platelets", 0.05, 0.45),  # "positive", no size
    ("crp", "neutrophils", 0.05, 0.45),  # "positive", no size
    ("crp", "uric_acid", 0.23, 0.33),
    ("platelets", "ast", -0.30, -0.17),
    ("alt", "ast", 0.67, 0.77),
    ("creatinine", "urea", 0.31, 0.49),
    ("creatinine", "uric_acid", 0.28, 0.44),  # both are higher in men
    ("urea", "uric_acid", 0.16, 0.27),
    ("age", "urea", 0.30, 0.40),
    ("age", "creatinine", 0.14, 0.28),
    ("age", "ast", 0.10, 0.24),
    ("age", "platelets", -0.22, -0.12),
]


class TestDependence:
    @pytest.mark.parametrize(("first", "second", "low", "high"), CORRELATIONS)
    def test_rank_correlation(
        self, large: pd.DataFrame, first: str, second: str, low: float, high: float
    ) -> None:
        assert low <= large[first].corr(large[second], method="spearman") <= high

    def test_positive_rf_goes_with_positive_anti_ccp(self, large: pd.DataFrame) -> None:
        both = large[["rf", "anti_ccp"]].dropna()
        phi = np.corrcoef(both["rf"] >= 14, both["anti_ccp"] >= 17)[0, 1]
        assert phi == pytest.approx(0.53, abs=0.04)

    def test_the_copula_holds_every_published_correlation(self) -> None:
        matrix = ra_panel._latent_correlation()
        for first, second, spearman, _ in ra_panel.CORRELATIONS:
            r = matrix[position(first), position(second)]
            assert 6 / np.pi * np.arcsin(r / 2) == pytest.approx(spearman, abs=1e-9)
        assert np.diag(matrix) == pytest.approx(np.ones(len(matrix)), abs=1e-9)
        assert np.linalg.eigvalsh(matrix)[0] > 0.1

    def test_unpublished_pairs_are_only_what_the_published_imply(self) -> None:
        precision = np.linalg.inv(ra_panel._latent_correlation())
        published = np.eye(len(precision), dtype=bool)
        for first, second, *_ in ra_panel.CORRELATIONS:
            i, j = position(first), position(second)
            published[i, j] = published[j, i] = True
        assert np.abs(precision[~published]).max() < 1e-9


def position(name: str) -> int:
    return list(ra_panel.MEASURES).index(name)


class TestPlausible:
    def test_nothing_is_negative_or_zero(self, large: pd.DataFrame) -> None:
        assert large.drop(columns="sex").min().min() > 0

    @pytest.mark.parametrize(
        ("column", "low", "high"),
        [
            ("age", 20, 75), ("esr", 1, 150), ("platelets", 110, 600), ("haemoglobin", 6, 19),
            ("rbc", 2.5, 7), ("wbc", 1.5, 25), ("creatinine", 0.2, 3), ("uric_acid", 1.5, 12),
        ],
    )  # fmt: skip
    def test_stays_within_what_a_clinic_sees(
        self, large: pd.DataFrame, column: str, low: float, high: float
    ) -> None:
        assert large[column].between(low, high).sum() == large[column].notna().sum()

    def test_parts_of_the_white_cells_leave_room_for_the_rest(self, large: pd.DataFrame) -> None:
        parts = large["neutrophils"] + large["lymphocytes"]
        rounding = 0.005 * 2 + 0.95 * 0.005
        assert (parts <= 0.95 * large["wbc"] + rounding).all()

    def test_haemoglobin_of_a_red_cell(self, large: pd.DataFrame) -> None:
        picograms = 10 * large["haemoglobin"] / large["rbc"]
        assert picograms.between(18, 38).mean() > 0.99
