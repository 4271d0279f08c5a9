"""Which link a refusal of AssumeRoleWithWebIdentity belongs to, and which were passed before it."""

from typing import Any

import pytest

from sekisho.decide import sts
from sekisho.decide.chain.pod_to_aws import (
    WEB_IDENTITY_CHAIN,
    Code,
    WebIdentityLink,
    concluded,
    refused_early,
)
from sekisho.decide.decision import Chain, Decision, Outcome
from support.jwt import Issuer
from support.sts_build import (
    HOME,
    ISSUER,
    NOW,
    POD,
    PROVIDER,
    claims,
    web_request,
    web_trust,
    world,
)

FACTS = world(web_trust(StringEquals={f"{ISSUER.removeprefix('https://')}:sub": POD}))
KEYS = Issuer.shared()
PASSED = [
    (WebIdentityLink.TOKEN, Code.TOKEN),
    (WebIdentityLink.PROVIDER, Code.PROVIDER),
    (WebIdentityLink.SIGNATURE, Code.SIGNATURE),
    (WebIdentityLink.CLAIMS, Code.CLAIMS),
]


def chain(
    told: dict[str, Any], signature: str = "valid", keys: sts.KeysFault | None = None, **members: Any
) -> Chain:
    question = sts.plan(web_request(KEYS.token(told, "RS256", signature), **members), FACTS)
    if isinstance(question, Decision):
        return refused_early(question)
    answer = keys or sts.KeysAnswer(KEYS.jwks())
    return concluded(question, sts.conclude(question, answer, FACTS, NOW))


OLD = claims(exp=int(NOW.epoch))
CASES: dict[str, tuple[Chain, WebIdentityLink, sts.StsCode]] = {
    "a parameter": (chain(claims(), name="?"), WebIdentityLink.REQUEST, sts.StsCode.PARAMETER),
    "no role": (chain(claims(), role="x" * 20), WebIdentityLink.REQUEST, sts.StsCode.ROLE_ARN),
    "no subject": (chain(claims(sub=None)), WebIdentityLink.TOKEN, sts.StsCode.CLAIM_MISSING),
    "no provider": (
        chain(claims(iss="https://x.example")),
        WebIdentityLink.PROVIDER,
        sts.StsCode.PROVIDER_UNKNOWN,
    ),
    "audience": (chain(claims(aud="x")), WebIdentityLink.PROVIDER, sts.StsCode.AUDIENCE),
    "no keys": (
        chain(claims(), keys=sts.KeysFault.UNREACHABLE),
        WebIdentityLink.SIGNATURE,
        sts.StsCode.KEYS_UNREACHABLE,
    ),
    "signature": (chain(claims(), "invalid"), WebIdentityLink.SIGNATURE, sts.StsCode.SIGNATURE),
    "expired": (chain(OLD), WebIdentityLink.CLAIMS, sts.StsCode.TOKEN_EXPIRED),
    "trust": (chain(claims(sub="x")), WebIdentityLink.TRUST, sts.StsCode.WEB_NOT_AUTHORIZED),
    "no such role": (
        chain(claims(), role=f"arn:aws:iam::{HOME}:role/none"),
        WebIdentityLink.TRUST,
        sts.StsCode.ROLE_UNKNOWN,
    ),
    "duration": (chain(claims(), seconds=3601), WebIdentityLink.SESSION, sts.StsCode.DURATION_ROLE),
}


EXPECTED_BEFORE = {
    WebIdentityLink.REQUEST: 0,
    WebIdentityLink.TOKEN: 0,
    WebIdentityLink.PROVIDER: 0,
    WebIdentityLink.SIGNATURE: 2,
    WebIdentityLink.CLAIMS: 3,
    WebIdentityLink.TRUST: 4,
    WebIdentityLink.SESSION: 4,
}
"""What is refused before the keys are asked for has no links before it: nothing was proven."""


@pytest.mark.parametrize(("found", "link", "code"), CASES.values(), ids=CASES.keys())
def test_a_refusal_stands_at_its_link(found: Chain, link: WebIdentityLink, code: sts.StsCode) -> None:
    assert found.name == WEB_IDENTITY_CHAIN
    assert found.failed is found.links[-1]
    assert (found.links[-1].name, found.links[-1].decision.decisive[0].code) == (link, code)
    before = [(one.name, one.decision.decisive[0].code) for one in found.links[:-1]]
    assert before == PASSED[: EXPECTED_BEFORE[link]]


def test_a_session_passed_every_link() -> None:
    found = chain(claims())
    assert found.outcome is Outcome.ALLOW
    assert [one.name for one in found.links] == [*(name for name, _ in PASSED), WebIdentityLink.SESSION]
    assert isinstance(found.links[-1].decision.value, sts.Session)
    told = [one.decision.sentence() for one in found.links[:2]]
    assert told[0] == f"the token says that {ISSUER} issued it for {POD}"
    assert told[1] == f"{PROVIDER} stands for this issuer and takes the audience sts.amazonaws.com"
