"""Roles and bindings: the rules of kubernetes pkg/apis/rbac/validation, with its texts."""

from collections.abc import Callable, Iterator
from functools import partial

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube.causes import bad_value, required, unsupported
from sekisho.wire.kube.members import items, mapping, objects, text
from sekisho.wire.kube.names import dns_subdomain_problems, path_segment_problems
from sekisho.wire.kube.status import Cause
from sekisho.wire.kube.validate_labels import selector_causes

GROUP = "rbac.authorization.k8s.io"


def _role(value: JsonObject, _: JsonObject | None, *, namespaced: bool) -> Iterator[Cause]:
    for index, rule in enumerate(objects(value, "rules")):
        yield from _targets(rule, f"rules[{index}]", namespaced=namespaced)
    for index, rule in enumerate(objects(value, "rules")):
        if not items(rule, "verbs"):
            yield required(f"rules[{index}].verbs")
    if namespaced or "aggregationRule" not in value:
        return
    selectors = objects(value, "aggregationRule", "clusterRoleSelectors")
    for index, selector in enumerate(selectors):
        place = f"aggregationRule.clusterRoleSelectors[{index}]"
        causes = list(selector_causes(selector, place))
        yield from causes
        if causes:
            yield bad_value(place, None, "invalid label selector.")
    if not selectors:
        yield required(
            "aggregationRule.clusterRoleSelectors",
            "at least one clusterRoleSelector required if aggregationRule is non-nil",
        )


def _targets(rule: JsonObject, field: str, *, namespaced: bool) -> Iterator[Cause]:
    urls = list(items(rule, "nonResourceURLs"))
    if urls:
        if namespaced:
            yield bad_value(
                f"{field}.nonResourceURLs", urls, "namespaced rules cannot apply to non-resource URLs"
            )
        if any(items(rule, member) for member in ("apiGroups", "resources", "resourceNames")):
            yield bad_value(
                f"{field}.nonResourceURLs",
                urls,
                "rules cannot apply to both regular resources and non-resource URLs",
            )
        return
    if not items(rule, "apiGroups"):
        yield required(f"{field}.apiGroups", "resource rules must supply at least one api group")
    if not items(rule, "resources"):
        yield required(f"{field}.resources", "resource rules must supply at least one resource")


def _binding(value: JsonObject, old: JsonObject | None, *, namespaced: bool) -> Iterator[Cause]:
    role_ref = mapping(value, "roleRef")
    if text(role_ref, "apiGroup") != GROUP:
        yield unsupported("roleRef.apiGroup", text(role_ref, "apiGroup"), [GROUP])
    kinds = ["Role", "ClusterRole"] if namespaced else ["ClusterRole"]
    if text(role_ref, "kind") not in kinds:
        yield unsupported("roleRef.kind", text(role_ref, "kind"), kinds)
    name = text(role_ref, "name")
    yield from (bad_value("roleRef.name", name, problem) for problem in path_segment_problems(name))
    for index, subject in enumerate(objects(value, "subjects")):
        yield from _subject(subject, f"subjects[{index}]", namespaced=namespaced)
    for index, subject in enumerate(objects(value, "subjects")):
        if not text(subject, "name"):
            yield required(f"subjects[{index}].name")
    if not name:
        yield required("roleRef.name")
    if old is not None and mapping(old, "roleRef") != role_ref:
        members = ("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name")
        shown: dict[str, Json] = {spelt: text(role_ref, member) for spelt, member in members}
        yield bad_value("roleRef", shown, "field is immutable")


def _subject(subject: JsonObject, field: str, *, namespaced: bool) -> Iterator[Cause]:
    name, kind, group = text(subject, "name"), text(subject, "kind"), text(subject, "apiGroup")
    match kind:
        case "ServiceAccount":
            if name:
                problems = dns_subdomain_problems(name)
                yield from (bad_value(f"{field}.name", name, problem) for problem in problems)
            if group:
                yield unsupported(f"{field}.apiGroup", group, [""])
            if not namespaced and not text(subject, "namespace"):
                yield required(f"{field}.namespace")
        case "User" | "Group":
            if group != GROUP:
                yield unsupported(f"{field}.apiGroup", group, [GROUP])
        case _:
            yield unsupported(f"{field}.kind", kind, ["ServiceAccount", "User", "Group"])


RULES: dict[tuple[str, str], Callable[[JsonObject, JsonObject | None], Iterator[Cause]]] = {
    (GROUP, "Role"): partial(_role, namespaced=True),
    (GROUP, "ClusterRole"): partial(_role, namespaced=False),
    (GROUP, "RoleBinding"): partial(_binding, namespaced=True),
    (GROUP, "ClusterRoleBinding"): partial(_binding, namespaced=False),
}
