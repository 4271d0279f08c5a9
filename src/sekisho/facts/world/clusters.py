"""The ``clusters`` of a world file: who created each, whom aws-auth maps, and what they hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sekisho.decide.authn.aws_auth import ACCOUNTS, SECTIONS
from sekisho.decide.authn.notice import Notice
from sekisho.decide.rbac.objects import GROUP, parse_object
from sekisho.decide.values import AccountId, Arn, JsonObject, Ref, SekishoInputError
from sekisho.facts.aws_auth_data import config_map, data_of, is_aws_auth, read_data, section_text
from sekisho.facts.cluster_access import ClusterIdentityProvider
from sekisho.facts.keys import Key
from sekisho.facts.manifest import Manifest, text
from sekisho.facts.model import Account, Cluster, Role, User
from sekisho.facts.node_manifest import WorkerNode
from sekisho.facts.shape import FaultCode, Node, nearest
from sekisho.facts.world.associations import WorldAssociation, read_associations
from sekisho.facts.world.content import UNDATED, Accounts
from sekisho.facts.world.entries import WorldEntry, read_entries
from sekisho.facts.world.providers import read_identity_providers
from sekisho.facts.world.shape import Fields
from sekisho.facts.world.tables import AWS_AUTH, AWS_AUTH_RAW, CLUSTER

_NO_ACCOUNT = Account(AccountId(""), "")
"""Stands for an account that the file does not have; what would refer into it is not checked."""


@dataclass(frozen=True, slots=True)
class WorldCluster:
    """A cluster of a world file; ``cluster`` has no endpoint, authority, issuer and date yet.

    ``aws_auth`` is None if the file writes no ``awsAuth``: it may be among ``manifests``, or there is none.
    ``absent`` are the keys of what a new cluster has and this one does not.
    """

    at: Ref
    cluster: Cluster
    aws_auth: Manifest | None = None
    nodes: tuple[WorkerNode, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    absent: tuple[Key, ...] = ()
    entries: tuple[WorldEntry, ...] = ()
    associations: tuple[WorldAssociation, ...] = ()
    providers: tuple[ClusterIdentityProvider, ...] = ()


def read_clusters(
    node: Node, accounts: Accounts, region: str
) -> tuple[tuple[WorldCluster, ...], tuple[Notice, ...]]:
    """Return the clusters and what is odd about their aws-auth; every fault is noted."""
    notices: list[Notice] = []
    found: dict[str, WorldCluster] = {}
    for item in node.items():
        cluster = _read_cluster(Fields.of(item, CLUSTER), accounts, region, notices)
        arn = str(cluster.cluster.arn)
        if arn in found:
            item.member("name").fault(
                FaultCode.TWICE,
                f"another cluster of the account and region is called `{cluster.cluster.name}`",
            )
        found[arn] = cluster
    return tuple(found.values()), tuple(notices)


def _read_cluster(fields: Fields, accounts: Accounts, region: str, notices: list[Notice]) -> WorldCluster:
    node = fields.node
    account = accounts.named_account(fields.member("account"), fields.text("account")) or _NO_ACCOUNT
    cluster = Cluster(
        account=account.account,
        region=fields.text("region", region),
        name=fields.text("name"),
        version=fields.text("version"),
        created=fields.moment("created", UNDATED),
        authentication_mode=fields.text("authenticationMode"),
        creator=_creator(fields, account, accounts),
        partition=account.partition,
        issuer=fields.text("issuer"),
        role_arn=_role_arn(fields, account, accounts),
        platform_version=fields.text("platformVersion"),
        tags=fields.pairs("tags"),
        subnet_ids=fields.texts("subnetIds"),
        security_group_ids=fields.texts("securityGroupIds"),
        service_ipv4_cidr=fields.text("serviceIpv4Cidr"),
    )
    reader = _AwsAuthReader(notices, is_broken=fields.flag("brokenAwsAuth"))
    manifests = tuple(_manifest(item, reader) for item in fields.member("manifests").items())
    found = WorldCluster(
        node.at,
        cluster,
        reader.sections(fields.member("awsAuth")),
        tuple(_worker(item) for item in fields.objects("nodes")),
        tuple(manifest for manifest in manifests if manifest is not None),
        tuple(_absent(item, str(cluster.arn)) for item in fields.objects("absent")),
        _entries(fields, cluster, accounts),
        read_associations(
            fields, cluster, _spellings([one for one in accounts.roles if one.account == account.account])
        ),
        read_identity_providers(fields, cluster),
    )
    _check_once(node, found)
    return found


def _creator(fields: Fields, account: Account, accounts: Accounts) -> str:
    """Return the ARN of ``user/NAME``, ``role/NAME``, ``root`` or of an ARN, if there is such an identity."""
    node, written = fields.member("creator"), fields.text("creator")
    root = str(Arn(account.partition, "iam", "", account.account, "root"))
    if written in ("root", root):
        return root
    spellings = _spellings(accounts.identities_of(account.account))
    if written in spellings or written in accounts.gone:
        return spellings.get(written, written)
    if written and account is not _NO_ACCOUNT:
        hint = nearest(written, spellings) or "name a user or role of the cluster's account: user/NAME"
        node.fault(FaultCode.REFERENCE, f"account {account.account} has no identity `{written[:200]}`", hint)
    return ""


def _entries(fields: Fields, cluster: Cluster, accounts: Accounts) -> tuple[WorldEntry, ...]:
    """Return the access entries: of users and roles of every account, by ARN those of other accounts."""
    people: tuple[User | Role, ...] = (*accounts.users, *accounts.roles)
    known = {str(one.arn): str(one.arn) for one in people}
    spellings = {**known, **_spellings(accounts.identities_of(cluster.account))}
    wanted = fields.flag("bootstrapClusterCreatorAdminPermissions")
    if not wanted and cluster.authentication_mode == "CONFIG_MAP":
        fields.member("bootstrapClusterCreatorAdminPermissions").fault(
            FaultCode.CHOICE,
            "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to "
            "CONFIG_MAP",
        )
    # EKS makes the entry for an identity that exists: a creator that is gone has none.
    bootstrap = wanted and cluster.creator in known
    return read_entries(fields, cluster, spellings, frozenset(accounts.gone), bootstrap=bootstrap)


def _role_arn(fields: Fields, account: Account, accounts: Accounts) -> str:
    node, written = fields.member("roleArn"), fields.text("roleArn")
    roles = [one for one in accounts.roles if one.account == account.account]
    spellings = _spellings(roles)
    if written in spellings or written in accounts.gone:
        return spellings.get(written, written)
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


def _worker(fields: Fields) -> WorkerNode:
    return WorkerNode(
        fields.node.at,
        fields.text("name"),
        fields.text("version"),
        fields.text("address"),
        fields.flag("ready"),
        fields.pairs("labels"),
    )


def _absent(fields: Fields, arn: str) -> Key:
    metadata: JsonObject = {"name": fields.text("name"), "namespace": fields.text("namespace")}
    body: JsonObject = {"apiVersion": fields.text("apiVersion"), "kind": fields.text("kind")}
    return Manifest({**body, "metadata": metadata}, fields.node.at).key(arn)


@dataclass(frozen=True, slots=True)
class _AwsAuthReader:
    """Reads aws-auth as EKS does; with ``is_broken``, what is wrong with it is meant."""

    notices: list[Notice]
    is_broken: bool

    def sections(self, node: Node) -> Manifest | None:
        """Return the ConfigMap that ``awsAuth`` stands for; None if there is none."""
        if node.value is None:
            return None
        fields = Fields.of(node, AWS_AUTH)
        if not fields.has("raw"):
            data = {
                name: section_text(node.member(name).value) for name in SECTIONS if _is_list(fields, name)
            }
            self.check(node, data, node.at, rewritten=True)
            return Manifest(config_map(data), node.at, node.at)
        raw = Fields.of(fields.member("raw"), AWS_AUTH_RAW)
        if any(fields.has(name) for name in SECTIONS):
            raw.node.fault(FaultCode.CHOICE, "expected `raw` alone, without sections beside it")
        data = {name: raw.text(name) for name in SECTIONS if raw.has(name)}
        self.check(node, data, raw.node.at)
        return Manifest(config_map(data), node.at, raw.node.at)

    def check(self, node: Node, data: Mapping[str, str], at: Ref, *, rewritten: bool = False) -> None:
        """Note what is wrong with the data of the ConfigMap, and what is odd."""
        auth = read_data(data, at, rewritten=rewritten)
        self.notices.extend(auth.notices)
        if not self.is_broken:
            node.faults.extend(auth.faults)


def _is_list(fields: Fields, name: str) -> bool:
    if name == ACCOUNTS:
        fields.texts(name)
    else:
        for item in fields.member(name).items():
            if not isinstance(item.value, Mapping):
                item.fault(FaultCode.NOT_AN_OBJECT, "expected an entry, which is an object")
    return isinstance(fields.member(name).value, list)


def _manifest(node: Node, reader: _AwsAuthReader) -> Manifest | None:
    body = node.value
    if not isinstance(body, Mapping):
        node.fault(FaultCode.NOT_AN_OBJECT, "expected a Kubernetes object")
        return None
    for name in ("apiVersion", "kind"):
        if not node.member(name).text():
            node.fault(FaultCode.MISSING, f"`{name}` is missing")
    if not node.member("metadata").member("name").text():
        node.fault(FaultCode.MISSING, "`metadata.name` is missing")
    node.member("metadata").member("namespace").text()
    found = Manifest(body, node.at)
    if text(body, "apiVersion").startswith(f"{GROUP}/"):
        try:
            parse_object(body, node.at, "default")
        except SekishoInputError as error:
            node.faults.extend(error.faults)
    if is_aws_auth(body):
        reader.check(node, data_of(body), node.at.child("data"))
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
