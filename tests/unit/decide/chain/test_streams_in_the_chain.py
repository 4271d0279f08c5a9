"""A GET of a stream of a pod: one question before Kubernetes 1.35, two from then on, unknown in between."""

from dataclasses import replace

import pytest

from sekisho.decide.chain import admitted, admitted_by_authorizers, authorize, by_authorizers
from sekisho.decide.chain.person_to_cluster import Code
from sekisho.decide.decision import Outcome
from sekisho.decide.rbac import index as rbac_index
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.request.kubernetes import RequestAttributes, parse
from sekisho.decide.values import JsonObject, KubeUser
from support.cluster_facts import GivenCluster

GROUP = "rbac.authorization.k8s.io"
EXEC = parse("GET", "/api/v1/namespaces/default/pods/web/exec")
LOG = parse("GET", "/api/v1/namespaces/default/pods/web/log")
LOOKER, RUNNER, BOTH = KubeUser("looker"), KubeUser("runner"), KubeUser("both")
MASTER = KubeUser("root", ("system:masters",))


def role(name: str, *verbs: str) -> JsonObject:
    rule: JsonObject = {"apiGroups": [""], "resources": ["pods/exec", "pods/log"], "verbs": list(verbs)}
    return {"apiVersion": f"{GROUP}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": [rule]}


def binding(user: str, name: str) -> JsonObject:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"{user}-{name}"},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": GROUP, "kind": "User", "name": user}],
    }


OBJECTS = (
    role("looks", "get"),
    role("runs", "create"),
    *(
        binding("looker", "looks"),
        binding("runner", "runs"),
        binding("both", "looks"),
        binding("both", "runs"),
    ),
)
CLUSTER = GivenCluster(rbac_index.build([parse_object(body) for body in OBJECTS]))

ROWS = {
    "get is enough before 1.35": (LOOKER, EXEC, "1.34", Outcome.ALLOW),
    "get is not enough from 1.35 on": (LOOKER, EXEC, "1.35", Outcome.NO_OPINION),
    "get alone is unknown where the version was not read": (LOOKER, EXEC, "", Outcome.UNKNOWN),
    "create does not get": (RUNNER, EXEC, "1.34", Outcome.NO_OPINION),
    "create does not get from 1.35 on": (RUNNER, EXEC, "1.35", Outcome.NO_OPINION),
    "both before 1.35": (BOTH, EXEC, "1.34", Outcome.ALLOW),
    "both from 1.35 on": (BOTH, EXEC, "1.35", Outcome.ALLOW),
    "both in every version": (BOTH, EXEC, "", Outcome.ALLOW),
    "a POST is a create": (RUNNER, replace(EXEC, verb="create"), "1.35", Outcome.ALLOW),
    "logs are one question": (LOOKER, LOG, "1.35", Outcome.ALLOW),
    "masters": (MASTER, EXEC, "1.35", Outcome.ALLOW),
}


@pytest.mark.parametrize(("user", "request_", "version", "outcome"), ROWS.values(), ids=ROWS.keys())
def test_a_stream(user: KubeUser, request_: RequestAttributes, version: str, outcome: Outcome) -> None:
    facts = replace(CLUSTER, version=version)
    assert authorize(user, request_, facts).outcome is outcome
    assert admitted(user, request_, facts) is (outcome is Outcome.ALLOW)


def test_the_refusal_says_which_verb_is_missing_and_since_when() -> None:
    decision = authorize(LOOKER, EXEC, replace(CLUSTER, version="1.35"))
    assert decision.decisive[0].code is Code.STREAM_CREATE
    assert decision.sentence().startswith(
        "since Kubernetes 1.35 a get of `pods/exec` needs create as well; the cluster runs 1.35; "
        'User "looker" cannot create resource "pods/exec"'
    )
    asked = by_authorizers(LOOKER, replace(EXEC, verb="create"), CLUSTER)
    assert (decision.nearest, decision.repairs) == (asked.nearest, asked.repairs)
    assert decision.nearest
    # What was looked at for the first question is told too.
    first = by_authorizers(LOOKER, EXEC, CLUSTER).trace
    assert decision.trace[: len(first)] == first


def test_an_unread_version_is_named() -> None:
    decision = authorize(LOOKER, EXEC, replace(CLUSTER, version=""))
    assert [step.code for step in decision.decisive] == [Code.VERSION_UNREAD]


def test_both_grants_are_decisive_where_both_are_needed() -> None:
    decision = authorize(BOTH, EXEC, replace(CLUSTER, version="1.35"))
    assert len(decision.decisive) == 2
    assert Code.STREAM_CREATE in {step.code for step in decision.trace}


def test_authorizers_are_asked_about_one_verb() -> None:
    facts = replace(CLUSTER, version="1.35")
    assert by_authorizers(LOOKER, EXEC, facts).allowed
    assert admitted_by_authorizers(LOOKER, EXEC, facts)
    assert not admitted_by_authorizers(RUNNER, EXEC, facts)
