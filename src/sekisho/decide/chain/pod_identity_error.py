"""A refusal of EKS Pod Identity as EKS Auth spells it: code, HTTP status and text.

Source: EKS Auth API Reference, "AssumeRoleForPodIdentity", "Errors"; the text about the role is the
service's own. It never says why a role is out of reach; the chain does.

Differs: the texts of the errors about a token and a missing association are ours, since AWS documents the
codes alone.
"""

from collections.abc import Mapping
from typing import Final

from sekisho.decide.authn.service_account_code import ServiceAccountCode
from sekisho.decide.chain.pod_identity_to_aws import PodIdentityLink
from sekisho.decide.decision import Chain, ReasonCode
from sekisho.decide.proof.spelling import AwsError
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.pod_identity_code import PodIdentityCode

_ROLE: Final = AwsError(
    "AccessDeniedException",
    400,
    "Unauthorized Exception! EKS does not have permissions to assume the associated role.",
)
_INVALID: Final = "InvalidTokenException"

_TOKEN_TEXTS: Final[Mapping[ReasonCode, tuple[str, str]]] = {
    ServiceAccountCode.ISSUER: (_INVALID, "The token was not issued by the cluster."),
    ServiceAccountCode.MALFORMED: (_INVALID, "The token is not a service account token."),
    ServiceAccountCode.SIGNATURE: (_INVALID, "The signature of the token could not be verified."),
    ServiceAccountCode.CLAIMS: (_INVALID, "The token is not a service account token."),
    ServiceAccountCode.AUDIENCE: (_INVALID, "The audience of the token is not pods.eks.amazonaws.com."),
    ServiceAccountCode.EXPIRED: ("ExpiredTokenException", "The token is expired."),
    ServiceAccountCode.NOT_YET: (_INVALID, "The token is not valid yet."),
    ServiceAccountCode.ACCOUNT_GONE: (_INVALID, "The service account of the token does not exist."),
    ServiceAccountCode.ACCOUNT_OTHER: (_INVALID, "The service account of the token does not exist."),
    ServiceAccountCode.BOUND_GONE: (_INVALID, "The pod of the token does not exist."),
    ServiceAccountCode.BOUND_OTHER: (_INVALID, "The pod of the token does not exist."),
    PodIdentityCode.NOT_BOUND: (_INVALID, "The token is not bound to a pod."),
}


def pod_identity_error(chain: Chain) -> AwsError:
    """Return how EKS Auth words the refusal in ``chain``.

    Raises:
        ValueError: the chain allows: there is nothing to word.
    """
    failed = chain.failed
    if failed is None:
        raise ValueError("only a refusal is worded as an error")
    step = failed.decision.decisive[0]
    if failed.name == PodIdentityLink.TOKEN:
        code, text = _TOKEN_TEXTS[step.code]
        return AwsError(code, 400, text)
    if failed.name == PodIdentityLink.ASSOCIATION:
        account = dict(step.facts).get("account", "")
        text = f"No pod identity association found for service account: {account}"
        return AwsError("ResourceNotFoundException", 404, text)
    if step.code is StsCode.PACKED_TOO_LARGE:
        percent = dict(step.facts)["percent"]
        text = f"PackedPolicyTooLarge: policy and session tags consume {percent}% of the allotted space."
        return AwsError("InvalidRequestException", 400, text)
    return _ROLE
