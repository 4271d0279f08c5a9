"""Conditions: when a statement applies. One module per operator family; `operators` lists them all."""

from sekisho.decide.iam.conditions.condition import Condition
from sekisho.decide.iam.conditions.operators import Operator, Quantifier, parse_operator

__all__ = ["Condition", "Operator", "Quantifier", "parse_operator"]
