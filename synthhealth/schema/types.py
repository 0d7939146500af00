"""What a column of a table is: the ground on which the room stands."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synthhealth.errors import SchemaError
from synthhealth.schema.problems import first_problem

__all__ = [
    "Column",
    "Demographics",
    "DetectionLimits",
    "Kind",
    "Notation",
    "Protection",
    "Range",
    "ReferenceRange",
    "Role",
]


class Kind(str, Enum):
    """What a column measures, which decides how it is modelled and judged."""

    CONTINUOUS = "continuous"
    COUNT = "count"
    DATETIME = "datetime"
    ORDINAL = "ordinal"
    NOMINAL = "nominal"
    BOOLEAN = "boolean"
    IDENTIFIER = "identifier"
    TEXT = "text"

    @property
    def is_numerical(self) -> bool:
        """Whether values have distances: such columns are judged by Kolmogorov-Smirnov."""
        return self in (Kind.CONTINUOUS, Kind.COUNT, Kind.DATETIME)

    @property
    def is_modelled(self) -> bool:
        """Whether a model may learn the values; identifiers and free text it never may."""
        return self not in (Kind.IDENTIFIER, Kind.TEXT)


class Role(str, Enum):
    """What a column is to the study, and to somebody who wants to recognise a patient."""

    QUASI_IDENTIFIER = "quasi-identifier"
    SENSITIVE = "sensitive"
    OUTCOME = "outcome"


class Protection(str, Enum):
    """What is done with a column that identifies people, before anything is learned."""

    DROP = "drop"
    FAKE = "fake"
    GENERALISE = "generalise"


Level = str | bool | int | float

#: The level of an empty cell, where the schema lists it among the levels of a column.
BLANK = ""

#: Fewer patients than this are never shown, and their level is never learned, by itself.
MIN_CELL = 5


class Part(BaseModel):
    """A part of a schema, frozen; one that a program makes wrongly is refused in our own words."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )

    def __init__(self, **said: Any) -> None:
        try:
            super().__init__(**said)
        except ValidationError as error:
            raise _in_words(error, type(self), said) from None

    # As pydantic marks its own: what it reads itself does not go through this one.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def _in_words(error: ValidationError, model: type[BaseModel], said: dict[str, Any]) -> SchemaError:
    """Say what is wrong with a part of a schema that a program makes."""
    words = first_problem(error, model, said).words
    name = said.get("name")
    part = f"column {name!r}" if isinstance(name, str) else "schema"
    return SchemaError(
        words if words.startswith((part, "column", "schema")) else f"{part}: {words}"
    )


class Range(Part):
    """An interval, its ends included; an end that is left out is open."""

    low: float | None = None
    """The lowest value."""
    high: float | None = None
    """The highest value."""

    @model_validator(mode="after")
    def _ends_are_in_order(self) -> Range:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise SchemaError(f"schema: a range from {self.low:g} to {self.high:g} is empty")
        return self


class ReferenceRange(Range):
    """The values of healthy people, as the laboratory prints them beside its result."""

    sex: Literal["female", "male"] | None = None
    """Whom it holds for; both where it is left out."""
    age_from: float | None = None
    """The youngest age it holds for, in years."""
    age_to: float | None = None
    """The age, in years, from which it no longer holds."""
    source: str | None = None
    """Where it is from."""


class DetectionLimits(Part):
    """What the assay can measure; one entry where all results are from one assay."""

    below: tuple[float, ...] = ()
    """Limits below which a result is only known to be smaller: ``<0.5``."""
    above: tuple[float, ...] = ()
    """Limits above which a result is only known to be larger: ``>1000``."""


class Notation(Part):
    """How a column of text writes its numbers or dates, so that they can be written so again."""

    decimal: Literal[".", ",", "٫", "،"] = "."
    """The decimal mark; the last two are Arabic."""
    thousands: str = ""
    """What parts the thousands; nothing if they are not parted."""
    padded: bool = False
    """Whether every number has all decimals of the column: ``12.30``."""
    prefix: str = ""
    """What stands before every number, such as the sign of a currency: ``€``."""
    suffix: str = ""
    """What follows every number, such as a unit with its space: `` mg/L``; with ``'"`` \
numbers are inches, written as feet and inches: ``5'7"``."""
    digits: Literal["latin", "arabic", "persian", "fullwidth"] = "latin"
    """The script of the digits: ``12``, ``١٢``, ``۱۲`` or ``１２``."""
    flag_low: str = ""
    """What follows a number below the column's reference range, with its space: `` L``."""
    flag_high: str = ""
    """What follows a number above the column's reference range: `` H``."""
    clock: str = ""
    """The form of times of day and durations, which are learned as minutes: ``%H:%M``, \
``%-I:%M %p``; with ``%h`` for the hours of a duration, which do not end at 23, and in brackets \
what is left out where it is zero: ``[%-hh][ %-Mmin]``."""
    below: str = "<"
    """What stands before a lower detection limit, with its space if there is one."""
    above: str = ">"
    """What stands before an upper detection limit; a ``+`` stands behind it: ``90+``."""
    limits_padded: bool = False
    """Whether detection limits have all decimals of the column, too: ``<0.50``."""
    numbers: bool = False
    """Whether only results beyond a limit are text and all others numbers, as in a spreadsheet."""
    dates: tuple[str, ...] = ()
    """The formats of dates, as `datetime.datetime.strptime` has them, the most frequent first: \
``%d.%m.%Y``; with ``%-d`` and ``%-m`` for days and months without a zero before them, ``%^b`` and \
``%#b`` for a month in capitals and in small letters, ``%3f`` for milliseconds, ``%G-W%V`` for a \
week; ``excel`` for the serial numbers of Excel, ``epoch`` and ``epoch_ms`` for seconds and \
milliseconds since 1970."""
    language: Literal["en", "de", "fr", "es", "tr", "ar", "ar-levant"] = "en"
    """The language in which names of months are written; they are read in any of these."""


class Column(Part):
    """One column of a schema.

    Only `name` and `kind` must be given; what else a fit needs is taken from the table.

    Examples
    --------
    >>> from synthhealth.schema import Column
    >>> Column(name="crp", kind="continuous", unit="mg/L", plausible={"low": 0, "high": 600}).kind
    <Kind.CONTINUOUS: 'continuous'>
    """

    name: str
    """The column's name in the table."""
    kind: Kind
    """What it measures."""
    unit: str | None = None
    """The unit of its numbers, in UCUM: ``mg/L``, ``10*9/L``. Dates are judged in days."""
    loinc: str | None = None
    """The LOINC code of the measurement: ``1988-5``."""
    role: Role | None = None
    """What it is to the study, or to somebody who wants to recognise a patient."""
    levels: tuple[Level, ...] | None = None
    """The categories, of an ordinal column in their order. Where an empty text is among them, \
an empty cell is a level, such as the "no" of a checkbox, and not missing: ``['', Y]``."""
    decimals: int | None = Field(default=None, ge=0, le=10)
    """How many decimals its numbers are written with."""
    plausible: Range | None = None
    """The values that can occur in a patient, by clinical knowledge; none outside is written."""
    reference: tuple[ReferenceRange, ...] = ()
    """The values of healthy people, by sex and age."""
    detection: DetectionLimits | None = None
    """The detection limits of the assay."""
    rare: Literal["merge", "drop", "keep"] | None = None
    """What is done with levels and detection limits that fewer patients have than the schema's \
`min_cell`: ``merge`` joins levels of an ordinal column to their neighbours and pools those of a \
nominal one as ``other``, ``drop`` replaces them by those of similar patients, ``keep`` learns \
them. Merged by default. Beside `levels`, cells with none of them are treated so, too."""
    missing: tuple[str | int | float, ...] = ()
    """The cells that stand for a missing value, such as -9 or ``not done``."""
    notation: Notation | None = None
    """How a column of text writes its numbers or dates; None for any other column."""
    joined: str | None = None
    """What parts the two numbers of one cell, each of which is learned by itself: ``/`` in \
``120/80``."""
    identifier: str | None = None
    """Which identifier it is: ``name``, ``e-mail``, ``record number``, ..."""
    protection: Protection | None = None
    """What is done with it before anything is learned; must be chosen for an identifier."""
    pattern: str | None = None
    """The form of its fakes: ``AA-9999``; A, a and 9 stand for any letter and digit."""

    @model_validator(mode="after")
    def _codes_are_known(self) -> Column:
        from synthhealth.schema.analytes import check_loinc
        from synthhealth.schema.identifiers.patterns import Pattern
        from synthhealth.schema.units import check_unit

        checks = ((self.unit, check_unit), (self.loinc, check_loinc), (self.pattern, Pattern.parse))
        for text, check in checks:
            if text is not None:
                try:
                    check(text)
                except SchemaError as error:
                    raise SchemaError(f"column {self.name!r}: {error}") from None
        return self


class Demographics(Part):
    """Where the table says who a patient is, as far as reference ranges need it."""

    sex: str | None = None
    """The column with the sex."""
    female: Level | None = None
    """What it holds for women."""
    male: Level | None = None
    """What it holds for men."""
    age: str | None = None
    """The column with the age in years."""
