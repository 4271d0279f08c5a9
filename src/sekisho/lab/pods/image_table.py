"""The image table of a lab: what its world file says images stand for, kept beside the world."""

import json

from sekisho.decide.values import Json, JsonObject
from sekisho.facts.world.images import Image
from sekisho.lab.world import World
from sekisho.wire.kube.members import items, mapping, text

IMAGES_META = "pods/images"
"""The setting that keeps the image table, as a world file has it."""


def images_of(world: World) -> list[Json]:
    """Return the image table as a world file has it."""
    found: list[Json] = json.loads(world.meta(IMAGES_META) or "[]")
    return found


def table_of(world: World) -> tuple[Image, ...]:
    """Return the image table."""
    return tuple(_image(mapping(one)) for one in images_of(world))


def _image(found: JsonObject) -> Image:
    words = {name: tuple(str(word) for word in items(found, name)) for name in found}
    return Image(
        text(found, "name"),
        words.get("entrypoint", ()),
        words.get("command", ()),
        words.get("path", ()),
        tuple((name, str(value)) for name, value in mapping(found, "env").items()),
        text(found, "workingDir") or "/",
        words.get("programs", ()),
    )
