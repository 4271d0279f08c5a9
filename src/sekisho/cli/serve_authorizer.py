"""``sekisho serve authorizer``: EKS access policies for any cluster."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.output import write
from sekisho.serve.json_log import LogForm, start_log


@report()
def authorizer(
    files: Annotated[
        list[Path] | None,
        typer.Option("--access-entries", help="Output of aws eks describe-access-entry and its kin."),
    ] = None,
    eks_cluster: Annotated[
        str, typer.Option("--eks-cluster", help="Ask EKS for the access entries of this cluster instead.")
    ] = "",
    refresh: Annotated[
        float, typer.Option("--refresh-seconds", min=1, help="How often EKS is asked.")
    ] = 30.0,
    region: Annotated[str, typer.Option("--region", help="Region of that cluster; else as configured.")] = "",
    profile: Annotated[str, typer.Option("--profile", help="AWS profile; else as configured.")] = "",
    address: Annotated[str, typer.Option("--address", help="Address to listen at.")] = "127.0.0.1",
    hostname: Annotated[
        str, typer.Option("--hostname", help="Name that kube-apiserver reaches it by; else the address.")
    ] = "",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port.")] = 21364,
    health_port: Annotated[
        int, typer.Option("--health-port", min=0, max=65535, help="Plain HTTP port for health, metrics.")
    ] = 21365,
    state_dir: Annotated[Path, typer.Option("--state-dir", help="Folder of its own certificate.")] = Path(
        "/var/sekisho-authorizer"
    ),
    tls_cert_file: Annotated[
        Path | None, typer.Option("--tls-cert-file", help="Certificate chain to serve with, PEM; followed.")
    ] = None,
    tls_key_file: Annotated[
        Path | None, typer.Option("--tls-private-key-file", help="Its key, PEM; followed.")
    ] = None,
    client_ca_file: Annotated[
        Path | None, typer.Option("--client-ca-file", help="Hear only clients with a certificate of these.")
    ] = None,
    generate_kubeconfig: Annotated[
        Path | None, typer.Option("--generate-kubeconfig", help="Where the webhook file goes.")
    ] = None,
    print_kubeconfig: Annotated[
        bool, typer.Option("--print-kubeconfig", help="Print the webhook file and end.")
    ] = False,
    shutdown_delay: Annotated[
        float, typer.Option("--shutdown-delay", min=0, max=300, help="Seconds to answer after SIGTERM.")
    ] = 0.0,
    log_format: Annotated[
        LogForm, typer.Option("--log-format", "-l", help="Form of the log.")
    ] = LogForm.JSON,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what was allowed, too.")] = False,
) -> None:
    """Answer SubjectAccessReviews of a kube-apiserver by the access policies of the caller's access entry.

    The caller is known by what an authenticator of IAM tokens puts into a user's extra values.

    Example:
    sekisho serve authorizer --eks-cluster shop --region eu-central-1 --state-dir ./state --print-kubeconfig
    """
    import asyncio

    from sekisho.serve.authorizer.start import serve
    from sekisho.serve.entry_flags import EntryFlags, entry_source
    from sekisho.serve.server import Listening
    from sekisho.serve.tls import CertificateFiles, ServingCertificate, own_certificate
    from sekisho.serve.webhook_file import webhook_file, write_webhook_file
    from sekisho.wire.http.event_loop import loop_factory

    if (tls_cert_file is None) != (tls_key_file is None):
        raise typer.BadParameter("--tls-cert-file and --tls-private-key-file go together")
    region = region or os.environ.get("AWS_REGION", "")
    source = entry_source(EntryFlags(tuple(files or ()), eks_cluster, region, profile, refresh))
    if tls_cert_file is not None and tls_key_file is not None:
        given = CertificateFiles(tls_cert_file, tls_key_file, client_ca_file)
    else:
        names = tuple(dict.fromkeys(filter(None, (hostname, address, "localhost"))))
        own = own_certificate(state_dir, names)
        given = CertificateFiles(own.certificate, own.key, client_ca_file)
    certificate = ServingCertificate(given)
    host = hostname or address
    url = f"https://{f'[{host}]' if ':' in host else host}:{port}/authorize"
    text = webhook_file(url, certificate.certificate_text())
    if print_kubeconfig:
        write(text)
        return
    start_log(log_format, verbose=verbose)
    if generate_kubeconfig is not None:
        write_webhook_file(generate_kubeconfig, text)
    listening = Listening(address, port, health_port, shutdown_delay)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(
            serve(
                source,
                certificate,
                listening,
                lambda server: note(f"serving at https://{address}:{server.port}/authorize"),
            )
        )
