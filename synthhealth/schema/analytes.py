"""What is known of common blood analytes: units, LOINC codes, what can occur, what is healthy."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types
from pydantic import BaseModel, ConfigDict, SkipValidation

from synthhealth.cells.identifiers import words_of
from synthhealth.errors import Doubt, SchemaError
from synthhealth.schema.types import Range, ReferenceRange
from synthhealth.schema.units import display_unit, ucum_of

__all__ = ["Analyte", "Suggestion", "Unit", "analytes", "check_loinc", "is_loinc", "suggest"]


_FORM = re.compile(r"(\d{1,7})-(\d)")


def check_loinc(code: str) -> None:
    """Refuse what cannot be a LOINC code.

    A code is a number, a hyphen and a check digit (modulus 10, double-add-double; LOINC Users'
    Guide, appendix C). Whether LOINC has the code is not looked up.

    Raises
    ------
    SchemaError
        The form or the check digit is wrong.

    Examples
    --------
    >>> from synthhealth.schema.analytes import check_loinc
    >>> check_loinc("1988-5")
    >>> check_loinc("1988-4")
    Traceback (most recent call last):
        ...
    synthhealth.errors.SchemaError: loinc '1988-4': the check digit does not fit the number; \
look the code up at https://loinc.org
    """
    form = _FORM.fullmatch(code)
    if form is None:
        raise SchemaError(
            f"loinc {code!r} is no LOINC code: a number, a hyphen and a check digit, such as 1988-5"
        )
    number, digit = form.groups()
    if _check_digit(number) != int(digit):
        raise SchemaError(
            f"loinc {code!r}: the check digit does not fit the number; look the code up at "
            "https://loinc.org"
        )


def is_loinc(code: str) -> bool:
    """Say whether a text has the form and the check digit of a LOINC code."""
    form = _FORM.fullmatch(code)
    return form is not None and _check_digit(form[1]) == int(form[2])


def _check_digit(number: str) -> int:
    backwards = [int(sign) for sign in reversed(number)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in backwards[::2])
    return -(doubled + sum(backwards[1::2])) % 10


Floats = npt.NDArray[np.float64]

#: A unit fits where this share of the values can occur in it, and their median is that of a group
#: of patients; it half fits where most values can occur, which is then a doubt.
FITS = 0.9
HALF_FITS = 0.5
#: No more distinct values than this are codes, not measurements.
FEW_LEVELS = 5
#: Two units in one column: each with this share of the values and at least so many of them.
CLUSTER_SHARE = 0.05
CLUSTER = 3
#: Abbreviations of so few letters mean too much else to be believed without the values.
SHORT = 3


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Unit(_Frozen):
    """One of the usual units of an analyte."""

    code: str
    """The unit, in UCUM."""
    factor: float
    """What a value is multiplied by to have it in the analyte's first unit."""
    offset: float = 0.0
    """What is then added."""

    def to_reference(self, values: Floats) -> Floats:
        """Bring values of this unit to the reference unit."""
        return values * self.factor + self.offset

    def from_reference(self, value: float | None) -> float | None:
        """Bring a value of the reference unit to this one, to three digits."""
        if value is None:
            return None
        return float(f"{(value - self.offset) / self.factor:.3g}")


class Analyte(_Frozen):
    """A quantity that laboratories measure in blood, or one that stands beside such in tables."""

    name: str
    """Its name in English."""
    group: str
    """What it is measured for: haematology, chemistry, ..."""
    synonyms: tuple[str, ...]
    """How else a column of it is called, in small letters."""
    units: tuple[Unit, ...]
    """Its usual units; the figures below are in the first."""
    plausible: Range
    """What can occur in a patient."""
    median: tuple[float, float]
    """Between which values the median of a group of adult patients lies."""
    reference: tuple[ReferenceRange, ...] = ()
    """What healthy adults have; empty where it depends on the laboratory's method."""


class Suggestion(_Frozen):
    """What a column's name and values let one say of it; a proposal, to be looked at."""

    analyte: str
    """The analyte that the column's name says."""
    unit: str | None = None
    """The unit in UCUM, where the name says it or the values decide it."""
    plausible: Range | None = None
    """What can occur in a patient, in that unit."""
    reference: tuple[ReferenceRange, ...] = ()
    """What healthy adults have, in that unit; empty where it depends on the laboratory."""
    doubts: Annotated[tuple[str, ...], SkipValidation] = ()
    """What a person should look at, in words without any patient's value."""


def suggest(name: str, values: pd.Series, unit: str | None = None) -> Suggestion | None:
    """Recognise a column of a common analyte, and its unit.

    The name decides the analyte: it must be a known name or abbreviation, after blanks, signs,
    capitals, a unit and words such as "serum" are put aside. The values decide the unit, if they
    fit exactly one of those in use.

    Parameters
    ----------
    name : str
        The column's name, such as ``Haemoglobin (g/dL)``, ``hb`` or ``serum_creatinine``.
    values : pandas.Series
        Its values, as numbers.
    unit : str, optional
        The unit that is declared for it, if any, in UCUM or as people write it.

    Returns
    -------
    Suggestion or None
        None where the name says no analyte, or the column holds codes instead of measurements.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema.analytes import suggest
    >>> found = suggest("serum_creatinine", pd.Series([62, 71, 88, 104, 93, 57.0]))
    >>> found.analyte, found.unit
    ('creatinine', 'umol/L')
    >>> suggest("marker_7", pd.Series([62, 71, 88.0])) is None
    True
    """
    analyte, said = _named(name)
    if analyte is None:
        return None
    numbers = _numbers(values)
    if _are_codes(numbers):
        return None
    declared = ucum_of(unit) if unit else said
    fitting = _fitting(analyte, numbers, FITS) or _fitting(analyte, numbers, HALF_FITS)
    if not fitting and len(_base_words(name).replace(" ", "")) <= SHORT:
        return None
    chosen, doubts = _choose(analyte, declared, fitting)
    if chosen is None:
        return Suggestion(analyte=analyte.name, unit=declared, doubts=tuple(doubts))
    mixed = _mixed_units(analyte, chosen, numbers)
    if mixed:
        return Suggestion(analyte=analyte.name, unit=chosen.code, doubts=(*doubts, *mixed))
    plausible = Range(
        low=chosen.from_reference(analyte.plausible.low),
        high=chosen.from_reference(analyte.plausible.high),
    )
    doubts += _impossible(numbers, plausible, chosen)
    return Suggestion(
        analyte=analyte.name,
        unit=chosen.code,
        plausible=plausible,
        reference=tuple(_in_unit(reference, chosen) for reference in analyte.reference),
        doubts=tuple(doubts),
    )


@cache
def analytes() -> tuple[Analyte, ...]:
    """Give all analytes that are known, in the order of the file."""
    import yaml

    text = (resources.files(__package__) / "analytes.yaml").read_text(encoding="utf-8")
    content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    sources: dict[str, str] = content["sources"]
    return tuple(
        _analyte(entry, group, sources)
        for group, entries in content["analytes"].items()
        for entry in entries
    )


def _analyte(entry: dict[str, Any], group: str, sources: dict[str, str]) -> Analyte:
    low, high = entry["plausible"]
    return Analyte(
        name=entry["name"],
        group=group,
        synonyms=tuple(str(synonym) for synonym in entry["synonyms"]),
        units=tuple(
            Unit(code=code, factor=conversion[0], offset=conversion[1])
            if isinstance(conversion, list)
            else Unit(code=code, factor=conversion)
            for code, conversion in entry["units"].items()
        ),
        plausible=Range(low=low, high=high),
        median=tuple(entry["median"]),
        reference=tuple(
            ReferenceRange(**{**reference, "source": sources[reference["source"]]})
            for reference in entry.get("reference", ())
        ),
    )


@cache
def _by_name() -> dict[str, Analyte]:
    return {
        words_of(spelling).replace(" ", ""): analyte
        for analyte in analytes()
        for spelling in (analyte.name, *analyte.synonyms)
    }


_FILLERS = {
    "serum", "plasma", "blood", "level", "levels", "value", "result", "lab", "conc",
    "concentration", "baseline", "admission", "at", "s", "p", "b", "fasting", "fs",
}  # fmt: skip
_IN_BRACKETS = re.compile(r"(.+?)\s*[(\[]([^()\[\]]+)[)\]]\s*$")


def _named(name: str) -> tuple[Analyte | None, str | None]:
    """Give the analyte that a column's name says, and the unit that it says beside."""
    known = _by_name()
    base, unit = _without_unit(name)
    for words in (base, " ".join(w for w in base.split() if w not in _FILLERS)):
        found = known.get(words.replace(" ", ""))
        if found is not None:
            return found, unit
    return None, None


def _base_words(name: str) -> str:
    return _without_unit(name)[0]


def _without_unit(name: str) -> tuple[str, str | None]:
    bracketed = _IN_BRACKETS.fullmatch(name)
    if bracketed is not None and (unit := ucum_of(bracketed[2])) is not None:
        return words_of(bracketed[1]), unit
    words = words_of(name)
    if words.replace(" ", "") in _by_name():
        return words, None
    parts = words.split()
    for taken, sign in ((2, "/"), (1, "")):
        if len(parts) > taken:
            unit = _SAID.get(sign.join(parts[-taken:]))
            rest = " ".join(parts[:-taken])
            if unit is not None and rest.replace(" ", "") in _by_name():
                return rest, unit
    return words, None


_AT_THE_END = (
    "mg/L mg/dL g/L g/dL ug/L ug/dL ng/mL ng/dL pg/mL mmol/L umol/L nmol/L pmol/L U/L U/mL mm/h"
)
#: Units as they end a column's name: ``crp_mg_l``, ``hb_gdl``.
_SAID = {
    spelling: code
    for code in _AT_THE_END.split()
    for spelling in (code.lower(), code.lower().replace("/", ""))
} | {"iu/l": "[IU]/L", "iu/ml": "[IU]/mL", "mm/hr": "mm/h", "meq/l": "meq/L"}


def _numbers(values: pd.Series) -> Floats:
    if types.is_bool_dtype(values.dtype) or types.is_datetime64_any_dtype(values.dtype):
        return np.empty(0)
    numbers = pd.to_numeric(pd.Series(values.to_numpy(dtype=object)), errors="coerce")
    plain = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    return plain[np.isfinite(plain)]


def _are_codes(numbers: Floats) -> bool:
    distinct = np.unique(numbers).size
    return distinct <= 2 or (distinct <= FEW_LEVELS and numbers.size > 4 * FEW_LEVELS)


def _fitting(analyte: Analyte, numbers: Floats, share: float) -> list[Unit]:
    """Give the units in which the values can be what they are."""
    positive = numbers[numbers > 0]
    if not positive.size:
        return []
    low, high = analyte.median
    fitting: list[Unit] = []
    for unit in analyte.units:
        here = unit.to_reference(positive)
        possible = np.mean(_can_occur(analyte, here)) >= share
        twin = any((unit.factor, unit.offset) == (u.factor, u.offset) for u in fitting)
        if possible and low <= np.median(here) <= high and not twin:
            fitting.append(unit)
    return fitting


def _can_occur(analyte: Analyte, in_reference: Floats) -> npt.NDArray[np.bool_]:
    low = -np.inf if analyte.plausible.low is None else analyte.plausible.low
    high = np.inf if analyte.plausible.high is None else analyte.plausible.high
    return (in_reference >= low) & (in_reference <= high)


def _choose(
    analyte: Analyte, declared: str | None, fitting: list[Unit]
) -> tuple[Unit | None, list[str]]:
    usual = {unit.code: unit for unit in analyte.units}
    if declared is not None:
        unit = usual.get(declared)
        if unit and any((unit.factor, unit.offset) == (u.factor, u.offset) for u in fitting):
            return unit, []
        if len(fitting) == 1:
            fits = f"declared in {_shown(declared)}, but the values fit {_shown(fitting[0].code)}"
            return fitting[0], [Doubt(fits, f"unit: {fitting[0].code}", 2)]
        unusual = f"the values are unusual for {analyte.name} in {_shown(declared)}"
        return None, [Doubt(unusual, "unit: ...", 2)]
    if len(fitting) == 1:
        return fitting[0], []
    if fitting:
        codes = " and ".join(_shown(unit.code) for unit in fitting)
        said = " or ".join(unit.code for unit in fitting)
        return None, [Doubt(f"the values fit {codes}; say which it is", f"unit: {said}")]
    codes = ", ".join(map(_shown, usual))
    return None, [Doubt(f"the values fit no usual unit of {analyte.name} ({codes})", "unit: ...")]


def _mixed_units(analyte: Analyte, chosen: Unit, numbers: Floats) -> list[str]:
    """Tell of values that seem to be in another unit than the rest."""
    positive = numbers[numbers > 0]
    need = max(CLUSTER, CLUSTER_SHARE * positive.size)
    beyond = positive[~_can_occur(analyte, chosen.to_reference(positive))]
    low, high = analyte.median
    for other in analyte.units:
        ratio = chosen.factor / other.factor
        if max(ratio, 1 / ratio) < 3 or chosen.offset != other.offset:
            continue
        there = other.to_reference(beyond)
        count = int(np.sum((there >= low) & (there <= high)))
        count = count if count >= CLUSTER else _cluster_apart(positive, ratio, need)
        if count:
            mixed = (
                f"{count} of {numbers.size} values look like {_shown(other.code)} among "
                f"{_shown(chosen.code)}; bring the column to one unit"
            )
            return [Doubt(mixed, "unit: ..., once all are in it", 3)]
    return []


def _cluster_apart(positive: Floats, ratio: float, need: float) -> int:
    """Count the smaller of two clusters that lie one factor between two units apart."""
    logs = np.sort(np.log10(positive))
    gaps = np.diff(logs)
    inside = gaps[int(need) : gaps.size - int(need)] if gaps.size > 2 * need else np.empty(0)
    if not inside.size:
        return 0
    at = int(need) + int(np.argmax(inside)) + 1
    apart = np.median(logs[at:]) - np.median(logs[:at])
    expected = abs(np.log10(ratio))
    if gaps[at - 1] < expected / 2 or abs(apart - expected) > 0.3:
        return 0
    return min(at, logs.size - at)


def _impossible(numbers: Floats, plausible: Range, unit: Unit) -> list[str]:
    low = -np.inf if plausible.low is None else plausible.low
    high = np.inf if plausible.high is None else plausible.high
    zeros = int(np.sum(numbers == 0)) if low > 0 else 0
    others = int(np.sum((numbers < low) | (numbers > high))) - zeros
    doubts: list[str] = []
    if zeros:
        impossible = f"{zeros} of {numbers.size} values are zero, which cannot occur: missing?"
        doubts.append(Doubt(impossible, "missing: [0]", 3))
    if others:
        limits = f"{low:g} to {high:g} {_shown(unit.code)}".rstrip()
        beyond = f"{others} of {numbers.size} values are outside what can occur ({limits})"
        doubts.append(Doubt(beyond, "missing: [...], where they stand for a missing value", 2))
    return doubts


def _in_unit(reference: ReferenceRange, unit: Unit) -> ReferenceRange:
    return reference.model_copy(
        update={
            "low": unit.from_reference(reference.low),
            "high": unit.from_reference(reference.high),
        }
    )


def _shown(code: str) -> str:
    return display_unit(code) or "a plain number"
