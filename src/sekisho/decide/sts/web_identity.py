"""AssumeRoleWithWebIdentity: a session of a role for whoever holds a token of a trusted issuer.

Two steps, because the keys of the issuer lie on the network: `plan` reads the token and says whose keys
it takes, the adapter asks for them, `conclude` verifies and decides. The order is AWS's: token, provider
in the role's account, audience, signature, times, trust policy, duration.
Source: STS API Reference, "AssumeRoleWithWebIdentity"; IAM User Guide, "OIDC federation".
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sekisho.decide.decision import Decision, Step
from sekisho.decide.proof.jws import verify
from sekisho.decide.proof.jws_keys import discovery_url, parse_discovery, parse_key_set
from sekisho.decide.proof.jws_token import UnverifiedToken, parse_token
from sekisho.decide.request.aws_request import NO_CONTEXT, Context
from sekisho.decide.sts import packed, parameters, tags, web_claims
from sekisho.decide.sts.access import DecideAccess, decide_access, permit, with_trust
from sekisho.decide.sts.assume_role import (
    actions_of,
    refuse_unknown_policies,
    role_arn,
    session_of,
    unknown_role,
)
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.context import role_keys, sent, tag_request_keys
from sekisho.decide.sts.duration import role_duration
from sekisho.decide.sts.facts import ProviderFacts, RoleFacts, StsFacts
from sekisho.decide.sts.parameters import AssumeRoleWithWebIdentity
from sekisho.decide.sts.refusal import Refusal, because, granted, invalid, refused
from sekisho.decide.sts.session import (
    Origin,
    OriginKind,
    ServiceAccountOrigin,
    Session,
    WebIdentity,
)
from sekisho.decide.sts.trust_miss import with_trust_misses
from sekisho.decide.sts.web_claims import PassedByToken
from sekisho.decide.sts.web_provider import audience_of, provider_of
from sekisho.decide.values import AccountId, Arn, FederatedPrincipal, Instant, Ref, SekishoInputError

ACTION: Final = "sts:AssumeRoleWithWebIdentity"

_OPERATION = "AssumeRoleWithWebIdentity"
_TOKEN = Ref("token")


@dataclass(frozen=True, slots=True)
class KeysQuestion:
    """Whose keys are needed: fetch ``discovery_url``, then what `jwks_uri` reads from it.

    The question carries what was found so far; ``token`` is not yet believed.
    """

    issuer: str
    discovery_url: str
    provider: ProviderFacts
    audience: str
    role: Arn
    token: UnverifiedToken
    request: AssumeRoleWithWebIdentity


class KeysFault(StrEnum):
    """Why there are no keys."""

    UNREACHABLE = "no connection"
    REFUSED = "refused"
    TIMEOUT = "time-out"
    DISCOVERY = "no usable discovery document"


@dataclass(frozen=True, slots=True)
class KeysAnswer:
    """The bytes of the issuer's JWK set, as served; ``cluster`` is the ARN of the cluster whose they are."""

    body: bytes
    cluster: str = ""


def plan(request: AssumeRoleWithWebIdentity, facts: StsFacts) -> KeysQuestion | Refusal:
    """Return whose keys decide about the token, or why it cannot be one that is taken."""
    refusal = _refuse_parameters(request)
    if refusal is not None:
        return refusal
    arn = role_arn(request.role)
    if arn is None:
        return refused(StsCode.ROLE_ARN, Ref(_OPERATION).child("RoleArn"), ("role", request.role))
    try:
        token = parse_token(request.token.reveal())
    except SekishoInputError as error:
        fault = error.faults[0]
        return refused(StsCode.TOKEN_MALFORMED, fault.at, ("problem", fault.problem))
    return question_about(request, arn, token, facts)


def question_about(
    request: AssumeRoleWithWebIdentity, arn: Arn, token: UnverifiedToken, facts: StsFacts
) -> KeysQuestion | Refusal:
    """Return whose keys decide about the claims of ``token``; its text is not read (`plan` does that)."""
    issuer = token.claim("iss")
    for name in ("iss", "sub"):
        if not token.claim(name):
            return refused(StsCode.CLAIM_MISSING, _TOKEN.child("claims", name), ("claim", name))
    provider = provider_of(issuer, arn.account, facts)
    if isinstance(provider, Decision):
        return provider
    audience = audience_of(token, provider)
    if isinstance(audience, Decision):
        return audience
    return KeysQuestion(issuer, discovery_url(issuer), provider, audience, arn, token, request)


def jwks_uri(question: KeysQuestion, body: bytes) -> str:
    """Return where the keys are, from the discovery document that was fetched.

    Raises:
        SekishoInputError: it is none, or another issuer's; answer with `KeysFault.DISCOVERY`.
    """
    return parse_discovery(body, question.issuer)


def conclude(
    question: KeysQuestion,
    answer: KeysAnswer | KeysFault,
    facts: StsFacts,
    now: Instant,
    context: Context = NO_CONTEXT,
    decide: DecideAccess = decide_access,
) -> Decision[Session]:
    """Return the session that the bearer of the token obtains, or why none.

    ``context`` is what the door knows of the request. The provider is the one that `plan` found.

    Raises:
        SekishoInputError: a stored policy breaks its grammar.
    """
    refusal = _refuse_signature(question, answer)
    if refusal is not None:
        return refusal
    cluster = answer.cluster if isinstance(answer, KeysAnswer) else ""
    return conclude_signed(question, cluster, facts, now, context, decide)


def conclude_signed(
    question: KeysQuestion,
    cluster: str,
    facts: StsFacts,
    now: Instant,
    context: Context = NO_CONTEXT,
    decide: DecideAccess = decide_access,
) -> Decision[Session]:
    """Return what `conclude` does once the signature is right, or taken to be, as of a token to come.

    ``cluster`` is the ARN of the cluster whose token it is, empty where that is not known.

    Raises:
        SekishoInputError: a stored policy breaks its grammar.
    """
    refusal = web_claims.refuse_times(question.token.claims, now)
    if refusal is not None:
        return refusal
    passed = web_claims.passed_by(question.token)
    if isinstance(passed, Decision):
        return passed
    session = question.request.session
    refusal = tags.refuse_tags(_OPERATION, passed.tags, passed.transitive_keys, None) or packed.refuse_size(
        _OPERATION, session, passed.tags
    )
    if refusal is not None:
        return refusal
    subject = ("subject", question.token.claim("sub"))
    issuer = ("issuer", question.issuer)
    role = facts.role(question.role)
    if role is None:
        return unknown_role(question.role, facts, ("action", ACTION), subject, issuer)
    found = _permitted(question, passed, role, facts, context, decide)
    if isinstance(found, Decision):
        return found
    refusal = refuse_unknown_policies(session.policy_arns, role, facts)
    origin = _origin(question, cluster)
    return refusal if refusal is not None else _session(question, passed, role, now, found, origin)


def _refuse_parameters(request: AssumeRoleWithWebIdentity) -> Refusal | None:
    found = (
        *parameters.violations(
            {
                "roleArn": request.role,
                "roleSessionName": request.session_name,
                "webIdentityToken": request.token.reveal(),
                "providerId": request.provider_id,
            }
        ),
        *parameters.session_violations(request.session, parameters.ROLE_SECONDS),
    )
    refusal = invalid(_OPERATION, found)
    if refusal is None and request.provider_id is not None:
        at = Ref(_OPERATION).child("ProviderId")
        refusal = refused(StsCode.PROVIDER_ID, at, ("provider", request.provider_id))
    return refusal or packed.refuse_policies(_OPERATION, request.session)


def _refuse_signature(question: KeysQuestion, answer: KeysAnswer | KeysFault) -> Refusal | None:
    at, issuer = _TOKEN.child("header", "kid"), ("issuer", question.issuer)
    if answer is KeysFault.TIMEOUT:
        return refused(StsCode.KEYS_TIMEOUT, at, issuer)
    if isinstance(answer, KeysFault):
        return refused(StsCode.KEYS_UNREACHABLE, at, issuer, ("fault", str(answer)))
    try:
        keys = parse_key_set(answer.body, f"{question.issuer} keys")
    except SekishoInputError as error:
        return refused(StsCode.KEYS_MALFORMED, at, issuer, ("problem", error.faults[0].problem))
    found = verify(question.token, keys)
    return None if found.allowed else because(Step(StsCode.SIGNATURE, _TOKEN, (issuer,)), found)


def _permitted(
    question: KeysQuestion,
    passed: PassedByToken,
    role: RoleFacts,
    facts: StsFacts,
    context: Context,
    decide: DecideAccess,
) -> Refusal | tuple[Step, ...]:
    provider = str(question.provider.arn)
    caller = FederatedPrincipal(provider)
    actions = actions_of(ACTION, tagged=bool(passed.tags), sourced=bool(passed.source_identity))
    policies = with_trust(facts.policies(caller, None, AccountId(role.arn.account)), role)
    of_role, unread = role_keys(role, facts)
    duration = question.request.session.duration
    keys = {
        **of_role,
        **tag_request_keys(passed.tags, passed.transitive_keys),
        **sent(
            {
                "sts:RoleSessionName": question.request.session_name,
                "sts:SourceIdentity": passed.source_identity or None,
                "sts:DurationSeconds": None if duration is None else str(int(duration.total_seconds())),
                "aws:FederatedProvider": provider,
            }
        ),
        **web_claims.condition_keys(question.token.claims, question.provider.url, question.audience),
    }
    context = context.having(keys, unread)
    action, found = permit(caller, actions, role, context, policies, decide)
    if found.allowed:
        return found.decisive
    found = with_trust_misses(found, role, question.provider, context)
    facts_of_step = (
        ("subject", question.token.claim("sub")),
        ("issuer", question.issuer),
        ("action", action),
        ("role", str(role.arn)),
    )
    return because(Step(StsCode.WEB_NOT_AUTHORIZED, Ref(str(role.arn)).child("trust"), facts_of_step), found)


def _session(
    question: KeysQuestion,
    passed: PassedByToken,
    role: RoleFacts,
    now: Instant,
    found: tuple[Step, ...],
    origin: Origin,
) -> Decision[Session]:
    request = question.request
    duration = role_duration(request.session.duration, role, chained=False)
    if isinstance(duration, Decision):
        return duration
    subject, provider = question.token.claim("sub"), str(question.provider.arn)
    keys = web_claims.condition_keys(question.token.claims, question.provider.url, question.audience)
    kept = tuple((key, value) for key, value in keys.items() if isinstance(value, str))
    session = Session(
        session_of(role, request.session_name),
        now,
        now + duration,
        passed.tags,
        passed.transitive_keys,
        passed.source_identity,
        packed.session_policies(request.session),
        (origin,),
        WebIdentity(subject, provider, question.audience, kept),
        packed_percent=packed.packed_percent(request.session, passed.tags),
    )
    return granted(session, found)


def _origin(question: KeysQuestion, cluster: str) -> Origin:
    subject = question.token.claim("sub")
    account = None
    match subject.split(":"):
        case ["system", "serviceaccount", namespace, name]:
            account = ServiceAccountOrigin(question.issuer, namespace, name, cluster)
        case _:
            pass
    return Origin(OriginKind.WEB_IDENTITY, str(question.provider.arn), subject, account)
