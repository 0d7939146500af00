from __future__ import annotations

import subprocess
import sys

import pytest

from synthhealth.errors import SchemaError
from synthhealth.schema import Column
from synthhealth.schema.analytes import check_loinc
from synthhealth.schema.units import _UNITS, _is_ucum, check_unit, display_unit, ucum_of


class TestCheckUnit:
    @pytest.mark.parametrize("code", sorted(_UNITS))
    def test_every_kept_unit_is_ucum(self, code: str) -> None:
        assert _is_ucum(code)

    @pytest.mark.parametrize("code", ["kat/L", "ukat/L", "fmol", "mg/kg/d", "[iU]/L", "10*-3", "J"])
    def test_others_are_read_by_the_grammar(self, code: str) -> None:
        assert code not in _UNITS
        check_unit(code)

    @pytest.mark.parametrize(
        ("text", "hint"), [("years", "'a'"), ("IU/mL", "'[IU]/mL'"), ("cells/uL", "'/uL'")]
    )
    def test_says_what_to_write(self, text: str, hint: str) -> None:
        with pytest.raises(SchemaError, match="not in UCUM; write") as error:
            check_unit(text)
        assert str(error.value).endswith(hint)

    @pytest.mark.parametrize("text", ["F/M", "", "furlongs", "mgg/L"])
    def test_refuses_what_is_no_unit(self, text: str) -> None:
        with pytest.raises(SchemaError, match="not in UCUM"):
            check_unit(text)

    def test_known_units_need_no_grammar(self) -> None:
        code = (
            "import sys; from synthhealth.schema import Column; "
            "Column(name='wbc', kind='continuous', unit='10*9/L'); "
            "sys.exit('ucumvert' in sys.modules or 'pint' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestUcumOf:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("10^9/L", "10*9/L"),
            ("x10⁹/L", "10*9/L"),
            ("×10^9/l", "10*9/L"),
            ("10E9/L", "10*9/L"),
            ("G/L", "10*9/L"),
            ("Gpt/l", "10*9/L"),
            ("g/L", "g/L"),
            ("g/l", "g/L"),
            ("T/L", "10*12/L"),
            ("K/uL", "10*3/uL"),
            ("10^3/µL", "10*3/uL"),
            ("thou/mm3", "10*3/uL"),
            ("10^6/uL", "10*6/uL"),
            ("cells/mm3", "/uL"),
            ("mg/dl", "mg/dL"),
            ("mg/DL", "mg/dL"),
            ("mcg/dL", "ug/dL"),
            ("μg/L", "ug/L"),
            ("µmol/L", "umol/L"),
            ("mEq/L", "meq/L"),
            ("IU/mL", "[IU]/mL"),
            ("uIU/mL", "u[IU]/mL"),
            ("mIU/L", "m[IU]/L"),
            ("AU/mL", "[arb'U]/mL"),
            ("mm/hr", "mm/h"),
            ("mmHg", "mm[Hg]"),
            ("mm Hg", "mm[Hg]"),
            ("years", "a"),
            ("days", "d"),
            ("sec", "s"),
            ("kg/m^2", "kg/m2"),
            ("kg/m²", "kg/m2"),
            ("°C", "Cel"),
            ("bpm", "/min"),
            ("mL/min/1.73 m2", "mL/min/{1.73_m2}"),
            ("INR", "{INR}"),
            ("fl", "fL"),
            ("%", "%"),
            ("kat/L", "kat/L"),
        ],
    )
    def test_what_people_write(self, text: str, code: str) -> None:
        assert ucum_of(text) == code

    @pytest.mark.parametrize("text", ["F/M", "", "0 = no, 1 = yes", "score of Smith", "male"])
    def test_what_is_no_unit(self, text: str) -> None:
        assert ucum_of(text) is None

    @pytest.mark.parametrize("code", sorted(_UNITS))
    def test_a_code_and_its_display_are_understood(self, code: str) -> None:
        assert ucum_of(code) == code
        shown = display_unit(code)
        # Arbitrary units are shown as laboratories print them, which is a unit of its own.
        if shown and "arb" not in code:
            assert ucum_of(shown) == code


class TestDisplay:
    @pytest.mark.parametrize(
        ("code", "shown"),
        [
            ("10*9/L", "10⁹/L"),
            ("10*12/L", "10¹²/L"),
            ("[IU]/mL", "IU/mL"),
            ("[arb'U]/mL", "U/mL"),
            ("a", "years"),
            ("1", ""),
            ("ukat/L", "µkat/L"),
            ("10*-3", "10*-3"),
            ("10*5/mL", "10⁵/mL"),
        ],
    )
    def test_as_on_an_axis(self, code: str, shown: str) -> None:
        assert display_unit(code) == shown


class TestLoinc:
    # CRP, haemoglobin, ESR, creatinine, rheumatoid factor.
    @pytest.mark.parametrize("code", ["1988-5", "718-7", "30341-2", "2160-0", "11572-5"])
    def test_real_codes_pass(self, code: str) -> None:
        check_loinc(code)

    @pytest.mark.parametrize("digit", [d for d in range(10) if d != 5])
    def test_every_wrong_check_digit_is_refused(self, digit: int) -> None:
        with pytest.raises(SchemaError, match="check digit"):
            check_loinc(f"1988-{digit}")

    @pytest.mark.parametrize("code", ["1988", "1988-55", "CRP", "", "-5"])
    def test_the_form_is_checked(self, code: str) -> None:
        with pytest.raises(SchemaError, match="no LOINC code"):
            check_loinc(code)


class TestColumn:
    @pytest.mark.parametrize(
        "wrong", [{"unit": "years"}, {"loinc": "1988-4"}, {"pattern": "MRN-99"}, {"pattern": ""}]
    )
    def test_names_the_column(self, wrong: dict[str, str]) -> None:
        with pytest.raises(SchemaError, match="column 'crp': "):
            Column(name="crp", kind="continuous", **wrong)
