"""`sekisho world`: a lab's world saved, loaded elsewhere and replaced, seen with the real clients."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.e2e_shell import ACCOUNT, CLUSTER, OTHER_ACCOUNT, Shell, connected, shell_of
from sekisho.lab.errors import LabError
from sekisho.testing import RunningLab, running_lab
from support.boto_lab import Caller, profile

OPEN_TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}
ALLOW = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
DENY = {**ALLOW, "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}
OBJECTS = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: app, namespace: shop, annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::1:role/app"}}
---
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
stringData: {password: hush-hush-4711}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: crons, labels: {rbac.authorization.k8s.io/aggregate-to-view: "true"}}
rules: [{apiGroups: [batch], resources: [cronjobs], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: viewers, namespace: shop}
roleRef: {kind: ClusterRole, name: view, apiGroup: rbac.authorization.k8s.io}
subjects: [{kind: Group, name: viewers}]
"""


def document(value: Any) -> str:
    """Return a document as people write it, which is not how sekisho would."""
    return json.dumps(value, indent=2)


def furnish(lab: RunningLab, shell: Shell) -> None:
    """Make something of every kind that a world file has."""
    admin, iam = profile(lab, "creator"), profile(lab, "creator").client("iam")
    iam.create_group(GroupName="staff")
    iam.create_user(UserName="ana", Path="/team/", Tags=[{"Key": "team", "Value": "1.30"}])
    iam.create_user(UserName="gone")
    iam.add_user_to_group(GroupName="staff", UserName="ana")
    iam.put_user_policy(UserName="ana", PolicyName="own", PolicyDocument=document(ALLOW))
    key = iam.create_access_key(UserName="ana")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="ana", AccessKeyId=key, Status="Inactive")
    arn = iam.create_policy(PolicyName="reader", PolicyDocument=document(ALLOW))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(DENY), SetAsDefault=False)
    iam.attach_group_policy(GroupName="staff", PolicyArn=arn)
    trust = {**OPEN_TRUST, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/gone"}}
    iam.create_role(
        RoleName="app",
        AssumeRolePolicyDocument=document({"Version": "2012-10-17", "Statement": [trust]}),
        MaxSessionDuration=7200,
    )
    admit(admin)
    iam.delete_user(UserName="gone")
    iam.put_user_permissions_boundary(UserName="ana", PermissionsBoundary=arn)
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="app")
    iam.create_login_profile(UserName="ana", Password="Hush-hush-4711")
    iam.create_open_id_connect_provider(
        Url="https://idp.example/x", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["ab" * 20]
    )
    organize(admin)
    shell.output("kubectl apply -f -", stdin=OBJECTS)
    shell.output("kubectl delete clusterrole system:kube-dns")


def admit(admin: Caller) -> None:
    """Make access entries: the creator's, one of somebody who is there and one of somebody soon gone."""
    eks, here = admin.client("eks"), {"clusterName": CLUSTER}
    eks.update_cluster_config(name=CLUSTER, accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    ana = {**here, "principalArn": f"arn:aws:iam::{ACCOUNT}:user/team/ana"}
    eks.create_access_entry(**ana, username="ana", kubernetesGroups=["viewers"], tags={"team": "1.30"})
    eks.associate_access_policy(
        **ana,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
        accessScope={"type": "namespace", "namespaces": ["shop", "team-*"]},
    )
    eks.create_access_entry(**here, principalArn=f"arn:aws:iam::{ACCOUNT}:user/gone")


def entries_of(admin: Caller) -> list[Any]:
    """Return what EKS shows of the access entries and their policies."""
    eks, here = admin.client("eks"), {"clusterName": CLUSTER}
    found = []
    for principal in eks.list_access_entries(**here)["accessEntries"]:
        policies = eks.list_associated_access_policies(**here, principalArn=principal)
        entry = eks.describe_access_entry(**here, principalArn=principal)["accessEntry"]
        found.append((entry, policies["associatedAccessPolicies"]))
    return found


def organize(admin: Caller) -> None:
    """Make an organization of both accounts, with a policy on an OU."""
    org = admin.client("organizations")
    org.create_organization(FeatureSet="ALL")
    root = org.list_roots()["Roots"][0]["Id"]
    org.enable_policy_type(RootId=root, PolicyType="RESOURCE_CONTROL_POLICY")
    unit = org.create_organizational_unit(ParentId=root, Name="prod")["OrganizationalUnit"]["Id"]
    org.invite_account_to_organization(Target={"Id": OTHER_ACCOUNT, "Type": "ACCOUNT"})
    org.move_account(AccountId=OTHER_ACCOUNT, SourceParentId=root, DestinationParentId=unit)
    policy = org.create_policy(
        Name="no-s3", Type="SERVICE_CONTROL_POLICY", Description="", Content=document(DENY)
    )["Policy"]["PolicySummary"]["Id"]
    org.attach_policy(PolicyId=policy, TargetId=unit)


def seen(lab: RunningLab, shell: Shell) -> dict[str, Any]:
    """Return what the clients see of the world."""
    admin, arn = profile(lab, "creator"), f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example/x"
    provider = admin.ask("iam", "get_open_id_connect_provider", OpenIDConnectProviderArn=arn)
    del provider["ResponseMetadata"]
    org = admin.client("organizations")
    root = org.list_roots()["Roots"][0]
    units = org.list_organizational_units_for_parent(ParentId=root["Id"])["OrganizationalUnits"]
    kinds = (
        "namespaces,serviceaccounts,configmaps,secrets,nodes,clusterroles,clusterrolebindings,rolebindings"
    )
    objects = json.loads(shell.output(f"kubectl get {kinds} -A -o json"))["items"]
    return {
        "iam": json.loads(shell.output("aws iam get-account-authorization-details")),
        "providers": profile(lab, "creator").ask("iam", "list_open_id_connect_providers")[
            "OpenIDConnectProviderList"
        ],
        "entries": entries_of(admin),
        "root": root,
        "units": units,
        "accounts": [
            org.list_accounts_for_parent(ParentId=one)["Accounts"] for one in (root["Id"], units[0]["Id"])
        ],
        "policies": [
            org.list_policies_for_target(TargetId=one, Filter=kind)["Policies"]
            for one in (root["Id"], units[0]["Id"], OTHER_ACCOUNT)
            for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
        ],
        "objects": {name_of(one): plain(one) for one in objects},
    }


def name_of(body: dict[str, Any]) -> tuple[str, str | None, str]:
    return body["kind"], body["metadata"].get("namespace"), body["metadata"]["name"]


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what differs from server to server: ids, dates, authorities and secrets."""
    fresh = ("uid", "resourceVersion", "creationTimestamp")
    kept = {name: value for name, value in body["metadata"].items() if name not in fresh}
    found = {**body, "metadata": kept}
    if body["kind"] == "Secret" or kept["name"] == "kube-root-ca.crt":
        found["data"] = sorted(body["data"])
        kept.pop("annotations", None)
    if body["kind"] == "Node":
        found["status"] = body["status"]["addresses"]
    return found


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningLab, Shell]]:
    folder = tmp_path_factory.mktemp("first")
    with running_lab(folder / "lab") as lab:
        shell = connected(shell_of(lab, folder / "bin", ("aws", "kubectl")), folder)
        furnish(lab, shell)
        yield lab, shell


@pytest.fixture(scope="module")
def saved(first: tuple[RunningLab, Shell], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the world file of the first lab."""
    lab, shell = first
    file = tmp_path_factory.mktemp("saved") / "world.yaml"
    done = shell("sekisho world save", file)
    assert (done.returncode, done.stdout) == (0, "")
    keys, secrets, passwords = done.stderr.splitlines()
    assert passwords == "sekisho: passwords of users are not saved: 1"
    assert keys.startswith("sekisho: access keys are not saved")
    assert keys.endswith("as ana, creator, default, target-env")
    assert secrets == "sekisho: Secrets of eks-clu are saved without their data: 1"
    assert shell.output("sekisho world save") == file.read_text()
    assert lab.client.is_running()
    return file


@pytest.fixture(scope="module")
def second(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningLab, Shell]]:
    """Return a lab elsewhere that started from the saved file."""
    folder = tmp_path_factory.mktemp("second")
    with running_lab(folder / "lab", saved) as lab:
        shell = connected(shell_of(lab, folder / "bin", ("aws", "kubectl")), folder)
        yield lab, shell


def test_the_clients_see_elsewhere_what_they_saw(
    first: tuple[RunningLab, Shell], second: tuple[RunningLab, Shell]
) -> None:
    before, after = seen(*first), seen(*second)
    assert after.keys() == before.keys()
    for part in before:
        assert after[part] == before[part], part
    assert [entry["principalArn"].rpartition("/")[2] for entry, _ in after["entries"]] == [
        "eks-admin",
        "gone",
        "ana",
    ]
    view = after["objects"]["ClusterRole", None, "view"]
    assert {"apiGroups": ["batch"], "resources": ["cronjobs"], "verbs": ["get"]} in view["rules"]
    assert ("ClusterRole", None, "system:kube-dns") not in after["objects"]
    assert ("ServiceAccount", "shop", "default") in after["objects"]


def test_no_secret_is_in_the_file_and_the_second_save_is_the_first(
    saved: Path, first: tuple[RunningLab, Shell], second: tuple[RunningLab, Shell]
) -> None:
    text = saved.read_text()
    assert "hush-hush" not in text.lower()
    credentials = first[0].state.aws_credentials.read_text().split()
    assert [word for word in credentials if len(word) > 15 and word in text] == []
    assert second[1].output("sekisho world save") == text


def test_keys_are_new_and_one_that_was_inactive_is(second: tuple[RunningLab, Shell]) -> None:
    lab = second[0]
    (key,) = profile(lab, "creator").ask("iam", "list_access_keys", UserName="ana")["AccessKeyMetadata"]
    assert (key["Status"], key["AccessKeyId"]) == ("Inactive", profile(lab, "ana").key_id)
    refused = profile(lab, "ana").refused("sts", "get_caller_identity")
    assert (refused.code, refused.status) == ("InvalidClientTokenId", 403)


SMALL = """\
apiVersion: sekisho.dev/v1alpha1
kind: World
region: eu-west-1
accounts:
  - id: "111122223333"
    users: [{name: bob, accessKeys: [{profile: default}]}]
organizations:
  - management: "111122223333"
    policies: [{name: guard, type: SERVICE_CONTROL_POLICY, file: scps/guard.json}]
    root: {policies: [FullAWSAccess, guard]}
clusters:
  - {name: other, account: "111122223333", creator: user/bob}
  - {name: eks-clu, account: "111122223333", creator: user/bob, region: ap-northeast-1}
"""


REFUSED_BODIES: tuple[tuple[object, str], ...] = (
    ({"text": SMALL, "name": "w", "files": {}, "replace": False}, "holds a world already"),
    ({"text": SMALL, "name": "w", "files": {}, "replace": True}, "was not read"),
    ({"text": SMALL, "name": "w"}, "expected text, name, files and replace"),
    ("world", "expected text, name, files and replace"),
)


def test_a_world_replaces_another_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "scps").mkdir()
    (tmp_path / "scps/guard.json").write_text(document(DENY))
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    with running_lab(tmp_path / "lab") as lab:
        shell = shell_of(lab, tmp_path / "bin", ("aws", "kubectl"))
        before = shell.output("sekisho world save")
        endpoint = lab.client.get("/status")["clusters"][0]["endpoint"]
        bob = connected(shell.using(AWS_PROFILE="default"), tmp_path)

        unasked = shell("sekisho world load", file)
        assert (unasked.returncode, unasked.stdout) == (2, "")
        assert unasked.stderr.endswith("replace it with --yes\n")
        (tmp_path / "broken.yaml").write_text(SMALL.replace("creator: user/bob}", "creator: user/bbo}"))
        broken = shell("sekisho world load --yes", tmp_path / "broken.yaml")
        assert broken.returncode == 2
        assert "broken.yaml:12 at /clusters/0/creator: " in broken.stderr
        for body, told in REFUSED_BODIES:
            with pytest.raises(LabError, match=told):
                lab.client.post("/world", body)
        assert shell.output("sekisho world save") == before

        loaded = shell("sekisho world load --yes", file)
        assert loaded.returncode == 0, loaded.stderr
        names = {one["name"]: one["endpoint"] for one in lab.client.get("/status")["clusters"]}
        assert names[CLUSTER] == endpoint
        assert set(names) == {CLUSTER, "other"}
        assert profile(lab, "default").arn.endswith(":user/bob")
        # The old kubeconfig still leads to the cluster, whose administrator is bob now.
        assert bob.output("kubectl get nodes -o name") == ""
        assert "[creator]" not in lab.state.aws_credentials.read_text()
        after = shell.output("sekisho world save")
        lab.stop()
        assert shell.output("sekisho world save") == after
        lab.start()
        assert shell.output("sekisho world save") == after
        nothing = shell("sekisho world save --state-dir", tmp_path / "none")
        assert (nothing.returncode, nothing.stdout) == (4, "")
        assert nothing.stderr.startswith(f"sekisho: there is no lab in `{tmp_path / 'none'}`")


def test_a_file_that_is_named_and_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    done = subprocess.run(
        [sys.executable, "-m", "sekisho", "world", "check", file], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    problem = "cannot be read: no such file or directory"
    assert done.stderr == f"sekisho: {tmp_path / 'scps/guard.json'}: {problem}\n"
