"""Tell whether a subject was probably meant to be the user: same name but for case, prefix, kind or a typo.

The usual suspects on EKS: an OIDC group prefix (``gid:``) left out or written twice, ``Devs`` for
``devs``, a User subject that holds a group's name, a service account without its namespace.
"""

from dataclasses import dataclass

from sekisho.decide.rbac.model import Subject, quoted, service_account_of
from sekisho.decide.values import KubeUser

_MIN_LENGTH_FOR_TYPOS = 4
_IMPLICIT = "system:"


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything a binding could name a user by. Groups that Kubernetes adds itself are left out."""

    user: str
    groups: tuple[str, ...]
    service_account: str

    @classmethod
    def of(cls, user: KubeUser) -> "Identity":
        """Return the names of ``user``."""
        account = service_account_of(user.name)
        groups = tuple(group for group in user.groups if not group.startswith(_IMPLICIT))
        return cls(user.name, groups, account.name if account else "")


def meant_as(subject: Subject, binding_namespace: str, identity: Identity) -> str | None:
    """Return what the subject should have been to name the user; None if it names somebody else.

    The answer is written the way Kubernetes describes subjects: ``Group "gid:devs"``.
    """
    kind = subject.kind.casefold()
    if kind == "serviceaccount" or identity.service_account:
        return _meant_as_account(subject, binding_namespace, identity)
    if kind == "group":
        close = next((group for group in identity.groups if _alike(subject.name, group)), None)
        if close is not None:
            return f"Group {quoted(close)}"
    elif kind == "user" and _alike(subject.name, identity.user):
        return f"User {quoted(identity.user)}"
    if subject.name in identity.groups:
        return f"Group {quoted(subject.name)}"
    return f"User {quoted(subject.name)}" if subject.name == identity.user else None


def _meant_as_account(subject: Subject, binding_namespace: str, identity: Identity) -> str | None:
    """A service account named without a namespace that counts, or as a User or Group."""
    account = service_account_of(identity.user)
    if account is None or subject.name not in (account.name, f"{account.namespace}:{account.name}"):
        return None
    if (subject.namespace or binding_namespace) not in ("", account.namespace):
        return None
    return f"ServiceAccount {quoted(f'{account.name}/{account.namespace}')}"


def _alike(written: str, known: str) -> bool:
    left, right = written.strip().casefold(), known.strip().casefold()
    if left == right:
        return True
    for separator in (":", "/"):
        if left.endswith(separator + right) or right.endswith(separator + left):
            return bool(left and right)
    return min(len(left), len(right)) >= _MIN_LENGTH_FOR_TYPOS and _one_edit_apart(left, right)


def _one_edit_apart(left: str, right: str) -> bool:
    """Whether one insertion, deletion, replacement or swap of neighbours turns one into the other."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    a, b = left[start:], right[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[1::-1] == b[:2] and a[2:] == b[2:])
