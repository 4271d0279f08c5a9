"""`can`, `who-can` and `can --list` of a cluster agree, about everybody and every request."""

import random
import re
from copy import copy

from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.decision import Outcome
from sekisho.decide.eks import policy_authorizer
from sekisho.decide.eks.access_entry import AccessEntry, AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.eks.access_policies import POLICIES as ACCESS_POLICIES
from sekisho.decide.eks.access_policies import PREFIX
from sekisho.decide.eks.entry_book import NO_ENTRIES, EntryBook, book_of
from sekisho.decide.rbac.examine import Code, examine
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import Binding, ObjectKey, RbacObject, Role, RoleRef, Rule, Subject
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Arn, Ref
from sekisho.facts.identity import identity_from_arn
from sekisho.review.kube_list import KubeList, list_in_cluster
from sekisho.review.kube_who_can import names, who_can_in
from sekisho.review.questions import ask_cluster, need_cluster
from sekisho.review.source import Source, from_files
from support.naive_rbac import allows, covers, granted
from support.naive_rbac_worlds import AS_ACCOUNT, OBJECTS, REQUESTS

ACCOUNT = "222233334444"
WORLD = f"""\
apiVersion: sekisho.dev/v1alpha1
kind: World
region: eu-central-1
accounts:
  - id: "{ACCOUNT}"
    users: [{{name: jane}}, {{name: joe}}, {{name: own}}]
    roles:
      - name: ops
        trust:
          Version: "2012-10-17"
          Statement: [{{Effect: Allow, Principal: {{AWS: "{ACCOUNT}"}}, Action: "sts:AssumeRole"}}]
clusters:
  - name: shop
    account: "{ACCOUNT}"
    creator: user/own
    authenticationMode: MODE
    awsAuth:
      mapRoles:
        - {{rolearn: "arn:aws:iam::{ACCOUNT}:role/ops", username: "{{{{SessionName}}}}", groups: [devs]}}
      mapUsers:
        - {{userarn: "arn:aws:iam::{ACCOUNT}:user/jane", username: jane}}
        - {{userarn: "arn:aws:iam::{ACCOUNT}:user/joe", username: joe, groups: [devs, jane]}}
"""
SOURCES = {
    mode: from_files([("world.yaml", WORLD.replace("MODE", mode))], None, None)
    for mode in ("CONFIG_MAP", "API_AND_CONFIG_MAP")
}
PEOPLE = [
    f"arn:aws:iam::{ACCOUNT}:user/jane",
    f"arn:aws:iam::{ACCOUNT}:user/joe",
    f"arn:aws:iam::{ACCOUNT}:user/own",
    f"arn:aws:iam::{ACCOUNT}:root",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/session",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/jane",
]
EVERYBODY = [*PEOPLE, AS_ACCOUNT.name, "user:jane", "group:devs"]
POLICIES = [
    "AmazonEKSViewPolicy",
    "AmazonEKSViewPolicy",
    "AmazonEKSSecretReaderPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSAutoNodePolicy",
]
SCOPES: list[tuple[str, ...]] = [(), ("a",), ("a*", "x"), ("*",), ("?",), ("b", "a"), ("x", "b")]


def book(seed: int) -> EntryBook:
    """Return the access entries of some people, drawn from a seed."""
    chance = random.Random(seed)  # noqa: S311 - reproducible
    people = [PEOPLE[0], PEOPLE[1], f"arn:aws:iam::{ACCOUNT}:role/ops"]
    return book_of(Ref("accessEntries"), [entry(who, chance) for who in people if chance.random() < 0.7])


def entry(who: str, chance: random.Random) -> AccessEntry:
    """Return an access entry; of one in six the policies were not read."""
    policies = tuple(
        AssociatedPolicy(
            PREFIX + chance.choice(POLICIES), ScopeType.NAMESPACE if scope else ScopeType.CLUSTER, scope
        )
        for scope in chance.sample(SCOPES, chance.randint(0, 2))
    )
    groups = chance.choice(((), ("devs",)))
    held = None if chance.random() < 0.17 else policies
    return AccessEntry(who, EntryType.STANDARD, chance.choice(("jane", "mary")), groups, "", held)


def with_facts(source: Source, index: Index, entries: EntryBook = NO_ENTRIES) -> Source:
    """Return the source with other RBAC objects and access entries in its cluster."""
    cluster = copy(need_cluster(source))
    cluster._rbac = index
    if entries.placed:
        cluster._entries = entries
        cluster._backends = (entries.backend, *cluster.backends[-1:])
    return Source(source.snapshot, cluster, source.line_of)


@given(objects=OBJECTS, entries=st.integers(0, 2**32).map(book), first=st.integers(0, 18))
def test_can_who_can_and_list_agree(objects: list[RbacObject], entries: EntryBook, first: int) -> None:
    mode = "API_AND_CONFIG_MAP" if entries.placed else "CONFIG_MAP"
    source, naive = with_facts(SOURCES[mode], build(objects), entries), granted(objects)
    lists = {who: list_in_cluster(who, source, None) for who in EVERYBODY}
    for request in REQUESTS[first::19]:
        everybody = who_can_in(request, source.snapshot, need_cluster(source))
        for who, listed in lists.items():
            user = AS_ACCOUNT if who == AS_ACCOUNT.name else listed.user
            by_rbac = user is not None and allows(user, request, naive)
            can = by_rbac or by_policy(who, request, entries)
            outcome = ask_cluster(who, request, source).outcome
            assert (outcome is Outcome.ALLOW) is can
            assert is_listed(request, listed) is can
            if who.startswith("arn:"):
                assert is_named(who, [one.arn for one in everybody.mapped], source) is can
                assert everybody.unread or outcome is not Outcome.UNKNOWN
                assert (outcome is Outcome.UNKNOWN) is (not can and is_open(who, request, entries))
            elif user is not None:
                assert any(names(access.subject, user) for access in everybody.subjects) is can


def by_policy(who: str, request: RequestAttributes, entries: EntryBook) -> bool:
    """Tell whether an access policy of somebody's entry allows; written from the documents."""
    return any(
        covers(rule, request)
        for policy in policies_of(who, entries) or ()
        if holds(policy, request)
        for rule in ACCESS_POLICIES[policy.policy] or ()
    )


def is_open(who: str, request: RequestAttributes, entries: EntryBook) -> bool:
    """Tell whether somebody's policies were not read, or one that holds is not documented."""
    policies = policies_of(who, entries)
    return policies is None or any(
        ACCESS_POLICIES[policy.policy] is None and holds(policy, request) for policy in policies
    )


def policies_of(who: str, entries: EntryBook) -> tuple[AssociatedPolicy, ...] | None:
    role = who.replace(":sts:", ":iam:").replace("assumed-role/ops", "role/ops").rpartition("/")[0]
    found = [one.entry for one in entries.placed if one.entry.principal in (who, role)]
    return found[0].policies if found else ()


def holds(policy: AssociatedPolicy, request: RequestAttributes) -> bool:
    place = request.namespace if request.path is None else ""
    patterns = [re.escape(one).replace(r"\*", ".*") for one in policy.namespaces]
    return not patterns or bool(place and any(re.fullmatch(one, place) for one in patterns))


def is_listed(request: RequestAttributes, listed: KubeList) -> bool:
    """Tell whether something that `can --list` shows covers the request."""
    if listed.is_master:
        return True
    rules = [
        rule for one in listed.namespaces if one.namespace in ("", request.namespace) for rule in one.rules
    ]
    for one in listed.policies:
        if policy_authorizer.reaches(one.policy, request.namespace):
            rules += one.rules or ()
    return any(examine(request, rule) is Code.MATCHED for rule in rules)


def is_named(who: str, named: list[Arn], source: Source) -> bool:
    """Tell whether `who-can` names somebody; a session is named only where a binding names its user."""
    identity = identity_from_arn(who, source.snapshot)
    if identity.arn in named or identity.session_name in ("", "session"):
        return identity.arn in named
    usual = Arn.parse(f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/session")
    return usual in named


def test_a_session_is_found_by_the_user_that_it_becomes() -> None:
    at = Ref("o")
    objects: list[RbacObject] = [
        Role(at, ObjectKey("", "r"), (Rule(at, ("get",), ("",), ("pods",)),)),
        Binding(at, ObjectKey("", "b"), RoleRef("ClusterRole", "r"), (Subject(at, "User", "zoe"),)),
    ]
    source = with_facts(SOURCES["CONFIG_MAP"], build(objects))
    found = who_can_in(RequestAttributes("get", resource="pods"), source.snapshot, need_cluster(source))
    assert [str(one.arn) for one in found.mapped] == [
        f"arn:aws:iam::{ACCOUNT}:user/own",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/zoe",
    ]
