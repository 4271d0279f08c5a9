"""Permissions that are more than they look: each with the reason, by what the Kubernetes project warns of.

Source: Kubernetes "Role Based Access Control Good Practices", section "Kubernetes RBAC - privilege escalation
risks", and the EKS User Guide on aws-auth and on the node role.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sekisho.decide.decision import ReasonCode
from sekisho.decide.rbac.examine import covers_resource
from sekisho.decide.rbac.model import Rule
from sekisho.facts.aws_auth_data import NAME, NAMESPACE


class Danger(ReasonCode):
    """Why a permission deserves a second look."""

    EVERYTHING = "danger.everything", "every verb on every resource: as good as system:masters"
    WILDCARD = "danger.wildcard", "a wildcard also covers what will be added later"
    SECRETS = (
        "danger.reads-secrets",
        "reads Secrets: passwords, keys, tokens; list and watch show them too",
    )
    ESCALATE = "danger.escalate", "escalate: may write roles with permissions that it does not hold"
    BIND = "danger.bind", "bind: may hand out roles with permissions that it does not hold"
    IMPERSONATE = "danger.impersonate", "impersonate: may act as others, with all they may do"
    EXEC = "danger.runs-in-pods", "runs commands in Pods, as their service accounts and IAM roles"
    PODS = (
        "danger.creates-pods",
        "creates Pods, which may use every service account, Secret and IAM role of the namespace",
    )
    TOKENS = "danger.makes-tokens", "makes tokens of service accounts, and so acts as them"
    NODES_PROXY = "danger.nodes-proxy", "speaks to kubelets directly: runs commands in Pods, past audit logs"
    AWS_AUTH = "danger.writes-aws-auth", "writes aws-auth: may map any IAM principal to system:masters"
    WEBHOOKS = (
        "danger.writes-webhooks",
        "writes admission webhooks, which read and change every object that is written",
    )
    CERTIFICATES = (
        "danger.approves-certificates",
        "approves certificate requests, and so makes credentials of anybody",
    )
    VOLUMES = "danger.creates-volumes", "creates PersistentVolumes, hostPath ones too: the files of nodes"


@dataclass(frozen=True, slots=True)
class _Pattern:
    danger: Danger
    verbs: tuple[str, ...]
    group: str
    resources: tuple[str, ...]
    named: tuple[str, str] = ("", "")
    """Namespace and name, where only one object is meant."""


_WRITE = ("create", "update", "patch")
_RBAC = "rbac.authorization.k8s.io"
_AUTHN = "authentication.k8s.io"
_CERTIFICATES = "certificates.k8s.io"
_WORKLOADS = ("deployments", "daemonsets", "statefulsets", "replicasets")
_HOOKS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")

_PATTERNS: Final = (
    _Pattern(Danger.SECRETS, ("get", "list", "watch"), "", ("secrets",)),
    _Pattern(Danger.ESCALATE, ("escalate",), _RBAC, ("roles", "clusterroles")),
    _Pattern(Danger.BIND, ("bind",), _RBAC, ("roles", "clusterroles")),
    _Pattern(Danger.IMPERSONATE, ("impersonate",), "", ("users", "groups", "serviceaccounts")),
    _Pattern(Danger.IMPERSONATE, ("impersonate",), _AUTHN, ("uids", "userextras")),
    _Pattern(Danger.EXEC, ("get", "create"), "", ("pods/exec", "pods/attach")),
    _Pattern(Danger.EXEC, ("update", "patch"), "", ("pods/ephemeralcontainers",)),
    _Pattern(Danger.PODS, ("create",), "", ("pods",)),
    _Pattern(Danger.PODS, _WRITE, "", ("replicationcontrollers",)),
    _Pattern(Danger.PODS, _WRITE, "apps", _WORKLOADS),
    _Pattern(Danger.PODS, _WRITE, "batch", ("jobs", "cronjobs")),
    _Pattern(Danger.TOKENS, ("create",), "", ("serviceaccounts/token",)),
    _Pattern(Danger.NODES_PROXY, ("get", "create"), "", ("nodes/proxy",)),
    _Pattern(Danger.AWS_AUTH, _WRITE, "", ("configmaps",), (NAMESPACE, NAME)),
    _Pattern(Danger.WEBHOOKS, _WRITE, "admissionregistration.k8s.io", _HOOKS),
    _Pattern(
        Danger.CERTIFICATES, ("update", "patch"), _CERTIFICATES, ("certificatesigningrequests/approval",)
    ),
    _Pattern(Danger.VOLUMES, ("create",), "", ("persistentvolumes",)),
)


def dangers(rule: Rule, namespace: str) -> tuple[Danger, ...]:
    """Return why ``rule``, held in ``namespace`` (``""``: everywhere), deserves a second look. Total.

    A wildcard is not told by each thing that it covers.
    """
    if not rule.resources:
        return (Danger.WILDCARD,) if "*" in rule.verbs or "*" in rule.urls else ()
    if "*" in rule.verbs and "*" in rule.resources and "*" in rule.groups and not rule.names:
        return (Danger.EVERYTHING,)
    wild = (Danger.WILDCARD,) if {"*"} & {*rule.verbs, *rule.resources, *rule.groups} else ()
    return tuple(dict.fromkeys((*_matching(rule, namespace), *wild)))


def _matching(rule: Rule, namespace: str) -> Iterator[Danger]:
    for pattern in _PATTERNS:
        if not {"*", pattern.group} & set(rule.groups) or not {"*", *pattern.verbs} & set(rule.verbs):
            continue
        space, name = pattern.named
        if (space and namespace not in ("", space)) or (name and rule.names and name not in rule.names):
            continue
        for resource in pattern.resources:
            head, _, sub = resource.partition("/")
            if covers_resource(rule.resources, head, sub) or _extras(rule, resource):
                yield pattern.danger
                break


def _extras(rule: Rule, resource: str) -> bool:
    """``userextras/KEY`` names a key as if it were a subresource."""
    return resource == "userextras" and any(one.startswith("userextras/") for one in rule.resources)
