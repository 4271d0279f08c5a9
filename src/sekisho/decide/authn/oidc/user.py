"""The user that the claims of a verified token make.

Source: kube-apiserver ``plugin/pkg/authenticator/token/oidc``: username, groups, uid, extra, required
claims, rules over claims, rules over the user; the first failure wins. Differs: a user name that comes
out empty is refused whatever makes it, and null is no group.
"""

from collections.abc import Iterable
from typing import Final, NoReturn

from sekisho.decide.authn.oidc.code import OidcCode, OidcFix
from sekisho.decide.authn.oidc.expression import Expression, ExpressionError, over_claims, over_user
from sekisho.decide.authn.oidc.model import JwtAuthenticator, RequiredClaim, Rule, Source, setting
from sekisho.decide.authn.oidc.refusal import CLAIMS, RefusedError, fix, refused, shown, wrong_type
from sekisho.decide.decision import Repair
from sekisho.decide.values import Json, JsonObject, KubeUser, Ref

CREDENTIAL_ID: Final = "authentication.kubernetes.io/credential-id"
EMAIL: Final = "email"
EMAIL_VERIFIED: Final = "email_verified"

_NO_MESSAGE = "no message is configured"


def user_of(claims: JsonObject, authenticator: JwtAuthenticator) -> KubeUser:
    """Return the user, without the group that every API server adds.

    Raises:
        RefusedError: the first rule that does not hold.
    """
    name = _username(claims, authenticator)
    groups = _groups(claims, authenticator)
    uid = _uid(claims, authenticator)
    user = KubeUser(name, groups, uid, _extra(claims, authenticator))
    for required in authenticator.required:
        _check_required(claims, required, authenticator)
    for rule in authenticator.claim_rules:
        _check_claim_rule(claims, rule)
    for rule in authenticator.user_rules:
        _check_user_rule(user, rule)
    return user


def _username(claims: JsonObject, authenticator: JwtAuthenticator) -> str:
    source = authenticator.username
    if source.expression is not None:
        name = _text_of(source.expression, source.at, claims)
    else:
        name = _claimed(claims, source, authenticator, "text")
        if name and source.claim == EMAIL:
            _check_email(claims, source, authenticator)
    if not name:
        raise refused(OidcCode.USERNAME_EMPTY, _at(source), setting=setting(source.at))
    return source.prefix + name


def _check_email(claims: JsonObject, source: Source, authenticator: JwtAuthenticator) -> None:
    verified = claims.get(EMAIL_VERIFIED, True)
    if verified is True:
        return
    help_ = fix(OidcFix.VERIFY_EMAIL, source.at, issuer=authenticator.issuer)
    if verified is not False:
        raise wrong_type(EMAIL_VERIFIED, verified, "true", help_)
    raise refused(
        OidcCode.EMAIL_UNVERIFIED,
        CLAIMS.child(EMAIL_VERIFIED),
        help_,
        claim=EMAIL_VERIFIED,
        value=shown(verified),
        setting=setting(source.at),
    )


def _groups(claims: JsonObject, authenticator: JwtAuthenticator) -> tuple[str, ...]:
    source = authenticator.groups
    if source is None:
        return ()
    if source.expression is not None:
        return _texts_of(source.expression, source.at, claims)
    value = claims.get(source.claim)
    if value is None:
        return ()
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise wrong_type(source.claim, value, "text or a list of texts", _release(source, authenticator))
    return tuple(f"{source.prefix}{one}" for one in listed)


def _uid(claims: JsonObject, authenticator: JwtAuthenticator) -> str:
    source = authenticator.uid
    if source is None:
        return ""
    if source.expression is not None:
        return _text_of(source.expression, source.at, claims)
    return _claimed(claims, source, authenticator, "text")


def _extra(claims: JsonObject, authenticator: JwtAuthenticator) -> tuple[tuple[str, tuple[str, ...]], ...]:
    extra: list[tuple[str, tuple[str, ...]]] = []
    jti = claims.get("jti")
    if isinstance(jti, str) and jti:
        extra.append((CREDENTIAL_ID, (f"JTI={jti}",)))
    for mapping in authenticator.extra:
        values = _texts_of(mapping.expression, mapping.at, claims)
        if values:
            extra.append((mapping.key, values))
    return tuple(extra)


def _check_required(claims: JsonObject, required: RequiredClaim, authenticator: JwtAuthenticator) -> None:
    claim, at = required.claim, CLAIMS.child(required.claim)
    help_ = fix(OidcFix.CHANGE_RULE, required.at, issuer=authenticator.issuer)
    if claim not in claims:
        raise refused(OidcCode.REQUIRED_MISSING, at, help_, claim=claim, setting=setting(required.at))
    value = claims[claim]
    found = "" if value is None else value
    if not isinstance(found, str):
        raise wrong_type(claim, value, "text", help_)
    if found != required.value:
        raise refused(
            OidcCode.REQUIRED_VALUE,
            at,
            help_,
            claim=claim,
            value=shown(value),
            setting=setting(required.at),
            required=required.value,
        )


def _check_claim_rule(claims: JsonObject, rule: Rule) -> None:
    if _evaluated(rule.expression, rule.at, claims) is True:
        return
    read = rule.expression.reads
    named = ", ".join(f"{name} = {shown(claims.get(name))}" for name in sorted(read or ())) or "any of them"
    raise refused(
        OidcCode.CLAIM_RULE,
        CLAIMS,
        fix(OidcFix.CHANGE_RULE, rule.at, issuer=str(claims.get("iss"))),
        setting=setting(rule.at),
        value=named,
        message=rule.message or _NO_MESSAGE,
        rule=rule.expression.text,
    )


def _check_user_rule(user: KubeUser, rule: Rule) -> None:
    try:
        holds = over_user(rule.expression, user)
    except ExpressionError as error:
        _failed(rule.at, str(error))
    if holds is not True:
        raise refused(
            OidcCode.USER_RULE,
            CLAIMS,
            setting=setting(rule.at),
            username=user.name,
            message=rule.message or _NO_MESSAGE,
            rule=rule.expression.text,
        )


def _claimed(claims: JsonObject, source: Source, authenticator: JwtAuthenticator, expected: str) -> str:
    """Return a claim that has to be there and to be text; null counts as empty."""
    if source.claim not in claims:
        raise refused(
            OidcCode.CLAIM_MISSING,
            _at(source),
            _release(source, authenticator),
            claim=source.claim,
            setting=setting(source.at),
        )
    value = claims[source.claim]
    if value is None or isinstance(value, str):
        return value or ""
    raise wrong_type(source.claim, value, expected, _release(source, authenticator))


def _text_of(expression: Expression, at: Ref, claims: JsonObject) -> str:
    value = _evaluated(expression, at, claims)
    if isinstance(value, str):
        return value
    raise _of_other_type(at, value, "text")


def _texts_of(expression: Expression, at: Ref, claims: JsonObject) -> tuple[str, ...]:
    """Return what an expression lists; an empty text, an empty list and null are nothing."""
    value = _evaluated(expression, at, claims)
    if value is None:
        return ()
    listed: Iterable[Json] = [value] if isinstance(value, str) else value if isinstance(value, list) else [0]
    if not all(isinstance(one, str) for one in listed):
        raise _of_other_type(at, value, "text or a list of texts")
    return tuple(str(one) for one in listed if one)


def _evaluated(expression: Expression, at: Ref, claims: JsonObject) -> Json:
    try:
        return over_claims(expression, claims)
    except ExpressionError as error:
        _failed(at, str(error))


def _failed(at: Ref, problem: str) -> NoReturn:
    raise refused(OidcCode.EXPRESSION, CLAIMS, setting=setting(at), problem=problem) from None


def _of_other_type(at: Ref, value: Json, expected: str) -> RefusedError:
    return refused(
        OidcCode.EXPRESSION_TYPE, CLAIMS, setting=setting(at), value=shown(value), expected=expected
    )


def _release(source: Source, authenticator: JwtAuthenticator) -> Repair:
    return fix(OidcFix.RELEASE_CLAIM, source.at, issuer=authenticator.issuer, claim=source.claim)


def _at(source: Source) -> Ref:
    return CLAIMS.child(source.claim) if source.claim else CLAIMS
