"""The key that a service asks KMS for in the caller's name, when a secret or an object is encrypted with one.

Sources: AWS Secrets Manager User Guide, "Permissions for the KMS key"; Amazon S3 User Guide, "Using
server-side encryption with AWS KMS keys". AWS's own keys (``aws/secretsmanager``) are open to
whoever the service lets in, in the account that they belong to, and to nobody else.
"""

from collections.abc import Mapping
from typing import Final

from sekisho.decide.request.aws_request import AwsRequest, Context, ContextValue
from sekisho.decide.values import AccountId, Principal
from sekisho.lab.aws.moto_store import existing, kept
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


def key_requests(own: AwsRequest, call: Call, region: str) -> tuple[AwsRequest, ...]:
    """Return what ``own``, the call's first permission, needs of KMS besides; nothing without a key."""
    actions = _ACTIONS.get((call.service.name, call.operation.name), ())
    caller = own.principal
    owner = own.resource_account or (caller.account if isinstance(caller, Principal) else "")
    name = _key_of(own, call, region)
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
    found = kept(own.resources[0], region)
    return "" if found is None or call.operation.name in ("PutObject", "CopyObject") else found.encrypted_with
