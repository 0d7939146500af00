"""Numbers that registers give: national numbers by their check digits, telephones by their plans.

The numbers of each country are python-stdnum's, the telephones those of Google's libphonenumber;
both are loaded when a column has long numbers. One number in ten has the right check digit by
chance: only that nearly all numbers of a column have it says something.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib import import_module
from typing import Any

from synthhealth.cells.identifiers import is_card

__all__ = ["is_telephone", "known_number", "numbers_among", "telephone_inside"]

#: So many different numbers with right check digits are no chance.
LEAST = 10
MOST = 0.9
#: Where the first numbers have it no more often than this, no other is looked at.
HOPELESS, FIRST = 0.5, 20
SHORTEST = 8

#: Modules of python-stdnum: what each reads.
_NATIONAL: dict[str, str] = {
    "tr.tckimlik": "a Turkish identity number",
    "fr.nir": "a French NIR",
    "cn.ric": "a Chinese resident identity number",
    "gb.nhs": "an NHS or CHI number",
    "es.dni": "a Spanish DNI",
    "es.nie": "a Spanish NIE",
    "cl.rut": "a Chilean RUT",
    "mx.curp": "a Mexican CURP",
    "it.codicefiscale": "an Italian codice fiscale",
    "br.cpf": "a Brazilian CPF",
    "pl.pesel": "a Polish PESEL",
    "nl.bsn": "a Dutch BSN",
    "be.nn": "a Belgian national number",
    "se.personnummer": "a Swedish personnummer",
    "fi.hetu": "a Finnish HETU",
    "no.fodselsnummer": "a Norwegian birth number",
    "is_.kennitala": "an Icelandic kennitala",
    "de.idnr": "a German tax number",
    "at.vnr": "an Austrian insurance number",
    "ch.ssn": "a Swiss AHV number",
    "ie.pps": "an Irish PPS number",
    "in_.aadhaar": "an Aadhaar number",
    "za.idnr": "a South African identity number",
    "ro.cnp": "a Romanian CNP",
    "bg.egn": "a Bulgarian EGN",
    "gr.amka": "a Greek AMKA",
    "il.idnr": "an Israeli identity number",
    "th.pin": "a Thai identity number",
    "kr.rrn": "a Korean registration number",
    "ee.ik": "an Estonian identity code",
    "lt.asmens": "a Lithuanian identity code",
    "hr.oib": "a Croatian OIB",
    "si.emso": "a unique master citizen number",
    "ca.sin": "a Canadian SIN",
    "jp.in_": "a Japanese individual number",
}
#: One number in ten is right by chance: a single one proves nothing.
_LOOSE = frozenset(
    [
        "gb.nhs",
        "cl.rut",
        "nl.bsn",
        "at.vnr",
        "in_.aadhaar",
        "il.idnr",
        "th.pin",
        "hr.oib",
        "ca.sin",
        "jp.in_",
        "cz.rc",
    ]
)
#: Countries whose mobile telephones are known in the form that they have at home. Half of all
#: numbers with a zero in front are one in some country: all of a column must be of the same.
_REGIONS = (
    *("EG", "SA", "AE", "JO", "IQ", "SY", "LB", "LY", "SD", "YE", "PS", "MA", "DZ", "IR", "TR"),
    *("DE", "AT", "CH", "FR", "BE", "NL", "GB", "IE", "SE", "RO", "IN", "PK", "NG", "ZA", "KE"),
)
#: A single number is believed to be a telephone in one of these.
_LIKELY = ("EG", "SA", "TR", "DE", "GB", "FR")
_PHONE = re.compile(r"(?:\+|00?)\(?[1-9](?:[ ()./-]{0,2}\d){7,13}", re.ASCII)
_PHONE_INSIDE = re.compile(rf"(?<![\w.,/-]){_PHONE.pattern}(?![\w])", re.ASCII)
_TOKEN = re.compile(r"(?<![\w.-])(?=(?:[A-Z]*\d){6})[0-9A-Z]{8,19}(?![\w-])", re.ASCII)
_LONG = re.compile(r"(?:[^\d\n]{0,3}\d){6}", re.ASCII)


def known_number(cells: Sequence[str]) -> tuple[str, str, int] | None:
    """Find a register whose check digits nearly all of some different cells have.

    Parameters
    ----------
    cells : sequence of str
        Different cells, or a sample of them.

    Returns
    -------
    identifier, what, count
        The identifier, whose number it is, in words, and how many cells have its form.

    Examples
    --------
    >>> from synthhealth.schema.identifiers.registers import known_number
    >>> cards = [f"41111111111111{n}" for n in (11, 29, 37, 45, 52, 60, 78, 86, 94)]
    >>> known_number([*cards, "4111111111112002"])
    ('account number', 'a payment card number', 10)
    """
    if len(cells) < LEAST or not _holds(_LONG.search, cells):
        return None
    if _holds(_PHONE.fullmatch, cells):
        for region in _REGIONS:
            test = partial(is_telephone, regions=(region,))
            if _holds(test, cells):
                return "telephone number", "telephone numbers of one country", sum(map(test, cells))
    if _holds(is_card, cells):
        return "account number", "a payment card number", sum(map(is_card, cells))
    for module, what in _NATIONAL.items():
        test = partial(_is_valid, module)
        if _holds(test, cells):
            return "national id", what, sum(map(test, cells))
    return None


def numbers_among(cells: Sequence[str]) -> list[tuple[str, int]]:
    """Count the cells in which a number of a register stands, by identifier.

    Of the numbers of one length, half must have the check digits; else they have them by chance.
    """
    tokens = [set(_TOKEN.findall(cell)) if _LONG.search(cell) else set() for cell in cells]
    by_length: dict[int, list[str]] = {}
    for token in dict.fromkeys(token for some in tokens for token in sorted(some)):
        by_length.setdefault(len(token), []).append(token)
    found: dict[str, set[str]] = {}
    for alike in by_length.values():
        for identifier, test in _STRICT:
            if sum(map(test, alike[:FIRST])) >= HOPELESS * len(alike[:FIRST]):
                found.setdefault(identifier, set()).update(filter(test, alike))
    return [
        (identifier, sum(not right.isdisjoint(some) for some in tokens))
        for identifier, right in found.items()
    ]


def _holds(test: Callable[[str], object], cells: Sequence[str]) -> bool:
    first = cells[:FIRST]
    if sum(bool(test(cell)) for cell in first) < HOPELESS * len(first):
        return False
    return sum(bool(test(cell)) for cell in cells) >= MOST * len(cells)


def _is_valid(module: str, cell: str) -> bool:
    if sum(map(str.isalnum, cell)) < SHORTEST:
        return False
    try:
        return bool(_register(module).is_valid(cell))
    except (KeyError, ValueError, IndexError):  # some readers stumble over what is none of theirs
        return False


@cache
def _register(module: str) -> Any:
    return import_module(f"stdnum.{module}")


def is_telephone(text: str, regions: Sequence[str] = _LIKELY) -> bool:
    """Whether a text is a telephone number with its country, or a mobile one of some countries.

    >>> from synthhealth.schema.identifiers.registers import is_telephone
    >>> is_telephone("010 1234 5678"), is_telephone("+49 30 901820"), is_telephone("0123456789")
    (True, True, False)
    """
    return _PHONE.fullmatch(text) is not None and _is_telephone(regions, text)


def telephone_inside(text: str) -> bool:
    """Whether such a telephone number stands somewhere in a text."""
    return any(_is_telephone(_LIKELY, found) for found in _PHONE_INSIDE.findall(text))


def _is_telephone(regions: Sequence[str], text: str) -> bool:
    import phonenumbers as phones

    if text[0] == "+" or text.startswith("00"):
        text, regions = "+" + re.sub(r"\D", "", text).lstrip("0"), ("ZZ",)
    kinds = (phones.PhoneNumberType.MOBILE, phones.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    for region in regions:
        try:
            number = phones.parse(text, region)
        except phones.NumberParseException:
            continue
        if text[0] == "+":
            return phones.is_valid_number(number)
        if phones.number_type(number) in kinds:
            return True
    return False


#: What a single number shows: nearly none is right by chance.
_STRICT: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("account number", is_card),
    *(("national id", partial(_is_valid, module)) for module in _NATIONAL if module not in _LOOSE),
)
