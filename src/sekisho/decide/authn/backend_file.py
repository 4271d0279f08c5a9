"""Mapping sources whose lists come parsed: the server's own file, the dynamic file, custom resources.

The first two are read strictly: an entry that would be ignored in aws-auth refuses the
document, so a start fails and a reload keeps what was there.
"""

from collections.abc import Sequence

from sekisho.decide.authn.aws_auth import ACCOUNTS, AccountRule, account_text, duplicates
from sekisho.decide.authn.backend import Backend, BackendMode
from sekisho.decide.authn.entry import Mapping, Reading, Section
from sekisho.decide.authn.entry_reader import EntryReader, Rules
from sekisho.decide.authn.notice import Notice
from sekisho.decide.authn.source import Node, from_json
from sekisho.decide.values import InputFault, JsonObject, Ref, SekishoInputError
from sekisho.decide.values.arn import parse_account_id


def load_lists(
    mode: BackendMode,
    document: JsonObject,
    at: Ref,
    *,
    sso_role_match: bool = False,
    user_id_strict: bool = False,
    reserved_prefixes: Sequence[str] = (),
) -> tuple[Backend, tuple[Notice, ...]]:
    """Return the backend of a ``MountedFile`` or ``DynamicFile`` document, and what is odd about it.

    ``document`` is the object that holds ``mapRoles``, ``mapUsers`` and ``mapAccounts``; its other
    members belong to other readers. ``at`` is its place.

    Raises:
        SekishoInputError: a list is no list, or an entry would have no effect. In a
            ``DynamicFile`` SSO entries have none.
    """
    sso = sso_role_match and mode is BackendMode.MOUNTED_FILE
    rules = Rules(Reading.CANONICAL, sso, user_id_strict)
    faults: list[InputFault] = []
    notices: list[Notice] = []
    found: dict[Section, tuple[Mapping, ...]] = {}
    for section in (Section.ROLES, Section.USERS):
        reader = EntryReader(section, rules)
        nodes = _nodes(document, section, at, faults)
        read = [reader.read(node, at.child(section, index)) for index, node in enumerate(nodes)]
        found[section] = tuple(mapping for mapping in read if mapping is not None)
        notices += reader.notices + duplicates(found[section])
    accounts: list[AccountRule] = []
    for index, node in enumerate(_nodes(document, ACCOUNTS, at, faults)):
        place = at.child(ACCOUNTS, index)
        try:
            accounts.append(AccountRule(place, 0, parse_account_id(account_text(node) or "")))
        except ValueError:
            faults.append(
                InputFault("aws-auth.account-invalid", place, "expected twelve digits", "quote account ids")
            )
    faults += [
        InputFault(str(notice.step.code), notice.step.at, notice.step.sentence())
        for notice in notices
        if notice.drops
    ]
    if faults:
        raise SekishoInputError(faults)
    backend = Backend(
        mode,
        at,
        Reading.CANONICAL,
        found[Section.ROLES],
        found[Section.USERS],
        tuple(accounts),
        sso,
        user_id_strict,
        tuple(reserved_prefixes),
    )
    return backend, tuple(notices)


def load_custom_resources(
    specs: Sequence[tuple[Ref, JsonObject]], at: Ref, *, reserved_prefixes: Sequence[str] = ()
) -> tuple[Backend, tuple[Notice, ...]]:
    """Return the backend of IAMIdentityMapping objects; an object that maps nobody is a notice.

    ``specs`` are the objects' ``spec`` (``arn``, ``username``, ``groups``) with their places, in
    an order that does not change: of two that name one principal the first counts.
    """
    reader = EntryReader(Section.CUSTOM_RESOURCES, Rules(Reading.CANONICAL, sso_role_match=False))
    read = [reader.read(from_json(spec), place) for place, spec in specs]
    mappings = tuple(mapping for mapping in read if mapping is not None)
    shadowed = duplicates(mappings[::-1])
    backend = Backend(
        BackendMode.CRD, at, Reading.CANONICAL, mappings, reserved_prefixes=tuple(reserved_prefixes)
    )
    return backend, (*reader.notices, *shadowed)


def _nodes(document: JsonObject, name: str, at: Ref, faults: list[InputFault]) -> tuple[Node, ...]:
    match from_json(document.get(name)).value:
        case None:
            return ()
        case tuple(nodes):
            return nodes
        case _:
            faults.append(InputFault("aws-auth.not-a-list", at.child(name), f"expected {name} to be a list"))
            return ()
