"""Users as Cognito's answers write them."""

from collections.abc import Collection, Mapping
from typing import Any

from sekisho.facts import UserPoolUser


def attributes_output(user: UserPoolUser, names: Collection[str] | None = None) -> list[dict[str, str]]:
    """Return the attributes of a user, all or those named."""
    return [
        {"Name": name, "Value": value} for name, value in user.attributes if names is None or name in names
    ]


def user_output(user: UserPoolUser, names: Collection[str] | None = None) -> Mapping[str, Any]:
    """Return a user as a list holds it (API Reference, "UserType")."""
    return {
        "Username": user.username,
        "Attributes": attributes_output(user, names),
        **user_dates(user),
    }


def user_dates(user: UserPoolUser) -> Mapping[str, Any]:
    """Return what is told of a user beside the attributes."""
    return {
        "UserCreateDate": user.created,
        "UserLastModifiedDate": user.modified,
        "Enabled": user.enabled,
        "UserStatus": str(user.status),
    }
