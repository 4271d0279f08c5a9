"""What the browser shows when it comes back: one sentence, readable by day and night, with nothing to load.

No script, no asset, no link; the style sheet's hash is in the policy. What the issuer wrote is escaped.
"""

import base64
import hashlib
from html import escape
from typing import Final

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #f6f8fa; --card: #fff; --line: #d0d7de;
  --good: #1a7f37; --bad: #a4161a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --card: #161b22;
  --line: #30363d; --good: #56d364; --bad: #ffb3ad; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 32rem; margin: 15vh auto 2rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-top: .3rem solid var(--good); border-radius: .5rem; }
main.bad { border-top-color: var(--bad); }
h1 { font-size: 1.4rem; margin: 0 0 .75rem; }
p { margin: .5rem 0; overflow-wrap: anywhere; }
"""
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'none'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
HEADERS: Final = (
    ("content-type", "text/html; charset=utf-8"),
    ("content-security-policy", _POLICY),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("connection", "close"),
)
"""The headers of every answer; none of them, ever, leads elsewhere."""


def success_page(sentence: str) -> str:
    """Return the page for somebody who is signed in."""
    return _page("You are signed in", sentence, "You can close this tab and go back to the terminal.", "")


def refusal_page(sentence: str, advice: str = "Go back to the terminal.") -> str:
    """Return the page for what went wrong."""
    return _page("You are not signed in", sentence, advice, ' class="bad"')


def _page(title: str, sentence: str, advice: str, kind: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main{kind}><h1>{title}</h1>"
        f'<p role="status">{escape(sentence)}</p><p>{advice}</p></main></body></html>'
    )
