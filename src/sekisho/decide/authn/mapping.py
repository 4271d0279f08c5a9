"""Which Kubernetes user an AWS principal becomes, asked of the mapping sources in order.

Source: aws-iam-authenticator ``pkg/server`` (``doMapping``). A mapping that is found is
final, also when its user cannot be rendered or is reserved. An account rule counts before
the next source is asked.
"""

from collections.abc import Sequence
from typing import Final

from sekisho.decide.authn.backend import Backend
from sekisho.decide.authn.entry import Mapping, Reading, Section
from sekisho.decide.authn.mapping_code import EntryCode
from sekisho.decide.authn.mapping_code import MappingCode as Code
from sekisho.decide.authn.near_miss import examine, nearest, repairs, unread_steps
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.authn.templates import PRIVATE_DNS, PrivateDnsNames, Values, instance_of
from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.values import KubeUser, Ref

AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"

_UID: Final = "aws-iam-authenticator"
_NO_NAMES: Final[PrivateDnsNames] = {}
_NO_SOURCE: Final = Ref("mappings")
_MATCHED: Final = {Section.USERS: Code.USER, Section.ACCESS_ENTRIES: Code.ACCESS_ENTRY}


def resolve(
    identity: StsIdentity,
    backends: Sequence[Backend],
    private_dns: PrivateDnsNames = _NO_NAMES,
    scrubbed_accounts: frozenset[str] = frozenset(),
    *,
    explain: bool = False,
) -> Decision[KubeUser]:
    """Return ALLOW with the user, or why ``identity`` does not become one.

    Total. NO_OPINION: no source maps the principal. DENY: a mapping was found, and its user
    cannot be made or may not be. UNKNOWN: the answer lies in a source that could not be read,
    or in an instance's name that was not looked up (`wanted_instance`).

    The user's groups are those of the mapping: see `implicit_groups`. With ``explain`` the
    trace has a step for every entry and a refusal has ``nearest`` and ``repairs``; the
    outcome, the deciding step and the user are the same without.
    """
    decision = _decide(identity, backends, private_dns, scrubbed_accounts)
    if not explain:
        return decision
    trace = tuple(examine(mapping, identity, backend) for backend in backends for mapping in backend.mappings)
    if decision.allowed:
        return Decision(decision.outcome, decision.decisive, (*trace, *decision.decisive), decision.value)
    near = nearest(trace, identity, backends)
    return Decision(
        decision.outcome,
        decision.decisive,
        (*trace, *decision.decisive),
        nearest=near,
        repairs=repairs(identity, decision.decisive, near, _groups_of(near, backends)),
    )


def wanted_instance(identity: StsIdentity, backends: Sequence[Backend]) -> str | None:
    """Return the instance whose private DNS name `resolve` will need; None if it needs none."""
    instance = instance_of(identity)
    if instance is None:
        return None
    for backend in backends:
        found = backend.find(identity)
        if found is not None and not found.pinned_to_other:
            return instance if _needs_private_dns(found.mapping) else None
        if backend.account_rule(identity):
            return None
    return None


def implicit_groups(user: KubeUser) -> KubeUser:
    """Return ``user`` with the group that kube-apiserver gives to everybody who authenticated.

    Source: kube-apiserver ``authentication/group`` (AuthenticatedGroupAdder): nothing is added to
    who is in ``system:authenticated`` or ``system:unauthenticated`` already.
    """
    if AUTHENTICATED in user.groups or UNAUTHENTICATED in user.groups:
        return user
    return KubeUser(user.name, (*user.groups, AUTHENTICATED), user.uid, user.extra)


def _decide(
    identity: StsIdentity,
    backends: Sequence[Backend],
    private_dns: PrivateDnsNames,
    scrubbed_accounts: frozenset[str],
) -> Decision[KubeUser]:
    collected: list[Step] = []
    for backend in backends:
        found = backend.find(identity)
        if found is not None and not found.pinned_to_other:
            return _mapped(identity, found.mapping, backend, private_dns, scrubbed_accounts)
        if found is not None:
            facts = (("principal", found.mapping.principal), *_caller(identity))
            collected.append(Step(Code.USER_ID_ARN, found.mapping.at, facts))
        rule = backend.account_rule(identity)
        if rule is not None:
            name = str(identity.canonical.arn)
            step = Step(Code.ACCOUNT, rule.at, (("account", rule.account), ("username", name)))
            user = _user(name, (), identity, scrubbed_accounts)
            return Decision(Outcome.ALLOW, (step,), (*collected, step), user)
    if collected:
        return Decision(Outcome.DENY, tuple(collected), tuple(collected))
    unread = unread_steps(identity, [b for b in backends if b.reading is Reading.CANONICAL])
    if unread:
        return Decision(Outcome.UNKNOWN, unread, unread)
    places = ", ".join(str(backend.at) for backend in backends) or "no source"
    facts = (*_caller(identity), ("sources", places))
    step = Step(Code.NOT_MAPPED, backends[0].at if backends else _NO_SOURCE, facts)
    return Decision(Outcome.NO_OPINION, (step,), (step,))


def _mapped(
    identity: StsIdentity,
    mapping: Mapping,
    backend: Backend,
    private_dns: PrivateDnsNames,
    scrubbed_accounts: frozenset[str],
) -> Decision[KubeUser]:
    """Make the user of a mapping that was found; every failure is final."""
    values: Values | Step = Values(identity, None)
    if _needs_private_dns(mapping):
        values = _with_private_dns(identity, mapping, private_dns)
    if isinstance(values, Step):
        outcome = Outcome.UNKNOWN if values.code is Code.INSTANCE_UNREAD else Outcome.DENY
        return Decision(outcome, (values,), (values,))
    username = values.render(mapping.username)
    reserved = next((p for p in backend.reserved_prefixes if p and username.startswith(p)), None)
    if reserved is not None:
        facts = (("username", username), ("prefix", reserved), *_caller(identity))
        step = Step(Code.RESERVED, mapping.at, facts)
        return Decision(Outcome.DENY, (step,), (step,))
    groups = tuple(values.render(group) for group in mapping.groups)
    step = Step(
        Code.SSO if mapping.sso else _MATCHED.get(mapping.section, Code.ROLE),
        mapping.at,
        (("principal", mapping.principal), ("username", username), *_caller(identity)),
    )
    return Decision(Outcome.ALLOW, (step,), (step,), _user(username, groups, identity, scrubbed_accounts))


def _groups_of(near: tuple[Step, ...], backends: Sequence[Backend]) -> tuple[str, ...]:
    """Return the groups of the nearest entry: what the caller was perhaps meant to have."""
    best = next((step.at for step in near if isinstance(step.code, EntryCode)), None)
    every = (mapping for backend in backends for mapping in backend.mappings)
    return next((mapping.groups for mapping in every if mapping.at == best), ())


def _needs_private_dns(mapping: Mapping) -> bool:
    return any(PRIVATE_DNS in text for text in (mapping.username, *mapping.groups))


def _with_private_dns(identity: StsIdentity, mapping: Mapping, private_dns: PrivateDnsNames) -> Values | Step:
    instance = instance_of(identity)
    if instance is None:
        facts = (("session", identity.session_name), *_caller(identity))
        return Step(Code.SESSION_NOT_INSTANCE, mapping.at, facts)
    facts = (("instance", instance), *_caller(identity))
    if instance not in private_dns:
        return Step(Code.INSTANCE_UNREAD, mapping.at, facts)
    name = private_dns[instance]
    return Values(identity, name) if name else Step(Code.INSTANCE_UNKNOWN, mapping.at, facts)


def _user(
    name: str, groups: tuple[str, ...], identity: StsIdentity, scrubbed_accounts: frozenset[str]
) -> KubeUser:
    """Return the user as the authenticator's TokenReview describes it."""
    if identity.account in scrubbed_accounts:
        return KubeUser(name, groups, f"{_UID}:administrative:{name}")
    extra = (
        ("arn", str(identity.arn)),
        ("canonicalArn", str(identity.canonical.arn)),
        ("sessionName", identity.session_name),
        ("accessKeyId", identity.access_key_id),
        ("principalId", identity.user_id),
        ("sigs.k8s.io/aws-iam-authenticator/principalId", identity.user_id),
    )
    uid = f"{_UID}:{identity.account}:{identity.user_id}"
    return KubeUser(name, groups, uid, tuple((key, (value,)) for key, value in extra))


def _caller(identity: StsIdentity) -> tuple[tuple[str, str], ...]:
    return (("arn", str(identity.arn)), ("canonical_arn", str(identity.canonical.arn)))
