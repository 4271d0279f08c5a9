"""Which credentials a pod's containers get: by whom its service account was given them.

Source: amazon-eks-pod-identity-webhook, "EKS Walkthrough" and ``pkg/cache``; EKS User Guide, "Learn
how EKS Pod Identity grants pods access to AWS services". Pod Identity goes before the annotation, the
annotation before the ConfigMap.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.values import Ref
from sekisho.decide.workload.annotation_values import read_boolean, read_seconds
from sekisho.decide.workload.code import WorkloadCode
from sekisho.decide.workload.settings import (
    DEFAULT_EXPIRATION,
    MIN_EXPIRATION,
    AccountFacts,
    Annotations,
    Settings,
    TokenVolume,
)

_ROLE: Final = re.compile(r"arn:aws[a-z0-9-]*:iam::[0-9]{12}:role/.+")


class Method(Enum):
    """Ways to credentials, each with its two variables (AWS SDKs, "Standardized credential providers")."""

    WEB_IDENTITY = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
    CONTAINER = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")


@dataclass(frozen=True, slots=True)
class PodIdentity:
    """What a pod is to get: ``source`` is the role's ARN or the URI of the agent, for the first variable."""

    method: Method
    source: str
    token: TokenVolume
    expiration: int
    regional_sts: bool


def resolve(
    facts: AccountFacts, settings: Settings, pod_annotations: Annotations, spread_seconds: int
) -> Decision[PodIdentity]:
    """Return ALLOW with the identity that a pod of this service account gets; total.

    NO_OPINION: nobody gave the account a role. UNKNOWN: it could not be read. ``spread_seconds`` is
    how long a token of Pod Identity lasts that would last the default (79200 to 86400): the caller
    draws it, so that not all tokens are renewed at once.
    """
    at = Ref(f"serviceaccount/{facts.shown}")
    notes: list[Step] = []
    account = ("account", facts.shown)
    if facts.is_associated:
        regional, expiration = _common(facts, settings, at, notes)
        expiration = _of_pod(pod_annotations, settings, expiration, notes)
        if expiration == DEFAULT_EXPIRATION:
            expiration = spread_seconds
        found = PodIdentity(
            Method.CONTAINER, settings.container_uri, settings.container_token, expiration, regional
        )
        return _allow(Step(WorkloadCode.POD_IDENTITY, at, (account,)), notes, found)
    if not facts.is_read:
        unread = Step(WorkloadCode.ACCOUNT_UNREAD, at, (account,))
        return Decision(Outcome.UNKNOWN, (unread,), (unread,))
    role, token = _annotated(facts, settings)
    if role:
        regional, expiration = _common(facts, settings, at, notes)
        why = Step(WorkloadCode.WEB_IDENTITY, _role_at(at, settings), (("role", role), account))
    elif facts.mapped is not None and facts.mapped.role:
        mapped = facts.mapped
        role, regional = mapped.role, mapped.regional_sts
        token = TokenVolume(token.name, token.mount_path, token.token_path, mapped.audience)
        mapped_at = Ref("configmap/pod-identity-webhook").child("data", "config")
        expiration = _raised(mapped.expiration or settings.expiration, mapped_at, notes)
        why = Step(WorkloadCode.MAPPED, mapped_at, (("role", role), ("key", mapped.key)))
    else:
        missed = (
            Step(WorkloadCode.NO_ACCOUNT, at, (account,))
            if facts.annotations is None
            else Step(
                WorkloadCode.NOT_ANNOTATED, at, (account, ("annotation", settings.annotation("role-arn")))
            )
        )
        return Decision(Outcome.NO_OPINION, (missed,), (missed,))
    if not _ROLE.fullmatch(role):
        notes.append(Step(WorkloadCode.ROLE_NOT_ARN, why.at, (("role", role),)))
    if not token.audience:
        notes.append(Step(WorkloadCode.NO_AUDIENCE, why.at))
    expiration = _of_pod(pod_annotations, settings, expiration, notes)
    return _allow(why, notes, PodIdentity(Method.WEB_IDENTITY, role, token, expiration, regional))


def _allow(why: Step, notes: list[Step], found: PodIdentity) -> Decision[PodIdentity]:
    return Decision(Outcome.ALLOW, (why,), (why, *notes), found)


def _role_at(at: Ref, settings: Settings) -> Ref:
    return at.child("metadata", "annotations", settings.annotation("role-arn"))


def _annotated(facts: AccountFacts, settings: Settings) -> tuple[str, TokenVolume]:
    annotations = facts.annotations or {}
    role = annotations.get(settings.annotation("role-arn"), "")
    if role and settings.compose_role_arn and "arn:" not in role:
        role = settings.compose_role_arn + role
    token = settings.web_token
    audience = annotations.get(settings.annotation("audience"), token.audience)
    return role, TokenVolume(token.name, token.mount_path, token.token_path, audience)


def _common(facts: AccountFacts, settings: Settings, at: Ref, notes: list[Step]) -> tuple[bool, int]:
    """Return what the account's annotations say for both methods: regional STS, seconds of the token."""
    annotations = facts.annotations or {}
    regional = settings.regional_sts
    name = settings.annotation("sts-regional-endpoints")
    if name in annotations:
        said = read_boolean(annotations[name])
        if said is None:
            used = "true" if regional else "false"
            told = (("found", annotations[name]), ("used", used))
            notes.append(Step(WorkloadCode.STS_UNREADABLE, at.child("metadata", "annotations", name), told))
        else:
            regional = said
    return regional, _expiration(annotations, settings, settings.expiration, at, notes)


def _of_pod(annotations: Annotations, settings: Settings, otherwise: int, notes: list[Step]) -> int:
    return _expiration(annotations, settings, otherwise, Ref("pod"), notes)


def _expiration(
    annotations: Annotations, settings: Settings, otherwise: int, at: Ref, notes: list[Step]
) -> int:
    name = settings.annotation("token-expiration")
    if name not in annotations:
        return otherwise
    seconds = read_seconds(annotations[name])
    place = at.child("metadata", "annotations", name)
    if seconds is None:
        told = (("found", annotations[name]), ("used", str(otherwise)))
        notes.append(Step(WorkloadCode.EXPIRATION_UNREADABLE, place, told))
        return otherwise
    return _raised(seconds, place, notes)


def _raised(seconds: int, at: Ref, notes: list[Step]) -> int:
    if seconds >= MIN_EXPIRATION:
        return seconds
    notes.append(Step(WorkloadCode.EXPIRATION_RAISED, at, (("found", str(seconds)),)))
    return MIN_EXPIRATION
