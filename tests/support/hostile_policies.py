"""Policies that cost a careless reader minutes: huge, deep, or made to be tried in every way.

Run as a program, it reads and evaluates each with little processor time, which the caller limits.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from sekisho.decide.iam import AttachedPolicy, Layer, Policies, evaluate, explain, read_policy
from sekisho.decide.request.aws_request import ContextValue
from sekisho.decide.values import Ref
from unit.decide.iam.build import ask

BUCKET = "arn:aws:s3:::"


def document(*statements: dict[str, Any]) -> str:
    """Return a policy as text."""
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**allow, **one} for one in statements]})


def asking(operator: str, values: list[str]) -> str:
    """Return a policy of one condition on the values of `my:many`."""
    return document({"Condition": {f"ForAnyValue:{operator}": {"my:many": values}}})


READABLE = {
    "10,000 statements": document(*({"Resource": f"{BUCKET}b{number}/*"} for number in range(10_000))),
    "a star after every letter": document({"Resource": BUCKET + "a*" * 2_000 + "b"}),
    "stars and questions": document({"Resource": BUCKET + "*?" * 2_000 + "b"}),
    "questions after a star": document({"Resource": BUCKET + "*" + "?" * 1_000 + "b"}),
    "letters after a star": document({"Resource": BUCKET + "*" + "a" * 1_000 + "b"}),
    "stars in an action": document({"Action": "s3:" + "a*" * 2_000 + "b"}),
    "many starred actions": document({"Action": ["s3:" + "a*" * 30 + f"b{at}" for at in range(1_000)]}),
    "variables that begin and never end": document({"Resource": BUCKET + "${" * 10_000}),
    "spaces in a variable": document({"Resource": BUCKET + "${" + " " * 20_000 + "'}"}),
    "spaces behind a key": document({"Resource": BUCKET + "${a" + " " * 20_000 + "b'}"}),
    "many variables": document({"Resource": BUCKET + "${aws:username}" * 2_000 + "b"}),
    "10,000 condition keys": document(
        {"Condition": {"StringEqualsIfExists": {f"aws:PrincipalTag/k{at}": "v" for at in range(10_000)}}}
    ),
    "10,000 texts": asking("StringEquals", [f"v{at}" for at in range(10_000)]),
    "10,000 texts, any case": asking("StringEqualsIgnoreCase", [f"v{at}" for at in range(10_000)]),
    "10,000 numbers": asking("NumericEquals", [str(at) for at in range(10_000)]),
    "10,000 networks": asking("IpAddress", [f"10.{at // 256}.{at % 256}.0/24" for at in range(10_000)]),
    "starred values": asking("StringLike", ["a*" * 30 + f"b{at}" for at in range(10)]),
}
"""Documents that the grammar takes, though they are over the quotas of IAM."""

MANY_TEXTS = tuple(f"w{at}" for at in range(10_000))
MANY = {
    "10,000 numbers": tuple(f"-{at + 1}" for at in range(10_000)),
    "10,000 networks": tuple(f"11.0.{at // 256}.{at % 256}" for at in range(10_000)),
    "starred values": ("a" * 1_000,) * 200,
}
"""The values that a request brings, none of which any value of the policy fits."""

REFUSED = {
    "deep lists": "[" * 100_000,
    "deep objects": '{"Statement":' * 100_000 + "1" + "}" * 100_000,
    "deep conditions": document({"Condition": "?"}).replace('"?"', '{"a":' * 500 + "1" + "}" * 500),
    "a number without end": '{"Version":' + "1" * 1_000_000 + "}",
    "a name twice": '{"Version":"2012-10-17","Version":"2012-10-17"}',
    "no end": document({})[:-1],
}
"""Documents that nobody reads to the end."""


def evaluate_all() -> Iterator[tuple[str, str]]:
    """Yield each document's name and how a request with many and long values is answered by it."""
    long = "a" * 4_000
    for name, text in READABLE.items():
        given = Policies((AttachedPolicy(name, Layer.IDENTITY, read_policy(json.loads(text), Ref(name))),))
        keys: dict[str, ContextValue] = {"aws:username": "a" * 64, "my:many": MANY.get(name, MANY_TEXTS)}
        action = "s3:" + long if "action" in name else "s3:GetObject"
        asked = ask(action, BUCKET + long, keys=keys)
        explained = explain(asked, given)
        assert evaluate(asked, given).outcome is explained.outcome
        yield name, str(explained.outcome)


if __name__ == "__main__":
    for row in evaluate_all():
        sys.stdout.write("\t".join(row) + "\n")
        sys.stdout.flush()
