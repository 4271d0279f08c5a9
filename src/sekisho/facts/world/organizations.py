"""The ``organizations`` of a world file: their tree, their policies, and where each account stands.

What has no id in the file is known by a stand-in until a world is made of it
(`sekisho.facts.world.events.organization_events`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sekisho.decide.values import AccountId, Instant, Ref
from sekisho.facts.model import (
    AccountCreation,
    Organization,
    OrganizationAccount,
    OrganizationalUnit,
    OrganizationPolicy,
    OrganizationPolicyType,
    Tags,
)
from sekisho.facts.organization import (
    AWS_MANAGED,
    FULL_ACCESS,
    MAX_ATTACHED,
    MAX_UNIT_DEPTH,
    MAX_UNITS,
    RCP_FULL_ACCESS,
    email_of,
)
from sekisho.facts.policy_documents import organization_document
from sekisho.facts.shape import FaultCode, Node, nearest
from sekisho.facts.world.content import UNDATED, Accounts
from sekisho.facts.world.organization_tables import ALL_FEATURES, ORGANIZATION, ROOT
from sekisho.facts.world.shape import Fields

STAND_IN = "?"
"""Follows the prefix of an id that the file does not give; no real id has it."""


@dataclass(frozen=True, slots=True)
class WorldOrganization:
    """An organization, where it stands, and where its policies' documents do (``organizations/NAME``)."""

    at: Ref
    organization: Organization
    units: tuple[OrganizationalUnit, ...]
    members: tuple[OrganizationAccount, ...]
    policies: tuple[OrganizationPolicy, ...]
    creations: tuple[AccountCreation, ...]
    places: tuple[tuple[str, Ref], ...]


@dataclass(slots=True)
class _Tree:
    """What was read of one organization so far."""

    accounts: Accounts
    organization: str
    types: tuple[OrganizationPolicyType, ...]
    policies: list[OrganizationPolicy] = field(default_factory=list)
    units: list[OrganizationalUnit] = field(default_factory=list)
    members: list[OrganizationAccount] = field(default_factory=list)
    places: list[tuple[str, Ref]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    stood_in: int = 0

    def id(self, fields: Fields, prefix: str) -> str:
        """Return the id that the file gives, else a stand-in; one that is given twice is a fault."""
        found = fields.text("id")
        if found and found in self.ids:
            fields.member("id").fault(FaultCode.TWICE, f"the id `{found}` occurs twice")
        self.ids.add(found)
        if found:
            return found
        self.stood_in += 1
        return f"{prefix}{STAND_IN}{self.organization}{STAND_IN}{self.stood_in}"


def read_organizations(
    node: Node, accounts: Accounts, files: Mapping[str, str]
) -> tuple[WorldOrganization, ...]:
    """Return the organizations; every fault is noted. ``files`` are the texts of the files that they name."""
    found: list[WorldOrganization] = []
    seen: set[str] = set()
    emails: set[str] = set()
    for number, item in enumerate(node.items()):
        one = _read_organization(Fields.of(item, ORGANIZATION), number, accounts, files)
        if one.organization.organization in {other.organization.organization for other in found}:
            item.member("id").fault(FaultCode.TWICE, "another organization has this id")
        for member in one.members:
            if member.account in seen:
                item.fault(FaultCode.TWICE, f"the account {member.account} is placed in organizations twice")
            if member.email.lower() in emails:
                item.fault(FaultCode.TWICE, f"two accounts have the address `{member.email}`")
            seen.add(member.account)
            emails.add(member.email.lower())
        found.append(one)
    return tuple(found)


def named_files(value: object) -> tuple[tuple[Ref, str], ...]:
    """Return each file that the organization policies of a parsed world file name, with its pointer.

    Total: what has another shape is passed over, its fault is found by the reader.
    """
    found = []
    organizations = value.get("organizations") if isinstance(value, Mapping) else None
    for i, one in enumerate(organizations if isinstance(organizations, list) else ()):
        policies = one.get("policies") if isinstance(one, Mapping) else None
        for j, policy in enumerate(policies if isinstance(policies, list) else ()):
            name = policy.get("file") if isinstance(policy, Mapping) else None
            if isinstance(name, str) and name:
                found.append((Ref("").child("organizations", i, "policies", j, "file"), name))
    return tuple(found)


def _read_organization(
    fields: Fields, number: int, accounts: Accounts, files: Mapping[str, str]
) -> WorldOrganization:
    management = accounts.named_account(fields.member("management"), fields.text("management"))
    id_ = fields.text("id", f"o-{STAND_IN}{number}")
    root = Fields.of(fields.member("root"), ROOT) if fields.has("root") else None
    feature_set = fields.text("featureSet")
    types = _policy_types(root, has_policies=feature_set == ALL_FEATURES)
    tree = _Tree(accounts, id_, types)
    for item in fields.objects("policies"):
        _read_policy(item, tree, files)
    root_id = f"r-{STAND_IN}{id_}" if root is None else root.text("id", f"r-{STAND_IN}{id_}")
    organization = Organization(
        organization=id_,
        management=AccountId("") if management is None else management.account,
        root=root_id,
        created=fields.moment("created", UNDATED),
        feature_set=feature_set,
        partition="aws" if management is None else management.partition,
        policy_types=types,
        attached=_default_attached(types) if root is None else _attached(root, tree),
        root_tags=() if root is None else root.pairs("tags"),
    )
    if root is not None:
        _read_children(root, root_id, 0, tree)
    if management is not None and management.account not in {one.account for one in tree.members}:
        tree.members.append(_member(tree, management.account, management.name, root_id))
    return WorldOrganization(
        fields.node.at,
        organization,
        tuple(tree.units),
        tuple(tree.members),
        tuple(tree.policies),
        tuple(_creation(item, id_) for item in fields.objects("accountCreations")),
        tuple(tree.places),
    )


def _policy_types(root: Fields | None, *, has_policies: bool) -> tuple[OrganizationPolicyType, ...]:
    """Return the enabled types: those of the root, or SCPs where the file leaves it open."""
    if root is None or not root.has("policyTypes"):
        return (OrganizationPolicyType.SERVICE_CONTROL_POLICY,) if has_policies else ()
    found: dict[OrganizationPolicyType, None] = {}
    for node, name in root.text_items("policyTypes"):
        if not has_policies:
            node.fault(FaultCode.CHOICE, "an organization without all features has no policies")
        if name in list(OrganizationPolicyType):
            found[OrganizationPolicyType(name)] = None
    return tuple(found)


def _read_policy(fields: Fields, tree: _Tree, files: Mapping[str, str]) -> None:
    written = fields.text("type")
    kind = (
        OrganizationPolicyType(written)
        if written in list(OrganizationPolicyType)
        else OrganizationPolicyType.SERVICE_CONTROL_POLICY
    )
    name = fields.text("name")
    if any(one.name == name and one.type is kind for one in (*AWS_MANAGED.values(), *tree.policies)):
        fields.member("name").fault(FaultCode.TWICE, f"another {kind} is called `{name[:80]}`")
    place, text = _document(fields, kind, files)
    tree.places.append((f"organizations/{name}", place))
    tree.policies.append(
        OrganizationPolicy(
            organization=tree.organization,
            policy=tree.id(fields, "p-"),
            name=name,
            type=kind,
            text=text,
            description=fields.text("description"),
            tags=fields.pairs("tags"),
        )
    )


def _document(fields: Fields, kind: OrganizationPolicyType, files: Mapping[str, str]) -> tuple[Ref, str]:
    """Return place and text of a policy, which stands in the world file or in a file of its own."""
    document, file = fields.member("document"), fields.text("file")
    if (document.value is None) == (file == ""):
        fields.node.fault(FaultCode.MISSING, "expected `document` or `file`, one of them")
        return document.at, ""
    if not file:
        return document.at, organization_document(document, kind)
    text = files.get(file)
    if text is None:
        fields.member("file").fault(FaultCode.REFERENCE, f"the file `{file[:200]}` was not read")
        return document.at, ""
    document.faults.texts[file] = text
    return Ref(file), organization_document(Node(document.faults, text, Ref(file)), kind)


def _attached(fields: Fields, tree: _Tree) -> tuple[str, ...]:
    """Return the ids of the policies of the root, an OU or an account."""
    if not fields.has("policies"):
        return _default_attached(tree.types)
    known = (*AWS_MANAGED.values(), *tree.policies)
    found: dict[str, OrganizationPolicyType] = {}
    for node, text in fields.text_items("policies"):
        fitting = [one for one in known if one.policy == text] or [one for one in known if one.name == text]
        if len(fitting) != 1:
            problem = f"{len(fitting) or 'no'} policies of the organization are called `{text[:80]}`"
            hint = "name one by its id" if fitting else nearest(text, [one.name for one in known])
            node.fault(FaultCode.REFERENCE, problem, hint)
            continue
        (policy,) = fitting
        if policy.type not in tree.types:
            node.fault(FaultCode.CHOICE, f"{policy.type} is not enabled in the root")
        if policy.policy in found:
            node.fault(FaultCode.TWICE, f"`{text[:80]}` is attached twice")
        found[policy.policy] = policy.type
    if OrganizationPolicyType.RESOURCE_CONTROL_POLICY in tree.types:
        # AWS attaches it everywhere, and it cannot be detached.
        found.setdefault(RCP_FULL_ACCESS.policy, RCP_FULL_ACCESS.type)
    _check_number(fields.member("policies"), tree, list(found.values()))
    return tuple(found)


def _check_number(node: Node, tree: _Tree, types: list[OrganizationPolicyType]) -> None:
    for kind in tree.types:
        if types.count(kind) > MAX_ATTACHED[kind]:
            node.fault(
                FaultCode.TOO_LONG, f"at most {MAX_ATTACHED[kind]} of {kind} are attached to one target"
            )
        if not types.count(kind):
            hint = f"AWS's own is `{FULL_ACCESS.name}`"
            node.fault(FaultCode.MISSING, f"at least one {kind} stays attached to each target", hint)


def _default_attached(types: Iterable[OrganizationPolicyType]) -> tuple[str, ...]:
    return tuple(AWS_MANAGED[kind].policy for kind in types)


def _read_children(fields: Fields, parent: str, depth: int, tree: _Tree) -> None:
    for item in fields.objects("accounts"):
        account = tree.accounts.named_account(item.member("account"), item.text("account"))
        if account is None:
            continue
        tree.members.append(
            _member(
                tree,
                account.account,
                item.text("name", account.name),
                parent,
                email=item.text("email", email_of(account.account)),
                joined=item.moment("joined", UNDATED),
                method=item.text("joinedMethod"),
                attached=_attached(item, tree),
                tags=item.pairs("tags"),
            )
        )
    names: set[str] = set()
    for item in fields.objects("units"):
        unit = OrganizationalUnit(
            organization=tree.organization,
            unit=tree.id(item, "ou-"),
            parent=parent,
            name=item.text("name"),
            attached=_attached(item, tree),
            tags=item.pairs("tags"),
        )
        if unit.name in names:
            item.member("name").fault(FaultCode.TWICE, f"another OU beside it is called `{unit.name[:80]}`")
        names.add(unit.name)
        tree.units.append(unit)
        if len(tree.units) == MAX_UNITS + 1:
            item.node.fault(FaultCode.TOO_LONG, f"an organization has at most {MAX_UNITS} OUs")
        if depth == MAX_UNIT_DEPTH:
            item.node.fault(FaultCode.TOO_LONG, f"OUs are nested at most {MAX_UNIT_DEPTH} deep")
        else:
            _read_children(item, unit.unit, depth + 1, tree)


def _member(
    tree: _Tree,
    account: AccountId,
    name: str,
    parent: str,
    *,
    email: str = "",
    joined: Instant = UNDATED,
    method: str = "INVITED",
    attached: tuple[str, ...] | None = None,
    tags: Tags = (),
) -> OrganizationAccount:
    return OrganizationAccount(
        account=account,
        organization=tree.organization,
        parent=parent,
        name=name,
        email=email or email_of(account),
        joined=joined,
        joined_method=method,
        attached=_default_attached(tree.types) if attached is None else attached,
        tags=tags,
    )


def _creation(fields: Fields, organization: str) -> AccountCreation:
    return AccountCreation(
        organization=organization,
        request=fields.text("id"),
        name=fields.text("name"),
        requested=fields.moment("requested", UNDATED),
        account=fields.text("account"),
        failure=fields.text("failure"),
    )
