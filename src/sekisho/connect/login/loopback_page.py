"""What the browser shows when it comes back: one sentence, readable by day and night, with nothing to load.

No script, no asset, no link; the style sheet's hash is in the policy. What the issuer wrote is escaped.
"""

import base64
import hashlib
from html import escape
from typing import Final

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #f1f4f8; --card: #fff;
  --edge: #d8dee4; --good: #1a7f37; --bad: #a4161a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa5b1; --paper: #0d1117;
  --card: #161b22; --edge: #30363d; --good: #56d364; --bad: #ffb3ad; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 28rem; margin: 12vh auto 2rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--edge); border-radius: .75rem; }
svg { display: block; width: 2.75rem; height: 2.75rem; margin: 0 0 1rem; color: var(--good); }
.bad svg { color: var(--bad); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; }
p { margin: .75rem 0 0; overflow-wrap: anywhere; }
.advice { color: var(--soft); }
@media (forced-colors: active) { svg, .bad svg { color: CanvasText; } }
@media (max-width: 28rem) { body { background: var(--card); }
  main { margin: 0 auto; padding: 1.5rem 1.25rem; border: 0; } }
"""
_GOOD: Final = '<path d="m8 12.5 2.75 2.75L16 9.5"/>'
_BAD: Final = '<path d="m9 9 6 6m0-6-6 6"/>'
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
    return _page(
        "You are signed in", sentence, "You can close this tab and go back to the terminal.", "", _GOOD
    )


def refusal_page(sentence: str, advice: str = "Go back to the terminal.") -> str:
    """Return the page for what went wrong."""
    return _page("You are not signed in", sentence, advice, ' class="bad"', _BAD)


def _page(title: str, sentence: str, advice: str, kind: str, sign: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main{kind}>"
        '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
        'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
        f'<circle cx="12" cy="12" r="10"/>{sign}</svg><h1>{title}</h1>'
        f'<p role="status">{escape(sentence)}</p><p class="advice">{advice}</p></main></body></html>'
    )
