"""Proposing a schema: what each column is, why, and what a person should look at."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pandas as pd
from pandas.api import types
from pydantic import BaseModel, ConfigDict, SkipValidation

from synthhealth.cells.numbers import currency_of
from synthhealth.errors import TableError
from synthhealth.schema._check import check_shape
from synthhealth.schema._detection._codes import zero_doubt
from synthhealth.schema._detection._detect import Detected, detect
from synthhealth.schema._detection._names import age_in_years, female_and_male, says_sex, unit_in
from synthhealth.schema._knowledge._analytes import suggest
from synthhealth.schema._knowledge._units import ucum_of
from synthhealth.schema._privacy._identifiers import identifier_in
from synthhealth.schema._rare._plan import plan
from synthhealth.schema._schema import (
    MIN_CELL,
    Column,
    Demographics,
    Kind,
    Protection,
    Range,
    Schema,
)
from synthhealth.schema._text._reading import read_column

__all__ = ["Finding", "Proposal", "propose"]

#: So many columns of 1 and 2 are a questionnaire's no and yes.
QUESTIONNAIRE = 3


class Finding(BaseModel):
    """What one column was taken for."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    column: str
    """Its name."""
    kind: Kind
    """What it was taken for."""
    why: str
    """What speaks for it."""
    doubts: Annotated[tuple[str, ...], SkipValidation] = ()
    """What a person should look at before the schema is used; see `synthhealth.errors.Doubt`."""


@dataclass(frozen=True)
class Proposal:
    """A schema that was read off a table, with reasons and doubts.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import propose
    >>> crp = ["<0,5", "3,1", "12,4", "7,7", "1,0", "n/a", "22,8", "5,6"]
    >>> proposal = propose(pd.DataFrame({"crp": crp, "stage": ["I", "II", "IIIa", "I"] * 2}))
    >>> for finding in proposal.findings:
    ...     print(finding.column, "is", finding.kind.value, "because:", finding.why)
    crp is continuous because: numbers with 1 decimal written as text, decimal comma, 1 beyond \
1 detection limit; 1 word for a missing value
    stage is ordinal because: stages
    >>> proposal.schema["stage"].levels
    ('I', 'II', 'IIIa')
    """

    schema: Schema
    """The proposed schema."""
    findings: tuple[Finding, ...]
    """One for each column, in the table's order."""

    def with_protection(self, protection: Protection | str) -> Proposal:
        """Choose what is done with identifiers; see `Schema.with_protection`."""
        return replace(self, schema=self.schema.with_protection(protection))

    def to_file(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the schema to a file to be edited, with reasons and doubts as comments.

        Parameters
        ----------
        path : path
            Ends in ``.yaml``, ``.yml`` or ``.json``; JSON has no comments.
        force : bool
            Whether a file that is already there may be replaced.
        """
        from synthhealth.schema._file._files import write_schema

        write_schema(self.schema, path, force=force, comments=self.comments)

    @property
    def comments(self) -> dict[str, list[str]]:
        """What is said above each column in a schema file: why, and what is in doubt."""
        return {
            finding.column: [finding.why, *(f"In doubt: {doubt}" for doubt in finding.doubts)]
            for finding in self.findings
        }


def propose(table: pd.DataFrame) -> Proposal:
    """Propose what the columns of a table are.

    The values decide. A name alone never makes a column a key or personal data; it only helps
    where values can mean two things, and it says which analyte a column of fitting numbers is.
    Units are taken from ``table.attrs["units"]`` (a dict by column name), from the cells, from
    the columns' names or, if they decide it, from the values.

    Parameters
    ----------
    table : pandas.DataFrame
        At least one row; column names are strings.

    Returns
    -------
    Proposal

    Raises
    ------
    TableError
        A column's values are of mixed or unsupported types.
    """
    check_shape(table)
    detected = _questionnaires({name: detect(table[name]) for name in table.columns}, table)
    units = table.attrs.get("units", {})
    columns, findings = [], []
    demographics = Demographics()
    for name, found in detected.items():
        column, doubts = _described(table[name], found, units.get(name))
        columns.append(column)
        findings.append(Finding(column=name, kind=found.kind, why=found.why, doubts=doubts))
        demographics = _with_demographics(demographics, column, table[name])
    schema = Schema(columns=tuple(columns), demographics=demographics)
    return Proposal(schema=schema, findings=tuple(findings))


def _described(
    values: pd.Series, found: Detected, unit: str | None
) -> tuple[Column, tuple[str, ...]]:
    """Add to what a column was taken for: its unit, its limits, and what it says of a person."""
    name = str(values.name)
    column = Column(name=name, kind=found.kind, **found.said)
    doubts = list(found.doubts)
    if values.nunique() < 2:
        doubts.append("there is nothing to learn from one value, or none: leave the column out")
    if not column.kind.is_modelled:
        return column, tuple(doubts)
    said: dict[str, object] = {}
    shared = identifier_in(name, values)
    if shared is not None and not shared.direct:
        said["identifier"] = shared.identifier
        doubts.append(f"{shared.evidence}; to coarsen them: protection: generalise")
    if column.kind in (Kind.CONTINUOUS, Kind.COUNT):
        numbers = _numbers(values, column)
        suffix = column.notation.suffix.strip() if column.notation else ""
        suffix = "" if currency_of(suffix) else suffix
        declared = unit if unit is not None else (suffix or None)
        known = ucum_of(declared) if declared else unit_in(name)
        if unit is None and column.unit is not None:
            known = column.unit  # the cells say it
        if declared and known is None:
            doubts.append(f"{declared!r} is no unit that is known; say it in UCUM (unit)")
        suggestion = suggest(name, numbers, known)
        if suggestion is not None:
            doubts += suggestion.doubts
            said["unit"] = known or suggestion.unit
            if said["unit"] == suggestion.unit and suggestion.plausible is not None:
                said["reference"] = suggestion.reference
                beyond = _count_beyond(numbers, suggestion.plausible)
                if beyond:
                    doubts.append(
                        f"{beyond} of its values {'lies' if beyond == 1 else 'lie'} outside what "
                        "can occur in a patient; correct what is wrong or declare it as a missing "
                        "code (missing), and set the plausible range"
                    )
                else:
                    said["plausible"] = suggestion.plausible
        elif known or age_in_years(name, numbers):
            said["unit"] = known or "a"
        if suggestion is None or suggestion.plausible is None:
            doubt = zero_doubt(numbers.dropna().to_numpy(dtype=np.float64))
            doubts += [doubt] if doubt else []
    else:
        if unit is not None:
            said["unit"] = ucum_of(unit)
        if not column.kind.is_numerical:
            doubts += _rare_doubts(values, column)
    return column.model_copy(update=said), tuple(doubts)


def _rare_doubts(values: pd.Series, column: Column) -> list[str]:
    """Say what a fit will do with levels that few patients have."""
    decided = plan(read_column(values, column).values, column, MIN_CELL)
    if decided is None:
        return []
    n = len(decided.concerned)
    levels = f"{n} level{'s' if n > 1 else ''} of fewer than {MIN_CELL} patients will be "
    if decided.rule == "drop":
        treatment = "replaced by those of similar patients"
    elif decided.pool is not None:
        treatment = f"pooled as {decided.pool!r}"
    else:
        treatment = "joined to their neighbours" if n > 1 else "joined to its neighbour"
    return [f"{levels}{treatment}; to learn {'them' if n > 1 else 'it'}: rare: keep"]


def _numbers(values: pd.Series, column: Column) -> pd.Series:
    try:
        read = read_column(values, column).values
    except TableError:
        # A column that is half of numbers is in doubt, and a fit refuses it.
        return pd.Series(dtype=np.float64)
    return pd.to_numeric(read) if types.is_object_dtype(read.dtype) else read


def _count_beyond(numbers: pd.Series, plausible: Range) -> int:
    low = -np.inf if plausible.low is None else plausible.low
    high = np.inf if plausible.high is None else plausible.high
    return int(((numbers < low) | (numbers > high)).sum())


def _questionnaires(found: dict[str, Detected], table: pd.DataFrame) -> dict[str, Detected]:
    """Take 1 and 2 for no and yes where many columns of the table have them."""
    coded = [
        name
        for name, one in found.items()
        if one.kind is Kind.NOMINAL
        and types.is_numeric_dtype(table[name].dtype)
        and not says_sex(name)
        and set(table[name].dropna().unique()) == {1, 2}
    ]
    if len(coded) < QUESTIONNAIRE:
        return found
    doubt = "which of the two means yes is not known, nor whether they mean no and yes at all"
    why = f"1 and 2, as in {len(coded)} columns of the table"
    return {
        name: Detected(Kind.BOOLEAN, why, (doubt,), one.said) if name in coded else one
        for name, one in found.items()
    }


def _with_demographics(known: Demographics, column: Column, values: pd.Series) -> Demographics:
    """Note the columns with sex and age, the first of each."""
    if known.sex is None and column.kind in (Kind.NOMINAL, Kind.BOOLEAN) and says_sex(column.name):
        levels = [level for level in values.dropna().unique() if isinstance(level, str)]
        words = female_and_male(levels)
        if words is not None:
            return known.model_copy(
                update={"sex": column.name, "female": words[0], "male": words[1]}
            )
    if known.age is None and column.kind.is_numerical and column.unit == "a":
        return known.model_copy(update={"age": column.name})
    return known
