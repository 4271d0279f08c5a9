"""Condition operators: one row per rule, both sides of each boundary."""

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.iam.conditions import Quantifier, parse_operator
from sekisho.decide.request.aws_request import ContextValue
from sekisho.decide.values import Json
from unit.decide.iam.build import allow, ask, decide, policies

Y, N, U = Outcome.ALLOW, Outcome.NO_OPINION, Outcome.UNKNOWN
ABSENT = None
ROLE = "arn:aws:iam::111122223333:role/app/web"

# operator, values in the policy, value in the request, holds
CASES: dict[str, tuple[str, Json, ContextValue | None, bool]] = {
    "StringEquals same": ("StringEquals", "a", "a", True),
    "StringEquals has no wildcards": ("StringEquals", "*", "a", False),
    "StringEquals case counts": ("StringEquals", "A", "a", False),
    "StringEquals absent": ("StringEquals", "a", ABSENT, False),
    "StringEquals is OR": ("StringEquals", ["b", "a"], "a", True),
    "operator names ignore case": ("stringequals", "a", "a", True),
    "StringNotEquals is NOR": ("StringNotEquals", ["b", "a"], "a", False),
    "StringNotEquals other": ("StringNotEquals", ["b", "c"], "a", True),
    "StringNotEquals absent": ("StringNotEquals", "a", ABSENT, True),
    "StringEqualsIgnoreCase": ("StringEqualsIgnoreCase", "ABC", "aBc", True),
    "StringEqualsIgnoreCase other": ("StringEqualsIgnoreCase", "ABC", "aBcd", False),
    "StringNotEqualsIgnoreCase": ("StringNotEqualsIgnoreCase", "ABC", "aBc", False),
    "StringLike star": ("StringLike", "a*", "abc", True),
    "StringLike question mark": ("StringLike", "a?", "abc", False),
    "StringLike star needs the key": ("StringLike", "*", ABSENT, False),
    "StringNotLike": ("StringNotLike", "a*", "abc", False),
    "variable": ("StringEquals", "${aws:username}", "ana", True),
    "variable in Like is plain": ("StringLike", "${my:star}", "x", False),
    "variable missing": ("StringEquals", "${my:none}", "", False),
    "variable missing, ignoring case": ("StringEqualsIgnoreCase", "${my:none}", "", False),
    "variable missing, negated": ("StringNotEquals", "${my:none}", "x", True),
    "variable default": ("StringEquals", "${my:none, 'x'}", "x", True),
    "several values, single-valued operator": ("StringEquals", "a", ("a",), False),
    "several values, negated single-valued operator": ("StringNotEquals", "b", ("a",), False),
    "numbers are their text": ("StringEquals", 5, "5", True),
    "NumericEquals": ("NumericEquals", "10", "10.0", True),
    "NumericEquals number in the policy": ("NumericEquals", 10, "10", True),
    "NumericEquals not a number": ("NumericEquals", "10", "ten", False),
    "NumericNotEquals not a number": ("NumericNotEquals", "10", "ten", False),
    "NumericNotEquals policy not a number": ("NumericNotEquals", "ten", "10", False),
    "NumericEquals policy not a number": ("NumericEquals", ["ten", "10"], "10", True),
    "NumericEquals NaN": ("NumericEquals", "NaN", "NaN", False),
    "NumericEquals has no variables": ("NumericEquals", "${my:ten}", "10", False),
    "NumericNotEquals": ("NumericNotEquals", "10", "11", True),
    "NumericLessThan below": ("NumericLessThan", "10", "9.99", True),
    "NumericLessThan at": ("NumericLessThan", "10", "10", False),
    "NumericLessThanEquals at": ("NumericLessThanEquals", "10", "10", True),
    "NumericLessThanEquals above": ("NumericLessThanEquals", "10", "10.01", False),
    "NumericGreaterThan at": ("NumericGreaterThan", "10", "10", False),
    "NumericGreaterThan above": ("NumericGreaterThan", "-10", "-9", True),
    "NumericGreaterThanEquals at": ("NumericGreaterThanEquals", "10", "10", True),
    "NumericGreaterThanEquals below": ("NumericGreaterThanEquals", "10", "9", False),
    "IgnoreCase with a variable": ("StringEqualsIgnoreCase", "x-${aws:username}", "X-ANA", True),
    "NumericEquals of several": ("NumericEquals", ["1", "10.0"], "10", True),
    "NumericLessThan the widest of several": ("NumericLessThan", ["1", "10", "5"], "9.9", True),
    "NumericLessThan none of several": ("NumericLessThan", ["1", "10", "5"], "10", False),
    "NumericGreaterThan the widest of several": ("NumericGreaterThan", ["1", "10", "5"], "1.1", True),
    "NumericGreaterThan none of several": ("NumericGreaterThan", ["1", "10", "5"], "1", False),
    "NumericLessThan beside what is no number": ("NumericLessThan", ["ten", "10"], "9", True),
    "NumericLessThan of what is no number": ("NumericLessThan", "ten", "9", False),
    "NumericNotEquals beside what is no number": ("NumericNotEquals", ["ten", "10"], "9", False),
    "DateEquals across spellings": ("DateEquals", "2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", True),
    "DateEquals epoch in the request": ("DateEquals", "2026-01-01T00:00:00Z", "1767225600", True),
    "DateEquals epoch in the policy": ("DateEquals", "1767225600", "2026-01-01T00:00:00Z", True),
    "DateEquals day is midnight": ("DateEquals", "2026-01-01", "2026-01-01T00:00:00Z", True),
    "DateEquals month": ("DateEquals", "2026-01", "2026-01-01", True),
    "DateEquals year": ("DateEquals", "2026", "2026-01-01", True),
    "DateEquals without seconds": ("DateEquals", "2026-01-01T10:00Z", "2026-01-01T10:00:00Z", True),
    "DateLessThan at": ("DateLessThan", "2026-01-01", "2026-01-01T00:00:00Z", False),
    "DateLessThan before": ("DateLessThan", "2026-01-01", "2025-12-31T23:59:59Z", True),
    "DateGreaterThan after": ("DateGreaterThan", "2026-01-01", "2026-01-01T00:00:01Z", True),
    "DateGreaterThan no date": ("DateGreaterThan", "2026-01-01", "tomorrow", False),
    "DateGreaterThan beyond the calendar": ("DateGreaterThan", "2026-01-01", "999999999999", False),
    "Bool": ("Bool", "true", "True", True),
    "Bool of JSON": ("Bool", False, "false", True),
    "Bool other": ("Bool", "true", "false", False),
    "Bool of something else": ("Bool", "true", "yes", False),
    "Bool asking for something else": ("Bool", "yes", "true", False),
    "BinaryEquals": ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    "BinaryEquals other": ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
    "BinaryEquals not base64": ("BinaryEquals", "%", "%", False),
    "IpAddress inside": ("IpAddress", "10.0.0.0/8", "10.255.255.255", True),
    "IpAddress outside": ("IpAddress", "10.0.0.0/8", "11.0.0.0", False),
    "IpAddress bare": ("IpAddress", "10.0.0.1", "10.0.0.1", True),
    "IpAddress spelled otherwise": ("IpAddress", "2001:db8::/32", "2001:0DB8:0:0:0:0:0:1", True),
    "IpAddress not an address": ("IpAddress", "0.0.0.0/0", "here", False),
    "IpAddress in the second of several": ("IpAddress", ["192.0.2.0/24", "10.0.0.0/8"], "10.0.0.1", True),
    "IpAddress beside what is no network": ("IpAddress", ["10.0.0.0/33", "10.0.0.0/8"], "10.0.0.1", True),
    "IpAddress of what is no network": ("IpAddress", "10.0.0.0/33", "10.0.0.1", False),
    "IpAddress everything": ("IpAddress", ["::/0", "0.0.0.0/0"], "255.255.255.255", True),
    "NotIpAddress not an address": ("NotIpAddress", "0.0.0.0/0", "here", True),
    "NotIpAddress inside": ("NotIpAddress", "10.0.0.0/8", "10.0.0.1", False),
    "NotIpAddress other family": ("NotIpAddress", "10.0.0.0/8", "2001:db8::1", True),
    "ArnLike": ("ArnLike", "arn:aws:iam::*:role/app/*", ROLE, True),
    "ArnEquals is ArnLike": ("ArnEquals", "arn:aws:iam::*:role/app/*", ROLE, True),
    "ArnLike sections are apart": ("ArnLike", "arn:aws:*:role/app/web", ROLE, False),
    "ArnLike lone star": ("ArnLike", "*", ROLE, False),
    "ArnLike request no ARN": ("ArnLike", "arn:*:*:*:*:*", "web", False),
    "ArnLike six sections but no ARN": ("ArnLike", "*:*:*:*:*:*", "a:b:c:d:e:f", False),
    "ArnLike variable and the request no ARN": ("ArnLike", "arn:aws:iam::${my:account}:*", "web", False),
    "ArnLike of several": ("ArnLike", ["arn:aws:s3:::*", "*", "arn:aws:iam::*:role/*"], ROLE, True),
    "ArnLike variable for all": ("ArnLike", "${my:role}", ROLE, True),
    "ArnLike variable in a section": ("ArnLike", "arn:aws:iam::${my:account}:role/app/web", ROLE, True),
    "ArnNotLike": ("ArnNotLike", "arn:aws:iam::*:role/app/*", ROLE, False),
    "ArnNotEquals": ("ArnNotEquals", "arn:aws:iam::*:role/x", ROLE, True),
    "Null asks for absence": ("Null", "true", ABSENT, True),
    "Null asks for absence, present": ("Null", True, "x", False),
    "Null asks for presence": ("Null", "FALSE", "x", True),
    "Null asks for presence, absent": ("Null", "false", ABSENT, False),
    "Null asks for something else": ("Null", "yes", ABSENT, False),
    "IfExists absent": ("StringEqualsIfExists", "a", ABSENT, True),
    "IfExists present": ("StringEqualsIfExists", "a", "b", False),
    "IfExists with a set, absent": ("ForAnyValue:StringEqualsIfExists", "a", ABSENT, True),
    "ForAllValues all": ("ForAllValues:StringEquals", ["a", "b"], ("a", "b", "a"), True),
    "ForAllValues but one": ("ForAllValues:StringEquals", ["a", "b"], ("a", "c"), False),
    "ForAllValues empty": ("ForAllValues:StringEquals", "a", (), True),
    "ForAllValues absent": ("ForAllValues:StringEquals", "a", ABSENT, True),
    "ForAllValues single": ("ForAllValues:StringEquals", "a", "a", True),
    "ForAllValues negated": ("ForAllValues:StringNotEquals", "a", ("b", "a"), False),
    "ForAnyValue one": ("ForAnyValue:StringEquals", ["a", "b"], ("c", "b"), True),
    "ForAnyValue none": ("ForAnyValue:StringEquals", ["a", "b"], ("c",), False),
    "ForAnyValue empty": ("ForAnyValue:StringEquals", "a", (), False),
    "ForAnyValue absent": ("ForAnyValue:StringEquals", "a", ABSENT, False),
    "ForAnyValue negated, absent": ("ForAnyValue:StringNotEquals", "a", ABSENT, False),
    "ForAnyValue negated, one outside": ("ForAnyValue:StringNotEquals", "a", ("a", "b"), True),
}


@pytest.mark.parametrize(("operator", "values", "actual", "holds"), CASES.values(), ids=CASES.keys())
def test_operator(operator: str, values: Json, actual: ContextValue | None, holds: bool) -> None:
    keys: dict[str, ContextValue] = {
        "aws:username": "ana",
        "my:star": "*",
        "my:ten": "10",
        "my:role": ROLE,
        "my:account": "111122223333",
    }
    if actual is not None:
        keys["Aws:Key"] = actual
    found = policies(allow(condition={operator: {"aws:key": values}}))
    assert decide(ask("eks:ListClusters", keys=keys), found).outcome is (Y if holds else N)


UNREAD: dict[str, tuple[Json, Outcome]] = {
    "key": ({"StringEquals": {"my:unread": "a"}}, U),
    "key, negated": ({"StringNotEquals": {"my:unread": "a"}}, U),
    "key, Null": ({"Null": {"my:unread": "true"}}, U),
    "key beside one that fails": ({"StringEquals": {"my:unread": "a", "my:key": "b"}}, N),
    "key beside one that holds": ({"StringEquals": {"my:unread": "a", "my:key": "a"}}, U),
    "variable": ({"StringEquals": {"my:key": "${my:unread}"}}, U),
    "variable, ignoring case": ({"StringEqualsIgnoreCase": {"my:key": "${my:unread}"}}, U),
    "variable that is absent, ignoring case": ({"StringEqualsIgnoreCase": {"my:key": "${my:none}"}}, N),
    "variable, negated": ({"StringNotEquals": {"my:key": "${my:unread}"}}, U),
    "variable beside a value that fits": ({"StringEquals": {"my:key": ["${my:unread}", "a"]}}, Y),
    "variable beside a value that fits, negated": ({"StringNotEquals": {"my:key": ["${my:unread}", "a"]}}, N),
    "variable of a key that is absent": ({"StringEquals": {"my:none": "${my:unread}"}}, N),
    "variable in an ARN": ({"ArnLike": {"my:role": "arn:aws:iam::${my:unread}:role/*"}}, U),
    "variable in an ARN that fails elsewhere": ({"ArnLike": {"my:role": "arn:aws:sts::${my:unread}:*"}}, N),
}


@pytest.mark.parametrize(("condition", "outcome"), UNREAD.values(), ids=UNREAD.keys())
def test_unread(condition: Json, outcome: Outcome) -> None:
    request = ask("eks:ListClusters", unread=("My:Unread",), my__key="a", my__role=ROLE)
    assert decide(request, policies(allow(condition=condition))).outcome is outcome


def test_operators_and_keys_are_joined_by_and() -> None:
    both = policies(allow(condition={"StringEquals": {"my:a": "1"}, "Bool": {"my:b": "true"}}))
    assert decide(ask("eks:ListClusters", my__a="1", my__b="true"), both).outcome is Y
    assert decide(ask("eks:ListClusters", my__a="1", my__b="false"), both).outcome is N


NAMES = {
    "null takes no prefix": "ForAllValues:Null",
    "null takes no suffix": "NullIfExists",
    "prefix alone": "ForAllValues:",
    "empty": "",
    "suffix alone": "IfExists",
    "empty prefix": ":StringEquals",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_no_operator(name: str) -> None:
    assert parse_operator(name) is None


def test_operator_is_taken_apart() -> None:
    operator = parse_operator("foranyvalue:NumericLessThanIfExists")
    assert operator is not None
    assert operator.comparison is not None
    assert (operator.quantifier, operator.if_exists) == (Quantifier.ANY, True)
    assert operator.comparison.name == "NumericLessThan"
