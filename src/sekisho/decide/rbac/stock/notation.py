"""The shorthand of the tables: space-separated words instead of lists of strings."""

from typing import NamedTuple

from sekisho.decide.values import Json

READ = "get list watch"
WRITE = "create update patch delete deletecollection"
READ_WRITE = f"{READ} {WRITE}"


class StockRule(NamedTuple):
    """One PolicyRule in words; ``core`` stands for the empty API group."""

    verbs: str
    groups: str = ""
    resources: str = ""
    names: str = ""
    urls: str = ""

    def manifest(self) -> dict[str, Json]:
        """Return the rule as Kubernetes writes it: every list in alphabetical order."""
        written: dict[str, Json] = {"verbs": _sorted(self.verbs)}
        if self.resources:
            groups = ["" if group == "core" else group for group in self.groups.split()]
            written["apiGroups"] = [*sorted(groups)]
            written["resources"] = _sorted(self.resources)
        if self.names:
            written["resourceNames"] = _sorted(self.names)
        if self.urls:
            written["nonResourceURLs"] = _sorted(self.urls)
        return written


def _sorted(words: str) -> list[Json]:
    return [*sorted(words.split())]


RoleTable = dict[str, tuple[StockRule, ...]]
"""Role name to rules; a namespaced role is named ``namespace/name``."""

BindingTable = dict[str, tuple[str, tuple[str, ...]]]
"""Binding name to (role name, subjects).

Subjects read ``Group:NAME``, ``User:NAME`` and, for those in kube-system, ``ServiceAccount:NAME``.
"""


def rule(verbs: str, groups: str, resources: str, names: str = "") -> StockRule:
    """Return a rule about resources."""
    return StockRule(verbs, groups, resources, names)


def url_rule(verbs: str, urls: str) -> StockRule:
    """Return a rule about URLs."""
    return StockRule(verbs, urls=urls)


EVENTS = rule("create update patch", "core events.k8s.io", "events")
ACCESS_REVIEWS = (
    rule("create", "authentication.k8s.io", "tokenreviews"),
    rule("create", "authorization.k8s.io", "subjectaccessreviews"),
)
