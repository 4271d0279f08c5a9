"""What EKS takes for a Pod Identity association, in its own words.

Source: EKS API Reference, "CreatePodIdentityAssociation" and "UpdatePodIdentityAssociation"; EKS User Guide,
"Assign an IAM role to a Kubernetes service account". The texts about the role are EKS's own.
Differs: the texts about names, the target role and the session policy are ours.
"""

import re
from typing import Final

from sekisho.decide.eks.service_trust import trusts_service
from sekisho.decide.iam import PolicyKind, parse_policy
from sekisho.decide.sts.assume_role import ACTION, TAG_SESSION, role_arn
from sekisho.decide.sts.pod_identity import SERVICE
from sekisho.decide.values import Arn, Ref, SekishoInputError

ROLE_UNKNOWN: Final = "Role provided in the request does not exist."
TRUST_INVALID: Final = "Trust policy of the role provided is invalid."
OTHER_ACCOUNT: Final = (
    "Cross-account pass role is not allowed. The role provided must be in the account of the cluster."
)
NEEDS_NO_TAGS: Final = "disableSessionTags must be set to true when policy is specified."
MAX_POLICY_CHARS: Final = 2048

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def fault_of_names(namespace: str, service_account: str) -> str:
    """Return what is wrong with the names of the namespace and the account; empty if nothing is. Total.

    Neither has to exist, but names that no cluster takes are refused.
    """
    if not _LABEL.fullmatch(namespace):
        return f"The namespace {namespace[:64]} is invalid: expected a name of a Kubernetes namespace."
    if not _SUBDOMAIN.fullmatch(service_account):
        return f"The service account {service_account[:64]} is invalid: expected a Kubernetes name."
    return ""


def fault_of_role(role: str, account: str) -> str:
    """Return what is wrong with the ARN of the role; empty if nothing is. It is of the cluster's account."""
    arn = role_arn(role)
    if arn is None:
        return f"The role ARN {role[:200]} is invalid."
    return OTHER_ACCOUNT if arn.account != account else ""


def fault_of_target(target: str, role: str) -> str:
    """Return what is wrong with the ARN of a target role; empty if nothing is. Any account may own it."""
    if role_arn(target) is None:
        return f"The target role ARN {target[:200]} is invalid."
    return "The target role must not be the role of the association." if target == role else ""


def fault_of_policy(policy: str, *, disable_session_tags: bool) -> str:
    """Return what is wrong with a session policy; empty if nothing is."""
    if not disable_session_tags:
        return NEEDS_NO_TAGS
    if len(policy) > MAX_POLICY_CHARS:
        return f"The policy is longer than {MAX_POLICY_CHARS} characters."
    try:
        parse_policy(policy, Ref("policy"), PolicyKind.SESSION)
    except SekishoInputError as error:
        return f"The policy is not valid: {error.faults[0].problem}."
    return ""


def trusts_eks(trust: str, role: Arn) -> bool:
    """Tell whether a trust policy lets EKS assume the role and tag the session, under any condition. Total.

    EKS asks it when an association is made; whether the conditions hold shows with each pod.
    """
    return trusts_service(trust, role, SERVICE, ACTION, TAG_SESSION)
