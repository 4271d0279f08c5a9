"""``sekisho serve authenticator``: flags to a serving authenticator of IAM and OIDC tokens."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.output import write
from sekisho.cli.serve.options import (
    CertificateFile,
    ClientCaFile,
    EksCluster,
    EntryFiles,
    KeyFile,
    LogFormat,
    PrintKubeconfig,
    RefreshSeconds,
    ShutdownDelay,
    serving_certificate,
)
from sekisho.serve.json_log import LogForm, start_log

if TYPE_CHECKING:
    from sekisho.decide.authn.sts_host import StsEndpoints
    from sekisho.serve.authenticator.settings import Settings
    from sekisho.serve.tls import ServingCertificate


@report()
def authenticator(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Configuration file of aws-iam-authenticator.")
    ] = None,
    cluster_id: Annotated[
        str,
        typer.Option("--cluster-id", "-i", help="Id that tokens are made for."),
    ] = "",
    partition: Annotated[str, typer.Option("--partition", help="AWS partition of the callers (aws).")] = "",
    region: Annotated[
        str, typer.Option("--region", help="Region that the server runs in; else AWS_REGION.")
    ] = "",
    address: Annotated[str, typer.Option("--address", help="Address to listen at (127.0.0.1).")] = "",
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port (21362).")] = None,
    health_port: Annotated[
        int | None,
        typer.Option("--health-port", min=0, max=65535, help="Plain HTTP port for health, metrics (21363)."),
    ] = None,
    authentication_config: Annotated[
        Path | None,
        typer.Option("--authentication-config", help="AuthenticationConfiguration: OIDC issuers, too."),
    ] = None,
    api_audiences: Annotated[
        str, typer.Option("--api-audiences", help="Audiences of the cluster, to hold reviews to them.")
    ] = "",
    state_dir: Annotated[
        str,
        typer.Option("--state-dir", help="Folder of its own certificate."),
    ] = "",
    tls_cert_file: CertificateFile = None,
    tls_key_file: KeyFile = None,
    client_ca_file: ClientCaFile = None,
    generate_kubeconfig: Annotated[
        str, typer.Option("--generate-kubeconfig", help="Where the webhook file for kube-apiserver goes.")
    ] = "",
    kubeconfig_pregenerated: Annotated[
        bool, typer.Option("--kubeconfig-pregenerated", help="The webhook file is there already: write none.")
    ] = False,
    print_kubeconfig: PrintKubeconfig = False,
    kubeconfig: Annotated[
        str, typer.Option("--kubeconfig", help="How to reach the cluster that holds mappings; else as a pod.")
    ] = "",
    master: Annotated[str, typer.Option("--master", help="URL of that cluster instead of the file's.")] = "",
    backend_mode: Annotated[
        str,
        typer.Option(
            "--backend-mode",
            help="Sources in order: MountedFile,EKSConfigMap,CRD,DynamicFile,AccessEntry (MountedFile).",
        ),
    ] = "",
    entry_files: EntryFiles = None,
    eks_cluster: EksCluster = "",
    refresh: RefreshSeconds = 30.0,
    describe_qps: Annotated[
        int | None, typer.Option("--ec2-describeInstances-qps", min=1, help="Calls of EC2 a second (15).")
    ] = None,
    describe_burst: Annotated[
        int | None, typer.Option("--ec2-describeInstances-burst", min=1, help="Calls of EC2 in a row (5).")
    ] = None,
    gates: Annotated[
        str, typer.Option("--feature-gates", help="NAME=true,...; SSORoleMatch turns `sso` entries on.")
    ] = "",
    sts_cache: Annotated[
        int,
        typer.Option("--sts-cache-seconds", min=0, max=900, help="How long STS's answers count."),
    ] = 900,
    sts_timeout: Annotated[
        float, typer.Option("--sts-timeout-seconds", min=0.1, max=30, help="How long STS is waited for.")
    ] = 10.0,
    shutdown_delay: ShutdownDelay = 0.0,
    log_format: LogFormat = LogForm.JSON,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log who was let in, too.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Check flags and files, say so, end.")] = False,
) -> None:
    """Answer TokenReviews of a kube-apiserver: IAM tokens to users, in the place of aws-iam-authenticator.

    Tokens of OIDC issuers are answered, too, where --authentication-config names the issuers.

    Examples:
    sekisho serve authenticator -c config.yaml -i my-cluster --state-dir ./state --print-kubeconfig

    sekisho serve authenticator -c config.yaml --backend-mode EKSConfigMap,MountedFile --kubeconfig admin.conf
    """
    from sekisho.serve.authenticator.settings import Flags, complete, feature_gates
    from sekisho.serve.authenticator.start import endpoints_of, load_config
    from sekisho.serve.entry_flags import EntryFlags

    flags = Flags(
        config=config,
        cluster_id=cluster_id or os.environ.get("KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID", ""),
        partition=partition,
        address=address,
        port=port,
        health_port=health_port,
        state_dir=state_dir,
        generate_kubeconfig=generate_kubeconfig,
        kubeconfig_pregenerated=kubeconfig_pregenerated,
        kubeconfig=kubeconfig,
        master=master,
        backend_mode=backend_mode,
        describe_qps=describe_qps,
        describe_burst=describe_burst,
        feature_gates=gates,
        region=region or os.environ.get("AWS_REGION", ""),
        kept_seconds=sts_cache,
        sts_seconds=sts_timeout,
        shutdown_delay=shutdown_delay,
        entries=EntryFlags(tuple(entry_files or ()), eks_cluster, region, "", refresh),
        authentication_config=authentication_config,
        api_audiences=tuple(filter(None, (one.strip() for one in api_audiences.split(",")))),
    )
    sso_role_match = feature_gates(gates).get("SSORoleMatch", False)
    settings = complete(flags, load_config(config, sso_role_match=sso_role_match))
    endpoints = endpoints_of(settings.partition)
    notices = settings.config.notices
    if authentication_config is not None:
        from sekisho.serve.authenticator.oidc_file import OidcFile

        notices += OidcFile(authentication_config).notices()
    if check:
        for text in notices:
            note(text)
        write(f"The configuration for cluster {settings.cluster_id} is good.")
        return
    certificate = serving_certificate(
        tls_cert_file,
        tls_key_file,
        client_ca_file,
        settings.state_dir,
        (settings.hostname, settings.address, "localhost"),
    )
    if print_kubeconfig:
        write(_webhook_file(settings, certificate))
        return
    start_log(log_format, verbose=verbose)
    for text in notices:
        logging.getLogger("sekisho.serve").warning(text)
    _run(settings, certificate, endpoints)


def _run(settings: "Settings", certificate: "ServingCertificate", endpoints: "StsEndpoints") -> None:
    import asyncio

    from sekisho.serve.authenticator import start
    from sekisho.serve.webhook_file import write_webhook_file
    from sekisho.wire.http.event_loop import loop_factory

    if not settings.kubeconfig_pregenerated:
        write_webhook_file(settings.generate_kubeconfig, _webhook_file(settings, certificate))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(
            start.serve(
                settings,
                certificate,
                endpoints,
                os.environ,
                lambda server: note(f"serving at https://{settings.address}:{server.port}/authenticate"),
            )
        )


def _webhook_file(settings: "Settings", certificate: "ServingCertificate") -> str:
    from sekisho.serve.webhook_file import https_url, webhook_file

    host = settings.hostname or settings.address
    return webhook_file(https_url(host, settings.port, "/authenticate"), certificate.certificate_text())
