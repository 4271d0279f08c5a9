"""May somebody apply manifests, and what would they newly allow: from files, row by row."""

from typing import Any

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.values import SekishoInputError
from sekisho.review.preflight.gains import identity_of_subject
from sekisho.review.preflight.manifests import read_wishes
from sekisho.review.preflight.run import Preflight, preflight
from sekisho.review.source import from_files

A = "222233334444"
BEN = f"arn:aws:iam::{A}:user/ben"
RBAC = "rbac.authorization.k8s.io"
WORLD = f"""
apiVersion: sekisho.dev/v1alpha1
kind: World
region: eu-central-1
accounts: [{{id: "{A}", users: [{{name: ana}}, {{name: ben}}, {{name: cat}}]}}]
clusters:
  - name: shop
    account: "{A}"
    creator: root
    awsAuth:
      mapUsers:
        - {{userarn: "arn:aws:iam::{A}:user/ana", username: ana, groups: [deployers]}}
        - {{userarn: "{BEN}", username: ben, groups: [readers]}}
    manifests:
      - {{apiVersion: v1, kind: Namespace, metadata: {{name: web}}}}
      - {{apiVersion: v1, kind: Namespace, metadata: {{name: kube-system}}}}
      - apiVersion: {RBAC}/v1
        kind: RoleBinding
        metadata: {{name: deployers, namespace: web}}
        roleRef: {{apiGroup: {RBAC}, kind: ClusterRole, name: admin}}
        subjects: [{{kind: Group, name: deployers, apiGroup: {RBAC}}}]
      - apiVersion: {RBAC}/v1
        kind: Role
        metadata: {{name: patch-only, namespace: web}}
        rules: [{{apiGroups: [{RBAC}], resources: [roles], verbs: [get, patch]}}]
      - apiVersion: {RBAC}/v1
        kind: RoleBinding
        metadata: {{name: patchers, namespace: web}}
        roleRef: {{apiGroup: {RBAC}, kind: Role, name: patch-only}}
        subjects: [{{kind: User, name: patcher, apiGroup: {RBAC}}}]
"""


def role(name: str, resources: str, verbs: str, namespace: str = "web") -> str:
    return f"""
apiVersion: {RBAC}/v1
kind: Role
metadata: {{name: {name}, namespace: {namespace}}}
rules: [{{apiGroups: [""], resources: [{resources}], verbs: [{verbs}]}}]
"""


def binding(name: str, ref: str, subject: str) -> str:
    kind, _, who = subject.partition(":")
    return f"""
apiVersion: {RBAC}/v1
kind: RoleBinding
metadata: {{name: {name}, namespace: web}}
roleRef: {{apiGroup: {RBAC}, kind: Role, name: {ref}}}
subjects: [{{kind: {kind}, name: {who}}}]
"""


MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: app}
data: {a: b}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: new}\n"
DEBUG = role("debug", "secrets", "get, list")
NODES = role("nodes", "nodes/proxy", '"*"')


def run(who: str, *objects: str, world: str = WORLD, namespace: str = "web") -> Preflight:
    source = from_files([("world.yaml", world)], None, None)
    return preflight(who, read_wishes([("change.yaml", "---".join(objects))], namespace), source)


ROOT = f"arn:aws:iam::{A}:root"
OUTCOMES: dict[str, tuple[str, tuple[str, ...], list[Outcome]]] = {
    "an object in one's namespace": ("user/ana", (MAP,), [Outcome.ALLOW]),
    "a group that may not": ("user/ben", (MAP,), [Outcome.DENY]),
    "somebody whom the cluster does not know": ("user/cat", (MAP,), [Outcome.DENY]),
    "a Kubernetes group": ("group:deployers", (MAP,), [Outcome.ALLOW]),
    "granting what one holds": ("user/ana", (DEBUG,), [Outcome.ALLOW]),
    "granting what one does not hold": ("user/ana", (NODES,), [Outcome.DENY]),
    "granting anything, by masters": (ROOT, (NODES,), [Outcome.ALLOW]),
    "binding a role that comes before": (
        "user/ana", (DEBUG, binding("b", "debug", "Group:readers")), [Outcome.ALLOW, Outcome.ALLOW],
    ),
    "binding a role that comes after": (
        "user/ana", (binding("b", "debug", "Group:readers"), DEBUG), [Outcome.DENY, Outcome.ALLOW],
    ),
    "binding a role that could not be written": (
        "user/ana", (NODES, binding("b", "nodes", "Group:readers")), [Outcome.DENY, Outcome.DENY],
    ),
    "patching a role without the verb update": (
        "user:patcher", (role("patch-only", "pods", ""),), [Outcome.ALLOW],
    ),
    "creating a role without the verb create": ("user:patcher", (role("new", "pods", ""),), [Outcome.DENY]),
    "another roleRef": (ROOT, (binding("patchers", "other", "Group:x"),), [Outcome.DENY]),
    "a namespace that is missing": (ROOT, (role("r", "pods", "get", "new"),), [Outcome.DENY]),
    "a namespace that comes before": (
        ROOT, (NAMESPACE, role("r", "pods", "get", "new")), [Outcome.ALLOW, Outcome.ALLOW],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("who", "objects", "outcomes"), OUTCOMES.values(), ids=OUTCOMES)
def test_who_may_apply_what(who: str, objects: tuple[str, ...], outcomes: list[Outcome]) -> None:
    found = run(who, *objects)
    assert [one.outcome for one in found.objects] == outcomes
    assert found.outcome is (Outcome.DENY if Outcome.DENY in outcomes else Outcome.ALLOW)


def test_faults_are_told_by_code() -> None:
    (one,) = run(ROOT, binding("patchers", "other", "Group:x")).objects
    assert [str(step.code) for step in one.faults] == ["preflight.role-ref-immutable"]
    (one,) = run(ROOT, role("r", "pods", "get", "new")).objects
    assert [str(step.code) for step in one.faults] == ["preflight.namespace-missing"]


def test_what_is_newly_allowed_leads_back_to_iam() -> None:
    gains = run("user/ana", DEBUG, binding("b", "debug", "Group:readers")).gains
    assert gains is not None
    (one,) = gains.subjects
    assert (one.subject, [str(arn) for arn in one.principals]) == ("Group:readers", [BEN])
    (allowed,) = one.allowed
    assert (allowed.namespace, allowed.rule.verbs, allowed.rule.resources) == (
        "web",
        ("get", "list"),
        ("secrets",),
    )
    assert [str(danger) for danger in allowed.dangers] == ["danger.reads-secrets"]
    assert allowed.rule.at.document == "change.yaml"


def test_what_may_not_be_applied_is_told_too() -> None:
    gains = run("user/ana", NODES, binding("b", "nodes", "ServiceAccount:app")).gains
    assert gains is not None
    assert [one.subject for one in gains.subjects] == ["ServiceAccount:web/app"]


def test_applying_what_is_there_allows_nothing_new() -> None:
    gains = run(ROOT, binding("patchers", "patch-only", "User:patcher")).gains
    assert gains is not None
    assert gains.subjects == ()
    assert gains.mappings == ()


def aws_auth(*users: str) -> str:
    lines = "\n".join(f"    - {one}" for one in users)
    metadata = "metadata: {name: aws-auth, namespace: kube-system}"
    return f"apiVersion: v1\nkind: ConfigMap\n{metadata}\ndata:\n  mapUsers: |\n{lines}\n"


CAT = f"arn:aws:iam::{A}:user/cat"
MAPPINGS: dict[str, tuple[str, bool, list[tuple[str, ...]]]] = {
    "a master": (f"{{userarn: '{CAT}', username: cat, groups: ['system:masters']}}", True, []),
    "a reader of nothing": (f"{{userarn: '{CAT}', username: cat, groups: [readers]}}", False, []),
    "a patcher": (f"{{userarn: '{CAT}', username: patcher}}", False, [("get", "patch")]),
}


@pytest.mark.parametrize(("line", "everything", "verbs"), MAPPINGS.values(), ids=MAPPINGS)
def test_a_new_mapping_is_told_by_principal(
    line: str, everything: bool, verbs: list[tuple[str, ...]]
) -> None:
    gains = run(ROOT, aws_auth(line)).gains
    assert gains is not None
    cat = next(one for one in gains.mappings if str(one.arn) == CAT)
    assert cat.before is None
    assert cat.everything is everything
    assert [one.rule.verbs for one in cat.allowed] == verbs
    gone = next(one for one in gains.mappings if str(one.arn) == BEN)
    assert (gone.after, gone.everything, gone.allowed) == (None, False, ())


def test_without_rbac_nothing_is_known() -> None:
    source = from_files([("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n")], "c", "CONFIG_MAP")
    found = preflight("user:ana", read_wishes([("m.yaml", MAP)], "web"), source)
    assert found.outcome is Outcome.UNKNOWN
    assert found.gains is None


def test_whether_an_object_exists_may_be_unknown() -> None:
    source = from_files(
        [("role.yaml", NODES), ("b.yaml", binding("b", "nodes", "User:ana"))], "c", "CONFIG_MAP"
    )
    (one,) = preflight("user:ana", read_wishes([("m.yaml", MAP)], "web"), source).objects
    assert one.exists is None
    assert [need.request.verb for need in one.needs] == ["get", "create", "patch"]
    half = role("half", "configmaps", "get, create")
    source = from_files(
        [("role.yaml", half), ("b.yaml", binding("b", "half", "User:ana"))], "c", "CONFIG_MAP"
    )
    assert preflight("user:ana", read_wishes([("m.yaml", MAP)], "web"), source).outcome is Outcome.UNKNOWN


SUBJECTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "Group:ops": ("", ("ops",), ("ops", "system:authenticated")),
    "Group:system:authenticated": ("", ("system:authenticated",), ("system:authenticated",)),
    "User:ana": ("ana", (), ("system:authenticated",)),
    "User:group:x": ("group:x", (), ("system:authenticated",)),
    "User:system:anonymous": ("system:anonymous", (), ("system:unauthenticated",)),
    "User:system:node:n": ("system:node:n", (), ("system:nodes", "system:authenticated")),
    "ServiceAccount:web/app": (
        "system:serviceaccount:web:app",
        (),
        ("system:serviceaccounts", "system:serviceaccounts:web", "system:authenticated"),
    ),
}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_is_a_user_with_what_it_always_has(subject: str) -> None:
    name, groups, always = SUBJECTS[subject]
    alone, complete = identity_of_subject(subject)
    assert (alone.name, alone.groups) == (name, groups)
    assert (complete.name, complete.groups) == (name, always)


BAD: dict[str, tuple[str, str, int]] = {
    "no manifest": ("a: b\n", "preflight.not-a-manifest", 1),
    "no name": ("apiVersion: v1\nkind: Pod\nmetadata: {}\n", "facts.kube.missing", 3),
    "nothing": ("# nothing\n", "preflight.empty", 0),
    "a wrong rule in the second": (
        f"{MAP}---\napiVersion: {RBAC}/v1\nkind: Role\nmetadata: {{name: r}}\nrules: [{{verbs: get}}]\n",
        "",
        10,
    ),
    "not YAML": ("a: [", "", 0),
}


@pytest.mark.parametrize(("text", "code", "line"), BAD.values(), ids=BAD)
def test_a_file_that_is_no_manifest_is_refused(text: str, code: str, line: int) -> None:
    with pytest.raises(SekishoInputError) as caught:
        read_wishes([("change.yaml", text)], "web")
    fault: Any = caught.value.faults[0]
    assert code in ("", str(fault.code))
    assert line in (0, fault.line)
