"""Reduce the spellings of one AWS principal to the ARN that identity mappings are compared with.

STS names a role's session ``arn:P:sts::A:assumed-role/NAME/SESSION`` and leaves the
role's path out; mappings name the role ``arn:P:iam::A:role/NAME``. Role names are
unique in an account whatever their path (IAM User Guide, "IAM identifiers"), so a
mapping may lose its path without naming another role. Users keep theirs: STS says it.
"""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.values import PARTITIONS, Arn, Wildcard
from sekisho.decide.values.arn import parse_account_id


class ArnProblem(StrEnum):
    """Why a text names no principal that can log in to a cluster."""

    INVALID = "invalid-arn"
    PARTITION = "unknown-partition"
    SERVICE = "unknown-service"
    RESOURCE = "unknown-resource"
    SESSION = "missing-session"
    PATTERN = "invalid-pattern"


class ArnError(ValueError):
    """``text`` is not an ARN of the wanted kind; ``problem`` is the stable reason."""

    def __init__(self, problem: ArnProblem, expected: str) -> None:
        super().__init__(expected)
        self.problem = problem


class ArnKind(StrEnum):
    """What an ARN names."""

    ROLE = "role"
    USER = "user"
    ROOT = "root"
    FEDERATED_USER = "federated-user"
    ASSUMED_ROLE = "assumed-role"


@dataclass(frozen=True, slots=True)
class Canonical:
    """The ARN mappings are compared with, and what the text it came from named."""

    arn: Arn
    kind: ArnKind

    @property
    def key(self) -> str:
        """The form compared: mappings match ignoring case."""
        return str(self.arn).lower()

    @property
    def name(self) -> str:
        """The user or role name, without its path; ``root`` for the root user."""
        return self.arn.resource.rpartition("/")[2]

    @property
    def path(self) -> str:
        """What stands between the kind and the name, ``/`` at least."""
        return f"/{'/'.join(self.arn.resource.split('/')[1:-1])}/".replace("//", "/")


def canonicalize(text: str) -> Canonical:
    """Return the canonical ARN of an IAM user, role, root or STS session ARN.

    A role's session becomes the role; inner parts of its resource are kept, so only a
    role ARN as IAM writes it can carry a path (see `strip_path`). Case is kept.

    Raises:
        ArnError: not an ARN of IAM or STS that a caller can have. Stricter than
            aws-iam-authenticator (``pkg/arn``): the account is twelve digits, the region
            empty, and names are not.
    """
    arn = _parse(text)
    if arn.service not in ("iam", "sts"):
        raise ArnError(ArnProblem.SERVICE, "expected an ARN of iam or sts")
    parts = arn.resource.split("/")
    match arn.service, parts[0]:
        case "sts", "assumed-role":
            if len(parts) < 3:
                raise ArnError(ArnProblem.SESSION, "expected assumed-role/ROLE/SESSION")
            role = Arn(arn.partition, "iam", "", arn.account, "/".join(["role", *parts[1:-1]]))
            return Canonical(_checked(role, parts), ArnKind.ASSUMED_ROLE)
        case "sts", "federated-user":
            return Canonical(_checked(arn, parts), ArnKind.FEDERATED_USER)
        case "iam", "role":
            return Canonical(_checked(arn, parts), ArnKind.ROLE)
        case "iam", "user":
            return Canonical(_checked(arn, parts), ArnKind.USER)
        case "iam", "root" if len(parts) == 1:
            return Canonical(_checked(arn, ["root", "root"]), ArnKind.ROOT)
        case _:
            raise ArnError(ArnProblem.RESOURCE, "expected a user, a role, root or a session")


def canonical_mapping(text: str) -> Canonical:
    """Return the canonical ARN of the principal a mapping means: as `canonicalize`, role path dropped.

    Raises:
        ArnError: as `canonicalize`.
    """
    found = canonicalize(text)
    if found.kind in (ArnKind.ROLE, ArnKind.ASSUMED_ROLE):
        arn = found.arn
        return Canonical(Arn(arn.partition, "iam", "", arn.account, f"role/{found.name}"), found.kind)
    return found


def strip_path(text: str) -> str:
    """Return ``text`` without the path of a role; every other ARN unchanged.

    Raises:
        ArnError: not an ARN, or of no known partition.
    """
    arn = _parse(text)
    kind, *rest = arn.resource.split("/")
    if arn.service != "iam" or kind != "role" or not rest:
        return text
    return str(Arn(arn.partition, arn.service, arn.region, arn.account, f"{kind}/{rest[-1]}"))


def arn_like(pattern: str, subject: str) -> bool:
    """Tell whether ``subject`` fits ``pattern`` section by section, as IAM's ``ArnLike`` compares.

    ``*`` is any run of characters and ``?`` exactly one; neither crosses a section
    (IAM User Guide, "ARN condition operators").

    Raises:
        ArnError: ``pattern`` (``invalid-pattern``) or ``subject`` (``invalid-arn``) has not six sections.
    """
    wanted, given = pattern.split(":", 5), subject.split(":", 5)
    if len(wanted) != 6 or wanted[0] != "arn":
        raise ArnError(ArnProblem.PATTERN, "expected a pattern of six sections that starts with arn:")
    if len(given) != 6 or given[0] != "arn":
        raise ArnError(ArnProblem.INVALID, "expected arn:partition:service:region:account:resource")
    return all(Wildcard(part).matches(text) for part, text in zip(wanted, given, strict=True))


def _parse(text: str) -> Arn:
    sections = text.split(":", 5)
    if len(sections) != 6 or sections[0] != "arn":
        raise ArnError(ArnProblem.INVALID, "expected arn:partition:service:region:account:resource")
    if sections[1] not in PARTITIONS:
        raise ArnError(ArnProblem.PARTITION, "expected a known partition, such as aws or aws-cn")
    if not text.isascii():
        raise ArnError(ArnProblem.INVALID, "names in IAM are ASCII")
    try:
        return Arn.parse(text)
    except ValueError as error:
        raise ArnError(ArnProblem.INVALID, str(error)) from None


def _checked(arn: Arn, parts: list[str]) -> Arn:
    """Refuse what no real principal has."""
    if arn.region:
        raise ArnError(ArnProblem.INVALID, "an ARN of iam or sts has no region")
    try:
        parse_account_id(arn.account)
    except ValueError as error:
        raise ArnError(ArnProblem.INVALID, str(error)) from None
    if len(parts) < 2 or not all(parts):
        raise ArnError(ArnProblem.INVALID, "expected a name after each slash")
    return arn
