"""``sekisho serve pod-identity-webhook``: flags to a serving webhook, or to the file that registers it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from sekisho.cli.errors import note, report
from sekisho.cli.output import write
from sekisho.cli.serve.options import ClientCaFile, LogFormat, Port, ShutdownDelay
from sekisho.serve.json_log import LogForm, start_log

if TYPE_CHECKING:
    from sekisho.serve.pod_identity_webhook.settings import Flags


class GoFlags(TyperCommand):
    """Takes ``--flag=true`` and ``--flag=false``, as Go programs do: manifests for one keep working."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Rewrite booleans with a value before they are parsed."""
        pairs = {
            option.opts[0]: option.secondary_opts[0]
            for option in self.params
            if getattr(option, "is_flag", False) and option.secondary_opts
        }
        return super().parse_args(ctx, [_rewritten(word, pairs) for word in args])


def _rewritten(word: str, pairs: dict[str, str]) -> str:
    name, _, value = word.partition("=")
    if name in pairs and value.lower() in ("true", "false"):
        return name if value.lower() == "true" else pairs[name]
    return word


@report()
def pod_identity_webhook(
    port: Port = 443,
    metrics_port: Annotated[
        int, typer.Option("--metrics-port", min=0, max=65535, help="Plain HTTP port for health, metrics.")
    ] = 9999,
    address: Annotated[str, typer.Option("--address", help="Address to listen at.")] = "0.0.0.0",  # noqa: S104 - in a pod
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help="Certificate chain to serve with, PEM; followed.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Its key, PEM; followed.")] = None,
    client_ca: ClientCaFile = None,
    in_cluster: Annotated[
        bool,
        typer.Option(
            "--in-cluster/--no-in-cluster",
            help="Without --tls-cert: make a certificate, keep it in a Secret.",
        ),
    ] = True,
    namespace: Annotated[
        str, typer.Option("--namespace", help="Namespace of its Service, Secret and ConfigMap.")
    ] = "eks",
    service_name: Annotated[
        str, typer.Option("--service-name", help="Its Service.")
    ] = "pod-identity-webhook",
    tls_secret: Annotated[
        str, typer.Option("--tls-secret", help="Secret of its own certificate.")
    ] = "pod-identity-webhook",  # noqa: S107 - a name
    configuration: Annotated[
        str,
        typer.Option(
            "--webhook-configuration", help="MutatingWebhookConfiguration whose caBundle it writes."
        ),
    ] = "pod-identity-webhook",
    state_dir: Annotated[
        str, typer.Option("--state-dir", help="Folder of the files of its own certificate.")
    ] = "/var/run/sekisho-pod-identity-webhook",
    kubeconfig: Annotated[
        str, typer.Option("--kubeconfig", help="How to reach the cluster; else as a pod.")
    ] = "",
    kube_api: Annotated[
        str, typer.Option("--kube-api", help="URL of the cluster instead of the file's.")
    ] = "",
    prefix: Annotated[
        str, typer.Option("--annotation-prefix", help="What the annotations begin with.")
    ] = "eks.amazonaws.com",
    audience: Annotated[
        str, typer.Option("--token-audience", help="Audience of tokens without an annotation.")
    ] = "sts.amazonaws.com",
    expiration: Annotated[
        int, typer.Option("--token-expiration", help="Seconds that tokens last without an annotation.")
    ] = 86_400,
    mount_path: Annotated[
        str, typer.Option("--token-mount-path", help="Where tokens are mounted.")
    ] = "/var/run/secrets/eks.amazonaws.com/serviceaccount",
    region: Annotated[
        str, typer.Option("--aws-default-region", help="Region that containers get; empty: none.")
    ] = "",
    regional_sts: Annotated[
        bool,
        typer.Option(
            "--sts-regional-endpoint/--no-sts-regional-endpoint", help="Inject AWS_STS_REGIONAL_ENDPOINTS."
        ),
    ] = False,
    compose: Annotated[
        bool,
        typer.Option(
            "--compose-role-arn/--no-compose-role-arn",
            help="Take annotations that are names for roles of --account.",
        ),
    ] = False,
    account: Annotated[str, typer.Option("--account", help="Account of --compose-role-arn.")] = "",
    partition: Annotated[str, typer.Option("--partition", help="Partition of --compose-role-arn.")] = "aws",
    watch_config_map: Annotated[
        bool,
        typer.Option(
            "--watch-config-map/--no-watch-config-map",
            help="Read roles from the ConfigMap pod-identity-webhook.",
        ),
    ] = False,
    identities: Annotated[
        Path | None,
        typer.Option(
            "--watch-container-credentials-config", help="File of accounts with EKS Pod Identity; followed."
        ),
    ] = None,
    container_audience: Annotated[
        str, typer.Option("--container-credentials-audience", help="Audience of its tokens.")
    ] = "pods.eks.amazonaws.com",
    container_mount: Annotated[
        str, typer.Option("--container-credentials-mount-path", help="Where its tokens are mounted.")
    ] = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount",
    container_volume: Annotated[
        str, typer.Option("--container-credentials-volume-name", help="Name of its volume.")
    ] = "eks-pod-identity-token",
    container_token: Annotated[
        str, typer.Option("--container-credentials-token-path", help="File of its token in the volume.")
    ] = "eks-pod-identity-token",  # noqa: S107 - a name
    container_uri: Annotated[
        str, typer.Option("--container-credentials-full-uri", help="Where containers ask for credentials.")
    ] = "http://169.254.170.23/v1/credentials",
    lookup_seconds: Annotated[
        float,
        typer.Option(
            "--account-lookup-seconds", min=0.05, max=5, help="How long the cluster is asked for an account."
        ),
    ] = 1.0,
    shutdown_delay: ShutdownDelay = 0.0,
    log_format: LogFormat = LogForm.JSON,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log pods of nobody, too.")] = False,
    print_configuration: Annotated[
        bool,
        typer.Option("--print-configuration", help="Print the MutatingWebhookConfiguration and end."),
    ] = False,
    check_only: Annotated[bool, typer.Option("--check", help="Check the flags, say so, end.")] = False,
) -> None:
    """Answer AdmissionReviews of a kube-apiserver: pods of annotated service accounts get their IAM role.

    In the place of amazon-eks-pod-identity-webhook.

    Examples:
    sekisho serve pod-identity-webhook --namespace eks --print-configuration | kubectl apply -f -

    sekisho serve pod-identity-webhook --kubeconfig admin.conf --tls-cert a.crt --tls-key a.key --port 8443
    """
    from sekisho.decide.workload.settings import Settings, TokenVolume
    from sekisho.serve.pod_identity_webhook.settings import DEFAULT_CERTIFICATES, Flags, check

    if not in_cluster and tls_cert is None and tls_key is None:
        tls_cert, tls_key = DEFAULT_CERTIFICATES / "tls.crt", DEFAULT_CERTIFICATES / "tls.key"
    if compose and not (account.isascii() and account.isdecimal() and len(account) == 12):
        raise typer.BadParameter("--compose-role-arn needs --account, 12 digits")
    mutation = Settings(
        annotation_prefix=prefix,
        audience=audience,
        mount_path=mount_path,
        expiration=expiration,
        region=region,
        regional_sts=regional_sts,
        compose_role_arn=f"arn:{partition}:iam::{account}:role/" if compose else "",
        container_token=TokenVolume(container_volume, container_mount, container_token, container_audience),
        container_uri=container_uri,
    )
    flags = Flags(
        mutation,
        address,
        port,
        metrics_port,
        tls_cert,
        tls_key,
        client_ca,
        namespace,
        service_name,
        tls_secret,
        configuration,
        Path(state_dir),
        kubeconfig,
        kube_api,
        watch_config_map,
        identities,
        lookup_seconds,
        shutdown_delay,
    )
    check(flags)
    if print_configuration:
        write(_configuration(flags))
    elif check_only:
        write("The flags are good.")
    else:
        start_log(log_format, verbose=verbose)
        _run(flags)


def _configuration(flags: "Flags") -> str:
    import yaml

    from sekisho.decide.values import JsonObject
    from sekisho.decide.workload.registration import configuration

    service: JsonObject = {
        "name": flags.service_name,
        "namespace": flags.namespace,
        "path": "/mutate",
        "port": 443,
    }
    document = configuration(flags.configuration, {"service": service})
    return yaml.safe_dump(document, sort_keys=False).rstrip("\n")


def _run(flags: "Flags") -> None:
    import asyncio

    from sekisho.serve.pod_identity_webhook import start
    from sekisho.wire.http.event_loop import loop_factory

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(
            start.serve(
                flags,
                os.environ,
                lambda server: note(f"serving at https://{flags.address}:{server.port}/mutate"),
            )
        )
