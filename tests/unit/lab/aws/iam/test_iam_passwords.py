"""Passwords of users and the account's policy about them."""

from typing import Any

import pytest

from sekisho.decide.values import Secret
from sekisho.facts import Kind, User
from unit.lab.aws.iam.build import ACCOUNT, MIRA, NOW, ROOT, SESSION, Iam

USER = User(ACCOUNT, "mira", "AIDAMIRAMIRAMIRAMIRA1", NOW)
WHO: dict[str, str] = {"UserName": "mira"}
GOOD, BETTER = "Correct-horse1", "Battery-staple2"


def account(password: str = "") -> Iam:
    iam = Iam(USER)
    if password:
        iam.ask("CreateLoginProfile", **WHO, Password=password)
    return iam


def test_a_password_is_given_changed_and_taken_away() -> None:
    iam = account()
    made = iam.ask("CreateLoginProfile", **WHO, Password=GOOD, PasswordResetRequired=True)["LoginProfile"]
    assert made == {"UserName": "mira", "CreateDate": NOW, "PasswordResetRequired": True}
    assert iam.ask("GetLoginProfile", **WHO)["LoginProfile"] == made
    iam.ask("UpdateLoginProfile", **WHO, PasswordResetRequired=False)
    iam.ask("UpdateLoginProfile", **WHO, Password=BETTER)
    assert iam.ask("GetLoginProfile", **WHO)["LoginProfile"]["PasswordResetRequired"] is False
    iam.ask("DeleteLoginProfile", **WHO)
    refused = ("NoSuchEntity", "Login Profile for User mira cannot be found.", 404)
    for operation in ("GetLoginProfile", "DeleteLoginProfile", "UpdateLoginProfile"):
        assert iam.refusal(operation, **WHO) == refused
    assert iam.secrets == {f"password/{USER.user_id}": None}


def test_only_hashes_are_kept_and_none_of_them_as_a_fact() -> None:
    iam = account(GOOD)
    kept = iam.secrets[f"password/{USER.user_id}"]
    assert isinstance(kept, Secret)
    assert GOOD not in kept.reveal()
    assert "hash" not in repr(iam.known(Kind.LOGIN_PROFILE))


def test_a_user_has_one_password() -> None:
    refused = account(GOOD).refusal("CreateLoginProfile", **WHO, Password=BETTER)
    assert refused == ("EntityAlreadyExists", "Login Profile for user mira already exists.", 409)


def test_a_profile_without_a_password_is_refused() -> None:
    assert account().refusal("CreateLoginProfile", **WHO)[0] == "ValidationError"


def test_a_profile_goes_with_its_user_and_holds_up_the_deletion() -> None:
    iam = account(GOOD)
    iam.ask("UpdateUser", UserName="mira", NewUserName="mara")
    assert iam.ask("GetLoginProfile", UserName="mara")["LoginProfile"]["UserName"] == "mara"
    refused = ("DeleteConflict", "Cannot delete entity, must delete login profile first.", 409)
    assert iam.refusal("DeleteUser", UserName="mara") == refused
    iam.ask("DeleteLoginProfile", UserName="mara")
    iam.ask("DeleteUser", UserName="mara")


def test_a_user_changes_its_own_password() -> None:
    iam = account(GOOD)
    iam.ask("UpdateLoginProfile", **WHO, PasswordResetRequired=True)
    iam.caller = MIRA
    wrong = iam.refusal("ChangePassword", OldPassword=BETTER, NewPassword=BETTER)
    assert wrong == ("AccessDenied", "The old password was incorrect.", 403)
    iam.ask("ChangePassword", OldPassword=GOOD, NewPassword=BETTER)
    assert iam.ask("GetLoginProfile")["LoginProfile"]["PasswordResetRequired"] is False
    assert iam.refusal("ChangePassword", OldPassword=GOOD, NewPassword=GOOD)[0] == "AccessDenied"


@pytest.mark.parametrize("caller", [ROOT, SESSION])
def test_nobody_else_changes_a_password_of_its_own(caller: Any) -> None:
    iam = account(GOOD)
    iam.caller = caller
    refused = iam.refusal("ChangePassword", OldPassword=GOOD, NewPassword=BETTER)
    assert refused == ("InvalidUserType", "Only IAM Users can change their own password.", 400)


def test_a_password_whose_hash_is_gone_is_never_right() -> None:
    iam = account(GOOD)
    iam.secrets.clear()
    iam.caller = MIRA
    assert iam.refusal("ChangePassword", OldPassword=GOOD, NewPassword=BETTER)[0] == "AccessDenied"


DEFAULTS: dict[str, tuple[str, bool]] = {
    "eight characters of three kinds": ("Abcdef12", True),
    "seven characters": ("Abcde12", False),
    "two kinds": ("abcdef12", False),
    "symbols are a kind": ("abcdef1!", True),
    "the name of the user": ("mira", False),
    "the number of the account": (str(ACCOUNT), False),
}


@pytest.mark.parametrize(("password", "taken"), DEFAULTS.values(), ids=DEFAULTS.keys())
def test_what_every_account_asks_of_passwords(password: str, taken: bool) -> None:
    if taken:
        account().ask("CreateLoginProfile", **WHO, Password=password)
    else:
        refused = account().refusal("CreateLoginProfile", **WHO, Password=password)
        assert (refused[0], refused[2]) == ("PasswordPolicyViolation", 400)


def test_a_password_is_not_the_name_of_its_user() -> None:
    iam = Iam(User(ACCOUNT, "Mira-2026", "AIDAMIRAMIRAMIRAMIRA2", NOW))
    refused = iam.refusal("CreateLoginProfile", UserName="Mira-2026", Password="Mira-2026")
    assert refused[0] == "PasswordPolicyViolation"


RULES: dict[str, tuple[dict[str, Any], str, str]] = {
    "length": ({"MinimumPasswordLength": 9}, "abcdefgh", "abcdefghi"),
    "the least length": ({}, "abcde", "abcdef"),
    "upper case": ({"RequireUppercaseCharacters": True}, "abcdef", "abcdeF"),
    "lower case": ({"RequireLowercaseCharacters": True}, "ABCDEF", "ABCDEf"),
    "numbers": ({"RequireNumbers": True}, "abcdef", "abcde1"),
    "symbols": ({"RequireSymbols": True}, "abcdef", "abcde!"),
}


@pytest.mark.parametrize(("rule", "bad", "good"), RULES.values(), ids=RULES.keys())
def test_the_rules_of_an_account_s_own_policy(rule: dict[str, Any], bad: str, good: str) -> None:
    iam = account()
    iam.ask("UpdateAccountPasswordPolicy", **rule)
    refused = iam.refusal("CreateLoginProfile", **WHO, Password=bad)
    assert (refused[0], refused[2]) == ("PasswordPolicyViolation", 400)
    iam.ask("CreateLoginProfile", **WHO, Password=good)


def test_earlier_passwords_may_not_come_back() -> None:
    iam = account("Password-0")
    iam.ask("UpdateAccountPasswordPolicy", PasswordReusePrevention=2)
    iam.ask("UpdateLoginProfile", **WHO, Password="Password-1")
    iam.ask("UpdateLoginProfile", **WHO, Password="Password-2")
    for recent in ("Password-1", "Password-2"):
        refused = iam.refusal("UpdateLoginProfile", **WHO, Password=recent)
        assert refused == ("PasswordPolicyViolation", "Password has been used recently.", 400)
    iam.ask("UpdateLoginProfile", **WHO, Password="Password-0")


def test_the_policy_of_an_account_is_set_shown_and_deleted() -> None:
    iam = account()
    absent = iam.refusal("GetAccountPasswordPolicy")
    assert absent == (
        "NoSuchEntity",
        "The Password Policy with domain name 111122223333 cannot be found.",
        404,
    )
    assert iam.refusal("DeleteAccountPasswordPolicy")[0] == "NoSuchEntity"
    iam.ask("UpdateAccountPasswordPolicy", MaxPasswordAge=90, PasswordReusePrevention=3, HardExpiry=True)
    shown = iam.ask("GetAccountPasswordPolicy")["PasswordPolicy"]
    assert (shown["MinimumPasswordLength"], shown["ExpirePasswords"], shown["MaxPasswordAge"]) == (
        6,
        True,
        90,
    )
    assert (shown["PasswordReusePrevention"], shown["HardExpiry"]) == (3, True)
    # What is not given goes back to its default.
    iam.ask("UpdateAccountPasswordPolicy", RequireSymbols=True)
    shown = iam.ask("GetAccountPasswordPolicy")["PasswordPolicy"]
    assert (shown["RequireSymbols"], shown["ExpirePasswords"]) == (True, False)
    assert "MaxPasswordAge" not in shown
    iam.ask("DeleteAccountPasswordPolicy")
    assert iam.refusal("GetAccountPasswordPolicy") == absent
