"""What the webhook is set up with, and what it knows of a pod's service account.

Source: amazon-eks-pod-identity-webhook, "Usage" and ``main.go`` (names and defaults of flags).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DEFAULT_EXPIRATION: Final = 86_400
"""Seconds a token lasts unless somebody says otherwise."""
MIN_EXPIRATION: Final = 600
"""Seconds below which kube-apiserver refuses a projected token."""
POD_IDENTITY_LABEL: Final = "eks.amazonaws.com/pod-identity"

Annotations = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TokenVolume:
    """A projected token as containers see it: the volume, where it is mounted, its file, its audience."""

    name: str
    mount_path: str
    token_path: str
    audience: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Flags of one webhook. ``region`` and ``compose_role_arn`` are empty where they are not used.

    ``audience`` and ``expiration`` (seconds) are what accounts without an annotation of their own get.
    ``compose_role_arn`` is put before a role annotation that is no ARN: ``arn:aws:iam::ACCOUNT:role/``.
    """

    annotation_prefix: str = "eks.amazonaws.com"
    audience: str = "sts.amazonaws.com"
    mount_path: str = "/var/run/secrets/eks.amazonaws.com/serviceaccount"
    expiration: int = DEFAULT_EXPIRATION
    region: str = ""
    regional_sts: bool = False
    compose_role_arn: str = ""
    container_token: TokenVolume = TokenVolume(
        "eks-pod-identity-token",
        "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount",
        "eks-pod-identity-token",
        "pods.eks.amazonaws.com",
    )
    container_uri: str = "http://169.254.170.23/v1/credentials"

    @property
    def web_token(self) -> TokenVolume:
        """The volume of web identity; its names are not settings, the audience is the default one."""
        return TokenVolume("aws-iam-token", self.mount_path, "token", self.audience)

    def annotation(self, name: str) -> str:
        """Return the full name of the annotation ``name``."""
        return f"{self.annotation_prefix}/{name}"


@dataclass(frozen=True, slots=True)
class MappedRole:
    """One entry of the ConfigMap ``pod-identity-webhook``; ``key`` is NAMESPACE/NAME or */NAME.

    ``expiration`` 0 is the default; an empty ``audience`` stays empty and ``regional_sts`` does not
    inherit the flag.
    """

    key: str
    role: str
    audience: str = ""
    regional_sts: bool = False
    expiration: int = 0


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What is known of the service account ``namespace``/``name``.

    ``annotations`` is None where there is no such account. ``is_read`` False: nobody could tell, and
    ``annotations`` means nothing. ``mapped`` is the ConfigMap's entry, the exact one before ``*``;
    ``is_associated``: EKS Pod Identity has an association for it. ``created`` is the account's
    creationTimestamp as written, empty where it is not known.
    """

    namespace: str
    name: str
    annotations: Annotations | None = None
    is_read: bool = True
    mapped: MappedRole | None = None
    is_associated: bool = False
    created: str = ""

    @property
    def shown(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"
