"""Whom ``Impersonate-*`` headers name, what that needs, and who the request is then made by."""

import pytest

from sekisho.decide.request.impersonation import (
    Ask,
    Mode,
    Wanted,
    becomes,
    constrained_asks,
    constrained_mode,
    legacy_asks,
    read_headers,
)
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import SekishoInputError

AUTHENTICATION = "authentication.k8s.io"
ACCOUNT, NODE = "system:serviceaccount:ns:sa", "system:node:n1"
Headers = tuple[tuple[str, str], ...]

READ: dict[str, tuple[Headers, Wanted | None]] = {
    "none of them": ((("accept", "x"),), None),
    "a user": ((("impersonate-user", "ana"),), Wanted("ana")),
    "the first of two users": ((("impersonate-user", "ana"), ("impersonate-user", "bob")), Wanted("ana")),
    "an empty user": ((("impersonate-user", ""),), None),
    "groups in order": (
        (("impersonate-group", "b"), ("impersonate-user", "ana"), ("impersonate-group", "a")),
        Wanted("ana", ("b", "a")),
    ),
    "a uid": ((("impersonate-user", "ana"), ("impersonate-uid", "u")), Wanted("ana", uid="u")),
    "extra values under one key": (
        (("impersonate-user", "ana"), ("impersonate-extra-k", "1"), ("impersonate-extra-k", "2")),
        Wanted("ana", extra=(("k", ("1", "2")),)),
    ),
    "an escaped key": (
        (("impersonate-user", "ana"), ("impersonate-extra-acme.io%2Fk", "1")),
        Wanted("ana", extra=(("acme.io/k", ("1",)),)),
    ),
    "a key that hides a capital": (
        (("impersonate-user", "ana"), ("impersonate-extra-canonical%41rn", "1")),
        Wanted("ana", extra=(("canonicalarn", ("1",)),)),
    ),
    "a key that is no escape": (
        (("impersonate-user", "ana"), ("impersonate-extra-a%zz", "1")),
        Wanted("ana", extra=(("a%zz", ("1",)),)),
    ),
    "a key that is no UTF-8": (
        (("impersonate-user", "ana"), ("impersonate-extra-a%ff", "1")),
        Wanted("ana", extra=(("a%ff", ("1",)),)),
    ),
    "other headers of the family": ((("impersonate-user", "ana"), ("impersonate-bogus", "1")), Wanted("ana")),
}


@pytest.mark.parametrize("case", READ)
def test_headers(case: str) -> None:
    headers, wanted = READ[case]
    assert read_headers(headers) == wanted


@pytest.mark.parametrize("name", ["impersonate-group", "impersonate-uid", "impersonate-extra-k"])
def test_nobody_is_acted_as_without_a_name(name: str) -> None:
    with pytest.raises(SekishoInputError, match="without a user name") as caught:
        read_headers(((name, "x"),))
    assert caught.value.faults[0].code == "impersonation.no-user"


BECOMES: dict[str, tuple[Wanted, Mode | None, tuple[str, ...]]] = {
    "everybody is authenticated": (Wanted("ana"), None, ("system:authenticated",)),
    "after the groups that were named": (Wanted("ana", ("g",)), None, ("g", "system:authenticated")),
    "not twice": (Wanted("ana", ("system:authenticated", "g")), None, ("system:authenticated", "g")),
    "not where the opposite was named": (
        Wanted("ana", ("system:unauthenticated",)),
        None,
        ("system:unauthenticated",),
    ),
    "an account gets its groups": (
        Wanted(ACCOUNT),
        Mode.SERVICE_ACCOUNT,
        ("system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"),
    ),
    "unless others were named": (Wanted(ACCOUNT, ("g",)), None, ("g", "system:authenticated")),
    "a node is one in its own mode": (Wanted(NODE), Mode.NODE, ("system:nodes", "system:authenticated")),
    "and a name in the old one": (Wanted(NODE), None, ("system:authenticated",)),
    "anonymous is not": (Wanted("system:anonymous"), None, ("system:unauthenticated",)),
    "nor twice": (Wanted("system:anonymous", ("system:unauthenticated",)), None, ("system:unauthenticated",)),
}


@pytest.mark.parametrize("case", BECOMES)
def test_who_one_becomes(case: str) -> None:
    wanted, mode, groups = BECOMES[case]
    user = becomes(wanted, mode)
    assert (user.name, user.groups) == (wanted.user, groups)


def test_uid_and_extra_are_taken_over() -> None:
    user = becomes(Wanted("ana", uid="u", extra=(("k", ("v",)),)))
    assert (user.uid, user.extra) == ("u", (("k", ("v",)),))


def ask(resource: str, name: str, group: str = "", sub: str = "", namespace: str = "") -> Ask:
    return Ask(RequestAttributes("impersonate", group, "v1", resource, sub, namespace, name))


LEGACY: dict[str, tuple[Wanted, tuple[Ask, ...]]] = {
    "a user": (Wanted("ana"), (ask("users", "ana"),)),
    "an account": (Wanted(ACCOUNT), (ask("serviceaccounts", "sa", namespace="ns"),)),
    "each group": (Wanted("ana", ("a", "b")), (ask("users", "ana"), ask("groups", "a"), ask("groups", "b"))),
    "each extra value, and the uid": (
        Wanted("ana", uid="u", extra=(("k", ("1", "2")),)),
        (
            ask("users", "ana"),
            ask("userextras", "1", AUTHENTICATION, "k"),
            ask("userextras", "2", AUTHENTICATION, "k"),
            ask("uids", "u", AUTHENTICATION),
        ),
    ),
}


@pytest.mark.parametrize("case", LEGACY)
def test_what_the_verb_impersonate_is_asked_for(case: str) -> None:
    wanted, asks = LEGACY[case]
    assert legacy_asks(wanted) == asks


MODES: dict[str, tuple[Wanted, Mode | None]] = {
    "a user": (Wanted("ana", ("g",)), Mode.USER),
    "an account alone": (Wanted(ACCOUNT), Mode.SERVICE_ACCOUNT),
    "an account with more": (Wanted(ACCOUNT, uid="u"), None),
    "a node alone": (Wanted(NODE), Mode.NODE),
    "a node with more": (Wanted(NODE, ("g",)), None),
    "a node without a name": (Wanted("system:node:"), Mode.USER),
    "an account without a name": (Wanted("system:serviceaccount:ns"), Mode.USER),
}


@pytest.mark.parametrize("case", MODES)
def test_which_constrained_mode_fits(case: str) -> None:
    wanted, mode = MODES[case]
    assert constrained_mode(wanted) is mode


LIST = RequestAttributes("list", "apps", "v1", "deployments", namespace="ns", field_selector="a=b")


def be(mode: Mode, resource: str, name: str, sub: str = "", namespace: str = "") -> RequestAttributes:
    return RequestAttributes(f"impersonate:{mode}", AUTHENTICATION, "v1", resource, sub, namespace, name)


USER = Mode.USER
CONSTRAINED: dict[str, tuple[Wanted, Mode, tuple[Ask, ...]]] = {
    "an account": (
        Wanted(ACCOUNT),
        Mode.SERVICE_ACCOUNT,
        (Ask(be(Mode.SERVICE_ACCOUNT, "serviceaccounts", "sa", namespace="ns")),),
    ),
    "a node": (Wanted(NODE), Mode.NODE, (Ask(be(Mode.NODE, "nodes", "n1")),)),
    "a user with uid and groups": (
        Wanted("ana", ("a",), "u"),
        USER,
        (Ask(be(USER, "users", "ana")), Ask(be(USER, "uids", "u")), Ask(be(USER, "groups", "a"))),
    ),
    "three groups": (
        Wanted("ana", ("a", "b", "c")),
        USER,
        (Ask(be(USER, "users", "ana")), *(Ask(be(USER, "groups", name)) for name in "abc")),
    ),
    "four groups": (
        Wanted("ana", ("a", "b", "c", "d")),
        USER,
        (
            Ask(be(USER, "users", "ana")),
            Ask(be(USER, "groups", "*"), tuple(be(USER, "groups", name) for name in "abcd")),
        ),
    ),
    "extra values": (
        Wanted("ana", extra=(("acme.io/k", ("1", "2")),)),
        USER,
        (
            Ask(be(USER, "users", "ana")),
            Ask(be(USER, "userextras", "1", "acme.io/k")),
            Ask(be(USER, "userextras", "2", "acme.io/k")),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CONSTRAINED)
def test_what_a_constrained_mode_asks_for(case: str) -> None:
    wanted, mode, asks = CONSTRAINED[case]
    on = RequestAttributes(
        f"impersonate-on:{mode}:list", "apps", "v1", "deployments", namespace="ns", field_selector="a=b"
    )
    assert constrained_asks(wanted, mode, LIST) == (Ask(on), *asks)


FORBIDDEN = {
    "masters": (Wanted("ana", ("system:masters",)), "system:masters"),
    "masters among many": (Wanted("ana", ("a", "b", "c", "system:masters")), "system:masters"),
    "an extra key without a domain": (Wanted("ana", extra=(("k", ("1",)),)), "domain"),
}


@pytest.mark.parametrize("case", FORBIDDEN)
def test_what_no_constrained_permission_is_enough_for(case: str) -> None:
    wanted, reason = FORBIDDEN[case]
    assert reason in constrained_asks(wanted, USER, LIST)[-1].forbidden
