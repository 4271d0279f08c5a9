"""What an image's name stands for: which programs of this machine, and how they are started."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from sekisho.facts.world.images import Image
from sekisho.lab.pods.programs import find_program, touches, trees_of


class ImageError(Exception):
    """An image that no container can be made of; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Installed:
    """An image as found on this machine."""

    image: Image
    search: tuple[str, ...]
    """The container's PATH."""
    trees: tuple[str, ...]
    """What the pod has to be shown for it."""
    links: Mapping[str, str]
    """Links in the pod to the image's programs."""

    def argv(self, command: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...]:
        """Return what runs, given the ``command`` and ``args`` of a container."""
        if command:
            return (*command, *arguments)
        return (*self.image.entrypoint, *(arguments or self.image.command))


PROGRAMS = "/opt/sekisho/bin"
"""The folder of a pod that holds links to the programs of its images."""
SHIMS = "shims"
"""Folders of this name hold scripts that ask a version manager for the program (pyenv, asdf, mise)."""
STANDARD_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

_CLIENTS = ("aws", "kubectl")
DEFAULT_IMAGES = (
    Image("amazon/aws-cli", ("aws",), programs=("aws",), folder="/aws"),
    Image("aws-cli/aws-cli", ("aws",), programs=("aws",), folder="/aws"),
    *(
        Image(name, command=("bash",), programs=_CLIENTS)
        for name in ("ubuntu", "debian", "amazonlinux", "amazonlinux/amazonlinux")
    ),
    *(Image(name, command=("sh",), programs=_CLIENTS) for name in ("busybox", "alpine")),
    *(
        Image(name, ("kubectl",), programs=("kubectl",))
        for name in ("bitnami/kubectl", "kubectl", "rancher/kubectl", "alpine/kubectl")
    ),
)
_NAMESPACES = ("library/", "docker/library/")


def repository(image: str) -> str:
    """Return an image's name without registry, tag and digest: ``library/ubuntu:22`` is ``ubuntu``."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    name = f"{head}{slash}{last.partition(':')[0]}"
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        name = rest
    for prefix in _NAMESPACES:
        name = name.removeprefix(prefix)
    return name


class Images:
    """The image table: entries of the world file first, then those that every lab has."""

    def __init__(self, entries: Iterable[Image], secret: Path, search: Iterable[str] | None = None) -> None:
        # The longer the name, the more it says; one without a wildcard says most.
        own = sorted(entries, key=lambda one: ("*" in one.name, -len(one.name)))
        self._entries = (*own, *DEFAULT_IMAGES)
        self._secret = secret
        path = tuple(os.environ.get("PATH", "").split(os.pathsep) if search is None else search)
        self._search = tuple(folder for folder in path if Path(folder).name != SHIMS)
        self._shims = tuple(folder for folder in path if Path(folder).name == SHIMS)

    def installed(self, image: str) -> Installed:
        """Return what ``image`` stands for on this machine.

        Raises:
            ImageError: it has no entry, or a program of the entry is not on this machine.
        """
        name = repository(image)
        # A whole name may be listed too, registry and tag and all.
        entry = next(
            (one for one in self._entries if fnmatchcase(name, one.name) or fnmatchcase(image, one.name)),
            None,
        )
        if entry is None:
            raise ImageError(
                f'Container image "{image}" is not in the lab\'s image table: add an entry with '
                f"`name: {name}` and the programs it stands for under `images:` of the world file"
            )
        for folder in entry.path:
            if touches(Path(folder), self._secret) or not Path(folder).is_dir():
                raise ImageError(
                    f'Container image "{image}" names `{folder}`, which is no folder or holds the lab\'s '
                    "own state: name another under `path` of its entry in the world file"
                )
        trees, links = list(entry.path), {}
        for program in entry.programs:
            found = find_program(program, (*entry.path, *self._search))
            if found is not None:
                trees += trees_of(found, self._secret)
                links[f"{PROGRAMS}/{program}"] = str(found)
            elif program in entry.entrypoint[:1]:
                raise ImageError(f'Container image "{image}" {self._missing(program)}')
        search = (*entry.path, PROGRAMS, *STANDARD_PATH)
        return Installed(entry, search, tuple(dict.fromkeys(trees)), links)

    def _missing(self, program: str) -> str:
        shim = find_program(program, self._shims)
        if shim is None:
            return (
                f"stands for the program `{program}`, which is not in the PATH of whoever started the lab: "
                "install it and start the lab again"
            )
        return (
            f"stands for the program `{program}`, of which the PATH of whoever started the lab has only "
            f"the shim `{shim}`, which finds no program in a pod: write the folder of the program itself "
            f"(that of `pyenv which {program}`, `asdf which {program}` or the like) under `path` of an "
            f"entry for the image with `entrypoint` and `programs: [{program}]` in the world file, or "
            "start the lab with it in the PATH"
        )
