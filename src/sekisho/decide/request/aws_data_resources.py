"""The resources of calls to services that hold data: keys, secrets, queues, topics, tables, parameters.

Source: Service Authorization Reference of each service. A name without an account means the
caller's own account in the region of the endpoint; an ARN or a URL says whose it is.
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Final

from sekisho.decide.request.aws_call import AwsCall, FindArns
from sekisho.decide.values import Arn, Json

Resources = tuple[str, ...] | None
_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
_TOPIC_OR_ANOTHER: Final = ("TopicArn", "ResourceArn", "TargetArn", "PhoneNumber")
_REFERENCE: Final = "aws/reference/"
_SUFFIX: Final = "-??????"
"""Secrets Manager ends the ARN of a new secret in six characters that nobody knows before."""


def data_resources(call: AwsCall, find_arns: FindArns) -> Resources:
    """Return the ARNs that ``call`` is about; None if its parameters do not tell."""
    return DATA[call.service](call, find_arns)


def own_arn(call: AwsCall, resource: str, account: str | None = None) -> str:
    """Return the ARN of ``resource`` in the region of the endpoint."""
    owner = call.account if account is None else account
    return f"arn:{call.partition}:{call.service}:{call.region}:{owner}:{resource}"


def key_arn(call: AwsCall, name: str, find_arns: FindArns) -> str:
    """Return the ARN of the key that a key id, a key ARN, an alias or the ARN of an alias means."""
    found = find_arns("kms:key", (name,))
    if found is not None:
        return found
    given = _arn(name)
    if given is None:
        return own_arn(call, f"key/{name}")
    return name if given.resource.startswith("key/") else own_arn(call, "key/*", given.account)


def alias_arn(call: AwsCall) -> str | None:
    """Return the ARN of the alias that ``call`` makes, moves or deletes."""
    name = call.text("AliasName")
    return None if name is None else own_arn(call, name)


def _kms(call: AwsCall, find_arns: FindArns) -> Resources:
    name = call.text("SourceKeyId" if call.operation == "ReEncrypt" else "KeyId") or call.text("TargetKeyId")
    named = None if name is None else key_arn(call, name, find_arns)
    blob = call.parameters.get("CiphertextBlob")
    found = None
    if isinstance(blob, bytes):
        # What is read is the ciphertext, whatever key a caller says that it is of; one of no key is the
        # service's to refuse.
        found = find_arns("kms:ciphertext", (base64.b64encode(blob).decode(),)) or own_arn(call, "key/*")
        return (found,) if named in (None, found) else (found, named)
    if named is not None:
        return (named,)
    if call.operation == "DeleteAlias":
        found = find_arns("kms:key", (call.text("AliasName") or "",)) or own_arn(call, "key/*")
    return None if found is None else (found,)


def _secretsmanager(call: AwsCall, find_arns: FindArns) -> Resources:
    new = call.text("Name") if call.operation == "CreateSecret" else None
    if new is not None:
        return (own_arn(call, f"secret:{new}{_SUFFIX}"),)
    name = call.text("SecretId")
    if name is None:
        return None
    found = find_arns("secretsmanager:secret", (name,))
    return (found or (name if _arn(name) is not None else own_arn(call, f"secret:{name}{_SUFFIX}")),)


def _sqs(call: AwsCall, _find_arns: FindArns) -> Resources:
    name = call.text("QueueName")
    if name is not None:
        owner = call.text("QueueOwnerAWSAccountId") or call.account
        return (own_arn(call, name, owner),) if _ACCOUNT.fullmatch(owner) else None
    # https://sqs.REGION.amazonaws.com/ACCOUNT/NAME
    match (call.text("QueueUrl") or "").rsplit("/", 2):
        case [_, account, queue] if _ACCOUNT.fullmatch(account) and queue:
            return (own_arn(call, queue, account),)
    return None


def _sns(call: AwsCall, _find_arns: FindArns) -> Resources:
    if call.operation == "CreateTopic":
        name = call.text("Name")
        return None if name is None else (own_arn(call, name),)
    named = [text for key in _TOPIC_OR_ANOTHER if (text := call.text(key))]
    if len(named) != 1:
        # Of two targets one would be decided about and the other one reached.
        return None
    (given,) = named
    arn = _arn(given)
    is_topic = arn is not None and arn.service == "sns" and "/" not in arn.resource
    return (given,) if is_topic else None


def _dynamodb(call: AwsCall, _find_arns: FindArns) -> Resources:
    items = call.parameters.get("RequestItems")
    if isinstance(items, Mapping):
        return tuple(_table(call, name) for name in items) or None
    given = call.text("ResourceArn")
    if given is not None:
        return (given,) if _arn(given) is not None else None
    name = call.text("TableName")
    if name is None:
        return None
    index = call.text("IndexName")
    return (_table(call, name) + (f"/index/{index}" if index else ""),)


def _table(call: AwsCall, name: str) -> str:
    return name if _arn(name) is not None else own_arn(call, f"table/{name}")


def _ecr(call: AwsCall, _find_arns: FindArns) -> Resources:
    account = call.text("registryId")
    given = call.text("resourceArn")
    if given is not None:
        return (given,) if _arn(given) is not None else None
    names = _texts(call.parameters.get("repositoryNames"))
    name = call.text("repositoryName")
    if name is not None:
        names = (name,)
    elif not names and call.operation == "DescribeRepositories":
        names = ("*",)
    return tuple(own_arn(call, f"repository/{name}", account) for name in names) or None


def _ssm(call: AwsCall, _find_arns: FindArns) -> Resources:
    given = _texts(call.parameters.get("Names"))
    name = call.text("Name") or call.text("Path")
    if name is not None:
        given = (name,)
    if any(_REFERENCE in name for name in given):
        # The secret behind such a name would be another service's to give out.
        return None
    return tuple(_parameter(call, name) for name in given) or None


def _parameter(call: AwsCall, name: str) -> str:
    """Return the ARN of a parameter; those under ``/aws/`` are AWS's own and in nobody's account."""
    if _arn(name) is not None:
        return name
    plain = name.partition(":")[0].lstrip("/")  # what follows a colon is a version or a label
    is_public = name.startswith("/aws/")
    return own_arn(call, f"parameter/{plain}", "" if is_public else None)


def _texts(value: Json) -> tuple[str, ...]:
    members = value if isinstance(value, list) else []
    return tuple(member for member in members if isinstance(member, str))


def _arn(text: str) -> Arn | None:
    try:
        return Arn.parse(text)
    except ValueError:
        return None


DATA: Final[Mapping[str, Callable[[AwsCall, FindArns], Resources]]] = {
    "dynamodb": _dynamodb,
    "ecr": _ecr,
    "kms": _kms,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
}
