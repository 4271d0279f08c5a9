"""``sekisho kubeconfig``: what ``aws eks update-kubeconfig`` does, without ever leaving half a file."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.kubeconfig_oidc import check_cluster, login_options
from sekisho.connect.connection_request import ConnectionRequest, check_connection_request
from sekisho.connect.exec_program import ExecProgram
from sekisho.connect.login.kubeconfig_user import LoginOptions, with_login


@report()
def kubeconfig(
    name: Annotated[str | None, typer.Option("--name", help="Name of the cluster.")] = None,
    file: Annotated[
        str | None,
        typer.Option("--kubeconfig", help="File to change, instead of KUBECONFIG or ~/.kube/config."),
    ] = None,
    role_arn: Annotated[
        str | None, typer.Option("--role-arn", help="Role to be in the cluster, assumed for each token.")
    ] = None,
    alias: Annotated[str | None, typer.Option("--alias", help="Name of the context.")] = None,
    user_alias: Annotated[str | None, typer.Option("--user-alias", help="Name of the user entry.")] = None,
    proxy_url: Annotated[
        str | None, typer.Option("--proxy-url", help="Proxy between kubectl and the cluster.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the result and write nothing.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print the three entries too.")] = False,
    region: Annotated[str | None, typer.Option("--region", help="AWS region.")] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="Profile of the AWS configuration.")
    ] = None,
    assume_role_arn: Annotated[
        str | None,
        typer.Option("--assume-role-arn", help="Role to ask EKS as, for clusters of other accounts."),
    ] = None,
    program: Annotated[
        ExecProgram, typer.Option("--exec", help="Program kubectl is to run for tokens.")
    ] = ExecProgram.AWS,
    oidc: Annotated[
        bool, typer.Option("--oidc", help="Sign in by OpenID Connect (sekisho login) instead of IAM.")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", help="With --oidc: a cluster that the file has already, of any kind."),
    ] = None,
    issuer: Annotated[
        str | None, typer.Option("--issuer", help="With --oidc: URL of the issuer, as the cluster has it.")
    ] = None,
    client_id: Annotated[
        str | None, typer.Option("--client-id", help="With --oidc: client that tokens are for.")
    ] = None,
    client_secret_file: Annotated[
        str | None, typer.Option("--client-secret-file", help="With --oidc: file with the client's secret.")
    ] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="With --oidc: scopes beside openid.")] = None,
    certificate_authority: Annotated[
        str | None,
        typer.Option("--certificate-authority", help="With --oidc: PEM file of the issuer."),
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="With --oidc: your own name for who signs in.")
    ] = None,
    listen: Annotated[
        str | None, typer.Option("--listen", help="With --oidc: ports for the browser to come back to.")
    ] = None,
    redirect_path: Annotated[
        str | None, typer.Option("--redirect-path", help="With --oidc: path of the redirect URI.")
    ] = None,
) -> None:
    """Add an EKS cluster to a kubeconfig and make it the current context.

    Example: sekisho kubeconfig --name eks-clu --region ap-northeast-1 --exec sekisho

    Example: sekisho kubeconfig --oidc --cluster prod --issuer https://issuer.example.com --client-id kube
    """
    given = LoginOptions(
        issuer or "",
        client_id or "",
        client_secret_file or "",
        scope or "",
        certificate_authority or "",
        account or "",
        listen or "",
        redirect_path or "",
    )
    login = login_options(given, oidc=oidc, iam={"--role-arn": role_arn})
    check_cluster(name, cluster, login)
    from sekisho.connect.kubeconfig_file import (
        candidate_files,
        choose_file,
        cluster_entries,
        preview,
        write_entries,
    )
    from sekisho.connect.kubeconfig_text import dump

    candidates = candidate_files(file, os.environ, Path.home())
    if cluster:
        path = choose_file(candidates, cluster, note)
        entries = cluster_entries(path, cluster)
    else:
        request = check_connection_request(
            ConnectionRequest(
                name=name or "",
                role_arn=role_arn or "",
                alias=alias or "",
                user_alias=user_alias or "",
                proxy_url=proxy_url or "",
                region=region or "",
                profile=profile or "",
                assume_role_arn=assume_role_arn or "",
                program=program,
            )
        )
        from sekisho.connect.connect_cluster import entries_for

        entries = entries_for(request, os.environ)
        path = choose_file(candidates, str(entries.cluster["name"]), note)
    if login is not None:
        entries = with_login(entries, login, alias=alias or "", user_alias=user_alias or "")
    if dry_run:
        sys.stdout.write(preview(path, entries).text)
        return
    done = write_entries(path, entries)
    context = entries.context["name"]
    sys.stdout.write(
        f"Updated context {context} in {path}\n"
        if done.was_known
        else f"Added new context {context} to {path}\n"
    )
    if verbose:
        shown = (dump(dict(entry)) for entry in (entries.context, entries.user, entries.cluster))
        sys.stdout.write("Entries:\n\n" + "".join(f"{text}\n" for text in shown))
