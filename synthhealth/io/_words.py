"""Words that mean something in any table: missing values, units, totals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    >>> from synthhealth.io._words import is_unit
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
    """Give the columns of which a schema says that a word for a missing value is a level.

    Examples
    --------
    >>> from synthhealth.io._words import columns_with_words
    >>> from synthhealth.schema import Column, Schema
    >>> analyte = Column(name="analyte", kind="nominal", levels=["K", "NA"])
    >>> columns_with_words(Schema(columns=[analyte, Column(name="crp", kind="continuous")]))
    ['analyte']
    """
    return [
        column.name
        for column in schema.columns
        if not MISSING_WORDS.isdisjoint(map(str, column.levels or ()))
    ]
