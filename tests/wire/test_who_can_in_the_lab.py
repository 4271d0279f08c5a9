"""Who can, asked of a running lab, is who does: everybody named gets in with real clients, nobody else."""

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from sekisho.cli.can import can
from sekisho.cli.who_can import who_can
from sekisho.testing import RunningLab
from support.boto_lab import AWAY, HOME, Caller, new_role, new_user, policy, profile, trust

TARGET = policy("eks:ListClusters", Resource="*")
MAY_ASSUME = policy("sts:AssumeRole", Resource=f"arn:aws:iam::{AWAY}:role/*")
READER = f"arn:aws:iam::{AWAY}:role/reader"


@pytest.fixture(scope="module")
def people(lab: RunningLab) -> dict[str, Caller]:
    """Return users of `HOME`; `AWAY` has a role that trusts the account, with an external id."""
    home, away = profile(lab, "default"), profile(lab, "target-env")
    condition = {"StringEquals": {"sts:ExternalId": "x7"}}
    new_role(away, "reader", trust(f"arn:aws:iam::{HOME}:root", Condition=condition), TARGET)
    return {
        "may-assume": new_user(home, "may-assume", MAY_ASSUME),
        "may-itself": new_user(home, "may-itself", TARGET),
        "may-nothing": new_user(home, "may-nothing", policy("s3:GetObject", Resource="*")),
    }


def sekisho(lab: RunningLab, *words: str) -> tuple[int, Any]:
    app = typer.Typer()
    functions: dict[str, Any] = {"can": can, "who-can": who_can}
    app.command()(functions[words[0]])
    done = CliRunner().invoke(app, [*words[1:], "--state-dir", str(lab.state.path), "-o", "json"])
    return done.exit_code, json.loads(done.stdout)


def test_who_is_named_gets_in_and_nobody_else(lab: RunningLab, people: dict[str, Caller]) -> None:
    code, answer = sekisho(lab, "who-can", "eks:ListClusters")
    assert code == 0
    ways = {way["who"].rpartition("/")[2]: way for way in answer["ways"]}
    assert ways["may-itself"]["certain"]
    assert ways["may-assume"]["needs"] == ["`sts:ExternalId` = `x7`"]
    assert [step["resource"] for step in ways["may-assume"]["steps"]] == [READER, "*"]
    assert "may-nothing" not in ways

    assert people["may-itself"].ask("eks", "list_clusters")["clusters"] == ["eks-clu"]
    assert people["may-assume"].refused("eks", "list_clusters").status == 403
    session = people["may-assume"].assume("reader", ExternalId="x7")
    assert session.ask("eks", "list_clusters")["clusters"] == []
    parameters = {"RoleArn": READER, "RoleSessionName": "s-1"}
    assert people["may-assume"].refused("sts", "assume_role", **parameters).code == "AccessDenied"
    refused = people["may-nothing"].refused("sts", "assume_role", **parameters, ExternalId="x7")
    assert refused.code == "AccessDenied"


@pytest.mark.parametrize(
    ("who", "resource", "words", "expected"),
    [
        ("user/may-itself", "", (), (0, "allow")),
        ("user/may-nothing", "", (), (1, "no-opinion")),
        ("user/may-assume", READER, (), (3, "unknown")),
        ("user/may-assume", READER, ("--context-key", "sts:ExternalId=x7"), (0, "allow")),
        ("user/may-assume", READER, ("--without-key", "sts:ExternalId"), (1, "no-opinion")),
    ],
)
def test_can_says_what_the_lab_does(
    lab: RunningLab,
    people: dict[str, Caller],
    who: str,
    resource: str,
    words: tuple[str, ...],
    expected: tuple[int, str],
) -> None:
    assert who.partition("/")[2] in people
    action = ("sts:AssumeRole", resource) if resource else ("eks:ListClusters",)
    code, answer = sekisho(lab, "can", who, *action, *words)
    assert (code, answer["outcome"]) == expected


def test_who_can_in_the_cluster_names_the_creator(lab: RunningLab) -> None:
    code, answer = sekisho(lab, "who-can", "delete", "secrets", "-n", "default")
    assert code == 0
    assert [one["who"] for one in answer["principals"]] == [f"arn:aws:iam::{HOME}:user/eks-admin"]
    assert answer["principals"][0]["everything"]
