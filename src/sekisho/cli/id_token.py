"""An id token under a file of issuers, claim by claim: what is used, checked, ignored, and what decides."""

import asyncio
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sekisho.cli.explain import CLAIM_CLASSES, chain_lines
from sekisho.cli.output import Style
from sekisho.decide.values import Json, Ref, SekishoInputError

MAX_TOKEN_CHARS = 64 * 1024
MAX_SHOWN = 80

_HIDDEN = "(not shown: it may hold access tokens)"
_PART = re.compile(r"\.?([A-Za-z]+)|\[([0-9]+)\]")


def read_token(place: str) -> str:
    """Return the token in the file ``place``, or on standard input for ``-``.

    Raises:
        SekishoInputError: there is no such file, or it holds no text.
    """
    if place == "-":
        return sys.stdin.read(MAX_TOKEN_CHARS + 1).strip()
    # A token given in the place of the file is in the shell's history and in the list of processes:
    # it is not taken, and not repeated.
    if place.startswith("k8s-aws-v1.") or (place.count(".") == 2 and place.startswith("ey")):
        hint = "put it into a file, or give - and the token on standard input"
        raise SekishoInputError.single(
            "token.in-arguments", Ref("--token"), "expected a file, not a token", hint
        )
    try:
        with Path(place).open("rb") as file:
            return file.read(MAX_TOKEN_CHARS + 1).decode("ascii").strip()
    except OSError as error:
        problem = (error.strerror or "cannot be read").lower()
        raise SekishoInputError.single("file.unreadable", Ref(place), problem) from None
    except UnicodeDecodeError:
        raise SekishoInputError.single("token.not-ascii", Ref(place), "expected a token") from None


def explain_id_token(token: str, file: Path) -> dict[str, Any]:
    """Return the answer about ``token`` under the issuers of ``file``; their keys are fetched.

    Raises:
        SekishoInputError: the file cannot be used.
    """
    from sekisho.connect.id_tokens import IdTokens
    from sekisho.decide.authn.mapping import implicit_groups
    from sekisho.decide.authn.oidc.configuration import read_configuration
    from sekisho.decide.decision import Chain, Link, chain_to_json
    from sekisho.decide.values import Instant
    from sekisho.serve.file_source import read_text

    text = read_text(file)
    configuration = read_configuration(str(file), text)
    now = Instant(datetime.now(UTC))
    decision = asyncio.run(IdTokens(configuration).decide(token, now, explain=True))
    user = None if decision.value is None else implicit_groups(decision.value)
    decision = replace(decision, value=user)
    document = dict(chain_to_json(Chain("id_token_to_user", (Link("id-token", decision),))))
    document["claims"] = claims_told(document, token)
    if user is not None:
        document["user"] = {"username": user.name, "groups": list(user.groups), "uid": user.uid}
    document["settings"] = dict(_settings(document, text, file))
    return {"who": "", "asked": f"an id token under {file}", **document}


def claims_told(document: Any, token: str) -> list[Any]:
    """Return every claim of ``token`` with what the chain ``document`` made of it, none of another token."""
    claims = _claims(token)
    return [
        {
            "claim": step["facts"]["claim"],
            "value": _HIDDEN if "_sources" in step["at"]["pointer"] else claims.get(step["facts"]["claim"]),
            "class": CLAIM_CLASSES[step["code"]],
            "purpose": step["facts"].get("purpose", ""),
        }
        for link in document["links"]
        for step in link["trace"]
        if step["code"] in CLAIM_CLASSES
    ]


def id_token_lines(document: Any, style: Style, *, target: str = "", full: bool) -> Iterator[str]:
    """Yield what a person reads; ``target`` is the cluster that was asked, if one was."""
    from sekisho.decide.values.document_text import on_one_line

    width = max((len(one["claim"]) for one in document["claims"]), default=0)
    for one in document["claims"]:
        value = _shown(one["value"])
        purpose = f"  {one['purpose']}" if one["purpose"] else ""
        line = f"    {one['class']:<8} {on_one_line(one['claim']):<{width}}  {value}{on_one_line(purpose)}"
        yield style.quiet(line) if one["class"] == "ignored" else line
    for line in chain_lines(_without_claims(document), style, target=target, full=full):
        yield line
    for setting, place in document.get("settings", {}).items():
        yield style.quiet(f"    {setting}: {place}")


def _without_claims(document: Any) -> Any:
    links = [
        {**link, "trace": [step for step in link["trace"] if step["code"] not in CLAIM_CLASSES]}
        for link in document["links"]
    ]
    return {**document, "links": links}


def _claims(token: str) -> dict[str, Json]:
    """Return the claims of a token that was read already."""
    from sekisho.decide.proof.jws_token import parse_token

    try:
        return dict(parse_token(token).claims)
    except SekishoInputError:
        return {}


def _settings(document: Any, text: str, file: Path) -> Iterator[tuple[str, str]]:
    """Yield the settings that the decisive steps name, each with its line."""
    from sekisho.decide.values.documents import line_of

    for step in document["links"][0]["decisive"] + document["links"][0]["nearest"]:
        setting = step["facts"].get("setting")
        if setting is not None:
            pointer = "".join(f"/{name or index}" for name, index in _PART.findall(setting))
            yield setting, f"{file}:{line_of(text, pointer) or 1}"


def _shown(value: Json) -> str:
    from sekisho.decide.values.document_text import on_one_line
    from sekisho.decide.values.documents import to_json

    text = on_one_line(to_json(value).decode())
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
