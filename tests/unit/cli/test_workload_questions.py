"""Workloads on the command line: every spelling, files of every kind, exit codes, lines and repairs."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from sekisho.cli.can import can
from sekisho.cli.repair_command import command_of
from sekisho.cli.why import why
from sekisho.cli.workloads import workloads

A, B = "111122223333", "444455556666"
HOST = "oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
FILE = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
ROLE, TARGET = f"arn:aws:iam::{A}:role/web", f"arn:aws:iam::{B}:role/target"
PROVIDER = f"arn:aws:iam::{A}:oidc-provider/{HOST}"
CONFIG = f"""\
[profile ci-env]
role_arn = {ROLE}
web_identity_token_file = {FILE}.
[profile target-env]
role_arn = {TARGET}
source_profile = ci-env
"""


def policy(action: str, resource: str = "*") -> Any:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def trust(principal: Any, action: Any = "sts:AssumeRole", **condition: Any) -> Any:
    more = {"Condition": condition} if condition else {}
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def web_trust(subject: str) -> Any:
    asked = {f"{HOST}:sub": subject}
    return trust({"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity", StringEquals=asked)


def account(name: str, role: str = "") -> Any:
    annotations = {"eks.amazonaws.com/role-arn": role} if role else {}
    metadata = {"name": name, "namespace": "shop", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def pod_spec(name: str, **more: Any) -> Any:
    return {"serviceAccountName": name, "containers": [{"name": "main", "image": "x"}], **more}


def deployment(name: str, account_name: str, **more: Any) -> Any:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod_spec(account_name, **more)}
    metadata = {"name": name, "namespace": "shop"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {"template": template},
    }


OBJECTS = [
    account("web", ROLE),
    account("idle"),
    account("lost", f"arn:aws:iam::{A}:role/lost"),
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "early", "namespace": "shop", "uid": "u"},
        "spec": pod_spec("web"),
    },
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "both", "namespace": "shop", "uid": "v"},
        "spec": pod_spec("idle"),
    },
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "aws", "namespace": "shop"},
        "data": {"config": CONFIG},
    },
]
WORLD: Any = {
    "apiVersion": "sekisho.dev/v1alpha1",
    "kind": "World",
    "region": "eu-central-1",
    "accounts": [
        {
            "id": A,
            "users": [{"name": "ana"}],
            "oidcProviders": [{"url": f"https://{HOST}", "clientIds": ["sts.amazonaws.com"]}],
            "roles": [
                {
                    "name": "web",
                    "trust": web_trust("system:serviceaccount:shop:web"),
                    "inline": {"s3": policy("s3:ListAllMyBuckets"), "sts": policy("sts:AssumeRole")},
                },
                {"name": "vain", "trust": web_trust("system:serviceaccount:shop:idle")},
            ],
        },
        {
            "id": B,
            "roles": [
                {"name": "target", "trust": trust({"AWS": ROLE}), "inline": {"s3": policy("s3:GetObject")}}
            ],
        },
    ],
    "clusters": [
        {
            "name": "shop",
            "account": A,
            "creator": "user/ana",
            "issuer": f"https://{HOST}",
            "manifests": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, *OBJECTS],
        }
    ],
}
LOOSE = [
    deployment("web", "web"),
    deployment("ci", "web", volumes=[{"name": "aws", "configMap": {"name": "aws"}}]),
    deployment("opted", "web"),
]
LOOSE[2]["spec"]["template"]["metadata"]["labels"]["eks.amazonaws.com/skip-pod-identity-webhook"] = ""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "world.yaml").write_text(yaml.safe_dump(WORLD, sort_keys=False))
    (tmp_path / "loose.yaml").write_text(yaml.safe_dump_all(LOOSE, sort_keys=False))
    return [word for name in ("world", "loose") for word in ("--from", str(tmp_path / f"{name}.yaml"))]


def run(command: str, *words: str) -> Result:
    app = typer.Typer()
    functions: dict[str, Any] = {"can": can, "why": why, "workloads": workloads}
    app.command()(functions[command])
    return CliRunner().invoke(app, list(words))


def failed(result: Result) -> Any:
    link = json.loads(result.stdout)["links"][-1]
    return link["link"], link["decisive"][0]["code"]


WHO = (
    "shop/web",
    "system:serviceaccount:shop:web",
    "serviceaccount/web",
    "sa/web",
    "deployment/web",
    "deploy/web",
)


@pytest.mark.parametrize("who", WHO)
def test_every_spelling_is_the_same_workload(who: str, files: list[str]) -> None:
    assert run("can", who, "s3:ListAllMyBuckets", "-n", "shop", *files).exit_code == 0
    assert run("can", who, "s3:DeleteBucket", "arn:aws:s3:::b", "-n", "shop", *files).exit_code == 1
    assert run("can", who, "get", "pods", "-n", "shop", *files).stdout == "no\n"
    shown = run("why", who, "-n", "shop", "-o", "json", *files)
    assert (shown.exit_code, json.loads(shown.stdout)["chain"]) == (0, "workload_to_aws")


def two_clusters(folder: Path, *names: str) -> list[str]:
    """Return the options of a world with a second cluster, which has these pods."""
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": pod_spec("web"),
        }
        for name in names
    ]
    manifests = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, *pods]
    second = {
        "name": "second",
        "account": B,
        "creator": f"arn:aws:iam::{B}:role/target",
        "manifests": manifests,
    }
    world = {**WORLD, "clusters": [*WORLD["clusters"], second]}
    (folder / "two.yaml").write_text(yaml.safe_dump(world, sort_keys=False))
    return ["-n", "shop", "--from", str(folder / "two.yaml")]


SHOP, SECOND = f"arn:aws:eks:eu-central-1:{A}:cluster/shop", f"arn:aws:eks:eu-central-1:{B}:cluster/second"
CLUSTERS: dict[str, tuple[tuple[str, ...], str]] = {
    "the one that has the pod": (("pod/early",), ""),
    "the one that has the account": (("shop/web",), ""),
    "a question to Kubernetes": (("pod/early", "get", "pods"), ""),
    "both have it": (
        ("pod/both",),
        f"the Pod `both` of the namespace `shop` is in {SHOP} and {SECOND}; name one by --cluster",
    ),
    "neither has it": (
        ("pod/none",),
        (
            f"no cluster has the Pod `none` of the namespace `shop`; there are {SHOP} and {SECOND}; "
            "name one by --cluster"
        ),
    ),
    "it is in another namespace": (
        ("pod/early", "-n", "web"),
        (
            f"no cluster has the Pod `early` of the namespace `web`; there are {SHOP} and {SECOND}; "
            "there is one in another namespace: -n shop --cluster shop"
        ),
    ),
    "the named cluster has none": (
        ("pod/early", "--cluster", "second"),
        "there is no Pod `early` in the namespace `shop`",
    ),
}


@pytest.mark.parametrize(("words", "problem"), CLUSTERS.values(), ids=CLUSTERS)
def test_the_cluster_is_that_of_the_pod(words: tuple[str, ...], problem: str, tmp_path: Path) -> None:
    found = run("why", *two_clusters(tmp_path, "both"), *words)
    if problem:
        assert (found.exit_code, problem in found.stderr) == (2, True), found.stderr
    else:
        assert (found.exit_code, found.stderr) == (0 if words == ("shop/web",) else 1, "")


LINKS = {
    "a pod that admission missed": ("pod/early", (), ("injection", "workload.missed")),
    "a template that opts out": ("deployment/opted", (), ("injection", "workload.opted-out")),
    "the dot of the article": ("deployment/ci", (), ("aws-profile", "workload.profile-token-file-dot")),
    "no annotation": ("shop/idle", (), ("service-account-role", "workload.not-annotated")),
    "no role": ("shop/lost", (), ("trust-policy", "sts.role-unknown")),
    "no permission": (
        "shop/web",
        ("s3:CreateBucket", "arn:aws:s3:::b"),
        ("permission", "iam.no-statement-allows"),
    ),
    "the next role": (
        "shop/web",
        ("--then-role", f"arn:aws:iam::{B}:role/none"),
        ("next-role", "sts.role-unknown"),
    ),
}


@pytest.mark.parametrize(("who", "words", "expected"), LINKS.values(), ids=LINKS)
def test_the_link_that_broke(who: str, words: Any, expected: Any, files: list[str]) -> None:
    result = run("why", who, *words, "-n", "shop", "-o", "json", *files)
    assert (result.exit_code, failed(result)) == (1, expected)


def test_places_lead_to_lines_of_the_files(files: list[str]) -> None:
    link = json.loads(run("why", "pod/early", "-n", "shop", "-o", "json", *files).stdout)["links"][-1]
    at = link["decisive"][0]["at"]
    assert at["file"] == files[1]
    assert "name: early" in "\n".join(
        Path(files[1]).read_text().splitlines()[at["line"] - 6 : at["line"] + 6]
    )
    opted = json.loads(run("why", "deployment/opted", "-n", "shop", "-o", "json", *files).stdout)["links"][-1]
    at = opted["decisive"][0]["at"]
    assert "skip-pod-identity-webhook" in Path(files[3]).read_text().splitlines()[at["line"] - 1]


def test_the_next_role_and_its_permission(files: list[str]) -> None:
    asked = ("shop/web", "s3:GetObject", "arn:aws:s3:::logs/a")
    assert run("can", *asked, *files).exit_code == 1
    assert run("can", *asked, "--then-role", TARGET, *files).exit_code == 0
    sets = run("can", *asked[:2], "--then-role", TARGET, "-o", "json", *files)
    assert (sets.exit_code, "types" in json.loads(sets.stdout)) == (0, True)


def config_map(text: str) -> Any:
    """Return the document of the ConfigMap that the Deployment ``ci`` mounts."""
    metadata = {"name": "aws", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"config": text}}


def made_by(pod: Any, **more: Any) -> Any:
    """Return a pod or ReplicaSet as its controller made it."""
    return {**pod, "metadata": {**pod["metadata"], "ownerReferences": [{"name": "ci"}], **more}}


MOUNTED = {"volumes": [{"name": "aws", "configMap": {"name": "aws"}}]}
INJECTED = {
    "env": [
        {"name": "AWS_ROLE_ARN", "value": ROLE},
        {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": FILE},
    ],
    "volumeMounts": [{"name": "aws-iam-token", "mountPath": FILE.rpartition("/")[0]}],
}
TOKEN_VOLUME = {
    "name": "aws-iam-token",
    "projected": {"sources": [{"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "token"}}]},
}
RUNNING = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "ci-0", "namespace": "shop", "uid": "w"},
    "spec": {
        "serviceAccountName": "web",
        "containers": [{"name": "main", "image": "x", **INJECTED}],
        "volumes": [*MOUNTED["volumes"], TOKEN_VOLUME],
    },
}
CORRECTED = CONFIG.replace("token.\n", "token\n")
LOOPING = CORRECTED + f"[profile a]\nrole_arn = {TARGET}\nsource_profile = a\n"
"""Beside the profiles that work one that comes back to itself, on which no other builds: nobody takes it."""

NEXT: dict[str, tuple[str, list[Any], bool, list[tuple[str, str]]]] = {
    "a Deployment": (CORRECTED, [deployment("ci", "web", **MOUNTED)], True, [("deployment/ci", "allow")]),
    "a running pod goes before what made it": (
        CORRECTED,
        [deployment("ci", "web", **MOUNTED), made_by(RUNNING)],
        True,
        [("pod/ci-0", "allow")],
    ),
    "what another made is not told twice": (
        CORRECTED,
        [{**made_by(deployment("ci-1", "web", **MOUNTED)), "kind": "ReplicaSet"}],
        True,
        [],
    ),
    "a pod that ended asks for nothing": (
        CORRECTED,
        [{**RUNNING, "status": {"phase": "Succeeded"}}],
        True,
        [],
    ),
    "another account's": (CORRECTED, [deployment("ci", "idle", **MOUNTED)], True, []),
    "the misprint of the article": (
        CONFIG,
        [deployment("ci", "web", **MOUNTED)],
        True,
        [("deployment/ci", "deny")],
    ),
    "a profile for its role alone leads no further": (
        CORRECTED.partition("[profile target")[0],
        [deployment("ci", "web", **MOUNTED)],
        True,
        [],
    ),
    "a profile that nobody builds on, and one that has no end": (
        LOOPING,
        [deployment("ci", "web", **MOUNTED)],
        True,
        [("deployment/ci", "allow")],
    ),
    "the account of the next role was not read": (
        CORRECTED,
        [deployment("ci", "web", **MOUNTED)],
        False,
        [("deployment/ci", "unknown")],
    ),
}


@pytest.mark.parametrize(("text", "objects", "is_read", "expected"), NEXT.values(), ids=NEXT)
def test_roles_to_which_profiles_lead_on(
    text: str, objects: list[Any], is_read: bool, expected: Any, tmp_path: Path
) -> None:
    """In a world file: `workloads`, `why` and `can` of the account tell the same, and `why` of what runs."""
    base = [one for one in OBJECTS if one["kind"] == "ServiceAccount" and one["metadata"]["name"] != "lost"]
    world = json.loads(json.dumps(WORLD))
    world["clusters"][0]["manifests"] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
        *base,
        config_map(text),
        *objects,
    ]
    if not is_read:
        del world["accounts"][1]
    (tmp_path / "world.yaml").write_text(yaml.safe_dump(world, sort_keys=False))
    files = ("-n", "shop", "--from", str(tmp_path / "world.yaml"))
    report = json.loads(run("workloads", "-o", "json", *files).stdout)
    web = next(one for one in report["accounts"] if one["name"] == "web")
    shown = json.loads(run("why", "shop/web", "-o", "json", *files).stdout)
    assert (web["state"], shown["outcome"]) == ("works", "allow")
    for told in (web["next"], shown["next"]):
        assert [(one["workload"], one["outcome"]) for one in told] == expected
        assert {(one["profile"], one["configMap"], one["role"]) for one in told} <= {
            ("target-env", "aws", TARGET)
        }
    for who, outcome in expected:
        single = json.loads(run("why", who, "--aws-profile", "target-env", "-o", "json", *files).stdout)
        assert single["outcome"] == outcome
    asked = json.loads(
        run("can", "shop/web", "s3:GetObject", "arn:aws:s3:::a/b", "-o", "json", *files).stdout
    )
    assert asked["outcome"] == "no-opinion"
    assert [(one["workload"], one["outcome"]) for one in asked["next"]] == expected


def test_the_next_role_in_words(tmp_path: Path) -> None:
    """From manifests beside the accounts: the ConfigMap is one of them."""
    world = {**WORLD, "clusters": [{**WORLD["clusters"][0], "manifests": []}]}
    (tmp_path / "world.yaml").write_text(yaml.safe_dump(world, sort_keys=False))
    manifests = [account("web", ROLE), config_map(CORRECTED), deployment("ci", "web", **MOUNTED)]
    (tmp_path / "m.yaml").write_text(yaml.safe_dump_all(manifests, sort_keys=False))
    files = ("--from", str(tmp_path / "world.yaml"), "--from", str(tmp_path / "m.yaml"))
    line = f"deployment/ci leads on to {TARGET} by the AWS profile target-env of the ConfigMap aws: "
    said = run("can", "shop/web", "s3:GetObject", "arn:aws:s3:::a/b", *files)
    assert (said.stdout, f"{line}yes" in said.stderr) == ("no\n", True)
    assert f"{line}no" in run("can", "shop/web", "s3:PutObject", "arn:aws:s3:::a/b", *files).stderr
    assert f"{line}yes" in run("can", "shop/web", "s3:GetObject", *files).stderr
    assert run("why", "shop/web", *files).stdout.endswith(f"\n{line}yes\n")
    assert f"    {line}yes\n" in run("workloads", "-n", "shop", *files).stdout
    assert line not in run("why", "shop/web", "--then-role", TARGET, *files).stdout
    (tmp_path / "m.yaml").write_text(yaml.safe_dump_all([*manifests[:1], config_map(CONFIG), manifests[2]]))
    report = run("workloads", "-n", "shop", *files)
    assert (report.exit_code, f"{line}no\n" in report.stdout) == (1, True)
    assert "workload.profile-token-file-dot" in report.stdout
    assert "sed 's|" in report.stdout


def test_a_list_is_that_of_the_kubernetes_user(files: list[str]) -> None:
    listed = json.loads(run("can", "--list", "deployment/web", "-n", "shop", "-o", "json", *files).stdout)
    assert listed["who"] == "system:serviceaccount:shop:web"


BAD = {
    "no such pod": (("why", "pod/none"), "there is no Pod `none`"),
    "a pod of another namespace": (("why", "pod/early", "-n", "other"), "-n shop"),
    "a profile without a ConfigMap": (
        ("why", "pod/early", "--aws-profile", "x", "-n", "shop"),
        "mounts no ConfigMap",
    ),
    "a next role of a person": (
        ("can", "user/ana", "s3:GetObject", "--then-role", TARGET),
        "are for service accounts",
    ),
}


@pytest.mark.parametrize(("words", "text"), BAD.values(), ids=BAD)
def test_what_cannot_be_asked_is_told_in_one_sentence(words: Any, text: str, files: list[str]) -> None:
    result = run(*words, *files)
    assert (result.exit_code, result.stdout) == (2, "")
    assert text in result.stderr


def test_the_report(files: list[str]) -> None:
    result = run("workloads", "-o", "json", *files)
    document = json.loads(result.stdout)
    states = {one["name"]: one["state"] for one in document["accounts"] if one["namespace"] == "shop"}
    assert result.exit_code == 1
    assert states == {"idle": "trusted-not-annotated", "lost": "broken", "web": "works"}
    web = next(one for one in document["accounts"] if one["name"] == "web")
    assert (web["mechanism"], web["role"]) == ("irsa", ROLE)
    assert [(pod["name"], pod["missed"]) for pod in web["pods"]] == [("early", True)]
    text = run("workloads", "-n", "shop", "--cluster", "shop", *files).stdout
    assert f"trusted by arn:aws:iam::{A}:role/vain" in text
    assert "pod/early missed" in text
    assert run("workloads", "-n", "none", *files).exit_code == 0


def test_a_role_that_asks_for_no_subject_is_told_once(tmp_path: Path) -> None:
    world = json.loads(json.dumps(WORLD))
    world["accounts"][0]["roles"][1]["trust"] = trust(
        {"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity"
    )
    (tmp_path / "world.yaml").write_text(yaml.safe_dump(world))
    result = run("workloads", "--from", str(tmp_path / "world.yaml"))
    assert result.stdout.count("trusts every service account of shop") == 1


def test_manifests_alone_leave_open_what_they_do_not_say(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(yaml.safe_dump_all([account("web", ROLE), deployment("x", "other")]))
    words = ("-n", "shop", "-o", "json", "--from", str(tmp_path / "m.yaml"))
    issuer = run("why", "shop/web", *words)
    assert (issuer.exit_code, failed(issuer)[1]) == (3, "workload.issuer-unread")
    other = run("why", "deployment/x", *words)
    assert (other.exit_code, failed(other)[1]) == (3, "workload.account-unread")
    assert run("workloads", *words).exit_code == 3


def test_what_aws_prints_is_understood_beside_manifests(tmp_path: Path) -> None:
    described = {
        "cluster": {
            "name": "shop",
            "arn": f"arn:aws:eks:eu-central-1:{A}:cluster/shop",
            "version": "1.34",
            "identity": {"oidc": {"issuer": f"https://{HOST}"}},
            "accessConfig": {"authenticationMode": "API"},
        }
    }
    (tmp_path / "c.json").write_text(json.dumps(described))
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(account("web", ROLE)))
    words = ("-o", "json", "--from", str(tmp_path / "c.json"), "--from", str(tmp_path / "m.yaml"))
    found = run("why", "shop/web", *words)
    assert (found.exit_code, failed(found)[1]) == (3, "workload.providers-unread")


COMMANDS = {
    "a Deployment": (
        "workload.fix.recreate",
        {"kind": "Deployment", "pod": "web", "namespace": "shop"},
        "kubectl rollout restart deployment/web -n shop",
    ),
    "a label of a template": (
        "workload.fix.remove-label",
        {"kind": "Deployment", "pod": "web", "namespace": "shop", "label": "a/b"},
        (
            "kubectl patch deployment web -n shop --type json -p "
            '\'[{"op":"remove","path":"/spec/template/metadata/labels/a~1b"}]\''
        ),
    ),
    "a label of a pod": (
        "workload.fix.remove-label",
        {"kind": "Pod", "pod": "web", "namespace": "shop", "label": "a"},
        "",
    ),
    "a variable": ("workload.fix.remove-variable", {"variable": "a", "container": "b"}, ""),
    "a profile": (
        "workload.fix.correct-profile",
        {"config_map": "aws", "namespace": "shop", "file": "/t.", "token": "/t"},
        "kubectl get configmap aws -n shop -o yaml | sed 's|/t\\.|/t|' | kubectl apply -f -",
    ),
    "a user's policy": (
        "iam.fix.add-allow",
        {"principal": f"arn:aws:iam::{A}:user/x/ana", "action": "s3:GetObject", "resource": "*"},
        (
            "aws iam put-user-policy --user-name ana --policy-name s3-GetObject --policy-document "
            '\'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}\''
        ),
    ),
    "the root user": (
        "iam.fix.add-allow",
        {"principal": f"arn:aws:iam::{A}:root", "action": "s3:GetObject", "resource": "*"},
        "",
    ),
    "an audience without its provider": ("sts.fix.add-audience", {"audience": "x", "url": "y"}, ""),
}


@pytest.mark.parametrize(("code", "facts", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_repairs_are_commands(code: str, facts: dict[str, str], expected: str) -> None:
    assert command_of({"code": code, "facts": facts}, "shop") == expected


PATHS = {
    "the dot is no wildcard": ("/t.", "/t", "a = /t.\nb = /tx\n", "a = /t\nb = /tx\n"),
    "what sed obeys is text": (r"/[a]*\^$|.", r"/&\|", "a = /[a]*\\^$|.\n", "a = /&\\|\n"),
}


@pytest.mark.parametrize(("file", "token", "before", "after"), PATHS.values(), ids=PATHS)
def test_a_profile_is_corrected_by_sed(file: str, token: str, before: str, after: str) -> None:
    facts = {"config_map": "aws", "namespace": "shop", "file": file, "token": token}
    command = command_of({"code": "workload.fix.correct-profile", "facts": facts}, "shop")
    _, sed, _ = command.split(" | ")
    done = subprocess.run(shlex.split(sed), input=before, capture_output=True, text=True, check=True)
    assert done.stdout == after
