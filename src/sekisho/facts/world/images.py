"""The ``images`` of a world file: which programs of the machine an image's name stands for.

They are settings of whoever runs the pods, not facts about access: nothing is decided by them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sekisho.decide.values import Json
from sekisho.facts.shape import FaultCode
from sekisho.facts.world.shape import Fields, Listed, Member, Named, Record, Text

MAX_IMAGES = 100

_WORD = Text(longest=4096)
_FOLDER = Text(re.compile(r"/[^\0:]*", re.ASCII), "an absolute path", 1024)
_PROGRAM = Text(re.compile(r"[A-Za-z0-9_+.@-]{1,64}", re.ASCII), "the name of a program, without a path")

IMAGE = Record(
    "image",
    (
        Member(
            "name",
            Text(
                re.compile(r"[A-Za-z0-9*._/:@-]{1,255}", re.ASCII),
                "the name of an image, in which `*` stands for anything",
            ),
            "name of an image without registry and tag, or with both; `*` stands for anything",
            required=True,
        ),
        Member(
            "programs", Listed(_PROGRAM), "programs that it brings, from the PATH of whoever starts the lab"
        ),
        Member("path", Listed(_FOLDER), "folders of the machine that it shows, first in its PATH"),
        Member("entrypoint", Listed(_WORD), "its entry point"),
        Member("command", Listed(_WORD), "its command, where a container gives no arguments"),
        Member("env", Named(_WORD), "variables of its environment"),
        Member("workingDir", Text(_FOLDER.form, _FOLDER.expected, 1024, "/"), "its working directory"),
    ),
)


@dataclass(frozen=True, slots=True)
class Image:
    """An entry of the image table, in the words of an image's own configuration."""

    name: str
    """The image's name without registry, tag and digest, or all of it; ``*`` stands for anything."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    """Folders of the machine that come first in the container's PATH."""
    environment: tuple[tuple[str, str], ...] = ()
    folder: str = "/"
    programs: tuple[str, ...] = ()
    """Programs that the image brings, found in the PATH of whoever started the lab."""

    def document(self) -> dict[str, Json]:
        """Return the entry as a world file has it."""
        found: dict[str, Json] = {"name": self.name}
        for member, words in (
            ("programs", self.programs),
            ("path", self.path),
            ("entrypoint", self.entrypoint),
            ("command", self.command),
        ):
            if words:
                found[member] = list(words)
        if self.environment:
            found["env"] = dict(self.environment)
        if self.folder != "/":
            found["workingDir"] = self.folder
        return found


def read_images(world: Fields) -> tuple[Image, ...]:
    """Return the image table of a world file; every fault is noted."""
    items = world.objects("images")
    if len(items) > MAX_IMAGES:
        world.member("images").fault(
            FaultCode.TOO_LONG, f"expected at most {MAX_IMAGES} images, found {len(items)}"
        )
    found: dict[str, Image] = {}
    for fields in items:
        image = _read(fields)
        if image.name in found:
            fields.member("name").fault(FaultCode.TWICE, f"there is an image `{image.name}` already")
        found[image.name] = image
    return tuple(found.values())


def image_documents(images: Iterable[Image]) -> list[Json]:
    """Return the image table as a world file has it."""
    return [image.document() for image in images]


def _read(fields: Fields) -> Image:
    return Image(
        fields.text("name"),
        fields.texts("entrypoint"),
        fields.texts("command"),
        fields.texts("path"),
        fields.pairs("env"),
        fields.text("workingDir"),
        fields.texts("programs"),
    )
