"""The authorization request word by word, and which answers belong to it (RFC 6749, 7636, 9207)."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sekisho.connect.login.authorization import (
    MAX_QUERY_CHARS,
    Authorization,
    NotOurs,
    challenge,
    read_answer,
    told,
)
from sekisho.connect.login.refusal import LoginRefused
from sekisho.decide.values import Secret

ISSUER = "https://issuer.example.com"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
ASKED = Authorization(
    ISSUER, "kube", "http://localhost:8000", ("openid", "email"), Secret("s-1"), "n-1", Secret(VERIFIER)
)
STRICT = Authorization(
    ISSUER, "kube", "http://localhost:8000", ("openid",), Secret("s-1"), "n-1", Secret(VERIFIER), True
)


def test_the_challenge_of_rfc_7636_appendix_b() -> None:
    assert challenge(Secret(VERIFIER)) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize("endpoint", [f"{ISSUER}/authorize", f"{ISSUER}/authorize?tenant=a"])
def test_the_address_to_open(endpoint: str) -> None:
    url = ASKED.url(endpoint, prompt="login")
    assert url.startswith(endpoint)
    assert VERIFIER not in url
    found = {name: values for name, values in parse_qs(urlsplit(url).query).items() if name != "tenant"}
    assert found == {
        "response_type": ["code"],
        "client_id": ["kube"],
        "redirect_uri": ["http://localhost:8000"],
        "scope": ["openid email"],
        "state": ["s-1"],
        "nonce": ["n-1"],
        "code_challenge": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
        "code_challenge_method": ["S256"],
        "prompt": ["login"],
    }


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (ASKED, {"code": "c", "state": "s-1"}),
        (ASKED, {"code": "c", "state": "s-1", "iss": ISSUER, "session_state": "x"}),
        (STRICT, {"code": "c", "state": "s-1", "iss": ISSUER}),
    ],
)
def test_an_answer(asked: Authorization, given: dict[str, str]) -> None:
    assert read_answer(urlencode(given), asked).reveal() == "c"


OTHERS = {
    "nothing": "",
    "no state": "code=c",
    "another state": "code=c&state=s-2",
    "a state that begins alike": "code=c&state=s-",
    "a state that goes on": "code=c&state=s-11",
    "another case": "code=c&state=S-1",
    "an error without state": "error=access_denied",
    "the state twice": "code=c&state=s-1&state=s-1",
    "the code twice": "code=c&code=d&state=s-1",
    "twenty-one parameters": "code=c&state=s-1" + "".join(f"&a{n}=1" for n in range(19)),
    "no UTF-8": "code=c&state=s-1&x=%ff",
    "too long": "code=c&state=s-1&x=" + "a" * MAX_QUERY_CHARS,
}


@pytest.mark.parametrize("query", OTHERS.values(), ids=OTHERS.keys())
def test_what_is_no_answer_to_it(query: str) -> None:
    with pytest.raises(NotOurs):
        read_answer(query, ASKED)


def test_twenty_parameters_are_read() -> None:
    query = "code=c&state=s-1" + "".join(f"&a{n}=1" for n in range(18))
    assert read_answer(query, ASKED).reveal() == "c"


@pytest.mark.parametrize(
    ("asked", "query", "problem"),
    [
        (ASKED, "code=c&state=s-1&iss=https://other", "another issuer"),
        (ASKED, f"code=c&state=s-1&iss={ISSUER}/", "another issuer"),
        (ASKED, "code=c&state=s-1&iss=", "another issuer"),
        (STRICT, "code=c&state=s-1", "which issuer"),
        (STRICT, "error=access_denied&state=s-1", "which issuer"),
        (ASKED, "error=access_denied&state=s-1", "refused: access_denied"),
        (ASKED, "state=s-1", "no code"),
        (ASKED, "code=&state=s-1", "no code"),
    ],
)
def test_answers_that_refuse(asked: Authorization, query: str, problem: str) -> None:
    with pytest.raises(LoginRefused, match=problem):
        read_answer(query, asked)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"error": "access_denied"}, "access_denied"),
        (
            {"error": "access_denied", "error_description": "they said no"},
            "access_denied (they said no)",
        ),
        ({"error": "x", "error_description": "\x1b[31m\nred"}, "x (\\x1b[31m\\nred)"),
        ({"error": "\x1b[2J"}, "an error without a name"),
        ({"error": "a" * 65}, "an error without a name"),
        ({}, "an error without a name"),
    ],
)
def test_errors_are_told_safely(given: dict[str, str], sentence: str) -> None:
    assert told(given) == sentence
