"""What the API server fills into the spec of a pod, and into the pod template of a workload.

Source: kubernetes pkg/apis/core/v1/defaults.go; what admission adds to pods besides (tolerations,
priority) is that of the plugins DefaultTolerationSeconds and Priority.
"""

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube.members import mapping, objects, text

_FILE_MODE = 0o644
_TOKEN_SECONDS = 3_600
_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_EVICTED_AFTER_SECONDS = 300


def template_defaults(template: JsonObject) -> dict[str, Json]:
    """Return a PodTemplateSpec with the defaults of its pods."""
    return {**template, "spec": pod_spec_defaults(mapping(template, "spec"))}


def pod_spec_defaults(spec: JsonObject) -> dict[str, Json]:
    """Return a PodSpec with the defaults that templates get as well."""
    filled: dict[str, Json] = {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        **spec,
    }
    account = text(spec, "serviceAccountName") or text(spec, "serviceAccount")
    if account:
        filled |= {"serviceAccountName": account, "serviceAccount": account}
    for member in ("containers", "initContainers", "ephemeralContainers"):
        if spec.get(member):
            filled[member] = [_container(one) for one in objects(spec, member)]
    if spec.get("volumes"):
        filled["volumes"] = [_volume(one) for one in objects(spec, "volumes")]
    return filled


def pod_defaults(pod: JsonObject) -> dict[str, Json]:
    """Return a Pod with its defaults; limits without requests are requested."""
    spec = pod_spec_defaults(mapping(pod, "spec"))
    spec.setdefault("enableServiceLinks", True)
    for member in ("containers", "initContainers"):
        if spec.get(member):
            spec[member] = [_requested(one) for one in objects(spec, member)]
    return {**pod, "spec": spec}


def admitted_pod(pod: JsonObject) -> dict[str, Json]:
    """Return a Pod that is created as the priority and toleration plugins leave it."""
    spec = dict(mapping(pod, "spec"))
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    tolerations = objects(spec, "tolerations")
    added: list[Json] = [
        {
            "key": taint,
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": _EVICTED_AFTER_SECONDS,
        }
        for taint in _TAINTS
        if not any(_tolerates(one, taint) for one in tolerations)
    ]
    if added:
        spec["tolerations"] = [*tolerations, *added]
    return {**pod, "spec": spec}


def quality(pod: JsonObject) -> str:
    """Return the quality of service class of a pod: from what its containers request and are limited to."""
    spec = mapping(pod, "spec")
    containers = [*objects(spec, "containers"), *objects(spec, "initContainers")]
    requests, limits = (
        [mapping(one, "resources", member) for one in containers] for member in ("requests", "limits")
    )
    watched = ("cpu", "memory")
    if not any(one.get(name) for one in (*requests, *limits) for name in watched):
        return "BestEffort"
    for request, limit in zip(requests, limits, strict=True):
        if any(not limit.get(name) or request.get(name, limit[name]) != limit[name] for name in watched):
            return "Burstable"
    return "Guaranteed"


def _tolerates(toleration: JsonObject, taint: str) -> bool:
    key, effect = text(toleration, "key"), text(toleration, "effect")
    return key in ("", taint) and effect in ("", "NoExecute")


def _container(given: JsonObject) -> dict[str, Json]:
    image = text(given, "image")
    name, _, tag = image.rpartition("/")[2].partition(":")
    is_latest = "@" not in name and tag in ("", "latest")
    filled: dict[str, Json] = {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "Always" if is_latest else "IfNotPresent",
        **given,
    }
    if given.get("ports"):
        filled["ports"] = [{"protocol": "TCP", **port} for port in objects(given, "ports")]
    if given.get("env"):
        filled["env"] = [_environment(one) for one in objects(given, "env")]
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in given:
            filled[probe] = _probe(mapping(given, probe))
    if given.get("lifecycle"):
        hooks = mapping(given, "lifecycle")
        filled["lifecycle"] = {
            name: _http(mapping(hooks, name)) if name in ("postStart", "preStop") else hooks[name]
            for name in hooks
        }
    return filled


def _requested(container: JsonObject) -> JsonObject:
    limits = mapping(container, "resources", "limits")
    if not limits:
        return container
    resources = mapping(container, "resources")
    return {
        **container,
        "resources": {**resources, "requests": {**limits, **mapping(resources, "requests")}},
    }


def _environment(given: JsonObject) -> JsonObject:
    source = mapping(given, "valueFrom")
    if "fieldRef" not in source:
        return given
    return {**given, "valueFrom": {**source, "fieldRef": _field(mapping(source, "fieldRef"))}}


def _field(given: JsonObject) -> dict[str, Json]:
    return {"apiVersion": "v1", **given}


def _probe(given: JsonObject) -> dict[str, Json]:
    numbers: dict[str, Json] = {
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    return {**numbers, **_http(given)}


def _http(given: JsonObject) -> dict[str, Json]:
    if "httpGet" not in given:
        return dict(given)
    return {**given, "httpGet": {"path": "/", "scheme": "HTTP", **mapping(given, "httpGet")}}


def _volume(given: JsonObject) -> dict[str, Json]:
    sources = [name for name in given if name != "name"]
    if not sources:
        return {**given, "emptyDir": {}}
    filled = dict(given)
    for name in ("configMap", "secret", "downwardAPI", "projected"):
        if name in given:
            filled[name] = {"defaultMode": _FILE_MODE, **_fields_of(mapping(given, name))}
    if "hostPath" in given:
        filled["hostPath"] = {"type": "", **mapping(given, "hostPath")}
    if "projected" in given:
        projected = mapping(filled, "projected")
        filled["projected"] = {
            **projected,
            "sources": [_projection(source) for source in objects(projected, "sources")],
        }
    return filled


def _projection(source: JsonObject) -> dict[str, Json]:
    filled = dict(source)
    if "serviceAccountToken" in source:
        token = mapping(source, "serviceAccountToken")
        filled["serviceAccountToken"] = {"expirationSeconds": _TOKEN_SECONDS, **token}
    if "downwardAPI" in source:
        filled["downwardAPI"] = _fields_of(mapping(source, "downwardAPI"))
    return filled


def _fields_of(given: JsonObject) -> dict[str, Json]:
    items = objects(given, "items")
    if not any("fieldRef" in item for item in items):
        return dict(given)
    return {
        **given,
        "items": [
            {**item, "fieldRef": _field(mapping(item, "fieldRef"))} if "fieldRef" in item else item
            for item in items
        ],
    }
