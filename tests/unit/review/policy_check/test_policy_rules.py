"""Each rule of the policy check with both sides: a document that has the fault and its nearest neighbour."""

import pytest

from sekisho.decide.iam import PolicyKind
from sekisho.decide.values import Json
from sekisho.review.policy_check import SEVERITIES, PolicyCode, Severity
from unit.review.policy_check.policy_build import (
    BUCKET,
    ISSUER,
    OBJECTS,
    PROVIDER,
    A,
    asking,
    codes,
    findings,
    policy,
    statement,
    trust,
    when,
)

C = PolicyCode
ROLE = f"arn:aws:iam::{A}:role/app"
USER = {"AWS": f"arn:aws:iam::{A}:user/ana"}
PASS = {"Action": "iam:PassRole", "Resource": "*"}
GITHUB = "token.actions.githubusercontent.com"
DENY_ALL = statement(Effect="Deny", Action="s3:*", Resource="*", Sid="Stop")
ANY = {"Action": "*", "Resource": "*"}
PODS = {"Service": "pods.eks.amazonaws.com"}

CASES: dict[str, tuple[Json, Json, PolicyCode]] = {
    "misspelt service": (
        policy(statement(Action="s33:GetObject")),
        policy(statement()),
        C.UNKNOWN_SERVICE,
    ),
    "misspelt action": (policy(statement(Action="s3:GetObjekt")), policy(statement()), C.UNKNOWN_ACTION),
    "action names ignore case": (
        policy(statement(Action="s3:NoSuch")),
        policy(statement(Action="S3:getobject")),
        C.UNKNOWN_ACTION,
    ),
    "wildcard that matches nothing": (
        policy(statement(Action="s3:Fetch*")),
        policy(statement(Action="s3:GetObj*")),
        C.NO_SUCH_ACTIONS,
    ),
    "GetObject on a bucket": (
        policy(statement(Resource=BUCKET)),
        policy(statement(Resource=f"{BUCKET}/key")),
        C.ACTION_WITHOUT_RESOURCE,
    ),
    "ListBucket on objects": (
        policy(statement(Action="s3:ListBucket")),
        policy(statement(Action="s3:ListBucket", Resource=BUCKET)),
        C.ACTION_WITHOUT_RESOURCE,
    ),
    "each action has one resource of its own": (
        policy(statement(Action=["s3:GetObject", "s3:ListBucket"], Resource=OBJECTS)),
        policy(statement(Action=["s3:GetObject", "s3:ListBucket"], Resource=[BUCKET, OBJECTS])),
        C.ACTION_WITHOUT_RESOURCE,
    ),
    "a wildcard in the bucket may become a slash": (
        policy(statement(Resource="arn:aws:s3:::bucket?")),
        policy(statement(Resource="arn:aws:s3:::bucket*")),
        C.ACTION_WITHOUT_RESOURCE,
    ),
    "action without resource types": (
        policy(statement(Action="s3:ListAllMyBuckets", Resource=BUCKET)),
        policy(statement(Action="s3:ListAllMyBuckets", Resource="*")),
        C.ACTION_ON_ALL_ONLY,
    ),
    "resource of no action": (
        policy(statement(Resource=[BUCKET, OBJECTS])),
        policy(statement(Resource=[OBJECTS, f"{BUCKET}2/*"])),
        C.RESOURCE_WITHOUT_ACTION,
    ),
    "bucket with an account": (
        policy(statement(Action="s3:ListBucket", Resource=f"arn:aws:s3::{A}:bucket")),
        policy(statement(Action="s3:ListBucket", Resource=BUCKET)),
        C.ARN_FORM,
    ),
    "role with a region": (
        policy(statement(Action="iam:GetRole", Resource=f"arn:aws:iam:us-east-1:{A}:role/app")),
        policy(statement(Action="iam:GetRole", Resource=ROLE)),
        C.ARN_FORM,
    ),
    "role without an account": (
        policy(statement(Action="iam:GetRole", Resource="arn:aws:iam:::role/app")),
        policy(statement(Action="iam:GetRole", Resource="arn:aws:iam::*:role/app")),
        C.EMPTY_SECTION,
    ),
    "public document of ssm has no account": (
        policy(statement(Action="eks:DescribeCluster", Resource="arn:aws:eks:*::cluster/c")),
        policy(statement(Action="ssm:SendCommand", Resource="arn:aws:ssm:*::document/AWS-Run")),
        C.EMPTY_SECTION,
    ),
    "no resource of that type": (
        policy(statement(Action="eks:DescribeCluster", Resource=f"arn:aws:eks:*:{A}:klaster/c")),
        policy(statement(Action="eks:DescribeCluster", Resource=f"arn:aws:eks:*:{A}:cluster/c")),
        C.UNKNOWN_RESOURCE,
    ),
    "unknown condition key": (
        policy(when("StringEquals", "aws:SourceVcp", "vpc-1")),
        policy(when("StringEquals", "aws:SourceVpc", "vpc-1")),
        C.UNKNOWN_KEY,
    ),
    "key of another action": (
        policy(when("StringLike", "s3:prefix", "home/*")),
        policy(when("StringLike", "s3:prefix", "home/*", Action="s3:ListBucket", Resource=BUCKET)),
        C.KEY_NOT_BROUGHT,
    ),
    "request tag of an action that takes none": (
        policy(when("StringEquals", "aws:RequestTag/team", "a")),
        policy(when("StringEquals", "aws:RequestTag/team", "a", Action="iam:CreateRole", Resource="*")),
        C.TAG_KEY_NOT_BROUGHT,
    ),
    "StringEquals on a truth value": (
        policy(when("StringEquals", "aws:SecureTransport", "true")),
        policy(when("Bool", "aws:SecureTransport", "true")),
        C.OPERATOR_TYPE,
    ),
    "StringEquals on a number": (
        policy(when("StringEquals", "aws:MultiFactorAuthAge", "10")),
        policy(when("NumericLessThan", "aws:MultiFactorAuthAge", "10")),
        C.OPERATOR_TYPE,
    ),
    "StringEquals on a date": (
        policy(when("StringEquals", "aws:CurrentTime", "2026-01-01T00:00:00Z")),
        policy(when("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z")),
        C.OPERATOR_TYPE,
    ),
    "StringEquals on an address": (
        policy(when("StringEquals", "aws:SourceIp", "10.0.0.1")),
        policy(when("IpAddress", "aws:SourceIp", "10.0.0.1")),
        C.OPERATOR_TYPE,
    ),
    "seconds are numbers and dates": (
        policy(when("Bool", "aws:EpochTime", "true")),
        policy(when("NumericLessThan", "aws:EpochTime", "1800000000")),
        C.OPERATOR_TYPE,
    ),
    "a number in a tag": (
        policy(when("NumericEquals", "aws:PrincipalType", "1")),
        policy(when("NumericEquals", "aws:PrincipalTag/level", "1")),
        C.OPERATOR_TYPE,
    ),
    "an ARN as text": (
        policy(when("StringLike", "aws:PrincipalArn", ROLE)),
        policy(when("ArnLike", "aws:PrincipalArn", ROLE)),
        C.ARN_AS_TEXT,
    ),
    "several values without a set operator": (
        policy(when("StringEquals", "aws:CalledVia", "athena.amazonaws.com")),
        policy(when("ForAnyValue:StringEquals", "aws:CalledVia", "athena.amazonaws.com")),
        C.SET_OPERATOR_MISSING,
    ),
    "one value with a set operator": (
        policy(when("ForAnyValue:StringEquals", "aws:username", "ana")),
        policy(when("StringEquals", "aws:username", "ana")),
        C.SET_OPERATOR_NEEDLESS,
    ),
    "ForAllValues in an Allow": (
        policy(when("ForAllValues:StringEquals", "aws:CalledVia", "athena.amazonaws.com")),
        policy(
            statement(
                Condition={
                    "ForAllValues:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"},
                    "Null": {"aws:CalledVia": "false"},
                }
            )
        ),
        C.ALL_VALUES_OF_NOTHING,
    ),
    "ForAllValues in a Deny": (
        policy(when("ForAllValues:StringEquals", "aws:CalledVia", "a")),
        policy(when("ForAllValues:StringEquals", "aws:CalledVia", "a", Effect="Deny")),
        C.ALL_VALUES_OF_NOTHING,
    ),
    "a number that is none": (
        policy(when("NumericLessThan", "aws:MultiFactorAuthAge", "1h")),
        policy(when("NumericLessThan", "aws:MultiFactorAuthAge", 3600)),
        C.VALUE_FORM,
    ),
    "a network that is none": (
        policy(when("IpAddress", "aws:SourceIp", "10.0.0.0/33")),
        policy(when("IpAddress", "aws:SourceIp", ["10.0.0.0/32", "2001:db8::/32"])),
        C.VALUE_FORM,
    ),
    "a lone star is no ARN": (
        policy(when("ArnLike", "aws:PrincipalArn", "*")),
        policy(when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*")),
        C.VALUE_FORM,
    ),
    "Null takes true or false": (
        policy(when("Null", "aws:username", "yes")),
        policy(when("Null", "aws:username", "TRUE")),
        C.VALUE_FORM,
    ),
    "bytes are base64": (
        policy(when("BinaryEquals", "aws:username", "%")),
        policy(when("BinaryEquals", "aws:username", "QQ==")),
        C.VALUE_FORM,
    ),
    "wildcard in StringEquals": (
        policy(when("StringEquals", "aws:username", "ana*")),
        policy(when("StringLike", "aws:username", "ana*")),
        C.WILDCARD_IN_EQUALS,
    ),
    "question mark in StringEquals": (
        policy(when("StringNotEqualsIfExists", "aws:username", "an?")),
        policy(when("StringEquals", "aws:username", "an${?}")),
        C.WILDCARD_IN_EQUALS,
    ),
    "empty Condition": (
        policy(statement(Condition={})),
        policy(when("StringEquals", "aws:username", "ana")),
        C.EMPTY_CONDITION,
    ),
    "empty operator": (
        policy(statement(Condition={"StringEquals": {}})),
        policy(statement()),
        C.EMPTY_CONDITION,
    ),
    "unknown variable": (
        policy(statement(Resource=f"{BUCKET}/${{aws:user}}/*")),
        policy(statement(Resource=f"{BUCKET}/${{aws:username}}/*")),
        C.UNKNOWN_VARIABLE,
    ),
    "unknown variable in a condition": (
        policy(when("StringEquals", "aws:username", "${foo}")),
        policy(when("StringEquals", "aws:username", "${aws:PrincipalTag/owner, 'nobody'}")),
        C.UNKNOWN_VARIABLE,
    ),
    "variable of several values": (
        policy(statement(Resource=f"{BUCKET}/${{aws:TagKeys}}/*")),
        policy(statement(Resource=f"{BUCKET}/${{aws:userid}}/*")),
        C.MULTIVALUED_VARIABLE,
    ),
    "variable in the old version": (
        policy(statement(Resource=f"{BUCKET}/${{aws:username}}/*"), version="2008-10-17"),
        policy(statement(Resource=f"{BUCKET}/${{aws:username}}/*")),
        C.VARIABLE_AS_TEXT,
    ),
    "provider with a scheme": (
        policy(trust(Principal={"Federated": f"arn:aws:iam::{A}:oidc-provider/https://{ISSUER}"})),
        policy(trust()),
        C.PROVIDER_HTTPS,
    ),
    "key with a scheme": (
        policy(trust(Condition={"StringEquals": {f"https://{ISSUER}:sub": "s"}})),
        policy(trust()),
        C.KEY_HTTPS,
    ),
    "key of another provider": (
        policy(trust(Condition={"StringEquals": {f"{ISSUER}D:sub": "s"}})),
        policy(trust()),
        C.OTHER_PROVIDER,
    ),
    "no audience": (
        policy(asking({"sub": "s"})),
        policy(asking({"sub": "s", "aud": "sts.amazonaws.com"})),
        C.NO_AUDIENCE,
    ),
    "no subject": (policy(asking({"aud": "a"})), policy(asking({"aud": "a", "sub": "s"})), C.NO_SUBJECT),
    "a negated subject limits nobody": (
        policy(asking({"sub": "s"}, "StringNotEquals")),
        policy(asking({"sub": "s"}, "StringLike")),
        C.NO_SUBJECT,
    ),
    "IfExists lets tokens without the claim in": (
        policy(asking({"sub": "s"}, "StringEqualsIfExists")),
        policy(asking({"sub": "s"})),
        C.NO_SUBJECT,
    ),
    "no subject at a provider for all": (
        policy(
            trust(
                Principal={"Federated": f"arn:aws:iam::{A}:oidc-provider/{GITHUB}"},
                Condition={"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}},
            )
        ),
        policy(asking({"aud": "a"})),
        C.PUBLIC_PROVIDER,
    ),
    "subject of any namespace": (
        policy(asking({"aud": "a", "sub": "system:serviceaccount:*:app"}, "StringLike")),
        policy(asking({"aud": "a", "sub": "system:serviceaccount:ns:*"}, "StringLike")),
        C.WIDE_SUBJECT,
    ),
    "federated principal with AssumeRole": (
        policy(trust(Action="sts:AssumeRole")),
        policy(trust()),
        C.PRINCIPAL_ACTION,
    ),
    "service with web identity": (
        policy(trust(Principal={"Service": "ec2.amazonaws.com"}, Condition=None)),
        policy(trust(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole", Condition=None)),
        C.PRINCIPAL_ACTION,
    ),
    "SAML provider": (
        policy(trust(Principal={"Federated": f"arn:aws:iam::{A}:saml-provider/p"}, Condition=None)),
        policy(
            trust(
                Principal={"Federated": f"arn:aws:iam::{A}:saml-provider/p"},
                Action="sts:AssumeRoleWithSAML",
                Condition=None,
            )
        ),
        C.PRINCIPAL_ACTION,
    ),
    "Pod Identity without TagSession": (
        policy(trust(Principal=PODS, Action="sts:AssumeRole", Condition=None)),
        policy(trust(Principal=PODS, Action=["sts:AssumeRole", "sts:TagSession"], Condition=None)),
        C.POD_IDENTITY,
    ),
    "Allow to all but": (
        policy(statement(NotPrincipal=USER)),
        policy(statement(NotPrincipal=USER, Effect="Deny")),
        C.NOT_PRINCIPAL,
    ),
    "Allow of all actions but": (
        policy(statement(Action=None, NotAction="s3:GetObject")),
        policy(statement(Effect="Deny", Action=None, NotAction="s3:GetObject")),
        C.NOT_ACTION,
    ),
    "Allow on all resources but": (
        policy(statement(Resource=None, NotResource=OBJECTS)),
        policy(statement(Effect="Deny", Resource=None, NotResource=OBJECTS)),
        C.NOT_RESOURCE,
    ),
    "administrator": (policy(statement(**ANY)), policy(statement(Effect="Deny", **ANY)), C.ADMINISTRATOR),
    "PassRole of any role": (
        policy(statement(**PASS)),
        policy(statement(Action="iam:PassRole", Resource=ROLE)),
        C.PASS_ROLE,
    ),
    "PassRole to one service": (
        policy(statement(Action="iam:Pass*", Resource=f"arn:aws:iam::{A}:role/*")),
        policy(when("StringEquals", "iam:PassedToService", "eks.amazonaws.com", **PASS)),
        C.PASS_ROLE,
    ),
    "everybody": (
        policy(statement(Principal="*")),
        policy(statement(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        C.PUBLIC,
    ),
    "an Allow under a Deny": (
        policy(DENY_ALL, statement()),
        policy(statement(Effect="Deny", Action="s3:*", Resource=BUCKET), statement()),
        C.UNREACHABLE,
    ),
    "a Deny with a condition covers nothing for sure": (
        policy(statement(), DENY_ALL),
        policy({**DENY_ALL, "Condition": {"Null": {"aws:username": "true"}}}, statement()),
        C.UNREACHABLE,
    ),
    "an Allow said twice": (
        policy(statement(), statement(Action="s3:Get*")),
        policy(statement(), statement(Action="s3:PutObject")),
        C.REDUNDANT,
    ),
    "the same with other conditions": (
        policy(when("StringEquals", "aws:username", "a"), when("stringequals", "aws:Username", "a")),
        policy(when("StringEquals", "aws:username", "a"), when("StringEquals", "aws:username", "b")),
        C.REDUNDANT,
    ),
    "action twice": (
        policy(statement(Action=["s3:GetObject", "s3:GetObject"])),
        policy(statement(Action=["s3:GetObject", "s3:PutObject"])),
        C.DUPLICATE,
    ),
    "resource twice": (
        policy(statement(Resource=[OBJECTS, OBJECTS])),
        policy(statement(Resource=[OBJECTS, OBJECTS.upper().replace("ARN:AWS:S3", "arn:aws:s3")])),
        C.DUPLICATE,
    ),
    "action twice but for case": (
        policy(statement(Action=["s3:GetObject", "s3:getobject"])),
        policy(statement(Action=["s3:GetObject", "s3:GetObject"])),
        C.CASE_DUPLICATE,
    ),
    "action under a wildcard": (
        policy(statement(Action=["s3:Get*", "s3:GetObject"])),
        policy(statement(Action=["s3:Put*", "s3:GetObject"])),
        C.COVERED,
    ),
}


@pytest.mark.parametrize(("faulty", "sound", "code"), CASES.values(), ids=CASES.keys())
def test_a_fault_is_found_and_its_neighbour_is_not(faulty: Json, sound: Json, code: PolicyCode) -> None:
    assert code in codes(faulty)
    assert code not in codes(sound)


def test_every_code_has_a_row() -> None:
    sizes = {PolicyCode.TOO_LONG, PolicyCode.NEARLY_TOO_LONG}  # below
    assert {code for _, _, code in CASES.values()} | sizes == set(PolicyCode)


def test_every_code_has_a_severity() -> None:
    assert set(SEVERITIES) == set(PolicyCode)


def long_policy(size: int, member: dict[str, Json]) -> Json:
    """A document of exactly ``size`` characters without white space: the Sid fills it up."""
    short = len(policy_text(policy({**member, "Sid": ""})))
    return policy({**member, "Sid": "a" * (size - short)})


def policy_text(value: Json) -> str:
    import json

    return json.dumps(value, separators=(",", ":"))


K = PolicyKind
SCP = statement(Effect="Deny", Action="s3:*", Resource="*")
SIZES = {
    "managed policies": (K.IDENTITY, 6144, statement(), C.NEARLY_TOO_LONG),
    "inline policies of a role": (K.IDENTITY, 10240, statement(), C.TOO_LONG),
    "boundaries are managed policies": (K.BOUNDARY, 6144, statement(), C.TOO_LONG),
    "session policies": (K.SESSION, 2048, statement(), C.TOO_LONG),
    "trust policies": (K.TRUST, 2048, trust(), C.NEARLY_TOO_LONG),
    "trust policies after a raise": (K.TRUST, 4096, trust(), C.TOO_LONG),
    "service control policies": (K.SCP, 5120, SCP, C.TOO_LONG),
    "resource control policies": (K.RCP, 5120, {**SCP, "Principal": "*"}, C.TOO_LONG),
    "resource policies": (K.RESOURCE, 20480, statement(Principal=USER), C.TOO_LONG),
}


@pytest.mark.parametrize(("kind", "limit", "member", "code"), SIZES.values(), ids=SIZES.keys())
def test_a_quota_is_the_most(kind: PolicyKind, limit: int, member: dict[str, Json], code: PolicyCode) -> None:
    assert code not in codes(long_policy(limit, member), kind)
    over = [one for one in findings(long_policy(limit + 1, member), kind) if one.code == code]
    assert [one.sentence.partition(" ")[0] for one in over] == [str(limit + 1)]


def test_what_no_api_takes_is_only_measured() -> None:
    assert codes(long_policy(131_073, statement(Action="s3:NoSuch"))) == {C.TOO_LONG}
    assert codes(long_policy(131_072, statement(Action="s3:NoSuch"))) == {C.TOO_LONG, C.UNKNOWN_ACTION}


def test_every_action_acts_on_everything() -> None:
    document = policy(when("StringEquals", "s3:prefix", "a", Action="*", Resource=[BUCKET, OBJECTS]))
    assert codes(document) == set()


def test_the_nearest_spelling_is_offered() -> None:
    (finding,) = findings(policy(statement(Action="s3:GetObjekt")))
    assert finding.hint == "did you mean `s3:GetObject`"
    (service,) = findings(policy(statement(Action="ekss:DescribeCluster", Resource="*")))
    assert service.hint == "did you mean `eks:DescribeCluster`"


def test_the_place_is_the_entry() -> None:
    (finding,) = findings(policy(statement(), statement(Action=["s3:PutObject", "s3:GetObjekt"])))
    assert finding.at.pointer == "/Statement/1/Action/1"


def test_kinds_that_only_limit_may_start_with_everything() -> None:
    for kind in (K.SCP, K.BOUNDARY, K.SESSION):
        assert codes(policy(statement(**ANY)), kind) == set()
    assert codes(policy(statement(**ANY, Principal="*")), K.RCP) <= {C.PUBLIC}


def test_sound_policies_are_clean() -> None:
    assert codes(policy(statement())) == set()
    assert codes(policy(trust())) == set()
    assert (
        codes(policy(trust(Principal=PODS, Action=["sts:AssumeRole", "sts:TagSession"], Condition=None)))
        == set()
    )


def test_a_provider_in_mixed_case_is_the_same() -> None:
    claims = {f"{ISSUER.upper()}:aud": "a", f"{ISSUER.lower()}:sub": "s"}
    assert (
        codes(policy(trust(Condition={"StringEquals": claims}, Principal={"Federated": PROVIDER}))) == set()
    )


def test_severity_order() -> None:
    assert Severity.ERROR.reaches(Severity.WARNING)
    assert Severity.WARNING.reaches(Severity.WARNING)
    assert not Severity.SUGGESTION.reaches(Severity.WARNING)
