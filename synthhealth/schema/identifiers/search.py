"""Columns that point at a person, after the 18 identifiers of the HIPAA Safe Harbor rule.

The rule is 45 CFR 164.514(b)(2)(i), whose paragraphs (A) to (R) are the 18 rows of the checklist.
A scan can only say what it found; it cannot say that nothing is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from synthhealth.cells.identifiers import PARAGRAPHS
from synthhealth.errors import TableError
from synthhealth.schema.identifiers.evidence import find_identifier, found_inside
from synthhealth.schema.intake import plain_columns

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Checklist", "ChecklistRow", "IdentifierFinding", "identifier_in", "scan"]

#: What each paragraph of the rule names, in its order.
ELEMENTS: dict[str, str] = {
    "A": "names",
    "B": "geographic subdivisions smaller than a state",
    "C": "dates finer than a year, and ages over 89",
    "D": "telephone numbers",
    "E": "fax numbers",
    "F": "e-mail addresses",
    "G": "social security numbers",
    "H": "medical record numbers",
    "I": "health plan beneficiary numbers",
    "J": "account numbers",
    "K": "certificate or licence numbers",
    "L": "vehicle identifiers and serial numbers, licence plates",
    "M": "device identifiers and serial numbers",
    "N": "web addresses (URLs)",
    "O": "IP addresses",
    "P": "biometric identifiers, finger and voice prints",
    "Q": "full-face photographs and comparable images",
    "R": "any other unique number, characteristic or code",
}

_NAMED = "columns named so in one of several languages, whose values agree"
#: What the scan looks for, since that it found nothing says no more than this.
SOUGHT: dict[str, str] = {
    "A": f"{_NAMED}; full names in which a given name is known",
    "B": f"{_NAMED}; streets with a number",
    "C": "days in the usual forms of text; numbers such as 20230225, or seconds since 1970; serial "
    "numbers of days in columns named as dates; ages over 89 in columns named as ages",
    "D": f"{_NAMED}; numbers with a plus and a country, or mobile ones of some countries, also "
    "inside text",
    "E": _NAMED,
    "F": "the form of an address with @, also inside text",
    "G": f"{_NAMED}; the check digits of some 30 countries' numbers, also inside text and among "
    "whole numbers",
    "H": f"{_NAMED}; MRN and digits inside text",
    "I": _NAMED,
    "J": f"{_NAMED}; the check digits of an IBAN or a payment card, also inside text",
    "K": _NAMED,
    "L": f"{_NAMED}; the form of a chassis number",
    "M": _NAMED,
    "N": "the form of a web address, also inside text",
    "O": "the form of an IP address, also inside text",
    "P": "columns named so whose values are names of images",
    "Q": "columns named so whose values are names of images",
    "R": "codes of one form that all differ or number the rows; free text; UUIDs",
}

#: They narrow down who a patient is, but many patients share a value: they may be modelled, and
#: are generalised on request.
SHARED = ("date", "age over 89", "place")

#: Not even their columns are seen, but by their names.
NO_SCAN = ("P", "Q")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class IdentifierFinding(_Frozen):
    """Why a column is taken for an identifier."""

    identifier: str
    """Which one: ``name``, ``e-mail address``, ``record number``, ``date``, ..."""
    paragraph: str
    """The paragraph of 45 CFR 164.514(b)(2)(i) that names it, ``A`` to ``R``."""
    direct: bool
    """Whether it points at one person by itself; such a column is never modelled."""
    evidence: str
    """What was seen, in counts; never a value."""


class ChecklistRow(_Frozen):
    """What the scan says about one of the 18 identifiers."""

    paragraph: str
    """Its paragraph, ``A`` to ``R``."""
    element: str
    """What the paragraph names."""
    finding: Literal["found", "not found by this scan", "cannot be scanned"]
    """What the scan can say."""
    sought: str
    """What it looked for."""
    columns: tuple[str, ...] = ()
    """The columns it was found in."""
    evidence: tuple[str, ...] = ()
    """What was seen in each of them, in counts; never a value."""


class Checklist(_Frozen):
    """The 18 identifiers of the HIPAA Safe Harbor rule, as far as a scan of a table sees them.

    It is an aid to the person who decides, and no statement that a table is de-identified.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import scan
    >>> table = pd.DataFrame({"contact": ["ann@example.org", "bo@example.org"], "crp": [3.1, 8.0]})
    >>> for row in scan(table).rows:
    ...     if row.finding == "found":
    ...         print(row.element, row.columns, row.evidence)
    e-mail addresses ('contact',) ('all 2 different values have the form of an e-mail address',)
    """

    rows: tuple[ChecklistRow, ...]
    """One row per identifier, in the rule's order."""

    @property
    def found(self) -> tuple[ChecklistRow, ...]:
        """The rows of identifiers that were found."""
        return tuple(row for row in self.rows if row.finding == "found")

    def to_json(self) -> str:
        """Give the checklist as JSON."""
        return self.model_dump_json(indent=2)

    def __rich__(self) -> Table:
        from rich.markup import escape
        from rich.table import Table

        table = Table(title="The 18 identifiers of 45 CFR 164.514(b)(2)", title_justify="left")
        for heading in ("", "identifier", "finding", "columns and evidence"):
            table.add_column(heading)
        for row in self.rows:
            seen = [
                f"{name}: {evidence}"
                for name, evidence in zip(row.columns, row.evidence, strict=True)
            ]
            seen = seen or [f"sought: {row.sought}"]
            style = "bold" if row.finding == "found" else "dim"
            table.add_row(
                row.paragraph, row.element, row.finding, escape("\n".join(seen)), style=style
            )
        return table


def identifier_in(name: str, values: pd.Series) -> IdentifierFinding | None:
    """Tell whether a column identifies people.

    The values decide, each counted once: their form (e-mail addresses, telephone numbers, dates,
    numbers with the check digits of a register, full names of people, codes of one form that all
    differ), or, for whole numbers and for places, their form together with the column's name in one
    of several languages. A column's name alone never does.

    Parameters
    ----------
    name : str
        The column's name.
    values : pandas.Series
        Its values, as read.

    Returns
    -------
    IdentifierFinding or None
        None where this scan finds nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import identifier_in
    >>> identifier_in("MRN", pd.Series([104233, 104871, 103377, 108742, 100312])).identifier
    'record number'
    >>> identifier_in("ldh", pd.Series([104, 233, 487, 103, 377])) is None
    True
    """
    found = find_identifier(name, values)
    if found is None:
        return None
    identifier, evidence = found
    return IdentifierFinding(
        identifier=identifier,
        paragraph=PARAGRAPHS[identifier],
        direct=identifier not in SHARED,
        evidence=evidence,
    )


def scan(table: pd.DataFrame) -> Checklist:
    """Look for the 18 identifiers of the HIPAA Safe Harbor rule in a table.

    Parameters
    ----------
    table : pandas.DataFrame
        A table as it was read, before anything was taken out of it.

    Returns
    -------
    Checklist
        18 rows; each says "found", "not found by this scan" or "cannot be scanned", never that
        an identifier is absent.

    Raises
    ------
    TableError
        It is no table, or columns hold what no table file could, such as lists: all are named.

    References
    ----------
    45 CFR 164.514(b)(2)(i), Standards for Privacy of Individually Identifiable Health Information.

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.schema import scan
    >>> len(scan(sh.datasets.load_ra_panel()).found)
    0
    """
    if not isinstance(table, pd.DataFrame):
        raise TableError(
            f"the table is a {type(table).__name__}, not a pandas DataFrame; "
            "wrap it in pandas.DataFrame(...) with column names"
        )
    seen: dict[str, dict[str, list[str]]] = {paragraph: {} for paragraph in ELEMENTS}
    for name, plain in zip(table.columns, plain_columns(table), strict=True):
        values = plain.values
        finding = identifier_in(str(name), values)
        if finding is not None:
            seen[finding.paragraph].setdefault(str(name), []).append(finding.evidence)
        for identifier, evidence in found_inside(values):
            if finding is None or finding.identifier != identifier:
                seen[PARAGRAPHS[identifier]].setdefault(str(name), []).append(evidence)
    return Checklist(rows=tuple(_row(paragraph, columns) for paragraph, columns in seen.items()))


def _row(paragraph: str, columns: dict[str, list[str]]) -> ChecklistRow:
    if columns:
        return ChecklistRow(
            paragraph=paragraph,
            element=ELEMENTS[paragraph],
            finding="found",
            sought=SOUGHT[paragraph],
            columns=tuple(columns),
            evidence=tuple("; ".join(evidence) for evidence in columns.values()),
        )
    return ChecklistRow(
        paragraph=paragraph,
        element=ELEMENTS[paragraph],
        sought=SOUGHT[paragraph],
        finding="cannot be scanned" if paragraph in NO_SCAN else "not found by this scan",
    )
