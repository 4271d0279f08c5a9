"""Saving a world: what the file says of the odd things that a lab may hold, and what it leaves out."""

from dataclasses import replace
from typing import Any

import pytest

from sekisho.decide import sts
from sekisho.decide.values import AccountId, Arn, Instant, Json, Principal, PrincipalType, documents
from sekisho.facts import (
    Account,
    Cluster,
    Delete,
    Event,
    IssuedSession,
    Key,
    Kind,
    LoginProfile,
    ManagedPolicy,
    MfaDevice,
    Put,
    Snapshot,
    UserAccessKey,
    UserPool,
    kube_key,
)
from sekisho.facts.aws_auth_data import aws_auth_key, config_map
from sekisho.facts.manifest import put_manifest
from sekisho.facts.pool_lookup import pool_key
from sekisho.facts.world.events import default_manifests, events, kube_events
from sekisho.facts.world.file import parse_world
from sekisho.facts.world.saved.document import SavedWorld, save_world
from unit.facts.world.test_world_file import Counting
from unit.facts.worlds import WORLD

CREATED = Instant.parse_rfc3339("2026-01-31T09:00:00Z")
ACCOUNT, OTHER = AccountId("111122223333"), AccountId("444455556666")
ARN = f"arn:aws:eks:ap-northeast-1:{ACCOUNT}:cluster/eks-clu"
CLUSTER_KEY = Key(Kind.CLUSTER, f"{ACCOUNT}/ap-northeast-1", "eks-clu")


def facts_with(*more: Event) -> Snapshot:
    """Return the facts of the small world, with ids of real forms, and ``more``."""

    class Ids(Counting):
        def unique_id(self, prefix: str) -> str:
            return f"{super().unique_id(prefix)}EXAMPLEEXAMPLE00"

    world = parse_world(WORLD, "w")
    objects = (event for found in world.clusters for event in kube_events(found, CREATED))
    return Snapshot([*events(world, Ids(), CREATED), *objects, *more])


def saved(facts: Snapshot, profiles: dict[str, str] | None = None) -> SavedWorld:
    return save_world(
        facts,
        "ap-northeast-1",
        profiles or {},
        lambda cluster: [put_manifest(str(cluster.arn), one) for one in default_manifests()],
    )


def document_of(*more: Event) -> Any:
    """Return the saved document, after the reader took it."""
    text = saved(facts_with(*more)).text
    parse_world(text, "w")
    return documents.parse_yaml(text)


def cluster(**members: Any) -> Put:
    found = facts_with().cluster(ACCOUNT, "ap-northeast-1", "eks-clu")
    assert found is not None
    return Put(CLUSTER_KEY, replace(found, **members))


def key(number: int, user: str, account: AccountId = ACCOUNT) -> Put:
    key_id = f"AKIA{number}"
    return Put(
        Key(Kind.ACCESS_KEY, "", key_id), UserAccessKey(account, key_id, user, CREATED + number_of(number))
    )


def number_of(seconds: int) -> Any:
    return Instant.from_epoch(seconds).moment - Instant.from_epoch(0).moment


def test_nothing_saves_as_a_file_that_says_so() -> None:
    text = saved(Snapshot()).text
    assert text.splitlines()[2:] == [
        "apiVersion: sekisho.dev/v1alpha1",
        "kind: World",
        "region: ap-northeast-1",
    ]
    assert parse_world(text, "w").accounts == ()


def test_keys_without_a_profile_get_one_that_nobody_has() -> None:
    keys = [key(1, "a=b"), key(2, "a=b"), key(3, ""), key(4, "a=b", OTHER)]
    found = saved(
        Snapshot([Put(Key(Kind.ACCOUNT, "", ACCOUNT), Account(ACCOUNT, "dev")), *keys]), {"AKIA2": "mine"}
    )
    assert found.notices[0].endswith("as a-b, a-b-2, mine, root")
    assert documents.parse_yaml(found.text) == {
        "apiVersion": "sekisho.dev/v1alpha1",
        "kind": "World",
        "region": "ap-northeast-1",
        "accounts": [{"id": ACCOUNT, "name": "dev", "accessKeys": [{"profile": "root"}]}],
    }


def test_temporary_credentials_are_left_out_and_told() -> None:
    arn = Arn("aws", "sts", "", ACCOUNT, "federated-user/x")
    who = Principal(PrincipalType.FEDERATED_USER, arn, f"{ACCOUNT}:x", Arn("aws", "iam", "", ACCOUNT, "root"))
    issued = IssuedSession("ASIA1", sts.Session(who, CREATED, CREATED))
    found = saved(facts_with(Put(Key(Kind.SESSION, "", "ASIA1"), issued)))
    assert found.notices == ("temporary credentials are not saved",)
    assert "ASIA1" not in found.text


def test_passwords_and_mfa_devices_are_left_out_and_counted() -> None:
    device = MfaDevice(ACCOUNT, "phone", CREATED)
    found = saved(
        facts_with(
            Put(Key(Kind.MFA_DEVICE, ACCOUNT, str(device.arn)), device),
            Put(Key(Kind.LOGIN_PROFILE, ACCOUNT, "eks-ope"), LoginProfile(ACCOUNT, "eks-ope", CREATED)),
        )
    )
    assert found.notices == (
        "MFA devices are not saved, because their seeds are secrets: 1",
        "passwords of users are not saved: 1",
    )
    assert "phone" not in found.text


def test_an_identity_that_is_gone_is_named_as_gone() -> None:
    user = facts_with().user(ACCOUNT, "eks-admin")
    assert user is not None
    document = document_of(Delete(Key(Kind.USER, ACCOUNT, "eks-admin")))
    account, found = document["accounts"][0], document["clusters"][0]
    assert account["deletedPrincipals"] == ["user/eks-admin"]
    assert found["creator"] == str(user.arn)
    assert account["roles"][0]["trustedIds"] == {str(user.arn): user.user_id}


ODD_CLUSTERS = {
    "created by nobody of the account": ({"creator": f"arn:aws:iam::{OTHER}:root"}, "root", None),
    "created by what is no ARN": ({"creator": "x"}, "root", None),
    "of a role elsewhere": ({"role_arn": "arn:aws:iam::777788889999:role/x"}, "user/eks-admin", None),
    "of a role that is none": ({"role_arn": "arn:aws:s3:::x"}, "user/eks-admin", None),
    "of a role that is gone": (
        {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/x"},
        "user/eks-admin",
        f"arn:aws:iam::{ACCOUNT}:role/x",
    ),
}


@pytest.mark.parametrize("row", ODD_CLUSTERS.values(), ids=ODD_CLUSTERS.keys())
def test_a_cluster_whose_people_cannot_be_named_is_saved_with_a_notice(
    row: tuple[dict[str, str], str, str | None],
) -> None:
    members, creator, role = row
    event = cluster(**members)
    (found,) = document_of(event)["clusters"]
    assert (found["creator"], found.get("roleArn")) == (creator, role)
    assert bool(saved(facts_with(event)).notices) == (role is None)


def config(data: Json, **more: Json) -> Put:
    return Put(aws_auth_key(ARN), {**config_map({}), "data": data, **more})


AWS_AUTH: dict[str, tuple[Put, Any, bool]] = {
    "entries": (
        config({"mapAccounts": '- "444455556666"\n'}),
        {"raw": {"mapAccounts": '- "444455556666"\n'}},
        False,
    ),
    "entries as sekisho writes them": (
        config({"mapAccounts": "- '444455556666'\n"}),
        {"mapAccounts": ["444455556666"]},
        False,
    ),
    "nothing": (config({}), {}, False),
    "text of no list": (config({"mapRoles": "a: b"}), {"raw": {"mapRoles": "a: b"}}, True),
    "no YAML": (config({"mapRoles": "["}), {"raw": {"mapRoles": "["}}, True),
    "another key": (config({"other": "x"}), None, False),
    "another member": (config({}, immutable=True), None, False),
    "no data": (Put(aws_auth_key(ARN), {**config_map({}), "data": None}), None, False),
}


@pytest.mark.parametrize("row", AWS_AUTH.values(), ids=AWS_AUTH.keys())
def test_aws_auth_is_saved_in_the_form_that_keeps_it(row: tuple[Put, Any, bool]) -> None:
    event, expected, is_broken = row
    (found,) = document_of(event)["clusters"]
    assert found.get("awsAuth") == expected
    assert found.get("brokenAwsAuth", False) is is_broken
    manifests = [one for one in found["manifests"] if one["metadata"]["name"] == "aws-auth"]
    assert manifests == ([event.value] if expected is None else [])


def node(**members: Json) -> Put:
    name = "worker-2"
    found = facts_with().kube(kube_key(ARN, "", "nodes", "", name))
    assert found is not None
    return Put(kube_key(ARN, "", "nodes", "", name), {**found, **members})


def test_a_node_is_saved_in_few_words_if_those_make_it() -> None:
    (found,) = document_of()["clusters"]
    assert found["nodes"] == [
        {"name": "ip-10-0-0-7.ap-northeast-1.compute.internal"},
        {
            "name": "worker-2",
            "version": "v1.33.1-eks-1",
            "address": "10.0.0.8",
            "ready": False,
            "labels": {"zone": "a"},
        },
    ]


@pytest.mark.parametrize(
    "members", [{"spec": {"unschedulable": True}}, {"status": {}}, {"metadata": {"name": "worker-2"}}]
)
def test_a_node_that_is_otherwise_is_a_manifest(members: dict[str, Json]) -> None:
    event = node(**members)
    (found,) = document_of(event)["clusters"]
    assert [one["name"] for one in found["nodes"]] == ["ip-10-0-0-7.ap-northeast-1.compute.internal"]
    (manifest,) = (one for one in found["manifests"] if one["kind"] == "Node")
    assert manifest["metadata"]["name"] == "worker-2"


def test_objects_of_every_cluster_are_left_out_changed_ones_are_not_and_missing_ones_are_absent() -> None:
    group = "rbac.authorization.k8s.io"
    view = facts_with().kube(kube_key(ARN, group, "clusterroles", "", "system:node-proxier"))
    assert view is not None
    changed = {**view, "rules": []}
    event: dict[str, Json] = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}}
    (found,) = document_of(
        Put(kube_key(ARN, group, "clusterroles", "", "system:node-proxier"), changed),
        Delete(kube_key(ARN, group, "clusterroles", "", "edit")),
        Put(kube_key(ARN, "", "events", "x", "e"), event),
    )["clusters"]
    names = [one["metadata"]["name"] for one in found["manifests"]]
    assert names == ["system:node-proxier", "readers", "readers"]
    assert found["absent"] == [{"apiVersion": f"{group}/v1", "kind": "ClusterRole", "name": "edit"}]


def test_what_the_server_adds_is_left_out_and_what_is_aggregated() -> None:
    group = "rbac.authorization.k8s.io"
    admin = facts_with().kube(kube_key(ARN, group, "clusterroles", "", "admin"))
    assert admin is not None
    metadata = admin["metadata"]
    assert isinstance(metadata, dict)
    body = {
        **admin,
        "rules": [{"verbs": ["*"]}],
        "metadata": {**metadata, "uid": "u", "resourceVersion": "7"},
    }
    (found,) = document_of(Put(kube_key(ARN, group, "clusterroles", "", "admin"), body))["clusters"]
    assert [one["metadata"]["name"] for one in found["manifests"]] == ["readers", "readers"]


def test_secrets_are_counted() -> None:
    secret: dict[str, Json] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"k": ""},
    }
    found = saved(facts_with(Put(kube_key(ARN, "", "secrets", "default", "s"), secret)))
    assert found.notices == ("Secrets of eks-clu are saved without their data: 1",)


def test_a_document_that_is_no_json_is_kept_as_its_text() -> None:
    policy = facts_with().policies(ACCOUNT)[0]
    odd = replace(policy, versions=(replace(policy.versions[0], text="{"),))
    text = saved(facts_with(Put(Key(Kind.POLICY, ACCOUNT, str(policy.arn)), odd))).text
    document: Any = documents.parse_yaml(text)
    assert document["accounts"][0]["policies"][0]["document"] == "{"


def test_a_policy_with_a_date_of_its_own_for_its_version_is_saved_with_versions() -> None:
    policy = facts_with().policies(ACCOUNT)[0]
    assert isinstance(policy, ManagedPolicy)
    dated = replace(policy, versions=(replace(policy.versions[0], created=Instant.from_epoch(99)),))
    found = document_of(Put(Key(Kind.POLICY, ACCOUNT, str(policy.arn)), dated))["accounts"][0]["policies"][0]
    assert found["versions"][0]["created"] == "1970-01-01T00:01:39Z"


def test_a_cluster_without_objects_has_none() -> None:
    bare = Cluster(
        ACCOUNT, "eu-west-1", "bare", "1.33", CREATED, "CONFIG_MAP", f"arn:aws:iam::{ACCOUNT}:root"
    )
    facts = Snapshot(
        [
            Put(Key(Kind.ACCOUNT, "", ACCOUNT), Account(ACCOUNT, ACCOUNT)),
            Put(Key(Kind.CLUSTER, f"{ACCOUNT}/eu-west-1", "bare"), bare),
        ]
    )
    text = save_world(facts, "ap-northeast-1", {}, lambda _: ()).text
    document: Any = documents.parse_yaml(text)
    assert document["clusters"] == [
        {
            "name": "bare",
            "account": ACCOUNT,
            "region": "eu-west-1",
            "version": "1.33",
            "created": "2026-01-31T09:00:00Z",
            "authenticationMode": "CONFIG_MAP",
            "creator": "root",
        }
    ]


def test_user_pools_are_left_out_and_counted() -> None:
    pool = UserPool(ACCOUNT, "ap-northeast-1", "ap-northeast-1_a", "people", CREATED, CREATED)
    found = saved(facts_with(Put(pool_key(pool), pool)))
    assert found.notices == ("user pools are not saved: 1",)
    assert "people" not in found.text
