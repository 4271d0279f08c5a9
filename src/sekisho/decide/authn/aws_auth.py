"""The ``kube-system/aws-auth`` ConfigMap: who it maps, and what in it cannot be read.

Source: aws-iam-authenticator ``pkg/mapper/configmap``; EKS User Guide, "Grant IAM users
access to Kubernetes with a ConfigMap". Differs: a section that cannot be read is reported
and, on reload, keeps what it said before, instead of silently becoming empty.
"""

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Final

from sekisho.decide.authn.entry import Mapping, Section
from sekisho.decide.authn.entry_reader import EntryReader, Rules
from sekisho.decide.authn.notice import AwsAuthCode as Code
from sekisho.decide.authn.notice import Notice
from sekisho.decide.authn.source import Node, Other, from_yaml
from sekisho.decide.decision import Step
from sekisho.decide.values import AccountId, InputFault, Ref, SekishoInputError
from sekisho.decide.values.arn import parse_account_id

CONFIG_MAP: Final = Ref("configmap/kube-system/aws-auth", "/data")
ACCOUNTS: Final = "mapAccounts"
SECTIONS: Final = (Section.ROLES.value, Section.USERS.value, ACCOUNTS)

_PLACEHOLDERS: Final = frozenset({"", "``", '""', "''"})


@dataclass(frozen=True, slots=True)
class AccountRule:
    """One account of ``mapAccounts``: all its users and roles can log in, in no group."""

    at: Ref
    line: int
    account: AccountId


@dataclass(frozen=True, slots=True)
class AwsAuth:
    """The content of aws-auth. Entries stand in the order of the document; later ones win.

    ``faults`` say why a section could not be read. Such a section is ``stale`` if its
    entries are those of the last good content, ``unread`` if there was none.
    """

    rules: Rules
    roles: tuple[Mapping, ...] = ()
    users: tuple[Mapping, ...] = ()
    accounts: tuple[AccountRule, ...] = ()
    notices: tuple[Notice, ...] = ()
    faults: tuple[InputFault, ...] = ()
    stale: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()

    @property
    def degraded(self) -> bool:
        """Whether a section could not be read: health checks and metrics must show it."""
        return bool(self.faults)

    @property
    def mappings(self) -> tuple[Mapping, ...]:
        """Every entry, roles first, as they are looked up."""
        return self.roles + self.users


def parse(data: MappingOf[str, str], rules: Rules, at: Ref = CONFIG_MAP) -> AwsAuth:
    """Return what the ``data`` of the ConfigMap maps.

    Total: sections that cannot be read are ``faults`` and ``unread``, odd entries are
    ``notices``. ``at`` is the place of ``data``; entry 3 of a section is at
    ``.../mapRoles/3``, its line inside the section's text is in the notice.
    """
    return reload(None, data, rules, at)


def reload(
    previous: AwsAuth | None, data: MappingOf[str, str], rules: Rules, at: Ref = CONFIG_MAP
) -> AwsAuth:
    """Return the new content, with the ``previous`` entries for each section that cannot be read.

    Total. A section that is absent, or a deleted ConfigMap (``data`` empty), maps nobody:
    that was said, not lost.
    """
    notices = [
        Notice(
            Step(
                Code.SECTION_UNKNOWN, at.child(name), (("section", name), ("expected", ", ".join(SECTIONS)))
            ),
            0,
            _is_misspelt(name),
        )
        for name in data
        if name not in SECTIONS
    ]
    faults: list[InputFault] = []
    failed: set[str] = set()
    entries: dict[str, tuple[Mapping, ...]] = {}
    for section in (Section.ROLES, Section.USERS):
        try:
            entries[section], found = _entries(section, data.get(section, ""), rules, at.child(section))
        except SekishoInputError as error:
            faults.extend(error.faults)
            failed.add(section.value)
            continue
        notices.extend(found)
    try:
        accounts, found = _accounts(data.get(ACCOUNTS, ""), at.child(ACCOUNTS))
        notices.extend(found)
    except SekishoInputError as error:
        faults.extend(error.faults)
        failed.add(ACCOUNTS)
        accounts = previous.accounts if previous else ()
    lost = failed if previous is None else failed & previous.unread
    return AwsAuth(
        rules=rules,
        roles=entries.get(Section.ROLES, previous.roles if previous else ()),
        users=entries.get(Section.USERS, previous.users if previous else ()),
        accounts=accounts,
        notices=tuple(notices),
        faults=tuple(faults),
        stale=frozenset(failed - lost),
        unread=frozenset(lost),
    )


def section_nodes(name: str, text: str, at: Ref) -> tuple[Node, ...]:
    """Return the entries of a section's text; none if it is a placeholder for "empty".

    Raises:
        SekishoInputError: not YAML, or not a list; with the line inside ``text``.
    """
    if text.strip() in _PLACEHOLDERS:
        return ()
    node = from_yaml(text, at)
    match node.value:
        case None | "":
            return ()
        case tuple(nodes):
            return nodes
        case _:
            raise SekishoInputError.single(
                "aws-auth.not-a-list",
                at,
                f"expected {name} to be a list",
                "start entries with `- `",
                node.line,
            )


def account_text(node: Node) -> str | None:
    """Return the account id as written: YAML's idea of a number does not count; None if it is no scalar."""
    match node.value:
        case str(text) | Other(text):
            return text
        case _:
            return None


def duplicates(mappings: tuple[Mapping, ...]) -> list[Notice]:
    """Return a notice for each entry that a later one of the same principal replaces."""
    last: dict[object, Mapping] = {}
    for mapping in mappings:
        last[_identity(mapping)] = mapping
    found: list[Notice] = []
    for mapping in mappings:
        winner = last[_identity(mapping)]
        if winner is not mapping:
            facts = (("principal", mapping.principal), ("by", str(winner.at)))
            found.append(Notice(Step(Code.DUPLICATE, mapping.at, facts), mapping.line, drops=False))
    return found


def _identity(mapping: Mapping) -> object:
    return mapping.sso.key if mapping.sso else (mapping.key or mapping.at)


def _entries(section: Section, text: str, rules: Rules, at: Ref) -> tuple[tuple[Mapping, ...], list[Notice]]:
    reader = EntryReader(section, rules)
    read = (reader.read(node, at.child(index)) for index, node in enumerate(section_nodes(section, text, at)))
    mappings = tuple(mapping for mapping in read if mapping is not None)
    return mappings, reader.notices + duplicates(mappings)


def _accounts(text: str, at: Ref) -> tuple[tuple[AccountRule, ...], list[Notice]]:
    rules: list[AccountRule] = []
    notices: list[Notice] = []
    for index, node in enumerate(section_nodes(ACCOUNTS, text, at)):
        place = at.child(index)
        written = account_text(node)
        try:
            account = parse_account_id(written or "")
        except ValueError:
            facts = (("account", (written or "(not text)")[:64]),)
            notices.append(Notice(Step(Code.ACCOUNT_INVALID, place, facts), node.line, drops=True))
            continue
        rules.append(AccountRule(place, node.line, account))
        facts = (("account", account),)
        notices.append(Notice(Step(Code.ACCOUNT_MAPPED, place, facts), node.line, drops=False))
    return tuple(rules), notices


def _is_misspelt(name: str) -> bool:
    """Whether a section's name was meant: the reference compares it exactly."""
    folded = name.lower().replace("-", "").replace("_", "")
    return any(folded in (known.lower(), known.lower().removesuffix("s")) for known in SECTIONS)
