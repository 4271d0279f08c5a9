"""Questions about workloads that get their role by EKS Pod Identity, from a world file."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from unit.cli.test_workload_questions import WORLD, A, B, account, failed, pod_spec, policy, run, trust

EKS = {"Service": "pods.eks.amazonaws.com"}
ALL = ["sts:AssumeRole", "sts:TagSession"]


def association(name: str, role: str, **more: Any) -> Any:
    return {"namespace": "shop", "serviceAccount": name, "roleArn": f"role/{role}", **more}


@pytest.fixture
def file(tmp_path: Path) -> str:
    world = json.loads(json.dumps(WORLD))
    roles: Any = world["accounts"][0]["roles"]
    inline = {"s3": policy("s3:ListAllMyBuckets"), "sts": policy("sts:*")}
    roles.append({"name": "pods", "trust": trust(EKS, ALL), "inline": inline})
    roles.append({"name": "untagged", "trust": trust(EKS)})
    world["accounts"][1]["roles"].append(
        {
            "name": "onward",
            "trust": trust({"AWS": f"arn:aws:iam::{A}:role/pods"}, ALL),
            "inline": {"s3": policy("s3:GetObject")},
        }
    )
    cluster = world["clusters"][0]
    cluster["manifests"] += [account("agent"), account("two")]
    early = {"name": "missed", "namespace": "shop", "uid": "u"}
    cluster["manifests"].append(
        {"apiVersion": "v1", "kind": "Pod", "metadata": early, "spec": pod_spec("agent")}
    )
    cluster["podIdentityAssociations"] = [
        association("agent", "pods"),
        association("two", "pods", targetRoleArn=f"arn:aws:iam::{B}:role/onward"),
        association("idle", "untagged"),
        association("web", "pods"),
    ]
    path = tmp_path / "world.yaml"
    path.write_text(yaml.safe_dump(world, sort_keys=False))
    return str(path)


def test_the_role_of_the_association_counts(file: str) -> None:
    assert run("can", "shop/agent", "s3:ListAllMyBuckets", "--from", file).exit_code == 0
    asked = ("shop/two", "s3:GetObject", "arn:aws:s3:::logs/a")
    assert run("can", *asked, "--from", file).exit_code == 0
    shown = json.loads(run("why", *asked, "-o", "json", "--from", file).stdout)
    links = [link["link"] for link in shown["links"]]
    assert links == ["service-account-role", "association", "role", "target-role", "permission"]


def test_what_is_missing_is_named_with_the_command(file: str) -> None:
    untagged = run("why", "shop/idle", "--from", file, "-o", "json")
    assert failed(untagged) == ("role", "sts.not-authorized")
    facts = json.loads(untagged.stdout)["links"][-1]["decisive"][0]["facts"]
    assert facts["action"] == "sts:TagSession"
    text = run("why", "shop/idle", "--from", file).stdout
    assert "aws iam update-assume-role-policy --role-name untagged" in text
    missed = run("why", "pod/missed", "-n", "shop", "--from", file, "-o", "json")
    assert failed(missed) == ("injection", "workload.missed")


def test_the_report_tells_the_mechanism(file: str) -> None:
    document = json.loads(run("workloads", "-n", "shop", "-o", "json", "--from", file).stdout)
    found = {one["name"]: (one["state"], one["mechanism"]) for one in document["accounts"]}
    assert found["agent"] == ("works", "pod-identity")
    assert found["web"] == ("works", "both")
    assert found["idle"] == ("broken", "pod-identity")
    assert found["lost"] == ("broken", "irsa")
    agent = next(one for one in document["accounts"] if one["name"] == "agent")
    assert agent["role"] == f"arn:aws:iam::{A}:role/pods"
    assert [(pod["name"], pod["missed"]) for pod in agent["pods"]] == [("missed", True)]
