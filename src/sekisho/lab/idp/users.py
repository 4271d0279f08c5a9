"""Users of user pools, as an administrator sees them.

Source: Cognito user pools API Reference, "AdminCreateUser" and its siblings.
"""

from collections.abc import Iterable
from dataclasses import replace

from sekisho.facts import Delete, Put, UserPool, UserPoolUser, UserStatus
from sekisho.facts.pool_lookup import pool_key, pool_user, pool_users
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page
from sekisho.lab.idp.attributes import given_attributes, is_email, is_phone_number
from sekisho.lab.idp.passwords import Attempts, with_password
from sekisho.lab.idp.pool_context import existing_pool, existing_user, invalid, unserved
from sekisho.lab.idp.secret_names import password_name, sessions_name
from sekisho.lab.idp.sessions import Sessions
from sekisho.lab.idp.user_filter import user_filter
from sekisho.lab.idp.user_output import attributes_output, user_dates, user_output

_PAGE = 60


def admin_create_user(context: Context, parameters: Parameters) -> Answer:
    """Create a user, whose password is temporary.

    The lab sends no mail: a temporary password that is not given is not made, and nobody knows one until
    AdminSetUserPassword. A user to whom an invitation is sent again gets the temporary password given.
    """
    pool = existing_pool(context, parameters["UserPoolId"])
    name = parameters["Username"]
    if parameters.get("MessageAction") == "RESEND":
        return _invited_again(context, pool, parameters)
    attributes = given_attributes(pool, parameters.get("UserAttributes") or ())
    attributes = _with_sign_in_name(pool, name, attributes)
    for required in pool.required:
        if not attributes.get(required):
            raise invalid(
                f"Attributes did not conform to the schema: {required}: The attribute {required} is required"
            )
    _refuse_taken(context, pool, name, attributes, None)
    sub = context.ids.request_id()
    user = UserPoolUser(
        pool.pool,
        sub if pool.username_attributes else name,
        sub,
        context.now,
        context.now,
        attributes=_ordered(sub, attributes),
    )
    given = parameters.get("TemporaryPassword")
    secrets = {} if given is None else {password_name(user): with_password(context, pool, user, given)}
    return Answer({"User": user_output(user)}, (Put(pool_key(user), user),), secrets)


def admin_get_user(context: Context, parameters: Parameters) -> Answer:
    """Describe a user."""
    user = _named(context, parameters)
    described = {"Username": user.username, "UserAttributes": attributes_output(user), **user_dates(user)}
    return Answer(described)


def list_users(context: Context, parameters: Parameters) -> Answer:
    """List the users of a pool, all or those that a filter means."""
    pool = existing_pool(context, parameters["UserPoolId"])
    is_meant = user_filter(parameters.get("Filter"))
    names = parameters.get("AttributesToGet")
    found = [user_output(one, names) for one in pool_users(context.facts, pool.pool) if is_meant(one)]
    limit = parameters.get("Limit")
    chosen, token = page(found, parameters.get("PaginationToken"), limit or _PAGE)
    return Answer({"Users": chosen, **({"PaginationToken": token} if token else {})})


def admin_delete_user(context: Context, parameters: Parameters) -> Answer:
    """Delete a user, and with it every token that it has."""
    user = _named(context, parameters)
    return Answer({}, (Delete(pool_key(user)),), {password_name(user): None, sessions_name(user): None})


def admin_disable_user(context: Context, parameters: Parameters) -> Answer:
    """Disable a user and revoke what it has."""
    user = _named(context, parameters)
    sessions = Sessions(context, user)
    sessions.revoked_all()
    changed = replace(user, enabled=False, modified=context.now)
    return Answer({}, (Put(pool_key(changed), changed),), sessions.kept())


def admin_enable_user(context: Context, parameters: Parameters) -> Answer:
    """Enable a user."""
    changed = replace(_named(context, parameters), enabled=True, modified=context.now)
    return Answer({}, (Put(pool_key(changed), changed),))


def admin_set_user_password(context: Context, parameters: Parameters) -> Answer:
    """Give a user a password, temporary unless it is said to be permanent."""
    pool = existing_pool(context, parameters["UserPoolId"])
    user = existing_user(context, pool, parameters["Username"])
    permanent = bool(parameters.get("Permanent"))
    status = UserStatus.CONFIRMED if permanent else UserStatus.FORCE_CHANGE_PASSWORD
    changed = replace(user, status=status, modified=context.now)
    kept = with_password(context, pool, user, parameters["Password"])
    unlocked = Attempts(context, pool).succeeded(user.sub)
    return Answer({}, (Put(pool_key(changed), changed),), {password_name(user): kept, **unlocked})


def admin_update_user_attributes(context: Context, parameters: Parameters) -> Answer:
    """Change attributes of a user; an empty value removes one."""
    pool = existing_pool(context, parameters["UserPoolId"])
    user = existing_user(context, pool, parameters["Username"])
    changed = with_attributes(context, pool, user, parameters["UserAttributes"])
    return Answer({}, (Put(pool_key(changed), changed),))


def admin_user_global_sign_out(context: Context, parameters: Parameters) -> Answer:
    """Revoke every token that a user has."""
    sessions = Sessions(context, _named(context, parameters))
    sessions.revoked_all()
    return Answer({}, (), sessions.kept())


OPERATIONS: dict[str, Operation] = {
    "AdminCreateUser": admin_create_user,
    "AdminDeleteUser": admin_delete_user,
    "AdminDisableUser": admin_disable_user,
    "AdminEnableUser": admin_enable_user,
    "AdminGetUser": admin_get_user,
    "AdminSetUserPassword": admin_set_user_password,
    "AdminUpdateUserAttributes": admin_update_user_attributes,
    "AdminUserGlobalSignOut": admin_user_global_sign_out,
    "ListUsers": list_users,
}


def with_attributes(
    context: Context, pool: UserPool, user: UserPoolUser, given: Iterable[dict[str, str]]
) -> UserPoolUser:
    """Return a user with attributes changed.

    Raises:
        AwsError: one is not known, not mutable, or already names another user.
    """
    changes = given_attributes(pool, given)
    fixed = {one.name for one in pool.custom_attributes if not one.mutable}
    for name in changes:
        if name in fixed:
            raise invalid(f"user.{name}: Attribute cannot be updated.\n")
    for name in ("email", "phone_number"):
        if name in changes and changes[name] != user.attribute(name) and f"{name}_verified" not in changes:
            changes[f"{name}_verified"] = "false"
    _refuse_taken(context, pool, "", changes, user)
    attributes = {**dict(user.attributes), **changes}
    if any(not attributes.get(name) for name in pool.required):
        raise invalid("Cannot delete required attributes.")
    return replace(user, modified=context.now, attributes=_ordered(user.sub, attributes))


def _invited_again(context: Context, pool: UserPool, parameters: Parameters) -> Answer:
    user = existing_user(context, pool, parameters["Username"])
    if user.status is not UserStatus.FORCE_CHANGE_PASSWORD:
        raise AwsError(
            "UnsupportedUserStateException", "Resend not possible. User status is not FORCE_CHANGE_PASSWORD."
        )
    given = parameters.get("TemporaryPassword")
    if given is None:
        raise unserved("the lab sends no mail: give the new TemporaryPassword")
    kept = {password_name(user): with_password(context, pool, user, given)}
    return Answer({"User": user_output(user)}, (), kept)


def _with_sign_in_name(pool: UserPool, name: str, attributes: dict[str, str]) -> dict[str, str]:
    """Return the attributes with the one that the name of a new user is, where names are attributes."""
    if not pool.username_attributes:
        if "email" in pool.alias_attributes and is_email(name):
            raise invalid(
                "Username cannot be of email format, since user pool is configured for email alias."
            )
        return attributes
    kinds = {"email": is_email(name), "phone_number": is_phone_number(name)}
    for attribute in pool.username_attributes:
        if kinds[attribute]:
            if attributes.get(attribute, name) != name:
                raise invalid(f"The attribute {attribute} differs from the username.")
            return {**attributes, attribute: name}
    expected: dict[tuple[str, ...], str] = {("email",): "an email", ("phone_number",): "a phone number"}
    noun = expected.get(pool.username_attributes, "either an email or a phone number")
    raise invalid(f"Username should be {noun}.")


def _refuse_taken(
    context: Context, pool: UserPool, name: str, attributes: dict[str, str], user: UserPoolUser | None
) -> None:
    """Raise where a new name, or an attribute by which users sign in, already names somebody else."""
    if name and not pool.username_attributes and pool_user(context.facts, pool, name) is not None:
        raise AwsError("UsernameExistsException", "User account already exists")
    for attribute in (*pool.username_attributes, *pool.alias_attributes):
        value = attributes.get(attribute)
        found = pool_user(context.facts, pool, value) if value else None
        if found is not None and (user is None or found.sub != user.sub):
            noun = attribute.replace("_", " ")
            if attribute in pool.username_attributes and user is None:
                raise AwsError("UsernameExistsException", "User account already exists")
            raise AwsError("AliasExistsException", f"An account with the given {noun} already exists.")


def _named(context: Context, parameters: Parameters) -> UserPoolUser:
    pool = existing_pool(context, parameters["UserPoolId"])
    return existing_user(context, pool, parameters["Username"])


def _ordered(sub: str, attributes: dict[str, str]) -> tuple[tuple[str, str], ...]:
    rest = tuple((name, value) for name, value in attributes.items() if value and name != "sub")
    return (("sub", sub), *rest)
