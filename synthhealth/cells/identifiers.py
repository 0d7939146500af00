"""What tells identifiers of people: the names of their columns in several languages, their forms.

A name alone proves nothing: the values must agree with it, and enough of them must differ. How
many differ is counted in values, never as a share of the rows: a patient with many visits has the
same name and number in each.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from synthhealth.cells.digits import to_latin

__all__ = [
    "FEW",
    "FORMS",
    "MANY",
    "PARAGRAPHS",
    "VARIED",
    "Said",
    "identifiers_inside",
    "is_card",
    "is_iban",
    "plain",
    "said_by",
    "word_set",
    "words_of",
]

#: Fewer different values than this show no form.
FEW = 5
#: A name that has other meanings, and a code without telling form, count from so many on.
MANY = 20
#: So large a share of rows that differ is enough for any name.
VARIED = 0.5


def word_set(text: str) -> frozenset[str]:
    """Give the words of a text, which are parted by blanks."""
    return frozenset(text.split())


#: The paragraph of 45 CFR 164.514(b)(2)(i) that each identifier of a column belongs to.
PARAGRAPHS: dict[str, str] = {
    "name": "A",
    "address": "B",
    "place": "B",
    "postcode": "B",
    "date": "C",
    "age over 89": "C",
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
    "biometric": "P",
    "photograph": "Q",
    "unique code": "R",
    "free text": "R",
}

#: Names that mean nothing else, by the identifier they speak of.
_SURE: dict[str, str] = {
    "name": (
        "emergency contact, family name, father name, fathers name, first name, firstname, "
        "forename, full name, fullname, given name, initials, last name, lastname, maiden name, "
        "middle name, mother name, mothers name, next of kin, patient initials, patient name, "
        "patientname, spouse name, surname, familienname, geburtsname, initialen, nachname, "
        "patientenname, vorname, initiales, nom de famille, nom de naissance, nom et prenom, "
        "nom patient, nom prenom, nom usuel, prenom, prenoms, apellido, apellidos, iniciales, "
        "nombre completo, nombre del paciente, nombre paciente, nombre y apellidos, nombres, "
        "nombres y apellidos, primer apellido, primer nombre, segundo apellido, cognome, "
        "nome do paciente, sobrenome, ad soyad, adi soyadi, hasta adi, hasta adi soyadi, "
        "hasta ismi, hastanin adi, isim soyisim, soyad, soyadi, soyisim, фамилия, фио, الاسم, "
        "الاسم الاخير, الاسم الاول, الاسم الثلاثي, الاسم الرباعي, الاسم الكامل, الاسم بالكامل, "
        "الاسم ثلاثي, الاسم رباعي, اسم الاب, اسم الام, اسم العائلة, اسم المريض, اسم المريضة, "
        "اسم الحالة, اسم المشارك, نام بیمار, نام خانوادگی, نام و نام خانوادگی, 姓名, 患者姓名, "
        "病人姓名, 名字, 联系人"
    ),
    "place": (
        "city, county, governorate, municipality, suburb, town, village, wohnort, commune, ville, "
        "ciudad, municipio, ilce, sehir, القرية, المحافظة, المدينة, 城市"
    ),
    "address": (
        "address, adresse, home address, street, street address, anschrift, strasse, wohnadresse, "
        "adresse postale, calle, direccion, domicilio, endereco, adres, ev adresi, العنوان, "
        "عنوان السكن, محل الاقامة, محل السكن, آدرس, 住址, 地址, 家庭住址"
    ),
    "postcode": (
        "plz, post code, postal code, postalcode, postcode, zip, zip code, zipcode, postleitzahl, "
        "code postal, codigo postal, cep codigo postal, posta kodu, الرمز البريدي, 邮政编码, 邮编"
    ),
    "fax number": "fax, fax no, fax number, telefax, faks, فاكس, رقم الفاكس, 传真",
    "telephone number": (
        "cell phone, cellphone, contact no, contact number, landline, "
        "mobile, mobile no, mobile number, mobile phone, msisdn, phone, phone no, phone number, "
        "tel, tel no, telephone, telephone number, whatsapp, festnetz, handy, handynummer, mobil, "
        "mobiltelefon, rufnummer, telefon, telefonnummer, numero de telephone, portable, "
        "telephone portable, celular, movil, numero de telefono, telefono, cep, cep no, cep tel, "
        "cep telefonu, gsm, telefon no, telefon numarasi, تليفون, جوال, موبايل, محمول, هاتف, "
        "رقم تليفون, رقم جوال, رقم موبايل, رقم محمول, رقم هاتف, رقم التواصل, تلفن, شماره تلفن, "
        "手机, 手机号, 手机号码, 电话, 电话号码, 联系方式, 联系电话"
    ),
    "national id": (
        "aadhaar, chi no, chi number, civil id, cpr, emirates id, iqama, national id, "
        "national identity number, national no, national number, nationalid, nhs no, nhs number, "
        "passport, passport no, passport number, personal number, personnummer, social security, "
        "social security number, ssn, tax id, ausweisnummer, rentenversicherungsnummer, "
        "sozialversicherungsnummer, steuer id, steueridentifikationsnummer, svnr, "
        "numero de securite sociale, numero securite sociale, numero secu, carnet de identidad, "
        "cedula, codice fiscale, cpf, curp, dni, documento de identidad, numero de documento, "
        "pesel, bsn, kimlik no, kimlik numarasi, tc kimlik, tc kimlik no, tc kimlik numarasi, "
        "tc no, tckn, رقم البطاقة, رقم الاقامة, رقم الجواز, رقم الهوية, رقم جواز السفر, "
        "رقم الهوية الوطنية, الرقم القومي, الرقم الوطني, الرقم المدني, رقم قومي, کد ملی, "
        "身份证, 身份证号, 身份证号码, 证件号, 证件号码, 护照号"
    ),
    "health plan number": (
        "beneficiary id, insurance id, insurance no, insurance number, medicaid id, medicare id, "
        "medicare number, member id, policy no, policy number, egk nummer, kv nummer, kvnr, "
        "krankenversicherungsnummer, versicherten nr, versichertennr, versichertennummer, "
        "versichertenid, versicherungsnummer, carte vitale, numero assure, numero de mutuelle, "
        "cip, nss, numero de afiliacion, numero de seguro, tarjeta sanitaria, sgk no, sigorta no, "
        "رقم التامين, الرقم التاميني, 医保卡号, 医保号, 社保卡号, 社保号"
    ),
    "account number": (
        "account no, account number, bank account, card number, credit card, "
        "credit card number, iban, kontonummer, kreditkarte, carte bancaire, numero de compte, "
        "numero de cuenta, hesap no, رقم الحساب, 银行卡号, 账号"
    ),
    "licence number": (
        "certificate number, licence no, licence number, license no, license number, "
        "fuehrerschein, ehliyet no, رقم الرخصة"
    ),
    "vehicle identifier": (
        "licence plate, license plate, plate number, vin, kennzeichen, plaka, رقم اللوحة, 车牌号"
    ),
    "device identifier": (
        "device id, imei, mac address, serial number, udi, seriennummer, numero de serie, 设备号"
    ),
    "record number": (
        "accession no, accession number, chart no, chart number, episode no, file no, "
        "file number, hosp no, hospital no, hospital number, medical record, medical record no, "
        "medical record number, mr no, mrn, no pation, patient, patientid, "
        "patienthealthsystemstayid, patientunitstayid, pid, seqn, subjid, usubjid, "
        "aufnahmenummer, fallnr, fallnummer, krankenaktennummer, patientennummer, dossier no, "
        "dossier patient, iep, n dossier, no dossier, nip, num dossier, numero de dossier, "
        "numero de sejour, numero dossier, expediente, historia clinica, nhc, "
        "no historia clinica, no expediente, numero de expediente, numero de historia, "
        "numero de historia clinica, basvuru no, dosya no, dosya numarasi, hasta no, "
        "hasta numarasi, kabul no, protokol no, رقم الحالة, رقم الدخول, رقم الزيارة, رقم السجل, "
        "رقم السجل الطبي, رقم القيد, رقم المريض, رقم المريضة, رقم المشارك, رقم الملف, "
        "رقم الملف الطبي, كود الحالة, كود المريض, رقم التذكرة, شماره بیمار, شماره پرونده, "
        "کد بیمار, 住院号, 受试者编号, 就诊号, 就诊卡号, 患者编号, 患者id, 样本号, 样本编号, "
        "标本号, 病人id, 病历号, 病案号, 登记号, 门诊号"
    ),
    "biometric": "biometric, face id, fingerprint, retina scan, voiceprint",
    "photograph": "photo, photograph, portrait",
    "date": (
        "birth date, birthdate, birthday, date of admission, date of birth, date of death, "
        "date of discharge, dob, dod, aufnahmedatum, entlassdatum, geburtsdatum, sterbedatum, "
        "date de naissance, fecha de nacimiento, fecha nacimiento, data de nascimento, "
        "dogum tarihi, تاريخ الدخول, تاريخ الخروج, تاريخ الميلاد, تاريخ الوفاة, تاريخ تولد, "
        "出生日期, 入院日期, 出院日期"
    ),
}
#: Names that may also mean something else: a hospital's name, a number of cases, total cholesterol.
_UNSURE: dict[str, str] = {
    "name": (
        "attending, consultant, contact, doctor, doctor name, name, names, physician, "
        "physician name, provider name, surgeon, arzt, nom, nombre, medico, nome, ad, adi, isim, "
        "doktor, имя, اسم الطبيب, نام, 医生姓名"
    ),
    "place": "district, parish, gemeinde, landkreis, ort, localidad, 区, 县",
    "address": "road",
    "national id": "chi, id card, insee, nie, nif, nin, nino, nir, run, rut, sv nr, tc",
    "health plan number": "beneficiary, egk, health plan, insurance, medicaid, medicare",
    "account number": "account, billing",
    "licence number": "certificate, licence, license",
    "vehicle identifier": "vehicle",
    "device identifier": "device, implant, mac, serial no",
    "record number": (
        "accession, case, chart, encounter, fall, fall id, fall nr, file, folio, id, identifier, "
        "ipp, key, lfd nr, no, nr, participant, person, proband, record, s no, sample, seq, "
        "serial, sl no, slno, sno, specimen, sr no, srno, subject, uid, unnamed 0, visit id, "
        "paciente, historia, hc, hasta, kayit no, sira no, سجل, رقم, مسلسل, م, 序号, 编号"
    ),
    "biometric": "iris, retina",
    "photograph": "image, picture",
}
#: Words that say nothing about what a column identifies.
_FILLERS = word_set(
    "patient of the no nr number num home code primary personal pat pt de del des du der la "
    "le s paciente hastanin مريض 患者"
)
#: Whom or what a number is given to, once in a patient's life or for each stay or sample ...
_GIVEN_TO = (
    "patienten|patientin|patient|pat|pt|person|subject|subj|participant|probanden|proband|"
    "encounter|enc|admission|adm|hadm|icustay|stay|paciente|hasta|enrolle?e|volunteer|donor|"
    "recipient|respondent"
)
#: ... of which these may also number studies, cases or rows ...
_OR_THINGS = "record|rec|case|study|sample|specimen|order|request|accession|row"
_WITH_ID = f"{_OR_THINGS}|visit|visitoccurrence|episode|trial|family|household|client|member|event"
#: ... and the words for the number.
_NUMBER = "id|ids|no|nr|num|number|nummer|identifier|key|uid|uuid|guid|kennung|numarasi|numero"
_BESIDE = (
    "unit|source|hospital|clinic|unique|anonymous|anonymi[sz]ed|anon|deidentified|pseudo|"
    "research|old|new|original|internal|external|local|global|medical|health|system|the|of|de|del"
)
_SURE_NUMBER = re.compile(
    rf"(?:{_BESIDE}|{_OR_THINGS})*(?:{_GIVEN_TO})(?:{_BESIDE}|{_OR_THINGS}|{_GIVEN_TO})*"
    rf"(?:{_NUMBER}|code)"
    rf"|(?:id|nr|numero|identifiant)(?:de|del|du)?(?:{_GIVEN_TO})"
)
_UNSURE_NUMBER = re.compile(
    rf"(?:{_BESIDE})*(?:(?:{_OR_THINGS})+(?:number|nr|no)|(?:{_WITH_ID})+(?:id|uid|identifier|key))"
)
#: With one of these, a name speaks of something else than the identifier in it.
_NOT_OF_ITSELF = word_set(
    "count counts total n number sum flag date dates type status valid known missing show "
    "shows change consent language country reason category class age sex"
)
#: Single words that keep their meaning among others.
_ALWAYS = word_set(
    "mrn ssn tckn subjid usubjid seqn kvnr curp cpf patientid patientennummer fallnummer "
    "versichertennummer surname lastname firstname nachname vorname apellidos prenom phone "
    "telephone telefon mobile passport"
)
#: Words of a name among which others are sought.
_LONGEST = 8
_CJK = re.compile(r"[\u4e00-\u9fff]")
_SAME_LETTERS = str.maketrans({"ı": "i", "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ـ": None})


@dataclass(frozen=True)
class Said:
    """What the name of a column says."""

    identifier: str
    sure: bool
    """Whether the name means nothing else."""

    def suffices(self, different: int, known: int) -> bool:
        """Whether so many different values are enough, among those that are known."""
        return different >= (FEW if self.sure else MANY) or different >= VARIED * known


def words_of(name: str) -> str:
    """Give a column's name in small letters, its words parted by single blanks.

    >>> words_of("PatientID"), words_of("sample.yr"), words_of("Haemoglobin (g/dL)")
    ('patient id', 'sample yr', 'haemoglobin g dl')
    """
    parted = re.sub(r"(?<=[a-z\d]{2})(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r"[\W_]+", " ", parted).strip().lower()


def said_by(name: str) -> Said | None:
    """Give the identifier that a column's name speaks of, in any of the languages known.

    >>> said_by("Patient ID").identifier, said_by("رقم_الهاتف").identifier, said_by("Prénom").sure
    ('record number', 'telephone number', True)
    >>> said_by("person_id_2").identifier, said_by("ward_id"), said_by("patient count")
    ('record number', None, None)
    """
    words = _folded(words_of(name)).split()
    whole, joined = " ".join(words), "".join(words)
    if whole in _BY_WORDS:
        return _BY_WORDS[whole]
    if _SURE_NUMBER.fullmatch(joined):
        return Said("record number", True)
    rest = " ".join(word for word in words if word not in _FILLERS)
    if rest in _BY_WORDS:
        return _BY_WORDS[rest]
    if _CJK.search(whole):
        return next((said for phrase, said in _BY_WORDS.items() if _is_in(phrase, whole)), None)
    if _UNSURE_NUMBER.fullmatch(joined):
        return Said("record number", False)
    return _said_in(words[:_LONGEST]) if _NOT_OF_ITSELF.isdisjoint(words) else None


def _said_in(words: list[str]) -> Said | None:
    """Find a phrase among other words: ``mrn repeated``, ``patient id 2``."""
    for begin, end in _runs(len(words)):
        said = _BY_WORDS.get(" ".join(words[begin:end]))
        if end - begin > 1 and _SURE_NUMBER.fullmatch("".join(words[begin:end])):
            return Said("record number", True)
        if said is not None and said.sure and (end - begin > 1 or words[begin] in _ALWAYS):
            return said
    return None


def _runs(n: int) -> list[tuple[int, int]]:
    """Give the beginnings and ends of the runs of neighbouring words, the longest first."""
    pairs = [(begin, end) for begin in range(n) for end in range(begin + 1, n + 1)]
    return sorted(pairs, key=lambda run: run[0] - run[1])


def _is_in(phrase: str, whole: str) -> bool:
    return len(phrase) > 1 and _CJK.search(phrase) is not None and phrase in whole


def _folded(words: str) -> str:
    """Write words without accents, points and articles, so that spellings of one word agree."""
    letters = unicodedata.normalize("NFKD", words.casefold())
    bare = "".join(one for one in letters if unicodedata.category(one) != "Mn")
    return " ".join(
        word[2:] if word.startswith("ال") and len(word) > 4 else word
        for word in bare.translate(_SAME_LETTERS).split()
    )


def _by_words(names: dict[str, str], *, sure: bool) -> dict[str, Said]:
    return {
        _folded(phrase): Said(identifier, sure)
        for identifier, text in names.items()
        for phrase in text.split(", ")
    }


_BY_WORDS = _by_words(_UNSURE, sure=False) | _by_words(_SURE, sure=True)


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


#: Forms that tell what a text is, or what stands in it. All repetitions are bounded, so that no
#: cell takes long.
FORMS: dict[str, re.Pattern[str]] = {
    "e-mail address": _form(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.[a-z]{2,}"),
    "web address": _form(r"(?:https?|ftp)://\S{1,2000}|www\.[^\s.]{1,63}\.\S{1,2000}"),
    "IP address": _form(
        r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"
        r"|(?<![\w:])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])"
    ),
    # Of the United States; then of Egypt: the century, the date of birth (yymmdd), the
    # governorate, a serial number, a check digit.
    "national id": _form(
        r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"
        r"|(?<!\w)[23]\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
        r"\d{7}(?!\w)"
    ),
    "telephone number": _form(
        r"(?<![\w.])\+\d{1,3}[ ./-]?(?:\(0?\d{1,4}\)|\d{1,4})(?:[ ./-]?\d{2,4}){2,4}(?![\w.])"
        r"|(?<![\w.])\(\d{2,5}\) ?\d{3,4}[ -]?\d{3,4}(?![\w.])"
        r"|(?<![\w.-])\d{3}[ .-]\d{3}[ .-]\d{4}(?![\w.-])"
        r"|(?<!\w)(?:tel|telefon|telephone|phone|mobile?|handy|fax|تليفون|هاتف|موبايل|ت|电话|手机)"
        r"\b[ .:]{0,3}\(?0(?:[ ()./-]{0,2}\d){6,14}(?!\d)"
    ),
    "record number": _form(r"(?<!\w)MRN[ :#.-]{0,3}[a-z]?\d{4,12}(?!\w)"),
    "unique code": _form(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
}
_INSIDE = tuple(identifier for identifier in FORMS if identifier != "unique code")
_IBAN_INSIDE = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
#: All of these have one of these signs, or four digits close together: most cells have not.
_MAY_BE_INSIDE = _form(r"[@:]|www\.|(?:\d\D{0,2}){3}\d")
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212"), "-")


def plain(cell: str) -> str:
    """Write a cell with the digits, blanks and hyphens of ASCII, without marks nobody sees."""
    if cell.isascii():
        return cell
    return to_latin(unicodedata.normalize("NFKC", cell)).translate(_HYPHENS)


def identifiers_inside(cell: str) -> tuple[str, ...]:
    """Give the identifiers whose form stands somewhere in a cell.

    >>> identifiers_inside("write to ann@example.org, MRN 0012345"), identifiers_inside("Hb 13.1")
    (('e-mail address', 'record number'), ())
    """
    cell = plain(cell)
    if _MAY_BE_INSIDE.search(cell) is None:
        return ()
    found = [identifier for identifier in _INSIDE if FORMS[identifier].search(cell)]
    if any(is_iban(one) for one in _IBAN_INSIDE.findall(cell)):
        found.append("account number")
    return tuple(found)


def is_iban(text: str) -> bool:
    """Whether a text is an international bank account number, by its check digits."""
    text = text.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", text, re.ASCII):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


def is_card(text: str) -> bool:
    """Whether a text is the number of a payment card: its beginning, length and check digit."""
    if not re.fullmatch(r"[3-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{3,4}", text, re.ASCII):
        return False
    return _has_luhn_digit(text)


def _has_luhn_digit(text: Iterable[str]) -> bool:
    digits = [int(sign) for sign in text if sign.isdigit()][::-1]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
