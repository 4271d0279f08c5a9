"""The output of `aws iam get-account-authorization-details`: users, groups, roles, policies of an account.

IAM API Reference, "GetAccountAuthorizationDetails". Policies of AWS itself are left out: they are
reference data, the same in every account.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sekisho.decide.values import AccountId, Arn, Json, Ref
from sekisho.facts.aws_members import Output
from sekisho.facts.keys import Key, Kind
from sekisho.facts.model import Account, Document, Group, ManagedPolicy, PolicyVersion, Role, User
from sekisho.facts.snapshot import Event, Put
from sekisho.facts.world.content import UNDATED

LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")

Entity = User | Group | Role | ManagedPolicy


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """What an output says; ``truncated``: there are more pages.

    ``places`` tell where each entity stands by its ARN (of a policy the default version's document),
    and below it each ``/inline/NAME`` and a role's ``/trust``.
    """

    events: tuple[Event, ...]
    places: Mapping[Ref, Ref]
    accounts: tuple[AccountId, ...]
    truncated: bool


def is_account_details(value: Json) -> bool:
    """Whether a document is such an output."""
    return isinstance(value, Mapping) and any(isinstance(value.get(name), list) for name in LISTS)


def read_account_details(value: Json, at: Ref) -> AccountDetails:
    """Return the facts of the output.

    Raises:
        SekishoInputError: an entry without ARN or name, or a member of the wrong type; every fault.
    """
    root = Output(value, at, [])
    found: list[tuple[Key, Entity, Ref]] = []
    accounts: dict[AccountId, Account] = {}
    for name, kind, read in (
        ("Policies", Kind.POLICY, _policy),
        ("GroupDetailList", Kind.GROUP, _group),
        ("UserDetailList", Kind.USER, _user),
        ("RoleDetailList", Kind.ROLE, read_role),
    ):
        for item in root.member(name).items():
            arn = item.member("Arn").arn()
            if arn is None or arn.account == "aws":
                continue
            entity = read(item, arn)
            key = Key(kind, arn.account, str(arn) if kind is Kind.POLICY else entity.name)
            found.append((key, entity, item.at))
            accounts[entity.account] = Account(entity.account, entity.account, arn.partition)
    root.raise_faults()
    more = root.member("IsTruncated").value is True or any(
        root.member(name).value is not None for name in ("NextToken", "Marker")
    )
    return AccountDetails(
        (
            *(Put(Key(Kind.ACCOUNT, "", account), fact) for account, fact in accounts.items()),
            *(Put(key, entity) for key, entity, _ in found),
        ),
        {name: place for _, entity, place in found for name, place in _places(entity, place)},
        tuple(accounts),
        more,
    )


def _places(entity: Entity, at: Ref) -> Iterator[tuple[Ref, Ref]]:
    name = Ref(str(entity.arn))
    if isinstance(entity, ManagedPolicy):
        versions = [version.version for version in entity.versions]
        yield name, at.child("PolicyVersionList", versions.index(entity.default_version), "Document")
        return
    yield name, at
    kind = type(entity).__name__
    for index, document in enumerate(entity.inline):
        yield name.child("inline", document.name), at.child(f"{kind}PolicyList", index, "PolicyDocument")
    if isinstance(entity, Role):
        yield name.child("trust"), at.child("AssumeRolePolicyDocument")


def _user(item: Output, arn: Arn) -> Entity:
    return User(
        account=AccountId(arn.account),
        name=item.member("UserName").text(),
        user_id=item.member("UserId").text(),
        created=item.member("CreateDate").instant(UNDATED),
        path=item.member("Path").text(optional=True) or "/",
        partition=arn.partition,
        tags=item.member("Tags").tags(),
        inline=_inline(item.member("UserPolicyList")),
        attached=_attached(item),
        groups=tuple(group.text() for group in item.member("GroupList").items()),
        boundary=_boundary(item),
    )


def _group(item: Output, arn: Arn) -> Entity:
    return Group(
        account=AccountId(arn.account),
        name=item.member("GroupName").text(),
        group_id=item.member("GroupId").text(),
        created=item.member("CreateDate").instant(UNDATED),
        path=item.member("Path").text(optional=True) or "/",
        partition=arn.partition,
        inline=_inline(item.member("GroupPolicyList")),
        attached=_attached(item),
    )


def read_role(item: Output, arn: Arn) -> Role:
    """Return a role as `get-account-authorization-details` and `get-role` print it; faults are noted."""
    return Role(
        account=AccountId(arn.account),
        name=item.member("RoleName").text(),
        role_id=item.member("RoleId").text(),
        created=item.member("CreateDate").instant(UNDATED),
        trust=item.member("AssumeRolePolicyDocument").document(),
        path=item.member("Path").text(optional=True) or "/",
        partition=arn.partition,
        description=item.member("Description").text(optional=True),
        max_session_seconds=item.member("MaxSessionDuration").number(3600),
        tags=item.member("Tags").tags(),
        inline=_inline(item.member("RolePolicyList")),
        attached=_attached(item),
        boundary=_boundary(item),
    )


def _policy(item: Output, arn: Arn) -> Entity:
    default = item.member("DefaultVersionId").text()
    versions = tuple(
        PolicyVersion(
            version.member("VersionId").text(),
            version.member("Document").document(),
            version.member("CreateDate").instant(UNDATED),
        )
        for version in item.member("PolicyVersionList").items()
    )
    if default not in [version.version for version in versions]:
        item.member("PolicyVersionList").expected(f"the default version `{default}` in the list")
    created = item.member("CreateDate").instant(UNDATED)
    return ManagedPolicy(
        account=AccountId(arn.account),
        name=item.member("PolicyName").text(),
        policy_id=item.member("PolicyId").text(),
        created=created,
        updated=item.member("UpdateDate").instant(created),
        versions=versions,
        default_version=default,
        path=item.member("Path").text(optional=True) or "/",
        partition=arn.partition,
        description=item.member("Description").text(optional=True),
        tags=item.member("Tags").tags(),
    )


def _inline(node: Output) -> tuple[Document, ...]:
    return tuple(
        Document(item.member("PolicyName").text(), item.member("PolicyDocument").document())
        for item in node.items()
    )


def _attached(item: Output) -> tuple[str, ...]:
    return tuple(one.member("PolicyArn").text() for one in item.member("AttachedManagedPolicies").items())


def _boundary(item: Output) -> str:
    node = item.member("PermissionsBoundary")
    arn = None if node.value is None else node.member("PermissionsBoundaryArn").arn()
    return "" if arn is None else str(arn)
