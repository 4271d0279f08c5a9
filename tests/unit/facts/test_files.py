"""Files as people have them: what is recognised, what becomes a gap, and the way back to a line."""

import json

import pytest

from sekisho.decide.chain import authorize, user_of
from sekisho.decide.decision import Outcome
from sekisho.decide.rbac.bootstrap import default_objects
from sekisho.decide.rbac.objects import GROUP
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import InputFault, KubeUser, Ref, SekishoInputError
from sekisho.facts import Kind, kube_key, kube_scope
from sekisho.facts.files import read_documents
from sekisho.facts.identity import identity_from_arn
from sekisho.facts.loaded import Loaded
from sekisho.facts.shape import MAX_FAULTS
from unit.facts.worlds import WORLD, changed

ARN = "arn:aws:eks:ap-northeast-1:111122223333:cluster/eks-clu"
OPERATOR = "arn:aws:iam::111122223333:user/eks-ope"

AWS_AUTH = f"""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: aws-auth
  namespace: kube-system
data:
  mapUsers: |
    - userarn: arn:aws:iam::111122223333:user/other
      username: other
    - userarn: {OPERATOR}
      username: eks-ope
      groups: [operators]
"""
RBAC = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: nodes}
rules:
  - apiGroups: [""]
    resources: [nodes]
    verbs: [get, list]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: operators}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: nodes}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: operators}
"""


def described(**members: object) -> str:
    cluster = {
        "name": "eks-clu",
        "arn": ARN,
        "createdAt": 1700000000.123,
        "version": "1.34",
        "accessConfig": {"authenticationMode": "CONFIG_MAP"},
        "endpoint": "https://example.com",
        "resourcesVpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": []},
        "tags": {"team": "blue"},
        "health": {"issues": []},
    }
    return json.dumps({"cluster": {**cluster, **members}})


def read(*texts: str, cluster: str | None = None, mode: str | None = None) -> Loaded:
    """Read texts as files called ``0``, ``1``, ..."""
    named = [(str(number), text) for number, text in enumerate(texts)]
    return read_documents(named, cluster=cluster, authentication_mode=mode)


def faults_of(*texts: str, cluster: str | None = None, mode: str | None = None) -> tuple[InputFault, ...]:
    with pytest.raises(SekishoInputError) as caught:
        read(*texts, cluster=cluster, mode=mode)
    return caught.value.faults


def mapped(loaded: Loaded, who: str = OPERATOR) -> Outcome:
    assert loaded.cluster is not None
    return user_of(identity_from_arn(who, loaded.snapshot), loaded.cluster).outcome


def nodes_listed(loaded: Loaded) -> Outcome:
    assert loaded.cluster is not None
    user = KubeUser("eks-ope", ("operators",))
    return authorize(user, RequestAttributes("list", resource="nodes"), loaded.cluster).outcome


def test_description_mappings_and_rbac_together_answer() -> None:
    loaded = read(described(), AWS_AUTH, RBAC)
    assert (mapped(loaded), nodes_listed(loaded)) == (Outcome.ALLOW, Outcome.ALLOW)


def test_the_members_of_a_description_are_kept() -> None:
    cluster = read(described()).snapshot.cluster("111122223333", "ap-northeast-1", "eks-clu")
    assert cluster is not None
    assert cluster.created.rfc3339() == "2023-11-14T22:13:20Z"
    assert (cluster.subnet_ids, cluster.tags) == (("subnet-1",), (("team", "blue"),))
    assert (cluster.creator, cluster.authentication_mode) == ("", "CONFIG_MAP")


def test_a_world_file_answers_alone() -> None:
    loaded = read(WORLD)
    assert mapped(loaded, "user/eks-admin") is Outcome.ALLOW
    assert mapped(loaded, "arn:aws:iam::999999999999:user/x") is Outcome.NO_OPINION
    assert mapped(loaded, "arn:aws:iam::444455556666:user/x") is Outcome.ALLOW
    assert loaded.snapshot.gaps == ()
    assert loaded.notices == ()


def test_without_aws_auth_a_mapping_is_unknown_not_absent() -> None:
    loaded = read(described(), RBAC)
    assert mapped(loaded) is Outcome.UNKNOWN
    assert nodes_listed(loaded) is Outcome.ALLOW


def test_who_is_not_in_aws_auth_may_still_be_the_creator() -> None:
    assert mapped(read(described(), AWS_AUTH), "arn:aws:iam::111122223333:user/x") is Outcome.UNKNOWN


def test_without_rbac_objects_authorization_is_unknown() -> None:
    loaded = read(described(), AWS_AUTH)
    assert nodes_listed(loaded) is Outcome.UNKNOWN
    assert loaded.cluster is not None
    assert len(loaded.cluster.gaps) == 4
    assert loaded.snapshot.gap(Kind.KUBE, kube_scope(ARN, GROUP, "roles")) is not None


@pytest.mark.parametrize(("mode", "outcome"), [("API", "unknown"), ("API_AND_CONFIG_MAP", "unknown")])
def test_access_entries_that_count_first_are_unread(mode: str, outcome: str) -> None:
    loaded = read(described(accessConfig={"authenticationMode": mode}), AWS_AUTH)
    assert mapped(loaded) == outcome


def test_without_the_authentication_mode_aws_auth_may_not_count() -> None:
    assert mapped(read(AWS_AUTH)) is Outcome.UNKNOWN
    assert mapped(read(described(accessConfig=None), AWS_AUTH)) is Outcome.UNKNOWN


def test_the_asker_may_say_the_authentication_mode() -> None:
    assert mapped(read(AWS_AUTH, mode="CONFIG_MAP")) is Outcome.ALLOW
    assert mapped(read(described(accessConfig=None), AWS_AUTH, mode="CONFIG_MAP")) is Outcome.ALLOW
    assert mapped(read(described(), AWS_AUTH, mode="API")) is Outcome.ALLOW  # what EKS said counts


def test_a_mode_that_eks_does_not_have_is_refused() -> None:
    (fault,) = faults_of(AWS_AUTH, mode="CONFIGMAP")
    assert (fault.code, fault.hint) == ("facts.authentication-mode", "did you mean `CONFIG_MAP`")


def test_lists_as_kubectl_prints_them_are_read() -> None:
    items = [json.loads(json.dumps(body)) for body in default_objects()]
    loaded = read(described(), json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), AWS_AUTH)
    assert loaded.notices == ()
    assert nodes_listed(loaded) is Outcome.NO_OPINION


def test_typed_lists_give_their_items_kind_and_version() -> None:
    text = json.dumps(
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "RoleList",
            "items": [{"metadata": {"name": "r", "namespace": "n"}, "rules": []}],
        }
    )
    key = kube_key(ARN, GROUP, "roles", "n", "r")
    assert read(described(), text).snapshot.kube(key) is not None


def test_a_dump_without_the_defaults_is_said_to_be_incomplete() -> None:
    (notice,) = read(described(), RBAC).notices
    assert notice.code == "facts.rbac-defaults-missing"
    assert notice.at == Ref(ARN)


def test_objects_in_files_add_to_a_world_and_replace_what_it_says() -> None:
    role = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: readers, namespace: shop}\n"
    )
    loaded = read(WORLD, role)
    (notice,) = loaded.notices
    assert (notice.code, dict(notice.facts)["by"]) == ("facts.object-replaced", "1")
    assert loaded.line_of(notice.at) == ("0", WORLD.count("\n", 0, WORLD.index("    manifests:")) + 2)


def test_a_world_and_a_description_of_its_cluster_keep_the_creator() -> None:
    loaded = read(WORLD, described())
    assert loaded.cluster is not None
    assert loaded.cluster.creator == "arn:aws:iam::111122223333:user/eks-admin"
    assert loaded.cluster.cluster.endpoint == "https://example.com"


def test_secrets_leave_only_the_names_of_their_data() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "annotations": {"last": "hush-hush"}},
        "data": {"password": "hush-hush"},
    }
    loaded = read(described(), json.dumps(secret))
    body = loaded.snapshot.kube(kube_key(ARN, "", "secrets", "default", "s"))
    assert body is not None
    assert body["data"] == {"password": ""}
    assert "hush" not in str(list(loaded.snapshot.items()))
    assert "hush" not in repr(loaded)


def test_objects_alone_belong_to_the_cluster_that_the_asker_names() -> None:
    named = read(AWS_AUTH, cluster="prod")
    by_arn = read(AWS_AUTH, cluster=ARN)
    nameless = read(AWS_AUTH)
    found = [one.cluster.name for one in (named, by_arn, nameless) if one.cluster]
    assert found == ["prod", "eks-clu", "cluster"]
    assert by_arn.cluster is not None
    assert str(by_arn.cluster.at) == ARN
    assert nameless.cluster is not None
    assert nameless.cluster.authentication_mode == "unread"


def test_an_account_alone_speaks_of_no_cluster() -> None:
    loaded = read('{"UserDetailList": []}')
    assert (loaded.cluster, dict(loaded.clusters)) == (None, {})


OTHER = described(name="other", arn=ARN.replace("eks-clu", "other"))


def test_of_several_clusters_the_named_one_is_chosen() -> None:
    chosen = read(described(), OTHER, AWS_AUTH, cluster="other")
    assert chosen.cluster is not None
    assert chosen.cluster.name == "other"
    assert read(described(), OTHER).cluster is None
    assert len(read(described(), OTHER).clusters) == 2


def test_objects_of_one_of_several_clusters_need_its_name() -> None:
    (fault,) = faults_of(described(), OTHER, AWS_AUTH)
    assert fault.code == "facts.cluster-ambiguous"
    assert ARN in fault.hint


def test_one_name_in_two_regions_needs_the_arn() -> None:
    elsewhere = described(arn=ARN.replace("ap-northeast-1", "us-east-1"))
    (fault,) = faults_of(described(), elsewhere, cluster="eks-clu")
    assert fault.code == "facts.cluster-ambiguous"
    assert read(described(), elsewhere, cluster=ARN).cluster is not None


@pytest.mark.parametrize(
    ("name", "hint"), [("eks-cul", "did you mean `eks-clu`"), ("zzz", f"known are {ARN}")]
)
def test_a_cluster_that_no_file_speaks_of_is_refused(name: str, hint: str) -> None:
    (fault,) = faults_of(described(), cluster=name)
    assert (fault.code, fault.hint) == ("facts.cluster-unknown", hint)


def test_a_place_leads_to_the_line_in_the_file() -> None:
    loaded = read(described(), AWS_AUTH, RBAC, "\n" + RBAC.split("---\n", maxsplit=1)[0])
    places = {
        Ref("1", "/data/mapUsers/1"): ("1", 10),
        Ref("1", "/data/mapUsers/1/groups"): ("1", 12),
        Ref("1", "/data/mapUsers"): ("1", 7),
        Ref("1", "/data/none"): ("1", 6),
        Ref("2", "/0/rules/0/verbs"): ("2", 7),
        Ref("2", "/1/subjects/0"): ("2", 14),
        Ref("2"): ("2", 1),
        Ref("2", "/x"): ("2", 1),
        Ref("3", "/rules/0"): ("3", 6),
        Ref(ARN, "/accessConfig"): ("0", 1),
        Ref("clusterrole/view"): None,
    }
    assert {ref: loaded.line_of(ref) for ref in places} == places


def test_what_decided_leads_to_the_users_own_line() -> None:
    loaded = read(described(), AWS_AUTH, RBAC)
    assert loaded.cluster is not None
    user = user_of(identity_from_arn(OPERATOR, loaded.snapshot), loaded.cluster)
    assert [loaded.line_of(step.at) for step in user.decisive] == [("1", 10)]
    granted = authorize(
        KubeUser("eks-ope", ("operators",)), RequestAttributes("list", resource="nodes"), loaded.cluster
    )
    assert [loaded.line_of(step.at) for step in granted.decisive] == [("2", 5)]


def test_a_world_leads_to_its_lines_by_pointer_and_by_arn() -> None:
    loaded = read(WORLD)
    line = WORLD.count("\n", 0, WORLD.index("- name: eks-ope")) + 1
    assert loaded.line_of(Ref("arn:aws:iam::111122223333:user/team/eks-ope")) == ("0", line)
    nested = Ref("arn:aws:iam::111122223333:user/team/eks-ope", "/inline/clusters/Statement/0")
    statement = WORLD.count("\n", 0, WORLD.index('"Statement": [{')) + 1
    assert loaded.line_of(nested) == ("0", statement)


REFUSED = {
    "empty": ("", "facts.empty", 0),
    "only a comment": ("# nothing", "facts.empty", 0),
    "no known form": ("hello: world", "facts.not-understood", 1),
    "a list": ("- a", "facts.not-understood", 1),
    "another AWS output": ('{"Users": []}', "facts.not-understood", 1),
    "no YAML": ("a: [", "yaml.syntax", 2),
    "no JSON": ('{"a": 1,}', "json.syntax", 1),
    "second document not understood": (f"{AWS_AUTH}---\na: 1\n", "facts.not-understood", 14),
    "object without name": ("apiVersion: v1\nkind: Pod\nmetadata: {}", "facts.kube.missing", 3),
    "list without items": ("apiVersion: v1\nkind: List", "facts.kube.not-a-list", 1),
    "list item no object": ("apiVersion: v1\nkind: List\nitems:\n- 1", "facts.kube.not-an-object", 4),
    "list item without kind": ("apiVersion: v1\nkind: List\nitems:\n- {}", "facts.kube.missing", 4),
    "RBAC object of a wrong shape": (RBAC.replace("verbs", "verb"), "rbac.unknown-member", 7),
    "description without ARN": (described(arn=None), "facts.aws-output", 1),
    "description with another ARN": (described(arn="x"), "facts.aws-output", 1),
    "description without name": (described(name=None), "facts.aws-output", 1),
    "description with an odd date": (described(createdAt="today"), "facts.aws-output", 1),
    "description with a boolean date": (described(createdAt=True), "facts.aws-output", 1),
    "description with odd subnets": (
        described(resourcesVpcConfig={"subnetIds": "x"}),
        "facts.aws-output",
        1,
    ),
    "world with a fault": (
        changed("path: /team/", "path: x"),
        "world.form",
        WORLD.count("\n", 0, WORLD.index("path: /team/")) + 1,
    ),
}


@pytest.mark.parametrize(("text", "code", "line"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_understood_is_refused_with_its_line(text: str, code: str, line: int) -> None:
    assert (code, line) in [(fault.code, fault.line) for fault in faults_of(text)]


def test_faults_of_all_files_come_at_once() -> None:
    assert [fault.at.document for fault in faults_of("a: 1", AWS_AUTH, "b: 1")] == ["0", "2"]


def test_a_file_is_named_once() -> None:
    with pytest.raises(SekishoInputError) as caught:
        read_documents([("a", AWS_AUTH), ("a", RBAC)])
    assert [fault.code for fault in caught.value.faults] == ["facts.file-twice"]


def test_kubernetes_names_of_resources_follow_the_kinds() -> None:
    kinds = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies", "Endpoints": "endpoints"}
    for kind, resource in kinds.items():
        text = f"apiVersion: x/v1\nkind: {kind}\nmetadata: {{name: a, namespace: n}}"
        assert read(described(), text).snapshot.kube(kube_key(ARN, "x", resource, "n", "a")) is not None


def test_a_description_without_optional_members_is_enough() -> None:
    text = json.dumps({"cluster": {"name": "eks-clu", "arn": ARN, "createdAt": "2026-01-31T09:00:00+09:00"}})
    loaded = read(text)
    assert loaded.cluster is not None
    assert loaded.cluster.cluster.created.rfc3339() == "2026-01-31T00:00:00Z"
    assert loaded.cluster.cluster.tags == ()


def test_oddities_of_aws_auth_are_told() -> None:
    loaded = read(described(), AWS_AUTH.replace("user/other", "role/other"))
    codes = [notice.step.code for notice in loaded.aws_auth_notices]
    assert "aws-auth.arn-in-other-section" in codes
    assert read(described()).aws_auth_notices == ()


def listed(bad: int) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [1] * bad})


@pytest.mark.parametrize("extra", [0, 1, 2])
def test_more_faults_than_anybody_reads_are_counted(extra: int) -> None:
    found = faults_of(listed(MAX_FAULTS + extra))
    assert len(found) == min(MAX_FAULTS + extra, MAX_FAULTS + 1)
    if extra == 2:
        assert (found[-1].code, found[-1].problem) == ("facts.more-faults", "2 more faults are not shown")


def test_a_world_with_very_many_faults_says_so_itself() -> None:
    found = faults_of("".join(f"qq{number}: 1\n" for number in range(MAX_FAULTS + 9)) + WORLD)
    assert (found[-1].code, len(found)) == ("world.more-faults", MAX_FAULTS + 1)
