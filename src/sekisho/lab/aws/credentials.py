"""From an access key id to what verifies its signatures: the look-up behind every door."""

from sekisho.decide import sts
from sekisho.decide.proof.credential import Credential
from sekisho.decide.values import Principal
from sekisho.facts import Snapshot, UserAccessKey
from sekisho.lab.world import World


def key_secret_name(key_id: str) -> str:
    """Return the name under which an access key's secret is kept."""
    return f"access-key/{key_id}"


def credential_of(world: World, key_id: str) -> Credential | None:
    """Return the credential of an access key, active or not; None for an unknown id."""
    key = world.facts.access_key(key_id)
    secret = world.secret(key_secret_name(key_id))
    if key is None or secret is None:
        return None
    principal = principal_of(world.facts, key)
    if principal is None:
        return None
    return Credential(key_id, secret, principal, key.active)


def principal_of(facts: Snapshot, key: UserAccessKey) -> Principal | None:
    """Return who signs with ``key``: a user, or the root user of its account."""
    account = facts.account(key.account)
    partition = account.partition if account is not None else "aws"
    if not key.user:
        return sts.root(key.account, partition=partition)
    user = facts.user(key.account, key.user)
    if user is None:
        return None
    return sts.user(user.account, user.name, user.user_id, path=user.path, partition=user.partition)
