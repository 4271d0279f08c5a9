"""Who asks: an AWS principal on one side of the cluster's door, a Kubernetes user on the other."""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.values.arn import AccountId, Arn


class PrincipalType(StrEnum):
    """The kinds of AWS principal that sign requests (IAM User Guide, "Policy elements: Principal")."""

    ROOT = "root"
    USER = "user"
    ROLE_SESSION = "assumed-role"
    FEDERATED_USER = "federated-user"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated AWS principal, as STS GetCallerIdentity would name it.

    ``arn`` is the caller's ARN (``...:user/path/NAME``, ``...:assumed-role/ROLE/SESSION``);
    ``user_id`` its unique id (``AIDA...``, ``AROA...:SESSION``, the account id for root);
    ``entity`` the IAM user or role whose policies apply, with its path (root: the root ARN).
    """

    type: PrincipalType
    arn: Arn
    user_id: str
    entity: Arn

    @property
    def account(self) -> AccountId:
        """The account of the principal."""
        # INVARIANT: whoever builds a Principal read the account from a signed request's key or from STS.
        return AccountId(self.arn.account)


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """An AWS service that acts by itself, such as ``pods.eks.amazonaws.com``."""

    name: str


@dataclass(frozen=True, slots=True)
class FederatedPrincipal:
    """Whoever holds a token of an identity provider, not yet a session of anything.

    ``provider`` is the ARN of an OIDC or SAML provider, or the host of one that AWS knows by itself.
    """

    provider: str


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Somebody who signed nothing."""


Caller = Principal | ServicePrincipal | FederatedPrincipal | Anonymous
"""Everybody who can ask AWS for something. Only a `Principal` belongs to an account and has policies."""


@dataclass(frozen=True, slots=True)
class KubeUser:
    """An authenticated Kubernetes user (authentication.k8s.io/v1 UserInfo).

    ``groups`` is complete: the implicit groups are in it. ``extra`` keeps its order.
    """

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
