"""CEL over claims and over a user, as an API server of Kubernetes evaluates it: numbers are doubles.

Source: Kubernetes, "Common Expression Language in Kubernetes".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from sekisho.decide.authn.oidc.code import OidcFault
from sekisho.decide.authn.oidc.references import claims_read, reads_whole, selects
from sekisho.decide.cel.lexemes import escapes
from sekisho.decide.cel.library import (
    CelError,
    CelMissingError,
    compiled,
    environment,
    evaluated,
    prepared,
    types,
)
from sekisho.decide.values import Json, JsonObject, KubeUser, Ref, SekishoInputError

CLAIMS: Final = "claims"
USER: Final = "user"

_USER_MEMBERS: Final = ("username", "uid", "groups", "extra")
_MAX_SHOWN = 200


class ExpressionError(Exception):
    """The expression has no value for this token; the message says why."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. ``reads`` are the claims that it may read; None: any."""

    text: str
    reads: frozenset[str] | None
    program: Any = field(repr=False, compare=False)
    aliases: tuple[tuple[str, str], ...] = ()
    is_flat: bool = False


def compile_claims(text: str, at: Ref, *, is_condition: bool) -> Expression:
    """Return the expression over ``claims`` in ``text``.

    Raises:
        SekishoInputError: it does not compile, or ``is_condition`` and it may be no boolean.
    """
    # To an API server a claim is of type `any`, over which it lets nobody iterate unless it is made
    # `dyn` first; the library can check that, but evaluates only `dyn`.
    _require_boolean(_compiled(f"{CLAIMS} checked", text, at), at, is_condition=is_condition)
    if reads_whole(text):
        raise _fault(at, f"an API server cannot use {CLAIMS} as a whole: name the member that is meant")
    program = _compiled(CLAIMS, text, at)
    return Expression(text, claims_read(text), program, escapes(text))


def compile_user(text: str, at: Ref) -> Expression:
    """Return the condition over ``user`` in ``text``.

    Raises:
        SekishoInputError: it does not compile, or may be no boolean.
    """
    # Members with types of their own, so that `user.name` is refused here; only has() needs the map.
    is_flat = not any(f"has({USER}.{name}" in text.replace(" ", "") for name in _USER_MEMBERS)
    program = _compiled(USER if is_flat else f"{USER} map", text, at)
    _require_boolean(program, at, is_condition=True)
    return Expression(text, frozenset(), program, escapes(text), is_flat)


def over_claims(expression: Expression, claims: JsonObject) -> Json:
    """Return the value of ``expression`` for ``claims``: JSON, or text about what is none.

    Raises:
        ExpressionError: it has none.
    """
    return _value(expression, {CLAIMS: prepared(claims, expression.aliases, are_doubles=True)})


def over_user(expression: Expression, user: KubeUser) -> Json:
    """Return the value of ``expression`` for ``user``.

    Raises:
        ExpressionError: it has none.
    """
    members: dict[str, Json] = {
        "username": user.name,
        "uid": user.uid,
        "groups": list(user.groups),
        "extra": {key: list(values) for key, values in user.extra},
    }
    data = {name: prepared(value, expression.aliases, are_doubles=True) for name, value in members.items()}
    if expression.is_flat:
        return _value(expression, {f"{USER}.{name}": value for name, value in data.items()})
    return _value(expression, {USER: data})


def uses_unverified_email(username: str, others: Sequence[str]) -> bool:
    """Tell whether ``claims.email`` names users while nothing looks at ``claims.email_verified``."""
    verified = (selects(text, CLAIMS, "email_verified") for text in (username, *others))
    return selects(username, CLAIMS, "email") and not any(verified)


def _compiled(kind: str, text: str, at: Ref) -> Any:
    try:
        environment_ = _environment(kind)
    except CelMissingError:
        raise SekishoInputError.single(
            OidcFault.CEL_MISSING, at, "an expression needs the library of CEL", "install sekisho[oidc]"
        ) from None
    try:
        return compiled(environment_, text)
    except CelError as error:
        raise _fault(at, f"does not compile: {_problem(str(error))}") from None


def _require_boolean(program: Any, at: Ref, *, is_condition: bool) -> None:
    if is_condition and str(program.return_type().name()) != "BOOL":
        raise _fault(at, "expected a condition: it has to be true or false whatever the token holds")


def _value(expression: Expression, data: Mapping[str, Any]) -> Json:
    try:
        return _as_json(evaluated(expression.program, data))
    except CelError as error:
        raise ExpressionError(_problem(str(error))) from None


def _as_json(value: Any) -> Json:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [_as_json(member) for member in value]
        case dict():
            return {str(name): _as_json(member) for name, member in value.items()}
        case _:
            return {"type": type(value).__name__}


def _problem(text: str) -> str:
    return text.partition("\n")[0].removeprefix("ERROR: <input>:")[:_MAX_SHOWN]


def _fault(at: Ref, problem: str) -> SekishoInputError:
    return SekishoInputError.single(OidcFault.EXPRESSION, at, problem)


@cache
def _environment(kind: str) -> Any:
    """Return the environment of one variable.

    Raises:
        CelMissingError: without the library.
    """
    cel = types()
    text = cel.Type.STRING
    texts = cel.Type.List(text)
    variables = {
        CLAIMS: {CLAIMS: cel.Type.Map(text, cel.Type.DYN)},
        f"{CLAIMS} checked": {CLAIMS: cel.Type.Map(text, cel.Type("google.protobuf.Any"))},
        USER: dict(
            zip(
                (f"{USER}.{name}" for name in _USER_MEMBERS),
                (text, text, texts, cel.Type.Map(text, texts)),
                strict=True,
            )
        ),
        f"{USER} map": {USER: cel.Type.Map(text, cel.Type.DYN)},
    }
    return environment(variables[kind])
