"""What the login pages say, row by row: how users are named, what a password has to be, what is escaped."""

import pytest

from sekisho.facts import PoolPasswordPolicy
from sekisho.lab.idp.login_flow import rules
from sekisho.lab.idp.login_page import Form, Naming, expired_page, naming, new_password_page, sign_in_page

NAMES = {
    "user names": ((), Naming("Username", "text")),
    "an address": (("email",), Naming("Email address", "email")),
    "a number": (("phone_number",), Naming("Phone number", "tel")),
    "either": (("phone_number", "email"), Naming("Email address or phone number", "email")),
}
POLICIES = {
    "nothing but a length": ((False, False, False, False), "Use at least 6 characters."),
    "one kind": ((False, False, True, False), "Use at least 6 characters, with a number."),
    "two kinds": (
        (True, False, False, True),
        "Use at least 6 characters, with an upper-case letter and a symbol.",
    ),
    "all kinds": (
        (True, True, True, True),
        "Use at least 6 characters, with an upper-case letter, a lower-case letter, a number and a symbol.",
    ),
}
HOSTILE = "<b>\"&'"
WEB = Form("/login?a=1&b=2", {"_csrf": "x"}, "http://localhost:9999", "web")


@pytest.mark.parametrize(("attributes", "named"), NAMES.values(), ids=NAMES.keys())
def test_how_users_are_named(attributes: tuple[str, ...], named: Naming) -> None:
    assert naming(attributes) == named
    assert f'<label for="username">{named.label}</label>' in sign_in_page("p", WEB, named).body.decode()


@pytest.mark.parametrize(("wanted", "sentence"), POLICIES.values(), ids=POLICIES.keys())
def test_what_a_password_has_to_be(wanted: tuple[bool, bool, bool, bool], sentence: str) -> None:
    upper, lower, numbers, symbols = wanted
    policy = PoolPasswordPolicy(
        minimum_length=6, uppercase=upper, lowercase=lower, numbers=numbers, symbols=symbols
    )
    assert rules(policy) == sentence


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("http://localhost:9999", "<strong>web</strong> at localhost:9999"),
        ("https://app.example.com", "<strong>web</strong> at app.example.com"),
        ("myapp:", "<strong>web</strong></p>"),
    ],
)
def test_where_a_sign_in_leads(source: str, told: str) -> None:
    form = Form("/login", {}, source, "web")
    assert told in sign_in_page("p", form, naming(())).body.decode()


def test_whatever_a_stranger_wrote_is_escaped() -> None:
    form = Form(f"/login?{HOSTILE}", {HOSTILE: HOSTILE}, f"http://{HOSTILE}", HOSTILE)
    pages = (
        sign_in_page(HOSTILE, form, naming(()), HOSTILE, HOSTILE),
        new_password_page(HOSTILE, form, HOSTILE, HOSTILE),
        expired_page(403, HOSTILE, f"/login?{HOSTILE}"),
    )
    for shown in pages:
        text = shown.body.decode()
        assert "&lt;b&gt;&quot;&amp;&#x27;" in text
        assert "<b>" not in text


def test_the_title_tells_of_an_error_first() -> None:
    right, wrong = sign_in_page("p", WEB, naming(())), sign_in_page("p", WEB, naming(()), "k", "no")
    assert (right.status, b"<title>Sign in to p</title>" in right.body) == (200, True)
    assert (wrong.status, b"<title>Error: Sign in to p</title>" in wrong.body) == (400, True)
