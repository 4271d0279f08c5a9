"""A cluster of a Snapshot answers what the chain asks, and knows what it does not know."""

import pytest

from sekisho.decide.authn.sts_answer import identity_of
from sekisho.decide.chain import ClusterFacts, LinkName, chain_of
from sekisho.decide.decision import Outcome
from sekisho.decide.eks.access_entry import AccessEntry, EntryType
from sekisho.decide.rbac.objects import GROUP
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import AccountId, Instant, Ref, SekishoInputError
from sekisho.facts import (
    Account,
    Cluster,
    ClusterAccessEntry,
    Event,
    Gap,
    Kind,
    Put,
    Snapshot,
    kube_key,
    kube_scope,
)
from sekisho.facts.aws_auth_data import aws_auth_key, config_map, section_text
from sekisho.facts.files import read_documents
from sekisho.facts.identity import identity_from_arn
from sekisho.facts.snapshot_cluster import RBAC_RESOURCES, SnapshotCluster, aws_auth_scope
from sekisho.facts.world.entries import put_entry
from unit.facts.worlds import WORLD

NOW = Instant.from_epoch(0)
ACCOUNT = AccountId("111122223333")
CREATOR = "arn:aws:iam::111122223333:user/eks-admin"
OPERATOR = "arn:aws:iam::111122223333:user/eks-ope"
IDENTITY = identity_of(OPERATOR, "AIDA1", ACCOUNT)
LIST_NODES = RequestAttributes("list", resource="nodes")


def cluster_of(mode: str = "CONFIG_MAP", creator: str = CREATOR) -> Cluster:
    return Cluster(ACCOUNT, "ap-northeast-1", "eks-clu", "1.34", NOW, mode, creator)


ARN = str(cluster_of().arn)
ENTRY = section_text([{"userarn": OPERATOR, "username": "eks-ope", "groups": ["operators"]}])
MAPPED = Put(aws_auth_key(ARN), config_map({"mapUsers": ENTRY}))
AUTH_GAP = Gap(Kind.KUBE, aws_auth_scope(ARN), "not allowed to read it")


def links(facts: ClusterFacts) -> list[tuple[str, Outcome, str]]:
    """The chain's links, each with its outcome and the code that decided."""
    chain = chain_of((), IDENTITY, facts, LIST_NODES)
    return [(link.name, link.decision.outcome, str(link.decision.decisive[0].code)) for link in chain.links]


BY_ENTRY = put_entry(
    ClusterAccessEntry(ARN, AccessEntry(OPERATOR, EntryType.STANDARD, "by-entry"), "0", NOW, NOW)
)

MAPPINGS: dict[str, tuple[Cluster, list[Event], list[Gap], Outcome, str]] = {
    "mapped": (cluster_of(), [MAPPED], [], Outcome.ALLOW, "mapping.user-matched"),
    "aws-auth absent": (cluster_of(), [], [], Outcome.NO_OPINION, "mapping.not-mapped"),
    "aws-auth unread": (cluster_of(), [], [AUTH_GAP], Outcome.UNKNOWN, "mapping.source-unread"),
    "all ConfigMaps unread": (
        cluster_of(),
        [],
        [Gap(Kind.KUBE, kube_scope(ARN, "", "configmaps"), "not read")],
        Outcome.UNKNOWN,
        "mapping.source-unread",
    ),
    "creator": (cluster_of(creator=OPERATOR), [], [], Outcome.ALLOW, "eks.cluster-creator"),
    "creator, aws-auth unread": (
        cluster_of(creator=OPERATOR),
        [],
        [AUTH_GAP],
        Outcome.ALLOW,
        "eks.cluster-creator",
    ),
    "creator unread": (cluster_of(creator=""), [], [], Outcome.UNKNOWN, "eks.creator-unknown"),
    "creator unread, mapped": (cluster_of(creator=""), [MAPPED], [], Outcome.ALLOW, "mapping.user-matched"),
    "no access entry": (cluster_of("API"), [MAPPED], [], Outcome.NO_OPINION, "mapping.not-mapped"),
    "access entries unread": (
        cluster_of("API"),
        [MAPPED],
        [Gap(Kind.ACCESS_ENTRY, ARN, "not listed")],
        Outcome.UNKNOWN,
        "mapping.source-unread",
    ),
    "access entries, which count first, unread": (
        cluster_of("API_AND_CONFIG_MAP"),
        [MAPPED],
        [Gap(Kind.ACCESS_ENTRY, ARN, "not listed")],
        Outcome.UNKNOWN,
        "mapping.source-unread",
    ),
    "no access entry, but aws-auth": (
        cluster_of("API_AND_CONFIG_MAP"),
        [MAPPED],
        [],
        Outcome.ALLOW,
        "mapping.user-matched",
    ),
    "an access entry before aws-auth": (
        cluster_of("API_AND_CONFIG_MAP"),
        [MAPPED, BY_ENTRY],
        [],
        Outcome.ALLOW,
        "mapping.access-entry-matched",
    ),
    "an access entry, aws-auth unread": (
        cluster_of("API_AND_CONFIG_MAP"),
        [BY_ENTRY],
        [AUTH_GAP],
        Outcome.ALLOW,
        "mapping.access-entry-matched",
    ),
    "an access entry in a list that was not read": (
        cluster_of("API"),
        [BY_ENTRY],
        [Gap(Kind.ACCESS_ENTRY, ARN, "not listed")],
        Outcome.ALLOW,
        "mapping.access-entry-matched",
    ),
    "an access entry that was not described": (
        cluster_of("API"),
        [],
        [Gap(Kind.ACCESS_ENTRY, f"{ARN} {OPERATOR}", "not described")],
        Outcome.UNKNOWN,
        "eks.access-entry-undescribed",
    ),
    "an access entry in CONFIG_MAP counts nothing": (
        cluster_of(),
        [BY_ENTRY],
        [],
        Outcome.NO_OPINION,
        "mapping.not-mapped",
    ),
    "mode unread": (cluster_of(""), [MAPPED], [], Outcome.UNKNOWN, "mapping.source-unread"),
}


@pytest.mark.parametrize(
    ("cluster", "events", "gaps", "outcome", "code"), MAPPINGS.values(), ids=MAPPINGS.keys()
)
def test_a_mapping_is_known_absent_or_unread(
    cluster: Cluster, events: list[Event], gaps: list[Gap], outcome: Outcome, code: str
) -> None:
    found = links(SnapshotCluster(Snapshot(events, gaps), cluster))
    assert (LinkName.MAPPING, outcome, code) in found


def test_unread_rbac_objects_leave_authorization_unknown() -> None:
    gaps = [Gap(Kind.KUBE, kube_scope(ARN, GROUP, resource), "no") for resource in RBAC_RESOURCES]
    facts = SnapshotCluster(Snapshot([MAPPED], gaps[:1]), cluster_of())
    assert facts.rbac is None
    assert facts.gaps == (gaps[0],)
    assert links(facts)[-1] == (LinkName.AUTHORIZATION, Outcome.UNKNOWN, "chain.rbac-unread")


def test_rbac_objects_that_are_absent_grant_nothing() -> None:
    facts = SnapshotCluster(Snapshot([MAPPED]), cluster_of())
    assert links(facts)[-1][:2] == (LinkName.AUTHORIZATION, Outcome.NO_OPINION)


def test_the_reason_of_a_gap_is_told() -> None:
    facts = SnapshotCluster(Snapshot([], [AUTH_GAP]), cluster_of())
    assert [fault.problem for fault in facts.backends[0].unread] == ["not allowed to read it"]
    assert facts.aws_auth is None


def test_an_object_that_cannot_be_read_is_refused_not_left_out() -> None:
    key = kube_key(ARN, GROUP, "clusterroles", "", "broken")
    with pytest.raises(SekishoInputError):
        SnapshotCluster(Snapshot([Put(key, {"kind": "ClusterRole"})]), cluster_of())


def test_a_fact_that_is_no_object_is_no_rbac_object() -> None:
    key = kube_key(ARN, GROUP, "clusterroles", "", "odd")
    facts = SnapshotCluster(Snapshot([Put(key, Account(ACCOUNT, "dev"))]), cluster_of())
    assert facts.rbac is not None
    assert not facts.rbac.roles


def test_the_cluster_says_what_it_is() -> None:
    facts = SnapshotCluster(Snapshot([MAPPED]), cluster_of())
    assert (facts.name, facts.at, facts.authentication_mode) == ("eks-clu", Ref(ARN), "CONFIG_MAP")
    assert facts.aws_auth is not None
    assert [entry.username for entry in facts.aws_auth.mappings] == ["eks-ope"]
    assert facts.backends[0].at == Ref("configmap/kube-system/aws-auth")


def test_a_world_file_holds_what_every_new_cluster_holds() -> None:
    loaded = read_documents([("world.yaml", WORLD)])
    assert loaded.cluster is not None
    identity = identity_from_arn("user/eks-admin", loaded.snapshot)
    chain = chain_of((), identity, loaded.cluster, LIST_NODES)
    assert [link.decision.outcome for link in chain.links] == [Outcome.ALLOW] * 3
    assert loaded.cluster.rbac is not None
    assert "cluster-admin" in [key.name for key in loaded.cluster.rbac.roles]


def test_steps_lead_into_the_world_file() -> None:
    loaded = read_documents([("world.yaml", WORLD)])
    assert loaded.cluster is not None
    request = RequestAttributes("get", resource="pods", namespace="shop", name="web")
    chain = chain_of((), identity_from_arn("role/app", loaded.snapshot), loaded.cluster, request)
    lines = [loaded.line_of(link.decision.decisive[0].at) for link in chain.links]
    markers = ("- name: app", "- rolearn:", '- apiGroups: [""]')
    expected = [("world.yaml", WORLD.count("\n", 0, WORLD.index(marker)) + 1) for marker in markers]
    assert lines[1:] == expected[1:]


def test_a_world_without_aws_auth_maps_nobody() -> None:
    start, end = WORLD.index("    awsAuth:"), WORLD.index("    nodes:")
    loaded = read_documents([("world.yaml", WORLD[:start] + WORLD[end:])])
    assert loaded.cluster is not None
    chain = chain_of((), identity_from_arn("role/app", loaded.snapshot), loaded.cluster)
    assert chain.links[-1].decision.outcome is Outcome.NO_OPINION
