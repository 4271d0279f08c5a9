"""``sekisho can``, ``why`` and ``who-can`` of files: what is written, in which form, with which exit code."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from sekisho.cli.can import can
from sekisho.cli.who_can import who_can
from sekisho.cli.why import why
from unit.review.question_world import ANA, BEN, GET_SECRET, PROD, READER, SECRET, WORLD

DRAFT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}],
}
PUT = ("user/ana", "s3:PutObject", "arn:aws:s3:::logs/a")


@pytest.fixture
def world(tmp_path: Path) -> str:
    path = tmp_path / "world.yaml"
    path.write_text(WORLD)
    return str(path)


@pytest.fixture
def draft(tmp_path: Path) -> str:
    path = tmp_path / "draft.json"
    path.write_text(json.dumps(DRAFT, indent=1))
    return str(path)


def run(command: str, *words: str) -> Result:
    app = typer.Typer()
    functions: dict[str, Any] = {"can": can, "why": why, "who-can": who_can}
    app.command()(functions[command])
    return CliRunner().invoke(app, list(words))


def test_an_unknown_answer_tells_what_it_hangs_on_and_how_to_tell_it(world: str) -> None:
    result = run("can", *PUT, "--from", world)
    assert (result.exit_code, result.stdout) == (3, "unknown\n")
    assert "if `aws:SourceIp` = `203.0.113.0/24`" in result.stderr
    assert "--context-key KEY=VALUE" in result.stderr


def test_a_refusal_tells_what_came_close(world: str) -> None:
    result = run("can", "user/ana", "s3:GetObject", "arn:aws:s3:::logs/Ana/x", "--from", world)
    assert (result.exit_code, result.stdout) == (1, "no\n")
    assert "nearest: " in result.stderr
    assert "world.yaml:" in result.stderr


KEYS = {
    "a key inside": (["--context-key", "aws:SourceIp=203.0.113.7"], 0),
    "the spelling of a key does not count": (["--context-key", "AWS:sourceip=203.0.113.7"], 0),
    "a key outside": (["--context-key", "aws:SourceIp=198.51.100.1"], 1),
    "several values do not fit an operator for one": (
        ["--context-key", "aws:SourceIp=203.0.113.7", "--context-key", "aws:SourceIp=203.0.113.8"],
        1,
    ),
    "no key": (["--without-key", "aws:SourceIp"], 1),
    "the owner is another account": (
        ["--context-key", "aws:SourceIp=203.0.113.7", "--resource-account", PROD],
        3,
    ),
}


@pytest.mark.parametrize(("words", "code"), KEYS.values(), ids=KEYS)
def test_what_is_told_counts(words: list[str], code: int, world: str) -> None:
    assert run("can", *PUT, "--from", world, *words).exit_code == code


BAD = {
    "a key without a value": (["--context-key", "aws:SourceIp"], "is not KEY=VALUE"),
    "a key without a service": (["--context-key", "SourceIp=1"], "is not KEY=VALUE"),
    "a key told and left out": (
        ["--context-key", "aws:SourceIp=1", "--without-key", "aws:sourceIP"],
        "is both given and left out",
    ),
    "no key": (["--without-key", "SourceIp"], "is no condition key"),
    "no account": (["--resource-account", "dev"], "is no account id"),
    "no file": (["--boundary", "/nowhere.json"], "cannot be read"),
}


@pytest.mark.parametrize(("words", "problem"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(words: list[str], problem: str, world: str) -> None:
    result = run("can", *PUT, "--from", world, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_list_key_with_one_value_is_a_list(tmp_path: Path) -> None:
    text = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    held = {**text, "Condition": {"StringEquals": {"aws:TagKeys": "a"}}}
    (tmp_path / "p.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [held]}))
    words = ("--policy", str(tmp_path / "p.json"), "s3:GetObject", "arn:aws:s3:::b/a")
    # An operator for one value does not know what to do with a key that has several.
    assert run("can", *words, "--context-key", "aws:TagKeys=a").exit_code == 1


def test_bare_policies_are_asked_about_nobody_in_particular(draft: str) -> None:
    assert run("can", "--policy", draft, "s3:GetObject", "arn:aws:s3:::logs/a").exit_code == 0
    result = run("why", "--policy", draft, "s3:GetObject", "arn:aws:s3:::other/a", "-o", "json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["who"] == "nobody in particular"
    assert document["links"][0]["trace"][0]["at"] == {
        "document": draft,
        "pointer": "/Statement/0/Resource",
        "file": draft,
        "line": 7,
    }


def test_a_bare_resource_policy_needs_somebody(draft: str) -> None:
    result = run("can", "--policy", draft, "--resource-policy", draft, "s3:GetObject", "arn:aws:s3:::logs/a")
    assert result.exit_code == 2


def test_sets_of_resources_as_text_and_json(draft: str) -> None:
    text = run("why", "--policy", draft, "s3:GetObject", "arn:aws:s3:::*")
    assert text.exit_code == 3
    assert "yes arn:aws:s3:::logs/*\n" in text.stdout
    document = json.loads(
        run("can", "--policy", draft, "s3:GetObject", "arn:aws:s3:::*", "-o", "json").stdout
    )
    assert (document["outcome"], document["partly"]) == ("unknown", True)
    (type_,) = document["types"]
    assert [(one["outcome"], one["resources"], one["except"]) for one in type_["sets"]] == [
        ("allow", ["arn:aws:s3:::logs/*"], []),
        ("no-opinion", ["arn:aws:s3:::*/*"], ["arn:aws:s3:::logs/*"]),
    ]
    (step,) = type_["sets"][0]["by"]
    assert step["at"]["line"] == 4
    assert step["sentence"] == f"a statement of {draft} allows s3:GetObject on the resource"


def test_a_set_that_is_conditional_says_on_what(world: str) -> None:
    result = run("can", "user/ana", "s3:PutObject", "arn:aws:s3:::logs/*", "--from", world)
    assert result.stdout.splitlines()[0] == "unknown"
    assert "      if `aws:SourceIp` = `203.0.113.0/24`" in result.stdout


def test_everything_somebody_may(world: str) -> None:
    result = run("can", "--list", "user/ana", "-n", "shop", "--from", world)
    assert result.exit_code == 0
    assert "    get, list: secrets\n" in result.stdout
    assert f"AWS as {ANA}\n" in result.stdout
    assert "        if `aws:SourceIp` = `203.0.113.0/24`\n" in result.stdout


def test_everything_of_somebody_who_may_nothing(world: str) -> None:
    result = run("can", "--list", "user/ben", "--from", world, "-o", "json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["kubernetes"]["user"] is None
    assert document["aws"]["principal"] == BEN
    assert document["aws"]["statements"] == []
    text = run("can", "--list", "user/ben", "--from", world).stdout
    assert text.startswith("shop: nothing; no entry of ")


def test_everything_of_the_creator_and_of_a_service_account(world: str) -> None:
    assert (
        "  everything, as a member of system:masters\n"
        in run("can", "--list", "user/cat", "--from", world).stdout
    )
    listed = run("can", "--list", "system:serviceaccount:shop:web", "-A", "--from", world)
    assert "  namespace shop\n    get, list: secrets\n" in listed.stdout
    assert "AWS as" not in listed.stdout


def test_everything_of_a_root_user_and_of_somebody_unknown(world: str) -> None:
    assert (
        "  everything in its own account, as the root user\n"
        in run("can", "--list", PROD, "--from", world).stdout
    )
    stranger = run("can", "--list", "arn:aws:iam::999988887777:user/x", "--from", world)
    assert (stranger.exit_code, "  its policies are not among the facts\n" in stranger.stdout) == (3, True)


@pytest.mark.parametrize("words", [("--list", "user/ana", "get"), ("user/ana",)])
def test_an_incomplete_question_is_bad_usage(words: tuple[str, ...], world: str) -> None:
    assert run("can", *words, "--from", world).exit_code == 2


def test_who_can_in_aws(world: str) -> None:
    result = run("who-can", GET_SECRET, SECRET, "--from", world)
    assert result.exit_code == 0
    assert f"yes {READER}\n" in result.stdout
    assert "yes ec2.amazonaws.com (service)\n" in result.stdout
    assert f" if {BEN}\n    > sts:AssumeRole on arn:aws:iam::" in result.stdout


def test_who_can_in_aws_as_json(world: str) -> None:
    document = json.loads(run("who-can", GET_SECRET, SECRET, "--from", world, "-o", "json").stdout)
    way = next(one for one in document["ways"] if one["who"] == BEN)
    assert (way["kind"], way["certain"]) == ("principal", False)
    assert way["needs"] == ["`aws:MultiFactorAuthPresent` = `true`", "`sts:ExternalId` = `x7`"]
    assert [step["action"] for step in way["steps"]] == ["sts:AssumeRole", "sts:AssumeRole", GET_SECRET]
    assert all(step["by"][0]["at"]["file"] == world for step in way["steps"])
    assert document["unread"] == []


def test_who_can_says_when_ways_were_cut(world: str) -> None:
    result = run("who-can", GET_SECRET, SECRET, "--depth", "0", "--from", world)
    assert "somebody may be missing: ways through more than 0 roles were left out" in result.stderr


def test_nobody_is_exit_code_one(world: str) -> None:
    owner = "arn:aws:sqs:eu-central-1:999988887777:q"
    result = run("who-can", "sqs:SendMessage", owner, "--from", world)
    assert (result.exit_code, result.stdout) == (1, "nobody\n")


@pytest.mark.parametrize("resource", ["", "arn:aws:s3:::logs/*"])
def test_who_can_needs_one_resource(resource: str, world: str) -> None:
    result = run("who-can", "s3:GetObject", resource, "--from", world)
    assert (result.exit_code, "needs the ARN of one resource" in result.stderr) == (2, True)


def test_who_can_in_a_cluster(world: str) -> None:
    result = run("who-can", "get", "secrets", "-n", "shop", "--from", world)
    assert result.exit_code == 0
    assert f"yes {ANA}\n    > user ana, groups ops, system:authenticated\n" in result.stdout
    assert "yes ServiceAccount:shop/web\n" in result.stdout
    document = json.loads(
        run("who-can", "get", "secrets", "-n", "shop", "--from", world, "-o", "json").stdout
    )
    principal = next(one for one in document["principals"] if one["who"] == ANA)
    assert principal["ways"][0]["subject"] == "Group:ops"
    subject = next(one for one in document["subjects"] if one["subject"] == "Group:ops")
    assert subject["principals"] == [ANA]


def test_who_can_in_a_cluster_whose_objects_were_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: aws-auth, namespace: kube-system}\ndata: {}\n"
    )
    result = run("who-can", "get", "pods", "--from", str(tmp_path / "a.yaml"))
    assert (result.exit_code, result.stdout) == (3, "nobody that is known\n")
    assert "somebody may be missing" in result.stderr
