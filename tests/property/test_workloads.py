"""The report on all service accounts, single questions and a deliberately naive reading agree."""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.decide.decision import Outcome
from sekisho.decide.values import AccountId, Instant, Ref
from sekisho.decide.workload.mutation import mutate
from sekisho.decide.workload.pod_view import read_pod
from sekisho.decide.workload.settings import AccountFacts, Settings
from sekisho.facts import Cluster, kube_key
from sekisho.facts.keys import Key, Kind
from sekisho.facts.model import Account, OpenIdConnectProvider, Role
from sekisho.facts.snapshot import Event, Put, Snapshot
from sekisho.facts.snapshot_cluster import SnapshotCluster
from sekisho.facts.world.content import UNDATED
from sekisho.review.source import Source
from sekisho.review.workload_name import workload_named
from sekisho.review.workload_question import credentials_of
from sekisho.review.workloads import State, WorkloadsReport, report_workloads
from support.pod_webhook import patched

HOME, AWAY = AccountId("111122223333"), AccountId("444455556666")
HOST = "oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
CLUSTER = Cluster(HOME, "eu-central-1", "shop", "1.34", UNDATED, issuer=f"https://{HOST}")
NOW = Instant.from_epoch(1_900_000_000)
PREFIX = "system:serviceaccount:"
ANNOTATION = "eks.amazonaws.com/role-arn"

SPACES = st.sampled_from(["a", "b"])
NAMES = st.sampled_from(["x", "y", "default"])
ROLES = st.sampled_from(["r", "s"])
WHERE = st.sampled_from([HOME, AWAY])


@dataclass(frozen=True)
class Trust:
    """What a role asks for; the subject is a pattern under StringLike."""

    provider: str
    operator: str
    subject: str | None
    audience: str | None

    def text(self) -> str:
        asked = {f"{HOST}:sub": self.subject, f"{HOST}:aud": self.audience}
        keys = {key: value for key, value in asked.items() if value is not None}
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"Federated": self.provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
        }
        if keys:
            statement["Condition"] = {self.operator: keys}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def takes(self, subject: str, provider: str) -> bool:
        """Read naively what IAM says of such a policy."""
        if self.provider != provider:
            return False
        wanted = ((self.subject, subject), (self.audience, "sts.amazonaws.com"))
        return all(
            asked is None
            or (fnmatchcase(actual, asked) if self.operator == "StringLike" else asked == actual)
            for asked, actual in wanted
        )


def provider_of(account: str) -> str:
    return f"arn:aws:iam::{account}:oidc-provider/{HOST}"


TRUSTS = st.builds(
    Trust,
    st.sampled_from([provider_of(HOME), provider_of(AWAY), provider_of(HOME)[:-1]]),
    st.sampled_from(["StringEquals", "StringLike"]),
    st.sampled_from([None, *(f"{PREFIX}{one}" for one in ("a:x", "b:x", "a:*", "*:x", "*", "a:y"))]),
    st.sampled_from([None, "sts.amazonaws.com", "x"]),
)


@dataclass(frozen=True)
class World:
    roles: dict[tuple[AccountId, str], Trust]
    providers: dict[AccountId, tuple[str, ...]]
    accounts: dict[tuple[str, str], str]
    pods: dict[tuple[str, str], tuple[str, str]]
    """The service account, and the role that it had when the pod was created."""

    def takes(self, space: str, name: str, role: str) -> bool:
        account, _, role_name = role.removeprefix("arn:aws:iam::").partition(":role/")
        trust = self.roles.get((AccountId(account), role_name))
        clients = self.providers.get(AccountId(account), ())
        return (
            trust is not None
            and "sts.amazonaws.com" in clients
            and trust.takes(f"{PREFIX}{space}:{name}", provider_of(account))
        )


def arn_of(key: tuple[AccountId, str]) -> str:
    return f"arn:aws:iam::{key[0]}:role/{key[1]}"


ARNS = st.one_of(st.just(""), st.builds(lambda *key: arn_of(key), WHERE, ROLES))
CLIENTS = st.sampled_from([("sts.amazonaws.com",), ("x", "sts.amazonaws.com"), ("x",)])
WORLDS = st.builds(
    World,
    st.dictionaries(st.tuples(WHERE, ROLES), TRUSTS, max_size=4),
    st.dictionaries(WHERE, CLIENTS, max_size=2),
    st.dictionaries(st.tuples(SPACES, NAMES), ARNS, max_size=5),
    st.dictionaries(st.tuples(SPACES, st.sampled_from(["p", "q"])), st.tuples(NAMES, ARNS), max_size=4),
)


def source_of(world: World) -> Source:
    arn = str(CLUSTER.arn)
    events: list[Event] = [Put(Key(Kind.CLUSTER, f"{HOME}/{CLUSTER.region}", CLUSTER.name), CLUSTER)]
    events += [Put(Key(Kind.ACCOUNT, "", one), Account(one, one)) for one in (HOME, AWAY)]
    for number, ((account, name), trust) in enumerate(world.roles.items()):
        role = Role(account, name, f"AROA{number:017}", UNDATED, trust.text())
        events.append(Put(Key(Kind.ROLE, account, name), role))
    for account, clients in world.providers.items():
        provider = OpenIdConnectProvider(account, HOST, UNDATED, clients)
        events.append(Put(Key(Kind.OIDC_PROVIDER, account, str(provider.arn)), provider))
    for (space, name), role_arn in world.accounts.items():
        metadata = {"name": name, "namespace": space, "annotations": {ANNOTATION: role_arn}}
        body: Any = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        events.append(Put(kube_key(arn, "", "serviceaccounts", space, name), body))
    for (space, name), (account_name, before) in world.pods.items():
        created = created_pod(space, name, account_name, before)
        events.append(Put(kube_key(arn, "", "pods", space, name), created))
    snapshot = Snapshot(events)
    return Source(snapshot, SnapshotCluster(snapshot, CLUSTER), lambda _ref: None, is_whole=True)


def created_pod(space: str, name: str, account: str, role: str) -> Any:
    """Return the pod as admission left it when its account had ``role``."""
    body: Any = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "uid": name},
        "spec": {"serviceAccountName": account, "containers": [{"name": "main", "image": "app"}]},
    }
    facts = AccountFacts(space, account, {ANNOTATION: role})
    patch = mutate(read_pod(body, Ref("pod")), facts, Settings(region=CLUSTER.region)).value
    return patched(body, patch) if patch else body


def nothing(_arn: str) -> None:
    """Stand for an empty catalogue of AWS's managed policies."""


def single(source: Source, who: str, namespace: str) -> Outcome:
    name = workload_named(who, namespace)
    assert name is not None
    return credentials_of(name, source, nothing, NOW).chain.outcome


def reported(world: World) -> tuple[Source, WorkloadsReport]:
    source = source_of(world)
    return source, report_workloads(source, (CLUSTER,), nothing, NOW)


@settings(max_examples=50)
@given(WORLDS)
def test_each_account_is_reported_as_a_single_question_and_a_naive_reading_say(world: World) -> None:
    source, found = reported(world)
    for one in found.accounts:
        role = world.accounts.get((one.namespace, one.name), "")
        works = bool(role) and world.takes(one.namespace, one.name, role)
        assert (one.state is State.WORKS) is works
        answer = single(source, f"{one.namespace}/{one.name}", "")
        assert (answer is Outcome.ALLOW) is works
        assert single(source, f"system:serviceaccount:{one.namespace}:{one.name}", "") is answer
        assert (one.link is not None) is (one.state in (State.BROKEN, State.UNKNOWN))


@settings(max_examples=50)
@given(WORLDS)
def test_each_pod_has_the_role_of_its_creation_and_works_if_that_takes_it(world: World) -> None:
    source, found = reported(world)
    for one in found.accounts:
        for pod in one.pods:
            account, before = world.pods[one.namespace, pod.name]
            is_there = (one.namespace, account) in world.accounts or account == "default"
            works = bool(before) and is_there and world.takes(one.namespace, account, before)
            assert (pod.outcome is Outcome.ALLOW) is works
            assert single(source, f"pod/{pod.name}", one.namespace) is pod.outcome


@settings(max_examples=50)
@given(WORLDS)
def test_every_role_that_takes_an_account_in_vain_is_reported(world: World) -> None:
    _, found = reported(world)
    everybody = {arn for _, arn in found.open_roles}
    for one in found.accounts:
        if world.accounts.get((one.namespace, one.name), "") or one.state is State.BROKEN:
            continue
        taking = {arn_of(key) for key in world.roles if world.takes(one.namespace, one.name, arn_of(key))}
        assert set(one.roles) | everybody >= taking
        assert set(one.roles) <= taking
        assert (one.state is State.TRUSTED) is bool(one.roles)
