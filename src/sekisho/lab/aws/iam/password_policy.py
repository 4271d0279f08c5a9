"""What passwords of users have to be (IAM User Guide, "Set an account password policy for IAM users")."""

import string
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.decide.values import Secret
from sekisho.facts import Account, Key, Kind, PasswordPolicy, Put
from sekisho.lab.aws.iam.errors import no_such_entity
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters

DEFAULT_LENGTH = 8
"""What a password has at least where the account has no policy of its own."""

_SYMBOLS = frozenset("!@#$%^&*()_+-=[]{}|'")
_DEFAULT_KINDS = 3


def get_account_password_policy(context: Context, _parameters: Parameters) -> Answer:
    """Describe the account's own policy."""
    policy = account_of(context).password_policy
    if policy is None:
        raise no_such_entity(f"The Password Policy with domain name {context.account} cannot be found.")
    return Answer({"PasswordPolicy": _described(policy)})


def update_account_password_policy(context: Context, parameters: Parameters) -> Answer:
    """Set the whole policy: what is not given has its default."""
    policy = PasswordPolicy(
        minimum_length=parameters.get("MinimumPasswordLength") or PasswordPolicy().minimum_length,
        symbols=bool(parameters.get("RequireSymbols")),
        numbers=bool(parameters.get("RequireNumbers")),
        uppercase=bool(parameters.get("RequireUppercaseCharacters")),
        lowercase=bool(parameters.get("RequireLowercaseCharacters")),
        users_may_change=bool(parameters.get("AllowUsersToChangePassword")),
        max_age_days=parameters.get("MaxPasswordAge") or 0,
        reuse_prevention=parameters.get("PasswordReusePrevention") or 0,
        hard_expiry=bool(parameters.get("HardExpiry")),
    )
    return Answer({}, (put_account(replace(account_of(context), password_policy=policy)),))


def delete_account_password_policy(context: Context, _parameters: Parameters) -> Answer:
    """Go back to what every account asks of passwords."""
    account = account_of(context)
    if account.password_policy is None:
        raise no_such_entity("The account policy with name PasswordPolicy cannot be found.")
    return Answer({}, (put_account(replace(account, password_policy=None)),))


def refuse_password(context: Context, user: str, password: Secret) -> None:
    """Return if a user of the account may have ``password``.

    Raises:
        AwsError: it breaks the account's policy, or the one of accounts that have none.
    """
    policy = account_of(context).password_policy
    text = password.reveal()
    problem = _problem(text, policy) if policy is not None else _default_problem(text, user, context.account)
    if problem:
        raise AwsError("PasswordPolicyViolation", problem)


def account_of(context: Context) -> Account:
    """Return the account of the caller."""
    found = context.facts.account(context.account)
    return found or Account(context.account, context.account, context.partition)


def put_account(account: Account) -> Put:
    """Return the event that makes ``account`` true."""
    return Put(Key(Kind.ACCOUNT, "", account.account), account)


def _problem(text: str, policy: PasswordPolicy) -> str:
    if len(text) < policy.minimum_length:
        return f"Password should have a minimum length of {policy.minimum_length}"
    upper, lower, digit, symbol = _kinds(text)
    for wanted, found, noun in (
        (policy.uppercase, upper, "uppercase letter"),
        (policy.lowercase, lower, "lowercase letter"),
        (policy.numbers, digit, "number"),
        (policy.symbols, symbol, "symbol"),
    ):
        if wanted and not found:
            return f"Password should have at least one {noun}"
    return ""


def _default_problem(text: str, user: str, account: str) -> str:
    if len(text) < DEFAULT_LENGTH:
        return f"Password should have a minimum length of {DEFAULT_LENGTH}"
    if sum(_kinds(text)) < _DEFAULT_KINDS:
        return (
            "Password should have at least three of: uppercase letters, lowercase letters, numbers, symbols"
        )
    if text in (user, account):
        return "Password should not be the name of the user or account"
    return ""


def _kinds(text: str) -> tuple[bool, bool, bool, bool]:
    kinds = (string.ascii_uppercase, string.ascii_lowercase, string.digits, _SYMBOLS)
    upper, lower, digit, symbol = (any(character in kind for character in text) for kind in kinds)
    return upper, lower, digit, symbol


def _described(policy: PasswordPolicy) -> Mapping[str, Any]:
    age = {"MaxPasswordAge": policy.max_age_days} if policy.max_age_days else {}
    reuse = {"PasswordReusePrevention": policy.reuse_prevention} if policy.reuse_prevention else {}
    return {
        "MinimumPasswordLength": policy.minimum_length,
        "RequireSymbols": policy.symbols,
        "RequireNumbers": policy.numbers,
        "RequireUppercaseCharacters": policy.uppercase,
        "RequireLowercaseCharacters": policy.lowercase,
        "AllowUsersToChangePassword": policy.users_may_change,
        "ExpirePasswords": bool(policy.max_age_days),
        **age,
        **reuse,
        "HardExpiry": policy.hard_expiry,
    }


OPERATIONS: dict[str, Operation] = {
    "DeleteAccountPasswordPolicy": delete_account_password_policy,
    "GetAccountPasswordPolicy": get_account_password_policy,
    "UpdateAccountPasswordPolicy": update_account_password_policy,
}
