"""A request made as somebody else: whether its sender may, and who it is then made by."""

from dataclasses import dataclass

from sekisho.decide.chain.person_to_cluster import ClusterFacts, LinkName, authorize
from sekisho.decide.decision import Chain, Decision, Link, Outcome, ReasonCode, Step
from sekisho.decide.request.impersonation import (
    Ask,
    Mode,
    Wanted,
    becomes,
    constrained_asks,
    constrained_mode,
    legacy_asks,
)
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, Ref


class Code(ReasonCode):
    """What was made of an impersonation."""

    ALLOWED = "impersonation.allowed", "{user} acts as {wanted} (mode {mode})"
    FORBIDDEN = "impersonation.forbidden", "{user} cannot {verb} {resource}: {reason}"


@dataclass(frozen=True, slots=True)
class Impersonated:
    """Who the request is made by; ``denied`` is the first permission that was missing (None: none)."""

    decision: Decision[KubeUser]
    denied: Ask | None = None


def impersonate(
    user: KubeUser, wanted: Wanted, request: RequestAttributes, facts: ClusterFacts, *, constrained: bool
) -> Impersonated:
    """Return ALLOW with the user that ``request`` is made by, or what ``user`` lacks for it. Total.

    ``constrained``: the server knows the modes of KEP-5284 (on by default from Kubernetes 1.36). They are
    tried before the verb ``impersonate``, and a refusal tells what the first of them lacked.
    """
    first: tuple[Ask, Decision[None]] | None = None
    mode = constrained_mode(wanted) if constrained else None
    if mode is not None:
        first = _first_missing(user, constrained_asks(wanted, mode, request), facts)
        if first is None:
            return _allowed(user, wanted, mode)
    missing = _first_missing(user, legacy_asks(wanted), facts)
    if missing is None:
        return _allowed(user, wanted, None)
    return _refused(user, *(first or missing))


def impersonated_chain(
    before: Chain, found: Impersonated, request: RequestAttributes, facts: ClusterFacts
) -> Chain:
    """Return the chain ``before``, to the sender's user, and what followed from acting as another.

    Total. Authorization is that of the user who is acted as.
    """
    links = [*before.links, Link(LinkName.IMPERSONATION, found.decision)]
    if found.decision.value is not None:
        links.append(Link(LinkName.AUTHORIZATION, authorize(found.decision.value, request, facts)))
    return Chain(before.name, tuple(links))


def _first_missing(
    user: KubeUser, asks: tuple[Ask, ...], facts: ClusterFacts
) -> tuple[Ask, Decision[None]] | None:
    for ask in asks:
        decision = authorize(user, ask.request, facts)
        if decision.allowed and not ask.forbidden:
            continue
        if not ask.forbidden and ask.together:
            each = [(Ask(request), authorize(user, request, facts)) for request in ask.together]
            lacking = [found for found in each if not found[1].allowed]
            if not lacking:
                continue
            return lacking[0]
        return ask, decision
    return None


def _allowed(user: KubeUser, wanted: Wanted, mode: Mode | None) -> Impersonated:
    facts = (("user", user.name), ("wanted", wanted.user), ("mode", mode or "impersonate"))
    step = Step(Code.ALLOWED, Ref("request", "/headers/impersonate-user"), facts)
    return Impersonated(Decision(Outcome.ALLOW, (step,), (step,), becomes(wanted, mode)))


def _refused(user: KubeUser, ask: Ask, told: Decision[None]) -> Impersonated:
    at = Ref("request", "/headers/impersonate-user")
    if ask.forbidden:
        shown = {"user": user.name, "verb": ask.request.verb, "resource": ask.request.resource_path}
        step = Step(Code.FORBIDDEN, at, (*shown.items(), ("reason", ask.forbidden)))
        return Impersonated(Decision(Outcome.DENY, (step,), (step,)), ask)
    return Impersonated(
        Decision(told.outcome, told.decisive, told.trace, None, told.nearest, told.repairs), ask
    )
