"""Attributes of users: the standard ones, a pool's own, and what values they may have.

Source: Cognito Developer Guide, "Working with user attributes"; OpenID Connect Core 1.0, section 5.1.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sekisho.facts import CustomAttribute, UserPool
from sekisho.lab.idp.pool_context import invalid, unserved

STANDARD: Final = (
    *("address", "birthdate", "email", "email_verified", "family_name", "gender", "given_name", "locale"),
    *("middle_name", "name", "nickname", "phone_number", "phone_number_verified", "picture"),
    *("preferred_username", "profile", "sub", "updated_at", "website", "zoneinfo"),
)
_VERIFIED: Final = ("email_verified", "phone_number_verified")
_EMAIL = re.compile(r"[^@\s\"<>(),;:\\]{1,64}@[^@\s\"<>(),;:\\]{1,189}", re.ASCII)
_PHONE = re.compile(r"\+[0-9]{7,15}", re.ASCII)


def required_attributes(schema: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the standard attributes that a schema makes a must."""
    return tuple(one["Name"] for one in schema if one.get("Required") and one["Name"] in STANDARD)


def custom_attributes(schema: Sequence[Mapping[str, Any]]) -> tuple[CustomAttribute, ...]:
    """Return the attributes that a schema adds.

    Raises:
        AwsError: an attribute without a name, or a custom one that is required.
    """
    found = []
    for one in schema:
        name = one.get("Name")
        if not name:
            raise invalid(
                "Invalid AttributeDataType input, consider using the provided AttributeDataType enum."
            )
        if name in STANDARD:
            continue
        if one.get("Required"):
            raise invalid("Required custom attributes are not supported currently.")
        if one.get("DeveloperOnlyAttribute"):
            raise unserved("developer-only attributes are not served")
        found.append(
            CustomAttribute(
                f"custom:{name}", one.get("AttributeDataType") or "String", one.get("Mutable") is not False
            )
        )
    return tuple(found)


def schema_output(pool: UserPool) -> list[dict[str, Any]]:
    """Return the schema of a pool as DescribeUserPool writes it."""
    standard = [
        {
            "Name": name,
            "AttributeDataType": "Boolean" if name in _VERIFIED else "String",
            "DeveloperOnlyAttribute": False,
            "Mutable": name != "sub",
            "Required": name == "sub" or name in pool.required,
            **({} if name in _VERIFIED else {"StringAttributeConstraints": _lengths(name)}),
        }
        for name in STANDARD
    ]
    return standard + [
        {
            "Name": one.name,
            "AttributeDataType": one.type,
            "DeveloperOnlyAttribute": False,
            "Mutable": one.mutable,
            "Required": False,
        }
        for one in pool.custom_attributes
    ]


def _lengths(name: str) -> dict[str, str]:
    return {"MinLength": "1" if name == "sub" else "0", "MaxLength": "2048"}


def given_attributes(pool: UserPool, given: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the attributes of a request, by name.

    Raises:
        AwsError: one that the pool does not know, ``sub``, or a value of another form.
    """
    found: dict[str, str] = {}
    for one in given:
        name, value = one["Name"], one.get("Value") or ""
        if name == "sub":
            raise invalid("Cannot modify the non-mutable attribute sub")
        if name not in STANDARD and name not in {custom.name for custom in pool.custom_attributes}:
            raise invalid(
                f"Attributes did not conform to the schema: {name}: Attribute does not exist in the schema.\n"
            )
        _check(name, value)
        found[name] = value
    return found


def is_email(text: str) -> bool:
    """Tell whether a text has the form of an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def is_phone_number(text: str) -> bool:
    """Tell whether a text has the form of a telephone number (E.164)."""
    return _PHONE.fullmatch(text) is not None


def _check(name: str, value: str) -> None:
    if not value:
        return  # an empty value removes the attribute
    if name in _VERIFIED and value.lower() not in ("true", "false"):
        raise invalid(f"Attribute value for {name} must be true or false")
    if name == "email" and not is_email(value):
        raise invalid("Invalid email address format.")
    if name == "phone_number" and not is_phone_number(value):
        raise invalid("Invalid phone number format.")
