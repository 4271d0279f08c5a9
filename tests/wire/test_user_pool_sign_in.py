"""Signing in to a user pool with real boto3: flows, secrets, tokens, their end, and attacks."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from joserfc import jws, jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from sekisho.lab.idp.code import PoolCode
from sekisho.testing import RunningLab, running_lab
from support.boto_lab import HOME, last_refusal, new_role, policy, profile
from support.user_pools import (
    FLOWS,
    PASSWORD,
    TEMPORARY,
    Pool,
    ask,
    fetch,
    new_pool,
    part,
    refused,
    secret_hash,
)

USER = "k@example.com"
NOT_AUTHORIZED = "NotAuthorizedException"
INVALID = "InvalidParameterException"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("sign-in") / "state") as lab:
        yield lab


@pytest.fixture(scope="module")
def pool(lab: RunningLab) -> Pool:
    pool = new_pool(profile(lab, "default"))
    pool.ask("create_group", GroupName="admin")
    pool.new_user(USER, name="Kase")
    pool.ask("admin_add_user_to_group", Username=USER, GroupName="admin")
    return pool


@pytest.fixture(scope="module")
def client(pool: Pool) -> str:
    made: str = pool.new_client()["ClientId"]
    return made


def given(client: str, flow: str = "USER_PASSWORD_AUTH", **parameters: str) -> dict[str, Any]:
    names = {"USERNAME": USER, "PASSWORD": PASSWORD} if "PASSWORD" in flow or "NO_SRP" in flow else {}
    return {"ClientId": client, "AuthFlow": flow, "AuthParameters": {**names, **parameters}}


def sign_in(pool: Pool, client: str, **parameters: str) -> Any:
    return ask(pool.admin, "initiate_auth", **given(client, **parameters))["AuthenticationResult"]


def refusal(pool: Pool) -> str:
    code: str = last_refusal(pool.admin.lab)["code"]
    return code


@pytest.fixture
def later(lab: RunningLab) -> Callable[[int], None]:
    """Return what moves the lab's clock; it is never moved back."""
    return lambda seconds: lab.client.post("/clock", {"seconds": seconds})


# --- tokens


def test_the_id_token_has_the_claims_of_the_article_in_its_order(pool: Pool, client: str) -> None:
    result = pool.ask("admin_initiate_auth", **given(client, "ADMIN_USER_PASSWORD_AUTH"))[
        "AuthenticationResult"
    ]
    assert set(result) == {"AccessToken", "ExpiresIn", "TokenType", "RefreshToken", "IdToken"}
    assert (result["ExpiresIn"], result["TokenType"]) == (3600, "Bearer")
    header, claims = part(result["IdToken"], 0), part(result["IdToken"], 1)
    assert list(header) == ["kid", "alg"]
    assert len(base64.b64decode(header["kid"], validate=True)) == 32
    assert list(claims) == [
        *("sub", "cognito:groups", "email_verified", "iss", "cognito:username", "origin_jti", "aud"),
        *("event_id", "token_use", "auth_time", "name", "exp", "iat", "jti", "email"),
    ]
    assert claims["cognito:groups"] == ["admin"]
    assert claims["email_verified"] is True
    assert claims["iss"] == pool.issuer
    assert claims["sub"] == claims["cognito:username"]
    assert (claims["aud"], claims["token_use"], claims["exp"]) == (client, "id", claims["iat"] + 3600)
    # The article decodes with `base64`, whose alphabet has + and / instead of - and _.
    assert not set("-_") & set("".join(result["IdToken"].split(".")[:2]))
    access = part(result["AccessToken"], 1)
    assert list(access) == [
        *("sub", "cognito:groups", "iss", "client_id", "origin_jti", "event_id", "token_use", "scope"),
        *("auth_time", "exp", "iat", "jti", "username"),
    ]
    assert (access["scope"], access["token_use"]) == ("aws.cognito.signin.user.admin", "access")


def test_the_published_key_verifies_both_tokens_and_is_the_pools_own(pool: Pool, client: str) -> None:
    result = sign_in(pool, client)
    document = fetch(pool.admin.lab, f"{pool.issuer}/.well-known/jwks.json").json
    keys = KeySet.import_key_set(document)
    for name in ("IdToken", "AccessToken"):
        assert jwt.decode(result[name], keys, algorithms=["RS256"]).claims["iss"] == pool.issuer
    other = new_pool(pool.admin, "other-keys")
    theirs = fetch(pool.admin.lab, f"{other.issuer}/.well-known/jwks.json").json
    assert theirs["keys"][0]["kid"] != document["keys"][0]["kid"]
    assert set(theirs["keys"][0]) == {"alg", "e", "kid", "kty", "n", "use"}


def test_read_attributes_and_lifetimes_are_the_clients(pool: Pool, later: Callable[[int], None]) -> None:
    made = pool.new_client(
        ReadAttributes=["email"],
        IdTokenValidity=10,
        AccessTokenValidity=5,
        TokenValidityUnits={"IdToken": "minutes", "AccessToken": "minutes"},
    )["ClientId"]
    result = sign_in(pool, made)
    claims = part(result["IdToken"], 1)
    assert claims["exp"] - claims["iat"] == 600
    assert result["ExpiresIn"] == 300
    assert "name" not in claims
    assert claims["email"] == USER
    seen = {
        one["Name"]
        for one in ask(pool.admin, "get_user", AccessToken=result["AccessToken"])["UserAttributes"]
    }
    assert seen == {"sub", "email"}
    later(300)
    told = refused(pool.admin, "get_user", AccessToken=result["AccessToken"])
    assert told == (NOT_AUTHORIZED, "Access Token has expired")


def test_an_id_token_obtains_a_role_where_the_pool_is_an_identity_provider(pool: Pool, client: str) -> None:
    url = pool.issuer.removeprefix("https://")
    provider = f"arn:aws:iam::{HOME}:oidc-provider/{url}"
    pool.admin.ask("iam", "create_open_id_connect_provider", Url=pool.issuer, ClientIDList=[client])
    trusted = policy(
        "sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": provider},
        Condition={"StringEquals": {f"{url}:aud": client}},
    )
    role = new_role(pool.admin, "of-the-pool", trusted)
    session = pool.admin.ask(
        "sts",
        "assume_role_with_web_identity",
        RoleArn=role,
        RoleSessionName="s-1",
        WebIdentityToken=sign_in(pool, client)["IdToken"],
    )
    assert session["Audience"] == client


# --- flows


@pytest.mark.parametrize(
    ("flow", "sentence"),
    [
        ("USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH flow not enabled for this client"),
        ("REFRESH_TOKEN_AUTH", "Auth flow not enabled for this client"),
    ],
)
def test_a_flow_that_the_client_does_not_allow_is_refused(pool: Pool, flow: str, sentence: str) -> None:
    made = pool.new_client(ExplicitAuthFlows=["ALLOW_CUSTOM_AUTH"])["ClientId"]
    assert refused(pool.admin, "initiate_auth", **given(made, flow)) == (INVALID, sentence)
    assert refusal(pool) == PoolCode.FLOW_OFF
    admin = pool.refused("admin_initiate_auth", **given(made, "ADMIN_USER_PASSWORD_AUTH"))
    assert admin == (INVALID, "Auth flow not enabled for this client")


def test_old_names_of_flows_allow_as_the_new_ones_do(pool: Pool) -> None:
    made = pool.new_client(ExplicitAuthFlows=["ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH"])["ClientId"]
    result = pool.ask("admin_initiate_auth", **given(made, "ADMIN_NO_SRP_AUTH"))["AuthenticationResult"]
    again = given(made, "REFRESH_TOKEN", REFRESH_TOKEN=result["RefreshToken"])
    assert "RefreshToken" not in ask(pool.admin, "initiate_auth", **again)["AuthenticationResult"]


@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", "CUSTOM_AUTH", "USER_AUTH"])
def test_flows_that_are_not_served_are_refused_in_a_sentence(pool: Pool, client: str, flow: str) -> None:
    code, sentence = refused(pool.admin, "initiate_auth", **given(client, flow))
    assert (code, refusal(pool)) == ("SekishoUnserved", PoolCode.FLOW_UNSERVED)
    assert flow in sentence


def test_only_an_administrator_uses_the_administrators_flow(pool: Pool, client: str) -> None:
    told = refused(pool.admin, "initiate_auth", **given(client, "ADMIN_USER_PASSWORD_AUTH"))
    assert told == (INVALID, "Initiate Auth method not supported.")
    assert refused(pool.admin, "initiate_auth", **given("a" * 26))[0] == "ResourceNotFoundException"
    assert refusal(pool) == PoolCode.CLIENT_UNKNOWN
    other = new_pool(pool.admin, "other-client")
    parameters = given(client, "ADMIN_USER_PASSWORD_AUTH")
    assert other.refused("admin_initiate_auth", **parameters)[0] == "ResourceNotFoundException"


@pytest.mark.parametrize("missing", ["USERNAME", "PASSWORD"])
def test_a_missing_parameter_is_named(pool: Pool, client: str, missing: str) -> None:
    told = refused(pool.admin, "initiate_auth", **given(client, **{missing: ""}))
    assert told == (INVALID, f"Missing required parameter {missing}")
    assert refusal(pool) == PoolCode.PARAMETER_MISSING


def trace(pool: Pool) -> tuple[str, list[str]]:
    """Return whom the journal's newest entry is about, and the codes of all that was looked at."""
    entry = pool.admin.lab.client.get("/journal")[-1]
    (link,) = entry["chain"]["links"]
    return entry["who"], [step["code"] for step in link["trace"]]


def test_the_journal_tells_who_signed_in_and_through_what(pool: Pool) -> None:
    made = pool.new_client(GenerateSecret=True)
    client, secret = made["ClientId"], made["ClientSecret"]
    proof = {"SECRET_HASH": secret_hash(secret, client, USER)}
    tokens = sign_in(pool, client, **proof)
    sub = part(tokens["IdToken"], 1)["sub"]
    who = f"{pool.id}/{sub}"
    began = [PoolCode.CLIENT, PoolCode.FLOW, PoolCode.CLIENT_PROVEN]
    assert trace(pool) == (who, [*began, PoolCode.USER, PoolCode.PASSWORD, PoolCode.ISSUED])
    proof = {"SECRET_HASH": secret_hash(secret, client, sub)}
    asked = given(client, "REFRESH_TOKEN_AUTH", REFRESH_TOKEN=tokens["RefreshToken"], **proof)
    ask(pool.admin, "initiate_auth", **asked)
    assert trace(pool) == (who, [*began, PoolCode.SESSION, PoolCode.ISSUED])
    ask(pool.admin, "get_user", AccessToken=tokens["AccessToken"])
    assert trace(pool) == (who, [PoolCode.ACCESS_TOKEN])


def test_the_second_door_finds_the_client_in_any_region(pool: Pool, client: str) -> None:
    environment = pool.admin.lab.environment()
    door = boto3.client(
        "cognito-idp",
        "eu-west-1",
        endpoint_url=pool.admin.lab.client.get("/status")["awsEndpoint"],
        verify=environment["AWS_CA_BUNDLE"],
        config=Config(signature_version=UNSIGNED, proxies={}),
    )
    tokens = door.initiate_auth(**given(client))["AuthenticationResult"]
    assert door.get_user(AccessToken=tokens["AccessToken"])["Username"]


# --- passwords


def test_what_is_told_of_a_wrong_password_and_of_nobody(pool: Pool, client: str) -> None:
    wrong = (NOT_AUTHORIZED, "Incorrect username or password.")
    assert refused(pool.admin, "initiate_auth", **given(client, PASSWORD="Wrong-1")) == wrong
    assert refusal(pool) == PoolCode.PASSWORD_WRONG
    nobody = {"USERNAME": "nobody@example.com"}
    told = refused(pool.admin, "initiate_auth", **given(client, **nobody))
    assert told == ("UserNotFoundException", "User does not exist.")
    discreet = pool.new_client(PreventUserExistenceErrors="ENABLED")["ClientId"]
    assert refused(pool.admin, "initiate_auth", **given(discreet, **nobody)) == wrong
    assert refusal(pool) == PoolCode.USER_UNKNOWN


def test_the_fifth_wrong_password_locks_the_user_out_for_a_while(
    pool: Pool, client: str, later: Callable[[int], None]
) -> None:
    pool.new_user("locked@example.com")
    wrong = given(client, USERNAME="locked@example.com", PASSWORD="Wrong-1")
    for pause in (0, 0, 0, 0, 1, 2, 4, 8):  # the fifth locks for a second, each further one twice as long
        later(pause)
        assert refused(pool.admin, "initiate_auth", **wrong)[1] == "Incorrect username or password."
    told = refused(pool.admin, "initiate_auth", **wrong)
    assert told == (NOT_AUTHORIZED, "Password attempts exceeded")
    assert refusal(pool) == PoolCode.LOCKED
    right = given(client, USERNAME="locked@example.com")
    assert refused(pool.admin, "initiate_auth", **right) == told
    later(20)
    assert "AuthenticationResult" in ask(pool.admin, "initiate_auth", **right)
    # A right password forgives the wrong ones.
    assert refused(pool.admin, "initiate_auth", **wrong)[1] == "Incorrect username or password."


def test_a_disabled_user_does_not_sign_in_and_has_no_tokens(pool: Pool, client: str) -> None:
    pool.new_user("off@example.com")
    who = {"Username": "off@example.com"}
    tokens = sign_in(pool, client, USERNAME="off@example.com")
    pool.ask("admin_disable_user", **who)
    assert refused(pool.admin, "initiate_auth", **given(client, USERNAME="off@example.com")) == (
        NOT_AUTHORIZED,
        "User is disabled.",
    )
    assert refusal(pool) == PoolCode.USER_DISABLED
    assert refused(pool.admin, "get_user", AccessToken=tokens["AccessToken"])[0] == NOT_AUTHORIZED
    pool.ask("admin_enable_user", **who)
    revoked = refused(pool.admin, "get_user", AccessToken=tokens["AccessToken"])
    assert revoked == (NOT_AUTHORIZED, "Access Token has been revoked")


def test_a_temporary_password_is_changed_by_a_challenge(
    pool: Pool, client: str, later: Callable[[int], None]
) -> None:
    pool.new_user("fresh@example.com", None)
    temporary = given(client, USERNAME="fresh@example.com", PASSWORD=TEMPORARY)
    asked = ask(pool.admin, "initiate_auth", **temporary)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert trace(pool)[1][-3:] == [PoolCode.USER, PoolCode.PASSWORD, PoolCode.NEW_PASSWORD_NEEDED]
    assert "AuthenticationResult" not in asked
    attributes = json.loads(asked["ChallengeParameters"]["userAttributes"])
    assert attributes["email"] == "fresh@example.com"

    def answer(session: str, password: str, name: str = "fresh@example.com") -> dict[str, Any]:
        responses = {"USERNAME": name, "NEW_PASSWORD": password}
        return {
            "ClientId": client,
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": session,
            "ChallengeResponses": responses,
        }

    weak = refused(pool.admin, "respond_to_auth_challenge", **answer(asked["Session"], "Short-1"))
    assert weak == (
        "InvalidPasswordException",
        "Password did not conform with policy: Password not long enough",
    )
    other = refused(pool.admin, "respond_to_auth_challenge", **answer(asked["Session"], PASSWORD, USER))
    assert other == (NOT_AUTHORIZED, "Invalid session for the user.")
    done = ask(pool.admin, "respond_to_auth_challenge", **answer(asked["Session"], PASSWORD))
    assert "RefreshToken" in done["AuthenticationResult"]
    assert trace(pool)[1] == [PoolCode.CLIENT, PoolCode.CHALLENGE, PoolCode.ISSUED]
    again = refused(pool.admin, "respond_to_auth_challenge", **answer(asked["Session"], PASSWORD))
    assert (again[0], refusal(pool)) == (NOT_AUTHORIZED, PoolCode.CHALLENGE_UNKNOWN)
    pool.ask("admin_set_user_password", Username="fresh@example.com", Password=TEMPORARY)
    second = pool.ask("admin_initiate_auth", **{**temporary, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH"})
    pool.ask("admin_set_user_password", Username="fresh@example.com", Password="Other-Passw0rd")
    overtaken = pool.refused("admin_respond_to_auth_challenge", **answer(second["Session"], PASSWORD))
    assert (overtaken[0], refusal(pool)) == (NOT_AUTHORIZED, PoolCode.CHALLENGE_UNKNOWN)
    pool.ask("admin_set_user_password", Username="fresh@example.com", Password=TEMPORARY)
    second = pool.ask("admin_initiate_auth", **{**temporary, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH"})
    later(180)
    late = pool.refused("admin_respond_to_auth_challenge", **answer(second["Session"], PASSWORD))
    assert late[0] == NOT_AUTHORIZED
    third = pool.ask("admin_initiate_auth", **{**temporary, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH"})
    assert "AuthenticationResult" in pool.ask(
        "admin_respond_to_auth_challenge", **answer(third["Session"], PASSWORD)
    )
    srp = {**answer("s" * 20, PASSWORD), "ChallengeName": "PASSWORD_VERIFIER"}
    assert refused(pool.admin, "respond_to_auth_challenge", **srp)[0] == "SekishoUnserved"


def test_a_temporary_password_ends(pool: Pool, client: str, later: Callable[[int], None]) -> None:
    pool.new_user("slow@example.com", None)
    temporary = given(client, USERNAME="slow@example.com", PASSWORD=TEMPORARY)
    later(7 * 86_400 - 60)
    assert "Session" in ask(pool.admin, "initiate_auth", **temporary)
    later(60)
    told = refused(pool.admin, "initiate_auth", **temporary)
    assert told == (NOT_AUTHORIZED, "Temporary password has expired and must be reset by an administrator.")
    assert refusal(pool) == PoolCode.PASSWORD_EXPIRED


def test_users_change_their_own_password(lab: RunningLab) -> None:
    policies = {"PasswordPolicy": {"MinimumLength": 6, "PasswordHistorySize": 2}}
    pool = new_pool(profile(lab, "default"), "history", Policies=policies)
    client = pool.new_client()["ClientId"]
    pool.new_user("p@example.com")
    access = {"AccessToken": sign_in(pool, client, USERNAME="p@example.com")["AccessToken"]}

    def change(old: str, new: str) -> dict[str, str]:
        return {**access, "PreviousPassword": old, "ProposedPassword": new}

    assert refused(pool.admin, "change_password", **change("wrong", "second-1"))[0] == NOT_AUTHORIZED
    assert refused(pool.admin, "change_password", **change(PASSWORD, "x"))[0] == "InvalidPasswordException"
    assert refusal(pool) == PoolCode.PASSWORD_POLICY
    ask(pool.admin, "change_password", **change(PASSWORD, "second-1"))
    used = refused(pool.admin, "change_password", **change("second-1", PASSWORD))
    assert used[0] == "PasswordHistoryPolicyViolationException"
    assert "IdToken" in sign_in(pool, client, USERNAME="p@example.com", PASSWORD="second-1")
    # Each wrong one doubles the rest: a slow machine gets there, too.
    told = [refused(pool.admin, "change_password", **change("wrong", "third-1"))[0] for _ in range(12)]
    assert told[:5] == [NOT_AUTHORIZED] * 5
    assert "LimitExceededException" in told[5:]


# --- secrets of clients


def test_a_confidential_client_proves_its_secret_by_a_hash(pool: Pool) -> None:
    made = pool.new_client(GenerateSecret=True)
    client, secret = made["ClientId"], made["ClientSecret"]
    missing = refused(pool.admin, "initiate_auth", **given(client))
    assert missing == (
        NOT_AUTHORIZED,
        f"Client {client} is configured with secret but SECRET_HASH was not received",
    )
    assert refusal(pool) == PoolCode.CLIENT_SECRET_MISSING
    for wrong in (secret_hash("other", client, USER), secret_hash(secret, client, "other"), "x", "\u00e9"):
        told = refused(pool.admin, "initiate_auth", **given(client, SECRET_HASH=wrong))
        assert told == (NOT_AUTHORIZED, f"Unable to verify secret hash for client {client}")
        assert refusal(pool) == PoolCode.CLIENT_SECRET_WRONG
    result = sign_in(pool, client, SECRET_HASH=secret_hash(secret, client, USER))
    token = {"REFRESH_TOKEN": result["RefreshToken"]}
    username = part(result["IdToken"], 1)["cognito:username"]
    right = given(client, "REFRESH_TOKEN_AUTH", **token, SECRET_HASH=secret_hash(secret, client, username))
    assert "IdToken" in ask(pool.admin, "initiate_auth", **right)["AuthenticationResult"]
    bare = given(client, "REFRESH_TOKEN_AUTH", **token)
    assert refused(pool.admin, "initiate_auth", **bare)[0] == NOT_AUTHORIZED
    by_secret = {"ClientId": client, "RefreshToken": result["RefreshToken"]}
    assert refused(pool.admin, "get_tokens_from_refresh_token", **by_secret)[0] == NOT_AUTHORIZED
    wrong_secret = {**by_secret, "ClientSecret": "w" * 30}
    assert refused(pool.admin, "get_tokens_from_refresh_token", **wrong_secret)[0] == NOT_AUTHORIZED
    done = ask(pool.admin, "get_tokens_from_refresh_token", **by_secret, ClientSecret=secret)
    assert "IdToken" in done["AuthenticationResult"]
    revoking = {"ClientId": client, "Token": result["RefreshToken"]}
    assert refused(pool.admin, "revoke_token", **revoking)[0] == "UnauthorizedException"


def test_a_public_client_takes_no_secret(pool: Pool, client: str) -> None:
    told = refused(pool.admin, "initiate_auth", **given(client, SECRET_HASH="x"))
    assert (told[0], refusal(pool)) == (NOT_AUTHORIZED, PoolCode.CLIENT_PUBLIC)


# --- refresh, sign-out, revocation


def test_a_refresh_token_ends_by_the_labs_clock_and_is_its_clients_alone(
    pool: Pool, client: str, later: Callable[[int], None]
) -> None:
    token = sign_in(pool, client)["RefreshToken"]
    asked = given(client, "REFRESH_TOKEN_AUTH", REFRESH_TOKEN=token)
    first = ask(pool.admin, "initiate_auth", **asked)["AuthenticationResult"]
    assert set(first) == {"AccessToken", "ExpiresIn", "TokenType", "IdToken"}
    other = given(pool.new_client()["ClientId"], "REFRESH_TOKEN_AUTH", REFRESH_TOKEN=token)
    assert refused(pool.admin, "initiate_auth", **other) == (NOT_AUTHORIZED, "Invalid Refresh Token")
    for forged in ("x", token + "x", token.partition(".")[0] + ".x"):
        bad = given(client, "REFRESH_TOKEN_AUTH", REFRESH_TOKEN=forged)
        assert refused(pool.admin, "initiate_auth", **bad)[0] == NOT_AUTHORIZED
        assert refusal(pool) == PoolCode.SESSION_UNKNOWN
    later(30 * 86_400 - 60)
    assert "IdToken" in ask(pool.admin, "initiate_auth", **asked)["AuthenticationResult"]
    later(60)
    assert refused(pool.admin, "initiate_auth", **asked) == (NOT_AUTHORIZED, "Refresh Token has expired")
    assert refusal(pool) == PoolCode.SESSION_EXPIRED


def test_a_rotated_refresh_token_is_not_used_again(pool: Pool, later: Callable[[int], None]) -> None:
    flows = [flow for flow in FLOWS if flow != "ALLOW_REFRESH_TOKEN_AUTH"]
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30}
    client = pool.new_client(ExplicitAuthFlows=flows, RefreshTokenRotation=rotation)["ClientId"]
    old = sign_in(pool, client)["RefreshToken"]
    asked = {"ClientId": client, "RefreshToken": old}
    new = ask(pool.admin, "get_tokens_from_refresh_token", **asked)["AuthenticationResult"]["RefreshToken"]
    assert new != old
    assert "IdToken" in ask(pool.admin, "get_tokens_from_refresh_token", **asked)["AuthenticationResult"]
    later(31)
    assert refused(pool.admin, "get_tokens_from_refresh_token", **asked)[0] == "RefreshTokenReuseException"
    asked["RefreshToken"] = new
    assert "IdToken" in ask(pool.admin, "get_tokens_from_refresh_token", **asked)["AuthenticationResult"]


@pytest.mark.parametrize("how", ["by the user", "by the administrator"])
def test_signing_out_revokes_every_token(pool: Pool, client: str, how: str) -> None:
    pool.new_user(f"{how[3:].replace(' ', '-')}@example.com")
    name = f"{how[3:].replace(' ', '-')}@example.com"
    tokens = sign_in(pool, client, USERNAME=name)
    if how == "by the user":
        ask(pool.admin, "global_sign_out", AccessToken=tokens["AccessToken"])
    else:
        pool.ask("admin_user_global_sign_out", Username=name)
    told = refused(pool.admin, "get_user", AccessToken=tokens["AccessToken"])
    assert told == (NOT_AUTHORIZED, "Access Token has been revoked")
    asked = given(client, "REFRESH_TOKEN_AUTH", REFRESH_TOKEN=tokens["RefreshToken"])
    assert refused(pool.admin, "initiate_auth", **asked) == (NOT_AUTHORIZED, "Invalid Refresh Token")
    after = sign_in(pool, client, USERNAME=name)
    assert ask(pool.admin, "get_user", AccessToken=after["AccessToken"])["Username"]


def test_a_revoked_token_takes_what_it_obtained_with_it_and_no_more(pool: Pool, client: str) -> None:
    one, two = sign_in(pool, client), sign_in(pool, client)
    ask(pool.admin, "revoke_token", ClientId=client, Token=one["RefreshToken"])
    ask(pool.admin, "revoke_token", ClientId=client, Token="unknown")
    assert (
        refused(pool.admin, "get_user", AccessToken=one["AccessToken"])[1] == "Access Token has been revoked"
    )
    assert ask(pool.admin, "get_user", AccessToken=two["AccessToken"])["Username"]
    wrong = refused(pool.admin, "revoke_token", ClientId=client, Token=two["AccessToken"])
    assert wrong[0] == "UnsupportedTokenTypeException"
    assert refused(pool.admin, "revoke_token", ClientId="a" * 26, Token="x")[0] == INVALID
    lasting = pool.new_client(EnableTokenRevocation=False)["ClientId"]
    tokens = sign_in(pool, lasting)
    assert "origin_jti" not in part(tokens["AccessToken"], 1)
    unsupported = refused(pool.admin, "revoke_token", ClientId=lasting, Token=tokens["RefreshToken"])
    assert unsupported[0] == "UnsupportedOperationException"
    pool.ask("admin_user_global_sign_out", Username=USER)
    assert refused(pool.admin, "get_user", AccessToken=tokens["AccessToken"])[0] == NOT_AUTHORIZED


# --- forged access tokens


def forged(token: str, how: str, theirs: str) -> str:
    """Return an access token that an attacker made of one."""
    header, claims, signature = token.split(".")
    values = part(token, 1)
    own = RSAKey.generate_key(2048)
    kid = part(token, 0)["kid"]
    match how:
        case "alg none":
            return f"{_encoded({'kid': kid, 'alg': 'none'})}.{claims}."
        case "alg HS256 with the public key":
            text = json.dumps(values).encode()
            return jws.serialize_compact(
                {"alg": "HS256", "kid": kid}, text, OctKey.import_key(b"x" * 32), ["HS256"]
            )
        case "another key":
            return jws.serialize_compact(
                {"kid": kid, "alg": "RS256"}, json.dumps(values).encode(), own, ["RS256"]
            )
        case "changed claims":
            return f"{header}.{_encoded({**values, 'sub': 'x'})}.{signature}"
        case "another pool's name":
            return f"{header}.{_encoded({**values, 'iss': theirs})}.{signature}"
        case "an issuer out there":
            return f"{header}.{_encoded({**values, 'iss': 'https://evil.example.com/x'})}.{signature}"
    return f"{header}.{claims}"


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "how",
    [
        *("alg none", "alg HS256 with the public key", "another key", "changed claims"),
        *("another pool's name", "an issuer out there", "no signature"),
    ],
)
def test_a_forged_access_token_is_refused(pool: Pool, client: str, how: str) -> None:
    other = new_pool(pool.admin, "victim")
    token = forged(sign_in(pool, client)["AccessToken"], how, other.issuer)
    assert refused(pool.admin, "get_user", AccessToken=token)[0] == NOT_AUTHORIZED
    assert refusal(pool) == PoolCode.ACCESS_TOKEN_REFUSED


def test_an_id_token_is_no_access_token(pool: Pool, client: str) -> None:
    told = refused(pool.admin, "get_user", AccessToken=sign_in(pool, client)["IdToken"])
    assert told == (NOT_AUTHORIZED, "Invalid Access Token")


def test_tokens_of_who_is_gone_are_refused(pool: Pool) -> None:
    client = pool.new_client()["ClientId"]
    pool.new_user("gone@example.com")
    first = sign_in(pool, client, USERNAME="gone@example.com")
    pool.ask("admin_delete_user", Username="gone@example.com")
    assert refused(pool.admin, "get_user", AccessToken=first["AccessToken"])[0] == "UserNotFoundException"
    second = sign_in(pool, client)
    pool.ask("delete_user_pool_client", ClientId=client)
    assert refused(pool.admin, "get_user", AccessToken=second["AccessToken"])[0] == NOT_AUTHORIZED
    asked = given(client, "REFRESH_TOKEN_AUTH", REFRESH_TOKEN=second["RefreshToken"])
    assert refused(pool.admin, "initiate_auth", **asked)[0] == "ResourceNotFoundException"
