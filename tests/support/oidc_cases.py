"""Configurations of issuers and tokens for them: what a real kube-apiserver and our rules are both given."""

from collections.abc import Iterator
from typing import Any

Claims = dict[str, Any]
Entry = dict[str, Any]

SUB: Entry = {"claimMappings": {"username": {"claim": "sub", "prefix": ""}}}


def mapped(**mappings: Any) -> Entry:
    """Return an entry whose user name is ``sub``, with further mappings."""
    return {"claimMappings": {"username": {"claim": "sub", "prefix": ""}, **mappings}}


def named(**source: Any) -> Entry:
    return {"claimMappings": {"username": source}}


def ruled(*rules: dict[str, str]) -> Entry:
    return {**SUB, "claimValidationRules": list(rules)}


def user_ruled(*rules: str, **mappings: Any) -> Entry:
    return {**mapped(**mappings), "userValidationRules": [{"expression": rule} for rule in rules]}


def extra(key: str, expression: str) -> Entry:
    return mapped(extra=[{"key": key, "valueExpression": expression}])


VALUES: list[Any] = ["x", "", None, 0, 1, 1.5, -3, 2**60, True, False, [], ["x"], ["x", "y"], ["x", 1], {}]
VALUES += [
    {"a": "b"},
    "a b",
    "日本",
    "system:masters",
    "x" * 300,
    [["x"]],
    [""],
    ["x", ""],
    {"a": {"b": ["c"]}},
]


FEW: list[Any] = ["x", None, 1, 1.5, ["x", "y"], ["x", 1], {"a": "b"}, "a b"]


def with_few(claim: str) -> list[Claims]:
    """Return as `with_values`, one value of each kind."""
    return [{}, *({claim: value} for value in FEW)]


def with_values(claim: str) -> list[Claims]:
    """Return claims that differ in one, missing among them."""
    return [{}, *({claim: value} for value in VALUES)]


def without_empty(claim: str) -> list[Claims]:
    """Return as `with_values`, without the empty names that only we refuse."""
    return [one for one in with_values(claim) if one.get(claim, "x") not in ("", None)]


CLAIM_EXPRESSIONS = (
    "claims.sub",
    "claims.x",
    "claims.?x.orValue('none')",
    "has(claims.x) ? 'yes' : 'no'",
    "'p:' + claims.x",
    "claims.x == true ? 'true' : 'other'",
    "claims.x == 'x' || claims.x == null ? 'x' : 'other'",
    "claims.x > 0.5 ? 'more' : 'less'",
    "claims.x + 1 == 2 ? 'two' : 'other'",
    "claims.x + 1.0 == 2.0 ? 'two' : 'other'",
    "claims.x[0]",
    "claims.x.a",
    "claims.x.startsWith('x') ? claims.x : 'no'",
    "claims.x.lowerAscii().split(' ')[0]",
    "claims.x.replace('x', 'z')",
    "claims.x.substring(0, 0) + 's'",
    "claims.x.matches('^x+$') ? 'only x' : 'other'",
    "claims.x.size() > 1 ? 'long' : 'short'",
    "string(claims.x)",
    "string(int(claims.x))",
    "claims.x.join('-')",
    "type(claims.x) == double ? 'number' : 'other'",
    "sets.contains(claims.x, ['x']) ? 'has x' : 'no x'",
    "sets.intersects(claims.x, ['y', 'z']) ? 'some' : 'none'",
    "sets.equivalent(claims.x, ['y', 'x']) ? 'same' : 'other'",
    "dyn(claims.x).exists(one, one == 'y') ? 'has y' : 'no y'",
    "dyn(claims.x).all(one, one != '') ? 'full' : 'gap'",
    "dyn(claims.x).filter(one, one != 'x').size() == 0 ? 'only x' : 'more'",
    "dyn(claims.x).map(one, 'p:' + one)[0]",
    "'%s!'.format([string(claims.x)])",
    "claims['x'] in ['x', 'y'] ? 'listed' : 'not'",
    "claims.exp > 1.0 && claims.exp > 1 ? 'later' : 'earlier'",
    "timestamp('2020-01-01T00:00:00Z') < timestamp('2021-01-01T00:00:00Z') ? 'before' : 'after'",
    "r'\\d' + claims.x",
)

LIST_EXPRESSIONS = (
    "claims.x",
    "claims.?x.orValue([])",
    "[claims.x]",
    "[claims.sub, claims.x]",
    "['a', '', 'b']",
    "dyn(claims.x).map(one, 'p:' + one)",
    "dyn(claims.x).filter(one, one.startsWith('x'))",
    "has(claims.x) ? claims.x : ''",
    "null",
    "''",
    "[]",
    "1",
    "true",
    "{'a': 'b'}",
    "[1]",
    "['a', 'b', 'a']",
)

CONDITIONS = (
    "claims.x == 'x'",
    "has(claims.x) && claims.x == 'x'",
    "claims.?x.orValue('') != ''",
    "claims.exp - claims.nbf <= 86400.0",
    "claims.exp - claims.nbf <= 86400",
    "claims.x in ['x', 'y']",
    "dyn(claims.x).all(one, one in ['x', 'y'])",
    "'x' in claims.x",
    "true",
    "false",
)

USER_CONDITIONS = (
    "user.username == 'u-1'",
    "!user.username.startsWith('system:')",
    "user.username.size() < 100",
    "user.groups.all(group, !group.startsWith('system:'))",
    "'x' in user.groups",
    "user.uid == ''",
    "has(user.uid)",
    "user.extra == {}",
    "'example.com/k' in user.extra",
    "user.extra['example.com/k'].exists(one, one == 'x')",
    "user.extra.example__dot__com__slash__k[0] == 'x'",
)

ODD_NAMES: list[Claims] = [
    {"a.b": "dot"},
    {"a-b": "dash"},
    {"a/b": "slash"},
    {"a__b": "underscores"},
    {"namespace": "reserved"},
    {"https://example.com/x": "url"},
    {"a": {"b.c": "nested"}},
    {"a__dot__b": "literal"},
    {"a.b": "dot", "a__dot__b": "both"},
    {},
]

ODD_EXPRESSIONS = (
    "claims.a__dot__b",
    "claims.a__dash__b",
    "claims.a__slash__b",
    "claims.a__underscores__b",
    "claims.__namespace__",
    "claims.a.b__dot__c",
    "claims['a.b']",
    "claims['a__dot__b']",
    "claims['https://example.com/x']",
    "has(claims.a__dot__b) ? 'has' : 'not'",
    "claims.?a__dot__b.orValue('none')",
)


def cases() -> Iterator[tuple[Entry, list[Claims]]]:
    """Yield entries without their issuer, each with the claims of its tokens beside the standard ones."""
    yield SUB, [*without_empty("sub"), *with_values("jti"), *with_values("iat"), *with_values("nonce")]
    yield SUB, [*with_values("at_hash"), *with_values("email_verified"), {"iss": None}]
    yield named(claim="x", prefix="p:"), without_empty("x")
    emails = [{"email": "a@b", **one} for one in with_values("email_verified")]
    yield (
        named(claim="email", prefix=""),
        [*emails, *without_empty("email"), {"email": 1, "email_verified": True}],
    )
    yield mapped(groups={"claim": "x", "prefix": ""}), with_values("x")
    yield mapped(groups={"claim": "x", "prefix": "g:"}), with_values("x")
    yield mapped(uid={"claim": "x"}), with_values("x")
    yield ruled({"claim": "x", "requiredValue": "x"}), with_values("x")
    yield ruled({"claim": "x"}), with_values("x")
    both = ruled({"claim": "x", "requiredValue": "x"}, {"expression": "claims.y == 'y'", "message": "no y"})
    yield both, [{"x": "x", "y": "y"}, {"x": "x"}, {"y": "y"}, {"x": "x", "y": "n"}]
    for expression in CLAIM_EXPRESSIONS:
        yield named(expression=expression), with_few("x")
    for expression in LIST_EXPRESSIONS:
        yield mapped(groups={"expression": expression}), with_few("x")
    for expression in LIST_EXPRESSIONS:
        yield extra("example.com/k", expression), with_few("x")
    yield mapped(uid={"expression": "claims.x"}), with_values("x")
    for condition in CONDITIONS:
        yield ruled({"expression": condition}), [*with_few("x"), {"nbf": -10, "exp": 200_000}, {"nbf": -10}]
    for condition in USER_CONDITIONS:
        entry = user_ruled(
            condition,
            groups={"expression": "claims.?x.orValue([])"},
            extra=[{"key": "example.com/k", "valueExpression": "claims.?x.orValue('')"}],
        )
        yield entry, [{}, {"x": "x"}, {"x": ["x", "system:y"]}, {"sub": "system:x"}, {"sub": "y" * 100}]
    for expression in ODD_EXPRESSIONS:
        yield named(expression=expression), ODD_NAMES


STANDARD: dict[str, Claims] = {
    "as it should be": {},
    "another audience": {"aud": "other"},
    "no audience": {"aud": None},
    "an empty audience": {"aud": ""},
    "a list of audiences": {"aud": ["other", "kube"]},
    "a list without ours": {"aud": ["other"]},
    "a list of none": {"aud": []},
    "a list with a number": {"aud": ["kube", 1]},
    "a number for an audience": {"aud": 5},
    "an object for an audience": {"aud": {"kube": True}},
    "a minute ago": {"exp": -60},
    "long ago": {"exp": -3_000_000},
    "a negative moment": {"exp": "=-5"},
    "in a minute": {"exp": 60},
    "in a minute, as text": {"exp": "60 as text"},
    "a minute ago, as text": {"exp": "-60 as text"},
    "in a minute and a half second": {"exp": 60.5},
    "far away": {"exp": "=99999999999999"},
    "a word for a moment": {"exp": "=soon"},
    "an empty moment": {"exp": "="},
    "true for a moment": {"exp": True},
    "a list for a moment": {"exp": []},
    "null for a moment": {"exp": None},
    "begins in half a minute": {"nbf": 30},
    "begins in five minutes": {"nbf": 300},
    "began": {"nbf": -30},
    "begins as text": {"nbf": "300 as text"},
    "began as text": {"nbf": "-30 as text"},
    "null for a beginning": {"nbf": None},
    "a word for a beginning": {"nbf": "=now"},
    "issued in a year": {"iat": 30_000_000},
    "issued a year ago": {"iat": -30_000_000},
    "issued as a word": {"iat": "=then"},
    "names of sources without sources": {"_claim_names": {"x": "s"}},
    "an empty source": {"_claim_names": {"x": ""}, "_claim_sources": {"": {}}},
    "sources that are no objects": {"_claim_names": {"x": "s"}, "_claim_sources": {"s": "t"}},
    "names that are no texts": {"_claim_names": {"x": 1}},
    "names that are a list": {"_claim_names": ["x"]},
    "a source nobody needs": {"_claim_names": {"x": "s"}, "_claim_sources": {"s": {"endpoint": "https://x"}}},
    "an endpoint that is a number": {"_claim_names": {"x": "s"}, "_claim_sources": {"s": {"endpoint": 1}}},
}

REFUSED: dict[str, Any] = {
    "no issuer": {"issuer": None},
    "an empty URL": {"issuer": {"url": ""}},
    "plain HTTP": {"issuer": {"url": "http://a.example"}},
    "no scheme": {"issuer": {"url": "a.example"}},
    "a user in the URL": {"issuer": {"url": "https://u@a.example"}},
    "a password in the URL": {"issuer": {"url": "https://u:p@a.example"}},
    "a query": {"issuer": {"url": "https://a.example?x=1"}},
    "a fragment": {"issuer": {"url": "https://a.example#x"}},
    "a bad percent": {"issuer": {"url": "https://a.example/%zz"}},
    "a bad port": {"issuer": {"url": "https://a.example:x"}},
    "a control character": {"issuer": {"url": "https://a.example/\x7f"}},
    "the issuer of the cluster": {"issuer": {"url": "https://kubernetes.default.svc.cluster.local"}},
    "the same discovery URL": {"issuer": {"url": "https://a.example", "discoveryURL": "https://a.example/"}},
    "discovery over plain HTTP": {"issuer": {"discoveryURL": "http://b.example/x"}},
    "discovery with a query": {"issuer": {"discoveryURL": "https://b.example/x?y=z"}},
    "no audience": {"issuer": {"audiences": []}},
    "an empty audience": {"issuer": {"audiences": [""]}},
    "an audience twice": {"issuer": {"audiences": ["a", "a"], "audienceMatchPolicy": "MatchAny"}},
    "two audiences, no policy": {"issuer": {"audiences": ["a", "b"]}},
    "an unknown policy": {"issuer": {"audienceMatchPolicy": "MatchAll"}},
    "audiences as text": {"issuer": {"audiences": "a"}},
    "an audience that is a number": {"issuer": {"audiences": [1]}},
    "no certificate": {"issuer": {"certificateAuthority": "none"}},
    "a broken certificate": {
        "issuer": {"certificateAuthority": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}
    },
    "an unknown egress": {"issuer": {"egressSelectorType": "etcd"}},
    "an unknown member of the issuer": {"issuer": {"uri": "x"}},
    "no user name": {"claimMappings": {}},
    "an empty user name": named(),
    "claim and expression": named(claim="a", prefix="", expression="claims.a"),
    "a claim without a prefix": named(claim="a"),
    "an expression with a prefix": named(expression="claims.a", prefix=""),
    "an expression that is none": named(expression="claims."),
    "a claim that is iterated over": named(expression="claims.x.exists(one, one == 'y') ? 'a' : 'b'"),
    "a claim that is mapped": mapped(groups={"expression": "claims.x.map(one, 'p:' + one)"}),
    "an unknown variable": named(expression="user.username"),
    "an unknown function": named(expression="claims.a.shout()"),
    "a function that texts lack": named(expression="'abc'.reverse()"),
    "email alone": named(expression="claims.email"),
    "email, optional, alone": named(expression="claims.?email.orValue('')"),
    "email beside a word about it": named(expression="claims.email + 'claims.email_verified'"),
    "email beside a comment about it": named(expression="claims.email // claims.email_verified"),
    "groups without a prefix": mapped(groups={"claim": "g"}),
    "groups from two": mapped(groups={"claim": "g", "prefix": "", "expression": "claims.g"}),
    "groups from nonsense": mapped(groups={"expression": "claims.g +"}),
    "uid from two": mapped(uid={"claim": "a", "expression": "claims.a"}),
    "uid from nonsense": mapped(uid={"expression": "1 +"}),
    "uid with a prefix": mapped(uid={"claim": "a", "prefix": "x"}),
    "a key without a domain": extra("k", "'v'"),
    "an empty key": extra("", "'v'"),
    "a key without a path": extra("example.com/", "'v'"),
    "a key with capitals": extra("example.com/K", "'v'"),
    "a domain with capitals": extra("Example.com/k", "'v'"),
    "a key of Kubernetes": extra("kubernetes.io/k", "'v'"),
    "a key under k8s.io": extra("x.k8s.io/k", "'v'"),
    "a key with a space": extra("example.com/a b", "'v'"),
    "a key with an odd domain": extra("-example.com/k", "'v'"),
    "no value": extra("example.com/k", ""),
    "a value that is nonsense": extra("example.com/k", "claims.("),
    "a key twice": mapped(
        extra=[{"key": "a.b/c", "valueExpression": "'v'"}, {"key": "a.b/c", "valueExpression": "'w'"}]
    ),
    "an empty rule": ruled({}),
    "a rule of two kinds": ruled({"claim": "a", "expression": "true"}),
    "a claim with a message": ruled({"claim": "a", "message": "m"}),
    "an expression with a value": ruled({"expression": "true", "requiredValue": "v"}),
    "a claim twice": ruled({"claim": "a"}, {"claim": "a", "requiredValue": "v"}),
    "a rule twice": ruled({"expression": "true"}, {"expression": "true"}),
    "a rule that is text": ruled({"expression": "'x'"}),
    "a rule of unknown type": ruled({"expression": "claims.x"}),
    "a rule that may be text": ruled({"expression": "claims.?x.orValue(true)"}),
    "a rule with nonsense": ruled({"expression": "claims.x =="}),
    "an empty rule for users": user_ruled(""),
    "a rule for users twice": user_ruled("true", "true"),
    "a rule for users over claims": user_ruled("claims.x == 'x'"),
    "a rule for users that is text": user_ruled("user.username"),
    "a member that users lack": user_ruled("user.name == 'x'"),
    "a rule for users of wrong types": user_ruled("user.username + 1 == 2"),
    "an unknown member": {**SUB, "claimValidationRule": []},
    "rules that are a mapping": {**SUB, "claimValidationRules": {}},
    "a rule that is text itself": {**SUB, "userValidationRules": ["true"]},
}

ONLY_REAL: dict[str, tuple[Entry, Claims]] = {
    "an empty name": (SUB, {"sub": ""}),
    "null for a name": (SUB, {"sub": None}),
    "an empty name behind a prefix": (named(claim="sub", prefix="p:"), {"sub": ""}),
    "null for a group": (mapped(groups={"claim": "x", "prefix": ""}), {"x": ["a", None]}),
    "null for an audience": (SUB, {"aud": ["kube", None]}),
    "a claim in capitals": (SUB, {"exp": None, "EXP": 9_999_999_999}),
    "has() of what is no mapping": (named(expression="has(claims.x.a) ? 'yes' : 'no'"), {"x": "x"}),
    "an optional member of no mapping": (named(expression="claims.?x.?a.orValue('deep')"), {"x": "x"}),
    "a substring up to the end": (named(expression="claims.sub.substring(0, 3)"), {}),
}
"""What a real API server takes and we do not."""

ONLY_OURS: dict[str, tuple[Entry, Claims]] = {
    "groups as split() makes them": (mapped(groups={"expression": "claims.x.split(' ')"}), {"x": "a b"}),
    "true for a number": (named(expression="string(int(claims.x))"), {"x": True}),
}
"""What we take and a real API server does not."""
