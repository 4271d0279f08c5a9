"""Access entries in a running lab: real boto3 makes them, and the cluster honours them at once."""

from itertools import count
from typing import Any

import pytest

from sekisho.testing import RunningLab, running_lab
from support.boto_lab import (
    AWAY,
    HOME,
    REGION,
    Caller,
    Refused,
    codes_of,
    delete_role,
    delete_user,
    last_refusal,
    new_role,
    new_user,
    policy,
    profile,
    trust,
)
from support.kube_asking import ask_kube

POLICY = "arn:aws:eks::aws:cluster-access-policy/"
VIEW, EDIT, ADMIN = (
    f"{POLICY}AmazonEKSViewPolicy",
    f"{POLICY}AmazonEKSEditPolicy",
    f"{POLICY}AmazonEKSAdminPolicy",
)
CLUSTER_ADMIN = f"{POLICY}AmazonEKSClusterAdminPolicy"
CREATOR = f"arn:aws:iam::{HOME}:user/eks-admin"
NODE_ROLE = f"arn:aws:iam::{HOME}:role/eksctl-eks-clu-nodegroup-ng-1-NodeInstanceRole"
CLUSTER_ROLE = f"arn:aws:iam::{HOME}:role/eks-clu-cluster-role"
NOT_FOUND = Refused(
    "ResourceNotFoundException",
    404,
    "The specified principalArn could not be found. "
    "You can view your available access entries with 'list-access-entries'.",
)
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def admin(lab: RunningLab) -> Caller:
    return profile(lab, "default")


def fresh(name: str) -> str:
    return f"{name}-{next(_NUMBERS)}"


def create(admin: Caller, name: str, **access: Any) -> Any:
    vpc = {"subnetIds": ["subnet-1", "subnet-2"]}
    more = {"accessConfig": access} if access else {}
    return admin.ask("eks", "create_cluster", name=name, roleArn=CLUSTER_ROLE, resourcesVpcConfig=vpc, **more)


@pytest.fixture(scope="module")
def api(admin: Caller) -> str:
    """Return a cluster in mode API with its creator as administrator."""
    create(admin, "in-api", authenticationMode="API")
    ask_kube(admin, "in-api", "/api/v1/namespaces", "POST", namespace("team-a"))
    return "in-api"


def namespace(name: str) -> Any:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def entry(admin: Caller, cluster: str, principal: str, **more: Any) -> Any:
    answer = admin.ask("eks", "create_access_entry", clusterName=cluster, principalArn=principal, **more)
    return answer["accessEntry"]


def associate(admin: Caller, cluster: str, principal: str, policy_arn: str, *namespaces: str) -> Any:
    scope = {"type": "namespace", "namespaces": list(namespaces)} if namespaces else {"type": "cluster"}
    named = {"clusterName": cluster, "principalArn": principal}
    return admin.ask("eks", "associate_access_policy", **named, policyArn=policy_arn, accessScope=scope)


def test_the_creator_of_a_cluster_has_a_visible_entry(admin: Caller, api: str) -> None:
    assert admin.ask("eks", "list_access_entries", clusterName=api)["accessEntries"] == [CREATOR]
    named = {"clusterName": api, "principalArn": CREATOR}
    found = admin.ask("eks", "describe_access_entry", **named)["accessEntry"]
    assert (found["type"], found["username"], found["kubernetesGroups"]) == ("STANDARD", CREATOR, [])
    assert found["accessEntryArn"].startswith(
        f"arn:aws:eks:{REGION}:{HOME}:access-entry/{api}/user/{HOME}/eks-admin/"
    )
    (associated,) = admin.ask("eks", "list_associated_access_policies", **named)["associatedAccessPolicies"]
    assert associated["policyArn"] == CLUSTER_ADMIN
    assert associated["accessScope"] == {"type": "cluster", "namespaces": []}


def test_a_cluster_whose_creator_gets_no_entry(admin: Caller) -> None:
    name = fresh("bare")
    create(admin, name, authenticationMode="API", bootstrapClusterCreatorAdminPermissions=False)
    assert admin.ask("eks", "list_access_entries", clusterName=name)["accessEntries"] == []
    assert ask_kube(admin, name, "/api/v1/nodes").status == 401


def test_the_creator_may_be_removed_like_anybody(admin: Caller) -> None:
    name = fresh("orphan")
    create(admin, name, authenticationMode="API")
    assert ask_kube(admin, name, "/api/v1/nodes").status == 200
    named = {"clusterName": name, "principalArn": CREATOR}
    admin.ask("eks", "disassociate_access_policy", **named, policyArn=CLUSTER_ADMIN)
    assert ask_kube(admin, name, "/api/v1/nodes").status == 403
    admin.ask("eks", "delete_access_entry", **named)
    assert ask_kube(admin, name, "/api/v1/nodes").status == 401
    assert admin.refused("eks", "delete_access_entry", **named) == NOT_FOUND


def test_a_policy_reaches_its_namespaces_and_no_further(lab: RunningLab, admin: Caller, api: str) -> None:
    who = new_user(admin, fresh("viewer"))
    assert ask_kube(who, api, "/api/v1/namespaces/team-a/pods").status == 401
    entry(admin, api, who.arn)
    assert ask_kube(who, api, "/api/v1/namespaces/team-a/pods").status == 403
    associate(admin, api, who.arn, VIEW, "team-*")
    assert ask_kube(who, api, "/api/v1/namespaces/team-a/pods").status == 200
    for path in ("/api/v1/namespaces/default/pods", "/api/v1/pods", "/api/v1/nodes"):
        assert ask_kube(who, api, path).status == 403
    assert ask_kube(who, api, "/api/v1/namespaces/team-a/secrets").status == 403
    assert ask_kube(who, api, "/api/v1/namespaces/default/pods").status == 403
    refused = last_refusal(lab)
    assert codes_of(refused) == ["rbac.no-rule-matches"]
    assert codes_of(refused, "nearest")[0] == "eks.access-policy-in-other-namespace"
    (repair, *_) = refused["chain"]["links"][-1]["repairs"]
    assert repair["code"] == "eks.associate-access-policy"
    assert repair["facts"]["namespaces"] == "team-*,default"
    associate(admin, api, who.arn, VIEW)
    assert ask_kube(who, api, "/api/v1/namespaces/default/pods").status == 200
    (one,) = admin.ask("eks", "list_associated_access_policies", clusterName=api, principalArn=who.arn)[
        "associatedAccessPolicies"
    ]
    assert one["accessScope"]["type"] == "cluster"


def test_groups_and_policies_add_up(admin: Caller, api: str) -> None:
    who = new_user(admin, fresh("both"))
    group = fresh("node-readers")
    entry(admin, api, who.arn, kubernetesGroups=[group])
    associate(admin, api, who.arn, VIEW)
    assert ask_kube(who, api, "/api/v1/nodes").status == 403
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": group},
        "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": group},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": group},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    }
    # The administrator holds its rights by an access policy alone, and may grant.
    assert ask_kube(admin, api, f"{rbac}/clusterroles", "POST", role).status == 201
    assert ask_kube(admin, api, f"{rbac}/clusterrolebindings", "POST", binding).status == 201
    assert ask_kube(who, api, "/api/v1/nodes").status == 200
    assert ask_kube(who, api, "/api/v1/pods").status == 200


def test_an_admin_of_a_namespace_may_not_hand_out_what_rbac_does_not_give_it(
    lab: RunningLab, admin: Caller, api: str
) -> None:
    who = new_user(admin, fresh("ns-admin"))
    entry(admin, api, who.arn)
    associate(admin, api, who.arn, ADMIN, "team-a")
    path = "/apis/rbac.authorization.k8s.io/v1/namespaces/team-a/rolebindings"
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": fresh("b")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "bob"}],
    }
    assert ask_kube(who, api, path).status == 200
    assert ask_kube(who, api, path, "POST", binding).status == 403
    assert last_refusal(lab)["code"] == "rbac.grant-not-held"


def test_access_reviews_count_policies_and_rule_lists_do_not(admin: Caller, api: str) -> None:
    who = new_user(admin, fresh("reviewer"))
    entry(admin, api, who.arn)
    associate(admin, api, who.arn, VIEW, "team-a")
    reviews = "/apis/authorization.k8s.io/v1"

    def may(namespace: str) -> Any:
        spec = {"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": namespace}}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
        return ask_kube(who, api, f"{reviews}/selfsubjectaccessreviews", "POST", review).body["status"]

    assert may("team-a")["allowed"] is True
    assert may("default")["allowed"] is False
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "team-a"},
    }
    found = ask_kube(who, api, f"{reviews}/selfsubjectrulesreviews", "POST", review).body["status"]
    assert not any("pods" in rule["resources"] for rule in found["resourceRules"])
    assert found["incomplete"] is True
    assert found["evaluationError"] == "webhook authorizer does not support user rule resolution"


@pytest.mark.parametrize("kind", ["user", "role"])
def test_who_is_made_again_under_an_old_name_is_refused(
    lab: RunningLab, admin: Caller, api: str, kind: str
) -> None:
    name = fresh(f"phoenix-{kind}")
    arn = f"arn:aws:iam::{HOME}:{kind}/{name}"

    def made() -> Caller:
        if kind == "user":
            return new_user(admin, name)
        new_role(admin, name, trust(HOME))
        return admin.assume(name, HOME)

    before = made()
    entry(admin, api, arn)
    associate(admin, api, arn, VIEW)
    assert ask_kube(before, api, "/api/v1/pods").status == 200
    (delete_user if kind == "user" else delete_role)(admin, name)
    after = made()
    assert ask_kube(after, api, "/api/v1/pods").status == 401
    refused = last_refusal(lab)
    assert codes_of(refused) == ["eks.access-entry-of-deleted-principal"]
    assert [one["code"] for one in refused["chain"]["links"][-1]["repairs"]] == ["eks.recreate-access-entry"]
    described = admin.ask("eks", "describe_access_entry", clusterName=api, principalArn=arn)["accessEntry"]
    assert described["principalArn"] == arn
    admin.ask("eks", "delete_access_entry", clusterName=api, principalArn=arn)
    entry(admin, api, arn)
    associate(admin, api, arn, VIEW)
    assert ask_kube(after, api, "/api/v1/pods").status == 200


def test_a_role_of_another_account_and_its_session_name(admin: Caller, lab: RunningLab, api: str) -> None:
    away = profile(lab, "target-env")
    name = fresh("auditor")
    arn = new_role(away, name, trust(AWAY))
    made = entry(admin, api, arn)
    assert made["username"] == f"arn:aws:sts::{AWAY}:assumed-role/{name}/{{{{SessionName}}}}"
    session = away.assume(name, AWAY, "mia@example.com")
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    user = ask_kube(session, api, path, "POST", review).body["status"]["userInfo"]
    assert user["username"] == f"arn:aws:sts::{AWAY}:assumed-role/{name}/mia-example.com"
    assert user["extra"]["canonicalArn"] == [arn]
    named = {"clusterName": api, "principalArn": arn}
    admin.ask(
        "eks", "update_access_entry", **named, username="audit:{{SessionNameRaw}}", kubernetesGroups=["g"]
    )
    user = ask_kube(session, api, path, "POST", review).body["status"]["userInfo"]
    assert (user["username"], user["groups"]) == ("audit:mia@example.com", ["g", "system:authenticated"])
    admin.ask("eks", "update_access_entry", **named, kubernetesGroups=[])
    kept = admin.ask("eks", "describe_access_entry", **named)["accessEntry"]
    assert (kept["username"], kept["kubernetesGroups"]) == ("audit:{{SessionNameRaw}}", [])


REFUSED_ENTRIES: dict[str, tuple[dict[str, Any], str]] = {
    "a group of the system": (
        {"kubernetesGroups": ["system:masters"]},
        "The kubernetes group name system:masters is invalid, it cannot start with system:",
    ),
    "a user name of the system": ({"username": "system:x"}, "The username must not begin with system:"),
    "a session name without a colon before it": (
        {"username": "x{{SessionName}}"},
        "The username must contain a colon before {{SessionName}}.",
    ),
    "nobody": (
        {"principalArn": f"arn:aws:iam::{HOME}:user/nobody"},
        "The specified principalArn is invalid: invalid principal.",
    ),
    "a session": (
        {"principalArn": f"arn:aws:sts::{HOME}:assumed-role/eks-clu-cluster-role/s"},
        "The specified principalArn is invalid: invalid principal.",
    ),
    "the root user": (
        {"principalArn": f"arn:aws:iam::{HOME}:root"},
        "The specified principalArn is invalid: invalid principal.",
    ),
    "groups of a node": (
        {"type": "EC2_LINUX", "kubernetesGroups": ["g"]},
        "Kubernetes groups cannot be specified for an access entry of type EC2_LINUX.",
    ),
    "a node that is a user": (
        {"type": "EC2_LINUX", "principalArn": CREATOR},
        "The principalArn of an access entry of type EC2_LINUX must be that of an IAM role.",
    ),
    "no such type": (
        {"type": "EC2_BSD"},
        (
            "The specified type is invalid: it must be one of STANDARD, EC2_LINUX, EC2_WINDOWS, "
            "FARGATE_LINUX, EC2, HYBRID_LINUX, HYPERPOD_LINUX."
        ),
    ),
}


@pytest.mark.parametrize(("change", "message"), REFUSED_ENTRIES.values(), ids=REFUSED_ENTRIES.keys())
def test_an_entry_that_eks_refuses(admin: Caller, api: str, change: dict[str, Any], message: str) -> None:
    asked = {"clusterName": api, "principalArn": NODE_ROLE, **change}
    assert admin.refused("eks", "create_access_entry", **asked) == Refused(
        "InvalidParameterException", 400, message
    )


NODES = {
    "EC2_LINUX": ("system:node:{{EC2PrivateDNSName}}", ["system:nodes"]),
    "EC2_WINDOWS": ("system:node:{{EC2PrivateDNSName}}", ["system:nodes", "eks:kube-proxy-windows"]),
    "HYBRID_LINUX": ("system:node:{{SessionName}}", ["system:nodes"]),
    "HYPERPOD_LINUX": ("system:node:{{SessionName}}", ["system:nodes"]),
    "EC2": ("system:node:{{EC2PrivateDNSName}}", ["system:nodes"]),
}


@pytest.mark.parametrize(("kind", "username", "groups"), [(k, u, g) for k, (u, g) in NODES.items()])
def test_an_entry_of_nodes(admin: Caller, api: str, kind: str, username: str, groups: list[str]) -> None:
    arn = new_role(admin, fresh("nodes"), trust(HOME))
    made = entry(admin, api, arn, type=kind)
    assert (made["type"], made["username"], made["kubernetesGroups"]) == (kind, username, groups)
    named = {"clusterName": api, "principalArn": arn}
    standard_only = Refused(
        "InvalidParameterException",
        400,
        'This operation can only be performed on Access Entries with a type of "STANDARD".',
    )
    assert admin.refused("eks", "update_access_entry", **named, kubernetesGroups=["g"]) == standard_only
    asked = {**named, "policyArn": VIEW, "accessScope": {"type": "cluster"}}
    assert admin.refused("eks", "associate_access_policy", **asked) == standard_only


def test_an_entry_is_made_once(admin: Caller, api: str) -> None:
    who = new_user(admin, fresh("once")).arn
    first = entry(admin, api, who, clientRequestToken="t-1", tags={"a": "b"})
    assert entry(admin, api, who, clientRequestToken="t-1", tags={"a": "b"}) == first
    in_use = Refused(
        "ResourceInUseException",
        409,
        "The specified access entry resource is already in use on this cluster.",
    )
    named = {"clusterName": api, "principalArn": who}
    assert admin.refused("eks", "create_access_entry", **named, clientRequestToken="t-2") == in_use
    changed = {**named, "clientRequestToken": "t-1", "kubernetesGroups": ["g"]}
    assert admin.refused("eks", "create_access_entry", **changed) == in_use
    arn = first["accessEntryArn"]
    admin.ask("eks", "tag_resource", resourceArn=arn, tags={"c": "d"})
    assert admin.ask("eks", "list_tags_for_resource", resourceArn=arn)["tags"] == {"a": "b", "c": "d"}
    admin.ask("eks", "untag_resource", resourceArn=arn, tagKeys=["a"])
    assert admin.ask("eks", "describe_access_entry", **named)["accessEntry"]["tags"] == {"c": "d"}
    admin.ask("eks", "delete_access_entry", **named)
    again = entry(admin, api, who)
    assert again["accessEntryArn"] != arn
    assert admin.refused("eks", "tag_resource", resourceArn=arn, tags={"e": "f"}).status == 404


REFUSED_SCOPES: dict[str, tuple[dict[str, Any], str]] = {
    "no namespace": (
        {"accessScope": {"type": "namespace", "namespaces": []}},
        "The namespaces of the access scope must be specified if its type is namespace.",
    ),
    "namespaces of the cluster": (
        {"accessScope": {"type": "cluster", "namespaces": ["a"]}},
        "Namespaces cannot be specified if the type of the access scope is cluster.",
    ),
    "what is no name of a namespace": (
        {"accessScope": {"type": "namespace", "namespaces": ["a", "B_"]}},
        "The namespace B_ of the access scope is invalid.",
    ),
    "no such policy": (
        {"policyArn": f"{POLICY}AmazonEKSGodPolicy"},
        (
            "The specified policyArn is invalid. "
            "You can view the available access policies with 'list-access-policies'."
        ),
    ),
}


@pytest.mark.parametrize(("change", "message"), REFUSED_SCOPES.values(), ids=REFUSED_SCOPES.keys())
def test_an_association_that_eks_refuses(
    admin: Caller, api: str, change: dict[str, Any], message: str
) -> None:
    asked = {
        "clusterName": api,
        "principalArn": CREATOR,
        "policyArn": VIEW,
        "accessScope": {"type": "cluster"},
        **change,
    }
    assert admin.refused("eks", "associate_access_policy", **asked) == Refused(
        "InvalidParameterException", 400, message
    )


def test_entries_by_policy_and_by_page(admin: Caller) -> None:
    name = fresh("paged")
    create(admin, name, authenticationMode="API_AND_CONFIG_MAP")
    users = [new_user(admin, fresh("page")).arn for _ in range(3)]
    for arn in users:
        entry(admin, name, arn)
    associate(admin, name, users[1], VIEW, "a")
    pages = admin.client("eks").get_paginator("list_access_entries")
    seen = [
        one
        for page in pages.paginate(clusterName=name, PaginationConfig={"PageSize": 2})
        for one in page["accessEntries"]
    ]
    assert seen == sorted([CREATOR, *users])
    listed = admin.ask("eks", "list_access_entries", clusterName=name, associatedPolicyArn=VIEW)
    assert listed["accessEntries"] == [users[1]]
    asked = {"clusterName": name, "principalArn": users[1]}
    admin.ask("eks", "disassociate_access_policy", **asked, policyArn=VIEW)
    again = admin.refused("eks", "disassociate_access_policy", **asked, policyArn=VIEW)
    assert (again.code, again.status) == ("ResourceNotFoundException", 404)
    policies = admin.ask("eks", "list_access_policies")["accessPolicies"]
    assert {"name": "AmazonEKSViewPolicy", "arn": VIEW} in policies
    assert len(policies) == 19


def test_modes_go_one_way_one_step_at_a_time(admin: Caller) -> None:
    name = fresh("modes")
    create(admin, name)
    who = new_user(admin, fresh("early")).arn
    asked = {"clusterName": name, "principalArn": who}
    assert admin.refused("eks", "create_access_entry", **asked) == Refused(
        "InvalidRequestException",
        400,
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] "
        "to perform this operation.",
    )

    def refused(mode: str, before: str) -> None:
        answer = admin.refused(
            "eks", "update_cluster_config", name=name, accessConfig={"authenticationMode": mode}
        )
        message = f"Unsupported authentication mode update from {before} to {mode}"
        assert answer == Refused("InvalidParameterException", 400, message)

    def change(mode: str) -> Any:
        access = {"authenticationMode": mode}
        return admin.ask("eks", "update_cluster_config", name=name, accessConfig=access)["update"]

    refused("API", "CONFIG_MAP")
    refused("CONFIG_MAP", "CONFIG_MAP")
    update = change("API_AND_CONFIG_MAP")
    assert (update["type"], update["status"]) == ("AccessConfigUpdate", "InProgress")
    assert update["params"] == [{"type": "AuthenticationMode", "value": "API_AND_CONFIG_MAP"}]
    admin.client("eks").get_waiter("cluster_active").wait(name=name)
    told = admin.ask("eks", "describe_update", name=name, updateId=update["id"])["update"]
    assert (told["status"], told["id"]) == ("Successful", update["id"])
    assert admin.ask("eks", "list_updates", name=name)["updateIds"] == [update["id"]]
    assert admin.ask("eks", "list_access_entries", clusterName=name)["accessEntries"] == [CREATOR]
    assert ask_kube(admin, name, "/api/v1/nodes").status == 200
    refused("CONFIG_MAP", "API_AND_CONFIG_MAP")
    admin.ask("eks", "delete_access_entry", clusterName=name, principalArn=CREATOR)
    change("API")
    refused("API_AND_CONFIG_MAP", "API")
    described = admin.ask("eks", "describe_cluster", name=name)["cluster"]
    assert described["accessConfig"] == {"authenticationMode": "API"}
    assert admin.ask("eks", "list_access_entries", clusterName=name)["accessEntries"] == []


def test_an_entry_goes_before_aws_auth_and_is_not_merged_with_it(admin: Caller) -> None:
    name = fresh("precedence")
    create(admin, name, authenticationMode="API_AND_CONFIG_MAP")
    who = new_user(admin, fresh("mapped"))
    data = {"mapUsers": f"- userarn: {who.arn}\n  username: by-map\n  groups: [system:masters]\n"}
    path = "/api/v1/namespaces/kube-system/configmaps"
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "aws-auth"}, "data": data}
    assert ask_kube(admin, name, path, "POST", config_map).status == 201
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

    def seen() -> Any:
        user = ask_kube(who, name, reviews, "POST", review).body["status"]["userInfo"]
        return user["username"], user["groups"]

    assert seen() == ("by-map", ["system:masters", "system:authenticated"])
    entry(admin, name, who.arn, username="by-entry", kubernetesGroups=["g"])
    assert seen() == ("by-entry", ["g", "system:authenticated"])
    admin.ask("eks", "delete_access_entry", clusterName=name, principalArn=who.arn)
    assert seen()[0] == "by-map"
    admin.ask("eks", "update_cluster_config", name=name, accessConfig={"authenticationMode": "API"})
    assert ask_kube(who, name, reviews, "POST", review).status == 401


def test_the_version_goes_up_one_minor_at_a_time(admin: Caller) -> None:
    name = fresh("version")
    vpc = {"subnetIds": ["subnet-1"]}
    asked = {"name": name, "roleArn": CLUSTER_ROLE, "resourcesVpcConfig": vpc, "version": "1.32"}
    admin.ask("eks", "create_cluster", **asked)
    answer = admin.refused("eks", "update_cluster_version", name=name, version="1.34")
    assert answer.message == "Unsupported Kubernetes minor version update from 1.32 to 1.34"
    update = admin.ask("eks", "update_cluster_version", name=name, version="1.33", clientRequestToken="t")
    again = admin.ask("eks", "update_cluster_version", name=name, version="1.33", clientRequestToken="t")
    assert update["update"]["id"] == again["update"]["id"]
    assert update["update"]["type"] == "VersionUpdate"
    assert admin.ask("eks", "describe_cluster", name=name)["cluster"]["version"] == "1.33"
    assert ask_kube(admin, name, "/version").body["minor"].startswith("33")
    assert admin.refused("eks", "update_cluster_version", name=name, version="1.33").status == 400
    assert admin.refused("eks", "describe_update", name=name, updateId="x").status == 404


def test_a_version_may_be_the_newest(admin: Caller) -> None:
    """EKS User Guide, "Kubernetes release calendar"; the lab's clock is past the 27th of January 2026."""
    named = admin.ask("eks", "describe_cluster_versions", clusterVersions=["1.35"])["clusterVersions"]
    assert [one["endOfStandardSupportDate"].date().isoformat() for one in named] == ["2027-03-27"]
    assert [one["endOfExtendedSupportDate"].date().isoformat() for one in named] == ["2028-03-27"]
    name = fresh("version")
    vpc = {"subnetIds": ["subnet-1"]}
    asked = {"name": name, "roleArn": CLUSTER_ROLE, "resourcesVpcConfig": vpc, "version": "1.34"}
    admin.ask("eks", "create_cluster", **asked)
    admin.ask("eks", "update_cluster_version", name=name, version="1.35")
    assert ask_kube(admin, name, "/version").body["minor"].startswith("35")


ROLES = {
    "of no account": "role/eks-clu-cluster-role",
    "that does not exist": f"arn:aws:iam::{HOME}:role/nobody",
    "with another path": f"arn:aws:iam::{HOME}:role/team/eks-clu-cluster-role",
    "that trusts another service": NODE_ROLE,
}


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_the_role_of_a_cluster_is_one_that_eks_may_assume(admin: Caller, role: str) -> None:
    asked = {"name": fresh("roleless"), "roleArn": role, "resourcesVpcConfig": {"subnetIds": ["subnet-1"]}}
    answer = admin.refused("eks", "create_cluster", **asked)
    why = "could not be assumed because it does not exist or the trusted entity is not correct"
    assert (answer.code, answer.status) == ("InvalidParameterException", 400)
    assert answer.message == f"Role with arn: {role}, {why}"
    assert asked["name"] not in admin.ask("eks", "list_clusters")["clusters"]


def test_a_deleted_cluster_is_gone_with_its_entries(admin: Caller) -> None:
    name = fresh("short-lived")
    create(admin, name, authenticationMode="API")
    who = new_user(admin, fresh("guest")).arn
    entry(admin, name, who)
    assert admin.ask("eks", "delete_cluster", name=name)["cluster"]["status"] == "DELETING"
    admin.client("eks").get_waiter("cluster_deleted").wait(name=name)
    assert name not in admin.ask("eks", "list_clusters")["clusters"]
    assert name not in [one["name"] for one in admin.lab.client.get("/status")["clusters"]]
    assert admin.refused("eks", "delete_cluster", name=name).status == 404
    create(admin, name, authenticationMode="API")
    assert admin.ask("eks", "list_access_entries", clusterName=name)["accessEntries"] == [CREATOR]
    assert ask_kube(admin, name, "/api/v1/nodes").status == 200


def test_what_a_cluster_of_the_lab_has_none_of(admin: Caller, api: str) -> None:
    assert admin.ask("eks", "list_nodegroups", clusterName=api)["nodegroups"] == []
    assert admin.ask("eks", "list_fargate_profiles", clusterName=api)["fargateProfileNames"] == []
    assert admin.ask("eks", "list_addons", clusterName=api)["addons"] == []
    offered = admin.ask("eks", "describe_addon_versions", addonName="vpc-cni")
    assert offered["addons"] == []
    named = {"clusterName": api}
    absent = (
        admin.refused("eks", "describe_nodegroup", **named, nodegroupName="ng"),
        admin.refused("eks", "describe_fargate_profile", **named, fargateProfileName="fp"),
        admin.refused("eks", "describe_addon", **named, addonName="vpc-cni"),
    )
    assert {(one.code, one.status) for one in absent} == {("ResourceNotFoundException", 404)}


def test_iam_policies_see_what_an_entry_is(admin: Caller, api: str) -> None:
    """Condition keys of requests and of what exists: only viewers may be made, in team namespaces."""
    who = new_user(
        admin,
        fresh("delegate"),
        policy(
            "eks:CreateAccessEntry",
            Resource="*",
            Condition={
                "StringEquals": {"eks:accessEntryType": "STANDARD"},
                "ForAllValues:StringLike": {"eks:kubernetesGroups": ["team-*"]},
            },
        ),
        policy(
            "eks:AssociateAccessPolicy",
            Resource="*",
            Condition={
                "StringEquals": {"eks:policyArn": VIEW, "eks:accessScope": "namespace"},
                "ForAllValues:StringLike": {"eks:namespaces": ["team-*"]},
            },
        ),
        policy(
            "eks:DeleteAccessEntry",
            Resource="*",
            Condition={
                "StringLike": {"eks:principalArn": "*guest*"},
                "ForAnyValue:StringEquals": {"eks:kubernetesGroups": "team-a"},
            },
        ),
    )
    guest = new_user(admin, fresh("guest")).arn
    named = {"clusterName": api, "principalArn": guest}
    made = {**named, "type": "STANDARD"}
    assert who.refused("eks", "create_access_entry", **made, kubernetesGroups=["ops"]).status == 403
    assert who.refused("eks", "create_access_entry", **named, type="EC2_LINUX").status == 403
    who.ask("eks", "create_access_entry", **made, kubernetesGroups=["team-a"])
    scope = {"type": "namespace", "namespaces": ["team-a"]}
    assert (
        who.refused("eks", "associate_access_policy", **named, policyArn=EDIT, accessScope=scope).status
        == 403
    )
    assert (
        who.refused(
            "eks", "associate_access_policy", **named, policyArn=VIEW, accessScope={"type": "cluster"}
        ).status
        == 403
    )
    who.ask("eks", "associate_access_policy", **named, policyArn=VIEW, accessScope=scope)
    assert who.refused("eks", "delete_access_entry", clusterName=api, principalArn=CREATOR).status == 403
    who.ask("eks", "delete_access_entry", **named)


def test_entries_survive_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_lab(tmp_path_factory.mktemp("restart")) as lab:
        admin = profile(lab, "default")
        create(admin, "kept", authenticationMode="API")
        who = new_user(admin, "kept-user")
        entry(admin, "kept", who.arn)
        associate(admin, "kept", who.arn, VIEW)
        lab.stop()
        lab.start()
        assert ask_kube(who, "kept", "/api/v1/pods").status == 200
