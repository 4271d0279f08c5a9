"""Associations, add-ons and nodes among the facts, and associations in world files, read and saved."""

from dataclasses import replace

import pytest

from sekisho.decide.chain.pod_identity_to_aws import associated
from sekisho.decide.decision import Outcome
from sekisho.decide.sts.pod_identity import PodSubject
from sekisho.decide.values import AccountId, Instant, Json, Ref
from sekisho.facts import (
    Cluster,
    ClusterAddon,
    Gap,
    InstanceProfile,
    Key,
    Kind,
    PodIdentityAssociation,
    Put,
    Role,
    Snapshot,
    kube_key,
)
from sekisho.facts.json_form import fact_from_json, fact_to_json
from sekisho.facts.node_identity import (
    instance_names,
    instance_profile_of,
    node_identity,
    node_role,
)
from sekisho.facts.pod_identity import association_for, association_key, associations_of, pod_identity_of

HOME = AccountId("111122223333")
THEN = Instant.parse_rfc3339("2026-01-02T03:04:05Z")
CLUSTER = Cluster(HOME, "eu-north-1", "tide", "1.34", THEN, issuer="https://issuer.example")
ARN = str(CLUSTER.arn)
ONE = PodIdentityAssociation(
    ARN, "a-1", "billing", "ledger", f"arn:aws:iam::{HOME}:role/ledger", THEN, THEN, external_id="x"
)
ROLE = Role(HOME, "node", "AROANODE000000000001", THEN, "{}", path="/nodes/")


def snapshot(*puts: Put, gaps: tuple[Gap, ...] = ()) -> Snapshot:
    return Snapshot((Put(Key(Kind.CLUSTER, f"{HOME}/eu-north-1", "tide"), CLUSTER), *puts), gaps)


def test_associations_by_service_account() -> None:
    facts = snapshot(Put(association_key(ONE), ONE))
    assert associations_of(facts, ARN) == (ONE,)
    assert association_for(facts, ARN, "billing", "ledger") == ONE
    assert association_for(facts, ARN, "default", "ledger") is None
    assert association_for(facts, "other", "billing", "ledger") is None
    assert str(ONE.arn) == f"arn:aws:eks:eu-north-1:{HOME}:podidentityassociation/tide/a-1"


def test_a_cluster_as_the_chain_asks_about_it() -> None:
    subject = PodSubject(ARN, CLUSTER.issuer, "billing", "ledger")
    found = associated(subject, pod_identity_of(snapshot(Put(association_key(ONE), ONE)), CLUSTER))
    assert found.value is not None
    assert (found.value.role, found.value.external_id) == (ONE.role, "x")
    gap = Gap(Kind.POD_IDENTITY, ARN, "not listed")
    unread = associated(subject, pod_identity_of(snapshot(gaps=(gap,)), CLUSTER))
    assert unread.outcome is Outcome.UNKNOWN


def test_they_are_stored_as_json() -> None:
    addon = ClusterAddon(ARN, "eks-pod-identity-agent", "v1", "uuid", THEN, THEN, (("team", "tide"),))
    for kind, fact in ((Kind.POD_IDENTITY, ONE), (Kind.ADDON, addon)):
        assert fact_from_json(kind, fact_to_json(fact), Ref("state")) == fact
    assert str(addon.arn) == f"arn:aws:eks:eu-north-1:{HOME}:addon/tide/eks-pod-identity-agent/uuid"


def node(name: str, spec: Json = None, addresses: Json = None) -> Put:
    body: dict[str, Json] = {
        "metadata": {"name": name},
        "spec": {} if spec is None else spec,
        "status": {"addresses": addresses} if addresses is not None else None,
    }
    return Put(kube_key(ARN, "", "nodes", "", name), body)


def aws_auth(*roles: str, group: str = "system:nodes") -> Put:
    lines = "".join(
        f"- rolearn: {role}\n  username: system:node:{{{{EC2PrivateDNSName}}}}\n  groups: [{group}]\n"
        for role in roles
    )
    body: dict[str, Json] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "aws-auth", "namespace": "kube-system"},
        "data": {"mapRoles": lines},
    }
    return Put(kube_key(ARN, "", "configmaps", "kube-system", "aws-auth"), body)


HAS_ROLE = Put(Key(Kind.ROLE, HOME, "node"), ROLE)
MAPPED = aws_auth(f"arn:aws:iam::{HOME}:role/node")


def test_a_node_is_an_instance() -> None:
    addresses: Json = [{"type": "Hostname", "address": "n-1"}, {"type": "InternalIP", "address": "10.0.0.9"}]
    facts = snapshot(
        node("n-1", {"providerID": "aws:///eu-north-1b/i-0123456789abcdef0"}, addresses),
        node("n-2", {"providerID": "kind://n-2"}),
        node("", {}),
        HAS_ROLE,
        MAPPED,
    )
    first = node_identity(facts, CLUSTER, "n-1")
    assert first is not None
    assert (first.instance, first.zone, first.address) == ("i-0123456789abcdef0", "eu-north-1b", "10.0.0.9")
    assert (first.role, first.key) == (ROLE, (ARN, "n-1"))
    second = node_identity(facts, CLUSTER, "n-2")
    assert second is not None
    assert (second.zone, second.address, len(second.instance)) == ("eu-north-1a", "", 19)
    assert instance_names(facts, CLUSTER) == {first.instance: "n-1", second.instance: "n-2"}
    assert node_identity(facts, CLUSTER, "n-3") is None


def test_the_role_of_the_nodes() -> None:
    """An access entry for instances goes before aws-auth; a mapping of another group is no node's."""
    from sekisho.decide.eks.access_entry import AccessEntry, EntryType
    from sekisho.facts.cluster_access import ClusterAccessEntry

    other = replace(ROLE, name="ec2", path="/")
    entries = [
        ClusterAccessEntry(ARN, AccessEntry(principal, kind, ""), "u", THEN, THEN)
        for principal, kind in (
            (f"arn:aws:iam::{HOME}:role/plain", EntryType.STANDARD),
            (str(other.arn), EntryType.EC2_LINUX),
        )
    ]
    puts = [Put(Key(Kind.ACCESS_ENTRY, ARN, one.entry.principal), one) for one in entries]
    has_other = Put(Key(Kind.ROLE, HOME, "ec2"), other)
    both = replace(CLUSTER, authentication_mode="API_AND_CONFIG_MAP")
    facts = snapshot(HAS_ROLE, has_other, MAPPED, *puts)
    assert node_role(facts, both) == other
    assert node_role(facts, CLUSTER) == ROLE
    assert node_role(snapshot(HAS_ROLE, MAPPED), replace(CLUSTER, authentication_mode="API")) is None
    assert node_role(snapshot(HAS_ROLE), CLUSTER) is None
    assert node_role(snapshot(HAS_ROLE, aws_auth(str(ROLE.arn), group="x")), CLUSTER) is None
    gone = f"arn:aws:iam::{HOME}:role/gone"
    assert node_role(snapshot(HAS_ROLE, aws_auth(gone, str(ROLE.arn))), CLUSTER) == ROLE
    odd = ("not-an-arn", f"arn:aws:iam::{HOME}:user/node")
    assert node_role(snapshot(HAS_ROLE, aws_auth(*odd)), CLUSTER) is None


def test_the_instance_profile_of_a_role() -> None:
    own = InstanceProfile(HOME, "nodes", "AIPANODES", THEN, role="node")
    other = replace(own, name="other", role="other")
    puts = [Put(Key(Kind.INSTANCE_PROFILE, HOME, one.name), one) for one in (other, own)]
    assert instance_profile_of(snapshot(*puts), ROLE) == (str(own.arn), "AIPANODES")
    arn, profile_id = instance_profile_of(snapshot(puts[0]), ROLE)
    assert arn.startswith(f"arn:aws:iam::{HOME}:instance-profile/eks-")
    assert (profile_id[:4], len(profile_id)) == ("AIPA", 21)


@pytest.mark.parametrize("body", [[], "text", None])
def test_a_node_of_another_shape_has_no_address(body: Json) -> None:
    facts = snapshot(node("n-1", {}, body))
    found = node_identity(facts, CLUSTER, "n-1")
    assert found is not None
    assert (found.address, found.role) == ("", None)
