"""From a pod's token to a session of a role: what AssumeRoleWithWebIdentity checks, one link per check.

    request -> token -> provider -> signature -> claims -> trust -> session

The links before the one that refused are those that AWS passed on its way to it.
Source: STS API Reference, "AssumeRoleWithWebIdentity"; IAM User Guide, "OIDC federation".
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from sekisho.decide.decision import Chain, Decision, Link, Outcome, ReasonCode, Step
from sekisho.decide.sts import KeysQuestion, Session, StsCode
from sekisho.decide.values import Ref

WEB_IDENTITY_CHAIN: Final = "pod_to_aws"

_TOKEN = Ref("token")


class WebIdentityLink(StrEnum):
    """The checkpoints between a token and a session, in order."""

    REQUEST = "request"
    TOKEN = "web-identity-token"  # noqa: S105 - a name, not a credential
    PROVIDER = "identity-provider"
    SIGNATURE = "token-signature"
    CLAIMS = "token-claims"
    TRUST = "trust-policy"
    SESSION = "session"


class Code(ReasonCode):
    """What the links that were passed have to say."""

    TOKEN = "web-identity.token", "the token says that {issuer} issued it for {subject}"
    PROVIDER = "web-identity.provider", "{provider} stands for this issuer and takes the audience {audience}"
    SIGNATURE = "web-identity.signature", "the keys of {issuer} signed the token"
    CLAIMS = "web-identity.claims", "the token holds now"


_PLANNED: Final[Mapping[ReasonCode, WebIdentityLink]] = {
    StsCode.TOKEN_MALFORMED: WebIdentityLink.TOKEN,
    StsCode.CLAIM_MISSING: WebIdentityLink.TOKEN,
    StsCode.PROVIDER_UNKNOWN: WebIdentityLink.PROVIDER,
    StsCode.AUDIENCE: WebIdentityLink.PROVIDER,
}
"""Where a refusal of `sts.plan` belongs; everything else is about the request."""

_CONCLUDED: Final[Mapping[ReasonCode, WebIdentityLink]] = {
    StsCode.KEYS_TIMEOUT: WebIdentityLink.SIGNATURE,
    StsCode.KEYS_UNREACHABLE: WebIdentityLink.SIGNATURE,
    StsCode.KEYS_MALFORMED: WebIdentityLink.SIGNATURE,
    StsCode.SIGNATURE: WebIdentityLink.SIGNATURE,
    StsCode.ROLE_UNKNOWN: WebIdentityLink.TRUST,
    StsCode.WEB_NOT_AUTHORIZED: WebIdentityLink.TRUST,
    StsCode.POLICY_UNKNOWN: WebIdentityLink.SESSION,
    StsCode.DURATION_ROLE: WebIdentityLink.SESSION,
}
"""Where a refusal of `sts.conclude` belongs; everything else is about the claims."""


def refused_early(refusal: Decision[Session]) -> Chain:
    """Return the chain of a request that `sts.plan` refused. Total."""
    code = refusal.decisive[0].code
    name = _PLANNED.get(code, WebIdentityLink.REQUEST)
    return Chain(WEB_IDENTITY_CHAIN, (Link(name, refusal),))


def concluded(question: KeysQuestion, answer: Decision[Session]) -> Chain:
    """Return the chain of a request that came as far as the keys; ``answer`` is of `sts.conclude`. Total."""
    name = WebIdentityLink.SESSION
    if answer.outcome is Outcome.UNKNOWN:
        name = WebIdentityLink.TRUST
    elif not answer.allowed:
        name = _CONCLUDED.get(answer.decisive[0].code, WebIdentityLink.CLAIMS)
    links: list[Link] = []
    for passed in _passed(question):
        if passed.name == name:
            break
        links.append(passed)
    # What the trust policy said in favour is told by the decision on the session.
    return Chain(WEB_IDENTITY_CHAIN, (*links, Link(name, answer)))


def _passed(question: KeysQuestion) -> tuple[Link, ...]:
    issuer = ("issuer", question.issuer)
    provider = ("provider", str(question.provider.arn))
    subject = ("subject", question.token.claim("sub"))
    return (
        _link(WebIdentityLink.TOKEN, Step(Code.TOKEN, _TOKEN, (issuer, subject))),
        _link(
            WebIdentityLink.PROVIDER,
            Step(Code.PROVIDER, Ref(str(question.provider.arn)), (provider, ("audience", question.audience))),
        ),
        _link(WebIdentityLink.SIGNATURE, Step(Code.SIGNATURE, _TOKEN.child("signature"), (issuer,))),
        _link(WebIdentityLink.CLAIMS, Step(Code.CLAIMS, _TOKEN.child("claims"))),
    )


def _link(name: WebIdentityLink, step: Step) -> Link:
    return Link(name, Decision(Outcome.ALLOW, (step,), (step,)))
