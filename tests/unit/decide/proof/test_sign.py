"""Signing: what our own clients send, in the form the AWS CLI sends it."""

from datetime import timedelta

from sekisho.decide.proof import HttpRequest, SigningKeys, presign, sign_headers, url_of
from sekisho.decide.values import Instant, Secret

NOW = Instant.parse_amz("20310504T100000Z")
KEYS = SigningKeys("AKIAEXAMPLE000000001", Secret("kelp/forest"))
SESSION = SigningKeys("ASIAEXAMPLE000000001", Secret("kelp/forest"), Secret("IQoJ//+="))
HOST = ("host", "sts.eu-north-1.amazonaws.com")
TOKEN = HttpRequest(
    "GET", "/", "Action=GetCallerIdentity&Version=2011-06-15", (HOST, ("x-k8s-aws-id", "eks-clu"))
)


def names(request: HttpRequest) -> list[str]:
    return [name for name, _ in request.parameters()]


def test_a_token_url_has_the_parameters_in_the_order_of_the_cli() -> None:
    signed = presign(TOKEN, SESSION, NOW, region="eu-north-1", service="sts")
    assert url_of(signed).startswith(
        "https://sts.eu-north-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
        "&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=ASIAEXAMPLE000000001%2F20310504%2Feu-north-1%2Fsts%2Faws4_request"
        "&X-Amz-Date=20310504T100000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id"
        "&X-Amz-Security-Token=IQoJ%2F%2F%2B%3D&X-Amz-Signature="
    )
    assert len(dict(signed.parameters())["X-Amz-Signature"]) == 64


def test_a_request_without_a_query_gets_one() -> None:
    request = HttpRequest("GET", "/k", "", (HOST,))
    assert url_of(request, "http") == "http://sts.eu-north-1.amazonaws.com/k"
    signed = presign(request, KEYS, NOW, region="r", service="s3", lifetime=timedelta(hours=1))
    assert dict(signed.parameters())["X-Amz-Expires"] == "3600"
    assert names(signed)[0] == "X-Amz-Algorithm"


def test_headers_that_proxies_change_are_not_signed() -> None:
    request = HttpRequest("GET", "/", "", (HOST, ("user-agent", "x"), ("expect", "100-continue"), ("a", "b")))
    signed = sign_headers(request, KEYS, NOW, region="r", service="sts")
    assert "SignedHeaders=a;host;x-amz-date," in signed.header("authorization")[0]
    assert signed.header("user-agent") == ("x",)


def test_signing_again_replaces_the_signature() -> None:
    once = sign_headers(TOKEN, SESSION, NOW, region="r", service="sts")
    again = sign_headers(once, KEYS, NOW + timedelta(seconds=1), region="r", service="sts")
    assert again == sign_headers(TOKEN, KEYS, NOW + timedelta(seconds=1), region="r", service="sts")


def test_s3_states_the_hash_of_the_body_unless_the_caller_did() -> None:
    request = HttpRequest("PUT", "/k", "", (HOST,), b"abc")
    signed = sign_headers(request, KEYS, NOW, region="r", service="s3")
    assert signed.header("x-amz-content-sha256") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    )
    unsigned = HttpRequest("PUT", "/k", "", (HOST, ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")), b"abc")
    signed = sign_headers(unsigned, KEYS, NOW, region="r", service="s3")
    assert signed.header("x-amz-content-sha256") == ("UNSIGNED-PAYLOAD",)
