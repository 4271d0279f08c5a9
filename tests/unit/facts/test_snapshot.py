"""The Snapshot: events in order, older ones stay as they were, what is absent and what is a gap."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.eks.access_entry import AccessEntry, EntryType
from sekisho.decide.values import AccountId, Instant, Json
from sekisho.facts import (
    Account,
    Cluster,
    ClusterAccessEntry,
    ClusterUpdate,
    Delete,
    Event,
    Gap,
    Group,
    Key,
    Kind,
    ManagedPolicy,
    OpenIdConnectProvider,
    PolicyVersion,
    Put,
    Role,
    Snapshot,
    User,
    UserAccessKey,
    kube_key,
    kube_scope,
)

NOW = Instant.from_epoch(0)
A = AccountId("111122223333")
USER = User(A, "eks-ope", "AIDA1", NOW, "/team/")
GROUP = Group(A, "staff", "AGPA1", NOW)
ROLE = Role(A, "app", "AROA1", NOW, "{}")
VERSIONS = (PolicyVersion("v1", "{}", NOW), PolicyVersion("v2", "[]", NOW))
POLICY = ManagedPolicy(A, "reader", "ANPA1", NOW, NOW, VERSIONS, "v2")
PROVIDER = OpenIdConnectProvider(A, "oidc.eks.ap-northeast-1.amazonaws.com/id/A", NOW)
ACCESS_KEY = UserAccessKey(A, "AKIA1", "eks-ope", NOW)
CLUSTER = Cluster(A, "ap-northeast-1", "eks-clu", "1.34", NOW)
POD: Mapping[str, Json] = {"kind": "Pod", "metadata": {"name": "p"}}
ARN = str(CLUSTER.arn)
POD_KEY = kube_key(ARN, "", "pods", "default", "p")
ALL = Snapshot(
    [
        Put(Key(Kind.ACCOUNT, "", A), Account(A, "dev")),
        Put(Key(Kind.USER, A, "eks-ope"), USER),
        Put(Key(Kind.GROUP, A, "staff"), GROUP),
        Put(Key(Kind.ROLE, A, "app"), ROLE),
        Put(Key(Kind.POLICY, A, str(POLICY.arn)), POLICY),
        Put(Key(Kind.OIDC_PROVIDER, A, str(PROVIDER.arn)), PROVIDER),
        Put(Key(Kind.ACCESS_KEY, "", "AKIA1"), ACCESS_KEY),
        Put(Key(Kind.CLUSTER, f"{A}/ap-northeast-1", "eks-clu"), CLUSTER),
        Put(POD_KEY, POD),
    ],
    [Gap(Kind.ROLE, "444455556666", "not asked")],
)


def test_every_kind_is_found_under_its_key() -> None:
    assert ALL.account(A) == Account(A, "dev")
    assert (ALL.user(A, "eks-ope"), ALL.users(A)) == (USER, (USER,))
    assert (ALL.group(A, "staff"), ALL.groups(A)) == (GROUP, (GROUP,))
    assert (ALL.role(A, "app"), ALL.roles(A)) == (ROLE, (ROLE,))
    assert (ALL.policy(A, str(POLICY.arn)), ALL.policies(A)) == (POLICY, (POLICY,))
    assert (ALL.oidc_provider(A, str(PROVIDER.arn)), ALL.oidc_providers(A)) == (PROVIDER, (PROVIDER,))
    assert ALL.access_key("AKIA1") == ACCESS_KEY
    assert ALL.cluster(A, "ap-northeast-1", "eks-clu") == CLUSTER
    assert ALL.clusters() == (CLUSTER,)
    assert ALL.kube(POD_KEY) == POD
    assert ALL.kube_objects(ARN, "", "pods") == (POD,)


def test_access_keys_belong_to_a_user_of_an_account() -> None:
    assert ALL.access_keys(A, "eks-ope") == (ACCESS_KEY,)
    assert ALL.access_keys(A, "") == ()
    assert ALL.access_keys("444455556666", "eks-ope") == ()


def test_what_is_absent_is_none_or_empty() -> None:
    assert ALL.user(A, "x") is None
    assert ALL.kube(kube_key(ARN, "", "pods", "other", "p")) is None
    assert ALL.scope(Kind.USER, "444455556666") == {}


def test_a_gap_covers_its_own_scope_and_kind() -> None:
    assert ALL.gap(Kind.ROLE, "444455556666") == Gap(Kind.ROLE, "444455556666", "not asked")
    assert ALL.gap(Kind.USER, "444455556666") is None
    assert ALL.applied(()).gaps == ALL.gaps


def test_arns_are_spelled_as_aws_spells_them() -> None:
    arns = [str(one.arn) for one in (USER, GROUP, ROLE, POLICY, PROVIDER, CLUSTER)]
    assert arns == [
        "arn:aws:iam::111122223333:user/team/eks-ope",
        "arn:aws:iam::111122223333:group/staff",
        "arn:aws:iam::111122223333:role/app",
        "arn:aws:iam::111122223333:policy/reader",
        "arn:aws:iam::111122223333:oidc-provider/oidc.eks.ap-northeast-1.amazonaws.com/id/A",
        "arn:aws:eks:ap-northeast-1:111122223333:cluster/eks-clu",
    ]
    assert kube_scope("c", "", "pods") == "c /pods"


def test_a_policy_is_its_default_version() -> None:
    assert POLICY.document == "[]"


KEYS = st.builds(
    Key, st.sampled_from([Kind.USER, Kind.ROLE]), st.sampled_from(["1", "2"]), st.sampled_from("abc")
)
EVENTS: st.SearchStrategy[list[Event]] = st.lists(
    st.one_of(st.builds(Delete, KEYS), st.builds(Put, KEYS, st.sampled_from([USER, ROLE])))
)


def naive(events: list[Event]) -> dict[Key, object]:
    """A dictionary that is changed event by event."""
    facts: dict[Key, object] = {}
    for event in events:
        facts.pop(event.key, None) if isinstance(event, Delete) else facts.update({event.key: event.value})
    return facts


@given(events=EVENTS)
def test_a_snapshot_is_what_its_events_made(events: list[Event]) -> None:
    assert dict(Snapshot(events).items()) == naive(events)


@given(first=EVENTS, then=EVENTS)
def test_events_may_be_applied_at_once_or_in_parts(first: list[Event], then: list[Event]) -> None:
    assert dict(Snapshot(first).applied(then).items()) == dict(Snapshot(first + then).items())


@given(first=EVENTS, then=EVENTS)
def test_an_older_snapshot_does_not_change(first: list[Event], then: list[Event]) -> None:
    older = Snapshot(first)
    before = dict(older.items())
    older.applied(then)
    assert dict(older.items()) == before


@given(events=EVENTS)
def test_scopes_are_those_that_hold_a_fact(events: list[Event]) -> None:
    expected = sorted({key.scope for key in naive(events) if key.kind is Kind.USER})
    assert list(Snapshot(events).scopes(Kind.USER)) == expected


def test_the_access_entries_and_updates_of_a_cluster() -> None:
    arn, moment = "arn:aws:eks:eu-west-1:111122223333:cluster/one", Instant.from_epoch(0)
    principal = "arn:aws:iam::111122223333:user/ana"
    entry = ClusterAccessEntry(arn, AccessEntry(principal, EntryType.STANDARD, "ana"), "0", moment, moment)
    update = ClusterUpdate(arn, "u-1", "VersionUpdate", (("Version", "1.34"),), moment)
    facts = Snapshot(
        [
            Put(Key(Kind.ACCESS_ENTRY, arn, principal), entry),
            Put(Key(Kind.CLUSTER_UPDATE, arn, "u-1"), update),
        ]
    )
    assert facts.access_entry(arn, principal) is entry
    assert facts.access_entry(f"{arn}-2", principal) is None
    assert facts.access_entries(arn) == (entry,)
    assert facts.cluster_updates(arn) == (update,)
