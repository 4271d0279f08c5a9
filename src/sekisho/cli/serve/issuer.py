"""``sekisho serve issuer``: discovery and key documents for IRSA on a cluster that is not EKS."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.output import Form, FormOption, write, write_document
from sekisho.cli.serve.options import (
    Address,
    CertificateFile,
    HealthPort,
    KeyFile,
    LogFormat,
    Port,
    ShutdownDelay,
)
from sekisho.serve.json_log import LogForm, start_log


@report()
def issuer(
    url: Annotated[
        str, typer.Option("--issuer", help="The issuer, as --service-account-issuer of kube-apiserver.")
    ],
    public_keys: Annotated[
        list[Path] | None,
        typer.Option("--public-key", help="A --service-account-key-file, PEM; repeat it, the signer first."),
    ] = None,
    kubeconfig: Annotated[
        str, typer.Option("--kubeconfig", help="Ask this cluster for its keys; in a pod it is its own.")
    ] = "",
    keys_path: Annotated[
        str, typer.Option("--keys-path", help="Path of the key document below the issuer.")
    ] = "keys.json",
    folder: Annotated[
        Path | None,
        typer.Option("--write", help="Write the documents into this folder, for a bucket, and end."),
    ] = None,
    show_plan: Annotated[
        bool, typer.Option("--plan", help="Say what a rotation needs and what each key may do now, and end.")
    ] = False,
    max_age: Annotated[
        int, typer.Option("--max-age", min=0, max=86_400, help="Seconds for which the documents may be kept.")
    ] = 3_600,
    longest_token: Annotated[
        int, typer.Option("--longest-token", min=600, help="Longest life of a token, in seconds.")
    ] = 86_400,
    address: Address = "127.0.0.1",
    port: Port = 8443,
    health_port: HealthPort = 8444,
    state_dir: Annotated[
        Path | None, typer.Option("--state-dir", help="Folder of the record of keys; else none is kept.")
    ] = None,
    tls_cert_file: CertificateFile = None,
    tls_key_file: KeyFile = None,
    shutdown_delay: ShutdownDelay = 0.0,
    log_format: LogFormat = LogForm.JSON,
    output: FormOption = Form.TEXT,
) -> None:
    """Publish what AWS needs to verify a cluster's service account tokens, as files or over TLS.

    Keys that no API server has any more stay published until their last token has ended.

    Examples:
    sekisho serve issuer --issuer https://oidc.example.com/prod --public-key sa.pub --write ./bucket

    sekisho serve issuer --issuer https://o.example.com/a --tls-cert-file t.crt --tls-private-key-file t.key
    """
    from sekisho.serve.issuer import start
    from sekisho.serve.issuer.documents import Issuer
    from sekisho.serve.server import Listening

    flags = start.Flags(
        Issuer.parse(url, keys_path),
        tuple(public_keys or ()),
        kubeconfig,
        state_dir,
        timedelta(seconds=max_age),
        timedelta(seconds=longest_token),
    )
    if folder is not None or show_plan:
        made = start.publish_once(flags, os.environ, folder)
        if output is not Form.TEXT:
            write_document({"files": [str(path) for path in made.files], "keys": list(made.plan)}, output)
            return
        for path in made.files:
            write(f"wrote {path}")
        for row in made.plan:
            until = f" until {row['until']}" if row["until"] else ""
            write(f"key {row['kid']}: {row['use']}{until}")
        if show_plan:
            write("A rotation:")
            for number, step in enumerate(made.steps, 1):
                write(f"  {number}. {step}")
        return
    if tls_cert_file is None or tls_key_file is None:
        raise typer.BadParameter(
            "--tls-cert-file and --tls-private-key-file are needed: AWS asks by https and trusts public roots"
        )
    start_log(log_format, verbose=False)
    listening = Listening(address, port, health_port, shutdown_delay)
    start.run(
        flags,
        os.environ,
        listening,
        (tls_cert_file, tls_key_file),
        lambda server: note(f"serving {url} at https://{address}:{server.port}{flags.issuer.path}"),
    )
