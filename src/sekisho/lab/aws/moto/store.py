"""What moto keeps that decisions ask about: whose a resource is, its own policy, its tags.

Reads moto's state in memory, under the same names and rules by which moto's handlers will
find it, and never makes anything: a service that nobody has called has kept nothing.
"""

import base64
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sekisho.decide.request.aws_request import ContextValue
from sekisho.decide.values import Arn

_KEY_ID_BYTES = 36
"""moto's ciphertexts begin with the id of their key."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource: ``policy`` is the text of its own policy, empty where it has none.

    ``keys`` are the condition keys that tell its state, ``families`` those (``aws:ResourceTag/*``)
    of which everything is told. ``blocks_public`` tells whether Block Public Access keeps public
    policies out, ``restricts_public`` whether it cuts what they grant. ``encrypted_with`` names the
    KMS key of a secret or an object, empty for a key of AWS's own.
    """

    account: str
    policy: str = ""
    keys: Mapping[str, ContextValue] = field(default_factory=dict)
    families: tuple[str, ...] = ()
    blocks_public: bool = False
    restricts_public: bool = False
    encrypted_with: str = ""


NOUNS: Final[Mapping[str, str]] = {
    "s3": "the bucket policy",
    "kms": "the key policy",
    "secretsmanager": "the secret's policy",
    "sqs": "the queue policy",
    "sns": "the topic policy",
    "dynamodb": "the table's policy",
    "ecr": "the repository policy",
}
"""Services whose resource policies are read, and what a person calls one."""


def kept(resource: str, region: str, version: str = "") -> Kept | None:
    """Return what is known of the ARN ``resource`` at an endpoint in ``region``; None if nothing is there.

    ``version`` names one version of an object, each of which has tags and a key of its own.
    """
    try:
        arn = Arn.parse(resource)
    except ValueError:
        return None
    if arn.service == "s3":
        return _s3(arn, version)
    reader = _READERS.get(arn.service)
    return None if reader is None else reader(arn, region)


def existing(resource_type: str, name: str, account: str, region: str) -> str | None:
    """Return the ARN of the key or secret that ``name`` means at an endpoint; None if there is none."""
    given = _parsed(name)
    owner = account if given is None else given.account
    if resource_type == "secretsmanager:secret":
        secret = (
            None if (store := _backend("secretsmanager", owner, region)) is None else store.secrets.get(name)
        )
        return None if secret is None else str(secret.arn)
    if resource_type == "kms:ciphertext":
        return _of_ciphertext(region, name)
    store = _backend("kms", owner, region)
    if store is None:
        return None
    plain = name if given is None else given.resource
    key = store.keys.get(plain.removeprefix("key/"))
    if key is None and plain.startswith("alias/"):
        key = next((one for one in store.keys.values() if plain in one.aliases), None)
    return None if key is None else str(key.arn)


def bucket_region(name: str) -> str | None:
    """Return the region of a bucket; None if there is none of that name."""
    module: Any = sys.modules.get("moto.s3.models")
    owners = {} if module is None else module.s3_backends.bucket_accounts
    partition, account = owners.get(name, ("", ""))
    bucket = module.s3_backends.get(account).get(partition).buckets.get(name) if account else None
    return None if bucket is None else str(bucket.region_name)


def _of_ciphertext(region: str, text: str) -> str | None:
    """Return the key that a ciphertext names, whose ever it is."""
    key_id = base64.b64decode(text)[:_KEY_ID_BYTES].decode("ascii", "replace")
    module: Any = sys.modules.get("moto.kms.models")
    for account in () if module is None else tuple(dict.keys(module.kms_backends)):
        store = _backend("kms", account, region)
        key = None if store is None else store.keys.get(key_id)
        if key is not None:
            return str(key.arn)
    return None


def _parsed(name: str) -> Arn | None:
    try:
        return Arn.parse(name)
    except ValueError:
        return None


def _backend(service: str, account: str, region: str) -> Any:
    """Return moto's store of an account in a region; None while moto has none."""
    module = sys.modules.get(f"moto.{service}.models")
    if module is None:
        return None
    # Looked up with `get`, since moto makes what is asked for with brackets.
    regions = getattr(module, f"{service}_backends").get(account)
    return None if regions is None else regions.get(region)


def multipart_key(bucket: str, upload: str) -> str | None:
    """Return the key that a multipart upload makes when it is complete; None if there is no such upload."""
    module: Any = sys.modules.get("moto.s3.models")
    owners = {} if module is None else module.s3_backends.bucket_accounts
    partition, account = owners.get(bucket, ("", ""))
    held = module.s3_backends.get(account).get(partition).buckets.get(bucket) if account else None
    found = None if held is None else dict.get(held.multiparts, upload)
    return None if found is None else str(found.key_name)


def parameter_keys(resource: str, *, below: bool) -> tuple[str, ...]:
    """Return the names of the keys that parameters are encrypted with: one's, or those ``below`` a path."""
    arn = Arn.parse(resource)
    store = _backend("ssm", arn.account, arn.region)
    plain = arn.resource.removeprefix("parameter/").strip("/")
    found: dict[str, None] = {}
    for name, versions in () if store is None else tuple(dict.items(store._parameters)):
        bare = str(name).lstrip("/")
        if bare == plain or (below and (not plain or bare.startswith(f"{plain}/"))):
            found |= dict.fromkeys(str(one.keyid) for one in versions if one.parameter_type == "SecureString")
    return tuple(found)


def _s3(arn: Arn, version: str) -> Kept | None:
    module: Any = sys.modules.get("moto.s3.models")
    name, _, key_name = arn.resource.partition("/")
    partition, account = (
        ("", "") if module is None else module.s3_backends.bucket_accounts.get(name, ("", ""))
    )
    if not account or partition != arn.partition:
        return None
    store = module.s3_backends.get(account).get(partition)
    bucket = store.buckets.get(name)
    if bucket is None:
        return None
    block = bucket.public_access_block
    keys: dict[str, ContextValue] = {"s3:ResourceAccount": account}
    keys |= _family("s3:BucketTag", store.tagger.get_tag_dict_for_resource(bucket.arn))
    key = _object(bucket, key_name, version) if key_name else None
    if key is not None:
        keys |= _family("s3:ExistingObjectTag", store.tagger.get_tag_dict_for_resource(key.arn))
    return Kept(
        account,
        bucket.policy.decode() if bucket.policy else "",
        keys,
        ("s3:ResourceAccount", "s3:BucketTag/*", "s3:ExistingObjectTag/*"),
        block is not None and bool(block.block_public_policy),
        block is not None and bool(block.restrict_public_buckets),
        "" if key is None else str(key.kms_key_id or ""),
    )


def _object(bucket: Any, name: str, version: str) -> Any:
    """Return the object that moto's handlers will find; None for a delete marker, which is none."""
    if version:
        versions = bucket.keys.getlist(name, default=[])
        found = next((one for one in versions if str(one.version_id) == version), None)
    else:
        found = bucket.keys.get(name)
    return found if hasattr(found, "kms_key_id") else None


def _kms(arn: Arn, region: str) -> Kept | None:
    store = _backend("kms", arn.account, region)
    key = None if store is None else store.keys.get(arn.resource.removeprefix("key/"))
    if key is None:
        return None
    keys: dict[str, ContextValue] = {
        "kms:ResourceAliases": tuple(key.aliases),
        "kms:KeySpec": str(key.key_spec),
        "kms:KeyUsage": str(key.key_usage),
        "kms:KeyOrigin": str(key.origin),
        "kms:MultiRegion": "true" if key.multi_region else "false",
        **_tags(store.tagger.get_tag_dict_for_resource(key.id)),
    }
    return Kept(arn.account, key.policy, keys, (*keys, "kms:MultiRegionKeyType", "aws:ResourceTag/*"))


def _secretsmanager(arn: Arn, region: str) -> Kept | None:
    store = _backend("secretsmanager", arn.account, region)
    secret = None if store is None else store.secrets.get(str(arn))
    if secret is None:
        return None
    tags = {tag["Key"]: tag["Value"] for tag in secret.tags or ()}
    keys = _tags(tags) | _family("secretsmanager:ResourceTag", tags)
    keys["secretsmanager:SecretId"] = str(secret.arn)
    families = ("aws:ResourceTag/*", "secretsmanager:ResourceTag/*", "secretsmanager:SecretId")
    key = str(secret.kms_key_id or "")
    return Kept(arn.account, secret.policy or "", keys, families, encrypted_with=key)


def _sqs(arn: Arn, region: str) -> Kept | None:
    store = _backend("sqs", arn.account, region)
    queue = None if store is None else store.queues.get(arn.resource)
    if queue is None:
        return None
    return Kept(arn.account, queue.policy or "", _tags(queue.tags or {}), ("aws:ResourceTag/*",))


def _sns(arn: Arn, region: str) -> Kept | None:
    store = _backend("sns", arn.account, region)
    topic = None if store is None else store.topics.get(str(arn))
    if topic is None:
        return None
    return Kept(arn.account, topic.policy, _tags(topic._tags), ("aws:ResourceTag/*",))


def _dynamodb(arn: Arn, region: str) -> Kept | None:
    store = _backend("dynamodb", arn.account, region)
    name = arn.resource.split("/")[1] if "/" in arn.resource else ""
    table = None if store is None else store.tables.get(name)
    if table is None:
        return None
    policy = store.resource_policies.get(table.table_arn)
    tags = {tag["Key"]: tag["Value"] for tag in table.tags}
    return Kept(arn.account, "" if policy is None else policy.policy_doc, _tags(tags), ("aws:ResourceTag/*",))


def _ecr(arn: Arn, region: str) -> Kept | None:
    store = _backend("ecr", arn.account, region)
    repository = None if store is None else store.repositories.get(arn.resource.partition("/")[2])
    if repository is None:
        return None
    tags = store.tagger.get_tag_dict_for_resource(repository.arn)
    keys = _tags(tags) | _family("ecr:ResourceTag", tags)
    return Kept(arn.account, repository.policy or "", keys, ("aws:ResourceTag/*", "ecr:ResourceTag/*"))


def _tags(tags: Mapping[str, str]) -> dict[str, ContextValue]:
    return _family("aws:ResourceTag", tags)


def _family(family: str, tags: Mapping[str, str]) -> dict[str, ContextValue]:
    return {f"{family}/{key}": value for key, value in tags.items()}


_READERS: Final[Mapping[str, Callable[[Arn, str], Kept | None]]] = {
    "kms": _kms,
    "secretsmanager": _secretsmanager,
    "sqs": _sqs,
    "sns": _sns,
    "dynamodb": _dynamodb,
    "ecr": _ecr,
}
