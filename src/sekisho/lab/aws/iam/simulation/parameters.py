"""The parameters that both simulations share: actions, resources, callers and owners.

Source: IAM API Reference, "SimulateCustomPolicy" and "SimulatePrincipalPolicy". Only the code of their
refusals is documented, but for what a comment says.
"""

import re
from collections.abc import Sequence

from sekisho.decide.request.aws_request import ANY_RESOURCE
from sekisho.decide.values import AccountId, Arn, Principal, PrincipalType
from sekisho.facts import Snapshot
from sekisho.lab.aws.iam.errors import invalid_input
from sekisho.lab.aws.operation import Context, Parameters

MAX_QUESTIONS = 10_000
"""The most pairs of an action and a resource in one answer; AWS's own limit is not documented."""

_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9_.-]+", re.ASCII)
_ACCOUNT = re.compile(r"(?:arn:[a-z-]+:iam::)?([0-9]{12})(?::root)?", re.ASCII)
_ENTITIES = {"user": PrincipalType.USER, "group": PrincipalType.USER, "role": PrincipalType.ROLE_SESSION}
_NOBODY = "AIDA00000000000000000"
"""A unique id that nobody bears: IAM's have no zeros."""

_ALWAYS = ("instance", "image", "security-group", "network-interface")
_SCENARIOS = {
    "EC2-VPC-InstanceStore": _ALWAYS,
    "EC2-VPC-InstanceStore-Subnet": (*_ALWAYS, "subnet"),
    "EC2-VPC-EBS": (*_ALWAYS, "volume"),
    "EC2-VPC-EBS-Subnet": (*_ALWAYS, "subnet", "volume"),
}


def action_names(parameters: Parameters) -> list[str]:
    """Return the actions, each ``service:Name`` without wildcards.

    Raises:
        AwsError: InvalidInput.
    """
    names: list[str] = parameters["ActionNames"]
    for name in names:
        if _ACTION.fullmatch(name) is None:
            raise invalid_input(f"Invalid Input Actions: {name} is not the name of an action")
    return names


def resource_arns(parameters: Parameters) -> list[str]:
    """Return the resources, ``*`` alone where none is named.

    Raises:
        AwsError: InvalidInput: no ARN, or a resource is missing that ResourceHandlingOption asks for.
    """
    arns = list(dict.fromkeys(parameters.get("ResourceArns") or [ANY_RESOURCE]))
    for arn in arns:
        if arn != ANY_RESOURCE:
            parsed_arn(arn)
    option = parameters.get("ResourceHandlingOption")
    if option is not None:
        _check_scenario(option, arns)
    return arns


def refuse_too_many(actions: Sequence[str], resources: Sequence[str]) -> None:
    """Return if an answer about so much is not out of proportion.

    Raises:
        AwsError: InvalidInput.
    """
    if len(actions) * len(resources) > MAX_QUESTIONS:
        raise invalid_input(
            f"Invalid Input: more than {MAX_QUESTIONS} pairs of an action and a resource; "
            "use fewer resources or a smaller MaxItems"
        )


def parsed_arn(text: str) -> Arn:
    """Return an ARN.

    Raises:
        AwsError: InvalidInput.
    """
    try:
        return Arn.parse(text)
    except ValueError:
        raise invalid_input(f"ARN {text} is not valid.") from None


def entity_arn(text: str) -> Arn:
    """Return the ARN of an IAM user, group or role.

    Raises:
        AwsError: InvalidInput, in IAM's own words for the ARN of a session.
    """
    arn = parsed_arn(text)
    kind, slash, name = arn.resource.partition("/")
    if arn.service != "iam" or arn.region or kind not in _ENTITIES or not (slash and name):
        raise invalid_input(f"Invalid Entity Arn: {text} does not clearly define entity type and name.")
    return arn


def caller_of(arn: Arn, facts: Snapshot) -> Principal:
    """Return the simulated caller; a role calls with a session, and a group stands for a user in it.

    The caller need not exist: then it has an id that nothing names.
    """
    type_ = _ENTITIES[arn.resource.partition("/")[0]]
    name = arn.resource.rpartition("/")[2]
    if type_ is PrincipalType.ROLE_SESSION:
        role = facts.role(arn.account, name)
        unique_id = role.role_id if role is not None and role.arn == arn else _NOBODY
        session = Arn(arn.partition, "sts", "", arn.account, f"assumed-role/{name}/simulated")
        return Principal(type_, session, f"{unique_id}:simulated", arn)
    user = facts.user(arn.account, name)
    return Principal(type_, arn, user.user_id if user is not None and user.arn == arn else _NOBODY, arn)


def anybody(context: Context) -> Principal:
    """Return the caller of policies for which no caller was named: somebody of the account."""
    arn = Arn(context.partition, "iam", "", context.account, "user/simulated")
    return Principal(PrincipalType.USER, arn, _NOBODY, arn)


def resource_owner(parameters: Parameters) -> AccountId | None:
    """Return the account that ResourceOwner names, as twelve digits or as the ARN of its root user.

    Raises:
        AwsError: InvalidInput.
    """
    given: str | None = parameters.get("ResourceOwner")
    if given is None:
        return None
    found = _ACCOUNT.fullmatch(given)
    if found is None:
        raise invalid_input(f"Invalid Input ResourceOwner: {given} is not an account")
    return AccountId(found.group(1))


def _check_scenario(option: str, arns: Sequence[str]) -> None:
    needed = _SCENARIOS.get(option)
    if needed is None:
        raise invalid_input(f"Invalid Input ResourceHandlingOption: {option}")
    kinds = {arn.split(":", 5)[-1].partition("/")[0] for arn in arns}
    missing = [kind for kind in needed if kind not in kinds]
    if missing:
        raise invalid_input(
            f"Invalid Input ResourceHandlingOption: {option} needs resources of type {', '.join(missing)}"
        )
