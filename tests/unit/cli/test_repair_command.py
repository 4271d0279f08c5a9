"""The command of a repair does what its sentence says, and nothing wider."""

import pytest

from sekisho.cli.repair_command import command_of

GROUP = 'Group "operators"'
CLUSTER_ROLE = 'ClusterRole "view"'

CASES = {
    "in a namespace: a role binding": (
        {"role": CLUSTER_ROLE, "subject": GROUP, "where": 'in the namespace "default"'},
        "kubectl create rolebinding view-operators -n default --clusterrole view --group operators",
    ),
    "a role of the namespace": (
        {"role": 'Role "reader"', "subject": 'User "ann"', "where": 'in the namespace "web"'},
        "kubectl create rolebinding reader-ann -n web --role reader --user ann",
    ),
    "for the whole cluster: a cluster role binding": (
        {"role": CLUSTER_ROLE, "subject": GROUP, "where": "for the whole cluster"},
        "kubectl create clusterrolebinding view-operators --clusterrole view --group operators",
    ),
    "an unknown kind of subject: no command": (
        {"role": CLUSTER_ROLE, "subject": 'Robot "r"', "where": "for the whole cluster"},
        "",
    ),
}


@pytest.mark.parametrize(("facts", "command"), CASES.values(), ids=CASES.keys())
def test_bind_role(facts: dict[str, str], command: str) -> None:
    assert command_of({"code": "rbac.bind-role", "facts": facts}, "eks-clu") == command
