"""An account to try IAM operations on: a snapshot that answers change, and a caller."""

import json
from collections.abc import Mapping
from typing import Any

from sekisho.decide import sts
from sekisho.decide.values import AccountId, Instant, Principal, Secret
from sekisho.facts import Account, Fact, Key, Kind, Put, Snapshot
from sekisho.lab.aws.iam import OPERATIONS
from sekisho.lab.aws.iam.entity import IamFact, key_of
from sekisho.lab.aws.operation import Answer, AwsError, Context, Site

ACCOUNT = AccountId("111122223333")
OTHER = AccountId("444455556666")
NOW = Instant.parse_rfc3339("2026-01-31T09:00:00Z")
SEED = Secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
"""The seed of every MFA device: the one of RFC 6238, Appendix B."""
ROOT = sts.root(ACCOUNT)
MIRA = sts.user(ACCOUNT, "mira", "AIDAMIRAMIRAMIRAMIRA1")
SESSION = sts.role_session(ACCOUNT, "app", "AROAAPPAPPAPPAPPAPPA1", "s1")

ALLOW_ALL = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
ISSUER = "oidc.eks.ap-northeast-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
S3_READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def trust(principal: object, action: str = "sts:AssumeRole", **more: object) -> str:
    """Return a trust policy of one statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


EC2_TRUST = trust({"Service": "ec2.amazonaws.com"})


class CountingIds:
    """Identifiers in order: the first is all zeros but for its last digit."""

    def __init__(self) -> None:
        self.count = 0

    def unique_id(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count:016d}X"

    def secret_key(self) -> Secret:
        self.count += 1
        return Secret(f"{self.count:040d}")

    def session_token(self) -> Secret:
        self.count += 1
        return Secret(f"{self.count:0356d}")

    def mfa_seed(self) -> Secret:
        return SEED

    def hex(self, digits: int) -> str:
        return "0" * digits

    def request_id(self) -> str:
        return "00000000-0000-4000-8000-000000000000"


class Iam:
    """IAM of one account; every answer's events are applied, as the world would."""

    def __init__(self, *facts: IamFact, caller: Principal = ROOT, authority: str = "") -> None:
        accounts = [
            Put(Key(Kind.ACCOUNT, "", account), Account(account, name))
            for account, name in ((ACCOUNT, "home"), (OTHER, "other"))
        ]
        self.facts = Snapshot([*accounts, *(Put(key_of(fact), fact) for fact in facts)])
        self.caller = caller
        self.now = NOW
        self.secrets: dict[str, Secret | None] = {}
        self.ids = CountingIds()
        self.site = Site(lambda: "https://127.0.0.1:1", authority, lambda _cluster: ())

    def context(self) -> Context:
        return Context(
            self.facts,
            self.caller,
            self.caller.account,
            "ap-northeast-1",
            "aws",
            self.now,
            self.ids,
            self.site,
            secret=self.secrets.get,
        )

    def ask(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Return the output of an operation, its events applied."""
        return self.apply(OPERATIONS[operation](self.context(), parameters))

    def apply(self, answer: Answer) -> Mapping[str, Any]:
        self.facts = self.facts.applied(answer.events)
        self.secrets |= answer.secrets
        return answer.output

    def refusal(self, operation: str, **parameters: Any) -> tuple[str, str, int]:
        """Return code, message and status of the refusal of an operation."""
        try:
            OPERATIONS[operation](self.context(), parameters)
        except AwsError as error:
            return error.code, error.message, error.status
        raise AssertionError(f"{operation} was not refused")

    def put(self, *facts: IamFact) -> None:
        """Make facts true without asking IAM."""
        self.facts = self.facts.applied(Put(key_of(fact), fact) for fact in facts)

    def known(self, kind: Kind) -> list[Fact]:
        """Return the facts of a kind, in any scope."""
        return [fact for key, fact in self.facts.items() if key.kind is kind]
