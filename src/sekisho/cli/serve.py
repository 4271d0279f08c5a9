"""``sekisho serve``: single checkpoints for real clusters."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.output import write
from sekisho.cli.serve_authorizer import authorizer
from sekisho.cli.serve_issuer import issuer
from sekisho.cli.serve_pod_identity_webhook import GoFlags, pod_identity_webhook
from sekisho.serve.json_log import LogForm, start_log

if TYPE_CHECKING:
    from sekisho.decide.authn.sts_host import StsEndpoints
    from sekisho.serve.authenticator.settings import Settings
    from sekisho.serve.tls import ServingCertificate

app = typer.Typer(
    name="serve",
    help="Put a single checkpoint in front of a real cluster.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(authorizer)
app.command()(issuer)
app.command("pod-identity-webhook", cls=GoFlags)(pod_identity_webhook)


@app.callback()
def _serve() -> None:
    """Put a single checkpoint in front of a real cluster."""


@app.command()
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
    tls_cert_file: Annotated[
        Path | None, typer.Option("--tls-cert-file", help="Certificate chain to serve with, PEM; followed.")
    ] = None,
    tls_key_file: Annotated[
        Path | None, typer.Option("--tls-private-key-file", help="Its key, PEM; followed.")
    ] = None,
    client_ca_file: Annotated[
        Path | None,
        typer.Option("--client-ca-file", help="Hear only clients with a certificate of these."),
    ] = None,
    generate_kubeconfig: Annotated[
        str, typer.Option("--generate-kubeconfig", help="Where the webhook file for kube-apiserver goes.")
    ] = "",
    kubeconfig_pregenerated: Annotated[
        bool, typer.Option("--kubeconfig-pregenerated", help="The webhook file is there already: write none.")
    ] = False,
    print_kubeconfig: Annotated[
        bool, typer.Option("--print-kubeconfig", help="Print the webhook file for kube-apiserver and end.")
    ] = False,
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
    entry_files: Annotated[
        list[Path] | None,
        typer.Option("--access-entries", help="Files of AccessEntry: aws eks describe-access-entry."),
    ] = None,
    eks_cluster: Annotated[
        str, typer.Option("--eks-cluster", help="Cluster that AccessEntry asks EKS about, instead of files.")
    ] = "",
    refresh: Annotated[
        float, typer.Option("--refresh-seconds", min=1, help="How often EKS is asked for access entries.")
    ] = 30.0,
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
    shutdown_delay: Annotated[
        float,
        typer.Option("--shutdown-delay", min=0, max=300, help="Seconds to answer after SIGTERM."),
    ] = 0.0,
    log_format: Annotated[
        LogForm, typer.Option("--log-format", "-l", help="Form of the log.")
    ] = LogForm.JSON,
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
    from sekisho.serve.authenticator.start import certificate_files, endpoints_of, load_config
    from sekisho.serve.entry_flags import EntryFlags
    from sekisho.serve.tls import CertificateFiles, ServingCertificate

    if (tls_cert_file is None) != (tls_key_file is None):
        raise typer.BadParameter("--tls-cert-file and --tls-private-key-file go together")
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
    given = None
    if tls_cert_file is not None and tls_key_file is not None:
        given = CertificateFiles(tls_cert_file, tls_key_file, client_ca_file)
    elif client_ca_file is not None:
        given = CertificateFiles(Path(), Path(), client_ca_file)
    notices = settings.config.notices
    if authentication_config is not None:
        from sekisho.serve.authenticator.oidc_file import OidcFile

        notices += OidcFile(authentication_config).notices()
    if check:
        for text in notices:
            note(text)
        write(f"The configuration for cluster {settings.cluster_id} is good.")
        return
    certificate = ServingCertificate(certificate_files(settings, given))
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
    from sekisho.serve.webhook_file import webhook_file

    host = settings.hostname or settings.address
    shown = f"[{host}]" if ":" in host else host
    return webhook_file(f"https://{shown}:{settings.port}/authenticate", certificate.certificate_text())
