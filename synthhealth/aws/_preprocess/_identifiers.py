"""Direct identifiers in a stream of cells.

The schema room's scan needs pandas and the whole table. This is the part of it that one pass in
constant memory can do: forms inside every text cell, and names of columns together with the form
of a sample of their different cells. Its words are a part of that room's (a test compares them).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

__all__ = ["NAMES", "IdentifierFound", "Sample", "identifiers_inside", "said_by", "words_of"]

#: As in the room of the schema: shares and numbers of different values that show a form.
_MOST, _FEW, _MANY, _VARIED = 0.9, 5, 20, 0.5
#: Different cells of a column that are kept to be looked at.
_KEPT = 256
#: Letters of them that are looked at; no form is longer.
_LONGEST = 128
#: A column of this many different values varies, however many rows there are.
_ENOUGH = 100

NAMES: dict[str, tuple[str, ...]] = {
    identifier: tuple(words.split(", "))
    for identifier, words in {
        "name": (
            "apellido, apellidos, family name, first name, firstname, forename, full name, "
            "fullname, given name, last name, lastname, maiden name, middle name, nachname, nom, "
            "nombre, patient name, patientname, prenom, surname, vorname, next of kin"
        ),
        "address": "address, adresse, home address, street, street address, strasse",
        "postcode": "plz, post code, postal code, postcode, zip, zip code",
        "fax number": "fax, fax no, fax number, telefax",
        "telephone number": "cell phone, mobile, phone, phone number, tel, telefon, telephone",
        "national id": (
            "aadhaar, cpr, national id, nhs no, nhs number, nin, passport, passport number, "
            "personnummer, social security, ssn, tax id"
        ),
        "health plan number": (
            "beneficiary, health plan, insurance id, insurance number, medicaid, medicare, "
            "member id, policy number"
        ),
        "account number": "account, account no, account number, card number, iban",
        "licence number": "certificate number, licence number, license number",
        "vehicle identifier": "licence plate, license plate, plate number, vin",
        "device identifier": "device id, imei, mac, serial no, serial number, udi",
        "record number": (
            "accession, admission id, case id, case no, case number, encounter, hadm id, "
            "hospital no, hospital number, id, medical record, mrn, participant id, patient id, "
            "patient no, patient number, patientid, pid, record, study id, subject id, visit id"
        ),
    }.items()
}
_BY_WORDS = {phrase: identifier for identifier, phrases in NAMES.items() for phrase in phrases}
_FILLERS = frozenset(("patient", "of", "the", "no", "nr", "number", "num", "home", "primary"))

#: The paragraph of 45 CFR 164.514(b)(2)(i) that names each.
_PARAGRAPHS = {
    "name": "A",
    "address": "B",
    "postcode": "B",
    "telephone number": "D",
    "fax number": "E",
    "e-mail address": "F",
    "national id": "G",
    "record number": "H",
    "health plan number": "I",
    "account number": "J",
    "licence number": "K",
    "vehicle identifier": "L",
    "device identifier": "M",
    "web address": "N",
    "IP address": "O",
    "unique code": "R",
    "declared identifier": "R",
}


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


#: Sought inside every text. All repetitions are bounded, so that no cell takes long.
_INSIDE = (
    ("e-mail address", _form(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.[a-z]{2,}")),
    ("web address", _form(r"(?:https?|ftp)://\S|www\.[^\s.]{1,63}\.\S")),
    (
        "IP address",
        _form(
            r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"
            r"|(?<![\w:])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])"
        ),
    ),
    (
        "national id",
        _form(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
    ),
    (
        "telephone number",
        _form(
            r"(?<![\w.])\+\d{1,3}[ ./-]?(?:\(0?\d{1,4}\)|\d{1,4})(?:[ ./-]?\d{2,4}){2,4}(?![\w.])"
            r"|(?<![\w.])\(\d{2,5}\) ?\d{3,4}[ -]?\d{3,4}(?![\w.])"
            r"|(?<![\w.-])\d{3}[ .-]\d{3}[ .-]\d{4}(?![\w.-])"
            r"|(?<!\w)(?:tel|telefon|telephone|phone|mobile?|handy|fax)\b[ .:]{0,3}"
            r"\(?0(?:[ ()./-]{0,2}\d){6,14}(?!\d)"
        ),
    ),
    ("record number", _form(r"(?<!\w)MRN[ :#.-]{0,3}[a-z]?\d{4,12}(?!\w)")),
)
#: All of these have one of these signs, or four digits close together: most cells have not.
_MAY_BE_INSIDE = _form(r"[@:]|www\.|(?:\d\D{0,2}){3}\d")
#: Blanks and hyphens that keep a number in one line, and signs that show nothing.
_PLAIN_SIGNS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212"), "-") | dict.fromkeys(
    map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff")
)
_CODE = _form(r"(?=[^\d\n]{0,39}\d)[a-z\d][\w./-]{0,39}")
_LETTERED = _form(r"(?=[\d./-]{0,39}[a-z])(?=[^\d\n]{0,39}\d)[\w./-]{3,40}")
_FORMS = {
    "name": _form(r"[^\W\d_][^\W\d_.'’-]{0,40}\.?(?:,?[ '’-][^\W\d_]{1,40}\.?){0,4}"),
    "address": _form(r"[^\W\d_]|[^\n]{0,128}[^\W\d_][^\n]{0,128}"),
    "postcode": _form(r"(?=[^\d\n]{0,9}\d)[a-z\d][a-z\d -]{2,9}"),
    "telephone number": _form(r"[+(]?\d(?:[ ()./-]{0,2}\d){6,15}"),
    "fax number": _form(r"[+(]?\d(?:[ ()./-]{0,2}\d){6,15}"),
    "national id": _form(r"(?=(?:\D{0,4}\d){5})[a-z\d][a-z\d ./-]{6,24}"),
    "account number": _form(r"(?=[^\d\n]{0,9}\d)[a-z\d][a-z\d ./-]{3,40}"),
}
#: Forms that tell what a column holds, whatever it is called.
_TELLING = (
    ("unique code", _form(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")),
    ("national id", _form(r"[23]\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{7}")),
)


@dataclass(frozen=True)
class IdentifierFound:
    """A direct identifier in a column, with what was seen of it in counts; never a value."""

    column: str
    identifier: str
    evidence: str

    @property
    def paragraph(self) -> str:
        """The paragraph of 45 CFR 164.514(b)(2)(i), ``A`` to ``R``."""
        return _PARAGRAPHS[self.identifier]


def words_of(name: str) -> str:
    """Give a column's name in small letters, its words parted by single blanks."""
    parted = re.sub(r"(?<=[a-z\d]{2})(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r"[\W_]+", " ", parted).strip().lower()


def said_by(words: str) -> str | None:
    """Give the identifier that a column's name speaks of."""
    if words in _BY_WORDS:
        return _BY_WORDS[words]
    rest = " ".join(word for word in words.split() if word not in _FILLERS)
    return _BY_WORDS.get(rest) or ("name" if words == "name" else None)


def identifiers_inside(cell: str) -> tuple[str, ...]:
    """Give the identifiers whose form stands somewhere in a cell."""
    if not cell.isascii():
        cell = unicodedata.normalize("NFKC", cell).translate(_PLAIN_SIGNS)
    if _MAY_BE_INSIDE.search(cell) is None:
        return ()
    return tuple(identifier for identifier, form in _INSIDE if form.search(cell))


class Sample:
    """The first different cells of a column, and what their form says."""

    def __init__(self, name: str, *, may_be_codes: bool) -> None:
        self._said = said_by(words_of(name))
        self._may_be_codes = may_be_codes
        self._cells: set[str] = set()
        self._all_differ = True

    def add(self, cells: Sequence[str], times: Mapping[str, int], missing: Set[str]) -> None:
        """Take the next cells.

        Parameters
        ----------
        cells, times
            The cells in their order, and how often each is among them.
        missing : set of str
            Those of them that stand for missing values.
        """
        if len(self._cells) + len(times) < _KEPT:  # their order cannot matter
            known = [cell for cell in times if cell not in missing]
            before = len(self._cells)
            self._cells.update(cell.strip()[:_LONGEST] for cell in known)
            if len(self._cells) - before < sum(times[cell] for cell in known):
                self._all_differ = False
            return
        for cell in cells:
            if len(self._cells) >= _KEPT:
                return
            if cell not in missing:
                before = len(self._cells)
                self._cells.add(cell.strip()[:_LONGEST])
                if len(self._cells) == before:
                    self._all_differ = False

    def finding(self, n_known: int) -> tuple[str, str] | None:
        """Give the identifier and the evidence for it, or None.

        Parameters
        ----------
        n_known : int
            The column's rows without those that are missing.
        """
        n = len(self._cells)
        for identifier, form in _TELLING:
            if n >= _FEW and self._share(form):
                return identifier, f"most of {n} different values have its form"
        varies = n >= min(_VARIED * n_known, _ENOUGH)
        if self._said is not None and n and varies and self._share(_FORMS.get(self._said, _CODE)):
            return self._said, f"the column's name, and most of {n} different values"
        if self._may_be_codes and n >= _MANY and self._all_differ and self._share(_LETTERED):
            return "unique code", f"{n} values, all different, of the form of a code"
        return None

    def _share(self, form: re.Pattern[str]) -> bool:
        count = sum(1 for cell in self._cells if form.fullmatch(cell))
        return count >= _MOST * len(self._cells) and (count >= _FEW or count == len(self._cells))
