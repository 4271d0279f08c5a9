"""Builders: a caller, a request and policies in few words."""

from collections.abc import Mapping

from sekisho.decide.decision import Decision
from sekisho.decide.iam import AttachedPolicy, Layer, Policies, PolicyKind, evaluate, read_policy
from sekisho.decide.request.aws_request import AwsRequest, Context, ContextValue
from sekisho.decide.values import AccountId, Arn, Caller, Json, Principal, PrincipalType, Ref

ACCOUNT = "111122223333"
CLUSTER = f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/eks-clu"


def user(name: str = "ana", path: str = "/") -> Principal:
    arn = Arn.parse(f"arn:aws:iam::{ACCOUNT}:user{path}{name}")
    return Principal(PrincipalType.USER, arn, "AIDA0000000000000ANA", arn)


def root() -> Principal:
    arn = Arn.parse(f"arn:aws:iam::{ACCOUNT}:root")
    return Principal(PrincipalType.ROOT, arn, ACCOUNT, arn)


def session(role: str = "deployer", path: str = "/ci/") -> Principal:
    return Principal(
        PrincipalType.ROLE_SESSION,
        Arn.parse(f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/run-1"),
        "AROA0000000000000DEP:run-1",
        Arn.parse(f"arn:aws:iam::{ACCOUNT}:role{path}{role}"),
    )


def ask(
    action: str,
    *resources: str,
    who: Caller | None = None,
    owner: str | None = None,
    unread: tuple[str, ...] = (),
    keys: Mapping[str, ContextValue] | None = None,
    **more: ContextValue,
) -> AwsRequest:
    """Ask with the context ``keys``; keyword ``aws__username`` is the key ``aws:username``."""
    context = {**(keys or {}), **{key.replace("__", ":"): value for key, value in more.items()}}
    return AwsRequest(
        who or user(),
        action,
        resources or ("*",),
        Context.of(context, unread),
        None if owner is None else AccountId(owner),
    )


def statement(
    effect: str, action: Json = "*", resource: Json = "*", condition: Json = None, **more: Json
) -> dict[str, Json]:
    made: dict[str, Json] = {"Effect": effect, "Action": action, "Resource": resource, **more}
    if condition is not None:
        made["Condition"] = condition
    return {name: value for name, value in made.items() if value is not None}


def allow(action: Json = "*", resource: Json = "*", condition: Json = None, **more: Json) -> dict[str, Json]:
    return statement("Allow", action, resource, condition, **more)


def deny(action: Json = "*", resource: Json = "*", condition: Json = None, **more: Json) -> dict[str, Json]:
    return statement("Deny", action, resource, condition, **more)


def federated_user(name: str = "guest", issuer: str = "ana") -> Principal:
    return Principal(
        PrincipalType.FEDERATED_USER,
        Arn.parse(f"arn:aws:sts::{ACCOUNT}:federated-user/{name}"),
        f"{ACCOUNT}:{name}",
        Arn.parse(f"arn:aws:iam::{ACCOUNT}:user/{issuer}"),
    )


KINDS = {
    Layer.IDENTITY: PolicyKind.IDENTITY,
    Layer.BOUNDARY: PolicyKind.BOUNDARY,
    Layer.SESSION: PolicyKind.SESSION,
    Layer.RESOURCE: PolicyKind.RESOURCE,
    Layer.SCP: PolicyKind.SCP,
    Layer.RCP: PolicyKind.RCP,
}


def layer(
    which: Layer, *statements: Mapping[str, Json], unique_ids: Mapping[str, str] | None = None
) -> tuple[AttachedPolicy, ...]:
    """Return one policy of a layer, which is its name too."""
    document: Json = {"Version": "2012-10-17", "Statement": list(statements)}
    read = read_policy(document, Ref(str(which)), KINDS[which], unique_ids=unique_ids or {})
    return (AttachedPolicy(str(which), which, read),)


def trust(
    *statements: Mapping[str, Json], unique_ids: Mapping[str, str] | None = None
) -> tuple[AttachedPolicy, ...]:
    """Return a role's trust policy of ``statements``, whose Resource is left out."""
    made = [{name: value for name, value in one.items() if name != "Resource"} for one in statements]
    document: Json = {"Version": "2012-10-17", "Statement": list(made)}
    read = read_policy(document, Ref("trust"), PolicyKind.TRUST, unique_ids=unique_ids or {})
    return (AttachedPolicy("trust", Layer.RESOURCE, read),)


def decide(request: AwsRequest, identity: tuple[AttachedPolicy, ...]) -> Decision[None]:
    """Decide by identity policies alone."""
    return evaluate(request, Policies(identity))


def policies(
    *statements: Mapping[str, Json], version: str | None = "2012-10-17", name: str = "p"
) -> tuple[AttachedPolicy, ...]:
    document: dict[str, Json] = {"Statement": list(statements)}
    if version is not None:
        document["Version"] = version
    return (AttachedPolicy(name, Layer.IDENTITY, read_policy(document, Ref(name))),)
