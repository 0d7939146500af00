"""Units of measurement in UCUM, the Unified Code for Units of Measure, and as people write them.

https://ucum.org, version 2.2. Units that this module does not know itself are read by ucumvert's
grammar, which is loaded only then.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from synthhealth.errors import SchemaError, nearest

if TYPE_CHECKING:
    from lark import Lark
    from ucumvert import PintUcumRegistry

__all__ = ["check_unit", "conversion", "display_unit", "known_unit", "ucum_of"]

#: Its grammar takes seconds for texts of thousands of signs.
MAX_LENGTH = 100

#: UCUM's code, how it is shown, and how else it is written (compared in small letters, without
#: blanks). The codes of cell counts come first: ``G/L`` would be gauss per litre otherwise.
_UNITS: dict[str, tuple[str, str]] = {
    "10*9/L": ("10⁹/L", "giga/l 10e9/l x10e9/l 10*9/l 10^9/l x10^9/l 109/l gpt/l"),
    "10*12/L": ("10¹²/L", "t/l tera/l 10e12/l x10e12/l 10^12/l x10^12/l tpt/l"),
    "10*6/L": ("10⁶/L", "10e6/l x10e6/l 10^6/l x10^6/l"),
    "10*3/uL": (
        "10³/µL",
        "k/ul k/mm3 k/cumm 10e3/ul x10e3/ul 10^3/ul x10^3/ul 10^3/mm3 x10^3/mm3 10*3/mm3 thou/ul"
        " thousand/ul thou/mm3 1000/ul",
    ),
    "10*6/uL": (
        "10⁶/µL",
        "m/ul m/mm3 mil/ul mill/ul million/ul 10e6/ul x10e6/ul 10^6/ul x10^6/ul 10^6/mm3"
        " x10^6/mm3 10*6/mm3 m/cumm mill/mm3 million/mm3",
    ),
    "/uL": ("/µL", "/mm3 cells/ul cells/mm3 cell/ul /cumm 1/ul cells/cumm"),
    "/L": ("/L", "1/l cells/l"),
    "g/dL": ("g/dL", "gm/dl gms/dl g/100ml gr/dl g% gm% g%dl"),
    "g/L": ("g/L", "gm/l gr/l"),
    "mg/dL": ("mg/dL", "mg% mg/100ml mgs/dl"),
    "mg/L": ("mg/L", ""),
    "ug/dL": ("µg/dL", "mcg/dl mcg/100ml"),
    "ug/L": ("µg/L", "mcg/l"),
    "ug/mL": ("µg/mL", "mcg/ml"),
    "ng/mL": ("ng/mL", ""),
    "ng/dL": ("ng/dL", ""),
    "ng/L": ("ng/L", ""),
    "pg/mL": ("pg/mL", ""),
    "mmol/L": ("mmol/L", ""),
    "umol/L": ("µmol/L", "mcmol/l micromol/l"),
    "nmol/L": ("nmol/L", ""),
    "pmol/L": ("pmol/L", ""),
    "mmol/mol": ("mmol/mol", ""),
    "meq/L": ("mEq/L", "meq/l"),
    "mosm/kg": ("mOsm/kg", "mosmol/kg mosm/kgh2o"),
    "U/L": ("U/L", "units/l unit/l"),
    "kU/L": ("kU/L", ""),
    "U/mL": ("U/mL", "units/ml"),
    "[IU]/L": ("IU/L", "iu/l ui/l"),
    "[IU]/mL": ("IU/mL", "iu/ml ui/ml"),
    "k[IU]/L": ("kIU/L", "kiu/l"),
    "m[IU]/L": ("mIU/L", "miu/l mu/l"),
    "m[IU]/mL": ("mIU/mL", "miu/ml"),
    "u[IU]/mL": ("µIU/mL", "uiu/ml mciu/ml"),
    "[arb'U]/mL": ("U/mL", "au/ml arbu/ml"),
    "[arb'U]/L": ("U/L", "au/l"),
    "mm/h": ("mm/h", "mm/hr mm/1h mm/1hr mm/hour mmh mm/1sthr mm/1sth"),
    "fL": ("fL", "cu.micron um3"),
    "pg": ("pg", "pg/cell"),
    "%": ("%", "percent pct"),
    "L/L": ("L/L", ""),
    "1": ("", "index fraction"),
    "{INR}": ("INR", "inr"),
    "{ratio}": ("ratio", ""),
    "{titer}": ("titre", "titre titer"),
    "{score}": ("score", "score points"),
    "[pH]": ("pH", "ph ph-units"),
    "s": ("s", "sec secs second seconds"),
    "min": ("min", "minute minutes mins دقيقة دقائق minuten"),
    "h": ("hours", "hr hrs hour hours ساعة ساعات std stunden"),
    "d": ("days", "day days يوم أيام ايام tag tage tagen"),
    "wk": ("weeks", "week weeks wks أسبوع اسبوع أسابيع woche wochen"),
    "mo": ("months", "month months mos mth mths شهر شهور أشهر monat monate monaten"),
    "a": ("years", "year years yr yrs yo y سنة سنه سنوات عام jahr jahre jahren ans"),
    "kg": ("kg", "kgs kilogram kilograms كجم كغ كغم كيلو"),
    "ug": ("µg", "mcg microgram micrograms"),
    "g": ("g", "gram grams gm جم غم"),
    "mg": ("mg", "mgs milligram milligrams مجم ملغ ملجم"),
    "[lb_av]": ("lb", "lb lbs pound pounds"),
    "m": ("m", "metre metres meter meters متر"),
    "cm": ("cm", "cms centimetre centimetres centimeter centimeters سم"),
    "mm": ("mm", "millimetre millimetres millimeter millimeters"),
    "[in_i]": ("in", 'in inch inches \'" " ″'),
    "[ft_i]": ("ft", "ft foot feet ′"),
    "kg/m2": ("kg/m²", "kg/m^2 kg/m**2 kg/sqm"),
    "mm[Hg]": ("mmHg", "mmhg mm-hg torr"),
    "kPa": ("kPa", ""),
    "Cel": ("°C", "°c degc celsius c"),
    "[degF]": ("°F", "°f degf fahrenheit f"),
    "/min": ("/min", "bpm beats/min breaths/min 1/min permin"),
    "mL/min": ("mL/min", ""),
    "mL/min/{1.73_m2}": (
        "mL/min/1.73 m²",
        "ml/min/1.73m2 ml/min/1.73m^2 ml/min/1.73 ml/min/173m2 ml/min/1.73sqm",
    ),
    "mL": ("mL", "cc millilitre millilitres milliliter milliliters مل"),
    "L": ("L", "litre litres liter liters"),
    "mL/d": ("mL/day", "ml/day ml/24h"),
    "g/d": ("g/day", "g/day g/24h gm/day"),
    "mg/d": ("mg/day", "mg/day mg/24h"),
    "ug/d": ("µg/day", "mcg/day ug/day ug/24h"),
    "mg/g": ("mg/g", ""),
    "mg/mmol": ("mg/mmol", ""),
    "[ppm]": ("ppm", "ppm"),
    "{copies}/mL": ("copies/mL", "copies/ml"),
    "kcal": ("kcal", ""),
}

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")


def check_unit(text: str) -> None:
    """Refuse what is not a unit of UCUM.

    Raises
    ------
    SchemaError
        It is not; the message says the nearest unit that is.

    Examples
    --------
    >>> from synthhealth.schema.units import check_unit
    >>> check_unit("10*9/L")
    >>> check_unit("years")
    Traceback (most recent call last):
        ...
    synthhealth.errors.SchemaError: unit 'years' is not in UCUM; write 'a'
    """
    if len(text) > MAX_LENGTH:
        raise SchemaError(f"unit {text[:20]!r}... is longer than any unit of UCUM")
    if text in _UNITS or _is_ucum(text):
        return
    known = ucum_of(text)
    hint = f"; write {known!r}" if known else nearest(text, _UNITS) or "; see https://ucum.org"
    raise SchemaError(f"unit {text!r} is not in UCUM{hint}")


def ucum_of(text: str) -> str | None:
    """Give the UCUM code of a unit as people write it, or None if it is not a unit.

    Examples
    --------
    >>> from synthhealth.schema.units import ucum_of
    >>> ucum_of("x10^9/l"), ucum_of("IU/mL"), ucum_of("years"), ucum_of("K/µL"), ucum_of("F/M")
    ('10*9/L', '[IU]/mL', 'a', '10*3/uL', None)
    """
    known = known_unit(text)
    if known is not None:
        return known
    candidate = text.strip().replace("µ", "u").replace("μ", "u")
    return candidate if candidate and _is_ucum(candidate) else None


def known_unit(text: str) -> str | None:
    """Give the UCUM code of a unit as people usually write it; quick, and without the grammar.

    Examples
    --------
    >>> from synthhealth.schema.units import known_unit
    >>> known_unit("ng/ml"), known_unit("Jahre"), known_unit("phoned")
    ('ng/mL', 'a', None)
    """
    if text in _UNITS:
        return text
    plain = _plain(text)
    if plain == "g/l" and "G" in text:
        return "10*9/L"  # giga per litre; gram is written small
    return _spellings().get(plain)


@cache
def conversion(unit: str, to: str) -> tuple[float, float] | None:
    """Give the factor, and what is then added, from one unit of UCUM to another; None if none.

    Examples
    --------
    >>> from synthhealth.schema.units import conversion
    >>> conversion("cm", "m"), conversion("mg/dL", "mmol/L")
    ((0.01, 0.0), None)
    """
    if unit == to:
        return 1.0, 0.0
    from pint.errors import PintError

    if not (_is_ucum(unit) and _is_ucum(to)):
        return None
    units = _registry()
    try:
        at = [units.Quantity(one, units.from_ucum(unit)) for one in (0.0, 1.0)]
        zero, one = (float(quantity.to(units.from_ucum(to)).magnitude) for quantity in at)
    except (PintError, ValueError, AttributeError):
        return None
    return float(f"{one - zero:.12g}"), float(f"{zero:.12g}")


def display_unit(ucum: str) -> str:
    """Give a unit as it stands on an axis or in a table.

    Examples
    --------
    >>> from synthhealth.schema.units import display_unit
    >>> display_unit("10*9/L"), display_unit("[IU]/mL"), display_unit("a"), display_unit("umol/L")
    ('10⁹/L', 'IU/mL', 'years', 'µmol/L')
    """
    if ucum in _UNITS:
        return _UNITS[ucum][0]
    shown = re.sub(r"(?<![A-Za-z])u(?=[A-Za-z[])", "µ", ucum)
    shown = re.sub(r"10[*^](\d+)", lambda power: "10" + _superscript(power[1]), shown)
    return re.sub(r"[\[\]{}]", "", shown).replace("_", " ")


def _superscript(digits: str) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in digits)


def _plain(text: str) -> str:
    plain = _RAISED.sub(lambda power: "^" + power[0].translate(_SUPERSCRIPTS), text)
    plain = plain.replace("µ", "u").replace("μ", "u").replace("×", "x")
    return re.sub(r"[\s_]+", "", plain).replace("·", "*").strip("()[]").lower()


@cache
def _spellings() -> dict[str, str]:
    spellings: dict[str, str] = {}
    for code, (shown, others) in _UNITS.items():
        for spelling in (*others.split(), code, shown):
            spellings.setdefault(_plain(spelling), code)
    spellings.pop("", None)
    return spellings


@cache
def _is_ucum(text: str) -> bool:
    from lark.exceptions import LarkError

    try:
        _grammar().parse(text)
    except LarkError:
        return False
    return True


@cache
def _registry() -> PintUcumRegistry:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()


@cache
def _grammar() -> Lark:
    from ucumvert import get_ucum_parser

    return get_ucum_parser()
