"""Who a caller is: the answer of GetCallerIdentity, and the principals it is given for.

Source: IAM User Guide, "IAM identifiers" and "Policy elements: Principal"; AWS STS API
Reference, "GetCallerIdentity". The operation needs no permission and no Deny stops it.
"""

import re
from dataclasses import dataclass

from sekisho.decide.decision import ReasonCode
from sekisho.decide.values import (
    PARTITIONS,
    AccountId,
    Arn,
    InputFault,
    Principal,
    PrincipalType,
    Ref,
    SekishoInputError,
)

MAX_PATH_CHARS = 512

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_PATH = re.compile(r"/|/[!-~]+/", re.ASCII)
_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_FEDERATED_NAME = re.compile(r"[\w+=,.@-]{2,32}", re.ASCII)
_UNIQUE_ID = re.compile(r"\w{16,128}", re.ASCII)


class Code(ReasonCode):
    """What makes a name that no principal can have; raised as an input error."""

    PARTITION = "sts.partition-unknown", "the partition is not one of AWS's"
    ACCOUNT = "sts.account-malformed", "the account id is not twelve digits"
    PATH = "sts.path-malformed", "the path does not begin and end with `/` or is longer than 512 characters"
    NAME = "sts.name-malformed", "the name is not 1 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -"
    SESSION_NAME = (
        "sts.session-name-malformed",
        "the session name is not 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -",
    )
    FEDERATED_NAME = (
        "sts.federated-name-malformed",
        "the federated name is not 2 to 32 of the characters A-Z a-z 0-9 _ + = , . @ -",
    )
    UNIQUE_ID = "sts.unique-id-malformed", "the unique id is not 16 to 128 letters, digits or underscores"
    ISSUER = "sts.federation-issuer", "only an IAM user or a root user obtains a federated session"


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """The three members of a GetCallerIdentity result."""

    account: AccountId
    arn: Arn
    user_id: str


def caller_identity(principal: Principal) -> CallerIdentity:
    """Return what STS answers to a request signed by ``principal``. Total."""
    return CallerIdentity(principal.account, principal.arn, principal.user_id)


def root(account: str, *, partition: str = "aws") -> Principal:
    """Return the root user of ``account``; its unique id is the account id.

    Raises:
        SekishoInputError: an argument breaks its grammar.
    """
    _checked(partition=partition, account=account)
    arn = Arn(partition, "iam", "", account, "root")
    return Principal(PrincipalType.ROOT, arn, account, arn)


def user(account: str, name: str, user_id: str, *, path: str = "/", partition: str = "aws") -> Principal:
    """Return the IAM user ``name``; ``user_id`` is its ``AIDA...``. The ARN holds the path.

    Raises:
        SekishoInputError: an argument breaks its grammar.
    """
    _checked(partition=partition, account=account, path=path, name=name, unique_id=user_id)
    arn = Arn(partition, "iam", "", account, f"user{path}{name}")
    return Principal(PrincipalType.USER, arn, user_id, arn)


def role_session(
    account: str,
    role_name: str,
    role_id: str,
    session_name: str,
    *,
    path: str = "/",
    partition: str = "aws",
) -> Principal:
    """Return a session of a role; ``role_id`` is the role's ``AROA...``.

    The session's ARN never holds the path of the role; ``entity`` does.

    Raises:
        SekishoInputError: an argument breaks its grammar.
    """
    _checked(
        partition=partition,
        account=account,
        path=path,
        name=role_name,
        unique_id=role_id,
        session_name=session_name,
    )
    return Principal(
        PrincipalType.ROLE_SESSION,
        Arn(partition, "sts", "", account, f"assumed-role/{role_name}/{session_name}"),
        f"{role_id}:{session_name}",
        Arn(partition, "iam", "", account, f"role{path}{role_name}"),
    )


def federated_user(issuer: Principal, name: str) -> Principal:
    """Return the federated user ``name`` of the IAM or root user that called GetFederationToken.

    The policies of ``issuer`` apply to it.

    Raises:
        SekishoInputError: ``name`` breaks its grammar, or ``issuer`` is itself a session.
    """
    _checked(federated_name=name)
    if issuer.type not in (PrincipalType.USER, PrincipalType.ROOT):
        raise SekishoInputError.single(str(Code.ISSUER), Ref("principal", "/issuer"), Code.ISSUER.sentence)
    account = str(issuer.account)
    arn = Arn(issuer.arn.partition, "sts", "", account, f"federated-user/{name}")
    return Principal(PrincipalType.FEDERATED_USER, arn, f"{account}:{name}", issuer.entity)


_GRAMMAR = {
    "account": (Code.ACCOUNT, _ACCOUNT),
    "path": (Code.PATH, _PATH),
    "name": (Code.NAME, _NAME),
    "session_name": (Code.SESSION_NAME, _SESSION_NAME),
    "federated_name": (Code.FEDERATED_NAME, _FEDERATED_NAME),
    "unique_id": (Code.UNIQUE_ID, _UNIQUE_ID),
}


def _checked(**parts: str) -> None:
    faults = [
        InputFault(str(code), Ref("principal", f"/{part}"), code.sentence)
        for part, text in parts.items()
        if (code := _broken(part, text)) is not None
    ]
    if faults:
        raise SekishoInputError(faults)


def _broken(part: str, text: str) -> Code | None:
    if part == "partition":
        return None if text in PARTITIONS else Code.PARTITION
    code, grammar = _GRAMMAR[part]
    # A path of 512 characters is the only part whose bound is not in its grammar.
    return None if grammar.fullmatch(text) and len(text) <= MAX_PATH_CHARS else code
