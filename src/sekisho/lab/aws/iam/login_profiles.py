"""Passwords of users (IAM API Reference, "CreateLoginProfile" and its siblings).

Of a password its hash is kept, among the secrets: scrypt (RFC 7914), which takes memory to guess at. The
lab has no console to log in to.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.decide.values import PrincipalType, Secret
from sekisho.facts import Delete, LoginProfile, User
from sekisho.facts.iam_lookup import login_profile
from sekisho.lab.aws.iam.entity import existing_user, key_of, own_or_named_user, put
from sekisho.lab.aws.iam.errors import already_exists, no_such_entity, validation_error
from sekisho.lab.aws.iam.password_policy import account_of, refuse_password
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters

MAX_REMEMBERED = 24
"""How many hashes of earlier passwords are kept: as many as a policy may ask not to be used again."""

_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}


def password_name(user: User) -> str:
    """Return the name under which the hashes of a user's passwords are kept."""
    return f"password/{user.user_id}"


def create_login_profile(context: Context, parameters: Parameters) -> Answer:
    """Give a user a password, without a name the caller."""
    user = _user(context, parameters)
    if login_profile(context.facts, context.account, user.name) is not None:
        raise already_exists(f"Login Profile for user {user.name} already exists.")
    if parameters.get("Password") is None:
        raise validation_error("Must specify Password.")
    profile = LoginProfile(
        context.account, user.name, context.now, bool(parameters.get("PasswordResetRequired"))
    )
    kept = _with_password(context, user, Secret(parameters["Password"]))
    return Answer({"LoginProfile": _described(profile)}, (put(profile),), {password_name(user): kept})


def get_login_profile(context: Context, parameters: Parameters) -> Answer:
    """Tell since when a user has a password, without a name the caller."""
    profile = _profile(context, _user(context, parameters))
    return Answer({"LoginProfile": _described(profile)})


def update_login_profile(context: Context, parameters: Parameters) -> Answer:
    """Change the password of a user, or whether it has to be changed; what is not given stays."""
    user = _user(context, parameters)
    profile = _profile(context, user)
    reset = parameters.get("PasswordResetRequired")
    changed = replace(profile, reset_required=profile.reset_required if reset is None else reset)
    password = parameters.get("Password")
    secrets = (
        {} if password is None else {password_name(user): _with_password(context, user, Secret(password))}
    )
    return Answer({}, (put(changed),), secrets)


def delete_login_profile(context: Context, parameters: Parameters) -> Answer:
    """Take the password of a user away, without a name the caller's."""
    user = _user(context, parameters)
    return Answer({}, (Delete(key_of(_profile(context, user))),), {password_name(user): None})


def change_password(context: Context, parameters: Parameters) -> Answer:
    """Change the caller's own password, which the caller has to know."""
    if context.caller.type is not PrincipalType.USER:
        raise AwsError("InvalidUserType", "Only IAM Users can change their own password.")
    user = existing_user(context, own_or_named_user(context, {}))
    profile = _profile(context, user)
    salt, hashes = _kept(context, user)
    if not hashes or not hmac.compare_digest(_hash(Secret(parameters["OldPassword"]), salt), hashes[-1]):
        raise AwsError("AccessDenied", "The old password was incorrect.", 403)
    kept = _with_password(context, user, Secret(parameters["NewPassword"]))
    return Answer({}, (put(replace(profile, reset_required=False)),), {password_name(user): kept})


def _with_password(context: Context, user: User, password: Secret) -> Secret:
    """Return what to keep after the password became ``password``.

    Raises:
        AwsError: the user may not have it.
    """
    refuse_password(context, user.name, password)
    salt, hashes = _kept(context, user)
    new = _hash(password, salt)
    policy = account_of(context).password_policy
    again = 0 if policy is None else policy.reuse_prevention
    if again and any([hmac.compare_digest(new, old) for old in hashes[-again:]]):  # noqa: C419 - all are compared
        raise AwsError("PasswordPolicyViolation", "Password has been used recently.")
    return Secret(json.dumps({"salt": salt, "hashes": [*hashes, new][-MAX_REMEMBERED:]}))


def _kept(context: Context, user: User) -> tuple[str, list[str]]:
    """Return the salt of a user's passwords and their hashes, the present one last."""
    kept = context.secret(password_name(user))
    if kept is None:
        return context.ids.hex(32), []
    value = json.loads(kept.reveal())
    return value["salt"], value["hashes"]


def _hash(password: Secret, salt: str) -> str:
    return hashlib.scrypt(password.reveal().encode(), salt=bytes.fromhex(salt), **_SCRYPT).hex()


def _user(context: Context, parameters: Parameters) -> User:
    return existing_user(context, own_or_named_user(context, parameters))


def _profile(context: Context, user: User) -> LoginProfile:
    found = login_profile(context.facts, context.account, user.name)
    if found is None:
        raise no_such_entity(f"Login Profile for User {user.name} cannot be found.")
    return found


def _described(profile: LoginProfile) -> Mapping[str, Any]:
    return {
        "UserName": profile.user,
        "CreateDate": profile.created,
        "PasswordResetRequired": profile.reset_required,
    }


OPERATIONS: dict[str, Operation] = {
    "ChangePassword": change_password,
    "CreateLoginProfile": create_login_profile,
    "DeleteLoginProfile": delete_login_profile,
    "GetLoginProfile": get_login_profile,
    "UpdateLoginProfile": update_login_profile,
}
