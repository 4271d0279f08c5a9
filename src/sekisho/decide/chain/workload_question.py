"""The question how a workload reaches AWS: whose pods, and what is known of AWS."""

from dataclasses import dataclass
from typing import Protocol

from sekisho.decide.chain.pod_identity_to_aws import PodIdentityCluster
from sekisho.decide.sts import StsFacts
from sekisho.decide.workload.aws_profiles import ProfileWay
from sekisho.decide.workload.settings import AccountFacts, Settings
from sekisho.decide.workload.stored_pod import StoredPod


class WorkloadFacts(Protocol):
    """What is known of AWS, and of which accounts it was read."""

    @property
    def sts(self) -> StsFacts:
        """The roles, providers and policies."""

    def are_roles_read(self, account: str) -> bool:
        """Tell whether a role that is not among the facts does not exist."""

    def are_providers_read(self, account: str) -> bool:
        """Tell whether an identity provider that is not among the facts does not exist."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A service account, and the pod or template in question if it is one.

    ``issuer`` is that of the cluster, empty where it was not read; ``cluster`` the cluster's ARN. ``profile``
    is the AWS profile that the pod uses, None for its containers' own credentials.
    ``associations`` are the cluster's of EKS Pod Identity, None where nobody knows of any.
    """

    account: AccountFacts
    cluster: str
    issuer: str
    settings: Settings
    pod: StoredPod | None = None
    profile: ProfileWay | None = None
    associations: PodIdentityCluster | None = None

    @property
    def subject(self) -> str:
        """How tokens name the service account."""
        return f"system:serviceaccount:{self.account.namespace}:{self.account.name}"
