"""The ``accounts`` of a world file: users, groups, roles, policies, and which access keys to make.

Forms and limits: IAM User Guide, "IAM and AWS STS quotas" and "IAM identifiers".
"""

import re
from dataclasses import dataclass, field

from sekisho.decide.iam.grammar import (
    MAX_GROUP_INLINE_CHARS,
    MAX_MANAGED_CHARS,
    MAX_ROLE_INLINE_CHARS,
    MAX_USER_INLINE_CHARS,
)
from sekisho.decide.values import PARTITIONS, AccountId, Instant, Ref
from sekisho.facts.model import Account, Document, Group, ManagedPolicy, PolicyVersion, Role, User
from sekisho.facts.policy_documents import identity_document, principal_arn, trust_document, trusted_arns
from sekisho.facts.shape import FaultCode, Node, nearest

UNDATED = Instant.from_epoch(0)
"""When nothing was made yet: the date of every object in a world file until a world is made of it."""

NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}", re.ASCII)
POLICY_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,128}", re.ASCII)
PATH = re.compile(r"/([!-.0-~]+/)*", re.ASCII)
PROFILE = re.compile(r"[A-Za-z0-9_.@+-]{1,64}", re.ASCII)
_ACCOUNT_ID = re.compile(r"[0-9]{12}", re.ASCII)
_POLICY_ARN = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}|aws):policy/\S+", re.ASCII)
_MAX_PATH_CHARS = 512
_MAX_ACCESS_KEYS = 2
_NAMED = "letters, digits and any of `_+=,.@-`"


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """An access key to make for a user; its secret goes under ``profile`` of the credentials file."""

    account: AccountId
    user: str
    profile: str


@dataclass(slots=True)
class Accounts:
    """What was read so far. ``places``: each ARN's, of a policy its document's, of an account its id's."""

    accounts: list[Account] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    policies: list[ManagedPolicy] = field(default_factory=list)
    keys: list[KeyRequest] = field(default_factory=list)
    places: dict[str, Ref] = field(default_factory=dict)

    def account_named(self, text: str) -> Account | None:
        """Return an account by its id or its name."""
        return next((one for one in self.accounts if text in (one.account, one.name)), None)

    def identities_of(self, account: str) -> tuple[User | Role, ...]:
        """Return the users and roles of an account."""
        entities: tuple[User | Role, ...] = (*self.users, *self.roles)
        return tuple(entity for entity in entities if entity.account == account)


@dataclass(frozen=True, slots=True)
class _Policies:
    """The policies of a user, group or role."""

    attached: tuple[str, ...]
    inline: tuple[Document, ...]


def read_accounts(node: Node) -> Accounts:
    """Return the accounts; every fault is noted."""
    accounts = Accounts()
    for item in node.items():
        _read_account(item, accounts)
    _check_trust(node, accounts)
    profiles: set[str] = set()
    for request in accounts.keys:
        if request.profile in profiles:
            node.fault(FaultCode.TWICE, f"the profile `{request.profile}` is asked for by two access keys")
        profiles.add(request.profile)
    return accounts


def _read_account(node: Node, accounts: Accounts) -> None:
    node.only("id", "name", "partition", "users", "groups", "roles", "policies", required=("id",))
    id_node = node.member("id")
    # An id that YAML made a number is refused, but what refers to it need not be refused too.
    meant = f"{id_node.value:012d}" if isinstance(id_node.value, int) else "0" * 12
    written = id_node.formed(_ACCOUNT_ID, "an account id, which is twelve digits", meant)
    # INVARIANT: an id of another form has a fault noted, and faults keep the world from being made.
    account = Account(
        AccountId(written),
        node.member("name").text(written),
        node.member("partition").one_of(PARTITIONS, "aws"),
    )
    _once(accounts, id_node, written, "account id")
    if node.has("name") and accounts.account_named(account.name) is not None:
        node.member("name").fault(FaultCode.TWICE, f"another account is called `{account.name}`")
    accounts.accounts.append(account)
    for item in node.member("policies").items():
        _read_policy(item, account, accounts)
    for item in node.member("groups").items():
        _read_group(item, account, accounts)
    for item in node.member("users").items():
        _read_user(item, account, accounts)
    for item in node.member("roles").items():
        _read_role(item, account, accounts)


def _read_policy(node: Node, account: Account, accounts: Accounts) -> None:
    node.only("name", "path", "document", "description", "tags", required=("name", "document"))
    text = identity_document(node.member("document"), MAX_MANAGED_CHARS)
    policy = ManagedPolicy(
        account=account.account,
        name=node.member("name").formed(POLICY_NAME, _NAMED),
        policy_id="",
        created=UNDATED,
        updated=UNDATED,
        versions=(PolicyVersion("v1", text, UNDATED),),
        path=_path(node),
        partition=account.partition,
        description=node.member("description").text(),
        tags=node.member("tags").pairs(),
        latest_version=1,
    )
    known = [one for one in accounts.policies if one.account == account.account]
    _unlike(node, policy.name, [one.name for one in known], "policy")
    accounts.places[str(policy.arn)] = node.at.child("document")
    accounts.policies.append(policy)


def _read_group(node: Node, account: Account, accounts: Accounts) -> None:
    node.only("name", "path", "policies", "inline", required=("name",))
    policies = _policies(node, account, accounts, MAX_GROUP_INLINE_CHARS)
    name = node.member("name").formed(POLICY_NAME, _NAMED)
    group = Group(
        account=account.account,
        name=name,
        group_id="",
        created=UNDATED,
        path=_path(node),
        partition=account.partition,
        inline=policies.inline,
        attached=policies.attached,
    )
    _unlike(node, name, [one.name for one in accounts.groups if one.account == account.account], "group")
    accounts.places[str(group.arn)] = node.at
    accounts.groups.append(group)


def _read_user(node: Node, account: Account, accounts: Accounts) -> None:
    known = ("name", "path", "policies", "inline", "groups", "tags", "accessKeys", "boundary")
    node.only(*known, required=("name",))
    policies = _policies(node, account, accounts, MAX_USER_INLINE_CHARS)
    user = User(
        account=account.account,
        name=node.member("name").formed(NAME, _NAMED),
        user_id="",
        created=UNDATED,
        path=_path(node),
        partition=account.partition,
        tags=node.member("tags").pairs(),
        inline=policies.inline,
        attached=policies.attached,
        groups=_groups(node.member("groups"), account, accounts),
        boundary=_attached(node.member("boundary"), account, accounts),
    )
    _unlike(node, user.name, [one.name for one in accounts.users if one.account == account.account], "user")
    accounts.places[str(user.arn)] = node.at
    accounts.users.append(user)
    keys = node.member("accessKeys").items()
    for key in keys:
        key.only("profile", required=("profile",))
        profile = key.member("profile").formed(PROFILE, "the name of a profile")
        accounts.keys.append(KeyRequest(account.account, user.name, profile))
    if len(keys) > _MAX_ACCESS_KEYS:
        node.member("accessKeys").fault(FaultCode.TOO_LONG, "a user has at most two access keys")


def _read_role(node: Node, account: Account, accounts: Accounts) -> None:
    known = ("name", "path", "trust", "policies", "inline", "maxSessionDuration", "description", "tags")
    node.only(*known, "boundary", required=("name", "trust"))
    policies = _policies(node, account, accounts, MAX_ROLE_INLINE_CHARS)
    role = Role(
        account=account.account,
        name=node.member("name").formed(NAME, _NAMED),
        role_id="",
        created=UNDATED,
        trust=trust_document(node.member("trust")),
        path=_path(node),
        partition=account.partition,
        description=node.member("description").text(),
        max_session_seconds=node.member("maxSessionDuration").number(3600, 3600, 43200),
        tags=node.member("tags").pairs(),
        inline=policies.inline,
        attached=policies.attached,
        boundary=_attached(node.member("boundary"), account, accounts),
    )
    _unlike(node, role.name, [one.name for one in accounts.roles if one.account == account.account], "role")
    accounts.places[str(role.arn)] = node.at
    accounts.roles.append(role)


def _policies(node: Node, account: Account, accounts: Accounts, max_chars: int) -> _Policies:
    attached = tuple(_attached(item, account, accounts) for item in node.member("policies").items())
    inline = []
    for name, document in node.member("inline").members():
        if not POLICY_NAME.fullmatch(name):
            document.fault(FaultCode.FORM, f"expected a policy name of {_NAMED}, found `{name[:80]}`")
        inline.append(Document(name, identity_document(document, max_chars)))
    return _Policies(attached, tuple(inline))


def _attached(node: Node, account: Account, accounts: Accounts) -> str:
    """Return the ARN of a policy that is attached or a boundary: AWS's own, or the account's by any name."""
    text = node.text()
    own = [one for one in accounts.policies if one.account == account.account]
    found = next((str(one.arn) for one in own if text in (one.name, str(one.arn))), None)
    if found is not None or text == "":
        return found or ""
    form = _POLICY_ARN.fullmatch(text)
    if form is not None and form[1] == "aws":
        return text
    hint = nearest(text, [one.name for one in own]) or "AWS's own are named by ARN"
    node.fault(FaultCode.REFERENCE, f"account {account.account} has no policy `{text[:100]}`", hint)
    return ""


def _groups(node: Node, account: Account, accounts: Accounts) -> tuple[str, ...]:
    known = [one.name for one in accounts.groups if one.account == account.account]
    found = []
    for item in node.items():
        name = item.text()
        if name not in known:
            item.fault(FaultCode.REFERENCE, f"no group is called `{name[:80]}`", nearest(name, known))
        found.append(name)
    return tuple(found)


def _check_trust(node: Node, accounts: Accounts) -> None:
    """Note each user or role of these accounts that a trust policy names and that does not exist."""
    ids = {one.account for one in accounts.accounts}
    for role in accounts.roles:
        place = accounts.places[str(role.arn)].child("trust")
        for at, name in trusted_arns(role.trust):
            where = Ref(place.document, place.pointer + at.pointer)
            try:
                arn = principal_arn(name)
            except ValueError as error:
                node.faults.add(FaultCode.FORM, where, str(error))
                continue
            if arn is None or arn.account not in ids:
                continue
            known = [str(one.arn) for one in accounts.identities_of(arn.account)]
            if name not in known:
                hint = nearest(name, known)
                node.faults.add(FaultCode.REFERENCE, where, f"there is no principal `{name[:200]}`", hint)


def _path(node: Node) -> str:
    path = node.member("path").formed(PATH, "a path that starts and ends with a slash", "/")
    if len(path) > _MAX_PATH_CHARS:
        node.member("path").fault(FaultCode.TOO_LONG, f"a path has at most {_MAX_PATH_CHARS} characters")
    return path


def _unlike(node: Node, name: str, known: list[str], noun: str) -> None:
    """IAM compares names ignoring case when it looks whether one is taken."""
    if name.lower() in (one.lower() for one in known):
        node.member("name").fault(FaultCode.TWICE, f"another {noun} of the account is called `{name}`")


def _once(accounts: Accounts, node: Node, key: str, noun: str) -> None:
    if node.value is not None and key in accounts.places:
        node.fault(FaultCode.TWICE, f"the {noun} `{key}` occurs twice")
    accounts.places[key] = node.at
