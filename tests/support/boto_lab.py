"""Real boto3 clients of a running lab, and what its journal says of what they were refused."""

import configparser
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import create_loader

from sekisho.testing import RunningLab

_CLIENTS: dict[tuple[str, ...], Any] = {}
_MODELS = create_loader()
HOME, AWAY = "111122223333", "444455556666"
REGION = "ap-northeast-1"


@dataclass(frozen=True, slots=True)
class Refused:
    """What a client was told: AWS's code, the HTTP status and the sentence."""

    code: str
    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with credentials, who speaks to the lab as its environment tells."""

    lab: RunningLab
    key_id: str
    secret: str
    token: str | None = None

    def client(self, service: str, region: str = REGION) -> Any:
        """Return a boto3 client that goes through the lab's proxy, trusts its authority, and asks once."""
        environment = self.lab.environment()
        # Making a client takes boto3 a while: one serves a whole module.
        key = (environment["HTTPS_PROXY"], self.key_id, self.secret, self.token or "", service, region)
        if key not in _CLIENTS:
            _CLIENTS[key] = self._new_client(service, region, environment)
        return _CLIENTS[key]

    def _new_client(self, service: str, region: str, environment: Mapping[str, str]) -> Any:
        session = boto3.Session(self.key_id, self.secret, self.token, region)
        session._session.register_component("data_loader", _MODELS)  # reads each service model once
        config = Config(proxies={"https": environment["HTTPS_PROXY"]}, retries={"total_max_attempts": 1})
        return session.client(service, config=config, verify=environment["AWS_CA_BUNDLE"])

    def ask(self, service: str, operation: str, **parameters: Any) -> Any:
        """Return the answer to a call that has to succeed."""
        return getattr(self.client(service), operation)(**parameters)

    def refused(self, service: str, operation: str, **parameters: Any) -> Refused:
        """Return how a call that has to be refused is answered."""
        try:
            answer = self.ask(service, operation, **parameters)
        except ClientError as error:
            told: Mapping[str, Any] = error.response
            status = told["ResponseMetadata"]["HTTPStatusCode"]
            return Refused(told["Error"]["Code"], status, told["Error"]["Message"])
        raise AssertionError(f"{service} {operation} was answered {sorted(answer)}")

    @property
    def arn(self) -> str:
        """Return whom STS says this is."""
        found: str = self.ask("sts", "get_caller_identity")["Arn"]
        return found

    def with_credentials(self, answer: Mapping[str, Any]) -> "Caller":
        """Return who signs with the credentials that STS answered."""
        given = answer["Credentials"]
        return Caller(self.lab, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def assume(self, role: str, account: str = AWAY, name: str = "s-1", **more: Any) -> "Caller":
        """Return who signs with a session of a role."""
        return self.with_credentials(self.ask("sts", "assume_role", **assuming(role, account, name), **more))


def assuming(role: str, account: str = AWAY, name: str = "s-1") -> dict[str, str]:
    """Return the parameters of AssumeRole that have to be there."""
    return {"RoleArn": f"arn:aws:iam::{account}:role/{role}", "RoleSessionName": name}


def profile(lab: RunningLab, name: str) -> Caller:
    """Return who a profile of the lab's credentials file is."""
    parser = configparser.RawConfigParser()
    parser.read(lab.state.aws_credentials)
    section = parser[name]
    return Caller(lab, section["aws_access_key_id"], section["aws_secret_access_key"])


def policy(*actions: str, **members: Any) -> str:
    """Return a policy of one statement; ``Effect`` is Allow unless it is given."""
    statement = {"Effect": "Allow", "Action": list(actions), **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: str, *actions: str, **members: Any) -> str:
    """Return the trust policy of a role that ``principal`` may assume."""
    return policy(*(actions or ("sts:AssumeRole",)), Principal={"AWS": principal}, **members)


def new_user(admin: Caller, name: str, *documents: str, path: str = "/") -> Caller:
    """Create an IAM user with inline policies and return who signs with its access key."""
    iam = admin.client("iam")
    iam.create_user(UserName=name, Path=path)
    for number, text in enumerate(documents):
        iam.put_user_policy(UserName=name, PolicyName=f"p{number}", PolicyDocument=text)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Caller(admin.lab, key["AccessKeyId"], key["SecretAccessKey"])


def new_role(admin: Caller, name: str, trusted: str, *documents: str, seconds: int = 3600) -> str:
    """Create a role with inline policies and return its ARN."""
    iam = admin.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, MaxSessionDuration=seconds)
    for number, text in enumerate(documents):
        iam.put_role_policy(RoleName=name, PolicyName=f"p{number}", PolicyDocument=text)
    arn: str = made["Role"]["Arn"]
    return arn


def delete_role(admin: Caller, name: str) -> None:
    """Delete a role with its inline policies."""
    iam = admin.client("iam")
    for document in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=document)
    iam.delete_role(RoleName=name)


def delete_user(admin: Caller, name: str) -> None:
    """Delete a user with its inline policies and access keys."""
    iam = admin.client("iam")
    for document in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=document)
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def last_refusal(lab: RunningLab) -> Any:
    """Return the journal's newest refusal."""
    return lab.client.get("/journal/last-refusal")


def codes_of(entry: Any, part: str = "decisive") -> list[str]:
    """Return the codes in a part of the link that refused."""
    return [step["code"] for step in entry["chain"]["links"][-1][part]]
