"""User pools, their clients, domains, groups and users with real boto3: answered and refused."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sekisho.lab.idp.operations import OPERATIONS, WITHOUT_SIGNATURE
from sekisho.testing import running_lab
from support.boto_lab import AWAY, HOME, REGION, Caller, new_user, policy, profile
from support.user_pools import FLOWS, OAUTH, PASSWORD, TEMPORARY, Pool, ask, new_pool, refused

INVALID = "InvalidParameterException"
MISSING = "ResourceNotFoundException"


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with running_lab(tmp_path_factory.mktemp("pools") / "state") as lab:
        yield profile(lab, "default")


@pytest.fixture(scope="module")
def pool(admin: Caller) -> Pool:
    return new_pool(admin)


def plain(answer: Any) -> Any:
    """Return an answer without what HTTP adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# --- pools


def test_a_pool_is_made_described_listed_changed_and_deleted(admin: Caller) -> None:
    made = ask(
        admin,
        "create_user_pool",
        PoolName="first",
        Policies={"PasswordPolicy": {"MinimumLength": 6, "RequireNumbers": True}},
        AutoVerifiedAttributes=["email"],
        AliasAttributes=["email"],
        Schema=[
            {"Name": "email", "Required": True},
            {"Name": "team", "AttributeDataType": "String", "Mutable": False},
        ],
        AccountRecoverySetting={"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]},
        UserPoolTags={"team": "blue"},
        DeletionProtection="ACTIVE",
    )["UserPool"]
    assert made["Id"].startswith(f"{REGION}_")
    assert len(made["Id"]) == len(f"{REGION}_123456789")
    assert made["Arn"] == f"arn:aws:cognito-idp:{REGION}:{HOME}:userpool/{made['Id']}"
    policy_ = made["Policies"]["PasswordPolicy"]
    assert (policy_["MinimumLength"], policy_["RequireNumbers"], policy_["RequireSymbols"]) == (
        6,
        True,
        False,
    )
    schema = {one["Name"]: one for one in made["SchemaAttributes"]}
    assert schema["email"]["Required"]
    assert not schema["custom:team"]["Mutable"]
    pool = Pool(admin, made["Id"])
    assert pool.ask("describe_user_pool")["UserPool"] == made
    listed = ask(admin, "list_user_pools", MaxResults=60)["UserPools"]
    assert "first" in [one["Name"] for one in listed]
    assert pool.refused("delete_user_pool")[0] == INVALID
    pool.ask("update_user_pool", PoolName="renamed", MfaConfiguration="OFF", UserPoolTags={"team": "red"})
    changed = pool.ask("describe_user_pool")["UserPool"]
    # What is not given goes back to its default.
    assert (changed["Name"], changed["DeletionProtection"], changed["UserPoolTags"]) == (
        "renamed",
        "INACTIVE",
        {"team": "red"},
    )
    assert changed["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    pool.new_client()
    pool.ask("create_group", GroupName="g")
    pool.ask("admin_create_user", Username="u", UserAttributes=[{"Name": "email", "Value": "u@example.com"}])
    pool.ask("delete_user_pool")
    assert pool.refused("describe_user_pool") == (MISSING, f"User pool {made['Id']} does not exist.")
    facts = json.dumps(admin.lab.client.get("/facts"))
    assert made["Id"] not in facts


def test_pools_are_listed_page_by_page(admin: Caller) -> None:
    for number in range(3):
        new_pool(admin, f"page-{number}")
    first = ask(admin, "list_user_pools", MaxResults=2)
    second = ask(admin, "list_user_pools", MaxResults=60, NextToken=first["NextToken"])
    names = [one["Name"] for one in (*first["UserPools"], *second["UserPools"])]
    assert len(names) == len(set(names))
    assert {"page-0", "page-1", "page-2"} <= set(names)
    assert refused(admin, "list_user_pools", MaxResults=2, NextToken="other")[0] == INVALID


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"MfaConfiguration": "ON"}, "SekishoUnserved"),
        ({"LambdaConfig": {"PreSignUp": f"arn:aws:lambda:{REGION}:{HOME}:function:f"}}, "SekishoUnserved"),
        ({"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}, "SekishoUnserved"),
        ({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["EMAIL_OTP"]}}}, "SekishoUnserved"),
        ({"UsernameAttributes": ["email"], "AliasAttributes": ["email"]}, INVALID),
        ({"Schema": [{"Name": "team", "Required": True}]}, INVALID),
        ({"Schema": [{"AttributeDataType": "String"}]}, INVALID),
        ({"Schema": [{"Name": "team", "DeveloperOnlyAttribute": True}]}, "SekishoUnserved"),
        ({"UserPoolTags": {"aws:x": "y"}}, "UserPoolTaggingException"),
        ({"UserPoolTags": {str(i): "" for i in range(51)}}, "UserPoolTaggingException"),
    ],
)
def test_a_pool_that_cannot_be_is_refused(admin: Caller, given: dict[str, Any], code: str) -> None:
    assert refused(admin, "create_user_pool", PoolName="p", **given)[0] == code


def test_a_pool_has_tags(admin: Caller, pool: Pool) -> None:
    arn = f"arn:aws:cognito-idp:{REGION}:{HOME}:userpool/{pool.id}"
    ask(admin, "tag_resource", ResourceArn=arn, Tags={"a": "1", "b": "2"})
    ask(admin, "untag_resource", ResourceArn=arn, TagKeys=["a"])
    assert ask(admin, "list_tags_for_resource", ResourceArn=arn)["Tags"] == {"b": "2"}
    other = arn.replace(REGION, "eu-west-1", 1)
    assert refused(admin, "list_tags_for_resource", ResourceArn=other)[0] == MISSING


def test_permissions_are_decided_on_the_pool(admin: Caller, pool: Pool) -> None:
    arn = f"arn:aws:cognito-idp:{REGION}:{HOME}:userpool/{pool.id}"
    other = new_pool(admin, "another")
    reader = new_user(admin, "reader", policy("cognito-idp:DescribeUserPool", Resource=arn))
    assert Pool(reader, pool.id).ask("describe_user_pool")["UserPool"]["Id"] == pool.id
    code, message = Pool(reader, other.id).refused("describe_user_pool")
    assert code == "AccessDeniedException"
    assert (
        f"cognito-idp:DescribeUserPool on resource: arn:aws:cognito-idp:{REGION}:{HOME}:userpool/{other.id}"
        in message
    )
    tagged = new_user(
        admin,
        "tagged",
        policy(
            "cognito-idp:ListUsers",
            Resource="*",
            Condition={"StringEquals": {"aws:ResourceTag/open": "yes"}},
        ),
    )
    assert Pool(tagged, other.id).refused("list_users")[0] == "AccessDeniedException"
    other_arn = arn.replace(pool.id, other.id)
    ask(admin, "tag_resource", ResourceArn=other_arn, Tags={"open": "yes"})
    assert Pool(tagged, other.id).ask("list_users")["Users"] == []
    maker = new_user(
        admin,
        "maker",
        policy(
            "cognito-idp:CreateUserPool",
            Resource="*",
            Condition={"StringEquals": {"aws:RequestTag/team": "red"}},
        ),
    )
    assert refused(maker, "create_user_pool", PoolName="p")[0] == "AccessDeniedException"
    ask(maker, "create_user_pool", PoolName="p", UserPoolTags={"team": "red"})


def test_pools_of_another_account_and_region_are_not_there(admin: Caller, pool: Pool) -> None:
    away = admin.client("cognito-idp", "eu-west-1")
    with pytest.raises(away.exceptions.ResourceNotFoundException):
        away.describe_user_pool(UserPoolId=pool.id)
    stranger = profile(admin.lab, "target-env")
    assert AWAY in stranger.arn
    assert Pool(stranger, pool.id).refused("describe_user_pool")[0] == MISSING
    assert ask(stranger, "list_user_pools", MaxResults=5)["UserPools"] == []


# --- clients


def test_a_client_is_made_described_listed_changed_and_deleted(pool: Pool) -> None:
    made = pool.new_client(
        "app",
        **OAUTH,
        GenerateSecret=True,
        ReadAttributes=["email", "name"],
        AccessTokenValidity=10,
        TokenValidityUnits={"AccessToken": "minutes"},
        RefreshTokenRotation={"Feature": "DISABLED"},
    )
    assert len(made["ClientId"]) == 26
    assert made["ClientId"].islower() or made["ClientId"].isdecimal()
    assert len(made["ClientSecret"]) >= 51
    assert sorted(made["ExplicitAuthFlows"]) == sorted(FLOWS)
    assert (made["AccessTokenValidity"], made["RefreshTokenValidity"]) == (10, 30)
    who = {"ClientId": made["ClientId"]}
    assert pool.ask("describe_user_pool_client", **who)["UserPoolClient"] == made
    listed = pool.ask("list_user_pool_clients", MaxResults=60)["UserPoolClients"]
    assert {"ClientId": made["ClientId"], "UserPoolId": pool.id, "ClientName": "app"} in listed
    changed = pool.ask("update_user_pool_client", **who, ClientName="other")["UserPoolClient"]
    assert (changed["ClientName"], changed["ClientSecret"]) == ("other", made["ClientSecret"])
    assert "CallbackURLs" not in changed
    assert changed["ExplicitAuthFlows"] == [
        "ALLOW_CUSTOM_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_USER_SRP_AUTH",
    ]
    pool.ask("delete_user_pool_client", **who)
    sentence = f"User pool client {made['ClientId']} does not exist."
    assert pool.refused("describe_user_pool_client", **who) == (MISSING, sentence)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"AllowedOAuthFlowsUserPoolClient": True}, INVALID),
        ({**OAUTH, "CallbackURLs": []}, "InvalidOAuthFlowException"),
        ({**OAUTH, "CallbackURLs": ["http://app.example.com"]}, INVALID),
        ({**OAUTH, "CallbackURLs": ["https://app.example.com/#x"]}, INVALID),
        ({**OAUTH, "CallbackURLs": ["javascript:alert(1)"]}, INVALID),
        ({**OAUTH, "CallbackURLs": ["https://"]}, INVALID),
        ({**OAUTH, "CallbackURLs": ["https://[x"]}, INVALID),
        ({**OAUTH, "CallbackURLs": ["http://localhost@evil.example.com"]}, INVALID),
        ({**OAUTH, "CallbackURLs": ["http://localhost.evil.example.com"]}, INVALID),
        ({**OAUTH, "AllowedOAuthScopes": ["openid", "api/read"]}, "ScopeDoesNotExistException"),
        ({**OAUTH, "AllowedOAuthFlows": ["client_credentials"]}, "SekishoUnserved"),
        ({**OAUTH, "AllowedOAuthFlows": ["implicit"]}, "SekishoUnserved"),
        ({**OAUTH, "DefaultRedirectURI": "https://other.example.com"}, INVALID),
        ({"SupportedIdentityProviders": ["Google"]}, INVALID),
        ({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"]}, INVALID),
        ({"ReadAttributes": ["custom:nothing"]}, INVALID),
        ({"AccessTokenValidity": 4, "TokenValidityUnits": {"AccessToken": "minutes"}}, INVALID),
        ({"AccessTokenValidity": 25}, INVALID),
        ({"RefreshTokenValidity": 59, "TokenValidityUnits": {"RefreshToken": "minutes"}}, INVALID),
        ({"RefreshTokenRotation": {"Feature": "ENABLED"}}, INVALID),
        ({"GenerateSecret": True, "ClientSecret": "s" * 24}, INVALID),
    ],
)
def test_a_client_that_cannot_be_is_refused(pool: Pool, given: dict[str, Any], code: str) -> None:
    parameters = {"ClientName": "c", "ExplicitAuthFlows": list(FLOWS), **given}
    assert pool.refused("create_user_pool_client", **parameters)[0] == code


@pytest.mark.parametrize(
    "given",
    [
        {"AccessTokenValidity": 5, "TokenValidityUnits": {"AccessToken": "minutes"}},
        {"AccessTokenValidity": 24},
        {"RefreshTokenValidity": 60, "TokenValidityUnits": {"RefreshToken": "minutes"}},
        {**OAUTH, "CallbackURLs": ["myapp://done", "http://127.0.0.1:8000", "http://[::1]:8000/cb"]},
        {"ClientSecret": "s" * 24},
    ],
)
def test_a_client_at_the_edge_of_what_can_be(pool: Pool, given: dict[str, Any]) -> None:
    assert pool.new_client(**given)["ClientName"] == "web"


# --- domains


def test_a_domain_belongs_to_one_pool(admin: Caller, pool: Pool) -> None:
    pool.ask("create_user_pool_domain", Domain="people-2")
    described = ask(admin, "describe_user_pool_domain", Domain="people-2")["DomainDescription"]
    assert (described["UserPoolId"], described["AWSAccountId"], described["Status"]) == (
        pool.id,
        HOME,
        "ACTIVE",
    )
    assert pool.ask("describe_user_pool")["UserPool"]["Domain"] == "people-2"
    other = new_pool(admin, "rival")
    assert other.refused("create_user_pool_domain", Domain="people-2") == (
        INVALID,
        "Domain already associated with another user pool.",
    )
    assert pool.refused("create_user_pool_domain", Domain="people-3")[0] == INVALID
    assert other.refused("create_user_pool_domain", Domain="my-aws-login")[0] == INVALID
    assert other.refused("create_user_pool_domain", Domain="Upper")[0] == INVALID
    custom = {"CertificateArn": f"arn:aws:acm:us-east-1:{HOME}:certificate/c"}
    assert (
        other.refused("create_user_pool_domain", Domain="x", CustomDomainConfig=custom)[0]
        == "SekishoUnserved"
    )
    assert other.refused("delete_user_pool_domain", Domain="people-2")[0] == INVALID
    assert pool.refused("delete_user_pool")[0] == INVALID
    pool.ask("delete_user_pool_domain", Domain="people-2")
    gone = ask(admin, "describe_user_pool_domain", Domain="people-2")["DomainDescription"]
    assert gone == {}


# --- groups


def test_a_group_is_made_described_listed_changed_and_deleted(pool: Pool) -> None:
    made = pool.ask("create_group", GroupName="admin", Description="d", Precedence=5)["Group"]
    assert (made["GroupName"], made["UserPoolId"], made["Precedence"]) == ("admin", pool.id, 5)
    assert pool.refused("create_group", GroupName="admin") == (
        "GroupExistsException",
        "A group with the name already exists.",
    )
    assert pool.ask("get_group", GroupName="admin")["Group"] == made
    changed = pool.ask("update_group", GroupName="admin", Precedence=0)["Group"]
    assert (changed["Precedence"], changed["Description"]) == (0, "d")
    pool.ask("create_group", GroupName="zero")
    assert [one["GroupName"] for one in pool.ask("list_groups")["Groups"]] == ["admin", "zero"]
    name = pool.new_user("member@example.com")["Username"]
    for group in ("zero", "admin", "admin"):
        pool.ask("admin_add_user_to_group", Username="member@example.com", GroupName=group)
    mine = pool.ask("admin_list_groups_for_user", Username=name)["Groups"]
    assert [one["GroupName"] for one in mine] == ["admin", "zero"]
    members = pool.ask("list_users_in_group", GroupName="admin")["Users"]
    assert [one["Username"] for one in members] == [name]
    pool.ask("admin_remove_user_from_group", Username=name, GroupName="admin")
    assert pool.ask("list_users_in_group", GroupName="admin")["Users"] == []
    pool.ask("delete_group", GroupName="zero")
    assert pool.ask("admin_list_groups_for_user", Username=name)["Groups"] == []
    assert pool.refused("get_group", GroupName="zero") == (MISSING, "Group not found.")
    assert pool.refused("admin_add_user_to_group", Username=name, GroupName="zero")[0] == MISSING
    assert (
        pool.refused("admin_add_user_to_group", Username="no", GroupName="admin")[0]
        == "UserNotFoundException"
    )


# --- users


def test_a_user_is_made_described_changed_and_deleted(pool: Pool) -> None:
    made = pool.new_user("ann@example.com", None, name="Ann")
    assert made["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    attributes = {one["Name"]: one["Value"] for one in made["Attributes"]}
    assert attributes == {
        "sub": made["Username"],
        "email": "ann@example.com",
        "email_verified": "true",
        "name": "Ann",
    }
    who = {"Username": "ANN@example.com"}
    described = plain(pool.ask("admin_get_user", **who))
    assert described["UserAttributes"] == made["Attributes"]
    changes = [{"Name": "email", "Value": "anna@example.com"}, {"Name": "name", "Value": ""}]
    pool.ask("admin_update_user_attributes", **who, UserAttributes=changes)
    who = {"Username": "anna@example.com"}
    after = {one["Name"]: one["Value"] for one in pool.ask("admin_get_user", **who)["UserAttributes"]}
    assert after == {"sub": made["Username"], "email": "anna@example.com", "email_verified": "false"}
    pool.ask("admin_disable_user", **who)
    assert not pool.ask("admin_get_user", **who)["Enabled"]
    pool.ask("admin_enable_user", **who)
    assert pool.ask("admin_get_user", **who)["Enabled"]
    pool.ask("admin_set_user_password", **who, Password=PASSWORD, Permanent=True)
    assert pool.ask("admin_get_user", **who)["UserStatus"] == "CONFIRMED"
    pool.ask("admin_user_global_sign_out", **who)
    pool.ask("admin_delete_user", **who)
    assert pool.refused("admin_get_user", **who) == ("UserNotFoundException", "User does not exist.")


@pytest.mark.parametrize(
    ("username", "given", "code"),
    [
        ("ann", {}, INVALID),
        ("taken@example.com", {}, "UsernameExistsException"),
        ("TAKEN@example.com", {}, "UsernameExistsException"),
        ("b@example.com", {"UserAttributes": [{"Name": "email", "Value": "c@example.com"}]}, INVALID),
        ("b@example.com", {"UserAttributes": [{"Name": "sub", "Value": "x"}]}, INVALID),
        ("b@example.com", {"UserAttributes": [{"Name": "custom:no", "Value": "x"}]}, INVALID),
        ("b@example.com", {"UserAttributes": [{"Name": "email_verified", "Value": "maybe"}]}, INVALID),
        ("b@example.com", {"UserAttributes": [{"Name": "phone_number", "Value": "12"}]}, INVALID),
        ("b@example.com", {"TemporaryPassword": "short"}, "InvalidPasswordException"),
        ("nobody@example.com", {"MessageAction": "RESEND"}, "UserNotFoundException"),
        ("taken@example.com", {"MessageAction": "RESEND"}, "UnsupportedUserStateException"),
    ],
)
def test_a_user_that_cannot_be_is_refused(
    pool: Pool, username: str, given: dict[str, Any], code: str
) -> None:
    if not any(
        one["Attributes"] for one in pool.ask("list_users", Filter='email = "taken@example.com"')["Users"]
    ):
        pool.new_user("taken@example.com")
    assert pool.refused("admin_create_user", Username=username, **given)[0] == code


def test_names_and_aliases_sign_in_once(admin: Caller) -> None:
    pool = new_pool(admin, "aliases", UsernameAttributes=[], AliasAttributes=["email", "preferred_username"])
    mail = {"Name": "email", "Value": "a@example.com"}
    verified = {"Name": "email_verified", "Value": "true"}
    pool.ask("admin_create_user", Username="ann", UserAttributes=[mail, verified])
    assert pool.ask("admin_get_user", Username="A@example.com")["Username"] == "ann"
    assert pool.refused("admin_create_user", Username="Ann")[0] == "UsernameExistsException"
    assert pool.refused("admin_create_user", Username="x@example.com")[0] == INVALID
    taken = pool.refused("admin_create_user", Username="bob", UserAttributes=[mail, verified])
    assert taken == ("AliasExistsException", "An account with the given email already exists.")
    invited = pool.ask(
        "admin_create_user", Username="ann", MessageAction="RESEND", TemporaryPassword=TEMPORARY
    )
    assert invited["User"]["Username"] == "ann"
    assert pool.refused("admin_create_user", Username="ann", MessageAction="RESEND")[0] == "SekishoUnserved"


def test_users_are_listed_by_filter_and_page_by_page(admin: Caller) -> None:
    pool = new_pool(admin, "listed")
    for name in ("a1@example.com", "a2@example.com", "b1@example.com"):
        pool.new_user(name, None)
    found = pool.ask("list_users", Filter='email ^= "a"', AttributesToGet=["email"])["Users"]
    assert [one["Attributes"] for one in found] == [
        [{"Name": "email", "Value": "a1@example.com"}],
        [{"Name": "email", "Value": "a2@example.com"}],
    ]
    first = pool.ask("list_users", Limit=2)
    second = pool.ask("list_users", PaginationToken=first["PaginationToken"])
    assert (len(first["Users"]), len(second["Users"])) == (2, 1)
    assert pool.refused("list_users", Filter="email")[0] == INVALID
    assert pool.refused("list_users", Filter='address = "x"')[0] == INVALID


def test_required_and_fixed_attributes_stay(admin: Caller) -> None:
    schema = [{"Name": "name", "Required": True}, {"Name": "team", "Mutable": False}]
    pool = new_pool(admin, "strict", Schema=schema)
    assert pool.refused("admin_create_user", Username="a@example.com")[0] == INVALID
    pool.new_user("a@example.com", name="A", **{"custom:team": "blue"})
    who = {"Username": "a@example.com"}
    for name, value in (("name", ""), ("custom:team", "red"), ("email", "not an address")):
        changed = [{"Name": name, "Value": value}]
        assert pool.refused("admin_update_user_attributes", **who, UserAttributes=changed)[0] == INVALID


def test_what_nobody_answers_is_refused_in_a_sentence(admin: Caller, pool: Pool) -> None:
    signed = pool.refused("set_user_pool_mfa_config", MfaConfiguration="ON")
    assert signed == (
        "SekishoUnserved",
        "the lab does not serve cognito-idp SetUserPoolMfaConfig; nothing was sent to AWS",
    )
    given = {"ClientId": "a" * 26, "Username": "u@example.com", "Password": PASSWORD}
    assert refused(admin, "sign_up", **given)[0] == "SekishoUnserved"


def test_the_tables_do_not_overlap() -> None:
    assert not set(OPERATIONS) & set(WITHOUT_SIGNATURE)
