"""The ``clusters`` of a world file, made from facts: what people made in them, as manifests."""

from collections.abc import Iterable, Mapping

from sekisho.decide.authn.aws_auth import ACCOUNTS, SECTIONS
from sekisho.decide.values import Arn, Instant, Json, JsonObject, Ref, SekishoInputError, documents
from sekisho.facts.aws_auth_data import config_map, data_of, is_aws_auth, read_data, section_text
from sekisho.facts.keys import Key, Kind
from sekisho.facts.manifest import text
from sekisho.facts.model import Cluster
from sekisho.facts.node_manifest import WorkerNode, node_manifest
from sekisho.facts.snapshot import Put, Snapshot
from sekisho.facts.world.saved.accounts import filled, tags_document
from sekisho.facts.world.saved.associations import association_documents
from sekisho.facts.world.saved.entries import entry_documents, is_principal
from sekisho.facts.world.saved.providers import provider_documents
from sekisho.facts.world.tables import CLUSTER

_SERVER_OWNED = frozenset(
    {"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink"}
)
_FIRST_KINDS = ("Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_AT = Ref("facts")
_HISTORY = " /events"


def cluster_document(
    facts: Snapshot, cluster: Cluster, region: str, stock: Iterable[Put], notices: list[str]
) -> JsonObject:
    """Return a cluster with the objects that are not in ``stock``; what is left out is noted."""
    bodies = _bodies(facts, str(cluster.arn))
    known: dict[Key, JsonObject] = {put.key: put.value for put in stock if isinstance(put.value, Mapping)}
    own = [
        saved_body(body)
        for key, body in bodies.items()
        if not (key in known and saved_body(known[key]) == saved_body(body))
    ]
    maps = [body for body in own if is_aws_auth(body)]
    workers = {id(body): worker for body in own if (worker := _worker(body, cluster)) is not None}
    manifests = [body for body in own if id(body) not in workers and not is_aws_auth(body)]
    aws_auth = _aws_auth(maps[0]) if maps else None
    secrets = [body for body in manifests if text(body, "kind") == "Secret"]
    if secrets:
        notices.append(f"Secrets of {cluster.name} are saved without their data: {len(secrets)}")
    if maps and aws_auth is None:
        manifests.append(maps[0])
    document = filled(
        {
            "name": cluster.name,
            "account": cluster.account,
            "region": None if cluster.region == region else cluster.region,
            "version": cluster.version,
            "created": cluster.created.rfc3339(),
            "authenticationMode": cluster.authentication_mode,
            "creator": _creator(facts, cluster, notices),
            "roleArn": _role_arn(facts, cluster, notices),
            "issuer": cluster.issuer,
            "platformVersion": _unless_default("platformVersion", cluster.platform_version),
            "subnetIds": list(cluster.subnet_ids),
            "securityGroupIds": list(cluster.security_group_ids),
            "serviceIpv4Cidr": _unless_default("serviceIpv4Cidr", cluster.service_ipv4_cidr),
            "tags": tags_document(cluster.tags),
            "brokenAwsAuth": True if maps and read_data(data_of(maps[0]), _AT).faults else None,
        }
    )
    document |= entry_documents(facts, cluster, notices) | provider_documents(facts, cluster)
    document |= filled({"podIdentityAssociations": association_documents(facts, cluster)})
    addons = len(facts.scope(Kind.ADDON, str(cluster.arn)))
    if addons:
        notices.append(f"add-ons of {cluster.name} are left out: {addons}")
    if aws_auth is not None:
        document["awsAuth"] = aws_auth
    absent = sorted((body for key, body in known.items() if key not in bodies), key=_order)
    manifests.sort(key=_order)
    listed: dict[str, list[Json]] = {
        "nodes": [workers[name] for name in sorted(workers, key=lambda name: str(workers[name]["name"]))],
        "absent": [_absent(body) for body in absent],
        "manifests": [*manifests],
    }
    return {**document, **filled(listed)}


def saved_body(body: JsonObject) -> JsonObject:
    """Return an object without what an API server adds to it, or a controller: rules that are aggregated."""
    metadata = body.get("metadata")
    kept = metadata if isinstance(metadata, Mapping) else {}
    whole = {
        **body,
        "metadata": {name: value for name, value in kept.items() if name not in _SERVER_OWNED},
    }
    if isinstance(body.get("aggregationRule"), Mapping):
        whole.pop("rules", None)
    return whole


def _bodies(facts: Snapshot, arn: str) -> dict[Key, JsonObject]:
    keys = (
        Key(Kind.KUBE, scope, name)
        for scope in facts.scopes(Kind.KUBE)
        if scope.startswith(f"{arn} ") and not scope.endswith(_HISTORY)
        for name in facts.scope(Kind.KUBE, scope)
    )
    return {key: body for key in keys if (body := facts.kube(key)) is not None}


def _order(body: JsonObject) -> tuple[int, str, str, str]:
    kind, metadata = text(body, "kind"), body.get("metadata")
    rank = _FIRST_KINDS.index(kind) if kind in _FIRST_KINDS else len(_FIRST_KINDS)
    return rank, kind, text(metadata, "namespace"), text(metadata, "name")


def _absent(body: JsonObject) -> JsonObject:
    metadata = body.get("metadata")
    return filled(
        {
            "apiVersion": text(body, "apiVersion"),
            "kind": text(body, "kind"),
            "name": text(metadata, "name"),
            "namespace": text(metadata, "namespace"),
        }
    )


def _aws_auth(body: JsonObject) -> JsonObject | None:
    """Return aws-auth as entries, as text where entries would not keep it, None where neither would."""
    data = data_of(body)
    if body != config_map(data) or not set(data) <= set(SECTIONS):
        return None
    found = {name: _entries(name, section) for name, section in data.items()}
    entries = {name: listed for name, listed in found.items() if listed is not None}
    ordered = [name for name in SECTIONS if name in data]
    if len(entries) == len(data):
        return {name: entries[name] for name in ordered}
    return {"raw": {name: data[name] for name in ordered}}


def _entries(name: str, section: str) -> list[Json] | None:
    try:
        value = documents.parse_yaml(section)
    except SekishoInputError:
        return None
    item = str if name == ACCOUNTS else Mapping
    if not isinstance(value, list) or not all(isinstance(one, item) for one in value):
        return None
    return value if section_text(value) == section else None


def _worker(body: JsonObject, cluster: Cluster) -> JsonObject | None:
    """Return a Node in the few words that make the same one; None if it is not as those are."""
    if (text(body, "apiVersion"), text(body, "kind")) != ("v1", "Node"):
        return None
    name, labels = text(body["metadata"], "name"), _member(body, "metadata", "labels")
    version = text(_member(body, "status", "nodeInfo"), "kubeletVersion")
    condition = _first(_member(body, "status", "conditions"))
    address = text(_first(_member(body, "status", "addresses")), "address")
    own = WorkerNode(
        _AT,
        name,
        "" if version == f"v{cluster.version}.0" else version,
        "",
        text(condition, "status") == "True",
        _own_labels(name, labels, cluster),
    )
    try:
        seen = Instant.parse_rfc3339(text(condition, "lastHeartbeatTime"))
    except ValueError:
        return None
    for worker in (own, WorkerNode(_AT, name, own.version, address, own.ready, own.labels)):
        if saved_body(node_manifest(worker, cluster, seen)) == body:
            return {
                **filled(
                    {
                        "name": name,
                        "version": worker.version,
                        "address": worker.address,
                        "ready": None if worker.ready else False,
                    }
                ),
                **filled({"labels": dict(worker.labels)}),
            }
    return None


def _own_labels(name: str, labels: Json, cluster: Cluster) -> tuple[tuple[str, str], ...]:
    plain = node_manifest(WorkerNode(_AT, name), cluster, cluster.created)
    usual = _member(plain, "metadata", "labels")
    members = labels.items() if isinstance(labels, Mapping) else ()
    return tuple(
        (key, value)
        for key, value in members
        if isinstance(value, str) and not (isinstance(usual, Mapping) and usual.get(key) == value)
    )


def _creator(facts: Snapshot, cluster: Cluster, notices: list[str]) -> str:
    """Return the creator as the reader finds it: short if it is there, by its ARN if it is gone."""
    root = f"arn:{cluster.partition}:iam::{cluster.account}:root"
    if cluster.creator == root:
        return "root"
    if _is_own(facts, cluster, cluster.creator):
        known = {
            *(str(one.arn) for one in facts.users(cluster.account)),
            *(str(one.arn) for one in facts.roles(cluster.account)),
        }
        return cluster.creator.rpartition(":")[2] if cluster.creator in known else cluster.creator
    notices.append(f"the creator of {cluster.name} is nobody of its account: root stands in its place")
    return "root"


def _role_arn(facts: Snapshot, cluster: Cluster, notices: list[str]) -> str:
    if not cluster.role_arn or _is_own(facts, cluster, cluster.role_arn):
        return cluster.role_arn
    notices.append(f"the role of {cluster.name} is no role of its account: it is left out")
    return ""


def _is_own(facts: Snapshot, cluster: Cluster, name: str) -> bool:
    return is_principal(facts, name) and Arn.parse(name).account == cluster.account


def _unless_default(name: str, value: str) -> str:
    shape = CLUSTER.shape(name)
    return "" if value == getattr(shape, "default", "") else value


def _member(body: JsonObject, name: str, member: str) -> Json:
    found = body.get(name)
    return found.get(member) if isinstance(found, Mapping) else None


def _first(value: Json) -> Json:
    return value[0] if isinstance(value, list) and value else None
