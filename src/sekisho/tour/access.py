"""The tour ``access``: from a cluster that only its creator can enter to one more person who may look.

The order is that of the walk through kubectl's authentication: the creator connects, a new
user is refused, a role and a binding are made, the user is mapped to a group, and is let in as
far as the role says and no further.
"""

import shlex
from dataclasses import dataclass, replace

from sekisho.decide.values import Arn
from sekisho.tour.step import Expectation, Learned, TourStep

USER = "eks-ope"
GROUP = "operators"
CREATOR_PROFILE = "creator"

CLUSTER_ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: test-clu-role
rules:
- apiGroups: [""]
  resources: ["pods","nodes"]
  verbs: ["get", "watch", "list"]
"""

CLUSTER_ROLE_BINDING = f"""\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: test-clu-rolebinding
subjects:
- kind: Group
  name: {GROUP}
  apiGroup: rbac.authorization.k8s.io
roleRef:
  kind: ClusterRole
  name: test-clu-role
  apiGroup: rbac.authorization.k8s.io
"""

MANIFESTS = {"ClusterRole.yml": CLUSTER_ROLE, "ClusterRoleBinding.yml": CLUSTER_ROLE_BINDING}
"""Files that the steps apply, by name; they lie in the folder in which the commands run."""

_NODE_IS_READY = r"^ip-\S+\s+Ready\s"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster that the tour enters."""

    name: str
    account: str
    region: str

    @classmethod
    def from_arn(cls, arn: Arn) -> "Cluster":
        """Return the cluster that ``arn`` names."""
        return cls(arn.resource.removeprefix("cluster/"), str(arn.account), arn.region)


def access_steps(cluster: Cluster) -> tuple[TourStep, ...]:
    """Return the steps, in order."""
    return (*_as_creator(cluster), *_as_new_user(cluster), *_give_access(cluster), *_with_access())


def connect(cluster: Cluster) -> TourStep:
    """Return the first step."""
    return TourStep(
        1,
        "Connect kubectl to the cluster",
        "The AWS CLI asks EKS for the endpoint and its certificate and writes them into the kubeconfig.",
        f"aws eks update-kubeconfig --name {shlex.quote(cluster.name)}",
        Expectation(0, r"(Added new|Updated) context", "kubectl knows the cluster"),
        ("aws",),
    )


def _as_creator(cluster: Cluster) -> tuple[TourStep, ...]:
    name, region = shlex.quote(cluster.name), shlex.quote(cluster.region)
    return (
        connect(cluster),
        TourStep(
            2,
            "Whoever created the cluster is its administrator",
            "No entry anywhere says so: EKS keeps the creator as a hidden member of system:masters.",
            "kubectl get node",
            Expectation(0, _NODE_IS_READY, "the creator may list nodes"),
            ("kubectl", "aws"),
        ),
        TourStep(
            3,
            "What was written for the user",
            "No credential: only the command that kubectl runs to get one.",
            "sed -n '/^users:/,$p' \"$KUBECONFIG\"",
            Expectation(0, r"command: aws", "kubectl asks the AWS CLI for a token"),
            ("sed", "aws"),
        ),
        TourStep(
            4,
            "The token that kubectl sends",
            "A presigned sts:GetCallerIdentity request. It is made here, without asking anybody; the cluster "
            "puts it to STS to learn who signed it.",
            f"aws --region {region} eks get-token --cluster-name {name}",
            Expectation(0, r"k8s-aws-v1\.", "the token names its signer, and no Kubernetes user"),
            ("aws",),
            learns=(Learned("token", ("status", "token"), is_secret=True),),
        ),
    )


def _as_new_user(cluster: Cluster) -> tuple[TourStep, ...]:
    unknown = "the AWS credentials are good, but nothing maps this user into the cluster"
    mapped = "already there: a mapping of the user, so the cluster knows it; --own-lab shows the refusal"
    known = (
        Expectation(0, _NODE_IS_READY, mapped),
        Expectation(1, r"\(Forbidden\): nodes is forbidden", mapped),
    )
    return (
        TourStep(
            5,
            f"Make a new IAM user, {USER}",
            "The article does this in the console. The user gets no permission at all.",
            f"aws iam create-user --user-name {USER}",
            Expectation(0, rf'"UserName": "{USER}"', "the user is there"),
            ("aws",),
            already=(
                Expectation(None, "EntityAlreadyExists", "already there: the user, from an earlier walk"),
            ),
        ),
        TourStep(
            6,
            "Give it an access key",
            "The secret is shown once by AWS, and not at all here.",
            f"aws iam create-access-key --user-name {USER}",
            Expectation(0, r'"AccessKeyId": "AKIA', "the user can sign requests"),
            ("aws",),
            learns=(
                Learned("access_key_id", ("AccessKey", "AccessKeyId"), is_secret=False),
                Learned("secret_access_key", ("AccessKey", "SecretAccessKey"), is_secret=True),
            ),
        ),
        TourStep(
            7,
            f"Become {USER}",
            "From here on the default credentials are the new user's; the creator's are in the profile "
            f"`{CREATOR_PROFILE}`.",
            "aws configure",
            Expectation(0, r"AWS Access Key ID", f"the default credentials are those of {USER}"),
            ("aws",),
            answers=("{access_key_id}", "{secret_access_key}", cluster.region, "json"),
        ),
        TourStep(
            8,
            "The new user is not let in",
            "The same command as before. kubectl still has the list of the API's resources in its cache, so "
            "its first request is the one for nodes.",
            "kubectl get node",
            Expectation(1, r"^error: You must be logged in to the server \(Unauthorized\)", unknown),
            ("kubectl", "aws"),
            already=known,
        ),
        TourStep(
            9,
            "The same refusal with an empty cache",
            "On a fresh machine kubectl asks for the list of resources first: the message is another, the "
            "reason is the same.",
            'kubectl --cache-dir "$(mktemp -d)" get node',
            Expectation(1, r"^error: You must be logged in to the server \(the server has asked", unknown),
            ("kubectl", "aws"),
            already=known,
            slow="kubectl asks five times before it gives up; this takes some seconds",
        ),
    )


def _give_access(cluster: Cluster) -> tuple[TourStep, ...]:
    arn = f"arn:aws:iam::{cluster.account}:user/{USER}"
    name, region = shlex.quote(cluster.name), shlex.quote(cluster.region)
    mapping = (
        f"--cluster {name} \\\n    --region={region} \\\n    --arn {arn} \\\n"
        f"    --group {GROUP} \\\n    --no-duplicate-arns"
    )
    as_creator = f"AWS_PROFILE={CREATOR_PROFILE}"
    exists = Expectation(0, r"found existing mapping", "already there: the mapping, from an earlier walk")
    map_it = TourStep(
        12,
        "Map the IAM user to the group",
        "An entry of the ConfigMap aws-auth: the link between IAM and Kubernetes that was missing.",
        f"{as_creator} eksctl create iamidentitymapping {mapping}",
        Expectation(0, r"adding identity", "aws-auth maps the user"),
        ("eksctl", "aws"),
        already=(exists,),
    )
    listed = Expectation(0, rf"{arn}\s.*\b{GROUP}\b", "the mapping is stored, without a user name")
    return (
        TourStep(
            10,
            "Say what may be done",
            "Three objects carry the access: aws-auth maps the IAM user to a group, a binding ties the group "
            "to a role, the role lists what is allowed. The role comes first. (The article's file begins "
            "with a pasted line of kubectl's output, `clusterrolebinding... created`, which is not YAML; it "
            "is left out here.)",
            f"{as_creator} kubectl apply -f ClusterRole.yml",
            Expectation(0, r"test-clu-role (created|configured)", "the role is there; nobody has it yet"),
            ("kubectl", "aws"),
            already=(Expectation(0, r"test-clu-role unchanged", "already there: the role"),),
        ),
        TourStep(
            11,
            f"Tie the group {GROUP} to it",
            "Kubernetes has no list of groups: a group is what an authenticator says and a binding names.",
            f"{as_creator} kubectl apply -f ClusterRoleBinding.yml",
            Expectation(
                0, r"test-clu-rolebinding (created|configured)", "members of the group have the role"
            ),
            ("kubectl", "aws"),
            already=(Expectation(0, r"test-clu-rolebinding unchanged", "already there: the binding"),),
        ),
        _or_sekisho(map_it, f"{as_creator} sekisho map create {mapping}"),
        _or_sekisho(
            TourStep(
                13,
                "Look at the mappings",
                "The new entry has a group and no user name.",
                f"{as_creator} eksctl get iamidentitymapping --cluster {name} --region={region}",
                listed,
                ("eksctl", "aws"),
            ),
            f"{as_creator} sekisho map get --cluster {name} --region={region}",
        ),
    )


def _or_sekisho(step: TourStep, command: str) -> TourStep:
    """Return ``step`` with the same done by ``sekisho map`` where eksctl is missing."""
    return replace(step, instead=replace(step, command=command, needs=("sekisho", "aws")))


def _with_access() -> tuple[TourStep, ...]:
    return (
        TourStep(
            14,
            f"{USER} is let in",
            "Nothing changed on this side: the same user and the same command as in step 8.",
            "kubectl get node",
            Expectation(0, _NODE_IS_READY, "user -> group -> binding -> role: the chain is complete"),
            ("kubectl", "aws"),
        ),
        TourStep(
            15,
            "... and no further",
            "Secrets are not in the role. This is 403 Forbidden, another checkpoint than the 401 above: the "
            "cluster knows who asks. The user name in the message is empty because the mapping has none.",
            "kubectl get secrets",
            Expectation(1, r'User "" cannot list resource "secrets"', "the role does not cover secrets"),
            ("kubectl", "aws"),
        ),
        TourStep(
            16,
            "Tidy up",
            "The access key of this walk is taken back. The user, the role, the binding and the mapping stay "
            "in a lab that keeps running.",
            f"AWS_PROFILE={CREATOR_PROFILE} aws iam delete-access-key --user-name {USER} "
            "--access-key-id {access_key_id}",
            Expectation(0, "", "the key is gone"),
            ("aws",),
            tidies=True,
        ),
    )
