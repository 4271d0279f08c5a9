"""The text that AWS sends with AccessDenied.

Source: IAM User Guide, "Troubleshoot access denied error messages". The caller learns which
kind of policy refused, never which policy; the reasons in full belong in the journal.
"""

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.iam.layers import Layer
from sekisho.decide.iam.principals import caller_name
from sekisho.decide.iam.rules import crosses_accounts
from sekisho.decide.request.aws_request import ANY_RESOURCE, AwsRequest
from sekisho.decide.values import FederatedPrincipal, Principal

_WITHOUT_REASON = frozenset({"sts"})
_EKS_LISTS_CLUSTERS = frozenset({"eks:listclusters", "eks:createcluster"})
_QUOTED = frozenset({"s3"})
_NAMES_NO_ANY = frozenset({"s3", "ec2"})
"""Services that name no resource where an operation is on none in particular."""


def access_denied_text(request: AwsRequest, decision: Decision[None]) -> str:
    """Return the message of an AccessDenied for ``request``, refused by ``decision`` of `explain`.

    Names the layer of the first decisive step, as AWS names one where several refuse. STS names no
    reason; neither is there one to give while the decision is UNKNOWN. For more than one resource the
    first is shown, as AWS does.
    """
    service = request.action.partition(":")[0].lower()
    caller = request.principal
    if isinstance(caller, FederatedPrincipal):
        # Nobody is there yet whom the message could name.
        return f"Not authorized to perform {request.action}"
    if service in _QUOTED and (not isinstance(caller, Principal) or crosses_accounts(request)):
        # S3 tells nobody from outside more (S3 User Guide, "Troubleshoot access denied errors").
        return "Access Denied"
    resource = _shown(request, service)
    who = str(caller.arn) if isinstance(caller, Principal) else caller_name(caller)
    text = f"User: {who} is not authorized to perform: {request.action}"
    if resource:
        text += f" on resource: {resource}"
    reason = _reason(request, decision)
    return f"{text} {reason}" if reason and service not in _WITHOUT_REASON else text


def _reason(request: AwsRequest, decision: Decision[None]) -> str:
    nouns = [dict(step.facts).get("layer", "") for step in decision.decisive[:1]]
    match decision.outcome, nouns:
        case Outcome.DENY, [layer]:
            noun = Layer(layer).noun
            return f"with an explicit deny in {'an' if noun[0] in 'aeiou' else 'a'} {noun}"
        case Outcome.NO_OPINION, [noun]:
            return f"because no {noun} allows the {request.action} action"
        case _:
            return ""


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
    caller = request.principal
    region = request.context.value("aws:RequestedRegion")
    if service == "eks" and isinstance(region, str) and isinstance(caller, Principal):
        tail = "cluster/*" if request.action.lower() in _EKS_LISTS_CLUSTERS else ANY_RESOURCE
        return f"arn:{caller.arn.partition}:eks:{region}:{caller.account}:{tail}"
    return "" if service in _NAMES_NO_ANY else ANY_RESOURCE
