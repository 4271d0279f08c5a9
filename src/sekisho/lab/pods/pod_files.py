"""What a pod is made of on this machine: its volumes, its settings files, the commands of its containers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.lab.kube.service_address import SERVICE_ADDRESS
from sekisho.lab.pods import storage, volumes
from sekisho.lab.pods.environment import environment, expand, expanded
from sekisho.lab.pods.fields import resource_of
from sekisho.lab.pods.images import Installed
from sekisho.lab.pods.network import PodPlace, Table
from sekisho.lab.pods.node import Node
from sekisho.lab.pods.sandbox import CommandSpec, SandboxConfig, machine_trees
from sekisho.wire.kube.members import items, mapping, number, objects, text

HOME = "/home/pod"
LAB_FOLDER = "/etc/sekisho"
"""Where a pod finds the certificates that it has to trust."""
_LAB_VOLUME = ".sekisho"
USER = 1000
MAX_PROCESSES = 256
MAX_FILES = 1024
MAX_MEMORY = 2 * 1024**3
MAX_FILE = 64 * 1024**2
NICENESS = 5
_SERVICE_NAMES: Final = (
    "kubernetes.default.svc.cluster.local kubernetes.default.svc kubernetes.default kubernetes"
)


class PodFiles:
    """The files of one pod."""

    def __init__(self, node: Node, pod: JsonObject) -> None:
        self._node = node
        self._pod = pod
        metadata = mapping(pod, "metadata")
        self._namespace, self._name = text(metadata, "namespace"), text(metadata, "name")
        self._uid = text(metadata, "uid")
        self._folder: Path = node.folder(self._uid) / "volumes"
        self.renew: Instant | None = None
        """When a token of the pod has to be replaced."""
        self.place = PodPlace(
            node.cluster,
            self._namespace,
            self._name,
            self._uid,
            text(pod, "spec", "serviceAccountName") or "default",
            text(pod, "spec", "nodeName"),
        )

    def write_volumes(self) -> None:
        """Make every volume hold what it has to hold now.

        Raises:
            VolumeError: one of them cannot be made; those before it are.
        """
        volumes.write(self._folder / _LAB_VOLUME, {"ca-bundle.pem": (self._node.trusted.read_bytes(), 0o644)})
        renew: list[Instant] = []
        for volume in objects(self._pod, "spec", "volumes"):
            name = text(volume, "name")
            if volumes.is_empty(volume):
                continue
            try:
                found = volumes.content(volume, self._known(), self._look, self._sign)
            except volumes.VolumeError as error:
                raise volumes.VolumeError(f'MountVolume.SetUp failed for volume "{name}" : {error}') from None
            volumes.write(self._folder / name, found.files)
            if found.renew is not None:
                renew.append(found.renew)
        self.renew = min(renew, default=None)

    def sandbox_config(self, images: Iterable[Installed], table: Table) -> SandboxConfig:
        """Return what the pod has before any of its containers."""
        trees, links = machine_trees()
        found = list(images)
        own = [tree for image in found for tree in image.trees]
        security = mapping(self._pod, "spec", "securityContext")
        user = number(security, "runAsUser") or USER
        group = number(security, "runAsGroup") or user
        return SandboxConfig(
            uid=self._uid,
            hostname=self._hostname,
            volumes=self._folder,
            trees=_outermost([*trees, *own]),
            links={**links, **{name: target for image in found for name, target in image.links.items()}},
            files=self._settings(user, group),
            empty=storage.volume_bytes(self._pod),
            listen=tuple(table),
            addresses=(self._node.address_of(self._uid),),
            user=user,
            group=group,
        )

    def command(self, container: JsonObject, image: Installed) -> CommandSpec:
        """Return what a container runs.

        Raises:
            VariableError: a variable's source is missing.
        """
        base = {
            "PATH": ":".join(image.search),
            "HOME": HOME,
            "HOSTNAME": self._hostname,
            **dict(image.image.environment),
            **self._node.variables,
        }
        if container.get("tty") is True:
            base["TERM"] = "xterm"
        variables = environment(container, self._known(), self._look, base)
        argv = image.argv(
            expanded(items(container, "command"), variables), expanded(items(container, "args"), variables)
        )
        limit = resource_of(mapping(container, "resources", "limits").get("memory"))
        return CommandSpec(
            argv=argv or ("sh",),
            environment=variables,
            folder=text(container, "workingDir") or image.image.folder,
            home=HOME,
            mounts=self._mounts(container, variables),
            limits={
                "processes": MAX_PROCESSES,
                "files": MAX_FILES,
                "memory": min(limit, MAX_MEMORY) or MAX_MEMORY,
                "fileSize": MAX_FILE,
            },
            scratch=storage.container_bytes(self._pod, container),
            terminal=container.get("tty") is True,
            niceness=NICENESS,
        )

    def executed(
        self, container: JsonObject, image: Installed, command: Sequence[str], *, tty: bool
    ) -> CommandSpec:
        """Return a command that is to run in a container beside its own.

        Raises:
            VariableError: a variable's source is missing by now.
        """
        own = self.command(container, image)
        variables = {**own.environment, **({"TERM": "xterm"} if tty else {})}
        return replace(own, argv=tuple(command), environment=variables, mounts=(), terminal=tty)

    def _mounts(self, container: JsonObject, variables: Mapping[str, str]) -> list[dict[str, object]]:
        empty = {
            text(volume, "name")
            for volume in objects(self._pod, "spec", "volumes")
            if volumes.is_empty(volume)
        }
        found: list[dict[str, object]] = [_mount(_LAB_VOLUME, LAB_FOLDER)]
        for mount in objects(container, "volumeMounts"):
            name = text(mount, "name")
            sub = text(mount, "subPath") or expand(text(mount, "subPathExpr"), variables)
            one = _mount(name, text(mount, "mountPath"), sub)
            one["empty"] = name in empty
            one["readOnly"] = not one["empty"] or mount.get("readOnly") is True
            found.append(one)
        return sorted(found, key=lambda one: str(one["path"]).count("/"))

    def _settings(self, user: int, group: int) -> dict[str, str]:
        aliases = "".join(
            f"{text(one, 'ip')} {' '.join(str(name) for name in items(one, 'hostnames'))}\n"
            for one in objects(self._pod, "spec", "hostAliases")
        )
        domain = "svc.cluster.local"
        return {
            "/etc/hosts": (
                "127.0.0.1 localhost\n::1 localhost\n"
                f"{self._node.address_of(self._uid)} {self._hostname}\n"
                f"{SERVICE_ADDRESS} {_SERVICE_NAMES}\n{aliases}"
            ),
            "/etc/hostname": f"{self._hostname}\n",
            "/etc/resolv.conf": (
                f"search {self._namespace}.{domain} {domain} cluster.local\n"
                "nameserver 10.100.0.10\noptions ndots:5\n"
            ),
            "/etc/passwd": (
                "root:x:0:0:root:/root:/bin/sh\n"
                f"pod:x:{user}:{group}:pod:{HOME}:/bin/sh\n"
                "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
            ),
            "/etc/group": f"root:x:0:\npod:x:{group}:\nnogroup:x:65534:\n",
        }

    @property
    def _hostname(self) -> str:
        return (text(self._pod, "spec", "hostname") or self._name)[:63].rstrip("-.")

    def _known(self) -> JsonObject:
        """Return the pod with the addresses that it has as soon as it runs."""
        own: dict[str, Json] = {
            "podIP": self._node.address_of(self._uid),
            "hostIP": self._node.host_address(self.place.node),
        }
        return {**self._pod, "status": {**mapping(self._pod, "status"), **own}}

    def _look(self, plural: str, name: str) -> JsonObject | None:
        return self._node.look(plural, self._namespace, name)

    def _sign(self, source: JsonObject) -> volumes.Token:
        return self._node.sign(self._pod, source)


def _mount(volume: str, path: str, sub: str = "") -> dict[str, object]:
    return {"volume": volume, "path": path, "sub": sub, "empty": False, "readOnly": True}


def _outermost(trees: Iterable[str]) -> tuple[str, ...]:
    """Return the trees that lie in no other of them: those are shown with what they contain."""
    found: list[str] = []
    for tree in sorted(set(trees)):
        if not any(Path(tree).is_relative_to(other) for other in found):
            found.append(tree)
    return tuple(found)


NO_PROXY = f"127.0.0.1,localhost,{SERVICE_ADDRESS},169.254.169.254,169.254.170.23,.svc,.cluster.local"


def pod_variables(shell: Mapping[str, str]) -> dict[str, str]:
    """Return the lab's variables for a pod, of those of a lab shell: what is not about a shell's files."""
    kept = {
        name: value
        for name, value in shell.items()
        if name.lower() in ("https_proxy", "http_proxy") or name in ("AWS_PAGER", "AWS_SDK_LOAD_CONFIG")
    }
    bundle = f"{LAB_FOLDER}/ca-bundle.pem"
    names = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    bundles = dict.fromkeys(names, bundle)
    return {**kept, **bundles, "NO_PROXY": NO_PROXY, "no_proxy": NO_PROXY}
