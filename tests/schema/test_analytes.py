from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from synthhealth.cells.identifiers import words_of
from synthhealth.datasets import load_ra_panel
from synthhealth.schema.analytes import Suggestion, analytes, suggest
from synthhealth.schema.units import check_unit


def lognormal(median: float, spread: float = 0.3, n: int = 100, seed: int = 0) -> pd.Series:
    values = median * np.exp(spread * np.random.default_rng(seed).standard_normal(n))
    return pd.Series(np.round(values, 3))


def found(name: str, values: pd.Series, unit: str | None = None) -> Suggestion:
    suggestion = suggest(name, values, unit)
    assert suggestion is not None
    return suggestion


class TestKnowledge:
    def test_has_the_groups_a_clinic_needs(self) -> None:
        groups = Counter(analyte.group for analyte in analytes())
        assert len(analytes()) >= 120
        assert groups["haematology"] >= 20
        assert groups["rheumatology"] >= 6

    def test_no_name_means_two_analytes(self) -> None:
        names = Counter(
            spelling
            for analyte in analytes()
            for spelling in {
                words_of(s).replace(" ", "") for s in (analyte.name, *analyte.synonyms)
            }
        )
        assert [name for name, count in names.items() if count > 1] == []

    def test_figures_fit_together(self) -> None:
        for analyte in analytes():
            assert (analyte.units[0].factor, analyte.units[0].offset) == (1, 0), analyte.name
            low, high = analyte.median
            assert analyte.plausible.low is not None
            assert analyte.plausible.high is not None
            assert analyte.plausible.low <= low < high <= analyte.plausible.high, analyte.name
            for unit in analyte.units:
                check_unit(unit.code)
            for reference in analyte.reference:
                assert reference.source, analyte.name
                for limit in (reference.low, reference.high):
                    if limit is not None:
                        assert analyte.plausible.low <= limit <= analyte.plausible.high
                # Healthy people's middle is where a group's median can lie.
                if reference.low and reference.high:
                    assert low <= (reference.low + reference.high) / 2 <= high, analyte.name

    def test_conversion_factors(self) -> None:
        by_name = {analyte.name: analyte for analyte in analytes()}

        def convert(name: str, code: str, value: float) -> float:
            unit = next(unit for unit in by_name[name].units if unit.code == code)
            return float(unit.to_reference(np.array([value]))[0])

        # Molar masses in g/mol: creatinine 113.12, urea 60.06, glucose 180.16, urate 168.11,
        # bilirubin 584.66, cholesterol 386.65, calcium 40.08, iron 55.85.
        assert convert("creatinine", "umol/L", 100) == pytest.approx(1.1312, rel=1e-3)
        assert convert("urea", "mmol/L", 5) == pytest.approx(30.03, rel=1e-3)
        assert convert("glucose", "mmol/L", 5.5) == pytest.approx(99.09, rel=1e-3)
        assert convert("uric acid", "umol/L", 400) == pytest.approx(6.724, rel=1e-3)
        assert convert("bilirubin", "umol/L", 17.1) == pytest.approx(1.0, rel=1e-3)
        assert convert("total cholesterol", "mmol/L", 5) == pytest.approx(193.3, rel=1e-3)
        assert convert("calcium", "mmol/L", 2.5) == pytest.approx(10.02, rel=1e-3)
        assert convert("iron", "umol/L", 20) == pytest.approx(111.7, rel=1e-3)
        assert convert("haemoglobin", "mmol/L", 8.69) == pytest.approx(14.0, rel=1e-3)
        # IFCC to NGSP master equation: 48 mmol/mol is 6.5 %.
        assert convert("glycated haemoglobin", "mmol/mol", 48) == pytest.approx(6.54, abs=0.01)
        assert convert("body temperature", "[degF]", 98.6) == pytest.approx(37.0, abs=0.01)


class TestName:
    @pytest.mark.parametrize(
        "name",
        [
            "haemoglobin",
            "Hemoglobin",
            "HB",
            "hgb",
            "Haemoglobin (g/dL)",
            "Hb[g/dL]",
            "hb_g_dl",
            "blood_haemoglobin",
            "haemoglobin at baseline",
        ],
    )
    def test_spellings_of_one_analyte(self, name: str) -> None:
        suggestion = found(name, lognormal(13, 0.1))
        assert (suggestion.analyte, suggestion.unit) == ("haemoglobin", "g/dL")

    @pytest.mark.parametrize(
        "name",
        ["marker", "hb_ratio_x", "disease_state", "group", "ldhx", "", "123", "crp_positive"],
    )
    def test_never_something_similar(self, name: str) -> None:
        assert suggest(name, lognormal(13, 0.1)) is None

    @pytest.mark.parametrize(
        "values",
        [
            pd.Series([0, 1] * 30),
            pd.Series([1, 2, 3, 2, 1] * 10),
            pd.Series([True, False] * 5),
            pd.Series(["yes", "no"] * 20),
            pd.Series([], dtype=float),
        ],
    )
    def test_codes_are_no_measurements(self, values: pd.Series) -> None:
        assert suggest("crp", values) is None

    def test_short_names_need_fitting_values(self) -> None:
        assert suggest("k", lognormal(4.2, 0.1)) is not None
        assert suggest("k", lognormal(5000)) is None
        assert suggest("ca", lognormal(0.02)) is None


class TestUnit:
    @pytest.mark.parametrize(
        ("name", "median", "unit"),
        [
            ("creatinine", 0.9, "mg/dL"),
            ("creatinine", 80, "umol/L"),
            ("haemoglobin", 130, "g/L"),
            ("haemoglobin", 13, "g/dL"),
            ("wbc", 6.8, "10*3/uL"),
            ("wbc", 6800, "/uL"),
            ("platelets", 260_000, "/uL"),
            ("glucose", 5.4, "mmol/L"),
            ("glucose", 98, "mg/dL"),
            ("calcium", 2.35, "mmol/L"),
            ("albumin", 41, "g/L"),
            ("albumin", 4.1, "g/dL"),
            ("hba1c", 42, "mmol/mol"),
            ("hct", 0.41, "L/L"),
            ("height", 1.7, "m"),
        ],
    )
    def test_values_decide(self, name: str, median: float, unit: str) -> None:
        suggestion = found(name, lognormal(median, 0.1))
        assert suggestion.unit == unit
        assert suggestion.doubts == ()
        assert suggestion.plausible is not None
        assert suggestion.plausible.low is not None
        assert suggestion.plausible.high is not None
        assert suggestion.plausible.low < median < suggestion.plausible.high

    def test_two_fitting_units_are_a_doubt(self) -> None:
        suggestion = found("crp", lognormal(6, 1))
        assert suggestion.unit is None
        assert suggestion.plausible is None
        assert "fit mg/L and mg/dL" in suggestion.doubts[0]

    def test_the_name_settles_it(self) -> None:
        suggestion = found("CRP (mg/L)", lognormal(6, 1))
        assert suggestion.unit == "mg/L"
        assert suggestion.doubts == ()
        assert suggestion.reference[0].high == 5
        assert found("CRP (mg/dL)", lognormal(6, 1)).reference[0].high == 0.5

    def test_so_does_a_declared_unit(self) -> None:
        assert found("crp", lognormal(6, 1), unit="mg/L").unit == "mg/L"

    def test_a_wrong_declared_unit_is_a_doubt(self) -> None:
        suggestion = found("creatinine", lognormal(85), unit="mg/dL")
        assert suggestion.unit == "umol/L"
        assert suggestion.doubts == ("declared in mg/dL, but the values fit µmol/L",)

    def test_reference_ranges_are_converted(self) -> None:
        low, high = next(
            (r.low, r.high) for r in found("hb", lognormal(130, 0.1)).reference if r.sex == "male"
        )
        assert (low, high) == (134, 170)

    def test_no_kit_dependent_reference(self) -> None:
        assert found("rf", lognormal(80)).reference == ()
        assert found("anti_ccp", lognormal(80)).reference == ()


class TestDoubts:
    def test_mixed_units_far_apart(self) -> None:
        mixed = pd.concat([lognormal(7.2, n=120), lognormal(8000, n=40, seed=1)])
        suggestion = found("leukocytes", mixed)
        assert suggestion.doubts == (
            "40 of 160 values look like /µL among 10³/µL; bring the column to one unit",
        )
        assert suggestion.plausible is None

    def test_mixed_units_one_factor_of_ten_apart(self) -> None:
        mixed = pd.concat([lognormal(41, 0.08, n=80), lognormal(4.1, 0.08, n=20, seed=1)])
        (doubt,) = found("albumin", mixed).doubts
        assert "20 of 100 values look like g/dL among g/L" in doubt

    def test_crp_in_two_units(self) -> None:
        mixed = pd.concat([lognormal(40, 0.15, n=70), lognormal(4, 0.15, n=30, seed=1)])
        (doubt,) = found("crp", mixed, unit="mg/L").doubts
        assert "30 of 100 values look like mg/dL among mg/L" in doubt

    def test_a_skewed_column_is_not_two(self) -> None:
        # False alarms over 300 log-normal columns as skewed as CRP: none.
        alarms = [
            found("crp", lognormal(8, 1.03, n=61, seed=seed), unit="mg/L").doubts
            for seed in range(300)
        ]
        assert not any(alarms)

    def test_zeros_that_cannot_be(self) -> None:
        values = pd.concat([lognormal(100, 0.1), pd.Series([0.0] * 6)])
        assert found("glucose", values).doubts == (
            "6 of 106 values are zero, which cannot occur: missing?",
        )

    def test_values_that_cannot_be(self) -> None:
        values = pd.concat([lognormal(37, 0.01), pd.Series([370.0, -5.0])])
        (doubt,) = found("temp", values).doubts
        assert doubt == "2 of 102 values are outside what can occur (20 to 46 °C)"

    def test_no_fitting_unit(self) -> None:
        suggestion = found("creatinine", lognormal(30_000))
        assert suggestion.unit is None
        assert "fit no usual unit" in suggestion.doubts[0]

    def test_no_value_of_a_patient_in_any_doubt(self) -> None:
        odd = 8123.456
        values = pd.concat([lognormal(7), pd.Series([odd] * 4)])
        text = found("wbc", values).model_dump_json()
        assert "8123" not in text


def test_the_demo_panel_is_recognised_with_its_units() -> None:
    panel = load_ra_panel()
    for name, unit in panel.attrs["units"].items():
        suggestion = found(name, panel[name], unit)
        assert (suggestion.unit, suggestion.doubts) == (unit, ()), name
        assert suggestion.plausible is not None
        assert (
            panel[name].dropna().between(suggestion.plausible.low, suggestion.plausible.high).all()
        )
