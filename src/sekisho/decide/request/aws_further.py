"""What one call needs on resources besides its own: a copy's source, another key, what a user becomes.

Sources: Amazon S3 API Reference, "CopyObject", "Permissions"; AWS KMS Developer Guide, "AWS KMS
permissions" and "Controlling access to aliases".
"""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qs, unquote

from sekisho.decide.request.aws_call import AwsCall, FindArns
from sekisho.decide.request.aws_data_resources import alias_arn, key_arn

_PARTED_BY_SOME: Final = re.compile(r"[\x00-\x20\x7f#;\\]")
"""Characters of a URL that readers drop, or end a path at; S3 takes them percent-encoded."""

Need = tuple[str, str]
"""An action and the ARN of the resource that it is needed on."""


def further_needs(call: AwsCall, find_arns: FindArns) -> tuple[Need, ...] | None:
    """Return what ``call`` needs beside its own action; None if the parameters do not tell."""
    needs = _NEEDS.get((call.service, call.operation))
    return () if needs is None else needs(call, find_arns)


def _copied(call: AwsCall, _find_arns: FindArns) -> tuple[Need, ...] | None:
    """Read ``bucket/key?versionId=ID``, percent-encoded; an access point cannot be told."""
    given = call.text("CopySource") or ""
    source, _, query = given.partition("?")
    bucket, slash, key = unquote(source).removeprefix("/").partition("/")
    # Whatever two readers of a URL could take apart differently is not told.
    if not (bucket and slash and key) or ":" in bucket or _PARTED_BY_SOME.search(given):
        return None
    version = parse_qs(query).get("versionId")
    action = "s3:GetObject" if version is None else "s3:GetObjectVersion"
    return ((action, f"arn:{call.partition}:s3:::{bucket}/{key}"),)


def _re_encrypted(call: AwsCall, find_arns: FindArns) -> tuple[Need, ...] | None:
    name = call.text("DestinationKeyId")
    return None if name is None else (("kms:ReEncryptTo", key_arn(call, name, find_arns)),)


def _alias(call: AwsCall, _find_arns: FindArns) -> tuple[Need, ...] | None:
    arn = alias_arn(call)
    return None if arn is None else ((f"kms:{call.operation}", arn),)


def _moved_alias(call: AwsCall, find_arns: FindArns) -> tuple[Need, ...] | None:
    """UpdateAlias is needed on the alias, on the key it gets and on the key it had."""
    name = call.text("AliasName") or ""
    had = find_arns("kms:key", (name,))
    own = _alias(call, find_arns)
    return own if own is None or had is None else (*own, ("kms:UpdateAlias", had))


def _renamed(call: AwsCall, find_arns: FindArns) -> tuple[Need, ...] | None:
    """UpdateUser and UpdateGroup are needed on what is renamed or moved and on what it becomes.

    Source: IAM API Reference, "UpdateUser" and "UpdateGroup".
    """
    kind = call.operation.removeprefix("Update")
    name = call.text(f"{kind}Name") or ""
    before = find_arns(f"iam:{kind.lower()}", (name,))
    if before is None or not (call.text(f"New{kind}Name") or call.text("NewPath")):
        return ()  # the operation will find nothing, or change nothing
    noun, _, rest = before.rpartition(":")[2].partition("/")
    path, slash, old = rest.rpartition("/")
    moved = call.text("NewPath")
    place = f"{path}{slash}" if moved is None else moved.lstrip("/")
    after = f"{before.rpartition(':')[0]}:{noun}/{place}{call.text(f'New{kind}Name') or old}"
    return ((f"iam:{call.operation}", after),)


_NEEDS: Final[Mapping[tuple[str, str], Callable[[AwsCall, FindArns], tuple[Need, ...] | None]]] = {
    ("s3", "CopyObject"): _copied,
    ("s3", "UploadPartCopy"): _copied,
    ("iam", "UpdateUser"): _renamed,
    ("iam", "UpdateGroup"): _renamed,
    ("kms", "ReEncrypt"): _re_encrypted,
    ("kms", "CreateAlias"): _alias,
    ("kms", "DeleteAlias"): _alias,
    ("kms", "UpdateAlias"): _moved_alias,
}
