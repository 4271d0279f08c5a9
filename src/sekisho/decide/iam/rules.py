"""What turns the findings of the layers into an outcome (IAM User Guide, "Policy evaluation logic")."""

from dataclasses import dataclass, replace

from sekisho.decide.decision import Outcome
from sekisho.decide.iam.kleene import Truth, all_of, any_of
from sekisho.decide.iam.layers import UNREAD, Layer, Policies
from sekisho.decide.iam.principals import Named, Reach
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import Principal, PrincipalType

_NO_PERMISSION_NEEDED = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})
_OF_ROLES = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:setsourceidentity",
        "sts:tagsession",
    }
)
_WITHOUT_RESOURCE_POLICIES = frozenset({"cloudformation", "ec2", "eks", "iam"})
"""As IAM User Guide, "AWS services that work with IAM", has it; a role's trust policy is asked by STS."""
_SERVICE_LINKED = "role/aws-service-role/"


@dataclass(frozen=True, slots=True)
class Allows:
    """Whether each layer allows one resource; a layer that is absent and limits nothing is True.

    The resource policy is told apart by whom its Allow names: the caller (``to_self``), the role or
    user behind a session (``to_entity``), or the account (``to_account``). See `Reach`.
    """

    scp: Truth = True
    to_self: Truth = False
    to_entity: Truth = False
    to_account: Truth = False
    identity: Truth = False
    boundary: Truth = True
    session: Truth = True


def permitted(allows: Allows, request: AwsRequest, resource: str) -> Truth:
    """Return whether the layers together allow ``resource``, denies aside.

    - Same account: a resource policy that names the caller is enough; one that names the role or user
      of a session saves the identity policy only; one that names the account saves nothing.
    - Where the resource policy is mandatory it has to name one of them.
    - Across accounts the resource policy has to name one of them, and the caller's side to allow.
    """
    granted = any_of((allows.to_self, allows.to_entity, allows.to_account))
    caller_side = (allows.boundary, allows.session)
    if crosses_accounts(request):
        return all_of((allows.scp, granted, allows.identity, *caller_side))
    own = allows.identity
    if has_mandatory_policy(request.action.lower(), resource):
        own = all_of((allows.to_account, own))
    limited = all_of((any_of((allows.to_entity, own)), *caller_side))
    return all_of((allows.scp, any_of((allows.to_self, limited))))


def blockers(allows: Allows, request: AwsRequest, resource: str) -> tuple[Layer, ...]:
    """Return the layers that each have to allow before ``resource`` can be permitted, as it is not.

    In the order in which IAM asks them; never empty if `permitted` is False.
    """
    granted = any_of((allows.to_self, allows.to_entity, allows.to_account))
    found = [Layer.SCP] if allows.scp is False else []
    if not crosses_accounts(request) and allows.to_self is not False:
        return tuple(found)
    asks_resource = crosses_accounts(request) or has_mandatory_policy(request.action.lower(), resource)
    asks_resource = asks_resource or not isinstance(request.principal, Principal)
    if asks_resource and granted is False:
        found.append(Layer.RESOURCE)
    if allows.identity is False and (
        crosses_accounts(request)
        or (allows.to_entity is False and (granted is not False or not asks_resource))
    ):
        found.append(Layer.IDENTITY)
    found += [Layer.BOUNDARY] if allows.boundary is False else []
    found += [Layer.SESSION] if allows.session is False else []
    return tuple(found)


def granted_to(named: Named, truth: Truth) -> tuple[Truth, Truth, Truth]:
    """Return what an Allow of a resource policy grants to self, entity and account; see `Allows`.

    ``truth`` tells whether the rest of the statement applies.
    """
    perhaps = False if truth is False else None

    def at(reach: Reach) -> Truth:
        if named.surely is reach:
            return truth
        return perhaps if named.perhaps is reach else False

    return at(Reach.SELF), at(Reach.ENTITY), at(Reach.ACCOUNT)


def applicable(request: AwsRequest, policies: Policies) -> Policies:
    """Return the layers that bind the caller.

    Only a `Principal` has a side of its own; service-linked roles are bound by neither SCPs nor RCPs.
    """
    if not isinstance(request.principal, Principal):
        return Policies((), policies.resource, rcps=policies.rcps)
    if not policies.only_identity and is_service_linked(request):
        return replace(policies, scps=(), rcps=())
    return policies


def identity_decides(request: AwsRequest, lowered_action: str, resource: str) -> bool:
    """Tell whether `permitted` is what identity policies allow, if there are no other policies."""
    caller = request.principal
    return (
        isinstance(caller, Principal)
        and caller.type is not PrincipalType.FEDERATED_USER
        and (request.resource_account is None or request.resource_account == caller.account)
        and not has_mandatory_policy(lowered_action, resource)
    )


def needs_no_permission(request: AwsRequest, lowered_action: str) -> bool:
    """Tell whether the action is open to every authenticated caller, even one who is denied everything.

    Source: STS API Reference, GetCallerIdentity and GetSessionToken, "Permissions".
    """
    return lowered_action in _NO_PERMISSION_NEEDED and isinstance(request.principal, Principal)


def has_mandatory_policy(lowered_action: str, resource: str) -> bool:
    """Tell whether the resource's own policy has to allow, even inside one account.

    So it is for roles that are assumed (their trust policy) and for KMS keys (KMS Developer Guide,
    "Key policies").
    """
    if lowered_action.startswith("kms:"):
        return resource.split(":", 5)[-1].startswith("key/")
    return lowered_action in _OF_ROLES and resource.split(":", 5)[-1].startswith("role/")


def may_have_policy(lowered_action: str) -> bool:
    """Tell whether the resource of an action can have a policy of its own, as far as is known."""
    return lowered_action.partition(":")[0] not in _WITHOUT_RESOURCE_POLICIES


def is_root(request: AwsRequest) -> bool:
    """Tell whether an account's root user calls, or somebody it federated: no identity policy is needed.

    What a federated user may do is what both its session policies and whom it stands for may (IAM User
    Guide, "Permissions for GetFederationToken"), and the root user may everything.
    """
    caller = request.principal
    if not isinstance(caller, Principal):
        return False
    is_federated = caller.type is PrincipalType.FEDERATED_USER and caller.entity.resource == "root"
    return caller.type is PrincipalType.ROOT or is_federated


def is_service_linked(request: AwsRequest) -> bool:
    """Tell whether the caller is a service-linked role, which SCPs and RCPs do not bind."""
    caller = request.principal
    return isinstance(caller, Principal) and caller.entity.resource.startswith(_SERVICE_LINKED)


def crosses_accounts(request: AwsRequest) -> bool:
    """Tell whether the resource belongs to another account, so that both sides have to allow."""
    owner, caller = request.resource_account, request.principal
    return owner is not None and isinstance(caller, Principal) and owner != caller.account


def lacks_session_policy(request: AwsRequest, policies: Policies) -> bool:
    """Tell whether a session lives by its session policy and has none (STS API, GetFederationToken)."""
    caller = request.principal
    is_federated = isinstance(caller, Principal) and caller.type is PrincipalType.FEDERATED_USER
    return is_federated and policies.session is None


def is_bounded(policies: Policies) -> Truth:
    """Tell whether the caller has a permissions boundary; None if that was not read."""
    return None if policies.boundary is UNREAD else policies.boundary is not None


def conclude(denied: Truth, allowed: Truth) -> Outcome:
    """Return the outcome; an unread fact counts only where it could change it.

    An explicit deny absorbs everything. Without one, nobody having allowed is the implicit deny.
    """
    if denied:
        return Outcome.DENY
    if denied is None or allowed is None:
        return Outcome.UNKNOWN
    return Outcome.ALLOW if allowed else Outcome.NO_OPINION
