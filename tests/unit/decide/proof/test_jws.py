"""Signed tokens: what is one, which keys there are, whose signature it is."""

import json
from typing import Any

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.proof.jws import AWS_ALGORITHMS, MAX_RSA_BITS, MIN_RSA_BITS, verify
from sekisho.decide.proof.jws_code import JwsCode, JwsFault
from sekisho.decide.proof.jws_keys import (
    MAX_DOCUMENT_BYTES,
    MAX_KEYS,
    KeySet,
    discovery_url,
    parse_discovery,
    parse_key_set,
)
from sekisho.decide.proof.jws_token import MAX_TOKEN_CHARS, parse_token
from sekisho.decide.values import SekishoInputError
from support import jwt
from support.jwt import KEY_ID, compact, ec_jwk, encoded, rsa_jwk, rsa_key, signed

CLAIMS = {"iss": "https://issuer.example", "sub": "mira"}
GOOD = signed(CLAIMS, "RS256")
HEAD, BODY, SIGNATURE = GOOD.split(".")
REPEATED = encoded(b'{"a":1,"a":2}')
ISSUER = "https://issuer.example/a"


def part(value: Any) -> str:
    return encoded(json.dumps(value).encode())


def keys(*members: dict[str, Any]) -> KeySet:
    return parse_key_set(json.dumps({"keys": members}))


MALFORMED = {
    "longer than any token": ("a" * (MAX_TOKEN_CHARS + 1), JwsFault.TOO_LONG, "", "longer than"),
    "as long as a token may be": ("a" * MAX_TOKEN_CHARS, JwsFault.FORM, "", "three parts"),
    "two parts": ("a.b", JwsFault.FORM, "", "three parts"),
    "five parts, an encrypted token": ("a.b.c.d.e", JwsFault.FORM, "", "three parts"),
    "padding": (f"{HEAD}=.{BODY}.{SIGNATURE}", JwsFault.BASE64, "/header", "base64url"),
    "an impossible length": (f"{HEAD}.{BODY}.a", JwsFault.BASE64, "/signature", "length"),
    "a header that is no JSON": (f"{encoded(b'{')}.{BODY}.", JwsFault.HEADER, "/header", "JSON"),
    "a header that is no object": (f"{part([])}.{BODY}.", JwsFault.HEADER, "/header", "object"),
    "claims that are no object": (f"{HEAD}.{part('x')}.", JwsFault.CLAIMS, "/claims", "object"),
    "claims with a repeated name": (
        f"{HEAD}.{REPEATED}.",
        JwsFault.CLAIMS,
        "/claims",
        "JSON",
    ),
    "no algorithm": (f"{part({'kid': 'a'})}.{BODY}.", JwsFault.HEADER, "/header/alg", "algorithm"),
    "a key name that is a number": (
        f"{part({'alg': 'RS256', 'kid': 1})}.{BODY}.",
        JwsFault.HEADER,
        "/header/kid",
        "key",
    ),
    "an endless key name": (
        f"{part({'alg': 'RS256', 'kid': 'k' * 1025})}.{BODY}.",
        JwsFault.HEADER,
        "/header/kid",
        "key",
    ),
    "a critical extension": (
        f"{part({'alg': 'RS256', 'crit': ['b64'], 'b64': False})}.{BODY}.",
        JwsFault.CRITICAL,
        "/header/crit",
        "extension",
    ),
}


@pytest.mark.parametrize(("text", "code", "pointer", "problem"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_token(text: str, code: JwsFault, pointer: str, problem: str) -> None:
    with pytest.raises(SekishoInputError, match=problem) as caught:
        parse_token(text)
    assert (caught.value.faults[0].code, caught.value.faults[0].at.pointer) == (str(code), pointer)


def test_a_token_is_read_and_does_not_print_itself() -> None:
    token = parse_token(signed({**CLAIMS, "n": 1}, "RS256"))
    assert (token.algorithm, token.key_id, token.claim("sub")) == ("RS256", KEY_ID, "mira")
    assert (token.claim("n"), token.claim("absent")) == ("", "")
    assert "mira" not in repr(token)
    assert token.text.reveal() not in repr(token)


def test_a_token_may_name_no_key() -> None:
    assert parse_token(compact({"alg": "RS256"}, CLAIMS, lambda _: b"x")).key_id == ""


RSA = rsa_jwk(rsa_key(), kid=KEY_ID)
OTHER = rsa_jwk(rsa_key(2048, 1), kid=KEY_ID)
EMPTY_SIGNED = compact({"alg": "RS256", "kid": KEY_ID}, CLAIMS, lambda _: b"")
UNNAMED = signed(CLAIMS, "RS256", kid="")
POINT_OFF_CURVE = {**ec_jwk("ES256", kid=KEY_ID), "x": encoded(b"\1" * 32)}

HELD = {
    "the right key": (GOOD, (RSA,), JwsCode.VERIFIED),
    "the right key says its algorithm": (GOOD, ({**RSA, "alg": "RS256", "use": "sig"},), JwsCode.VERIFIED),
    "two keys of one name, the second fits": (GOOD, (OTHER, RSA), JwsCode.VERIFIED),
    "another key of that name": (GOOD, (OTHER,), JwsCode.SIGNATURE),
    "no signature": (EMPTY_SIGNED, (RSA,), JwsCode.SIGNATURE),
    "changed claims": (f"{HEAD}.{part({'sub': 'root'})}.{SIGNATURE}", (RSA,), JwsCode.SIGNATURE),
    "the key has another name": (GOOD, ({**RSA, "kid": "key-2"},), JwsCode.KEY_UNKNOWN),
    "the key has no name and the token names one": (
        GOOD,
        (rsa_jwk(rsa_key()),),
        JwsCode.KEY_UNKNOWN,
    ),
    "no keys": (GOOD, (), JwsCode.KEY_UNKNOWN),
    "no name, one key": (UNNAMED, (RSA,), JwsCode.VERIFIED),
    "no name, one key of the kind": (UNNAMED, (RSA, ec_jwk("ES256")), JwsCode.VERIFIED),
    "no name, two keys": (UNNAMED, (RSA, OTHER), JwsCode.KEY_UNNAMED),
    "a key for another algorithm": (GOOD, ({**RSA, "alg": "RS512"},), JwsCode.KEY_UNFIT),
    "a key of another type": (GOOD, (ec_jwk("ES256", kid=KEY_ID),), JwsCode.KEY_UNFIT),
    "a key of another curve": (
        signed(CLAIMS, "ES256"),
        (ec_jwk("ES384", kid=KEY_ID),),
        JwsCode.KEY_UNFIT,
    ),
    "a point that is not on the curve": (signed(CLAIMS, "ES256"), (POINT_OFF_CURVE,), JwsCode.SIGNATURE),
    "a modulus that is no number": (GOOD, ({**RSA, "n": "é"},), JwsCode.KEY_UNFIT),
    "none": (compact({"alg": "none"}, CLAIMS, lambda _: b""), (RSA,), JwsCode.ALGORITHM),
    "HMAC": (compact({"alg": "HS256"}, CLAIMS, lambda _: b"x"), (RSA,), JwsCode.ALGORITHM),
    "RSA-PSS, which AWS does not take": (
        compact({"alg": "PS256"}, CLAIMS, lambda _: b"x"),
        (RSA,),
        JwsCode.ALGORITHM,
    ),
    "lower case": (compact({"alg": "rs256"}, CLAIMS, lambda _: b"x"), (RSA,), JwsCode.ALGORITHM),
}


@pytest.mark.parametrize(("text", "published", "code"), HELD.values(), ids=HELD.keys())
def test_a_token_held_against_keys(text: str, published: tuple[dict[str, Any], ...], code: JwsCode) -> None:
    decision = verify(parse_token(text), keys(*published))
    assert [step.code for step in decision.decisive] == [code]
    assert decision.outcome is (Outcome.ALLOW if code is JwsCode.VERIFIED else Outcome.DENY)
    assert text not in decision.sentence()


@pytest.mark.parametrize("algorithm", AWS_ALGORITHMS)
def test_every_algorithm_that_aws_takes(algorithm: str) -> None:
    key = RSA if algorithm.startswith("RS") else ec_jwk(algorithm, kid=KEY_ID)
    assert verify(parse_token(signed(CLAIMS, algorithm)), keys(key)).allowed


def test_which_algorithms_are_accepted_is_the_callers_choice() -> None:
    token = parse_token(GOOD)
    assert verify(token, keys(RSA), ["ES256"]).decisive[0].code is JwsCode.ALGORITHM
    hmac = parse_token(compact({"alg": "HS256"}, CLAIMS, lambda _: b"x"))
    assert verify(hmac, keys(RSA), ["HS256"]).decisive[0].code is JwsCode.ALGORITHM


def modulus(bits: int) -> dict[str, Any]:
    return {
        "kty": "RSA",
        "kid": KEY_ID,
        "e": "AQAB",
        "n": encoded((1 << (bits - 1) | 1).to_bytes(-(-bits // 8))),
    }


SIZES = {
    MIN_RSA_BITS - 1: JwsCode.KEY_UNFIT,
    MIN_RSA_BITS: JwsCode.SIGNATURE,
    MAX_RSA_BITS: JwsCode.SIGNATURE,
    MAX_RSA_BITS + 1: JwsCode.KEY_UNFIT,
    MAX_RSA_BITS * 2: JwsCode.KEY_UNFIT,
}


@pytest.mark.parametrize(("bits", "code"), SIZES.items())
def test_sizes_of_rsa_keys(bits: int, code: JwsCode) -> None:
    assert verify(parse_token(GOOD), keys(modulus(bits))).decisive[0].code is code


def test_leading_zeros_do_not_make_a_key_longer() -> None:
    short = {**modulus(1024), "n": encoded(bytes(128) + (1 << 1023 | 1).to_bytes(128))}
    assert verify(parse_token(GOOD), keys(short)).decisive[0].code is JwsCode.KEY_UNFIT


PASSED_OVER: dict[str, Any] = {
    "no object": "key",
    "for encryption": {**RSA, "use": "enc"},
    "operations without verify": {**RSA, "key_ops": ["sign"]},
    "operations that are no list": {**RSA, "key_ops": "verify"},
    "symmetric": {"kty": "oct", "k": "AAAA"},
    "an unknown type": {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
    "no type": {"n": "AQAB"},
    "a member is missing": {"kty": "RSA", "n": "AQAB"},
    "a member is a number": {"kty": "RSA", "n": 3, "e": "AQAB"},
}


@pytest.mark.parametrize("key", PASSED_OVER.values(), ids=PASSED_OVER.keys())
def test_keys_that_verify_nothing_are_passed_over(key: Any) -> None:
    assert [one.key_id for one in keys(key, {**RSA, "key_ops": ["verify"]})] == [KEY_ID]


def test_the_private_part_of_a_key_is_not_kept() -> None:
    (key,) = keys({**RSA, "d": "AQAB", "kid": 7})
    assert (key.key_id, key.curve, [name for name, _ in key.members]) == ("", "", ["n", "e"])


NOT_KEYS = {
    "no JSON": "{",
    "no object": "[]",
    "no list": '{"keys": {}}',
    "too many": json.dumps({"keys": [{}] * (MAX_KEYS + 1)}),
    "too long": " " * (MAX_DOCUMENT_BYTES + 1),
}


@pytest.mark.parametrize("text", NOT_KEYS.values(), ids=NOT_KEYS.keys())
def test_what_is_no_key_set(text: str) -> None:
    with pytest.raises(SekishoInputError):
        parse_key_set(text)


def test_as_many_keys_as_allowed() -> None:
    assert parse_key_set(json.dumps({"keys": [RSA] * MAX_KEYS}))[-1].key_id == KEY_ID


def discovery(**members: Any) -> str:
    return json.dumps({"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", **members})


def test_where_the_keys_are() -> None:
    assert (
        discovery_url(ISSUER) == discovery_url(f"{ISSUER}/") == f"{ISSUER}/.well-known/openid-configuration"
    )
    assert parse_discovery(discovery(), ISSUER) == f"{ISSUER}/keys"


NO_DISCOVERY = {
    "another issuer": (discovery(issuer=f"{ISSUER}/"), JwsFault.DISCOVERY_ISSUER),
    "no address": (discovery(jwks_uri=None), JwsFault.DISCOVERY),
    "not https": (discovery(jwks_uri="http://issuer.example/keys"), JwsFault.DISCOVERY),
    "no object": ("[]", JwsFault.KEY_SET),
}


@pytest.mark.parametrize(("text", "code"), NO_DISCOVERY.values(), ids=NO_DISCOVERY.keys())
def test_what_is_no_discovery_document(text: str, code: JwsFault) -> None:
    with pytest.raises(SekishoInputError) as caught:
        parse_discovery(text, ISSUER)
    assert caught.value.faults[0].code == str(code)


def test_the_helper_signs_with_the_key_it_publishes() -> None:
    issuer = jwt.Issuer.shared()
    token = parse_token(issuer.token(CLAIMS, "RS256", "valid"))
    assert verify(token, parse_key_set(issuer.jwks())).allowed
