"""The pages of a user pool's domain: HTML that stands by itself, for the eye, the keyboard and the reader.

No script, no asset from elsewhere; the style sheet (`login_style`) is in the page and its hash in the policy.
Whatever a stranger wrote is escaped. The title of a page that tells of an error begins with that word: it
is what a screen reader says first.
"""

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Final

from sekisho.lab.idp.login_style import MARK, STYLE
from sekisho.wire.http import Response

_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


_ADVICE: Final = {
    "Password attempts exceeded": "Password attempts exceeded. Wait a few minutes before you try again.",
}
"""What a page says where Cognito's own sentence tells a program enough and a person too little."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a page sends back with its fields, and whom it is for.

    ``action`` is the address it goes to, ``hidden`` what is hidden in it; ``redirect_source`` is where the
    browser goes from there, to the application of that name.
    """

    action: str
    hidden: Mapping[str, str]
    redirect_source: str
    application: str

    @property
    def destination(self) -> str:
        """The application and where it is, as HTML."""
        place = escape(self.redirect_source.partition("://")[2])
        return f"<strong>{escape(self.application)}</strong>{f' at {place}' if place else ''}"


@dataclass(frozen=True, slots=True)
class Naming:
    """How the users of a pool are named: what the field is called, and which keys a phone shows for it."""

    label: str
    keys: str


def naming(attributes: Collection[str]) -> Naming:
    """Return how users are named in a pool with these attributes in the place of user names."""
    by_mail, by_phone = "email" in attributes, "phone_number" in attributes
    if by_mail and by_phone:
        return Naming("Email address or phone number", "email")
    if by_mail:
        return Naming("Email address", "email")
    return Naming("Phone number", "tel") if by_phone else Naming("Username", "text")


def sign_in_page(pool: str, form: Form, named: Naming, username: str = "", problem: str = "") -> Response:
    """Return the page that asks for user name and password; ``problem`` is why it asks again."""
    wrong = ' aria-invalid="true" aria-describedby="problem"' if problem else ""
    first, second = ("", " autofocus") if username else (" autofocus", "")
    title = f"Sign in to {pool}"
    body = (
        f'<h1>{escape(title)}</h1><p class="for">to go on to {form.destination}</p>'
        f"{_alert(problem)}{_form(form)}"
        f'<label for="username">{named.label}</label>'
        f'<input id="username" name="username" value="{escape(username)}" autocomplete="username" '
        f'inputmode="{named.keys}" autocapitalize="none" spellcheck="false" maxlength="128" '
        f"required{first}{wrong}>"
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" '
        f'maxlength="256" required{second}{wrong}>'
        '<button type="submit">Sign in</button></form>'
    )
    return page(title, body, 400 if problem else 200, form.redirect_source)


def new_password_page(rules: str, form: Form, username: str, problem: str = "") -> Response:
    """Return the page that asks for a new password in the place of a temporary one.

    ``username`` is in a field of its own too, for password managers.
    """
    wrong = ' aria-invalid="true"' if problem else ""
    also = "problem " if problem else ""
    field = f'type="password" autocomplete="new-password" maxlength="256" required{wrong}'
    body = (
        f'<h1>Choose a new password</h1><p class="for">The password that <strong>{escape(username)}</strong> '
        f"was given is temporary.</p>{_alert(problem)}{_form(form)}"
        f'<input name="username" value="{escape(username)}" autocomplete="username" readonly hidden>'
        '<label for="password">New password</label>'
        f'<input id="password" name="password" {field} autofocus aria-describedby="{also}rules">'
        f'<p class="hint" id="rules">{escape(rules)}</p>'
        '<label for="again">New password, once more</label>'
        f'<input id="again" name="again" {field}{_described(also)}>'
        '<button type="submit">Change password and sign in</button></form>'
        f'<p class="other"><a href="{escape(form.action)}">Sign in as someone else</a></p>'
    )
    return page("Choose a new password", body, 400 if problem else 200, form.redirect_source)


def error_page(status: int, problem: str) -> Response:
    """Return the page about a request that no application can be told of."""
    body = (
        f"<h1>This request cannot be answered</h1>{_alert(problem)}<p>Go back to the application and "
        "try again. If that does not help, its sign-in settings differ from those of the user pool.</p>"
    )
    return page("This request cannot be answered", body, status)


def expired_page(status: int, problem: str, again: str) -> Response:
    """Return the page about a form that is no longer good; ``again`` is the path of a fresh one."""
    body = (
        f"<h1>Sign in once more</h1>{_alert(problem)}"
        f'<a class="button" href="{escape(again)}">Open the page again</a>'
    )
    return page("Sign in once more", body, status)


def page(title: str, body: str, status: int = 200, redirect_source: str = "") -> Response:
    """Return a page with the headers that keep it to itself."""
    prefix = "Error: " if status >= HTTPStatus.BAD_REQUEST else ""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{prefix}{escape(title)}</title><style>{STYLE}</style></head><body><main>{MARK}{body}"
        "</main><footer>A user pool of a lab on this machine, not of AWS. Use no password of a real "
        "account.</footer></body></html>"
    )
    # Browsers hold the redirect that answers a form to form-action as well.
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self' {redirect_source}".rstrip()
        + "; frame-ancestors 'none'; base-uri 'none'"
    )
    headers = (("content-type", "text/html; charset=utf-8"), ("content-security-policy", policy))
    return Response(status, text.encode(), (*headers, *GUARDS))


GUARDS: Final = (
    ("cache-control", "no-store"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
)
"""The headers of every answer of a user pool's domain."""


def _alert(problem: str) -> str:
    sentence = _ADVICE.get(problem, problem)
    told = escape(sentence[:1].upper() + sentence[1:])
    return f'<p class="alert" role="alert" id="problem">{told}</p>' if problem else ""


def _described(ids: str) -> str:
    return f' aria-describedby="{ids.strip()}"' if ids else ""


def _form(form: Form) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in form.hidden.items()
    )
    return f'<form method="post" action="{escape(form.action)}">{hidden}'
