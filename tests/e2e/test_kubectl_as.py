"""``kubectl --as`` in the lab: who may act as whom, in kube-apiserver's words, and what `why` makes of it."""

from pathlib import Path

import pytest

from e2e.e2e_shell import ACCOUNT, CLUSTER, Shell, connected, shell_of
from sekisho.testing import RunningLab

IMPERSONATOR = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: act-as-ana}
rules:
- {apiGroups: [""], resources: [users], verbs: [impersonate], resourceNames: [ana]}
- {apiGroups: [""], resources: [groups], verbs: [impersonate], resourceNames: [readers]}
"""


@pytest.fixture(scope="module")
def creator(tmp_path_factory: pytest.TempPathFactory, sekisho_shared_lab: RunningLab) -> Shell:
    folder = tmp_path_factory.mktemp("as")
    return connected(shell_of(sekisho_shared_lab, folder / "bin"), folder)


@pytest.fixture(scope="module")
def helper(creator: Shell, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Return somebody who may act as ana, and as a member of ``readers``, and do nothing else."""
    file = Path(tmp_path_factory.mktemp("role")) / "role.yaml"
    file.write_text(IMPERSONATOR)
    creator.output("kubectl apply -f", file)
    creator.output("kubectl create clusterrolebinding act-as-ana --clusterrole act-as-ana --group helpers")
    creator.output("kubectl create clusterrole read-maps --verb=list --resource=configmaps")
    creator.output("kubectl create clusterrolebinding read-maps --clusterrole read-maps --group readers")
    arn = f"arn:aws:iam::{ACCOUNT}:user/as-helper"
    user = creator.new_user("as-helper")
    mapping = f"--cluster {CLUSTER} --arn {arn} --username helper --group helpers"
    creator.output(f"sekisho map create {mapping}")
    return user


def test_a_request_is_made_with_the_rights_of_the_other(helper: Shell) -> None:
    assert helper("kubectl get configmaps").returncode == 1
    assert helper.output("kubectl get configmaps --as ana --as-group readers") is not None
    who = helper.document("kubectl auth whoami --as ana --as-group readers -o json")["status"]["userInfo"]
    assert who == {"username": "ana", "groups": ["readers", "system:authenticated"]}


def test_whom_one_may_not_act_as_is_refused_in_the_words_of_kubernetes(helper: Shell) -> None:
    refused = helper("kubectl get configmaps --as eve")
    assert (
        'users "eve" is forbidden: User "helper" cannot impersonate resource "users" in API group "" '
        "at the cluster scope"
    ) in refused.stderr
    why = helper("sekisho why --last").stdout
    assert "no Impersonation:" in why
    assert "rbac." in why


def test_what_the_other_may_not_do_is_refused_as_the_other_s(helper: Shell) -> None:
    refused = helper("kubectl get secrets --as ana")
    assert 'User "ana" cannot list resource "secrets"' in refused.stderr
    why = helper("sekisho why --last").stdout
    assert "yes Impersonation: helper acts as ana" in why
    assert "no Authorization:" in why


def test_a_group_that_may_not_be_claimed_is_refused(helper: Shell) -> None:
    refused = helper("kubectl get configmaps --as ana --as-group system:masters")
    assert 'groups "system:masters" is forbidden: User "helper" cannot impersonate' in refused.stderr
