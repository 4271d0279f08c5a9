"""A deliberately naive reading of one IAM statement, from the documents and not from the engine.

Source: IAM User Guide, "IAM JSON policy elements reference". Everything is compared as text of the JSON
document at the moment it is asked about; nothing is compiled, nothing is unknown.
"""

import base64
import binascii
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Keys = Mapping[str, str | tuple[str, ...]]
"""Lower-cased condition keys of a request; a tuple is a multivalued key."""

STAR, ANY = object(), object()
"""What is left of `*` and `?` after the text around them became literal characters."""

Pattern = list[object]


@dataclass(frozen=True, slots=True)
class Asked:
    """One action on one resource with a context."""

    action: str
    resource: str
    keys: Keys


def as_list(value: Any) -> list[Any]:
    """Return one value as a list of one."""
    return value if isinstance(value, list) else [value]


def applies(statement: Mapping[str, Any], version: str | None, asked: Asked) -> bool:
    """Tell whether action, resource and conditions match; the principal is somebody else's question."""
    if "Action" in statement:
        if not any(fits_action(one, asked.action) for one in as_list(statement["Action"])):
            return False
    elif any(fits_action(one, asked.action) for one in as_list(statement["NotAction"])):
        return False
    has_variables = version == "2012-10-17"
    if "Resource" in statement:
        named = as_list(statement["Resource"])
        if not any(fits_resource(one, asked, has_variables) for one in named):
            return False
    elif "NotResource" in statement:
        named = as_list(statement["NotResource"])
        if any(fits_resource(one, asked, has_variables) for one in named):
            return False
    return all(
        holds(operator, key, [text_of(one) for one in as_list(values)], asked.keys, has_variables)
        for operator, block in statement.get("Condition", {}).items()
        for key, values in block.items()
    )


def text_of(value: Any) -> str:
    """Return the text of a JSON value: booleans and numbers equal their string forms."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def fits_action(pattern: str, action: str) -> bool:
    """Match an action, whose upper and lower case is one."""
    return fits(wildcards(pattern.lower()), action.lower())


def fits_resource(pattern: str, asked: Asked, has_variables: bool) -> bool:
    """Match part by part to the fifth colon, and what is left as one; variables stand in the last part."""
    if pattern == "*":
        return True
    named, real = pattern.split(":", 5), asked.resource.split(":", 5)
    if len(named) != 6 or len(real) != 6:
        return False
    if not all(fits(wildcards(a), b) for a, b in zip(named[:5], real[:5], strict=True)):
        return False
    last = substituted(named[5], asked.keys) if has_variables else wildcards(named[5])
    return last is not None and fits(last, real[5])


def wildcards(text: str) -> Pattern:
    """Read a pattern without variables."""
    return [STAR if one == "*" else ANY if one == "?" else one for one in text]


def substituted(text: str, keys: Keys, *, wild: bool = True) -> Pattern | None:
    """Put the values of variables in, as literal text; None if one has neither value nor default."""
    before, start, rest = text.partition("${")
    pattern: Pattern = wildcards(before) if wild else list(before)
    if not start:
        return pattern
    inside, end, after = rest.partition("}")
    if not end:
        return [*pattern, *"${", *(wildcards(rest) if wild else rest)]
    if inside in ("*", "?", "$"):
        value: str | tuple[str, ...] | None = inside
    else:
        name, comma, default = inside.partition(",")
        value = keys.get(name.strip().lower())
        if value is None and comma:
            value = default.strip()[1:-1]
    if not isinstance(value, str):
        return None
    following = substituted(after, keys, wild=wild)
    return None if following is None else [*pattern, *value, *following]


def fits(pattern: Pattern, text: str) -> bool:
    """Match a whole text, by the table of which beginnings fit which."""
    row = [True] + [False] * len(text)
    for token in pattern:
        if token is STAR:
            first = row.index(True) if True in row else len(row)
            row = [index >= first for index in range(len(row))]
        else:
            row = [False] + [row[at] and token in (ANY, one) for at, one in enumerate(text)]
    return row[-1]


def holds(operator: str, key: str, wanted: list[str], keys: Keys, has_variables: bool) -> bool:
    """Tell whether one line of a Condition element is met."""
    name = operator.lower()
    actual = keys.get(key.lower())
    if name == "null":
        return any((one.lower() == "true") is (actual is None) for one in wanted)
    every, some = name.startswith("forallvalues:"), name.startswith("foranyvalue:")
    name = name.partition(":")[2] if every or some else name
    if name.endswith("ifexists"):
        name = name.removesuffix("ifexists")
        if actual is None:
            return True
    compare, is_negated = OPERATORS[name]
    read = next((read for family, read in READERS.items() if family in name), None)

    def one_holds(value: str) -> bool:
        # What is no number, date, ... is neither equal nor unequal to one.
        if read is not None and (read(value) is None or (is_negated and None in map(read, wanted))):
            return False
        return compare(wanted, value, keys if has_variables else None) is not is_negated

    if every or some:
        values = () if actual is None else (actual,) if isinstance(actual, str) else actual
        return all(map(one_holds, values)) if every else any(map(one_holds, values))
    if actual is None:
        return is_negated
    return isinstance(actual, str) and one_holds(actual)


Compare = Callable[[list[str], str, Keys | None], bool]


def texts(wanted: list[str], keys: Keys | None, *, wild: bool) -> list[Pattern]:
    """Return the values of a String or ARN operator; one whose variable is missing fits nothing."""
    if keys is None:
        return [wildcards(one) if wild else list(one) for one in wanted]
    made = [substituted(one, keys, wild=wild) for one in wanted]
    return [one for one in made if one is not None]


def string_equals(wanted: list[str], actual: str, keys: Keys | None) -> bool:
    """StringEquals."""
    return any(one == list(actual) for one in texts(wanted, keys, wild=False))


def string_equals_ignore_case(wanted: list[str], actual: str, keys: Keys | None) -> bool:
    """StringEqualsIgnoreCase."""
    plain = ["".join(map(str, one)) for one in texts(wanted, keys, wild=False)]
    return any(one.lower() == actual.lower() for one in plain)


def string_like(wanted: list[str], actual: str, keys: Keys | None) -> bool:
    """StringLike."""
    return any(fits(one, actual) for one in texts(wanted, keys, wild=True))


def arn_like(wanted: list[str], actual: str, keys: Keys | None) -> bool:
    """ArnEquals and ArnLike are one: six parts, each matched by itself."""
    real = actual.split(":", 5)
    for text in wanted:
        parts = split_arn(text)
        if len(parts) != 6 or len(real) != 6:
            continue
        made = [wildcards(one) if keys is None else substituted(one, keys) for one in parts]
        if all(one is not None and fits(one, b) for one, b in zip(made, real, strict=True)):
            return True
    return False


def split_arn(text: str) -> list[str]:
    """Split at the first five colons that are not inside of a variable."""
    parts, depth = [""], 0
    for at, one in enumerate(text):
        depth += text.startswith("${", at) - (one == "}" and depth > 0)
        if one == ":" and not depth and len(parts) < 6:
            parts.append("")
        else:
            parts[-1] += one
    return parts


def by_order(read: Callable[[str], Any], accepts: Callable[[Any, Any], bool]) -> Compare:
    """Compare what both sides mean; what cannot be read matches nothing."""

    def compare(wanted: list[str], actual: str, _keys: Keys | None) -> bool:
        value = read(actual)
        return value is not None and any(
            (other := read(one)) is not None and accepts(value, other) for one in wanted
        )

    return compare


def number(text: str) -> Decimal | None:
    """Read a decimal number."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def date(text: str) -> datetime | None:
    """Read a W3C ISO 8601 date or seconds since the epoch."""
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def boolean(text: str) -> bool | None:
    """Read `true` or `false` in any case."""
    return {"true": True, "false": False}.get(text.lower())


def octets(text: str) -> bytes | None:
    """Read base64."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Read an address or a network; a bare address is a network of one."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def is_inside(inner: Any, outer: Any) -> bool:
    """Tell whether an address is in a network; the two families never match each other."""
    return inner.version == outer.version and bool(inner.subnet_of(outer))


ORDERS: dict[str, tuple[Callable[[Any, Any], bool], bool]] = {
    "equals": (lambda a, b: a == b, False),
    "notequals": (lambda a, b: a == b, True),
    "lessthan": (lambda a, b: a < b, False),
    "lessthanequals": (lambda a, b: a <= b, False),
    "greaterthan": (lambda a, b: a > b, False),
    "greaterthanequals": (lambda a, b: a >= b, False),
}

OPERATORS: dict[str, tuple[Compare, bool]] = {
    "stringequals": (string_equals, False),
    "stringnotequals": (string_equals, True),
    "stringequalsignorecase": (string_equals_ignore_case, False),
    "stringnotequalsignorecase": (string_equals_ignore_case, True),
    "stringlike": (string_like, False),
    "stringnotlike": (string_like, True),
    "arnequals": (arn_like, False),
    "arnlike": (arn_like, False),
    "arnnotequals": (arn_like, True),
    "arnnotlike": (arn_like, True),
    **{f"numeric{name}": (by_order(number, test), negated) for name, (test, negated) in ORDERS.items()},
    **{f"date{name}": (by_order(date, test), negated) for name, (test, negated) in ORDERS.items()},
    "bool": (by_order(boolean, ORDERS["equals"][0]), False),
    "binaryequals": (by_order(octets, ORDERS["equals"][0]), False),
    "ipaddress": (by_order(network, is_inside), False),
    "notipaddress": (by_order(network, is_inside), True),
}
"""Each operator as a comparison with any of its values, and whether it is the negation of that."""

READERS: dict[str, Callable[[str], Any]] = {
    "numeric": number,
    "date": date,
    "bool": boolean,
    "binary": octets,
}
"""The families in which a text that has no value never matches, negated or not.

An address is not among them: what is none is in no network, so NotIpAddress holds.
"""
