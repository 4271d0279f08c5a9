"""IAM decisions per second: parsed policies, no trace, one caller; and what an explanation costs.

    python -m benchmarks.iam [--json]

The policies are an administrator's, a deployer's (ten statements with patterns, conditions and policy
variables) and a guard that denies. Each row asks one request; the best of a hundred slices counts.
"""

from functools import partial

from benchmarks import harness
from benchmarks.harness import Row, microseconds

from sekisho.decide.iam import AttachedPolicy, Layer, Policies, evaluate, explain, read_policy
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.values import Arn, Json, Principal, PrincipalType, Ref

LOOPS = 2000
ACCOUNT = "111122223333"
CLUSTER = f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/eks-clu"
ARN = Arn.parse(f"arn:aws:iam::{ACCOUNT}:user/ana")
ANA = Principal(PrincipalType.USER, ARN, "AIDA0000000000000ANA", ARN)
CONTEXT = Context.of(
    {
        "aws:username": "ana",
        "aws:SourceIp": "192.0.2.10",
        "aws:SecureTransport": "true",
        "aws:CurrentTime": "2026-01-31T09:00:00Z",
        "aws:RequestedRegion": "eu-west-1",
    }
)

ADMINISTRATOR: Json = {"Effect": "Allow", "Action": "*", "Resource": "*"}
GUARD: Json = {
    "Effect": "Deny",
    "Action": ["iam:*", "organizations:*"],
    "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1"]}},
}
DEPLOYER: list[Json] = [
    {"Effect": "Allow", "Action": ["eks:Describe*", "eks:List*"], "Resource": "*"},
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::build-*/${aws:username}/*"},
    {
        "Effect": "Allow",
        "Action": ["eks:UpdateClusterConfig", "eks:AccessKubernetesApi"],
        "Resource": f"arn:aws:eks:*:{ACCOUNT}:cluster/*",
        "Condition": {
            "IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "192.0.2.0/24"]},
            "Bool": {"aws:SecureTransport": "true"},
        },
    },
    *(
        {"Effect": "Allow", "Action": f"service{number}:Get*", "Resource": f"arn:aws:service{number}:*:*:*"}
        for number in range(7)
    ),
]


def main() -> None:
    """Print the table."""
    report = harness.run("Measure IAM decisions.")
    report.add("IAM decisions", measure())
    report.close()


def measure() -> list[Row]:
    """Return a row for each request."""
    administrator, deployer = attached(ADMINISTRATOR), attached(*DEPLOYER, GUARD)
    cases = {
        "allowed by *:*": (ask("eks:DescribeCluster", CLUSTER), administrator),
        "allowed by a pattern": (ask("eks:DescribeCluster", CLUSTER), deployer),
        "allowed by two conditions": (ask("eks:UpdateClusterConfig", CLUSTER), deployer),
        "allowed by a policy variable": (ask("s3:GetObject", "arn:aws:s3:::build-1/ana/x"), deployer),
        "denied by a condition": (ask("iam:GetUser", str(ARN)), deployer),
        "not allowed": (ask("ec2:RunInstances", "*"), deployer),
    }
    rows: list[Row] = []
    for name, (request, policies) in cases.items():
        assert evaluate(request, policies).outcome is explain(request, policies).outcome
        fast = microseconds(partial(evaluate, request, policies), LOOPS)
        told = microseconds(partial(explain, request, policies), LOOPS // 10)
        rows.append({"what": name, "us": fast, "per_second": round(1e6 / fast), "explained_us": told})
    return rows


def ask(action: str, resource: str) -> AwsRequest:
    """Return a request of Ana's."""
    return AwsRequest(ANA, action, (resource,), CONTEXT)


def attached(*statements: Json) -> Policies:
    """Return one identity policy of ``statements``, and no other layer."""
    document: Json = {"Version": "2012-10-17", "Statement": list(statements)}
    return Policies((AttachedPolicy("policy", Layer.IDENTITY, read_policy(document, Ref("policy"))),))


if __name__ == "__main__":
    main()
