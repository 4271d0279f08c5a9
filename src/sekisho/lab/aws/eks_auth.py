"""EKS Auth: what the Pod Identity agent of a node asks with a pod's token (EKS Auth API Reference).

The node's role needs eks-auth:AssumeRoleForPodIdentity; the token says whose pod it is. The rules are
`sekisho.decide.chain.pod_identity_to_aws`; here credentials are made.
"""

from typing import Any

from sekisho.decide.authn.service_account_token import TokenIssuer
from sekisho.decide.chain.pod_identity_error import pod_identity_error
from sekisho.decide.chain.pod_identity_to_aws import PodIdentityAnswer, decide_token
from sekisho.decide.request.aws_request import Context as ConditionContext
from sekisho.decide.sts.pod_identity import SERVICE
from sekisho.decide.values import Secret
from sekisho.facts import Cluster, PodIdentityAssociation
from sekisho.facts.pod_identity import association_for, pod_identity_of
from sekisho.facts.sts_facts import SnapshotStsFacts
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.sts import issue
from sekisho.lab.kube.stored_objects import StoredObjects
from sekisho.wire.aws_managed_policies import aws_policy_text

API_AUDIENCES = ("https://kubernetes.default.svc",)
"""What EKS starts its API servers with; a pod's own token for AWS has another audience."""


def assume_role_for_pod_identity(context: Context, parameters: Parameters) -> Answer:
    """Give out a session of the role that a pod's service account is associated with."""
    name = parameters["clusterName"]
    cluster = context.facts.cluster(context.account, context.region, name)
    if cluster is None:
        raise AwsError("ResourceNotFoundException", f"No cluster found for name: {name}.", 404)
    assert context.issuer_keys is not None  # noqa: S101 - the door gives it to every operation
    issuer = TokenIssuer(cluster.issuer, API_AUDIENCES, context.issuer_keys(cluster.issuer))
    keys = {
        "aws:CurrentTime": context.now.rfc3339(),
        "aws:EpochTime": str(int(context.now.epoch)),
        "aws:RequestedRegion": context.region,
        "aws:SecureTransport": "true",
    }
    answer = decide_token(
        Secret(parameters["token"]),
        pod_identity_of(context.facts, cluster),
        issuer,
        StoredObjects(context.facts, cluster),
        context.ids.request_id(),
        SnapshotStsFacts(context.facts, aws_policy_text),
        context.now,
        ConditionContext.of(keys),
    )
    if answer.session is None:
        told = pod_identity_error(answer.chain)
        error = AwsError(told.code, told.message, told.http_status)
        error.chain = answer.chain
        raise error
    output, events, secrets = issue(context.facts, context.ids, context.now, answer.session)
    return Answer(_described(context, cluster, answer, output["Credentials"]), events, secrets)


OPERATIONS: dict[str, Operation] = {"AssumeRoleForPodIdentity": assume_role_for_pod_identity}


def _described(context: Context, cluster: Cluster, answer: PodIdentityAnswer, given: Any) -> dict[str, Any]:
    subject, session = answer.subject, answer.session
    assert subject is not None  # noqa: S101 - an answer with a session has both
    assert session is not None  # noqa: S101
    found = association_for(context.facts, str(cluster.arn), subject.namespace, subject.service_account)
    assert isinstance(found, PodIdentityAssociation)  # noqa: S101 - it was decided about
    return {
        "subject": {"namespace": subject.namespace, "serviceAccount": subject.service_account},
        "audience": SERVICE,
        "podIdentityAssociation": {
            "associationArn": str(found.arn),
            "associationId": found.association,
        },
        "assumedRoleUser": {
            "arn": str(session.principal.arn),
            "assumeRoleId": session.principal.user_id,
        },
        "credentials": {
            "accessKeyId": given["AccessKeyId"],
            "secretAccessKey": given["SecretAccessKey"],
            "sessionToken": given["SessionToken"],
            "expiration": given["Expiration"],
        },
    }
