"""The ARNs that a call is about."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from sekisho.decide.request.aws_call import AwsCall, FindArns
from sekisho.decide.request.aws_data_resources import DATA, data_resources
from sekisho.decide.request.aws_reference import ActionFacts, ServiceReference
from sekisho.decide.request.aws_request import ANY_RESOURCE
from sekisho.decide.request.aws_stack_resources import stack_resources
from sekisho.decide.request.aws_tables import (
    ARN_IN,
    BEGINNINGS,
    LISTED_BY,
    NAMED_BY,
    ON_SEVERAL,
    TAKEN_AS_GIVEN,
    WITH_PATH,
)
from sekisho.decide.values import Arn, Json, Wildcard

SELF: Final = "self"
"""Stands for the calling user: IAM's rule for a missing UserName."""

_SERVICE_LINKED = "iam:service-linked-role"
_DELETION_TASK = re.compile(r"task/(aws-service-role/[^/]+/[^/]+)/[^/]+")
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_PRINCIPAL = "PrincipalArn"
_TAGGED = "resourceArn"
"""The parameter of EKS's operations on tags."""
_NO_SUCH_ID = "*"
"""Stands for the id of something that does not exist: fits wildcards, never a policy that names an id."""


def resources_of(
    call: AwsCall, facts: ActionFacts, reference: ServiceReference, find_arns: FindArns
) -> tuple[str, ...] | None:
    """Return the resources of ``call``: ARNs, ``*``, or `SELF`; None if the parameters do not tell."""
    if not facts.resource_types:
        return (ANY_RESOURCE,)
    if call.service in DATA:
        return data_resources(call, find_arns)
    if call.service == "cloudformation":
        return stack_resources(call, find_arns)
    if call.operation == "GetAccessKeyLastUsed":
        owner = find_arns("iam:access-key", (call.text("AccessKeyId") or "",))
        return (owner,) if owner else None
    if call.operation in ("CreateServiceLinkedRole", "GetServiceLinkedRoleDeletionStatus"):
        role = _service_linked_role(call, find_arns)
        return (role,) if role else None
    several = ON_SEVERAL.get((call.service, call.operation), ())
    if several:
        each = [_by_id(call, parameter, types, reference, find_arns) for parameter, types in several]
        known = tuple(dict.fromkeys(arn for arn in each if arn is not None))
        return known if len(each) == sum(arn is not None for arn in each) else None
    for parameter in ARN_IN.get(call.service, ()):
        given = call.text(parameter)
        if given is None:
            continue
        types = facts.resource_types if parameter != _TAGGED else _types_of(call.service, reference)
        if parameter in TAKEN_AS_GIVEN or _is_of(given, call.service, types, reference):
            return (given,)
    for type_name in facts.resource_types:
        found = tuple(_named(call, f"{call.service}:{type_name}", reference, find_arns))
        if found:
            return found
    return (SELF,) if facts.resource_types == ("user",) and call.text("UserName") is None else None


def passed_role(call: AwsCall, parameter: str, find_arns: FindArns) -> str | None:
    """Return the ARN of the role that a parameter passes; None if none is passed."""
    given = call.text(parameter)
    if given is None or parameter != "RoleName":
        return given
    return find_arns("iam:role", (given,)) or f"arn:{call.partition}:iam::{call.account}:role/{given}"


def _service_linked_role(call: AwsCall, find_arns: FindArns) -> str | None:
    """Return the role that a service would get, or that a task deletes; the service chooses its name."""
    service = call.text("AWSServiceName")
    if service is not None:
        return find_arns(_SERVICE_LINKED, (service, call.text("CustomSuffix") or ""))
    task = _DELETION_TASK.fullmatch(call.text("DeletionTaskId") or "")
    name = _NO_SUCH_ID if task is None else task[1]
    return f"arn:{call.partition}:iam::{call.account}:role/{name}"


def fits_pattern(pattern: str, text: str) -> bool:
    """Tell whether ``text`` could be an ARN of the form ``pattern``, whatever stands for its placeholders."""
    return Wildcard(_PLACEHOLDER.sub("*", pattern)).matches(text)


def _types_of(service: str, reference: ServiceReference) -> tuple[str, ...]:
    """Return every resource type of a service: the reference does not list all those that have tags."""
    prefix = f"{service}:"
    return tuple(name.removeprefix(prefix) for name in reference.arn_patterns if name.startswith(prefix))


def _is_of(text: str, service: str, types: tuple[str, ...], reference: ServiceReference) -> bool:
    """Tell whether ``text`` is the ARN of one of ``types``, those that the action acts on."""
    try:
        Arn.parse(text)
    except ValueError:
        return False
    patterns = (reference.arn_patterns.get(f"{service}:{name}", "") for name in types)
    return any(fits_pattern(pattern, text) for pattern in patterns if pattern)


def _named(call: AwsCall, type_name: str, reference: ServiceReference, find_arns: FindArns) -> Iterator[str]:
    pattern = reference.arn_patterns.get(type_name)
    if pattern is None:
        return
    for values in _listed(call, type_name):
        yield _filled(pattern, call, values)
    names = _names(call, type_name)
    if names is None:
        return
    for values in _each_object(call, names) if type_name == "s3:object" else (names,):
        if call.operation not in WITH_PATH:
            existing = find_arns(type_name, _known_by(values))
            if existing is not None:
                yield existing
                continue
        yield _filled(pattern, call, values)


def _listed(call: AwsCall, type_name: str) -> tuple[dict[str, str], ...]:
    """Return the values of each of several resources that a parameter lists, none unless all can be read."""
    if type_name not in LISTED_BY:
        return ()
    placeholder, parameter = LISTED_BY[type_name]
    listed = call.parameters.get(parameter)
    names = listed if isinstance(listed, list) else []
    found = tuple({placeholder: name} for name in names if isinstance(name, str) and name)
    return found if len(found) == len(names) else ()


def _by_id(
    call: AwsCall,
    parameter: str,
    types: tuple[str, ...],
    reference: ServiceReference,
    find_arns: FindArns,
) -> str | None:
    """Return the ARN of what an id names, existing or not; None if the parameter was not sent."""
    id_ = call.text(parameter)
    if id_ is None:
        return None
    type_ = next((name for name in types if id_.startswith(BEGINNINGS[name])), types[-1])
    type_name = f"{call.service}:{type_}"
    existing = find_arns(type_name, (id_,))
    return existing if existing is not None else _filled(reference.arn_patterns[type_name], call, {})


def _known_by(values: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the world knows it by: an access entry by its principal, all else by its names."""
    if _PRINCIPAL in values:
        return values["ClusterName"], values[_PRINCIPAL]
    return tuple(values.values())


def _names(call: AwsCall, type_name: str) -> dict[str, str] | None:
    """Return the values of the type's placeholders, None if one is missing."""
    if type_name == "iam:oidc-provider":
        url = call.text("Url")
        return None if url is None else {"OidcProviderName": _provider_name(url)}
    if type_name == "eks:access-entry":
        return _access_entry(call)
    values: dict[str, str] = {}
    for placeholder, places in NAMED_BY.get(type_name, {}).items():
        value = next((found for place in places if (found := call.text(*place)) is not None), None)
        if placeholder == "ObjectName" and value is None and call.operation == "DeleteObjects":
            value = ""
        if value is None:
            return None
        values[placeholder] = value
    return values or None


def _provider_name(url: str) -> str:
    """Return host and path of an issuer; IAM leaves the default port out of the ARN."""
    host, slash, path = url.removeprefix("https://").partition("/")
    return f"{host.removesuffix(':443')}{slash}{path}"


def _access_entry(call: AwsCall) -> dict[str, str] | None:
    cluster, principal = call.text("clusterName"), call.text("principalArn")
    if cluster is None or principal is None:
        return None
    try:
        arn = Arn.parse(principal)
    except ValueError:
        return None
    kind, _, name = arn.resource.partition("/")
    return {
        "ClusterName": cluster,
        "IamIdentityType": kind,
        "IamIdentityAccountID": arn.account,
        "IamIdentityName": name.rpartition("/")[2],
        _PRINCIPAL: principal,
    }


def _each_object(call: AwsCall, names: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield one object, or every object that DeleteObjects lists."""
    if call.operation != "DeleteObjects":
        yield dict(names)
        return
    delete = call.parameters.get("Delete")
    objects = delete.get("Objects") if isinstance(delete, Mapping) else None
    keys = [_key(entry) for entry in objects] if isinstance(objects, list) else []
    # One entry that cannot be read makes the whole call unreadable: it must not go undecided.
    if all(keys):
        yield from ({**names, "ObjectName": key} for key in keys)


def _key(entry: Json) -> str:
    """Return the key; empty if there is none or if it names a version, which is another action."""
    match entry:
        case {"VersionId": _}:
            return ""
        case {"Key": str(key)}:
            return key
        case _:
            return ""


def _filled(pattern: str, call: AwsCall, names: Mapping[str, str]) -> str:
    path = (call.text("Path") or "/").lstrip("/") if call.operation in WITH_PATH else ""
    known = {"Partition": call.partition, "Region": call.region, "Account": str(call.account), **names}

    def value(found: re.Match[str]) -> str:
        placeholder = found.group(1)
        prefix = path if placeholder.endswith("WithPath") else ""
        return prefix + known.get(placeholder, _NO_SUCH_ID)

    return _PLACEHOLDER.sub(value, pattern)
