"""What admission does to objects that are created: pods get their service account and its IAM role.

Source: Kubernetes documentation, "Admission Control", "ServiceAccount"; EKS User Guide, "IAM roles for
service accounts", "Learn how EKS Pod Identity grants pods access to AWS services": EKS registers
``iam-for-pods.amazonaws.com`` in every cluster, with the cluster's region. An association goes before the
annotation of the account.
"""

import random

from sekisho.decide.values import Json, JsonObject, Ref, SekishoInputError
from sekisho.decide.workload.mutation import mutate
from sekisho.decide.workload.pod_view import read_pod
from sekisho.decide.workload.registration import is_asked_about
from sekisho.decide.workload.settings import AccountFacts, Settings
from sekisho.facts import Cluster, Snapshot, kube_key
from sekisho.facts.pod_identity import association_for
from sekisho.wire.kube.defaults_pod import pod_defaults
from sekisho.wire.kube.members import mapping, objects, text
from sekisho.wire.kube.patch import json_patch
from sekisho.wire.kube.registry import CORE, Resource

_SPREAD = (79_200, 86_400)
"""Seconds that a token of Pod Identity lasts: spread, so that not all are renewed at once."""
TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
"""Where client libraries look for the token of a pod's service account."""
TOKEN_SECONDS = 3_607


def admit(
    resource: Resource, namespace: str, body: JsonObject, cluster: Cluster, facts: Snapshot, suffix: str = ""
) -> JsonObject:
    """Return ``body`` as it is to be created in ``namespace``; what is no pod stays as it is.

    So does a pod that is not formed as one: validation, which comes afterwards, says what is wrong.
    ``suffix`` is the random end of the name of the volume that a pod gets for its token; without one it
    gets none here.
    """
    if (resource.at, resource.kind) != (CORE, "Pod"):
        return body
    spec = mapping(body, "spec")
    if spec and not text(spec, "serviceAccountName"):
        account = text(spec, "serviceAccount") or "default"
        body = {**body, "spec": {**spec, "serviceAccountName": account}}
    try:
        pod = read_pod(body, Ref(f"pod/{namespace}/{text(body, 'metadata', 'name')}"))
    except SekishoInputError:
        return body
    key = kube_key(str(cluster.arn), "", "serviceaccounts", namespace, pod.account)
    found = facts.kube(key)
    if suffix:
        body = with_token(body, found, f"kube-api-access-{suffix}")
        try:
            pod = read_pod(body, Ref(f"pod/{namespace}/{text(body, 'metadata', 'name')}"))
        except SekishoInputError:
            return body
    if not is_asked_about(pod):
        return body
    annotations = (
        None
        if found is None
        else {
            name: value
            for name, value in mapping(found, "metadata", "annotations").items()
            if isinstance(value, str)
        }
    )
    settings = Settings(region=cluster.region, regional_sts=True)
    is_associated = association_for(facts, str(cluster.arn), namespace, pod.account) is not None
    known = AccountFacts(namespace, pod.account, annotations, is_associated=is_associated)
    patch = mutate(pod, known, settings, random.randint(*_SPREAD)).value  # noqa: S311 - no secret
    if not patch:
        return body
    # What a webhook adds gets the defaults as well.
    return pod_defaults(json_patch(body, [one.document() for one in patch]))


def with_token(pod: JsonObject, account: JsonObject | None, volume: str) -> JsonObject:
    """Return a pod with the token of its service account, unless the pod or else the account declines it.

    Source: ``plugin/pkg/admission/serviceaccount`` (``mountServiceAccountToken``).
    """
    wanted = mapping(pod, "spec").get("automountServiceAccountToken")
    if wanted is None and account is not None:
        wanted = account.get("automountServiceAccountToken")
    if wanted is False or "kubernetes.io/config.mirror" in mapping(pod, "metadata", "annotations"):
        return pod
    spec: dict[str, Json] = dict(mapping(pod, "spec"))
    used = False
    mount: JsonObject = {"name": volume, "readOnly": True, "mountPath": TOKEN_FOLDER}
    for member in ("initContainers", "containers"):
        if not objects(spec, member):
            continue
        changed: list[Json] = []
        for container in objects(spec, member):
            mounts: list[Json] = list(objects(container, "volumeMounts"))
            if any(text(one, "mountPath") == TOKEN_FOLDER for one in mounts):
                changed.append(container)
            else:
                used = True
                changed.append({**container, "volumeMounts": [*mounts, mount]})
        spec[member] = changed
    if not used:
        return pod
    spec["volumes"] = [*objects(spec, "volumes"), _token_volume(volume)]
    return {**pod, "spec": spec}


def _token_volume(name: str) -> JsonObject:
    return {
        "name": name,
        "projected": {
            "defaultMode": 0o644,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {
                    "downwardAPI": {
                        "items": [
                            {
                                "path": "namespace",
                                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                            }
                        ]
                    }
                },
            ],
        },
    }
