"""OIDC identity providers of a cluster: in world files, saved, and as whose id tokens they make it take."""

from dataclasses import replace
from typing import Any

import pytest

from sekisho.decide.values import Instant, Ref, SekishoInputError
from sekisho.facts import ClusterIdentityProvider, Delete, Snapshot
from sekisho.facts.cluster_providers import (
    identity_provider,
    identity_providers,
    issuers_of_cluster,
    provider_key,
    put_provider,
)
from sekisho.facts.world.events import events
from sekisho.facts.world.file import parse_world
from unit.facts.test_files import ARN
from unit.facts.world.test_world_file import Counting
from unit.facts.world.test_world_saved import cluster, document_of
from unit.facts.worlds import changed

ISSUER = "https://cognito-idp.ap-northeast-1.amazonaws.com/ap-northeast-1_Poc000000"
CREATED = Instant.from_epoch(1_790_000_000)
LINE = "    creator: user/eks-admin\n"
WHOLE = f"""\
{LINE}    identityProviders:
      - identityProviderConfigName: cognito
        issuerUrl: {ISSUER}
        clientId: 4f3jd
        usernameClaim: email
        groupsClaim: cognito:groups
        groupsPrefix: "gid:"
        requiredClaims: {{token_use: id}}
        configId: 0-1
        tags: {{team: a}}
"""
PROVIDER = ClusterIdentityProvider(
    ARN,
    "cognito",
    ISSUER,
    "4f3jd",
    "email",
    "",
    "cognito:groups",
    "gid:",
    (("token_use", "id"),),
    "0-1",
    (("team", "a"),),
)


def facts(text: str = WHOLE) -> Snapshot:
    return Snapshot(events(parse_world(changed(LINE, text), "world.yaml"), Counting(), CREATED))


def faults(text: str) -> dict[str, str]:
    with pytest.raises(SekishoInputError) as error:
        facts(text)
    return {fault.at.pointer: fault.problem for fault in error.value.faults}


def test_a_provider_of_a_world() -> None:
    found = facts()
    assert identity_providers(found, ARN) == (PROVIDER,)
    assert identity_provider(found, ARN, "cognito") == PROVIDER
    assert identity_provider(found, ARN, "other") is None
    assert str(PROVIDER.arn) == (
        "arn:aws:eks:ap-northeast-1:111122223333:identityproviderconfig/eks-clu/oidc/cognito/0-1"
    )
    assert identity_providers(found.applied([Delete(provider_key(PROVIDER))]), ARN) == ()


def test_what_a_file_leaves_out() -> None:
    text = f"{LINE}    identityProviders: [{entry()}]\n"
    (found,) = identity_providers(facts(text), ARN)
    assert (found.username_claim, found.groups_claim, found.required_claims) == ("", "", ())
    assert found.uuid == identity_providers(facts(text), ARN)[0].uuid != ""
    one = issuers_of_cluster(facts(text), ARN).issuers[ISSUER]
    assert (one.username.claim, one.username.prefix, one.groups) == ("sub", f"{ISSUER}#", None)


def test_whose_tokens_a_cluster_takes_and_where_each_setting_stands() -> None:
    (found,) = issuers_of_cluster(facts(), ARN).issuers.values()
    at = Ref(ARN, "/identityProviders/cognito")
    assert (found.issuer, found.audiences, found.algorithms) == (ISSUER, ("4f3jd",), ("RS256",))
    assert found.groups is not None
    assert (found.username.prefix, found.groups.claim, found.groups.prefix) == ("", "cognito:groups", "gid:")
    assert (found.audiences_at, found.issuer_at) == (at.child("clientId"), at.child("issuerUrl"))
    assert [(one.claim, one.value) for one in found.required] == [("token_use", "id")]
    assert dict(issuers_of_cluster(facts(LINE), ARN).issuers) == {}


def test_a_limit_that_came_later_takes_nobody_s_login() -> None:
    many = [replace(PROVIDER, name=f"p{index}", issuer=f"{ISSUER}{index}") for index in range(12)]
    found = facts().applied(put_provider(one) for one in many)
    assert len(issuers_of_cluster(found, ARN).issuers) == 13


def entry(**members: Any) -> str:
    given = {"identityProviderConfigName": "a", "issuerUrl": ISSUER, "clientId": "k", **members}
    return "{" + ", ".join(f'{name}: "{value}"' for name, value in given.items() if value != "-") + "}"


AT = "/clusters/0/identityProviders"
FAULTS: dict[str, tuple[list[str], str, str]] = {
    "no client": ([entry(clientId="-")], f"{AT}/0", "`clientId` is missing"),
    "no https": ([entry(issuerUrl="http://a.example")], f"{AT}/0/issuerUrl", "that starts with https://"),
    "a query": ([entry(issuerUrl="https://a.example?b")], f"{AT}/0/issuerUrl", "has no query"),
    "system:": ([entry(groupsPrefix="system:")], f"{AT}/0/groupsPrefix", "does not contain system:"),
    "a name twice": (
        [entry(), entry(issuerUrl="https://b.example")],
        f"{AT}/1/identityProviderConfigName",
        "`a` is associated already",
    ),
    "an issuer twice": (
        [entry(), entry(identityProviderConfigName="b")],
        f"{AT}/1/issuerUrl",
        "the issuer is associated already",
    ),
    "an unknown key": ([entry(issuer="x")], f"{AT}/0/issuer", "unknown"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_eks_would_refuse(name: str) -> None:
    entries, pointer, problem = FAULTS[name]
    found = faults(f"{LINE}    identityProviders: [{', '.join(entries)}]\n")
    assert problem in found[pointer]


@pytest.mark.parametrize(("version", "is_taken"), [("1.31", False), ("1.32", True)])
def test_two_providers_from_1_32_on(version: str, is_taken: bool) -> None:
    listed = ", ".join([entry(), entry(identityProviderConfigName="b", issuerUrl="https://b.example")])
    text = f'{LINE}    version: "{version}"\n    identityProviders: [{listed}]\n'
    if is_taken:
        assert len(identity_providers(facts(text), ARN)) == 2
    else:
        problem = "a cluster of version 1.31 has at most 1 identity provider"
        assert faults(text) == {f"{AT}/1/identityProviderConfigName": problem}


def test_a_provider_is_saved_as_it_is_written() -> None:
    (found,) = document_of(cluster(), put_provider(PROVIDER))["clusters"]
    assert found["identityProviders"] == [
        {
            "identityProviderConfigName": "cognito",
            "issuerUrl": ISSUER,
            "clientId": "4f3jd",
            "usernameClaim": "email",
            "groupsClaim": "cognito:groups",
            "groupsPrefix": "gid:",
            "requiredClaims": {"token_use": "id"},
            "configId": "0-1",
            "tags": {"team": "a"},
        }
    ]
    assert "identityProviders" not in document_of(cluster())["clusters"][0]
