"""One way to an AWS action: who begins, through which roles, and what each step rests on."""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.decision import Step


class HeadKind(StrEnum):
    """Who can stand at the beginning of a way."""

    PRINCIPAL = "principal"
    """A user or role among the facts."""
    ROOT = "root"
    """The root user of an account."""
    SERVICE = "service"
    """A service of AWS: whoever may hand it the role, such as to an instance or a function."""
    WEB_IDENTITY = "web-identity"
    """Whoever holds a token of an OIDC provider; a service account of a cluster among them."""
    SAML = "saml"
    """Whoever holds an assertion of a SAML provider."""
    OUTSIDER = "outsider"
    """Somebody of an account that is not among the facts, or anybody at all."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One permission on the way: an AssumeRole, or at the end the action itself.

    ``by`` are the statements that allow. ``needs`` are the conditions that the facts leave open, all of
    which have to hold; empty if the step is certain.
    """

    action: str
    resource: str
    by: tuple[Step, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """``who`` begins; ``hops`` are in the order in which they are taken, the action itself last."""

    who: str
    kind: HeadKind
    hops: tuple[Hop, ...]

    @property
    def needs(self) -> tuple[str, ...]:
        """Everything that has to hold, each once."""
        return tuple(dict.fromkeys(need for hop in self.hops for need in hop.needs))

    @property
    def is_certain(self) -> bool:
        """Whether nothing is left open."""
        return not self.needs
