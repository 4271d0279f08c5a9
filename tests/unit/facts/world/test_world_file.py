"""World files: what a whole one says, and what becomes of it."""

import json
from pathlib import Path

from sekisho.decide.values import AccountId, Instant, Ref
from sekisho.facts import Account, Cluster, Document, Kind, Put, Role, Snapshot
from sekisho.facts.shape import MAX_FAULTS
from sekisho.facts.world.content import KeyRequest
from sekisho.facts.world.events import UnknownIds, events, kube_events, manifests
from sekisho.facts.world.file import is_world, parse_world
from unit.facts.worlds import WORLD, changed

CREATED = Instant.parse_rfc3339("2026-01-31T09:00:00Z")
DEFAULT_WORLD = Path(__file__).parents[4] / "src/sekisho/lab/world/default.yaml"


class Counting:
    """Ids that count: ``AIDA1``, ``AGPA2``, ..."""

    def __init__(self) -> None:
        self.made = 0

    def unique_id(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}{self.made}"

    def organizations_id(self, prefix: str, stand_in: str) -> str:
        del stand_in
        self.made += 1
        return f"{prefix}{self.made:010d}"


def test_accounts_users_groups_roles_and_policies_are_read() -> None:
    world = parse_world(WORLD, "world.yaml")
    assert [(one.account, one.name) for one in world.accounts] == [
        ("111122223333", "dev"),
        ("444455556666", "444455556666"),
    ]
    admin, operator = world.users
    assert admin.attached == (
        "arn:aws:iam::aws:policy/AdministratorAccess",
        "arn:aws:iam::111122223333:policy/reader",
    )
    assert str(operator.arn) == "arn:aws:iam::111122223333:user/team/eks-ope"
    assert (operator.groups, operator.tags) == (("staff",), (("team", "blue"),))
    assert [one.name for one in operator.inline] == ["clusters"]
    assert world.groups[0].attached == ("arn:aws:iam::111122223333:policy/reader",)
    assert world.keys == (KeyRequest(admin.account, "eks-admin", "default"),)
    role = world.roles[0]
    assert (role.max_session_seconds, role.description) == (7200, "what the app may do")
    assert json.loads(role.trust)["Statement"][0]["Action"] == "sts:AssumeRole"


def test_a_boundary_is_a_policy_of_the_account_or_aws_s_own() -> None:
    text = changed("groups: [staff]", "groups: [staff]\n        boundary: reader").replace(
        "description: what", "boundary: arn:aws:iam::aws:policy/ReadOnlyAccess\n        description: what"
    )
    world = parse_world(text, "world.yaml")
    assert [one.boundary for one in world.users] == ["", "arn:aws:iam::111122223333:policy/reader"]
    assert [one.boundary for one in world.roles] == ["arn:aws:iam::aws:policy/ReadOnlyAccess"]


def test_json_text_of_a_document_stays_as_it_was_written() -> None:
    inline = parse_world(WORLD, "w").users[1].inline[0]
    assert inline == Document("clusters", inline.text)
    assert inline.text.startswith('{\n  "Version"')


def test_a_cluster_has_what_the_file_says_and_nothing_that_it_does_not() -> None:
    found = parse_world(WORLD, "w").clusters[0]
    assert found.at == Ref("w", "/clusters/0")
    assert found.cluster.creator == "arn:aws:iam::111122223333:user/eks-admin"
    assert (found.cluster.region, found.cluster.version) == ("ap-northeast-1", "1.34")
    assert (found.cluster.endpoint, found.cluster.issuer) == ("", "")
    assert [node.name for node in found.nodes] == ["ip-10-0-0-7.ap-northeast-1.compute.internal", "worker-2"]


def test_a_role_with_a_path_is_found_by_its_name_as_creator_and_as_cluster_role() -> None:
    text = changed("      - name: app\n", "      - name: app\n        path: /svc/\n").replace(
        "creator: user/eks-admin", "creator: role/app\n    roleArn: role/svc/app"
    )
    cluster = parse_world(text, "w").clusters[0].cluster
    assert cluster.creator == "arn:aws:iam::111122223333:role/svc/app"
    assert cluster.role_arn == cluster.creator


def test_the_root_user_can_be_the_creator() -> None:
    found = parse_world(changed("creator: user/eks-admin", "creator: root"), "w").clusters[0].cluster
    assert found.creator == "arn:aws:iam::111122223333:root"


def test_raw_sections_are_kept_as_text() -> None:
    text = changed(
        WORLD[WORLD.index("      mapRoles:") : WORLD.index("    nodes:")],
        "      raw:\n        mapRoles: |\n          - rolearn: x\n",
    )
    aws_auth = parse_world(text, "w").clusters[0].aws_auth
    assert aws_auth is not None
    assert aws_auth.body["data"] == {"mapRoles": "- rolearn: x\n"}
    assert aws_auth.data_at == Ref("w", "/clusters/0/awsAuth/raw")


def test_what_is_odd_about_aws_auth_is_a_notice_at_the_users_own_place() -> None:
    text = changed("role/app\n          username", "role/svc/app\n          username")
    notices = parse_world(text, "w").notices
    places = [(notice.step.code, notice.step.at.pointer, notice.line) for notice in notices]
    assert ("aws-auth.role-path", "/clusters/0/awsAuth/mapRoles/0", 0) in places


def test_an_aws_auth_manifest_is_read_too_and_its_notices_count_lines_in_its_text() -> None:
    start, end = WORLD.index("    awsAuth:"), WORLD.index("    nodes:")
    manifest = (
        "      - apiVersion: v1\n        kind: ConfigMap\n"
        "        metadata: {name: aws-auth, namespace: kube-system}\n"
        "        data:\n          mapRoles: |\n            - rolearn: nonsense\n"
    )
    text = WORLD[:start] + WORLD[end:] + manifest
    world = parse_world(text, "w")
    assert world.clusters[0].aws_auth is None
    assert next((notice.step.code, notice.line) for notice in world.notices) == ("aws-auth.arn-invalid", 1)


def test_ids_and_dates_are_given_and_a_trusted_principal_is_remembered_by_its_id() -> None:
    facts = Snapshot(events(parse_world(WORLD, "w"), Counting(), CREATED))
    role = facts.role("111122223333", "app")
    admin = facts.user("111122223333", "eks-admin")
    assert role is not None
    assert admin is not None
    assert (role.role_id[:4], admin.user_id[:4], admin.created) == ("AROA", "AIDA", CREATED)
    assert role.trusted_ids == ((str(admin.arn), admin.user_id),)
    policy = facts.policies("111122223333")[0]
    assert (policy.policy_id[:4], policy.versions[0].created, policy.updated) == ("ANPA", CREATED, CREATED)
    assert facts.groups("111122223333")[0].group_id.startswith("AGPA")
    assert [cluster.created for cluster in facts.clusters()] == [CREATED]
    assert facts.account("444455556666") == Account(AccountId("444455556666"), "444455556666")
    assert len({role.role_id, admin.user_id, policy.policy_id}) == 3


def test_ids_that_are_not_known_are_prefixes() -> None:
    facts = Snapshot(events(parse_world(WORLD, "w"), UnknownIds(), CREATED))
    user = facts.user("111122223333", "eks-ope")
    assert user is not None
    assert user.user_id == "AIDA"


def test_objects_of_a_cluster_are_the_files_after_those_of_every_new_cluster() -> None:
    found = parse_world(WORLD, "w").clusters[0]
    own = [one.key(str(found.cluster.arn)) for one in manifests(found, CREATED)]
    every = [event.key for event in kube_events(found, CREATED)]
    assert every[-len(own) :] == own
    assert len(every) > 100
    assert [key.name for key in own] == [
        "kube-system/aws-auth",
        "/ip-10-0-0-7.ap-northeast-1.compute.internal",
        "/worker-2",
        "shop/readers",
        "shop/readers",
    ]


def test_a_node_is_shown_as_kubectl_shows_nodes() -> None:
    found = parse_world(WORLD, "w").clusters[0]
    first, second = [one.body for one in manifests(found, CREATED) if one.body["kind"] == "Node"]
    shown = json.loads(json.dumps([first, second]))
    assert [node["metadata"]["creationTimestamp"] for node in shown] == [CREATED.rfc3339()] * 2
    assert [node["status"]["conditions"][0]["status"] for node in shown] == ["True", "Unknown"]
    assert [node["status"]["nodeInfo"]["kubeletVersion"] for node in shown] == ["v1.34.0", "v1.33.1-eks-1"]
    assert [node["status"]["addresses"][0] for node in shown] == [
        {"type": "InternalIP", "address": "10.0.0.7"},
        {"type": "InternalIP", "address": "10.0.0.8"},
    ]
    assert shown[1]["metadata"]["labels"]["zone"] == "a"


def test_a_node_whose_name_is_no_address_has_none() -> None:
    found = parse_world(changed("        address: 10.0.0.8\n", ""), "w").clusters[0]
    node = json.loads(json.dumps(manifests(found, CREATED)[2].body))
    assert [one["type"] for one in node["status"]["addresses"]] == ["InternalDNS", "Hostname"]


def test_a_cluster_without_aws_auth_maps_nobody() -> None:
    start, end = WORLD.index("    awsAuth:"), WORLD.index("    nodes:")
    found = parse_world(WORLD[:start] + WORLD[end:], "w").clusters[0]
    assert found.aws_auth is None
    assert "ConfigMap" not in [one.body["kind"] for one in manifests(found, CREATED)]


def test_the_default_world_is_what_the_articles_assume() -> None:
    world = parse_world(DEFAULT_WORLD.read_text(), "default.yaml")
    assert world.region == "ap-northeast-1"
    assert [(one.account, one.name) for one in world.accounts] == [
        ("111122223333", "dev"),
        ("444455556666", "target"),
    ]
    assert {(key.account, key.user): [] for key in world.keys} == {
        ("111122223333", "eks-admin"): [],
        ("444455556666", "eks-admin"): [],
    }
    assert [key.profile for key in world.keys] == ["default", "creator", "target-env"]
    assert [role.name for role in world.roles] == [
        "eks-clu-cluster-role",
        "eksctl-eks-clu-nodegroup-ng-1-NodeInstanceRole",
    ]
    cluster = world.clusters[0].cluster
    assert isinstance(cluster, Cluster)
    assert (cluster.name, cluster.version, cluster.authentication_mode) == ("eks-clu", "1.34", "CONFIG_MAP")
    assert cluster.creator == "arn:aws:iam::111122223333:user/eks-admin"
    assert [one.name for one in world.clusters[0].nodes] == [
        "ip-192-168-92-154.ap-northeast-1.compute.internal"
    ]
    assert [notice.step.code for notice in world.notices if notice.drops] == []


def test_every_event_of_a_world_is_kept_by_a_snapshot() -> None:
    made = events(parse_world(WORLD, "w"), Counting(), CREATED)
    facts = Snapshot(made)
    puts = [event for event in made if isinstance(event, Put)]
    assert [facts.get(event.key) for event in puts] == [event.value for event in puts]
    assert {event.key.kind for event in puts} == {
        Kind.ACCOUNT,
        Kind.CLUSTER,
        Kind.GROUP,
        Kind.POLICY,
        Kind.ROLE,
        Kind.USER,
    }
    assert all(not isinstance(event.value, Role) or event.value.role_id for event in puts)


def test_a_document_claims_to_be_a_world_by_kind_or_by_version() -> None:
    claims = ({"kind": "World"}, {"apiVersion": "sekisho.dev/v1"}, {"kind": "Pod", "apiVersion": "v1"}, None)
    assert [is_world(value) for value in claims] == [True, True, False, False]
    assert MAX_FAULTS > 1
