"""Access policies as an authorizer: the documented rules row by row, scopes, and what is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.decision import Outcome
from sekisho.decide.eks.access_entry import AccessEntry, AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.eks.access_policies import POLICIES, PREFIX, PROPOSED
from sekisho.decide.eks.entry_book import NO_ENTRIES, EntryBook, book_of
from sekisho.decide.eks.policy_authorizer import Code, RepairCode, allows, explain
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, Ref

A = "111122223333"
ANA = f"arn:aws:iam::{A}:user/ana"
USER = KubeUser(ANA, (), "", (("canonicalArn", (ANA,)), ("principalId", ("AIDAANA",))))
AT = Ref("cluster/one", "/accessEntries")


def ask(text: str, namespace: str = "") -> RequestAttributes:
    """Return the request ``verb group/resource[/subresource]``; ``core`` stands for the empty group."""
    verb, _, what = text.partition(" ")
    if what.startswith("/"):
        return RequestAttributes(verb, path=what)
    group, resource, *sub = what.split("/")
    return RequestAttributes(
        verb,
        group="" if group == "core" else group,
        resource=resource,
        subresource=sub[0] if sub else "",
        namespace=namespace,
    )


def policy(name: str, *namespaces: str) -> AssociatedPolicy:
    return AssociatedPolicy(
        f"{PREFIX}{name}", ScopeType.NAMESPACE if namespaces else ScopeType.CLUSTER, namespaces
    )


def book(*policies: AssociatedPolicy, kind: EntryType = EntryType.STANDARD, pinned: str = "") -> EntryBook:
    return book_of(AT, [AccessEntry(ANA, kind, ANA, (), pinned, policies)])


VIEW, EDIT, ADMIN = "AmazonEKSViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSAdminPolicy"
ADMIN_VIEW, CLUSTER_ADMIN = "AmazonEKSAdminViewPolicy", "AmazonEKSClusterAdminPolicy"
SECRETS, HYBRID = "AmazonEKSSecretReaderPolicy", "AmazonEKSHybridPolicy"
ALL = (SECRETS, VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN, HYBRID)

RULES: dict[str, set[str]] = {
    "list core/pods": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "get core/pods/log": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "watch apps/deployments/scale": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "list apps/controllerrevisions": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "list autoscaling/horizontalpodautoscalers": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "get batch/jobs/status": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "list discovery.k8s.io/endpointslices": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "list extensions/ingresses": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "list networking.k8s.io/networkpolicies": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "list policy/poddisruptionbudgets": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "list core/namespaces": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "list core/bindings": {VIEW, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "get core/secrets": {SECRETS, EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "create core/secrets": {EDIT, ADMIN, CLUSTER_ADMIN},
    "deletecollection core/pods": {EDIT, ADMIN, CLUSTER_ADMIN},
    "create core/pods/exec": {EDIT, ADMIN, CLUSTER_ADMIN},
    "get core/pods/exec": {EDIT, ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "update apps/deployments/rollback": {EDIT, ADMIN, CLUSTER_ADMIN},
    "create apps/controllerrevisions": {CLUSTER_ADMIN},
    "impersonate core/serviceaccounts": {EDIT, ADMIN, CLUSTER_ADMIN},
    "impersonate core/users": {CLUSTER_ADMIN},
    "create rbac.authorization.k8s.io/rolebindings": {ADMIN, CLUSTER_ADMIN},
    "list rbac.authorization.k8s.io/roles": {ADMIN, ADMIN_VIEW, CLUSTER_ADMIN},
    "create rbac.authorization.k8s.io/clusterroles": {CLUSTER_ADMIN},
    "escalate rbac.authorization.k8s.io/roles": {CLUSTER_ADMIN},
    "create authorization.k8s.io/localsubjectaccessreviews": {ADMIN, CLUSTER_ADMIN},
    "list core/nodes": {ADMIN_VIEW, CLUSTER_ADMIN, HYBRID},
    "get core/nodes": {ADMIN_VIEW, CLUSTER_ADMIN},
    "list example.com/widgets": {ADMIN_VIEW, CLUSTER_ADMIN},
    "create example.com/widgets": {CLUSTER_ADMIN},
    "get /metrics": {CLUSTER_ADMIN},
}


@pytest.mark.parametrize("text", RULES)
@pytest.mark.parametrize("name", ALL)
def test_a_documented_rule(text: str, name: str) -> None:
    decision = explain(USER, ask(text), book(policy(name)))
    assert decision.allowed == (name in RULES[text])
    assert allows(USER, ask(text), book(policy(name))) == decision.allowed
    assert [step.code for step in decision.trace] == [Code.ALLOWS if decision.allowed else Code.NOT_COVERED]


SCOPES = {
    "the namespace": (("team-a",), "team-a", Code.ALLOWS),
    "one of several": (("x", "team-a"), "team-a", Code.ALLOWS),
    "a pattern": (("team-*",), "team-a", Code.ALLOWS),
    "a star is any run of characters": (("team-*",), "team-", Code.ALLOWS),
    "every namespace": (("*",), "kube-system", Code.ALLOWS),
    "another namespace": (("team-a",), "team-b", Code.OTHER_NAMESPACE),
    "the beginning of a name": (("team-a",), "team-ab", Code.OTHER_NAMESPACE),
    "all namespaces at once": (("*",), "", Code.OTHER_NAMESPACE),
    "a question mark is no wildcard": (("team-?",), "team-a", Code.OTHER_NAMESPACE),
}


@pytest.mark.parametrize(("namespaces", "namespace", "code"), SCOPES.values(), ids=SCOPES.keys())
def test_how_far_a_policy_reaches(namespaces: tuple[str, ...], namespace: str, code: Code) -> None:
    decision = explain(USER, ask("list core/pods", namespace), book(policy(VIEW, *namespaces)))
    assert [step.code for step in decision.trace] == [code]
    assert decision.trace[0].at == AT.child(ANA, "associatedAccessPolicies", 0)


def test_a_url_is_in_no_namespace() -> None:
    assert not explain(USER, ask("get /metrics"), book(policy(CLUSTER_ADMIN, "*"))).allowed


def test_policies_add_up_and_the_allowing_one_is_named() -> None:
    both = book(policy(VIEW, "a"), policy(EDIT, "b"))
    decision = explain(USER, ask("create core/pods", "b"), both)
    assert [step.code for step in decision.trace] == [Code.NOT_COVERED, Code.ALLOWS]
    assert [dict(step.facts)["policy"] for step in decision.decisive] == [EDIT]


def test_who_has_no_entry_is_not_spoken_of() -> None:
    request = ask("list core/pods")
    for who in (
        KubeUser("bob"),
        KubeUser("bob", (), "", (("canonicalArn", (ANA, ANA)), ("principalId", ("AIDAANA",)))),
        KubeUser("bob", (), "", (("canonicalArn", (f"{ANA}2",)), ("principalId", ("AIDAANA",)))),
        KubeUser(ANA, (), "", (("canonicalArn", (ANA,)),)),
    ):
        decision = explain(who, request, book(policy(VIEW)))
        assert (decision.outcome, decision.trace) == (Outcome.NO_OPINION, ())
        assert not allows(who, request, book(policy(VIEW)))
    assert not allows(USER, request, NO_ENTRIES)


def test_another_unique_id_has_none_of_the_policies() -> None:
    request = ask("list core/pods")
    assert allows(USER, request, book(policy(VIEW), pinned="AIDAANA"))
    assert not allows(USER, request, book(policy(VIEW), pinned="AIDAOLD"))


def test_policies_that_were_not_read_leave_the_answer_open() -> None:
    unread = book_of(AT, [AccessEntry(ANA, EntryType.STANDARD, ANA, policies=None)])
    decision = explain(USER, ask("list core/pods"), unread)
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.UNKNOWN, Code.UNREAD)
    assert not allows(USER, ask("list core/pods"), unread)


def test_policies_that_aws_describes_in_prose_leave_the_answer_open() -> None:
    prose = next(arn.removeprefix(PREFIX) for arn, rules in POLICIES.items() if rules is None)
    request = ask("list core/pods", "a")
    decision = explain(USER, request, book(policy(prose)))
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.UNKNOWN, Code.UNDOCUMENTED)
    assert explain(USER, request, book(policy(prose), policy(VIEW))).allowed
    elsewhere = explain(USER, request, book(policy(prose, "b")))
    assert (elsewhere.outcome, elsewhere.trace[0].code) == (Outcome.NO_OPINION, Code.OUT_OF_SCOPE)
    assert explain(USER, request, book(policy("AmazonEKSTomorrowPolicy"))).outcome is Outcome.UNKNOWN


REPAIRS: dict[str, tuple[str, str, EntryBook, tuple[str, str] | None]] = {
    "the narrowest policy in the namespace": ("list core/pods", "a", book(), (VIEW, "a")),
    "a policy with secrets": ("get core/secrets", "a", book(), (SECRETS, "a")),
    "the namespaces of before stay": (
        "list core/pods",
        "b",
        book(policy(EDIT, "c"), policy(VIEW, "a")),
        (VIEW, "a,b"),
    ),
    "the whole cluster": ("list core/nodes", "", book(policy(VIEW, "a")), (ADMIN_VIEW, "")),
    "from namespaces to the whole cluster": ("list core/pods", "", book(policy(VIEW, "a")), (VIEW, "")),
    "never everything": ("create example.com/widgets", "a", book(), None),
    "nodes get no policy": ("list core/pods", "a", book(kind=EntryType.EC2_LINUX), None),
}


@pytest.mark.parametrize(("text", "namespace", "entries", "repair"), REPAIRS.values(), ids=REPAIRS.keys())
def test_what_would_help(
    text: str, namespace: str, entries: EntryBook, repair: tuple[str, str] | None
) -> None:
    decision = explain(USER, ask(text, namespace), entries)
    assert not decision.allowed
    told = [(dict(one.facts)["policy"], dict(one.facts)["namespaces"]) for one in decision.repairs]
    assert told == ([] if repair is None else [repair])
    assert all(one.code is RepairCode.ASSOCIATE for one in decision.repairs)


def test_an_entry_without_policies_says_so() -> None:
    decision = explain(USER, ask("list core/pods"), book())
    assert [step.code for step in decision.decisive] == [Code.NONE]
    assert decision.nearest == decision.decisive


def test_the_nearest_miss_is_the_other_namespace() -> None:
    decision = explain(USER, ask("list core/pods", "b"), book(policy(SECRETS), policy(VIEW, "a")))
    assert [step.code for step in decision.nearest] == [Code.OTHER_NAMESPACE]


def test_what_is_proposed_is_known() -> None:
    assert all(POLICIES[PREFIX + name] for name in PROPOSED)
    assert CLUSTER_ADMIN not in PROPOSED


ASSOCIATIONS = st.lists(
    st.builds(policy, st.sampled_from(ALL), st.sampled_from(["a", "b*", "*"])), max_size=3
)


@given(have=ASSOCIATIONS, more=ASSOCIATIONS, text=st.sampled_from(list(RULES)), place=st.sampled_from("abx"))
def test_more_policies_never_take_access_away(
    have: list[AssociatedPolicy], more: list[AssociatedPolicy], text: str, place: str
) -> None:
    request = ask(text, place)
    before = explain(USER, request, book(*have))
    assert before.allowed == allows(USER, request, book(*have))
    if before.allowed:
        assert explain(USER, request, book(*have, *more)).allowed
