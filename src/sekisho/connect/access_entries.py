"""The access entries of a cluster, read and made through the EKS API."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import sleep
from typing import Any

from botocore.exceptions import ClientError

from sekisho.connect.aws_errors import aws_errors
from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.authn.canonical import ArnError, ArnKind, canonical_mapping
from sekisho.decide.eks.access_entry import AccessEntry, AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.eks.migration import MISSING

UPDATE_SECONDS = 5.0
MAX_UPDATE_POLLS = 240
"""A change of the authentication mode takes minutes; twenty are waited."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EntriesOfCluster:
    """The authentication mode of a cluster and its access entries with their policies."""

    mode: str
    entries: tuple[AccessEntry, ...]


def read_entries(eks: Any, cluster: str) -> EntriesOfCluster:
    """Return mode and entries, asked of the botocore client ``eks``.

    Raises:
        EnvironmentFailure: EKS refused, could not be reached, or answered something else.
    """
    with aws_errors("eks:DescribeCluster"):
        described = eks.describe_cluster(name=cluster)["cluster"]
    mode = str((described.get("accessConfig") or {}).get("authenticationMode") or "CONFIG_MAP")
    if mode == "CONFIG_MAP":
        return EntriesOfCluster(mode, ())
    with aws_errors("eks:ListAccessEntries"):
        pages = eks.get_paginator("list_access_entries").paginate(clusterName=cluster)
        principals = [arn for page in pages for arn in page["accessEntries"]]
    return EntriesOfCluster(mode, tuple(_entry(eks, cluster, arn) for arn in principals))


def arns_in_iam(iam: Any, arns: Iterable[str], account: str) -> dict[str, str]:
    """Return for each user and role of ``account`` the ARN that IAM has, or `MISSING`.

    Keys are canonical ARNs in lower case. Principals of other accounts cannot be looked up.

    Raises:
        EnvironmentFailure: IAM refused or could not be reached.
    """
    found: dict[str, str] = {}
    for arn in arns:
        try:
            named = canonical_mapping(arn)
        except ArnError:
            continue
        if named.arn.account != account or named.kind not in (ArnKind.USER, ArnKind.ROLE):
            continue
        kind = "Role" if named.kind is ArnKind.ROLE else "User"
        with aws_errors(f"iam:Get{kind}"):
            try:
                answer = getattr(iam, f"get_{kind.lower()}")(**{f"{kind}Name": named.name})
                found[named.key] = str(answer[kind]["Arn"])
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "NoSuchEntity":
                    raise
                found[named.key] = MISSING
    return found


def change_mode(eks: Any, cluster: str, mode: str, tell: Tell) -> None:
    """Change the authentication mode and wait until that is done.

    Raises:
        EnvironmentFailure: EKS refused, the update failed, or it took too long.
    """
    tell(f"changing the authentication mode to {mode}")
    with aws_errors("eks:UpdateClusterConfig"):
        update = eks.update_cluster_config(name=cluster, accessConfig={"authenticationMode": mode})["update"]
    operation = "eks:DescribeUpdate"
    for _ in range(MAX_UPDATE_POLLS):
        with aws_errors(operation):
            status = eks.describe_update(name=cluster, updateId=update["id"])["update"]["status"]
        if status == "Successful":
            return
        if status != "InProgress":
            raise EnvironmentFailure(operation, f"the update to mode {mode} ended as {status}")
        sleep(UPDATE_SECONDS)
    raise EnvironmentFailure(operation, f"the update to mode {mode} is still in progress", can_retry=True)


def create_entries(eks: Any, cluster: str, entries: Sequence[AccessEntry], tell: Tell) -> None:
    """Create the entries, each with its policies; what exists already is not touched.

    Raises:
        EnvironmentFailure: EKS refused or could not be reached; the entries before it are made.
    """
    for entry in entries:
        tell(f"creating the access entry of {entry.principal}")
        wanted: dict[str, Any] = {"clusterName": cluster, "principalArn": entry.principal}
        asked = {**wanted, "type": str(entry.type)}
        if entry.type is EntryType.STANDARD:
            asked |= {"username": entry.username, "kubernetesGroups": list(entry.groups)}
        with aws_errors("eks:CreateAccessEntry"):
            eks.create_access_entry(**asked)
        for policy in entry.policies or ():
            scope: dict[str, Any] = {"type": str(policy.scope)}
            if policy.namespaces:
                scope["namespaces"] = list(policy.namespaces)
            with aws_errors("eks:AssociateAccessPolicy"):
                eks.associate_access_policy(**wanted, policyArn=policy.policy, accessScope=scope)


def _entry(eks: Any, cluster: str, principal: str) -> AccessEntry:
    named = {"clusterName": cluster, "principalArn": principal}
    with aws_errors("eks:DescribeAccessEntry"):
        found = eks.describe_access_entry(**named)["accessEntry"]
    with aws_errors("eks:ListAssociatedAccessPolicies"):
        pages = eks.get_paginator("list_associated_access_policies").paginate(**named)
        policies = [one for page in pages for one in page["associatedAccessPolicies"]]
    try:
        return AccessEntry(
            principal,
            EntryType(found["type"]),
            str(found.get("username", "")),
            tuple(found.get("kubernetesGroups") or ()),
            "",
            tuple(_policy(one) for one in policies),
        )
    except (KeyError, ValueError) as error:
        raise EnvironmentFailure("eks:DescribeAccessEntry", f"the answer is unusable: {error}") from None


def _policy(found: Any) -> AssociatedPolicy:
    scope = found["accessScope"]
    return AssociatedPolicy(
        str(found["policyArn"]), ScopeType(scope["type"]), tuple(scope.get("namespaces") or ())
    )
