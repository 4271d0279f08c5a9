"""A lab that is killed in the middle of writes has kept every write that it acknowledged."""

import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from e2e.e2e_clients import client
from e2e.hostile_wire import Doors, profile_keys, rendered, signed, sts_request, token_of, token_url
from sekisho.decide.proof.credential import SigningKeys
from sekisho.testing import RunningLab

ROUNDS = 8
MAX_WRITES = 2_000
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


@dataclass
class Written:
    """What was acknowledged: the resourceVersion of each ConfigMap, and the names of IAM users."""

    config_maps: dict[str, int] = field(default_factory=dict)
    users: set[str] = field(default_factory=set)


def test_every_acknowledged_write_survives_sigkill(sekisho_lab: RunningLab) -> None:
    lab = sekisho_lab
    doors = Doors.of(lab)
    keys = doors.keys()
    token = token_of(token_url(keys))
    written = Written()
    ports = lab.status["clusters"][0]["endpoint"], lab.status["proxy"], lab.status["awsEndpoint"]
    highest = 0
    for number in range(ROUNDS):
        before = len(written.config_maps) + len(written.users)
        writers = [
            _writer(partial(_config_map, doors, token, written), f"kill-{number}"),
            _writer(partial(_user, doors, keys, written), f"kill-{number}"),
        ]
        _wait_for_writes(written, before)
        time.sleep(secrets.randbelow(80) / 1_000)  # the moment of the kill is what varies
        _kill(lab)
        for writer in writers:
            writer.join(30)
            assert not writer.is_alive()
        lab.start()
        status = lab.client.get("/status")
        assert status["revision"] >= max(written.config_maps.values())
        assert status["revision"] >= highest
        highest = status["revision"]
    assert (status["clusters"][0]["endpoint"], status["proxy"], status["awsEndpoint"]) == ports
    assert len(written.config_maps) > ROUNDS
    assert written.users

    # The token of before the first kill still works, and everything is there with its version.
    found = json.loads(doors.kube("GET", CONFIG_MAPS, token).body)
    versions = {one["metadata"]["name"]: int(one["metadata"]["resourceVersion"]) for one in found["items"]}
    lost = {name for name, version in written.config_maps.items() if versions.get(name) != version}
    assert not lost
    assert written.users <= _users(doors, keys)
    assert len(set(versions.values())) == len(versions)

    # Versions go on growing, and a watch from before the first kill gets what came after.
    newest = max(versions.values())
    _config_map(doors, token, written, "after-the-kills")
    assert written.config_maps["after-the-kills"] > newest
    first = min(written.config_maps.values())
    _assert_watch(doors, token, first, written)
    doors.assert_no_traceback()


def test_a_kubeconfig_of_before_the_kill_works_after_it(sekisho_lab: RunningLab) -> None:
    lab, aws, kubectl = sekisho_lab, client("aws"), client("kubectl")
    path = f"{aws.parent}:/usr/bin:/bin"
    assert lab.run([aws, "eks", "update-kubeconfig", "--name", "eks-clu"], PATH=path).returncode == 0
    assert lab.run([kubectl, "create", "configmap", "kept", "--from-literal=a=b"], PATH=path).returncode == 0
    _kill(lab)
    lab.start()
    done = lab.run([kubectl, "get", "configmap", "kept", "-o", "jsonpath={.data.a}"], PATH=path)
    assert (done.returncode, done.stdout) == (0, "b"), done.stderr


def test_a_first_start_that_was_killed_begins_again(sekisho_lab: RunningLab) -> None:
    """The file of a lab without a world, as a kill before the first commit leaves it."""
    lab = sekisho_lab
    lab.stop()
    for suffix in ("", "-wal", "-shm"):
        lab.state.database.with_name(f"world.db{suffix}").unlink(missing_ok=True)
    lab.state.aws_credentials.unlink()
    lab.state.database.touch(mode=0o600)
    lab.start()
    status = lab.client.get("/status")
    assert [cluster["name"] for cluster in status["clusters"]] == ["eks-clu"]
    assert profile_keys(lab, "default").access_key_id.startswith("AKIA")


def _writer(write: Callable[[str], bool], prefix: str) -> threading.Thread:
    def run() -> None:
        for number in range(MAX_WRITES):
            try:
                if not write(f"{prefix}-{number}"):
                    return
            except OSError:
                return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _config_map(doors: Doors, token: str, written: Written, name: str) -> bool:
    body = json.dumps({"metadata": {"name": name}, "data": {"x": "y" * 500}}).encode()
    answer = doors.kube("POST", CONFIG_MAPS, token, body)
    if answer.status != 201:
        return False
    written.config_maps[name] = int(json.loads(answer.body)["metadata"]["resourceVersion"])
    return True


def _user(doors: Doors, keys: SigningKeys, written: Written, name: str) -> bool:
    host = f"127.0.0.1:{doors.second.port}"
    body = f"Action=CreateUser&Version=2010-05-08&UserName={name}"
    request = signed(sts_request(host, body.encode()), keys, service="iam", region="us-east-1")
    answer = doors.send(doors.second, rendered(request))
    if answer.status != 200:
        return False
    written.users.add(name)
    return True


def _users(doors: Doors, keys: SigningKeys) -> set[str]:
    found: set[str] = set()
    marker = ""
    for _ in range(100):
        body = f"Action=ListUsers&MaxItems=1000&Version=2010-05-08{marker}"
        host = f"127.0.0.1:{doors.second.port}"
        request = signed(sts_request(host, body.encode()), keys, service="iam", region="us-east-1")
        text = doors.send(doors.second, rendered(request)).text
        found |= set(_between(text, "UserName"))
        if "<IsTruncated>true</IsTruncated>" not in text:
            break
        marker = f"&Marker={_between(text, 'Marker')[0]}"
    return found


def _between(text: str, name: str) -> list[str]:
    return [part.partition("</")[0] for part in text.split(f"<{name}>")[1:]]


def _wait_for_writes(written: Written, before: int) -> None:
    ends = time.monotonic() + 20
    while len(written.config_maps) + len(written.users) < before + 4:
        assert time.monotonic() < ends, "nothing was written"
        time.sleep(0.002)


def _kill(lab: RunningLab) -> None:
    """Kill the lab alone, by the id in its own lock, and wait until the lock is free."""
    pid = int((lab.state.path / "lab.lock").read_text())
    os.kill(pid, signal.SIGKILL)
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.005)
    raise AssertionError("the lab is still there")


def _assert_watch(doors: Doors, token: str, since: int, written: Written) -> None:
    query = f"watch=1&resourceVersion={since}&timeoutSeconds=1"
    answer = doors.kube("GET", f"{CONFIG_MAPS}?{query}", token)
    if answer.status == 410:
        return
    assert answer.status == 200
    seen = _watched(answer.body)
    expected = {name for name, version in written.config_maps.items() if version > since}
    assert expected <= seen
    expired = doors.kube("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion=1&timeoutSeconds=1", token)
    assert expired.status in (200, 410)


def _watched(body: bytes) -> set[str]:
    """Return the names in a chunked stream of events."""
    lines = [line for line in body.split(b"\n") if line.strip().startswith(b"{")]
    return {str(json.loads(line)["object"]["metadata"]["name"]) for line in lines}
