"""EKS operations on Pod Identity associations (EKS API Reference, "PodIdentityAssociation").

An association counts for the next request of a pod on; pods that run already get no variables by it, and
credentials that were given out stay what they are until they end.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.decide.eks.association_rules import (
    ROLE_UNKNOWN,
    TRUST_INVALID,
    fault_of_names,
    fault_of_policy,
    fault_of_role,
    fault_of_target,
    trusts_eks,
)
from sekisho.decide.sts.pod_identity import PodSubject, external_id
from sekisho.decide.values import Arn
from sekisho.facts import Cluster, Delete, Key, Kind, PodIdentityAssociation, Put
from sekisho.facts.pod_identity import association_for, association_key, associations_of
from sekisho.lab.aws.eks.lookup import cluster_named, invalid_parameter, tags_given
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page

MAX_ASSOCIATIONS = 5_000
"""Service quota "EKS Pod Identity associations per cluster"."""

DEFAULT_PAGE = 100


def create_pod_identity_association(context: Context, parameters: Parameters) -> Answer:
    """Associate a service account, which need not exist, with a role; asked twice with one token, once."""
    cluster = cluster_named(context, parameters["clusterName"])
    wanted = _wanted(context, cluster, parameters)
    arn = str(cluster.arn)
    existing = association_for(context.facts, arn, wanted.namespace, wanted.service_account)
    if existing is not None:
        asked = replace(
            wanted,
            association=existing.association,
            created=existing.created,
            modified=existing.modified,
        )
        if wanted.token and asked == existing:
            return Answer({"association": described(existing)})
        raise AwsError(
            "ResourceInUseException",
            f"Association already exists: {existing.association}",
            409,
            clusterName=cluster.name,
        )
    if len(associations_of(context.facts, arn)) >= MAX_ASSOCIATIONS:
        raise AwsError(
            "ResourceLimitExceededException",
            f"a cluster has at most {MAX_ASSOCIATIONS} Pod Identity associations",
            clusterName=cluster.name,
        )
    _hold_to_rules(context, cluster, wanted)
    return Answer({"association": described(wanted)}, (Put(association_key(wanted), wanted),))


def describe_pod_identity_association(context: Context, parameters: Parameters) -> Answer:
    """Describe an association."""
    cluster = cluster_named(context, parameters["clusterName"])
    return Answer({"association": described(_association(context, cluster, parameters["associationId"]))})


def update_pod_identity_association(context: Context, parameters: Parameters) -> Answer:
    """Replace roles, session tags or session policy; an empty text removes what it names."""
    cluster = cluster_named(context, parameters["clusterName"])
    found = _association(context, cluster, parameters["associationId"])
    if not {"roleArn", "targetRoleArn", "disableSessionTags", "policy"} & set(parameters):
        raise invalid_parameter(
            "At least one of roleArn, targetRoleArn, disableSessionTags and policy must be specified.",
            cluster.name,
        )
    target = parameters.get("targetRoleArn", found.target_role)
    changed = replace(
        found,
        role=parameters.get("roleArn", found.role),
        target_role=target,
        external_id=_external_id(cluster, found) if target else "",
        disable_session_tags=parameters.get("disableSessionTags", found.disable_session_tags),
        policy=parameters.get("policy", found.policy),
        modified=context.now,
    )
    _hold_to_rules(context, cluster, changed)
    return Answer({"association": described(changed)}, (Put(association_key(changed), changed),))


def delete_pod_identity_association(context: Context, parameters: Parameters) -> Answer:
    """Delete an association; sessions that were given out live until they end."""
    cluster = cluster_named(context, parameters["clusterName"])
    found = _association(context, cluster, parameters["associationId"])
    return Answer({"association": described(found)}, (Delete(association_key(found)),))


def list_pod_identity_associations(context: Context, parameters: Parameters) -> Answer:
    """List the associations of a cluster, of a namespace or of a service account; the roles are not told."""
    cluster = cluster_named(context, parameters["clusterName"])
    namespace, account = parameters.get("namespace"), parameters.get("serviceAccount")
    if account is not None and namespace is None:
        raise invalid_parameter("namespace must be specified when serviceAccount is specified.", cluster.name)
    found = sorted(
        (
            one
            for one in associations_of(context.facts, str(cluster.arn))
            if namespace in (None, one.namespace) and account in (None, one.service_account)
        ),
        key=lambda one: (one.namespace, one.service_account),
    )
    limit = parameters.get("maxResults") or DEFAULT_PAGE
    shown, token = page([_summary(one) for one in found], parameters.get("nextToken"), limit)
    return Answer({"associations": shown, **({"nextToken": token} if token else {})})


OPERATIONS: dict[str, Operation] = {
    "CreatePodIdentityAssociation": create_pod_identity_association,
    "DeletePodIdentityAssociation": delete_pod_identity_association,
    "DescribePodIdentityAssociation": describe_pod_identity_association,
    "ListPodIdentityAssociations": list_pod_identity_associations,
    "UpdatePodIdentityAssociation": update_pod_identity_association,
}


def described(found: PodIdentityAssociation) -> Mapping[str, Any]:
    """Return an association as the API describes it."""
    target: dict[str, Any] = {}
    if found.target_role:
        target = {"targetRoleArn": found.target_role, "externalId": found.external_id}
    return {
        **_summary(found),
        "roleArn": found.role,
        "tags": dict(found.tags),
        "createdAt": found.created,
        "modifiedAt": found.modified,
        "disableSessionTags": found.disable_session_tags,
        **target,
        **({"policy": found.policy} if found.policy else {}),
    }


def association_by_arn(context: Context, cluster: Cluster, arn: Arn) -> PodIdentityAssociation | None:
    """Return the association with this ARN; None if the cluster has none."""
    every = associations_of(context.facts, str(cluster.arn))
    return next((one for one in every if one.arn == arn), None)


def _summary(found: PodIdentityAssociation) -> Mapping[str, Any]:
    return {
        "clusterName": Arn.parse(found.cluster).resource.partition("/")[2],
        "namespace": found.namespace,
        "serviceAccount": found.service_account,
        "associationArn": str(found.arn),
        "associationId": found.association,
    }


def _association(context: Context, cluster: Cluster, association: str) -> PodIdentityAssociation:
    found = context.facts.get(Key(Kind.POD_IDENTITY, str(cluster.arn), association))
    if not isinstance(found, PodIdentityAssociation):
        raise AwsError(
            "ResourceNotFoundException",
            f"No pod identity association found for association ID: {association}",
            404,
            clusterName=cluster.name,
        )
    return found


def _wanted(context: Context, cluster: Cluster, parameters: Parameters) -> PodIdentityAssociation:
    """Return the association that was asked for, with a new id.

    Raises:
        AwsError: InvalidParameterException.
    """
    namespace, account = parameters["namespace"], parameters["serviceAccount"]
    problem = fault_of_names(namespace, account)
    if problem:
        raise invalid_parameter(problem, cluster.name)
    tags = tags_given(parameters, cluster.name)
    target = parameters.get("targetRoleArn") or ""
    found = PodIdentityAssociation(
        str(cluster.arn),
        f"a-{context.ids.unique_id('')[:18].lower()}",
        namespace,
        account,
        parameters["roleArn"],
        context.now,
        context.now,
        bool(parameters.get("disableSessionTags")),
        target,
        "",
        parameters.get("policy") or "",
        tags,
        parameters.get("clientRequestToken") or "",
    )
    return replace(found, external_id=_external_id(cluster, found)) if target else found


def _external_id(cluster: Cluster, found: PodIdentityAssociation) -> str:
    return external_id(PodSubject(str(cluster.arn), "", found.namespace, found.service_account))


def _hold_to_rules(context: Context, cluster: Cluster, wanted: PodIdentityAssociation) -> None:
    """Refuse roles and a policy that EKS does not take.

    Raises:
        AwsError: InvalidParameterException.
    """
    problem = fault_of_role(wanted.role, cluster.account)
    if not problem and wanted.target_role:
        problem = fault_of_target(wanted.target_role, wanted.role)
    if not problem and wanted.policy:
        problem = fault_of_policy(wanted.policy, disable_session_tags=wanted.disable_session_tags)
    if not problem:
        arn = Arn.parse(wanted.role)
        role = context.facts.role(arn.account, arn.resource.rpartition("/")[2])
        if role is None or role.arn != arn:
            problem = ROLE_UNKNOWN
        elif not trusts_eks(role.trust, arn):
            problem = TRUST_INVALID
    if problem:
        raise invalid_parameter(problem, cluster.name)
