"""A broken aws-auth locks nobody out: the last good mapping holds, and the lab says that it does."""

import json
import subprocess
import sys
from typing import Any

from e2e.hostile_wire import Doors, agent, token_of, token_url
from sekisho.testing import RunningLab

AWS_AUTH = "/api/v1/namespaces/kube-system/configmaps/aws-auth"
ACCOUNT = "444455556666"
READER = {
    "userarn": f"arn:aws:iam::{ACCOUNT}:user/eks-admin",
    "username": "reader",
    "groups": ["system:masters"],
}
BROKEN = {
    "no YAML": "- userarn: 'never closed",
    "no list": "userarn: arn:aws:iam::444455556666:user/eks-admin",
    "a tab for a space": "-\tuserarn: x\n\tusername: y",
}


def test_a_broken_section_keeps_the_last_good_one_across_a_restart(sekisho_lab: RunningLab) -> None:
    doors = Doors.of(sekisho_lab)
    assert _reader(doors) == 401
    _write(doors, {"mapUsers": json.dumps([READER])})
    assert _reader(doors) == 200
    assert _state(doors)["degraded"] is False
    for text in BROKEN.values():
        _write(doors, {"mapUsers": text})
        assert _reader(doors) == 200
        said = _state(doors)
        assert said["degraded"] is True
        assert "mapUsers" in json.dumps(said["faults"])
    sekisho_lab.stop()
    sekisho_lab.start()
    assert _state(doors)["degraded"] is True
    assert _reader(doors) == 200
    # A good text takes effect at once, and so does a map without the entry.
    _write(doors, {"mapUsers": "[]"})
    assert (_reader(doors), _state(doors)["degraded"]) == (401, False)
    Doors(sekisho_lab).assert_no_traceback()


def test_why_names_the_broken_section(sekisho_lab: RunningLab) -> None:
    doors = Doors.of(sekisho_lab)
    _write(doors, {"mapUsers": BROKEN["no YAML"]})
    client = agent()
    assert _reader(doors, client) == 401
    chain = json.dumps(doors.noted(client)["chain"])
    assert "mapping" in chain
    assert "aws-auth" in chain
    done = sekisho_lab.run([sys.executable, "-m", "sekisho", "status"])
    assert "aws-auth" in (done.stdout + done.stderr).lower(), _shown(done)


def _reader(doors: Doors, client: str = "reader") -> int:
    token = token_of(token_url(doors.keys("target-env")))
    return doors.kube("GET", "/api/v1/namespaces", token, headers=(("user-agent", client),)).status


def _write(doors: Doors, data: dict[str, str]) -> None:
    token = token_of(token_url(doors.keys()))
    body = json.dumps({"data": data}).encode()
    headers = (("content-type", "application/merge-patch+json"),)
    answer = doors.kube("PATCH", AWS_AUTH, token, body, headers)
    assert answer.status == 200, answer.text


def _state(doors: Doors) -> dict[str, Any]:
    found: dict[str, Any] = doors.lab.client.get("/status")["clusters"][0]["awsAuth"]
    return found


def _shown(done: "subprocess.CompletedProcess[str]") -> str:
    return f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
