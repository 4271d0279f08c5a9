"""The command lines of a control plane, and the files that they name, with EKS's own choices.

Source: kube-apiserver, kube-controller-manager and etcd ``--help``; Kubernetes documentation,
"Authenticating", "Webhook Token Authentication" and "Auditing".
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sekisho.decide.values import Json, Secret
from sekisho.lab.envtest.assets import Assets
from sekisho.lab.kube.service_account_tokens import API_AUDIENCES
from sekisho.lab.net.sockets import LOOPBACK

EMULATED_MINORS: Final = 3
"""How many versions below its own a kube-apiserver emulates (KEP-4330)."""
ADMIN: Final = "sekisho:lab"
"""The lab's own user: it copies what the cluster holds and puts the world's objects there."""
CONTROLLERS: Final = (
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "clusterrole-aggregation-controller",
    "root-ca-certificate-publisher-controller",
    "namespace-controller",
    "garbage-collector-controller",
    "deployment-controller",
    "replicaset-controller",
    "job-controller",
)


@dataclass(frozen=True, slots=True)
class Plane:
    """What one control plane is made of: its folder, its ports, its issuer."""

    assets: Assets
    folder: Path
    port: int
    etcd_port: int
    peer_port: int
    issuer: str

    def file(self, name: str) -> str:
        """Return the path of one of its files."""
        return str(self.folder / name)


def etcd_command(plane: Plane) -> list[str]:
    """Return how etcd is started: on loopback, for bearers of the lab's own client certificates alone."""
    client, peer = f"https://{LOOPBACK}:{plane.etcd_port}", f"https://{LOOPBACK}:{plane.peer_port}"
    return [
        str(plane.assets.etcd),
        f"--data-dir={plane.file('etcd')}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--client-cert-auth=true",
        f"--trusted-ca-file={plane.file('authority.pem')}",
        f"--cert-file={plane.file('serving.pem')}",
        f"--key-file={plane.file('serving.key')}",
        "--peer-client-cert-auth=true",
        f"--peer-trusted-ca-file={plane.file('authority.pem')}",
        f"--peer-cert-file={plane.file('serving.pem')}",
        f"--peer-key-file={plane.file('serving.key')}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def api_server_command(plane: Plane) -> list[str]:
    """Return how kube-apiserver is started: our checkpoints by webhook, asked anew for every request."""
    command = [
        str(plane.assets.api_server),
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        "--endpoint-reconciler-type=none",
        f"--secure-port={plane.port}",
        f"--tls-cert-file={plane.file('serving.pem')}",
        f"--tls-private-key-file={plane.file('serving.key')}",
        f"--client-ca-file={plane.file('authority.pem')}",
        f"--etcd-servers=https://{LOOPBACK}:{plane.etcd_port}",
        f"--etcd-cafile={plane.file('authority.pem')}",
        f"--etcd-certfile={plane.file('admin.pem')}",
        f"--etcd-keyfile={plane.file('admin.key')}",
        f"--service-account-issuer={plane.issuer}",
        f"--service-account-key-file={plane.file('issuer.pub')}",
        f"--service-account-signing-key-file={plane.file('issuer.key')}",
        "--service-account-extend-token-expiration=false",
        f"--api-audiences={','.join(API_AUDIENCES)}",
        f"--authentication-token-webhook-config-file={plane.file('authenticate.json')}",
        "--authentication-token-webhook-version=v1",
        "--authentication-token-webhook-cache-ttl=0s",
        "--authorization-mode=Node,RBAC,Webhook",
        f"--authorization-webhook-config-file={plane.file('authorize.json')}",
        "--authorization-webhook-version=v1",
        "--authorization-webhook-cache-authorized-ttl=0s",
        "--authorization-webhook-cache-unauthorized-ttl=0s",
        f"--audit-policy-file={plane.file('audit-policy.json')}",
        f"--audit-webhook-config-file={plane.file('audit.json')}",
        "--audit-webhook-mode=blocking",
        "--audit-webhook-initial-backoff=1s",
        "--anonymous-auth=true",
        "--service-cluster-ip-range=10.100.0.0/16",
    ]
    if plane.assets.controller_manager is None:
        # Nobody makes the default accounts that the plugin asks for.
        command.append("--disable-admission-plugins=ServiceAccount")
    return command


def controller_manager_command(plane: Plane) -> list[str]:
    """Return how kube-controller-manager is started, with the controllers that identity needs."""
    return [
        str(plane.assets.controller_manager),
        f"--kubeconfig={plane.file('controllers.json')}",
        f"--controllers={','.join(CONTROLLERS)}",
        f"--service-account-private-key-file={plane.file('issuer.key')}",
        f"--root-ca-file={plane.file('authority.pem')}",
        "--use-service-account-credentials=false",
        "--leader-elect=false",
        "--secure-port=0",
    ]


def emulation(told: str, wanted: str) -> list[str]:
    """Return the flag that makes a kube-apiserver behave as version ``wanted`` (``1.34``), if it can.

    ``told`` is its own ``--version``. One that cannot runs as what it is.
    """
    own, version = re.search(r"v1\.([0-9]+)", told), re.fullmatch(r"1\.([0-9]+)", wanted)
    if own is None or version is None or not 0 < int(own[1]) - int(version[1]) <= EMULATED_MINORS:
        return []
    return [f"--emulated-version=kube={wanted}"]


def webhook_file(url: str, authority: str, token: Secret) -> str:
    """Return the kubeconfig with which kube-apiserver asks the checkpoint at ``url``."""
    cluster: dict[str, Json] = {"server": url, "certificate-authority": authority}
    return _kubeconfig(cluster, {"token": token.reveal()})


def certificate_file(plane: Plane, name: str) -> str:
    """Return the kubeconfig of the bearer of the certificate ``NAME.pem``."""
    cluster: dict[str, Json] = {
        "server": f"https://{LOOPBACK}:{plane.port}",
        "certificate-authority": plane.file("authority.pem"),
    }
    user: dict[str, Json] = {
        "client-certificate": plane.file(f"{name}.pem"),
        "client-key": plane.file(f"{name}.key"),
    }
    return _kubeconfig(cluster, user)


def audit_policy() -> str:
    """Return the audit policy: who asked what and what came of it, of people and pods, without bodies.

    What failed authentication is of no group, and told when the response starts alone.
    """
    nobody: list[Json] = ["system:apiserver", "system:kube-controller-manager", ADMIN]
    everybody: list[Json] = ["system:authenticated", "system:unauthenticated"]
    return json.dumps(
        {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived", "Panic"],
            "rules": [
                {"level": "None", "users": nobody},
                {"level": "Metadata", "userGroups": everybody, "omitStages": ["ResponseStarted"]},
                {"level": "Metadata"},
            ],
        }
    )


def _kubeconfig(cluster: dict[str, Json], user: dict[str, Json]) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "it", "cluster": cluster}],
            "users": [{"name": "it", "user": user}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "current-context": "it",
        }
    )
