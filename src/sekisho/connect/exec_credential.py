"""ExecCredential (client.authentication.k8s.io): what kubectl asks a credential plugin, and the answer.

Translates only. The behaviour for each content of ``KUBERNETES_EXEC_INFO`` is that of
``aws eks get-token``, except that JSON which is not an object is answered instead of crashing.
"""

import json
from dataclasses import dataclass

from sekisho.decide.values import Instant, Secret

GROUP = "client.authentication.k8s.io"
V1 = f"{GROUP}/v1"
V1BETA1 = f"{GROUP}/v1beta1"
V1ALPHA1 = f"{GROUP}/v1alpha1"


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A bearer token and the moment from which clients must ask for another."""

    text: Secret
    expires: Instant


@dataclass(frozen=True, slots=True)
class AskedVersion:
    """The apiVersion to answer in; ``note`` (may be empty) is for the person at the keyboard."""

    api_version: str
    note: str = ""


def asked_version(exec_info: str) -> AskedVersion:
    """Return the version to answer in, given the text of ``KUBERNETES_EXEC_INFO`` (empty if unset).

    Total: whatever the client sent, there is an answer. v1beta1 is the fallback because every
    client since Kubernetes 1.10 reads it.
    """
    if not exec_info:
        return AskedVersion(V1BETA1)
    try:
        info = json.loads(exec_info)
    except (ValueError, RecursionError):
        return AskedVersion(V1BETA1, f"KUBERNETES_EXEC_INFO is not JSON, answering in {V1BETA1}")
    asked = info.get("apiVersion") if isinstance(info, dict) else None
    if asked in (V1, V1BETA1):
        return AskedVersion(str(asked))
    if asked == V1ALPHA1:
        return AskedVersion(V1ALPHA1, f"the kubeconfig user entry asks for {V1ALPHA1}, which is deprecated")
    return AskedVersion(
        V1BETA1, f"KUBERNETES_EXEC_INFO asks for no version known here, answering in {V1BETA1}"
    )


def exec_credential(token: BearerToken, api_version: str) -> dict[str, object]:
    """Return the ExecCredential object that hands ``token`` to kubectl. It reveals the token."""
    return {
        "kind": "ExecCredential",
        "apiVersion": api_version,
        "spec": {},
        "status": {"expirationTimestamp": token.expires.rfc3339(), "token": token.text.reveal()},
    }


def render_json(credential: dict[str, object]) -> str:
    """Return the text of ``aws eks get-token --output json``: indented by four, an empty line after it."""
    return json.dumps(credential, indent=4, ensure_ascii=False) + "\n\n"
