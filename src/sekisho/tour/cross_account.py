"""The tour ``cross-account``: a pod of one account's cluster enters the cluster of another account.

Steps are those of the article; what it leaves out or misprints is met as a reader meets it, with what
``sekisho why`` says and the repair.
"""

import shlex

from sekisho.tour.access import Cluster
from sekisho.tour.step import Expectation, TourStep
from sekisho.tour.workload import provider_steps

TARGET = "444455556666"
"""The account of the profile ``target-env``."""

_CLUSTER = "target-clu"
_CI_ROLE, _ROLE = "ci-account-iam-role", "target-account-iam-role"
_AWAY, _IN = "--profile target-env", "-n ci-namespace"
# The newest: the one before it may still be ending.
_POD = (
    f"$(kubectl get pod -l app=test-pod {_IN} --sort-by=.metadata.creationTimestamp "
    "-o jsonpath='{.items[-1:].metadata.name}')"
)
_ROLLED_OUT = f"kubectl rollout status deployment/test-deployment {_IN} --timeout=60s"


def cross_account_steps(cluster: Cluster) -> tuple[TourStep, ...]:
    """Return the steps, in order."""
    return (
        *_clusters(cluster),
        *provider_steps(3, cluster),
        *_roles(cluster),
        *_pod(),
        *_account(cluster),
        *_other_cluster(cluster),
        *_without_chain(),
    )


def _clusters(cluster: Cluster) -> tuple[TourStep, ...]:
    arn = f"arn:aws:iam::{TARGET}:role/target-cluster-role"
    return (
        TourStep(
            1,
            "The cluster of the target account",
            f"The article has two clusters; the lab brings one, {cluster.name}, in the CI account.",
            f"aws iam create-role {_AWAY} --role-name target-cluster-role \\\n"
            "    --assume-role-policy-document file://cluster-trust.json --query Role.Arn &&\n"
            f"  aws eks create-cluster {_AWAY} --name {_CLUSTER} --role-arn {arn} \\\n"
            "    --resources-vpc-config subnetIds=subnet-1,subnet-2 --query cluster.arn",
            Expectation(0, rf":{TARGET}:cluster/{_CLUSTER}", "nobody of the CI account may enter it"),
            ("aws",),
        ),
        TourStep(
            2,
            "Connect kubectl to both",
            "The current context is the CI account's.",
            f"aws eks update-kubeconfig {_AWAY} --name {_CLUSTER} --alias target &&\n"
            f"  aws eks update-kubeconfig --name {shlex.quote(cluster.name)} --alias ci",
            Expectation(0, r"context target\b[\s\S]*context ci\b", "two contexts: target and ci"),
            ("aws",),
        ),
    )


def _roles(cluster: Cluster) -> tuple[TourStep, ...]:
    names = f"s|CI_ACCOUNT_ID|{cluster.account}|; s|TARGET_ACCOUNT_ID|{TARGET}|; s|OIDC_PROVIDER|${{ISSUER#https://}}|"
    return (
        TourStep(
            5,
            "The role of the CI account",
            "Its trust policy names one service account; its permission is to assume one role of the other "
            "account, which need not be there yet. The article's placeholders are filled in first.",
            f'ISSUER={{issuer}}\nsed -i "{names}" *.json *.yaml &&\n'
            f"  aws iam create-role --role-name {_CI_ROLE} --query Role.Arn \\\n"
            "    --assume-role-policy-document file://trust.json &&\n"
            f"  aws iam put-role-policy --role-name {_CI_ROLE} --policy-name assume-target \\\n"
            "    --policy-document file://assume.json",
            Expectation(0, f"role/{_CI_ROLE}", "the first link of the chain of roles"),
            ("aws",),
        ),
        TourStep(
            6,
            "The role of the target account",
            "It trusts that one role, not the whole account. Between accounts both sides have to agree: the "
            "policy of the first role and the trust policy of the second.",
            f"aws iam create-role {_AWAY} --role-name {_ROLE} --query Role.Arn \\\n"
            "    --assume-role-policy-document file://target-trust.json &&\n"
            f"  aws iam put-role-policy {_AWAY} --role-name {_ROLE} --policy-name look \\\n"
            "    --policy-document file://target-policy.json",
            Expectation(0, f"{TARGET}:role/{_ROLE}", "it may list buckets and clusters, and describe these"),
            ("aws",),
        ),
        TourStep(
            7,
            "The service account",
            "Its annotation names the first role. Nothing in the article makes the namespace.",
            "kubectl apply -f ci-serviceaccount.yaml",
            Expectation(1, 'namespaces "ci-namespace" not found', "the namespace has to be there first"),
            ("kubectl", "aws"),
        ),
        TourStep(
            8,
            "... in its namespace",
            "The article's command beside the manifest: the same annotation again changes nothing.",
            "kubectl create namespace ci-namespace && kubectl apply -f ci-serviceaccount.yaml &&\n"
            f"  kubectl annotate serviceaccount {_IN} ci-serviceaccount \\\n"
            f"    eks.amazonaws.com/role-arn=arn:aws:iam::{cluster.account}:role/{_CI_ROLE}",
            Expectation(0, "ci-serviceaccount annotated", "its pods get the role"),
            ("kubectl", "aws"),
        ),
    )


def _pod() -> tuple[TourStep, ...]:
    config_map = (
        f"kubectl create configmap awsconfig-configmap {_IN} --from-file=config=awsconfig-configmap.yaml"
    )
    why = f"sekisho why pod/{_POD} {_IN} --aws-profile target-env"
    return (
        TourStep(
            9,
            "A pod with two AWS profiles",
            "ci-env exchanges the pod's token for the first role, target-env goes on to the second. The pod "
            "has aws and kubectl; the article installs them by a script.",
            f"{config_map} &&\n  kubectl apply -f test-deployment.yaml &&\n  {_ROLLED_OUT}",
            Expectation(0, "successfully rolled out", "the profiles are mounted as /aws_config/config"),
            ("kubectl", "aws"),
        ),
        TourStep(
            10,
            "Who the pod is",
            "The file is as the article prints it.",
            f"kubectl exec {_POD} {_IN} -- \\\n    aws sts get-caller-identity --profile ci-env",
            Expectation(None, r"No such file or directory: '\S+/token\.'", "AWS was not asked at all"),
            ("kubectl", "aws"),
        ),
        TourStep(
            11,
            "Why",
            "No request left the pod, so no refusal is there to explain: the pod's configuration is read.",
            why,
            Expectation(1, r"workload\.profile-token-file-dot", "a full stop got into the path of the token"),
            ("sekisho", "kubectl", "aws"),
        ),
        TourStep(
            12,
            "Take the full stop out",
            "As `why` says; a new pod reads the file anew.",
            f"kubectl get configmap awsconfig-configmap {_IN} -o yaml |\n"
            "  sed 's|/serviceaccount/token\\.|/serviceaccount/token|' | kubectl replace -f - &&\n"
            f"  kubectl rollout restart deployment/test-deployment {_IN} &&\n  {_ROLLED_OUT}",
            Expectation(0, "successfully rolled out", "a pod with the profiles as they were meant"),
            ("kubectl", "aws"),
        ),
    )


def _account(cluster: Cluster) -> tuple[TourStep, ...]:
    first = rf"arn:aws:sts::{cluster.account}:assumed-role/{_CI_ROLE}/"
    second = rf"arn:aws:sts::{TARGET}:assumed-role/{_ROLE}/xactarget"
    return (
        TourStep(
            13,
            "Who the pod is, by either profile",
            "Token -> first role -> second role. A role assumed by a role lasts an hour at most.",
            f"POD={_POD}\n"
            f"for PROFILE in ci-env target-env; do\n"
            f"  kubectl exec $POD {_IN} -- aws sts get-caller-identity --query Arn --profile $PROFILE\ndone",
            Expectation(
                0, rf"{first}[\s\S]*{second}", "the pod acts in the target account, and no key is stored"
            ),
            ("aws", "kubectl"),
        ),
        TourStep(
            14,
            "Look at the other account",
            "What the second role's policy lists, and the first one's does not.",
            f"POD={_POD}\n"
            f"kubectl exec $POD {_IN} -- aws eks list-clusters --region {cluster.region} {_AWAY} &&\n"
            f"  kubectl exec $POD {_IN} -- aws eks describe-cluster --region {cluster.region} {_AWAY} \\\n"
            f"    --name {_CLUSTER} --query cluster.status",
            Expectation(0, rf'{_CLUSTER}[\s\S]*"ACTIVE"', "AWS is open as far as the policy says"),
            ("aws", "kubectl"),
        ),
    )


def _other_cluster(cluster: Cluster) -> tuple[TourStep, ...]:
    config = "--kubeconfig /tmp/config"
    return (
        TourStep(
            15,
            "Enter the other cluster",
            "To describe a cluster is one thing, to enter it another: nothing maps the role there.",
            f"POD={_POD}\nkubectl exec $POD {_IN} -- aws --region {cluster.region} eks update-kubeconfig \\\n"
            f"    --name {_CLUSTER} {_AWAY} {config} &&\n"
            f"  kubectl exec $POD {_IN} -- kubectl {config} get namespaces",
            Expectation(1, "You must be logged in to the server", "the cluster does not know the role"),
            ("kubectl", "aws"),
            slow="kubectl asks several times before it gives up; this takes some seconds",
        ),
        TourStep(
            16,
            "Map the role",
            "An entry of aws-auth in the target cluster. The article gives it system:masters, which no RBAC "
            "rule limits; a group with a role of its own would do for a CI job.",
            "kubectl --context target apply -f aws-auth.yaml",
            Expectation(0, "aws-auth (created|configured)", "the role is the user test-user there"),
            ("kubectl", "aws"),
        ),
        TourStep(
            17,
            "Enter it again",
            "The command that the kubeconfig has for tokens walks the whole chain of roles each time.",
            f"POD={_POD}\nkubectl exec $POD {_IN} -- kubectl {config} get namespaces &&\n"
            f"  kubectl exec $POD {_IN} -- kubectl {config} get pods -n kube-system",
            Expectation(
                0, r"^kube-system\s+Active", "pod -> two roles -> aws-auth -> another account's cluster"
            ),
            ("kubectl", "aws"),
        ),
    )


def _without_chain() -> tuple[TourStep, ...]:
    return (
        TourStep(
            18,
            "The other way, without a chain",
            "The article's last remark: the target account can know the CI cluster's issuer itself, and a "
            "role of its own take the pod's token: one role less, one provider more in each account.",
            f"PROVIDER=$(aws iam create-open-id-connect-provider {_AWAY} --url {{issuer}} \\\n"
            "    --client-id-list sts.amazonaws.com --query OpenIDConnectProviderArn --output text) &&\n"
            f'  sed "s|arn:aws:iam::[^\\"]*|$PROVIDER|" trust.json > direct-trust.json &&\n'
            f"  aws iam create-role {_AWAY} --role-name direct-role --query Role.Arn \\\n"
            "    --assume-role-policy-document file://direct-trust.json &&\n"
            f"  kubectl annotate serviceaccount {_IN} ci-serviceaccount --overwrite \\\n"
            f"    eks.amazonaws.com/role-arn=arn:aws:iam::{TARGET}:role/direct-role &&\n"
            f"  sekisho why ci-namespace/ci-serviceaccount",
            Expectation(
                0, r"^yes: [\s\S]*assumed-role/direct-role/", "pods to come reach the account at once"
            ),
            ("aws", "kubectl", "sekisho"),
        ),
    )
