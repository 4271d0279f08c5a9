"""Who is signed in, as it is told: claims are what an issuer lets people write there."""

from sekisho.connect.login.signed_in import IdToken, SignedIn
from sekisho.decide.values import Instant, Secret


def _who(**claims: object) -> str:
    return SignedIn(IdToken(Secret("t"), Instant.from_epoch(0), claims), None).who  # type: ignore[arg-type]


def test_the_first_name_that_there_is() -> None:
    assert _who(sub="1", email="ana@example.com") == "ana@example.com"
    assert _who(sub="1") == "1"
    assert _who() == "nobody"


def test_nothing_that_a_terminal_obeys() -> None:
    assert _who(email="ana\x1b]0;root\x07\nsigned in as root") == r"ana\x1b]0;root\x07\nsigned in as root"
    assert len(_who(email="a" * 10_000)) == 200
