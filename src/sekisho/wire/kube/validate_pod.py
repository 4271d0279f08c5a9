"""Rules of pods and of the pod templates of workloads: what people get wrong.

Texts are kube-apiserver's (kubernetes pkg/apis/core/validation). What only a node could object to is
not looked at.
"""

from collections.abc import Iterator

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube import names
from sekisho.wire.kube.causes import bad_value, not_allowed, required, unsupported
from sekisho.wire.kube.members import items, mapping, number, objects, text
from sekisho.wire.kube.status import Cause
from sekisho.wire.kube.validate_labels import label_causes

_RESTARTS = ("Always", "OnFailure", "Never")
_PULLS = ("Always", "IfNotPresent", "Never")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_CHANGEABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
MAX_PORT = 65_535


def pod_rules(value: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    """Check a Pod; of a stored one only the images and few other things may change."""
    yield from pod_spec_causes(mapping(value, "spec"), "spec")
    for member in ("containers", "initContainers"):
        for index, container in enumerate(objects(value, "spec", member)):
            image = text(container, "image")
            if image.strip() != image:  # of pods alone, not of templates
                detail = "must not have leading or trailing whitespace"
                yield bad_value(f"spec.{member}[{index}].image", image, detail)
    if old is None:
        return
    before, after = mapping(old, "spec"), mapping(value, "spec")
    for member in ("containers", "initContainers"):
        if len(objects(before, member)) != len(objects(after, member)):
            yield not_allowed(f"spec.{member}", "pod updates may not add or remove containers")
            return
    if _fixed(before) != _fixed(after) or not _kept(before, after):
        yield not_allowed("spec", f"pod updates may not change fields other than {_CHANGEABLE}")


def template_causes(template: JsonObject, field: str) -> Iterator[Cause]:
    """Check a PodTemplateSpec."""
    yield from label_causes(mapping(template, "metadata", "labels"), f"{field}.labels")
    yield from pod_spec_causes(mapping(template, "spec"), f"{field}.spec")


def pod_spec_causes(spec: JsonObject, field: str) -> Iterator[Cause]:
    """Check a PodSpec."""
    volumes: set[str] = set()
    for index, volume in enumerate(objects(spec, "volumes")):
        yield from _volume(volume, f"{field}.volumes[{index}]", volumes)
    containers = objects(spec, "containers")
    if not containers:
        yield required(f"{field}.containers")
    seen: set[str] = set()
    for index, container in enumerate(containers):
        yield from _container(container, f"{field}.containers[{index}]", volumes, seen)
    for index, container in enumerate(objects(spec, "initContainers")):
        yield from _container(container, f"{field}.initContainers[{index}]", volumes, seen)
    for member, supported in (("restartPolicy", _RESTARTS), ("dnsPolicy", _DNS)):
        chosen = text(spec, member)
        if not chosen:
            yield required(f"{field}.{member}")
        elif chosen not in supported:
            yield unsupported(f"{field}.{member}", chosen, supported)
    account = text(spec, "serviceAccountName")
    if account:
        problems = names.dns_subdomain_problems(account)
        yield from (bad_value(f"{field}.serviceAccountName", account, problem) for problem in problems)
    deadline = spec.get("activeDeadlineSeconds")
    if isinstance(deadline, int) and not 1 <= deadline < 1 << 31:
        yield bad_value(
            f"{field}.activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive"
        )


def _volume(volume: JsonObject, field: str, seen: set[str]) -> Iterator[Cause]:
    name = text(volume, "name")
    if not name:
        yield required(f"{field}.name")
    else:
        problems = names.dns_label_problems(name)
        yield from (bad_value(f"{field}.name", name, problem) for problem in problems)
        if not problems and name in seen:
            yield _duplicate(f"{field}.name", name)
        seen.add(name)
    sources = [member for member in volume if member != "name"]
    if not sources:
        yield required(field, "must specify a volume type")
    yield from (
        not_allowed(f"{field}.{member}", "may not specify more than 1 volume type") for member in sources[1:]
    )
    for member, key in (("secret", "secretName"), ("configMap", "name")):
        if member in volume and not text(volume, member, key):
            yield required(f"{field}.{member}.{key}")


def _container(container: JsonObject, field: str, volumes: set[str], seen: set[str]) -> Iterator[Cause]:
    name, image = text(container, "name"), text(container, "image")
    if not name:
        yield required(f"{field}.name")
    else:
        yield from (bad_value(f"{field}.name", name, p) for p in names.dns_label_problems(name))
        if name in seen:
            yield _duplicate(f"{field}.name", name)
        seen.add(name)
    if not image:
        yield required(f"{field}.image")
    pull = text(container, "imagePullPolicy")
    if pull and pull not in _PULLS:
        yield unsupported(f"{field}.imagePullPolicy", pull, _PULLS)
    ports: set[str] = set()
    for index, port in enumerate(objects(container, "ports")):
        yield from _port(port, f"{field}.ports[{index}]", ports)
    for index, entry in enumerate(objects(container, "env")):
        yield from _environment(entry, f"{field}.env[{index}]")
    yield from _mounts(container, field, volumes)
    yield from _resources(mapping(container, "resources"), f"{field}.resources")


def _mounts(container: JsonObject, field: str, volumes: set[str]) -> Iterator[Cause]:
    paths: set[str] = set()
    for index, mount in enumerate(objects(container, "volumeMounts")):
        at, used, path = f"{field}.volumeMounts[{index}]", text(mount, "name"), text(mount, "mountPath")
        if not used:
            yield required(f"{at}.name")
        elif used not in volumes:
            yield Cause("FieldValueNotFound", f"Not found: {_quoted(used)}", f"{at}.name")
        if not path:
            yield required(f"{at}.mountPath")
        elif path in paths:
            yield bad_value(f"{at}.mountPath", path, "must be unique")
        paths.add(path)


def _port(port: JsonObject, field: str, seen: set[str]) -> Iterator[Cause]:
    name, opened = text(port, "name"), number(port, "containerPort")
    if name:
        if name in seen:
            yield _duplicate(f"{field}.name", name)
        seen.add(name)
    if not opened:
        yield required(f"{field}.containerPort")
    elif not 1 <= opened <= MAX_PORT:
        yield bad_value(f"{field}.containerPort", opened, "must be between 1 and 65535, inclusive")
    protocol = text(port, "protocol")
    if not protocol:
        yield required(f"{field}.protocol")
    elif protocol not in _PROTOCOLS:
        yield unsupported(f"{field}.protocol", protocol, _PROTOCOLS)


def _environment(entry: JsonObject, field: str) -> Iterator[Cause]:
    name, source = text(entry, "name"), mapping(entry, "valueFrom")
    if not name:
        yield required(f"{field}.name")
    if source and text(entry, "value"):
        yield bad_value(f"{field}.valueFrom", "", "may not be specified when `value` is not empty")
    for member in ("secretKeyRef", "configMapKeyRef"):
        if member in source and not text(source, member, "key"):
            yield required(f"{field}.valueFrom.{member}.key")


def _resources(resources: JsonObject, field: str) -> Iterator[Cause]:
    for member in ("limits", "requests"):
        for name, amount in mapping(resources, member).items():
            if isinstance(amount, str) and amount.startswith("-"):
                yield bad_value(f"{field}.{member}[{name}]", amount, "must be greater than or equal to 0")


def _fixed(spec: JsonObject) -> dict[str, Json]:
    """Return what of a stored pod's spec stays."""
    fixed = {
        name: value for name, value in spec.items() if name not in ("activeDeadlineSeconds", "tolerations")
    }
    for member in ("containers", "initContainers"):
        if member in fixed:
            fixed[member] = [{**one, "image": ""} for one in objects(spec, member)]
    if number(spec, "terminationGracePeriodSeconds") in (-1, 1):
        fixed.pop("terminationGracePeriodSeconds")
    return fixed


def _kept(before: JsonObject, after: JsonObject) -> bool:
    wanted = items(after, "tolerations")
    return all(one in wanted for one in items(before, "tolerations"))


def _duplicate(field: str, value: str) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {_quoted(value)}", field)


def _quoted(value: str) -> str:
    return f'"{value}"'
