"""Waiters and paginators of the real AWS CLI against the lab."""

from pathlib import Path

import pytest

from e2e.e2e_shell import ACCOUNT, CLUSTER, Shell, shell_of
from sekisho.testing import RunningLab


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, sekisho_shared_lab: RunningLab) -> Shell:
    folder: Path = tmp_path_factory.mktemp("pages")
    made = shell_of(sekisho_shared_lab, folder, ("aws",))
    for number in range(3):
        made.output(f"aws iam create-user --user-name page-{number} --path /pages/")
    return made


WAITERS = (
    "aws iam wait user-exists --user-name page-0",
    f"aws eks wait cluster-active --name {CLUSTER}",
    "aws eks wait cluster-deleted --name never-there",
)


@pytest.mark.parametrize("command", WAITERS)
def test_a_waiter_returns(shell: Shell, command: str) -> None:
    assert shell.output(command) == ""


def test_a_page_at_a_time_is_the_whole(shell: Shell) -> None:
    listed = shell.document("aws iam list-users --path-prefix /pages/ --page-size 1")["Users"]
    assert [user["UserName"] for user in listed] == ["page-0", "page-1", "page-2"]


def test_the_first_items_and_then_the_rest(shell: Shell) -> None:
    first = shell.document("aws iam list-users --path-prefix /pages/ --max-items 1")
    assert [user["UserName"] for user in first["Users"]] == ["page-0"]
    rest = shell.document("aws iam list-users --path-prefix /pages/ --starting-token", first["NextToken"])
    assert [user["UserName"] for user in rest["Users"]] == ["page-1", "page-2"]
    assert "NextToken" not in rest


def test_a_query_sees_every_page(shell: Shell) -> None:
    query = "aws iam list-users --path-prefix /pages/ --page-size 1 --query Users[].Arn --output text"
    arns = {arn for line in shell.output(query).splitlines() for arn in line.split()}
    assert arns == {f"arn:aws:iam::{ACCOUNT}:user/pages/page-{number}" for number in range(3)}


def test_clusters_are_pages_of_one_list(shell: Shell) -> None:
    assert CLUSTER in shell.document("aws eks list-clusters --page-size 1")["clusters"]
