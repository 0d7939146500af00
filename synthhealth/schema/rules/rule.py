"""What holds between the columns of every row, and whether it can be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from synthhealth.errors import SchemaError, nearest
from synthhealth.schema.rules._conditions import (
    Comparison,
    Condition,
    IsMissing,
    Node,
    OneOf,
    Truth,
    columns_of,
)
from synthhealth.schema.rules._grammar import parse
from synthhealth.schema.rules._operands import (
    ColumnName,
    Facts,
    Floats,
    LiteralValue,
    MalformedError,
    Mask,
    Operands,
    Value,
)
from synthhealth.schema.schema import Schema

__all__ = ["Derivation", "Rule", "RuleCheck", "named_levels"]


_MICROSECONDS_OF_DAY = 86_400_000_000


class RuleCheck(BaseModel):
    """How often a table breaks a rule."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    rule: str
    """The rule as it was written."""
    n_known: int
    """Rows in which the values that the rule needs are there."""
    n_broken: int
    """Rows that break it."""


class Derivation(NamedTuple):
    """A column that is computed from others instead of being modelled."""

    target: str
    """The column that stands alone on a side of ``=``."""
    compute: Callable[[pd.DataFrame], pd.Series]
    """Gives its values for a canonical table with the other columns; missing where one of them \
is. They are not rounded."""


@dataclass(frozen=True)
class Rule:
    """A condition that every row of a table keeps.

    Made by `Rule.parse`; the language is described there.

    Attributes
    ----------
    text : str
        The rule as it was written.
    """

    text: str
    _condition: Condition = field(repr=False, compare=False)
    _declared: Mapping[str, Facts] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str, schema: Schema | None = None) -> Rule:
        """Read a rule.

        Parameters
        ----------
        text : str
            Comparisons (``=``, ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, in chains too:
            ``60 <= pulse <= 200``) of columns, numbers, text in quotes and dates
            (``2024-01-31``); arithmetic (``+ - * /`` and parentheses; dates differ by days);
            ``in [..]``, ``is missing``, ``and``, ``or``, ``not``, ``if .. then ..``. Names with
            spaces or signs stand in backticks.
        schema : Schema, optional
            Check the names, and that like is compared with like; and know the order of the levels
            of ordinal columns, and how many decimals are printed.

        Returns
        -------
        Rule

        Raises
        ------
        SchemaError
            The rule is malformed, or does not fit the schema.

        Examples
        --------
        >>> import pandas as pd
        >>> from synthhealth.schema import Rule
        >>> rule = Rule.parse("neutrophils + lymphocytes <= `WBC count`")
        >>> rule.columns
        ('neutrophils', 'lymphocytes', 'WBC count')
        >>> rule.holds(pd.DataFrame(
        ...     {"neutrophils": [3.1, 5.2], "lymphocytes": [1.9, 2.5], "WBC count": [5.0, 6.8]}
        ... ))
        array([ True, False])
        """
        if not isinstance(text, str):
            raise SchemaError(f"a rule is a text, not a {type(text).__name__}")
        try:
            condition = parse(text)
            names = columns_of(condition)
            if not names:
                raise MalformedError("it names no column")
            declared = {} if schema is None else _declared(names, schema)
            if schema is not None:
                condition.check(declared)
        except MalformedError as error:
            raise _refusal(text, error) from None
        return cls(text, condition, declared)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, in the order in which it names them."""
        return columns_of(self._condition)

    def holds(self, table: pd.DataFrame) -> Mask:
        """Say of each row whether it keeps the rule.

        A row in which the rule cannot be known, because a value is missing or a divisor zero,
        keeps it. An equality that computes holds to half a unit of the last decimal of each of
        its columns; counts are exact.

        Parameters
        ----------
        table : pandas.DataFrame
            Numbers, dates and levels; text forms are read before.

        Returns
        -------
        numpy.ndarray of bool, shape (n_rows,)

        Raises
        ------
        SchemaError
            The table lacks a column of the rule, or like is not compared with like.
        """
        return ~self._truth(table).false

    @property
    def derived(self) -> Derivation | None:
        """What an equality computes if a column stands alone on a side; None for other rules."""
        rule = self._condition
        if not isinstance(rule, Comparison) or rule.sign != "=":
            return None
        for alone, formula in ((rule.left, rule.right), (rule.right, rule.left)):
            if isinstance(alone, ColumnName):
                operands = columns_of(formula)
                if operands and alone.name not in operands:
                    return Derivation(alone.name, _Formula(self, alone.name, formula))
        return None

    def check(self, table: pd.DataFrame) -> RuleCheck:
        """Count the rows that break the rule."""
        truth = self._truth(table)
        broken = int(truth.false.sum())
        return RuleCheck(rule=self.text, n_known=broken + int(truth.true.sum()), n_broken=broken)

    def _truth(self, table: pd.DataFrame) -> Truth:
        try:
            operands = self._operands(table, self.columns)
            self._condition.check(operands.facts)
            return self._condition.truth(operands)
        except MalformedError as error:
            raise _refusal(self.text, error) from None

    def _operands(self, table: pd.DataFrame, names: tuple[str, ...]) -> Operands:
        for name in names:
            if name not in table.columns:
                raise MalformedError(_unknown(name, table.columns))
            if not isinstance(table[name], pd.Series):
                raise MalformedError(f"the table has column {name!r} more than once")
        return Operands(table, names, self._declared)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class _Formula:
    """Computes a column; a class and not a closure, so that it can be pickled for joblib."""

    rule: Rule
    target: str
    value: Value

    def __call__(self, table: pd.DataFrame) -> pd.Series:
        try:
            operands = self.rule._operands(table, columns_of(self.value))
            if isinstance(self.value, ColumnName):
                return table[self.value.name].rename(self.target)
            form = self.value.check(operands.facts)
            if form is None:
                return pd.Series(np.nan, index=table.index, name=self.target)
            values = self.value.quantity(operands, rounded=False).values
        except MalformedError as error:
            raise _refusal(self.rule.text, error) from None
        if form == "date":
            return _dates(values, table.index, self.target)
        return pd.Series(values, index=table.index, name=self.target)


def _dates(days: Floats, index: pd.Index, name: str) -> pd.Series:
    # What is beyond the dates that pandas has in nanoseconds is not a date of a patient.
    known = np.abs(days) < 106_000
    stamps = np.round(np.where(known, days, 0) * _MICROSECONDS_OF_DAY).astype("datetime64[us]")
    stamps[~known] = np.datetime64("NaT")
    return pd.Series(stamps.astype("datetime64[ns]"), index=index, name=name)


def _declared(names: tuple[str, ...], schema: Schema) -> dict[str, Facts]:
    columns = {column.name: column for column in schema}
    for name in names:
        if name not in columns:
            raise MalformedError(_unknown(name, columns))
    return {name: Facts.declared(columns[name]) for name in names}


def _unknown(name: str, known: Iterable[str]) -> str:
    hint = nearest(name, [str(column) for column in known])
    return (
        f"there is no column {name!r}{hint}; names with spaces or signs stand in `backticks`, "
        "text in quotes"
    )


def _refusal(text: str, problem: MalformedError) -> SchemaError:
    shown = text if len(text) <= 200 else text[:200] + "…"
    return SchemaError(f"rule {shown!r}: {problem}")


#: A rule that the training table itself breaks more often than this is not a rule.
MAX_BROKEN_SHARE = 0.1


def rules_of(schema: Schema) -> tuple[Rule, ...]:
    """Parse the rules of a schema, checked against its columns."""
    return tuple(Rule.parse(text, schema) for text in schema.rules)


def check_rules(rules: Iterable[Rule], table: pd.DataFrame) -> tuple[RuleCheck, ...]:
    """Count the rows of a real table that break each rule, and refuse what cannot be kept.

    Parameters
    ----------
    rules : iterable of Rule
    table : pandas.DataFrame
        The canonical training table.

    Returns
    -------
    tuple of RuleCheck
        In the order of the rules.

    Raises
    ------
    SchemaError
        A rule is broken by more than 10 % of the rows in which it is known, or rules compute a
        column in a circle.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthhealth.schema import Rule, check_rules
    >>> table = pd.DataFrame({"systolic": [120, 135, 110], "diastolic": [80, None, 70]})
    >>> check_rules([Rule.parse("systolic > diastolic")], table)
    (RuleCheck(rule='systolic > diastolic', n_known=2, n_broken=0),)
    """
    rules = tuple(rules)
    derivations(rules)
    checks = tuple(rule.check(table) for rule in rules)
    for check in checks:
        if check.n_broken > MAX_BROKEN_SHARE * check.n_known:
            raise SchemaError(
                f"rule {check.rule!r}: {check.n_broken:,} of the {check.n_known:,} rows in which "
                "it is known break it, so it cannot be kept; correct the rule, the columns' units "
                "or missing codes, or leave the rule out of the schema"
            )
    return checks


def derivations(rules: Iterable[Rule]) -> tuple[Derivation, ...]:
    """Give the columns that rules compute, in an order in which they can be computed.

    Raises
    ------
    SchemaError
        Two rules compute one column, or rules compute columns from each other in a circle.
    """
    waiting: dict[str, Rule] = {}
    for rule in rules:
        derived = rule.derived
        if derived is None:
            continue
        if derived.target in waiting:
            raise SchemaError(
                f"rules {waiting[derived.target].text!r} and {rule.text!r} both compute column "
                f"{derived.target!r}; turn one of them round, so that another column stands alone"
            )
        waiting[derived.target] = rule
    ordered: list[Derivation] = []
    while waiting:
        ready = [
            target
            for target, rule in waiting.items()
            if not any(name in waiting for name in rule.columns if name != target)
        ]
        if not ready:
            raise SchemaError(
                f"rules {[rule.text for rule in waiting.values()]} compute the columns "
                f"{sorted(waiting)} from each other in a circle; leave one of the rules out"
            )
        for target in ready:
            derived = waiting.pop(target).derived
            if derived is not None:
                ordered.append(derived)
    return tuple(ordered)


def named_levels(schema: Schema) -> dict[str, tuple[object, ...] | None]:
    """Give, for each column in the rules, the values that it is compared with by ``==``.

    None where it is compared otherwise: by order, with another column, or in a computation.
    """
    named: dict[str, tuple[object, ...] | None] = {}
    for rule in rules_of(schema):
        for column, values in _named_in(rule._condition):
            before = named.get(column, ())
            named[column] = None if before is None or values is None else (*before, *values)
    return named


def _named_in(node: Node) -> Iterator[tuple[str, tuple[object, ...] | None]]:
    if isinstance(node, IsMissing):
        return
    if isinstance(node, OneOf) and isinstance(node.value, ColumnName):
        yield node.value.name, tuple(choice.value for choice in node.choices)
    elif isinstance(node, Comparison) and node.sign in ("=", "!="):
        sides = node.left, node.right
        columns = [side.name for side in sides if isinstance(side, ColumnName)]
        literals = [side.value for side in sides if isinstance(side, LiteralValue)]
        if columns and literals:
            yield columns[0], tuple(literals)
        else:
            yield from ((name, None) for name in columns_of(node))
    elif isinstance(node, Comparison | OneOf):
        yield from ((name, None) for name in columns_of(node))
    elif not isinstance(node, LiteralValue | ColumnName):
        for part in node.parts():
            yield from _named_in(part)
