"""Whatever an issuer, a browser or a broken file says, signing in answers with a result or a sentence."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.login.account_store import AccountStore
from sekisho.connect.login.authorization import Authorization, NotOurs, read_answer
from sekisho.connect.login.metadata import Metadata, parse_metadata
from sekisho.connect.login.refusal import LoginRefused
from sekisho.connect.login.signed_in import read_kept
from sekisho.connect.login.token_answer import DeviceGrant, parse_device_grant, parse_tokens
from sekisho.connect.private_folder import PrivateFolder
from sekisho.decide.values import Secret

ISSUER = "https://issuer.example.com"
ASKED = Authorization(ISSUER, "kube", "http://localhost:1", ("openid",), Secret("s"), "n", Secret("v" * 43))
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [ISSUER, f"{ISSUER}/a", "http://a", "https://[", "https://a:99999/", "https://a/#", "RS256", "none"]
    ),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


def objects(*names: str) -> st.SearchStrategy[bytes]:
    """Return documents with these members, and bytes that are none."""
    members = st.fixed_dictionaries({}, optional=dict.fromkeys(names, VALUES))
    return st.one_of(members.map(lambda value: json.dumps(value).encode()), st.binary(max_size=40))


DISCOVERIES = objects(
    *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint"),
    *("id_token_signing_alg_values_supported", "grant_types_supported"),
)


@given(body=DISCOVERIES)
def test_a_description_is_whole_or_refused(body: bytes) -> None:
    try:
        found = parse_metadata(body, ISSUER)
    except EnvironmentFailure:
        return
    assert isinstance(found, Metadata)
    assert found.issuer == ISSUER
    assert all(url.startswith("https://") for url in (found.authorization, found.token, found.keys))


@given(
    status=st.sampled_from([200, 400, 401, 404, 500]),
    tokens=objects("id_token", "refresh_token", "access_token", "error", "error_description"),
    device=objects("device_code", "user_code", "verification_uri", "expires_in", "interval", "error"),
)
def test_an_answer_is_read_refused_or_a_failure(status: int, tokens: bytes, device: bytes) -> None:
    for parse, body in ((parse_tokens, tokens), (parse_device_grant, device)):
        try:
            assert parse(status, body, ISSUER) is not None
        except EnvironmentFailure:
            continue


@given(place=st.text(max_size=20).map(lambda rest: f"https://{rest}"), seconds=VALUES)
def test_a_device_is_sent_to_an_address_or_nowhere(place: str, seconds: object) -> None:
    given = {"device_code": "d", "user_code": "u", "verification_uri": place, "expires_in": 600}
    told = {**given, "verification_uri_complete": place, "interval": seconds}
    try:
        found = parse_device_grant(200, json.dumps(told).encode(), ISSUER)
    except EnvironmentFailure:
        return
    assert isinstance(found, DeviceGrant)
    assert found.verification_uri.isprintable()
    assert 1 <= found.interval.total_seconds() <= 60


@given(query=st.one_of(st.text(max_size=60), st.sampled_from(["state=s", "code=c&state=s&x="]) | st.text()))
def test_a_query_is_an_answer_or_not(query: str) -> None:
    try:
        found = read_answer(query, ASKED)
    except (NotOurs, LoginRefused):
        return
    assert found.reveal()


@given(text=st.text(max_size=60))
def test_what_was_kept_is_a_token_or_nothing(text: str) -> None:
    found = read_kept(text)
    assert found is None or found.text.reveal() == text


@given(content=objects("issuer", "clientId", "account", "scopes", "nonce", "idToken", "refreshToken"))
def test_a_file_is_an_account_or_nothing(tmp_path_factory: Any, content: bytes) -> None:
    folder: Path = tmp_path_factory.mktemp("accounts", numbered=True)
    folder.chmod(0o700)
    with PrivateFolder.opened(folder) as opened:
        for name in ("k.json", "k.failed"):
            opened.write(name, content)
        assert AccountStore(opened).accounts() == ()
        assert AccountStore(opened).failure_since("k", 0, 0) is None
        AccountStore(opened).remove("k")
