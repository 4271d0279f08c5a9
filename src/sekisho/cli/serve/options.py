"""The options that checkpoints share, and what some of them mean together."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sekisho.serve.json_log import LogForm

if TYPE_CHECKING:
    from sekisho.serve.tls import ServingCertificate

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port.")]
HealthPort = Annotated[
    int, typer.Option("--health-port", min=0, max=65535, help="Plain HTTP port for health, metrics.")
]
Address = Annotated[str, typer.Option("--address", help="Address to listen at.")]
CertificateFile = Annotated[
    Path | None, typer.Option("--tls-cert-file", help="Certificate chain to serve with, PEM; followed.")
]
KeyFile = Annotated[Path | None, typer.Option("--tls-private-key-file", help="Its key, PEM; followed.")]
ClientCaFile = Annotated[
    Path | None, typer.Option("--client-ca-file", help="Hear only clients with a certificate of these.")
]
EntryFiles = Annotated[
    list[Path] | None,
    typer.Option("--access-entries", help="Files of access entries: aws eks describe-access-entry and kin."),
]
EksCluster = Annotated[
    str, typer.Option("--eks-cluster", help="Ask EKS for the access entries of this cluster instead.")
]
RefreshSeconds = Annotated[
    float, typer.Option("--refresh-seconds", min=1, help="How often EKS is asked for access entries.")
]
ShutdownDelay = Annotated[
    float, typer.Option("--shutdown-delay", min=0, max=300, help="Seconds to answer after SIGTERM.")
]
LogFormat = Annotated[LogForm, typer.Option("--log-format", "-l", help="Form of the log.")]
PrintKubeconfig = Annotated[
    bool,
    typer.Option("--print-kubeconfig", help="Print the webhook file for kube-apiserver and end."),
]


def serving_certificate(
    certificate: Path | None,
    key: Path | None,
    client_ca: Path | None,
    state_dir: Path,
    names: Iterable[str],
) -> "ServingCertificate":
    """Return the certificate to serve with: the files given, or its own in ``state_dir`` for ``names``.

    Raises:
        typer.BadParameter: one of certificate and key is given without the other.
        SekishoInputError: the files hold no certificate with its key.
        EnvironmentFailure: its own cannot be written.
    """
    from sekisho.serve.tls import CertificateFiles, ServingCertificate, own_certificate

    if (certificate is None) != (key is None):
        raise typer.BadParameter("--tls-cert-file and --tls-private-key-file go together")
    if certificate is None or key is None:
        own = own_certificate(state_dir, tuple(dict.fromkeys(filter(None, names))))
        certificate, key = own.certificate, own.key
    return ServingCertificate(CertificateFiles(certificate, key, client_ca))
