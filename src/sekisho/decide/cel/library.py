"""CEL's own library (cel-cpp) as Kubernetes sets it up: its environments, its failures, its bounds.

What the library lacks is made here: ``sets.*``, and names like ``a__dot__b`` for odd members. What API
servers have beyond that (`LACKING`) is refused when an expression is compiled. One evaluation is bounded: the
library counts at most 10000 iterations, its regular expressions are linear, the text is bounded here and
the data by whoever reads it.

Source: Kubernetes, "Common Expression Language in Kubernetes"; the escapes: apiserver ``pkg/cel``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sekisho.decide.values import Json

MAX_EXPRESSION_CHARS: Final = 16_384
_OF_TWO_VARIABLES: Final = {
    "all",
    "exists",
    "existsOne",
    "transformList",
    "transformMap",
    "transformMapEntry",
}
_OF_LISTS: Final = {"indexOf", "isSorted", "lastIndexOf", "max", "min", "sum"}
_OF_TEXTS: Final = {"cidr", "find", "findAll", "format", "ip", "quantity", "semver", "url"}
_TESTS: Final = {"isCIDR", "isIP", "isQuantity", "isSemver", "isURL"}
LACKING: Final = _OF_TWO_VARIABLES | _OF_LISTS | _OF_TEXTS | _TESTS
"""Functions of API servers that the library has not, or not for every type."""

_FRAME: Final = re.compile(r"^[A-Z_]+: (.*?)(?: \[[A-Z_]+\])?$", re.DOTALL)
_MAX_SHOWN: Final = 1_024
_LARGEST_INT: Final = 2**63


class CelError(Exception):
    """An expression does not compile, or has no value; the text is the library's, bounded."""

    def __init__(self, told: str) -> None:
        match = _FRAME.match(told)
        super().__init__((match[1] if match else told)[:_MAX_SHOWN])


class CelMissingError(Exception):
    """The library is not installed (extra ``oidc``)."""


def environment(
    variables: Mapping[str, Any], functions: Sequence[Any] = (), *, late: Sequence[Any] = ()
) -> Any:
    """Return an environment of variables and functions, by the types of `types`.

    ``late`` are functions of which an evaluation may bring its own; the compiler does not know their types.

    Raises:
        CelMissingError: the library is not there.
    """
    cel = types()
    from cel_expr_python.ext import ext_optional, ext_strings

    many = cel.Type.List(cel.Type.DYN)
    sets = [
        cel.FunctionDecl(
            f"sets.{name}", [cel.Overload(f"sets_{name}", cel.Type.BOOL, [many, many], False, function)]
        )
        for name, function in SET_FUNCTIONS.items()
    ]
    return cel.NewEnv(
        variables=variables,
        # Version 2 is what API servers have: later functions would not compile there.
        extensions=[
            ext_strings.ExtStrings(2),
            ext_optional.ExtOptional(),
            *([cel.CelExtension("late", late)] if late else []),
        ],
        functions=[*sets, *functions],
    )


def types() -> Any:
    """Return the library.

    Raises:
        CelMissingError: it is not there.
    """
    try:
        # Imported here: two libraries of some 20 MB, and most users have no expression.
        from cel_expr_python import cel
    except ImportError:
        raise CelMissingError from None
    return cel


def compiled(environment_: Any, text: str) -> Any:
    """Return the program of an expression.

    Raises:
        CelError: it does not compile.
    """
    if len(text) > MAX_EXPRESSION_CHARS:
        raise CelError(f"longer than {MAX_EXPRESSION_CHARS} characters")
    try:
        return environment_.compile(text)
    except (RuntimeError, ValueError) as error:
        raise CelError(str(error)) from None


def evaluated(program: Any, data: Mapping[str, Any], functions: Sequence[Any] = ()) -> Any:
    """Return the value of a program.

    Raises:
        CelError: it has none.
    """
    try:
        found = program.eval(data=data, functions=functions)
        kind, value = str(found.type().name()), found.plain_value()
    except (RuntimeError, ValueError, TypeError) as error:
        raise CelError(str(error)) from None
    if kind == "ERROR":
        raise CelError(str(value))
    return value


def prepared(value: Json, aliases: Sequence[tuple[str, str]], *, are_doubles: bool) -> Any:
    """Return JSON as an expression sees it: odd names have their escape too; whole numbers may be doubles."""
    match value:
        case bool() | None | str():
            return value
        case int() if not are_doubles and -_LARGEST_INT <= value < _LARGEST_INT:
            return value
        case int() | float():
            try:
                return float(value)
            except OverflowError:
                return float("inf") if value > 0 else float("-inf")
        case Mapping():
            members = {
                name: prepared(member, aliases, are_doubles=are_doubles) for name, member in value.items()
            }
            for alias, name in aliases:
                members.pop(alias, None)
                if name in members:
                    members[alias] = members[name]
            return members
        case _:
            return [prepared(member, aliases, are_doubles=are_doubles) for member in value]


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
