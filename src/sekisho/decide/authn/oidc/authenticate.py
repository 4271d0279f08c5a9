"""From an id token to a Kubernetes user: `plan` -> keys -> `conclude`, and a claim that lies elsewhere.

    plan -> KeysQuestion -> conclude -> the user
                                     -> ClaimQuestion -> plan_claim -> KeysQuestion -> conclude -> the user

What costs nothing is checked before anybody is asked for keys, so that a token that could not be taken
causes no request. Source: Kubernetes, "Authenticating", section "OpenID Connect Tokens".
"""

from dataclasses import dataclass, field

from sekisho.decide.authn.oidc.claim_ledger import ledger
from sekisho.decide.authn.oidc.code import OidcCode as Code
from sekisho.decide.authn.oidc.code import OidcFix, OidcNear
from sekisho.decide.authn.oidc.issuer_rules import is_same_but_for_slashes, url_faults
from sekisho.decide.authn.oidc.model import (
    ALGORITHMS,
    GOOGLE,
    GOOGLE_BARE,
    JwtAuthenticator,
    OidcConfiguration,
    setting,
)
from sekisho.decide.authn.oidc.refusal import CLAIMS, MAX_SHOWN, TOKEN, RefusedError, fix, refused
from sekisho.decide.authn.oidc.standard_claims import check_standard, claim_names, claim_sources
from sekisho.decide.authn.oidc.user import user_of
from sekisho.decide.authn.service_account_token import issuer_of
from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.proof.jws import verify
from sekisho.decide.proof.jws_keys import KeySet
from sekisho.decide.proof.jws_token import UnverifiedToken, parse_token
from sekisho.decide.values import Instant, JsonObject, KubeUser, Ref, Secret, SekishoInputError

_MOST_LISTED = 10


@dataclass(frozen=True, slots=True)
class KeysQuestion:
    """Whose keys decide: those of ``issuer``, of which ``key_id`` is wanted ("" whichever fits).

    ``claims`` are not yet believed. ``within`` is set where the token is the answer of a claim's source.
    """

    authenticator: JwtAuthenticator
    issuer: str
    token: UnverifiedToken
    within: "ClaimQuestion | None" = None

    @property
    def key_id(self) -> str:
        """The key that the token names."""
        return self.token.key_id


@dataclass(frozen=True, slots=True)
class ClaimQuestion:
    """A distributed claim: GET ``endpoint``, with ``access_token`` as bearer token if there is one."""

    endpoint: str
    access_token: Secret | None = field(repr=False)
    claim: str
    asked_by: KeysQuestion


@dataclass(frozen=True, slots=True)
class KeysFault:
    """Why there are no keys; ``is_discovery``: the issuer could not be discovered."""

    problem: str
    is_discovery: bool = False


@dataclass(frozen=True, slots=True)
class ClaimFault:
    """Why the source of a claim gave nothing."""

    problem: str


def plan(token: str, configuration: OidcConfiguration, now: Instant) -> KeysQuestion | Decision[KubeUser]:
    """Return whose keys decide about ``token``, or why it is not taken.

    Total. NO_OPINION: no id token of a configured issuer. DENY names the first check that fails.
    """
    found = None if token.lstrip().startswith("{") else issuer_of(token)
    if found is None:
        step = Step(Code.NOT_A_JWT, TOKEN)
        return Decision(Outcome.NO_OPINION, (step,), (step,))
    authenticator = configuration.issuers.get(GOOGLE if found == GOOGLE_BARE else found)
    if authenticator is None:
        return _other_issuer(found, configuration)
    try:
        question = KeysQuestion(authenticator, authenticator.issuer, _parsed(token))
    except RefusedError as error:
        return _refusal(error, None)
    try:
        _check(question, now)
    except RefusedError as error:
        return _refusal(error, question)
    return question


def conclude(
    question: KeysQuestion, answer: KeySet | KeysFault, *, explain: bool = False
) -> Decision[KubeUser] | ClaimQuestion:
    """Return the user, or where the claim lies that is still missing, or why the token is refused.

    Total. UNKNOWN: the keys could not be had. The trace of a refusal has a step for each claim, with
    ``explain`` that of an admission too. The user lacks the group that every API server adds.
    """
    try:
        return _concluded(question, answer, explain=explain)
    except RefusedError as error:
        return _refusal(error, _first(question))


def plan_claim(
    question: ClaimQuestion, answer: str | ClaimFault, now: Instant
) -> KeysQuestion | Decision[KubeUser]:
    """Return whose keys decide about what the source of a claim answered, a token of its own issuer."""
    try:
        if isinstance(answer, ClaimFault):
            raise _no_claim(question, answer.problem)
        text = answer.strip()
        issuer = issuer_of(text)
        if issuer is None or list(url_faults(issuer)):
            raise _no_claim(question, "the answer is no token of an issuer")
        try:
            found = KeysQuestion(question.asked_by.authenticator, issuer, _parsed(text), question)
            _check(found, now)
        except RefusedError as error:
            raise _no_claim(question, error.step.sentence()) from None
        return found
    except RefusedError as error:
        return _refusal(error, question.asked_by)


def _parsed(text: str) -> UnverifiedToken:
    try:
        return parse_token(text)
    except SekishoInputError as error:
        fault = error.faults[0]
        raise refused(Code.MALFORMED, fault.at, problem=fault.problem) from None


def _check(question: KeysQuestion, now: Instant) -> None:
    token, authenticator = question.token, question.authenticator
    check_standard(token.claims, question.issuer, authenticator, now)
    if token.algorithm not in authenticator.algorithms:
        raise _algorithm(token, authenticator)


def _concluded(
    question: KeysQuestion, answer: KeySet | KeysFault, *, explain: bool
) -> Decision[KubeUser] | ClaimQuestion:
    within = question.within
    signature = _verified(question, answer)
    claims: JsonObject = question.token.claims
    if within is None:
        source = _claim_elsewhere(question)
        if source is not None:
            return source
    else:
        if within.claim not in claims:
            raise _no_claim(within, "the answer does not hold it")
        claims = {**within.asked_by.token.claims, within.claim: claims[within.claim]}
    authenticator = question.authenticator
    user = user_of(claims, authenticator)
    facts = (("issuer", authenticator.issuer), ("username", user.name))
    step = Step(Code.AUTHENTICATED, TOKEN, facts)
    told = ledger(_first(question).token.claims, authenticator) if explain else ()
    return Decision(Outcome.ALLOW, (step,), (*signature, *told, step), user)


def _verified(question: KeysQuestion, answer: KeySet | KeysFault) -> tuple[Step, ...]:
    issuer, within = question.issuer, question.within
    if isinstance(answer, KeysFault):
        if within is not None:
            raise _no_claim(within, answer.problem)
        code = Code.NOT_READY if answer.is_discovery else Code.KEYS_UNAVAILABLE
        raise refused(code, CLAIMS.child("iss"), issuer=issuer, problem=answer.problem)
    found = verify(question.token, answer, question.authenticator.algorithms, try_all=True)
    if found.allowed:
        return found.trace
    if within is not None:
        raise _no_claim(within, found.sentence())
    step = Step(Code.SIGNATURE, TOKEN.child("signature"), (("issuer", issuer),))
    raise RefusedError(step, because=found.decisive)


def _claim_elsewhere(question: KeysQuestion) -> ClaimQuestion | None:
    """Return where the groups are, if they are a claim that the token does not hold itself."""
    groups, claims = question.authenticator.groups, question.token.claims
    if groups is None or not groups.claim or groups.claim in claims:
        return None
    name = claim_names(claims).get(groups.claim)
    source = claim_sources(claims)[name] if name is not None else None
    if source is None or not source.endpoint:
        return None
    return ClaimQuestion(source.endpoint, source.access_token, groups.claim, question)


def _algorithm(token: UnverifiedToken, authenticator: JwtAuthenticator) -> RefusedError:
    at = authenticator.algorithms_at
    algorithm = token.algorithm[:MAX_SHOWN]
    return refused(
        Code.ALGORITHM,
        TOKEN.child("header", "alg"),
        *((fix(OidcFix.ALLOW_ALGORITHM, at, algorithm=algorithm),) if algorithm in ALGORITHMS else ()),
        algorithm=algorithm or "nothing",
        setting=setting(at),
        accepted=", ".join(authenticator.algorithms),
    )


def _no_claim(question: ClaimQuestion, problem: str) -> RefusedError:
    at = CLAIMS.child("_claim_sources")
    return refused(Code.DISTRIBUTED, at, claim=question.claim, problem=problem)


def _first(question: KeysQuestion) -> KeysQuestion:
    """Return the question about the token that was presented."""
    return question if question.within is None else question.within.asked_by


def _other_issuer(issuer: str, configuration: OidcConfiguration) -> Decision[KubeUser]:
    shown = issuer[:MAX_SHOWN]
    known = list(configuration.issuers)
    listed = ", ".join(known[:_MOST_LISTED]) + (", ..." if len(known) > _MOST_LISTED else "")
    at = CLAIMS.child("iss")
    step = Step(Code.ISSUER, at, (("issuer", shown or "nobody"), ("configured", listed or "none")))
    near = tuple(
        Step(
            OidcNear.ISSUER,
            _url_at(one),
            (
                ("setting", setting(_url_at(one))),
                ("configured", one.issuer),
                ("issuer", shown),
                ("difference", difference),
            ),
        )
        for one in configuration.issuers.values()
        if (difference := _difference(one.issuer, issuer))
    )
    repairs = () if near or list(url_faults(issuer)) else (fix(OidcFix.ADD_ISSUER, issuer=shown),)
    return Decision(Outcome.NO_OPINION, (step,), (step,), nearest=near, repairs=repairs)


def _url_at(authenticator: JwtAuthenticator) -> Ref:
    at = authenticator.at
    return authenticator.issuer_at or (at.child("issuer", "url") if at.pointer else at)


def _difference(configured: str, issuer: str) -> str:
    if is_same_but_for_slashes(configured, issuer):
        return "the slash at the end"
    if configured.lower() == issuer.lower():
        return "upper and lower case"
    if configured.partition("://")[2] == issuer.removeprefix("http://"):
        return "the scheme"
    return ""


def _refusal(error: RefusedError, question: KeysQuestion | None) -> Decision[KubeUser]:
    told = ledger(question.token.claims, question.authenticator) if question is not None else ()
    outcome = Outcome.UNKNOWN if error.step.code in (Code.NOT_READY, Code.KEYS_UNAVAILABLE) else Outcome.DENY
    decisive = (error.step, *error.because)
    return Decision(outcome, decisive, (*told, *decisive), repairs=error.repairs)
