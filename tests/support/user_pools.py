"""A user pool as the article has it, made with real boto3 in a running lab, and what programs ask of it."""

import base64
import hashlib
import hmac
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.exceptions import ClientError

from sekisho.testing import RunningLab
from support.boto_lab import REGION, Caller

PASSWORD = "Right-Passw0rd"
TEMPORARY = "Init-Passw0rd"
CALLBACK = "http://localhost:9999/callback"
LOGOUT = "https://app.example.com/bye"
FLOWS = ("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH")
OAUTH: Mapping[str, Any] = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid", "email", "profile"],
    "CallbackURLs": [CALLBACK, "http://localhost"],
    "LogoutURLs": [LOGOUT],
    "SupportedIdentityProviders": ["COGNITO"],
}


_CLIENTS: dict[tuple[str, str], Any] = {}


def ask(caller: Caller, operation: str, **parameters: Any) -> Any:
    """Return the answer to an operation that has to succeed. Cognito's model takes long to read: once."""
    key = (str(caller.lab.state.path), caller.key_id)
    if key not in _CLIENTS:
        _CLIENTS[key] = caller.client("cognito-idp")
    return getattr(_CLIENTS[key], operation)(**parameters)


def refused(caller: Caller, operation: str, **parameters: Any) -> tuple[str, str]:
    """Return code and sentence of an operation that has to be refused, which a client can tell it is."""
    with pytest.raises(ClientError) as caught:
        ask(caller, operation, **parameters)
    told: Any = caught.value.response
    assert 400 <= told["ResponseMetadata"]["HTTPStatusCode"] < 500, told
    return told["Error"]["Code"], told["Error"]["Message"]


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool and its administrator."""

    admin: Caller
    id: str

    def ask(self, operation: str, **parameters: Any) -> Any:
        """Return the answer to an operation on the pool that has to succeed."""
        return ask(self.admin, operation, UserPoolId=self.id, **parameters)

    def refused(self, operation: str, **parameters: Any) -> tuple[str, str]:
        """Return code and sentence of an operation on the pool that has to be refused."""
        return refused(self.admin, operation, UserPoolId=self.id, **parameters)

    def new_client(self, name: str = "web", **more: Any) -> Any:
        """Return a new app client, public and of the article's flows unless ``more`` says otherwise."""
        given = {"ExplicitAuthFlows": list(FLOWS), **more}
        return self.ask("create_user_pool_client", ClientName=name, **given)["UserPoolClient"]

    def new_user(self, email: str, password: str | None = PASSWORD, **attributes: str) -> Any:
        """Return a new user: confirmed with ``password``, or with a temporary one where it is None."""
        given = {"email_verified": "true", **attributes}
        listed = [{"Name": name, "Value": value} for name, value in given.items()]
        user = self.ask(
            "admin_create_user", Username=email, TemporaryPassword=TEMPORARY, UserAttributes=listed
        )
        if password is not None:
            self.ask("admin_set_user_password", Username=email, Password=password, Permanent=True)
        return user["User"]

    @property
    def issuer(self) -> str:
        """The issuer of the pool's tokens."""
        return f"https://cognito-idp.{REGION}.amazonaws.com/{self.id}"


def new_pool(admin: Caller, name: str = "people", **more: Any) -> Pool:
    """Return a pool whose users sign in by e-mail and do not register themselves."""
    given = {
        "UsernameAttributes": ["email"],
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
        **more,
    }
    return Pool(admin, ask(admin, "create_user_pool", PoolName=name, **given)["UserPool"]["Id"])


def secret_hash(secret: str, client: str, name: str) -> str:
    """Return the SECRET_HASH of the Developer Guide."""
    digest = hmac.new(secret.encode(), f"{name}{client}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def part(token: str, index: int) -> Any:
    """Return header (0) or claims (1) of a signed token, unverified."""
    text = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@dataclass(frozen=True, slots=True)
class Got:
    """An HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str

    def header(self, name: str) -> str:
        """Return a header, empty without one."""
        return next((value for found, value in self.headers if found.lower() == name), "")

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def fetch(
    lab: RunningLab,
    url: str,
    form: Mapping[str, str] | str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Got:
    """Ask through the lab's proxy for AWS's names, directly for localhost. Redirects are not followed."""
    place = urlsplit(url)
    target = f"{place.path or '/'}{'?' + place.query if place.query else ''}"
    if place.scheme == "http":
        connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=20)
    else:
        environment = lab.environment()
        proxy = urlsplit(environment["HTTPS_PROXY"])
        context = ssl.create_default_context(cafile=environment["AWS_CA_BUNDLE"])
        connection = http.client.HTTPSConnection(str(proxy.hostname), proxy.port, context=context, timeout=20)
        connection.set_tunnel(str(place.hostname), 443)
    body = urlencode(form) if isinstance(form, Mapping) else form
    sent = {"Host": place.netloc, **(headers or {})}
    if body is not None:
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
    try:
        connection.request("GET" if body is None else "POST", target, body, sent)
        answer = connection.getresponse()
        return Got(answer.status, tuple(answer.getheaders()), answer.read().decode())
    finally:
        connection.close()
