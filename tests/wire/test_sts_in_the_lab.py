"""Sessions in a running lab, with real boto3: the chain across two accounts, and every way it breaks.

What the client is told is AWS's code; the journal has the whole reason.
"""

import json
from itertools import count
from typing import Any

import pytest

from sekisho.testing import RunningLab
from support.boto_lab import (
    AWAY,
    HOME,
    Caller,
    Refused,
    assuming,
    codes_of,
    last_refusal,
    new_role,
    new_user,
    policy,
    trust,
)

SPOKE = f"arn:aws:iam::{AWAY}:role/spoke"
MAY_ASSUME = policy("sts:AssumeRole", Resource="*")
MAY_STS = policy("sts:*", Resource="*")
TARGET = policy("s3:ListAllMyBuckets", "eks:DescribeCluster", "eks:ListClusters", Resource="*")
ALL = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def ci(home: Caller) -> Caller:
    """Return a user who may do anything of STS."""
    return new_user(home, "ci", MAY_STS)


@pytest.fixture(scope="module")
def hub(home: Caller, ci: Caller) -> Caller:
    """Return a session of the first role of a chain."""
    new_role(home, "hub", trust(HOME), MAY_STS, seconds=43_200)
    return ci.assume("hub", HOME, "first")


def fresh(name: str) -> str:
    """Return a name that no other test uses."""
    return f"{name}-{next(_NUMBERS)}"


def denied(caller: str, role: str, action: str = "sts:AssumeRole", account: str = AWAY) -> Refused:
    text = (
        f"User: {caller} is not authorized to perform: {action} "
        f"on resource: arn:aws:iam::{account}:role/{role}"
    )
    return Refused("AccessDenied", 403, text)


def test_the_chain_across_two_accounts(home: Caller, away: Caller, ci: Caller) -> None:
    hub_arn = new_role(home, "ci-account-iam-role", trust(HOME))
    target = new_role(away, "target-account-iam-role", trust(hub_arn, Condition={}), TARGET)
    may = policy("sts:AssumeRole", Resource=target)
    home.ask("iam", "put_role_policy", RoleName="ci-account-iam-role", PolicyName="x", PolicyDocument=may)
    first = ci.assume("ci-account-iam-role", HOME, "ci")
    second = first.assume("target-account-iam-role", name="xactarget")
    assert first.arn == f"arn:aws:sts::{HOME}:assumed-role/ci-account-iam-role/ci"
    assert second.arn == f"arn:aws:sts::{AWAY}:assumed-role/target-account-iam-role/xactarget"
    assert second.ask("s3", "list_buckets")["Buckets"] == []
    assert second.ask("eks", "list_clusters")["clusters"] == []
    refused = first.refused("eks", "list_clusters")
    assert (refused.code, refused.status) == ("AccessDeniedException", 403)


SIDES: dict[str, tuple[str, str, list[str]]] = {
    "the caller has no permission": (
        policy("s3:*", Resource="*"),
        trust(HOME),
        ["sts.not-authorized", "iam.no-statement-allows"],
    ),
    "the caller may assume another role": (
        policy("sts:AssumeRole", Resource=f"{SPOKE}-other"),
        trust(HOME),
        ["sts.not-authorized", "iam.no-statement-allows"],
    ),
    "the caller is denied": (
        policy("sts:AssumeRole", Resource="*", Effect="Deny"),
        trust(HOME),
        ["sts.not-authorized", "iam.denied"],
    ),
    "the role trusts another user": (
        MAY_ASSUME,
        trust(f"arn:aws:iam::{HOME}:user/ci"),
        ["sts.not-authorized", "iam.no-resource-policy-allows"],
    ),
    "the role trusts its own account only": (
        MAY_ASSUME,
        trust(AWAY),
        ["sts.not-authorized", "iam.no-resource-policy-allows"],
    ),
    "the role trusts a service": (
        MAY_ASSUME,
        policy("sts:AssumeRole", Principal={"Service": "eks.amazonaws.com"}),
        ["sts.not-authorized", "iam.no-resource-policy-allows"],
    ),
    "the role denies the caller's account": (
        MAY_ASSUME,
        trust(HOME, Effect="Deny"),
        ["sts.not-authorized", "iam.denied"],
    ),
    "neither side": (
        policy("s3:*", Resource="*"),
        trust(AWAY),
        ["sts.not-authorized", "iam.no-resource-policy-allows", "iam.no-statement-allows"],
    ),
}


@pytest.mark.parametrize("case", SIDES)
def test_without_one_side_s_policy_no_session_crosses(
    lab: RunningLab, home: Caller, away: Caller, ci: Caller, case: str
) -> None:
    of_caller, of_role, codes = SIDES[case]
    name = fresh("side")
    caller = new_user(home, name, of_caller)
    new_role(away, name, of_role)
    who = f"arn:aws:iam::{HOME}:user/{name}"
    assert caller.refused("sts", "assume_role", **assuming(name)) == denied(who, name)
    entry = last_refusal(lab)
    assert (entry["who"], entry["code"], entry["asked"]) == (who, codes[0], ["sts AssumeRole"])
    assert codes_of(entry) == codes
    assert [link["link"] for link in entry["chain"]["links"]] == ["signature", "permission"]
    assert ci.arn.endswith("/ci")


def test_a_missing_trust_is_repaired_by_what_the_journal_says(
    lab: RunningLab, away: Caller, home: Caller
) -> None:
    name = fresh("repair")
    caller = new_user(home, name, MAY_ASSUME)
    new_role(away, name, trust(AWAY))
    caller.refused("sts", "assume_role", **assuming(name))
    link = last_refusal(lab)["chain"]["links"][-1]
    assert "iam.fix.add-principal" in [repair["code"] for repair in link["repairs"]]
    assert [step["code"] for step in link["nearest"]] == ["iam.principal-not-listed"]
    trusted = trust(caller.arn)
    away.ask("iam", "update_assume_role_policy", RoleName=name, PolicyDocument=trusted)
    assert caller.assume(name).arn == f"arn:aws:sts::{AWAY}:assumed-role/{name}/s-1"


EXTERNAL_IDS: dict[str, tuple[dict[str, str], bool]] = {
    "the right one": ({"ExternalId": "tide-1"}, True),
    "another one": ({"ExternalId": "tide-2"}, False),
    "in other letters": ({"ExternalId": "TIDE-1"}, False),
    "none": ({}, False),
}


@pytest.mark.parametrize("case", EXTERNAL_IDS)
def test_an_external_id_has_to_be_the_one(lab: RunningLab, away: Caller, ci: Caller, case: str) -> None:
    sent, permitted = EXTERNAL_IDS[case]
    name = fresh("external")
    new_role(away, name, trust(HOME, Condition={"StringEquals": {"sts:ExternalId": "tide-1"}}))
    if permitted:
        assert ci.assume(name, **sent).arn.endswith(f"{name}/s-1")
        return
    assert ci.refused("sts", "assume_role", **assuming(name), **sent).code == "AccessDenied"
    entry = last_refusal(lab)
    assert entry["code"] == "sts.not-authorized"
    nearest = entry["chain"]["links"][-1]["nearest"]
    assert "sts:externalid" in json.dumps(nearest).lower()


def test_conditions_on_time_and_transport_hold_for_trust_policies(away: Caller, ci: Caller) -> None:
    name = fresh("door")
    condition = {
        "Bool": {"aws:SecureTransport": "true"},
        "DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"},
        "IpAddress": {"aws:SourceIp": "127.0.0.0/8"},
    }
    new_role(away, name, trust(HOME, Condition=condition))
    assert ci.assume(name).arn.endswith(f"{name}/s-1")


def test_a_role_that_is_not_there_reads_like_one_that_does_not_trust(lab: RunningLab, ci: Caller) -> None:
    who = f"arn:aws:iam::{HOME}:user/ci"
    assert ci.refused("sts", "assume_role", **assuming("nobody")) == denied(who, "nobody")
    assert last_refusal(lab)["code"] == "sts.role-unknown"


def test_a_role_under_another_path_is_named_as_the_nearest(lab: RunningLab, away: Caller, ci: Caller) -> None:
    name = fresh("path")
    away.ask("iam", "create_role", RoleName=name, Path="/team/", AssumeRolePolicyDocument=trust(HOME))
    assert ci.refused("sts", "assume_role", **assuming(name)).code == "AccessDenied"
    entry = last_refusal(lab)
    assert codes_of(entry, "nearest") == ["sts.near.role"]
    assert f"role/team/{name}" in json.dumps(entry["chain"]["links"][-1]["nearest"])
    assert ci.assume(f"team/{name}").arn == f"arn:aws:sts::{AWAY}:assumed-role/{name}/s-1"


def test_a_session_is_as_long_as_the_role_allows_and_no_longer(
    lab: RunningLab, away: Caller, ci: Caller
) -> None:
    name = fresh("long")
    new_role(away, name, trust(HOME), seconds=7200)
    assert ci.assume(name, DurationSeconds=7200).arn.endswith(f"{name}/s-1")
    told = ci.refused("sts", "assume_role", **assuming(name), DurationSeconds=7201)
    text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert told == Refused("ValidationError", 400, text)
    entry = last_refusal(lab)
    assert entry["code"] == "sts.duration-over-role"
    repairs = [repair["code"] for repair in entry["chain"]["links"][-1]["repairs"]]
    assert repairs == ["sts.fix.shorten", "sts.fix.raise-maximum"]


def test_the_second_hop_lasts_an_hour_at_most(lab: RunningLab, away: Caller, hub: Caller) -> None:
    name = fresh("hop")
    new_role(away, name, trust(HOME), seconds=43_200)
    assert hub.assume(name, DurationSeconds=3600).arn.endswith(f"{name}/s-1")
    told = hub.refused("sts", "assume_role", **assuming(name), DurationSeconds=3601)
    assert (told.code, told.status) == ("ValidationError", 400)
    assert "1 hour session limit for roles assumed by role chaining" in told.message
    assert last_refusal(lab)["code"] == "sts.duration-over-chaining"


def test_a_role_assumed_with_a_session_of_a_user_lasts_an_hour_at_most_too(
    lab: RunningLab, away: Caller, ci: Caller
) -> None:
    name = fresh("hop")
    new_role(away, name, trust(HOME), seconds=43_200)
    session = ci.with_credentials(ci.ask("sts", "get_session_token"))
    assert session.assume(name, DurationSeconds=3600).arn.endswith(f"{name}/s-1")
    assert session.refused("sts", "assume_role", **assuming(name), DurationSeconds=3601).status == 400
    assert last_refusal(lab)["code"] == "sts.duration-over-chaining"


@pytest.mark.parametrize(
    ("member", "value", "action"),
    [
        ("Tags", [{"Key": "team", "Value": "tide"}], "sts:TagSession"),
        ("SourceIdentity", "mira", "sts:SetSourceIdentity"),
    ],
)
def test_tags_and_source_identity_need_a_permission_of_their_own_on_both_sides(
    lab: RunningLab, home: Caller, away: Caller, ci: Caller, member: str, value: Any, action: str
) -> None:
    name = fresh("more")
    caller = new_user(home, name, MAY_ASSUME)
    new_role(away, name, trust(HOME, *ALL))
    new_role(away, f"{name}-closed", trust(HOME))
    who = f"arn:aws:iam::{HOME}:user/{name}"
    told = caller.refused("sts", "assume_role", **assuming(name), **{member: value})
    assert told == denied(who, name, action)
    assert codes_of(last_refusal(lab)) == ["sts.not-authorized", "iam.no-statement-allows"]
    told = ci.refused("sts", "assume_role", **assuming(f"{name}-closed"), **{member: value})
    assert told == denied(f"arn:aws:iam::{HOME}:user/ci", f"{name}-closed", action)
    assert codes_of(last_refusal(lab)) == ["sts.not-authorized", "iam.no-resource-policy-allows"]
    assert ci.assume(name, **{member: value}).arn.endswith(f"{name}/s-1")


def test_transitive_tags_and_the_source_identity_go_down_the_chain(
    lab: RunningLab, home: Caller, away: Caller, ci: Caller
) -> None:
    first, second = fresh("carry"), fresh("carry")
    new_role(home, first, trust(HOME, *ALL), MAY_STS)
    by_tag = {"StringEquals": {"aws:PrincipalTag/team": "tide", "aws:SourceIdentity": "mira"}}
    new_role(away, second, trust(HOME, *ALL), policy("s3:ListAllMyBuckets", Resource="*", Condition=by_tag))
    tags = [{"Key": "team", "Value": "tide"}, {"Key": "stage", "Value": "ci"}]
    carrying = ci.assume(first, HOME, Tags=tags, TransitiveTagKeys=["team"], SourceIdentity="mira")
    bare = ci.assume(first, HOME)
    assert carrying.assume(second).ask("s3", "list_buckets")["Buckets"] == []
    assert bare.assume(second).refused("s3", "list_buckets").code == "AccessDenied"
    told = carrying.refused("sts", "assume_role", **assuming(second), SourceIdentity="noor")
    assert (told.code, last_refusal(lab)["code"]) == ("ValidationError", "sts.source-identity-fixed")
    told = carrying.refused("sts", "assume_role", **assuming(second), Tags=[{"Key": "Team", "Value": "ebb"}])
    assert (told.code, told.status) == ("InvalidParameterValue", 400)
    assert last_refusal(lab)["code"] == "sts.transitive-tag-fixed"


NAMES = {
    "with every sign": ("a+b=c,d.e@f-g_h", True),
    "of two": ("ab", True),
    "of sixty-four": ("a" * 64, True),
    "of sixty-five": ("a" * 65, False),
    "with a blank": ("a b", False),
    "with a slash": ("a/b", False),
    "with a colon": ("a:b", False),
    "beyond ASCII": ("tsunami-\u6d25\u6ce2", False),
}


@pytest.mark.parametrize("case", NAMES)
def test_the_grammar_of_session_names(lab: RunningLab, away: Caller, ci: Caller, case: str) -> None:
    name, permitted = NAMES[case]
    role = fresh("named")
    new_role(away, role, trust(HOME))
    if permitted:
        assert ci.assume(role, name=name).arn == f"arn:aws:sts::{AWAY}:assumed-role/{role}/{name}"
        return
    told = ci.refused("sts", "assume_role", **assuming(role, name=name))
    assert (told.code, told.status) == ("ValidationError", 400)
    assert "1 validation error detected" in told.message
    assert "'roleSessionName' failed to satisfy constraint" in told.message
    assert last_refusal(lab)["status"] == 400


def test_a_session_policy_only_narrows(lab: RunningLab, away: Caller, ci: Caller) -> None:
    name = fresh("narrow")
    new_role(away, name, trust(HOME), TARGET)
    whole = ci.assume(name)
    narrow = ci.assume(name, name="narrow", Policy=policy("eks:ListClusters", "iam:*", Resource="*"))
    assert whole.ask("s3", "list_buckets")["Buckets"] == []
    assert narrow.ask("eks", "list_clusters")["clusters"] == []
    told = narrow.refused("s3", "list_buckets")
    assert (told.code, told.status) == ("AccessDenied", 403)
    assert "no session policy allows the s3:ListAllMyBuckets action" in told.message
    assert "iam.no-session-policy-allows" in codes_of(last_refusal(lab))
    assert narrow.refused("iam", "list_users").code == "AccessDenied"


def test_a_managed_session_policy_narrows_too(away: Caller, ci: Caller) -> None:
    name = fresh("managed")
    new_role(away, name, trust(HOME), TARGET)
    arns = [{"arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}]
    narrow = ci.assume(name, PolicyArns=arns)
    assert narrow.ask("s3", "list_buckets")["Buckets"] == []
    assert narrow.refused("eks", "list_clusters").code == "AccessDeniedException"


def test_permissions_are_those_of_the_role_at_the_moment_of_use(away: Caller, ci: Caller) -> None:
    name = fresh("moment")
    new_role(away, name, trust(HOME))
    session = ci.assume(name)
    assert session.refused("iam", "list_users").code == "AccessDenied"
    may = policy("iam:ListUsers", Resource="*")
    away.ask("iam", "put_role_policy", RoleName=name, PolicyName="x", PolicyDocument=may)
    assert [user["UserName"] for user in session.ask("iam", "list_users")["Users"]] == ["eks-admin"]


def test_who_each_kind_of_caller_is(home: Caller, ci: Caller, hub: Caller) -> None:
    user = home.ask("iam", "get_user", UserName="ci")["User"]
    role = home.ask("iam", "get_role", RoleName="hub")["Role"]
    guest = ci.with_credentials(ci.ask("sts", "get_federation_token", Name="guest"))
    again = ci.with_credentials(ci.ask("sts", "get_session_token"))
    callers = {
        "user": (ci, user["Arn"], user["UserId"]),
        "session of a user": (again, user["Arn"], user["UserId"]),
        "session of a role": (hub, f"arn:aws:sts::{HOME}:assumed-role/hub/first", f"{role['RoleId']}:first"),
        "federated user": (guest, f"arn:aws:sts::{HOME}:federated-user/guest", f"{HOME}:guest"),
    }
    for kind, (caller, arn, user_id) in callers.items():
        told = caller.ask("sts", "get_caller_identity")
        assert (told["Account"], told["Arn"], told["UserId"]) == (HOME, arn, user_id), kind


def test_a_federated_user_does_what_both_it_and_its_user_may(lab: RunningLab, home: Caller) -> None:
    name = fresh("vouching")
    may = policy("sts:GetFederationToken", "s3:ListAllMyBuckets", Resource="*")
    caller = new_user(home, name, may)
    both = policy("s3:ListAllMyBuckets", "eks:ListClusters", Resource="*")
    guest = caller.with_credentials(caller.ask("sts", "get_federation_token", Name="guest", Policy=both))
    bare = caller.with_credentials(caller.ask("sts", "get_federation_token", Name="bare"))
    assert guest.ask("s3", "list_buckets")["Buckets"] == []
    assert guest.refused("eks", "list_clusters").code == "AccessDeniedException"
    assert bare.refused("s3", "list_buckets").code == "AccessDenied"
    told = guest.refused("sts", "assume_role", **assuming("spoke"))
    assert (told.code, last_refusal(lab)["code"]) == ("AccessDenied", "sts.federated-user-may-not")


def test_a_session_of_a_user_calls_nothing_else_of_sts(lab: RunningLab, ci: Caller) -> None:
    again = ci.with_credentials(ci.ask("sts", "get_session_token"))
    told = again.refused("sts", "get_access_key_info", AccessKeyId=ci.key_id)
    assert (told.code, told.status) == ("AccessDenied", 403)
    assert last_refusal(lab)["code"] == "sts.session-not-for-sts"
    assert again.arn == ci.arn


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "This policy contains invalid Json"),
        (policy("s3:*"), "Policy statement must contain resources."),
        ("[]", "Syntax errors in policy."),
    ],
)
def test_a_malformed_session_policy(home: Caller, text: str, sentence: str) -> None:
    told = home.refused("sts", "get_federation_token", Name="guest", Policy=text)
    assert (told.code, told.status, told.message) == ("MalformedPolicyDocument", 400, sentence)


def test_a_session_gets_no_session_token(lab: RunningLab, hub: Caller) -> None:
    for operation, more in (("get_session_token", {}), ("get_federation_token", {"Name": "guest"})):
        told = hub.refused("sts", operation, **more)
        assert (told.code, told.status) == ("AccessDenied", 403)
        assert last_refusal(lab)["code"] == "sts.session-may-not"


def test_whose_account_a_key_is_of(lab: RunningLab, ci: Caller, hub: Caller, away: Caller) -> None:
    for key, account in ((ci.key_id, HOME), (hub.key_id, HOME), (away.key_id, AWAY)):
        assert away.ask("sts", "get_access_key_info", AccessKeyId=key)["Account"] == account
    assert away.refused("sts", "get_access_key_info", AccessKeyId="AKIA" + "Q" * 16).status == 400
    assert last_refusal(lab)["code"] == "sts.access-key-unknown"
