"""IAM policies: documents, statements, and the decision they make about one request."""

from sekisho.decide.iam.context_keys import context_keys
from sekisho.decide.iam.document import Policy, parse_policy, policy_size, read_policy
from sekisho.decide.iam.evaluate import evaluate
from sekisho.decide.iam.explain import explain
from sekisho.decide.iam.grammar import PolicyKind
from sekisho.decide.iam.layers import UNREAD, AttachedPolicy, Layer, Policies, Unread, condition_keys
from sekisho.decide.iam.positions import Position, Span, statement_spans
from sekisho.decide.iam.refusal import access_denied_text
from sekisho.decide.iam.statement import Effect, Statement

__all__ = [
    "UNREAD",
    "AttachedPolicy",
    "Effect",
    "Layer",
    "Policies",
    "Policy",
    "PolicyKind",
    "Position",
    "Span",
    "Statement",
    "Unread",
    "access_denied_text",
    "condition_keys",
    "context_keys",
    "evaluate",
    "explain",
    "parse_policy",
    "policy_size",
    "read_policy",
    "statement_spans",
]
