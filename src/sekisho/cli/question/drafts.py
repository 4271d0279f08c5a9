"""What a question about AWS may add to the facts: condition keys, and policies as drafts."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sekisho.cli.file_text import read_text

if TYPE_CHECKING:
    from sekisho.decide.request.aws_request import ContextValue
    from sekisho.review.told import NamedText, Told

_KEY = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_./-]+)*:[^=]+", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
MAX_FILES = 100


class Drafts:
    """The files of drafts, read once."""

    def __init__(
        self,
        *,
        policy: Sequence[Path] | None = None,
        boundary: Path | None = None,
        session_policy: Sequence[Path] | None = None,
        resource_policy: Path | None = None,
        scp: Sequence[Path] | None = None,
        rcp: Sequence[Path] | None = None,
    ) -> None:
        """Raises SekishoInputError: a file cannot be read, or is no policy of its kind."""
        from sekisho.review.told import read_drafts

        self.has_policy = bool(policy)
        self.has_resource_policy = resource_policy is not None
        texts = {
            "identity": _texts(policy),
            "boundary": _texts([boundary] if boundary else None),
            "session": _texts(session_policy),
            "resource": _texts([resource_policy] if resource_policy else None),
            "scps": _texts(scp),
            "rcps": _texts(rcp),
        }
        self.texts = [one for found in texts.values() for one in found]
        self.told = read_drafts(**texts)


def told_keys(
    drafts: Drafts, keys: Sequence[str] | None, without: Sequence[str] | None, owner: str | None
) -> "Told":
    """Return the drafts with condition keys and the owner of the resource.

    Raises:
        SekishoInputError: a key is not KEY=VALUE, is told and absent at once; no account id.
    """
    from dataclasses import replace

    from sekisho.decide.values import AccountId

    values: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for given in keys or ():
        key, equals, value = given.partition("=")
        if not equals or not _KEY.fullmatch(key):
            _bad(
                "question.context-key", f"`{given[:100]}` is not KEY=VALUE, such as aws:SourceIp=203.0.113.7"
            )
        spelled.setdefault(key.lower(), key)
        values.setdefault(key.lower(), []).append(value)
    absent = frozenset(key.lower() for key in without or ())
    for key in without or ():
        if not _KEY.fullmatch(key):
            _bad("question.context-key", f"`{key[:100]}` is no condition key, such as aws:SourceIp")
        if key.lower() in values:
            _bad("question.context-key", f"`{key[:100]}` is both given and left out")
    if owner is not None and not _ACCOUNT.fullmatch(owner):
        _bad("question.resource-account", f"`{owner[:40]}` is no account id: twelve digits")
    told = {spelled[key]: _value(key, found) for key, found in values.items()}
    account = None if owner is None else AccountId(owner)
    return replace(drafts.told, keys=told, absent=absent, owner=account)


def _value(lowered: str, values: list[str]) -> "ContextValue":
    """Return one value, or several where the key has several or is known to hold a list."""
    if len(values) > 1:
        return tuple(values)
    from sekisho.review.policy_check.global_keys import GLOBAL_KEYS
    from sekisho.wire.service_reference import condition_key_types

    kinds = {key.lower(): kind for key, kind in GLOBAL_KEYS.items()}
    kind = kinds.get(lowered) or condition_key_types().get(lowered, "String")
    return tuple(values) if kind.startswith("ArrayOf") else values[0]


def _texts(files: Sequence[Path] | None) -> "list[NamedText]":
    found = [(str(path), read_text(str(path))) for path in files or ()]
    if len(found) > MAX_FILES:
        _bad("question.too-many-files", f"{len(found)} policies; at most {MAX_FILES}")
    return found


def _bad(code: str, problem: str) -> NoReturn:
    from sekisho.decide.values import Ref, SekishoInputError

    raise SekishoInputError.single(code, Ref("question"), problem)
