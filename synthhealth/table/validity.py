"""Whether the parts of a preparation agree, as those of a learned one always do.

Each part checks itself when it is made; what one part says of another is checked here, before a
preparation from a stranger's file is used.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from synthhealth.errors import SchemaError
from synthhealth.schema.identifiers.patterns import Pattern
from synthhealth.schema.rules import derivations, rules_of
from synthhealth.schema.schema import Schema
from synthhealth.schema.types import Column, Kind, Protection
from synthhealth.table._constants import Constant
from synthhealth.table.dtypes import dtype_from_text, is_known_dtype
from synthhealth.table.encoding import ColumnForm
from synthhealth.table.gaps import MissingPatterns
from synthhealth.table.joined import names_of_parts
from synthhealth.table.preparation import Preparation

__all__ = ["check_preparation"]

#: Groups of patients times patterns of missing values: their shares are laid out as a table.
MAX_SHARES = 20_000_000

#: Signs of a fake.
MAX_FAKE = 200

#: Points of an alignment: what is drawn is moved by their differences, which stay finite.
MAX_POINT = 1e300

#: The state of a missing value is a number of eight bits.
MAX_CODES = 125


def check_preparation(preparation: Preparation) -> None:
    """Refuse a preparation whose parts contradict each other.

    Parameters
    ----------
    preparation : Preparation
        Of a saved synthesizer.

    Raises
    ------
    SchemaError
        It is not one that was learned.
    """
    form, learned = preparation.form, preparation.learned
    _check_schemas(preparation.described, learned, preparation.constants)
    names = form.names
    _require(sorted(names) == sorted(learned.names), "the columns of its form and schema")
    _require(set(preparation.dtypes) == set(names), "its columns and their dtypes")
    _require(_are_among(preparation.empty_is_none, names), "its columns and their empty cells")
    numerical = set(learned.numerical)
    for part in (preparation.censoring, preparation.ends, preparation.alignments):
        _require(_are_among(part, numerical), "its columns and their limits")
    for column in form.columns:
        _check_column(column, learned[column.name], preparation)
    for alignment in preparation.alignments.values():
        points = (*alignment.drawn, *alignment.wanted)
        _require(all(abs(point) <= MAX_POINT for point in points), "its limits and its ends")
    _check_dtype(form.index.dtype)
    rules = rules_of(learned)
    computed = {derived.target for derived in derivations(rules)}
    _require(_are_among((c for rule in rules for c in rule.columns), names), "rules and columns")
    _require(len(computed) < len(names) - 1, "its computed columns")
    gone = [column for column in preparation.described if column.name in preparation.constants]
    columns = (*learned, *gone)
    _check_patterns(preparation.patterns, columns)
    _check_constants(preparation)


def _check_schemas(described: Schema, learned: Schema, constants: Mapping[str, Constant]) -> None:
    kept = [
        name
        for column in described
        if column.protection not in (Protection.DROP, Protection.FAKE)
        and column.name != described.subject
        for name in (names_of_parts(column) if column.joined is not None else (column.name,))
        if name not in constants
    ]
    _require(kept == learned.names and len(kept) > 1, "what is described and what is learned")
    _require(all(column.kind.is_modelled for column in learned), "identifiers and what is learned")
    for column in described:
        if column.pattern is not None:
            _require(len(Pattern.parse(column.pattern).places) <= MAX_FAKE, "a fake and its length")
        is_subject = column.name == described.subject and column.protection is None
        if is_subject or column.protection is Protection.FAKE:
            is_date = column.identifier == "date" or column.kind is Kind.DATETIME
            _require(is_date or column.pattern is not None, "fakes and their patterns")
    for column in (*described, *learned):
        _require(len(column.missing) <= MAX_CODES, "the codes for missing values and their number")


def _check_column(form: ColumnForm, column: Column, preparation: Preparation) -> None:
    _require(form.kind is column.kind, f"the kinds of column {form.name!r}")
    for dtype in (form.dtype, preparation.dtypes[form.name], form.categories_dtype):
        if dtype is not None:
            _check_dtype(dtype)
    limits = preparation.censoring.get(form.name)
    if limits is not None:
        _require(form.kind is not Kind.DATETIME, "detection limits and dates")
    try:
        # What is sometimes drawn must always be writable: every level, or the limits.
        n = 2 if form.kind.is_numerical else len(form.levels)
        plain = np.array([form.low, form.high]) if form.kind.is_numerical else np.arange(n)
        nothing = np.zeros(n, dtype=bool)
        form.decode(plain, nothing)
        if form.name in preparation.patterns.columns:
            form.decode(plain, ~nothing)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise _refusal(f"the dtype and the values of column {form.name!r}") from error


def _check_dtype(text: str) -> None:
    _require(is_known_dtype(text), "its dtypes and those that a table can have")
    dtype_from_text(text)


def _check_constants(preparation: Preparation) -> None:
    n_columns = len(preparation.form.names)
    what = "its columns of one value"
    constants = sorted(preparation.constants.items(), key=lambda one: one[1].place)
    for number, (name, constant) in enumerate(constants):
        _require(name in preparation.described.names, what)
        _require(constant.place <= n_columns + number, what)
        _check_dtype(constant.dtype)
        try:
            states = [0, 1] if name in preparation.patterns.columns else [0]
            constant.write(name, (), np.array(states, dtype=np.int8))
        except (TypeError, ValueError, ArithmeticError) as error:
            raise _refusal(f"the dtype and the value of column {name!r}") from error


def _check_patterns(patterns: MissingPatterns, columns: Collection[Column]) -> None:
    codes = {column.name: len(column.missing) for column in columns}
    n_columns, n_patterns = len(patterns.columns), len(patterns.patterns)
    n_groups = patterns.groups.n_leaves
    what = "its patterns of missing values"
    _require(_are_among(patterns.columns, codes), what)
    _require(len(set(patterns.columns)) == n_columns, what)
    _require(_are_among(patterns.groups.predictors, codes), what)
    _require(len(patterns.sizes) == n_groups, what)
    _require(all(math.isfinite(size) and size >= 0 for size in patterns.sizes), what)
    if not n_columns:
        _require(not n_patterns and not patterns.shares, what)
        return
    _require(0 < sum(patterns.sizes) < 2, what)
    _require(len(patterns.shares) == n_groups and n_patterns > 0, what)
    _require(n_groups * n_patterns <= MAX_SHARES, what)
    most = [1 + codes[name] for name in patterns.columns]
    for pattern in patterns.patterns:
        _require(len(pattern) == n_columns, what)
        _require(all(0 <= state <= high for state, high in zip(pattern, most, strict=True)), what)
    for shares in patterns.shares:
        places = [place for place, _ in shares]
        _require(len(set(places)) == len(places), what)
        _require(all(0 <= place < n_patterns for place in places), what)
        # A group without rows has no shares.
        _require(all(math.isfinite(share) and 0 < share <= 1.001 for _, share in shares), what)
        _require(not shares or 0.999 < sum(share for _, share in shares) < 1.001, what)
    drawn = {place for shares in patterns.shares for place, _ in shares}
    _require(drawn == set(range(n_patterns)), what)


def _are_among(names: Iterable[str], known: Iterable[str]) -> bool:
    return set(names) <= set(known)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise _refusal(what)


def _refusal(what: str) -> SchemaError:
    return SchemaError(f"{what} do not agree")
