"""The principals that a trust policy may name: each of the right form, and there.

IAM User Guide, "Policy elements: Principal". An account, user or role has to exist; services
and identity providers are checked for their form only.
"""

import re
from collections.abc import Iterator, Mapping

from sekisho.decide.values import Arn, Json
from sekisho.facts import Kind, Role, Snapshot, User
from sekisho.lab.aws.iam.errors import malformed_document
from sekisho.lab.aws.operation import AwsError, Context

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?", re.ASCII)
_PROVIDER = re.compile(r"(oidc|saml)-provider/\S+", re.ASCII)
_WEB_PROVIDERS = frozenset(
    {"cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com"}
)
_NO_PRINCIPALS = (
    "Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: "
    "The passed in policy has a statement with no principals!"
)


def principals_in(value: Json) -> Iterator[tuple[str, str]]:
    """Yield kind and name of each principal.

    Raises:
        AwsError: not a principal, or none.
    """
    if value == "*":
        yield "AWS", "*"
        return
    if not isinstance(value, Mapping):
        raise _invalid("AWS", value)
    if not value:
        raise malformed_document(_NO_PRINCIPALS)
    for kind, names in value.items():
        members = names if isinstance(names, list) else [names]
        if kind not in ("AWS", "Service", "Federated"):
            raise malformed_document(f"Unknown field {kind}")
        if not members:
            raise malformed_document(_NO_PRINCIPALS)
        for name in members:
            if not isinstance(name, str):
                raise _invalid(kind, name)
            yield kind, name


def checked_principal(context: Context, kind: str, name: str) -> str:
    """Return the unique id of a user or role, empty for every other principal.

    Raises:
        AwsError: no such principal.
    """
    match kind:
        case "Service":
            known = _SERVICE.fullmatch(name) is not None
        case "Federated":
            known = name in _WEB_PROVIDERS or _is_provider(name)
        case _:
            return _checked_aws(context, name)
    if not known:
        raise _invalid(kind, name)
    return ""


def _is_provider(name: str) -> bool:
    try:
        arn = Arn.parse(name)
    except ValueError:
        return False
    is_iam = arn.service == "iam" and not arn.region and _ACCOUNT.fullmatch(arn.account) is not None
    return is_iam and _PROVIDER.fullmatch(arn.resource) is not None


def _checked_aws(context: Context, name: str) -> str:
    if name == "*" or (_ACCOUNT.fullmatch(name) and _is_account(context, name)):
        return ""
    if by_unique_id(context.facts, name) is not None:
        return name
    try:
        arn = Arn.parse(name)
    except ValueError:
        raise _invalid("AWS", name) from None
    if arn.partition == context.partition and not arn.region and _is_account(context, arn.account):
        if _is_whole_account_or_session(context, arn):
            return ""
        entity = _entity(context, arn)
        if entity is not None and entity.arn == arn:
            return _unique_id(entity)
    raise _invalid("AWS", name)


def _is_whole_account_or_session(context: Context, arn: Arn) -> bool:
    """A session is named by its role, which has to exist; who may hold it is asked of no one."""
    kind, _, rest = arn.resource.partition("/")
    if (arn.service, arn.resource) == ("iam", "root"):
        return True
    if arn.service != "sts" or not rest or "*" in rest:
        return False
    role, _, session = rest.partition("/")
    if kind == "assumed-role":
        return "/" not in session and session != "" and context.facts.role(arn.account, role) is not None
    return kind == "federated-user"


def _entity(context: Context, arn: Arn) -> User | Role | None:
    kind, _, rest = arn.resource.partition("/")
    name = rest.rpartition("/")[2]
    if (arn.service, kind) == ("iam", "user"):
        return context.facts.user(arn.account, name)
    if (arn.service, kind) == ("iam", "role"):
        return context.facts.role(arn.account, name)
    return None


def _is_account(context: Context, account: str) -> bool:
    return account == context.account or context.facts.account(account) is not None


def _unique_id(entity: User | Role) -> str:
    return entity.user_id if isinstance(entity, User) else entity.role_id


def by_unique_id(facts: Snapshot, unique_id: str) -> User | Role | None:
    """Return the user or role with this unique id, whatever its account; None if it is gone."""
    for account in {*facts.scopes(Kind.USER), *facts.scopes(Kind.ROLE)}:
        found: tuple[User | Role, ...] = (*facts.users(account), *facts.roles(account))
        for entity in found:
            if _unique_id(entity) == unique_id:
                return entity
    return None


def _invalid(kind: str, name: Json) -> AwsError:
    return malformed_document(f'Invalid principal in policy: "{kind.upper()}":"{str(name)[:2048]}"')
