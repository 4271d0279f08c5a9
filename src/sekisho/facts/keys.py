"""What each fact is known by: its kind, the scope that it lives in, and its name there."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of fact, each with what its scope and name are."""

    ACCOUNT = "account"
    """scope empty, name the account id"""
    USER = "user"
    """scope the account id, name the user's name"""
    ACCESS_KEY = "access-key"
    """scope empty (ids are unique everywhere), name the access key id"""
    GROUP = "group"
    """scope the account id, name the group's name"""
    SESSION = "session"
    """scope empty, name the access key id of temporary credentials"""
    ROLE = "role"
    """scope the account id, name the role's name (unique whatever its path)"""
    POLICY = "policy"
    """scope the account id, name the policy's ARN"""
    OIDC_PROVIDER = "oidc-provider"
    """scope the account id, name the provider's ARN"""
    MFA_DEVICE = "mfa-device"
    """scope the account id, name the device's ARN"""
    LOGIN_PROFILE = "login-profile"
    """scope the account id, name the user's name"""
    INSTANCE_PROFILE = "instance-profile"
    """scope the account id, name the profile's name (unique whatever its path)"""
    ROLE_DELETION = "role-deletion"
    """scope the account id, name the id of the task"""
    CLUSTER = "cluster"
    """scope ``ACCOUNT/REGION``, name the cluster's name"""
    ACCESS_ENTRY = "access-entry"
    """scope the cluster's ARN, name the ARN of the principal"""
    IDENTITY_PROVIDER = "identity-provider"
    """scope the cluster's ARN, name the provider's name"""
    CLUSTER_UPDATE = "cluster-update"
    """scope the cluster's ARN, name the update's id"""
    POD_IDENTITY = "pod-identity-association"
    """scope the cluster's ARN, name the association's id"""
    ADDON = "addon"
    """scope the cluster's ARN, name the add-on's name"""
    ORGANIZATION = "organization"
    """scope empty, name the organization's id"""
    ORGANIZATIONAL_UNIT = "organizational-unit"
    """scope the organization's id, name the unit's id"""
    ORGANIZATION_ACCOUNT = "organization-account"
    """scope empty (an account is in one organization at most), name the account id"""
    ORGANIZATION_POLICY = "organization-policy"
    """scope the organization's id, name the policy's id"""
    ACCOUNT_CREATION = "account-creation"
    """scope the organization's id, name the id of the request"""
    USER_POOL = "user-pool"
    """scope empty (an id names its region), name the pool's id"""
    USER_POOL_CLIENT = "user-pool-client"
    """scope empty (ids are unique everywhere), name the client's id"""
    USER_POOL_DOMAIN = "user-pool-domain"
    """scope the region, name the domain's prefix"""
    USER_POOL_GROUP = "user-pool-group"
    """scope the pool's id, name the group's name"""
    USER_POOL_USER = "user-pool-user"
    """scope the pool's id, name the username"""
    STACK = "stack"
    """scope ``ACCOUNT/REGION``, name the stack's UUID"""
    CHANGE_SET = "change-set"
    """scope ``ACCOUNT/REGION``, name the change set's UUID"""
    KUBE = "kube"
    """scope ``CLUSTER_ARN GROUP/RESOURCE``, name ``NAMESPACE/NAME``: see `kube_key`"""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The identity of one fact."""

    kind: Kind
    scope: str
    name: str


def kube_scope(cluster_arn: str, group: str, resource: str) -> str:
    """Return the scope of one Kubernetes resource type (``group`` empty for core) in a cluster."""
    return f"{cluster_arn} {group}/{resource}"


def kube_key(cluster_arn: str, group: str, resource: str, namespace: str, name: str) -> Key:
    """Return the key of a Kubernetes object; ``namespace`` is empty for cluster-scoped ones."""
    return Key(Kind.KUBE, kube_scope(cluster_arn, group, resource), f"{namespace}/{name}")
