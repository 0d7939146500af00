"""Whether rules can be kept, by the table that they are of and by each other."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from synthhealth.errors import SchemaError
from synthhealth.schema._rules._rule import Derivation, Rule, RuleCheck
from synthhealth.schema._schema import Schema

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
