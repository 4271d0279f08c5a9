"""How the layers of policies combine: who has to allow, what limits, what a resource policy saves."""

import re
from dataclasses import replace

import pytest

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.iam import UNREAD, AttachedPolicy, Layer, Policies, evaluate, explain
from sekisho.decide.iam.code import Code, Fix, Near
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import (
    Anonymous,
    Arn,
    FederatedPrincipal,
    Json,
    Principal,
    PrincipalType,
    ServicePrincipal,
)
from unit.decide.iam.build import (
    ACCOUNT,
    allow,
    ask,
    deny,
    federated_user,
    layer,
    policies,
    root,
    session,
    trust,
    user,
)

UNFILLED = re.compile(r"\([a-z_]+\)")
"""What a sentence shows in place of a fact that its step does not carry."""
GET = "s3:GetObject"
OBJECT = "arn:aws:s3:::b/k"
OTHER = "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
ANA = str(user().arn)
SESSION_ARN = str(session().arn)
SESSION_ROLE = str(session().entity)
GUEST = str(federated_user().arn)
ROOT_GUEST = replace(federated_user(), entity=Arn.parse(f"arn:aws:iam::{ACCOUNT}:root"))
ALL = policies(allow())
EKS_BOUNDARY = layer(Layer.BOUNDARY, allow("eks:*"))
EKS_SESSION = layer(Layer.SESSION, allow("eks:*"))
FULL_SCP = layer(Layer.SCP, allow())
EKS_SCP = layer(Layer.SCP, allow("eks:*"))
NO_SCP = layer(Layer.SCP, deny("s3:*"))
NO_RCP = layer(Layer.RCP, deny("s3:*", Principal="*"))
FULL_RCP = layer(Layer.RCP, allow(Principal="*"))
LINKED = Principal(
    PrincipalType.ROLE_SESSION,
    Arn.parse(f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForAmazonEKS/eks"),
    "AROALINKEDLINKEDLINK1:eks",
    Arn.parse(f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"),
)


def bucket(principal: Json, effect: str = "Allow", element: str = "Principal") -> tuple[AttachedPolicy, ...]:
    return layer(Layer.RESOURCE, {**allow("s3:*"), "Effect": effect, element: principal})


def aws(name: str) -> Json:
    return {"AWS": name}


def both(request: AwsRequest, given: Policies) -> Decision[None]:
    found = explain(request, given)
    assert evaluate(request, given).outcome is found.outcome
    assert found.decisive
    assert not UNFILLED.search("".join(repair.sentence() for repair in found.repairs))
    return found


SAVED = {
    "user ARN": (user(), aws(ANA), (True, True, None)),
    "role ARN": (session(), aws(SESSION_ROLE), (True, False, False)),
    "session ARN": (session(), aws(SESSION_ARN), (True, True, True)),
    "federated session ARN": (federated_user(), aws(GUEST), (True, True, True)),
    "user ARN for its federated session": (federated_user(), aws(ANA), (True, False, False)),
    "everyone, for a user": (user(), "*", (True, True, None)),
    "everyone, for a session": (session(), aws("*"), (True, True, True)),
    "account": (session(), aws(ACCOUNT), (False, False, False)),
    "account root": (session(), aws(f"arn:aws:iam::{ACCOUNT}:root"), (False, False, False)),
    "everyone else": (session(), None, (True, False, False)),
}


@pytest.mark.parametrize(("who", "principal", "saves"), SAVED.values(), ids=SAVED.keys())
def test_what_a_resource_policy_saves_in_one_account(
    who: Principal, principal: Json, saves: tuple[bool, bool, bool | None]
) -> None:
    """The table of the IAM User Guide: implicit deny of identity policy, boundary, session policy."""
    named = (
        bucket(principal)
        if principal
        else bucket(aws(f"arn:aws:iam::{ACCOUNT}:user/z"), element="NotPrincipal")
    )
    sessions = layer(Layer.SESSION, allow()) if who.type is PrincipalType.FEDERATED_USER else None
    asked = ask(GET, OBJECT, who=who)
    answers = (
        both(asked, Policies(resource=named, session=sessions)),
        both(asked, Policies(ALL, named, EKS_BOUNDARY, sessions)),
        both(asked, Policies(ALL, named, session=EKS_SESSION)),
    )
    for answer, saved in zip(answers, saves, strict=True):
        if saved is not None:
            assert answer.outcome is (Outcome.ALLOW if saved else Outcome.NO_OPINION)


S3 = ask(GET, OBJECT)
S3_SESSION = ask(GET, OBJECT, who=session())
FAR = ask(GET, OBJECT, owner=OTHER)
ASSUME = ask("sts:AssumeRole", ROLE)
DECRYPT = ask("kms:Decrypt", KEY)
NOT_ANA = layer(
    Layer.RESOURCE,
    {**deny("s3:*"), "NotPrincipal": {"AWS": [ANA, ACCOUNT]}},
)
A, N, D, U = Outcome.ALLOW, Outcome.NO_OPINION, Outcome.DENY, Outcome.UNKNOWN

CASES: dict[str, tuple[AwsRequest, Policies, Outcome, list[Code]]] = {
    "identity allows": (S3, Policies(ALL), A, [Code.ALLOWED]),
    "boundary allows too": (S3, Policies(ALL, boundary=layer(Layer.BOUNDARY, allow())), A, [Code.ALLOWED]),
    "boundary alone grants nothing": (
        S3,
        Policies(boundary=layer(Layer.BOUNDARY, allow())),
        N,
        [Code.NO_ALLOW],
    ),
    "boundary limits": (S3, Policies(ALL, boundary=EKS_BOUNDARY), N, [Code.NO_BOUNDARY_ALLOW]),
    "boundary denies": (S3, Policies(ALL, boundary=layer(Layer.BOUNDARY, allow(), deny())), D, [Code.DENIED]),
    "an empty boundary limits everything": (S3, Policies(ALL, boundary=()), N, [Code.NO_BOUNDARY_ALLOW]),
    "session policy limits": (S3_SESSION, Policies(ALL, session=EKS_SESSION), N, [Code.NO_SESSION_ALLOW]),
    "session policy denies": (
        S3_SESSION,
        Policies(ALL, session=layer(Layer.SESSION, allow(), deny())),
        D,
        [Code.DENIED],
    ),
    "boundary and session policy both limit": (
        S3_SESSION,
        Policies(ALL, boundary=EKS_BOUNDARY, session=EKS_SESSION),
        N,
        [Code.NO_BOUNDARY_ALLOW, Code.NO_SESSION_ALLOW],
    ),
    "federated session without a policy": (
        ask(GET, OBJECT, who=federated_user()),
        Policies(ALL),
        N,
        [Code.NO_SESSION_ALLOW],
    ),
    "federated session with one": (
        ask(GET, OBJECT, who=federated_user()),
        Policies(ALL, session=layer(Layer.SESSION, allow())),
        A,
        [Code.ALLOWED],
    ),
    "federated session of root with one": (
        ask(GET, OBJECT, who=ROOT_GUEST),
        Policies((), session=layer(Layer.SESSION, allow())),
        A,
        [Code.ROOT],
    ),
    "federated session of root with one that is silent": (
        ask(GET, OBJECT, who=ROOT_GUEST),
        Policies((), session=EKS_SESSION),
        N,
        [Code.NO_SESSION_ALLOW],
    ),
    "federated session of root without a policy": (
        ask(GET, OBJECT, who=ROOT_GUEST),
        Policies(()),
        N,
        [Code.NO_SESSION_ALLOW],
    ),
    "SCPs allow at each level": (S3, Policies(ALL, scps=(FULL_SCP, FULL_SCP)), A, [Code.ALLOWED]),
    "SCP missing at the root": (S3, Policies(ALL, scps=(EKS_SCP, FULL_SCP)), N, [Code.NO_SCP_ALLOW]),
    "SCPs missing at two levels": (
        S3,
        Policies(ALL, scps=(EKS_SCP, FULL_SCP, ())),
        N,
        [Code.NO_SCP_ALLOW, Code.NO_SCP_ALLOW],
    ),
    "two SCPs of one level": (S3, Policies(ALL, scps=((*EKS_SCP, *FULL_SCP),)), A, [Code.ALLOWED]),
    "SCP denies": (S3, Policies(ALL, scps=((*FULL_SCP, *NO_SCP),)), D, [Code.DENIED]),
    "SCP grants nothing": (S3, Policies(scps=(FULL_SCP,)), N, [Code.NO_ALLOW]),
    "SCP and identity both missing": (S3, Policies(scps=(EKS_SCP,)), N, [Code.NO_SCP_ALLOW, Code.NO_ALLOW]),
    "SCP binds where the resource policy names the caller": (
        S3,
        Policies((), bucket(aws(ANA)), scps=(EKS_SCP,)),
        N,
        [Code.NO_SCP_ALLOW],
    ),
    "SCP binds root": (ask(GET, OBJECT, who=root()), Policies(scps=(EKS_SCP,)), N, [Code.NO_SCP_ALLOW]),
    "SCP and RCP spare service-linked roles": (
        ask(GET, OBJECT, who=LINKED),
        Policies(ALL, scps=(NO_SCP,), rcps=(NO_RCP,)),
        A,
        [Code.ALLOWED],
    ),
    "RCP denies": (S3, Policies(ALL, rcps=(FULL_RCP, NO_RCP)), D, [Code.DENIED]),
    "RCP that denies something else": (
        S3,
        Policies(ALL, rcps=(layer(Layer.RCP, deny("sts:*", Principal="*")),)),
        A,
        [Code.ALLOWED],
    ),
    "RCP grants nothing": (S3, Policies(rcps=(FULL_RCP,)), N, [Code.NO_ALLOW]),
    "RCP denies root": (ask(GET, OBJECT, who=root()), Policies(rcps=(NO_RCP,)), D, [Code.DENIED]),
    "resource policy denies root": (
        ask(GET, OBJECT, who=root()),
        Policies(resource=bucket(aws(ACCOUNT), "Deny")),
        D,
        [Code.DENIED],
    ),
    "root needs no policy": (ask(GET, OBJECT, who=root()), Policies(resource=()), A, [Code.ROOT]),
    "resource policy denies the account": (S3, Policies(ALL, bucket(aws(ACCOUNT), "Deny")), D, [Code.DENIED]),
    "resource policy denies the role": (
        S3_SESSION,
        Policies(ALL, bucket(aws(SESSION_ROLE), "Deny")),
        D,
        [Code.DENIED],
    ),
    "resource policy denies somebody else": (
        S3,
        Policies(ALL, bucket(aws(f"arn:aws:iam::{ACCOUNT}:user/bob"), "Deny")),
        A,
        [Code.ALLOWED],
    ),
    "NotPrincipal with Deny spares user and account": (S3, Policies(ALL, NOT_ANA), A, [Code.ALLOWED]),
    "NotPrincipal with Deny, the account not listed": (
        S3,
        Policies(ALL, bucket(aws(ANA), "Deny", "NotPrincipal")),
        D,
        [Code.DENIED],
    ),
    "NotPrincipal with Deny never spares who has a boundary": (
        S3,
        Policies(ALL, NOT_ANA, layer(Layer.BOUNDARY, allow())),
        D,
        [Code.DENIED],
    ),
    "across accounts both sides allow": (
        FAR,
        Policies(ALL, bucket(aws(ANA))),
        A,
        [Code.ALLOWED, Code.ALLOWED],
    ),
    "across accounts the account is enough": (
        FAR,
        Policies(ALL, bucket(aws(ACCOUNT))),
        A,
        [Code.ALLOWED, Code.ALLOWED],
    ),
    "across accounts, identity missing": (FAR, Policies(resource=bucket("*")), N, [Code.NO_ALLOW]),
    "across accounts, resource policy missing": (FAR, Policies(ALL), N, [Code.NO_RESOURCE_ALLOW]),
    "across accounts, nobody allows": (FAR, Policies(), N, [Code.NO_RESOURCE_ALLOW, Code.NO_ALLOW]),
    "across accounts a session ARN saves nothing": (
        ask(GET, OBJECT, who=session(), owner=OTHER),
        Policies(resource=bucket(aws(SESSION_ARN))),
        N,
        [Code.NO_ALLOW],
    ),
    "across accounts the boundary limits": (
        FAR,
        Policies(ALL, bucket(aws(ANA)), EKS_BOUNDARY),
        N,
        [Code.NO_BOUNDARY_ALLOW],
    ),
    "across accounts root is not enough": (
        ask(GET, OBJECT, who=root(), owner=OTHER),
        Policies(),
        N,
        [Code.NO_RESOURCE_ALLOW],
    ),
    "own account named": (ask(GET, OBJECT, owner=ACCOUNT), Policies(ALL), A, [Code.ALLOWED]),
    "trust names the user": (
        ASSUME,
        Policies(resource=trust(allow("sts:*", Principal=aws(ANA)))),
        A,
        [Code.ALLOWED],
    ),
    "trust names the account, identity allows": (
        ASSUME,
        Policies(ALL, trust(allow("sts:*", Principal=aws(ACCOUNT)))),
        A,
        [Code.ALLOWED, Code.ALLOWED],
    ),
    "trust names the account, identity does not allow": (
        ASSUME,
        Policies(resource=trust(allow("sts:*", Principal=aws(ACCOUNT)))),
        N,
        [Code.NO_ALLOW],
    ),
    "no trust": (ASSUME, Policies(ALL), N, [Code.NO_RESOURCE_ALLOW]),
    "neither trust nor identity": (ASSUME, Policies(), N, [Code.NO_RESOURCE_ALLOW]),
    "trust names somebody else": (
        ASSUME,
        Policies(ALL, trust(allow("sts:*", Principal=aws(f"arn:aws:iam::{ACCOUNT}:user/bob")))),
        N,
        [Code.NO_RESOURCE_ALLOW],
    ),
    "a role does not trust itself": (
        ask("sts:AssumeRole", SESSION_ROLE, who=session()),
        Policies(ALL, trust(allow("sts:*", Principal={"Service": "ec2.amazonaws.com"}))),
        N,
        [Code.NO_RESOURCE_ALLOW],
    ),
    "trust denies": (
        ASSUME,
        Policies(ALL, trust(allow("sts:*", Principal=aws(ANA)), deny("sts:*", Principal=aws("*")))),
        D,
        [Code.DENIED],
    ),
    "tags of a federated session have no trust policy": (
        ask("sts:TagSession", GUEST),
        Policies(ALL),
        A,
        [Code.ALLOWED],
    ),
    "a KMS key has to allow": (DECRYPT, Policies(ALL), N, [Code.NO_RESOURCE_ALLOW]),
    "a KMS key that leaves it to the account": (
        DECRYPT,
        Policies(ALL, layer(Layer.RESOURCE, allow("kms:*", Principal=aws(ACCOUNT)))),
        A,
        [Code.ALLOWED, Code.ALLOWED],
    ),
    "KMS without a key": (ask("kms:ListKeys"), Policies(ALL), A, [Code.ALLOWED]),
    "service": (
        ask(GET, OBJECT, who=ServicePrincipal("eks.amazonaws.com")),
        Policies(resource=bucket({"Service": "eks.amazonaws.com"})),
        A,
        [Code.ALLOWED],
    ),
    "service, nobody allows": (
        ask(GET, OBJECT, who=ServicePrincipal("eks.amazonaws.com")),
        Policies(ALL, scps=UNREAD, boundary=UNREAD),
        N,
        [Code.NO_RESOURCE_ALLOW],
    ),
    "web identity": (
        ask("sts:AssumeRoleWithWebIdentity", ROLE, who=FederatedPrincipal("accounts.google.com")),
        Policies(policies(deny()), trust(allow("sts:*", Principal={"Federated": "accounts.google.com"}))),
        A,
        [Code.ALLOWED],
    ),
    "anonymous": (ask(GET, OBJECT, who=Anonymous()), Policies(resource=bucket("*")), A, [Code.ALLOWED]),
    "anonymous, who has no account": (
        ask(GET, OBJECT, who=Anonymous()),
        Policies(resource=bucket(aws(ACCOUNT))),
        N,
        [Code.NO_RESOURCE_ALLOW],
    ),
    "anonymous, RCP": (
        ask(GET, OBJECT, who=Anonymous()),
        Policies(resource=bucket("*"), rcps=(NO_RCP,)),
        D,
        [Code.DENIED],
    ),
    "GetCallerIdentity of nobody": (
        ask("sts:GetCallerIdentity", who=Anonymous()),
        Policies(),
        N,
        [Code.NO_RESOURCE_ALLOW],
    ),
    "identity unread": (S3, Policies(UNREAD), U, [Code.LAYER_UNREAD]),
    "identity unread, denied elsewhere": (
        S3,
        Policies(UNREAD, bucket("*", "Deny")),
        D,
        [Code.DENIED],
    ),
    "identity of root unread": (ask(GET, OBJECT, who=root()), Policies(UNREAD), U, [Code.LAYER_UNREAD]),
    "boundary unread": (S3, Policies(ALL, boundary=UNREAD), U, [Code.LAYER_UNREAD]),
    "session policy unread": (S3_SESSION, Policies(ALL, session=UNREAD), U, [Code.LAYER_UNREAD]),
    "SCPs unread": (S3, Policies(ALL, scps=UNREAD), U, [Code.LAYER_UNREAD]),
    "RCPs unread": (S3, Policies(ALL, rcps=UNREAD), U, [Code.LAYER_UNREAD]),
    "resource policy unread": (S3, Policies(ALL, UNREAD), U, [Code.RESOURCE_UNREAD]),
    "resource policy unread, identity does not allow": (FAR, Policies((), UNREAD), U, [Code.RESOURCE_UNREAD]),
    "resource policy unread, identity denies": (FAR, Policies(policies(deny()), UNREAD), D, [Code.DENIED]),
    "boundary unread, NotPrincipal": (
        S3,
        Policies(ALL, NOT_ANA, UNREAD),
        U,
        [Code.PRINCIPAL_UNREAD, Code.LAYER_UNREAD],
    ),
}


@pytest.mark.parametrize(("request_", "given", "outcome", "decisive"), CASES.values(), ids=CASES.keys())
def test_layers(request_: AwsRequest, given: Policies, outcome: Outcome, decisive: list[Code]) -> None:
    found = both(request_, given)
    assert found.outcome is outcome
    assert [step.code for step in found.decisive] == decisive
    assert not UNFILLED.search(found.sentence())
    assert bool(found.repairs) is not found.allowed


def test_an_scp_that_allows_nothing_is_named_by_its_level_from_the_root() -> None:
    found = both(S3, Policies(ALL, scps=(FULL_SCP, EKS_SCP, FULL_SCP)))
    assert [dict(step.facts)["level"] for step in found.decisive] == ["2"]
    assert [step.code for step in found.nearest] == []


OPEN = {"StringEquals": {"my:open": "a"}}
OPEN_TOO = {"StringEquals": {"my:other": "a"}}
HALF = ask(GET, OBJECT, unread=("my:open", "my:other"))
SETTLES = {
    "an open boundary behind an identity that allows": (
        Policies(ALL, boundary=layer(Layer.BOUNDARY, allow(condition=OPEN))),
        ["my:open"],
    ),
    "an open SCP": (Policies(ALL, scps=(layer(Layer.SCP, allow(condition=OPEN)),)), ["my:open"]),
    "an open RCP": (
        Policies(ALL, rcps=(layer(Layer.RCP, deny("s3:*", condition=OPEN, Principal="*")),)),
        ["my:open"],
    ),
    "identity is open, and the resource policy": (
        Policies(
            policies(allow(condition=OPEN)),
            layer(Layer.RESOURCE, allow("s3:*", condition=OPEN_TOO, Principal=aws(ANA))),
        ),
        ["my:open", "my:other"],
    ),
    "a grant to the account makes no difference": (
        Policies(
            policies(allow(condition=OPEN)),
            layer(Layer.RESOURCE, allow("s3:*", condition=OPEN_TOO, Principal=aws(ACCOUNT))),
        ),
        ["my:open"],
    ),
    "identity makes no difference where a role is named": (
        Policies(
            policies(allow(condition=OPEN_TOO)),
            bucket("*"),
            scps=(layer(Layer.SCP, allow(condition=OPEN)),),
        ),
        ["my:open"],
    ),
}


@pytest.mark.parametrize(("given", "keys"), SETTLES.values(), ids=SETTLES.keys())
def test_unknown_names_only_what_makes_a_difference(given: Policies, keys: list[str]) -> None:
    found = both(HALF, given)
    assert found.outcome is Outcome.UNKNOWN
    assert [dict(step.facts)["keys"] for step in found.decisive] in (keys, keys[::-1])
    assert [(fix.code, fix.facts) for fix in found.repairs] == [
        (Fix.READ_FACTS, (("keys", ", ".join(keys)),))
    ]


def test_a_layer_that_says_yes_is_no_near_miss() -> None:
    role = f"arn:aws:iam::{OTHER}:role/target"
    says_yes = trust(allow("sts:AssumeRole", Principal={"AWS": str(user().arn)}))
    found = explain(ask("sts:AssumeRole", role, owner=OTHER), Policies(resource=says_yes))
    assert found.outcome is Outcome.NO_OPINION
    assert not {step.code for step in found.nearest} & {Near.ACTION_PREFIX, Near.ACTION_SPELLING}
