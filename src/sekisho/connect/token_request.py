"""What a person asks for when they want a cluster token, checked once."""

import re
from dataclasses import dataclass

from sekisho.decide.values import Arn, Ref, SekishoInputError

DEFAULT_SESSION_NAME = "EKSGetTokenAuth"
"""The session name ``aws eks get-token`` always uses; audit logs show nothing else of the person."""

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_CLUSTER = re.compile(r"[!-~]{1,255}")  # becomes the value of a signed header


@dataclass(frozen=True, slots=True)
class RoleToAssume:
    """The role whose session signs the token; ``session_name`` is what audit logs will show."""

    arn: str
    session_name: str = DEFAULT_SESSION_NAME
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token for ``cluster`` (name, or id on Outposts). Empty ``region`` and ``profile``: as configured."""

    cluster: str
    region: str = ""
    profile: str = ""
    role: RoleToAssume | None = None


def parse_token_request(
    *,
    cluster_name: str | None,
    cluster_id: str | None,
    role_arn: str | None = None,
    session_name: str | None = None,
    external_id: str | None = None,
    region: str | None = None,
    profile: str | None = None,
) -> TokenRequest:
    """Return the request that the options of ``sekisho token`` stand for.

    Raises:
        SekishoInputError: both or neither of name and id, a role ARN that is none, a session name
            or external id outside STS's grammar (STS API Reference, "AssumeRole") or without a role.
    """
    if cluster_name and cluster_id:
        raise _fault(
            "token.two-clusters", "--cluster-id", "--cluster-name and --cluster-id exclude each other"
        )
    cluster = cluster_name or cluster_id or ""
    if not cluster:
        raise _fault("token.no-cluster", "--cluster-name", "expected --cluster-name or --cluster-id")
    if not _CLUSTER.fullmatch(cluster):
        option = "--cluster-name" if cluster_name else "--cluster-id"
        raise _fault(
            "token.cluster-malformed", option, "expected 1 to 255 printable characters without a space"
        )
    role = None
    if role_arn:
        role = RoleToAssume(
            parse_role_arn(role_arn, "--role-arn"), session_name or DEFAULT_SESSION_NAME, external_id or ""
        )
        _check_role(role)
    elif session_name or external_id:
        option = "--session-name" if session_name else "--external-id"
        raise _fault("token.no-role", option, "only meaningful with --role-arn")
    return TokenRequest(cluster, region or "", profile or "", role)


def parse_role_arn(text: str, option: str) -> str:
    """Return ``text`` if it is the ARN of an IAM role.

    Raises:
        SekishoInputError: it is not; ``option`` names where it came from.
    """
    try:
        arn = Arn.parse(text)
    except ValueError as error:
        raise _fault("token.role-malformed", option, f"`{text[:100]}`: {error}") from None
    if arn.service != "iam" or not arn.resource.startswith("role/"):
        raise _fault("token.role-malformed", option, f"`{arn}` is not the ARN of an IAM role")
    return text


def _check_role(role: RoleToAssume) -> None:
    if not _SESSION_NAME.fullmatch(role.session_name):
        raise _fault(
            "token.session-name-malformed",
            "--session-name",
            "expected 2 to 64 of letters, digits and _+=,.@-",
        )
    if role.external_id and not _EXTERNAL_ID.fullmatch(role.external_id):
        raise _fault(
            "token.external-id-malformed",
            "--external-id",
            "expected 2 to 1224 of letters, digits and _+=,.@:/-",
        )


def _fault(code: str, option: str, problem: str) -> SekishoInputError:
    return SekishoInputError.single(code, Ref(option), problem)
