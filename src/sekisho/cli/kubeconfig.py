"""``sekisho kubeconfig``: what ``aws eks update-kubeconfig`` does, without ever leaving half a file."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from sekisho.cli.errors import note, report
from sekisho.connect.connection_request import ConnectionRequest, check_connection_request
from sekisho.connect.exec_program import ExecProgram


@report()
def kubeconfig(
    name: Annotated[str, typer.Option("--name", help="Name of the cluster.")],
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
) -> None:
    """Add an EKS cluster to a kubeconfig and make it the current context.

    Example: sekisho kubeconfig --name eks-clu --region ap-northeast-1 --exec sekisho
    """
    request = check_connection_request(
        ConnectionRequest(
            name=name,
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
    from sekisho.connect.kubeconfig_file import candidate_files, choose_file, preview, write_entries
    from sekisho.connect.kubeconfig_text import dump

    candidates = candidate_files(file, os.environ, Path.home())
    entries = entries_for(request, os.environ)
    path = choose_file(candidates, str(entries.cluster["name"]), note)
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
