"""The text that AWS sends with AccessDenied.

Source: IAM User Guide, "Troubleshoot access denied error messages". The caller learns which
kind of policy refused, never which policy; the reasons in full belong in the journal.
"""

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.request.aws_request import ANY_RESOURCE, AwsRequest

_WITHOUT_REASON = frozenset({"sts"})
_EKS_LISTS_CLUSTERS = frozenset({"eks:listclusters", "eks:createcluster"})
_QUOTED = frozenset({"s3"})


def access_denied_text(request: AwsRequest, decision: Decision[None]) -> str:
    """Return the message of an AccessDenied for ``request``, refused by ``decision``.

    STS names no reason; neither is there one to give while the decision is UNKNOWN. For more
    than one resource the first is shown, as AWS does.
    """
    service = request.action.partition(":")[0].lower()
    resource = _shown(request, service)
    text = f"User: {request.principal.arn} is not authorized to perform: {request.action}"
    if resource:
        text += f" on resource: {resource}"
    if service in _WITHOUT_REASON:
        return text
    match decision.outcome:
        case Outcome.DENY:
            return f"{text} with an explicit deny in an identity-based policy"
        case Outcome.NO_OPINION:
            return f"{text} because no identity-based policy allows the {request.action} action"
        case _:
            return text


def _shown(request: AwsRequest, service: str) -> str:
    """Return the resource as the service spells it in its messages; empty if it names none."""
    resource = request.resources[0]
    if resource == ANY_RESOURCE:
        return _shown_without_type(request, service)
    if request.action.lower() == "iam:getrole":
        # Seen in reports by users: the name of the role instead of its ARN.
        return f"role {resource.rpartition('/')[2]}"
    return f'"{resource}"' if service in _QUOTED else resource


def _shown_without_type(request: AwsRequest, service: str) -> str:
    caller = request.principal.arn
    region = request.context.value("aws:RequestedRegion")
    if service == "eks" and isinstance(region, str):
        tail = "cluster/*" if request.action.lower() in _EKS_LISTS_CLUSTERS else ANY_RESOURCE
        return f"arn:{caller.partition}:eks:{region}:{caller.account}:{tail}"
    return "" if service in _QUOTED else ANY_RESOURCE
