"""What every namespace gets: a default service account, and the certificate of the API server.

A real cluster's serviceaccount-controller and root-ca-certificate-publisher make both.
"""

import uuid

from sekisho.decide.values import Json, JsonObject
from sekisho.facts import Event, Put, kube_key
from sekisho.wire.kube.members import mapping, text
from sekisho.wire.kube.registry import CORE

ACCOUNT = "default"
ROOT_CERTIFICATE = "kube-root-ca.crt"
_ROOT_CERTIFICATE_NOTE = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints "
    "such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
    "distributions of Kubernetes clusters."
)


def default_account(namespace: str) -> JsonObject:
    """Return the service account of pods that name none."""
    return {
        "apiVersion": CORE.api_version,
        "kind": "ServiceAccount",
        "metadata": {"name": ACCOUNT, "namespace": namespace},
    }


def root_certificate_map(namespace: str, certificate: str) -> JsonObject:
    """Return the ConfigMap from which pods learn the certificate of the API server."""
    return {
        "apiVersion": CORE.api_version,
        "kind": "ConfigMap",
        "metadata": {
            "name": ROOT_CERTIFICATE,
            "namespace": namespace,
            "annotations": {"kubernetes.io/description": _ROOT_CERTIFICATE_NOTE},
        },
        "data": {"ca.crt": certificate},
    }


def namespace_companions(
    cluster_arn: str, namespace: str, created: str, root_certificate: str
) -> list[Event]:
    """Return what a namespace that nobody created by a request begins with."""
    return [
        _new(cluster_arn, "serviceaccounts", default_account(namespace), created),
        _new(cluster_arn, "configmaps", root_certificate_map(namespace, root_certificate), created),
    ]


def _new(cluster_arn: str, plural: str, body: JsonObject, created: str) -> Event:
    metadata: dict[str, Json] = {
        **mapping(body, "metadata"),
        "creationTimestamp": created,
        "uid": str(uuid.uuid4()),
    }
    key = kube_key(cluster_arn, "", plural, text(metadata, "namespace"), text(metadata, "name"))
    return Put(key, {**body, "metadata": metadata})
