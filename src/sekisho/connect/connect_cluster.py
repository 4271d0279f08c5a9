"""From a request to kubeconfig entries: ask EKS who the cluster is, then say how to be somebody there."""

from collections.abc import Mapping

from sekisho.connect.aws_session import current_keys, open_client, open_session, role_keys, selected_profile
from sekisho.connect.connection_request import ConnectionRequest
from sekisho.connect.describe_cluster import SESSION_NAME, describe_cluster
from sekisho.connect.kubeconfig import Entries, build_entries
from sekisho.connect.token_request import RoleToAssume


def entries_for(request: ConnectionRequest, environ: Mapping[str, str]) -> Entries:
    """Return the kubeconfig entries for ``request``, after one call of EKS DescribeCluster.

    The profile goes into the entries if somebody named one, by option or ``AWS_PROFILE``; the role of
    ``assume_role_arn`` serves this one call and does not.

    Raises:
        SekishoInputError: the AWS configuration is wrong or names no region.
        EnvironmentFailure: no credentials, no network, EKS or STS refused, or the cluster is not usable.
    """
    session = open_session(request.profile, request.region, environ)
    keys = current_keys(session)
    if request.assume_role_arn:
        role = RoleToAssume(request.assume_role_arn, SESSION_NAME)
        keys = role_keys(open_client(session, "sts", keys), role)
    return build_entries(
        describe_cluster(open_client(session, "eks", keys), request.name),
        role_arn=request.role_arn,
        profile=selected_profile(session),
        alias=request.alias,
        user_alias=request.user_alias,
        proxy_url=request.proxy_url,
        program=request.program,
    )
