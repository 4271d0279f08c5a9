"""`sekisho map migrate` on clusters of a lab: the plan, its proof, and what the cluster says afterwards."""

import json
import os
from itertools import count
from typing import Any

import pytest
from typer.testing import CliRunner

from sekisho.cli.map import app
from sekisho.testing import RunningLab
from support.boto_lab import HOME, Caller, delete_user, new_role, new_user, profile, trust
from support.kube_asking import ask_kube

CLUSTER_ROLE = f"arn:aws:iam::{HOME}:role/eks-clu-cluster-role"
CLUSTER_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
NODE_ROLE = f"arn:aws:iam::{HOME}:role/eksctl-eks-clu-nodegroup-ng-1-NodeInstanceRole"
CREATOR = f"arn:aws:iam::{HOME}:user/eks-admin"
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def admin(lab: RunningLab) -> Caller:
    return profile(lab, "default")


def cluster(admin: Caller, aws_auth: dict[str, Any], mode: str = "CONFIG_MAP") -> str:
    """Create a cluster with this aws-auth and return its name."""
    name = f"m-{next(_NUMBERS)}"
    vpc = {"subnetIds": ["subnet-1"]}
    access = {"authenticationMode": mode}
    admin.ask(
        "eks",
        "create_cluster",
        name=name,
        roleArn=CLUSTER_ROLE,
        resourcesVpcConfig=vpc,
        accessConfig=access,
    )
    data = {section: json.dumps(entries) for section, entries in aws_auth.items()}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "aws-auth"}, "data": data}
    made = ask_kube(admin, name, "/api/v1/namespaces/kube-system/configmaps", "POST", body)
    assert made.status == 201
    return name


def migrate(lab: RunningLab, name: str, *words: str) -> tuple[int, Any, str]:
    """Run the command and return its exit code, its JSON and what it told on stderr."""
    environment: dict[str, str | None] = dict.fromkeys(os.environ)
    environment |= {**lab.environment(), "AWS_PROFILE": "creator"}
    done = CliRunner().invoke(app, ["migrate", "--cluster", name, "-o", "json", *words], env=environment)
    assert done.stdout, (done.stderr, done.exception)
    return done.exit_code, json.loads(done.stdout), done.stderr


def codes(steps: Any) -> dict[str, str]:
    return {step["facts"]["principal"]: step["code"] for step in steps}


def test_people_and_nodes_become_entries_and_keep_their_access(lab: RunningLab, admin: Caller) -> None:
    boss, dev = new_user(admin, "m-boss"), new_user(admin, "m-dev")
    ops = new_role(admin, "m-ops", trust(HOME))
    node = {
        "rolearn": NODE_ROLE,
        "username": "system:node:{{EC2PrivateDNSName}}",
        "groups": ["system:bootstrappers", "system:nodes"],
    }
    name = cluster(
        admin,
        {
            "mapUsers": [
                {"userarn": boss.arn, "username": "boss", "groups": ["system:masters", "team-a"]},
                {"userarn": dev.arn, "groups": ["devs"]},
            ],
            "mapRoles": [node, {"rolearn": ops, "username": "ops:{{SessionName}}", "groups": ["ops"]}],
        },
    )
    code, planned, _ = migrate(lab, name, "--target-authentication-mode", "API")
    assert code == 0, planned
    assert planned["applied"] is False
    assert planned["left"] == []
    made = {one["principalArn"]: one for one in planned["accessEntries"]}
    assert made[boss.arn]["accessPolicies"] == [CLUSTER_ADMIN]
    assert made[boss.arn]["kubernetesGroups"] == ["team-a"]
    assert made[NODE_ROLE]["type"] == "EC2_LINUX"
    assert made[dev.arn]["username"] == dev.arn
    assert codes(planned["access"]) == {
        NODE_ROLE: "migrate.keeps",
        ops: "migrate.keeps",
        boss.arn: "migrate.keeps",
        dev.arn: "migrate.renamed",
    }
    assert admin.refused("eks", "list_access_entries", clusterName=name).status == 400
    code, applied, told = migrate(lab, name, "--target-authentication-mode", "API", "--apply")
    assert (code, applied["applied"]) == (0, True)
    assert "changing the authentication mode to API" in told
    described = admin.ask("eks", "describe_cluster", name=name)["cluster"]
    assert described["accessConfig"]["authenticationMode"] == "API"
    entries = admin.ask("eks", "list_access_entries", clusterName=name)["accessEntries"]
    assert entries == sorted([CREATOR, *made])
    assert ask_kube(boss, name, "/api/v1/secrets").status == 200
    assert ask_kube(dev, name, "/api/v1/pods").status == 403
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    session = admin.assume("m-ops", HOME, "mia")
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    user = ask_kube(session, name, path, "POST", review).body["status"]["userInfo"]
    assert (user["username"], user["groups"]) == ("ops:mia", ["ops", "system:authenticated"])


def test_what_no_entry_can_say_is_left_and_stops_the_way_to_api(lab: RunningLab, admin: Caller) -> None:
    pathed = admin.client("iam").create_role(
        RoleName="m-pathed", Path="/team/", AssumeRolePolicyDocument=trust(HOME)
    )["Role"]["Arn"]
    gone = new_user(admin, "m-gone").arn
    delete_user(admin, "m-gone")
    proxier = new_user(admin, "m-proxier").arn
    twice = new_user(admin, "m-twice").arn
    colon = new_role(admin, "m-colon", trust(HOME))
    name = cluster(
        admin,
        {
            "mapRoles": [
                {"rolearn": pathed, "username": "p", "groups": ["system:masters"]},
                {"rolearn": colon, "username": "x-{{SessionName}}", "groups": ["devs"]},
            ],
            "mapUsers": [
                {"userarn": gone, "username": "gone", "groups": ["devs"]},
                {"userarn": proxier, "username": "px", "groups": ["system:node-proxier"]},
                {"userarn": twice, "username": "first", "groups": ["devs"]},
                {"userarn": twice, "username": "last", "groups": ["devs"]},
            ],
            "mapAccounts": ["444455556666"],
        },
    )
    code, planned, _ = migrate(lab, name)
    assert [one["username"] for one in planned["accessEntries"]] == ["last"]
    assert [step["code"] for step in planned["left"]] == [
        "migrate.matches-nobody",
        "migrate.refused",
        "migrate.not-in-iam",
        "migrate.system-group",
        "migrate.shadowed",
        "migrate.account",
    ]
    assert code == 0, "in API_AND_CONFIG_MAP what is left goes on to count"
    code, planned, told = migrate(lab, name, "--target-authentication-mode", "API", "--apply")
    assert (code, planned["applied"]) == (1, False)
    assert "somebody would gain or lose access" in told
    access = codes(planned["access"])
    assert access[proxier] == access[colon] == "migrate.loses"
    assert access[pathed] == "migrate.stays-out"
    described = admin.ask("eks", "describe_cluster", name=name)["cluster"]
    assert described["accessConfig"]["authenticationMode"] == "CONFIG_MAP"
    code, planned, _ = migrate(lab, name, "--target-authentication-mode", "API", "--apply", "--force")
    assert (code, planned["applied"]) == (1, True)
    assert admin.ask("eks", "list_access_entries", clusterName=name)["accessEntries"] == sorted(
        [CREATOR, twice]
    )


def test_an_entry_that_is_there_counts_and_the_creator_gets_one_from_eks(
    lab: RunningLab, admin: Caller
) -> None:
    mapped = {"mapUsers": [{"userarn": CREATOR, "username": "me", "groups": ["system:masters"]}]}
    name = cluster(admin, mapped)
    code, applied, told = migrate(lab, name, "--apply")
    assert (code, applied["applied"]) == (0, True)
    assert f"EKS has made the access entry of {CREATOR}" in told
    again, planned, _ = migrate(lab, name, "--target-authentication-mode", "API")
    assert again == 0
    assert [step["code"] for step in planned["left"]] == ["migrate.has-entry"]
    assert planned["accessEntries"] == []
    in_api = cluster(admin, mapped, "API")
    done = lab.run(["sekisho", "map", "migrate", "--cluster", in_api])
    assert done.returncode == 2
    assert "the cluster is in mode API, from which no way leads to API_AND_CONFIG_MAP" in done.stderr


def test_the_plan_for_people(lab: RunningLab, admin: Caller) -> None:
    who = new_user(admin, "m-text").arn
    name = cluster(admin, {"mapUsers": [{"userarn": who, "username": "t", "groups": ["system:masters"]}]})
    done = lab.run(["sekisho", "map", "migrate", "--cluster", name])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{name}: CONFIG_MAP -> API_AND_CONFIG_MAP",
        "Access entries to create: 1",
        f"  {who}  STANDARD",
        "    user t, groups none, policy AmazonEKSClusterAdminPolicy",
        "Access of those who are known by name:",
        f"  {who} keeps its access as user `t` [migrate.keeps]",
    ]
