"""A few accounts to try Organizations operations on: a snapshot that answers change, and a caller."""

import json
from collections.abc import Mapping
from typing import Any

from sekisho.decide import sts
from sekisho.decide.values import AccountId, Instant, Secret
from sekisho.facts import Account, Key, Kind, Put, Snapshot
from sekisho.lab.aws.operation import Answer, AwsError, Context, Site
from sekisho.lab.aws.organizations import OPERATIONS

MANAGER = AccountId("111122223333")
MEMBER = AccountId("444455556666")
ALONE = AccountId("777788889999")
NOW = Instant.parse_rfc3339("2026-01-31T09:00:00Z")
SCP = "SERVICE_CONTROL_POLICY"
RCP = "RESOURCE_CONTROL_POLICY"


def document(effect: str = "Deny", **more: object) -> str:
    """Return a policy of one statement about S3."""
    statement = {"Effect": effect, "Action": "s3:*", "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


DENY_S3 = document()
RCP_DENY_S3 = document(Principal="*")


class CountingIds:
    """Identifiers in order, as hexadecimal numbers."""

    def __init__(self) -> None:
        self.count = 0

    def unique_id(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count:016d}X"

    def secret_key(self) -> Secret:
        raise AssertionError("nothing here makes a secret")

    def mfa_seed(self) -> Secret:
        return Secret("A" * 64)

    def session_token(self) -> Secret:
        raise AssertionError("nothing here makes a session")

    def hex(self, digits: int) -> str:
        self.count += 1
        return f"{self.count:0{digits}X}"

    def request_id(self) -> str:
        return "00000000-0000-4000-8000-000000000000"


class Lab:
    """Accounts of their own; every answer's events are applied, as the world would."""

    def __init__(self) -> None:
        accounts = ((MANAGER, "home"), (MEMBER, "work"), (ALONE, "alone"))
        self.facts = Snapshot(
            Put(Key(Kind.ACCOUNT, "", account), Account(account, name)) for account, name in accounts
        )
        self.caller = MANAGER
        self.ids = CountingIds()
        self.site = Site(lambda: "https://127.0.0.1:1", "", lambda _cluster: ())

    def context(self) -> Context:
        caller = sts.root(self.caller)
        return Context(self.facts, caller, self.caller, "us-east-1", "aws", NOW, self.ids, self.site)

    def ask(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Return the output of an operation, its events applied."""
        return self.apply(OPERATIONS[operation](self.context(), parameters))

    def apply(self, answer: Answer) -> Mapping[str, Any]:
        self.facts = self.facts.applied(answer.events)
        return answer.output

    def refusal(self, operation: str, **parameters: Any) -> tuple[str, str]:
        """Return the code and the reason of the refusal of an operation."""
        try:
            OPERATIONS[operation](self.context(), parameters)
        except AwsError as error:
            return error.code, error.members.get("Reason", "")
        raise AssertionError(f"{operation} was not refused")

    @property
    def root(self) -> str:
        """The id of the root."""
        root: str = self.ask("ListRoots")["Roots"][0]["Id"]
        return root

    def unit(self, parent: str = "", name: str = "dev") -> str:
        """Make an OU and return its id."""
        made = self.ask("CreateOrganizationalUnit", ParentId=parent or self.root, Name=name)
        id_: str = made["OrganizationalUnit"]["Id"]
        return id_

    def policy(self, name: str = "no-s3", kind: str = SCP, content: str = "") -> str:
        """Make a policy and return its id."""
        text = content or (DENY_S3 if kind == SCP else RCP_DENY_S3)
        made = self.ask("CreatePolicy", Name=name, Description="", Type=kind, Content=text)
        id_: str = made["Policy"]["PolicySummary"]["Id"]
        return id_

    def attached(self, target: str, kind: str = SCP) -> list[str]:
        """Return the names of the policies of a target itself."""
        found = self.ask("ListPoliciesForTarget", TargetId=target, Filter=kind)["Policies"]
        return [policy["Name"] for policy in found]


def organization(*, members: tuple[AccountId, ...] = (MEMBER,), feature_set: str = "ALL") -> Lab:
    """Return a lab with an organization of the manager's and these members."""
    lab = Lab()
    lab.ask("CreateOrganization", FeatureSet=feature_set)
    for member in members:
        lab.ask("InviteAccountToOrganization", Target={"Id": member, "Type": "ACCOUNT"})
    return lab
