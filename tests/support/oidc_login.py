"""People of user pools at clusters of a lab: associated providers, tokens, and what clusters answer."""

import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

from sekisho.testing import RunningLab
from support.boto_lab import Caller
from support.kube_asking import Asked
from support.user_pools import PASSWORD, Pool


def associate(admin: Caller, cluster: str, name: str, issuer: str, client: str, **more: Any) -> Any:
    """Associate a provider as the article does, unless ``more`` says otherwise; return the update."""
    oidc = {"identityProviderConfigName": name, "issuerUrl": issuer, "clientId": client, **more}
    return admin.ask("eks", "associate_identity_provider_config", clusterName=cluster, oidc=oidc)["update"]


def disassociate(admin: Caller, cluster: str, name: str) -> Any:
    """Take a provider away; return the update."""
    named = {"type": "oidc", "name": name}
    return admin.ask(
        "eks", "disassociate_identity_provider_config", clusterName=cluster, identityProviderConfig=named
    )["update"]


def tokens_of(pool: Pool, client: str, user: str, password: str = PASSWORD) -> Any:
    """Return what signing in gives: IdToken, AccessToken, RefreshToken."""
    asked = {"USERNAME": user, "PASSWORD": password}
    answer = pool.ask(
        "admin_initiate_auth", ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters=asked
    )
    return answer["AuthenticationResult"]


def ask_with(
    lab: RunningLab, cluster: str, token: str, path: str = "/api/v1/nodes", body: object = None
) -> Asked:
    """Send one request to a cluster with a bearer token; with ``body`` it is a POST."""
    described = lab.client.get("/status")["clusters"]
    endpoint = urlsplit(next(one["endpoint"] for one in described if one["name"] == cluster))
    tls = ssl.create_default_context(cafile=str(lab.state.ca))
    connection = http.client.HTTPSConnection(str(endpoint.hostname), endpoint.port, timeout=60, context=tls)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        method = "GET" if body is None else "POST"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return Asked(response.status, json.loads(response.read() or b"{}"))
    finally:
        connection.close()


def who_is(lab: RunningLab, cluster: str, token: str) -> Any:
    """Return whom a cluster sees in the bearer of a token: user name, groups, extra."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = ask_with(lab, cluster, token, "/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
    assert answer.status == 201, answer
    return answer.body["status"]["userInfo"]
