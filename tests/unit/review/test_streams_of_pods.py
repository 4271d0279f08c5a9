"""Who can get a stream of a pod, by the cluster's version: `can` and `who-can` say the same."""

import pytest

from sekisho.decide.chain import authorize
from sekisho.decide.decision import Outcome
from sekisho.decide.request.kubernetes import parse
from sekisho.decide.values import AccountId, Instant, Json, JsonObject, KubeUser
from sekisho.facts import Cluster, Put, Snapshot, kube_key
from sekisho.facts.snapshot_cluster import SnapshotCluster
from sekisho.review.kube_who_can import who_can_in

GROUP = "rbac.authorization.k8s.io"
EXEC = parse("GET", "/api/v1/namespaces/default/pods/web/exec")


def cluster(version: str) -> Cluster:
    account = AccountId("111122223333")
    return Cluster(account, "ap-northeast-1", "one", version, Instant.from_epoch(0), "CONFIG_MAP", "")


def grant(arn: str, name: str, verb: str, *users: str) -> list[Put]:
    rule: JsonObject = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": [verb]}
    subjects: list[Json] = [{"kind": "User", "name": user, "apiGroup": GROUP} for user in users]
    kinds: JsonObject = {"apiVersion": f"{GROUP}/v1", "metadata": {"name": name}}
    role: JsonObject = {**kinds, "kind": "ClusterRole", "rules": [rule]}
    ref: JsonObject = {"kind": "ClusterRole", "name": name, "apiGroup": GROUP}
    binding: JsonObject = {**kinds, "kind": "ClusterRoleBinding", "roleRef": ref, "subjects": subjects}
    return [
        Put(kube_key(arn, GROUP, "clusterroles", "", name), role),
        Put(kube_key(arn, GROUP, "clusterrolebindings", "", name), binding),
    ]


@pytest.mark.parametrize(
    ("version", "subjects", "looker"),
    [
        ("1.34", {"User:looker", "User:both"}, Outcome.ALLOW),
        ("1.35", {"User:both"}, Outcome.NO_OPINION),
        ("", {"User:both"}, Outcome.UNKNOWN),
    ],
)
def test_who_can_and_can_agree(version: str, subjects: set[str], looker: Outcome) -> None:
    one = cluster(version)
    arn = str(one.arn)
    looks, runs = grant(arn, "looks", "get", "looker", "both"), grant(arn, "runs", "create", "runner", "both")
    snapshot = Snapshot([*looks, *runs])
    facts = SnapshotCluster(snapshot, one)
    assert {access.subject for access in who_can_in(EXEC, snapshot, facts).subjects} == subjects
    assert authorize(KubeUser("looker"), EXEC, facts).outcome is looker
    assert authorize(KubeUser("both"), EXEC, facts).outcome is Outcome.ALLOW
