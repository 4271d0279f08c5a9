"""How people spell a workload: a service account in three ways, a pod, or what makes pods."""

import re
from dataclasses import dataclass
from typing import Final

from sekisho.decide.rbac.model import service_account_of

SERVICE_ACCOUNT: Final = "ServiceAccount"
_KINDS: Final = {
    "Pod": ("", "pods", ("pod", "pods", "po")),
    "Deployment": ("apps", "deployments", ("deployment", "deployments", "deploy", "deployment.apps")),
    "ReplicaSet": ("apps", "replicasets", ("replicaset", "replicasets", "rs")),
    "StatefulSet": ("apps", "statefulsets", ("statefulset", "statefulsets", "sts")),
    "DaemonSet": ("apps", "daemonsets", ("daemonset", "daemonsets", "ds")),
    "Job": ("batch", "jobs", ("job", "jobs")),
    "CronJob": ("batch", "cronjobs", ("cronjob", "cronjobs", "cj")),
    SERVICE_ACCOUNT: ("", "serviceaccounts", ("serviceaccount", "serviceaccounts", "sa")),
}
POD: Final = "Pod"
POD_KINDS: Final = tuple(kind for kind in _KINDS if kind != SERVICE_ACCOUNT)
"""Pods, then the kinds that make pods."""
_WORDS: Final = {word: kind for kind, (_, _, words) in _KINDS.items() for word in words}
_OTHERS: Final = frozenset({"user", "role", "account", "assumed-role", "federated-user", "group"})
"""First words of spellings that mean somebody of IAM."""
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", re.ASCII)
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", re.ASCII)
_MAX_NAME: Final = 253


@dataclass(frozen=True, slots=True)
class WorkloadName:
    """A service account, a pod, or an object that makes pods; ``kind`` as Kubernetes spells it."""

    kind: str
    namespace: str
    name: str

    @property
    def shown(self) -> str:
        """``namespace/name`` for a service account, ``kind/name`` for what runs as one."""
        if self.kind == SERVICE_ACCOUNT:
            return f"{self.namespace}/{self.name}"
        return f"{self.kind.lower()}/{self.name}"

    @property
    def group(self) -> str:
        """The API group of the kind."""
        return _KINDS[self.kind][0]

    @property
    def resource(self) -> str:
        """The resource name of the kind."""
        return _KINDS[self.kind][1]


def workload_named(who: str, namespace: str) -> WorkloadName | None:
    """Return the workload that ``who`` spells; None if it spells somebody else. Total.

    ``NAMESPACE/NAME`` and ``system:serviceaccount:NAMESPACE:NAME`` name a service account; ``pod/NAME``,
    ``deployment/NAME`` and the like, and ``serviceaccount/NAME``, stand in ``namespace``.
    """
    account = service_account_of(who)
    if account is not None:
        return WorkloadName(SERVICE_ACCOUNT, account.namespace, account.name)
    first, slash, name = who.partition("/")
    if not slash or first in _OTHERS or len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        return None
    kind = _WORDS.get(first)
    if kind is not None:
        return WorkloadName(kind, namespace, name)
    return WorkloadName(SERVICE_ACCOUNT, first, name) if _LABEL.fullmatch(first) else None
