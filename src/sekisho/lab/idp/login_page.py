"""The pages of a user pool's domain: HTML that stands by itself, for the eye, the keyboard and the reader.

No script, no asset from elsewhere; the style sheet is in the page and its hash in the policy. Colours follow
the browser's scheme. Whatever a stranger wrote is escaped.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from sekisho.wire.http import Response

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #f6f8fa; --card: #fff; --line: #6e7781;
  --act: #0a58ca; --on-act: #fff; --bad: #a4161a; --bad-paper: #fdecea; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --card: #161b22;
  --line: #8b949e; --act: #79b8ff; --on-act: #0d1117; --bad: #ffb3ad; --bad-paper: #3b1214; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 24rem; margin: 10vh auto 2rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .5rem; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { width: 100%; padding: .6rem; font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: .25rem; }
input[aria-invalid=true] { border: 2px solid var(--bad); }
button { width: 100%; margin-top: 1.5rem; padding: .7rem; font: inherit; font-weight: 600;
  color: var(--on-act); background: var(--act); border: 0; border-radius: .25rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
.alert { margin: 0 0 1rem; padding: .75rem; color: var(--bad); background: var(--bad-paper);
  border-left: 4px solid var(--bad); }
.hint { margin: .5rem 0 0; font-size: .9rem; }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class Form:
    """What a page sends back with its fields: the address it goes to and what is hidden in it."""

    action: str
    hidden: Mapping[str, str]
    redirect_source: str


def sign_in_page(pool: str, form: Form, username: str = "", problem: str = "") -> Response:
    """Return the page that asks for user name and password; ``problem`` is why it asks again."""
    wrong = ' aria-invalid="true" aria-describedby="problem"' if problem else ""
    first, second = ("", " autofocus") if username else (" autofocus", "")
    body = (
        f"<h1>Sign in to {escape(pool)}</h1>{_alert(problem)}{_form(form)}"
        '<label for="username">Username</label>'
        f'<input id="username" name="username" value="{escape(username)}" autocomplete="username" '
        f'autocapitalize="none" spellcheck="false" maxlength="128" required{first}{wrong}>'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" '
        f'maxlength="256" required{second}{wrong}>'
        '<button type="submit">Sign in</button></form>'
    )
    return page("Sign in", body, 400 if problem else 200, form.redirect_source)


def new_password_page(rules: str, form: Form, username: str, problem: str = "") -> Response:
    """Return the page that asks for a new password in the place of a temporary one.

    ``username`` is there for password managers.
    """
    wrong = ' aria-invalid="true"' if problem else ""
    described = "rules problem" if problem else "rules"
    field = f'type="password" autocomplete="new-password" maxlength="256" required{wrong}'
    body = (
        f"<h1>Choose a new password</h1>{_alert(problem)}"
        f"<p>The password that you were given is temporary.</p>{_form(form)}"
        f'<input name="username" value="{escape(username)}" autocomplete="username" readonly hidden>'
        '<label for="password">New password</label>'
        f'<input id="password" name="password" {field} autofocus aria-describedby="{described}">'
        f'<p class="hint" id="rules">{escape(rules)}</p>'
        '<label for="again">New password, once more</label>'
        f'<input id="again" name="again" {field}>'
        '<button type="submit">Change password and sign in</button></form>'
    )
    return page("Choose a new password", body, 400 if problem else 200, form.redirect_source)


def error_page(status: int, problem: str) -> Response:
    """Return the page about a request that no application can be told of."""
    body = (
        f"<h1>This request cannot be answered</h1>{_alert(problem)}<p>Go back to the application and "
        "try again. If that does not help, its sign-in settings differ from those of the user pool.</p>"
    )
    return page("Error", body, status)


def page(title: str, body: str, status: int = 200, redirect_source: str = "") -> Response:
    """Return a page with the headers that keep it to itself."""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
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
    return f'<p class="alert" role="alert" id="problem">{escape(problem)}</p>' if problem else ""


def _form(form: Form) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in form.hidden.items()
    )
    return f'<form method="post" action="{escape(form.action)}">{hidden}'
