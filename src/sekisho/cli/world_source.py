"""World files from disk, with the files that they name."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.cli.file_text import STDIN, read_text

if TYPE_CHECKING:
    from sekisho.facts.world.file import WorldFile

_MAX_FILES = 200


@dataclass(frozen=True, slots=True)
class WorldSource:
    """A world file that was read without a fault. ``files`` are the texts of those that it names."""

    name: str
    text: str
    files: dict[str, str] = field(default_factory=dict)


def checked_world(name: str) -> WorldSource:
    """Return a world file after it was checked as the lab checks it when it starts from it.

    Raises:
        SekishoInputError: it cannot be read, is malformed, or asks for what the lab does not serve.
    """
    return read_world(name)[0]


def read_world(name: str) -> "tuple[WorldSource, WorldFile]":
    """Return a world file, and what it says.

    Raises:
        SekishoInputError: as `checked_world`.
    """
    from sekisho.facts.world.file import files_of
    from sekisho.lab.install import install
    from sekisho.lab.world import Clock, Ids

    text = read_text(name)
    shown = "stdin" if name == STDIN else name
    source = WorldSource(shown, text, named_texts(name, files_of(text, shown)))
    return source, install(text, shown, Ids(), Clock().now(), source.files).file


def texts_beside(name: str, text: str) -> dict[str, str]:
    """Return the texts of the files that a text names, if it is a world file that names any.

    Raises:
        SekishoInputError: one of them cannot be read.
    """
    from sekisho.decide.values import SekishoInputError
    from sekisho.facts.world.file import files_of
    from sekisho.facts.world.tables import API_VERSION

    if API_VERSION not in text or "file:" not in text:
        return {}  # most texts are no world files, and some are large
    try:
        names = files_of(text, name)
    except SekishoInputError:
        return {}  # whoever reads the text tells what is wrong with it
    return named_texts(name, names)


def named_texts(world: str, names: tuple[str, ...]) -> dict[str, str]:
    """Return the texts of the files that a world file names, relative to its folder.

    Raises:
        SekishoInputError: one cannot be read, or there are too many.
    """
    from sekisho.decide.values import Ref, SekishoInputError

    if len(names) > _MAX_FILES:
        problem = f"names {len(names)} files; at most {_MAX_FILES} are read"
        raise SekishoInputError.single("file.too-many", Ref(world), problem)
    folder = Path() if world == STDIN else Path(world).parent
    return {name: read_text(str(folder / name)) for name in names}
