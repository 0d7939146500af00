"""What is done with the columns that identify people, before anything is learned."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from synthhealth.errors import SchemaError, TableError
from synthhealth.schema.identifiers._fakes import add_fakes, learn_fakes
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import Column, Demographics, Kind, Protection, Range

__all__ = ["add_fakes", "learn_fakes", "protect", "with_protection"]

OLDEST = 90
POSTCODE_SIGNS = 3

_YEARS = {"a": 1.0, "mo": 12.0, "wk": 365.25 / 7, "d": 365.25}
#: Smaller and larger numbers are days written as numbers, such as 20230225 or Excel's.
_YEARS_OF_PEOPLE = (1700, 3000)
_YEAR = re.compile(r"(?<!\d)((?:1[89]|20|21)\d\d)(?!\d)")
_A_YEAR = re.compile(r"(?:1[89]|2[01])\d\d(?:\.0)?")
_GENERALISED = ("date", "age over 89", "postcode")


def protect(table: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
    """Give the table and the schema as a model may learn them.

    Columns with ``protection: drop`` or ``fake``, and the subject, are taken out; with
    ``generalise``, a date becomes its year, an age over 90 becomes 90 and a postcode its first
    three signs (the United States' prefixes of few inhabitants are not merged). A table that
    already is so stays as it is.

    Parameters
    ----------
    table : pandas.DataFrame
        The table as read. Columns that are taken out may be absent, as from a synthetic one.
    schema : Schema
        Its columns.

    Returns
    -------
    table : pandas.DataFrame
        A new table.
    schema : Schema
        The columns that are left, as they now are.

    Raises
    ------
    SchemaError
        A column identifies people and nobody chose what is done with it, it cannot be
        generalised, or a rule needs a column that is taken out.
    TableError
        A column of dates or ages holds something else.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import Column, Schema
    >>> from synthhealth.schema.identifiers.protection import protect
    >>> schema = Schema(columns=(
    ...     Column(name="patient", kind="identifier", protection="drop"),
    ...     Column(name="seen", kind="datetime", identifier="date", protection="generalise"),
    ... ))
    >>> seen = pd.to_datetime(["2019-03-04", "2020-11-30"])
    >>> protect(pd.DataFrame({"patient": ["A1", "B2"], "seen": seen}), schema)[0]
       seen
    0  2019
    1  2020
    """
    _refuse_unprotected(schema)
    kept: list[Column] = []
    changed: dict[str, pd.Series] = {}
    for column in schema:
        if column.protection in (Protection.DROP, Protection.FAKE) or column.name == schema.subject:
            continue
        if column.protection is Protection.GENERALISE:
            general, column = _generalise(column, table.get(column.name), schema.demographics)
            if general is not None:
                changed[column.name] = general
        kept.append(column)
    removed = set(schema.names) - {column.name for column in kept}
    _refuse_rules_on(removed, schema)
    left = table.drop(columns=[name for name in table.columns if name in removed])
    for name, values in changed.items():
        left[name] = values
    return left, schema.model_copy(
        update={
            "columns": tuple(kept),
            "subject": None,
            "demographics": _demographics_without(removed, schema.demographics),
        }
    )


def with_protection(schema: Schema, protection: Protection | str) -> Schema:
    """Choose what is done with every column that identifies people and has no choice yet.

    ``generalise`` also coarsens dates, ages over 89 and postcodes in columns that are modelled,
    and drops the identifiers that cannot be coarsened; ``drop`` and ``fake`` leave such columns
    as they are.
    """
    try:
        chosen = Protection(protection)
    except ValueError:
        raise SchemaError(
            f"protection {protection!r}: choose one of {', '.join(p.value for p in Protection)}"
        ) from None
    return schema.model_copy(
        update={
            "columns": tuple(
                # The subject is written again in any case, unless its column says otherwise.
                column if column.name == schema.subject else _with_choice(column, chosen)
                for column in schema
            )
        }
    )


def _with_choice(column: Column, chosen: Protection) -> Column:
    if column.protection is not None:
        return column
    if chosen is Protection.GENERALISE:
        if column.identifier in _GENERALISED:
            return column.model_copy(update={"protection": chosen})
        chosen = Protection.DROP
    if chosen is Protection.FAKE and column.identifier == "age over 89":
        return column
    if column.kind.is_modelled:
        return column
    return column.model_copy(update={"protection": chosen})


def _refuse_unprotected(schema: Schema) -> None:
    open_ = [
        c
        for c in schema
        if not c.kind.is_modelled and c.protection is None and c.name != schema.subject
    ]
    if open_:
        names = ", ".join(
            f"{c.name!r}" + (f" ({c.identifier})" if c.identifier else "") for c in open_
        )
        raise SchemaError(
            f"schema: {names}: columns that identify people are never learned, and nobody has "
            "chosen what is done with these. Choose drop, fake (replaced by made-up ones) or "
            "generalise (dates to years, ages to 90 at most, postcodes to 3 signs): for one column "
            "in the schema file (protection: drop), for all with Schema.with_protection('drop') or "
            "on the command line with --protect drop"
        )


def _refuse_rules_on(removed: set[str], schema: Schema) -> None:
    if not schema.rules or not removed:
        return
    from synthhealth.schema.rules import Rule

    for text in schema.rules:
        needed = sorted(removed.intersection(Rule.parse(text).columns))
        if needed:
            raise SchemaError(
                f"rule {text!r} needs {', '.join(map(repr, needed))}, which the schema's "
                "protection takes out of the table; remove the rule, or generalise the column"
            )


def _demographics_without(removed: set[str], demographics: Demographics) -> Demographics:
    gone: dict[str, None] = {}
    if demographics.sex in removed:
        gone |= {"sex": None, "female": None, "male": None}
    if demographics.age in removed:
        gone |= {"age": None}
    return demographics.model_copy(update=gone)


def _generalise(
    column: Column, values: pd.Series | None, demographics: Demographics
) -> tuple[pd.Series | None, Column]:
    if column.identifier == "postcode":
        return (None if values is None else _first_signs(column, values)), column.model_copy(
            update={
                "kind": Kind.NOMINAL,
                "levels": None,
                "missing": (),
                "notation": None,
                "protection": None,
                "identifier": None,
            }
        )
    if column.identifier == "date" or column.kind is Kind.DATETIME:
        return (None if values is None else _years(column, values)), Column(
            name=column.name, kind=Kind.COUNT, role=column.role, decimals=0
        )
    if column.identifier == "age over 89" or column.name == demographics.age:
        oldest = OLDEST * _YEARS.get(column.unit or "a", 1.0)
        low = column.plausible.low if column.plausible else 0.0
        form: dict[str, object] = {
            "kind": column.kind if column.kind.is_numerical else Kind.CONTINUOUS,
            "plausible": Range(low=low, high=oldest),
            "protection": None,
            "identifier": None,
        }
        if values is not None and types.is_numeric_dtype(values.dtype):
            codes = values.isin([code for code in column.missing if not isinstance(code, str)])
            values = values.where(codes, values.clip(upper=oldest))
        elif values is not None:
            values = _read(column, values).clip(upper=oldest)
            form |= {"notation": None, "missing": ()}
        return values, column.model_copy(update=form)
    raise SchemaError(
        f"column {column.name!r}: only dates, ages and postcodes can be generalised; choose "
        "protection: drop or fake, or say which it is (identifier: date, age over 89, postcode)"
    )


def _years(column: Column, values: pd.Series) -> pd.Series:
    known = _without_missing_codes(column, values)
    is_written = column.notation is not None and bool(column.notation.dates)
    if types.is_datetime64_any_dtype(values.dtype) or (is_written and not _are_years(known)):
        read = _read(column.model_copy(update={"kind": Kind.DATETIME}), known)
        return _whole(read.dt.year, values)
    if types.is_numeric_dtype(values.dtype):
        if not known.dropna().between(*_YEARS_OF_PEOPLE).all():
            raise _no_years(column)
        return values
    years = known.map(_year_in, na_action="ignore")
    if bool((known.notna() & years.isna()).any()):
        raise _no_years(column)
    return _whole(years, values)


def _are_years(known: pd.Series) -> bool:
    """Whether a column of dates holds years already, as a synthetic one does."""
    return all(_A_YEAR.fullmatch(str(cell)) for cell in known.dropna().unique())


def _year_in(cell: object) -> float:
    if isinstance(cell, str):
        found = _YEAR.findall(cell)
        return float(found[0]) if len(found) == 1 else np.nan
    year = getattr(cell, "year", cell)
    return float(year) if isinstance(year, (int, float)) else np.nan


def _no_years(column: Column) -> TableError:
    return TableError(
        f"column {column.name!r}: not every cell has a year of four digits; say how its dates "
        "are written (schema: notation: dates: ['%d.%m.%y'])"
    )


def _whole(years: pd.Series, like: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(years).astype(np.float64)
    whole = numbers if bool(numbers.isna().any()) else numbers.astype(np.int64)
    return pd.Series(whole.to_numpy(), index=like.index, name=like.name)


def _read(column: Column, values: pd.Series) -> pd.Series:
    from synthhealth.schema.reading.reading import read_column

    return read_column(values, column).values


def _first_signs(column: Column, values: pd.Series) -> pd.Series:
    known = _without_missing_codes(column, values)
    width = 0
    if types.is_numeric_dtype(known.dtype):
        # Read as numbers, postcodes lose their leading zeros.
        numbers = known.astype("Int64")
        width = len(str(int(numbers.max()))) if bool(numbers.notna().any()) else 0
        known = numbers.astype(object)
    return known.map(
        lambda cell: str(cell).strip().zfill(width)[:POSTCODE_SIGNS].upper(), na_action="ignore"
    ).astype(object)


def _without_missing_codes(column: Column, values: pd.Series) -> pd.Series:
    known: npt.NDArray[np.bool_] = values.isin(list(column.missing)).to_numpy(dtype=bool)
    return values.mask(known) if known.any() else values
