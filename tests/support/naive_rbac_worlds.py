"""Clusters as RBAC sees them, drawn from a seed; everybody who asks; everything they can ask for.

Small alphabets, so that things meet: each facet of a rule is drawn as it is asked for, as a wildcard, as
what looks like a wildcard and is literal, and empty. Drawn from a seed because hypothesis, left to draw the
parts, repeats itself: in a thousand of its clusters nobody was allowed anything.
"""

import random

from hypothesis import strategies as st

from sekisho.decide.rbac.model import (
    Binding,
    LabelSelector,
    ObjectKey,
    RbacObject,
    Requirement,
    Role,
    RoleRef,
    Rule,
    Subject,
)
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, Ref

AT = Ref("object")
NAMESPACES = ("a", "b")
ACCOUNT = "system:serviceaccount:a:jane"
ACCOUNT_GROUPS = ("system:serviceaccounts", "system:serviceaccounts:a")

Words = tuple[str, ...]
VERBS: list[Words] = [("get",), ("get",), ("list", "get"), ("list", "get"), ("list",), ("*",), ("GET",), ()]
GROUPS: list[Words] = [("",), ("",), ("apps", ""), ("apps",), ("*",), ()]
RESOURCES: list[Words] = [
    ("pods",),
    ("pods",),
    ("nodes", "pods", "pods/log"),
    ("pods/log",),
    ("*/log",),
    ("*",),
    ("pods/*",),
    ("nodes", "*/*"),
    (),
]
NAMES: list[Words] = [(), (), (), ("x",), ("y", "x"), ("",), ("*",)]
URLS: list[Words] = [("/x",), ("/x/*",), ("/x*",), ("*",), ("/z", "/x/**"), ("/*/y",)]
SUBJECTS = [
    Subject(AT, "User", "jane"),
    Subject(AT, "Group", "devs"),
    Subject(AT, "ServiceAccount", "jane"),
    Subject(AT, "ServiceAccount", "jane", "a"),
    Subject(AT, "ServiceAccount", "jane", "b"),
    *(Subject(AT, "Group", name) for name in ACCOUNT_GROUPS),
    Subject(AT, "User", ACCOUNT),
    Subject(AT, "Group", "jane"),
    Subject(AT, "User", "devs"),
    Subject(AT, "User", "jane", "a"),
    Subject(AT, "ServiceAccount", "devs", "a"),
    Subject(AT, "Robot", "jane"),
]
AS_ACCOUNT = KubeUser(ACCOUNT, (*ACCOUNT_GROUPS, "system:authenticated"))
"""The service account as a cluster sees it."""
USERS = (
    KubeUser("jane"),
    KubeUser("jane", ("devs",)),
    KubeUser("joe", ("jane", "devs")),
    KubeUser("joe", ("system:masters",)),
    KubeUser(ACCOUNT),
    AS_ACCOUNT,
    KubeUser("system:serviceaccount:b:jane", ("system:serviceaccounts", "system:serviceaccounts:b")),
)
RESOURCE_REQUESTS = tuple(
    RequestAttributes(
        verb, group=group, resource=resource, subresource=subresource, namespace=namespace, name=name
    )
    for verb in ("get", "list")
    for group in ("", "apps")
    for resource in ("pods", "nodes")
    for subresource in ("", "log")
    for namespace in ("", *NAMESPACES)
    for name in ("", "x", "y")
)
URL_REQUESTS = tuple(
    RequestAttributes(verb, path=path) for verb in ("get", "list") for path in ("/x", "/x/", "/x/y", "/z")
)
REQUESTS = (*RESOURCE_REQUESTS, *URL_REQUESTS)


def cluster(seed: int) -> list[RbacObject]:
    """Return roles and bindings in any order; of two with the same kind and name the last one counts."""
    chance = random.Random(seed)  # noqa: S311 - reproducible
    found: list[RbacObject] = [role(chance) for _ in range(chance.randint(4, 12))]
    found += [binding(chance) for _ in range(chance.randint(3, 9))]
    if chance.random() < 0.5:
        found += layers(chance)
    chance.shuffle(found)
    return found


OBJECTS = st.integers(0, 2**32).map(cluster)


def role(chance: random.Random) -> Role:
    """Return a role of up to four rules; one in three is an aggregate."""
    rules = tuple(rule(chance) for _ in range(chance.randint(0, 4)))
    aggregation = tuple(selector(chance) for _ in range(chance.randint(0, 2)))
    return Role(AT, key(chance), rules, labels(chance), aggregation if chance.random() < 0.33 else None)


def layers(chance: random.Random) -> list[RbacObject]:
    """Return a bound aggregate, mostly of another aggregate, which is mostly of a role with rules."""
    names = ["u", "v", "w"]
    chance.shuffle(names)  # the controller works them off by name
    whole, part, leaf = (ObjectKey("", name) for name in names)
    rules = tuple(rule(chance) for _ in range(3))
    subjects = tuple(chance.choice(SUBJECTS) for _ in range(3))
    return [
        Role(AT, whole, rules[:1], labels(chance), (selector(chance),)),
        Role(AT, part, rules[:1], labels(chance), (selector(chance), selector(chance))),
        Role(AT, leaf, rules[1:], labels(chance)),
        Binding(AT, ObjectKey(chance.choice(("", "a")), "u"), RoleRef("ClusterRole", whole.name), subjects),
    ]


def rule(chance: random.Random) -> Rule:
    """Return a rule about resources, about URLs, or about both, which only a file can have."""
    verbs, urls = chance.choice(VERBS), chance.choice(URLS)
    if chance.random() < 0.2:
        return Rule(AT, verbs, urls=urls)
    resources = chance.choice(GROUPS), chance.choice(RESOURCES), chance.choice(NAMES)
    return Rule(AT, verbs, *resources, urls if chance.random() < 0.2 else ())


def labels(chance: random.Random) -> tuple[tuple[str, str], ...]:
    """Return no, one or two labels."""
    return tuple((name, chance.choice("12")) for name in ("own", "to") if chance.random() < 0.6)


def selector(chance: random.Random) -> LabelSelector:
    """Return a selector of no, one or two requirements."""
    return tuple(
        Requirement(name, chance.choice(("In", "NotIn", "Exists", "DoesNotExist")), (chance.choice("12"),))
        for name in ("own", "to")
        if chance.random() < 0.5
    )


def key(chance: random.Random) -> ObjectKey:
    """Return one of few names, most of them cluster-wide."""
    return ObjectKey(chance.choice(("", "", *NAMESPACES)), chance.choice("rst"))


def binding(chance: random.Random) -> Binding:
    """Return a binding, mostly of a role that may exist, to up to three subjects."""
    kind = chance.choices(("ClusterRole", "Role", "Widget"), (8, 3, 1))[0]
    name = chance.choices(("r", "s", "t", "gone"), (4, 4, 4, 1))[0]
    subjects = tuple(chance.choice(SUBJECTS) for _ in range(chance.randint(0, 4)))
    return Binding(AT, key(chance), RoleRef(kind, name), subjects)


BINDINGS = st.integers(0, 2**32).map(lambda seed: binding(random.Random(seed)))  # noqa: S311
RULES = st.integers(0, 2**32).map(lambda seed: rule(random.Random(seed)))  # noqa: S311
