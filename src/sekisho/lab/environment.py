"""What a lab shell's environment is: which names are set, and which are taken away.

The names taken away would lead a client past the lab: to real credentials, to a real
profile, to a role whose session it would fetch by itself, to the cluster that kubectl
takes for its own where it finds no kubeconfig.
"""

import shlex
import ssl
from dataclasses import dataclass
from pathlib import Path

from sekisho.lab.world import StateDir

UNSET = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_DEFAULT_OUTPUT",
    "AWS_CLI_AUTO_PROMPT",
    "BOTO_CONFIG",
    "KUBERNETES_MASTER",
    "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT",
    "ALL_PROXY",
    "all_proxy",
)
"""Names that are unset, besides every ``AWS_ENDPOINT_URL_*`` that is there."""

_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True)
class Environment:
    """Changes to a process's environment."""

    set: dict[str, str]
    unset: tuple[str, ...]
    path: str = ""
    """A folder that comes first in PATH: it holds `sekisho`, wherever that is installed."""

    def applied(self, base: dict[str, str]) -> dict[str, str]:
        """Return ``base`` as a client of the lab should have it."""
        kept = {
            name: value
            for name, value in base.items()
            if name not in self.unset and not name.startswith("AWS_ENDPOINT_URL")
        }
        search = [self.path] if self.path else []
        found = [folder for folder in base.get("PATH", "").split(":") if folder and folder != self.path]
        return {**kept, **self.set, "PATH": ":".join([*search, *found])}

    def script(self, base: dict[str, str]) -> str:
        """Return the changes as lines for ``eval`` in a POSIX shell."""
        found = sorted(name for name in base if name.startswith("AWS_ENDPOINT_URL"))
        lines = [f"unset {' '.join(dict.fromkeys([*self.unset, *found]))}"]
        if self.path and self.path not in base.get("PATH", "").split(":"):
            lines.append(f'export PATH={shlex.quote(self.path)}:"$PATH"')
        lines += [f"export {name}={shlex.quote(value)}" for name, value in self.set.items()]
        return "\n".join(lines) + "\n"


def lab_environment(state: StateDir, proxy_port: int) -> Environment:
    """Return the environment of a lab shell."""
    proxy = f"http://127.0.0.1:{proxy_port}"
    return Environment(
        {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "HTTP_PROXY": proxy,
            "http_proxy": proxy,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "AWS_CA_BUNDLE": str(state.ca_bundle),
            "REQUESTS_CA_BUNDLE": str(state.ca_bundle),
            "CURL_CA_BUNDLE": str(state.ca_bundle),
            "SSL_CERT_FILE": str(state.ca_bundle),
            "AWS_CONFIG_FILE": str(state.aws_config),
            "AWS_SHARED_CREDENTIALS_FILE": str(state.aws_credentials),
            "KUBECONFIG": str(state.kubeconfig),
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SDK_LOAD_CONFIG": "1",
            "SEKISHO_STATE_DIR": str(state.path),
        },
        UNSET,
        str(state.programs),
    )


def public_roots() -> str:
    """Return the system's trusted roots as PEM; botocore's copy where the system has none."""
    paths = ssl.get_default_verify_paths()
    candidates = [*_SYSTEM_BUNDLES, paths.cafile, paths.openssl_cafile]
    for candidate in candidates:
        if candidate and Path(candidate).is_file():
            return Path(candidate).read_text(encoding="utf-8", errors="replace")
    import botocore

    return (Path(botocore.__file__).parent / "cacert.pem").read_text(encoding="utf-8")
