"""What columns that identify people are called.

A name alone proves nothing: the column's values must be of the form as well (`_evidence`).
"""

from __future__ import annotations

import re

__all__ = ["said_by", "words_of"]

#: The names of columns by the identifier they speak of, as `words_of` gives them.
_NAMES: dict[str, str] = {
    "name": (
        "apellido, apellidos, doctor name, family name, father name, fathers name, first "
        "name, firstname, forename, full name, fullname, given name, last name, lastname, "
        "maiden name, middle name, mother name, mothers name, nachname, next of kin, nom, "
        "nombre, patient name, patientname, physician name, prenom, surname, vorname"
    ),
    "place": "city, county, district, governorate, municipality, parish, suburb, town, village",
    "address": "address, adresse, home address, road, strasse, street, street address",
    "postcode": "plz, post code, postal code, postalcode, postcode, zip, zip code, zipcode",
    "fax number": "fax, fax no, fax number, telefax",
    "telephone number": (
        "cell phone, cellphone, mobile, phone, phone number, tel, telefon, telephone"
    ),
    "national id": (
        "aadhaar, cpr, national id, nationalid, nhs no, nhs number, nin, passport, "
        "passport number, personnummer, social security, ssn, tax id"
    ),
    "health plan number": (
        "beneficiary, health plan, insurance, insurance id, insurance number, medicaid, "
        "medicare, member id, policy number"
    ),
    "account number": "account, account no, account number, billing, card number, iban",
    "licence number": (
        "certificate, certificate number, licence, licence number, license, license number"
    ),
    "vehicle identifier": "licence plate, license plate, plate number, vehicle, vin",
    "device identifier": "device, device id, imei, implant, mac, serial no, serial number, udi",
    "record number": (
        "accession, admission id, case, case id, case no, case number, chart, encounter, "
        "hadm id, hospital no, hospital number, id, identifier, medical record, mrn, no "
        "pation, participant, participant id, patient id, patient no, patient number, "
        "patientid, pid, record, seqn, study id, subject, subject id, uid, visit id"
    ),
    "biometric": "biometric, face id, fingerprint, iris, retina, voiceprint",
    "photograph": "image, photo, photograph, picture, portrait",
}
_BY_WORDS = {
    phrase: identifier for identifier, text in _NAMES.items() for phrase in text.split(", ")
}
#: Words that say nothing about what a column identifies.
_FILLERS = {"patient", "of", "the", "no", "nr", "number", "num", "home", "code", "primary"}


def words_of(name: str) -> str:
    """Give a column's name in small letters, its words parted by single blanks.

    >>> words_of("PatientID"), words_of("sample.yr"), words_of("Haemoglobin (g/dL)")
    ('patient id', 'sample yr', 'haemoglobin g dl')
    """
    parted = re.sub(r"(?<=[a-z\d]{2})(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r"[\W_]+", " ", parted).strip().lower()


def said_by(words: str) -> str | None:
    """Give the identifier that a name speaks of: the whole name, or all but its fillers."""
    if words in _BY_WORDS:
        return _BY_WORDS[words]
    rest = " ".join(word for word in words.split() if word not in _FILLERS)
    return _BY_WORDS.get(rest) or ("name" if words == "name" else None)
