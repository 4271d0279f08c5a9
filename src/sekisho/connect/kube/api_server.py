"""How a server process reaches its kube-apiserver: the pod's own service account, or a kubeconfig file.

Source: client-go ``rest.InClusterConfig`` and ``tools/clientcmd``. Exec plugins and auth providers are
refused: nobody sits at a server's terminal.
"""

import base64
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sekisho.connect.kube.trust import trust_of_data, trust_of_file
from sekisho.connect.kubeconfig import check_kubeconfig
from sekisho.decide.values import Json, JsonObject, Ref, Secret, SekishoInputError
from sekisho.decide.values.documents import line_of, parse_yaml

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
MAX_TOKEN_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ApiServer:
    """An API server: ``url`` without a trailing slash, whom to trust, and the bearer token of the moment.

    ``token`` is asked for each connection, because tokens in pods are renewed; None: there is none.
    """

    url: str
    trust: ssl.SSLContext
    token: Callable[[], Secret | None]


def in_cluster(environ: Mapping[str, str], folder: Path = SERVICE_ACCOUNT) -> ApiServer | None:
    """Return the API server of the pod that this process runs in; None outside of pods.

    Raises:
        EnvironmentFailure: the pod's authority cannot be read.
    """
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port or not (folder / "token").exists():
        return None
    shown = f"[{host}]" if ":" in host else host
    trust = trust_of_file(folder / "ca.crt")
    return ApiServer(f"https://{shown}:{port}", trust, _file_token(folder / "token"))


def from_kubeconfig(path: Path, text: str, master: str = "") -> ApiServer:
    """Return the API server of the current context of the kubeconfig ``text``, read from ``path``.

    ``master`` is another URL to reach it at. Paths in the file are relative to its folder.

    Raises:
        SekishoInputError: the file is no kubeconfig, or has what a server cannot use.
        EnvironmentFailure: a file that it names cannot be read.
    """
    reader = _Kubeconfig(path, text, check_kubeconfig(parse_yaml(text, str(path)), str(path), text))
    return reader.api_server(master)


def _file_token(path: Path) -> Callable[[], Secret | None]:
    def read() -> Secret | None:
        try:
            with path.open("rb") as file:
                found = file.read(MAX_TOKEN_BYTES).decode("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None  # the server says 401, and the next try reads again
        return Secret(found) if found else None

    return read


class _Kubeconfig:
    def __init__(self, path: Path, text: str, content: Mapping[str, Json]) -> None:
        self._path = path
        self._text = text
        self._content = content

    def api_server(self, master: str) -> ApiServer:
        context = self._named("contexts", self._content.get("current-context"), "context", "current-context")
        cluster_name, user_name = context.get("cluster"), context.get("user")
        cluster = self._named("clusters", cluster_name, "cluster", "contexts")
        user = self._named("users", user_name, "user", "contexts") if user_name else {}
        url = (master or _text(cluster, "server")).rstrip("/")
        if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
            raise self._fault("clusters", "expected `server` to be an https URL")
        if cluster.get("insecure-skip-tls-verify"):
            raise self._fault("clusters", "insecure-skip-tls-verify is not done; name the authority instead")
        authority = _text(cluster, "certificate-authority")
        trust = (
            trust_of_file(self._path.parent / authority)
            if authority and not _text(cluster, "certificate-authority-data")
            else trust_of_data(_text(cluster, "certificate-authority-data"))
        )
        self._identify(user, trust)
        return ApiServer(url, trust, self._token(user))

    def _token(self, user: JsonObject) -> Callable[[], Secret | None]:
        file = _text(user, "tokenFile")
        if file:
            return _file_token(self._path.parent / file)
        found = _text(user, "token")
        fixed = Secret(found) if found else None
        return lambda: fixed

    def _identify(self, user: JsonObject, trust: ssl.SSLContext) -> None:
        for name in ("exec", "auth-provider", "username"):
            if user.get(name):
                raise self._fault(
                    "users", f"`{name}` is not for servers", "use a token file or a certificate"
                )
        certificate, key = self._material(user, "client-certificate"), self._material(user, "client-key")
        if not certificate and not key:
            return
        # ssl loads a chain from a file only; the folder is private and gone at once.
        with tempfile.TemporaryDirectory() as folder:
            chain = Path(folder) / "chain.pem"
            chain.touch(mode=0o600)
            chain.write_bytes(key + b"\n" + certificate)
            try:
                trust.load_cert_chain(chain)
            except (ssl.SSLError, ValueError):
                problem = "expected client-certificate and client-key, PEM, that belong together"
                raise self._fault("users", problem) from None

    def _material(self, user: JsonObject, name: str) -> bytes:
        data = _text(user, f"{name}-data")
        if data:
            try:
                return base64.b64decode(data, validate=True)
            except ValueError:
                raise self._fault("users", f"expected base64 in `{name}-data`") from None
        file = _text(user, name)
        if not file:
            return b""
        try:
            return (self._path.parent / file).read_bytes()
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            raise self._fault("users", f"`{name}` {file}: {reason}") from None

    def _named(self, section: str, name: Json, member: str, asked_by: str) -> JsonObject:
        entries = self._content.get(section)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and name and entry.get("name") == name:
                found = entry.get(member)
                return found if isinstance(found, dict) else {}
        raise self._fault(asked_by, f"no {member} is called `{name or ''}`")

    def _fault(self, section: str, problem: str, hint: str = "") -> SekishoInputError:
        line = line_of(self._text, f"/{section}")
        return SekishoInputError.single(
            "kubeconfig.unusable", Ref(str(self._path), f"/{section}"), problem, hint, line
        )


def _text(entry: JsonObject, name: str) -> str:
    found = entry.get(name)
    return found if isinstance(found, str) else ""
