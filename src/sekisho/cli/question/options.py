"""The options that questions have in common."""

from pathlib import Path
from typing import Annotated

import typer

ClusterOption = Annotated[
    str | None,
    typer.Option("--cluster", "--name", help="Name or ARN of the cluster (needed if there are several)."),
]
NamespaceOption = Annotated[str, typer.Option("--namespace", "-n", help="Namespace of the question.")]
AllNamespacesOption = Annotated[
    bool, typer.Option("--all-namespaces", "-A", help="Ask about all namespaces at once.")
]
FromOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--from",
        help="Answer from files instead of a lab: a world file, manifests, `kubectl get -o yaml`, `aws eks "
        "describe-cluster`, `list-access-entries`, `describe-access-entry` or `list-associated-access-"
        "policies`, `aws iam get-account-authorization-details`, `get-role` or `get-open-id-connect-"
        "provider`; `-`: standard input; may be repeated.",
    ),
]
ModeOption = Annotated[
    str | None,
    typer.Option("--authentication-mode", help="The cluster's mode, where no file says it."),
]
ContextKeyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--context-key",
        metavar="KEY=VALUE",
        help="A condition key of the request, such as aws:SourceIp=203.0.113.7; repeatable.",
    ),
]
WithoutKeyOption = Annotated[
    list[str] | None,
    typer.Option("--without-key", metavar="KEY", help="A condition key that the request does not carry."),
]
OwnerOption = Annotated[
    str | None,
    typer.Option("--resource-account", help="Account that owns the resource, where its ARN does not say so."),
]
PolicyOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--policy",
        help="Identity policies to ask about instead of those of WHO; without WHO, of nobody in particular. "
        "Then only --from adds facts, not a lab.",
    ),
]
BoundaryOption = Annotated[
    Path | None, typer.Option("--boundary", help="Permissions boundary of WHO, instead of its own.")
]
SessionPolicyOption = Annotated[
    list[Path] | None, typer.Option("--session-policy", help="Policy that limits the session of WHO.")
]
ResourcePolicyOption = Annotated[
    Path | None, typer.Option("--resource-policy", help="Policy of the resource, instead of its own.")
]
ScpOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--scp",
        help="Service control policy, each one level below those of the facts; beside FullAWSAccess "
        "if it only denies.",
    ),
]
RcpOption = Annotated[
    list[Path] | None, typer.Option("--rcp", help="Resource control policy, each one level more.")
]
ThenRoleOption = Annotated[
    list[str] | None,
    typer.Option("--then-role", help="A role that the workload assumes next; again for one after that."),
]
AwsProfileOption = Annotated[
    str | None,
    typer.Option("--aws-profile", help="The AWS profile in a ConfigMap of the pod that it uses."),
]
PreflightOption = Annotated[
    list[str] | None,
    typer.Option(
        "--preflight",
        metavar="FILE",
        help="Ask whether WHO may apply these manifests (- for stdin), and what they newly allow to whom; "
        "may be repeated.",
    ),
]
