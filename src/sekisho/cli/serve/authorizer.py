"""``sekisho serve authorizer``: EKS access policies for any cluster."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.output import write
from sekisho.cli.serve.options import (
    Address,
    CertificateFile,
    ClientCaFile,
    EksCluster,
    EntryFiles,
    HealthPort,
    KeyFile,
    LogFormat,
    Port,
    PrintKubeconfig,
    RefreshSeconds,
    ShutdownDelay,
    serving_certificate,
)
from sekisho.serve.json_log import LogForm, start_log


@report()
def authorizer(
    files: EntryFiles = None,
    eks_cluster: EksCluster = "",
    refresh: RefreshSeconds = 30.0,
    region: Annotated[str, typer.Option("--region", help="Region of that cluster; else as configured.")] = "",
    profile: Annotated[str, typer.Option("--profile", help="AWS profile; else as configured.")] = "",
    address: Address = "127.0.0.1",
    hostname: Annotated[
        str, typer.Option("--hostname", help="Name that kube-apiserver reaches it by; else the address.")
    ] = "",
    port: Port = 21364,
    health_port: HealthPort = 21365,
    state_dir: Annotated[Path, typer.Option("--state-dir", help="Folder of its own certificate.")] = Path(
        "/var/sekisho-authorizer"
    ),
    tls_cert_file: CertificateFile = None,
    tls_key_file: KeyFile = None,
    client_ca_file: ClientCaFile = None,
    generate_kubeconfig: Annotated[
        Path | None, typer.Option("--generate-kubeconfig", help="Where the webhook file goes.")
    ] = None,
    print_kubeconfig: PrintKubeconfig = False,
    shutdown_delay: ShutdownDelay = 0.0,
    log_format: LogFormat = LogForm.JSON,
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
    from sekisho.serve.webhook_file import https_url, webhook_file, write_webhook_file
    from sekisho.wire.http.event_loop import loop_factory

    region = region or os.environ.get("AWS_REGION", "")
    source = entry_source(EntryFlags(tuple(files or ()), eks_cluster, region, profile, refresh))
    certificate = serving_certificate(
        tls_cert_file, tls_key_file, client_ca_file, state_dir, (hostname, address, "localhost")
    )
    url = https_url(hostname or address, port, "/authorize")
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
