"""From a person's spelling of an AWS identity to the identity that STS would report."""

from collections.abc import Iterator

from sekisho.decide.authn.canonical import ArnKind, canonicalize
from sekisho.decide.authn.sts_answer import StsIdentity, identity_of
from sekisho.decide.values import Arn, Ref, SekishoInputError
from sekisho.facts.keys import Kind
from sekisho.facts.shape import nearest
from sekisho.facts.snapshot import Snapshot

UNKNOWN_USER_ID = "AIDA"
UNKNOWN_ROLE_ID = "AROA"
"""Stand for unique ids that were not read: the prefix alone, shorter than any real id."""

SESSION = "session"
"""The session name of a role of which no session was named."""

_AT = Ref("identity")
_MAX_SHOWN = 200
_ACCOUNT_DIGITS = 12


def identity_from_arn(text: str, snapshot: Snapshot) -> StsIdentity:
    """Return whom ``text`` names: a user, role or session ARN, ``user/NAME``, ``role/NAME`` or a ``NAME``.

    A role stands for a session of it, as STS reports one: its path is left out. The unique id is the
    snapshot's, else `UNKNOWN_USER_ID` or `UNKNOWN_ROLE_ID`. An ARN need not be in the snapshot.
    An account stands for its root user: ``ACCOUNT-ID``, ``account/NAME``, or ``root`` where there is
    one account only.

    Raises:
        SekishoInputError: not an identity's ARN; a name that nothing, or more than one thing, has.
    """
    written = text.strip()
    arn = _account_id(written, snapshot)
    arn = arn if arn.startswith("arn:") else _arn_named(arn, snapshot)
    try:
        canonical = canonicalize(arn)
        found = Arn.parse(arn)
        match canonical.kind:
            case ArnKind.ROLE:
                session = f"assumed-role/{canonical.name}/{SESSION}"
                arn = str(Arn(found.partition, "sts", "", found.account, session))
                user_id = f"{_role_id(snapshot, found.account, canonical.name)}:{SESSION}"
            case ArnKind.ASSUMED_ROLE:
                name = found.resource.rpartition("/")[2]
                user_id = f"{_role_id(snapshot, found.account, canonical.name)}:{name}"
            case ArnKind.USER:
                user = snapshot.user(found.account, canonical.name)
                user_id = user.user_id if user is not None and user.arn == found else UNKNOWN_USER_ID
            case ArnKind.FEDERATED_USER:
                user_id = f"{found.account}:{canonical.name}"
            case _:  # INVARIANT: there are five kinds; this is the root user
                user_id = found.account
        return identity_of(arn, user_id, found.account)
    except ValueError as error:
        problem = f"`{written[:_MAX_SHOWN]}` names nobody who can log in: {error}"
    raise SekishoInputError.single("identity.not-a-principal", _AT, problem)


def _account_id(written: str, snapshot: Snapshot) -> str:
    """Return the root user's ARN for a bare account id; everything else as it is."""
    if not (len(written) == _ACCOUNT_DIGITS and written.isascii() and written.isdecimal()):
        return written
    known = snapshot.account(written)
    return str(Arn("aws" if known is None else known.partition, "iam", "", written, "root"))


def _arn_named(written: str, snapshot: Snapshot) -> str:
    spellings = _spellings(snapshot)
    found = sorted({arn for spelling, arn in spellings if spelling == written})
    if len(found) == 1:
        return found[0]
    shown = written[:_MAX_SHOWN]
    if found:
        raise SekishoInputError.single(
            "identity.ambiguous",
            _AT,
            f"`{shown}` names {len(found)} identities",
            f"name one: {', '.join(found)}",
        )
    hint = nearest(written, [spelling for spelling, _ in spellings]) or "give an ARN"
    raise SekishoInputError.single("identity.unknown", _AT, f"no user or role is called `{shown}`", hint)


def _spellings(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return every spelling of every user and role, with its ARN."""
    found: list[tuple[str, str]] = []
    accounts = {*snapshot.scopes(Kind.USER), *snapshot.scopes(Kind.ROLE)}
    for account in sorted(accounts):
        for kind, entities in (("user", snapshot.users(account)), ("role", snapshot.roles(account))):
            for entity in entities:
                arn = str(entity.arn)
                spellings = dict.fromkeys((entity.name, f"{kind}/{entity.name}", entity.arn.resource))
                found.extend((spelling, arn) for spelling in spellings)
    found.extend(_root_spellings(snapshot))
    return found


def _root_spellings(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield every spelling of every account, with the ARN of its root user."""
    for account in snapshot.accounts():
        root = str(Arn(account.partition, "iam", "", account.account, "root"))
        for spelling in dict.fromkeys(("root", f"account/{account.account}", f"account/{account.name}")):
            yield spelling, root


def _role_id(snapshot: Snapshot, account: str, name: str) -> str:
    role = snapshot.role(account, name)
    return UNKNOWN_ROLE_ID if role is None else role.role_id
