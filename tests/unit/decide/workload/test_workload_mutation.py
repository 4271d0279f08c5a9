"""What a pod gets: one row per rule of the webhook, asserted by code and by the patch."""

from typing import Any

import pytest

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.decide.workload.code import WorkloadCode
from sekisho.decide.workload.mutation import Patch, mutate
from sekisho.decide.workload.pod_view import MAX_CONTAINERS, read_pod
from sekisho.decide.workload.settings import AccountFacts, Settings, TokenVolume
from support.pod_webhook import ROLE, account, patched, pod

ANNOTATED = account(role_arn=ROLE)
ASSOCIATED = AccountFacts("shop", "app", {}, is_associated=True)
TOKEN = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
MOUNT = {
    "name": "aws-iam-token",
    "readOnly": True,
    "mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount",
}
PAIR = ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"]


def decided(given: Any, facts: AccountFacts = ANNOTATED, settings: Settings | None = None) -> Decision[Patch]:
    return mutate(read_pod(given, Ref("pod")), facts, settings or Settings())


def after(given: Any, facts: AccountFacts = ANNOTATED, settings: Settings | None = None) -> Any:
    found = decided(given, facts, settings).value
    assert found is not None
    return patched(given, found)


def container(**members: Any) -> dict[str, Any]:
    return {"name": "main", "image": "web:1", **members}


def env(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "value": "mine"} for name in names]


def names(document: Any, kind: str = "containers", place: int = 0) -> list[str]:
    return [entry["name"] for entry in document["spec"][kind][place].get("env", [])]


def test_the_whole_patch_of_a_plain_pod() -> None:
    decision = decided(pod())
    token = {"audience": "sts.amazonaws.com", "expirationSeconds": 86_400, "path": "token"}
    volume = {"name": "aws-iam-token", "projected": {"sources": [{"serviceAccountToken": token}]}}
    pair = [{"name": PAIR[0], "value": ROLE}, {"name": PAIR[1], "value": TOKEN}]
    assert [one.document() for one in decision.value or ()] == [
        {"op": "add", "path": "/spec/volumes", "value": [volume]},
        {"op": "add", "path": "/spec/containers/0/env", "value": pair},
        {"op": "add", "path": "/spec/containers/0/volumeMounts", "value": [MOUNT]},
    ]
    assert [step.code for step in decision.trace] == [
        WorkloadCode.WEB_IDENTITY,
        WorkloadCode.VOLUME,
        WorkloadCode.INJECTED,
    ]
    assert decision.trace[2].at == Ref("pod", "/spec/containers/0")


VARIABLES: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "nothing set": ({}, PAIR, ["workload.injected"]),
    "an empty list": ({"env": []}, PAIR, ["workload.injected"]),
    "null": ({"env": None, "volumeMounts": None}, PAIR, ["workload.injected"]),
    "others stay first": ({"env": env("A")}, ["A", *PAIR], ["workload.injected"]),
    "the role alone keeps the pair out": (
        {"env": env(PAIR[0])}, [PAIR[0]], ["workload.variable-set", "workload.injected"],
    ),
    "the file alone keeps the pair out": (
        {"env": env(PAIR[1])}, [PAIR[1]], ["workload.variable-set", "workload.injected"],
    ),
    "valueFrom counts": (
        {"env": [{"name": PAIR[0], "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
        [PAIR[0]], ["workload.variable-set", "workload.injected"],
    ),
    "names are compared as they are": (
        {"env": env("aws_role_arn")}, ["aws_role_arn", *PAIR], ["workload.injected"],
    ),
    "one of each kind": (
        {"env": env("AWS_REGION", "AWS_STS_REGIONAL_ENDPOINTS", PAIR[0])},
        ["AWS_REGION", "AWS_STS_REGIONAL_ENDPOINTS", PAIR[0]], ["workload.container-complete"],
    ),
    "the volume is mounted already": (
        {"volumeMounts": [{"name": "aws-iam-token", "mountPath": "/x"}]},
        PAIR, ["workload.already-mounted", "workload.injected"],
    ),
    "all is there": (
        {"env": env(*PAIR), "volumeMounts": [MOUNT]},
        PAIR, ["workload.variable-set", "workload.already-mounted"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("members", "found", "codes"), VARIABLES.values(), ids=VARIABLES.keys())
@pytest.mark.parametrize("kind", ["containers", "initContainers"])
def test_variables(kind: str, members: dict[str, Any], found: list[str], codes: list[str]) -> None:
    given = pod(**{"containers": [], kind: [container(**members)]})
    assert names(after(given), kind) == found
    assert [str(step.code) for step in decided(given).trace[2:]] == codes


def test_a_container_with_everything_gets_not_even_the_mount() -> None:
    complete = container(env=env("AWS_REGION", "AWS_STS_REGIONAL_ENDPOINTS", PAIR[0]))
    result = after(pod(containers=[complete]))
    assert result["spec"]["containers"] == [complete]
    assert [volume["name"] for volume in result["spec"]["volumes"]] == ["aws-iam-token"]


SETTINGS = {
    "regional STS": (Settings(regional_sts=True), (), ["AWS_STS_REGIONAL_ENDPOINTS", *PAIR]),
    "a region": (Settings(region="eu-west-1"), (), ["AWS_DEFAULT_REGION", "AWS_REGION", *PAIR]),
    "both": (
        Settings(region="eu-west-1", regional_sts=True),
        (), ["AWS_STS_REGIONAL_ENDPOINTS", "AWS_DEFAULT_REGION", "AWS_REGION", *PAIR],
    ),
    "a region of its own keeps both out": (
        Settings(region="eu-west-1"), ("AWS_REGION",), ["AWS_REGION", *PAIR],
    ),
    "the other name keeps both out": (
        Settings(region="eu-west-1"), ("AWS_DEFAULT_REGION",), ["AWS_DEFAULT_REGION", *PAIR],
    ),
    "regional STS of its own": (
        Settings(regional_sts=True), ("AWS_STS_REGIONAL_ENDPOINTS",), ["AWS_STS_REGIONAL_ENDPOINTS", *PAIR],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "own", "found"), SETTINGS.values(), ids=SETTINGS.keys())
def test_settings(settings: Settings, own: tuple[str, ...], found: list[str]) -> None:
    assert names(after(pod(containers=[container(env=env(*own))]), ANNOTATED, settings)) == found


def annotated_pod(**annotations: str) -> dict[str, Any]:
    named = {f"eks.amazonaws.com/{name.replace('_', '-')}": text for name, text in annotations.items()}
    members = [container(), {"name": "mesh", "image": "mesh:1"}]
    return {**pod(containers=members), "metadata": {"name": "web", "annotations": named}}


SKIPPED = {
    "one": ("mesh", ["main"], 1),
    "both": ("main,mesh", [], 2),
    "spaces count": ("main, mesh", ["mesh"], 1),
    "nobody of that name": ("other", ["main", "mesh"], 0),
    "unreadable": ('"mesh', ["main", "mesh"], 0),
}


@pytest.mark.parametrize(("text", "injected", "skipped"), SKIPPED.values(), ids=SKIPPED.keys())
def test_skipped_containers(text: str, injected: list[str], skipped: int) -> None:
    given = annotated_pod(skip_containers=text)
    codes = [step.code for step in decided(given).trace]
    assert codes.count(WorkloadCode.SKIPPED) == skipped
    assert (WorkloadCode.SKIP_UNREADABLE in codes) is (text == '"mesh')
    result = after(given)["spec"]
    assert [one["name"] for one in result["containers"] if "env" in one] == injected
    assert [one["name"] for one in result["volumes"]] == ["aws-iam-token"]


@pytest.mark.parametrize(
    ("volumes", "found", "code"),
    [
        ([], ["aws-iam-token"], WorkloadCode.VOLUME),
        (None, ["aws-iam-token"], WorkloadCode.VOLUME),
        ([{"name": "data"}], ["aws-iam-token", "data"], WorkloadCode.VOLUME),
        (
            [{"name": "data"}, {"name": "aws-iam-token"}],
            ["data", "aws-iam-token"],
            WorkloadCode.VOLUME_PRESENT,
        ),
    ],
)
def test_the_volume_comes_first_unless_one_has_its_name(
    volumes: Any, found: list[str], code: WorkloadCode
) -> None:
    given = pod(volumes=volumes)
    assert [one["name"] for one in after(given)["spec"]["volumes"]] == found
    assert decided(given).trace[1].code is code


def test_an_empty_audience_is_left_out() -> None:
    token = after(pod(), account(role_arn=ROLE, audience=""))["spec"]["volumes"][0]["projected"]["sources"][0]
    assert token == {"serviceAccountToken": {"expirationSeconds": 86_400, "path": "token"}}


PATHS = {
    "linux": (Settings(), {"kubernetes.io/os": "linux"}, TOKEN),
    "windows": (Settings(), {"kubernetes.io/os": "windows"}, "C:" + TOKEN.replace("/", "\\")),
    "windows, the old label": (
        Settings(), {"beta.kubernetes.io/os": "windows"}, "C:" + TOKEN.replace("/", "\\"),
    ),
    "a path that is not clean": (Settings(mount_path="/a//b/../c/"), {}, "/a/c/token"),
    "two slashes": (Settings(mount_path="//a"), {}, "/a/token"),
    "no path": (Settings(mount_path=""), {}, "token"),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "selector", "file"), PATHS.values(), ids=PATHS.keys())
def test_token_file(settings: Settings, selector: dict[str, str], file: str) -> None:
    main = after(pod(nodeSelector=selector), ANNOTATED, settings)["spec"]["containers"][0]
    assert main["env"][1]["value"] == file
    assert main["volumeMounts"][0]["mountPath"] == settings.mount_path


def test_ephemeral_containers_and_the_security_context_stay() -> None:
    spec = {
        "ephemeralContainers": [{"name": "debug", "image": "sh"}],
        "securityContext": {"runAsUser": 1001, "runAsNonRoot": True},
        "fieldOfTomorrow": {"a": [1]},
    }
    result = after(pod(**spec))["spec"]
    assert {name: result[name] for name in spec} == spec


@pytest.mark.parametrize(
    ("metadata", "labels"),
    [
        ({"name": "web"}, {"eks.amazonaws.com/pod-identity": "enabled"}),
        ({"labels": {}}, {"eks.amazonaws.com/pod-identity": "enabled"}),
        ({"labels": {"app": "web"}}, {"app": "web", "eks.amazonaws.com/pod-identity": "enabled"}),
        (
            {"labels": {"eks.amazonaws.com/pod-identity": "no"}},
            {"eks.amazonaws.com/pod-identity": "enabled"},
        ),
        (None, {"eks.amazonaws.com/pod-identity": "enabled"}),
    ],
)
def test_pod_identity(metadata: Any, labels: dict[str, str]) -> None:
    given = {**pod(), "metadata": metadata}
    result = after(given, ASSOCIATED)
    assert result["metadata"]["labels"] == labels
    assert decided(given, ASSOCIATED).trace[-1].code is WorkloadCode.LABEL
    assert decided(result, ASSOCIATED).value == ()
    assert [(one["name"], one["value"]) for one in result["spec"]["containers"][0]["env"]] == [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token",
        ),
    ]
    assert result["spec"]["volumes"][0]["name"] == "eks-pod-identity-token"


def test_pod_identity_does_not_look_at_the_variables_of_web_identity() -> None:
    result = after(pod(containers=[container(env=env("AWS_ROLE_ARN"))]), ASSOCIATED)
    assert names(result)[1:] == [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ]


def test_pod_identity_has_its_own_settings() -> None:
    settings = Settings(container_token=TokenVolume("v", "/m", "t", "aud"), container_uri="http://127.0.0.1")
    main = after(pod(), ASSOCIATED, settings)["spec"]["containers"][0]
    assert main["env"][0]["value"] == "http://127.0.0.1"
    assert main["env"][1]["value"] == "/m/t"
    assert main["volumeMounts"] == [{"name": "v", "readOnly": True, "mountPath": "/m"}]


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (AccountFacts("shop", "app"), Outcome.NO_OPINION),
        (AccountFacts("shop", "app", is_read=False), Outcome.UNKNOWN),
    ],
)
def test_a_pod_of_nobody_is_left_alone(facts: AccountFacts, outcome: Outcome) -> None:
    decision = decided(pod(), facts)
    assert decision.outcome is outcome
    assert decision.value is None


def test_a_pod_may_have_as_many_containers_as_are_read() -> None:
    result = after(pod(containers=[container(name=f"c{place}") for place in range(MAX_CONTAINERS)]))
    assert names(result, place=MAX_CONTAINERS - 1) == PAIR


def test_a_pod_that_names_no_account_is_the_defaults() -> None:
    assert read_pod({"spec": {}}, Ref("pod")).account == "default"
    assert read_pod({"spec": {"serviceAccountName": "app"}}, Ref("pod")).account == "app"
    assert read_pod({"metadata": None, "spec": {}}, Ref("pod")).containers == ()


MALFORMED: dict[str, tuple[Any, str]] = {
    "a list": ([], ""),
    "text": ("pod", ""),
    "nothing": (None, ""),
    "no spec": ({"metadata": {}}, "/spec"),
    "an empty container": ({"spec": {"containers": [None]}}, "/spec/containers/0"),
    "spec": ({"spec": 1}, "/spec"),
    "metadata": ({"metadata": []}, "/metadata"),
    "account": ({"spec": {"serviceAccountName": 1}}, "/spec/serviceAccountName"),
    "annotations": ({"metadata": {"annotations": {"a": 1}}, "spec": {}}, "/metadata/annotations/a"),
    "labels": ({"metadata": {"labels": []}, "spec": {}}, "/metadata/labels"),
    "selector": ({"spec": {"nodeSelector": "x"}}, "/spec/nodeSelector"),
    "containers": ({"spec": {"containers": {}}}, "/spec/containers"),
    "text for containers": ({"spec": {"containers": "abc"}}, "/spec/containers"),
    "container": ({"spec": {"containers": ["a"]}}, "/spec/containers/0"),
    "name": ({"spec": {"initContainers": [{"name": 1}]}}, "/spec/initContainers/0/name"),
    "env": ({"spec": {"containers": [{"env": {}}]}}, "/spec/containers/0/env"),
    "variable": ({"spec": {"containers": [{"env": [{"name": []}]}]}}, "/spec/containers/0/env/0/name"),
    "mounts": ({"spec": {"containers": [{"volumeMounts": [1]}]}}, "/spec/containers/0/volumeMounts/0"),
    "volumes": ({"spec": {"volumes": [{"name": {}}]}}, "/spec/volumes/0/name"),
    "too many containers": (
        {"spec": {"containers": [{}] * MAX_CONTAINERS, "initContainers": [{}]}},
        "/spec/containers",
    ),
}


@pytest.mark.parametrize(("value", "pointer"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_pod_is_told_with_its_place(value: Any, pointer: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        read_pod(value, Ref("pod"))
    fault = caught.value.faults[0]
    assert (fault.code, fault.at.pointer) == ("workload.malformed-pod", pointer)
    assert fault.problem.startswith("expected a")
