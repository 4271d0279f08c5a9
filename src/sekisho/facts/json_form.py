"""Facts as JSON and back: the form in which they are stored, saved and compared.

A Kubernetes object is its own JSON. Every other fact is an object with its fields;
an Instant is RFC 3339, tuples are lists. Reading is strict: unknown or missing
fields are refused, so a state written by another version is never half understood.
"""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from sekisho.decide.values import Instant, Json, Ref, SekishoInputError
from sekisho.facts.cluster_access import (
    ClusterAccessEntry,
    ClusterAddon,
    ClusterIdentityProvider,
    ClusterUpdate,
    PodIdentityAssociation,
)
from sekisho.facts.iam_model import InstanceProfile, LoginProfile, MfaDevice, RoleDeletion
from sekisho.facts.keys import Kind
from sekisho.facts.model import (
    Account,
    AccountCreation,
    Cluster,
    Group,
    IssuedSession,
    ManagedPolicy,
    OpenIdConnectProvider,
    Organization,
    OrganizationAccount,
    OrganizationalUnit,
    OrganizationPolicy,
    Role,
    User,
    UserAccessKey,
)
from sekisho.facts.pool_model import (
    UserPool,
    UserPoolClient,
    UserPoolDomain,
    UserPoolGroup,
    UserPoolUser,
)
from sekisho.facts.snapshot import Fact
from sekisho.facts.stack_model import ChangeSet, Stack

_TYPES: dict[Kind, type] = {
    Kind.ACCOUNT: Account,
    Kind.USER: User,
    Kind.ACCESS_KEY: UserAccessKey,
    Kind.SESSION: IssuedSession,
    Kind.GROUP: Group,
    Kind.ROLE: Role,
    Kind.POLICY: ManagedPolicy,
    Kind.OIDC_PROVIDER: OpenIdConnectProvider,
    Kind.MFA_DEVICE: MfaDevice,
    Kind.LOGIN_PROFILE: LoginProfile,
    Kind.INSTANCE_PROFILE: InstanceProfile,
    Kind.ROLE_DELETION: RoleDeletion,
    Kind.CLUSTER: Cluster,
    Kind.ACCESS_ENTRY: ClusterAccessEntry,
    Kind.IDENTITY_PROVIDER: ClusterIdentityProvider,
    Kind.CLUSTER_UPDATE: ClusterUpdate,
    Kind.POD_IDENTITY: PodIdentityAssociation,
    Kind.ADDON: ClusterAddon,
    Kind.ORGANIZATION: Organization,
    Kind.ORGANIZATIONAL_UNIT: OrganizationalUnit,
    Kind.ORGANIZATION_ACCOUNT: OrganizationAccount,
    Kind.ORGANIZATION_POLICY: OrganizationPolicy,
    Kind.ACCOUNT_CREATION: AccountCreation,
    Kind.USER_POOL: UserPool,
    Kind.USER_POOL_CLIENT: UserPoolClient,
    Kind.USER_POOL_DOMAIN: UserPoolDomain,
    Kind.USER_POOL_GROUP: UserPoolGroup,
    Kind.USER_POOL_USER: UserPoolUser,
    Kind.STACK: Stack,
    Kind.CHANGE_SET: ChangeSet,
}


def fact_to_json(fact: Fact) -> Json:
    """Return the JSON form of ``fact``."""
    return _encode(fact)


def fact_from_json(kind: Kind, value: Json, at: Ref) -> Fact:
    """Read a fact of ``kind``.

    Raises:
        SekishoInputError: a field is missing, unknown or of the wrong type; ``at`` is where ``value`` stands.
    """
    if kind is Kind.KUBE:
        if not isinstance(value, Mapping):
            raise _fault(at, "an object", value)
        return value
    return cast(Fact, _decode(_TYPES[kind], value, at))


def _encode(value: Any) -> Json:
    if isinstance(value, Instant):
        return value.rfc3339()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_encode(member) for member in value]
    return cast(Json, value)


def _decode(wanted: Any, value: Json, at: Ref) -> Any:
    if is_dataclass(wanted):
        return (
            _decode_instant(value, at)
            if wanted is Instant
            else _decode_dataclass(cast(type, wanted), value, at)
        )
    origin = get_origin(wanted)
    if origin is tuple:
        return _decode_tuple(get_args(wanted), value, at)
    if origin in (Union, types.UnionType):
        return (
            None
            if value is None
            else _decode(next(a for a in get_args(wanted) if a is not type(None)), value, at)
        )
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        return _decode_choice(wanted, value, at)
    plain = getattr(wanted, "__supertype__", wanted)
    if type(value) is not plain:
        raise _fault(at, {str: "a string", int: "an integer", bool: "true or false"}[plain], value)
    return value


def _decode_choice(wanted: type[StrEnum], value: Json, at: Ref) -> StrEnum:
    if not isinstance(value, str) or value not in list(wanted):
        raise _fault(at, "one of " + ", ".join(f"`{member}`" for member in wanted), value)
    return wanted(value)


def _decode_instant(value: Json, at: Ref) -> Instant:
    if not isinstance(value, str):
        raise _fault(at, "an RFC 3339 timestamp", value)
    try:
        return Instant.parse_rfc3339(value)
    except ValueError:
        raise _fault(at, "an RFC 3339 timestamp", value) from None


def _decode_dataclass(wanted: type, value: Json, at: Ref) -> Any:
    if not isinstance(value, Mapping):
        raise _fault(at, "an object", value)
    known = {field.name: field for field in fields(wanted)}
    for name in value:
        if name not in known:
            raise SekishoInputError.single(
                "facts.unknown-field", at.child(name), f"no field `{name}` is known here"
            )
    for name, field in known.items():
        if name not in value and field.default is MISSING:
            raise SekishoInputError.single("facts.missing-field", at, f"the field `{name}` is missing")
    hints = get_type_hints(wanted)
    return wanted(**{name: _decode(hints[name], member, at.child(name)) for name, member in value.items()})


def _decode_tuple(members: tuple[Any, ...], value: Json, at: Ref) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _fault(at, "a list", value)
    if len(members) == 2 and members[1] is Ellipsis:
        return tuple(_decode(members[0], member, at.child(index)) for index, member in enumerate(value))
    if len(value) != len(members):
        raise _fault(at, f"a list of {len(members)}", value)
    return tuple(
        _decode(kind, member, at.child(i))
        for i, (kind, member) in enumerate(zip(members, value, strict=True))
    )


def _fault(at: Ref, expected: str, value: Json) -> SekishoInputError:
    return SekishoInputError.single(
        "facts.wrong-type", at, f"expected {expected}, found {type(value).__name__}"
    )
