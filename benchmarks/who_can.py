"""Measure who-can for AWS over 1,000 users and 1,000 roles in ten accounts.

Four shapes: ``sparse`` (one role in twenty holds the action, each trusts one user), ``accounts`` (the same
roles trust whole accounts, and every tenth user may assume anything), ``mfa`` (as accounts, with MFA in
every trust policy, so that nothing is certain), ``dense`` (every role holds the action).

    python -m benchmarks.who_can [--json]
"""

import json
import time

from benchmarks import harness
from benchmarks.harness import Row

from sekisho.decide.values import AccountId, Json
from sekisho.facts.keys import Key, Kind
from sekisho.facts.model import Account, Document, Role, User
from sekisho.facts.snapshot import Event, Put, Snapshot
from sekisho.facts.world.content import UNDATED
from sekisho.review.aws_who_can import who_can_do

ACCOUNTS = 10
USERS = 1_000
ROLES = 1_000
ACTION = "secretsmanager:GetSecretValue"
SHAPES = ("sparse", "accounts", "mfa", "dense")
CREATED = UNDATED


def facts(shape: str) -> Snapshot:
    """Return the accounts of one shape."""
    events: list[Event] = []
    for number in range(ACCOUNTS):
        account = _account(number)
        events.append(Put(Key(Kind.ACCOUNT, "", account), Account(account, account)))
    for number in range(USERS):
        account, name = _account(number), f"user-{number}"
        where = "*" if number % 10 == 0 else f"arn:aws:iam::{account}:role/role-{number}"
        held = (_document("assume", "sts:AssumeRole", where), _document("look", "s3:List*", "*"))
        user = User(account, name, f"AIDA{number:017}", CREATED, inline=held)
        events.append(Put(Key(Kind.USER, account, name), user))
    for number in range(ROLES):
        account, name = _account(number), f"role-{number}"
        holds = shape == "dense" or number % 20 == 0
        action = ACTION if holds else "s3:GetObject"
        trusted = f"arn:aws:iam::{account}:{f'user/user-{number}' if shape == 'sparse' else 'root'}"
        role = Role(
            account,
            name,
            f"AROA{number:017}",
            CREATED,
            _trust(trusted, mfa=shape == "mfa"),
            inline=(_document("own", action, "*"),),
        )
        events.append(Put(Key(Kind.ROLE, account, name), role))
    return Snapshot(events)


def _account(number: int) -> AccountId:
    return AccountId(f"{number % ACCOUNTS + 1:012}")


def _document(name: str, action: str, resource: str) -> Document:
    statement: Json = {"Effect": "Allow", "Action": action, "Resource": resource}
    return Document(name, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def _trust(principal: str, *, mfa: bool) -> str:
    statement: dict[str, Json] = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "sts:AssumeRole",
    }
    if mfa:
        statement["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def measure(shape: str) -> Row:
    """Ask once, all policies unparsed, as the command line does."""
    snapshot = facts(shape)
    start = time.perf_counter()
    found = who_can_do(
        ACTION, f"arn:aws:secretsmanager:eu-west-1:{_account(0)}:secret:db", snapshot, lambda _arn: None
    )
    seconds = time.perf_counter() - start
    certain = sum(way.is_certain for way in found.ways)
    return {"shape": shape, "seconds": round(seconds, 2), "ways": len(found.ways), "certain": certain}


def main() -> None:
    """Print the table."""
    report = harness.run("Measure who-can for AWS.")
    report.add("who-can, 1,000 users and 1,000 roles", [measure(shape) for shape in SHAPES])
    report.close()


if __name__ == "__main__":
    main()
