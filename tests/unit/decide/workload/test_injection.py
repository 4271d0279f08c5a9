"""Does a pod carry what admission would put into it now: one row per reason, asserted by code and place."""

from dataclasses import replace
from typing import Any

import pytest

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.values import Ref
from sekisho.decide.workload.code import WorkloadCode, WorkloadFix
from sekisho.decide.workload.identity import Method
from sekisho.decide.workload.injection import Carried, injected
from sekisho.decide.workload.mutation import mutate
from sekisho.decide.workload.pod_view import read_pod
from sekisho.decide.workload.registration import SKIP_LABEL
from sekisho.decide.workload.settings import AccountFacts, Settings
from sekisho.decide.workload.stored_pod import read_workload
from support.pod_webhook import ROLE, account, patched

FILE = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
OTHER = "arn:aws:iam::111122223333:role/other"
ANNOTATED = account(role_arn=ROLE)
BARE = AccountFacts("shop", "app", {})
SKIP = "eks.amazonaws.com/skip-containers"
TOKEN = {"audience": "sts.amazonaws.com", "expirationSeconds": 600, "path": "token"}
VOLUME = {
    "name": "aws-iam-token",
    "projected": {
        "sources": [
            {"configMap": {"name": "x"}},
            {"serviceAccountToken": TOKEN},
        ]
    },
}
MOUNT = {"name": "aws-iam-token", "mountPath": FILE.removesuffix("/token")}


def env(**values: Any) -> list[Any]:
    return [
        {"name": name, "valueFrom": {}} if value is None else {"name": name, "value": value}
        for name, value in values.items()
    ]


def pod(
    *,
    uid: str = "u",
    labels: Any = None,
    annotations: Any = None,
    created: str = "2026-01-02T00:00:00Z",
    volumes: Any = (VOLUME,),
    mounts: Any = (MOUNT,),
    **variables: Any,
) -> Any:
    metadata = {
        "name": "web",
        "namespace": "shop",
        "uid": uid,
        "creationTimestamp": created,
        "labels": labels or {},
        "annotations": annotations or {},
    }
    one = {"name": "main", "env": env(**variables), "volumeMounts": list(mounts)}
    return {
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"serviceAccountName": "app", "containers": [one], "volumes": list(volumes)},
    }


def decided(body: Any, facts: AccountFacts = ANNOTATED) -> Decision[Carried]:
    return injected(read_workload(body, Ref("pod/shop/web")), facts, Settings())


PAIR = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": FILE}
EMPTY: Any = {"volumes": (), "mounts": ()}
CASES = {
    "what admission puts in": (pod(**PAIR), ANNOTATED, Outcome.ALLOW, WorkloadCode.CARRIES),
    "another role by now": (
        pod(**{**PAIR, "AWS_ROLE_ARN": OTHER}),
        ANNOTATED,
        Outcome.ALLOW,
        WorkloadCode.DIFFERS,
    ),
    "no role by now": (pod(**PAIR), BARE, Outcome.ALLOW, WorkloadCode.DIFFERS),
    "nothing, and nothing is due": (pod(**EMPTY), BARE, Outcome.NO_OPINION, WorkloadCode.NOT_ANNOTATED),
    "nothing, though annotated": (pod(**EMPTY), ANNOTATED, Outcome.DENY, WorkloadCode.MISSED),
    "older than its account": (
        pod(**EMPTY),
        replace(ANNOTATED, created="2026-01-02T00:00:01Z"),
        Outcome.DENY,
        WorkloadCode.MISSED_BEFORE,
    ),
    "as old as its account": (
        pod(**EMPTY),
        replace(ANNOTATED, created="2026-01-02T00:00:00Z"),
        Outcome.DENY,
        WorkloadCode.MISSED,
    ),
    "the label": (
        pod(labels={SKIP_LABEL: ""}, **EMPTY),
        ANNOTATED,
        Outcome.DENY,
        WorkloadCode.OPTED_OUT,
    ),
    "every container skipped": (
        pod(annotations={SKIP: "main"}, **EMPTY),
        ANNOTATED,
        Outcome.DENY,
        WorkloadCode.ALL_SKIPPED,
    ),
    "another container skipped": (
        pod(annotations={SKIP: "side"}, **EMPTY),
        ANNOTATED,
        Outcome.DENY,
        WorkloadCode.MISSED,
    ),
    "keys of its own": (
        pod(AWS_ACCESS_KEY_ID="x", **PAIR),
        ANNOTATED,
        Outcome.UNKNOWN,
        WorkloadCode.OWN_KEYS,
    ),
    "a role from elsewhere": (
        pod(AWS_ROLE_ARN=None, AWS_WEB_IDENTITY_TOKEN_FILE=FILE),
        ANNOTATED,
        Outcome.UNKNOWN,
        WorkloadCode.VARIABLE_UNREAD,
    ),
    "a file from elsewhere": (
        pod(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=None),
        ANNOTATED,
        Outcome.UNKNOWN,
        WorkloadCode.VARIABLE_UNREAD,
    ),
    "a role without a file": (
        pod(AWS_ROLE_ARN=ROLE),
        ANNOTATED,
        Outcome.DENY,
        WorkloadCode.FILE_MISSING,
    ),
    "a file that is not mounted": (
        pod(mounts=(), **PAIR),
        ANNOTATED,
        Outcome.DENY,
        WorkloadCode.FILE_MISSING,
    ),
    "a dot too many": (
        pod(**{**PAIR, "AWS_WEB_IDENTITY_TOKEN_FILE": f"{FILE}."}),
        ANNOTATED,
        Outcome.DENY,
        WorkloadCode.FILE_DOT,
    ),
    "a pod to come": (pod(uid="", **EMPTY), ANNOTATED, Outcome.ALLOW, WorkloadCode.TO_COME),
    "a pod to come with the label": (
        pod(uid="", labels={SKIP_LABEL: ""}, **EMPTY),
        ANNOTATED,
        Outcome.DENY,
        WorkloadCode.OPTED_OUT,
    ),
    "a pod to come that names another role": (
        pod(uid="", **EMPTY, **{**PAIR, "AWS_ROLE_ARN": OTHER}),
        ANNOTATED,
        Outcome.ALLOW,
        WorkloadCode.DIFFERS,
    ),
    "a pod to come with another file": (
        pod(uid="", **EMPTY, AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE="/x"),
        ANNOTATED,
        Outcome.DENY,
        WorkloadCode.FILE_MISSING,
    ),
    "an account that was not read": (
        pod(**EMPTY),
        AccountFacts("shop", "app", None, is_read=False),
        Outcome.UNKNOWN,
        WorkloadCode.ACCOUNT_UNREAD,
    ),
}


@pytest.mark.parametrize(("body", "facts", "outcome", "code"), CASES.values(), ids=CASES)
def test_what_a_pod_carries(body: Any, facts: AccountFacts, outcome: Outcome, code: WorkloadCode) -> None:
    found = decided(body, facts)
    assert (found.outcome, [step.code for step in found.decisive]) == (outcome, [code])
    assert (found.value is not None) is (outcome is Outcome.ALLOW)


def test_what_is_carried_is_what_the_token_says() -> None:
    assert decided(pod(**PAIR)).value == Carried(Method.WEB_IDENTITY, ROLE, "sts.amazonaws.com", 600)
    differing = decided(pod(**{**PAIR, "AWS_ROLE_ARN": OTHER})).value
    assert differing == Carried(Method.WEB_IDENTITY, OTHER, "sts.amazonaws.com", 600, differs=True)


def test_a_container_that_has_it_counts_before_one_that_does_not() -> None:
    body = pod(**PAIR)
    body["spec"]["initContainers"] = [{"name": "init", "env": env(AWS_ROLE_ARN=ROLE)}]
    assert decided(body).outcome is Outcome.ALLOW


def test_on_windows_the_file_is_spelled_another_way() -> None:
    windows = "C:" + FILE.replace("/", "\\")
    assert decided(pod(**{**PAIR, "AWS_WEB_IDENTITY_TOKEN_FILE": windows})).outcome is Outcome.ALLOW


def test_a_pod_that_was_patched_carries_it() -> None:
    body = pod(**EMPTY)
    patch = mutate(read_pod(body, Ref("pod")), ANNOTATED, Settings()).value
    assert patch
    found = decided(patched(body, patch))
    assert found.value == Carried(Method.WEB_IDENTITY, ROLE, "sts.amazonaws.com", 86_400)


TEMPLATE = pod(uid="", **EMPTY)["spec"]
KINDS = {
    "Deployment": {"template": {"spec": TEMPLATE}},
    "CronJob": {"jobTemplate": {"spec": {"template": {"spec": TEMPLATE}}}},
}


@pytest.mark.parametrize(("kind", "spec"), KINDS.items(), ids=KINDS)
def test_pods_of_a_template_are_yet_to_come(kind: str, spec: Any) -> None:
    body = {"kind": kind, "metadata": {"name": "web", "namespace": "shop", "uid": "u"}, "spec": spec}
    found = read_workload(body, Ref("x"), is_state=True)
    assert (found.exists, found.view.account, found.kind) == (False, "app", kind)
    decision = injected(found, ANNOTATED, Settings())
    assert [step.code for step in decision.decisive] == [WorkloadCode.TO_COME]


def test_repairs_name_what_has_to_be_made_again() -> None:
    missed = decided(pod(**EMPTY)).repairs[0]
    assert (missed.code, dict(missed.facts)) == (
        WorkloadFix.RECREATE,
        {"kind": "Pod", "pod": "web", "namespace": "shop"},
    )
    assert decided(pod(labels={SKIP_LABEL: ""}, **EMPTY)).repairs[0].code is WorkloadFix.REMOVE_LABEL
    assert decided(pod(annotations={SKIP: "main"}, **EMPTY)).repairs[0].code is WorkloadFix.REMOVE_ANNOTATION
    assert decided(pod(AWS_ACCESS_KEY_ID="x")).repairs[0].code is WorkloadFix.REMOVE_VARIABLE


def test_a_pod_in_a_world_file_exists_without_a_uid() -> None:
    body = {"kind": "Pod", "metadata": {"name": "web"}, "spec": TEMPLATE}
    assert read_workload(body, Ref("x"), is_state=True).exists
    assert not read_workload(body, Ref("x")).exists
    assert read_workload({**body, "status": {"phase": "Running"}}, Ref("x")).exists


def test_what_is_not_formed_as_a_pod_counts_as_absent() -> None:
    volumes: Any = [{"configMap": {"name": "c"}, "name": "v"}]
    found = read_workload({"kind": "", "spec": {"containers": [], "volumes": volumes}}, Ref("x"))
    assert (found.namespace, found.containers, found.config_maps) == ("default", (), (("v", "c"),))
    odd: Any = {"serviceAccountToken": {"expirationSeconds": "x"}}
    body: Any = {"metadata": {}, "spec": {"volumes": [{"name": "v", "projected": {"sources": [odd, "y"]}}]}}
    assert read_workload(body, Ref("x")).tokens[0].seconds == 3600
