"""The command of a repair does what its sentence says, and nothing wider."""

import pytest

from sekisho.cli.repair_command import command_of

GROUP = 'Group "operators"'
CLUSTER_ROLE = 'ClusterRole "view"'

CASES = {
    "in a namespace: a role binding": (
        {"role": CLUSTER_ROLE, "subject": GROUP, "where": 'in the namespace "default"'},
        "kubectl create rolebinding view-operators -n default --clusterrole view --group operators",
    ),
    "a role of the namespace": (
        {"role": 'Role "reader"', "subject": 'User "ann"', "where": 'in the namespace "web"'},
        "kubectl create rolebinding reader-ann -n web --role reader --user ann",
    ),
    "a service account": (
        {
            "role": CLUSTER_ROLE,
            "subject": 'User "system:serviceaccount:web:app"',
            "where": 'in the namespace "web"',
        },
        "kubectl create rolebinding view-web-app -n web --clusterrole view --serviceaccount web:app",
    ),
    "for the whole cluster: a cluster role binding": (
        {"role": CLUSTER_ROLE, "subject": GROUP, "where": "for the whole cluster"},
        "kubectl create clusterrolebinding view-operators --clusterrole view --group operators",
    ),
    "an unknown kind of subject: no command": (
        {"role": CLUSTER_ROLE, "subject": 'Robot "r"', "where": "for the whole cluster"},
        "",
    ),
}


@pytest.mark.parametrize(("facts", "command"), CASES.values(), ids=CASES.keys())
def test_bind_role(facts: dict[str, str], command: str) -> None:
    assert command_of({"code": "rbac.bind-role", "facts": facts}, "eks-clu") == command


OWN = {"namespace": "web", "name": "app"}
OTHERS = {
    "a provider": (
        "sts.fix.add-provider",
        {"issuer": "https://x.example", "account": "111122223333"},
        "aws iam create-open-id-connect-provider --url https://x.example --client-id-list sts.amazonaws.com",
    ),
    "words of a stranger's stay one word": (
        "sts.fix.add-provider",
        {"issuer": "https://x.example; rm -r ~", "account": "111122223333"},
        (
            "aws iam create-open-id-connect-provider --url 'https://x.example; rm -r ~' "
            "--client-id-list sts.amazonaws.com"
        ),
    ),
    "words that a terminal obeys are not printed": (
        "sts.fix.add-provider",
        {"issuer": "https://x\x1b[2J", "account": "111122223333"},
        "",
    ),
    "a token": ("service-account.fix.new-token", OWN, "kubectl create token app -n web"),
    "a token for an audience": (
        "service-account.fix.for-audience",
        {**OWN, "audience": "vault"},
        "kubectl create token app -n web --audience vault",
    ),
}


@pytest.mark.parametrize(("code", "facts", "command"), OTHERS.values(), ids=OTHERS.keys())
def test_other_repairs(code: str, facts: dict[str, str], command: str) -> None:
    assert command_of({"code": code, "facts": facts}, "eks-clu") == command


ENTRY = "arn:aws:iam::111122223333:role/ops"
NAMED = f"--cluster-name eks-clu --principal-arn {ENTRY}"
POLICY = "AmazonEKSViewPolicy"
ASSOCIATE = (
    f"aws eks associate-access-policy {NAMED} --policy-arn arn:aws:eks::aws:cluster-access-policy/{POLICY} "
    "--access-scope "
)
ENTRIES = {
    "an entry": (
        "eks.create-access-entry",
        {"arn": ENTRY, "groups": ""},
        f"aws eks create-access-entry {NAMED}",
    ),
    "an entry with groups": (
        "eks.create-access-entry",
        {"arn": ENTRY, "groups": "a,b"},
        f"aws eks create-access-entry {NAMED} --kubernetes-groups a b",
    ),
    "an entry made again": (
        "eks.recreate-access-entry",
        {"principal": ENTRY},
        f"aws eks delete-access-entry {NAMED} && aws eks create-access-entry {NAMED}",
    ),
    "a policy in namespaces": (
        "eks.associate-access-policy",
        {"principal": ENTRY, "policy": POLICY, "namespaces": "a,b"},
        f"{ASSOCIATE}type=namespace,namespaces=a,b",
    ),
    "a policy in the whole cluster": (
        "eks.associate-access-policy",
        {"principal": ENTRY, "policy": POLICY, "namespaces": ""},
        f"{ASSOCIATE}type=cluster",
    ),
}


@pytest.mark.parametrize(("code", "facts", "command"), ENTRIES.values(), ids=ENTRIES.keys())
def test_access_entries(code: str, facts: dict[str, str], command: str) -> None:
    assert command_of({"code": code, "facts": facts}, "eks-clu") == command
