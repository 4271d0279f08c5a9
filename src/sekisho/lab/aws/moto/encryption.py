"""The key that a service asks KMS for in the caller's name, when a secret or an object is encrypted with one.

Sources: AWS Secrets Manager User Guide, "Permissions for the KMS key"; Amazon S3 User Guide, "Using
server-side encryption with AWS KMS keys". AWS's own keys (``aws/secretsmanager``) are open to
whoever the service lets in, in the account that they belong to, and to nobody else.
"""

from collections.abc import Mapping
from typing import Final

from sekisho.decide.request.aws_request import AwsRequest, Context, ContextValue
from sekisho.decide.values import AccountId, Principal
from sekisho.lab.aws.moto.resource_policies import version_of
from sekisho.lab.aws.moto.store import existing, kept, parameter_keys
from sekisho.wire.aws.message import Call

_READS: Final = ("kms:Decrypt",)
_WRITES: Final = ("kms:GenerateDataKey",)
_ACTIONS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("secretsmanager", "GetSecretValue"): _READS,
    ("secretsmanager", "PutSecretValue"): (*_WRITES, *_READS),
    ("secretsmanager", "CreateSecret"): (*_WRITES, *_READS),
    ("secretsmanager", "UpdateSecret"): (*_WRITES, *_READS),
    ("s3", "GetObject"): _READS,
    ("s3", "PutObject"): _WRITES,
    ("s3", "CreateMultipartUpload"): (*_WRITES, *_READS),
    ("s3", "CopyObject"): _WRITES,
}


_SOURCES: Final = ("s3:GetObject", "s3:GetObjectVersion")
"""What a copy needs on its source, which is read as GetObject reads it."""


def key_requests(own: tuple[AwsRequest, ...], call: Call, region: str) -> tuple[AwsRequest, ...]:
    """Return what ``own``, the call's permissions, need of KMS besides; nothing without a key."""
    service, operation = call.service.name, call.operation.name
    if service == "ssm":
        return tuple(
            one
            for request in own
            if request.action.startswith("ssm:")
            for one in _of_parameters(request, call, region)
        )
    found = _needed(
        own[0], _ACTIONS.get((service, operation), ()), _key_of(own[0], call, region), call, region
    )
    if operation not in ("CopyObject", "UploadPartCopy"):
        return found
    for source in own:
        if source.action in _SOURCES:
            read = kept(source.resources[0], region, version_of(source, call))
            found += _needed(source, _READS, "" if read is None else read.encrypted_with, call, region)
    return found


def _of_parameters(own: AwsRequest, call: Call, region: str) -> tuple[AwsRequest, ...]:
    """Return what reading or writing parameters of type SecureString needs.

    Source: Systems Manager User Guide, "Restricting access to Parameter Store parameters using IAM
    policies" and "How Parameter Store uses AWS KMS".
    """
    if call.operation.name == "PutParameter":
        name = call.parameters.get("KeyId")
        is_secure = call.parameters.get("Type") == "SecureString" and isinstance(name, str)
        return _needed(own, ("kms:Encrypt",), str(name), call, region) if is_secure else ()
    if not call.parameters.get("WithDecryption"):
        return ()
    below = call.operation.name == "GetParametersByPath"
    names = (name for resource in own.resources for name in parameter_keys(resource, below=below))
    return tuple(one for name in dict.fromkeys(names) for one in _needed(own, _READS, name, call, region))


def _needed(
    own: AwsRequest, actions: tuple[str, ...], name: str, call: Call, region: str
) -> tuple[AwsRequest, ...]:
    """Return ``actions`` on the key ``name``, as the service of ``own``'s resource asks for them."""
    caller = own.principal
    owner = own.resource_account or (caller.account if isinstance(caller, Principal) else "")
    if not actions or not name or not owner:
        return ()
    key = existing("kms:key", name, owner, region)
    if key is None:
        return ()
    account = AccountId(key.split(":")[4])
    keys: dict[str, ContextValue] = {"kms:ViaService": f"{call.service.name}.{region}.amazonaws.com"}
    if isinstance(caller, Principal):
        keys["kms:CallerAccount"] = str(caller.account)
    if call.service.name == "secretsmanager":
        keys["kms:EncryptionContext:SecretARN"] = own.resources[0]
    is_own = isinstance(caller, Principal) and caller.account == account
    context = Context.of({**own.context.present, **keys}, own.context.unread)
    return tuple(
        AwsRequest(caller, action, (key,), context, None if is_own else account) for action in actions
    )


def _key_of(own: AwsRequest, call: Call, region: str) -> str:
    """Return the key that the call names, else the one that its resource is encrypted with."""
    named = call.parameters.get("SSEKMSKeyId") or call.parameters.get("KmsKeyId")
    if isinstance(named, str):
        return named
    found = kept(own.resources[0], region, version_of(own, call))
    return "" if found is None or call.operation.name in ("PutObject", "CopyObject") else found.encrypted_with
