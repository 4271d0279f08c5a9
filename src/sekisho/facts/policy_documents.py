"""Policy documents in a world file: an object or JSON text, checked as IAM would when it is written.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from collections.abc import Iterator, Mapping

from sekisho.decide.iam import Effect, Policy, PolicyKind, policy_size, read_policy
from sekisho.decide.iam.grammar import MAX_TRUST_CHARS, FaultCode
from sekisho.decide.values import Arn, Json, Ref, SekishoInputError, documents
from sekisho.facts.model import OrganizationPolicyType
from sekisho.facts.organization import MAX_CHARS, POLICY_KINDS
from sekisho.facts.shape import FaultCode as WorldCode
from sekisho.facts.shape import Node

UNREADABLE = "{}"
"""Stands for a document with faults; it never leaves the reader, because the faults raise."""


def identity_document(node: Node, max_chars: int) -> str:
    """Return the JSON text of an identity policy; faults are noted with their places."""
    found = _document(node, max_chars)
    if found is None:
        return UNREADABLE
    value, text = found
    _check(node, value, PolicyKind.IDENTITY)
    return text


def trust_document(node: Node) -> str:
    """Return the JSON text of a trust policy; faults are noted with their places."""
    found = _document(node, MAX_TRUST_CHARS)
    if found is None:
        return UNREADABLE
    value, text = found
    _check(node, value, PolicyKind.TRUST)
    return text


def organization_document(node: Node, kind: OrganizationPolicyType) -> str:
    """Return the JSON text of a service control or resource control policy; faults are noted."""
    found = _document(node, None)
    if found is None:
        return UNREADABLE
    value, text = found
    if len(text) > MAX_CHARS[kind]:
        node.fault(FaultCode.TOO_LARGE, f"{len(text)} characters; at most {MAX_CHARS[kind]} are allowed")
    policy = _check(node, value, POLICY_KINDS[kind])
    if policy is not None and kind is OrganizationPolicyType.RESOURCE_CONTROL_POLICY:
        # The grammar lets AWS's own RCPFullAWSAccess pass; a customer's RCP only denies.
        for statement in policy.statements:
            if statement.effect is Effect.ALLOW:
                problem = "a resource control policy only denies"
                node.faults.add(FaultCode.EFFECT_NOT_ALLOWED, statement.at, problem)
    return text


def trusted_arns(trust: str) -> Iterator[tuple[Ref, str]]:
    """Yield each ARN that a trust policy names under ``AWS``, with its place in the document."""
    for at, statement in _statements(documents.parse_json(trust), Ref("")):
        principal = statement.get("Principal") if isinstance(statement, Mapping) else None
        names = principal.get("AWS") if isinstance(principal, Mapping) else None
        place = at.child("Principal", "AWS")
        listed = [(place.child(i), name) for i, name in enumerate(names)] if isinstance(names, list) else []
        for where, name in listed or [(place, names)]:
            if isinstance(name, str) and name.startswith("arn:"):
                yield where, name


def principal_arn(text: str) -> Arn | None:
    """Return the ARN of an IAM user or role; None if ``text`` names anything else.

    Raises:
        ValueError: not an ARN.
    """
    arn = Arn.parse(text)
    return arn if arn.service == "iam" and arn.resource.startswith(("user/", "role/")) else None


def _document(node: Node, max_chars: int | None) -> tuple[Json, str] | None:
    """Return a document's value and its JSON text; None, with a fault noted, if it has none.

    ``max_chars`` counts without white space; None is for a caller who counts otherwise.
    """
    match node.value:
        case str(text):
            try:
                value = documents.parse_json(text, node.at.document)
            except SekishoInputError as error:
                for fault in error.faults:
                    node.faults.add(fault.code, node.at, fault.problem, fault.hint, fault.line)
                return None
        case Mapping() as value:
            text = documents.to_json(value).decode()
        case None:
            return None  # that it is missing was noted with the object that should hold it
        case _:
            node.fault(WorldCode.NOT_AN_OBJECT, "expected a policy document, as an object or as JSON text")
            return None
    size = policy_size(text)
    if max_chars is not None and size > max_chars:
        node.fault(
            FaultCode.TOO_LARGE, f"{size} characters without white space; at most {max_chars} are allowed"
        )
    return value, text


def _check(node: Node, value: Json, kind: PolicyKind) -> Policy | None:
    try:
        return read_policy(value, node.at, kind)
    except SekishoInputError as error:
        node.faults.extend(error.faults)
    return None


def _statements(value: Json, at: Ref) -> list[tuple[Ref, Json]]:
    statements = value.get("Statement") if isinstance(value, Mapping) else None
    place = at.child("Statement")
    if isinstance(statements, list):
        return [(place.child(i), statement) for i, statement in enumerate(statements)]
    return [(place, statements)]
