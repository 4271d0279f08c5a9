"""The ``accounts`` of a world file, made from facts."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from sekisho.decide.values import Json, JsonObject, SekishoInputError, documents
from sekisho.facts.iam_lookup import instance_profiles
from sekisho.facts.iam_model import InstanceProfile, PasswordPolicy
from sekisho.facts.keys import Kind
from sekisho.facts.model import (
    Document,
    Group,
    ManagedPolicy,
    OpenIdConnectProvider,
    Role,
    Tags,
    User,
    UserAccessKey,
)
from sekisho.facts.policy_documents import principal_arn, trusted_arns
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.world.events import trusted_today
from sekisho.facts.world.tables import INACTIVE

_NOT_IN_PROFILES = re.compile(r"[^A-Za-z0-9_.@+-]", re.ASCII)
_MAX_PROFILE_CHARS = 64
_ROOT_PROFILE = "root"

E = TypeVar("E", User, Group, Role, ManagedPolicy, InstanceProfile)


def account_document(
    facts: Snapshot, account_id: str, profiles: Mapping[str, str], gone: Mapping[str, Iterable[str]]
) -> JsonObject:
    """Return an account with all that is in it, each kind by name."""
    account = facts.account(account_id)
    assert account is not None  # noqa: S101 - it was listed
    own = {str(one.arn): one.name for one in facts.policies(account_id)}
    ids = {str(one.arn): _id_of(one) for one in _everybody(facts)}
    users = [_user(facts, one, own, profiles) for one in _by_name(facts.users(account_id))]
    return _filled(
        id=account_id,
        name=account.name if account.name != account_id else None,
        partition=account.partition if account.partition != "aws" else None,
        alias=account.alias,
        passwordPolicy=None if account.password_policy is None else _passwords(account.password_policy),
        accessKeys=_keys(facts, account_id, "", profiles),
        policies=[_policy(one) for one in _by_name(facts.policies(account_id))],
        groups=[_group(one, own) for one in _by_name(facts.groups(account_id))],
        users=users,
        roles=[_role(one, own, ids) for one in _by_name(facts.roles(account_id))],
        instanceProfiles=[_instance_profile(one) for one in _by_name(instance_profiles(facts, account_id))],
        oidcProviders=[
            _provider(one) for one in sorted(facts.oidc_providers(account_id), key=lambda one: one.url)
        ],
        deletedPrincipals=sorted(gone.get(account_id, ())),
    )


def access_key_profiles(facts: Snapshot, known: Mapping[str, str]) -> dict[str, str]:
    """Return a profile for each access key: the one it has, else one that is called like its user."""
    keys = [one for one in facts.scope(Kind.ACCESS_KEY, "").values() if isinstance(one, UserAccessKey)]
    found = {one.key_id: known[one.key_id] for one in keys if one.key_id in known}
    for key in sorted(keys, key=lambda one: (one.account, one.user, one.created, one.key_id)):
        if key.key_id not in found:
            name = _NOT_IN_PROFILES.sub("-", key.user or _ROOT_PROFILE)[: _MAX_PROFILE_CHARS - 5]
            found[key.key_id] = _untaken(name, found.values())
    return found


def gone_principals(facts: Snapshot) -> dict[str, set[str]]:
    """Return, by account, the users and roles that are named somewhere and are not there."""
    known = {str(one.arn) for one in _everybody(facts)}
    named = {name for role in _roles(facts) for _, name in trusted_arns(role.trust)}
    named |= {arn for one in facts.clusters() for arn in (one.creator, one.role_arn) if arn}
    named |= {
        one.entry.principal for cluster in facts.clusters() for one in facts.access_entries(str(cluster.arn))
    }
    gone: dict[str, set[str]] = {}
    for name in named - known:
        try:
            arn = principal_arn(name)
        except ValueError:
            continue
        account = None if arn is None else facts.account(arn.account)
        if arn is not None and account is not None and account.partition == arn.partition:
            gone.setdefault(account.account, set()).add(arn.resource)
    return gone


def policy_document(text: str) -> Json:
    """Return a policy document as an object if that keeps its text, else as the text."""
    try:
        value = documents.parse_json(text)
    except SekishoInputError:
        return text
    return value if isinstance(value, Mapping) and documents.to_json(value).decode() == text else text


def _user(facts: Snapshot, user: User, own: Mapping[str, str], profiles: Mapping[str, str]) -> JsonObject:
    return _filled(
        name=user.name,
        userId=user.user_id,
        path=_path(user.path),
        created=user.created.rfc3339(),
        **_policies(user, own),
        groups=list(user.groups),
        boundary=own.get(user.boundary, user.boundary),
        tags=tags_document(user.tags),
        accessKeys=_keys(facts, user.account, user.name, profiles),
    )


def _group(group: Group, own: Mapping[str, str]) -> JsonObject:
    return _filled(
        name=group.name,
        groupId=group.group_id,
        path=_path(group.path),
        created=group.created.rfc3339(),
        **_policies(group, own),
    )


def _role(role: Role, own: Mapping[str, str], ids: Mapping[str, str]) -> JsonObject:
    document = _filled(
        name=role.name,
        roleId=role.role_id,
        path=_path(role.path),
        created=role.created.rfc3339(),
        description=role.description,
        maxSessionDuration=role.max_session_seconds if role.max_session_seconds != 3600 else None,
        trust=policy_document(role.trust),
    )
    if role.trusted_ids != trusted_today(role.trust, ids):
        document["trustedIds"] = dict(role.trusted_ids)
    boundary = own.get(role.boundary, role.boundary)
    more = _filled(**_policies(role, own), boundary=boundary, tags=tags_document(role.tags))
    return {**document, **more}


def _policy(policy: ManagedPolicy) -> JsonObject:
    versions = [
        _filled(
            version=one.version,
            created=one.created.rfc3339() if one.created != policy.created else None,
            document=policy_document(one.text),
        )
        for one in policy.versions
    ]
    is_plain = [one.version for one in policy.versions] == ["v1"] and "created" not in versions[0]
    highest = max(int(one.version[1:]) for one in policy.versions)
    last = policy.versions[-1].version
    return _filled(
        name=policy.name,
        policyId=policy.policy_id,
        path=_path(policy.path),
        created=policy.created.rfc3339(),
        updated=policy.updated.rfc3339() if policy.updated != policy.created else None,
        description=policy.description,
        document=versions[0]["document"] if is_plain else None,
        versions=None if is_plain else versions,
        defaultVersion=policy.default_version if policy.default_version != last else None,
        latestVersion=policy.latest_version if policy.latest_version > highest else None,
        tags=tags_document(policy.tags),
    )


def _provider(provider: OpenIdConnectProvider) -> JsonObject:
    return _filled(
        url=f"https://{provider.url}",
        created=provider.created.rfc3339(),
        clientIds=list(provider.client_ids),
        thumbprints=list(provider.thumbprints),
        tags=tags_document(provider.tags),
    )


def _instance_profile(profile: InstanceProfile) -> JsonObject:
    return _filled(
        name=profile.name,
        profileId=profile.profile_id,
        path=_path(profile.path),
        created=profile.created.rfc3339(),
        role=profile.role,
        tags=tags_document(profile.tags),
    )


def _passwords(policy: PasswordPolicy) -> JsonObject:
    return {
        "minimumLength": policy.minimum_length,
        "symbols": policy.symbols,
        "numbers": policy.numbers,
        "uppercase": policy.uppercase,
        "lowercase": policy.lowercase,
        "usersMayChange": policy.users_may_change,
        "maxAgeDays": policy.max_age_days,
        "reusePrevention": policy.reuse_prevention,
        "hardExpiry": policy.hard_expiry,
    }


def _policies(holder: User | Group | Role, own: Mapping[str, str]) -> dict[str, Json]:
    return {"policies": [own.get(arn, arn) for arn in holder.attached], "inline": _inline(holder.inline)}


def _inline(documents_: tuple[Document, ...]) -> JsonObject:
    return {one.name: policy_document(one.text) for one in documents_}


def _keys(facts: Snapshot, account: str, user: str, profiles: Mapping[str, str]) -> list[Json]:
    keys = sorted(facts.access_keys(account, user), key=lambda one: profiles[one.key_id])
    return [_filled(profile=profiles[one.key_id], status=None if one.active else INACTIVE) for one in keys]


def tags_document(tags: Tags) -> JsonObject:
    """Return tags as a world file writes them."""
    return dict(tags)


def filled(members: Mapping[str, Json]) -> dict[str, Json]:
    """Return the members that say something: neither null, nor empty."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def _filled(**members: Json) -> dict[str, Json]:
    return filled(members)


def _path(path: str) -> str:
    return path if path != "/" else ""


def _untaken(name: str, taken: Iterable[str]) -> str:
    known = set(taken)
    numbers = (f"{name}-{number}" for number in range(2, len(known) + 3))
    return next(one for one in (name, *numbers) if one not in known)


def _by_name(entities: Iterable[E]) -> list[E]:
    return sorted(entities, key=lambda one: one.name)


def _id_of(entity: User | Role) -> str:
    return entity.user_id if isinstance(entity, User) else entity.role_id


def _everybody(facts: Snapshot) -> list[User | Role]:
    return [
        *(user for account in facts.scopes(Kind.USER) for user in facts.users(account)),
        *_roles(facts),
    ]


def _roles(facts: Snapshot) -> list[Role]:
    return [role for account in facts.scopes(Kind.ROLE) for role in facts.roles(account)]
