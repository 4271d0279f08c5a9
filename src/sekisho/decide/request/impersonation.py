"""Whom a request wants to act as, and what its sender has to be allowed for that.

Source: Kubernetes documentation, "User impersonation"; kubernetes ``apiserver/pkg/endpoints/filters/
impersonation``; KEP-5284 for the constrained modes, which `tests/e2e/test_real_impersonation.py` compares
with kube-apiserver 1.37. The mode "associated-node" (a node's own agent as its node) is left out: who is
refused here although that mode would admit them is refused, never admitted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote_to_bytes

from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, Ref, SekishoInputError

MASTERS: Final = "system:masters"
AUTHENTICATION: Final = "authentication.k8s.io"
CONSTRAINED_SINCE: Final = 36
"""The minor version of Kubernetes from which the constrained modes are on by default (KEP-5284, beta)."""
MANY: Final = 4
"""From this many groups on a permission for the name ``*`` is looked for first."""

_USER, _GROUP, _UID, _EXTRA = "impersonate-user", "impersonate-group", "impersonate-uid", "impersonate-extra-"
_ACCOUNT = re.compile(r"system:serviceaccount:(?P<namespace>[^:]+):(?P<name>[^:]+)")
_NODE: Final = "system:node:"
_ANONYMOUS: Final = "system:anonymous"
_EVERYBODY: Final = "system:authenticated"
_NOBODY: Final = "system:unauthenticated"
_DOMAIN_PREFIXED = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/[a-z0-9](?:[a-z0-9._%/-]*)", re.ASCII)


class Mode(StrEnum):
    """The constrained modes, by the words in their verbs."""

    NODE = "arbitrary-node"
    SERVICE_ACCOUNT = "serviceaccount"
    USER = "user-info"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom the ``Impersonate-*`` headers name, as they name them."""

    user: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def is_name_alone(self) -> bool:
        """Whether nothing but a name is given."""
        return not (self.groups or self.uid or self.extra)


@dataclass(frozen=True, slots=True)
class Ask:
    """One permission that is needed; ``together`` are others, all of which will do instead.

    ``forbidden`` is why no permission is enough, empty if one is.
    """

    request: RequestAttributes
    together: tuple[RequestAttributes, ...] = ()
    forbidden: str = ""


def read_headers(headers: Iterable[tuple[str, str]]) -> Wanted | None:
    """Return whom the headers (names in lower case) want to act as; None if they do not.

    Raises:
        SekishoInputError: groups, a uid or extra values without a user.
    """
    user, uid, groups, extra = "", "", list[str](), dict[str, list[str]]()
    for name, value in headers:
        if name == _USER:
            user = user or value
        elif name == _UID:
            uid = uid or value
        elif name == _GROUP:
            groups.append(value)
        elif name.startswith(_EXTRA):
            extra.setdefault(_unescaped(name.removeprefix(_EXTRA)), []).append(value)
    if user:
        return Wanted(user, tuple(groups), uid, tuple((key, tuple(found)) for key, found in extra.items()))
    if groups or uid or extra:
        raise SekishoInputError.single(
            "impersonation.no-user",
            Ref("request", "/headers"),
            "groups, a uid or extra values are impersonated without a user name",
        )
    return None


def becomes(wanted: Wanted, mode: Mode | None = None) -> KubeUser:
    """Return the user that the request is then made by, with the groups that Kubernetes adds."""
    groups = list(wanted.groups)
    account = _ACCOUNT.fullmatch(wanted.user)
    if account is not None and not groups:
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{account['namespace']}"]
    if mode is Mode.NODE:
        groups = ["system:nodes"]
    if wanted.user == _ANONYMOUS:
        groups += [] if _NOBODY in groups else [_NOBODY]
    elif _EVERYBODY not in groups and _NOBODY not in groups:
        groups.append(_EVERYBODY)
    return KubeUser(wanted.user, tuple(groups), wanted.uid, wanted.extra)


def legacy_asks(wanted: Wanted) -> tuple[Ask, ...]:
    """Return what the verb ``impersonate`` has to be granted for: each name, group, uid and extra value."""
    verb = "impersonate"
    account = _ACCOUNT.fullmatch(wanted.user)
    first = (
        RequestAttributes(
            verb, "", "v1", "serviceaccounts", namespace=account["namespace"], name=account["name"]
        )
        if account is not None
        else RequestAttributes(verb, "", "v1", "users", name=wanted.user)
    )
    asks = [first, *(RequestAttributes(verb, "", "v1", "groups", name=group) for group in wanted.groups)]
    asks += [
        RequestAttributes(verb, AUTHENTICATION, "v1", "userextras", key, name=value)
        for key, values in wanted.extra
        for value in values
    ]
    if wanted.uid:
        asks.append(RequestAttributes(verb, AUTHENTICATION, "v1", "uids", name=wanted.uid))
    return tuple(Ask(request) for request in asks)


def constrained_mode(wanted: Wanted) -> Mode | None:
    """Return the constrained mode that fits; None: only ``impersonate`` itself will do."""
    if _ACCOUNT.fullmatch(wanted.user):
        return Mode.SERVICE_ACCOUNT if wanted.is_name_alone else None
    if wanted.user.startswith(_NODE) and wanted.user != _NODE:
        return Mode.NODE if wanted.is_name_alone else None
    return Mode.USER


def constrained_asks(wanted: Wanted, mode: Mode, request: RequestAttributes) -> tuple[Ask, ...]:
    """Return what ``mode`` needs: to do ``request`` as somebody else, and to be the one who is wanted."""
    on = Ask(_with_verb(request, f"impersonate-on:{mode}:{request.verb}"))
    verb = f"impersonate:{mode}"

    def be(resource: str, name: str, namespace: str = "", subresource: str = "") -> RequestAttributes:
        return RequestAttributes(verb, AUTHENTICATION, "v1", resource, subresource, namespace, name)

    account = _ACCOUNT.fullmatch(wanted.user)
    if mode is Mode.SERVICE_ACCOUNT and account is not None:
        return on, Ask(be("serviceaccounts", account["name"], account["namespace"]))
    if mode is Mode.NODE:
        return on, Ask(be("nodes", wanted.user.removeprefix(_NODE)))
    asks = [on, Ask(be("users", wanted.user))]
    if wanted.uid:
        asks.append(Ask(be("uids", wanted.uid)))
    groups = [be("groups", group) for group in wanted.groups]
    if MASTERS in wanted.groups:
        reason = "impersonating the system:masters group is not allowed"
        asks.append(Ask(be("groups", MASTERS), forbidden=reason))
    elif len(groups) >= MANY:
        asks.append(Ask(be("groups", "*"), tuple(groups)))
    else:
        asks += [Ask(group) for group in groups]
    for key, values in wanted.extra:
        if not _DOMAIN_PREFIXED.fullmatch(key):
            reason = f"the extra key `{key}` has to begin with a domain, such as acme.io/foo"
            asks.append(Ask(be("userextras", values[0], subresource=key), forbidden=reason))
            continue
        asks += [Ask(be("userextras", value, subresource=key)) for value in values]
    return tuple(asks)


def _with_verb(request: RequestAttributes, verb: str) -> RequestAttributes:
    return RequestAttributes(
        verb,
        request.group,
        request.version,
        request.resource,
        request.subresource,
        request.namespace,
        request.name,
        request.path,
        request.field_selector,
        request.label_selector,
    )


def _unescaped(key: str) -> str:
    """Return an extra key as Kubernetes reads it: percent-decoded where it can be.

    Always in lower case, which in Kubernetes an escape evades (``canonical%41rn``): the keys that EKS knows a
    principal of an access entry by are no one's to claim.
    """
    if re.search(r"%(?![0-9a-fA-F]{2})", key):
        return key
    try:
        return unquote_to_bytes(key).decode("utf-8").lower()
    except UnicodeDecodeError:
        return key
