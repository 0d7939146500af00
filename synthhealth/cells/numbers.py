"""A number in a cell, and what people write around it: ``< 0.5 mg/L``, ``~70``, ``95.1 (H)``.

Only known words are read. Whatever else stands beside a number makes the cell no number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from synthhealth.cells.digits import to_latin

__all__ = ["BLANKS", "FEET", "NumberCell", "currency_of", "flag_side", "says_guess", "split_number"]

#: Blanks that part thousands.
BLANKS = " \u00a0\u2009\u202f"
#: What stands behind a height in feet and inches, which is read as inches.
FEET = "'\""

_LESS = r"less than|lower than|below|under|unter|kleiner(?: als)?|weniger als|أقل من|اقل من"
_MORE = r"more than|greater than|higher than|above|over|über|größer(?: als)?|mehr als"
_MORE += r"|أكثر من|اكثر من|أكبر من|اكبر من"
_GUESS = r"~|≈|ca\.?|circa|about|around|approx\.?|approximately|etwa|ungefähr|حوالي|تقريبا|env\."
_GUESSED = re.compile(rf"\(?(?:\?+|{_GUESS})\)?", re.IGNORECASE)

_SIGNS_OF_MONEY = {"$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₺": "TRY"}
_SIGNS_OF_MONEY |= {"₹": "INR", "₪": "ILS", "﷼": "SAR", "ر.س": "SAR", "ج.م": "EGP", "ج.م.": "EGP"}
_SIGNS_OF_MONEY |= {"جنيه": "EGP", "le": "EGP", "l.e.": "EGP", "e£": "EGP", "د.إ": "AED"}
_SIGNS_OF_MONEY |= {"euro": "EUR", "dollar": "USD", "kr": "kr", "tl": "TRY", "rs": "INR"}
_CODES_OF_MONEY = frozenset(
    re.findall(
        "[A-Z]+",
        "USD EUR GBP CHF JPY CNY INR EGP SAR AED QAR KWD BHD OMR JOD LBP IQD SYP YER LYD TND DZD "
        "MAD SDG TRY ILS IRR PKR BDT NGN ZAR KES GHS ETB AUD NZD CAD SEK NOK DKK PLN CZK HUF RON "
        "RUB UAH BRL MXN ARS CLP COP PEN KRW SGD HKD TWD THB IDR MYR PHP VND",
    )
)
_MONEY = "|".join(
    re.escape(word) for word in sorted({*_SIGNS_OF_MONEY, *_CODES_OF_MONEY}, key=len, reverse=True)
)

_LOW = "l|ll|l*|low|lo|lowered|↓|niedrig|erniedrigt|tief|bas|منخفض|منخفضة|قليل"
_HIGH = "h|hh|h*|high|hi|elevated|↑|hoch|erhöht|raised|élevé|haut|مرتفع|مرتفعة|عالي"
_OTHER = (
    "*|**|***|#|!|!!|a|aa|abn|abn.|abnormal|crit|critical|panic|n|normal|auffällig|pathologisch"
    "|haemolysed|hemolysed|haemolyzed|hemolyzed|haemolytic|hemolytic|haemolysis|hemolysis"
    "|hämolytisch|hämolyse|haemolytisch|lipaemic|lipemic|lipämisch|icteric|ikterisch|clotted"
    "|capillary|kapillär|venous|venös|arterial|arteriell|fasting|nüchtern|random|verified"
    "|confirmed|corrected|prelim|preliminary|final|غير طبيعي|طبيعي|متحلل|شعري"
    "|صائم|حرج"
)
_FLAGS: dict[str, int] = {
    **dict.fromkeys(_OTHER.split("|"), 0),
    **dict.fromkeys(_LOW.split("|"), -1),
    **dict.fromkeys(_HIGH.split("|"), 1),
}
#: One letter right behind a number, without a blank, is more likely part of a code.
_NEVER_GLUED = frozenset("an")

_CELL = re.compile(
    rf"(?P<guess>(?:{_GUESS})\s*)?"
    rf"(?P<mark>(?:<=|>=|=<|=>|[<>≤≥⩽⩾]|(?:{_LESS}|{_MORE})\b)\s*)?"
    r"(?P<minus>[\-−](?=\D))?"
    rf"(?P<before>(?:{_MONEY})\s*)?"
    r"(?P<sign>[+\-−]?)"
    rf"(?P<number>\d{{1,3}}(?:[{BLANKS}'’]\d{{3}})+(?!\d)(?:[.,٫،]\d+)?"
    r"|\d(?:[\d.,٫٬،]*\d)?|[.,٫]\d+)"
    r"(?:[eE](?P<e>[+\-−]?\d{1,2})(?![\w.,])"
    r"|\s*[x×*·]\s*10(?:(?:\^|\*{1,2})(?P<power>[+\-−]?\d{1,2})|(?P<raised>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))"
    r"(?=\s*$|\s+[^\W\d_]))?"
    r"(?P<behind>.*)",
    re.IGNORECASE,
)
_HEIGHT = re.compile(
    r"(?P<feet>\d{1,2})\s*(?:'|′|’|ft\.?|feet)\s*(?P<inches>\d{1,2}(?:\.\d+)?)"
    r"\s*(?:\"|″|”|''|’’|in\.?|inch(?:es)?)?",
    re.IGNORECASE,
)
#: ``1.2e3`` is a number, but ``12e5`` is a code.
_ONE_DIGIT = re.compile(r"\d(?:[.,٫]\d+)?")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻−", "0123456789+--")


@dataclass(frozen=True, slots=True)
class NumberCell:
    """A cell that has a number in it."""

    number: str
    """Its digits with their marks, in Latin digits."""
    negative: bool = False
    """Whether a minus stands before it."""
    exponent: int | None = None
    """The power of ten that it is multiplied by, where one is written."""
    mark: str = ""
    """What says that the result lies below or above it, with its blanks: ``< ``."""
    before: str = ""
    """A currency before it, with its blanks."""
    behind: str = ""
    """All that stands behind it."""
    is_guess: bool = False
    """Whether something before it says that it is about so."""

    @property
    def side(self) -> int:
        """-1: the result lies below the number, +1: above, 0: it is the number."""
        if self.mark:
            below = re.match(rf"[<≤⩽]|=<|(?:{_LESS})\b", self.mark, re.IGNORECASE)
            return -1 if below else 1
        return 1 if self.behind.strip() == "+" else 0


def split_number(cell: str) -> NumberCell | None:
    """Part a number from what stands around it; None if the cell does not begin with one.

    Examples
    --------
    >>> from synthhealth.cells.numbers import split_number
    >>> split_number("< 0,5 mg/L")
    NumberCell(number='0,5', negative=False, exponent=None, mark='< ', before='', \
behind=' mg/L', is_guess=False)
    >>> split_number("$1,200").before, split_number("1.2x10^3").exponent, split_number("n/a")
    ('$', 3, None)
    """
    text = to_latin(cell).strip()
    height = _HEIGHT.fullmatch(text)
    if height is not None and float(height["inches"]) < 12:
        whole, point, rest = height["inches"].partition(".")
        return NumberCell(f"{12 * int(height['feet']) + int(whole)}{point}{rest}", behind=FEET)
    match = _CELL.fullmatch(text)
    if match is None:
        return None
    power = (match["e"] or match["power"] or match["raised"] or "").translate(_RAISED)
    if match["e"] and power[0] not in "+-" and not _ONE_DIGIT.fullmatch(match["number"]):
        return None
    return NumberCell(
        number=match["number"],
        negative=bool(match["minus"]) or match["sign"] in ("-", "−"),
        exponent=int(power) if power else None,
        mark=match["mark"] or "",
        before=match["before"] or "",
        behind=match["behind"],
        is_guess=match["guess"] is not None,
    )


def flag_side(text: str) -> int | None:
    """Say what a flag behind a number means: -1 low, +1 high, 0 anything else; None if it is none.

    Examples
    --------
    >>> from synthhealth.cells.numbers import flag_side
    >>> flag_side(" (H)"), flag_side("L"), flag_side("*"), flag_side(" مرتفع"), flag_side(" phoned")
    (1, -1, 0, 1, None)
    """
    plain = " ".join(text.casefold().split())
    if len(plain) == 1 and plain == text.casefold() and plain in _NEVER_GLUED:
        return None
    if plain not in _FLAGS:
        plain = re.sub(r"^[(\[]\s*(.*?)\s*[)\]]$", r"\1", plain)
    return _FLAGS.get(plain)


def says_guess(text: str) -> bool:
    """Say whether something behind a number says that it is about so: ``?``."""
    return _GUESSED.fullmatch(text.strip()) is not None


def currency_of(text: str) -> str | None:
    """Give the code of a currency as people write it, or None.

    Examples
    --------
    >>> from synthhealth.cells.numbers import currency_of
    >>> currency_of("$"), currency_of(" €"), currency_of("EGP "), currency_of("mg")
    ('USD', 'EUR', 'EGP', None)
    """
    plain = text.strip().casefold()
    code = _SIGNS_OF_MONEY.get(plain)
    return code or (plain.upper() if plain.upper() in _CODES_OF_MONEY else None)
