"""Rules: what holds between the columns of every row, in a language of its own."""

from synthhealth.schema._rules._check import check_rules, derivations, rules_of
from synthhealth.schema._rules._rule import Derivation, Rule, RuleCheck

__all__ = ["Derivation", "Rule", "RuleCheck", "check_rules", "derivations", "rules_of"]
