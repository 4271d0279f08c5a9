"""User pools and their tags (Cognito user pools API Reference, "CreateUserPool" and its siblings)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.decide.values import Arn
from sekisho.facts import Delete, Event, PoolPasswordPolicy, Put, UserPool
from sekisho.facts.pool_lookup import (
    PoolFact,
    domain_of_pool,
    pool_clients,
    pool_groups,
    pool_key,
    pool_users,
    user_pools,
)
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page
from sekisho.lab.idp.attributes import custom_attributes, required_attributes, schema_output
from sekisho.lab.idp.pool_context import existing_pool, invalid, not_found, pool_id, unserved
from sekisho.lab.idp.secret_names import client_name, password_name, pool_names, sessions_name

MAX_TAGS = 50

_KEPT = (
    "AccountRecoverySetting",
    "EmailConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "SmsVerificationMessage",
    "SmsAuthenticationMessage",
    "UserAttributeUpdateSettings",
    "UserPoolTier",
    "VerificationMessageTemplate",
)
"""What is kept and given back; nothing in the lab decides by it."""

_UNSERVED = {
    "LambdaConfig": "Lambda triggers of user pools are not served",
    "SmsConfiguration": "text messages of user pools are not served",
    "DeviceConfiguration": "remembered devices of user pools are not served",
    "UserPoolAddOns": "threat protection of user pools is not served",
    "DcrConfiguration": "dynamic client registration is not served",
    "KeyConfiguration": "customer managed keys of user pools are not served",
    "AcrConfiguration": "authentication context classes are not served",
}


def create_user_pool(context: Context, parameters: Parameters) -> Answer:
    """Create a pool with the settings given, and Cognito's defaults for the others."""
    if parameters.get("UsernameAttributes") and parameters.get("AliasAttributes"):
        raise invalid("Only one of the aliasAttributes or usernameAttributes can be set in an user pool.")
    case = parameters.get("UsernameConfiguration") or {}
    pool = UserPool(
        context.account,
        context.region,
        pool_id(context.ids, context.region),
        parameters["PoolName"],
        context.now,
        context.now,
        context.partition,
        username_attributes=tuple(parameters.get("UsernameAttributes") or ()),
        alias_attributes=tuple(parameters.get("AliasAttributes") or ()),
        case_sensitive=bool(case.get("CaseSensitive")),
        required=required_attributes(parameters.get("Schema") or ()),
        custom_attributes=custom_attributes(parameters.get("Schema") or ()),
        tags=_tags(parameters.get("UserPoolTags") or {}),
    )
    pool = _with_settings(pool, parameters)
    return Answer({"UserPool": _described(context, pool)}, (Put(pool_key(pool), pool),))


def describe_user_pool(context: Context, parameters: Parameters) -> Answer:
    """Describe one pool."""
    return Answer({"UserPool": _described(context, existing_pool(context, parameters["UserPoolId"]))})


def list_user_pools(context: Context, parameters: Parameters) -> Answer:
    """List the pools of the account in the region."""
    own = [
        {"Id": one.pool, "Name": one.name, "LambdaConfig": {}, **_dates(one)}
        for one in user_pools(context.facts)
        if (one.account, one.region) == (context.account, context.region)
    ]
    found, token = page(own, parameters.get("NextToken"), parameters["MaxResults"])
    return Answer({"UserPools": found, **({"NextToken": token} if token else {})})


def update_user_pool(context: Context, parameters: Parameters) -> Answer:
    """Change a pool: what is not given goes back to its default, as AWS warns."""
    pool = replace(existing_pool(context, parameters["UserPoolId"]), modified=context.now)
    if parameters.get("PoolName"):
        pool = replace(pool, name=parameters["PoolName"])
    if parameters.get("UserPoolTags") is not None:
        pool = replace(pool, tags=_tags(parameters["UserPoolTags"]))
    pool = _with_settings(pool, parameters)
    return Answer({}, (Put(pool_key(pool), pool),))


def delete_user_pool(context: Context, parameters: Parameters) -> Answer:
    """Delete a pool with all that is in it, and every secret of it."""
    pool = existing_pool(context, parameters["UserPoolId"])
    if pool.deletion_protection:
        raise invalid(
            "The user pool cannot be deleted because deletion protection is activated. "
            "Deletion protection must be inactivated first."
        )
    if domain_of_pool(context.facts, pool) is not None:
        raise invalid("User pool cannot be deleted. It has a domain configured that should be deleted first.")
    clients, users = pool_clients(context.facts, pool.pool), pool_users(context.facts, pool.pool)
    inside: tuple[PoolFact, ...] = (*clients, *pool_groups(context.facts, pool.pool), *users)
    events: tuple[Event, ...] = tuple(Delete(pool_key(one)) for one in (*inside, pool))
    secrets = dict.fromkeys(
        (
            *pool_names(pool.pool),
            *(client_name(one.client) for one in clients),
            *(name(one) for one in users for name in (password_name, sessions_name)),
        )
    )
    return Answer({}, events, secrets)


def tag_resource(context: Context, parameters: Parameters) -> Answer:
    """Add or replace tags of a pool."""
    pool = _by_arn(context, parameters["ResourceArn"])
    tags = _tags({**dict(pool.tags), **parameters["Tags"]})
    return Answer({}, (Put(pool_key(pool), replace(pool, tags=tags)),))


def untag_resource(context: Context, parameters: Parameters) -> Answer:
    """Remove tags of a pool."""
    pool = _by_arn(context, parameters["ResourceArn"])
    left = tuple(tag for tag in pool.tags if tag[0] not in parameters["TagKeys"])
    return Answer({}, (Put(pool_key(pool), replace(pool, tags=left)),))


def list_tags_for_resource(context: Context, parameters: Parameters) -> Answer:
    """List the tags of a pool."""
    return Answer({"Tags": dict(_by_arn(context, parameters["ResourceArn"]).tags)})


OPERATIONS: dict[str, Operation] = {
    "CreateUserPool": create_user_pool,
    "DeleteUserPool": delete_user_pool,
    "DescribeUserPool": describe_user_pool,
    "ListTagsForResource": list_tags_for_resource,
    "ListUserPools": list_user_pools,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UpdateUserPool": update_user_pool,
}


def _with_settings(pool: UserPool, parameters: Parameters) -> UserPool:
    """Return a pool with what both CreateUserPool and UpdateUserPool set."""
    for name, sentence in _UNSERVED.items():
        if parameters.get(name):
            raise unserved(sentence)
    if parameters.get("MfaConfiguration", "OFF") != "OFF":
        raise unserved("multi-factor authentication of user pools is not served")
    policies = parameters.get("Policies") or {}
    factors = (policies.get("SignInPolicy") or {}).get("AllowedFirstAuthFactors") or ["PASSWORD"]
    if factors != ["PASSWORD"]:
        raise unserved("user pools sign in by password only")
    admin = parameters.get("AdminCreateUserConfig") or {}
    kept = {name: parameters[name] for name in _KEPT if parameters.get(name) is not None}
    if admin.get("InviteMessageTemplate"):
        kept["InviteMessageTemplate"] = admin["InviteMessageTemplate"]
    return replace(
        pool,
        password_policy=_policy(policies.get("PasswordPolicy")),
        auto_verified=tuple(parameters.get("AutoVerifiedAttributes") or ()),
        admin_creates_only=bool(admin.get("AllowAdminCreateUserOnly")),
        deletion_protection=parameters.get("DeletionProtection") == "ACTIVE",
        settings=json.dumps(kept, sort_keys=True, ensure_ascii=False),
    )


def _policy(given: Mapping[str, Any] | None) -> PoolPasswordPolicy:
    """Return the policy: of one that is given, a requirement that is not named does not hold."""
    if given is None:
        return PoolPasswordPolicy()
    return PoolPasswordPolicy(
        given.get("MinimumLength") or 8,
        bool(given.get("RequireUppercase")),
        bool(given.get("RequireLowercase")),
        bool(given.get("RequireNumbers")),
        bool(given.get("RequireSymbols")),
        given.get("PasswordHistorySize") or 0,
        given.get("TemporaryPasswordValidityDays") or 7,
    )


def _tags(given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if len(given) > MAX_TAGS:
        raise AwsError("UserPoolTaggingException", f"a user pool has at most {MAX_TAGS} tags")
    if any(key.lower().startswith("aws:") for key in given):
        raise AwsError("UserPoolTaggingException", "Tag keys that start with aws: are reserved.")
    return tuple(given.items())


def _by_arn(context: Context, text: str) -> UserPool:
    try:
        arn = Arn.parse(text)
    except ValueError:
        raise invalid(f"Invalid ARN: {text}") from None
    found = existing_pool(context, arn.resource.removeprefix("userpool/"))
    if found.arn != arn:
        raise not_found(f"User pool {text} does not exist.")
    return found


def _dates(pool: UserPool) -> dict[str, Any]:
    return {"LastModifiedDate": pool.modified, "CreationDate": pool.created}


def _described(context: Context, pool: UserPool) -> Mapping[str, Any]:
    policy = pool.password_policy
    settings = json.loads(pool.settings)
    template = settings.pop("InviteMessageTemplate", None)
    admin: dict[str, Any] = {
        "AllowAdminCreateUserOnly": pool.admin_creates_only,
        "UnusedAccountValidityDays": policy.temporary_days,
    }
    domain = domain_of_pool(context.facts, pool)
    return {
        "Id": pool.pool,
        "Name": pool.name,
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": policy.minimum_length,
                "RequireUppercase": policy.uppercase,
                "RequireLowercase": policy.lowercase,
                "RequireNumbers": policy.numbers,
                "RequireSymbols": policy.symbols,
                **({"PasswordHistorySize": policy.history} if policy.history else {}),
                "TemporaryPasswordValidityDays": policy.temporary_days,
            },
            "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
        },
        "DeletionProtection": "ACTIVE" if pool.deletion_protection else "INACTIVE",
        "LambdaConfig": {},
        **_dates(pool),
        "SchemaAttributes": schema_output(pool),
        **({"AutoVerifiedAttributes": list(pool.auto_verified)} if pool.auto_verified else {}),
        **({"AliasAttributes": list(pool.alias_attributes)} if pool.alias_attributes else {}),
        **({"UsernameAttributes": list(pool.username_attributes)} if pool.username_attributes else {}),
        "UsernameConfiguration": {"CaseSensitive": pool.case_sensitive},
        "MfaConfiguration": "OFF",
        "EstimatedNumberOfUsers": len(pool_users(context.facts, pool.pool)),
        "UserPoolTags": dict(pool.tags),
        **({"Domain": domain.domain} if domain is not None else {}),
        "AdminCreateUserConfig": {**admin, **({"InviteMessageTemplate": template} if template else {})},
        "UserPoolTier": "ESSENTIALS",
        "Arn": str(pool.arn),
        **settings,
    }
