"""The steps of the tour: what a reader types, and what counts as the article's outcome."""

import json
from typing import Any

import pytest
import yaml

from sekisho.decide.values import Arn
from sekisho.tour import (
    CROSS_ACCOUNT_FILES,
    IRSA_FILES,
    MANIFESTS,
    Cluster,
    Expectation,
    TourStep,
    access_steps,
    cross_account_steps,
    irsa_steps,
)
from sekisho.tour.shell import Ended
from sekisho.tour.walk import decided, verdict

CLUSTER = Cluster.from_arn(Arn.parse("arn:aws:eks:eu-west-1:444455556666:cluster/eks-clu"))
STEPS = {step.number: step for step in access_steps(CLUSTER)}

NODES = "NAME STATUS ROLES AGE VERSION\nip-10-0-0-1.internal   Ready    <none>   2s    v1.34.2\n"
UNAUTHORIZED = "error: You must be logged in to the server (Unauthorized)\n"
COLD = (
    "error: You must be logged in to the server "
    "(the server has asked for the client to provide credentials)\n"
)
FORBIDDEN_NODES = 'Error from server (Forbidden): nodes is forbidden: User "" cannot list resource "nodes"\n'
FORBIDDEN_SECRETS = (
    'Error from server (Forbidden): secrets is forbidden: User "" cannot list resource "secrets"'
)
EXISTS = "An error occurred (EntityAlreadyExists) when calling the CreateUser operation"


def test_cluster_is_read_from_its_arn() -> None:
    assert Cluster("eks-clu", "444455556666", "eu-west-1") == CLUSTER


def test_numbers_are_in_order_and_each_once() -> None:
    assert list(STEPS) == list(range(1, 17))


COMMANDS = {
    1: "aws eks update-kubeconfig --name eks-clu",
    2: "kubectl get node",
    4: "aws --region eu-west-1 eks get-token --cluster-name eks-clu",
    5: "aws iam create-user --user-name eks-ope",
    7: "aws configure",
    8: "kubectl get node",
    10: "AWS_PROFILE=creator kubectl apply -f ClusterRole.yml",
    14: "kubectl get node",
    15: "kubectl get secrets",
}


@pytest.mark.parametrize(("number", "command"), COMMANDS.items())
def test_command(number: int, command: str) -> None:
    assert STEPS[number].command == command


def test_mapping_is_the_articles_own_command() -> None:
    words = STEPS[12].command.replace("\\\n", "").split()
    assert words == [
        "AWS_PROFILE=creator",
        *("eksctl", "create", "iamidentitymapping", "--cluster", "eks-clu", "--region=eu-west-1"),
        *("--arn", "arn:aws:iam::444455556666:user/eks-ope", "--group", "operators", "--no-duplicate-arns"),
    ]


@pytest.mark.parametrize(("number", "program"), {12: "sekisho map create", 13: "sekisho map get"}.items())
def test_sekisho_replaces_eksctl_with_the_same_options(number: int, program: str) -> None:
    step = STEPS[number]
    assert step.needs == ("eksctl", "aws")
    assert step.instead is not None
    assert step.instead.program == program
    assert step.instead.command.partition("--cluster")[2] == step.command.partition("--cluster")[2]


def test_only_eksctl_is_replaced() -> None:
    assert {n for n, step in STEPS.items() if step.instead is not None} == {12, 13}


def test_only_the_last_step_tidies() -> None:
    assert [n for n, step in STEPS.items() if step.tidies] == [16]


def test_no_secret_is_part_of_a_command() -> None:
    hidden = {value.name for step in STEPS.values() for value in step.learns if value.is_secret}
    assert hidden == {"token", "secret_access_key"}
    assert not [step for step in STEPS.values() for name in hidden if f"{{{name}}}" in step.command]


def test_manifests_are_whole_documents_of_the_binding_chain() -> None:
    role, binding = (yaml.safe_load(text) for text in MANIFESTS.values())
    assert role["kind"] == "ClusterRole"
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "watch", "list"]}
    ]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [
        {"kind": "Group", "name": "operators", "apiGroup": "rbac.authorization.k8s.io"}
    ]


POD_TOURS = {
    "irsa": (irsa_steps, IRSA_FILES),
    "cross-account": (cross_account_steps, CROSS_ACCOUNT_FILES),
}


@pytest.mark.parametrize(("steps_of", "files"), POD_TOURS.values(), ids=POD_TOURS)
def test_a_tour_of_pods_uses_its_files_and_holds_no_secret(steps_of: Any, files: dict[str, str]) -> None:
    steps = steps_of(CLUSTER)
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert [step.number for step in steps if step.instead is not None] == [3 if files is IRSA_FILES else 4]
    commands = " ".join(step.command for step in steps)
    assert all(name in commands for name in files)
    assert not [value for step in steps for value in step.learns if value.is_secret]


@pytest.mark.parametrize("files", [IRSA_FILES, CROSS_ACCOUNT_FILES], ids=POD_TOURS)
def test_files_of_the_tours_of_pods_are_whole_documents(files: dict[str, str]) -> None:
    assert {yaml.safe_load(text)["kind"] for name, text in files.items() if is_manifest(name)} <= {
        *("ServiceAccount", "Pod", "Deployment", "ConfigMap"),
    }
    assert {json.loads(text)["Version"] for name, text in files.items() if name.endswith(".json")} == {
        "2012-10-17"
    }


def is_manifest(name: str) -> bool:
    return not name.endswith(".json") and name != "awsconfig-configmap.yaml"  # a file of AWS profiles


VERDICTS = {
    "the creator sees the node": (2, 0, NODES, True),
    "the creator is refused": (2, 1, UNAUTHORIZED, False),
    "an empty list is not the article's": (2, 0, "No resources found\n", False),
    "a node that is not ready is not the article's": (2, 0, NODES.replace("Ready", "NotReady"), False),
    "the user is new": (5, 0, '"UserName": "eks-ope"', True),
    "the user is there": (5, 255, EXISTS, True),
    "the user is there, another client's code": (5, 254, EXISTS, True),
    "making the user is refused": (5, 255, "An error occurred (AccessDenied)", False),
    "refused, warm": (8, 1, UNAUTHORIZED, True),
    "refused with the cold message": (8, 1, COLD, False),
    "refused, but exit code 0": (8, 0, UNAUTHORIZED, False),
    "mapped by an earlier walk": (8, 0, NODES, True),
    "mapped, but without a role": (8, 1, FORBIDDEN_NODES, True),
    "refused, cold": (9, 1, COLD, True),
    "refused with the warm message": (9, 1, UNAUTHORIZED, False),
    "role created": (10, 0, "clusterrole.rbac.authorization.k8s.io/test-clu-role created", True),
    "role unchanged": (10, 0, "clusterrole.rbac.authorization.k8s.io/test-clu-role unchanged", True),
    "mapped, but let in without the role": (14, 1, FORBIDDEN_NODES, False),
    "mapping exists, as wanted": (
        12,
        0,
        "found existing mapping that matches the one being created, skipping",
        True,
    ),
    "mapping exists, to other groups": (12, 1, "found existing mapping with the same arn", False),
    "secrets forbidden": (15, 1, FORBIDDEN_SECRETS, True),
    "secrets shown": (15, 0, "No resources found in default namespace.", False),
}


@pytest.mark.parametrize(("number", "code", "output", "held"), VERDICTS.values(), ids=VERDICTS.keys())
def test_verdict(number: int, code: int, output: str, held: bool) -> None:
    assert verdict(STEPS[number], Ended(code, "", output))[0] is held


def test_a_step_that_did_not_hold_says_what_was_expected() -> None:
    step = TourStep(1, "t", "a", "c", Expectation(0, "yes", "m"), ("c",))
    assert verdict(step, Ended(3, "no", "")) == (
        False,
        "expected exit code 0 and output that matches `yes`; found exit code 3",
    )


def entry(id_: str, outcome: str = "allow", *, client: str = "kubectl/v1.34.2", requests: int = 1) -> Any:
    surface = "aws" if client.startswith("aws") else "kubernetes"
    return {"id": id_, "outcome": outcome, "client": client, "requests": requests, "surface": surface}


DECISIONS = {
    "nothing new": (2, {"a": 1}, [entry("a")], None),
    "the newest of what was allowed": (2, {}, [entry("a"), entry("b")], "b"),
    "a refusal before what was allowed after it": (2, {}, [entry("a", "no_opinion"), entry("b")], "a"),
    "an entry that has grown": (9, {"a": 1}, [entry("a", "no_opinion", requests=6)], "a"),
    "another client's": (2, {}, [entry("a"), entry("b", "deny", client="sekisho/0.1.0")], "a"),
    "the other door's": (1, {}, [entry("a", client="aws-cli/1.46.3"), entry("b", "deny")], "a"),
}


@pytest.mark.parametrize(("number", "known", "entries", "found"), DECISIONS.values(), ids=DECISIONS.keys())
def test_decision_of_a_step(
    number: int, known: dict[str, int], entries: list[Any], found: str | None
) -> None:
    decision = decided(STEPS[number], known, entries)
    assert (decision and decision["id"]) == found
