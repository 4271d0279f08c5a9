"""Builders: a caller, a request and policies in few words."""

from collections.abc import Mapping

from sekisho.decide.iam import AttachedPolicy, Layer, read_policy
from sekisho.decide.request.aws_request import AwsRequest, Context, ContextValue
from sekisho.decide.values import AccountId, Arn, Json, Principal, PrincipalType, Ref

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
    who: Principal | None = None,
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


def policies(
    *statements: Mapping[str, Json], version: str | None = "2012-10-17", name: str = "p"
) -> tuple[AttachedPolicy, ...]:
    document: dict[str, Json] = {"Statement": list(statements)}
    if version is not None:
        document["Version"] = version
    return (AttachedPolicy(name, Layer.IDENTITY, read_policy(document, Ref(name))),)
