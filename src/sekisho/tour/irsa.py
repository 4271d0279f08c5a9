"""The tour ``irsa``: a pod gets an IAM role by its service account, as the article's second half has it.

The pod is made once before its account has the role. What the article leaves out or tells otherwise is
shown where a reader meets it.
"""

from sekisho.tour.access import Cluster, connect
from sekisho.tour.step import Expectation, TourStep
from sekisho.tour.workload import provider_steps

_ROLE = "sa-role"
_POD = "test-pod"
_BUCKET = "cf-templates-ap-northeast-1"

TRUST = """\
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Federated": "arn:aws:iam::{AWS_ACCOUNT_ID}:oidc-provider/{OIDC_PROVIDER}"
      },
      "Action": "sts:AssumeRoleWithWebIdentity",
      "Condition": {
        "StringEquals": {
          "{OIDC_PROVIDER}:sub": "system:serviceaccount:default:test-sa"
        }
      }
    }
  ]
}
"""

SERVICE_ACCOUNT = f"""\
apiVersion: v1
kind: ServiceAccount
metadata:
  namespace: default
  name: test-sa
  annotations:
    eks.amazonaws.com/role-arn: arn:aws:iam::{{AWS_ACCOUNT_ID}}:role/{_ROLE}
"""

TEST_POD = f"""\
apiVersion: v1
kind: Pod
metadata:
  name: {_POD}
  namespace: default
spec:
  containers:
  - name: test-pod
    image: amazon/aws-cli
    command: ["aws"]
    args: ["s3", "ls"]
  serviceAccountName: test-sa
"""

IRSA_FILES = {"trust.json": TRUST, "ServiceAccount.yml": SERVICE_ACCOUNT, "test-pod.yml": TEST_POD}
"""Files of the article, by name, with its placeholders."""


def irsa_steps(cluster: Cluster) -> tuple[TourStep, ...]:
    """Return the steps, in order."""
    return (
        connect(cluster),
        *provider_steps(2, cluster),
        *_role(cluster),
        *_without_role(),
        *_with_role(cluster),
        *_looked_at(),
    )


def _role(cluster: Cluster) -> tuple[TourStep, ...]:
    fill = f"s|{{AWS_ACCOUNT_ID}}|{cluster.account}|g; s|{{OIDC_PROVIDER}}|${{ISSUER#https://}}|g"
    return (
        TourStep(
            4,
            "Make a role that trusts one service account",
            "The condition on `sub` is what keeps every other service account out.",
            f'ISSUER={{issuer}}\nsed "{fill}" trust.json > {_ROLE}.json &&\n'
            f"  aws iam create-role --role-name {_ROLE} --assume-role-policy-document file://{_ROLE}.json",
            Expectation(0, rf"role/{_ROLE}", "system:serviceaccount:default:test-sa may assume the role"),
            ("aws",),
        ),
        TourStep(
            5,
            "Say what the role may do, and make something to see",
            "The bucket is the lab's stand-in for the one in the article.",
            f"aws iam attach-role-policy --role-name {_ROLE} \\\n"
            "  --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess &&\n"
            f"  aws s3 mb s3://{_BUCKET}",
            Expectation(0, f"make_bucket: {_BUCKET}", "the role may list buckets, and there is one"),
            ("aws",),
        ),
        TourStep(
            6,
            "What the article's trust policy leaves out",
            "It does not ask for whom a token was made. The provider's list of audiences does; the day it "
            "gets a second one, the role takes tokens for that too.",
            f"sekisho policy check {_ROLE}.json",
            Expectation(1, r"policy\.audience-missing", "a condition on `aud` belongs beside that on `sub`"),
            ("sekisho",),
        ),
        TourStep(
            7,
            "Ask for the audience too",
            "The same document with one line more.",
            f'ISSUER={{issuer}}\nAUD="\\"${{ISSUER#https://}}:aud\\": \\"sts.amazonaws.com\\""\n'
            f'sed "s|default:test-sa\\"|&, $AUD|" {_ROLE}.json > stricter.json &&\n'
            f"  sekisho policy check stricter.json &&\n"
            f"  aws iam update-assume-role-policy --role-name {_ROLE} --policy-document file://stricter.json",
            Expectation(0, "0 findings", "only tokens for AWS open the role"),
            ("aws", "sekisho"),
        ),
    )


def _without_role() -> tuple[TourStep, ...]:
    return (
        TourStep(
            8,
            "A pod whose account has no role",
            "Nothing is injected, so the AWS CLI falls back on the role of the node, as on EC2. Every pod of "
            "the node has that one, and it may not list buckets.",
            "kubectl create serviceaccount test-sa --save-config &&\n"
            "  kubectl apply -f test-pod.yml &&\n"
            f"  {_ended('Error')} &&\n  kubectl logs {_POD}",
            Expectation(0, r"AccessDenied.*ListBuckets", "AWS knows the node, and refuses it"),
            ("aws", "kubectl"),
        ),
        TourStep(
            9,
            "Why",
            "The links from the pod to AWS, up to the one that is missing.",
            f"sekisho why pod/{_POD} s3:ListAllMyBuckets",
            Expectation(1, r"workload\.not-annotated", "no annotation gives the account a role"),
            ("sekisho",),
        ),
    )


def _with_role(cluster: Cluster) -> tuple[TourStep, ...]:
    return (
        TourStep(
            10,
            "Annotate the service account",
            "The annotation is the only link from Kubernetes to the role.",
            f'sed "s|{{AWS_ACCOUNT_ID}}|{cluster.account}|" ServiceAccount.yml | kubectl apply -f -',
            Expectation(0, "test-sa configured", "pods to come get the role"),
            ("kubectl", "aws"),
        ),
        TourStep(
            11,
            "The pod that is there does not",
            "The webhook changes pods while they are created, and no others.",
            f"sekisho why pod/{_POD} s3:ListAllMyBuckets",
            Expectation(1, r"no Injection[\s\S]*kubectl replace --force", "it has to be created again"),
            ("sekisho",),
        ),
        TourStep(
            12,
            "Create it again",
            "Its AWS CLI finds a token and a role now, and exchanges them at STS for an hour's credentials.",
            f"kubectl replace --force -f test-pod.yml &&\n  {_ended('Completed')} &&\n  kubectl logs {_POD}",
            Expectation(
                0, rf"^\d{{4}}-.* {_BUCKET}$", "pod -> token -> role -> buckets, and no key is stored"
            ),
            ("aws", "kubectl"),
        ),
    )


def _looked_at() -> tuple[TourStep, ...]:
    return (
        TourStep(
            13,
            "It did its work, and is started again",
            "The article's pod has no restartPolicy, and so Always; a command that ends wants Never.",
            f"kubectl get pod {_POD}",
            Expectation(
                0, rf"^{_POD}\s.*(CrashLoopBackOff|Completed|Running)", "an end with code 0, again and again"
            ),
            ("kubectl", "aws"),
        ),
        TourStep(
            14,
            "What the pod holds: no credentials",
            "The article supposes a Secret with the token, and credentials in the environment. It is "
            "otherwise: there is no Secret, the token is a file that the kubelet renews, and the environment "
            "has the role's ARN and the path of that file.",
            "kubectl get secrets &&\n"
            f"  kubectl get pod {_POD} -o jsonpath='{{.spec.containers[0].env[*].name}}'",
            Expectation(
                0,
                r"AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE[\s\S]*No resources found",
                "names of a role and of a file",
            ),
            ("kubectl", "aws"),
        ),
        TourStep(
            15,
            "How it stands with every service account",
            "The same question for a whole cluster, or for files before they are applied (--from).",
            "sekisho workloads -n default",
            Expectation(0, rf"works\s+default/test-sa\s+irsa\s.*{_ROLE}", "no link is broken"),
            ("sekisho",),
        ),
    )


def _ended(reason: str) -> str:
    state = "{.status.containerStatuses[0].lastState.terminated.reason}"
    return f"kubectl wait pod/{_POD} --for=jsonpath='{state}'={reason} --timeout=60s"
