"""The reason codes of EKS Pod Identity: why a pod obtains the role of an association, or does not."""

from sekisho.decide.decision import ReasonCode


class PodIdentityCode(ReasonCode):
    """Stable identifiers; `pod_identity_error` says what a client is told for each."""

    ASSOCIATED = (
        "pod-identity.associated",
        "the association {association} gives {account} the role {role}",
    )
    NO_ASSOCIATION = (
        "pod-identity.no-association",
        "no association of {cluster} is for the service account {account}",
    )
    NOT_READ = (
        "pod-identity.associations-unread",
        "the associations of {cluster} were not read: {reason}",
    )
    NOT_BOUND = (
        "pod-identity.token-not-bound",
        "the token of {account} is bound to no pod, so nobody knows for which pod it asks",
    )


class PodIdentityNear(ReasonCode):
    """What almost matched."""

    NAMESPACE = (
        "pod-identity.near.namespace",
        "the association {association} is for {found}, the same name in another namespace",
    )
    CASE = "pod-identity.near.account", "the association {association} is for {found}"


class PodIdentityFix(ReasonCode):
    """What would turn a refusal."""

    ASSOCIATE = (
        "pod-identity.fix.associate",
        (
            "associate {account} with a role: `aws eks create-pod-identity-association --cluster-name "
            "{cluster} --namespace {namespace} --service-account {name} --role-arn ROLE`"
        ),
    )
    BOUND_TOKEN = (
        "pod-identity.fix.bound-token",
        (
            "use the token that is mounted into the pod, or one of `kubectl create token {name} --namespace "
            "{namespace} --audience pods.eks.amazonaws.com --bound-object-kind Pod --bound-object-name POD`"
        ),
    )
    TRUST_EKS = (
        "pod-identity.fix.trust-eks",
        "let the service pods.eks.amazonaws.com {actions} in the trust policy of {role}",
    )
    TRUST_ROLE = (
        "pod-identity.fix.trust-role",
        "let {caller} {actions} in the trust policy of {role}, and allow the same to {caller}",
    )
