"""The ServiceAccount admission plugin: which account a pod has, and what follows from it.

Source: kubernetes ``plugin/pkg/admission/serviceaccount/admission.go`` as of 1.37; Kubernetes documentation,
"Admission Control", "ServiceAccount".
"""

from collections.abc import Iterator
from typing import Final

from sekisho.decide.node.graph import MIRROR
from sekisho.decide.node.mirror_pod import names_a_secret
from sekisho.decide.values import Json, JsonObject, Ref
from sekisho.lab.kube.admission_code import AdmissionCode, AdmissionRefusedError, refusal
from sekisho.wire.kube import status
from sekisho.wire.kube.members import items, mapping, objects, text

ENFORCE: Final = "kubernetes.io/enforce-mountable-secrets"
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})


def is_mirror(pod: JsonObject) -> bool:
    """Tell whether a pod stands for one that a kubelet runs from its own disk."""
    return MIRROR in mapping(pod, "metadata", "annotations")


def with_account(pod: JsonObject, account: JsonObject | None, namespace: str) -> JsonObject:
    """Return a pod that is created, with its account's name and image pull secrets.

    ``account`` is the stored service account that `account_name` of the pod names, None where there is none.

    Raises:
        AdmissionRefusedError: the account is missing or does not let the pod use a secret; a mirror pod
            names an account or a secret.
    """
    if is_mirror(pod):
        problem = _mirror_problem(pod)
        if problem:
            raise _refused(pod, problem)
        return pod
    name = account_name(pod)
    if account is None:
        missing = f'serviceaccount "{name}" not found'
        raise _refused(pod, f"error looking up service account {namespace}/{name}: {missing}")
    spec: dict[str, Json] = {**mapping(pod, "spec"), "serviceAccountName": name}
    if not text(spec, "serviceAccount"):
        spec["serviceAccount"] = name
    if not items(spec, "imagePullSecrets") and items(account, "imagePullSecrets"):
        spec["imagePullSecrets"] = [
            {"name": text(one, "name")} for one in objects(account, "imagePullSecrets")
        ]
    admitted: JsonObject = {**pod, "spec": spec}
    if text(account, "metadata", "annotations", ENFORCE) in _TRUE:
        for problem in _secrets_denied(admitted, account):
            raise _refused(pod, problem)
    return admitted


def account_name(pod: JsonObject) -> str:
    """Return the name of the account that a pod runs as."""
    spec = mapping(pod, "spec")
    return text(spec, "serviceAccountName") or text(spec, "serviceAccount") or "default"


def _mirror_problem(pod: JsonObject) -> str:
    if text(pod, "spec", "serviceAccountName") or text(pod, "spec", "serviceAccount"):
        return "a mirror pod may not reference service accounts"
    if names_a_secret(pod):
        return "a mirror pod may not reference secrets"
    for volume in objects(pod, "spec", "volumes"):
        if any("serviceAccountToken" in source for source in objects(volume, "projected", "sources")):
            return "a mirror pod may not use ServiceAccountToken volume projections"
    return ""


def _secrets_denied(pod: JsonObject, account: JsonObject) -> Iterator[str]:
    mountable = {text(one, "name") for one in objects(account, "secrets")}
    owner = text(account, "metadata", "name")
    end = f"is not allowed because service account {owner} does not reference that"
    for volume in objects(pod, "spec", "volumes"):
        if "secret" in volume and (name := text(volume, "secret", "secretName")) not in mountable:
            yield f'volume with secret.secretName="{name}" {end} secret'
    for member, word in (("initContainers", "init container"), ("containers", "container")):
        for container in objects(pod, "spec", member):
            yield from _of_container(container, word, mountable, f"{end} secret")
    pulled = {text(one, "name") for one in objects(account, "imagePullSecrets")}
    for index, one in enumerate(objects(pod, "spec", "imagePullSecrets")):
        if (name := text(one, "name")) not in pulled:
            yield f'imagePullSecrets[{index}].name="{name}" {end} imagePullSecret'


def _of_container(container: JsonObject, word: str, mountable: set[str], end: str) -> Iterator[str]:
    shown = f"{word} {text(container, 'name')}"
    for entry in objects(container, "env"):
        reference = mapping(entry, "valueFrom")
        if "secretKeyRef" in reference and (name := text(reference, "secretKeyRef", "name")) not in mountable:
            yield f'{shown} with envVar {text(entry, "name")} referencing secret.secretName="{name}" {end}'
    for source in objects(container, "envFrom"):
        if "secretRef" in source and (name := text(source, "secretRef", "name")) not in mountable:
            yield f'{shown} with envFrom referencing secret.secretName="{name}" {end}'


def _refused(pod: JsonObject, problem: str) -> AdmissionRefusedError:
    name = text(pod, "metadata", "name") or text(pod, "metadata", "generateName")
    place = f"pod/{text(pod, 'metadata', 'namespace')}/{name}"
    error = status.forbidden("pods", "", name or "Unknown", problem)
    return refusal(error, AdmissionCode.ACCOUNT, Ref(place))
