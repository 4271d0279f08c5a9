"""Which kind of policy a document is, when nobody says so."""

from collections.abc import Mapping

from sekisho.decide.iam import PolicyKind
from sekisho.decide.values import Json, Ref
from sekisho.review.policy_check.document_rules import statements_of

_TRUST_ACTIONS = ("sts:assume", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext", "sts:*")


def recognise_kind(value: Json) -> PolicyKind:
    """Return TRUST for principals that may assume, RESOURCE for other principals, else IDENTITY.

    Boundaries, session policies and service control policies look like identity policies, resource control
    policies like resource policies: who checks one has to say so.
    """
    statements = [member for member, _ in statements_of(value, Ref("")) if isinstance(member, Mapping)]
    if not any("Principal" in member or "NotPrincipal" in member for member in statements):
        # A principal may have been forgotten; trust is still plain from the lack of a resource.
        if statements and all(_assumes(member) and not _has_resource(member) for member in statements):
            return PolicyKind.TRUST
        return PolicyKind.IDENTITY
    is_trust = all(_assumes(member) for member in statements)
    return PolicyKind.TRUST if is_trust else PolicyKind.RESOURCE


def _has_resource(statement: Mapping[str, Json]) -> bool:
    return "Resource" in statement or "NotResource" in statement


def _assumes(statement: Mapping[str, Json]) -> bool:
    listed = statement.get("Action", statement.get("NotAction"))
    actions = listed if isinstance(listed, list) else [listed]
    return bool(actions) and all(
        isinstance(action, str) and action.lower().startswith(_TRUST_ACTIONS) for action in actions
    )
