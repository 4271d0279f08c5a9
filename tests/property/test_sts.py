"""Laws of sessions: no session outlasts its bounds, tags only grow down a chain, no bytes are a token."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide import sts
from sekisho.decide.decision import Decision
from sekisho.decide.proof.jws_keys import parse_key_set
from sekisho.decide.proof.jws_token import parse_token
from sekisho.decide.values import SekishoInputError
from support.jwt import Issuer, signed
from support.sts_build import HOME, ISSUER, NOW, OPEN, SPOKE, assume, claims, web_request, web_trust, world

SECONDS = st.none() | st.integers(0, 50_000)
MAXIMUM = st.integers(3600, 43_200)
KEYS = st.sampled_from(["team", "Team", "site", "cost-centre"])
TAGS = st.lists(st.tuples(KEYS, st.sampled_from(["a", "b"])), max_size=3).map(tuple)
HOUR = timedelta(hours=1)


@given(asked=SECONDS, maximum=MAXIMUM, again=SECONDS)
def test_no_session_outlasts_its_role_nor_the_hour_of_a_chain(
    asked: int | None, maximum: int, again: int | None
) -> None:
    facts = world(OPEN, max_session_duration=maximum)
    first = assume(facts, seconds=asked).value
    if first is None:
        return
    assert first.duration <= timedelta(seconds=maximum)
    assert first.duration == (HOUR if asked is None else timedelta(seconds=asked))
    second = assume(facts, sts.SignedCaller(first.principal, first), role=SPOKE, seconds=again).value
    assert second is None or second.duration <= HOUR


@given(tags=TAGS, more=TAGS, mark=st.lists(KEYS, max_size=2).map(tuple))
def test_transitive_tags_are_never_lost_nor_changed(
    tags: tuple[tuple[str, str], ...], more: tuple[tuple[str, str], ...], mark: tuple[str, ...]
) -> None:
    facts = world(OPEN)
    first = assume(facts, tags=tags, transitive_keys=mark).value
    if first is None:
        return
    second = assume(facts, sts.SignedCaller(first.principal, first), role=SPOKE, tags=more).value
    if second is None:
        return
    assert set(first.transitive_tags) <= set(second.transitive_tags)
    assert len({key.lower() for key, _ in second.tags}) == len(second.tags)
    kept = {key.lower() for key, _ in first.transitive_tags} | {key.lower() for key, _ in more}
    assert {key.lower() for key, _ in second.tags} == kept


@given(asked=SECONDS, maximum=MAXIMUM)
def test_web_identity_is_no_chaining(asked: int | None, maximum: int) -> None:
    facts = world(web_trust(), max_session_duration=maximum)
    issuer = Issuer.shared()
    question = sts.plan(web_request(signed(claims(), "RS256"), seconds=asked), facts)
    if isinstance(question, Decision):
        assert asked is not None
        assert asked < 900 or asked > 43_200
        return
    granted = sts.conclude(question, sts.KeysAnswer(issuer.jwks()), facts, NOW).value
    assert (granted is not None) == (asked is None or asked <= maximum)


@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_no_text_crashes_the_readers(text: str) -> None:
    with pytest.raises(SekishoInputError):
        parse_token(text)
    with pytest.raises(SekishoInputError):
        parse_key_set(text)


@given(place=st.integers(0, 10_000), char=st.sampled_from("AQgw0-_."))
def test_a_token_with_one_changed_character_is_refused(place: int, char: str) -> None:
    facts = world(web_trust())
    token = signed(claims(), "RS256")
    at = place % len(token)
    if token[at] == char or at == len(token) - 1:
        # The last character of a signature holds bits that belong to no byte.
        return
    question = sts.plan(web_request(token[:at] + char + token[at + 1 :]), facts)
    if not isinstance(question, Decision):
        decision = sts.conclude(question, sts.KeysAnswer(Issuer.shared().jwks()), facts, NOW)
        assert not decision.allowed


@pytest.mark.parametrize("name", ["app", "spoke"])
def test_the_world_of_these_laws_grants_something(name: str) -> None:
    facts = world(OPEN)
    assert assume(facts).allowed
    assert facts.providers(HOME)[0].url in ISSUER
    assert any(name in account["roles"] for account in facts.accounts.values())
