"""From an access key id to what verifies its signatures: the look-up behind every door."""

import json

from sekisho.decide import sts
from sekisho.decide.proof.credential import Credential
from sekisho.decide.values import Principal, PrincipalType, Secret
from sekisho.facts import IssuedSession, Snapshot, UserAccessKey
from sekisho.lab.world import World


def key_secret_name(key_id: str) -> str:
    """Return the name under which an access key's secret is kept."""
    return f"access-key/{key_id}"


def session_secret_name(key_id: str) -> str:
    """Return the name under which the secrets of temporary credentials are kept."""
    return f"session/{key_id}"


def session_secret(secret: Secret, token: Secret) -> Secret:
    """Return the secret key and the token of temporary credentials as one secret."""
    return Secret(json.dumps([secret.reveal(), token.reveal()]))


def credential_of(world: World, key_id: str) -> Credential | None:
    """Return the credential of an access key id, active or not; None for an unknown one.

    ``expires`` of temporary credentials is in the lab's time.
    """
    issued = world.facts.session(key_id)
    if issued is not None:
        return _temporary(world, issued)
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


def _temporary(world: World, issued: IssuedSession) -> Credential | None:
    kept = world.secret(session_secret_name(issued.key_id))
    principal = issued.session.principal
    if kept is None or not is_still_there(world.facts, issued):
        return None
    secret, token = json.loads(kept.reveal())
    return Credential(
        issued.key_id,
        Secret(secret),
        principal,
        session_token=Secret(token),
        expires=issued.session.expires,
    )


def is_still_there(facts: Snapshot, issued: IssuedSession) -> bool:
    """Whether whoever a session depends on exists: one that was made anew under its name is another."""
    principal = issued.session.principal
    kind, _, name = principal.entity.resource.rpartition("/")
    if not kind:
        return True  # the root user, itself or behind a federated user
    if principal.type is PrincipalType.ROLE_SESSION:
        role = facts.role(principal.account, name)
        return role is not None and role.role_id == principal.user_id.partition(":")[0]
    expected = issued.issuer_id if principal.type is PrincipalType.FEDERATED_USER else principal.user_id
    user = facts.user(principal.account, name)
    return user is not None and user.user_id == expected
