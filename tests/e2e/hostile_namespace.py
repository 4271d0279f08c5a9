"""Run a lab and its clients in a network namespace where every address is this machine.

A script, started inside the namespace by `test_hostile_nothing_leaves`: there every packet to any
destination ends on the loopback interface, where it is seen. Prints one JSON document: what was seen
while the lab's shell was in use, what was seen of a dial without it, and how each command ended.
"""

import contextlib
import json
import os
import shlex
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from sekisho.testing import running_lab

ANSWER = "203.0.113.80"
SETTLE_SECONDS = 0.3
_TCP, _UDP = 6, 17
_ETHERTYPES = {0x0800: 4, 0x86DD: 6}


class Sentinel:
    """Sees every TCP connection attempt and every datagram to an address beyond loopback."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self._packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._names.bind(("0.0.0.0", 53))  # noqa: S104 - in a namespace of its own
        self._servers = [socket.create_server(("0.0.0.0", port)) for port in (443, 80, 53)]  # noqa: S104
        for work in (self._watch, self._answer_names, *(self._hang_up(one) for one in self._servers)):
            threading.Thread(target=work, daemon=True).start()

    def _watch(self) -> None:
        while True:
            packet, (_, kind, *_rest) = self._packets.recvfrom(256)
            with contextlib.suppress(IndexError, struct.error):
                found = _dialled(packet, _ETHERTYPES.get(kind, 0))
                if found:
                    self.seen.add(found)

    def _answer_names(self) -> None:
        """Answer every question with one address, so that whoever asked goes on to dial it."""
        while True:
            query, client = self._names.recvfrom(512)
            with contextlib.suppress(IndexError, UnicodeDecodeError):
                labels, at = [], 12
                while query[at]:
                    labels.append(query[at + 1 : at + 1 + query[at]].decode())
                    at += 1 + query[at]
                self.seen.add(f"name {'.'.join(labels)}")
                is_ipv4 = query[at + 1 : at + 3] == b"\x00\x01"
                record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04" + socket.inet_aton(ANSWER)
                head = query[:2] + b"\x81\x80\x00\x01" + (b"\x00\x01" if is_ipv4 else b"\x00\x00") + bytes(4)
                answer = head + query[12 : at + 5] + (record if is_ipv4 else b"")
                self._names.sendto(answer, client)

    @staticmethod
    def _hang_up(server: socket.socket) -> Callable[[], None]:
        def run() -> None:
            while True:
                server.accept()[0].close()

        return run


def _dialled(packet: bytes, version: int) -> str:
    """Return where a first packet goes to, empty for one of loopback or of an answer."""
    if version == 4:
        transport, head = packet[9], (packet[0] & 15) * 4
        address = ip_address(packet[16:20])
    elif version == 6:
        transport, head = packet[6], 40
        address = ip_address(packet[24:40])
    else:
        return ""
    if address.is_loopback or address.is_multicast or transport not in (_TCP, _UDP):
        return ""
    source, port = struct.unpack_from("!HH", packet, head)
    if transport == _TCP:
        is_first = packet[head + 13] & 0x12 == 0x02  # SYN without ACK
        return f"tcp {address}:{port}" if is_first else ""
    return "" if source == 53 else f"udp {address}:{port}"


def main(folder: Path, clients: dict[str, str]) -> None:
    """Run everything and print what happened."""
    sentinel = Sentinel()
    outside = hostile_environment(folder)
    os.environ.clear()
    os.environ.update(outside)
    with running_lab(folder / "lab") as lab:
        script = shell_script(clients, str(lab.state.path))
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            env={**outside, "HOME": str(folder / "person")},
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
            cwd=folder,
        )
        time.sleep(SETTLE_SECONDS)
        seen = sorted(sentinel.seen)
        log = lab.state.log.read_text()
    with contextlib.suppress(OSError):
        socket.create_connection(("sts.amazonaws.com", 443), 5).close()
    time.sleep(SETTLE_SECONDS)
    control = sorted(sentinel.seen - set(seen))
    document = {"seen": seen, "control": control, "output": done.stdout, "errors": done.stderr, "log": log}
    print(json.dumps(document))  # noqa: T201 - the answer of this script


def hostile_environment(folder: Path) -> dict[str, str]:
    """Return an environment in which every client would go somewhere else."""
    person = folder / "person"
    (person / ".aws").mkdir(parents=True)
    (person / ".kube").mkdir()
    real = (
        "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/EXAMPLEKEY\n"
    )
    (person / ".aws" / "credentials").write_text(f"[default]\n{real}[prod]\n{real}")
    (person / ".aws" / "config").write_text(
        "[profile prod]\nregion = us-east-1\nendpoint_url = https://sts.us-east-1.amazonaws.com\n"
    )
    (person / ".kube" / "config").write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: prod\n"
        "clusters: [{name: prod, cluster: {server: 'https://10.9.8.7:443'}}]\n"
        "users: [{name: prod, user: {token: real}}]\n"
        "contexts: [{name: prod, context: {cluster: prod, user: prod}}]\n"
    )
    web_identity = folder / "web-identity"
    web_identity.write_text("eyJhbGciOiJub25lIn0.e30.")
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(person),
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEXAMPLE",
        "AWS_PROFILE": "prod",
        "AWS_DEFAULT_PROFILE": "prod",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "https://vpce-0a1b2c.sts.us-east-1.vpce.amazonaws.com",
        "AWS_ENDPOINT_URL_S3": "https://s3.example.test",
        "AWS_ENDPOINT_URL_STS": "https://sts.example.test",
        "AWS_ENDPOINT_URL_EKS": "http://eks.example.test",
        "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/prod",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(web_identity),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
        "AWS_EC2_METADATA_DISABLED": "false",
        "AWS_CONFIG_FILE": str(person / ".aws" / "config"),
        "KUBECONFIG": str(person / ".kube" / "config"),
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
        "KUBERNETES_MASTER": "https://10.0.0.2:443",
        "HTTPS_PROXY": "http://198.51.100.1:3128",
        "https_proxy": "http://198.51.100.1:3128",
        "ALL_PROXY": "http://198.51.100.1:3128",
        "NO_PROXY": "*",
        "no_proxy": ".amazonaws.com",
    }


def shell_script(clients: dict[str, str], state: str) -> str:
    """Return a lab shell's session; each command's exit code stands in a line of its own."""
    sekisho = f"{shlex.quote(sys.executable)} -m sekisho"
    aws, kubectl = clients["aws"], clients["kubectl"]
    commands = [
        ("kubectl before there is a kubeconfig", f"{kubectl} get namespaces --request-timeout=5s"),
        ("sts", f"{aws} sts get-caller-identity"),
        ("iam", f"{aws} iam list-users"),
        ("s3 mb", f"{aws} s3 mb s3://nothing-leaves-here"),
        ("s3 cp", f"echo data | {aws} s3 cp - s3://nothing-leaves-here/key"),
        ("s3 ls", f"{aws} s3 ls s3://nothing-leaves-here"),
        ("update-kubeconfig", f"{aws} eks update-kubeconfig --name eks-clu"),
        ("get-token", f"{aws} eks get-token --cluster-name eks-clu"),
        ("kubectl", f"{kubectl} get namespaces"),
        ("token", f"{sekisho} token --cluster-name eks-clu"),
        ("whoami", f"{sekisho} whoami --cluster eks-clu"),
        ("map", f"{sekisho} map get --cluster eks-clu"),
        ("configure key", f"{aws} configure set aws_access_key_id AKIAI44QH8DHBEXAMPLE --profile added"),
        (
            "configure secret",
            f"{aws} configure set aws_secret_access_key je7MtGbClwBF/EXAMPLEKEY --profile added",
        ),
        ("an added profile", f"{aws} sts get-caller-identity --profile added --region eu-west-1"),
        ("govcloud", f"{aws} sts get-caller-identity --region us-gov-west-1"),
        ("unserved", f"{aws} lambda list-functions"),
        (
            "an endpoint of AWS",
            f"{aws} sts get-caller-identity --region eu-west-1 --endpoint-url https://sts.eu-west-1.amazonaws.com",
        ),
    ]
    if authenticator := clients.get("aws-iam-authenticator"):
        commands.insert(9, ("authenticator", f"{authenticator} token -i eks-clu"))
    lines = [f'eval "$({sekisho} env --state-dir {shlex.quote(state)})"', f"PATH={Path(aws).parent}:$PATH"]
    lines += ["export AWS_MAX_ATTEMPTS=1"]
    lines += [f"{command} >&2; echo {shlex.quote(name)}=$?" for name, command in commands]
    return "\n".join(lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
