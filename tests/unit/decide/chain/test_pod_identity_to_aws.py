"""From a pod to a session by EKS Pod Identity: every link, whole and broken, and AWS's words for it.

Source: EKS User Guide, "Learn how EKS Pod Identity grants pods access to AWS services", "Grant Pods access to
AWS resources based on tags"; EKS Auth API Reference, "AssumeRoleForPodIdentity".
"""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha512
from typing import Any

import pytest

from sekisho.decide import sts
from sekisho.decide.authn.service_account_token import TokenIssuer
from sekisho.decide.chain.pod_identity_error import pod_identity_error
from sekisho.decide.chain.pod_identity_to_aws import (
    PodIdentityAnswer,
    PodIdentityCluster,
    PodIdentityLink,
    associated,
    decide_pod,
    decide_token,
)
from sekisho.decide.decision import Chain, Outcome
from sekisho.decide.proof.jws_keys import parse_key_set
from sekisho.decide.sts.pod_identity import SERVICE, Association, PodSubject, session_name
from sekisho.decide.values import Instant, Secret
from sekisho.decide.values.documents import to_json
from support.jwt import Issuer
from support.sts_build import AWAY, HOME, ISSUER, NOW, ROLE, SPOKE, role, statement, trusting, world
from support.sts_world import World

ARN = f"arn:aws:eks:eu-north-1:{HOME}:cluster/tide"
POD = PodSubject(ARN, ISSUER, "billing", "ledger", "ledger-0", "uid-pod")
UNIQUE = "0b7d9a52-3c1f-4d59-8f3e-2a1c5d6e7f80"
OWN = Association("a-1", "billing", "ledger", ROLE)
EKS = {"Service": SERVICE}
BOTH = ("sts:AssumeRole", "sts:TagSession")
TRUSTED = trusting(EKS, *BOTH)
TAGS = (
    ("eks-cluster-arn", ARN),
    ("eks-cluster-name", "tide"),
    ("kubernetes-namespace", "billing"),
    ("kubernetes-service-account", "ledger"),
    ("kubernetes-pod-name", "ledger-0"),
    ("kubernetes-pod-uid", "uid-pod"),
)


def cluster(*associations: Association, unread: str = "") -> PodIdentityCluster:
    return PodIdentityCluster(ARN, ISSUER, associations, unread)


def decided(
    facts: World, *associations: Association, subject: PodSubject = POD, unread: str = ""
) -> PodIdentityAnswer:
    return decide_pod(subject, cluster(*associations, unread=unread), UNIQUE, facts, NOW)


def links(answer: PodIdentityAnswer) -> list[tuple[str, str]]:
    return [(link.name, str(link.decision.outcome)) for link in answer.chain.links]


def codes(answer: PodIdentityAnswer) -> list[str]:
    failed = answer.chain.failed
    assert failed is not None
    return [str(step.code) for step in failed.decision.decisive]


def fixes(answer: PodIdentityAnswer) -> list[str]:
    failed = answer.chain.failed
    assert failed is not None
    return [str(one.code) for one in failed.decision.repairs]


def test_the_session_of_a_pod() -> None:
    answer = decided(world(TRUSTED), OWN)
    assert links(answer) == [("association", "allow"), ("role", "allow")]
    session = answer.session
    assert session is not None
    assert str(session.principal.arn) == (f"arn:aws:sts::{HOME}:assumed-role/app/eks-tide-ledger-0-{UNIQUE}")
    assert session.tags == TAGS
    assert session.transitive_tags == TAGS
    assert session.duration.total_seconds() == 6 * 3600
    (origin,) = session.provenance
    assert (origin.kind, origin.name) == (sts.OriginKind.SERVICE, SERVICE)
    assert origin.subject == "system:serviceaccount:billing:ledger"
    assert origin.service_account == sts.ServiceAccountOrigin(ISSUER, "billing", "ledger", ARN)
    assert answer.association == OWN
    assert str(session.expires) in answer.chain.links[-1].decision.sentence()


def test_session_names_are_never_too_long() -> None:
    long = replace(POD, cluster=f"{ARN}-of-a-long-name", pod="a-pod-with-a-long-name-5c8f7b9d6-x2x7k")
    assert session_name(long, UNIQUE) == f"eks-tide-of-a--a-pod-with-a-{UNIQUE}"
    assert len(session_name(long, UNIQUE)) == 64
    assert session_name(replace(POD, pod=""), UNIQUE) == f"eks-tide-ledger-{UNIQUE}"


def keyed(key: str, value: Any, operator: str = "StringEquals") -> dict[str, Any]:
    return trusting(EKS, *BOTH, **{operator: {key: value}})


CONDITIONS = {
    "the cluster that asks": (keyed("aws:SourceArn", ARN, "ArnEquals"), True),
    "another cluster": (keyed("aws:SourceArn", f"{ARN}-2", "ArnEquals"), False),
    "the cluster's account": (keyed("aws:SourceAccount", HOME), True),
    "another account": (keyed("aws:SourceAccount", AWAY), False),
    "the cluster's organization": (keyed("aws:SourceOrgID", "o-h4rb0rqu4y"), True),
    "another organization": (keyed("aws:SourceOrgID", "o-other"), False),
    **{f"the tag {key}": (keyed(f"aws:RequestTag/{key}", value), True) for key, value in TAGS},
    **{f"another {key}": (keyed(f"aws:RequestTag/{key}", "x"), False) for key, _ in TAGS},
    "all tags are transitive": (
        keyed("sts:TransitiveTagKeys", [key for key, _ in TAGS], "ForAllValues:StringEquals"),
        True,
    ),
    "without sts:TagSession": (trusting(EKS, "sts:AssumeRole"), False),
    "without sts:AssumeRole": (trusting(EKS, "sts:TagSession"), False),
    "another service": (trusting({"Service": "ec2.amazonaws.com"}, *BOTH), False),
    "the whole account": (trusting({"AWS": HOME}, *BOTH), False),
}


@pytest.mark.parametrize(("trust", "allowed"), CONDITIONS.values(), ids=CONDITIONS)
def test_what_a_trust_policy_knows(trust: dict[str, Any], allowed: bool) -> None:
    answer = decided(world(trust), OWN)
    assert (answer.session is not None) is allowed
    if not allowed:
        assert codes(answer)[0] == "sts.not-authorized"
        assert fixes(answer)[-1] == "pod-identity.fix.trust-eks"


def test_the_organization_path_is_known_too() -> None:
    facts = world(keyed("aws:SourceOrgPaths", "o-h4rb0rqu4y/r-1a2b/", "ForAnyValue:StringEquals"))
    assert decided(facts, OWN).session is not None
    assert decided(replace(facts, paths=False), OWN).session is None


def test_no_organization_is_no_key() -> None:
    facts = world(keyed("aws:SourceOrgID", "*", "StringLike"))
    del facts.accounts[HOME]["org_id"]
    assert decided(facts, OWN).session is None


def test_session_tags_can_be_switched_off() -> None:
    answer = decided(world(trusting(EKS, "sts:AssumeRole")), replace(OWN, disable_session_tags=True))
    assert answer.session is not None
    assert (answer.session.tags, answer.session.transitive_keys) == ((), ())
    refused = decided(world(trusting({"Service": "x"}, *BOTH)), replace(OWN, disable_session_tags=True))
    fix = refused.chain.links[-1].decision.repairs[-1]
    assert dict(fix.facts)["actions"] == "sts:AssumeRole"


def test_a_session_policy_limits_the_role() -> None:
    text = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}'
    answer = decided(world(TRUSTED), replace(OWN, disable_session_tags=True, policy=text))
    assert answer.session is not None
    assert [one.text for one in answer.session.policies] == [text]


def any_pod(trust: dict[str, Any]) -> PodIdentityAnswer:
    return decided(world(trust), OWN, subject=replace(POD, pod="", pod_uid=""))


def test_a_question_about_any_pod_knows_no_pod() -> None:
    """The tags that name the pod are unread, so a trust policy that asks for them is no yes and no no."""
    answer = any_pod(TRUSTED)
    assert answer.session is not None
    assert [key for key, _ in answer.session.tags] == [key for key, _ in TAGS[:4]]
    assert any_pod(keyed("aws:RequestTag/kubernetes-pod-name", "ledger-0")).chain.outcome is Outcome.UNKNOWN


def test_a_target_role_is_assumed_with_the_first() -> None:
    facts = world(TRUSTED)
    facts.accounts[AWAY]["roles"]["spoke"] = role(
        trusting(
            {"AWS": ROLE},
            *BOTH,
            StringEquals={"aws:RequestTag/kubernetes-namespace": "billing"},
            StringEqualsIfExists={"sts:ExternalId": "id"},
        )
    )
    text = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}'
    one = replace(OWN, target_role=SPOKE, external_id="id", policy=text)
    answer = decided(facts, one)
    assert links(answer) == [("association", "allow"), ("role", "allow"), ("target-role", "allow")]
    session = answer.session
    assert session is not None
    assert session.duration.total_seconds() == 59 * 60
    assert session.tags == TAGS
    assert [each.text for each in session.policies] == [text]
    assert [str(origin.kind) for origin in session.provenance] == ["service", "assumed-role"]


def test_a_target_role_that_does_not_trust_the_first() -> None:
    facts = world(TRUSTED)
    trust = trusting({"AWS": ROLE}, *BOTH, StringEquals={"sts:ExternalId": "x"})
    facts.accounts[AWAY]["roles"]["spoke"] = role(trust)
    answer = decided(facts, replace(OWN, target_role=SPOKE, external_id="id"))
    assert links(answer)[-1] == ("target-role", "no-opinion")
    assert answer.session is None
    assert fixes(answer)[-1] == "pod-identity.fix.trust-role"
    assert pod_identity_error(answer.chain).code == "AccessDeniedException"


def test_a_role_that_is_gone_is_told_to_whoever_explains_alone() -> None:
    answer = decided(world(TRUSTED), replace(OWN, role=f"arn:aws:iam::{HOME}:role/none"))
    assert codes(answer) == ["sts.role-unknown"]
    assert pod_identity_error(answer.chain).message == (
        "Unauthorized Exception! EKS does not have permissions to assume the associated role."
    )


def test_policy_and_tags_that_do_not_fit() -> None:
    buckets = [b64encode(sha512(bytes([at])).digest()).decode()[:86] for at in range(18)]
    text = to_json(statement(Action="s3:*", Resource=[f"arn:aws:s3:::{one}" for one in buckets])).decode()
    names = ["".join(chr(0x4E00 + at * step % 20000) for at in range(250)) for step in (7919, 6271, 4409)]
    wide = PodSubject(ARN, ISSUER, names[0], names[1], "ledger-0", names[2])
    one = replace(OWN, namespace=names[0], service_account=names[1], policy=text)
    answer = decided(world(TRUSTED), one, subject=wide)
    assert codes(answer) == ["sts.packed-too-large"]
    error = pod_identity_error(answer.chain)
    assert (error.code, error.http_status) == ("InvalidRequestException", 400)
    assert error.message.startswith("PackedPolicyTooLarge: ")


NEAREST: dict[str, tuple[tuple[Association, ...], list[str]]] = {
    "nothing": ((), []),
    "another account": ((replace(OWN, service_account="idle"),), []),
    "another namespace": ((replace(OWN, namespace="default"),), ["pod-identity.near.namespace"]),
    "case, before another namespace": (
        (replace(OWN, namespace="default"), replace(OWN, association="a-2", service_account="Ledger")),
        ["pod-identity.near.account", "pod-identity.near.namespace"],
    ),
}


@pytest.mark.parametrize(("others", "near"), NEAREST.values(), ids=NEAREST)
def test_an_account_without_an_association(others: tuple[Association, ...], near: list[str]) -> None:
    found = associated(POD, cluster(*others))
    assert found.outcome is Outcome.DENY
    assert [str(step.code) for step in found.decisive] == ["pod-identity.no-association"]
    assert [str(step.code) for step in found.nearest] == near
    assert "create-pod-identity-association --cluster-name tide" in found.repairs[0].sentence()
    answer = decided(world(TRUSTED), *others)
    error = pod_identity_error(answer.chain)
    assert (error.code, error.http_status) == ("ResourceNotFoundException", 404)


def test_associations_that_were_not_read_are_no_no() -> None:
    unread = decided(world(TRUSTED), unread="not listed")
    assert (unread.chain.outcome, codes(unread)) == (Outcome.UNKNOWN, ["pod-identity.associations-unread"])
    known = decided(world(TRUSTED), OWN, unread="not listed").chain
    assert known.outcome is Outcome.ALLOW
    assert [str(one.code) for one in known.links[0].decision.decisive] == ["pod-identity.associated"]


class Objects:
    """A cluster that holds one account and one pod."""

    def __init__(self, **changed: str | None) -> None:
        self.uids: dict[str, str | None] = {"serviceaccounts": "uid-sa", "pods": "uid-pod", **changed}

    def uid_of(self, plural: str, namespace: str, name: str) -> str | None:
        wanted = {"serviceaccounts": ("billing", "ledger"), "pods": ("billing", "ledger-0")}
        return self.uids[plural] if wanted[plural] == (namespace, name) else None

    def going_of(self, plural: str, namespace: str, name: str) -> Instant | None:
        del plural, namespace, name
        return None


def claims(**changed: Any) -> dict[str, Any]:
    now = int(NOW.epoch)
    private = {
        "namespace": "billing",
        "serviceaccount": {"name": "ledger", "uid": "uid-sa"},
        "pod": {"name": "ledger-0", "uid": "uid-pod"},
    }
    usual = {
        "iss": ISSUER,
        "sub": "system:serviceaccount:billing:ledger",
        "aud": [SERVICE],
        "iat": now - 60,
        "nbf": now - 60,
        "exp": now + 3600,
        "kubernetes.io": {**private, **changed.pop("private", {})},
    }
    return {**usual, **changed}


def presented(text: str, objects: Objects | None = None) -> PodIdentityAnswer:
    issuer = TokenIssuer(ISSUER, ("https://kubernetes.default.svc",), parse_key_set(Issuer.shared().jwks()))
    return decide_token(Secret(text), cluster(OWN), issuer, objects or Objects(), UNIQUE, world(TRUSTED), NOW)


def token(signature: str = "valid", **changed: Any) -> str:
    return Issuer.shared().token(claims(**changed), "RS256", signature)


def test_a_whole_chain() -> None:
    answer = presented(token())
    assert [name for name, _ in links(answer)] == [
        PodIdentityLink.TOKEN,
        PodIdentityLink.ASSOCIATION,
        PodIdentityLink.ROLE,
    ]
    assert answer.subject == POD
    with pytest.raises(ValueError, match="only a refusal"):
        pod_identity_error(answer.chain)


_INVALID = "InvalidTokenException"
NOW_SECONDS = int(NOW.epoch)
BROKEN: dict[str, tuple[Callable[[], PodIdentityAnswer], str, str]] = {
    "no token": (lambda: presented("x"), "service-account.other-issuer", _INVALID),
    "another issuer": (
        lambda: presented(token(iss="https://oidc.example")),
        "service-account.other-issuer",
        _INVALID,
    ),
    "no claims": (
        lambda: presented(token(private={"serviceaccount": None})),
        "service-account.claims",
        _INVALID,
    ),
    "a wrong signature": (lambda: presented(token("invalid")), "service-account.signature", _INVALID),
    "another audience": (
        lambda: presented(token(aud=["sts.amazonaws.com"])),
        "service-account.audience",
        _INVALID,
    ),
    "expired": (
        lambda: presented(token(exp=NOW_SECONDS - 61)),
        "service-account.expired",
        "ExpiredTokenException",
    ),
    "not yet": (lambda: presented(token(nbf=NOW_SECONDS + 61)), "service-account.not-yet-valid", _INVALID),
    "a deleted account": (
        lambda: presented(token(), Objects(serviceaccounts=None)),
        "service-account.deleted",
        _INVALID,
    ),
    "a recreated account": (
        lambda: presented(token(), Objects(serviceaccounts="new")),
        "service-account.recreated",
        _INVALID,
    ),
    "a deleted pod": (
        lambda: presented(token(), Objects(pods=None)),
        "service-account.bound-object-deleted",
        _INVALID,
    ),
    "a recreated pod": (
        lambda: presented(token(), Objects(pods="new")),
        "service-account.bound-object-recreated",
        _INVALID,
    ),
    "bound to no pod": (
        lambda: presented(token(private={"pod": None})),
        "pod-identity.token-not-bound",
        _INVALID,
    ),
}


@pytest.mark.parametrize(("ask", "code", "wire"), BROKEN.values(), ids=BROKEN)
def test_tokens_that_obtain_nothing(ask: Callable[[], PodIdentityAnswer], code: str, wire: str) -> None:
    answer = ask()
    assert [link.name for link in answer.chain.links] == [PodIdentityLink.TOKEN]
    assert codes(answer)[0] == code
    assert answer.session is None
    error = pod_identity_error(answer.chain)
    assert (error.code, error.http_status) == (wire, 400)


def test_edges_of_a_tokens_life() -> None:
    """A minute of leeway, as kube-apiserver gives it."""
    assert presented(token(exp=NOW_SECONDS - 60)).session is not None
    assert presented(token(nbf=NOW_SECONDS + 60)).session is not None


def test_an_unbound_token_is_told_how_to_get_another() -> None:
    answer = presented(token(private={"pod": None}))
    assert fixes(answer) == ["pod-identity.fix.bound-token"]
    assert "kubectl create token ledger --namespace billing" in (
        answer.chain.links[0].decision.repairs[0].sentence()
    )


def test_a_chain_is_one_of_pods() -> None:
    assert isinstance(presented(token()).chain, Chain)
    assert presented(token()).chain.name == "pod_identity_to_aws"
