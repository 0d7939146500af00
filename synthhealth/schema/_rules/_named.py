"""Which levels the rules of a schema name."""

from __future__ import annotations

from collections.abc import Iterator

from synthhealth.schema._rules._check import rules_of
from synthhealth.schema._rules._conditions import Comparison, IsMissing, Node, OneOf, columns_of
from synthhealth.schema._rules._values import ColumnName, Literal
from synthhealth.schema._schema import Schema

__all__ = ["named_levels"]


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
        literals = [side.value for side in sides if isinstance(side, Literal)]
        if columns and literals:
            yield columns[0], tuple(literals)
        else:
            yield from ((name, None) for name in columns_of(node))
    elif isinstance(node, Comparison | OneOf):
        yield from ((name, None) for name in columns_of(node))
    elif not isinstance(node, Literal | ColumnName):
        for part in node.parts():
            yield from _named_in(part)
