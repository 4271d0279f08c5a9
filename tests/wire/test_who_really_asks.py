"""The journal names who sent a request, whoever the request acts as; and a move needs both places."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.hostile_wire import Doors, Target, render
from sekisho.testing import RunningLab, running_lab
from support.boto_lab import HOME, new_user, policy, profile
from support.buckets import fresh
from support.service_accounts import NAMESPACE, KubeApi

RBAC = "/apis/rbac.authorization.k8s.io/v1"
SENDER = f"system:serviceaccount:{NAMESPACE}:deployer"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("sender")) as running:
        yield running


def asked_as(api: KubeApi, token: str, path: str, *headers: tuple[str, str]) -> int:
    own = [("host", api.address), ("authorization", f"Bearer {token}"), ("user-agent", "test"), *headers]
    target = Target(int(api.address.rpartition(":")[2]), "127.0.0.1")
    status: int = Doors.of(api.lab).send(target, render("GET", path, own, b"")).status
    return status


def entries(lab: RunningLab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.client.get("/journal")
    return found


def test_a_service_account_that_acts_as_another_stays_the_sender(lab: RunningLab) -> None:
    api = KubeApi(lab)
    api.namespace()
    api.account("deployer")
    rule = {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"], "resourceNames": ["ana"]}
    api.made(f"{RBAC}/clusterroles", {"metadata": {"name": "as-ana"}, "rules": [rule]})
    binding = {
        "metadata": {"name": "as-ana"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "as-ana"},
        "subjects": [{"kind": "ServiceAccount", "name": "deployer", "namespace": NAMESPACE}],
    }
    api.made(f"{RBAC}/clusterrolebindings", binding)
    token = api.token("deployer")
    ana = ("impersonate-user", "ana")
    assert asked_as(api, token, "/version", ana) == 200
    assert asked_as(api, token, "/api/v1/nodes", ana) == 403
    assert asked_as(api, token, "/version", ana, ("impersonate-group", "system:masters")) == 403
    assert asked_as(api, token, "/version", ("impersonate-group", "system:masters")) == 400
    told = [one for one in entries(lab) if one["surface"] == "kubernetes"][-4:]
    assert [one["who"] for one in told] == [SENDER] * 4


def test_a_user_is_renamed_or_moved_by_whoever_may_at_both_places(lab: RunningLab) -> None:
    admin = profile(lab, "default")
    dev = f"arn:aws:iam::{HOME}:user/dev/*"
    text = policy("iam:UpdateUser", Resource=dev)
    mover = new_user(admin, fresh("mover"), text)
    name = fresh("moved")
    admin.ask("iam", "create_user", UserName=name, Path="/dev/")
    for change in ({"NewPath": "/admin/"}, {"NewPath": "/"}, {"NewPath": "/admin/", "NewUserName": "dev"}):
        refused = mover.refused("iam", "update_user", UserName=name, **change)
        assert refused.code == "AccessDenied"
        assert "iam:UpdateUser on resource: arn:aws:iam::" in refused.message
    mover.ask("iam", "update_user", UserName=name, NewPath="/dev/deep/", NewUserName=f"{name}-2")
    found = admin.ask("iam", "get_user", UserName=f"{name}-2")["User"]["Arn"]
    assert found == f"arn:aws:iam::{HOME}:user/dev/deep/{name}-2"


def test_a_group_is_renamed_by_whoever_may_at_both_places(lab: RunningLab) -> None:
    admin = profile(lab, "default")
    text = json.loads(policy("iam:UpdateGroup", Resource=f"arn:aws:iam::{HOME}:group/dev-*"))
    mover = new_user(admin, fresh("mover"), json.dumps(text))
    admin.ask("iam", "create_group", GroupName="dev-a")
    refused = mover.refused("iam", "update_group", GroupName="dev-a", NewGroupName="admins")
    assert refused.code == "AccessDenied"
    mover.ask("iam", "update_group", GroupName="dev-a", NewGroupName="dev-b")
    assert admin.ask("iam", "get_group", GroupName="dev-b")["Group"]["GroupName"] == "dev-b"
