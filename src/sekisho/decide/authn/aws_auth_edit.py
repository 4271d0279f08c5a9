"""Edits of the aws-auth ConfigMap as text: what an edit does not mean to change stays, byte for byte.

Source: eksctl, ``create|get|delete iamidentitymapping``. Differs: an edit is read back before
it is returned, a section that cannot be read refuses it, a role's path or session is written
as the role that the control plane will see, and comments survive.
"""

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Final

from sekisho.decide.authn.aws_auth import ACCOUNTS, CONFIG_MAP, AwsAuth, parse
from sekisho.decide.authn.canonical import ArnError, ArnKind, Canonical, canonical_mapping
from sekisho.decide.authn.entry import Mapping, Reading, Section
from sekisho.decide.authn.entry_reader import Rules
from sekisho.decide.authn.section_text import EMPTY, appended, render, without
from sekisho.decide.authn.source import Members, Node
from sekisho.decide.decision import ReasonCode, Step
from sekisho.decide.values import AccountId, Ref, SekishoInputError
from sekisho.decide.values.arn import parse_account_id

READ_AS_EKS: Final = Rules(Reading.EKS, sso_role_match=False)
"""How edits are validated: by what the managed control plane makes of them."""

_NEW: Final = Ref("mapping")


class EditCode(ReasonCode):
    """What an edit did besides the obvious."""

    EXISTS = "map.exists", "the same mapping of {arn} exists already; nothing is changed"
    SHADOWS = "map.shadows", "{arn} is mapped at {by} already; the new entry counts from now on"
    SHADOWED = "map.shadowed", "{arn} is mapped at {by} too, and role entries count before user entries"
    ARN_REWRITTEN = "map.arn-rewritten", "`{given}` is written as {arn}, which is what STS calls the role"
    REMAINING = "map.entries-remain", "{count} more of {arn} remain"
    ACCOUNT_EXISTS = "map.account-exists", "account {account} is mapped already; nothing is changed"


@dataclass(frozen=True, slots=True)
class NewMapping:
    """What to map: an IAM user or role ARN to a user name, to groups or to both."""

    arn: str
    username: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """The ``data`` after an edit (equal to before if not ``changed``), and what to tell the person."""

    data: MappingOf[str, str]
    changed: bool
    warnings: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """One row: an entry, or an account (then ``arn`` is ""). ``line`` is inside the section's text."""

    arn: str
    username: str
    groups: tuple[str, ...]
    account: str
    at: Ref
    line: int


def listing(data: MappingOf[str, str], at: Ref = CONFIG_MAP) -> tuple[Listed, ...]:
    """Return every entry in document order, roles, users, accounts.

    Raises:
        SekishoInputError: a section cannot be read.
    """
    auth = _readable(data, at)
    rows = [Listed(m.principal, m.username, m.groups, "", m.at, m.line) for m in auth.mappings]
    rows += [Listed("", "", (), rule.account, rule.at, rule.line) for rule in auth.accounts]
    return tuple(rows)


def add(
    data: MappingOf[str, str], new: NewMapping, *, no_duplicate_arns: bool = False, at: Ref = CONFIG_MAP
) -> Edit:
    """Return the data with ``new`` appended to the section its ARN belongs to.

    An equal mapping is left alone with ``no_duplicate_arns``; without, it is added again, as
    eksctl does, with a warning about the entry that it shadows.

    Raises:
        SekishoInputError: ``new`` maps nobody or to nothing; a section cannot be read; or,
            with ``no_duplicate_arns``, the principal is mapped to something else.
    """
    auth = _readable(data, at)
    principal = _principal(new)
    arn = str(principal.arn)
    warnings = []
    if arn != new.arn:
        warnings.append(Step(EditCode.ARN_REWRITTEN, _NEW.child("arn"), (("given", new.arn), ("arn", arn))))
    present = _of_principal(auth, arn)
    if no_duplicate_arns and present:
        return _duplicate(data, new, present, arn)
    section = Section.USERS if principal.kind in (ArnKind.USER, ArnKind.ROOT) else Section.ROLES
    code = EditCode.SHADOWS if present and present[0].section is section else EditCode.SHADOWED
    warnings += [Step(code, old.at, (("arn", arn), ("by", str(old.at)))) for old in present]
    after = dict(data)
    after[section] = appended(section, data.get(section, ""), _entry(section, arn, new))
    reread = _readable(after, at)
    added = (reread.users if section is Section.USERS else reread.roles)[-1]
    warnings += [notice.step for notice in reread.notices if notice.step.at == added.at]
    return Edit(after, changed=True, warnings=tuple(warnings))


def add_account(data: MappingOf[str, str], account: str, *, at: Ref = CONFIG_MAP) -> Edit:
    """Return the data with ``account`` in ``mapAccounts``, which comes out sorted, each account once.

    Raises:
        SekishoInputError: not an account id, or a section cannot be read.
    """
    auth = _readable(data, at)
    wanted = _account(account)
    present = {rule.account: rule for rule in auth.accounts}
    if wanted in present:
        step = Step(EditCode.ACCOUNT_EXISTS, present[wanted].at, (("account", account),))
        return Edit(data, changed=False, warnings=(step,))
    after = {**data, ACCOUNTS: _accounts_text({*present, wanted})}
    step = next(
        notice.step for notice in _readable(after, at).notices if ("account", wanted) in notice.step.facts
    )
    return Edit(after, changed=True, warnings=(step,))


def remove(data: MappingOf[str, str], arn: str, *, every: bool = False, at: Ref = CONFIG_MAP) -> Edit:
    """Return the data without the first entry of ``arn``, or without any with ``every``.

    ``arn`` names an entry as it is written, or the principal that it means; roles are looked
    through before users.

    Raises:
        SekishoInputError: no entry is of ``arn`` (not with ``every``), or a section cannot be read.
    """
    auth = _readable(data, at)
    present = _of_principal(auth, arn)
    if not present and not every:
        raise SekishoInputError.single(
            "map.not-found", at, f"no entry maps `{arn}`", "list the entries to see how they are written"
        )
    chosen = present if every else present[:1]
    after = dict(data)
    for mapping in reversed(chosen):  # from the end, so that the indexes of the others stay right
        index = int(mapping.at.tokens()[-1])
        after[mapping.section] = without(mapping.section, after[mapping.section], index)
    _readable(after, at)
    remaining = len(present) - len(chosen)
    facts = (("count", str(remaining)), ("arn", arn))
    warnings = (Step(EditCode.REMAINING, at, facts),) if remaining else ()
    return Edit(after, changed=bool(chosen), warnings=warnings)


def remove_account(data: MappingOf[str, str], account: str, *, at: Ref = CONFIG_MAP) -> Edit:
    """Return the data without ``account`` in ``mapAccounts``.

    Raises:
        SekishoInputError: the account is not there, or a section cannot be read.
    """
    present = {rule.account for rule in _readable(data, at).accounts}
    wanted = _account(account)
    if wanted not in present:
        raise SekishoInputError.single(
            "map.not-found", at.child(ACCOUNTS), f"account `{account}` is not mapped"
        )
    return Edit({**data, ACCOUNTS: _accounts_text(present - {wanted})}, changed=True)


def _readable(data: MappingOf[str, str], at: Ref) -> AwsAuth:
    """Return the content, or refuse to touch what cannot be read."""
    auth = parse(data, READ_AS_EKS, at)
    if auth.faults:
        raise SekishoInputError(auth.faults)
    return auth


def _principal(new: NewMapping) -> Canonical:
    if not new.username and not new.groups:
        raise SekishoInputError.single(
            "map.nothing-mapped", _NEW, "expected a user name, a group, or both", "add --username or --group"
        )
    for index, text in enumerate((new.username, *new.groups)):
        if (index and not text) or not text.isprintable():
            place = _NEW.child("groups", index - 1) if index else _NEW.child("username")
            raise SekishoInputError.single("map.not-printable", place, "expected printable text, not empty")
    problem = "mappings know no wildcards"
    if "*" not in new.arn and "?" not in new.arn:
        try:
            return canonical_mapping(new.arn)
        except ArnError as error:
            problem = str(error)
    raise SekishoInputError.single(
        "map.arn-invalid", _NEW.child("arn"), f"`{new.arn[:200]}` cannot be mapped: {problem}"
    )


def _account(account: str) -> AccountId:
    try:
        return parse_account_id(account)
    except ValueError as error:
        raise SekishoInputError.single("map.account-invalid", _NEW.child("account"), str(error)) from None


def _of_principal(auth: AwsAuth, arn: str) -> list[Mapping]:
    """Return the entries that are written as ``arn`` or mean the same principal."""
    wanted = Reading.CANONICAL.key(arn)
    return [
        mapping
        for mapping in auth.mappings
        if mapping.principal.lower() == arn.lower()
        or (wanted and Reading.CANONICAL.key(mapping.arn) == wanted)
    ]


def _duplicate(data: MappingOf[str, str], new: NewMapping, present: list[Mapping], arn: str) -> Edit:
    for old in present:
        if old.username == new.username and set(old.groups) == set(new.groups):
            return Edit(data, changed=False, warnings=(Step(EditCode.EXISTS, old.at, (("arn", arn),)),))
    old = present[0]
    raise SekishoInputError.single(
        "map.duplicate-arn",
        old.at,
        f"`{arn}` is mapped to something else already",
        "remove that entry first, or allow duplicates",
        old.line,
    )


def _entry(section: Section, arn: str, new: NewMapping) -> Node:
    """Return the entry with its members sorted, as eksctl writes them."""
    members = [("groups", Node(tuple(Node(group) for group in new.groups)))] if new.groups else []
    members.append(("rolearn" if section is Section.ROLES else "userarn", Node(arn)))
    if new.username:
        members.append(("username", Node(new.username)))
    return Node(Members(tuple(members)))


def _accounts_text(accounts: set[AccountId]) -> str:
    return render([Node(account) for account in sorted(accounts)]) if accounts else EMPTY
