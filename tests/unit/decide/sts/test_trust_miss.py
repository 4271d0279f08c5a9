"""The small mistakes of trust policies: which is named, and that the corrected policy lets in."""

from typing import Any

import pytest

from sekisho.decide import sts
from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.sts import StsFix, StsNear
from sekisho.decide.values import documents
from support.sts_build import (
    AWAY,
    HOME,
    POD,
    PROVIDER,
    URL,
    assume,
    claims,
    role,
    session,
    trusting,
    web_trust,
    with_token,
    world,
)
from support.sts_world import World

SUB, AUD = f"{URL}:sub", f"{URL}:aud"
WEB = "sts:AssumeRoleWithWebIdentity"


def federated(provider: str, **conditions: Any) -> dict[str, Any]:
    return trusting({"Federated": provider}, WEB, **conditions)


def asked(trust: dict[str, Any]) -> Decision[sts.Session]:
    return with_token(world(trust), claims())


def corrected(found: Decision[sts.Session]) -> dict[str, Any]:
    fix = next(one for one in found.repairs if one.code is StsFix.CORRECT_TRUST)
    document = documents.parse_json(dict(fix.facts)["document"])
    assert isinstance(document, dict)
    return dict(document)


CASES: dict[str, tuple[dict[str, Any], StsNear]] = {
    "another namespace": (
        web_trust(StringEquals={SUB: "system:serviceaccount:other:ledger"}),
        StsNear.NAMESPACE,
    ),
    "another name": (web_trust(StringEquals={SUB: POD + "x"}), StsNear.SUBJECT),
    "another kind of subject": (web_trust(StringLike={SUB: ["repo:a/b:*", "x"]}), StsNear.SUBJECT),
    "a wildcard taken literally": (
        web_trust(StringEquals={SUB: "system:serviceaccount:billing:*"}),
        StsNear.WILDCARD,
    ),
    "a wildcard beside a pattern": (
        web_trust(StringEquals={SUB: "system:*"}, StringLike={SUB: "system:serviceaccount:*"}),
        StsNear.WILDCARD,
    ),
    "a scheme in the key": (web_trust(StringEquals={f"https://{SUB}": POD}), StsNear.KEY_SCHEME),
    "a scheme in the key and another account": (
        web_trust(StringEquals={f"http://{SUB}": "x"}),
        StsNear.KEY_SCHEME,
    ),
    "a pattern with a scheme in the key": (
        web_trust(StringLike={f"https://{SUB}": "system:*"}),
        StsNear.KEY_SCHEME,
    ),
    "the key of another issuer": (web_trust(StringEquals={"x.example:sub": POD}), StsNear.KEY_ISSUER),
    "another audience": (
        web_trust(StringEquals={SUB: POD, AUD: "sts.amazonaws.co"}),
        StsNear.CLAIM,
    ),
    "another case of the provider": (
        federated(PROVIDER.replace("oidc.eks", "OIDC.eks")),
        StsNear.PROVIDER_CASE,
    ),
    "a scheme in the provider": (
        federated(PROVIDER.replace("oidc.eks", "https://oidc.eks")),
        StsNear.PROVIDER_SCHEME,
    ),
    "the provider of another account": (federated(PROVIDER.replace(HOME, AWAY)), StsNear.PROVIDER_ACCOUNT),
    "another provider": (
        federated(f"arn:aws:iam::{HOME}:oidc-provider/x.example"),
        StsNear.PROVIDER_OTHER,
    ),
}


@pytest.mark.parametrize(("trust", "code"), CASES.values(), ids=CASES)
def test_the_mistake_is_named_and_its_correction_lets_in(trust: dict[str, Any], code: StsNear) -> None:
    found = asked(trust)
    assert (found.outcome, found.nearest[0].code) == (Outcome.NO_OPINION, code)
    assert found.nearest[0].at.pointer.startswith("/trust/Statement")
    assert asked(corrected(found)).allowed


def test_the_nearest_of_several_providers_is_replaced() -> None:
    trust = trusting({"Federated": ["cognito-identity.amazonaws.com", PROVIDER.replace("oidc", "OIDC")]}, WEB)
    found = corrected(asked(trust))["Statement"]["Principal"]
    assert found == {"Federated": ["cognito-identity.amazonaws.com", PROVIDER]}


def test_the_statement_with_the_fewest_mistakes_is_told() -> None:
    far: Any = web_trust(StringEquals={f"https://{SUB}": POD, AUD: "x"})["Statement"]
    near: Any = web_trust(StringEquals={SUB: POD + "x"})["Statement"]
    found = asked({"Version": "2012-10-17", "Statement": [far, near]})
    assert [step.code for step in found.nearest][:1] == [StsNear.SUBJECT]
    assert asked(corrected(found)).allowed


NO_SMALL_CHANGE = {
    "another operator": web_trust(StringNotEquals={SUB: POD}),
    "an operator without a comparison": web_trust(Null={SUB: "true"}),
    "a key that is no claim": web_trust(StringEquals={SUB: POD, "aws:SourceVpc": "vpc-1"}),
    "a claim that the token lacks": web_trust(StringEquals={f"{URL}:amr": "x"}),
    "somebody else altogether": trusting({"AWS": HOME}),
    "a deny": {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Principal": {"Federated": PROVIDER}, "Action": WEB},
            web_trust(StringEquals={SUB: "x"})["Statement"],
        ],
    },
}


@pytest.mark.parametrize("trust", NO_SMALL_CHANGE.values(), ids=NO_SMALL_CHANGE)
def test_what_is_no_small_mistake_is_not_corrected(trust: dict[str, Any]) -> None:
    found = asked(trust)
    assert not found.allowed
    assert StsFix.CORRECT_TRUST not in [one.code for one in found.repairs]


SESSION = session(assume(world(trusting({"AWS": HOME}))))
POD_ROLE = str(SESSION.principal.entity)
SECOND = f"arn:aws:iam::{HOME}:role/second"


def chained(trust: Any, tags: tuple[tuple[str, str], ...] = (), **members: Any) -> Decision[sts.Session]:
    """Ask as a session of the first role for the second, whose trust policy is ``trust``."""
    facts: World = world(trusting({"AWS": HOME}))
    facts.accounts[HOME]["roles"]["second"] = role(trust, **members)
    caller = sts.SignedCaller(SESSION.principal, SESSION)
    return assume(facts, caller, SECOND, tags=tags)


def test_a_caller_who_is_not_named_gets_a_statement() -> None:
    found = chained(trusting({"AWS": AWAY}))
    statements = corrected(found)["Statement"]
    assert statements[-1] == {
        "Effect": "Allow",
        "Principal": {"AWS": POD_ROLE},
        "Action": "sts:AssumeRole",
    }
    assert chained(corrected(found)).allowed


def test_tagging_is_added_to_the_statement_that_lets_in() -> None:
    tags = (("team", "tide"),)
    for action in ("sts:AssumeRole", ["sts:AssumeRole"]):
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": POD_ROLE}, "Action": action}],
        }
        assert chained(trust).allowed
        found = chained(trust, tags)
        assert dict(found.decisive[0].facts)["action"] == "sts:TagSession"
        assert chained(corrected(found), tags).allowed
    stranger: Any = trusting({"AWS": AWAY}, "sts:AssumeRole")["Statement"]
    own: Any = trusting({"AWS": POD_ROLE}, "sts:AssumeRole")["Statement"]
    found = chained({"Version": "2012-10-17", "Statement": [stranger, own]}, tags)
    assert chained(corrected(found), tags).allowed


def test_a_principal_that_was_made_again_is_saved_again() -> None:
    trust = trusting({"AWS": POD_ROLE})
    found = chained(trust, trusted_ids={POD_ROLE: "AROAOLD0000000000001"})
    assert not found.allowed
    assert corrected(found) == trust
    assert chained(corrected(found)).allowed


def test_what_a_condition_or_the_caller_s_own_policies_refuse_stays_as_it_is() -> None:
    found = chained(trusting({"AWS": POD_ROLE}, StringEquals={"sts:ExternalId": "x"}))
    assert StsFix.CORRECT_TRUST not in [one.code for one in found.repairs]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:*"}
    denied = chained({"Version": "2012-10-17", "Statement": deny})
    assert StsFix.CORRECT_TRUST not in [one.code for one in denied.repairs]
