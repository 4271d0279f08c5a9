"""Users, groups and roles: what is the same for all three that hold policies."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sekisho.decide.iam.grammar import MAX_GROUP_INLINE_CHARS, MAX_ROLE_INLINE_CHARS, MAX_USER_INLINE_CHARS
from sekisho.decide.values import AccountId, PrincipalType
from sekisho.facts import (
    Group,
    InstanceProfile,
    Key,
    Kind,
    LoginProfile,
    ManagedPolicy,
    MfaDevice,
    OpenIdConnectProvider,
    Put,
    Role,
    RoleDeletion,
    Snapshot,
    User,
    UserAccessKey,
)
from sekisho.lab.aws.iam.errors import already_exists, no_such_entity, validation_error
from sekisho.lab.aws.iam.linked_services import SERVICE_LINKED_PATH
from sekisho.lab.aws.operation import AwsError, Context, Parameters

Entity = User | Group | Role
IamFact = (
    Entity
    | UserAccessKey
    | ManagedPolicy
    | OpenIdConnectProvider
    | MfaDevice
    | LoginProfile
    | InstanceProfile
    | RoleDeletion
)


@dataclass(frozen=True, slots=True)
class EntityType:
    """One of the three; ``title`` is its name in the names of operations and members."""

    title: str
    find: Callable[[Snapshot, str, str], Entity | None]
    max_inline_chars: int

    @property
    def noun(self) -> str:
        """The word of AWS's sentences."""
        return self.title.lower()

    def named(self, context: Context, parameters: Parameters) -> Entity:
        """Return the entity that the parameters name.

        Raises:
            AwsError: there is none.
        """
        name = parameters[f"{self.title}Name"]
        found = self.find(context.facts, context.account, name)
        if found is None:
            raise no_such_entity(f"The {self.noun} with name {name} cannot be found.")
        return found

    def to_change(self, context: Context, parameters: Parameters) -> Entity:
        """Return the entity that the parameters name, to be changed.

        Raises:
            AwsError: there is none, or it is a role that only its service may change.
        """
        found = self.named(context, parameters)
        if isinstance(found, Role):
            refuse_service_linked(found)
        return found


USER = EntityType("User", lambda facts, account, name: facts.user(account, name), MAX_USER_INLINE_CHARS)
GROUP = EntityType("Group", lambda facts, account, name: facts.group(account, name), MAX_GROUP_INLINE_CHARS)
ROLE = EntityType("Role", lambda facts, account, name: facts.role(account, name), MAX_ROLE_INLINE_CHARS)
ENTITY_TYPES = (USER, GROUP, ROLE)


def existing_user(context: Context, name: str) -> User:
    """Return a user by name.

    Raises:
        AwsError: there is none.
    """
    found = context.facts.user(context.account, name)
    if found is None:
        raise no_such_entity(f"The user with name {name} cannot be found.")
    return found


def existing_group(context: Context, name: str) -> Group:
    """Return a group by name.

    Raises:
        AwsError: there is none.
    """
    found = context.facts.group(context.account, name)
    if found is None:
        raise no_such_entity(f"The group with name {name} cannot be found.")
    return found


def existing_role(context: Context, name: str) -> Role:
    """Return a role by name.

    Raises:
        AwsError: there is none.
    """
    found = context.facts.role(context.account, name)
    if found is None:
        raise no_such_entity(f"The role with name {name} cannot be found.")
    return found


def role_to_change(context: Context, name: str) -> Role:
    """Return a role by name, to be changed.

    Raises:
        AwsError: there is none, or only its service may change it.
    """
    role = existing_role(context, name)
    refuse_service_linked(role)
    return role


def refuse_service_linked(role: Role) -> None:
    """Return if people may change ``role`` (IAM User Guide, "Service-linked roles").

    Raises:
        AwsError: it belongs to a service.
    """
    if role.path.startswith(SERVICE_LINKED_PATH):
        raise AwsError(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{role.name}' - "
            "this role is only modifiable by AWS",
        )


def refuse_taken_name(title: str, name: str, known: Iterable[Entity]) -> None:
    """Return if no entity of ``known`` has the name; case does not make another name.

    Raises:
        AwsError: the name is taken.
    """
    if any(entity.name.lower() == name.lower() for entity in known):
        raise already_exists(f"{title} with name {name} already exists.")


def own_or_named_user(context: Context, parameters: Parameters) -> str:
    """Return ``UserName``, or the caller's own name; empty for the root user.

    Raises:
        AwsError: neither is given: a role session has no user name.
    """
    given = parameters.get("UserName")
    if given is not None:
        return existing_user(context, given).name
    if context.caller.type is PrincipalType.USER:
        return context.caller.entity.resource.rpartition("/")[2]
    if context.caller.type is PrincipalType.ROOT:
        return ""
    raise validation_error("Must specify userName when calling with non-User credentials")


def put(fact: IamFact) -> Put:
    """Return the event that makes ``fact`` true."""
    return Put(key_of(fact), fact)


def key_of(fact: IamFact) -> Key:
    """Return the key of a fact of IAM."""
    match fact:
        case User():
            return Key(Kind.USER, fact.account, fact.name)
        case Group():
            return Key(Kind.GROUP, fact.account, fact.name)
        case Role():
            return Key(Kind.ROLE, fact.account, fact.name)
        case UserAccessKey():
            return Key(Kind.ACCESS_KEY, "", fact.key_id)
        case ManagedPolicy():
            return Key(Kind.POLICY, fact.account, str(fact.arn))
        case OpenIdConnectProvider():
            return Key(Kind.OIDC_PROVIDER, fact.account, str(fact.arn))
        case MfaDevice():
            return Key(Kind.MFA_DEVICE, fact.account, str(fact.arn))
        case LoginProfile():
            return Key(Kind.LOGIN_PROFILE, fact.account, fact.user)
        case InstanceProfile():
            return Key(Kind.INSTANCE_PROFILE, fact.account, fact.name)
        case RoleDeletion():
            return Key(Kind.ROLE_DELETION, fact.account, fact.task)


def entities(facts: Snapshot, account: AccountId) -> tuple[Entity, ...]:
    """Return the groups, users and roles of an account."""
    return (*facts.groups(account), *facts.users(account), *facts.roles(account))
