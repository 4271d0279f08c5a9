"""What a refusal says: AWS's words for each layer, what a request lacks, which change would help."""

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import UNREAD, Layer, Policies, access_denied_text, condition_keys, explain
from sekisho.decide.iam.code import Code, Fix
from sekisho.decide.request.aws_request import AwsRequest, ContextValue
from sekisho.decide.values import Anonymous, FederatedPrincipal, Json, ServicePrincipal
from unit.decide.iam.build import ACCOUNT, CLUSTER, allow, ask, deny, layer, policies, session, user

D = "eks:DescribeCluster"
WHO = f"User: arn:aws:iam::{ACCOUNT}:user/ana is not authorized to perform: {D} on resource: {CLUSTER}"
ASK = ask(D, CLUSTER)
FAR = ask(D, CLUSTER, owner="444455556666")
ALL = policies(allow())
NO = policies(deny())
S3_ONLY = allow("s3:*")
TEXTS: dict[str, tuple[AwsRequest, Policies, str]] = {
    "identity": (ASK, Policies(), f"{WHO} because no identity-based policy allows the {D} action"),
    "identity denies": (ASK, Policies(NO), f"{WHO} with an explicit deny in an identity-based policy"),
    "SCP": (
        ASK,
        Policies(ALL, scps=(layer(Layer.SCP, S3_ONLY),)),
        f"{WHO} because no service control policy allows the {D} action",
    ),
    "SCP denies": (
        ASK,
        Policies(ALL, scps=(layer(Layer.SCP, allow(), deny()),)),
        f"{WHO} with an explicit deny in a service control policy",
    ),
    "RCP denies": (
        ASK,
        Policies(ALL, rcps=(layer(Layer.RCP, deny("eks:*", Principal="*")),)),
        f"{WHO} with an explicit deny in a resource control policy",
    ),
    "boundary": (
        ASK,
        Policies(ALL, boundary=layer(Layer.BOUNDARY, S3_ONLY)),
        f"{WHO} because no permissions boundary allows the {D} action",
    ),
    "boundary denies": (
        ASK,
        Policies(ALL, boundary=layer(Layer.BOUNDARY, allow(), deny())),
        f"{WHO} with an explicit deny in a permissions boundary",
    ),
    "session policy": (
        ASK,
        Policies(ALL, session=layer(Layer.SESSION, S3_ONLY)),
        f"{WHO} because no session policy allows the {D} action",
    ),
    "session policy denies": (
        ASK,
        Policies(ALL, session=layer(Layer.SESSION, deny())),
        f"{WHO} with an explicit deny in a session policy",
    ),
    "resource policy": (
        FAR,
        Policies(ALL),
        f"{WHO} because no resource-based policy allows the {D} action",
    ),
    "resource policy denies": (
        ASK,
        Policies(ALL, layer(Layer.RESOURCE, deny(Principal="*"))),
        f"{WHO} with an explicit deny in a resource-based policy",
    ),
    "several": (
        FAR,
        Policies(scps=(layer(Layer.SCP, S3_ONLY),)),
        f"{WHO} because no service control policy allows the {D} action",
    ),
    "a session": (
        ask(D, CLUSTER, who=session()),
        Policies(),
        (
            f"User: arn:aws:sts::{ACCOUNT}:assumed-role/deployer/run-1 is not authorized to perform: {D} "
            f"on resource: {CLUSTER} because no identity-based policy allows the {D} action"
        ),
    ),
    "a service": (
        ask("eks:ListClusters", who=ServicePrincipal("ec2.amazonaws.com"), aws__RequestedRegion="eu-west-1"),
        Policies(),
        (
            "User: ec2.amazonaws.com is not authorized to perform: eks:ListClusters on resource: * "
            "because no resource-based policy allows the eks:ListClusters action"
        ),
    ),
    "EC2 on nothing in particular": (
        ask("ec2:DescribeInstances", who=session()),
        Policies(),
        (
            f"User: arn:aws:sts::{ACCOUNT}:assumed-role/deployer/run-1 is not authorized to perform: "
            "ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action"
        ),
    ),
    "nobody": (
        ask("s3:GetObject", "arn:aws:s3:::b/k", who=Anonymous()),
        Policies(),
        "Access Denied",
    ),
    "web identity": (
        ask(
            "sts:AssumeRoleWithWebIdentity", f"arn:aws:iam::{ACCOUNT}:role/a", who=FederatedPrincipal("x.io")
        ),
        Policies(),
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ),
}


@pytest.mark.parametrize(("request_", "given", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_text_of_access_denied_by_layer(request_: AwsRequest, given: Policies, text: str) -> None:
    assert access_denied_text(request_, explain(request_, given)) == text


KEYS: dict[str, ContextValue] = {
    "aws:PrincipalTag/team": "red",
    "aws:TagKeys": ("a", "b"),
    "aws:username": "ana",
}
WANTED: dict[str, tuple[Json, str, str]] = {
    "absent key": (
        {"StringEquals": {"aws:PrincipalTag/env": "prod"}},
        "`aws:PrincipalTag/env` = `prod`",
        "absent",
    ),
    "other value": (
        {"StringEquals": {"aws:PrincipalTag/team": ["blue", "green"]}},
        "`aws:PrincipalTag/team` = `blue` or `green`",
        "red",
    ),
    "several values": (
        {"ForAnyValue:StringLike": {"aws:TagKeys": "c*"}},
        "`aws:TagKeys` = `c*`",
        "[a, b]",
    ),
    "every value": (
        {"ForAllValues:StringEquals": {"aws:TagKeys": "a"}},
        "`aws:TagKeys` ForAllValues:StringEquals `a`",
        "[a, b]",
    ),
    "negated": (
        {"StringNotEquals": {"aws:PrincipalTag/team": "red"}},
        "`aws:PrincipalTag/team` StringNotEquals `red`",
        "red",
    ),
    "present": ({"Null": {"aws:PrincipalTag/env": "false"}}, "any `aws:PrincipalTag/env`", "absent"),
    "not present": ({"Null": {"aws:PrincipalTag/team": "true"}}, "no `aws:PrincipalTag/team`", "red"),
    "variable": (
        {"StringEquals": {"aws:PrincipalTag/team": "${aws:username}"}},
        "`aws:PrincipalTag/team` = `ana`",
        "red",
    ),
    "variable that has no value": (
        {"StringLike": {"aws:PrincipalTag/team": "${*}${my:none}${my:many, 'x'}"}},
        "`aws:PrincipalTag/team` = `${*}${my:none}${my:many, 'x'}`",
        "red",
    ),
    "two conditions": (
        {"Bool": {"my:b": "true"}, "StringEquals": {"aws:username": "ana", "my:c": "x"}},
        "`my:b` = `true` and `my:c` = `x`",
        "absent",
    ),
}


@pytest.mark.parametrize(("condition", "wanted", "actual"), WANTED.values(), ids=WANTED.keys())
def test_what_a_request_lacks_to_be_allowed(condition: Json, wanted: str, actual: str) -> None:
    found = explain(ask(D, CLUSTER, keys=KEYS), Policies(policies(allow(condition=condition))))
    (near,) = found.nearest
    assert (near.code, dict(near.facts)["actual"]) == (Code.CONDITION, actual)
    assert found.repairs[0].code is Fix.MEET_CONDITION
    assert found.repairs[0].sentence().endswith(f"would allow with {wanted}")


REPAIRS: dict[str, tuple[AwsRequest, Policies, list[str]]] = {
    "boundary": (
        ASK,
        Policies(ALL, boundary=layer(Layer.BOUNDARY, S3_ONLY)),
        [f"allow {D} on {CLUSTER} in the permissions boundary of {user().arn}"],
    ),
    "across accounts": (
        ask("s3:GetObject", "arn:aws:s3:::b/k", owner="444455556666"),
        Policies(),
        [
            f"allow {user().arn} to do s3:GetObject in the policy of arn:aws:s3:::b/k",
            f"allow s3:GetObject on arn:aws:s3:::b/k in a policy of {user().arn}",
        ],
    ),
    "across accounts, where resources have no policies": (
        FAR,
        Policies(ALL),
        [f"ask as a role of the account that owns {CLUSTER}, which cannot have a policy of its own"],
    ),
    "a deny beside a missing SCP": (
        ASK,
        Policies(NO, scps=(layer(Layer.SCP, S3_ONLY),)),
        [
            f"take {D} on {CLUSTER} out of the deny at p#/Statement/0",
            f"allow {D} on {CLUSTER} in the service control policy of {user().arn}",
            f"allow {D} on {CLUSTER} in a policy of {user().arn}",
        ],
    ),
    "in one account the resource policy would do as well": (
        ASK,
        Policies(
            (), layer(Layer.RESOURCE, allow("eks:*", condition={"Bool": {"a:b": "true"}}, Principal="*"))
        ),
        [
            "the statement at resource#/Statement/0/Condition/Bool/a:b would allow with `a:b` = `true`",
            f"allow {D} on {CLUSTER} in a policy of {user().arn}",
        ],
    ),
}


@pytest.mark.parametrize(("request_", "given", "sentences"), REPAIRS.values(), ids=REPAIRS.keys())
def test_repairs_by_layer(request_: AwsRequest, given: Policies, sentences: list[str]) -> None:
    found = explain(request_, given)
    assert not found.allowed
    assert [fix.sentence() for fix in found.repairs] == sentences


def test_an_account_s_clusters_are_reached_by_its_roles() -> None:
    assert [fix.code for fix in explain(FAR, Policies(ALL)).repairs] == [Fix.ASSUME_ROLE]


def test_a_layer_that_limits_is_to_be_widened() -> None:
    found = explain(ASK, Policies(ALL, session=layer(Layer.SESSION, S3_ONLY)))
    assert [fix.code for fix in found.repairs] == [Fix.WIDEN_LIMIT]


def test_only_the_level_that_does_not_allow_has_near_misses() -> None:
    near = allow("eks:*", condition={"Bool": {"a:b": "true"}})
    levels = (layer(Layer.SCP, allow(), near), layer(Layer.SCP, near))
    found = explain(ASK, Policies(ALL, scps=levels))
    assert [(step.code, step.at.pointer) for step in found.nearest] == [
        (Code.CONDITION, "/Statement/0/Condition/Bool/a:b")
    ]


def test_unread_layers_are_named_with_their_owner() -> None:
    from_far = explain(FAR, Policies(ALL, UNREAD, UNREAD, UNREAD, UNREAD, UNREAD))
    assert from_far.outcome is Outcome.UNKNOWN
    assert [(fix.code, dict(fix.facts)["owner"]) for fix in from_far.repairs] == [
        (Fix.READ_LAYER, str(user().arn)),
        (Fix.READ_LAYER, CLUSTER),
        (Fix.READ_LAYER, CLUSTER),
        (Fix.READ_LAYER, str(user().arn)),
        (Fix.READ_LAYER, str(user().arn)),
    ]
    assert [step.code for step in from_far.trace[:5]] == [step.code for step in from_far.decisive]


def test_the_keys_that_conditions_of_any_layer_ask_about() -> None:
    def asks(key: str) -> dict[str, Json]:
        return allow("s3:*", condition={"Bool": {key: "true"}})

    given = Policies(
        policies(asks("a:i")),
        layer(Layer.RESOURCE, asks("a:r") | {"Principal": "*"}),
        None,
        UNREAD,
        (layer(Layer.SCP, asks("a:s")),),
        UNREAD,
    )
    assert condition_keys(given) == {"a:i", "a:r", "a:s"}
    assert condition_keys(Policies(scps=UNREAD)) == frozenset()
