"""Pods of the lab as their owner sees them, with the real kubectl and aws."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sekisho.testing import running_lab
from support.pods import ENDED, PodLab, pod_lab, until

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/sa-role"
BUCKET = "cf-templates-x-ap-northeast-1"
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodLab]:
    with pod_lab(tmp_path_factory.mktemp("pods")) as found:
        yield found


def made(lab: PodLab, kind: str, name: str, **members: Any) -> None:
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **members}
    lab.shell.output("kubectl apply -f -", stdin=json.dumps(body))


def test_a_pod_lists_the_buckets_by_the_role_of_its_account(lab: PodLab) -> None:
    """The article's own steps 3.14 to 3.19."""
    shell = lab.shell
    query = "aws eks describe-cluster --name eks-clu --query cluster.identity.oidc.issuer --output text"
    issuer = shell.output(query).strip().removeprefix("https://")
    shell.output(
        "aws iam create-open-id-connect-provider --client-id-list sts.amazonaws.com --url",
        f"https://{issuer}",
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{issuer}:sub": "system:serviceaccount:default:test-sa"}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    shell.output("aws iam create-role --role-name sa-role --assume-role-policy-document", trust)
    policy = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    shell.output(f"aws iam attach-role-policy --role-name sa-role --policy-arn {policy}")
    shell.output(f"aws s3 mb s3://{BUCKET}")
    annotations = {"eks.amazonaws.com/role-arn": ROLE}
    for name in ("test-sa", "other-sa"):
        made(lab, "ServiceAccount", name, metadata={"name": name, "annotations": annotations})
    arguments = {"args": ["s3", "ls"]}
    lab.apply("test-pod", "aws", image="amazon/aws-cli", container=arguments, serviceAccountName="test-sa")
    lab.apply("other-pod", image="amazon/aws-cli:2.15", container=arguments, serviceAccountName="other-sa")
    assert lab.wait("test-pod", *ENDED)["status"]["phase"] == "Succeeded"
    assert lab.log("test-pod").endswith(f" {BUCKET}\n")
    assert lab.wait("other-pod", *ENDED)["status"]["phase"] == "Failed"
    assert "AccessDenied" in lab.log("other-pod")
    assert "sts:AssumeRoleWithWebIdentity" in lab.log("other-pod")


def test_a_pod_gets_credentials_from_the_agent_of_its_node(lab: PodLab) -> None:
    shell = lab.shell
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    shell.output("aws iam create-role --role-name pod-role --assume-role-policy-document", trust)
    made(lab, "ServiceAccount", "associated")
    role = f"arn:aws:iam::{ACCOUNT}:role/pod-role"
    shell.output(
        "aws eks create-pod-identity-association --cluster-name eks-clu --namespace default "
        f"--service-account associated --role-arn {role}"
    )
    arguments = {"args": ["sts", "get-caller-identity", "--query", "Arn", "--output", "text"]}
    lab.apply("by-agent", image="amazon/aws-cli", container=arguments, serviceAccountName="associated")
    lab.wait("by-agent", *ENDED)
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/pod-role/eks-eks-clu-by-agent-" in lab.log("by-agent")


def test_a_pod_without_a_role_of_its_own_has_its_node_s_metadata(lab: PodLab) -> None:
    script = (
        "token=$(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $base/latest/api/token); "
        'curl -sS -H "X-aws-ec2-metadata-token: $token" $base/latest/meta-data/placement/region'
    )
    env = [{"name": "base", "value": "http://169.254.169.254"}]
    assert lab.told("metadata", "sh", "-c", script, container={"env": env}) == "ap-northeast-1"


def test_a_pod_is_its_service_account_to_the_cluster(lab: PodLab) -> None:
    lab.apply("kube", image="registry.k8s.io/kubectl:v1.34.0", container={"args": ["auth", "whoami"]})
    lab.wait("kube", "Succeeded")
    told = lab.log("kube")
    assert "system:serviceaccount:default:default" in told
    assert "authentication.kubernetes.io/pod-name        [kube]" in told
    script = (
        "cd /var/run/secrets/kubernetes.io/serviceaccount; cat namespace; echo; "
        'curl -sS --cacert ca.crt -H "Authorization: Bearer $(cat token)" '
        "https://kubernetes.default.svc/api/v1/namespaces/default/secrets"
    )
    answer = lab.told("plain-client", "sh", "-c", script)
    assert answer.startswith("default\n")
    assert 'User \\"system:serviceaccount:default:default\\" cannot list resource' in answer


def test_status_and_events_are_a_kubelet_s(lab: PodLab) -> None:
    lab.apply("fails", "sh", "-c", "exit 3")
    pod = lab.wait("fails", "Failed")
    (container,) = pod["status"]["containerStatuses"]
    ended = container["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (3, "Error")
    assert pod["spec"]["nodeName"].startswith("ip-192-168-92-154")

    def conditions() -> dict[str, str]:
        return {one["type"]: one["status"] for one in lab.pod("fails")["status"]["conditions"]}

    until(lambda: conditions()["PodReadyToStartContainers"] == "False", "its namespaces are gone")
    assert conditions() == {
        "PodReadyToStartContainers": "False",
        "Initialized": "True",
        "Ready": "False",
        "ContainersReady": "False",
        "PodScheduled": "True",
    }
    assert {"Scheduled", "Pulled", "Created", "Started"} <= lab.events("fails").keys()
    line = lab.shell.output("kubectl get pod fails --no-headers").split()
    assert line[:4] == ["fails", "0/1", "Error", "0"]


def test_an_image_without_an_entry_waits_and_says_what_to_add(lab: PodLab) -> None:
    lab.apply("unknown", image="quay.io/somebody/thing:1.2")
    events = until(lambda: lab.events("unknown").get("ErrImageNeverPull"), "the event")
    assert "`name: somebody/thing`" in events
    assert "images:" in events
    line = lab.shell.output("kubectl get pod unknown --no-headers").split()
    assert line[2] == "ErrImageNeverPull"
    lab.shell.output("kubectl delete pod unknown")


def test_a_program_that_is_not_there_is_a_start_error(lab: PodLab) -> None:
    lab.apply("absent", "no-such-program")
    pod = lab.wait("absent", "Failed")
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert 'exec: "no-such-program": executable file not found in $PATH' in ended["message"]


def test_variables_and_volumes_come_from_objects(lab: PodLab) -> None:
    made(lab, "ConfigMap", "settings", data={"COLOUR": "blue", "script.sh": "echo from-script\n"})
    made(lab, "Secret", "keys", stringData={"key": "s3cr3t"})
    script = 'echo $COLOUR "$TOLD" $KEY $NAME; sh /scripts/script.sh; cat /keys/deep/er /own/n'
    container = {
        "command": ["sh", "-c", script],
        "env": [
            {"name": "FIRST", "value": "one"},
            {"name": "TOLD", "value": "$(FIRST)-$(COLOUR)-$(UNKNOWN)-$$(FIRST)"},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "key"}}},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "volumeMounts": [
            {"name": "scripts", "mountPath": "/scripts"},
            {"name": "keys", "mountPath": "/keys"},
            {"name": "own", "mountPath": "/own"},
        ],
    }
    volumes = [
        {"name": "scripts", "configMap": {"name": "settings"}},
        {"name": "keys", "secret": {"secretName": "keys", "items": [{"key": "key", "path": "deep/er"}]}},
        {
            "name": "own",
            "downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]},
        },
    ]
    told = lab.told("reads", container=container, volumes=volumes)
    assert told == "blue one-blue-$(UNKNOWN)-$(FIRST) s3cr3t reads\nfrom-script\ns3cr3treads"


def test_a_missing_object_is_waited_for_and_a_changed_one_followed(lab: PodLab) -> None:
    script = "cat /late/word; while [ $(cat /late/word) = first ]; do sleep 0.05; done; cat /late/word"
    container = {"volumeMounts": [{"name": "late", "mountPath": "/late"}]}
    lab.apply(
        "waits",
        "sh",
        "-c",
        script,
        container=container,
        volumes=[{"name": "late", "configMap": {"name": "late"}}],
    )
    told = until(lambda: lab.events("waits").get("FailedMount"), "the event")
    assert told == 'MountVolume.SetUp failed for volume "late" : configmap "late" not found'
    made(lab, "ConfigMap", "late", data={"word": "first"})
    lab.wait("waits", "Running")
    made(lab, "ConfigMap", "late", data={"word": "second"})
    lab.wait("waits", "Succeeded")
    assert lab.log("waits") == "firstsecond"


def test_init_containers_come_first_and_share_what_begins_empty(lab: PodLab) -> None:
    mounts = {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
    first = {
        "name": "init",
        "image": "busybox",
        "command": ["sh", "-c", "echo made > /shared/file"],
        **mounts,
    }
    volumes = [{"name": "shared", "emptyDir": {}}]
    told = lab.told("inits", "cat", "/shared/file", container=mounts, initContainers=[first], volumes=volumes)
    assert told == "made\n"
    failing = {**first, "command": ["false"]}
    lab.apply("init-fails", "true", initContainers=[failing], volumes=volumes)
    pod = lab.wait("init-fails", "Failed")
    assert "terminated" not in pod["status"]["containerStatuses"][0]["state"]


def test_a_container_that_fails_is_started_again_after_a_while(lab: PodLab) -> None:
    lab.apply("crashes", "sh", "-c", "echo run; exit 1", restartPolicy="Always")

    def waiting() -> Any:
        (found,) = lab.pod("crashes")["status"].get("containerStatuses", [{}])
        return found if "waiting" in found.get("state", {}) and found["lastState"] else None

    found = until(waiting, "CrashLoopBackOff")
    assert found["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert found["lastState"]["terminated"]["exitCode"] == 1
    until(lambda: "BackOff" in lab.events("crashes"), "the event")
    lab.shell.output("kubectl delete pod crashes --grace-period=1")


def test_logs_of_the_run_before_and_of_the_one_that_goes_on(lab: PodLab) -> None:
    script = (
        "if [ -e /kept/once ]; then echo second; exec sleep 71101; fi; touch /kept/once; echo first; exit 1"
    )
    container = {"volumeMounts": [{"name": "kept", "mountPath": "/kept"}]}
    lab.apply(
        "again",
        "sh",
        "-c",
        script,
        container=container,
        volumes=[{"name": "kept", "emptyDir": {}}],
        restartPolicy="OnFailure",
    )
    until(lambda: lab.log("again") == "second\n", "it runs again after its back-off")
    assert lab.log("again", "--previous") == "first\n"
    lab.shell.output("kubectl delete pod again --grace-period=0 --force")


def test_a_followed_log_ends_with_its_container(lab: PodLab) -> None:
    lab.apply("talks", "sh", "-c", "for word in one two three; do echo $word; sleep 0.2; done")
    lab.wait("talks", "Running", *ENDED)
    assert lab.shell.output("kubectl logs -f talks") == "one\ntwo\nthree\n"
    assert lab.shell.output("kubectl logs talks --tail=1") == "three\n"


def test_commands_run_in_the_container_with_its_files_and_variables(lab: PodLab) -> None:
    script = "cd /tmp; echo served > index.html; exec python3 -m http.server --bind 127.0.0.1 8080"
    env = [{"name": "WORD", "value": "mine"}]
    lab.apply("web", "sh", "-c", script, container={"env": env})
    lab.wait("web", "Running")
    run = "kubectl exec web -- "
    until(lambda: lab.shell(run, "test", "-e", "/tmp/index.html").returncode == 0, "it has begun")  # noqa: S108
    assert (
        lab.shell.output(run, "sh", "-c", "echo $WORD; cat /tmp/index.html; id -u") == "mine\nserved\n1000\n"
    )
    assert lab.shell(run, "sh", "-c", "exit 7").returncode == 7
    assert lab.shell("kubectl exec -i web -- cat", stdin="typed").stdout == "typed"
    absent = lab.shell(run, "no-such-program")
    assert absent.returncode != 0
    assert 'exec: "no-such-program": executable file not found in $PATH' in absent.stderr
    old = lab.shell.using(KUBECTL_REMOTE_COMMAND_WEBSOCKETS="false")
    assert old.output(run, "cat", "/tmp/index.html") == "served\n"  # noqa: S108
    capabilities = lab.shell.output(run, "grep", "CapEff", "/proc/self/status").split()[1]
    assert capabilities == "0" * 16
    command = ["kubectl", "port-forward", "pod/web", ":8080"]
    environment = {**lab.shell.lab.environment(), **lab.shell.more}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as forwarding:
        try:
            assert forwarding.stdout is not None
            port = int(forwarding.stdout.readline().split()[2].rpartition(":")[2])
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html", timeout=30) as answer:
                assert answer.read() == b"served\n"
        finally:
            forwarding.terminate()
    lab.shell.output("kubectl delete pod web --grace-period=0 --force")


def test_a_terminal_is_the_container_s_own(lab: PodLab) -> None:
    lab.apply("shell", "sleep", "71102")
    lab.wait("shell", "Running")
    command = "kubectl exec shell -it -- sh -c"
    told = lab.shell.output("script -qec", f"{command} 'tty; stty size'", "/dev/null")
    assert "/dev/pts/" in told
    lab.shell.output("kubectl delete pod shell --grace-period=0 --force")


def test_a_deleted_pod_is_asked_to_end_before_it_is_made_to(lab: PodLab) -> None:
    script = "trap 'exit 0' TERM; echo up; while true; do sleep 0.05; done"
    lab.apply("polite", "sh", "-c", script)
    lab.wait("polite", "Running")
    until(lambda: lab.log("polite"), "it has set its trap")
    lab.shell.output("kubectl delete pod polite --grace-period=600 --wait=false")
    marked = lab.pod("polite")
    if marked is not None:
        assert marked["metadata"]["deletionGracePeriodSeconds"] == 600
    until(lambda: lab.pod("polite") is None, "it is gone")


def test_tokens_are_replaced_when_most_of_their_life_is_over(lab: PodLab) -> None:
    source = {"serviceAccountToken": {"audience": "a", "expirationSeconds": 600, "path": "token"}}
    volumes = [{"name": "t", "projected": {"sources": [source]}}]
    container = {"volumeMounts": [{"name": "t", "mountPath": "/t"}]}
    script = "a=$(cat /t/token); echo had; while [ $(cat /t/token) = $a ]; do sleep 0.05; done; echo new"
    lab.apply("renews", "sh", "-c", script, container=container, volumes=volumes)
    lab.wait("renews", "Running")
    until(lambda: lab.log("renews"), "it has read its first token")
    lab.shell.output("sekisho clock +9m")
    try:
        lab.wait("renews", "Succeeded")
    finally:
        lab.shell.output("sekisho clock reset")


def test_a_lab_told_so_runs_no_pods(tmp_path: Path) -> None:
    with running_lab(tmp_path) as quiet:
        quiet.stop()
        started = quiet.run(["sekisho", "up", "--detach", "--pods", "off"])
        assert started.returncode == 0, started.stderr
        wrong: subprocess.CompletedProcess[str] = quiet.run(["sekisho", "up", "--pods", "maybe"])
        assert wrong.returncode == 2
