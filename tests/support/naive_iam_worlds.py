"""Worlds for comparing IAM evaluators: drawn from a seed, with pools small enough for things to meet."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from support.naive_iam import Documents, Who, World

HOME, AWAY = "111122223333", "444455556666"
USER_ID, ROLE_ID = "AIDA0000000000000ANA", "AROA0000000000000DEP"
USER, ROLE = f"arn:aws:iam::{HOME}:user/ana", f"arn:aws:iam::{HOME}:role/ci/deployer"
LINKED = f"arn:aws:iam::{HOME}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/deployer/run-1"
GUEST = f"arn:aws:sts::{HOME}:federated-user/guest"
SERVICE = "pods.eks.amazonaws.com"
PROVIDER = f"arn:aws:iam::{AWAY}:oidc-provider/issuer.example/id"

CALLERS = [
    Who("user", USER, USER, USER_ID),
    Who("role", SESSION, ROLE, ROLE_ID),
    Who(
        "role",
        f"arn:aws:sts::{HOME}:assumed-role/AWSServiceRoleForAmazonEKS/eks",
        LINKED,
        "AROA0000000000000SLR",
    ),
    Who("federated", GUEST, USER),
    Who("root", f"arn:aws:iam::{HOME}:root", f"arn:aws:iam::{HOME}:root"),
    Who("service", SERVICE),
    Who("idp", PROVIDER),
    Who("anonymous"),
]
CALLER_WEIGHTS = [6, 8, 1, 3, 2, 2, 2, 1]
PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": HOME},
    {"AWS": f"arn:aws:iam::{HOME}:root"},
    {"AWS": AWAY},
    {"AWS": USER},
    {"AWS": USER.replace("ana", "ANA")},
    {"AWS": USER_ID},
    {"AWS": ROLE},
    {"AWS": ROLE_ID},
    {"AWS": SESSION},
    {"AWS": SESSION.replace("run-1", "run-2")},
    {"AWS": GUEST},
    {"AWS": [USER, HOME]},
    {"AWS": [SESSION, ROLE, HOME]},
    {"AWS": [GUEST, USER, HOME]},
    {"Service": SERVICE},
    {"Service": ["ec2.amazonaws.com", SERVICE], "AWS": AWAY},
    {"Federated": PROVIDER},
]
BUCKET, CLUSTER = "arn:aws:s3:::build", f"arn:aws:eks:eu-west-1:{HOME}:cluster/eks-clu"
ASKED = [
    ("s3:GetObject", [f"{BUCKET}/ana/a:b", f"{BUCKET}/bob/x", f"{BUCKET}/*"]),
    ("eks:DescribeCluster", [CLUSTER, f"{CLUSTER}-2"]),
    ("EKS:updateclusterconfig", [CLUSTER]),
    ("kms:Decrypt", [f"arn:aws:kms:eu-west-1:{HOME}:key/k-1"]),
    ("ec2:DescribeInstances", ["*"]),
    ("sts:GetCallerIdentity", ["*"]),
    ("sts:AssumeRole", [f"arn:aws:iam::{HOME}:role/app"]),
    ("sts:TagSession", [f"arn:aws:iam::{HOME}:role/app"]),
]
ASKED_WEIGHTS = [5, 4, 2, 2, 1, 0.2, 5, 2]
ACTIONS = [
    "*",
    "s3:*",
    "s3:Get*",
    "S3:getobject",
    "s3:GetObject?",
    "eks:*",
    "eks:Describe*",
    "*:*",
    "sts:Assume*",
]
ACTIONS += ["sts:*", "kms:Decrypt", "ec2:Describe*", "eks:?pdateClusterConfig", "iam:*"]
RESOURCES = [
    "*",
    "*",
    "arn:aws:s3:::*",
    f"{BUCKET}/*",
    f"{BUCKET}/${{aws:username}}/*",
    f"{BUCKET}/${{my:tag, 'ana'}}/*",
]
RESOURCES += [
    "arn:*:eks:*:*:cluster/*",
    CLUSTER,
    f"{CLUSTER}-?",
    "arn:aws:*:*:*:*",
    f"arn:aws:iam::{HOME}:role/*",
]
RESOURCES += [
    "arn:aws:s3:::build/${*}",
    "arn:aws:s3:*:*:build/*",
    f"arn:aws:kms:*:{HOME}:key/*",
    f"{BUCKET}/???/?*",
]

POOLS: dict[str, list[Any]] = {
    "aws:username": ["ana", "bob", "a*", ("ana", "bob")],
    "my:tag": ["ana", "ANA", "", "bob", "eve", "E?E", ("ana",), ("ana", "eve"), ()],
    "my:number": ["1", "3", "4.5", "5.0", "7", "seven"],
    "my:date": ["2025-01-01", "2026-01-31T09:00:00Z", "1767225600", "2026-02-01", "2027-05-01", "soon"],
    "my:flag": ["true", "FALSE", "maybe"],
    "my:bytes": ["YQ==", "Yg==", "?"],
    "my:address": ["192.0.2.10", "2001:db8::1", "2001:DB8:0::1", "nowhere"],
    "my:arn": [USER, ROLE, f"{BUCKET}/a:b", "no-arn"],
}
"""What keys hold in requests; a tuple is a multivalued key."""

ORDER = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
TEXTS = ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"]
TEXTS += ["StringLike", "StringNotLike", "stringlike"]
OPERATORS: dict[str, tuple[list[str], list[Any]]] = {
    "aws:username": (TEXTS, ["ana", "a*", "${my:tag}", "${my:tag,'ana'}x", "b?b", "${*}na"]),
    "my:tag": (TEXTS, ["ana", "${aws:username}", "A*", "e?e", "${$}{x}"]),
    "my:number": ([f"Numeric{one}" for one in ORDER], [5, "3", "4.5"]),
    "my:date": ([f"Date{one}" for one in ORDER], ["2026-01-31T09:00:00Z", "1767225600", "2026-02-01"]),
    "my:flag": (["Bool", "bool"], [True, "false", "True"]),
    "my:bytes": (["BinaryEquals"], ["YQ==", "Yg=="]),
    "my:address": (
        ["IpAddress", "NotIpAddress"],
        ["192.0.2.0/24", "192.0.2.10", "2001:db8::/32", "0.0.0.0/0"],
    ),
    "my:arn": (
        ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
        ["arn:aws:iam::*:role/*", USER, f"{BUCKET}/*", "arn:aws:iam::*:user/${aws:username}", "*"],
    ),
}

Drawn = random.Random
LAYERS = ("identity", "resource", "boundary", "session", "scps", "rcps")


@dataclass(frozen=True, slots=True)
class Question:
    """A whole world, and which of its facts the engine is not told: lower-cased keys, names of layers."""

    world: World
    unread_keys: frozenset[str]
    unread_layers: frozenset[str]


def question(seed: int) -> Question:
    """Return what a seed stands for."""
    drawn = Drawn(seed)
    world = draw_world(drawn)
    if drawn.random() < 0.4:
        return Question(world, frozenset(), frozenset())
    keys = sorted(drawn.sample(sorted(POOLS), drawn.choice([0, 1, 1, 2, 3])))
    layers = [one for one in LAYERS if drawn.random() < 0.06]
    return Question(world, frozenset(keys), frozenset(layers))


def draw_world(drawn: Drawn) -> World:
    """Return one request and its policies."""
    who = drawn.choices(CALLERS, CALLER_WEIGHTS)[0]
    action, resources = drawn.choices(ASKED, ASKED_WEIGHTS)[0]
    asked = tuple(drawn.sample(resources, min(len(resources), drawn.choice([1, 1, 1, 2]))))
    keys = {key: drawn.choice(pool) for key, pool in POOLS.items() if drawn.random() < 0.6}
    owner = drawn.choice([HOME, HOME, HOME, AWAY])
    world = World(who, action, asked, owner, keys, draw_documents(drawn, action, "identity"))
    if drawn.random() < 0.25:
        return world
    is_trust = action.startswith("sts:")

    def perhaps(layer: str) -> Documents | None:
        return draw_documents(drawn, action, layer) if drawn.random() < 0.4 else None

    resource = draw_documents(drawn, action, "trust" if is_trust else "resource", most=1)
    is_limited = who.kind in ("user", "role", "federated")
    return replace(
        world,
        resource=resource if drawn.random() < 0.7 else None,
        boundary=perhaps("boundary") if is_limited else None,
        session=perhaps("session") if is_limited and who.kind != "user" else None,
        scps=draw_levels(drawn, action, "scp"),
        rcps=draw_levels(drawn, action, "rcp"),
    )


def draw_levels(drawn: Drawn, action: str, layer: str) -> tuple[Documents, ...]:
    """Return the levels of an organization; two thirds of accounts are in none."""
    count = drawn.choice([0, 0, 0, 0, 1, 2, 3])
    return tuple(draw_documents(drawn, action, layer) for _ in range(count))


def draw_documents(drawn: Drawn, action: str, layer: str, most: int = 2) -> Documents:
    """Return the policies of a layer; one without statements is no document, so it may be none."""
    return tuple(
        draw_document(drawn, action, layer) for _ in range(drawn.choice([0, 1, 1, 1, 2][: 3 + most]))[:most]
    )


def draw_document(drawn: Drawn, action: str, layer: str) -> dict[str, Any]:
    """Return a policy document."""
    made: Any = [draw_statement(drawn, action, layer) for _ in range(drawn.choice([1, 1, 2, 3]))]
    document = {"Statement": made[0] if len(made) == 1 and drawn.random() < 0.5 else made}
    version = (
        "2012-10-17" if layer in ("scp", "rcp") else drawn.choice(["2012-10-17"] * 4 + ["2008-10-17", None])
    )
    return {"Version": version, **document} if version else document


def draw_statement(drawn: Drawn, action: str, layer: str) -> dict[str, Any]:
    """Return a statement; about half of them fit the action as it is asked."""
    effect = "Deny" if layer == "rcp" else drawn.choice(["Allow", "Allow", "Allow", "Deny"])
    made: dict[str, Any] = {"Effect": effect}
    if layer in ("resource", "trust"):
        negated = layer == "resource" and drawn.random() < 0.2
        principal = drawn.choice(PRINCIPALS)
        made["NotPrincipal" if negated else "Principal"] = principal
    if layer == "rcp":
        made["Principal"] = "*"
    is_trust = layer == "trust"
    likely = action if is_trust or drawn.random() < 0.4 else drawn.choice(["*", "*:*"])
    few = drawn.random() < 0.5
    actions = [likely] if few else drawn.sample(["sts:*", "sts:Assume*"] if is_trust else ACTIONS, 2)
    if layer in ("scp", "rcp"):
        actions = [one for one in actions if one != "*:*"] or ["*"]
    negated = layer not in ("trust", "rcp") and drawn.random() < 0.15
    made["NotAction" if negated else "Action"] = actions[0] if len(actions) == 1 else actions
    if not is_trust:
        resources = drawn.sample(RESOURCES, drawn.choice([1, 1, 2]))
        negated = drawn.random() < 0.15
        made["NotResource" if negated else "Resource"] = resources[0] if len(resources) == 1 else resources
    if drawn.random() < 0.5:
        made["Condition"] = draw_condition(drawn)
    return made


def draw_condition(drawn: Drawn) -> dict[str, Any]:
    """Return a Condition element of one or two lines."""
    made: dict[str, Any] = {}
    for key in drawn.sample(sorted(OPERATORS), drawn.choice([1, 1, 1, 2])):
        operators, values = OPERATORS[key]
        name = drawn.choice(operators)
        name = drawn.choice(["", "", "", "ForAllValues:", "ForAnyValue:"]) + name
        name += drawn.choice(["", "", "", "IfExists"])
        wanted: Any = drawn.sample(values, drawn.choice([1, 1, 2]))
        if drawn.random() < 0.12 and () not in POOLS[key]:
            name, wanted = "Null", [drawn.choice(["true", "false", True])]
        spelled = key.upper() if drawn.random() < 0.1 else key
        made.setdefault(name, {})[spelled] = wanted[0] if len(wanted) == 1 else wanted
    return made


ALLOW: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
DENY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}


def ways(which: str) -> list[Any]:
    """Return what a layer may turn out to be: at least one way for each effect that it can have."""
    limits: list[Any] = [None, (), (ALLOW,), (DENY,)]
    if which in ("boundary", "session"):
        return limits
    if which in ("scps", "rcps"):
        return [(), *([((),), ((ALLOW,),), ((DENY,),)] if which == "scps" else [(naming(DENY, "*"),)])]
    if which == "identity":
        return limits[1:]
    return [None, (), *(naming(ALLOW, one) for one in ("*", USER, ROLE, HOME)), naming(DENY, "*")]


def naming(document: dict[str, Any], principal: str) -> Documents:
    """Return a resource policy for one principal."""
    named = principal if principal == "*" else {"AWS": principal}
    statement = {**document["Statement"][0], "Principal": named}
    return ({**document, "Statement": [statement]},)


def completions(asked: Question, facts: frozenset[str]) -> Iterator[World]:
    """Yield the world with every way to fill in ``facts``: keys, layers, or ``aws:userid``."""
    found = [asked.world]
    for fact in sorted(facts):
        found = [filled for world in found for filled in fill(world, fact)]
    yield from found


def fill(world: World, fact: str) -> Iterator[World]:
    """Yield the world with every way to fill in one fact."""
    if fact == "aws:userid":
        yield from (replace(world, who=replace(world.who, entity_id=one)) for one in (USER_ID, "AIDAOTHER"))
    elif fact in LAYERS:
        changes: Any = [{fact: one} for one in ways(fact)]
        yield from (replace(world, **change) for change in changes)
    else:
        rest = {key: value for key, value in world.keys.items() if key != fact}
        yield replace(world, keys=rest)
        yield from (replace(world, keys={**rest, fact: value}) for value in POOLS[fact])
