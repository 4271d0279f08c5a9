"""EKS operations on OIDC identity providers of a cluster (EKS API Reference).

Source: EKS User Guide, "Grant users access to Kubernetes with an external OIDC provider".
A provider is ACTIVE when the answer is given, where EKS takes twenty minutes; the update still says
InProgress, and Successful to whoever asks next.
"""

from collections.abc import Mapping
from typing import Any

from sekisho.decide.authn.oidc.code import OidcFault
from sekisho.decide.authn.oidc.eks_provider import SAME_AS_CLUSTER, read_provider
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.decide.values.documents import to_json
from sekisho.facts import Cluster, ClusterIdentityProvider, Delete
from sekisho.facts.cluster_access import PROVIDER_TYPE
from sekisho.facts.cluster_providers import (
    identity_provider,
    identity_providers,
    provider_key,
    put_provider,
    with_providers,
)
from sekisho.lab.aws.eks.entries import DEFAULT_PAGE
from sekisho.lab.aws.eks.lookup import cluster_named, invalid_parameter, tags_given
from sekisho.lab.aws.eks.updates import described_update, known_update, new_update, put_update
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page

ASSOCIATE = "AssociateIdentityProviderConfig"
DISASSOCIATE = "DisassociateIdentityProviderConfig"
_AT = Ref("oidc")


def associate_identity_provider_config(context: Context, parameters: Parameters) -> Answer:
    """Associate a provider with a cluster; asked twice with one token it is associated once."""
    cluster = cluster_named(context, parameters["clusterName"])
    arn, token = str(cluster.arn), parameters.get("clientRequestToken") or ""
    wanted = parameters["oidc"]
    made = _made(context, arn, wanted, parameters.get("tags") or {}, token)
    told = _told(made.name)
    existing = identity_provider(context.facts, arn, made.name)
    known = known_update(context, cluster, token, ASSOCIATE, told)
    if known is not None and existing is not None and existing.fields() == made.fields():
        return Answer({"update": described_update(known), "tags": dict(existing.tags)})
    tags_given(parameters, cluster.name)
    try:
        read_provider(dict(wanted), with_providers(cluster, identity_providers(context.facts, arn)), _AT)
    except SekishoInputError as error:
        raise _refusal(error, cluster) from None
    update = new_update(context, cluster, ASSOCIATE, told, token)
    answer = {"update": described_update(update), "tags": dict(made.tags)}
    return Answer(answer, (put_provider(made), put_update(update)))


def describe_identity_provider_config(context: Context, parameters: Parameters) -> Answer:
    """Describe one provider of a cluster, with the defaults that EKS gave it."""
    cluster = cluster_named(context, parameters["clusterName"])
    found = _named(context, cluster, parameters)
    if found is None:
        kind, name = _asked(parameters)
        problem = f"No config found for cluster: {cluster.name}, config type: {kind}, config name: {name}"
        raise AwsError("ResourceNotFoundException", problem, 404, clusterName=cluster.name)
    return Answer({"identityProviderConfig": {PROVIDER_TYPE: _described(found, cluster)}})


def list_identity_provider_configs(context: Context, parameters: Parameters) -> Answer:
    """List the types and names of a cluster's providers."""
    cluster = cluster_named(context, parameters["clusterName"])
    every = [
        {"type": PROVIDER_TYPE, "name": one.name}
        for one in identity_providers(context.facts, str(cluster.arn))
    ]
    limit = parameters.get("maxResults") or DEFAULT_PAGE
    shown, token = page(every, parameters.get("nextToken"), limit)
    return Answer({"identityProviderConfigs": shown, **({"nextToken": token} if token else {})})


def disassociate_identity_provider_config(context: Context, parameters: Parameters) -> Answer:
    """Take a provider from a cluster: its tokens count no more."""
    cluster = cluster_named(context, parameters["clusterName"])
    token = parameters.get("clientRequestToken") or ""
    told = _told(_asked(parameters)[1])
    found = _named(context, cluster, parameters)
    if found is None:
        known = known_update(context, cluster, token, DISASSOCIATE, told)
        if known is not None:
            return Answer({"update": described_update(known)})
        problem = f"Identity provider config is not associated with cluster {cluster.name}"
        raise AwsError("InvalidRequestException", problem, clusterName=cluster.name)
    update = new_update(context, cluster, DISASSOCIATE, told, token)
    return Answer({"update": described_update(update)}, (Delete(provider_key(found)), put_update(update)))


OPERATIONS: dict[str, Operation] = {
    ASSOCIATE: associate_identity_provider_config,
    "DescribeIdentityProviderConfig": describe_identity_provider_config,
    DISASSOCIATE: disassociate_identity_provider_config,
    "ListIdentityProviderConfigs": list_identity_provider_configs,
}


def _made(
    context: Context, arn: str, wanted: Mapping[str, Any], tags: Mapping[str, str], token: str
) -> ClusterIdentityProvider:
    return ClusterIdentityProvider(
        cluster=arn,
        name=wanted["identityProviderConfigName"],
        issuer=wanted["issuerUrl"],
        client=wanted["clientId"],
        username_claim=wanted.get("usernameClaim") or "",
        username_prefix=wanted.get("usernamePrefix") or "",
        groups_claim=wanted.get("groupsClaim") or "",
        groups_prefix=wanted.get("groupsPrefix") or "",
        required_claims=tuple((wanted.get("requiredClaims") or {}).items()),
        uuid=context.ids.request_id(),
        tags=tuple(tags.items()),
        token=token,
    )


def _asked(parameters: Parameters) -> tuple[str, str]:
    asked = parameters["identityProviderConfig"]
    return asked["type"], asked["name"]


def _named(context: Context, cluster: Cluster, parameters: Parameters) -> ClusterIdentityProvider | None:
    kind, name = _asked(parameters)
    return identity_provider(context.facts, str(cluster.arn), name) if kind == PROVIDER_TYPE else None


def _told(name: str) -> tuple[tuple[str, str], ...]:
    told = to_json([{"type": PROVIDER_TYPE, "name": name}]).decode()
    return (("IdentityProviderConfig", told),)


def _refusal(error: SekishoInputError, cluster: Cluster) -> AwsError:
    """Return the first fault as EKS tells it: a conflict, a limit, or a parameter that is wrong."""
    fault = error.faults[0]
    if fault.problem == SAME_AS_CLUSTER:
        return invalid_parameter(fault.problem, cluster.name)
    member = ".".join(fault.at.tokens()) or "oidc"
    problem = f"{member}: {fault.problem}"
    match fault.code:
        case OidcFault.PROVIDER_IN_USE:
            return AwsError("ResourceInUseException", problem, 409, clusterName=cluster.name)
        case OidcFault.PROVIDER_LIMIT:
            return AwsError("InvalidRequestException", problem, clusterName=cluster.name)
        case _:
            return invalid_parameter(problem, cluster.name)


def _described(found: ClusterIdentityProvider, cluster: Cluster) -> Mapping[str, Any]:
    return {
        "identityProviderConfigArn": str(found.arn),
        "clusterName": cluster.name,
        **found.fields(),
        "usernameClaim": found.username_claim or "sub",
        "requiredClaims": dict(found.required_claims),
        "tags": dict(found.tags),
        "status": "ACTIVE",
    }
