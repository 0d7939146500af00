"""Which part of the evidence answers which clause, and what the organisation must add itself.

The clauses are named in our words. Nothing here is legal advice.
"""

from __future__ import annotations

from synthhealth.report.data import Part

__all__ = ["CROSSWALK", "Clause"]


class Clause(Part):
    """A clause of a law or of guidance, beside the evidence."""

    source: str
    """The law or the guidance."""
    clause: str
    """The clause."""
    asks: str
    """What it asks, in our words."""
    evidence: str
    """What of this page, and of the report beside it, answers it."""
    to_add: str
    """What the organisation must add itself."""


_HIPAA = "HIPAA, 45 CFR 164.514"
_WP216 = "WP216 (Opinion 05/2014)"
_EDPB = "EDPB Opinion 28/2024"
_ISO = "ISO/IEC 27559:2022"
_EHDS = "EHDS, Regulation (EU) 2025/327"

CROSSWALK: tuple[Clause, ...] = (
    Clause(
        source=_HIPAA,
        clause="(b)(1)(i), expert determination",
        asks="An expert finds that the risk is very small that an anticipated recipient identifies "
        "a person, alone or with other information at hand.",
        evidence="The tests, every attack with its interval, and the residual risks.",
        to_add="The expert; who receives the data, and what they can get besides; what very small "
        "means here.",
    ),
    Clause(
        source=_HIPAA,
        clause="(b)(1)(ii), documentation",
        asks="The methods and the results that justify this are documented.",
        evidence="This page and its JSON; the attacks with their sources; versions and seeds in "
        "the report.",
        to_add="The expert's reasoning and signature; where all of it is kept.",
    ),
    Clause(
        source=_HIPAA,
        clause="(b)(2)(i), the 18 identifiers",
        asks="The 18 identifiers of the person, of relatives, employers and household are removed.",
        evidence="The list of the 18 identifiers.",
        to_add="A look at what no scan of columns sees, and at those that it cannot scan.",
    ),
    Clause(
        source=_HIPAA,
        clause="(b)(2)(ii), actual knowledge",
        asks="The organisation does not know that what is left could identify a person.",
        evidence="The worst-off patients are counted: how many are recognised nearly surely.",
        to_add="What the organisation knows of its patients: publicised cases, families, staff.",
    ),
    Clause(
        source=_WP216,
        clause="3, the three criteria",
        asks="It is no longer possible to single out a person, to link records of a person, or to "
        "infer something about a person.",
        evidence="The tests singling out, linkability and inference.",
        to_add="Linking two parts of a record, which no attack here tries; other tables that are "
        "about the same patients.",
    ),
    Clause(
        source=_WP216,
        clause="5, where a criterion is not met",
        asks="The risks of identification are evaluated thoroughly, and again from time to time.",
        evidence="The residual risks; what is not shown and exceeded, and why.",
        to_add="The evaluation of these risks in their setting; a date to do it again.",
    ),
    Clause(
        source=_EDPB,
        clause="question 1, extraction from a model",
        asks="That personal data of those learned are drawn out of a model directly is "
        "insignificantly likely.",
        evidence="Where the model is released: the attacks on its parameters; `synthhealth inspect "
        "--data` beside it, which searches the file for copies.",
        to_add="Whether the model is released at all; who may hold it, and by which contract.",
    ),
    Clause(
        source=_EDPB,
        clause="question 1, answers to queries",
        asks="That queries bring such data out, with intention or without, is insignificantly "
        "likely.",
        evidence="The attacks on synthetic rows: membership, secrets, repeated rows.",
        to_add="Limits of queries, where the model is served; means that others may have.",
    ),
    Clause(
        source=_EDPB,
        clause="question 1, documentation",
        asks="The controller can show its tests of resistance to attacks and the measures taken.",
        evidence="This page and its JSON; whom a fit leaves out; the report.",
        to_add="The assessment of impact, and the advice of the data protection officer.",
    ),
    Clause(
        source=_ISO,
        clause="6, context",
        asks="The threats of the setting are modelled: recipients, environment, means.",
        evidence="Each attack says who holds what.",
        to_add="The recipients and their environment; controls and contracts.",
    ),
    Clause(
        source=_ISO,
        clause="7, data",
        asks="The data and how they may be attacked are described.",
        evidence="The columns that somebody may know and those that are secret; the list of "
        "identifiers; the report's description of the columns.",
        to_add="Which columns others know of these patients (role in the schema).",
    ),
    Clause(
        source=_ISO,
        clause="8, identifiability and its mitigation",
        asks="Identifiability is measured, also by tests of an adversary, held against a threshold "
        "and lowered.",
        evidence="The tests with their limits; whom a fit leaves out (--privacy).",
        to_add="The thresholds of the site (--policy), and the reasons for them.",
    ),
    Clause(
        source=_ISO,
        clause="9, governance",
        asks="Somebody is responsible before, during and after a release.",
        evidence="The signature; the digests of the files that it is about.",
        to_add="Monitoring, an end date, what is done after an incident; a record of releases.",
    ),
    Clause(
        source=_EHDS,
        clause="Article 66(2), minimisation",
        asks="Where data that identify nobody serve the purpose, these are provided.",
        evidence="The tests; the report says whether the table serves the purpose.",
        to_add="The purpose and the application of the user.",
    ),
    Clause(
        source=_EHDS,
        clause="Article 61(3), duties of users",
        asks="Users do not try to identify the persons.",
        evidence="None: it is a duty of whoever receives the data.",
        to_add="The duty in the permit or the contract.",
    ),
    Clause(
        source=_EHDS,
        clause="Article 73 and recital 77, secure environments",
        asks="Only data that are not personal leave a secure processing environment.",
        evidence="The tests, for what is taken out: a table, a model.",
        to_add="The check of the access body; small cohorts and rare diseases one by one.",
    ),
)
