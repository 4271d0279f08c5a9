"""The RBAC vectors: each check is asked by explanation, by index and backwards by who-can."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict, cast

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.rbac.authorize import explain
from sekisho.decide.rbac.bootstrap import default_objects
from sekisho.decide.rbac.cover import may_write
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import MASTERS, service_account_of
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.rbac.who_can import IMPLICIT, subjects_of, who_can
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import JsonObject, KubeUser

DATA = Path(__file__).parent / "data" / "rbac"


class Check(TypedDict):
    user: str
    groups: list[str]
    verb: str
    apiGroup: str
    resource: str
    subresource: str
    namespace: str
    name: str
    path: str
    expected: str


CHECK_MEMBERS = frozenset(Check.__annotations__)


class Query(TypedDict):
    query: Check
    expected: list[str]


class Scenario(TypedDict, total=False):
    name: str
    description: str
    objects: list[JsonObject]
    loadDefaults: bool
    checks: list[Check]
    queries: list[Query]


class Case(TypedDict):
    name: str
    why: str
    objects: list[JsonObject]
    actor: dict[str, list[str]]
    operation: str
    attempted: JsonObject
    expected: str


def load(name: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((DATA / f"{name}.json").read_text())
    assert loaded["format"] == {"authorizer": "authorizer/v1", "who_can": "who-can/v1"}.get(
        name, f"{name}/v1"
    )
    return loaded


def scenarios(name: str) -> list[Scenario]:
    return cast("list[Scenario]", load(name)["scenarios"])


def index_of(scenario: Scenario) -> Index:
    stock = default_objects() if scenario.get("loadDefaults") else ()
    return build(parse_object(manifest) for manifest in (*stock, *scenario["objects"]))


def request_of(check: Check) -> RequestAttributes:
    if check["path"]:
        return RequestAttributes(check["verb"], path=check["path"])
    return RequestAttributes(
        check["verb"],
        group=check["apiGroup"],
        resource=check["resource"],
        subresource=check["subresource"],
        namespace=check["namespace"],
        name=check["name"],
    )


def checks() -> Iterator[object]:
    for scenario in scenarios("authorizer"):
        index = index_of(scenario)
        for number, check in enumerate(scenario["checks"]):
            yield pytest.param(index, check, id=f"{scenario['name']}-{number}")


def queries() -> Iterator[object]:
    for scenario in scenarios("who_can"):
        index = index_of(scenario)
        for number, query in enumerate(scenario["queries"]):
            yield pytest.param(
                index, query, bool(scenario.get("loadDefaults")), id=f"{scenario['name']}-{number}"
            )


def escalations() -> Iterator[object]:
    for case in cast("list[Case]", load("escalation")["cases"]):
        yield pytest.param(case, id=case["name"])


@pytest.mark.parametrize(("index", "check"), list(checks()))
def test_check(index: Index, check: Check) -> None:
    assert frozenset(check) == CHECK_MEMBERS
    user = KubeUser(check["user"], tuple(check["groups"]))
    request = request_of(check)
    decision = explain(user, request, index)
    assert decision.outcome is (Outcome.ALLOW if check["expected"] == "allow" else Outcome.NO_OPINION)
    assert index.allows(user, request) is decision.allowed
    assert bool(names_of(user) & set(subjects_of(who_can(request, index)))) is decision.allowed


def names_of(user: KubeUser) -> set[str]:
    account = service_account_of(user.name)
    names = {f"User:{user.name}", *(f"Group:{group}" for group in user.groups)}
    return names | ({f"ServiceAccount:{account.namespace}/{account.name}"} if account else set())


@pytest.mark.parametrize(("index", "query", "stock"), list(queries()))
def test_query(index: Index, query: Query, stock: bool) -> None:
    found = set(subjects_of(who_can(request_of(query["query"]), index)))
    if stock:
        # The control plane's own identities, EKS's among them, are no part of the expectation.
        own = ("User:system:", "User:eks:", "ServiceAccount:kube-system/")
        found = {subject for subject in found if not subject.startswith(own)}
    if IMPLICIT not in query["expected"]:
        found -= {IMPLICIT}
    assert found == set(query["expected"])
    for subject in found:
        kind, _, name = subject.partition(":")
        user = {
            "User": KubeUser(name),
            "Group": KubeUser("somebody", (name,)),
            "ServiceAccount": KubeUser("system:serviceaccount:" + name.replace("/", ":")),
        }[kind]
        assert index.allows(user, request_of(query["query"]))


def test_the_implicit_subject_is_the_one_of_the_vectors() -> None:
    assert load("who_can")["implicit"] == [IMPLICIT] == [f"Group:{MASTERS}"]


@pytest.mark.parametrize("case", list(escalations()))
def test_escalation(case: Case) -> None:
    index = build(parse_object(manifest) for manifest in case["objects"])
    user = KubeUser(str(case["actor"]["user"]), tuple(case["actor"]["groups"]))
    decision = may_write(user, case["operation"], parse_object(case["attempted"]), index)
    assert decision.allowed is (case["expected"] == "allow")
