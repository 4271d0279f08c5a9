"""Permissions that are more than they look: each danger, and what only looks like it."""

import pytest

from sekisho.decide.rbac.model import Rule
from sekisho.decide.values import Ref
from sekisho.review.preflight.dangers import Danger, dangers

RBAC = "rbac.authorization.k8s.io"
AT = Ref("role")


def held(verbs: str, group: str, resources: str, *names: str) -> Rule:
    return Rule(AT, tuple(verbs.split()), (group,), tuple(resources.split()), names)


DANGEROUS: dict[str, tuple[Rule, Danger]] = {
    "danger.everything": (held("*", "*", "*"), Danger.EVERYTHING),
    "danger.wildcard": (held("get", "", "*"), Danger.WILDCARD),
    "danger.reads-secrets": (held("list", "", "secrets"), Danger.SECRETS),
    "danger.reads-secrets by name": (held("get", "", "secrets", "db"), Danger.SECRETS),
    "danger.escalate": (held("escalate", RBAC, "clusterroles"), Danger.ESCALATE),
    "danger.bind": (held("bind", RBAC, "roles"), Danger.BIND),
    "danger.impersonate": (held("impersonate", "", "groups"), Danger.IMPERSONATE),
    "danger.impersonate an extra": (
        held("impersonate", "authentication.k8s.io", "userextras/scopes"),
        Danger.IMPERSONATE,
    ),
    "danger.runs-in-pods": (held("create", "", "pods/exec"), Danger.EXEC),
    "danger.runs-in-pods over a WebSocket": (held("get", "", "pods/attach"), Danger.EXEC),
    "danger.runs-in-pods by a new container": (held("patch", "", "pods/ephemeralcontainers"), Danger.EXEC),
    "danger.runs-in-pods of any kind": (held("create", "", "*/exec"), Danger.EXEC),
    "danger.creates-pods": (held("create", "", "pods"), Danger.PODS),
    "danger.creates-pods by a controller": (held("patch", "apps", "deployments"), Danger.PODS),
    "danger.makes-tokens": (held("create", "", "serviceaccounts/token"), Danger.TOKENS),
    "danger.nodes-proxy": (held("get", "", "nodes/proxy"), Danger.NODES_PROXY),
    "danger.writes-aws-auth": (held("patch", "", "configmaps"), Danger.AWS_AUTH),
    "danger.writes-aws-auth by name": (held("update", "", "configmaps", "aws-auth"), Danger.AWS_AUTH),
    "danger.writes-webhooks": (
        held("create", "admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        Danger.WEBHOOKS,
    ),
    "danger.approves-certificates": (
        held("update", "certificates.k8s.io", "certificatesigningrequests/approval"),
        Danger.CERTIFICATES,
    ),
    "danger.creates-volumes": (held("create", "", "persistentvolumes"), Danger.VOLUMES),
}


@pytest.mark.parametrize(("rule", "danger"), DANGEROUS.values(), ids=DANGEROUS)
def test_what_is_dangerous(rule: Rule, danger: Danger) -> None:
    assert dangers(rule, "") == ((danger,) if danger is not Danger.WILDCARD else dangers(rule, ""))
    assert danger in dangers(rule, "")


HARMLESS: dict[str, tuple[Rule, str]] = {
    "reading pods": (held("get list watch", "", "pods"), ""),
    "writing Secrets": (held("create", "", "secrets"), ""),
    "Secrets of another group": (held("get", "secrets.example.com", "secrets"), ""),
    "deleting pods": (held("delete", "", "pods"), ""),
    "reading roles": (held("get", RBAC, "clusterroles"), ""),
    "other ConfigMaps": (held("patch", "", "configmaps", "app"), ""),
    "ConfigMaps of another namespace": (held("patch", "", "configmaps"), "web"),
    "the log of pods": (held("get", "", "pods/log"), ""),
    "a URL": (Rule(AT, ("get",), urls=("/metrics",)), ""),
}


@pytest.mark.parametrize(("rule", "namespace"), HARMLESS.values(), ids=HARMLESS)
def test_what_is_not(rule: Rule, namespace: str) -> None:
    assert dangers(rule, namespace) == ()


def test_a_wildcard_is_told_with_what_it_covers() -> None:
    assert dangers(held("*", "", "secrets"), "web") == (Danger.SECRETS, Danger.WILDCARD)
    assert dangers(Rule(AT, ("get",), urls=("*",)), "") == (Danger.WILDCARD,)
    assert dangers(held("patch", "", "configmaps"), "kube-system") == (Danger.AWS_AUTH,)
