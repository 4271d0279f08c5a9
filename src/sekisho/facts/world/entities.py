"""The users, groups, roles, managed policies and OIDC providers of an account in a world file."""

import re
from dataclasses import dataclass

from sekisho.decide.iam.grammar import (
    MAX_GROUP_INLINE_CHARS,
    MAX_MANAGED_CHARS,
    MAX_ROLE_INLINE_CHARS,
    MAX_USER_INLINE_CHARS,
)
from sekisho.facts.iam_model import InstanceProfile, PasswordPolicy
from sekisho.facts.model import (
    Account,
    Document,
    Group,
    ManagedPolicy,
    OpenIdConnectProvider,
    PolicyVersion,
    Role,
    User,
)
from sekisho.facts.policy_documents import identity_document, trust_document
from sekisho.facts.shape import FaultCode, Node, nearest
from sekisho.facts.world.content import UNDATED, Accounts
from sekisho.facts.world.shape import Fields, Named, Text, checked_text
from sekisho.facts.world.tables import NAMED, POLICY_NAME, ROLE

_POLICY_ARN = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}|aws):policy/\S+", re.ASCII)
_SCHEME = "https://"
_MAX_VERSIONS = 5
_MAX_THUMBPRINTS = 5


@dataclass(frozen=True, slots=True)
class _Policies:
    """The policies of a user, group or role."""

    attached: tuple[str, ...]
    inline: tuple[Document, ...]


def read_policy(fields: Fields, account: Account, accounts: Accounts) -> None:
    """Read a customer managed policy."""
    created = fields.moment("created", UNDATED)
    versions = _versions(fields)
    highest = max((int(one.version[1:]) for one in versions), default=1)
    policy = ManagedPolicy(
        account=account.account,
        name=fields.text("name"),
        policy_id=accounts.claim(fields.member("policyId"), fields.text("policyId")),
        created=created,
        updated=fields.moment("updated", created),
        versions=versions,
        default_version=_default_version(fields, versions),
        path=fields.text("path"),
        partition=account.partition,
        description=fields.text("description"),
        tags=fields.pairs("tags"),
        latest_version=max(highest, fields.number("latestVersion")),
    )
    known = [one.name for one in accounts.policies if one.account == account.account]
    _unlike(fields, policy.name, known, "policy")
    accounts.places[str(policy.arn)] = fields.member("document").at
    accounts.policies.append(policy)


def read_group(fields: Fields, account: Account, accounts: Accounts) -> None:
    """Read a group."""
    policies = _policies(fields, account, accounts, MAX_GROUP_INLINE_CHARS)
    group = Group(
        account=account.account,
        name=fields.text("name"),
        group_id=accounts.claim(fields.member("groupId"), fields.text("groupId")),
        created=fields.moment("created", UNDATED),
        path=fields.text("path"),
        partition=account.partition,
        inline=policies.inline,
        attached=policies.attached,
    )
    known = [one.name for one in accounts.groups if one.account == account.account]
    _unlike(fields, group.name, known, "group")
    accounts.places[str(group.arn)] = fields.node.at
    accounts.groups.append(group)


def read_user(fields: Fields, account: Account, accounts: Accounts) -> str:
    """Read a user, without access keys; returns its name."""
    policies = _policies(fields, account, accounts, MAX_USER_INLINE_CHARS)
    user = User(
        account=account.account,
        name=fields.text("name"),
        user_id=accounts.claim(fields.member("userId"), fields.text("userId")),
        created=fields.moment("created", UNDATED),
        path=fields.text("path"),
        partition=account.partition,
        tags=fields.pairs("tags"),
        inline=policies.inline,
        attached=policies.attached,
        groups=_groups(fields, account, accounts),
        boundary=_boundary(fields, account, accounts),
    )
    known = [one.name for one in accounts.users if one.account == account.account]
    _unlike(fields, user.name, known, "user")
    accounts.places[str(user.arn)] = fields.node.at
    accounts.users.append(user)
    return user.name


def read_role(fields: Fields, account: Account, accounts: Accounts) -> None:
    """Read a role. Without ``trustedIds`` it trusts who has the names in ``trust`` when the world is made."""
    policies = _policies(fields, account, accounts, MAX_ROLE_INLINE_CHARS)
    role = Role(
        account=account.account,
        name=fields.text("name"),
        role_id=accounts.claim(fields.member("roleId"), fields.text("roleId")),
        created=fields.moment("created", UNDATED),
        trust=trust_document(fields.member("trust")),
        path=fields.text("path"),
        partition=account.partition,
        description=fields.text("description"),
        max_session_seconds=fields.number("maxSessionDuration"),
        tags=fields.pairs("tags"),
        inline=policies.inline,
        attached=policies.attached,
        trusted_ids=_trusted_ids(fields),
        boundary=_boundary(fields, account, accounts),
    )
    known = [one.name for one in accounts.roles if one.account == account.account]
    _unlike(fields, role.name, known, "role")
    accounts.places[str(role.arn)] = fields.node.at
    if fields.has("trustedIds"):
        accounts.told_trust.add(str(role.arn))
    accounts.roles.append(role)


def read_provider(fields: Fields, account: Account, accounts: Accounts) -> None:
    """Read an OIDC provider; its URL is kept as IAM keeps it, without scheme and default port."""
    host, slash, path = fields.text("url").removeprefix(_SCHEME).partition("/")
    provider = OpenIdConnectProvider(
        account=account.account,
        url=f"{host.removesuffix(':443')}{slash}{path}",
        created=fields.moment("created", UNDATED),
        client_ids=tuple(dict.fromkeys(fields.texts("clientIds"))),
        thumbprints=fields.texts("thumbprints"),
        partition=account.partition,
        tags=fields.pairs("tags"),
    )
    if len(provider.thumbprints) > _MAX_THUMBPRINTS:
        fields.member("thumbprints").fault(
            FaultCode.TOO_LONG, f"a provider has at most {_MAX_THUMBPRINTS} thumbprints"
        )
    arn = str(provider.arn)
    if arn in accounts.places:
        fields.member("url").fault(
            FaultCode.TWICE, f"the account has the issuer `{provider.url[:200]}` already"
        )
    accounts.places[arn] = fields.node.at
    accounts.providers.append(provider)


def read_instance_profile(fields: Fields, account: Account, accounts: Accounts) -> None:
    """Read an instance profile; its role is one of the account."""
    role = fields.text("role")
    roles = [one.name for one in accounts.roles if one.account == account.account]
    if role and role not in roles:
        hint = nearest(role, roles)
        fields.member("role").fault(FaultCode.REFERENCE, f"no role is called `{role[:80]}`", hint)
    profile = InstanceProfile(
        account=account.account,
        name=fields.text("name"),
        profile_id=accounts.claim(fields.member("profileId"), fields.text("profileId")),
        created=fields.moment("created", UNDATED),
        path=fields.text("path"),
        partition=account.partition,
        role=role,
        tags=fields.pairs("tags"),
    )
    known = [one.name for one in accounts.profiles if one.account == account.account]
    _unlike(fields, profile.name, known, "instance profile")
    accounts.profiles.append(profile)


def read_password_policy(fields: Fields) -> PasswordPolicy:
    """Read what passwords of users have to be."""
    return PasswordPolicy(
        minimum_length=fields.number("minimumLength"),
        symbols=fields.flag("symbols"),
        numbers=fields.flag("numbers"),
        uppercase=fields.flag("uppercase"),
        lowercase=fields.flag("lowercase"),
        users_may_change=fields.flag("usersMayChange"),
        max_age_days=fields.number("maxAgeDays"),
        reuse_prevention=fields.number("reusePrevention"),
        hard_expiry=fields.flag("hardExpiry"),
    )


def _versions(fields: Fields) -> tuple[PolicyVersion, ...]:
    """Return the versions of a policy; ``document`` is v1 alone."""
    document = fields.member("document")
    if not fields.has("versions"):
        if document.value is None:
            fields.node.fault(FaultCode.MISSING, "`document` is missing")
        return (PolicyVersion("v1", identity_document(document, MAX_MANAGED_CHARS), UNDATED),)
    if document.value is not None:
        document.fault(FaultCode.CHOICE, "expected `document` or `versions`, found both")
    found: list[PolicyVersion] = []
    for item in fields.objects("versions"):
        text = identity_document(item.member("document"), MAX_MANAGED_CHARS)
        version = PolicyVersion(item.text("version", "v1"), text, item.moment("created", UNDATED))
        if version.version in [one.version for one in found]:
            item.member("version").fault(FaultCode.TWICE, f"the version {version.version} occurs twice")
        found.append(version)
    if not 1 <= len(found) <= _MAX_VERSIONS:
        fields.member("versions").fault(FaultCode.TOO_LONG, f"a policy has 1 to {_MAX_VERSIONS} versions")
    return tuple(found)


def _default_version(fields: Fields, versions: tuple[PolicyVersion, ...]) -> str:
    known = [one.version for one in versions]
    found = fields.text("defaultVersion", known[-1] if known else "v1")
    if fields.has("defaultVersion") and found not in known:
        problem = f"there is no version `{found[:80]}`"
        fields.member("defaultVersion").fault(FaultCode.REFERENCE, problem, f"known are {', '.join(known)}")
    return found


def _policies(fields: Fields, account: Account, accounts: Accounts, max_chars: int) -> _Policies:
    attached = tuple(_attached(*item, account, accounts) for item in fields.text_items("policies"))
    inline = []
    for name, document in fields.member("inline").members():
        if not POLICY_NAME.fullmatch(name):
            document.fault(FaultCode.FORM, f"expected a policy name of {NAMED}, found `{name[:80]}`")
        if document.value is None:
            document.fault(FaultCode.MISSING, "the policy document is missing")
        inline.append(Document(name, identity_document(document, max_chars)))
    return _Policies(attached, tuple(inline))


def _boundary(fields: Fields, account: Account, accounts: Accounts) -> str:
    return _attached(fields.member("boundary"), fields.text("boundary"), account, accounts)


def _attached(node: Node, text: str, account: Account, accounts: Accounts) -> str:
    """Return the ARN of a policy that is attached or a boundary: AWS's own, or the account's by any name."""
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


def _groups(fields: Fields, account: Account, accounts: Accounts) -> tuple[str, ...]:
    known = [one.name for one in accounts.groups if one.account == account.account]
    found = []
    for node, name in fields.text_items("groups"):
        if name and name not in known:
            node.fault(FaultCode.REFERENCE, f"no group is called `{name[:80]}`", nearest(name, known))
        found.append(name)
    return tuple(found)


def _trusted_ids(fields: Fields) -> tuple[tuple[str, str], ...]:
    shape = ROLE.shape("trustedIds")
    assert isinstance(shape, Named)  # noqa: S101 - the table says so
    assert isinstance(shape.item, Text)  # noqa: S101 - the table says so
    found = []
    for name, node in fields.member("trustedIds").members():
        if node.value is None:
            node.fault(FaultCode.NOT_TEXT, "expected text")
        found.append((name, checked_text(node, shape.item)))
    return tuple(found)


def _unlike(fields: Fields, name: str, known: list[str], noun: str) -> None:
    """IAM compares names ignoring case when it looks whether one is taken."""
    if name.lower() in (one.lower() for one in known):
        fields.member("name").fault(FaultCode.TWICE, f"another {noun} of the account is called `{name}`")
