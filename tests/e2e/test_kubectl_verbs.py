"""kubectl's everyday commands against a cluster of the lab, a current release and an old one."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from e2e.e2e_shell import CLUSTER, KUBECTLS, NODE, Done, Shell, connected, shell_of
from sekisho.testing import RunningLab

OBJECTS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: shop}}
data: {colour: red}
---
apiVersion: v1
kind: Secret
metadata: {name: password}
stringData: {word: open sesame}
"""


@dataclass(frozen=True)
class Kubectl:
    """One kubectl in a namespace of its own."""

    program: str
    shell: Shell
    namespace: str
    folder: Path

    def __call__(self, words: str, *more: str, stdin: str = "") -> Done:
        return self.shell(f"{self.program} -n {self.namespace} {words}", *more, stdin=stdin)

    def output(self, words: str, *more: str, stdin: str = "") -> str:
        return self.shell.output(f"{self.program} -n {self.namespace} {words}", *more, stdin=stdin)

    def document(self, words: str) -> Any:
        return json.loads(self.output(f"{words} -o json"))

    def file(self, text: str) -> str:
        path = self.folder / "objects.yaml"
        path.write_text(text)
        return str(path)


@pytest.fixture(scope="module")
def shell(sekisho_shared_lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("kubectl")
    return connected(shell_of(sekisho_shared_lab, folder / "bin"), folder)


@pytest.fixture(scope="module", params=KUBECTLS)
def kubectl(
    request: pytest.FixtureRequest, shell: Shell, tmp_path_factory: pytest.TempPathFactory
) -> Kubectl:
    """Return a kubectl whose namespace holds OBJECTS."""
    namespace = f"verbs-{request.param.replace('.', '-')}"
    made = Kubectl(request.param, shell, namespace, tmp_path_factory.mktemp("objects"))
    made.output(f"create namespace {namespace}")
    assert (
        made.output("create -f", made.file(OBJECTS))
        == "configmap/settings created\nsecret/password created\n"
    )
    return made


def test_apply_says_what_it_changed(kubectl: Kubectl) -> None:
    text = OBJECTS.partition("---")[0].replace("settings", "applied")
    file = kubectl.file(text)
    assert kubectl.output("apply -f", file) == "configmap/applied created\n"
    assert kubectl.output("apply -f", file) == "configmap/applied unchanged\n"
    file = kubectl.file(text.replace("red", "blue"))
    assert kubectl.output("apply -f", file) == "configmap/applied configured\n"
    assert kubectl.output("apply -f", file) == "configmap/applied unchanged\n"
    assert kubectl.document("get configmap applied")["data"] == {"colour": "blue"}
    assert kubectl.output("delete configmap applied").startswith('configmap "applied" deleted')
    assert "(NotFound)" in kubectl("get configmap applied").stderr


def test_every_form_of_output(kubectl: Kubectl) -> None:
    assert kubectl.output("get configmap -l app=shop -o name") == "configmap/settings\n"
    head, row = kubectl.output("get configmap settings").splitlines()
    assert (head.split(), row.split()[:2]) == (["NAME", "DATA", "AGE"], ["settings", "1"])
    assert "colour: red" in kubectl.output("get configmap settings -o yaml")
    assert kubectl.output("get configmap settings -o jsonpath={.data.colour}") == "red"
    wide = kubectl.output("get nodes -o wide").splitlines()
    assert wide[0].split()[:6] == ["NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP"]
    assert "192.168.92.154" in wide[1]
    everywhere = kubectl.output("get configmaps -A --no-headers").splitlines()
    assert [kubectl.namespace, "settings"] in [row.split()[:2] for row in everywhere]
    found = kubectl.document("get configmaps,secrets")
    assert found["kind"] == "List"
    assert {item["kind"] for item in found["items"]} == {"ConfigMap", "Secret"}


def test_changes_in_place(kubectl: Kubectl) -> None:
    text = OBJECTS.partition("---")[0].replace("settings", "changing")
    kubectl.output("create -f", kubectl.file(text))
    assert kubectl.output("annotate configmap changing note=hello").startswith("configmap/changing annotate")
    assert kubectl.output("label configmap changing tier=back app-") in (
        "configmap/changing labeled\n",
        "configmap/changing modified\n",
    )
    patches = {
        "json": '[{"op": "replace", "path": "/data/colour", "value": "green"}]',
        "merge": '{"data": {"shape": "round"}}',
        "strategic": '{"data": {"size": "big", "shape": null}}',
    }
    for kind, patch in patches.items():
        done = kubectl.output(f"patch configmap changing --type {kind} -p", patch)
        assert done == "configmap/changing patched\n"
    assert "patched (no change)" in kubectl.output("patch configmap changing -p", patches["strategic"])
    editing = replace(kubectl, shell=kubectl.shell.using(EDITOR="sed -i s/green/edited/"))
    assert editing.output("edit configmap changing") == "configmap/changing edited\n"
    found = kubectl.document("get configmap changing")
    assert found["data"] == {"colour": "edited", "size": "big"}
    assert found["metadata"]["labels"] == {"tier": "back"}
    assert found["metadata"]["annotations"] == {"note": "hello"}
    assert kubectl.output("replace -f", kubectl.file(text)) == "configmap/changing replaced\n"
    again = kubectl.document("get configmap changing")
    assert (again["data"], again["metadata"]["uid"]) == ({"colour": "red"}, found["metadata"]["uid"])
    stale = json.dumps({**again, "metadata": {**again["metadata"], "resourceVersion": "1"}})
    conflict = kubectl("replace -f -", stdin=stale)
    assert "the object has been modified; please apply your changes to the latest version" in conflict.stderr


def test_secrets_are_kept_as_base64_and_can_be_replaced(kubectl: Kubectl) -> None:
    assert kubectl.document("get secret password")["data"] == {"word": "b3BlbiBzZXNhbWU="}
    assert kubectl.document("get secret password")["type"] == "Opaque"
    told = kubectl.output("describe secret password")
    assert "word:  11 bytes" in told
    assert "sesame" not in told
    # The type is left out: what the server fills in is no change.
    secret = OBJECTS.partition("---\n")[2].replace("open sesame", "close")
    assert kubectl.output("replace -f", kubectl.file(secret)) == "secret/password replaced\n"
    assert kubectl.document("get secret password")["data"] == {"word": "Y2xvc2U="}
    kubectl.output("patch secret password -p", '{"stringData": {"word": "open sesame"}}')


def test_describe_and_explain(kubectl: Kubectl) -> None:
    assert "colour:\n----\nred" in kubectl.output("describe configmap settings")
    assert f"Name:               {NODE}" in kubectl.output("describe node")
    told = kubectl.output("describe clusterrole system:basic-user")
    assert "selfsubjectreviews.authentication.k8s.io" in told
    assert "verbs\t<[]string> -required-" in kubectl.output("explain clusterrole.rules")
    resources = kubectl.output("api-resources --no-headers")
    names = {row.split()[0] for row in resources.splitlines()}
    assert {"configmaps", "secrets", "nodes", "clusterroles", "rolebindings", "serviceaccounts"} <= names


def test_a_watch_shows_what_happens(kubectl: Kubectl) -> None:
    done = kubectl("get configmap settings -w --no-headers --request-timeout=1s")
    assert [row.split()[0] for row in done.stdout.splitlines()] == ["settings"]
    stream = kubectl(
        "get --raw", f"/api/v1/namespaces/{kubectl.namespace}/configmaps?watch=1&timeoutSeconds=1"
    )
    events = [json.loads(row) for row in stream.stdout.splitlines()]
    assert {event["type"] for event in events} == {"ADDED"}
    assert "settings" in {event["object"]["metadata"]["name"] for event in events}


def test_waiting_for_a_deletion_ends_when_it_happened(kubectl: Kubectl) -> None:
    kubectl.output("create configmap short-lived")
    kubectl.output("delete configmap short-lived --wait=false")
    assert kubectl("wait --for=delete configmap/short-lived --timeout=5s").returncode == 0


def test_what_may_i_do(kubectl: Kubectl) -> None:
    rows = [row.split() for row in kubectl.output("auth can-i --list").splitlines()]
    assert rows[0] == ["Resources", "Non-Resource", "URLs", "Resource", "Names", "Verbs"]
    assert rows[1] == ["*.*", "[]", "[]", "[*]"]
    assert kubectl.output("auth can-i delete secrets/password") == "yes\n"
    service_account = f"system:serviceaccount:{kubectl.namespace}:default"
    assert kubectl(f"auth can-i get secrets --as {service_account}").stdout == "no\n"
    assert kubectl.output("auth can-i get secrets --as x --as-group system:masters") == "yes\n"


def test_role_references_never_change(kubectl: Kubectl) -> None:
    kubectl.output("create rolebinding fixed --clusterrole=view --group=x")
    done = kubectl("patch rolebinding fixed -p", '{"roleRef": {"name": "edit"}}')
    assert done.returncode == 1
    assert 'The RoleBinding "fixed" is invalid: roleRef: Invalid value: ' in done.stderr
    assert done.stderr.endswith(": field is immutable\n")
    taken = kubectl("create rolebinding fixed --clusterrole=view --group=x")
    assert taken.stderr == (
        'error: failed to create rolebinding: rolebindings.rbac.authorization.k8s.io "fixed" already exists\n'
    )


def test_a_dry_run_changes_nothing(kubectl: Kubectl) -> None:
    made = kubectl.output("create configmap never --dry-run=server -o name")
    assert made == "configmap/never\n"
    assert "(NotFound)" in kubectl("get configmap never").stderr


def test_a_namespace_takes_with_it_what_is_in_it(kubectl: Kubectl) -> None:
    gone = f"{kubectl.namespace}-gone"
    there = replace(kubectl, namespace=gone)
    there.output(f"create namespace {gone}")
    assert there.output("get serviceaccounts,configmaps -o name").split() == [
        "serviceaccount/default",
        "configmap/kube-root-ca.crt",
    ]
    there.output("create configmap doomed")
    assert there.output(f"delete namespace {gone}").startswith(f'namespace "{gone}" deleted')
    assert there.output("get configmaps,secrets,serviceaccounts -o name") == ""
    assert "(NotFound)" in there("get namespace", gone).stderr
    late = f'error: failed to create configmap: namespaces "{gone}" not found\n'
    assert there("create configmap late").stderr == late


def test_nobody_hands_out_what_they_do_not_hold(kubectl: Kubectl) -> None:
    name = f"{kubectl.namespace}-binder"
    binder = replace(kubectl, shell=kubectl.shell.new_user(name))
    arn = f"arn:aws:iam::111122223333:user/{name}"
    kubectl.shell.output(f"sekisho map create --cluster {CLUSTER} --arn {arn} --username {name} --group grp")
    kubectl.output("create role binder --verb=create,update,get --resource=rolebindings,roles")
    kubectl.output(f"create rolebinding binder --role=binder --user={name}")
    kubectl.output("create role looker --verb=get,list --resource=pods,pods/log")
    refused = binder("create rolebinding mine --role=looker --user", name)
    assert refused.returncode == 1
    assert refused.stderr == (
        'error: failed to create rolebinding: rolebindings.rbac.authorization.k8s.io "mine" is forbidden: '
        f'user "{name}" (groups=["grp" "system:authenticated"]) is attempting to grant RBAC permissions '
        "not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}\n'
        '{APIGroups:[""], Resources:["pods/log"], Verbs:["get" "list"]}\n'
    )
    missing = binder("create rolebinding mine --role=absent --user", name)
    assert 'rolebindings.rbac.authorization.k8s.io "absent" not found' in missing.stderr
    assert "is attempting to grant" in binder("create role mine --verb=get --resource=secrets").stderr
    assert binder("create role mine --verb=get --resource=rolebindings").returncode == 0
    kubectl.output("create role giver --verb=bind --resource=roles")
    kubectl.output(f"create rolebinding giver --role=giver --user={name}")
    assert binder("create rolebinding mine --role=looker --user", name).returncode == 0
