"""TokenRequest, the tokens as bearers, and the issuer's pages, over TLS in a running lab.

Source: kube-apiserver 1.34 (``pkg/registry/core/serviceaccount/storage/token.go``, ``pkg/serviceaccount``);
Amazon EKS User Guide, "Kubernetes service accounts" and "Fetch signing keys to validate OIDC tokens".
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.e2e_shell import NODE
from e2e.hostile_wire import Doors, render, token_of, token_url
from sekisho.testing import RunningLab, running_lab
from support.jwt import compact, encoded
from support.service_accounts import NAMESPACE, KubeApi, parts

API = "https://kubernetes.default.svc"
EXTRA = "authentication.kubernetes.io"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = "/apis/authentication.k8s.io/v1/tokenreviews"
ACCOUNTS = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeApi]:
    with running_lab(tmp_path_factory.mktemp("tokens")) as lab:
        found = KubeApi(lab)
        found.namespace()
        found.account("ledger")
        yield found


def who(api: KubeApi, token: str) -> Any:
    """Return the user info that the API server sees in a token; None if it refuses it."""
    status, document, _ = api.ask("POST", WHO, {}, token)
    assert status in (201, 401), document
    return document["status"]["userInfo"] if status == 201 else None


def issuer_of(api: KubeApi) -> str:
    found: str = parts(api.token("ledger"))[1]["iss"]
    return found


def test_a_token_is_what_a_token_request_says(api: KubeApi) -> None:
    status, document, headers = api.request("ledger")
    assert (status, document["kind"], document["apiVersion"]) == (
        201,
        "TokenRequest",
        "authentication.k8s.io/v1",
    )
    assert (document["metadata"]["name"], document["metadata"]["namespace"]) == ("ledger", NAMESPACE)
    assert document["spec"] == {"audiences": [API], "expirationSeconds": 3600, "boundObjectRef": None}
    assert "warning" not in headers
    header, claims = parts(document["status"]["token"])
    assert sorted(header) == ["alg", "kid"]
    assert header["alg"] == "RS256"
    assert list(claims) == ["aud", "exp", "iat", "iss", "jti", "kubernetes.io", "nbf", "sub"]
    assert (claims["aud"], claims["exp"] - claims["iat"], claims["nbf"]) == ([API], 3600, claims["iat"])
    assert claims["sub"] == f"system:serviceaccount:{NAMESPACE}:ledger"
    _, account, _ = api.ask("GET", f"{ACCOUNTS}/ledger")
    assert claims["kubernetes.io"] == {
        "namespace": NAMESPACE,
        "serviceaccount": {"name": "ledger", "uid": account["metadata"]["uid"]},
    }


def test_a_token_enters_as_its_account(api: KubeApi) -> None:
    token = api.token("ledger")
    _, claims = parts(token)
    info = who(api, token)
    assert info["username"] == f"system:serviceaccount:{NAMESPACE}:ledger"
    assert info["uid"] == claims["kubernetes.io"]["serviceaccount"]["uid"]
    assert info["groups"] == [
        "system:serviceaccounts",
        f"system:serviceaccounts:{NAMESPACE}",
        "system:authenticated",
    ]
    assert info["extra"] == {f"{EXTRA}/credential-id": [f"JTI={claims['jti']}"]}


@pytest.mark.parametrize(
    ("asked", "given", "warned"),
    [
        (600, 600, False),
        (86_400, 86_400, False),
        (86_401, 86_400, True),
        (1 << 32, 86_400, True),
    ],
)
def test_the_longest_life_is_a_day(api: KubeApi, asked: int, given: int, warned: bool) -> None:
    _, document, headers = api.request("ledger", expirationSeconds=asked)
    _, claims = parts(document["status"]["token"])
    assert (document["spec"]["expirationSeconds"], claims["exp"] - claims["iat"]) == (given, given)
    sentence = f"requested expiration of {asked} seconds shortened to 86400 seconds"
    assert (f'299 - "{sentence}"' in headers.get("warning", "")) is warned


INVALID_SECONDS = 'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value:'
REFUSED: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "too short": (
        "ledger",
        {"expirationSeconds": 599},
        422,
        f"{INVALID_SECONDS} 599: may not specify a duration less than 10 minutes",
    ),
    "too long": (
        "ledger",
        {"expirationSeconds": (1 << 32) + 1},
        422,
        f"{INVALID_SECONDS} 4294967297: may not specify a duration larger than 2^32 seconds",
    ),
    "no account": ("nobody", {}, 404, 'serviceaccounts "nobody" not found'),
    "no pod": (
        "ledger",
        {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "none"}},
        404,
        'pods "none" not found',
    ),
    "no secret": (
        "ledger",
        {"boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": "none"}},
        404,
        'secrets "none" not found',
    ),
    "no node": (
        "ledger",
        {"boundObjectRef": {"apiVersion": "v1", "kind": "Node", "name": "none"}},
        404,
        'nodes "none" not found',
    ),
    "another kind": (
        "ledger",
        {"boundObjectRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "x"}},
        400,
        "cannot bind token to object of type /v1, Kind=ConfigMap",
    ),
    "another group": (
        "ledger",
        {"boundObjectRef": {"apiVersion": "apps/v1", "kind": "Pod", "name": "x"}},
        400,
        "cannot bind token to object of type apps/v1, Kind=Pod",
    ),
    "another node by uid": (
        "ledger",
        {"boundObjectRef": {"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": "u"}},
        409,
        "the UID in the bound object reference (u) does not match the UID in record",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_requests_that_are_refused_in_kube_apiserver_s_words(api: KubeApi, case: str) -> None:
    name, spec, code, sentence = REFUSED[case]
    status, document, _ = api.request(name, **spec)
    assert status == code
    assert sentence in document["message"]


def test_the_body_may_not_name_another_account(api: KubeApi) -> None:
    for member, value, code, problem in (
        ("name", "other", 422, 'metadata.name: Invalid value: "other": must match the service account name'),
        ("namespace", "default", 400, "does not match the namespace sent on the request"),
    ):
        body = {"metadata": {member: value}, "spec": {}}
        status, document, _ = api.ask("POST", f"{ACCOUNTS}/ledger/token", body)
        assert status == code
        assert problem in document["message"]


def test_a_token_can_only_be_created(api: KubeApi) -> None:
    assert api.ask("GET", f"{ACCOUNTS}/ledger/token")[0] == 405


def bound_to(kind: str, name: str, **more: str) -> dict[str, Any]:
    return {"boundObjectRef": {"apiVersion": "v1", "kind": kind, "name": name, **more}}


def test_a_pod_s_token_ends_with_the_pod(api: KubeApi) -> None:
    uid = api.pod("web-0", "ledger", nodeName=NODE)
    token = api.token("ledger", **bound_to("Pod", "web-0", uid=uid))
    _, claims = parts(token)
    assert claims["kubernetes.io"]["pod"] == {"name": "web-0", "uid": uid}
    node = claims["kubernetes.io"]["node"]
    extra = who(api, token)["extra"]
    assert extra == {
        f"{EXTRA}/credential-id": [f"JTI={claims['jti']}"],
        f"{EXTRA}/node-name": [NODE],
        f"{EXTRA}/node-uid": [node["uid"]],
        f"{EXTRA}/pod-name": ["web-0"],
        f"{EXTRA}/pod-uid": [uid],
    }
    api.gone(f"{PODS}/web-0?gracePeriodSeconds=0")
    assert who(api, token) is None
    assert api.why() == ["service-account.bound-object-deleted"]
    api.pod("web-0", "ledger")
    assert who(api, token) is None
    assert api.why() == ["service-account.bound-object-recreated"]


def test_a_token_is_bound_to_a_pod_of_the_same_account_alone(api: KubeApi) -> None:
    api.account("other")
    api.pod("web-1", "other")
    status, document, _ = api.request("ledger", **bound_to("Pod", "web-1"))
    assert status == 400
    assert document["message"] == (
        'cannot bind token for serviceaccount "ledger" to pod running with different serviceaccount name.'
    )


def test_a_pod_whose_node_is_not_there_names_it_without_uid(api: KubeApi) -> None:
    api.pod("web-2", "ledger", nodeName="gone")
    _, claims = parts(api.token("ledger", **bound_to("Pod", "web-2")))
    assert claims["kubernetes.io"]["node"] == {"name": "gone"}


def test_what_a_kubelet_asks_for_may_be_used_for_ninety_days(api: KubeApi) -> None:
    api.pod("web-3", "ledger")
    status, document, _ = api.request("ledger", expirationSeconds=3607, **bound_to("Pod", "web-3"))
    assert status == 201
    _, claims = parts(document["status"]["token"])
    assert claims["exp"] - claims["iat"] == 90 * 86_400
    assert claims["kubernetes.io"]["warnafter"] - claims["iat"] == 3607
    assert document["spec"]["expirationSeconds"] == 3607
    for other in (
        {"expirationSeconds": 3608},
        {"expirationSeconds": 3607, "audiences": ["sts.amazonaws.com"]},
    ):
        _, claims = parts(api.token("ledger", **other, **bound_to("Pod", "web-3")))
        assert "warnafter" not in claims["kubernetes.io"]
        assert claims["exp"] - claims["iat"] == other["expirationSeconds"]
    _, claims = parts(api.token("ledger", expirationSeconds=3607))
    assert claims["exp"] - claims["iat"] == 3607


def test_a_token_of_a_secret_and_of_a_node(api: KubeApi) -> None:
    api.made(f"/api/v1/namespaces/{NAMESPACE}/secrets", {"metadata": {"name": "kept"}})
    of_secret = api.token("ledger", **bound_to("Secret", "kept"))
    of_node = api.token("ledger", **bound_to("Node", NODE))
    assert who(api, of_secret)["username"].endswith(":ledger")
    assert who(api, of_node)["extra"][f"{EXTRA}/node-name"] == [NODE]
    api.gone(f"/api/v1/namespaces/{NAMESPACE}/secrets/kept")
    assert who(api, of_secret) is None


def test_a_token_ends_with_its_account_and_a_new_one_is_another(api: KubeApi) -> None:
    first = api.account("brief")
    token = api.token("brief")
    api.gone(f"{ACCOUNTS}/brief")
    assert who(api, token) is None
    assert api.why() == ["service-account.deleted"]
    assert api.account("brief") != first
    assert who(api, token) is None
    assert api.why() == ["service-account.recreated"]


def test_a_finalizer_does_not_keep_a_token_alive(api: KubeApi) -> None:
    held = {"name": "held", "finalizers": ["example.com/held"]}
    api.made(ACCOUNTS, {"metadata": held})
    api.made(f"/api/v1/namespaces/{NAMESPACE}/secrets", {"metadata": held})
    of_account, of_secret = api.token("held"), api.token("ledger", **bound_to("Secret", "held"))
    for path in (f"{ACCOUNTS}/held", f"/api/v1/namespaces/{NAMESPACE}/secrets/held"):
        api.gone(path)
        assert api.ask("GET", path)[1]["metadata"]["deletionTimestamp"]
    assert [who(api, token) is None for token in (of_account, of_secret)] == [False, False]
    api.lab.client.post("/clock", {"seconds": 62})
    try:
        assert who(api, of_account) is None
        assert api.why() == ["service-account.deleted"]
        assert who(api, of_secret) is None
        assert api.why() == ["service-account.bound-object-deleted"]
    finally:
        api.lab.client.post("/clock", {"reset": True})


def test_a_token_for_sts_is_not_for_the_api_server(api: KubeApi) -> None:
    assert who(api, api.web_token("ledger")) is None
    assert api.why() == ["service-account.audience"]


def forged(api: KubeApi, how: str) -> str:
    token = api.token("ledger")
    header, claims = parts(token)
    head, body, signature = token.split(".")
    match how:
        case "alg none":
            return compact({**header, "alg": "none"}, claims, lambda _: b"")
        case "other claims under the signature":
            admin = {**claims, "sub": "system:serviceaccount:kube-system:admin"}
            return f"{head}.{encoded(json.dumps(admin).encode())}.{signature}"
        case "an unknown key":
            return compact({**header, "kid": "../../etc/passwd"}, claims, lambda _: b"x")
        case "a key of its own":
            return compact({**header, "jku": "https://evil.example", "kid": "k"}, claims, lambda _: b"x")
        case _:
            return f"{head}.{body}.{signature[:-8]}AAAAAAAA"


FORGED = {
    "alg none": ["service-account.signature", "jws.algorithm-refused"],
    "other claims under the signature": ["service-account.signature", "jws.signature-wrong"],
    "an unknown key": ["service-account.signature", "jws.key-unknown"],
    "a key of its own": ["service-account.signature", "jws.key-unknown"],
    "a changed signature": ["service-account.signature", "jws.signature-wrong"],
}


@pytest.mark.parametrize("how", FORGED)
def test_forged_tokens_are_refused(api: KubeApi, how: str) -> None:
    assert who(api, forged(api, how)) is None
    assert api.why() == FORGED[how]


def test_a_token_of_nobody_s_issuer(api: KubeApi) -> None:
    header, claims = parts(api.token("ledger"))
    assert who(api, compact(header, {**claims, "iss": "https://other.example"}, lambda _: b"x")) is None
    assert api.why() == ["service-account.other-issuer"]


def reviewed(api: KubeApi, token: str, *audiences: str) -> Any:
    spec = {"token": token, **({"audiences": list(audiences)} if audiences else {})}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
    return api.made(REVIEW, body)["status"]


def test_a_review_answers_for_the_audiences_that_are_asked_for(api: KubeApi) -> None:
    token = api.token("ledger", audiences=["vault", API])
    plain = reviewed(api, token)
    assert (plain["authenticated"], plain["audiences"]) == (True, [API])
    assert plain["user"]["username"] == f"system:serviceaccount:{NAMESPACE}:ledger"
    assert reviewed(api, token, "vault", "other")["audiences"] == ["vault"]
    assert reviewed(api, token, "vault", API)["audiences"] == ["vault", API]
    other = reviewed(api, token, "other")
    assert not other["authenticated"]
    assert "other was asked for" in other["error"]


def test_a_review_of_an_iam_token_holds_for_the_api_server_alone(api: KubeApi) -> None:
    token = token_of(token_url(Doors.of(api.lab).keys("creator")))
    assert reviewed(api, token)["audiences"] == [API]
    assert reviewed(api, token, API, "x")["audiences"] == [API]
    assert reviewed(api, token, "vault")["authenticated"] is False


def test_rbac_knows_service_accounts_by_every_subject(api: KubeApi) -> None:
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    api.account("reader")
    token = api.token("reader")
    listing = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
    subjects: list[dict[str, str]] = [
        {"kind": "ServiceAccount", "name": "reader", "namespace": NAMESPACE},
        {"kind": "Group", "name": f"system:serviceaccounts:{NAMESPACE}"},
        {"kind": "Group", "name": "system:serviceaccounts"},
        {"kind": "User", "name": f"system:serviceaccount:{NAMESPACE}:reader"},
    ]
    role_ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    for subject in subjects:
        assert api.ask("GET", listing, None, token)[0] == 403
        path = f"{rbac}/namespaces/{NAMESPACE}/rolebindings"
        api.made(path, {"metadata": {"name": "b"}, "roleRef": role_ref, "subjects": [subject]})
        assert api.ask("GET", listing, None, token)[0] == 200, subject
        api.gone(f"{path}/b")
    assert api.why() == ["rbac.no-rule-matches"]


def test_only_who_may_create_tokens_gets_one(api: KubeApi) -> None:
    token = api.token("ledger")
    status, document, _ = api.ask("POST", f"{ACCOUNTS}/ledger/token", {"spec": {}}, token)
    assert status == 403
    assert 'cannot create resource "serviceaccounts/token"' in document["message"]


def test_the_api_server_describes_its_issuer_to_service_accounts(api: KubeApi) -> None:
    token = api.token("ledger")
    header, claims = parts(token)
    status, described, headers = api.ask("GET", "/.well-known/openid-configuration", None, token)
    assert status == 200
    assert described == {
        "issuer": claims["iss"],
        "jwks_uri": f"https://{api.address}/openid/v1/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    assert (headers["content-type"], headers["cache-control"]) == ("application/json", "public, max-age=3600")
    status, keys, headers = api.ask("GET", "/openid/v1/jwks", None, token)
    assert headers["content-type"] == "application/jwk-set+json"
    assert [key["kid"] for key in keys["keys"]] == [header["kid"]]


def public(api: KubeApi, path: str, method: str = "GET", body: bytes = b"") -> tuple[int, bytes]:
    doors = Doors.of(api.lab)
    host = "oidc.eks.ap-northeast-1.amazonaws.com"
    answer = doors.send(doors.aws(host), render(method, path, [("host", host)], body))
    return answer.status, answer.body


def test_anyone_reads_the_public_pages_under_aws_s_own_name(api: KubeApi) -> None:
    issuer = issuer_of(api)
    place = issuer.removeprefix("https://oidc.eks.ap-northeast-1.amazonaws.com")
    status, body = public(api, f"{place}/.well-known/openid-configuration")
    assert (status, json.loads(body)) == (
        200,
        {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/keys",
            "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "claims_supported": ["sub", "iss"],
            "id_token_signing_alg_values_supported": ["RS256"],
        },
    )
    status, body = public(api, f"{place}/keys")
    (key,) = json.loads(body)["keys"]
    assert (status, list(key)) == (200, ["kty", "kid", "use", "alg", "n", "e"])
    assert (key["kty"], key["use"], key["alg"], key["e"]) == ("RSA", "sig", "RS256", "AQAB")
    assert key["kid"] == parts(api.token("ledger"))[0]["kid"]


@pytest.mark.parametrize("path", ["/id/0000/keys", "/keys", "/id//keys", "{}/keys/", "{}/other", "{}"])
def test_there_are_no_other_pages(api: KubeApi, path: str) -> None:
    place = issuer_of(api).removeprefix("https://oidc.eks.ap-northeast-1.amazonaws.com")
    assert public(api, path.format(place))[0] == 404


def test_the_public_pages_are_only_read(api: KubeApi) -> None:
    place = issuer_of(api).removeprefix("https://oidc.eks.ap-northeast-1.amazonaws.com")
    assert public(api, f"{place}/keys", "POST", b"x")[0] == 404
    assert public(api, f"{place}/keys", "HEAD") == (200, b"")


def test_why_explains_a_token_that_is_put_to_it(api: KubeApi) -> None:
    asked = {"token": api.token("ledger"), "cluster": api.name}
    chain = api.lab.client.post("/explain-token", asked)
    (link,) = chain["links"]
    assert (chain["outcome"], link["link"]) == ("allow", "service-account")
    assert link["value"]["username"] == f"system:serviceaccount:{NAMESPACE}:ledger"
    refused = api.lab.client.post("/explain-token", {**asked, "token": api.web_token("ledger")})
    (link,) = refused["links"]
    assert [one["code"] for one in link["repairs"]] == ["service-account.fix.for-audience"]


def kids(api: KubeApi, token: str) -> list[str]:
    _, keys, _ = api.ask("GET", "/openid/v1/jwks", None, token)
    return [key["kid"] for key in keys["keys"]]


def moved(lab: RunningLab, seconds: int) -> None:
    lab.client.post("/clock", {"seconds": seconds})


def test_keys_rotate_after_seven_days_and_survive_a_restart(sekisho_lab: RunningLab) -> None:
    api = KubeApi(sekisho_lab)
    api.namespace()
    api.account("ledger")
    old = api.token("ledger")
    (first,) = kids(api, old)
    moved(sekisho_lab, 7 * 86_400 - 60)
    assert parts(api.token("ledger", expirationSeconds=86_400))[0]["kid"] == first
    sekisho_lab.stop()
    sekisho_lab.start()
    assert parts(api.token("ledger"))[0]["kid"] == first
    moved(sekisho_lab, 120)
    new = api.token("ledger")
    second = parts(new)[0]["kid"]
    assert second != first
    # The last token of the old key ends a day after it was signed, a minute of leeway later than that.
    assert kids(api, new) == [second, first]
    assert who(api, old) is None
    assert api.why() == ["service-account.expired"]
    moved(sekisho_lab, 86_400)
    newer = api.token("ledger")
    assert kids(api, newer) == [second]
    assert parts(newer)[0]["kid"] == second
