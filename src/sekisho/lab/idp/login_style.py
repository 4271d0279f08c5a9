"""The style sheet of a user pool's pages, and the mark above them: nothing that a page would have to fetch.

In both schemes contrast is at least 4.5:1 for text and 3:1 for the edges of fields (WCAG 2.2, 1.4.3 and
1.4.11). Nothing moves. Where the system picks the colours, edges and the focus stay, as borders and outlines.
"""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #f1f4f8; --card: #fff;
  --edge: #d8dee4; --line: #6e7781; --act: #0a58ca; --act-over: #0845a0; --on-act: #fff; --bad: #a4161a;
  --bad-paper: #fdecea; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa5b1; --paper: #0d1117;
  --card: #161b22; --edge: #30363d; --line: #8b949e; --act: #79b8ff; --act-over: #a5cfff; --on-act: #0d1117;
  --bad: #ffb3ad; --bad-paper: #3b1214; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere; }
main { max-width: 25rem; margin: 8vh auto 0; padding: 2rem; background: var(--card);
  border: 1px solid var(--edge); border-radius: .75rem; }
footer { max-width: 25rem; margin: 1rem auto 2rem; padding: 0 2rem; color: var(--soft); font-size: .85rem;
  text-align: center; }
.mark { display: block; width: 2.25rem; height: 2.25rem; margin: 0 0 1rem; color: var(--act); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; }
p { margin: .5rem 0 0; }
.for, .hint { color: var(--soft); }
.for strong { color: var(--ink); font-weight: 600; }
.hint { font-size: .9rem; margin-top: .4rem; }
label { display: block; margin: 1.25rem 0 .35rem; font-weight: 600; }
input { width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--line); border-radius: .4rem; }
input[aria-invalid=true] { border: 2px solid var(--bad); }
button, .button { display: block; width: 100%; min-height: 2.75rem; margin-top: 1.75rem; padding: .6rem;
  font: inherit; font-weight: 600; text-align: center; text-decoration: none; color: var(--on-act);
  background: var(--act); border: 1px solid transparent; border-radius: .4rem; cursor: pointer; }
button:hover, .button:hover { background: var(--act-over); }
a { color: var(--act); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
.alert { margin: 1.25rem 0 0; padding: .75rem 1rem; color: var(--bad); background: var(--bad-paper);
  border: 1px solid var(--bad); border-left-width: .3rem; border-radius: .4rem; }
.alert + p { margin-top: 1.25rem; }
.other { margin-top: 1.25rem; text-align: center; }
@media (forced-colors: active) { .mark { color: CanvasText; } }
@media (max-width: 28rem) { body { background: var(--card); }
  main { margin: 0 auto; padding: 1.5rem 1.25rem; border: 0; border-radius: 0; }
  footer { padding: 0 1.25rem; } }
"""

MARK: Final = (
    '<svg class="mark" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" aria-hidden="true" focusable="false">'
    '<path d="M2 5q10 3 20 0M5 10.5h14M7 6.5V21M17 6.5V21"/></svg>'
)
"""A gate: a sekisho is where a traveller's papers are looked at."""
