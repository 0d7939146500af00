"""The words of clinical tables: what stands for a missing value, yes and no, stages in order."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from synthhealth.cells.missing import MISSING, MISSING_AMONG_NUMBERS, plain_word

__all__ = [
    "ZERO_WORDS",
    "MissingWords",
    "Order",
    "no_or_yes",
    "order_of",
    "partly_yes_no",
    "says_yes",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


#: Words that a laboratory means as "too little to be found": a low result, not a missing one.
ZERO_WORDS = _words(
    "neg|neg.|negative|negativ|undetectable|not detected|non-detectable|none detected|below"
)


#: Beside so many of these ``Na`` is sodium.
FEWEST_ANALYTES = 2
_ANALYTES = _words(
    "k|cl|ca|mg|p|po4|fe|zn|cu|hco3|co2|hb|hgb|wbc|rbc|plt|crp|esr|alt|ast|alp|ggt|ldh|urea|bun"
    "|creatinine|crea|cr|glucose|glu|tsh|sodium|potassium|chloride|calcium|albumin|alb"
)

#: More levels than this are no stages that somebody graded.
MOST_LEVELS = 25


class MissingWords:
    """Tells the cells that stand for a missing value, whatever their case and blanks."""

    @staticmethod
    def among_numbers(cells: Iterable[str]) -> list[str]:
        """Of the different cells of a column of numbers or dates."""
        return [cell for cell in cells if plain_word(cell) in MISSING_AMONG_NUMBERS]

    @staticmethod
    def among_words(cells: Iterable[str]) -> list[str]:
        """Of the different cells of any other column; sodium is none beside other analytes."""
        words = {cell: plain_word(cell) for cell in cells}
        analytes = sum(word in _ANALYTES for word in set(words.values()) - {"na"})
        levels = {"na"} if analytes >= FEWEST_ANALYTES else set()
        return [cell for cell, word in words.items() if word in MISSING and word not in levels]


@dataclass(frozen=True)
class Order:
    """The order in which the levels of a column stand."""

    levels: tuple[str, ...]
    """The levels as they are written, the lowest first."""
    is_boolean: bool
    """Whether they say no and yes."""
    why: str
    """What they were taken for."""


_YES_NO = (
    "no/yes|n/y|nein/ja|n/j|non/oui|n/o|no/si|no/sí|nao/sim|não/sim|nej/ja|nee/ja|false/true|f/t"
    "|falsch/wahr|faux/vrai|negative/positive|neg/pos|neg./pos.|negativ/positiv|-/+|absent/present"
    "|not present/present|nicht vorhanden/vorhanden|not detected/detected|unexposed/exposed"
    "|off/on|unchecked/checked|not checked/checked|unticked/ticked|لا/نعم"
)
_BOOLEANS = tuple(tuple(pair.split("/")) for pair in _YES_NO.split("|"))
#: What stands in a box that somebody ticked, where the others are empty.
_TICKS = _words("x|✓|✔|☑|☒|✗|1") | {yes for _, yes in _BOOLEANS}

#: Ordered answers; "=" parts words for the same answer.
_SCALES = tuple(
    tuple(tuple(words.split("=")) for words in scale.split("<"))
    for scale in (
        "none=no=absent=nil=normal=not present<minimal=trace=slight=doubtful<mild=light"
        "<mild to moderate<moderate<moderate to severe<severe=marked<very severe"
        "=critical=life-threatening=extreme<fatal=death",
        "remission<very low<low<low to moderate<normal=medium=moderate=intermediate=middle=average"
        "<moderate to high<high=elevated<very high",
        "never=never smoker=non-smoker=nonsmoker=non smoker=never smoked"
        "<former=ex=ex-smoker=exsmoker=ex smoker=past=former smoker=previous=quit"
        "<passive<occasional<current=current smoker=active=smoker",
        "never<rarely=seldom<sometimes=occasionally<often=frequently<very often=usually<always",
        "very poor=very bad<poor=bad<fair=satisfactory<good<very good<excellent",
        "tiny=very small<small<medium<large<very large=huge",
        "underweight<normal=normal weight<overweight<obese=obesity<severely obese=morbidly obese",
        "negative=neg=negativ=absent=-=0=nil<trace=+-=±=(+)=+/-=borderline=equivocal"
        "=indeterminate=weakly positive=weak positive<+=1+=positive=pos=positiv=(1+)<++=2+"
        "<+++=3+=strongly positive=strong positive<++++=4+",
        "strongly disagree<disagree<neutral=neither agree nor disagree<agree<strongly agree",
        "well differentiated<moderately differentiated<poorly differentiated<undifferentiated",
        "well<moderately<poorly",
        "complete response=cr<partial response=pr<stable disease=sd<progressive disease=pd",
        "benign<borderline<malignant",
        "early<intermediate<late<advanced",
        "normal<pre-diabetes=prediabetes=pre-diabetic=prediabetic<diabetes=diabetic",
        "kein=keine=nein=ohne<minimal=gering<leicht=mild<mittel=mäßig=moderat=mittelgradig"
        "<schwer=stark=hochgradig<sehr schwer",
        "sehr niedrig<niedrig<mittel=normal<hoch=erhöht<sehr hoch",
        "nie=nichtraucher<früher=ehemalig=ex-raucher=exraucher<aktuell=raucher",
        "aucun=aucune<léger=légère<modéré=modérée<sévère",
        "primary=primary school<secondary=secondary school=high school"
        "<tertiary=university=college<postgraduate",
        "illiterate<primary<preparatory<secondary<university<postgraduate",
    )
)
_RANKS = tuple(
    {word: rank for rank, words in enumerate(scale) for word in words} for scale in _SCALES
)

_ROMAN = {
    numeral: place
    for place, numeral in enumerate(
        ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"), start=1
    )
}
#: What stands before the number of a stage, and is not a name of a group, a site or a treatment.
_STAGED = (
    "stage|grade|grad|stadium|degree|level|class|nyha|nyha class|asa|ecog|ckd|ckd stage|ckd g|who"
    "|who grade|ctcae grade|ctcae|score|f|g|kl|cin|ps|t|n|pt|pn|ct|cn|tnm|fibrosis|child|category"
    "|klasse|stufe|braak|hoehn & yahr|isup|gleason|bi-rads|birads|quartile|tertile|quintile|q"
)
_STAGE = re.compile(
    rf"(?P<name>(?:{'|'.join(map(re.escape, _STAGED.split('|')))})?)[ ._-]*"
    r"(?P<number>\d{1,2}|[ivx]+)(?:(?P<sub>[a-d]\d?)|[ ._-]?(?P<under>[a-d]))?"
)
_TITRE = re.compile(r"(?P<mark>[<>≤≥]=?|)\s*1\s*(?P<sign>[:/])\s*(?P<dilution>\d{1,6})")
_BOUND = r"[$€£]?\s*(\d+(?:[.,]\d+)?)\s*(?:k|%|years?|yrs?|y|kg|g|mg|mm|cm|days?|months?|weeks?)?"
_BANDS: tuple[tuple[re.Pattern[str], Callable[[list[float]], tuple[float, float]]], ...] = tuple(
    (re.compile(pattern), bounds)
    for pattern, bounds in (
        (rf"(?:<|<=|≤|under|below|less than|up to)\s*{_BOUND}", lambda n: (-math.inf, n[0])),
        (
            rf"(?:>|>=|≥|over|above|more than|from)\s*{_BOUND}"
            rf"|{_BOUND}\s*(?:\+|(?:and|or) (?:over|above|more|older))",
            lambda n: (n[0], math.inf),
        ),
        (rf"[\[(]?{_BOUND}\s*(?:-|–|to|,|bis)\s*<?{_BOUND}[\])]?", lambda n: (n[0], n[1])),
    )
)


def order_of(cells: Sequence[str]) -> Order | None:
    """Find the order of a column's levels from what they say; None if they say none.

    Parameters
    ----------
    cells : sequence of str
        The different levels, as they are written.

    Returns
    -------
    Order or None
    """
    words = [plain_word(cell) for cell in cells]
    if not 2 <= len(cells) <= MOST_LEVELS or len(set(words)) < len(cells):
        return None
    for pair in _BOOLEANS:
        if set(words) == set(pair):
            return Order(_by_place(cells, [pair.index(word) for word in words]), True, "no and yes")
    for ranks in _RANKS:
        if all(word in ranks for word in words):
            found = [ranks[word] for word in words]
            if len(set(found)) == len(found):
                return Order(_by_place(cells, found), False, "graded words")
    stages = _stages(words)
    if stages is not None:
        return Order(_by_place(cells, stages), False, "stages")
    titres = _titres(words)
    if titres is not None:
        return Order(_by_place(cells, titres), False, "titres")
    bands = _bands(words)
    if bands is not None:
        return Order(_by_place(cells, bands), False, "bands of a number")
    return None


def _by_place(cells: Sequence[str], places: Sequence[Any]) -> tuple[str, ...]:
    order = sorted(range(len(cells)), key=places.__getitem__)
    return tuple(cells[place] for place in order)


def _stages(words: list[str]) -> list[tuple[int, str]] | None:
    """Read ``stage ii``, ``grade 3``, ``g3a``, ``iiia``: all with the same name, all different."""
    matches = [_STAGE.fullmatch(word) for word in words]
    if any(match is None for match in matches):
        return None
    found = [match for match in matches if match is not None]
    names = {match["name"] for match in found}
    numbers = [match["number"] for match in found]
    roman = all(number in _ROMAN for number in numbers)
    if len(names) > 1 or not (roman or all(number.isdigit() for number in numbers)):
        return None
    if names == {""} and not (roman and {"i", "ii"} & set(numbers)):
        # Bare numbers with a letter are codes as often as stages: 3a, 12b.
        return None
    places = [
        (_ROMAN[number] if roman else int(number), match["sub"] or match["under"] or "")
        for number, match in zip(numbers, found, strict=True)
    ]
    return places if len(set(places)) == len(places) else None


def _titres(words: list[str]) -> list[float] | None:
    """Read ``1:40``, ``<1:40`` and ``negative``; a titre counts where two are there."""
    places: list[float] = []
    dilutions = 0
    for word in words:
        match = _TITRE.fullmatch(word)
        if match is not None:
            dilutions += 1
            shift = {"<": -0.5, "≤": -0.5, ">": 0.5, "≥": 0.5}.get(match["mark"][:1], 0.0)
            places.append(int(match["dilution"]) + shift)
        elif word in ZERO_WORDS or word == "-":
            places.append(-1.0)
        else:
            return None
    return places if dilutions >= 2 and len(set(places)) == len(places) else None


def _bands(words: list[str]) -> list[tuple[float, float]] | None:
    """Read ``under 18``, ``18-30``, ``> 30``: three or more that do not overlap."""
    bands: list[tuple[float, float]] = []
    for word in words:
        for pattern, bounds in _BANDS:
            match = pattern.fullmatch(word)
            if match is not None:
                numbers = [float(text.replace(",", ".")) for text in match.groups() if text]
                bands.append(bounds(numbers))
                break
        else:
            return None
    ordered = sorted(bands)
    apart = all(low[1] <= high[0] for low, high in itertools.pairwise(ordered))
    proper = all(low < high for low, high in bands)
    is_limits = all(math.isinf(low) or math.isinf(high) for low, high in bands)
    return bands if len(bands) >= 3 and apart and proper and not is_limits else None


def says_yes(cell: str) -> bool:
    """Whether a cell says yes: a word for it, or a tick."""
    return plain_word(cell) in _TICKS


def partly_yes_no(words: Sequence[str]) -> bool:
    """Whether among other words there are a no and a yes of the same language."""
    return any(set(pair) <= set(words) for pair in _BOOLEANS)


def no_or_yes(levels: Sequence[object]) -> dict[object, bool] | None:
    """Say which levels mean no and which yes; None where they mean something else.

    Examples
    --------
    >>> no_or_yes(["Ja", "Nein"]), no_or_yes([1, 0]), no_or_yes(["no", "maybe"])
    ({'Ja': True, 'Nein': False}, {1: True, 0: False}, None)
    """
    if all(str(level) in ("0", "1", "0.0", "1.0", "True", "False") for level in levels):
        return {level: str(level) in ("1", "1.0", "True") for level in levels}
    words = {level: plain_word(str(level)) for level in levels}
    for pair in _BOOLEANS:
        if set(words.values()) <= set(pair):
            return {level: word == pair[1] for level, word in words.items()}
    return None
