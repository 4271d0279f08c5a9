"""Tags of users, roles, policies and providers: keys that differ in case only are one key."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from sekisho.facts import (
    InstanceProfile,
    ManagedPolicy,
    MfaDevice,
    OpenIdConnectProvider,
    Role,
    Tags,
    User,
)
from sekisho.lab.aws.iam.device_lookup import existing_device, existing_profile
from sekisho.lab.aws.iam.entity import existing_role, existing_user, put, role_to_change
from sekisho.lab.aws.iam.errors import invalid_input, limit_exceeded
from sekisho.lab.aws.iam.listing import listed
from sekisho.lab.aws.iam.oidc_lookup import existing_provider
from sekisho.lab.aws.iam.policy_lookup import own_policy
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

MAX_TAGS = 50

Tagged = User | Role | ManagedPolicy | OpenIdConnectProvider | InstanceProfile | MfaDevice


@dataclass(frozen=True, slots=True)
class _Kind:
    """What can be tagged: ``title`` in operation names, how it is found to be read and to be changed."""

    title: str
    find: Callable[[Context, Parameters], Tagged]
    find_to_change: Callable[[Context, Parameters], Tagged]


def tags_given(parameters: Parameters) -> Tags:
    """Return the tags of a request.

    Raises:
        AwsError: a key occurs twice, or is reserved.
    """
    tags = tuple((tag["Key"], tag["Value"]) for tag in parameters.get("Tags") or ())
    keys = [key.lower() for key, _ in tags]
    if len(set(keys)) < len(keys):
        raise invalid_input("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    _refuse_reserved(keys)
    return tags


def tags_output(tags: Tags) -> list[dict[str, str]]:
    """Return tags as IAM's answers write them."""
    return [{"Key": key, "Value": value} for key, value in tags]


def _tag(kind: _Kind, context: Context, parameters: Parameters) -> Answer:
    fact = kind.find_to_change(context, parameters)
    given = tags_given(parameters)
    changed = {key.lower() for key, _ in given}
    tags = (*(tag for tag in fact.tags if tag[0].lower() not in changed), *given)
    if sum(not _is_reserved(key) for key, _ in tags) > MAX_TAGS:
        raise limit_exceeded("The number of tags has reached the maximum limit.")
    return Answer({}, (put(replace(fact, tags=tags)),))


def _untag(kind: _Kind, context: Context, parameters: Parameters) -> Answer:
    fact = kind.find_to_change(context, parameters)
    gone = {key.lower() for key in parameters["TagKeys"]}
    _refuse_reserved(gone)
    return Answer(
        {}, (put(replace(fact, tags=tuple(tag for tag in fact.tags if tag[0].lower() not in gone))),)
    )


def _refuse_reserved(keys: Iterable[str]) -> None:
    """Refuse the tags that AWS sets itself: those of a stack, for one."""
    if any(_is_reserved(key) for key in keys):
        raise invalid_input("aws: prefixed tag key names are not allowed for external use.")


def _is_reserved(key: str) -> bool:
    return key.lower().startswith("aws:")


def _list_tags(kind: _Kind, context: Context, parameters: Parameters) -> Answer:
    tags = kind.find(context, parameters).tags
    return Answer(listed("Tags", tags, parameters, lambda tag: {"Key": tag[0], "Value": tag[1]}))


def _user(context: Context, parameters: Parameters) -> User:
    return existing_user(context, parameters["UserName"])


def _role(context: Context, parameters: Parameters) -> Role:
    return existing_role(context, parameters["RoleName"])


def _role_to_change(context: Context, parameters: Parameters) -> Role:
    return role_to_change(context, parameters["RoleName"])


def _policy(context: Context, parameters: Parameters) -> ManagedPolicy:
    return own_policy(context, parameters["PolicyArn"])


def _provider(context: Context, parameters: Parameters) -> OpenIdConnectProvider:
    return existing_provider(context, parameters["OpenIDConnectProviderArn"])


def _instance_profile(context: Context, parameters: Parameters) -> InstanceProfile:
    return existing_profile(context, parameters["InstanceProfileName"])


def _device(context: Context, parameters: Parameters) -> MfaDevice:
    return existing_device(context, parameters["SerialNumber"])


_KINDS = (
    _Kind("User", _user, _user),
    _Kind("Role", _role, _role_to_change),
    _Kind("Policy", _policy, _policy),
    _Kind("OpenIDConnectProvider", _provider, _provider),
    _Kind("InstanceProfile", _instance_profile, _instance_profile),
    _Kind("MFADevice", _device, _device),
)

OPERATIONS: dict[str, Operation] = {
    name: operation
    for kind in _KINDS
    for name, operation in (
        (f"Tag{kind.title}", partial(_tag, kind)),
        (f"Untag{kind.title}", partial(_untag, kind)),
        (f"List{kind.title}Tags", partial(_list_tags, kind)),
    )
}
