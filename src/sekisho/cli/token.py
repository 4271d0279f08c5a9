"""``sekisho token``: a drop-in for ``aws eks get-token``."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, assert_never

import typer

from sekisho.cli.errors import note, report
from sekisho.connect.exec_credential import asked_version, exec_credential, render_json
from sekisho.connect.token_request import parse_token_request
from sekisho.connect.tokens import obtain_token


class TokenForm(StrEnum):
    """Spellings of the answer; kubectl reads json and yaml, text is the bare token."""

    JSON = "json"
    YAML = "yaml"
    TEXT = "text"


@report()
def token(
    cluster_name: Annotated[str | None, typer.Option("--cluster-name", help="Name of the cluster.")] = None,
    cluster_id: Annotated[
        str | None, typer.Option("--cluster-id", help="Id of a local cluster on Outposts, instead of a name.")
    ] = None,
    role_arn: Annotated[
        str | None, typer.Option("--role-arn", "--role", help="Assume this role and sign with its session.")
    ] = None,
    session_name: Annotated[
        str | None, typer.Option("--session-name", help="Name of that session, shown in audit logs.")
    ] = None,
    external_id: Annotated[
        str | None, typer.Option("--external-id", help="External id that the role's trust policy asks for.")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", help="AWS region.")] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="Profile of the AWS configuration.")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Sign a new token and keep none (cache: SEKISHO_TOKEN_CACHE).")
    ] = False,
    output: Annotated[TokenForm, typer.Option("--output", "-o", help="Form of the answer.")] = TokenForm.JSON,
) -> None:
    """Print a token for an EKS cluster, as kubectl wants it from a credential plugin.

    Example: sekisho token --cluster-name eks-clu --role-arn arn:aws:iam::111122223333:role/dev
    """
    request = parse_token_request(
        cluster_name=cluster_name,
        cluster_id=cluster_id,
        role_arn=role_arn,
        session_name=session_name,
        external_id=external_id,
        region=region,
        profile=profile,
    )
    version = asked_version(os.environ.get("KUBERNETES_EXEC_INFO", ""))
    if version.note:
        note(version.note)
    answer = obtain_token(request, environ=os.environ, home=Path.home(), note=note, use_cache=not no_cache)
    credential = exec_credential(answer, version.api_version)
    match output:
        case TokenForm.JSON:
            text = render_json(credential)
        case TokenForm.YAML:
            import yaml

            text = yaml.safe_dump(credential, sort_keys=False)
        case TokenForm.TEXT:
            text = answer.text.reveal() + "\n"
        case _:
            assert_never(output)
    sys.stdout.write(text)
