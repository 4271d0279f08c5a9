"""The ``clusters`` of a world file: who created each, whom aws-auth maps, and what they hold."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sekisho.decide.authn.aws_auth import ACCOUNTS, SECTIONS
from sekisho.decide.authn.notice import Notice
from sekisho.decide.eks.creator import MODES
from sekisho.decide.rbac.objects import GROUP, parse_object
from sekisho.decide.values import AccountId, Arn, Ref, SekishoInputError
from sekisho.facts.aws_auth_data import config_map, data_of, is_aws_auth, read_data, section_text
from sekisho.facts.manifest import Manifest, text
from sekisho.facts.model import Account, Cluster, Role, User
from sekisho.facts.node_manifest import WorkerNode
from sekisho.facts.shape import FaultCode, Node, nearest
from sekisho.facts.snapshot import Key
from sekisho.facts.world_accounts import UNDATED, Accounts
from sekisho.facts.world_entries import WorldEntry, read_entries

DEFAULT_VERSION = "1.34"

_NO_ACCOUNT = Account(AccountId(""), "")
"""Stands for an account that the file does not have; what would refer into it is not checked."""

_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", re.ASCII)
_VERSION = re.compile(r"1\.[0-9]{1,2}", re.ASCII)
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", re.ASCII)
_KUBELET = re.compile(r"v1\.[0-9]{1,2}\.[0-9]{1,2}[0-9A-Za-z.+-]*", re.ASCII)
_NODE_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)
_ADDRESS = re.compile(r"[0-9a-f:.]{3,45}", re.ASCII)
_KNOWN = (
    "name",
    "account",
    "region",
    "version",
    "authenticationMode",
    "bootstrapClusterCreatorAdminPermissions",
    "creator",
    "roleArn",
    "tags",
    "awsAuth",
    "accessEntries",
    "nodes",
    "manifests",
)


@dataclass(frozen=True, slots=True)
class WorldCluster:
    """A cluster of a world file; ``cluster`` has no endpoint, authority, issuer and date yet.

    ``aws_auth`` is None if the file writes no ``awsAuth``: it may be among ``manifests``, or there is none.
    """

    at: Ref
    cluster: Cluster
    aws_auth: Manifest | None = None
    nodes: tuple[WorkerNode, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    entries: tuple[WorldEntry, ...] = ()


def read_clusters(
    node: Node, accounts: Accounts, region: str
) -> tuple[tuple[WorldCluster, ...], tuple[Notice, ...]]:
    """Return the clusters and what is odd about their aws-auth; every fault is noted."""
    notices: list[Notice] = []
    found: dict[str, WorldCluster] = {}
    for item in node.items():
        cluster = _read_cluster(item, accounts, region, notices)
        arn = str(cluster.cluster.arn)
        if arn in found:
            item.member("name").fault(
                FaultCode.TWICE,
                f"another cluster of the account and region is called `{cluster.cluster.name}`",
            )
        found[arn] = cluster
    return tuple(found.values()), tuple(notices)


def _read_cluster(node: Node, accounts: Accounts, region: str, notices: list[Notice]) -> WorldCluster:
    node.only(*_KNOWN, required=("name", "account", "creator"))
    account = _account(node.member("account"), accounts)
    cluster = Cluster(
        account=account.account,
        region=node.member("region").formed(REGION, "a region such as `ap-northeast-1`", region),
        name=node.member("name").formed(_NAME, "a cluster name of letters, digits, `-` and `_`"),
        version=node.member("version").formed(_VERSION, "a version such as `1.34`", DEFAULT_VERSION),
        created=UNDATED,
        authentication_mode=node.member("authenticationMode").one_of(MODES, "CONFIG_MAP"),
        creator=_creator(node.member("creator"), account, accounts),
        partition=account.partition,
        role_arn=_role_arn(node.member("roleArn"), account, accounts),
        tags=node.member("tags").pairs(),
    )
    manifests = tuple(_manifest(item, notices) for item in node.member("manifests").items())
    found = WorldCluster(
        node.at,
        cluster,
        _aws_auth(node.member("awsAuth"), notices),
        tuple(_worker(item) for item in node.member("nodes").items()),
        tuple(manifest for manifest in manifests if manifest is not None),
        _entries(node, cluster, accounts),
    )
    _check_once(node, found)
    return found


def _account(node: Node, accounts: Accounts) -> Account:
    written = node.text()
    found = accounts.account_named(written)
    if found is None:
        if written:
            known = [text for one in accounts.accounts for text in (one.account, one.name)]
            node.fault(FaultCode.REFERENCE, f"there is no account `{written[:80]}`", nearest(written, known))
        return _NO_ACCOUNT
    return found


def _creator(node: Node, account: Account, accounts: Accounts) -> str:
    """Return the ARN of ``user/NAME``, ``role/NAME``, ``root`` or of an ARN, if there is such an identity."""
    written = node.text()
    root = str(Arn(account.partition, "iam", "", account.account, "root"))
    if written in ("root", root):
        return root
    spellings = _spellings(accounts.identities_of(account.account))
    if written in spellings:
        return spellings[written]
    if written and account is not _NO_ACCOUNT:
        hint = nearest(written, spellings) or "name a user or role of the cluster's account: user/NAME"
        node.fault(FaultCode.REFERENCE, f"account {account.account} has no identity `{written[:200]}`", hint)
    return ""


def _entries(node: Node, cluster: Cluster, accounts: Accounts) -> tuple[WorldEntry, ...]:
    """Return the access entries: of users and roles of every account, by ARN those of other accounts."""
    spellings = {str(user.arn): str(user.arn) for user in accounts.users}
    spellings |= {str(role.arn): str(role.arn) for role in accounts.roles}
    spellings |= _spellings(accounts.identities_of(cluster.account))
    bootstrap = node.member("bootstrapClusterCreatorAdminPermissions")
    wanted = bootstrap.boolean(default=True)
    if not wanted and cluster.authentication_mode == "CONFIG_MAP":
        bootstrap.fault(
            FaultCode.CHOICE,
            "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to "
            "CONFIG_MAP",
        )
    return read_entries(node.member("accessEntries"), cluster, spellings, bootstrap=wanted)


def _role_arn(node: Node, account: Account, accounts: Accounts) -> str:
    written = node.text()
    roles = [one for one in accounts.roles if one.account == account.account]
    spellings = _spellings(roles)
    if written in spellings:
        return spellings[written]
    if written and account is not _NO_ACCOUNT:
        node.fault(
            FaultCode.REFERENCE,
            f"account {account.account} has no role `{written[:200]}`",
            nearest(written, spellings),
        )
    return ""


def _spellings(identities: Iterable[User | Role]) -> dict[str, str]:
    """Return the ARN of each identity by every spelling: the ARN, with its path, without it."""
    found: dict[str, str] = {}
    for one in identities:
        arn = str(one.arn)
        kind = "role" if isinstance(one, Role) else "user"
        found |= dict.fromkeys((arn, one.arn.resource, f"{kind}/{one.name}"), arn)
    return found


def _worker(node: Node) -> WorkerNode:
    node.only("name", "version", "address", "ready", "labels", required=("name",))
    return WorkerNode(
        node.at,
        node.member("name").formed(_NODE_NAME, "a node name, such as a host's DNS name"),
        node.member("version").formed(_KUBELET, "a kubelet version such as `v1.34.2-eks-5e0fdde`"),
        node.member("address").formed(_ADDRESS, "an IP address"),
        node.member("ready").boolean(default=True),
        node.member("labels").pairs(),
    )


def _aws_auth(node: Node, notices: list[Notice]) -> Manifest | None:
    if node.value is None:
        return None
    node.only(*SECTIONS, "raw")
    if node.has("raw"):
        raw = node.member("raw")
        raw.only(*SECTIONS)
        data = {name: section.text() for name, section in raw.members()}
        if any(node.has(name) for name in SECTIONS):
            raw.fault(FaultCode.CHOICE, "expected `raw` alone, without sections beside it")
        data_at = raw.at
    else:
        data = {
            name: section_text(node.member(name).value)
            for name in SECTIONS
            if _is_list(node.member(name), name) and node.has(name)
        }
        data_at = node.at
    auth = read_data(data, data_at, rewritten=not node.has("raw"))
    node.faults.extend(auth.faults)
    notices.extend(auth.notices)
    return Manifest(config_map(data), node.at, data_at)


def _is_list(node: Node, name: str) -> bool:
    items = node.items()
    for item in items:
        if name == ACCOUNTS:
            item.text()
        elif not isinstance(item.value, Mapping):
            item.fault(FaultCode.NOT_AN_OBJECT, "expected an entry, which is an object")
    return node.value is None or isinstance(node.value, list)


def _manifest(node: Node, notices: list[Notice]) -> Manifest | None:
    body = node.value
    if not isinstance(body, Mapping):
        node.fault(FaultCode.NOT_AN_OBJECT, "expected a Kubernetes object")
        return None
    for name in ("apiVersion", "kind"):
        if not node.member(name).text():
            node.fault(FaultCode.MISSING, f"`{name}` is missing")
    if not node.member("metadata").member("name").text():
        node.fault(FaultCode.MISSING, "`metadata.name` is missing")
    found = Manifest(body, node.at)
    if text(body, "apiVersion").startswith(f"{GROUP}/"):
        try:
            parse_object(body, node.at, "default")
        except SekishoInputError as error:
            node.faults.extend(error.faults)
    if is_aws_auth(body):
        auth = read_data(data_of(body), node.at.child("data"))
        node.faults.extend(auth.faults)
        notices.extend(auth.notices)
    return found


def _check_once(node: Node, found: WorldCluster) -> None:
    """Note each object that the cluster would hold twice."""
    arn = str(found.cluster.arn)
    seen: dict[Key, Ref] = {}
    auth = () if found.aws_auth is None else (found.aws_auth,)
    workers = tuple(
        Manifest({"apiVersion": "v1", "kind": "Node", "metadata": {"name": one.name}}, one.at)
        for one in found.nodes
    )
    for manifest in (*auth, *workers, *found.manifests):
        key = manifest.key(arn)
        at = manifest.at or node.at
        if key in seen:
            shown = f"{text(manifest.body, 'kind')} `{key.name.lstrip('/')}`"
            node.faults.add(FaultCode.TWICE, at, f"the {shown} stands at {seen[key].pointer} already")
        seen.setdefault(key, at)
