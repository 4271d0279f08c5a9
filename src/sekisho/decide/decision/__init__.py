"""The answer of every evaluator: an outcome, the steps that decided it, and what would change it."""

from sekisho.decide.decision.chain import Chain, Link
from sekisho.decide.decision.code import ReasonCode, all_codes
from sekisho.decide.decision.decision import Decision, Outcome, Repair, Step
from sekisho.decide.decision.json_form import chain_to_json, decision_to_json, step_to_json

__all__ = [
    "Chain",
    "Decision",
    "Link",
    "Outcome",
    "ReasonCode",
    "Repair",
    "Step",
    "all_codes",
    "chain_to_json",
    "decision_to_json",
    "step_to_json",
]
