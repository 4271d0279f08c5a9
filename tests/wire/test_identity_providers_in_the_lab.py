"""Identity providers of clusters in a running lab: boto3 associates them, clusters honour them at once."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from sekisho.testing import RunningLab
from support.boto_lab import (
    HOME,
    REGION,
    Caller,
    Refused,
    codes_of,
    last_refusal,
    new_user,
    policy,
    profile,
)
from support.kube_asking import ask_kube
from support.oidc_login import ask_with, associate, disassociate, tokens_of, who_is
from support.user_pools import OAUTH, Pool, new_pool

CLUSTER = "eks-clu"
ROLE = f"arn:aws:iam::{HOME}:role/eks-clu-cluster-role"
PERSON = "ana@example.com"
ISSUER = "https://id.example.com/realms/one"
BAD = "InvalidParameterException"
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Ground:
    """A pool with an administrator among its people, its client, and a token of each kind."""

    lab: RunningLab
    admin: Caller
    pool: Pool
    client: str
    tokens: Any


@pytest.fixture(scope="module")
def ground(lab: RunningLab) -> Ground:
    admin = profile(lab, "default")
    pool = new_pool(admin)
    client = pool.new_client(**OAUTH)["ClientId"]
    pool.ask("create_group", GroupName="admin")
    pool.new_user(PERSON)
    pool.ask("admin_add_user_to_group", Username=PERSON, GroupName="admin")
    return Ground(lab, admin, pool, client, tokens_of(pool, client, PERSON))


def create(admin: Caller, version: str = "1.34") -> str:
    name = f"oidc-{next(_NUMBERS)}"
    vpc = {"subnetIds": ["subnet-1", "subnet-2"]}
    admin.ask("eks", "create_cluster", name=name, roleArn=ROLE, resourcesVpcConfig=vpc, version=version)
    return name


def describe(admin: Caller, cluster: str, name: str) -> Any:
    named = {"type": "oidc", "name": name}
    return admin.ask(
        "eks", "describe_identity_provider_config", clusterName=cluster, identityProviderConfig=named
    )["identityProviderConfig"]["oidc"]


def listed(admin: Caller, cluster: str) -> Any:
    return admin.ask("eks", "list_identity_provider_configs", clusterName=cluster)["identityProviderConfigs"]


def refused(admin: Caller, cluster: str, **oidc: Any) -> Refused:
    given = {"identityProviderConfigName": "x", "issuerUrl": ISSUER, "clientId": "kube", **oidc}
    return admin.refused("eks", "associate_identity_provider_config", clusterName=cluster, oidc=given)


def test_a_provider_counts_from_the_next_request_on_and_no_longer_than_it_is_associated(
    ground: Ground,
) -> None:
    admin, token = ground.admin, ground.tokens["IdToken"]
    assert ask_with(ground.lab, CLUSTER, token).status == 401
    told = {"usernameClaim": "email", "groupsClaim": "cognito:groups", "groupsPrefix": "gid:"}
    update = associate(admin, CLUSTER, "cognito", ground.pool.issuer, ground.client, **told)
    assert (update["status"], update["type"]) == ("InProgress", "AssociateIdentityProviderConfig")
    assert update["params"] == [
        {"type": "IdentityProviderConfig", "value": '[{"type":"oidc","name":"cognito"}]'}
    ]
    done = admin.ask("eks", "describe_update", name=CLUSTER, updateId=update["id"])["update"]
    assert (done["id"], done["status"]) == (update["id"], "Successful")
    seen = who_is(ground.lab, CLUSTER, token)
    assert (seen["username"], seen["groups"]) == (PERSON, ["gid:admin", "system:authenticated"])
    found = describe(admin, CLUSTER, "cognito")
    assert found["identityProviderConfigArn"].startswith(
        f"arn:aws:eks:{REGION}:{HOME}:identityproviderconfig/{CLUSTER}/oidc/cognito/"
    )
    assert (found["status"], found["clusterName"], found["issuerUrl"]) == (
        "ACTIVE",
        CLUSTER,
        ground.pool.issuer,
    )
    assert (found["usernameClaim"], found["groupsPrefix"]) == ("email", "gid:")
    assert listed(admin, CLUSTER) == [{"type": "oidc", "name": "cognito"}]
    gone = disassociate(admin, CLUSTER, "cognito")
    assert (gone["status"], gone["type"]) == ("InProgress", "DisassociateIdentityProviderConfig")
    assert ask_with(ground.lab, CLUSTER, token).status == 401
    assert codes_of(last_refusal(ground.lab)) == ["oidc.issuer-not-configured"]
    assert listed(admin, CLUSTER) == []


def test_defaults_of_eks(ground: Ground) -> None:
    cluster = create(ground.admin)
    associate(ground.admin, cluster, "plain", ground.pool.issuer, ground.client)
    found = describe(ground.admin, cluster, "plain")
    assert (found["usernameClaim"], found["requiredClaims"]) == ("sub", {})
    assert {"usernamePrefix", "groupsClaim", "groupsPrefix"}.isdisjoint(found)
    seen = who_is(ground.lab, cluster, ground.tokens["IdToken"])
    assert seen["username"].startswith(f"{ground.pool.issuer}#")
    assert seen["groups"] == ["system:authenticated"]


def test_what_is_not_there(ground: Ground) -> None:
    named = {"type": "oidc", "name": "ghost"}
    asked = {"clusterName": CLUSTER, "identityProviderConfig": named}
    assert ground.admin.refused("eks", "describe_identity_provider_config", **asked) == Refused(
        "ResourceNotFoundException",
        404,
        f"No config found for cluster: {CLUSTER}, config type: oidc, config name: ghost",
    )
    assert ground.admin.refused("eks", "disassociate_identity_provider_config", **asked) == Refused(
        "InvalidRequestException",
        400,
        f"Identity provider config is not associated with cluster {CLUSTER}",
    )
    assert ground.admin.refused("eks", "list_identity_provider_configs", clusterName="none").status == 404


LONG = {"claim name": ({"a" * 64: "b"}, 63), "claim value": ({"a": "b" * 254}, 253)}
RULES: dict[str, tuple[dict[str, Any], str]] = {
    "no https": ({"issuerUrl": "http://id.example.com"}, "issuerUrl: expected an address that begins with"),
    "a query": ({"issuerUrl": f"{ISSUER}?a=b"}, "issuerUrl: an address here has no query"),
    "a fragment": ({"issuerUrl": f"{ISSUER}#a"}, "issuerUrl: an address here has no fragment"),
    "user and password": ({"issuerUrl": "https://a:b@id.example.com"}, "issuerUrl: an address here has no"),
    "system: before users": ({"usernamePrefix": "system:"}, "usernamePrefix: a prefix does not contain"),
    "system: within a prefix": ({"groupsPrefix": "x-system:y"}, "groupsPrefix: a prefix does not contain"),
    "no client": ({"clientId": ""}, "clientId: expected a value"),
    **{
        name: ({"requiredClaims": claims}, f"less than or equal to {most}")
        for name, (claims, most) in LONG.items()
    },
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_of_eks(ground: Ground, name: str) -> None:
    change, sentence = RULES[name]
    told = refused(ground.admin, CLUSTER, **change)
    assert (told.code, told.status) == (BAD, 400)
    assert sentence in told.message
    assert listed(ground.admin, CLUSTER) == []


def test_a_cluster_s_own_issuer_is_no_provider_of_it(ground: Ground) -> None:
    described = ground.admin.ask("eks", "describe_cluster", name=CLUSTER)["cluster"]
    told = refused(ground.admin, CLUSTER, issuerUrl=described["identity"]["oidc"]["issuer"])
    assert told == Refused(
        BAD,
        400,
        "Incorrect Identity Provider URL configuration. "
        "The Identity Provider URL cannot be same as OpenID Connect (OIDC) issuer URL",
    )


def test_one_provider_before_1_32_and_ten_from_then_on(ground: Ground) -> None:
    old, new = create(ground.admin, "1.31"), create(ground.admin, "1.32")
    associate(ground.admin, old, "p-0", ISSUER, "kube")
    second = refused(ground.admin, old, identityProviderConfigName="p-1", issuerUrl=f"{ISSUER}/1")
    assert (second.code, second.status) == ("InvalidRequestException", 400)
    assert "has at most 1 identity provider" in second.message
    for index in range(10):
        associate(ground.admin, new, f"p-{index}", f"{ISSUER}/{index}", "kube")
    eleventh = refused(ground.admin, new, identityProviderConfigName="p-10", issuerUrl=f"{ISSUER}/10")
    assert "has at most 10 identity providers" in eleventh.message
    pages = ground.admin.client("eks").get_paginator("list_identity_provider_configs")
    found = [
        page["identityProviderConfigs"]
        for page in pages.paginate(clusterName=new, PaginationConfig={"PageSize": 4})
    ]
    assert [len(page) for page in found] == [4, 4, 2]
    assert [one["name"] for page in found for one in page] == [f"p-{index}" for index in range(10)]


def test_a_name_and_an_issuer_are_associated_once(ground: Ground) -> None:
    cluster = create(ground.admin)
    associate(ground.admin, cluster, "one", ISSUER, "kube")
    same_name = refused(ground.admin, cluster, identityProviderConfigName="one", issuerUrl=f"{ISSUER}/2")
    same_issuer = refused(ground.admin, cluster, identityProviderConfigName="two", clientId="other")
    for told in (same_name, same_issuer):
        assert (told.code, told.status) == ("ResourceInUseException", 409)


def test_the_providers_of_a_cluster_have_12_kilobytes_together(ground: Ground) -> None:
    cluster = create(ground.admin)
    claims = {f"claim-{index}": "v" * 250 for index in range(20)}
    associate(ground.admin, cluster, "one", f"{ISSUER}/1", "kube", requiredClaims=claims)
    associate(ground.admin, cluster, "two", f"{ISSUER}/2", "kube", requiredClaims=claims)
    told = refused(ground.admin, cluster, requiredClaims=claims)
    assert (told.code, told.status) == ("InvalidRequestException", 400)
    assert "12288 bytes" in told.message


def test_a_request_that_is_sent_again_associates_once(ground: Ground) -> None:
    cluster = create(ground.admin)
    oidc = {"identityProviderConfigName": "again", "issuerUrl": ISSUER, "clientId": "kube"}
    asked = {"clusterName": cluster, "oidc": oidc, "clientRequestToken": "one", "tags": {"a": "b"}}
    first = ground.admin.ask("eks", "associate_identity_provider_config", **asked)
    again = ground.admin.ask("eks", "associate_identity_provider_config", **asked)
    assert (first["update"]["id"], first["tags"]) == (again["update"]["id"], {"a": "b"})
    other = {**asked, "oidc": {**oidc, "clientId": "other"}}
    assert ground.admin.refused("eks", "associate_identity_provider_config", **other).status == 409
    named = {"clusterName": cluster, "identityProviderConfig": {"type": "oidc", "name": "again"}}
    taken = [
        ground.admin.ask("eks", "disassociate_identity_provider_config", **named, clientRequestToken="two")[
            "update"
        ]["id"]
        for _ in range(2)
    ]
    assert taken[0] == taken[1]
    updates = ground.admin.ask("eks", "list_updates", name=cluster)["updateIds"]
    assert updates == [first["update"]["id"], taken[0]]


def test_tags_of_a_provider(ground: Ground) -> None:
    cluster = create(ground.admin)
    associate(ground.admin, cluster, "tagged", ISSUER, "kube")
    arn = describe(ground.admin, cluster, "tagged")["identityProviderConfigArn"]
    ground.admin.ask("eks", "tag_resource", resourceArn=arn, tags={"team": "a", "old": "x"})
    ground.admin.ask("eks", "untag_resource", resourceArn=arn, tagKeys=["old"])
    assert ground.admin.ask("eks", "list_tags_for_resource", resourceArn=arn)["tags"] == {"team": "a"}
    assert describe(ground.admin, cluster, "tagged")["tags"] == {"team": "a"}
    missing = ground.admin.refused("eks", "list_tags_for_resource", resourceArn=f"{arn}x")
    assert missing.code == "NotFoundException"


def test_the_issuer_and_the_client_are_condition_keys(ground: Ground) -> None:
    cluster = create(ground.admin)
    who = new_user(
        ground.admin,
        "oidc-admin",
        policy(
            "eks:AssociateIdentityProviderConfig",
            Resource="*",
            Condition={"StringEquals": {"eks:issuerUrl": ISSUER, "eks:clientId": "kube"}},
        ),
    )
    for oidc in ({"issuerUrl": f"{ISSUER}/other"}, {"clientId": "other"}):
        assert refused(who, cluster, **oidc).code == "AccessDeniedException"
    assert associate(who, cluster, "mine", ISSUER, "kube")["status"] == "InProgress"


def test_tags_decide_who_may_take_a_provider_away(ground: Ground) -> None:
    cluster = create(ground.admin)
    for name, team in (("ours", "a"), ("theirs", "b")):
        oidc = {"identityProviderConfigName": name, "issuerUrl": f"{ISSUER}/{name}", "clientId": "kube"}
        ground.admin.ask(
            "eks", "associate_identity_provider_config", clusterName=cluster, oidc=oidc, tags={"team": team}
        )
    who = new_user(
        ground.admin,
        "oidc-team",
        policy(
            "eks:DisassociateIdentityProviderConfig",
            Resource=f"arn:aws:eks:{REGION}:{HOME}:identityproviderconfig/{cluster}/oidc/*",
            Condition={"StringEquals": {"aws:ResourceTag/team": "a"}},
        ),
    )
    named = {"clusterName": cluster, "identityProviderConfig": {"type": "oidc", "name": "theirs"}}
    told = who.refused("eks", "disassociate_identity_provider_config", **named)
    assert told.code == "AccessDeniedException"
    assert disassociate(who, cluster, "ours")["status"] == "InProgress"
    assert listed(ground.admin, cluster) == [{"type": "oidc", "name": "theirs"}]


def test_iam_and_oidc_count_side_by_side_and_a_deleted_cluster_leaves_no_provider(ground: Ground) -> None:
    cluster = create(ground.admin)
    associate(ground.admin, cluster, "side", ground.pool.issuer, ground.client)
    assert ask_kube(ground.admin, cluster, "/api/v1/nodes").status == 200
    assert ask_with(ground.lab, cluster, ground.tokens["IdToken"]).status == 403
    ground.admin.ask("eks", "delete_cluster", name=cluster)
    ground.admin.ask(
        "eks",
        "create_cluster",
        name=cluster,
        roleArn=ROLE,
        resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"]},
    )
    assert listed(ground.admin, cluster) == []
    assert ask_with(ground.lab, cluster, ground.tokens["IdToken"]).status == 401
