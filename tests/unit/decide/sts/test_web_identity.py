"""AssumeRoleWithWebIdentity: every way a token can be wrong, in the order in which it is found."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sekisho.decide import sts
from sekisho.decide.decision import Decision, Outcome, decision_to_json
from sekisho.decide.sts.code import StsCode, StsFix, StsNear
from sekisho.decide.values import SekishoInputError
from support.jwt import KEY_ID, Issuer, compact, signed
from support.sts_build import (
    AWAY,
    HOME,
    ISSUER,
    NOW,
    POD,
    PROVIDER,
    ROLE,
    SPOKE,
    URL,
    assume,
    claims,
    codes,
    session,
    signing_with,
    told,
    trusting,
    web_request,
    web_trust,
    with_token,
    world,
)

FACTS = world(web_trust())
NOW_EPOCH = int(NOW.epoch)
DAY = 24 * 3600
INVALID = ("InvalidIdentityToken", 400)
EXPIRED = ("ExpiredTokenException", 400)
DENIED = ("AccessDenied", 403)
NO_KEYS = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)
NOT_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
BAD_SIGNATURE = "The signature of the provided token could not be verified"
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
TAGS = "https://aws.amazon.com/tags"
SOURCE = "https://aws.amazon.com/source_identity"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"

Ask = Callable[[], Decision[sts.Session]]


def planned(token: str, **members: Any) -> Decision[sts.Session]:
    found = sts.plan(web_request(token, **members), FACTS)
    assert isinstance(found, Decision)
    return found


def keys(body: bytes) -> sts.KeysAnswer:
    return sts.KeysAnswer(body)


def provider_error(issuer: str) -> str:
    return f"No OpenIDConnect provider found in your account for {issuer}"


REFUSALS: dict[str, tuple[Ask, StsCode, tuple[str, int], str]] = {
    "not a token": (lambda: planned("garbage"), StsCode.TOKEN_MALFORMED, INVALID, NOT_JWT),
    "no issuer": (
        lambda: with_token(FACTS, claims(iss=None)),
        StsCode.CLAIM_MISSING,
        INVALID,
        "Missing a required claim: iss",
    ),
    "no subject": (
        lambda: with_token(FACTS, claims(sub=None)),
        StsCode.CLAIM_MISSING,
        INVALID,
        "Missing a required claim: sub",
    ),
    "an issuer nobody registered": (
        lambda: with_token(FACTS, claims(iss="https://other.example")),
        StsCode.PROVIDER_UNKNOWN,
        INVALID,
        provider_error("https://other.example"),
    ),
    "an issuer without https": (
        lambda: with_token(FACTS, claims(iss=f"http://{URL}")),
        StsCode.PROVIDER_UNKNOWN,
        INVALID,
        provider_error(f"http://{URL}"),
    ),
    "an issuer that is registered in another account": (
        lambda: with_token(FACTS, claims(), role=SPOKE),
        StsCode.PROVIDER_UNKNOWN,
        INVALID,
        provider_error(ISSUER),
    ),
    "a role of an account that is not there": (
        lambda: with_token(FACTS, claims(), role="arn:aws:iam::999999999999:role/app"),
        StsCode.PROVIDER_UNKNOWN,
        INVALID,
        provider_error(ISSUER),
    ),
    "another audience": (
        lambda: with_token(FACTS, claims(aud=["https://kubernetes.default.svc"])),
        StsCode.AUDIENCE,
        INVALID,
        "Incorrect token audience",
    ),
    "no audience": (
        lambda: with_token(FACTS, claims(aud=None)),
        StsCode.AUDIENCE,
        INVALID,
        "Incorrect token audience",
    ),
    "an authorized party that is registered, an audience that is not": (
        lambda: with_token(FACTS, claims(aud="other", azp="ci")),
        StsCode.AUDIENCE,
        INVALID,
        "Incorrect token audience",
    ),
    "keys out of reach": (
        lambda: with_token(FACTS, claims(), sts.KeysFault.UNREACHABLE),
        StsCode.KEYS_UNREACHABLE,
        INVALID,
        NO_KEYS,
    ),
    "keys too slow": (
        lambda: with_token(FACTS, claims(), sts.KeysFault.TIMEOUT),
        StsCode.KEYS_TIMEOUT,
        ("IDPCommunicationError", 400),
        "The identity provider did not answer in time. Retry your request.",
    ),
    "keys that are none": (
        lambda: with_token(FACTS, claims(), keys(b"<html>")),
        StsCode.KEYS_MALFORMED,
        INVALID,
        NO_KEYS,
    ),
    "another key": (
        lambda: with_token(FACTS, claims(), signature="invalid"),
        StsCode.SIGNATURE,
        INVALID,
        BAD_SIGNATURE,
    ),
    "no signature": (
        lambda: with_token(FACTS, claims(), signature="absent"),
        StsCode.SIGNATURE,
        INVALID,
        BAD_SIGNATURE,
    ),
    "the public key as a secret": (
        lambda: with_token(FACTS, claims(), signature="hmac_with_public_key"),
        StsCode.SIGNATURE,
        INVALID,
        BAD_SIGNATURE,
    ),
    "a key of another name": (
        lambda: with_token(FACTS, claims(), signature="unknown_kid"),
        StsCode.SIGNATURE,
        INVALID,
        BAD_SIGNATURE,
    ),
    "no expiry": (
        lambda: with_token(FACTS, claims(exp=None)),
        StsCode.CLAIM_MISSING,
        INVALID,
        "Missing a required claim: exp",
    ),
    "no time of issue": (
        lambda: with_token(FACTS, claims(iat=None)),
        StsCode.CLAIM_MISSING,
        INVALID,
        "Missing a required claim: iat",
    ),
    "an expiry in words": (
        lambda: with_token(FACTS, claims(exp="tomorrow")),
        StsCode.CLAIM_MALFORMED,
        INVALID,
        "The claim exp must be a moment in seconds",
    ),
    "an expiry that is a truth value": (
        lambda: with_token(FACTS, claims(exp=True)),
        StsCode.CLAIM_MALFORMED,
        INVALID,
        "The claim exp must be a moment in seconds",
    ),
    "an expiry beyond all years": (
        lambda: with_token(FACTS, claims(exp=1e300)),
        StsCode.CLAIM_MALFORMED,
        INVALID,
        "The claim exp must be a moment in seconds",
    ),
    "expires this second": (
        lambda: with_token(FACTS, claims(exp=NOW_EPOCH)),
        StsCode.TOKEN_EXPIRED,
        EXPIRED,
        f"Token expired: current date/time {NOW_EPOCH} must be before the expiration date/time {NOW_EPOCH}",
    ),
    "valid from the next second": (
        lambda: with_token(FACTS, claims(nbf=NOW_EPOCH + 1)),
        StsCode.TOKEN_NOT_YET,
        INVALID,
        f"Token is not valid before {NOW + timedelta(seconds=1)}",
    ),
    "issued in the future": (
        lambda: with_token(FACTS, claims(iat=NOW_EPOCH + 1)),
        StsCode.TOKEN_NOT_YET,
        INVALID,
        f"Token is not valid before {NOW + timedelta(seconds=1)}",
    ),
    "issued more than a day ago": (
        lambda: with_token(FACTS, claims(iat=NOW_EPOCH - DAY - 1)),
        StsCode.TOKEN_OLD,
        EXPIRED,
        "Token too old",
    ),
    "no such role": (
        lambda: with_token(FACTS, claims(), role=f"arn:aws:iam::{HOME}:role/none"),
        StsCode.ROLE_UNKNOWN,
        DENIED,
        NOT_AUTHORIZED,
    ),
    "no role at all": (
        lambda: planned("a.b.c", role="r" * 20),
        StsCode.ROLE_ARN,
        ("ValidationError", 400),
        f"{'r' * 20} is invalid",
    ),
    "a session name of one": (
        lambda: planned("a.b.c", name="a"),
        StsCode.PARAMETER,
        ("ValidationError", 400),
        (
            "1 validation error detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 2"
        ),
    ),
    "a token of three": (
        lambda: planned("a.b"),
        StsCode.PARAMETER,
        ("ValidationError", 400),
        (
            "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: "
            "Member must have length greater than or equal to 4"
        ),
    ),
    "a token of 20001": (
        lambda: planned("a" * 20_001),
        StsCode.PARAMETER,
        ("ValidationError", 400),
        (
            "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: "
            "Member must have length less than or equal to 20000"
        ),
    ),
    "a provider of OAuth": (
        lambda: planned("a.b.c", provider_id="www.amazon.com"),
        StsCode.PROVIDER_ID,
        INVALID,
        "Tokens of www.amazon.com are not served; leave out ProviderId for OpenID Connect",
    ),
    "a session policy that is none": (
        lambda: planned("a.b.c", policy="[]"),
        StsCode.SESSION_POLICY_GRAMMAR,
        ("MalformedPolicyDocument", 400),
        "Syntax errors in policy.",
    ),
    "an unknown managed policy": (
        lambda: with_token(FACTS, claims(), policy_arns=("arn:aws:iam::aws:policy/None",)),
        StsCode.POLICY_UNKNOWN,
        ("ValidationError", 400),
        "Policy arn:aws:iam::aws:policy/None does not exist or is not attachable.",
    ),
    "more than the role's maximum": (
        lambda: with_token(FACTS, claims(), seconds=3601),
        StsCode.DURATION_ROLE,
        ("ValidationError", 400),
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ),
    "another subject": (
        lambda: with_token(world(web_trust(StringEquals={f"{URL}:sub": POD})), claims(sub=f"{POD}2")),
        StsCode.WEB_NOT_AUTHORIZED,
        DENIED,
        NOT_AUTHORIZED,
    ),
    "tags without sts:TagSession": (
        lambda: with_token(
            world(web_trust("sts:AssumeRoleWithWebIdentity")),
            claims(**{TAGS: {"principal_tags": {"team": ["tide"]}}}),
        ),
        StsCode.WEB_NOT_AUTHORIZED,
        DENIED,
        NOT_AUTHORIZED,
    ),
    "a source identity without sts:SetSourceIdentity": (
        lambda: with_token(world(web_trust("sts:AssumeRoleWithWebIdentity")), claims(**{SOURCE: "mira"})),
        StsCode.WEB_NOT_AUTHORIZED,
        DENIED,
        NOT_AUTHORIZED,
    ),
    "tags that differ in case only": (
        lambda: with_token(FACTS, claims(**{TAGS: {"principal_tags": {"a": ["1"], "A": ["2"]}}})),
        StsCode.TAG_REPEATED,
        ("InvalidParameterValue", 400),
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ),
}


@pytest.mark.parametrize(("ask", "code", "wire", "text"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals(ask: Ask, code: StsCode, wire: tuple[str, int], text: str) -> None:
    decision = ask()
    assert codes(decision)[0] == str(code)
    assert told(decision) == (*wire, text)
    assert decision.value is None
    assert decision.outcome in (Outcome.DENY, Outcome.NO_OPINION)


ACCEPTED: dict[str, dict[str, Any]] = {
    "expires the next second": claims(exp=NOW_EPOCH + 1),
    "expires in a fraction": claims(exp=NOW_EPOCH + 0.5),
    "valid from this second": claims(nbf=NOW_EPOCH),
    "issued this second": claims(iat=NOW_EPOCH),
    "issued a day ago": claims(iat=NOW_EPOCH - DAY),
    "one audience as text": claims(aud="sts.amazonaws.com"),
    "several audiences": claims(aud=["other", "ci"]),
}


@pytest.mark.parametrize("token", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(token: dict[str, Any]) -> None:
    assert with_token(FACTS, token).allowed


BAD_TAGS: dict[str, Any] = {
    "no object": "team=tide",
    "no principal tags": {"transitive_tag_keys": []},
    "principal tags that are no object": {"principal_tags": ["team"]},
    "two values": {"principal_tags": {"team": ["a", "b"]}},
    "no list": {"principal_tags": {"team": "a"}},
    "a value that is a number": {"principal_tags": {"team": [1]}},
    "transitive keys that are no list": {"principal_tags": {}, "transitive_tag_keys": "team"},
    "a transitive key that is a number": {"principal_tags": {}, "transitive_tag_keys": [1]},
    "a value that is too long": {"principal_tags": {"team": ["a" * 257]}},
}


@pytest.mark.parametrize("value", BAD_TAGS.values(), ids=BAD_TAGS.keys())
def test_tags_that_cannot_be_read(value: Any) -> None:
    decision = with_token(FACTS, claims(**{TAGS: value}))
    assert codes(decision) == [str(StsCode.CLAIM_MALFORMED)]
    assert told(decision)[:2] == INVALID


@pytest.mark.parametrize("value", [7, "m", "m i", "m" * 65])
def test_source_identities_that_cannot_be_read(value: Any) -> None:
    decision = with_token(FACTS, claims(**{SOURCE: value}))
    assert codes(decision) == [str(StsCode.CLAIM_MALFORMED)]


def test_what_a_session_is() -> None:
    token = claims(
        **{
            TAGS: {"principal_tags": {"team": ["tide"]}, "transitive_tag_keys": ["team"]},
            SOURCE: "ledger",
            "amr": ["pwd", 1],
            "email": "mira@example.org",
        }
    )
    decision = with_token(FACTS, token, policy_arns=(READ_ONLY,))
    found = session(decision)
    assert str(found.principal.arn) == f"arn:aws:sts::{HOME}:assumed-role/app/pod-1"
    assert (found.tags, found.transitive_keys, found.source_identity) == (
        (("team", "tide"),),
        ("team",),
        "ledger",
    )
    assert found.policies == (sts.SessionPolicy(arn=READ_ONLY),)
    account = sts.ServiceAccountOrigin(ISSUER, "billing", "ledger")
    assert found.provenance == (sts.Origin(sts.OriginKind.WEB_IDENTITY, PROVIDER, POD, account),)
    assert found.web_identity is not None
    assert (found.web_identity.subject, found.web_identity.provider, found.web_identity.audience) == (
        POD,
        PROVIDER,
        "sts.amazonaws.com",
    )
    later = sts.session_keys(found, NOW)
    assert later[f"{URL}:sub"] == POD
    assert later["aws:FederatedProvider"] == PROVIDER
    assert decision_to_json(decision)["outcome"] == "allow"


CONDITIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "subject": ({"StringEquals": {f"{URL}:sub": POD}}, {}),
    "audience that matched": ({"StringEquals": {f"{URL}:aud": "ci"}}, {"aud": ["x", "ci"]}),
    "methods": ({"ForAnyValue:StringEquals": {f"{URL}:amr": "mfa"}}, {"amr": ["pwd", "mfa"]}),
    "email": ({"StringEquals": {f"{URL}:email": "a@example.org"}}, {"email": "a@example.org"}),
    "request tag": (
        {"StringEquals": {"aws:RequestTag/team": "tide"}},
        {TAGS: {"principal_tags": {"team": ["tide"]}}},
    ),
    "source identity": ({"StringEquals": {"sts:SourceIdentity": "mira"}}, {SOURCE: "mira"}),
    "provider": ({"StringEquals": {"aws:FederatedProvider": PROVIDER}}, {}),
    "session name": ({"StringEquals": {"sts:RoleSessionName": "pod-1"}}, {}),
    "no MFA, no principal": (
        {"Null": {"aws:MultiFactorAuthPresent": "true", "aws:PrincipalArn": "true"}},
        {},
    ),
}


@pytest.mark.parametrize(("condition", "changed"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_condition_keys(condition: dict[str, Any], changed: dict[str, Any]) -> None:
    assert with_token(world(web_trust(**condition)), claims(**changed)).allowed


def test_the_duration_is_a_condition_key_and_the_roles_maximum_the_bound() -> None:
    facts = world(web_trust(NumericEquals={"sts:DurationSeconds": "7200"}), max_session_duration=7200)
    assert session(with_token(facts, claims(), seconds=7200)).duration == timedelta(hours=2)
    assert not with_token(facts, claims()).allowed
    assert session(with_token(FACTS, claims())).duration == timedelta(hours=1)


def test_google_names_the_client_in_azp() -> None:
    google = "https://accounts.google.com"
    facts = world(trusting({"Federated": f"arn:aws:iam::{HOME}:oidc-provider/accounts.google.com"}, "sts:*"))
    facts.accounts[HOME]["oidc_providers"][google] = {"client_ids": ["client"]}
    assert with_token(facts, claims(iss=google, aud="backend", azp="client")).allowed
    assert codes(with_token(facts, claims(iss=google, aud="client", azp="other"))) == [str(StsCode.AUDIENCE)]
    assert with_token(facts, claims(iss=google, aud="client")).allowed


NEAR = {
    f"{ISSUER}/": "the slash at the end",
    f"http://{URL}": "the scheme",
    ISSUER.replace("5D0C", "5d0c"): "upper and lower case",
    ISSUER.replace(".com/", ".com:443/"): "the port",
    ISSUER[:-1] + "0": "the path",
}


@pytest.mark.parametrize(("issuer", "difference"), NEAR.items())
def test_an_issuer_that_almost_is_registered(issuer: str, difference: str) -> None:
    decision = with_token(FACTS, claims(iss=issuer))
    (near,) = decision.nearest
    assert (near.code, dict(near.facts)["difference"]) == (StsNear.ISSUER, difference)
    assert near.at.document == PROVIDER
    assert decision.repairs[0].code is StsFix.ADD_PROVIDER


def test_an_issuer_unlike_any_is_near_to_none() -> None:
    assert with_token(FACTS, claims(iss="https://other.example/a")).nearest == ()


def test_an_audience_that_is_missing_can_be_added() -> None:
    (fix,) = with_token(FACTS, claims(aud="other")).repairs
    assert (fix.code, dict(fix.facts)["audience"]) == (StsFix.ADD_AUDIENCE, "other")
    facts = world(web_trust())
    facts.accounts[HOME]["oidc_providers"][ISSUER]["client_ids"] = []
    assert dict(with_token(facts, claims()).decisive[0].facts)["registered"] == "none"


def test_the_reason_of_a_wrong_signature_stays_in_the_decision() -> None:
    assert codes(with_token(FACTS, claims(), signature="unknown_kid")) == [
        str(StsCode.SIGNATURE),
        "jws.key-unknown",
    ]


def test_the_order_of_refusals() -> None:
    everything = claims(exp=NOW_EPOCH - 1, aud="other", sub="other")
    trust = web_trust(StringEquals={f"{URL}:sub": POD})
    assert codes(with_token(world(trust), everything, signature="invalid"))[0] == str(StsCode.AUDIENCE)
    everything["aud"] = "ci"
    assert codes(with_token(world(trust), everything, signature="invalid"))[0] == str(StsCode.SIGNATURE)
    assert codes(with_token(world(trust), everything, seconds=7200))[0] == str(StsCode.TOKEN_EXPIRED)
    everything["exp"] = NOW_EPOCH + 1
    assert codes(with_token(world(trust), everything, seconds=7200))[0] == str(StsCode.WEB_NOT_AUTHORIZED)
    everything["sub"] = POD
    assert codes(with_token(world(trust), everything, seconds=7200))[0] == str(StsCode.DURATION_ROLE)


def test_the_question_says_where_to_look() -> None:
    question = sts.plan(web_request(signed(claims(), "RS256")), FACTS)
    assert not isinstance(question, Decision)
    assert question.discovery_url == f"{ISSUER}/.well-known/openid-configuration"
    assert (question.provider.url, question.audience, str(question.role)) == (URL, "sts.amazonaws.com", ROLE)
    assert sts.jwks_uri(question, Issuer.shared().discovery(ISSUER)) == f"{ISSUER}/keys"
    with pytest.raises(SekishoInputError):
        sts.jwks_uri(question, Issuer.shared().discovery("https://other.example"))


def test_a_role_of_web_identity_may_be_the_first_of_a_chain() -> None:
    facts = world(web_trust(), max_session_duration=43_200)
    first = with_token(facts, claims(**{SOURCE: "ledger"}), seconds=43_200)
    second = session(assume(facts, signing_with(first), role=SPOKE))
    assert second.duration == timedelta(hours=1)
    assert second.source_identity == "ledger"
    assert [hop.kind for hop in second.provenance] == [
        sts.OriginKind.WEB_IDENTITY,
        sts.OriginKind.ROLE_SESSION,
    ]


def test_no_part_of_the_token_is_in_a_refusal() -> None:
    token = compact({"alg": "RS256", "kid": KEY_ID}, claims(jti="hidden"), lambda _: b"signature")
    question = sts.plan(web_request(token), FACTS)
    assert not isinstance(question, Decision)
    decision = sts.conclude(question, sts.KeysAnswer(Issuer.shared().jwks()), FACTS, NOW)
    shown = json.dumps(decision_to_json(decision)) + repr(question) + sts.aws_error(decision).message
    assert all(part not in shown for part in (*token.split("."), "hidden"))


def test_accounts_register_the_same_issuer_each_for_itself() -> None:
    facts = world(web_trust())
    other = f"arn:aws:iam::{AWAY}:oidc-provider/{URL}"
    facts.accounts[AWAY]["oidc_providers"] = {ISSUER: {"client_ids": ["sts.amazonaws.com"]}}
    facts.accounts[AWAY]["roles"]["spoke"]["trust"] = trusting({"Federated": PROVIDER}, "sts:*")
    assert codes(with_token(facts, claims(), role=SPOKE))[0] == str(StsCode.WEB_NOT_AUTHORIZED)
    facts.accounts[AWAY]["roles"]["spoke"]["trust"] = trusting({"Federated": other}, "sts:*")
    assert with_token(facts, claims(), role=SPOKE).allowed


def test_a_session_tells_whose_service_account_it_is() -> None:
    answer = sts.KeysAnswer(Issuer.shared().jwks(), "arn:aws:eks:eu-north-1:111122223333:cluster/one")
    (origin,) = session(with_token(FACTS, claims(), answer)).provenance
    assert (origin.kind, origin.name, origin.subject) == (sts.OriginKind.WEB_IDENTITY, PROVIDER, POD)
    assert origin.service_account == sts.ServiceAccountOrigin(ISSUER, "billing", "ledger", answer.cluster)


def test_a_session_of_a_person_tells_no_service_account() -> None:
    (origin,) = session(with_token(FACTS, claims(sub="mira"))).provenance
    assert (origin.subject, origin.service_account) == ("mira", None)
