"""The filters of ListUsers (Cognito user pools API Reference, "ListUsers", section "Filter").

``attribute = "value"`` is equality, ``^=`` the beginning of the value; a quotation mark in it is escaped.
"""

import re
from collections.abc import Callable

from sekisho.facts import UserPoolUser
from sekisho.lab.idp.pool_context import invalid

_FILTER = re.compile(
    r'\s*"?(?P<name>[\w:]+)"?\s*(?P<operator>\^=|=)\s*"(?P<value>(?:[^"\\]|\\.)*)"\s*', re.ASCII
)
_SEARCHABLE = frozenset(
    {
        *("username", "email", "phone_number", "name", "given_name", "family_name"),
        *("preferred_username", "cognito:user_status", "status", "sub"),
    }
)


def user_filter(text: str | None) -> Callable[[UserPoolUser], bool]:
    """Return what tells the users that a filter means; all without one.

    Raises:
        AwsError: the filter is no filter, or asks for an attribute that is not searchable.
    """
    if not text:
        return lambda _user: True
    found = _FILTER.fullmatch(text)
    if found is None:
        raise invalid("Error while parsing filter.")
    name, wanted = found["name"], re.sub(r"\\(.)", r"\1", found["value"])
    if name not in _SEARCHABLE:
        raise invalid(f"Search on attribute {name} is not supported.")
    if found["operator"] == "=":
        return lambda user: _value(user, name).casefold() == wanted.casefold()
    return lambda user: _value(user, name).casefold().startswith(wanted.casefold())


def _value(user: UserPoolUser, name: str) -> str:
    match name:
        case "username":
            return user.username
        case "cognito:user_status":
            return str(user.status)
        case "status":
            return "Enabled" if user.enabled else "Disabled"
    return user.attribute(name)
