"""A chain as a person reads it: the links, the one that failed, what came close, what to do.

Works on the JSON form, so that a journal entry of an hour ago and an answer of this moment
look the same.
"""

from collections.abc import Iterator
from typing import Any

from sekisho.cli.output import Style
from sekisho.cli.repair_command import command_of

MAX_TRACE = 12
CLAIM_CLASSES = {f"oidc.claim-{name}": name for name in ("used", "checked", "ignored")}
"""The codes that say what became of a claim (`OidcClaim`), each with its word."""

_TITLES = {
    "token": "Token",
    "id-token": "Id token",
    "signature": "Signature",
    "caller": "Caller",
    "mapping": "Identity mapping",
    "impersonation": "Impersonation",
    "service-account": "Service account token",
    "authorization": "Authorization",
    "permission": "IAM permission",
    "request": "Request",
    "web-identity-token": "Web identity token",
    "identity-provider": "Identity provider",
    "token-signature": "Token signature",
    "token-claims": "Token claims",
    "trust-policy": "Trust policy",
    "session": "Session",
    "service-account-role": "Service account",
    "injection": "Injection",
    "aws-profile": "AWS profile",
    "next-role": "Next role",
    "service-account-token": "Service account token",
    "association": "Pod Identity association",
    "role": "Role",
    "target-role": "Target role",
}


def chain_lines(chain: Any, style: Style, *, target: str = "", full: bool = False) -> Iterator[str]:
    """Yield the lines of a chain (`chain_to_json`); ``target`` is the cluster or service asked.

    The trace of the link that decided is shown as far as MAX_TRACE steps, all of them with ``full``.
    """
    for link in chain["links"]:
        title = _TITLES.get(link["link"], link["link"])
        yield f"{_mark(link['outcome'], style)} {style.strong(title)}: {_sentence(link)}"
        if link["outcome"] != "allow" or full:
            yield from _details(link, style, target, full=full)
        elif link["link"] in ("mapping", "service-account", "id-token") and "value" in link:
            user = link["value"]
            name = user["username"] or '""'
            yield style.quiet(f"    user {name}, groups {', '.join(user['groups']) or 'none'}")


def _details(link: Any, style: Style, target: str, *, full: bool) -> Iterator[str]:
    decisive = {_key(step) for step in link["decisive"]}
    looked_at = [step for step in link["trace"] if _key(step) not in decisive]
    near = {_key(step) for step in link["nearest"]}
    if link["nearest"]:
        yield "    Nearest:"
        for step in link["nearest"]:
            yield f"      {style.doubt('~')} {step['sentence']}"
            yield style.quiet(f"        {step['code']}, {place_of(step)}")
    others = [step for step in looked_at if _key(step) not in near]
    if not full:
        yield from _claim_classes(others, style)
        others = [step for step in others if step["code"] not in CLAIM_CLASSES]
    if others:
        yield f"    Looked at ({len(others)}):"
        shown = others if full else others[:MAX_TRACE]
        for step in shown:
            yield style.quiet(f"      - {step['sentence']} [{step['code']}]")
        if len(others) > len(shown):
            yield style.quiet(f"      ... and {len(others) - len(shown)} more (-o json shows all)")
    if link["repairs"]:
        yield "    To repair it:"
        for repair in link["repairs"]:
            yield f"      {style.good('>')} {repair['sentence']}"
            command = command_of(repair, target)
            if command:
                yield f"        {style.strong(command)}"


def _claim_classes(steps: list[Any], style: Style) -> Iterator[str]:
    """Yield what became of each claim of a token, a line per class."""
    from sekisho.decide.values.document_text import on_one_line

    for code, name in CLAIM_CLASSES.items():
        told = [step for step in steps if step["code"] == code]
        claims = ", ".join(on_one_line(step["facts"]["claim"]) for step in told)
        if claims:
            yield style.quiet(f"    Claims {name}: {claims}")


def _sentence(link: Any) -> str:
    told = "; ".join(step["sentence"] for step in link["decisive"]) or link["outcome"]
    codes = ", ".join(dict.fromkeys(step["code"] for step in link["decisive"]))
    return f"{told} [{codes}]" if codes else told


def _mark(outcome: str, style: Style) -> str:
    match outcome:
        case "allow":
            return style.good("yes")
        case "unknown":
            return style.doubt("???")
    return style.bad(" no")


def place_of(step: Any) -> str:
    """Return where a step leads, with the line where it is known."""
    at = step["at"]
    return f"{at['document']}{at['pointer'] and '#' + at['pointer']}" + (
        f" (line {at['line']})" if at.get("line") else ""
    )


def _key(step: Any) -> tuple[str, str, str]:
    return step["code"], step["at"]["document"] + step["at"]["pointer"], step["sentence"]
