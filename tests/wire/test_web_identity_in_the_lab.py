"""AssumeRoleWithWebIdentity in a running lab with real boto3: what a token obtains, and every attack.

What the client is told is AWS's code, status and text; the journal names the step.
Source: STS API Reference, "AssumeRoleWithWebIdentity"; RFC 8725 (JWT best current practices) for the attacks.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from e2e.hostile_wire import FORM, STS, Doors, render
from sekisho.lab.default_world import default_world
from sekisho.testing import RunningLab, running_lab
from support.boto_lab import (
    AWAY,
    HOME,
    REGION,
    Caller,
    Refused,
    codes_of,
    delete_role,
    last_refusal,
    new_role,
    policy,
    profile,
)
from support.jwt import compact, encoded, rsa_key, signed
from support.service_accounts import NAMESPACE, KubeApi, parts

AUDIENCE = "sts.amazonaws.com"
SUBJECT = f"system:serviceaccount:{NAMESPACE}:ledger"
BAD_SIGNATURE = "The signature of the provided token could not be verified"
NOT_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
NO_KEYS = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)
WEB = "sts:AssumeRoleWithWebIdentity"


@dataclass(frozen=True, slots=True)
class Ground:
    """Two clusters of one account, the first of which its account trusts, and the creator of all."""

    lab: RunningLab
    one: KubeApi
    two: KubeApi
    home: Caller
    away: Caller
    issuer: str
    other_issuer: str
    sts: Any

    def provider(self, issuer: str = "", account: str = HOME) -> str:
        return f"arn:aws:iam::{account}:oidc-provider/{(issuer or self.issuer).removeprefix('https://')}"

    def key(self, claim: str) -> str:
        return f"{self.issuer.removeprefix('https://')}:{claim}"

    def trust(self, *actions: str, **conditions: Any) -> str:
        found = {"Condition": conditions} if conditions else {}
        return policy(*(actions or (WEB,)), Principal={"Federated": self.provider()}, **found)

    def token(self, **spec: Any) -> str:
        return self.one.web_token("ledger", **spec)

    def ask(self, token: str, role: str = "app", account: str = HOME, **more: Any) -> Any:
        return self.sts.assume_role_with_web_identity(**asking(token, role, account), **more)

    def refused(self, token: str, role: str = "app", account: str = HOME, **more: Any) -> Refused:
        try:
            self.ask(token, role, account, **more)
        except ClientError as error:
            told: Any = error.response
            status = told["ResponseMetadata"]["HTTPStatusCode"]
            return Refused(told["Error"]["Code"], status, told["Error"]["Message"])
        raise AssertionError("the token was taken")


def asking(token: str, role: str, account: str) -> dict[str, str]:
    arn = f"arn:aws:iam::{account}:role/{role}"
    return {"RoleArn": arn, "RoleSessionName": "pod-1", "WebIdentityToken": token}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("web")
    world: Any = yaml.safe_load(default_world())
    world["clusters"].append({**world["clusters"][0], "name": "clu-two", "nodes": []})
    file = folder / "world.yaml"
    file.write_text(yaml.safe_dump(world))
    with running_lab(folder / "lab", file) as lab:
        one, two = KubeApi(lab), KubeApi(lab, "clu-two")
        home, away = profile(lab, "default"), profile(lab, "target-env")
        for api in (one, two):
            api.namespace()
            api.account("ledger")
        issuers = [
            home.ask("eks", "describe_cluster", name=api.name)["cluster"]["identity"]["oidc"]["issuer"]
            for api in (one, two)
        ]
        home.ask("iam", "create_open_id_connect_provider", Url=issuers[0], ClientIDList=[AUDIENCE])
        found = Ground(lab, one, two, home, away, issuers[0], issuers[1], home.client("sts"))
        conditions = {"StringEquals": {found.key("sub"): SUBJECT, found.key("aud"): AUDIENCE}}
        new_role(home, "app", found.trust(**conditions), policy("s3:ListAllMyBuckets", Resource="*"))
        yield found


def test_a_token_obtains_a_session_of_the_role(ground: Ground) -> None:
    answer = ground.ask(ground.token())
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert (answer["Provider"], answer["Audience"]) == (ground.provider(), AUDIENCE)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{HOME}:assumed-role/app/pod-1"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":pod-1")
    pod = ground.home.with_credentials(answer)
    assert pod.arn == answer["AssumedRoleUser"]["Arn"]
    assert pod.ask("s3", "list_buckets")["Buckets"] == []
    assert pod.refused("iam", "list_users").code == "AccessDenied"


def test_the_session_remembers_whose_it_is(ground: Ground) -> None:
    answer = ground.ask(ground.token())
    facts = ground.lab.client.get("/facts")["facts"]
    key_id = answer["Credentials"]["AccessKeyId"]
    (session,) = [
        one["fact"]["session"] for one in facts if (one["kind"], one["name"]) == ("session", key_id)
    ]
    (origin,) = session["provenance"]
    assert (origin["kind"], origin["name"], origin["subject"]) == ("web-identity", ground.provider(), SUBJECT)
    assert origin["service_account"] == {
        "issuer": ground.issuer,
        "namespace": NAMESPACE,
        "name": "ledger",
        "cluster": f"arn:aws:eks:{REGION}:{HOME}:cluster/eks-clu",
    }


def test_the_journal_tells_the_links_of_what_was_granted(ground: Ground) -> None:
    request_id = ground.ask(ground.token())["ResponseMetadata"]["RequestId"]
    entry = ground.lab.client.get(f"/journal/entry/{request_id}")
    assert (entry["who"], entry["outcome"], entry["asked"]) == (SUBJECT, "allow", [f"sts {WEB[4:]}"])
    assert [link["link"] for link in entry["chain"]["links"]] == [
        "web-identity-token",
        "identity-provider",
        "token-signature",
        "token-claims",
        "session",
    ]


def test_what_a_web_identity_session_assumes_is_a_chain(ground: Ground) -> None:
    spoke = f"arn:aws:iam::{AWAY}:role/spoke"
    iam = ground.home.client("iam")
    iam.put_role_policy(
        RoleName="app", PolicyName="hop", PolicyDocument=policy("sts:AssumeRole", Resource=spoke)
    )
    trusting = policy("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{HOME}:role/app"})
    new_role(ground.away, "spoke", trusting, seconds=7200)
    pod = ground.home.with_credentials(ground.ask(ground.token()))
    assert pod.assume("spoke").arn == f"arn:aws:sts::{AWAY}:assumed-role/spoke/s-1"
    refused = pod.refused("sts", "assume_role", RoleArn=spoke, RoleSessionName="s-1", DurationSeconds=3601)
    assert (refused.code, refused.status) == ("ValidationError", 400)


@pytest.mark.parametrize(("agent", "taken"), [("Boto3/*", True), ("curl/*", False)])
def test_the_client_that_asks_is_in_the_context(ground: Ground, agent: str, taken: bool) -> None:
    name = "agent-yes" if taken else "agent-no"
    new_role(ground.home, name, ground.trust(StringLike={"aws:UserAgent": agent}))
    if taken:
        assert ground.ask(ground.token(), name)["SubjectFromWebIdentityToken"] == SUBJECT
    else:
        assert ground.refused(ground.token(), name).code == "AccessDenied"


@pytest.mark.parametrize(("seconds", "role_maximum"), [(900, 3600), (3600, 3600), (43_200, 43_200)])
def test_the_first_hop_lasts_as_long_as_the_role_allows(
    ground: Ground, seconds: int, role_maximum: int
) -> None:
    ground.home.ask("iam", "update_role", RoleName="app", MaxSessionDuration=role_maximum)
    answer = ground.ask(ground.token(), DurationSeconds=seconds)
    left = answer["Credentials"]["Expiration"].timestamp() - parts(ground.token())[1]["iat"]
    assert seconds - 30 < left <= seconds + 1
    ground.home.ask("iam", "update_role", RoleName="app", MaxSessionDuration=3600)


# Attacks: what an attacker can make of a true token, of the published keys, and of keys of its own.


def published(ground: Ground) -> Any:
    host = ground.issuer.split("/")[2]
    doors = Doors.of(ground.lab)
    path = ground.issuer.removeprefix(f"https://{host}")
    answer = doors.send(doors.aws(host), render("GET", f"{path}/keys", [("host", host)]))
    return json.loads(answer.body)["keys"][0]


def by_hmac(ground: Ground, algorithm: str = "HS256") -> str:
    """Sign with the published public key as if it were a shared secret."""
    key = published(ground)
    n, e = (int.from_bytes(base64.urlsafe_b64decode(key[name] + "==")) for name in ("n", "e"))
    pem = (
        RSAPublicNumbers(e, n)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    header, claims = parts(ground.token())
    return compact(
        {**header, "alg": algorithm}, claims, lambda data: hmac.new(pem, data, hashlib.sha256).digest()
    )


def own_key(ground: Ground, **header: Any) -> str:
    """Sign the claims of a true token with a key of the attacker's."""
    true, claims = parts(ground.token())
    return signed(claims, "RS256", rsa_key(2048, 7), **{"kid": true["kid"], **header})


def unsigned(ground: Ground, **header: Any) -> str:
    true, claims = parts(ground.token())
    return compact({**true, **header}, claims, lambda _: b"")


def changed(ground: Ground, **claims: Any) -> str:
    """Put other claims under the signature of a true token."""
    token = ground.token()
    _, true = parts(token)
    head, _, signature = token.split(".")
    return f"{head}.{encoded(json.dumps({**true, **claims}).encode())}.{signature}"


def twice(ground: Ground) -> str:
    token = ground.token()
    head, body, signature = token.split(".")
    text = base64.urlsafe_b64decode(body + "==").decode()
    body = encoded(text.removesuffix("}").encode() + b',"sub":"x"}')
    return f"{head}.{body}.{signature}"


def nested(ground: Ground) -> str:
    """Wrap a true token in another, as RFC 7519, section 5.2, allows."""
    true, _ = parts(ground.token())
    head = encoded(json.dumps({**true, "cty": "JWT"}).encode())
    return f"{head}.{encoded(ground.token().encode())}.{encoded(b'x')}"


Make = Callable[[Ground], str]
INVALID, DENIED = ("InvalidIdentityToken", 400), ("AccessDenied", 403)
SIGNATURE = "sts.token-signature"
ATTACKS: dict[str, tuple[Make, tuple[str, int], str, list[str]]] = {
    "alg none": (
        lambda g: unsigned(g, alg="none"),
        INVALID,
        BAD_SIGNATURE,
        [SIGNATURE, "jws.algorithm-refused"],
    ),
    "alg NoNe": (
        lambda g: unsigned(g, alg="NoNe"),
        INVALID,
        BAD_SIGNATURE,
        [SIGNATURE, "jws.algorithm-refused"],
    ),
    "no signature": (unsigned, INVALID, BAD_SIGNATURE, [SIGNATURE, "jws.signature-wrong"]),
    "HMAC with the public key": (by_hmac, INVALID, BAD_SIGNATURE, [SIGNATURE, "jws.algorithm-refused"]),
    "HMAC called RSA": (
        lambda g: by_hmac(g, "RS256"),
        INVALID,
        BAD_SIGNATURE,
        [SIGNATURE, "jws.signature-wrong"],
    ),
    "another key under the true id": (own_key, INVALID, BAD_SIGNATURE, [SIGNATURE, "jws.signature-wrong"]),
    "an id that is a path": (
        lambda g: own_key(g, kid="../../../dev/null"),
        INVALID,
        BAD_SIGNATURE,
        [SIGNATURE, "jws.key-unknown"],
    ),
    "an id that is a URL": (
        lambda g: own_key(g, kid="https://evil.example/keys"),
        INVALID,
        BAD_SIGNATURE,
        [SIGNATURE, "jws.key-unknown"],
    ),
    "keys at a place of the token's": (
        lambda g: own_key(g, kid="k", jku="https://evil.example/keys"),
        INVALID,
        BAD_SIGNATURE,
        [SIGNATURE, "jws.key-unknown"],
    ),
    "a key in the token": (
        lambda g: own_key(g, jwk={"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
        INVALID,
        BAD_SIGNATURE,
        [SIGNATURE, "jws.signature-wrong"],
    ),
    "a key for another algorithm": (
        lambda g: unsigned(g, alg="ES256"),
        INVALID,
        BAD_SIGNATURE,
        [SIGNATURE, "jws.key-unfit"],
    ),
    "an id that is a number": (lambda g: own_key(g, kid=1), INVALID, NOT_JWT, ["sts.token-malformed"]),
    "a critical header": (lambda g: own_key(g, crit=["exp"]), INVALID, NOT_JWT, ["sts.token-malformed"]),
    "another subject": (
        lambda g: changed(g, sub="system:serviceaccount:kube-system:admin"),
        INVALID,
        BAD_SIGNATURE,
        [SIGNATURE, "jws.signature-wrong"],
    ),
    "another audience": (
        lambda g: g.one.token("ledger"),
        INVALID,
        "Incorrect token audience",
        ["sts.audience-not-registered"],
    ),
    "a claim twice": (twice, INVALID, NOT_JWT, ["sts.token-malformed"]),
    "a token in a token": (nested, INVALID, NOT_JWT, ["sts.token-malformed"]),
    "a token and a half": (lambda g: f"{g.token()}.x", INVALID, NOT_JWT, ["sts.token-malformed"]),
    "an IAM token": (lambda _: "k8s-aws-v1.aHR0cHM6Ly9zdHM", INVALID, NOT_JWT, ["sts.token-malformed"]),
    "an encrypted token": (lambda _: "a.b.c.d.e", INVALID, NOT_JWT, ["sts.token-malformed"]),
    "no issuer": (
        lambda _: signed({"sub": SUBJECT, "aud": AUDIENCE}, "RS256"),
        INVALID,
        "Missing a required claim: iss",
        ["sts.claim-missing"],
    ),
}


@pytest.mark.parametrize("case", ATTACKS)
def test_forged_and_misused_tokens_are_refused_with_aws_s_words(ground: Ground, case: str) -> None:
    make, told, text, codes = ATTACKS[case]
    assert ground.refused(make(ground)) == Refused(*told, text)
    entry = last_refusal(ground.lab)
    assert codes_of(entry) == codes
    assert (entry["who"], entry["status"]) == ("", told[1])


@pytest.mark.parametrize("variant", ["/", ":443", "?x", "0"])
def test_an_issuer_that_is_nearly_the_one(ground: Ground, variant: str) -> None:
    issuer = f"{ground.issuer}{variant}" if variant != ":443" else ground.issuer.replace(".com/", ".com:443/")
    refused = ground.refused(changed(ground, iss=issuer))
    assert refused == Refused(*INVALID, f"No OpenIDConnect provider found in your account for {issuer}")
    nearest = codes_of(last_refusal(ground.lab), "nearest")
    assert nearest == ["sts.near.issuer"]


def test_words_of_a_stranger_stay_on_their_line(ground: Ground) -> None:
    issuer = "https://x\n\x1b[2Jyes"
    ground.refused(changed(ground, iss=issuer))
    entry = last_refusal(ground.lab)
    link = entry["chain"]["links"][-1]
    told = [entry["sentence"], entry["who"], link["decisive"][0]["sentence"], link["repairs"][0]["sentence"]]
    assert all(text.isprintable() for text in told)
    assert r"https://x\n\x1b[2Jyes" in entry["sentence"]


def test_a_token_of_another_cluster_of_the_account(ground: Ground) -> None:
    token = ground.two.web_token("ledger")
    sentence = f"No OpenIDConnect provider found in your account for {ground.other_issuer}"
    assert ground.refused(token) == Refused(*INVALID, sentence)
    iam = ground.home.client("iam")
    arn = iam.create_open_id_connect_provider(Url=ground.other_issuer, ClientIDList=[AUDIENCE])[
        "OpenIDConnectProviderArn"
    ]
    # The provider is there, and the role trusts the other cluster's all the same.
    assert ground.refused(token) == Refused(*DENIED, NOT_AUTHORIZED)
    entry = last_refusal(ground.lab)
    assert entry["chain"]["links"][-1]["nearest"][0]["code"] == "sts.near.other-provider"
    _, claims = parts(ground.token())
    mixed = signed({**claims, "iss": ground.other_issuer}, "RS256", rsa_key(2048, 7))
    assert ground.refused(mixed) == Refused(*INVALID, BAD_SIGNATURE)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_the_key_of_one_cluster_signs_for_no_other(ground: Ground) -> None:
    """A token with the issuer of one cluster and the signature of the other's key."""
    head, _, signature = ground.two.web_token("ledger").split(".")
    body = ground.token().split(".")[1]
    assert ground.refused(f"{head}.{body}.{signature}") == Refused(*INVALID, BAD_SIGNATURE)
    assert codes_of(last_refusal(ground.lab)) == [SIGNATURE, "jws.key-unknown"]


def test_each_account_needs_a_provider_of_its_own(ground: Ground) -> None:
    trusting = policy(WEB, Principal={"Federated": ground.provider(account=AWAY)})
    new_role(ground.away, "pods", trusting)
    sentence = f"No OpenIDConnect provider found in your account for {ground.issuer}"
    assert ground.refused(ground.token(), "pods", AWAY) == Refused(*INVALID, sentence)
    repairs = last_refusal(ground.lab)["chain"]["links"][-1]["repairs"]
    assert [one["code"] for one in repairs] == ["sts.fix.add-provider"]
    ground.away.ask(
        "iam", "create_open_id_connect_provider", Url=ground.issuer, ClientIDList=[AUDIENCE, "other"]
    )
    answer = ground.ask(ground.token(), "pods", AWAY)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{AWAY}:assumed-role/pods/pod-1"
    assert answer["Provider"] == ground.provider(account=AWAY)
    arn = ground.provider(account=AWAY)
    ground.away.ask("iam", "delete_open_id_connect_provider", OpenIDConnectProviderArn=arn)
    assert ground.refused(ground.token(), "pods", AWAY) == Refused(*INVALID, sentence)


def test_a_condition_that_is_not_met_is_told_with_both_values(ground: Ground) -> None:
    ground.one.account("stranger")
    token = ground.one.web_token("stranger")
    assert ground.refused(token) == Refused(*DENIED, NOT_AUTHORIZED)
    entry = last_refusal(ground.lab)
    last = entry["chain"]["links"][-1]
    assert last["link"] == "trust-policy"
    assert codes_of(entry) == ["sts.web-identity-not-authorized", "iam.no-resource-policy-allows"]
    (near,) = (one for one in last["nearest"] if one["code"] == "iam.condition-not-met")
    assert near["sentence"].endswith(
        f":sub StringEquals {SUBJECT}; it is system:serviceaccount:{NAMESPACE}:stranger"
    )
    assert entry["who"] == f"system:serviceaccount:{NAMESPACE}:stranger"


def test_a_role_that_is_not_there_is_refused_as_one_that_does_not_trust(ground: Ground) -> None:
    assert ground.refused(ground.token(), "none") == Refused(*DENIED, NOT_AUTHORIZED)
    assert codes_of(last_refusal(ground.lab)) == ["sts.role-unknown"]


def test_a_recreated_role_knows_no_old_session(ground: Ground) -> None:
    new_role(ground.home, "brief", ground.trust())
    pod = ground.home.with_credentials(ground.ask(ground.token(), "brief"))
    assert pod.arn.endswith("assumed-role/brief/pod-1")
    delete_role(ground.home, "brief")
    new_role(ground.home, "brief", ground.trust())
    assert pod.refused("sts", "get_caller_identity").code == "InvalidClientTokenId"
    assert ground.home.with_credentials(ground.ask(ground.token(), "brief")).arn.endswith("brief/pod-1")
    delete_role(ground.home, "brief")


def test_aws_takes_the_token_of_a_deleted_account_the_cluster_does_not(ground: Ground) -> None:
    """STS sees signature and times alone: a token outlives its service account there."""
    ground.one.account("leaving")
    new_role(ground.home, "leaver", ground.trust())
    token = ground.one.web_token("leaving", expirationSeconds=600)
    ground.one.gone(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/leaving")
    assert ground.ask(token, "leaver")["SubjectFromWebIdentityToken"].endswith(":leaving")
    # One token obtains as many sessions as it is shown for: there is no replay protection in it.
    assert ground.ask(token, "leaver")["SubjectFromWebIdentityToken"].endswith(":leaving")


def test_session_policies_limit_and_durations_are_bounded(ground: Ground) -> None:
    pod = ground.home.with_credentials(
        ground.ask(ground.token(), Policy=policy("s3:GetObject", Resource="*"))
    )
    assert pod.refused("s3", "list_buckets").code == "AccessDenied"
    over = ground.refused(ground.token(), DurationSeconds=3601)
    assert over == Refused(
        "ValidationError",
        400,
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    broken = ground.refused(ground.token(), Policy="{")
    assert (broken.code, broken.status) == ("MalformedPolicyDocument", 400)
    provider = ground.refused(ground.token(), ProviderId="www.amazon.com")
    assert (provider.code, provider.status) == ("InvalidIdentityToken", 400)


def ask_raw(ground: Ground, body: bytes, *headers: tuple[str, str]) -> tuple[int, str]:
    doors = Doors.of(ground.lab)
    answer = doors.send(doors.aws(STS), render("POST", "/", [("host", STS), FORM, *headers], body))
    return answer.status, answer.text


def form(token: str, **more: str) -> bytes:
    told = {"Action": WEB[4:], "Version": "2011-06-15", **asking(token, "app", HOME), **more}
    return "&".join(
        f"{name}={value.replace('/', '%2F').replace(':', '%3A')}" for name, value in told.items()
    ).encode()


def test_tokens_that_are_too_long_are_not_read(ground: Ground) -> None:
    for length in (20_001, 1024 * 1024):
        status, text = ask_raw(ground, form("A" * length))
        assert status == 400
        assert "<Code>ValidationError</Code>" in text
        assert "less than or equal to 20000" in text
        assert "AAAA" not in text
    status, _ = ask_raw(ground, form("A" * (5 * 1024 * 1024)))
    assert status == 413


def test_a_signature_is_neither_needed_nor_looked_at(ground: Ground) -> None:
    scope = f"AKIAIOSFODNN7EXAMPLE/20261124/{REGION}/sts/aws4_request"
    forged = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
    for headers in ((), (("authorization", forged), ("x-amz-date", "20261124T000000Z"))):
        status, text = ask_raw(ground, form(ground.token()), *headers)
        assert (status, "<SubjectFromWebIdentityToken>" in text) == (200, True)


def test_the_second_door_takes_it_too(ground: Ground) -> None:
    doors = Doors.of(ground.lab)
    host = ("host", f"127.0.0.1:{doors.second.port}")
    answer = doors.send(doors.second, render("POST", "/", [host, FORM], form(ground.token())))
    assert (answer.status, "<SubjectFromWebIdentityToken>" in answer.text) == (200, True)


def test_only_this_operation_is_let_through_without_a_signature(ground: Ground) -> None:
    for action, status, code in (
        ("AssumeRole", 403, "MissingAuthenticationToken"),
        ("GetCallerIdentity", 403, "MissingAuthenticationToken"),
        ("AssumeRoleWithSAML", 400, "SekishoUnserved"),
    ):
        found = ask_raw(ground, f"Action={action}&Version=2011-06-15".encode())
        assert (found[0], f"<Code>{code}</Code>" in found[1]) == (status, True), action
    both = form(ground.token()) + b"&Action=AssumeRole"
    assert ask_raw(ground, both)[0] in (400, 403)


def test_no_token_is_kept_anywhere(ground: Ground) -> None:
    token = ground.token()
    ground.ask(token)
    ground.refused(own_key(ground))
    ground.one.ask("GET", "/api/v1/namespaces", None, token)
    ground.lab.client.get("/journal")
    kept = json.dumps(ground.lab.client.get("/journal")) + json.dumps(ground.lab.client.get("/facts"))
    signature = token.split(".")[2]
    assert signature[:40] not in kept
    assert token.split(".")[1][:80] not in kept
    assert signature[:40] not in ground.lab.state.log.read_text()


def test_an_issuer_of_aws_that_the_lab_does_not_serve_is_never_asked(ground: Ground) -> None:
    foreign = f"https://oidc.eks.{REGION}.amazonaws.com/id/00000000000000000000000000000000"
    iam = ground.home.client("iam")
    iam.create_open_id_connect_provider(Url=foreign, ClientIDList=[AUDIENCE])
    _, claims = parts(ground.token())
    token = signed({**claims, "iss": foreign}, "RS256")
    assert ground.refused(token) == Refused(*INVALID, NO_KEYS)
    assert codes_of(last_refusal(ground.lab)) == ["sts.keys-unreachable"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=ground.provider(foreign))


def test_an_issuer_out_there_that_cannot_be_reached(ground: Ground) -> None:
    foreign = "https://127.0.0.1:1"
    iam = ground.home.client("iam")
    iam.create_open_id_connect_provider(Url=foreign, ClientIDList=[AUDIENCE], ThumbprintList=["0" * 40])
    _, claims = parts(ground.token())
    token = signed({**claims, "iss": foreign}, "RS256")
    assert ground.refused(token) == Refused(*INVALID, NO_KEYS)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=ground.provider(foreign))


def test_times_by_the_lab_s_clock(ground: Ground) -> None:
    """Last in this file: it moves the clock, and back."""
    short, day = (ground.token(expirationSeconds=seconds) for seconds in (600, 86_400))
    pod = ground.home.with_credentials(ground.ask(short))
    ground.lab.client.post("/clock", {"seconds": 660})
    expired = ground.refused(short)
    assert (expired.code, expired.status) == ("ExpiredTokenException", 400)
    assert expired.message.startswith("Token expired: current date/time ")
    assert expired.message.endswith(f" must be before the expiration date/time {parts(short)[1]['exp']}")
    # The session lives on: it ends when it was said to end, not with the token.
    assert pod.arn.endswith("assumed-role/app/pod-1")
    ground.lab.client.post("/clock", {"seconds": -3600})
    early = ground.refused(day)
    assert (early.code, early.status) == ("InvalidIdentityToken", 400)
    assert codes_of(last_refusal(ground.lab)) == ["sts.token-not-yet-valid"]
    ground.lab.client.post("/clock", {"reset": True})
    assert ground.ask(day)["SubjectFromWebIdentityToken"] == SUBJECT
