"""The lab's Kubernetes API and a real kube-apiserver, asked the same things by the same user."""

import base64
import http.client
import json
import re
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from e2e.e2e_clients import client
from e2e.e2e_shell import connected, shell_of
from sekisho.testing import RunningLab
from support.checkpoint import waited
from support.kube_apiserver import ADMIN as ADMIN_TOKEN
from support.kube_apiserver import ApiServerProcess, running_apiserver, running_controllers

ADMIN = "system:serviceaccount:kube-system:both"
CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "deployment-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "ttl-after-finished-controller",
)
SECONDS = 60.0

Done = tuple[int, str, str]
"""Exit code, stdout and stderr of a command."""


@dataclass(frozen=True)
class Side:
    """One of the two API servers, and the folder of its kubectl."""

    name: str
    address: str
    trust: ssl.SSLContext
    token: str
    folder: Path
    kubeconfig: Path

    def kubectl(self, words: Sequence[str], stdin: str = "", program: str = "kubectl") -> Done:
        """Run kubectl as the administrator of both; what it prints is normalised."""
        done = subprocess.run(
            [client(program), *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            cwd=self.folder,
            env={"HOME": str(self.folder), "KUBECONFIG": str(self.kubeconfig), "PATH": "/usr/bin:/bin"},
        )
        return done.returncode, normalised(done.stdout), normalised(done.stderr)

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Return status and document of one request; a body that is no text is sent as JSON."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        raw = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        status, answer = self._sent(method, path, raw, sent)
        return status, document(answer)

    def raw(self, method: str, path: str) -> Any:
        """Return the document of an answer as it is."""
        return json.loads(self._sent(method, path, None, {})[1])

    def _sent(
        self, method: str, path: str, body: str | bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, str]:
        sent = {"authorization": f"Bearer {self.token}", "content-type": "application/json", **headers}
        with closing(http.client.HTTPSConnection(self.address, context=self.trust, timeout=30)) as connection:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")


@dataclass(frozen=True)
class Both:
    """The two sides."""

    lab: Side
    real: Side
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def kubectl(self, words: Sequence[str], stdin: str = "", program: str = "kubectl") -> tuple[Done, Done]:
        """Run a command against both at a time: the lab's answer, the real one's."""
        lab = self.pool.submit(self.lab.kubectl, words, stdin, program)
        real = self.pool.submit(self.real.kubectl, words, stdin, program)
        return lab.result(), real.result()

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[tuple[int, Any], tuple[int, Any]]:
        """Send a request to both: the lab's answer, the real one's."""
        lab = self.pool.submit(self.lab.ask, method, path, body, headers)
        real = self.pool.submit(self.real.ask, method, path, body, headers)
        return lab.result(), real.result()


@contextmanager
def both_clusters(folder: Path, lab: RunningLab, *options: str, admits: bool = False) -> Iterator[Both]:
    """Start the real server beside ``lab``, with one administrator of one name in both.

    ``options`` are further flags. With ``admits`` the plugins ServiceAccount and NodeRestriction are on, and
    each controller acts as its own service account.
    """
    with real_cluster(folder / "real", *options, admits=admits) as real:
        yield Both(lab_side(folder / "lab", lab), real)


@contextmanager
def real_cluster(folder: Path, *more: str, admits: bool = False) -> Iterator[Side]:
    """Start kube-apiserver and the controllers that a namespace and aggregation need."""
    flags = ["--api-audiences=https://kubernetes.default.svc", *more]
    if admits:
        flags.append("--enable-admission-plugins=NodeRestriction")
    with running_apiserver(folder, flags, without=("Priority",) if admits else ("ServiceAccount",)) as api:
        options = [
            f"--root-ca-file={api.authority}",
            f"--use-service-account-credentials={str(admits).lower()}",
        ]
        with running_controllers(api, *CONTROLLERS, options=options):
            api.create("/api/v1/namespaces/kube-system/serviceaccounts", {"metadata": {"name": "both"}})
            api.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", _binding())
            path = "/api/v1/namespaces/kube-system/serviceaccounts/both/token"
            token = api.ask("POST", path, {"spec": {"expirationSeconds": 7200}})[1]["status"]["token"]
            waited(lambda: _settled(api) or None)
            pem = api.authority.read_text()
            yield _side("real", folder / "client", f"https://127.0.0.1:{api.port}", pem, token)


@contextmanager
def bare_server(folder: Path) -> Iterator[Side]:
    """Start kube-apiserver alone: nobody but who asks it changes anything."""
    with running_apiserver(folder) as api:
        pem = api.authority.read_text()
        yield _side("bare", folder / "client", f"https://127.0.0.1:{api.port}", pem, ADMIN_TOKEN)


def lab_side(folder: Path, lab: RunningLab) -> Side:
    """Return the lab's side, its administrator made."""
    shell = connected(shell_of(lab, folder / "bin"), folder)
    config = yaml.safe_load((folder / "kubeconfig").read_text())
    found = config["clusters"][0]["cluster"]
    pem = base64.b64decode(found["certificate-authority-data"]).decode()
    shell.output("kubectl create serviceaccount both -n kube-system")
    shell.output("kubectl create -f -", stdin=json.dumps(_binding()))
    token = shell.output("kubectl create token both -n kube-system --duration 2h").strip()
    return _side("lab", folder / "client", found["server"], pem, token)


def _settled(api: ApiServerProcess) -> bool:
    """Tell whether the controllers have done what they do once."""
    role = api.ask("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/admin")[1]
    maps = api.ask("GET", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt")[0]
    return bool(role.get("rules")) and maps == 200


def _binding() -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "both"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "both", "namespace": "kube-system"}],
    }


def _side(name: str, folder: Path, url: str, pem: str, token: str) -> Side:
    folder.mkdir(parents=True)
    trust = ssl.create_default_context(cadata=pem)
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
    (folder / "ca.crt").write_text(pem)
    kubeconfig = folder / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {"name": "c", "cluster": {"server": url, "certificate-authority": str(folder / "ca.crt")}}
                ],
                "users": [{"name": "u", "user": {"token": token}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "c",
            }
        )
    )
    return Side(name, urlsplit(url).netloc, trust, token, folder, kubeconfig)


# What two servers never agree about, and neither has to.

_UID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_DESCRIBED_TIME = re.compile(r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
_VERSION = re.compile(r"""(resourceVersion\\?"?: ?\\?["'])\d+(\\?["'])""")
_AGE = re.compile(r"(?<=[ \t])(?:<invalid>|\d+[smhd](?:\d+[smhd])?)(?=\s|$)", re.MULTILINE)
_TOKEN = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")
_DIFF = re.compile(r"/\w+/(LIVE|MERGED)-\d+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}")
_PORT = re.compile(r"127\.0\.0\.1:\d+")
_SUFFIX = re.compile(r"(generated-|Gen_)[a-z0-9]{5}\b")
_RECORD = re.compile(r"in record \(\d+\)")
_HASH = re.compile(
    r"(?:(?<=[-=])|(?<=hash: ))[bcdfghjklmnpqrstvwxz2456789]{8,10}(-[bcdfghjklmnpqrstvwxz2456789]{5})?\b"
)
_TERMINATING = re.compile(r"\n *\"?terminatingReplicas\"?: \d+,?")
_PEM = re.compile(r"(-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----(\\n|\s)*)+", re.DOTALL)


def normalised(text: str) -> str:
    """Return what a client printed without what differs between any two clusters."""
    for pattern, put in (
        (_TOKEN, "TOKEN"),
        (_UID, "UID"),
        (_TIME, "TIME"),
        (_DESCRIBED_TIME, "TIME"),
        (_VERSION, r"\g<1>VERSION\g<2>"),
        (_AGE, "AGE"),
        (_DIFF, "DIFF"),
        (_PORT, "ADDRESS"),
        (_RECORD, "in record (VERSION)"),
        (_SUFFIX, r"\g<1>SUFFIX"),
        (_PEM, "CERTIFICATE"),
        (_HASH, "HASH"),
        (_TERMINATING, ""),  # of 1.35, which is newer than what the lab's clusters say they are
    ):
        text = pattern.sub(put, text)
    return re.sub(r"(?<=\S)  +", "  ", text)  # the width of a column is that of its longest age


def document(raw: str) -> Any:
    """Return a body as what it is, without what differs between any two clusters."""
    text = normalised(raw)
    try:
        return _bare(json.loads(text))
    except ValueError:
        pass
    try:
        return [_bare(json.loads(line)) for line in text.splitlines()]  # a watch
    except ValueError:
        return _bare(yaml.safe_load(text)) if text.startswith("apiVersion:") else text


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _bare(member) for name, member in value.items() if name not in _UNCOMPARED}
    _settle(kept)
    if kept.get("details") == {}:
        del kept["details"]
    for name in ("resourceRules", "nonResourceRules"):  # in no order that holds
        if isinstance(kept.get(name), list):
            kept[name] = sorted(kept[name], key=json.dumps)
    if kept.get("rows", "") is None:
        kept["rows"] = []
    if kept.get("continue"):
        kept["continue"] = "CONTINUE"
    if isinstance(kept.get("status"), dict) and "allowed" in kept["status"]:
        kept["status"].pop("reason", None)
    return kept


def _settle(kept: dict[str, Any]) -> None:
    """Put what has no order into one, and drop what the lab has no need of."""
    if isinstance(kept.get("managedFields"), list):
        _sort_managers(kept)
    if str(kept.get("kind")).endswith(
        ("Review", "TokenRequest")
    ):  # nobody keeps them; the lab tells no owners
        kept.get("metadata", {}).pop("managedFields", None)
    if kept.get("reason") == "Conflict" and "causes" in kept.get("details", {}):
        _sort_conflicts(kept)  # in no order that holds
    if kept.get("creationTimestamp", "") is None:
        del kept["creationTimestamp"]


_CONTROLLERS = ("kube-controller-manager", "kube-apiserver", "clusterrole-aggregation-controller")


def _sort_managers(metadata: dict[str, Any]) -> None:
    """Sort the managers, which are in order of age counted in seconds; what the server made has none here."""
    entries = [entry for entry in metadata["managedFields"] if entry.get("manager") not in _CONTROLLERS]
    metadata["managedFields"] = sorted(entries, key=json.dumps)
    if not entries:
        del metadata["managedFields"]


def _sort_conflicts(status: dict[str, Any]) -> None:
    status["message"] = "\n".join(
        sorted(status["message"].replace("conflicts: ", "conflicts:\n").split("\n"))
    )
    status["details"]["causes"] = sorted(status["details"]["causes"], key=json.dumps)


_UNCOMPARED = ("description",)
"""Members that the lab words in its own way: it describes columns shortly."""
