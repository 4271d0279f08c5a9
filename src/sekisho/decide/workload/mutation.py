"""What admission changes in a pod so that its containers are somebody to AWS: a minimal JSON Patch.

Source: amazon-eks-pod-identity-webhook, ``pkg/handler``; Kubernetes documentation, "Dynamic Admission
Control"; RFC 6902. Differs: that webhook replaces whole lists of containers, and with them every
field that its version of Kubernetes does not know; here only what is new is added.
"""

from dataclasses import dataclass
from posixpath import normpath
from typing import Final

from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.values import Json, JsonObject
from sekisho.decide.workload.annotation_values import read_names
from sekisho.decide.workload.code import WorkloadCode
from sekisho.decide.workload.identity import Method, PodIdentity, resolve
from sekisho.decide.workload.pod_view import Container, PodView
from sekisho.decide.workload.settings import (
    DEFAULT_EXPIRATION,
    POD_IDENTITY_LABEL,
    AccountFacts,
    Settings,
    TokenVolume,
)

_REGIONS: Final = ("AWS_DEFAULT_REGION", "AWS_REGION")
_REGIONAL_STS: Final = "AWS_STS_REGIONAL_ENDPOINTS"


@dataclass(frozen=True, slots=True)
class Addition:
    """One ``add`` of RFC 6902: ``value`` at ``path`` (a JSON pointer into the pod)."""

    path: str
    value: Json

    def document(self) -> JsonObject:
        """Return the operation as JSON."""
        return {"op": "add", "path": self.path, "value": self.value}


Patch = tuple[Addition, ...]


def mutate(
    pod: PodView, facts: AccountFacts, settings: Settings, spread_seconds: int = DEFAULT_EXPIRATION
) -> Decision[Patch]:
    """Return ALLOW with the patch for ``pod``; the trace says what each container gets, or why not.

    The patch may be empty: everything is there already. NO_OPINION and UNKNOWN (see `identity.resolve`,
    also for ``spread_seconds``) have none. ``facts`` are those of ``pod.account``. Total. Applied to a
    pod that was patched, it changes nothing.
    """
    resolved = resolve(facts, settings, pod.annotations, spread_seconds)
    identity = resolved.value
    if identity is None:
        return Decision(resolved.outcome, resolved.decisive, resolved.trace)
    trace = list(resolved.trace)
    skipped = _skipped(pod, settings, trace)
    variables = _variables(identity, settings, _token_file(identity.token, is_windows=pod.is_windows))
    patch = [*_volume(pod, identity, trace)]
    for container in pod.containers:
        if container.name in skipped:
            told = (("container", container.name), ("annotation", settings.annotation("skip-containers")))
            trace.append(Step(WorkloadCode.SKIPPED, container.at, told))
        else:
            patch += _container(container, variables, identity, trace)
    if identity.method is Method.CONTAINER:
        patch += _label(pod, trace)
    return Decision(Outcome.ALLOW, resolved.decisive, tuple(trace), tuple(patch))


@dataclass(frozen=True, slots=True)
class _Group:
    """Variables that come together or not at all: any of ``known`` in the container keeps ``added`` out."""

    known: tuple[str, ...]
    added: tuple[tuple[str, str], ...]


def _variables(identity: PodIdentity, settings: Settings, token_file: str) -> tuple[_Group, ...]:
    """Return the groups in the order in which they are appended."""
    sts = ((_REGIONAL_STS, "regional"),) if identity.regional_sts else ()
    regions = tuple((name, settings.region) for name in _REGIONS) if settings.region else ()
    pair = tuple(zip(identity.method.value, (identity.source, token_file), strict=True))
    return _Group((_REGIONAL_STS,), sts), _Group(_REGIONS, regions), _Group(identity.method.value, pair)


def _container(
    container: Container, groups: tuple[_Group, ...], identity: PodIdentity, trace: list[Step]
) -> list[Addition]:
    named = ("container", container.name)
    own = [[name for name in group.known if name in container.variables] for group in groups]
    if all(own):
        told = (named, ("variables", ", ".join(name for found in own for name in found)))
        trace.append(Step(WorkloadCode.COMPLETE, container.at, told))
        return []
    added: list[Json] = []
    names: list[str] = []
    for group, found in zip(groups, own, strict=True):
        missed = ", ".join(name for name, _ in group.added)
        if found and missed:
            kept_out = (named, ("variables", ", ".join(found)), ("missed", missed))
            trace.append(Step(WorkloadCode.VARIABLE_SET, container.at.child("env"), kept_out))
        elif not found:
            added += [{"name": name, "value": value} for name, value in group.added]
            names += [name for name, _ in group.added]
    mounts: list[Json] = []
    volume = identity.token.name
    if volume in container.mounts:
        trace.append(Step(WorkloadCode.MOUNTED, container.at, (named, ("volume", volume))))
    else:
        mounts.append({"name": volume, "readOnly": True, "mountPath": identity.token.mount_path})
        names.append(f"the mount {volume}")
    if names:
        trace.append(Step(WorkloadCode.INJECTED, container.at, (named, ("added", ", ".join(names)))))
    here = container.at.pointer
    return [
        *_appended(f"{here}/env", added, has_list=container.has_env),
        *_appended(f"{here}/volumeMounts", mounts, has_list=container.has_mounts),
    ]


def _appended(path: str, values: list[Json], *, has_list: bool) -> list[Addition]:
    if has_list:
        return [Addition(f"{path}/-", value) for value in values]
    return [Addition(path, values)] if values else []


def _volume(view: PodView, identity: PodIdentity, trace: list[Step]) -> list[Addition]:
    """Return the volume, put first; it comes even where every container is skipped."""
    token = identity.token
    at = view.at.child("spec", "volumes")
    if token.name in view.volumes:
        trace.append(Step(WorkloadCode.VOLUME_PRESENT, at, (("volume", token.name),)))
        return []
    told = (("volume", token.name), ("audience", token.audience), ("seconds", str(identity.expiration)))
    trace.append(Step(WorkloadCode.VOLUME, at, told))
    projection: dict[str, Json] = {"audience": token.audience} if token.audience else {}
    projection |= {"expirationSeconds": identity.expiration, "path": token.token_path}
    volume: Json = {
        "name": token.name,
        "projected": {"sources": [{"serviceAccountToken": projection}]},
    }
    return [Addition(at.child(0).pointer, volume) if view.has_volumes else Addition(at.pointer, [volume])]


def _label(view: PodView, trace: list[Step]) -> list[Addition]:
    """Return the label of Pod Identity, by which EKS finds the pods that use it."""
    if (view.labels or {}).get(POD_IDENTITY_LABEL) == "enabled":
        return []
    label = {POD_IDENTITY_LABEL: "enabled"}
    at = view.at.child("metadata")
    trace.append(Step(WorkloadCode.LABEL, at, (("label", f"{POD_IDENTITY_LABEL}=enabled"),)))
    if not view.has_metadata:
        return [Addition(at.pointer, {"labels": label})]
    if view.labels is None:
        return [Addition(at.child("labels").pointer, label)]
    return [Addition(at.child("labels", POD_IDENTITY_LABEL).pointer, "enabled")]


def skipped_containers(view: PodView, settings: Settings) -> frozenset[str]:
    """Return the names of the containers that the pod's annotation has left alone. Total."""
    return _skipped(view, settings, [])


def _skipped(view: PodView, settings: Settings, trace: list[Step]) -> frozenset[str]:
    name = settings.annotation("skip-containers")
    if name not in view.annotations:
        return frozenset()
    names = read_names(view.annotations[name])
    if names is None:
        at = view.at.child("metadata", "annotations", name)
        trace.append(Step(WorkloadCode.SKIP_UNREADABLE, at, (("found", view.annotations[name]),)))
    return frozenset(names or ())


def _token_file(token: TokenVolume, *, is_windows: bool) -> str:
    """Return where a container finds the token; on Windows in its own spelling."""
    path = normpath("/".join(part for part in (token.mount_path, token.token_path) if part))
    if path.startswith("//"):  # POSIX gives two slashes a meaning; Go, and so the webhook, does not
        path = path[1:]
    return "C:" + path.replace("/", "\\") if is_windows else path
