"""Columns of cells as text become numbers, truth values or text; words that mean something."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from synthhealth.cells.visible import visible
from synthhealth.errors import Doubt

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from synthhealth.schema import Schema

__all__ = ["FOOTER", "MISSING_WORDS", "columns_with_words", "is_unit"]


#: The words for a missing value, those of pandas.
MISSING_WORDS = frozenset(
    {
        *("", "NA", "N/A", "n/a", "<NA>", "#NA", "#N/A", "#N/A N/A", "NULL", "null", "None"),
        *("NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    }
)

#: How lines below a table begin: totals, and where it came from.
FOOTER = re.compile(
    r"\s*(?:(?:grand |sub)?totals?|sum|mean|average|avg|median|sd|std|min(?:imum)?|max(?:imum)?"
    r"|count|n\s*=|number of|printed|exported|generated|created|source|note|notes|end of|page"
    r"|records?|gesamt|summe|anzahl|mittelwert|durchschnitt|erstellt|gedruckt|quelle|stand"
    r"|somme|moyenne|médiane|imprimé|exporté|source|suma|media|promedio|mediana|fuente|impreso"
    r"|toplam|ortalama|yazdırıldı|итого|всего|среднее|المجموع|الإجمالي|اجمالي|إجمالي|المتوسط|ملاحظة"
    r"|合计|总计|平均|备注)(?![^\W\d_])",
    re.IGNORECASE,
)

_UNIT_WORDS = (
    "a y yr yrs year years mo month months wk week weeks d day days h hr hrs hour hours"
    " min s sec ms jahr jahre monate wochen tage std ans années mois jours años meses días"
    " yaş yıl ay gün سنة سنوات سنين عام شهر شهور يوم أيام ساعة 岁 年 月 周 天 kg g mg µg ug ng"
    " pg lb lbs oz t cm mm m µm um nm in inch inches ft l dl cl ml µl ul fl mol mmol µmol"
    " umol nmol pmol meq mosm u iu ku miu mmhg cmh2o kpa pa bar bpm °c °f c f k deg % ‰"
    " ppm score points point index ratio fraction count n units kcal kj cal w v mv ma hz"
    " db sd z-score sqm m2 m² cm2 cm² gy msv sv bq mbq pack-years packyears copies كجم كغ"
    " كغم سم ملم مم م جم غرام مجم لتر مل درجة نقطة 千克 公斤 克 厘米 毫米 毫米汞柱 分 个"
)
_UNITS = frozenset(_UNIT_WORDS.split())
_BRACKETED = re.compile(r"\s*[\[(](.+)[\])]\s*")
#: Of two parts, as g/dL, 10^9/L and mL/min/1.73 m²; no date and no "yes/no".
_PARTED = re.compile(r"[\w^*.µμ%²³×]*/\s?[\w.^µμ²³]+(?:/[\w.]+ ?m[2²])?", re.IGNORECASE)
_DENOMINATOR = re.compile(
    r"/\s?(?:[dcmµμunfp]?l|k?g|m|mol|mmol|h|hr|min|s|d|day|wk|week|yr|year|hpf|100.*|1\.73.*"
    r"|[mcµμu]?m[3³²2]?|لتر|دل|升)\b",
    re.IGNORECASE,
)


def is_unit(text: str) -> bool:
    """Whether a text is a unit of measurement, as far as its form says.

    Examples
    --------
    >>> from synthhealth.io.cells import is_unit
    >>> [is_unit(text) for text in ("g/dL", "[years]", "%", "10^9/L", "Haemoglobin", "yes/no")]
    [True, True, True, True, False, False]
    """
    bracketed = _BRACKETED.fullmatch(text)
    unit = (bracketed[1] if bracketed else text).strip()
    if len(unit) > 20:
        return False
    if unit.casefold() in _UNITS:
        return True
    return _PARTED.fullmatch(unit) is not None and _DENOMINATOR.search(unit) is not None


def columns_with_words(schema: Schema) -> list[str]:
    """Give the columns of which a schema says that words such as NA are levels.

    It says so with such a level, or with ``missing: []``.

    Examples
    --------
    >>> from synthhealth.io.cells import columns_with_words
    >>> from synthhealth.schema import Column, Schema
    >>> analyte = Column(name="analyte", kind="nominal", levels=["K", "NA"])
    >>> columns_with_words(Schema(columns=[analyte, Column(name="crp", kind="continuous")]))
    ['analyte']
    """
    return [
        column.name
        for column in schema.columns
        if not column.kind.is_numerical
        and (
            not MISSING_WORDS.isdisjoint(map(str, column.levels or ()))
            or ("missing" in column.model_fields_set and not column.missing)
        )
    ]


_TRUTHS = (("True", "False"), ("TRUE", "FALSE"), ("true", "false"))
_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]*)").fullmatch
_LONGEST_PLUS = 8
_INFINITE = r"[iI]nf(?:inity)?"
_BARE_EXPONENT = re.compile(r"[+-]?[0-9]+[eE][0-9]+").fullmatch

_Cell: TypeAlias = "Literal['empty', 'truth', 'whole', 'number', 'point', 'comma', 'text']"


@dataclass(frozen=True)
class _Mark:
    """What numbers with one decimal mark look like."""

    sign: str

    def number(self) -> re.Pattern[str]:
        mark = re.escape(self.sign)
        digits = rf"(?:0|[1-9][0-9]*)(?:{mark}[0-9]*)?|{mark}[0-9]+"
        return re.compile(rf"[+-]?(?:(?:{digits})(?:[eE][+-]?[0-9]+)?|{_INFINITE})")

    def could_part_thousands(self) -> re.Pattern[str]:
        return re.compile(rf"[+-]?[1-9][0-9]{{0,2}}(?:{re.escape(self.sign)}[0-9]{{3}})+")


_NUMBER = {sign: _Mark(sign).number().fullmatch for sign in ".,"}
_THOUSANDS = {sign: _Mark(sign).could_part_thousands().fullmatch for sign in ".,"}
_SIGN: dict[str, Literal[".", ","]] = {"point": ".", "comma": ","}


class Cells:
    """One column of a file, as its distinct cells.

    Parameters
    ----------
    values : pandas.Series
        The cells as text, none missing.
    keep_words : bool
        Whether words such as NA are text, so that only empty cells are missing.
    """

    def __init__(self, values: pd.Series, *, keep_words: bool = False) -> None:
        import numpy as np
        import pandas as pd

        self.codes, different = pd.factorize(values)
        self.texts: list[str] = list(different)
        if not "".join(self.texts).isascii():  # then some of them may look the same
            seen = np.array([visible(text) for text in self.texts], dtype=object)
            same, merged = pd.factorize(seen)
            self.codes, self.texts = same[self.codes], list(merged)
        self.stripped = [text.strip() for text in self.texts]
        words = ("",) if keep_words else MISSING_WORDS
        self.is_missing = np.array([text in words for text in self.stripped], dtype=bool)
        counts = np.bincount(self.codes, minlength=len(self.texts))
        self.missing_words: Counter[str] = Counter()
        for place in np.flatnonzero(self.is_missing):
            self.missing_words[self.stripped[place]] += int(counts[place])
        self.known = [
            text
            for text, missing in zip(self.stripped, self.is_missing, strict=True)
            if not missing
        ]
        #: Its words for true and false, where it holds nothing else.
        self.truth = _truth(set(self.known))
        self.what = self._what()

    def _what(self) -> _Cell:
        if not self.known:
            return "empty"
        if self.truth:
            return "truth"
        if all(map(_WHOLE, self.known)):
            if all(text[0] == "+" and len(text) > _LONGEST_PLUS for text in self.known):
                return "text"  # telephones: the plus is a part of them
            fits = all(-(2**63) <= int(text) < 2**63 for text in self.known)
            return "whole" if fits else "text"
        for what, sign in _SIGN.items():
            if all(map(_NUMBER[sign], self.known)):
                return self._number(what, sign)
        return "text"

    def _number(self, what: str, sign: str) -> _Cell:
        marked = any(sign in text for text in self.known)
        if not marked and any(map(_BARE_EXPONENT, self.known)):
            return "text"  # 1E5, 2E3: as likely the codes of samples
        digits = [_to_float(text) for text in self.known if text[-1] not in "fFyY"]
        if not digits or any(map(math.isinf, digits)):
            return "text"
        if not marked:
            return "number"
        if self._are_codes(sign):
            return "text"
        return "point" if what == "point" else "comma"

    def _are_codes(self, sign: str) -> bool:
        """Whether zeros tell codes apart: 250.00 beside 401.9, before the mark of one length."""
        parts = [text.partition(sign)[::2] for text in self.known]
        if not all(whole.isdigit() and (fraction or "0").isdigit() for whole, fraction in parts):
            return False
        lengths = {len(whole) for whole, _ in parts}
        decimals = {len(fraction) for _, fraction in parts}
        zeros = any(fraction[1:].endswith("0") for _, fraction in parts)
        return zeros and len(decimals) > 1 and len(lengths) == 1 and min(lengths) > 1

    @property
    def is_sure(self) -> bool:
        """Whether the mark of its numbers can only be that of decimals."""
        sign = _SIGN[self.what]
        return any(sign in text and not _THOUSANDS[sign](text) for text in self.known)

    def is_grouped(self, sign: str) -> bool:
        """Whether its numbers are whole, and the sign parts all their thousands."""
        parted = _THOUSANDS[sign]
        return any(sign in text for text in self.known) and all(
            parted(text) if sign in text else _WHOLE(text) and len(text.lstrip("+-")) <= 3
            for text in self.known
        )

    def leans_to(self, sign: str) -> bool:
        """Whether it is text most of which are numbers with this mark, among ``<0,5`` and words."""
        if self.what != "text":
            return False
        results = [text.lstrip("<>≤≥= ") for text in self.known]
        numbers = [text for text in results if _NUMBER[sign](text)]
        sure = any(sign in text and not _THOUSANDS[sign](text) for text in numbers)
        return sure and 2 * len(numbers) > len(results)

    def take(self, *, as_text: bool, grouped_by: str | None = None) -> Any:
        """Give the column's values, or its cells as they stand where it shall stay text.

        With `grouped_by` its numbers are whole, and the sign parts their thousands.
        """
        import numpy as np
        import pandas as pd

        gaps = self.is_missing[self.codes]
        if grouped_by is not None:
            numbers = self._distinct(
                np.zeros(len(self.texts), dtype="int64"),
                lambda text: int(text.replace(grouped_by, "")),
            )[self.codes]
            return pd.arrays.IntegerArray(numbers, gaps) if gaps.any() else numbers
        if self.what == "text" or as_text:
            texts = np.array(self.texts, dtype=object)
            texts[self.is_missing] = np.nan
            return texts[self.codes]
        if self.what == "whole":
            integers = self._distinct(np.zeros(len(self.texts), dtype="int64"), int)[self.codes]
            return pd.arrays.IntegerArray(integers, gaps) if gaps.any() else integers
        if self.what == "truth":
            truths = self._distinct(np.full(len(self.texts), np.nan, dtype=object), _to_bool)
            return truths[self.codes] if gaps.any() else truths[self.codes].astype(bool)
        return self._distinct(np.full(len(self.texts), np.nan), _to_float)[self.codes]

    def _distinct(self, empty: npt.NDArray[Any], read: Callable[[str], object]) -> npt.NDArray[Any]:
        empty[~self.is_missing] = [read(text) for text in self.known]
        return empty

    def padding(self) -> int | None:
        """Give the number of decimals that all its numbers have, where Python writes fewer."""
        cells = [text.replace(",", ".") for text in self.known]
        decimals = len(cells[0].partition(".")[2])
        if decimals < 1:
            return None
        same = all(f"{float(text):.{decimals}f}" == text for text in cells)
        return decimals if same and any(repr(float(text)) != text for text in cells) else None

    def is_bare(self) -> bool:
        """Whether its whole numbers have no decimals, and all else is as Python writes it."""
        cells = [text.replace(",", ".") for text in self.known]
        return any(map(_WHOLE, cells)) and all(bare(float(text)) == text for text in cells)


def bare(value: float) -> str:
    """Write a number, and nothing after a whole one."""
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


@dataclass(frozen=True)
class Decimals:
    """What a file's decimal mark is."""

    mark: Literal[".", ","]
    #: The columns of numbers that are not numbers by this mark, and stay text.
    text: frozenset[str]
    doubts: tuple[Doubt, ...] = ()
    #: The columns of whole numbers whose thousands are parted by a point.
    grouped: frozenset[str] = frozenset()


def find_decimals(columns: Mapping[str, Cells], separator: str) -> Decimals:
    """Find the decimal mark of a file.

    It is the comma where some column can be read in no other way and no column needs the point;
    where no column is sure, columns with words among their numbers decide. A column that does not
    follow the file's mark stays text, and so does one that may have its thousands parted where
    nothing else in the file says what the sign means. Where the comma is the mark, 213.456 is
    a whole number.
    """
    marked = {what: [name for name in columns if columns[name].what == what] for what in _SIGN}
    sure = {what: any(columns[name].is_sure for name in marked[what]) for what in _SIGN}
    if not any(sure.values()):
        leans = {
            what: any(cells.leans_to(sign) for cells in columns.values())
            for what, sign in _SIGN.items()
        }
        sure = leans if leans["comma"] != leans["point"] else sure
    points, commas = marked["point"], marked["comma"]
    doubts = []
    if sure["comma"] and not sure["point"]:
        return _with_commas(columns, points)
    if commas and sure["comma"]:
        doubts.append(
            Doubt(
                f"{name_columns(commas)}: decimal commas, where other columns have decimal points; "
                "the numbers were left as text",
                'notation: {decimal: ","}',
                2,
            )
        )
    elif commas:
        doubts.append(_unclear("commas", commas))
    # A semicolon is chosen where the comma is taken, and there the point may part thousands.
    unclear = points if points and not sure["point"] and separator == ";" else []
    if unclear:
        doubts.append(_unclear("points", unclear))
    return Decimals(".", frozenset([*commas, *unclear]), tuple(doubts))


def given_decimals(columns: Mapping[str, Cells], mark: str) -> Decimals:
    """Take the decimal mark that the user has said."""
    other = "point" if mark == "," else "comma"
    text = [name for name, cells in columns.items() if cells.what == other]
    return _with_commas(columns, text) if mark == "," else Decimals(".", frozenset(text))


def _with_commas(columns: Mapping[str, Cells], points: list[str]) -> Decimals:
    """Say what numbers with points are in a file whose decimal mark is the comma."""
    grouped = [
        name
        for name, cells in columns.items()
        if cells.what in ("point", "text") and cells.is_grouped(".")
    ]
    unclear = [name for name in points if name not in grouped]
    doubts = [_unclear("points", unclear)] if unclear else []
    if grouped:
        doubts.append(
            Doubt(
                f"{name_columns(grouped)}: the points part thousands, as other columns have "
                "decimal commas",
                weight=2,
            )
        )
    return Decimals(",", frozenset(unclear), tuple(doubts), frozenset(grouped))


def _unclear(signs: str, names: list[str]) -> Doubt:
    mark = "." if signs == "points" else ","
    return Doubt(
        f"{name_columns(names)}: the {signs} may part decimals or thousands; the numbers were "
        "left as text",
        f'notation: {{decimal: "{mark}"}}',
        2,
    )


def name_columns(names: Iterable[str]) -> str:
    names = list(names)
    shown = ", ".join(repr(name) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"column{'s' if len(names) > 1 else ''} {shown}{more}"


def _to_float(text: str) -> float:
    return float(text.replace(",", "."))


def _truth(words: set[str]) -> tuple[str, str] | None:
    return next((pair for pair in _TRUTHS if words and words <= set(pair)), None)


def _to_bool(text: str) -> bool:
    return text.lower() == "true"
