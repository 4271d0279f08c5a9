"""``sekisho can --preflight``: what is written, in which form, with which exit code."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from sekisho.cli.can import can
from unit.review.preflight.test_preflight import DEBUG, MAP, NODES, WORLD, aws_auth, binding

BIND = binding("b", "debug", "Group:readers")
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"


pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "world.yaml").write_text(WORLD)
    (tmp_path / "pod.yaml").write_text(POD)
    return tmp_path


def run(*words: str, stdin: str = "") -> Result:
    app = typer.Typer()
    app.command()(can)
    return CliRunner().invoke(app, [*words], input=stdin)


def ask(who: str, text: str, *words: str, source: str = "world.yaml") -> Result:
    return run(who, "--preflight", "-", "--from", source, *words, stdin=text)


SHOWN: dict[str, tuple[str, str, int, list[str]]] = {
    "allowed": (
        "user/ana",
        f"{DEBUG}---{BIND}",
        0,
        [
            "yes: user/ana may apply 2 objects",
            "yes create    RoleBinding web/b",
            "Group:readers: arn:aws:iam::222233334444:user/ben",
            "get, list  secrets",
            "! reads Secrets",
        ],
    ),
    "not held": ("user/ana", NODES, 1, ["no: user/ana may apply 1 object", 'Resources:["nodes/proxy"]']),
    "a role that is missing": (
        "user/ana",
        binding("b", "gone", "User:x"),
        1,
        ['grant: Role "gone" does not exist', "nothing would be newly allowed"],
    ),
    "nobody": ("user/cat", MAP, 1, ["get: ", "nothing would be newly allowed"]),
    "a roleRef": (
        "group:system:masters",
        binding("patchers", "debug", "User:x"),
        1,
        ["the roleRef of a binding cannot change"],
    ),
    "a mapping": (
        "group:system:masters",
        aws_auth(
            "{userarn: 'arn:aws:iam::222233334444:user/cat', username: cat, groups: ['system:masters']}"
        ),
        0,
        ["mapped differently", "nobody becomes user cat", "everything, as a member of system:masters"],
    ),
    "a URL and many names": (
        "group:system:masters",
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: wide}
rules:
  - {nonResourceURLs: [/metrics], verbs: [get]}
  - {apiGroups: [apps], resources: [deployments], verbs: [get], resourceNames: [a, b, c, d, e, f, g, h, i]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: wide}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: wide}
subjects: [{kind: User, name: eve, apiGroup: rbac.authorization.k8s.io}]
""",
        0,
        ["User:eve", "URLs", "/metrics", "everywhere", "deployments.apps named a"],
    ),
}


@pytest.mark.parametrize(("who", "text", "code", "lines"), SHOWN.values(), ids=SHOWN)
def test_what_is_shown(who: str, text: str, code: int, lines: list[str]) -> None:
    done = ask(who, text, "-n", "web")
    assert done.exit_code == code, done.output
    for line in lines:
        assert line in done.stdout


def test_unknown_is_said() -> None:
    done = ask("user:ana", MAP, source="pod.yaml")
    assert done.exit_code == 3
    assert "unknown: user:ana may apply 1 object" in done.stdout
    assert "what would be newly allowed is unknown" in done.stdout


def test_the_json_form() -> None:
    done = ask("user/ana", f"{DEBUG}---{BIND}", "-o", "json")
    document = json.loads(done.stdout)
    assert document["outcome"] == "allow"
    first = document["objects"][0]
    assert (first["operation"], first["at"]["file"], first["grant"]["outcome"]) == (
        "create",
        "stdin",
        "allow",
    )
    assert [need["verb"] for need in first["needs"]] == ["get", "create"]
    (allowed,) = document["gains"]["subjects"][0]["allowed"]
    assert allowed["dangers"][0]["code"] == "danger.reads-secrets"
    assert document["user"]["groups"] == ["deployers", "system:authenticated"]


BAD = {
    "an action": (("user/ana", "get", "pods", "--preflight", "-"), "--preflight takes WHO alone"),
    "a list": (("user/ana", "--list", "--preflight", "-"), "--preflight takes WHO alone"),
    "no WHO with files": (("--preflight", "-"), "files do not say who you are"),
    "no file": (("user/ana", "--preflight", "absent.yaml"), "cannot be read"),
    "no WHO for a list": (("--list",), "--list needs WHO"),
    "no WHO at all": ((), "give WHO ACTION RESOURCE"),
}


@pytest.mark.parametrize(("words", "problem"), BAD.values(), ids=BAD)
def test_a_question_that_is_none(words: tuple[str, ...], problem: str) -> None:
    done = run(*words, "--from", "world.yaml", stdin=MAP)
    assert done.exit_code == 2
    assert problem in done.output


def test_no_name_speaks_to_the_terminal() -> None:
    hostile = binding("b", "debug", "User:x").replace("name: x", 'name: "x\\e[2Jy\\u202ez\\nq"')
    done = ask("user/ana", f"{DEBUG}---{hostile}")
    assert done.exit_code == 0, done.output
    assert "User:x" in done.stdout
    assert not {"\x1b", "\u202e"} & set(done.stdout)
