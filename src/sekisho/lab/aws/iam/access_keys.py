"""Access keys of users and of the root user. The secret is told once, when the key is made."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.facts import Delete, UserAccessKey
from sekisho.lab.aws.door.credentials import key_secret_name
from sekisho.lab.aws.iam.entity import key_of, own_or_named_user, put
from sekisho.lab.aws.iam.errors import invalid_input, no_such_entity, over_quota
from sekisho.lab.aws.iam.listing import listed
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

MAX_KEYS = 2

_ID_CHARS = 20
_STATUSES = {"Active": True, "Inactive": False}


def create_access_key(context: Context, parameters: Parameters) -> Answer:
    """Make a key for a user, without a name for the caller."""
    user = own_or_named_user(context, parameters)
    if len(context.facts.access_keys(context.account, user)) >= MAX_KEYS:
        raise over_quota("AccessKeysPerUser", MAX_KEYS)
    # Ids of access keys are one character shorter than those of entities.
    key_id = context.ids.unique_id("AKIA")[:_ID_CHARS]
    secret = context.ids.secret_key()
    key = UserAccessKey(context.account, key_id, user, context.now)
    output = {**_described(key), "SecretAccessKey": secret.reveal()}
    return Answer({"AccessKey": output}, (put(key),), {key_secret_name(key_id): secret})


def list_access_keys(context: Context, parameters: Parameters) -> Answer:
    """List the keys of a user, without a name of the caller."""
    keys = context.facts.access_keys(context.account, own_or_named_user(context, parameters))
    return Answer(listed("AccessKeyMetadata", keys, parameters, _described))


def update_access_key(context: Context, parameters: Parameters) -> Answer:
    """Make a key active or inactive."""
    key = _key(context, parameters)
    active = _STATUSES.get(parameters["Status"])
    if active is None:
        raise invalid_input("Status must be Active or Inactive.")
    return Answer({}, (put(replace(key, active=active)),))


def delete_access_key(context: Context, parameters: Parameters) -> Answer:
    """Delete a key and its secret."""
    key = _key(context, parameters)
    return Answer({}, (Delete(key_of(key)),), {key_secret_name(key.key_id): None})


def get_access_key_last_used(context: Context, parameters: Parameters) -> Answer:
    """Say whose key it is. Uses are not recorded: the answer is the one for a key never used."""
    key_id = parameters["AccessKeyId"]
    key = context.facts.access_key(key_id)
    if key is None or key.account != context.account:
        raise _unknown(key_id)
    owner = {"UserName": key.user} if key.user else {}
    return Answer({**owner, "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}})


def _key(context: Context, parameters: Parameters) -> UserAccessKey:
    user = own_or_named_user(context, parameters)
    key_id = parameters["AccessKeyId"]
    key = context.facts.access_key(key_id)
    if key is None or (key.account, key.user) != (context.account, user):
        raise _unknown(key_id)
    return key


def _unknown(key_id: str) -> Exception:
    return no_such_entity(f"The Access Key with id {key_id} cannot be found.")


def _described(key: UserAccessKey) -> Mapping[str, Any]:
    owner = {"UserName": key.user} if key.user else {}
    return {
        **owner,
        "AccessKeyId": key.key_id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": key.created,
    }


OPERATIONS: dict[str, Operation] = {
    "CreateAccessKey": create_access_key,
    "DeleteAccessKey": delete_access_key,
    "GetAccessKeyLastUsed": get_access_key_last_used,
    "ListAccessKeys": list_access_keys,
    "UpdateAccessKey": update_access_key,
}
