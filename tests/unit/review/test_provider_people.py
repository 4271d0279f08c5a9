"""OIDC people of a cluster in answers about who may: by name, by group, and who stands behind a subject."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import AccountId, Instant
from sekisho.facts import Put, UserPool
from sekisho.facts.pool_lookup import PoolFact, pool_key
from sekisho.facts.pool_model import UserPoolGroup, UserPoolUser
from sekisho.review.kube_list import list_in_cluster
from sekisho.review.kube_who_can import who_can_in
from sekisho.review.provider_people import Behind, behind, person
from sekisho.review.questions import ask_cluster, need_cluster
from sekisho.review.source import Source, from_files

POOL = "https://cognito-idp.ap-northeast-1.amazonaws.com/ap-northeast-1_Poc000000"
ARN = "arn:aws:eks:ap-northeast-1:111122223333:cluster/clu"
WORLD = f"""\
apiVersion: sekisho.dev/v1alpha1
kind: World
region: ap-northeast-1
accounts:
  - id: "111122223333"
    users: [{{name: admin}}]
clusters:
  - name: clu
    account: "111122223333"
    creator: user/admin
    identityProviders:
      - identityProviderConfigName: cognito
        issuerUrl: {POOL}
        clientId: web
        usernameClaim: email
        groupsClaim: cognito:groups
        groupsPrefix: "gid:"
        requiredClaims: {{token_use: id}}
      - identityProviderConfigName: corp
        issuerUrl: https://id.example.com
        clientId: kube
        groupsClaim: groups
      - identityProviderConfigName: strict
        issuerUrl: https://strict.example.com
        clientId: kube
    manifests:
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {{name: admins}}
        roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}}
        subjects:
          - {{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "gid:admin"}}
          - {{apiGroup: rbac.authorization.k8s.io, kind: User, name: cay@example.com}}
"""
SECRETS = RequestAttributes("list", resource="secrets", namespace="default")


POOL_ID = POOL.rpartition("/")[2]
NOW = Instant.from_epoch(1_790_000_000)


def user(name: str, *groups: str, **more: Any) -> UserPoolUser:
    attributes = (("email", f"{name}@example.com"), ("email_verified", more.pop("verified", "true")))
    return UserPoolUser(POOL_ID, name, f"sub-{name}", NOW, NOW, attributes=attributes, groups=groups, **more)


PEOPLE: tuple[PoolFact, ...] = (
    UserPool(AccountId("111122223333"), "ap-northeast-1", POOL_ID, "people", NOW, NOW),
    UserPool(AccountId("111122223333"), "ap-northeast-1", "ap-northeast-1_Other0000", "else", NOW, NOW),
    UserPoolGroup(POOL_ID, "admin", NOW, NOW),
    UserPoolGroup(POOL_ID, "staff", NOW, NOW),
    user("ana", "admin", "staff"),
    user("ben"),
    user("eve", "admin", verified="false"),
    user("gus", "admin", enabled=False),
)


@cache
def source(change: tuple[str, str] = ("", "")) -> Source:
    """Return the facts of the file with the people of a pool, as a lab has them."""
    read = from_files([("world.yaml", WORLD.replace(*change))], None, None, {})
    return replace(read, snapshot=read.snapshot.applied(Put(pool_key(one), one) for one in PEOPLE))


@pytest.mark.parametrize(
    ("who", "is_allowed"),
    [
        ("user:ana@example.com", True),
        ("user:ben@example.com", False),
        ("user:eve@example.com", False),
        ("user:gus@example.com", False),
        ("user:cay@example.com", True),
        ("group:gid:admin", True),
        ("group:admin", False),
    ],
)
def test_people_of_a_pool_have_the_groups_of_their_token(who: str, is_allowed: bool) -> None:
    assert (ask_cluster(who, SECRETS, source()).outcome == "allow") is is_allowed


def test_a_list_is_that_of_the_token_too() -> None:
    found = list_in_cluster("user:ana@example.com", source(), "default")
    assert [rule.resources for rule in found.namespaces[0].rules if rule.verbs == ("*",)] == [("*",), ()]


def test_whom_a_cluster_sees() -> None:
    found = person("ana@example.com", source().snapshot, ARN)
    assert found is not None
    assert found.groups == ("gid:admin", "gid:staff", "system:authenticated")
    assert person("dan@example.com", source().snapshot, ARN) is None


def test_a_required_claim_that_nobody_of_the_pool_has() -> None:
    facts = source(("{token_use: id}", "{department: ops}")).snapshot
    assert person("ana@example.com", facts, ARN) is None


def test_a_provider_without_groups_gives_none() -> None:
    facts = source(('        groupsClaim: cognito:groups\n        groupsPrefix: "gid:"\n', "")).snapshot
    found = person("ana@example.com", facts, ARN)
    assert found is not None
    assert found.groups == ("system:authenticated",)


BEHIND: dict[str, list[Behind]] = {
    "Group:gid:admin": [
        Behind("cognito", POOL, "cognito:groups", "admin", ("ana@example.com",)),
        Behind("corp", "https://id.example.com", "groups", "gid:admin"),
    ],
    "Group:other": [Behind("corp", "https://id.example.com", "groups", "other")],
    "User:ben@example.com": [Behind("cognito", POOL, "email", "ben@example.com", ("ben@example.com",))],
    "User:plain": [],
    "User:https://id.example.com#mira": [Behind("corp", "https://id.example.com", "sub", "mira")],
    "Group:system:masters": [],
    "ServiceAccount:a/b": [],
}


@pytest.mark.parametrize("subject", BEHIND)
def test_who_stands_behind_a_subject(subject: str) -> None:
    assert list(behind(subject, source().snapshot, ARN)) == BEHIND[subject]


def test_who_can_names_them() -> None:
    found = who_can_in(SECRETS, source().snapshot, need_cluster(source()))
    assert list(found.people["Group:gid:admin"]) == BEHIND["Group:gid:admin"]
    assert found.people["User:cay@example.com"][0].people == ()
