"""``sekisho whoami``: who you are for AWS, and for a cluster."""

import os
from typing import Annotated, Any

import typer

from sekisho.cli.errors import report
from sekisho.cli.output import Form, FormOption, Style, write, write_document

REVIEW_PATH = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@report()
def whoami(
    cluster: Annotated[
        str | None, typer.Option("--cluster", "--name", help="Name of a cluster to ask.")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", help="AWS region.")] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="Profile of the AWS configuration.")
    ] = None,
    output: FormOption = Form.TEXT,
) -> None:
    """Tell who you are for AWS (STS GetCallerIdentity) and, with --cluster, for that cluster.

    Example: sekisho whoami --cluster eks-clu

    JSON: {aws: {arn, account, userId}, kubernetes: {username, uid, groups, extra} or absent}.
    Exit code 4 if AWS or the cluster does not accept the credentials: `sekisho why --last` tells why.
    """
    from sekisho.connect.aws_session import open_client, open_session
    from sekisho.connect.kube.cluster_access import caller_identity

    identity = caller_identity(open_client(open_session(profile or "", region or "", os.environ), "sts"))
    answer: dict[str, Any] = {
        "aws": {"arn": str(identity.arn), "account": identity.account, "userId": identity.user_id}
    }
    if cluster is not None:
        answer["kubernetes"] = _ask_cluster(cluster, region, profile)
    if output is not Form.TEXT:
        write_document(answer, output)
        return
    style = Style.detect()
    write(f"{style.strong('AWS')}         {identity.arn} ({identity.user_id})")
    if "kubernetes" in answer:
        user = answer["kubernetes"]
        write(f"{style.strong('Kubernetes')}  user {user.get('username') or '(empty name)'}")
        write(f"            groups {', '.join(user.get('groups', ())) or 'none'}")


def _ask_cluster(cluster: str, region: str | None, profile: str | None) -> Any:
    from sekisho.connect.kube.cluster_access import open_cluster
    from sekisho.connect.token_request import parse_token_request
    from sekisho.connect.tokens import system_clock

    request = parse_token_request(cluster_name=cluster, cluster_id=None, region=region, profile=profile)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = open_cluster(request, os.environ, system_clock).client.create(REVIEW_PATH, review)
    status = answer.get("status")
    return status.get("userInfo", {}) if isinstance(status, dict) else {}
