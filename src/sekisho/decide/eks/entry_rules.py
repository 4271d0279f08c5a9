"""What EKS refuses in an access entry and in an association, in the words EKS uses where they are known.

Sources: EKS User Guide, "Create access entries"; EKS API Reference, "CreateAccessEntry" and
"AssociateAccessPolicy"; error texts as users of the API quote them.
"""

import re
from collections.abc import Iterator, Sequence

from sekisho.decide.authn.canonical import ArnError, ArnKind, canonicalize
from sekisho.decide.eks.access_entry import AccessEntry, AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.eks.access_policies import AUTO_NODE, POLICIES
from sekisho.decide.values import AccountId

RESERVED_USERNAMES = ("system:", "eks:", "aws:", "amazon:", "iam:")
RESERVED_GROUP = "system:"
SESSION_TEMPLATES = ("{{SessionName}}", "{{SessionNameRaw}}")
SERVICE_LINKED = "role/aws-service-role/"

NOT_STANDARD = 'This operation can only be performed on Access Entries with a type of "STANDARD".'

_NAMESPACE = re.compile(r"[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?", re.ASCII)
"""The name of a namespace (RFC 1123 label), in which ``*`` stands for any run of characters."""

_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
"""The authentication modes in the only order in which a cluster can go through them."""


def faults_of_entry(entry: AccessEntry, cluster_account: AccountId) -> Iterator[str]:
    """Yield why EKS would refuse ``entry``: principal, then user name, then groups. Total.

    Whether the principal exists is another question. The user name and the groups of an entry that
    is not STANDARD are EKS's to choose: `faults_of_choice` is about what a client may ask for.
    """
    fault = fault_of_principal(entry.principal, entry.type, cluster_account)
    if fault:
        yield fault
    if entry.type is EntryType.STANDARD:
        yield from faults_of_names(entry.username, entry.groups)


def fault_of_principal(principal: str, entry_type: EntryType, cluster_account: AccountId) -> str:
    """Return why no entry of ``entry_type`` can name ``principal``; empty if one can. Total."""
    invalid = "The specified principalArn is invalid: invalid principal."
    try:
        found = canonicalize(principal)
    except ArnError:
        return invalid
    if found.kind not in (ArnKind.USER, ArnKind.ROLE):
        return invalid
    if found.arn.resource.startswith(SERVICE_LINKED):
        return (
            "The caller is not allowed to modify access entries with a principalArn value of "
            "a Service Linked Role"
        )
    if entry_type is not EntryType.STANDARD and found.kind is not ArnKind.ROLE:
        return f"The principalArn of an access entry of type {entry_type} must be that of an IAM role."
    if entry_type is not EntryType.STANDARD and found.arn.account != cluster_account:
        return f"The role of an access entry of type {entry_type} must be in the account of the cluster."
    return ""


def faults_of_choice(entry_type: EntryType, username: str | None, groups: Sequence[str]) -> Iterator[str]:
    """Yield why a client may not ask for these names; None and none leave them to EKS. Total."""
    if entry_type is not EntryType.STANDARD:
        if username is not None:
            yield f"The username cannot be specified for an access entry of type {entry_type}."
        if groups:
            yield f"Kubernetes groups cannot be specified for an access entry of type {entry_type}."
        return
    yield from faults_of_names(username or "", groups)


def faults_of_names(username: str, groups: Sequence[str]) -> Iterator[str]:
    """Yield why a STANDARD entry may not have this user name and these groups. Total."""
    for prefix in RESERVED_USERNAMES:
        if username.startswith(prefix):
            yield f"The username must not begin with {prefix}"
    for template in SESSION_TEMPLATES:
        before, found, _ = username.partition(template)
        if found and ":" not in before:
            yield f"The username must contain a colon before {template}."
    for group in groups:
        if group.startswith(RESERVED_GROUP):
            yield (f"The kubernetes group name {group} is invalid, it cannot start with {RESERVED_GROUP}")


def fault_of_association(entry_type: EntryType, wanted: AssociatedPolicy) -> str:
    """Return why EKS would not associate a policy with an entry; empty if it would. Total."""
    if wanted.policy not in POLICIES:
        return (
            "The specified policyArn is invalid. "
            "You can view the available access policies with 'list-access-policies'."
        )
    if entry_type is not EntryType.STANDARD and (entry_type is not EntryType.EC2 or wanted.name != AUTO_NODE):
        return NOT_STANDARD
    if wanted.scope is ScopeType.NAMESPACE and not wanted.namespaces:
        return "The namespaces of the access scope must be specified if its type is namespace."
    for name in wanted.namespaces:
        if not _NAMESPACE.fullmatch(name):
            return f"The namespace {name[:64]} of the access scope is invalid."
    if wanted.scope is ScopeType.CLUSTER and wanted.namespaces:
        return "Namespaces cannot be specified if the type of the access scope is cluster."
    return ""


def fault_of_mode_change(before: str, after: str) -> str:
    """Return why a cluster cannot go from one authentication mode to another; empty if it can. Total.

    One way and one step at a time; to the same mode is a change that EKS does not know.
    """
    if after in _MODES and before in _MODES and _MODES.index(after) == _MODES.index(before) + 1:
        return ""
    return f"Unsupported authentication mode update from {before} to {after}"
