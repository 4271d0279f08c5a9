"""Policy documents for the tables: what a row leaves out has a harmless value."""

from sekisho.decide.iam import PolicyKind
from sekisho.decide.values import Json, Ref
from sekisho.review.policy_check import Finding, check_policy, load_reference

A = "111122223333"
ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
PROVIDER = f"arn:aws:iam::{A}:oidc-provider/{ISSUER}"
BUCKET = "arn:aws:s3:::bucket"
OBJECTS = f"{BUCKET}/*"


def statement(**elements: Json) -> dict[str, Json]:
    """A statement that reads objects; elements given as None are left out."""
    given = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECTS, **elements}
    return {name: part for name, part in given.items() if part is not None}


def trust(**elements: Json) -> dict[str, Json]:
    """A statement of a trust policy for one service account."""
    claims = {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "system:serviceaccount:ns:app"}
    given: dict[str, Json] = {
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": claims},
        "Resource": None,
        **elements,
    }
    return statement(**given)


def asking(claims: dict[str, Json], operator: str = "StringEquals") -> dict[str, Json]:
    """A trust statement with one operator and these claims of ISSUER."""
    return trust(Condition={operator: {f"{ISSUER}:{name}": value for name, value in claims.items()}})


def when(operator: str, key: str, value: Json, **elements: Json) -> dict[str, Json]:
    """A statement with one condition."""
    return statement(Condition={operator: {key: value}}, **elements)


def policy(*statements: Json, version: str = "2012-10-17") -> dict[str, Json]:
    """A document."""
    return {"Version": version, "Statement": list(statements)}


def findings(document: Json, kind: PolicyKind | None = None) -> tuple[Finding, ...]:
    """What the check finds in ``document``."""
    return check_policy(document, Ref("p.json"), load_reference(), kind)


def codes(document: Json, kind: PolicyKind | None = None) -> set[str]:
    """The codes that the check finds."""
    return {finding.code for finding in findings(document, kind)}
