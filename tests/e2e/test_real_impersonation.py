"""Our impersonation beside Kubernetes' own: real requests with ``Impersonate-*`` headers, asked of both."""

import http.client
import itertools
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from sekisho.decide.chain.impersonate import impersonate
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.request.impersonation import read_headers
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, SekishoInputError
from support.checkpoint import waited
from support.cluster_facts import cluster_with
from support.kube_apiserver import ApiServerProcess, running_apiserver

RBAC = "/apis/rbac.authorization.k8s.io/v1"
AUTHENTICATION = "authentication.k8s.io"
REVIEW = RequestAttributes("create", AUTHENTICATION, "v1", "selfsubjectreviews")
USER, GROUP, UID = "Impersonate-User", "Impersonate-Group", "Impersonate-Uid"
Headers = tuple[tuple[str, str], ...]


def rule(verb: str, group: str, resources: str, names: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"verbs": [verb], "apiGroups": [group], "resources": resources.split()}
    return {**found, "resourceNames": names.split()} if names else found


def on(mode: str) -> dict[str, Any]:
    return rule(f"impersonate-on:{mode}:create", AUTHENTICATION, "selfsubjectreviews")


def be(mode: str, resources: str, names: str = "") -> dict[str, Any]:
    return rule(f"impersonate:{mode}", AUTHENTICATION, resources, names)


ROLES = {
    "nothing": [],
    "everything": [rule("*", "*", "*")],
    "legacy": [
        rule("impersonate", "", "users", "ana"),
        rule("impersonate", "", "groups", "g1 system:masters"),
    ],
    "accounts": [rule("impersonate", "", "serviceaccounts", "sa")],
    "extras": [
        rule("impersonate", "", "users"),
        rule("impersonate", AUTHENTICATION, "userextras/k userextras/acme.io/k uids", "v u"),
    ],
    "user-info": [be("user-info", "users groups", "ana g1 g2 system:masters"), on("user-info")],
    "user-info-only": [be("user-info", "users", "ana")],
    "on-only": [on("user-info")],
    "star": [be("user-info", "users"), be("user-info", "groups userextras/acme.io/k", "*"), on("user-info")],
    "info-extras": [be("user-info", "users uids userextras/acme.io/k"), on("user-info")],
    "account": [be("serviceaccount", "serviceaccounts", "sa"), on("serviceaccount")],
    "node": [be("arbitrary-node", "nodes", "n1"), on("arbitrary-node")],
    "half-and-half": [rule("impersonate", "", "users"), be("user-info", "groups"), on("user-info")],
}
NAMES = ("ana", "bob", "system:serviceaccount:ns:sa", "system:serviceaccount:ns:other", "system:node:n1",
         "system:node:n2", "system:anonymous", "system:serviceaccount:bad", "system:node:")  # fmt: skip
MORE: tuple[Headers, ...] = (
    (),
    ((GROUP, "g1"),),
    ((GROUP, "g1"), (GROUP, "g2")),
    tuple((GROUP, f"g{number}") for number in range(1, 5)),
    ((GROUP, "system:masters"),),
    ((GROUP, "system:authenticated"),),
    ((GROUP, "system:unauthenticated"),),
    ((UID, "u"),),
    (("Impersonate-Extra-K", "v"),),
    (("Impersonate-Extra-acme.io%2Fk", "v"),),
    tuple(("Impersonate-Extra-acme.io%2Fk", f"v{number}") for number in range(4)),
    (("Impersonate-Extra-a%zz", "v"),),
)
CASES: tuple[Headers, ...] = (
    *(((USER, name), *more) for name, more in itertools.product(NAMES, MORE)),
    *(more for more in MORE if more),
    ((USER, ""),),
    ((USER, "ana"), (USER, "bob")),
)


@dataclass(frozen=True)
class Cluster:
    """A real API server and our index of its RBAC objects."""

    api: ApiServerProcess
    index: Index


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    users = dict.fromkeys(ROLES, ())
    with running_apiserver(tmp_path_factory.mktemp("real"), (), users) as api:
        for name, rules in ROLES.items():
            api.create(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": rules})
            subject = {"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
            role = {"kind": "ClusterRole", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
            body = {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]}
            api.create(f"{RBAC}/clusterrolebindings", body)
        last = ((USER, "system:node:n1"),)
        waited(lambda: True if answer(api, "node", last)[0] == 201 else None)
        objects = []
        for plural, kind in (("clusterroles", "ClusterRole"), ("clusterrolebindings", "ClusterRoleBinding")):
            items = api.ask("GET", f"{RBAC}/{plural}")[1]["items"]
            objects += [
                {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, **body} for body in items
            ]
        yield Cluster(api, build(parse_object(body) for body in objects))


def answer(api: ApiServerProcess, who: str, headers: Headers) -> tuple[int, Any]:
    """Return status and user of a SelfSubjectReview sent with ``headers``, their order and repeats kept."""
    body = json.dumps({"apiVersion": f"{AUTHENTICATION}/v1", "kind": "SelfSubjectReview"}).encode()
    with closing(http.client.HTTPSConnection("127.0.0.1", api.port, context=api.trust)) as connection:
        connection.putrequest("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews")
        fixed = (
            ("authorization", f"Bearer {who}"),
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
        )
        for name, value in (*fixed, *headers):
            connection.putheader(name, value)
        connection.endheaders(body)
        told = connection.getresponse()
        document = json.loads(told.read())
        return told.status, document["status"]["userInfo"] if told.status == 201 else document["message"]


def ours(cluster: Cluster, who: str, headers: Headers) -> tuple[int, Any]:
    """Return what we make of the same: the status, and the user the request is made by."""
    user = KubeUser(who, ("system:authenticated",))
    try:
        wanted = read_headers((name.lower(), value) for name, value in headers)
    except SekishoInputError:
        return 400, None
    if wanted is not None:
        found = impersonate(user, wanted, REVIEW, cluster_with(cluster.index), constrained=True).decision
        if found.value is None:
            return 403, None
        user = found.value
    if not cluster.index.allows(user, REVIEW):
        return 403, None
    shown = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    extra = {key: list(values) for key, values in user.extra}
    return 201, {name: value for name, value in {**shown, "extra": extra}.items() if value}


def test_every_request_is_made_by_the_same_user_or_refused_by_both(cluster: Cluster) -> None:
    different = []
    for who, headers in itertools.product(ROLES, CASES):
        if who == "everything" and len(headers) == 1 and headers[0][1].startswith("system:node:n"):
            continue  # the server tries first what admitted the user last, and so misses the node's group
        status, told = answer(cluster.api, who, headers)
        found = ours(cluster, who, headers)
        if status == 201 and told["username"] == who:
            del told["uid"]  # what the token file says
        expected = (status, told if status == 201 else None)
        if expected != found:
            different.append((who, headers, status, told, found))
    assert different == []
