"""The grammar of each kind of policy: which elements a statement needs, may have and must not have."""

import pytest

from sekisho.decide.iam import PolicyKind, read_policy
from sekisho.decide.values import Json, Ref, SekishoInputError
from unit.decide.iam.build import allow, deny

K = PolicyKind
STAR = {"Principal": "*"}
S = "/Statement"
TRUST: dict[str, Json] = {"Effect": "Allow", "Action": "sts:AssumeRole", **STAR}
FORM = "iam.policy.principal-form"


def trusting(principal: Json) -> dict[str, Json]:
    return {**TRUST, "Principal": principal}


FAULTS: dict[str, tuple[K, Json, str, str]] = {
    "boundary with a principal": (
        K.BOUNDARY,
        allow(**STAR),
        "iam.policy.principal-not-allowed",
        f"{S}/Principal",
    ),
    "session policy with NotPrincipal": (
        K.SESSION,
        deny(NotPrincipal="*"),
        "iam.policy.principal-not-allowed",
        f"{S}/NotPrincipal",
    ),
    "SCP with a principal": (K.SCP, deny(**STAR), "iam.policy.principal-not-allowed", f"{S}/Principal"),
    "SCP without a resource": (K.SCP, deny(resource=None), "iam.policy.element-missing", S),
    "resource policy without a principal": (K.RESOURCE, allow(), "iam.policy.element-missing", S),
    "resource policy with both principals": (
        K.RESOURCE,
        allow(Principal="*", NotPrincipal="*"),
        "iam.policy.element-and-its-negation",
        f"{S}/NotPrincipal",
    ),
    "trust policy without a principal": (
        K.TRUST,
        {"Effect": "Allow", "Action": "sts:AssumeRole"},
        "iam.policy.element-missing",
        S,
    ),
    "trust policy with NotPrincipal": (
        K.TRUST,
        {"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": "*"},
        "iam.policy.principal-not-allowed",
        f"{S}/NotPrincipal",
    ),
    "trust policy with a resource": (
        K.TRUST,
        {**TRUST, "Resource": "*"},
        "iam.policy.resource-form",
        f"{S}/Resource",
    ),
    "trust policy with NotResource": (
        K.TRUST,
        {**TRUST, "NotResource": "*"},
        "iam.policy.resource-form",
        f"{S}/NotResource",
    ),
    "trust policy about another service": (
        K.TRUST,
        {**TRUST, "Action": ["sts:AssumeRole", "s3:GetObject"]},
        "iam.policy.action-form",
        f"{S}/Action/1",
    ),
    "trust policy about every action": (
        K.TRUST,
        {**TRUST, "Action": "*"},
        "iam.policy.action-form",
        f"{S}/Action",
    ),
    "trust policy with NotAction": (
        K.TRUST,
        {"Effect": "Allow", "NotAction": "sts:AssumeRole", **STAR},
        "iam.policy.action-form",
        f"{S}/NotAction",
    ),
    "RCP that allows": (K.RCP, allow("s3:*", **STAR), "iam.policy.effect-not-allowed", f"{S}/Effect"),
    "RCP that allows under a condition": (
        K.RCP,
        allow(condition={"Bool": {"aws:SecureTransport": "true"}}, **STAR),
        "iam.policy.effect-not-allowed",
        f"{S}/Effect",
    ),
    "RCP about one principal": (
        K.RCP,
        deny("s3:*", Principal={"AWS": "*"}),
        FORM,
        f"{S}/Principal",
    ),
    "RCP with NotAction": (
        K.RCP,
        deny(None, NotAction="s3:*", **STAR),
        "iam.policy.action-form",
        f"{S}/NotAction",
    ),
    "principal of no form": (K.TRUST, trusting("ec2.amazonaws.com"), FORM, f"{S}/Principal"),
    "principal of no kind": (K.TRUST, trusting({"Aws": "*"}), FORM, f"{S}/Principal/Aws"),
    "no principals": (K.TRUST, trusting({}), "iam.policy.empty-list", f"{S}/Principal"),
    "no principals of a kind": (
        K.TRUST,
        trusting({"AWS": []}),
        "iam.policy.empty-list",
        f"{S}/Principal/AWS",
    ),
    "principal not text": (K.TRUST, trusting({"AWS": 1}), "iam.policy.not-text", f"{S}/Principal/AWS"),
    "account of eleven digits": (K.TRUST, trusting({"AWS": "1" * 11}), FORM, f"{S}/Principal/AWS"),
    "pattern of users": (
        K.TRUST,
        trusting({"AWS": "arn:aws:iam::111122223333:user/an*"}),
        FORM,
        f"{S}/Principal/AWS",
    ),
    "group": (K.TRUST, trusting({"AWS": "arn:aws:iam::111122223333:group/ops"}), FORM, f"{S}/Principal/AWS"),
    "every session of a role": (
        K.TRUST,
        trusting({"AWS": ["arn:aws:sts::111122223333:assumed-role/ci/*"]}),
        FORM,
        f"{S}/Principal/AWS/0",
    ),
    "ARN with a region": (
        K.TRUST,
        trusting({"AWS": "arn:aws:iam:eu-west-1:111122223333:root"}),
        FORM,
        f"{S}/Principal/AWS",
    ),
    "ARN without an account": (K.TRUST, trusting({"AWS": "arn:aws:iam:::root"}), FORM, f"{S}/Principal/AWS"),
    "ARN of a bucket": (K.TRUST, trusting({"AWS": "arn:aws:s3:::b"}), FORM, f"{S}/Principal/AWS"),
    "pattern of services": (
        K.TRUST,
        trusting({"Service": "*.amazonaws.com"}),
        FORM,
        f"{S}/Principal/Service",
    ),
    "provider with a space": (K.TRUST, trusting({"Federated": "a b"}), FORM, f"{S}/Principal/Federated"),
}


@pytest.mark.parametrize(("kind", "statement", "code", "pointer"), FAULTS.values(), ids=FAULTS.keys())
def test_statements_that_a_kind_does_not_have(kind: K, statement: Json, code: str, pointer: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        read_policy({"Version": "2012-10-17", "Statement": statement}, Ref("p"), kind)
    assert [(fault.code, fault.at.pointer) for fault in caught.value.faults] == [(code, pointer)]


@pytest.mark.parametrize("kind", [K.SCP, K.RCP])
@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_organization_policies_have_the_new_version(kind: K, version: str | None) -> None:
    statement = deny("s3:*", **(STAR if kind is K.RCP else {}))
    document: dict[str, Json] = {"Statement": statement, **({"Version": version} if version else {})}
    with pytest.raises(SekishoInputError) as caught:
        read_policy(document, Ref("p"), kind)
    assert [fault.code for fault in caught.value.faults] == ["iam.policy.version"]


ACCEPTED: dict[str, tuple[K, Json]] = {
    "boundary": (K.BOUNDARY, allow()),
    "session policy": (K.SESSION, deny("iam:*")),
    "SCP with NotAction, NotResource and a condition": (
        K.SCP,
        {
            "Effect": "Allow",
            "NotAction": "iam:*",
            "NotResource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        },
    ),
    "RCP": (K.RCP, deny("s3:*", **STAR)),
    "RCPFullAWSAccess": (K.RCP, allow(**STAR)),
    "resource policy without Resource": (K.RESOURCE, {"Effect": "Allow", "Action": "kms:*", **STAR}),
    "resource policy with NotPrincipal": (K.RESOURCE, deny(NotPrincipal={"AWS": "111122223333"})),
    "trust policy": (K.TRUST, TRUST),
    "trust policy in other case": (K.TRUST, {**TRUST, "Action": "STS:Assume*"}),
    "canonical user": (K.RESOURCE, allow(Principal={"CanonicalUser": "79a59df900b949e5"})),
}


@pytest.mark.parametrize(("kind", "statement"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_statements_that_a_kind_has(kind: K, statement: Json) -> None:
    policy = read_policy({"Version": "2012-10-17", "Statement": statement}, Ref("p"), kind)
    assert policy.kind is kind
    assert (policy.statements[0].principals is None) is (kind in (K.BOUNDARY, K.SESSION, K.SCP))
