"""Rules: what holds between the columns of every row, in a language of its own."""

from synthhealth.schema.rules.rule import (
    Derivation,
    Rule,
    RuleCheck,
    check_rules,
    derivations,
    rules_of,
)

__all__ = ["Derivation", "Rule", "RuleCheck", "check_rules", "derivations", "rules_of"]
