"""Laws of service account tokens: what is written is read, and nothing but a signature lets anyone in."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.decide.authn.service_account_claims import (
    ObjectClaim,
    ServiceAccountClaims,
    claims_to_json,
    parse_claims,
)
from sekisho.decide.authn.service_account_token import TokenIssuer, authenticate, issuer_of
from sekisho.decide.proof.jws_keys import parse_key_set
from sekisho.decide.values import Instant, documents
from support.jwt import Issuer, encoded, rsa_key, signed

ISSUER = "https://issuer.example"
NOW = Instant.from_epoch(1_900_000_000)
SERVER = TokenIssuer(ISSUER, ("api",), parse_key_set(Issuer.shared().jwks()))
NAMES = st.text(min_size=1, max_size=20)
OBJECTS = st.builds(ObjectClaim, NAMES, st.text(max_size=20))
MOMENTS = st.integers(0, 4_000_000_000).map(Instant.from_epoch)
CLAIMS = st.builds(
    ServiceAccountClaims,
    issuer=st.just(ISSUER),
    audiences=st.lists(NAMES, max_size=3).map(tuple),
    issued=MOMENTS,
    not_before=MOMENTS,
    expires=MOMENTS,
    token_id=st.text(max_size=36),
    namespace=NAMES,
    account=st.builds(ObjectClaim, NAMES, NAMES),
    pod=st.none() | OBJECTS,
    node=st.none() | OBJECTS,
    secret=st.none() | OBJECTS,
    warn_after=st.none() | MOMENTS,
)


class Anything:
    """A cluster in which every object exists, each under a uid of its own."""

    def uid_of(self, plural: str, namespace: str, name: str) -> str | None:
        return f"{plural}/{namespace}/{name}"

    def going_of(self, plural: str, namespace: str, name: str) -> Instant | None:
        del plural, namespace, name
        return None


@given(CLAIMS)
def test_claims_are_read_as_they_were_written(claims: ServiceAccountClaims) -> None:
    written = documents.to_json(claims_to_json(claims))
    read = documents.parse_json(written)
    assert isinstance(read, dict)
    assert parse_claims(read) == claims


@given(st.text(max_size=200) | st.binary(max_size=60).map(lambda data: f"e30.{encoded(data)}.x"))
def test_no_text_stumbles_or_enters(token: str) -> None:
    issuer = issuer_of(token)
    assert issuer is None or isinstance(issuer, str)
    assert not authenticate(token, SERVER, Anything(), NOW).allowed


@settings(max_examples=25, deadline=None)  # making the key takes a moment
@given(CLAIMS)
def test_no_claims_help_without_the_key(claims: ServiceAccountClaims) -> None:
    token = signed(claims_to_json(claims), "RS256", rsa_key(2048, 1))
    assert not authenticate(token, SERVER, Anything(), NOW, claims.audiences).allowed
