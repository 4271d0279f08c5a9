"""CEL over claims and over a user, as an API server of Kubernetes evaluates it.

What the library lacks is made here: ``sets.*``, names like ``a__dot__b`` for odd members, numbers of JSON
as doubles. What this environment does not have (``url``, ``ip``, ``cidr``, ``quantity``, ``semver``,
``find``, two-variable comprehensions) is refused when the configuration is read. The cost of one
evaluation is bounded: the library counts at most 10000 iterations, its regular expressions are linear,
and text and token are bounded here and by the reader.

Source: Kubernetes, "Common Expression Language in Kubernetes"; the escapes: apiserver ``pkg/cel``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from sekisho.decide.authn.oidc.code import OidcFault
from sekisho.decide.authn.oidc.references import claims_read, escapes, reads_whole, selects
from sekisho.decide.values import Json, JsonObject, KubeUser, Ref, SekishoInputError

CLAIMS: Final = "claims"
USER: Final = "user"
MAX_EXPRESSION_CHARS: Final = 16_384

_USER_MEMBERS: Final = ("username", "uid", "groups", "extra")
_PLACE = re.compile(r"^[A-Z_]+: (?:ERROR: <input>:)?(?:(?P<place>\d+:\d+): )?(?P<text>[^\n]*)")
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
    return _value(expression, {CLAIMS: prepared(claims, expression.aliases)})


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
    data = {name: prepared(value, expression.aliases) for name, value in members.items()}
    if expression.is_flat:
        return _value(expression, {f"{USER}.{name}": value for name, value in data.items()})
    return _value(expression, {USER: data})


def uses_unverified_email(username: str, others: Sequence[str]) -> bool:
    """Tell whether ``claims.email`` names users while nothing looks at ``claims.email_verified``."""
    verified = (selects(text, CLAIMS, "email_verified") for text in (username, *others))
    return selects(username, CLAIMS, "email") and not any(verified)


def prepared(value: Json, aliases: tuple[tuple[str, str], ...]) -> Any:
    """Return ``value`` as the expression sees it: numbers are doubles, odd names have their escape too."""
    match value:
        case bool() | None | str():
            return value
        case int() | float():
            try:
                return float(value)
            except OverflowError:
                return float("inf") if value > 0 else float("-inf")
        case Mapping():
            members = {name: prepared(member, aliases) for name, member in value.items()}
            for alias, name in aliases:
                members.pop(alias, None)
                if name in members:
                    members[alias] = members[name]
            return members
        case _:
            return [prepared(member, aliases) for member in value]


def _compiled(kind: str, text: str, at: Ref) -> Any:
    if len(text) > MAX_EXPRESSION_CHARS:
        raise _fault(at, f"longer than {MAX_EXPRESSION_CHARS} characters")
    environment = _environment(kind)
    if environment is None:
        raise SekishoInputError.single(
            OidcFault.CEL_MISSING, at, "an expression needs the library of CEL", "install sekisho[oidc]"
        )
    try:
        return environment.compile(text)
    except (RuntimeError, ValueError) as error:
        raise _fault(at, f"does not compile: {_problem(str(error))}") from None


def _require_boolean(program: Any, at: Ref, *, is_condition: bool) -> None:
    if is_condition and str(program.return_type().name()) != "BOOL":
        raise _fault(at, "expected a condition: it has to be true or false whatever the token holds")


def _value(expression: Expression, data: Mapping[str, Any]) -> Json:
    try:
        found = expression.program.eval(data=data)
        kind, value = str(found.type().name()), found.plain_value()
    except (RuntimeError, ValueError, TypeError) as error:
        raise ExpressionError(_problem(str(error))) from None
    if kind == "ERROR":
        raise ExpressionError(_problem(str(value)))
    return _as_json(value)


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
    match = _PLACE.match(text)
    if match is None:
        return text.partition("\n")[0][:_MAX_SHOWN]
    place = f"{match['place']}: " if match["place"] else ""
    said = match["text"].removesuffix(" [INVALID_ARGUMENT]")
    return f"{place}{said}"[:_MAX_SHOWN]


def _fault(at: Ref, problem: str) -> SekishoInputError:
    return SekishoInputError.single(OidcFault.EXPRESSION, at, problem)


@cache
def _environment(kind: str) -> Any:
    """Return the environment of one variable; None without the library (extra ``oidc``)."""
    try:
        # Imported here: two libraries of some 20 MB, and most configurations have no expression.
        from cel_expr_python import cel
        from cel_expr_python.ext import ext_optional, ext_strings
    except ImportError:
        return None
    text, many = cel.Type.STRING, cel.Type.List(cel.Type.DYN)
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
    sets = [
        cel.FunctionDecl(
            f"sets.{name}", [cel.Overload(f"sets_{name}", cel.Type.BOOL, [many, many], False, function)]
        )
        for name, function in SET_FUNCTIONS.items()
    ]
    return cel.NewEnv(
        variables=variables[kind],
        # Version 2 is what API servers have: later functions would not compile there.
        extensions=[ext_strings.ExtStrings(2), ext_optional.ExtOptional(), cel.CelExtension("sets", sets)],
    )


def _is_in(one: Any, many: Sequence[Any]) -> bool:
    # To Python True is 1; to CEL it is not.
    return any(one == other and isinstance(one, bool) == isinstance(other, bool) for other in many)


def _contains(whole: Sequence[Any], part: Sequence[Any]) -> bool:
    return all(_is_in(one, whole) for one in part)


def _equivalent(left: Sequence[Any], right: Sequence[Any]) -> bool:
    return _contains(left, right) and _contains(right, left)


def _intersects(left: Sequence[Any], right: Sequence[Any]) -> bool:
    return any(_is_in(one, right) for one in left)


SET_FUNCTIONS: Final = {"contains": _contains, "equivalent": _equivalent, "intersects": _intersects}
"""The functions ``sets.*``, which the library lacks."""
