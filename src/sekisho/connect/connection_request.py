"""What a person asks for when they want a cluster in their kubeconfig, checked once."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from sekisho.connect.exec_program import ExecProgram
from sekisho.connect.token_request import parse_role_arn
from sekisho.decide.values import Ref, SekishoInputError

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")  # EKS API Reference, "CreateCluster", name
_PROXY_SCHEMES = frozenset({"http", "https", "socks5"})  # those client-go knows


@dataclass(frozen=True, slots=True)
class ConnectionRequest:
    """How to reach the cluster ``name`` and whom to be there; empty texts mean the default."""

    name: str
    role_arn: str = ""
    alias: str = ""
    user_alias: str = ""
    proxy_url: str = ""
    region: str = ""
    profile: str = ""
    assume_role_arn: str = ""
    program: ExecProgram = ExecProgram.AWS


def check_connection_request(request: ConnectionRequest) -> ConnectionRequest:
    """Return ``request`` if its parts can be what they stand for.

    Raises:
        SekishoInputError: no cluster name, a role ARN that is none, a proxy URL kubectl could not use.
    """
    if not _NAME.fullmatch(request.name):
        raise SekishoInputError.single(
            "kubeconfig.cluster-malformed",
            Ref("--name"),
            "expected 1 to 100 letters, digits, `-` and `_`, beginning with a letter or digit",
        )
    if request.role_arn:
        parse_role_arn(request.role_arn, "--role-arn")
    if request.assume_role_arn:
        parse_role_arn(request.assume_role_arn, "--assume-role-arn")
    if request.proxy_url and not _is_proxy_url(request.proxy_url):
        raise SekishoInputError.single(
            "kubeconfig.proxy-url", Ref("--proxy-url"), "expected http://, https:// or socks5:// and a host"
        )
    return request


def _is_proxy_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in _PROXY_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
