"""Who asks STS for a session, and what is known of the request apart from its parameters."""

from dataclasses import dataclass

from sekisho.decide.request.aws_request import NO_CONTEXT, Context
from sekisho.decide.sts.session import Origin, OriginKind, ServiceAccountOrigin, Session
from sekisho.decide.values import Principal, PrincipalType, ServicePrincipal

_KINDS = {
    PrincipalType.ROOT: OriginKind.ROOT,
    PrincipalType.USER: OriginKind.USER,
    PrincipalType.ROLE_SESSION: OriginKind.ROLE_SESSION,
    PrincipalType.FEDERATED_USER: OriginKind.USER,
}


@dataclass(frozen=True, slots=True)
class SignedCaller:
    """A caller who proved who they are, or a service of AWS that acts by itself.

    ``session`` is what the temporary credentials stand for, None for long-term keys and services.
    ``context`` holds what the door knows (address, time, region), and what a service adds. ``subject`` is on
    whose behalf a service acts, for the record (``system:serviceaccount:NAMESPACE:NAME`` of a cluster).
    """

    who: Principal | ServicePrincipal
    session: Session | None = None
    context: Context = NO_CONTEXT
    subject: str = ""
    service_account: ServiceAccountOrigin | None = None
    """Whose pod a service acts for."""

    @property
    def name(self) -> str:
        """The caller's ARN, or the service's name."""
        return str(self.who.arn) if isinstance(self.who, Principal) else self.who.name

    @property
    def provenance(self) -> tuple[Origin, ...]:
        """The hops up to and including this caller."""
        earlier = () if self.session is None else self.session.provenance
        if isinstance(self.who, ServicePrincipal):
            return (Origin(OriginKind.SERVICE, self.who.name, self.subject, self.service_account),)
        hop = Origin(_KINDS[self.who.type], str(self.who.arn))
        # The session of GetSessionToken is the user again, who is already the last hop.
        return earlier if earlier and earlier[-1] == hop else (*earlier, hop)
