"""From a signed request to an AWS answer: who signed, and whether policies permit what is asked.

signature -> permission (one for every permission the call needs)
"""

from collections.abc import Callable, Sequence
from enum import StrEnum

from sekisho.decide.decision import Chain, Decision, Link, Outcome, ReasonCode, Step
from sekisho.decide.iam.explain import explain
from sekisho.decide.iam.layers import Policies
from sekisho.decide.proof.credential import Signed
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import Ref

AWS_CHAIN = "request_to_aws"

PoliciesFor = Callable[[AwsRequest], Policies]
"""Every policy that applies to a request: each resource may have one of its own."""


class AwsLink(StrEnum):
    """The checkpoints of AWS's front door, in order."""

    SIGNATURE = "signature"
    PERMISSION = "permission"


class Code(ReasonCode):
    """What the chain itself has to say."""

    NO_PERMISSION_NAMED = "chain.no-permission-named", "no permission is known that the call needs"


def decided(signature: Decision[Signed] | None, permission: Decision[object]) -> Chain:
    """Return the chain of a call whose service decides by itself, trust and permissions together (STS).

    ``signature`` is None for a caller who needs none.
    """
    own = Link(AwsLink.PERMISSION, permission)
    return Chain(AWS_CHAIN, (own,) if signature is None else (Link(AwsLink.SIGNATURE, signature), own))


def decide(
    signature: Decision[Signed] | None,
    requests: Sequence[AwsRequest] | Decision[None],
    policies_for: PoliciesFor,
) -> Chain:
    """Return the chain of one call, explained.

    ``signature`` is None for a question about a caller who is taken as given. ``requests`` are
    all the permissions the call needs, or the UNKNOWN of a call that could not be mapped to any.
    Links after the first refusal are absent. Total.
    """
    links = [] if signature is None else [Link(AwsLink.SIGNATURE, signature)]
    if signature is None or signature.allowed:
        if isinstance(requests, Decision):
            links.append(Link(AwsLink.PERMISSION, requests))
        elif not requests:
            step = Step(Code.NO_PERMISSION_NAMED, Ref("request"))
            links.append(Link(AwsLink.PERMISSION, Decision(Outcome.UNKNOWN, (step,), (step,))))
        else:
            for request in requests:
                answer = explain(request, policies_for(request))
                links.append(Link(AwsLink.PERMISSION, answer))
                if answer.outcome is not Outcome.ALLOW:
                    break
    return Chain(AWS_CHAIN, tuple(links))
