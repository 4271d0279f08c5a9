"""What a webhook is started with: the flags, checked together.

Names and defaults are amazon-eks-pod-identity-webhook's, except where a page of the documentation says
otherwise (``docs/how-to/serve-pod-identity-webhook.md``).
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sekisho.decide.values import InputFault, Ref, SekishoInputError
from sekisho.decide.workload.registration import CONFIGURATION_NAME
from sekisho.decide.workload.settings import MIN_EXPIRATION, Settings

DEFAULT_PORT: Final = 443
DEFAULT_METRICS_PORT: Final = 9999
DEFAULT_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - a webhook in a pod is asked from outside of it
DEFAULT_STATE_DIR: Final = "/var/run/sekisho-pod-identity-webhook"
DEFAULT_CERTIFICATES: Final = Path("/etc/webhook/certs")
"""Where the certificate is looked for, as ``tls.crt`` and ``tls.key``, if it is not to be made."""
_CODE: Final = "pod-identity-webhook.flag"
_EXPECTED_NAME: Final = "expected the name of a Kubernetes object"
_PREFIX: Final = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Flags:
    """One webhook, complete. ``certificate`` and ``key`` are None where it makes its own."""

    mutation: Settings = field(default_factory=Settings)
    address: str = DEFAULT_ADDRESS
    port: int = DEFAULT_PORT
    metrics_port: int = DEFAULT_METRICS_PORT
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    namespace: str = "eks"
    service_name: str = "pod-identity-webhook"
    tls_secret: str = "pod-identity-webhook"  # noqa: S105 - the name of a Secret
    configuration: str = CONFIGURATION_NAME
    state_dir: Path = Path(DEFAULT_STATE_DIR)
    kubeconfig: str = ""
    kube_api: str = ""
    watch_config_map: bool = False
    identities: Path | None = None
    lookup_seconds: float = 1.0
    shutdown_delay: float = 0.0


def check(flags: Flags) -> None:
    """Return if the flags go together.

    Raises:
        SekishoInputError: they do not; all faults at once.
    """
    faults = [
        InputFault(_CODE, Ref(flag), problem)
        for is_bad, flag, problem in (*_of_mutation(flags.mutation), *_of_names(flags))
        if is_bad
    ]
    if (flags.certificate is None) != (flags.key is None):
        faults.append(InputFault(_CODE, Ref("--tls-cert"), "--tls-cert and --tls-key go together"))
    if flags.kube_api and not flags.kubeconfig:
        faults.append(InputFault(_CODE, Ref("--kube-api"), "expected --kubeconfig with it, for credentials"))
    if faults:
        raise SekishoInputError(faults)


def _of_mutation(mutation: Settings) -> tuple[tuple[bool, str, str], ...]:
    token = mutation.container_token
    within = token.token_path and not token.token_path.startswith("/")
    return (
        (
            not _PREFIX.fullmatch(mutation.annotation_prefix),
            "--annotation-prefix",
            "expected a DNS name, as in eks.amazonaws.com",
        ),
        (
            mutation.expiration < MIN_EXPIRATION,
            "--token-expiration",
            f"expected at least {MIN_EXPIRATION} seconds",
        ),
        (not mutation.mount_path.startswith("/"), "--token-mount-path", "expected an absolute path"),
        (
            not token.mount_path.startswith("/"),
            "--container-credentials-mount-path",
            "expected an absolute path",
        ),
        (
            not within or ".." in token.token_path.split("/"),
            "--container-credentials-token-path",
            "expected a path within the volume",
        ),
        (not _NAME.fullmatch(token.name), "--container-credentials-volume-name", _EXPECTED_NAME),
    )


def _of_names(flags: Flags) -> tuple[tuple[bool, str, str], ...]:
    named = (
        ("--namespace", flags.namespace),
        ("--service-name", flags.service_name),
        ("--tls-secret", flags.tls_secret),
        ("--webhook-configuration", flags.configuration),
    )
    return tuple((not _NAME.fullmatch(value), name, _EXPECTED_NAME) for name, value in named)
